"""The stream of changes: what happens to recurring instances, told to whoever listens, as it happens.

One watcher reads the store's sequence of changes for the whole process, while anybody listens, and hands what is new to every listener; a
listener filters by environment and by what its user may see. The number of a change is the event's id, so a client that was cut off
resumes with `Last-Event-ID` and misses nothing: it gets the latest state of everything that changed meanwhile. Where that is too much, or
the number is not of this store, it is told to read its lists anew (`reset`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.recurring import Environment, TableKind
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.status import display_label
from taskhouse.ports.recurring_store import Changes
from taskhouse.protocols.rest.errors import ApiError, bad_request
from taskhouse.protocols.rest.routing import MAX_ID, Call, Id, Routes
from taskhouse.services.world import World

log = structlog.get_logger("taskhouse.rest")

HEARTBEAT_S = 15.0
"""A comment is sent after so long without an event, so that proxies keep the connection and dead clients are noticed."""
LOOK_S = 0.5
"""How long a change may wait when nobody said that there is one."""
MAX_LISTENERS = 500
MAX_OF_USER = 50
"""Listeners of one user, who may have that many windows open."""
MAX_BEHIND = 50_000
"""Changed nodes that a resuming client is told of; beyond that it is to read its lists anew."""
_QUEUED = 200
"""Batches that a slow client may be behind before it is told to read anew."""

_encode = msgspec.json.Encoder().encode


class EventQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`environment`: PROD or DEV, both without it. `since`: the number of the last change that the client knows; `Last-Event-ID`, which
    browsers send by themselves, wins. Without either, the stream begins now."""

    environment: str = ""
    since: Id | None = None


class NodeEvent(msgspec.Struct, frozen=True):
    """The present state of a node that changed. `instances`: ids of those that it belongs to. `label`: the status as pages show it."""

    id: int
    name: str
    instances: list[int]
    status: str
    label: str
    paused: bool
    attempt: int
    run: int


class ChangeEvent(msgspec.Struct, frozen=True):
    """The data of an event `changes`. `instances`: ids of all that changed in some way (states, priorities, dependencies). `generated`:
    data timestamps that have new instances."""

    cursor: int
    environment: str
    nodes: list[NodeEvent]
    instances: list[int]
    generated: list[str]


class CursorEvent(msgspec.Struct, frozen=True):
    """The data of the events `hello` and `reset`: the number from which the stream goes on."""

    cursor: int


@dataclass(frozen=True, slots=True)
class _Part:
    """What happened to one instance or node. `projects`: seen by whoever may see one of them."""

    projects: frozenset[str]
    instances: tuple[int, ...]
    node: NodeEvent | None = None


@dataclass(frozen=True, slots=True)
class _News:
    """What one look at the store brought, of one environment."""

    cursor: int
    environment: Environment
    parts: Sequence[_Part] = ()
    generated: Sequence[str] = ()


class Hub:
    """The watcher and its listeners. Runs a thread while somebody listens. `close` ends it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def check_room(self, user: str) -> None:
        """Raises `ApiError` (503) when there are too many listeners, in all or of the user."""
        with self._lock:
            self._check_room(user)

    def _check_room(self, user: str) -> None:
        own = sum(each.actor.user == user for each in self._listeners)
        if self._closed or len(self._listeners) >= MAX_LISTENERS or own >= MAX_OF_USER:
            message = f"{len(self._listeners)} clients listen to events already, {own} of them yours"
            raise ApiError(503, "TOO_MANY_LISTENERS", message, headers={"retry-after": "5"})

    def join(self, listener: Listener) -> int:
        """Add a listener; it hears of every change after the number returned. Raises as `check_room`."""
        with self._lock:
            self._check_room(listener.actor.user)
            if self._thread is None:
                self._cursor = self._world.recurring.cursor()
                self._thread = threading.Thread(target=self._watch, name="taskhouse-events", daemon=True)
                self._thread.start()
            self._listeners.add(listener)
            return self._cursor

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)
        self._wake.set()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._listeners.clear()
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join()

    def news_since(self, cursor: int, until: int) -> list[_News] | None:
        """What a client missed; None when it must read anew."""
        if cursor > until:
            return None
        found: list[_News] = []
        told = 0
        while cursor < until:
            changes = self._world.recurring.changes(cursor)
            found += self._told(changes)
            told += len(changes.nodes)
            if told > MAX_BEHIND:
                return None
            cursor = changes.cursor
            if not changes.cut_short:
                break
        return found

    def _watch(self) -> None:
        end_watch = self._world.events.watch("recurring", self._wake.set)
        try:
            while True:
                self._wake.wait(LOOK_S)
                self._wake.clear()
                with self._lock:
                    if not self._listeners:
                        self._thread = None
                        return
                self._look()
        finally:
            end_watch()

    def _look(self) -> None:
        try:
            changes = self._world.recurring.changes(self._cursor)
            news = self._told(changes) if changes.cursor > self._cursor else []
        except Exception:
            log.exception("changes could not be read")
            return
        with self._lock:
            self._cursor = changes.cursor
            listeners = list(self._listeners) if news else []
        for listener in listeners:
            listener.tell(news)
        if changes.cut_short:
            self._wake.set()

    def _told(self, changes: Changes) -> list[_News]:
        """By environment. Nodes that no book has loaded belong to nothing that anybody looks at; administrators hear of them."""
        found: list[_News] = []
        unknown = {state.id: state for state in changes.nodes}
        for environment in Environment:
            parts: list[_Part] = []
            book = self._world.books.of(environment)
            with book.lock:
                graph = book.graph
                for state in changes.nodes:
                    at = graph.node_at.get(state.id)
                    if at is not None:
                        unknown.pop(state.id, None)
                        parts.append(_of_node(graph, at, state))
                touched = [graph.instance_at[i] for i, _ in changes.priorities if i in graph.instance_at]
                touched += [
                    graph.field_instance[graph.field_at[f]] for f, _ in changes.metric_priorities if f in graph.field_at
                ]
                for edge in changes.removed_edges:
                    place = graph.edge_at.get(edge)
                    if place is not None:
                        touched.extend(graph.instances_of_node[graph.edge_down[place]])
                parts += [_Part(_projects(graph, at), (graph.instances[at].id,)) for at in dict.fromkeys(touched)]
            generated = [bizdate_text(date) for its, date in changes.generated if its is environment]
            if parts or generated:
                found.append(_News(changes.cursor, environment, parts, generated))
        if unknown:
            parts = [_Part(frozenset(), (), _node_event(state, "", [])) for state in unknown.values()]
            found.append(_News(changes.cursor, Environment.PROD, parts))
        return found


def _of_node(graph: InstanceGraph, at: int, state: NodeState) -> _Part:
    owners = graph.instances_of_node[at]
    ids = [graph.instances[owner].id for owner in owners]
    projects = frozenset[str]().union(*(_projects(graph, owner) for owner in owners))
    return _Part(projects, tuple(ids), _node_event(state, graph.label(at), ids))


def _projects(graph: InstanceGraph, instance: int) -> frozenset[str]:
    row = graph.instances[instance]
    if row.kind is not TableKind.AGGREGATE:
        return frozenset((row.project,))
    return frozenset((row.project, *(graph.project_of_field(f) for f in graph.fields_of_instance[instance])))


def _node_event(state: NodeState, name: str, instances: list[int]) -> NodeEvent:
    label = display_label(state.status, paused=state.paused)
    return NodeEvent(state.id, name, instances, state.status.value, label, state.paused, state.attempt, state.run)


@dataclass(eq=False)
class Listener:
    """One client's end. `tell` is called from the watcher's thread, everything else happens on the loop."""

    actor: Actor
    environment: Environment | None
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[list[_News]] = field(default_factory=lambda: asyncio.Queue(_QUEUED))
    overrun: bool = False

    def tell(self, news: list[_News]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._put, news)

    def _put(self, news: list[_News]) -> None:
        try:
            self.queue.put_nowait(news)
        except asyncio.QueueFull:
            self.overrun = True

    def events_of(self, news: Iterable[_News]) -> Iterator[bytes]:
        """What of it the user may hear."""
        actor = self.actor
        seen = {project for project in actor.roles if actor.may(Action.VIEW, project)}
        for each in news:
            if self.environment is not None and each.environment is not self.environment:
                continue
            parts = each.parts
            if not actor.super_admin:
                parts = [part for part in parts if not seen.isdisjoint(part.projects)]
            if parts or each.generated:
                nodes = [part.node for part in parts if part.node is not None]
                instances = sorted({instance for part in parts for instance in part.instances})
                data = ChangeEvent(each.cursor, each.environment.value, nodes, instances, list(each.generated))
                yield _event("changes", each.cursor, data)


def _event(name: str, cursor: int, data: msgspec.Struct) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, name.encode(), _encode(data))


def event_routes(hub: Hub) -> Routes:
    routes = Routes("events")

    @routes.get("/events", query=EventQuery, reply="text/event-stream", streaming=True, errors=(503,))
    def stream_events(call: Call[EventQuery, None]) -> AsyncIterator[bytes]:
        """Changes of recurring instances as server-sent events.

        The first event is `hello`, with the number from which the stream goes on; then `changes`, whose data is a `ChangeEvent`, and
        `reset` when the client is too far behind and should read its lists anew. A comment is sent every 15 seconds.
        """
        environment, since = _environment(call.query.environment), _since(call)
        hub.check_room(call.user)
        return _stream(hub, call.actor, environment, since)

    return routes


async def _stream(hub: Hub, actor: Actor, environment: Environment | None, since: int | None) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    listener = Listener(actor, environment, loop)
    try:
        cursor = await loop.run_in_executor(None, hub.join, listener)
    except ApiError:  # others took the room since it was looked for; who comes again is told
        return
    try:
        missed: list[_News] | None = []
        if since is not None:
            missed = await loop.run_in_executor(None, hub.news_since, since, cursor)
        if missed is None:
            yield _event("reset", cursor, CursorEvent(cursor))
            missed = []
        else:
            start = cursor if since is None else since
            yield _event("hello", start, CursorEvent(start))
        for event in listener.events_of(missed):
            yield event
        while True:
            try:
                arrived = await asyncio.wait_for(listener.queue.get(), HEARTBEAT_S)
            except TimeoutError:
                yield b": heartbeat\n\n"
                continue
            if listener.overrun:
                listener.overrun = False
                while not listener.queue.empty():
                    arrived = listener.queue.get_nowait()
                yield _event("reset", arrived[-1].cursor, CursorEvent(arrived[-1].cursor))
                continue
            for event in listener.events_of(arrived):
                yield event
    finally:
        hub.leave(listener)


def _environment(text: str) -> Environment | None:
    if not text:
        return None
    for each in Environment:
        if each.value == text.upper():
            return each
    raise bad_request(f"query parameter 'environment': '{text}' is not one of PROD, DEV", "environment")


def _since(call: Call[EventQuery, None]) -> int | None:
    text = call.headers.get("last-event-id", "").strip()
    if not text:
        return call.query.since
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID):
        raise bad_request(f"Last-Event-ID '{text[:40]}' is not the number of a change", "Last-Event-ID")
    return int(text)
