"""The application of the REST API: from a request to its handler and back.

Bodies are read on the loop, within their limit and time; handlers then run on threads of the API's own, so that slow questions keep neither
the MaxCompute protocol nor each other's connections waiting. Streams stay on the loop. Every error is JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import perf_counter

import msgspec
import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as StarletteRoute
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from taskhouse.domain.faults import Fault
from taskhouse.domain.roles import Actor
from taskhouse.ports.recurring_store import Remembered
from taskhouse.protocols.rest.errors import ApiError, ErrorBody, bad_request, from_fault, not_found
from taskhouse.protocols.rest.reading import read_body, read_query
from taskhouse.protocols.rest.routing import BASE_PATH, MAX_BODY, Call, Reply, Route
from taskhouse.services.world import World

log = structlog.get_logger("taskhouse.rest")

WORKERS = 16
BODY_S = 30.0
"""Time for a body to arrive (seconds)."""
RECHECK_S = 10.0
"""How long a stream goes on without its token being looked at again (seconds)."""
MAX_KEY = 200
"""Characters of an `Idempotency-Key`."""
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Answers are for one user, and are what they say they are."""

Authenticate = Callable[[World, Mapping[str, str], str], Actor]
"""`(world, headers, method) -> Actor`. Raises `ApiError` 401, 403."""
Observe = Callable[[str, str, int, float], None]

_encode = msgspec.json.Encoder(enc_hook=str).encode
NOBODY = Actor("")


class RestApp:
    """ASGI application for paths under `/api/v1`. `retire` ends streams, so that the server can stop; `close` ends its threads.

    `settle` is called after every request that may have changed something, before it is answered: in a rehearsal it waits for
    the schedulers. `at_end`: called by `close`. `public_url`: where clients find this server, when that is not
    where they sent their request."""

    def __init__(
        self,
        world: World,
        routes: Iterable[Route],
        *,
        authenticate: Authenticate,
        observe: Observe | None = None,
        settle: Callable[[], None] | None = None,
        at_end: Callable[[], None] | None = None,
        public_url: str = "",
    ) -> None:
        self._world = world
        self._authenticate = authenticate
        self._observe = observe
        self._settle = settle
        self._at_end = at_end
        self._public_url = public_url.rstrip("/")
        self._workers = ThreadPoolExecutor(WORKERS, "rest")
        self._keys = _KeyLocks()
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.routes = tuple(routes)
        self._router = Router(redirect_slashes=False)
        by_path: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            by_path.setdefault(route.path, {})[route.method] = route
        # Paths without placeholders first: `/instances/counts` is not the instance `counts`.
        for path in sorted(by_path, key=lambda path: (path.count("{"), path)):
            self._router.routes.append(self._endpoint(BASE_PATH + path, by_path[path]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._loop = asyncio.get_running_loop()
        started = perf_counter()
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        scope["request_id"] = secrets.token_hex(12).upper()
        scope["pattern"] = "(none)"
        scope["app"] = self  # or the router would answer 404 in plain text
        try:
            await self._router(scope, receive, observed)
        except HTTPException as error:
            response = _error(_of_http(error, scope["path"]), scope["request_id"])
            await response(scope, receive, observed)
        except ClientDisconnect:
            return
        if self._observe is not None:
            self._observe(scope["method"], scope["pattern"], status, perf_counter() - started)

    def retire(self) -> None:
        """End streams: from now on nothing keeps connections open. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ending.set)

    def close(self) -> None:
        if self._at_end is not None:
            self._at_end()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _endpoint(self, path: str, methods: Mapping[str, Route]) -> StarletteRoute:
        async def endpoint(request: Request) -> Response:
            route = methods.get("GET" if request.method == "HEAD" else request.method)
            if route is None:
                return _error(_not_allowed(request.method, methods), request.scope["request_id"])
            request.scope["pattern"] = path
            return await self._answer(route, request)

        every = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]
        return StarletteRoute(path, endpoint, methods=every)

    async def _answer(self, route: Route, request: Request) -> Response:
        request_id: str = request.scope["request_id"]
        try:
            loop = asyncio.get_running_loop()
            if route.max_body > MAX_BODY and not route.public:  # nobody fills the memory without a login
                await loop.run_in_executor(
                    self._workers, self._authenticate, self._world, request.headers, request.method
                )
            data = await _read(request, route.max_body)
            if route.streaming:
                source = await loop.run_in_executor(self._workers, self._begin, route, request, data)
                return self._stream(route, request, source)
            gone = threading.Event()
            watch = loop.create_task(_watch(request, gone)) if route.gives_up else None
            try:
                return await loop.run_in_executor(self._workers, self._handle, route, request, data, gone)
            finally:
                if watch is not None:
                    watch.cancel()
        except ApiError as error:
            return _error(error, request_id)
        except Fault as fault:
            return _error(from_fault(fault), request_id)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("request failed", request_id=request_id, route=route.path)
            message = f"internal error; the server's log has the details under request id {request_id}"
            return _error(ApiError(500, "INTERNAL_ERROR", message), request_id)

    def _call(
        self, route: Route, request: Request, data: bytes, gone: threading.Event | None = None
    ) -> Call[object, object]:
        headers = request.headers
        actor = NOBODY if route.public else self._authenticate(self._world, headers, request.method)
        path = route.read_path(request.path_params)
        query = read_query(route.query, request.scope["query_string"].decode("latin-1"))
        if route.body is None and data:
            raise bad_request("this path takes no body")
        body = None if route.body is None else read_body(route.body, data, headers.get("content-type", ""))
        return Call(
            self._world,
            actor,
            query,
            body,
            path,
            headers,
            request.scope["query_string"].decode("latin-1"),
            request.scope["request_id"],
            (self._public_url or f"{request.url.scheme}://{headers.get('host', 'localhost')}") + BASE_PATH,
            _idempotency_key(headers, route),
            request.client.host if request.client else "",
            gone or threading.Event(),
        )

    def _handle(self, route: Route, request: Request, data: bytes, gone: threading.Event) -> Response:
        """On a worker thread."""
        request_id: str = request.scope["request_id"]
        with bound_contextvars(request_id=request_id):
            call = self._call(route, request, data, gone)
            if not call.idempotency_key:
                response = _response(route.handler(call), route, request_id)
            else:
                with self._keys.held(f"{call.user}\0{call.idempotency_key}"):
                    response = self._once(route, call, data)
            if self._settle is not None and route.method != "GET":
                self._settle()
            return response

    def _once(self, route: Route, call: Call[object, object], data: bytes) -> Response:
        """The answer that the key was given before, or a new one, which is kept."""
        asked = hashlib.sha256(b"\0".join((route.method.encode(), route.path.encode(), data))).hexdigest()
        known = self._world.recurring.remembered(call.user, call.idempotency_key)
        if known is None:
            try:
                response = _response(route.handler(call), route, call.request_id)
            except ApiError as error:
                response = _error(error, call.request_id)
            except Fault as fault:
                response = _error(from_fault(fault), call.request_id)
            answer = Remembered(asked, response.status_code, bytes(response.body))
            self._world.recurring.remember(call.user, call.idempotency_key, answer, self._world.clock.now())
            return response
        if known.request != asked:
            message = f"Idempotency-Key '{call.idempotency_key}' was used for another request"
            raise ApiError(409, "IDEMPOTENCY_KEY_REUSED", message)
        headers = {"x-request-id": call.request_id, "idempotency-replayed": "true", **_PRIVATE}
        return Response(known.body, known.status, headers, "application/json")

    def _begin(self, route: Route, request: Request, data: bytes) -> AsyncIterator[bytes]:
        """On a worker thread. What a stream refuses it refuses here, while the answer can still be an error."""
        source = route.handler(self._call(route, request, data))
        assert isinstance(source, AsyncIterator)
        return source

    def _stream(self, route: Route, request: Request, source: AsyncIterator[bytes]) -> Response:
        request_id: str = request.scope["request_id"]
        headers = {"x-request-id": request_id, **_PRIVATE, "x-accel-buffering": "no"}
        if request.method == "HEAD":
            return Response(b"", route.status, headers, str(route.reply))
        headers_of = None if route.public else request.headers
        return StreamingResponse(self._watched(source, headers_of), media_type=str(route.reply), headers=headers)

    async def _watched(self, source: AsyncIterator[bytes], sent: Headers | None) -> AsyncIterator[bytes]:
        """What the source yields, until it ends, the server does, or the login is not good any more."""
        loop = asyncio.get_running_loop()
        checked = loop.time()
        ending = asyncio.create_task(self._ending.wait())
        coming: asyncio.Future[bytes | None] | None = None
        try:
            while True:
                coming = asyncio.ensure_future(anext(source, None))
                await asyncio.wait((coming, ending), return_when=asyncio.FIRST_COMPLETED)
                if ending.done() or (chunk := coming.result()) is None:
                    return
                if sent is not None and loop.time() - checked > RECHECK_S:
                    try:
                        await loop.run_in_executor(self._workers, self._authenticate, self._world, sent, "GET")
                    except ApiError:
                        return
                    checked = loop.time()
                yield chunk
        finally:
            ending.cancel()
            if coming is not None and not coming.done():
                coming.cancel()
                with suppress(asyncio.CancelledError):
                    await coming
            if isinstance(source, AsyncGenerator):
                await source.aclose()


def _idempotency_key(headers: Headers, route: Route) -> str:
    key = headers.get("idempotency-key", "") if route.repeatable else ""
    if len(key) > MAX_KEY or not key.isprintable():
        raise bad_request(f"an Idempotency-Key has at most {MAX_KEY} printable characters", "Idempotency-Key")
    return key


async def _read(request: Request, limit: int) -> bytes:
    """The whole body. Raises `ApiError`: 413 over the limit, 408 when it does not arrive in time."""
    too_large = ApiError(413, "TOO_LARGE", f"the body is larger than {limit} bytes", headers={"connection": "close"})
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        message = f"the body did not arrive within {BODY_S:g} s"
        raise ApiError(408, "TIMEOUT", message, headers={"connection": "close"}) from None
    return b"".join(parts)


async def _watch(request: Request, gone: threading.Event) -> None:
    """Tells when the client has closed the connection. The body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.set()


def _response(value: object, route: Route, request_id: str) -> Response:
    headers = {"x-request-id": request_id, **_PRIVATE}
    status, media_type = route.status, "application/json"
    if isinstance(value, Reply):
        headers |= value.headers
        status, media_type = value.status, value.media_type
        value = value.body
        if isinstance(value, bytes):
            return Response(value, status, headers, media_type)
        if isinstance(value, Iterator):
            return StreamingResponse(value, status, headers, media_type)
    return Response(_encode(value), status, headers, media_type)


def _error(error: ApiError, request_id: str) -> Response:
    headers = {"x-request-id": request_id, **_PRIVATE, **error.headers}
    return Response(_encode(error.body), error.status, headers, "application/json")


def _of_http(error: HTTPException, path: str) -> ApiError:
    if error.status_code == 404:
        return not_found(f"there is no path '{path}'", name=path)
    code = "METHOD_NOT_ALLOWED" if error.status_code == 405 else "HTTP_ERROR"
    return ApiError(error.status_code, code, str(error.detail), headers=error.headers)


def _not_allowed(method: str, methods: Mapping[str, Route]) -> ApiError:
    allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
    return ApiError(
        405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here; {allowed} is", headers={"allow": allowed}
    )


class _KeyLocks:
    """One lock for each key in use: requests with the same key take turns."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks[key]
                if users == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = lock, users - 1


__all__ = ["ErrorBody", "RestApp"]
