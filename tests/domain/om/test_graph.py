"""Walks over graphs against plain definitions of what they compute, on random graphs; deep ones do not overflow."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.graph import Csr, Digraph, components, find_cycle, levels, reach, topological_order

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)
FORWARD = EDGES.map(lambda edges: [(min(e), max(e)) for e in edges if e[0] != e[1]])


@given(EDGES)
def test_csr_keeps_pairs_and_reverses(edges: list[tuple[int, int]]) -> None:
    csr = Csr.from_pairs(12, [a for a, _ in edges], [b for _, b in edges])
    assert sorted(csr.pairs()) == sorted(edges)
    assert [list(csr[v]) for v in range(12)] == [[b for a, b in edges if a == v] for v in range(12)]
    back = csr.reversed(12)
    assert sorted(back.pairs()) == sorted((b, a) for a, b in edges)
    assert all(csr.targets[p] in csr[v] for v in range(12) for p in csr.positions(v))


@given(EDGES, st.sets(st.integers(0, 11)), st.none() | st.integers(0, 4))
def test_reach_gives_least_levels(edges: list[tuple[int, int]], start: set[int], depth: int | None) -> None:
    found = reach(Digraph.from_edges(12, edges).down, start, depth=depth)
    expected = dict.fromkeys(start, 0)
    for level in range(1, 13 if depth is None else depth + 1):
        frontier = {b for a, b in edges if expected.get(a) == level - 1} - set(expected)
        expected |= dict.fromkeys(frontier, level)
    assert found == expected


@given(FORWARD)
def test_order_and_levels_of_acyclic_graphs(edges: list[tuple[int, int]]) -> None:
    graph = Digraph.from_edges(12, edges)
    order = topological_order(graph)
    assert order is not None and sorted(order) == list(range(12))
    place = {v: i for i, v in enumerate(order)}
    assert all(place[a] < place[b] for a, b in edges)
    found = levels(graph)
    assert found == [max([0] + [found[a] + 1 for a, b in edges if b == v]) for v in range(12)]
    assert find_cycle(graph) is None


@given(EDGES)
def test_a_cycle_is_found_exactly_when_there_is_no_order(edges: list[tuple[int, int]]) -> None:
    graph = Digraph.from_edges(12, edges)
    cycle = find_cycle(graph)
    assert (cycle is None) == (topological_order(graph) is not None) == (levels(graph) is not None)
    if cycle is not None:
        assert all(step in edges for step in pairwise([*cycle, cycle[0]]))
        assert len(set(cycle)) == len(cycle) and cycle[0] == min(cycle)


@given(EDGES)
def test_components(edges: list[tuple[int, int]]) -> None:
    both = Digraph.from_edges(12, edges + [(b, a) for a, b in edges])
    label = components(12, lambda v: both.down[v])
    assert all((label[a] == label[b]) == (b in reach(both.down, [a])) for a in range(12) for b in range(12))


@pytest.mark.parametrize("length", [20_000])
def test_long_chains(length: int) -> None:
    graph = Digraph.from_edges(length, pairwise(range(length)))
    assert reach(graph.down, [0])[length - 1] == length - 1
    assert (levels(graph) or [])[-1] == length - 1
    ring = Digraph.from_edges(length, [*pairwise(range(length)), (length - 1, 0)])
    assert find_cycle(ring) == list(range(length))
