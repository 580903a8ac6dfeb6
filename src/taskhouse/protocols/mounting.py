"""Several applications behind one address, told apart by how paths begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Application(Protocol):
    """An ASGI application with an end."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def retire(self) -> None:
        """The server is about to stop: end whatever would keep connections open. From any thread."""
        ...

    def close(self) -> None:
        """The server has stopped."""
        ...


class Mounted:
    """`below` by prefix (`/api/v1`), `at` by the whole path, `otherwise` for every other one. A prefix takes whole segments: `/api/v1x` is not
    below `/api/v1`."""

    def __init__(
        self, otherwise: Application, below: Mapping[str, Application], at: Mapping[str, Application] | None = None
    ) -> None:
        self._otherwise = otherwise
        self._at = dict(at or {})
        self._below = [(prefix, application) for prefix, application in below.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope.get("path", "")
        if path in self._at:
            await self._at[path](scope, receive, send)
            return
        for prefix, application in self._below:
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
                await application(scope, receive, send)
                return
        await self._otherwise(scope, receive, send)

    def retire(self) -> None:
        for application in (*self._at.values(), *(each for _, each in self._below), self._otherwise):
            application.retire()

    def close(self) -> None:
        for application in (*self._at.values(), *(each for _, each in self._below), self._otherwise):
            application.close()
