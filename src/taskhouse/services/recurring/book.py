"""The instances of one environment in memory: the graph of the data timestamps that are looked at, with the present states.

A book is a cache. What is true is in the store, and whoever changes something finds out there whether the book was up to date: each
change is a compare-and-set. A book follows the store's sequence of changes; what it wrote itself it need not read again. All its methods
are safe from any thread. Schedulers, operations and views of one process share a book.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from taskhouse.domain.graph import reach
from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.node_state import NodeState, NodeWrite
from taskhouse.domain.published import PublishedNode, PublishedTask
from taskhouse.domain.recurring import Environment, Priority
from taskhouse.domain.roles import Actor
from taskhouse.domain.snapshot import OperationSettings, Snapshot
from taskhouse.ports.recurring_store import (
    Changes,
    GraphRows,
    InstanceRecord,
    NodeRecord,
    OperationResult,
    OperationWrite,
    RecurringStore,
    WriteResult,
)
from taskhouse.services.recurring.changed_logic import ChangedFields
from taskhouse.services.recurring.graph_rows import graph_of

KEPT_DATES = 40
KEPT_NODES = 300_000
"""How much stays loaded of finished data timestamps that somebody looked at; those looked at last stay longest."""


class Feed:
    """What happened in a book since its reader last asked: positions of nodes whose state changed, edges or priorities included.
    `rebuilt`: positions have changed altogether, everything is to be read anew."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._changed: dict[int, None] = {}
        self._rebuilt = True

    def __bool__(self) -> bool:
        return self._rebuilt or bool(self._changed)

    def drain(self) -> tuple[list[int], bool]:
        with self._lock:
            changed, rebuilt = list(self._changed), self._rebuilt
            self._changed.clear()
            self._rebuilt = False
            return changed, rebuilt

    def tell(self, positions: Iterable[int]) -> None:
        self._changed.update(dict.fromkeys(positions))

    def tell_rebuilt(self) -> None:
        """Also what a reader says who lost its way."""
        self._changed.clear()
        self._rebuilt = True


class Book:
    """`lock` may be held by who reads several parts that must fit together; nothing slow may happen under it.

    By position: `states`, `records` (instances), `node_records`. `core[n]`: all edges of node n are here; nodes at the other
    ends of its edges are, too, but possibly without theirs.
    """

    def __init__(
        self, store: RecurringStore, environment: Environment, settings: OperationSettings | None = None
    ) -> None:
        self.environment = environment
        self.lock = threading.RLock()
        self.operating = threading.Lock()
        """Held from decision to write by operations whose guard is not in the rows that they write."""
        self._store = store
        self.settings = settings or OperationSettings()
        self._dates: dict[date, None] = {}
        self._feeds: list[Feed] = []
        self._follows_generation = False
        self._read_to = store.cursor()
        """Up to where the changes were read. Loading takes `cursor` further, but does not tell what was generated meanwhile."""
        self._strays: set[int] = set()
        """Ids of nodes that may move and are not here with all their edges."""
        self._elsewhere: set[int] = set()
        """Those of them that were looked for and are of another environment."""
        self._take(GraphRows((), (), (), (), (), {}, frozenset(), cursor=store.cursor()))

    # What is loaded

    def cover(self, bizdates: Iterable[date]) -> None:
        """Load these data timestamps if they are not here."""
        with self.lock:
            wanted = list(dict.fromkeys(bizdates))
            missing = [bizdate for bizdate in wanted if bizdate not in self._dates]
            for bizdate in wanted:  # the latest looked at are last
                self._dates.pop(bizdate, None)
                self._dates[bizdate] = None
            if missing:
                self._load(keep=set(wanted))

    def has(self, instance: int, *, patience_s: float = -1) -> bool:
        """Whether the instance is here with its whole data timestamp. False, too, when that cannot be told within `patience_s`, for the
        book is being loaded; below 0 it waits."""
        if not self.lock.acquire(timeout=patience_s):
            return False
        try:
            return self._is_core_instance(instance)
        finally:
            self.lock.release()

    def cover_instances(self, instances: Iterable[int]) -> None:
        """Load the data timestamps of these instances. Those that do not exist or are of another environment stay away:
        `graph.instance_at` has those that are here."""
        with self.lock:
            missing = [i for i in instances if not self._is_core_instance(i)]
            if missing:
                found = self._store.bizdates_of(missing).values()
                self.cover({bizdate for environment, bizdate in found if environment is self.environment})

    def cover_downstream(self, instances: Iterable[int]) -> None:
        """As `cover_instances`, and with whatever is downstream of them on later data timestamps."""
        wanted = list(instances)
        with self.lock:
            self.cover_instances(wanted)
            while self._open:
                graph = self.graph
                start = {
                    node
                    for i in wanted
                    if i in graph.instance_at
                    for node in graph.nodes_of_instance[graph.instance_at[i]]
                }
                below = reach(_Downstream(graph), start)
                open_dates = {self.node_records[node].bizdate for node in self._open if node in below}
                if not open_dates - self._dates.keys():
                    return
                self.cover(open_dates)

    def follow_generation(self) -> None:
        """From now on take in what is generated, and whatever may move."""
        with self.lock:
            self._follows_generation = True

    def refresh(self) -> None:
        """Follow the store up to now."""
        with self.lock:
            generated = False
            while True:
                changes = self._store.changes(self._read_to)
                generated |= self._follow(changes, self._read_to)
                if not changes.cut_short:
                    break
            if generated:
                self._load(keep=set())
            if self._strays - self._elsewhere:
                self._fetch_strays()

    def _fetch_strays(self) -> None:
        """Somebody set nodes in motion on dates that were finished, and so not here, when the unfinished ones were loaded."""
        missing = [day for day in self._store.unfinished(self.environment) if day not in self._dates]
        self._elsewhere |= self._strays
        self._strays = set()
        if missing:
            self.cover(missing)

    def feed(self) -> Feed:
        """A reader's own list of what changes from now on; it begins as rebuilt."""
        with self.lock:
            feed = Feed(self.lock)
            self._feeds.append(feed)
            return feed

    def close_feed(self, feed: Feed) -> None:
        with self.lock:
            self._feeds.remove(feed)

    # Reading

    def snapshot(self, actor: Actor) -> Snapshot:
        """A consistent copy of this moment for a decision. It does not read the store, except for logic that changed, when asked."""
        with self.lock:
            return Snapshot(
                self.graph,
                [state.status for state in self.states],
                [state.lock_version for state in self.states],
                actor,
                frozenset(self.paused),
                frozenset(self.forced),
                frozenset(self.removed),
                ChangedFields(
                    self._store, self.environment, self.graph, self.records, self.node_records, self.versions
                ),
                dict(self.manual_priority),
                dict(self.metric_priority),
                settings=self.settings,
            )

    def node_state(self, node: int) -> NodeState | None:
        """Of a node instance by id; None when it is not loaded."""
        with self.lock:
            at = self.graph.node_at.get(node)
            return None if at is None else self.states[at]

    def node_states(self, nodes: Iterable[int]) -> list[NodeState]:
        """Of node instances by id, in the order asked; those that are not loaded are left out."""
        with self.lock:
            places = (self.graph.node_at.get(node) for node in nodes)
            return [self.states[at] for at in places if at is not None]

    def task_of(self, position: int) -> PublishedTask:
        """The version with which a node was generated."""
        record = self.node_records[position]
        return self.versions[record.task, record.version]

    def published_node(self, position: int) -> PublishedNode:
        found = self.task_of(position).node(self.node_records[position].node_id)
        assert found is not None, "generation makes nodes from what was published"
        return found

    # Writing

    def write(self, writes: Sequence[NodeWrite], now: datetime, *, at: int | None = None) -> WriteResult:
        """`RecurringStore.write`, and the book knows what was written."""
        result = self._store.write(writes, now, at=at)
        refused = set(result.refused)
        self._wrote([w.after for w in writes if w.after.id not in refused], result.first, result.cursor)
        return result

    def operate(self, operation: OperationWrite, now: datetime) -> OperationResult:
        """`RecurringStore.operate`, and the book knows what was written."""
        result = self._store.operate(operation, now)
        if not result.conflicts:
            with self.lock:
                if self.cursor == result.first:
                    self._follow(
                        Changes(
                            result.cursor,
                            [write.after for write in operation.writes],
                            operation.removed_edges,
                            operation.priorities,
                            operation.metric_priorities,
                        ),
                        result.first,
                    )
                    return result
        self.refresh()
        return result

    def operate_each(self, operations: Sequence[OperationWrite], now: datetime) -> Sequence[OperationResult]:
        """`RecurringStore.operate_each`, and the book knows what was written."""
        results = self._store.operate_each(operations, now)
        self.refresh()
        return results

    def _wrote(self, states: Sequence[NodeState], first: int, cursor: int) -> None:
        with self.lock:
            if self.cursor == first:
                self._follow(Changes(cursor, states), first)
                return
        self.refresh()

    # Inside

    def _is_core_instance(self, instance: int) -> bool:
        at = self.graph.instance_at.get(instance)
        return at is not None and self.records[at].row.bizdate in self._dates

    def _load(self, keep: set[date]) -> None:
        """Read everything anew, without the finished dates that nobody asked for lately."""
        here = Counter(record.bizdate for record, core in zip(self.node_records, self.core, strict=True) if core)
        excess_dates, excess_nodes = len(self._dates) - KEPT_DATES, here.total() - KEPT_NODES
        if excess_dates > 0 or excess_nodes > 0:
            keep |= set(self._store.unfinished(self.environment))
            for bizdate in [each for each in self._dates if each not in keep]:
                if excess_dates <= 0 and excess_nodes <= 0:
                    break
                del self._dates[bizdate]
                excess_dates -= 1
                excess_nodes -= here[bizdate]
        self._elsewhere.clear()
        self._take(self._store.graph(self.environment, list(self._dates)))
        for feed in self._feeds:
            feed.tell_rebuilt()

    def _take(self, rows: GraphRows) -> None:
        self.graph: InstanceGraph = graph_of(rows)
        graph = self.graph
        self.cursor = rows.cursor
        self.records: Sequence[InstanceRecord] = rows.instances
        self.node_records: Sequence[NodeRecord] = rows.nodes
        self.versions: Mapping[tuple[str, int], PublishedTask] = rows.versions
        known = {state.id: state for state in rows.states}
        self.states: list[NodeState] = [known[row.id] for row in graph.nodes]
        self.core = bytearray(row.id in rows.core for row in graph.nodes)
        self._open = [at for at, core in enumerate(self.core) if not core and graph.in_edges.degree(at)]
        """Nodes downstream of what is here whose own data timestamps are not."""
        self.removed: set[int] = {graph.edge_at[edge] for edge in rows.removed if edge in graph.edge_at}
        self.manual_priority: dict[int, Priority] = {
            at: record.manual_priority for at, record in enumerate(rows.instances) if record.manual_priority is not None
        }
        self.metric_priority: dict[int, Priority] = {
            graph.field_at[field]: priority
            for field, priority in rows.metric_priorities.items()
            if field in graph.field_at
        }
        self.paused: set[int] = {at for at, state in enumerate(self.states) if state.paused}
        self.forced: set[int] = {at for at, state in enumerate(self.states) if state.skip_checks}

    def _follow(self, changes: Changes, since: int) -> bool:
        """What happened after the number `since`. Whether instances were generated that belong here."""
        graph, paused, forced = self.graph, self.paused, self.forced
        touched: list[int] = []
        for state in changes.nodes:
            at = graph.node_at.get(state.id)
            if self._follows_generation and state.may_move and (at is None or not self.core[at]):
                self._strays.add(state.id)
            if at is None or self.states[at].lock_version >= state.lock_version:
                continue
            self.states[at] = state
            (paused.add if state.paused else paused.discard)(at)
            (forced.add if state.skip_checks else forced.discard)(at)
            touched.append(at)
        for edge in changes.removed_edges:
            place = graph.edge_at.get(edge)
            if place is not None:
                self.removed.add(place)
                touched.append(graph.edge_down[place])
        for instance, priority in changes.priorities:
            where = graph.instance_at.get(instance)
            if where is not None:
                self.manual_priority[where] = priority
                touched.extend(graph.nodes_of_instance[where])
        for metric, priority in changes.metric_priorities:
            where = graph.field_at.get(metric)
            if where is not None:
                self.metric_priority[where] = priority
                touched.extend(graph.incidence.nodes_of[where])
        self.cursor = max(self.cursor, changes.cursor)
        if self._read_to == since:
            self._read_to = changes.cursor
        for feed in self._feeds:
            feed.tell(touched)
        new = [bizdate for environment, bizdate in changes.generated if environment is self.environment]
        if self._follows_generation:
            self._dates.update(dict.fromkeys(new))
        return bool(new) and bool(self._dates)


class _Downstream:
    def __init__(self, graph: InstanceGraph) -> None:
        self._graph = graph

    def __getitem__(self, vertex: int, /) -> list[int]:
        down = self._graph.edge_down
        return [down[edge] for edge in self._graph.out_edges[vertex]]


class Books:
    """One book for each environment, made when first asked for."""

    def __init__(self, store: RecurringStore, settings: OperationSettings | None = None) -> None:
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._books: dict[Environment, Book] = {}

    def of(self, environment: Environment) -> Book:
        with self._lock:
            book = self._books.get(environment)
            if book is None:
                book = self._books[environment] = Book(self._store, environment, self._settings)
            return book
