"""Which chain of instances decided when an instance finished (D-58).

Seen from the end: the upstream instance that finished last is the one that let it start; so back to the start. A logical table is one
whole, from its first node's start to its last node's end. The contributions of the chain add up to the time from the end of the
start to the end of the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from taskhouse.domain.graph import Adjacency


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


def critical_path(
    upstream: Adjacency, spans: Callable[[int], Span], start: int, end: int, *, name: Callable[[int], int] | None = None
) -> list[Link]:
    """The path from `start` to `end`, both included; empty when none leads there. `name` gives ids to break ties by (positions by
    default). The first link contributes nothing.

    Depth first upward, the latest end first. A vertex from which the start is not reached is left for good, so the first path that
    arrives is the one that takes, at each step, the best of those that can arrive; and no more is looked at than that.
    """
    path = [end]
    choices = [iter(_by_end(upstream, spans, end, name))]
    seen = {end}
    while path[-1] != start:
        before = next((up for up in choices[-1] if up not in seen), None)
        if before is None:
            path.pop()
            choices.pop()
            if not path:
                return []
            continue
        seen.add(before)
        path.append(before)
        choices.append(iter(_by_end(upstream, spans, before, name)))
    path.reverse()
    links = [Link(start, timedelta(0), timedelta(0))]
    for above, below in pairwise(path):
        total = spans(below).end - spans(above).end
        gap = min(max(spans(below).start - spans(above).end, timedelta(0)), max(total, timedelta(0)))
        links.append(Link(below, gap, total - gap))
    return links


def _by_end(
    upstream: Adjacency, spans: Callable[[int], Span], vertex: int, name: Callable[[int], int] | None
) -> list[int]:
    """Upstream of a vertex, the latest end first, then the longer, then the lower id."""

    def key(up: int) -> tuple[datetime, timedelta, int]:
        span = spans(up)
        return (span.end, span.end - span.start, -(name(up) if name else up))

    return sorted(upstream[vertex], key=key, reverse=True)
