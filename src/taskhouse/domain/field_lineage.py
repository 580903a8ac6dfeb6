"""Production and consumption lineage of a field in an instance: how it is made, and who reads it.

A redundant field is made several times, once by each node that writes it, and each has its own lineage. Recorded lineage says which
upstream fields a field is computed from; where nothing is recorded, everything that its node reads may matter.
"""

from __future__ import annotations

from typing import NamedTuple

from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus


class Reading(NamedTuple):
    """One upstream instance (ids) and the fields read of it, by name; no fields: as a whole. `nodes` (positions) are read, from which
    the dependency was not removed. The root is not listed."""

    instance: int
    name: str
    fields: tuple[str, ...]
    nodes: tuple[int, ...]


class Production(NamedTuple):
    """One node that writes the field: `fields` are all that it writes, `reads` what the field is computed from there."""

    node: int
    name: str
    status: NodeStatus
    fields: tuple[str, ...]
    reads: tuple[Reading, ...]


class Consumption(NamedTuple):
    """One downstream node that reads the field, with its fields that depend on it; a script has none. `is_removed`: the
    dependency was removed by an operator."""

    instance: int
    instance_name: str
    node: int
    name: str
    status: NodeStatus
    fields: tuple[str, ...]
    is_removed: bool = False


def production(snapshot: Snapshot, field: int) -> list[Production]:
    """Of the field at a position, node by node."""
    graph = snapshot.graph
    sources = set(graph.lineage[field])
    found = []
    for node in graph.incidence.nodes_of[field]:
        reads: dict[int, dict[str, None]] = {}
        read: dict[int, dict[int, None]] = {}
        for edge in graph.in_edges[node]:
            up = graph.edge_up[edge]
            if up < 0:
                continue
            via = graph.edge_via[edge]
            chosen = [f for f in via if not sources or f in sources]
            if via and not chosen:
                continue  # read for other fields of the node
            owners = {graph.field_instance[f] for f in chosen} or set(graph.instances_of_node[up])
            for owner in owners:
                names = (graph.fields[f].name for f in chosen if graph.field_instance[f] == owner)
                reads.setdefault(owner, {}).update(dict.fromkeys(names))
                if edge not in snapshot.removed:
                    read.setdefault(owner, {})[up] = None
        rows = graph.instances
        found.append(
            Production(
                graph.nodes[node].id,
                graph.nodes[node].name,
                snapshot.status[node],
                tuple(graph.fields[f].name for f in graph.incidence.fields_of[node]),
                tuple(
                    Reading(rows[at].id, rows[at].name, tuple(names), tuple(read.get(at, ())))
                    for at, names in reads.items()
                ),
            )
        )
    return found


def consumption(snapshot: Snapshot, field: int) -> list[Consumption]:
    """Nodes that read the field, through edges that stand for it or for one of its nodes as a whole; each node once."""
    graph = snapshot.graph
    edges = list(graph.via_edges[field])
    for node in graph.incidence.nodes_of[field]:
        edges += graph.whole_edges[node]
    found: dict[int, Consumption] = {}
    for edge in edges:
        node = graph.edge_down[edge]
        is_removed = edge in snapshot.removed
        if node in found and (is_removed or not found[node].is_removed):
            continue
        owner = graph.instances[graph.instances_of_node[node][0]]
        fields = graph.incidence.fields_of[node]
        dependent = [f for f in fields if not graph.lineage.degree(f) or field in graph.lineage[f]]
        found[node] = Consumption(
            owner.id,
            owner.name,
            graph.nodes[node].id,
            graph.nodes[node].name,
            snapshot.status[node],
            tuple(graph.fields[f].name for f in dependent or fields),
            is_removed,
        )
    return list(found.values())
