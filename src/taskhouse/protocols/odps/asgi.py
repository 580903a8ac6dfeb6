"""The ASGI application: from bytes on a connection to a handler and back.

Small requests are read whole on the loop and handled on a worker thread; large bodies and streamed replies flow through
bounded buffers (`body`, `outlet`) and have threads of their own, so that slow transfers never keep others waiting.
Coroutine handlers wait on the loop. Every reply carries `x-odps-request-id`. A `Fault` is told to the client;
any other exception is logged under the request id and told as InternalServerError, without its text.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast

from structlog.contextvars import bound_contextvars

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.byte_source import ByteSource
from taskhouse.protocols.odps import faults
from taskhouse.protocols.odps.body import IDLE_S, BodyStream, Receive
from taskhouse.protocols.odps.outlet import Outlet
from taskhouse.protocols.odps.routing import Match, Router, parse_query, strip_base
from taskhouse.protocols.odps.web import ANONYMOUS, Handler, Reply, Request, Route, Routes, WaitingHandler, worker_pool
from taskhouse.services.world import Caller, World

log = logging.getLogger("taskhouse.http")

INLINE_BODY = 1024 * 1024
"""Bodies up to this size (bytes) are read before the handler starts."""
WORKERS = 24
STREAMERS = 64
"""Threads for transfers: as many uploads and streamed replies can be under way at once; more wait their turn."""

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Authenticate = Callable[[World, str, str, Mapping[str, str]], Caller]
"""`(world, method, target, headers) -> Caller`; `target` is the path and query as sent. Raises `Fault`."""
Observe = Callable[[str, str, int, float], None]
"""`(method, route pattern, status, seconds)` after every request."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What is known of a request before its handler runs."""

    method: str
    target: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    match: Match
    stream: ByteSource
    request_id: str


class App:
    """ASGI application. `close` ends its threads once the server has stopped."""

    def __init__(
        self, world: World, routes: Iterable[Routes], *, authenticate: Authenticate, observe: Observe | None = None
    ) -> None:
        self._world = world
        self._router = Router(itertools.chain.from_iterable(group.all for group in routes))
        self._authenticate = authenticate
        self._observe = self.observe = observe
        self._workers = ThreadPoolExecutor(WORKERS, "http")
        self._streamers = ThreadPoolExecutor(STREAMERS, "stream")
        self._waiting: dict[object, bool] = {}

    def retire(self) -> None:
        """Nothing here lasts longer than its client waits for it."""

    def close(self) -> None:
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._streamers.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = perf_counter()
        request_id = secrets.token_hex(12).upper()
        method: str = scope["method"]
        headers = _headers(scope["headers"])
        pattern = "(none)"
        try:
            raw_path = scope["raw_path"].decode("latin-1")
            query_string = scope["query_string"].decode("latin-1")
            query = parse_query(query_string)
            match = self._router.match(method, strip_base(raw_path), query)
            pattern = _label(match.route)
        except Fault as fault:
            status = await _send_whole(self._told(fault, request_id, headers), request_id, method, send)
            self._measure(request_id, method, pattern, status, started)
            return
        target = f"{raw_path}?{query_string}" if query_string else raw_path
        feeder: asyncio.Task[None] | None = None
        stream: io.BytesIO | BodyStream
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            length = 0
        if "transfer-encoding" not in headers and length <= INLINE_BODY:
            try:
                data = await _read_small(receive) if length else b""
            except TimeoutError:
                slow = Fault(FaultCode.INVALID_ARGUMENT, f"the request body did not arrive within {IDLE_S:g} s")
                status = await _send_whole(self._told(slow, request_id, headers), request_id, method, send, close=True)
                self._measure(request_id, method, pattern, status, started)
                return
            if data is None:
                return
            stream = io.BytesIO(data)
        else:
            stream = BodyStream(asyncio.get_running_loop())
            feeder = asyncio.create_task(stream.feed(receive))
        call = _Call(method, target, headers, query, match, cast("ByteSource", stream), request_id)
        try:
            reply = await self._answer(call, streamed=feeder is not None)
            if isinstance(stream, BodyStream):
                stream.abandon()
            if isinstance(reply.body, bytes | str):
                status = await _send_whole(reply, request_id, method, send)
            else:
                status = await self._send_stream(reply, reply.body, call, feeder, receive, send)
        finally:
            if feeder is not None and not feeder.done():
                feeder.cancel()
        self._measure(request_id, method, pattern, status, started)

    def _measure(self, request_id: str, method: str, pattern: str, status: int, started: float) -> None:
        seconds = perf_counter() - started
        if self._observe is not None:
            self._observe(method, pattern, status, seconds)
        if log.isEnabledFor(logging.DEBUG):
            facts = {"request_id": request_id, "status": status, "ms": round(seconds * 1000, 1)}
            log.debug("%s %s", method, pattern, extra=facts)

    def _told(self, fault: Fault, request_id: str, headers: Mapping[str, str]) -> Reply:
        return faults.reply_for(fault, request_id, as_json="x-odps-tunnel-version" in headers)

    async def _answer(self, call: _Call, *, streamed: bool) -> Reply:
        """The handler's reply, or the reply for what it raised."""
        loop = asyncio.get_running_loop()
        handler = call.match.route.handler
        try:
            if self._is_waiting(handler):
                worker_pool.set(self._workers)
                request = await loop.run_in_executor(self._workers, self._request, call)
                return await cast("WaitingHandler", handler)(self._world, request)
            pool = self._streamers if streamed else self._workers
            return await loop.run_in_executor(pool, self._handle, call, cast("Handler", handler))
        except Fault as fault:
            return self._told(fault, call.request_id, call.headers)
        except Exception:
            log.exception("request failed", extra={"request_id": call.request_id, "route": call.match.route.pattern})
            return faults.defect_reply(call.request_id, as_json="x-odps-tunnel-version" in call.headers)

    def _is_waiting(self, handler: object) -> bool:
        known = self._waiting.get(handler)
        if known is None:
            known = self._waiting[handler] = inspect.iscoroutinefunction(handler)
        return known

    def _request(self, call: _Call) -> Request:
        route = call.match.route
        caller = ANONYMOUS if route.public else self._authenticate(self._world, call.method, call.target, call.headers)
        return Request(
            call.method,
            call.target,
            call.match.path,
            call.query,
            call.headers,
            caller,
            call.stream,
            self._world.limits.xml_body_bytes,
            call.request_id,
        )

    def _handle(self, call: _Call, handler: Handler) -> Reply:
        """On a worker thread. The first chunk of a streamed reply is made here, while a fault can still be told."""
        with bound_contextvars(request_id=call.request_id):
            reply = handler(self._world, self._request(call))
        if isinstance(reply.body, bytes | str):
            return reply
        first = next(reply.body, None)
        if first is None:
            return Reply(reply.status, b"", reply.headers, reply.media_type)
        return Reply(reply.status, _Resumed(first, reply.body), reply.headers, reply.media_type)

    async def _send_stream(
        self,
        reply: Reply,
        source: Iterator[bytes],
        call: _Call,
        feeder: asyncio.Task[None] | None,
        receive: Receive,
        send: Send,
    ) -> int:
        loop = asyncio.get_running_loop()
        outlet = Outlet(loop)
        pumping = loop.run_in_executor(self._streamers, outlet.pump, source)
        watcher = asyncio.create_task(_until_disconnect(receive, feeder, outlet))
        try:
            await send(_start(reply, call.request_id, None))
            while (data := await outlet.chunk()) is not None:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except Exception:
            """Too late for an error reply: ending without the last chunk tells the client that the stream is cut."""
            log.exception("stream cut", extra={"request_id": call.request_id, "route": call.match.route.pattern})
            return 500
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return reply.status
        finally:
            outlet.close()
            watcher.cancel()
            await pumping


class _Resumed(Iterator[bytes]):
    """An iterator with one chunk put back in front."""

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._first: bytes | None = first
        self._rest = rest

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._rest)

    def close(self) -> None:
        close = getattr(self._rest, "close", None)
        if close is not None:
            close()


async def _until_disconnect(receive: Receive, feeder: asyncio.Task[None] | None, outlet: Outlet) -> None:
    if feeder is not None:
        await asyncio.wait([feeder])
    while (await receive())["type"] != "http.disconnect":
        continue
    outlet.close()


async def _read_small(receive: Receive) -> bytes | None:
    """The whole body, or None when the client went away. Raises `TimeoutError` when it takes longer than `IDLE_S`."""
    parts = []
    async with asyncio.timeout(IDLE_S):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)


def _label(route: Route) -> str:
    """The route as logs and metrics name it: `/projects/{project}/instances/{instance}?taskstatus`."""
    return f"{route.pattern}?{'&'.join(route.keys)}" if route.keys else route.pattern


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-case names; values are UTF-8 where they can be, Latin-1 otherwise. Of duplicates the last wins."""
    headers = {}
    for name, value in raw:
        try:
            headers[name.decode("latin-1")] = value.decode()
        except UnicodeDecodeError:
            headers[name.decode("latin-1")] = value.decode("latin-1")
    return headers


def _start(reply: Reply, request_id: str, length: int | None) -> dict[str, Any]:
    headers = [(b"x-odps-request-id", request_id.encode()), (b"content-type", reply.media_type.encode())]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    headers.extend((name.encode("latin-1"), _header_value(value)) for name, value in reply.headers.items())
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


def _header_value(value: str) -> bytes:
    """UTF-8, with line breaks and other control characters made spaces: a value can never add a header."""
    if value.isprintable():
        return value.encode()
    return "".join(char if char.isprintable() else " " for char in value).encode()


async def _send_whole(reply: Reply, request_id: str, method: str, send: Send, *, close: bool = False) -> int:
    body = reply.body.encode() if isinstance(reply.body, str) else cast("bytes", reply.body)
    start = _start(reply, request_id, len(body))
    if close:
        start["headers"].append((b"connection", b"close"))
    await send(start)
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body, "more_body": False})
    return reply.status
