"""The released client, bound to a server."""

from __future__ import annotations

from typing import Any

from tools.server import Ready


def open_client(ready: Ready) -> Any:
    from odps import ODPS

    return ODPS(ready.access_id, ready.secret, ready.project, endpoint=ready.endpoint, overwrite_global=False)
