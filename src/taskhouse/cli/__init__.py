"""The command `taskhouse`: run a server, and manage a home's users, keys and projects."""

from taskhouse.cli.commands import main

__all__ = ["main"]
