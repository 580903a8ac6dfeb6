"""What is downstream of rewritten fields: which nodes read them, and which fields of those depend on them.

"Downstream of field f" are the nodes with an edge that stands for f. A script counts as a whole; of a table only the fields that
depend on what was read, by recorded lineage, and all fields of the node where nothing is recorded (D-21). The walk goes on from
these fields, not from those that are merely written along with them.

Each edge and each field is visited once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from taskhouse.domain.closure import closure
from taskhouse.domain.operations.plan import Item
from taskhouse.domain.operations.selecting import forbidden_fields, forbidden_nodes
from taskhouse.domain.snapshot import Snapshot


@dataclass(slots=True)
class Affected:
    """`nodes` with their level: edges between instances from the start; internal edges do not count. `fields` are those that
    depend on the start, its own included. `bare` are affected nodes that have no fields (scripts)."""

    nodes: dict[int, int] = field(default_factory=dict)
    fields: set[int] = field(default_factory=set)
    bare: set[int] = field(default_factory=set)


def _everywhere(node: int) -> bool:
    return True


def affected(
    snapshot: Snapshot, fields: Iterable[int], nodes: Iterable[int] = (), enter: Callable[[int], bool] = _everywhere
) -> Affected:
    """Everything downstream of `fields`, and of `nodes` as a whole (scripts, an entire table). `enter(node)` False stops the walk
    before a node. The start's own nodes are not among `Affected.nodes` unless something leads back into them."""
    graph = snapshot.graph
    found = Affected()
    nodes_of, fields_of = graph.incidence.nodes_of, graph.incidence.fields_of
    via_edges, whole_edges = graph.via_edges, graph.whole_edges
    edge_down, removed = graph.edge_down, snapshot.removed
    opened: set[int] = set()
    """Nodes whose whole edges were followed."""
    queue: deque[tuple[int, int, bool]] = deque()
    """(edge, level of the upstream node, whether it stands for fields)."""

    def open_node(node: int, level: int) -> None:
        if node not in opened:
            opened.add(node)
            for edge in whole_edges[node]:
                queue.append((edge, level, False))

    def add_field(position: int, level: int) -> None:
        if position not in found.fields:
            found.fields.add(position)
            for edge in via_edges[position]:
                queue.append((edge, level, True))
            for node in nodes_of[position]:
                open_node(node, level)

    for position in fields:
        add_field(position, 0)
    for node in nodes:
        open_node(node, 0)
        if not fields_of.degree(node):
            found.bare.add(node)
    start_bare = set(found.bare)
    while queue:
        edge, level, stands_for_fields = queue.popleft()
        if edge in removed:
            continue
        down = edge_down[edge]
        if not enter(down):
            continue
        if down not in found.nodes:
            found.nodes[down] = level = level + 1
        else:
            level = found.nodes[down]
        its_fields = fields_of[down]
        if not its_fields:
            if down not in found.bare:
                found.bare.add(down)
                open_node(down, level)
            continue
        dependent = _dependent(snapshot, its_fields, edge, found.fields) if stands_for_fields else its_fields
        for position in dependent:
            add_field(position, level)
    found.bare -= start_bare
    return found


def _dependent(snapshot: Snapshot, fields: Collection[int], edge: int, known: set[int]) -> Iterable[int]:
    """The fields of the reading node that depend on what the edge brings; all when lineage does not say."""
    graph = snapshot.graph
    brought = {f for f in graph.edge_via[edge] if f in known}
    found = [f for f in fields if not graph.lineage.degree(f) or not brought.isdisjoint(graph.lineage[f])]
    return found or fields


class Gate:
    """Lets a walk into nodes whose whole closure the actor may operate, and keeps what it held back (D-27)."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._verdict: dict[int, bool] = {}
        self.forbidden: dict[str, Item] = {}
        """By name, what was asked about in its own right."""
        self.forbidden_associated: dict[str, Item] = {}

    def allows(self, node: int) -> bool:
        if self._snapshot.actor.super_admin:
            return True
        verdict = self._verdict.get(node)
        if verdict is not None:
            return verdict
        found = closure(self._snapshot.graph.incidence, (), (node,))
        own = set(self._snapshot.graph.incidence.fields_of[node])
        fields = forbidden_fields(self._snapshot, found.fields)
        nodes = forbidden_nodes(self._snapshot, found.nodes)
        ids = {self._snapshot.graph.fields[f].id for f in own}
        for item in fields:
            (self.forbidden if item.id in ids else self.forbidden_associated)[item.name] = item
        for item in nodes:
            self.forbidden[item.name] = item
        verdict = not fields and not nodes
        for joined in found.nodes:
            self._verdict[joined] = verdict
        return verdict
