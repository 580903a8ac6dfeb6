"""Programs that use Taskhouse.

`connect("folder")` gives a real `odps.ODPS` whose server runs in the same process. `taskhouse.client.api` speaks the REST API of a server,
wherever it runs; it imports nothing of the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhouse.client.embedded import connect

__all__ = ["connect"]


def __getattr__(name: str) -> Any:
    """`connect` brings a whole server, so it is imported when it is used."""
    if name == "connect":
        from taskhouse.client.embedded import connect

        return connect
    raise AttributeError(f"module 'taskhouse.client' has no attribute '{name}'")
