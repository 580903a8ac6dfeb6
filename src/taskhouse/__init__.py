"""Taskhouse: data tasks as instances over the MaxCompute (ODPS) protocol.

import taskhouse
with taskhouse.connect("folder") as o:
    print(o.execute_sql("select 1 as one").open_reader().raw)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhouse.client.embedded import connect

__all__ = ["connect"]


def __getattr__(name: str) -> Any:
    """`connect` is imported when it is used: a server needs no client."""
    if name == "connect":
        from taskhouse.client.embedded import connect

        return connect
    raise AttributeError(f"module 'taskhouse' has no attribute '{name}'")
