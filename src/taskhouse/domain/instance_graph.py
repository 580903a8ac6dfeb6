"""The instances of one or more business dates as one indexed value: instances, nodes, fields, and the edges between nodes.

This is the part that does not change while instances run: it can be built once a generation and kept. What does change (statuses,
flags, removed edges) is in `Snapshot`, as columns over the same positions.

Positions are dense integers, ids are the store's. Everything below the row values works on positions.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from taskhouse.domain.closure import Incidence
from taskhouse.domain.graph import Adjacency, Csr
from taskhouse.domain.recurring import BizType, EdgeKind, Environment, Priority, Role, TableKind
from taskhouse.domain.schedule import Cycle

ROOT_ID = 0
"""The id of the tenant's root node instance, wherever an upstream is named. No other instance has it."""


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """A recurring instance as it was generated. `priority` is the configured one; `marks`, `tags` and `notice` are for people
    (`notice`: the strategy version of its generation is gone, the current one counts, D-03)."""

    id: int
    name: str
    project: str
    biz_type: BizType
    bizdate: date
    due_at: datetime
    task: str = ""
    kind: TableKind | None = None
    cycle: Cycle = Cycle.DAY
    environment: Environment = Environment.PROD
    owners: tuple[str, ...] = ()
    priority: Priority = Priority.MIDDLE
    tags: tuple[str, ...] = ()
    notice: str = ""

    @property
    def is_script(self) -> bool:
        return self.biz_type is BizType.SCRIPT


class NodeRow(NamedTuple):
    """A node instance; `name` is the materialization node's id, a script's own name."""

    id: int
    name: str
    due_at: datetime


class FieldRow(NamedTuple):
    """A field instance. `project`, `owner` and `priority` are a metric's own; None: those of its table."""

    id: int
    instance: int
    name: str
    role: Role = Role.VALUE
    project: str | None = None
    owner: str | None = None
    priority: Priority | None = None


class EdgeRow(NamedTuple):
    """`up` is None for the root. `via` are ids of the upstream fields the edge stands for; empty for the node as a whole."""

    id: int
    up: int | None
    down: int
    kind: EdgeKind = EdgeKind.SAME
    via: tuple[int, ...] = ()


class InstanceGraph:
    """Immutable after building. Names: `*_of_*` are relations between positions, `*_at` map ids to positions.

    `fields` holds VALUE fields only; KEY fields are in `keys_of_instance` by name, without a status (D-61).
    `via_edges[f]` are the edges that stand for field f, `whole_edges[n]` those from node n that stand for no field.
    `root_edges` are those from the root. `out_edges[n]` and `in_edges[n]` give edge positions; `edge_up` is -1 for the root, whose edges are in no `out_edges`.
    `lineage[f]` are the fields that field f is computed from; an empty row means that nothing is recorded.
    """

    __slots__ = (
        "edge_at",
        "edge_down",
        "edge_up",
        "edge_via",
        "edges",
        "field_at",
        "field_instance",
        "fields",
        "fields_of_instance",
        "in_edges",
        "incidence",
        "instance_at",
        "instances",
        "instances_of_node",
        "keys_of_instance",
        "lineage",
        "node_at",
        "nodes",
        "nodes_of_instance",
        "out_edges",
        "root_edges",
        "via_edges",
        "whole_edges",
    )

    def __init__(
        self,
        instances: Iterable[InstanceRow],
        nodes: Iterable[NodeRow],
        links: Iterable[tuple[int, int]],
        fields: Iterable[FieldRow] = (),
        incidence: Iterable[tuple[int, int]] = (),
        edges: Iterable[EdgeRow] = (),
        lineage: Iterable[tuple[int, int]] = (),
    ) -> None:
        """`links` as (instance id, node id); `incidence` as (field id, node id), pairs of KEY fields are ignored; `lineage` as
        (field id, id of a field that it is computed from). Edges and lineage that lead out of the given nodes and fields are
        ignored, so that a part of a date can be loaded alone."""
        self.instances: Sequence[InstanceRow] = list(instances)
        self.nodes: Sequence[NodeRow] = list(nodes)
        every_field = list(fields)
        self.fields: Sequence[FieldRow] = [row for row in every_field if row.role is Role.VALUE]
        self.instance_at = {row.id: at for at, row in enumerate(self.instances)}
        self.node_at = {row.id: at for at, row in enumerate(self.nodes)}
        self.field_at = {row.id: at for at, row in enumerate(self.fields)}
        instance_at, node_at, field_at = self.instance_at, self.node_at, self.field_at

        left: list[int] = []
        right: list[int] = []
        for instance, node in links:
            left.append(instance_at[instance])
            right.append(node_at[node])
        self.nodes_of_instance = Csr.from_pairs(len(self.instances), left, right)
        self.instances_of_node = Csr.from_pairs(len(self.nodes), right, left)

        self.field_instance = array("q", (instance_at[row.instance] for row in self.fields))
        self.fields_of_instance = Csr.from_pairs(
            len(self.instances), self.field_instance, array("q", range(len(self.fields)))
        )
        self.keys_of_instance: dict[int, tuple[str, ...]] = {}
        for row in every_field:
            if row.role is Role.KEY:
                at = instance_at[row.instance]
                self.keys_of_instance[at] = (*self.keys_of_instance.get(at, ()), row.name)
        self.incidence = Incidence.from_pairs(
            len(self.fields),
            len(self.nodes),
            ((field_at[f], node_at[n]) for f, n in incidence if f in field_at and n in node_at),
        )

        self.edges: Sequence[EdgeRow] = [
            row for row in edges if row.down in node_at and (row.up is None or row.up in node_at)
        ]
        self.edge_at = {row.id: at for at, row in enumerate(self.edges)}
        self.edge_up = array("q", (-1 if row.up is None else node_at[row.up] for row in self.edges))
        self.edge_down = array("q", (node_at[row.down] for row in self.edges))
        self.edge_via: Sequence[tuple[int, ...]] = [
            tuple(field_at[f] for f in row.via if f in field_at) if row.via else () for row in self.edges
        ]
        self.in_edges = Csr.from_pairs(len(self.nodes), self.edge_down, array("q", range(len(self.edges))))
        self.root_edges = array("q", (at for at, up in enumerate(self.edge_up) if up < 0))
        real = [at for at, up in enumerate(self.edge_up) if up >= 0]
        self.out_edges = Csr.from_pairs(len(self.nodes), [self.edge_up[at] for at in real], real)

        whole = [at for at in real if not self.edge_via[at]]
        self.whole_edges = Csr.from_pairs(len(self.nodes), [self.edge_up[at] for at in whole], whole)
        via = [(f, at) for at in real for f in self.edge_via[at]]
        self.via_edges = Csr.from_pairs(len(self.fields), [f for f, _ in via], [at for _, at in via])

        below: list[int] = []
        above: list[int] = []
        for down, up in lineage:
            if down in field_at and up in field_at:
                below.append(field_at[down])
                above.append(field_at[up])
        self.lineage = Csr.from_pairs(len(self.fields), below, above)

    def own_nodes(self, instance: int) -> list[int]:
        """The nodes that "the entire table" means: those that write a VALUE field of the instance, or no VALUE field at all (a
        script's node, a node of keys only). A linked node that writes for another table alone is not among them."""
        fields_of = self.incidence.fields_of
        return [
            node
            for node in self.nodes_of_instance[instance]
            if not fields_of.degree(node) or any(self.field_instance[f] == instance for f in fields_of[node])
        ]

    def field_named(self, instance: int, name: str) -> int | None:
        """The position of a VALUE field of the instance."""
        return next((f for f in self.fields_of_instance[instance] if self.fields[f].name == name), None)

    def project_of_field(self, field: int) -> str:
        return self.fields[field].project or self.instances[self.field_instance[field]].project

    def label(self, node: int) -> str:
        """A node for people: `A/B`, or the script's name alone."""
        owner = self.instances[self.instances_of_node[node][0]] if self.instances_of_node.degree(node) else None
        name = self.nodes[node].name
        return name if owner is None or owner.name == name else f"{owner.name}/{name}"


class InstanceEdges:
    """Edges between instances, worked out when asked for, so that a look around one of a million costs what is looked at.

    The root is the vertex after the last instance. Internal and removed edges are left out, neighbours come once and in order.
    """

    def __init__(self, graph: InstanceGraph, removed: AbstractSet[int] = frozenset()) -> None:
        self.root = len(graph.instances)
        self.up: Adjacency = _InstanceUp(graph, removed, self.root)
        self.down: Adjacency = _InstanceDown(graph, removed, self.root)


class _InstanceUp:
    def __init__(self, graph: InstanceGraph, removed: AbstractSet[int], root: int) -> None:
        self._graph, self._removed, self._root = graph, removed, root

    def __getitem__(self, vertex: int, /) -> list[int]:
        if vertex == self._root:
            return []
        graph, removed, found = self._graph, self._removed, dict[int, None]()
        rows, ups, owners = graph.edges, graph.edge_up, graph.instances_of_node
        for node in graph.nodes_of_instance[vertex]:
            for edge in graph.in_edges[node]:
                if rows[edge].kind is EdgeKind.INTERNAL or edge in removed:
                    continue
                up = ups[edge]
                if up < 0:
                    found[self._root] = None
                else:
                    for other in owners[up]:
                        found[other] = None
        found.pop(vertex, None)
        return list(found)


class _InstanceDown:
    def __init__(self, graph: InstanceGraph, removed: AbstractSet[int], root: int) -> None:
        self._graph, self._removed, self._root = graph, removed, root

    def __getitem__(self, vertex: int, /) -> list[int]:
        graph, removed, found = self._graph, self._removed, dict[int, None]()
        rows, downs, owners = graph.edges, graph.edge_down, graph.instances_of_node
        batches = [graph.root_edges]
        if vertex != self._root:
            batches = [graph.out_edges[node] for node in graph.nodes_of_instance[vertex]]
        for batch in batches:
            for edge in batch:
                if rows[edge].kind is EdgeKind.INTERNAL or edge in removed:
                    continue
                for other in owners[downs[edge]]:
                    found[other] = None
        found.pop(vertex, None)
        return list(found)
