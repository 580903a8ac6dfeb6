"""Taskhouse inside a program: `connect("folder")` gives a real `odps.ODPS` whose server runs in the same process."""

from taskhouse.client.embedded import connect

__all__ = ["connect"]
