"""The surroundings of one instance, by levels: what a DAG shows and what the download of upstream and downstream nodes lists.

The centre is level 0; an instance that is reachable at several levels appears once, with the smallest. An answer is bounded: what
is left out is counted at the instances where it hangs, so that a picture can say "+12 more" there (D-57).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import NamedTuple

from taskhouse.domain.graph import Adjacency, Edges

DEFAULT_LIMIT = 500
MAX_LIMIT = 10_000


class Direction(Enum):
    CENTRE = "centre"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


class Neighbour(NamedTuple):
    """`instance` is a position; the root is the one after the last instance."""

    instance: int
    direction: Direction
    level: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`neighbours` with the centre first, then by level. `more_up` and `more_down` count for each instance shown how many of its
    neighbours are not, whether for the levels or for the limit."""

    neighbours: tuple[Neighbour, ...]
    more_up: dict[int, int]
    more_down: dict[int, int]

    @property
    def is_complete(self) -> bool:
        return not self.more_up and not self.more_down


def surroundings(
    edges: Edges,
    centre: int,
    *,
    up: int | None = 1,
    down: int | None = 1,
    limit: int | None = DEFAULT_LIMIT,
    more: Iterable[tuple[int, Direction]] = (),
    ahead: Callable[[Iterable[int]], object] | None = None,
) -> Surroundings:
    """Up to `limit` instances around `centre`, the nearest first, both directions taking turns by level. Levels None: all. `more`: one
    after the other, those of what was found whose neighbours in a direction are added, whatever the limit, up to `MAX_LIMIT`. `ahead` is told which vertices' edges are asked for
    next, so that they can be read together."""
    found: dict[int, Neighbour] = {centre: Neighbour(centre, Direction.CENTRE, 0)}
    sides = [(Direction.UPSTREAM, edges.up, up), (Direction.DOWNSTREAM, edges.down, down)]
    frontiers: dict[Direction, list[int]] = {direction: [centre] for direction, _, _ in sides}
    known: dict[Direction, dict[int, Iterable[int]]] = {direction: {} for direction, _, _ in sides}
    level = 0
    while any(frontiers.values()) and (limit is None or len(found) < limit):
        level += 1
        for direction, _, depth in sides:
            if depth is not None and level > depth:
                frontiers[direction] = []
        if ahead is not None:
            ahead(dict.fromkeys(chain.from_iterable(frontiers.values())))
        for direction, adjacency, _ in sides:
            following = []
            for vertex in frontiers[direction]:
                others = known[direction][vertex] = adjacency[vertex]
                for other in others:
                    if other in found:
                        continue
                    if limit is not None and len(found) >= limit:
                        break
                    found[other] = Neighbour(other, direction, level)
                    following.append(other)
            frontiers[direction] = following
    for vertex, direction in more:
        if vertex not in found or direction not in known:
            continue
        if ahead is not None:
            ahead((vertex,))
        adjacency = edges.up if direction is Direction.UPSTREAM else edges.down
        for other in adjacency[vertex]:
            if other not in found and len(found) < MAX_LIMIT:
                found[other] = Neighbour(other, direction, found[vertex].level + 1)
    if ahead is not None:
        ahead(found)
    ups, downs = (_hidden(adjacency, found, known[direction]) for direction, adjacency, _ in sides)
    return Surroundings(tuple(found.values()), ups, downs)


def _hidden(adjacency: Adjacency, shown: Collection[int], known: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """How many neighbours of each are not shown; `known` are those that were asked for before."""
    counts = {}
    for vertex in shown:
        others = known[vertex] if vertex in known else adjacency[vertex]
        hidden = {other for other in others if other not in shown}
        if hidden:
            counts[vertex] = len(hidden)
    return counts
