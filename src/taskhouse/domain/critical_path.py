"""Which chain of instances decided when an instance finished (D-58).

Seen from the end: the upstream instance that finished last is the one that let it start; so back to the start. A logical table is one
whole, from its first node's start to its last node's end. The contributions of the chain add up to the time from the end of the
start to the end of the end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from taskhouse.domain.graph import Digraph, between
from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.recurring import EdgeKind


class Span(NamedTuple):
    """When an instance ran, or is expected to (`predicted`). The root's begins and ends at 00:00 of the scheduled day."""

    start: datetime
    end: datetime
    predicted: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """One instance of the path, by position. `gap` is the time nothing of the path ran before it, `run` what it added itself."""

    instance: int
    gap: timedelta
    run: timedelta

    @property
    def contribution(self) -> timedelta:
        return self.gap + self.run


def instance_edges(graph: InstanceGraph, removed: Collection[int] = ()) -> Digraph:
    """Edges between instances by position; the root is the vertex after the last instance. Internal edges are left out."""
    root = len(graph.instances)
    edges: dict[tuple[int, int], None] = {}
    for at, row in enumerate(graph.edges):
        if row.kind is EdgeKind.INTERNAL or at in removed:
            continue
        up = graph.edge_up[at]
        for down in graph.instances_of_node[graph.edge_down[at]]:
            for owner in (root,) if up < 0 else graph.instances_of_node[up]:
                if owner != down:
                    edges[owner, down] = None
    return Digraph.from_edges(root + 1, edges)


def critical_path(
    edges: Digraph, spans: Sequence[Span], start: int, end: int, *, ids: Sequence[int] | None = None
) -> list[Link]:
    """The path from `start` to `end`, both included; empty when none leads there. `ids` break ties (positions by default).

    The first link contributes nothing. Instances whose upstream is empty must hang on the root, which then reaches everything.
    """
    if start == end:
        return [Link(end, timedelta(0), timedelta(0))]
    inside = between(edges, start, end)
    if not inside:
        return []
    names = ids if ids is not None else range(len(edges))
    path: list[Link] = []
    vertex = end
    while vertex != start:
        candidates = [up for up in edges.up[vertex] if up in inside]
        before = max(candidates, key=lambda up: (spans[up].end, spans[up].end - spans[up].start, -names[up]))
        total = spans[vertex].end - spans[before].end
        gap = min(max(spans[vertex].start - spans[before].end, timedelta(0)), max(total, timedelta(0)))
        path.append(Link(vertex, gap, total - gap))
        vertex = before
    path.append(Link(start, timedelta(0), timedelta(0)))
    return path[::-1]
