"""What is downstream of rewritten fields: which nodes read them, and which fields of those depend on them.

"Downstream of field f" are the nodes with an edge that stands for f. A script counts as a whole; of a table only the fields that
depend on what was read, by recorded lineage, and all fields of the node where nothing is recorded (D-21). The walk goes on from
these fields, not from those that are merely written along with them.

Each edge and each field is visited once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from taskhouse.domain.closure import closure
from taskhouse.domain.operations.plan import Item
from taskhouse.domain.operations.selecting import forbidden_fields, forbidden_nodes
from taskhouse.domain.recurring import EdgeKind
from taskhouse.domain.roles import Action
from taskhouse.domain.snapshot import Snapshot


@dataclass(slots=True)
class Affected:
    """`nodes` with their level: edges between instances from the start; internal edges do not count. `fields` are those that
    depend on the start, its own included. `bare` are affected nodes that have no fields (scripts)."""

    nodes: dict[int, int] = field(default_factory=dict)
    fields: set[int] = field(default_factory=set)
    bare: set[int] = field(default_factory=set)


def affected(
    snapshot: Snapshot, fields: Iterable[int], nodes: Iterable[int] = (), enter: Callable[[int], bool] | None = None
) -> Affected:
    """Everything downstream of `fields`, and of `nodes` as a whole (scripts, an entire table). `enter(node)` False stops the walk
    before a node; None lets it in everywhere. The start's own nodes are not among `Affected.nodes` unless something leads back."""
    walk = _Walk(snapshot, enter)
    for position in fields:
        walk.add_field(position, walk.frontier)
    for node in nodes:
        walk.open_node(node, walk.frontier)
    start = frozenset(nodes)
    walk.run()
    walk.found.bare -= start
    return walk.found


class _Walk:
    """Breadth first by levels of instances. A frontier holds edge positions, and for each whether it stands for fields."""

    def __init__(self, snapshot: Snapshot, enter: Callable[[int], bool] | None) -> None:
        self.found = Affected()
        self.frontier: list[tuple[bool, Sequence[int]]] = []
        self._snapshot = snapshot
        self._enter = enter
        self._opened: set[int] = set()
        """Nodes whose whole edges were followed."""

    def open_node(self, node: int, frontier: list[tuple[bool, Sequence[int]]]) -> None:
        """Follow the edges that stand for the node as a whole."""
        if node not in self._opened:
            self._opened.add(node)
            frontier.append((False, self._snapshot.graph.whole_edges[node]))

    def add_field(self, position: int, frontier: list[tuple[bool, Sequence[int]]]) -> None:
        """Follow the edges that stand for the field, and the whole edges of the nodes that write it."""
        if position not in self.found.fields:
            graph = self._snapshot.graph
            self.found.fields.add(position)
            frontier.append((True, graph.via_edges[position]))
            for node in graph.incidence.nodes_of[position]:
                self.open_node(node, frontier)

    def run(self) -> None:
        graph, enter, removed = self._snapshot.graph, self._enter, self._snapshot.removed
        edge_down, edges = graph.edge_down, graph.edges
        fields_of, levels, bare = graph.incidence.fields_of, self.found.nodes, self.found.bare
        fields_at, internal = fields_of.offsets, EdgeKind.INTERNAL
        whole_at, whole = graph.whole_edges.offsets, graph.whole_edges.targets
        level = 0
        while self.frontier:
            level += 1
            following: list[tuple[bool, Sequence[int]]] = []
            for stands_for_fields, batch in self.frontier:  # grows by internal edges, which keep the level
                for edge in batch:
                    down = edge_down[edge]
                    if down in bare or (removed and edge in removed) or (enter is not None and not enter(down)):
                        continue
                    inner = edges[edge].kind is internal
                    if down not in levels:
                        levels[down] = max(level - 1, 1) if inner else level
                    into = self.frontier if inner else following
                    if fields_at[down] == fields_at[down + 1]:
                        bare.add(down)
                        into.append((False, whole[whole_at[down] : whole_at[down + 1]]))
                        continue
                    its_fields = fields_of[down]
                    dependent = self._dependent(its_fields, edge) if stands_for_fields else its_fields
                    for position in dependent:
                        self.add_field(position, into)
            self.frontier = following

    def _dependent(self, fields: Collection[int], edge: int) -> Iterable[int]:
        """The fields of the reading node that depend on what the edge brings; all when lineage does not say."""
        graph = self._snapshot.graph
        known = self.found.fields
        brought = {f for f in graph.edge_via[edge] if f in known}
        found = [f for f in fields if not graph.lineage.degree(f) or not brought.isdisjoint(graph.lineage[f])]
        return found or fields


class Gate:
    """Lets a walk into nodes whose whole closure the actor may operate, and keeps what it held back (D-27)."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._graph = snapshot.graph
        self._verdict: dict[int, bool] = {}
        self._projects: dict[str, bool] = {}
        self.forbidden: dict[str, Item] = {}
        """By name, what was asked about in its own right."""
        self.forbidden_associated: dict[str, Item] = {}

    @property
    def holds_back(self) -> bool:
        return bool(self.forbidden or self.forbidden_associated)

    def allows(self, node: int) -> bool:
        if self._snapshot.actor.super_admin:
            return True
        verdict = self._verdict.get(node)
        if verdict is None:
            verdict = self._bare(node) if not self._graph.incidence.fields_of.degree(node) else self._closure(node)
            self._verdict[node] = verdict
        return verdict

    def _bare(self, node: int) -> bool:
        """A node without fields is alone in its closure; projects are few, so they are asked once each."""
        for instance in self._graph.instances_of_node[node]:
            project = self._graph.instances[instance].project
            if project not in self._projects:
                self._projects[project] = self._snapshot.actor.may(Action.OPERATE, project)
            if not self._projects[project]:
                self.forbidden.update((item.name, item) for item in forbidden_nodes(self._snapshot, (node,)))
                return False
        return True

    def _closure(self, node: int) -> bool:
        graph = self._graph
        found = closure(graph.incidence, (), (node,))
        fields = forbidden_fields(self._snapshot, found.fields)
        nodes = forbidden_nodes(self._snapshot, found.nodes)
        own = {graph.fields[f].id for f in graph.incidence.fields_of[node]}
        for item in fields:
            (self.forbidden if item.id in own else self.forbidden_associated)[item.name] = item
        self.forbidden.update((item.name, item) for item in nodes)
        verdict = not fields and not nodes
        for joined in found.nodes:
            self._verdict[joined] = verdict
        return verdict
