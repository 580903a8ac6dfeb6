"""Reading what is around an instance from the store, one level after another, without loading a data timestamp.

While it is read the neighbourhood is kept by ids alone, so that each level costs what it adds; the graph is built once, in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from taskhouse.domain.graph import Edges
from taskhouse.domain.instance_graph import ROOT_ID, EdgeRow
from taskhouse.domain.neighbourhood import DEFAULT_LIMIT, Direction, Surroundings, surroundings
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import EdgeKind, Priority
from taskhouse.ports.recurring_store import GraphRows, InstanceRecord, NodeRecord, RecurringStore


@dataclass(frozen=True, slots=True)
class Around:
    """What is shown around an instance: levels (None: all), at most `limit`, and neighbours of `more`, instances by id."""

    up: int | None = 1
    down: int | None = 1
    limit: int = DEFAULT_LIMIT
    more: tuple[tuple[int, Direction], ...] = ()

    def of(
        self,
        edges: Edges,
        centre: int,
        place: Callable[[int], int | None],
        ahead: Callable[[Iterable[int]], object] | None = None,
    ) -> Surroundings:
        """`place`: the vertex of an instance in `edges`, None when it is not there."""
        more = [(at, direction) for instance, direction in self.more if (at := place(instance)) is not None]
        return surroundings(edges, centre, up=self.up, down=self.down, limit=self.limit, more=more, ahead=ahead)


class Reading:
    """Begins with one instance. What is drawn is what `scene.PictureEdges` draws: removed dependencies, too, and nothing below the root."""

    def __init__(self, store: RecurringStore, instance: int) -> None:
        self._store = store
        self._instance = instance
        self._parts: list[GraphRows] = []
        self._edges = _Neighbours()
        self.read([instance])

    @property
    def is_there(self) -> bool:
        return any(record.row.id == self._instance for record in self._parts[0].instances)

    def read(self, instances: Sequence[int]) -> None:
        rows = self._store.graph_around(instances)
        self._parts.append(rows)
        self._edges.add(rows)

    def reach(self, around: Around) -> None:
        """Read until everything that is shown is known with all its edges."""
        known = self._edges.up

        def ahead(instances: Iterable[int]) -> None:
            missing = [id for id in instances if id not in known and id != ROOT_ID]
            if missing:
                self.read(missing)

        around.of(self._edges, self._instance, lambda instance: instance, ahead)

    def rows(self) -> GraphRows:
        return merged(self._parts)


@dataclass
class _Neighbours:
    """Instance -> the instances next to it, by id; of those that were read. Others have none."""

    up: _Side = field(default_factory=lambda: _Side())
    down: _Side = field(default_factory=lambda: _Side())

    def add(self, rows: GraphRows) -> None:
        owners: dict[int, list[int]] = {}
        here: dict[int, int] = {}
        for instance, node in rows.links:
            owners.setdefault(node, []).append(instance)
            here[instance] = here.get(instance, 0) + (node in rows.core)
        for record in rows.instances:
            # Of a table that shares a node with one that was asked for only that node may be here.
            if here.get(record.row.id) == len(rows.versions[record.row.task, record.version].nodes):
                self.up.setdefault(record.row.id, {})
                self.down.setdefault(record.row.id, {})
        for edge in rows.edges:
            if edge.kind is EdgeKind.INTERNAL:
                continue
            for above in (ROOT_ID,) if edge.up is None else owners.get(edge.up, ()):
                for below in owners.get(edge.down, ()):
                    if above != below:
                        self._connect(above, below)

    def _connect(self, above: int, below: int) -> None:
        if below in self.up:
            self.up[below][above] = None
        if above in self.down:
            self.down[above][below] = None


class _Side(dict[int, dict[int, None]]):
    def __missing__(self, instance: int) -> dict[int, None]:
        return {}


def merged(parts: Sequence[GraphRows]) -> GraphRows:
    """Several parts as one; of rows that are in several the last counts."""
    if len(parts) == 1:
        return parts[0]
    instances: dict[int, InstanceRecord] = {}
    nodes: dict[int, NodeRecord] = {}
    states: dict[int, NodeState] = {}
    links: dict[tuple[int, int], None] = {}
    edges: dict[int, EdgeRow] = {}
    versions: dict[tuple[str, int], PublishedTask] = {}
    metrics: dict[int, Priority] = {}
    for part in parts:
        instances.update((record.row.id, record) for record in part.instances)
        nodes.update((record.row.id, record) for record in part.nodes)
        states.update((state.id, state) for state in part.states)
        links.update(dict.fromkeys(part.links))
        edges.update((edge.id, edge) for edge in part.edges)
        versions.update(part.versions)
        metrics.update(part.metric_priorities)
    return GraphRows(
        list(instances.values()),
        list(nodes.values()),
        list(states.values()),
        list(links),
        list(edges.values()),
        versions,
        frozenset().union(*(part.core for part in parts)),
        frozenset().union(*(part.removed for part in parts)),
        metrics,
        min(part.cursor for part in parts),
    )
