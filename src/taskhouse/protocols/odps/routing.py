"""From a request's path and query to its route.

Paths are looked at percent-encoded and segment by segment, as names may hold encoded slashes; each segment is decoded
on its own. Clients that quote a whole relative path (`registration%2Ffunctions`) are understood: an encoded slash
between two fixed segments that follow one another in some route counts as a real one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.web import Route

BASE_PATH = "/api"
"""Everything is served under this path and under the root."""


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    placeholder: _Node | None = None
    routes: dict[str, list[tuple[tuple[str, ...], Route]]] = field(default_factory=dict)
    """Method -> routes with the names of their placeholders, most query keys first."""


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    path: Mapping[str, str]


class Router:
    """All routes of a server, compiled once."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self._pairs: set[str] = set()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        segments = route.pattern.strip("/").split("/") if route.pattern != "/" else []
        names = []
        node = self._root
        previous = ""
        for segment in segments:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                if node.placeholder is None:
                    node.placeholder = _Node()
                node = node.placeholder
                previous = ""
            else:
                if previous:
                    self._pairs.add(f"{previous}/{segment}")
                node = node.fixed.setdefault(segment, _Node())
                previous = segment
        here = node.routes.setdefault(route.method, [])
        here.append((tuple(names), route))
        here.sort(key=lambda item: -len(item[1].keys))

    def match(self, method: str, raw_path: str, query: Mapping[str, str]) -> Match:
        """Find the route. HEAD is served by GET. Raises `Fault`: NoSuchObject for an unknown path, MethodNotAllowed for a
        known path with another method, InvalidParameter when the query names no operation that the path has."""
        segments = self._segments(raw_path)
        found = list(self._walk(self._root, segments, 0, ()))
        if not found:
            raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - the server has no path '{unquote(raw_path)}'")
        wanted = "GET" if method == "HEAD" else method
        lacking: tuple[str, ...] = ()
        known = False
        for node, values in found:
            for names, route in node.routes.get(wanted, ()):
                known = True
                if all(key in query for key in route.keys):
                    return Match(route, dict(zip(names, values, strict=True)))
                lacking = route.keys
        if known:
            raise Fault(
                FaultCode.INVALID_PARAMETER,
                f"{method} {unquote(raw_path)} needs a query parameter that says what to do, such as '{lacking[0]}'",
            )
        raise Fault(FaultCode.METHOD_NOT_ALLOWED, f"{method} is not supported on '{unquote(raw_path)}'")

    def _segments(self, raw_path: str) -> list[str]:
        segments = []
        for raw in raw_path.strip("/").split("/"):
            value = unquote(raw) if "%" in raw else raw
            if "/" in value and value in self._pairs:
                segments.extend(value.split("/"))
            elif value:
                segments.append(value)
        return segments

    def _walk(
        self, node: _Node, segments: list[str], at: int, values: tuple[str, ...]
    ) -> Iterable[tuple[_Node, tuple[str, ...]]]:
        if at == len(segments):
            if node.routes:
                yield node, values
            return
        segment = segments[at]
        following = node.fixed.get(segment)
        if following is not None:
            yield from self._walk(following, segments, at + 1, values)
        if node.placeholder is not None:
            yield from self._walk(node.placeholder, segments, at + 1, (*values, segment))


def strip_base(raw_path: str) -> str:
    """The path below `/api`, or as it is when it does not start there."""
    if raw_path == BASE_PATH:
        return "/"
    if raw_path.startswith(BASE_PATH + "/"):
        return raw_path[len(BASE_PATH) :]
    return raw_path


def parse_query(query_string: str) -> dict[str, str]:
    """Decoded parameters; valueless ones are empty text, and of duplicates the last wins.
    Raises `Fault` (InvalidParameter) when there are unreasonably many."""
    if not query_string:
        return {}
    try:
        return dict(parse_qsl(query_string, keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise Fault(FaultCode.INVALID_PARAMETER, f"the query string cannot be read: {error}") from None
