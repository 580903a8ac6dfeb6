"""What an operation sees: the instance graph with the statuses, flags and permissions of one moment.

Immutable by convention: columns are lists over the graph's positions, read and never written. A decision reads only the rows that
it touches, so the store may hand in a whole date or just a neighbourhood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.normalise import normalise
from taskhouse.domain.recurring import EdgeKind, Priority
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass


@dataclass(frozen=True, slots=True)
class OperationSettings:
    """`max_members` bounds the nodes of one operation (D-36); `in_flight_first` is the precedence of normalisation (D-12)."""

    max_members: int = 100_000
    in_flight_first: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`lock_version[n]` is what a compare-and-set must find. `skip_upstream` are nodes on a forced attempt, which nothing upstream
    sends back. `removed` are positions of edges that were removed. `changed` maps fields to why their logic requires a rerun.
    `manual_priority` and `metric_priority` hold what operators set on instances and metrics, `baseline_priority` what baselines
    impose on nodes."""

    graph: InstanceGraph
    status: Sequence[NodeStatus]
    lock_version: Sequence[int]
    actor: Actor
    paused: AbstractSet[int] = frozenset()
    skip_upstream: AbstractSet[int] = frozenset()
    removed: AbstractSet[int] = frozenset()
    changed: Mapping[int, str] = field(default_factory=dict)
    manual_priority: Mapping[int, Priority] = field(default_factory=dict)
    metric_priority: Mapping[int, Priority] = field(default_factory=dict)
    baseline_priority: Mapping[int, Priority] = field(default_factory=dict)
    settings: OperationSettings = field(default_factory=OperationSettings)

    def status_class(self, node: int) -> StatusClass:
        return CLASS_OF[self.status[node]]

    def field_status(self, position: int) -> StatusClass | None:
        """The normalised status of a field."""
        classes = {CLASS_OF[self.status[node]] for node in self.graph.incidence.nodes_of[position]}
        return normalise(classes, in_flight_first=self.settings.in_flight_first)

    def instance_statuses(self, instance: int) -> set[StatusClass]:
        """The distinct statuses that the instance shows: of its fields, of a script's node (D-14)."""
        fields = self.graph.fields_of_instance[instance]
        if len(fields):
            return {status for status in map(self.field_status, fields) if status is not None}
        return {self.status_class(node) for node in self.graph.nodes_of_instance[instance]}

    def live_out_edges(self, node: int) -> Sequence[int]:
        """Positions of edges to downstream nodes, without the removed ones."""
        removed = self.removed
        edges = self.graph.out_edges[node]
        return [edge for edge in edges if edge not in removed] if removed else edges

    def live_in_edges(self, node: int) -> Iterator[int]:
        """Positions of edges from upstream nodes and the root, without the removed ones."""
        removed = self.removed
        return (edge for edge in self.graph.in_edges[node] if edge not in removed)

    def unmet_upstream(self, node: int) -> list[int]:
        """Upstream nodes that have not succeeded; the root always has."""
        ups = (self.graph.edge_up[edge] for edge in self.live_in_edges(node))
        return [up for up in ups if up >= 0 and self.status[up] is not NodeStatus.SUCCESS]

    def unmet_inner(self, node: int) -> list[int]:
        """For a node on a forced attempt: nodes of its own table that it reads, are forced along and have not succeeded. Forcing
        skips what comes from elsewhere; inside the table the order stays, or a node would read what is half written."""
        graph = self.graph
        found = []
        for edge in self.live_in_edges(node):
            if graph.edges[edge].kind is EdgeKind.INTERNAL:
                up = graph.edge_up[edge]
                if up in self.skip_upstream and self.status[up] is not NodeStatus.SUCCESS:
                    found.append(up)
        return found

    def may_operate_field(self, position: int) -> bool:
        return self.actor.may(Action.OPERATE, self.graph.project_of_field(position))

    def may_operate_instance(self, instance: int) -> bool:
        """For aggregate tables, whose metrics have projects of their own, ask for each field instead."""
        return self.actor.may(Action.OPERATE, self.graph.instances[instance].project)
