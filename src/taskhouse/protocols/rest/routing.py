"""Tables of routes: which path, what comes in, what goes out, and what does it.

A route is declared once; the server and the OpenAPI document are both made from the declaration. Paths are written like
`/instances/{id}`; a placeholder is a whole number unless `texts` names it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec

from taskhouse.domain.roles import Actor
from taskhouse.protocols.rest.errors import ApiError, not_found
from taskhouse.services.world import World

BASE_PATH = "/api/v1"

Q = TypeVar("Q")
B = TypeVar("B")
H = TypeVar("H", bound=Callable[..., object])

MAX_BODY = 1024 * 1024
"""Bytes of a JSON body, unless a route takes more."""
MAX_ID = 2**63 - 1
Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]
"""Of an object, in bodies and query parameters. Plain `int` members of bodies would let numbers in that no store can hold."""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters, or an empty body."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One authenticated request. `query` and `body` are values of the types that the route declares. `query_text` is the query string
    as it was sent."""

    world: World
    actor: Actor
    query: Q
    body: B
    path: Mapping[str, int | str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query_text: str = ""
    request_id: str = ""
    base_url: str = ""
    idempotency_key: str = ""
    address: str = ""
    """Where the request came from, as the connection says."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the client has closed the connection, on routes that `give_up`."""

    def still_wanted(self) -> None:
        """Raises when nobody waits for the answer any more."""
        if self.gone.is_set():
            raise ApiError(408, "GIVEN_UP", "the client did not wait for the answer")

    @property
    def user(self) -> str:
        return self.actor.user

    def number(self, name: str = "id") -> int:
        """A placeholder's whole number."""
        value = self.path[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """A placeholder's text."""
        return str(self.path[name])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not JSON, or has a status or headers of its own. `body` may be any Struct too, which is sent as JSON."""

    body: object = b""
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call[Any, Any]], object]
"""Returns a Struct (or what JSON can hold), a `Reply`, or an iterator of bytes inside a `Reply`."""
Streaming = Callable[[Call[Any, Any]], AsyncIterator[bytes]]
"""Runs on the loop and never blocks; what it yields is sent as it comes."""


@dataclass(frozen=True, slots=True)
class Route:
    """`reply` is the type of the JSON answer, or a media type's text. `errors` are statuses to document besides 400, 401 and 500.
    `public`: without a token. `streaming`: the handler is an asynchronous generator. `repeatable`: takes `Idempotency-Key`.
    `gives_up`: asks `still_wanted` while it works."""

    method: str
    path: str
    handler: Handler
    tag: str
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    reply: Any = None
    status: int = 200
    errors: tuple[int, ...] = ()
    texts: frozenset[str] = frozenset()
    public: bool = False
    streaming: bool = False
    repeatable: bool = False
    gives_up: bool = False
    max_body: int = MAX_BODY
    example: object = None
    """An example of the body."""

    @property
    def placeholders(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def name(self) -> str:
        """The operation's id in the OpenAPI document."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        return "\n".join(line.strip() for line in (self.handler.__doc__ or "").strip().splitlines())

    def read_path(self, given: Mapping[str, str]) -> dict[str, int | str]:
        """Raises `ApiError` 404 for what cannot be an id: nothing has it."""
        found: dict[str, int | str] = {}
        for name, text in given.items():
            if name in self.texts:
                found[name] = text
                continue
            if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID):
                raise not_found(f"'{text}' is not an id: ids are whole numbers", name=name)
            found[name] = int(text)
        return found


class Routes:
    """A group of routes under one tag of the document."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.all: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self.all)

    def get(self, path: str, **declared: Any) -> Callable[[H], H]:
        """`@routes.get("/instances/{id}", reply=InstanceView, errors=(404,))`; see `Route` for what can be declared."""
        return self._add("GET", path, declared)

    def post(self, path: str, **declared: Any) -> Callable[[H], H]:
        return self._add("POST", path, declared)

    def put(self, path: str, **declared: Any) -> Callable[[H], H]:
        return self._add("PUT", path, declared)

    def delete(self, path: str, **declared: Any) -> Callable[[H], H]:
        return self._add("DELETE", path, declared)

    def _add(self, method: str, path: str, declared: dict[str, Any]) -> Callable[[H], H]:
        def add(handler: H) -> H:
            texts = frozenset(declared.pop("texts", ()))
            self.all.append(Route(method, path, handler, self._tag, texts=texts, **declared))
            return handler

        return add
