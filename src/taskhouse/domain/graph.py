"""Directed graphs over dense integers: adjacency in two arrays, every walk iterative and linear.

The instances of one business date are 100,000 nodes and more; operations, views and the scheduler walk them all the time. A graph
is therefore a compressed list (`Csr`): the targets of vertex `v` are `targets[offsets[v]:offsets[v + 1]]`, in the order given.
Vertices are positions, 0 .. n-1; whoever builds a graph keeps the list that maps positions to ids. Nothing here recurses, so
depth is bounded by memory alone, and nothing hashes more than it returns.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol


class Csr:
    """A relation from `rows` sources to integers. Immutable after building."""

    __slots__ = ("offsets", "targets")

    def __init__(self, offsets: array[int], targets: array[int]) -> None:
        self.offsets = offsets
        self.targets = targets

    @classmethod
    def from_pairs(cls, rows: int, sources: Sequence[int], targets: Sequence[int]) -> Csr:
        """Pairs `(sources[i], targets[i])`; within a row they keep their order. Sources must lie in 0 .. rows-1."""
        counts = [0] * (rows + 1)
        for source in sources:
            counts[source + 1] += 1
        offsets = array("q", accumulate(counts))
        place = offsets.tolist()
        packed = array("q", bytes(8 * len(targets)))
        for source, target in zip(sources, targets, strict=True):
            packed[place[source]] = target
            place[source] += 1
        return cls(offsets, packed)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> array[int]:
        return self.targets[self.offsets[row] : self.offsets[row + 1]]

    def positions(self, row: int) -> range:
        """Where the row lies in `targets`: an edge's identity, for columns kept beside the graph."""
        return range(self.offsets[row], self.offsets[row + 1])

    def degree(self, row: int) -> int:
        return self.offsets[row + 1] - self.offsets[row]

    def reversed(self, rows: int) -> Csr:
        """The opposite relation over `rows` targets; rows come out in ascending order of source."""
        return Csr.from_pairs(rows, self.targets, self.sources())

    def sources(self) -> array[int]:
        """The source of each position of `targets`."""
        found = array("q")
        for row in range(len(self)):
            found.extend([row] * self.degree(row))
        return found

    def pairs(self) -> Iterator[tuple[int, int]]:
        return zip(self.sources(), self.targets, strict=True)


@dataclass(frozen=True, slots=True)
class Digraph:
    """Both directions of the same edges: `down[v]` and `up[v]`."""

    down: Csr
    up: Csr

    @classmethod
    def from_edges(cls, size: int, edges: Iterable[tuple[int, int]]) -> Digraph:
        """`edges` as (upstream, downstream)."""
        ups: list[int] = []
        downs: list[int] = []
        for up, down in edges:
            ups.append(up)
            downs.append(down)
        return cls(Csr.from_pairs(size, ups, downs), Csr.from_pairs(size, downs, ups))

    def __len__(self) -> int:
        return len(self.down)


class Adjacency(Protocol):
    """Vertex -> its neighbours: a `Csr`, or whatever works them out when asked."""

    def __getitem__(self, vertex: int, /) -> Iterable[int]: ...


class Edges(Protocol):
    """Both directions, as `Digraph` has them."""

    @property
    def up(self) -> Adjacency: ...

    @property
    def down(self) -> Adjacency: ...


def reach(adjacency: Adjacency, start: Iterable[int], *, depth: int | None = None) -> dict[int, int]:
    """Vertices reachable from `start` with their level: 0 for the start, else the least number of edges. Breadth first.

    `depth` bounds the level; None is unlimited. Pass `graph.down` for descendants, `graph.up` for ancestors.
    """
    levels = dict.fromkeys(start, 0)
    frontier = list(levels)
    level = 0
    while frontier and (depth is None or level < depth):
        level += 1
        following: list[int] = []
        for vertex in frontier:
            for target in adjacency[vertex]:
                if target not in levels:
                    levels[target] = level
                    following.append(target)
        frontier = following
    return levels


def topological_order(graph: Digraph) -> list[int] | None:
    """All vertices, upstream before downstream; ties by number. None when there is a cycle."""
    order = _peel(graph)
    return order if len(order) == len(graph) else None


def _peel(graph: Digraph) -> list[int]:
    """Vertices that are on no cycle and behind none, in topological order."""
    missing = [graph.up.degree(v) for v in range(len(graph))]
    order = [v for v, count in enumerate(missing) if count == 0]
    for vertex in order:  # grows while it is walked
        for target in graph.down[vertex]:
            missing[target] -= 1
            if missing[target] == 0:
                order.append(target)
    return order


def levels(graph: Digraph) -> list[int] | None:
    """For each vertex the length of the longest path that ends there (0 for those without upstream). None for a cycle."""
    order = topological_order(graph)
    if order is None:
        return None
    found = [0] * len(graph)
    for vertex in order:
        below = found[vertex] + 1
        for target in graph.down[vertex]:
            found[target] = max(found[target], below)
    return found


def find_cycle(graph: Digraph) -> list[int] | None:
    """One cycle as its vertices in order, beginning with its lowest number; None when there is none."""
    on_or_behind = set(range(len(graph))) - set(_peel(graph))
    if not on_or_behind:
        return None
    # Each vertex that is left has an upstream that is left: walking up must come round.
    walk: list[int] = []
    seen_at: dict[int, int] = {}
    vertex = min(on_or_behind)
    while vertex not in seen_at:
        seen_at[vertex] = len(walk)
        walk.append(vertex)
        vertex = min(u for u in graph.up[vertex] if u in on_or_behind)
    cycle = walk[seen_at[vertex] :][::-1]
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def components(size: int, neighbours: Callable[[int], Iterable[int]]) -> list[int]:
    """The component of each vertex of a symmetric relation, numbered from 0 by their lowest vertices."""
    label = [-1] * size
    count = 0
    for first in range(size):
        if label[first] >= 0:
            continue
        label[first] = count
        todo = [first]
        while todo:
            for other in neighbours(todo.pop()):
                if label[other] < 0:
                    label[other] = count
                    todo.append(other)
        count += 1
    return label
