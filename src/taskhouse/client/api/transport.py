"""Requests to a server's REST API that may be repeated without harm.

What only reads is sent again when the connection breaks or the server is overloaded. What changes something carries an `Idempotency-Key`
of its own, under which the server carries it out once and gives the first answer to every repetition; so it is sent again as well.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import unquote

import httpx
import msgspec

from taskhouse.client.api.errors import ApiError, ConnectionFailed, error_of

T = TypeVar("T")
Value = str | int | float | bool | None
Query = Mapping[str, Value | Sequence[Value]]

ATTEMPTS = 4
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_PASSING = frozenset({429, 502, 503, 504})
_SILENCE_S = 60.0
"""A stream that says nothing for so long is broken: a server sends a heartbeat every 15 seconds."""
_SOCKET_SCHEME = "http+unix://"
_BROKEN = (httpx.TransportError, httpx.DecodingError)


class Transport:
    """`url` is a server's `rest_url`, also of a Unix socket. Safe from several threads. `timeout_s` bounds one try."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 60.0, attempts: int = ATTEMPTS) -> None:
        self.url = url.rstrip("/")
        self._attempts = max(1, attempts)
        self._pause = threading.Event()
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        if self.url.startswith(_SOCKET_SCHEME):
            socket, _, path = self.url.removeprefix(_SOCKET_SCHEME).partition("/")
            transport = httpx.HTTPTransport(uds=unquote(socket))
            self._http = httpx.Client(
                base_url=f"http://localhost/{path}/", headers=headers, timeout=timeout_s, transport=transport
            )
        else:
            self._http = httpx.Client(base_url=f"{self.url}/", headers=headers, timeout=timeout_s)

    def get(self, path: str, kind: type[T], query: Query | None = None) -> T:
        return _decoded(self._send("GET", path, query), kind)

    def get_bytes(self, path: str, query: Query | None = None) -> tuple[bytes, str]:
        """A download: its content and the name that the server gave it."""
        answer = self._send("GET", path, query)
        return answer.content, _file_name(answer.headers.get("content-disposition", ""))

    def post(self, path: str, body: object, kind: type[T], *, key: str | None = None) -> T:
        """Something that changes: `key` is the idempotency key, made up when None."""
        return _decoded(self._send("POST", path, None, body, key or str(uuid.uuid4())), kind)

    def ask(self, path: str, body: object, kind: type[T]) -> T:
        """A POST that changes nothing, such as a preview."""
        return _decoded(self._send("POST", path, None, body), kind)

    def put(self, path: str, body: object, kind: type[T]) -> T:
        """A PUT says what shall be, so that repeating it does no harm."""
        return _decoded(self._send("PUT", path, None, body), kind)

    @contextmanager
    def stream(
        self, path: str, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """An answer that goes on without end. Raises `ApiError`; `ConnectionFailed` also when it falls silent."""
        timeout = httpx.Timeout(self._http.timeout.connect, read=_SILENCE_S)
        try:
            with self._http.stream(
                "GET", path.lstrip("/"), params=_parameters(query), headers=headers, timeout=timeout
            ) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise error_of(answer.status_code, answer.content, answer.headers.get("x-request-id", ""))
                yield answer
        except _BROKEN as error:
            raise self._unreachable(error) from None

    def close(self) -> None:
        self._http.close()

    def _send(self, method: str, path: str, query: Query | None, body: object = None, key: str = "") -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["content-type"] = "application/json"
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                answer = self._http.request(
                    method, path.lstrip("/"), params=_parameters(query), content=content, headers=headers
                )
            except _BROKEN as error:
                if last:
                    raise self._unreachable(error) from None
                self._pause.wait(_pause_s(attempt, ""))
                continue
            if answer.status_code < 400:
                return answer
            if last or answer.status_code not in _PASSING:
                raise error_of(answer.status_code, answer.content, answer.headers.get("x-request-id", ""))
            self._pause.wait(_pause_s(attempt, answer.headers.get("retry-after", "")))
        raise AssertionError("the last attempt returns or raises")

    def _unreachable(self, error: Exception) -> ConnectionFailed:
        why = str(error) or type(error).__name__
        return ConnectionFailed("UNREACHABLE", f"the server at {self.url} was not reached: {why}")


def _decoded(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"the server's answer is not what this version of the client understands: {error}"
        raise ApiError("UNEXPECTED_ANSWER", message, status=answer.status_code) from None


def _parameters(query: Query | None) -> httpx.QueryParams:
    """None and empty lists are left out, lists are repeated, truth is `true` and `false`."""
    found: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        found += [(name, _text(each)) for each in values if each is not None]
    return httpx.QueryParams(tuple(found))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _pause_s(attempt: int, retry_after: str) -> float:
    if retry_after.isdigit():
        return min(float(retry_after), _LONGEST_PAUSE_S)
    return min(_FIRST_PAUSE_S * float(2 ** (attempt - 1)), _LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)


def _file_name(disposition: str) -> str:
    """Of `Content-Disposition`, the extended form first."""
    found = ""
    for part in disposition.split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "filename*":
            return unquote(value.rpartition("'")[2])
        if name.lower() == "filename":
            found = value.strip('"')
    return found
