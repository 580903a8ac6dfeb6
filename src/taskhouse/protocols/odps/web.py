"""Requests, replies and routes of the MaxCompute protocol.

Routing looks at the percent-encoded path, segment by segment, since names may hold encoded slashes, and at the
presence of valueless query keys, which the protocol uses as verbs (`?partitions`, `?instancestatus`).
Handlers are plain functions `handler(world, request) -> Reply` that run on a worker thread; those that read or write streams read
`request.stream` (blocking file-like) or return an iterator of bytes as the reply's body. A handler that only waits is written
as a coroutine function, which occupies no thread meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from taskhouse.domain.access import Policy
from taskhouse.ports.byte_source import ByteSource
from taskhouse.services.world import Caller, World


@dataclass(frozen=True, slots=True)
class Request:
    """One authenticated call. `path` are decoded values of the route's placeholders. `query` holds decoded parameters,
    valueless ones as empty text. `headers` have lower-case names."""

    method: str
    url: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    caller: Caller
    stream: ByteSource
    """The body as it arrives, chunked transfer and content encoding still as sent (transfer decoded, content not)."""
    max_body_bytes: int
    request_id: str

    def body(self) -> bytes:
        """The whole body. Raises `Fault` (RequestQuotaExceeded) above the limit."""
        from taskhouse.domain.faults import Fault, FaultCode

        data = self.stream.read(self.max_body_bytes + 1)
        if len(data) > self.max_body_bytes:
            raise Fault(FaultCode.QUOTA_EXCEEDED, f"the request body is larger than {self.max_body_bytes} bytes")
        return data

    def has(self, key: str) -> bool:
        return key in self.query


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: bytes | str | Iterator[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/xml"


FORK_SAFE = {"Connection": "close"}
"""Headers of replies behind which clients fork: their processes inherit idle connections, and two processes on one connection
take each other's replies. Readers and writers that work in several processes begin with a table and a tunnel session."""

Handler = Callable[[World, Request], Reply]
WaitingHandler = Callable[[World, Request], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` like `/projects/{project}/tables/{table}`. Matches when all `keys` are among the query's keys; of several
    matching routes the one with most keys wins, then the one registered first. A `public` route is served without a signature;
    its `request.caller` is `ANONYMOUS`."""

    method: str
    pattern: str
    keys: tuple[str, ...]
    handler: Handler | WaitingHandler
    public: bool = False


ANONYMOUS = Caller("", False, Policy())
"""Who calls a public route: nobody, with access to nothing."""


T = TypeVar("T")

worker_pool: ContextVar[Executor] = ContextVar("worker_pool")
"""Where blocking parts of a waiting handler run; set by the application."""


async def on_worker(call: Callable[..., T], *args: object) -> T:
    """Run a blocking call on a worker thread, from a waiting handler."""
    return await asyncio.get_running_loop().run_in_executor(worker_pool.get(), call, *args)


class Routes:
    """A registry that each protocol module fills at import: `routes = Routes()`, then `@routes.get("/projects", "extended")`."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(self, method: str, pattern: str, *keys: str, public: bool = False) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.all.append(Route(method, pattern, keys, handler, public))
            return handler

        return register

    def waiting(self, method: str, pattern: str, *keys: str) -> Callable[[WaitingHandler], WaitingHandler]:
        """Register a coroutine function."""

        def register(handler: WaitingHandler) -> WaitingHandler:
            self.all.append(Route(method, pattern, keys, handler))
            return handler

        return register

    def public(self, pattern: str, *keys: str) -> Callable[[Handler], Handler]:
        """Register a GET that needs no signature."""
        return self.add("GET", pattern, *keys, public=True)

    def get(self, pattern: str, *keys: str) -> Callable[[Handler], Handler]:
        return self.add("GET", pattern, *keys)

    def post(self, pattern: str, *keys: str) -> Callable[[Handler], Handler]:
        return self.add("POST", pattern, *keys)

    def put(self, pattern: str, *keys: str) -> Callable[[Handler], Handler]:
        return self.add("PUT", pattern, *keys)

    def delete(self, pattern: str, *keys: str) -> Callable[[Handler], Handler]:
        return self.add("DELETE", pattern, *keys)
