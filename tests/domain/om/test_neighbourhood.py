"""Levels around an instance, with limits; groups and status of backfills."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.backfill import backfill_status, groups
from taskhouse.domain.faults import Fault
from taskhouse.domain.graph import Adjacency, Digraph, reach
from taskhouse.domain.instance_graph import InstanceEdges
from taskhouse.domain.neighbourhood import Direction, surroundings
from taskhouse.domain.status import StatusClass
from tests.domain.om.fixture import house


def around(up: int | None, down: int | None, limit: int | None = None) -> list[str]:
    h = house()
    names = [row.name for row in h.graph.instances] + ["root"]
    found = surroundings(InstanceEdges(h.graph), h.instance_at("A"), up=up, down=down, limit=limit)
    return [
        f"{names[n.instance]}{n.level * (-1 if n.direction is Direction.UPSTREAM else 1):+}" for n in found.neighbours
    ]


def test_scenario_45_levels() -> None:
    assert around(1, 1) == ["A+0", "S0-1", "E+1", "Y+1"]
    assert around(2, 2) == ["A+0", "S0-1", "E+1", "Y+1", "root-2", "X+2", "Z+2"]
    assert around(None, None) == around(2, 2)
    assert around(0, 1) == ["A+0", "E+1", "Y+1"]


def test_what_does_not_fit_is_counted() -> None:
    h = house()
    at = h.instance_at
    found = surroundings(InstanceEdges(h.graph), at("A"), limit=3)
    assert len(found.neighbours) == 3 and not found.is_complete
    assert found.more_down == {at("A"): 1, at("E"): 2}
    assert found.more_up == {at("S0"): 1}
    assert surroundings(InstanceEdges(h.graph), at("A"), up=None, down=None).is_complete


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=25), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3),
    st.integers(1, 9),
)  # fmt: skip
def test_surroundings_are_levels_of_walks(
    pairs: list[tuple[int, int]], up: int | None, down: int | None, limit: int
) -> None:
    edges = Digraph.from_edges(9, {(min(p), max(p)) for p in pairs if p[0] != p[1]})
    above, below = reach(edges.up, [4], depth=up), reach(edges.down, [4], depth=down)
    every = surroundings(edges, 4, up=up, down=down, limit=None)
    assert {n.instance: n.level for n in every.neighbours} == above | below
    some = surroundings(edges, 4, up=up, down=down, limit=limit)
    assert len(some.neighbours) == min(limit, len(every.neighbours))
    assert set(some.neighbours) <= set(every.neighbours)
    assert max(n.level for n in some.neighbours) <= max(n.level for n in every.neighbours)


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=25), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3),
    st.none() | st.integers(1, 9),
)  # fmt: skip
def test_edges_are_announced_before_they_are_asked_for(
    pairs: list[tuple[int, int]], up: int | None, down: int | None, limit: int | None
) -> None:
    edges = Digraph.from_edges(9, {(min(p), max(p)) for p in pairs if p[0] != p[1]})
    announced: set[int] = set()

    class Known:
        def __init__(self, adjacency: Adjacency) -> None:
            self.adjacency = adjacency

        def __getitem__(self, vertex: int, /) -> Iterable[int]:
            assert vertex in announced
            return self.adjacency[vertex]

    class Both:
        up, down = Known(edges.up), Known(edges.down)

    found = surroundings(Both(), 4, up=up, down=down, limit=limit, ahead=announced.update)
    assert found == surroundings(edges, 4, up=up, down=down, limit=limit)
    assert announced == {each.instance for each in found.neighbours}


FIRST = date(2026, 1, 11)


def days(count: int) -> list[date]:
    return [FIRST + timedelta(days=n) for n in range(count)]


def test_groups_of_backfills() -> None:
    assert [len(g) for g in groups(days(3), 2)] == [2, 1]
    assert [len(g) for g in groups(days(10), 4)] == [3, 3, 2, 2]
    assert groups(days(2), 5) == [[d] for d in days(2)]
    assert groups([], 3) == []
    for wrong in (0, 13):
        with pytest.raises(Fault, match="1 to 12 groups"):
            groups(days(3), wrong)


@given(st.integers(0, 40), st.integers(1, 12))
def test_groups_keep_the_order_and_are_balanced(count: int, parallel: int) -> None:
    found = groups(days(count), parallel)
    assert [d for g in found for d in g] == days(count)
    sizes = [len(g) for g in found]
    assert len(found) == min(count, parallel) and sizes == sorted(sizes, reverse=True)
    assert not sizes or sizes[0] - sizes[-1] <= 1


def test_status_of_a_backfill() -> None:
    by_letter = {c.value: c for c in StatusClass}
    expected = {"N": "N", "NS": "R", "S": "S", "SF": "F", "NF": "F", "FW": "R", "SR": "R", "NW": "R", "": "N"}
    assert {k: backfill_status(by_letter[c] for c in k).value for k in expected} == expected
