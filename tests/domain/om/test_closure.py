"""The closure: its worked example, its laws on random incidences, and that it touches no more than it must."""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.closure import Incidence, closure, is_closed
from taskhouse.domain.graph import Csr

FIELDS, NODES = 10, 7
PAIRS = st.sets(st.tuples(st.integers(0, FIELDS - 1), st.integers(0, NODES - 1)), max_size=24)
SELECTION = st.sets(st.integers(0, FIELDS - 1))


def incidence(pairs: set[tuple[int, int]]) -> Incidence:
    return Incidence.from_pairs(FIELDS, NODES, sorted(pairs))


def fields(pairs: set[tuple[int, int]], selected: set[int]) -> set[int]:
    return set(closure(incidence(pairs), selected).fields)


def named(spec: str) -> tuple[Incidence, list[str], list[str]]:
    """`B:t1,t2 C:t2,t3` -> incidence, names of fields, names of nodes."""
    nodes = [part.split(":")[0] for part in spec.split()]
    names = sorted({f for part in spec.split() for f in part.split(":")[1].split(",")})
    pairs = [(names.index(f), n) for n, part in enumerate(spec.split()) for f in part.split(":")[1].split(",")]
    return Incidence.from_pairs(len(names), len(nodes), pairs), names, nodes


def test_worked_example() -> None:
    table, names, nodes = named("B:t1,t2 C:t2,t3 D:t3,t4 G:t5 H:t5,t6")
    found = closure(table, [names.index("t1")])
    assert [names[f] for f in found.fields] == ["t1", "t2", "t3", "t4"]
    assert [nodes[n] for n in found.nodes] == ["B", "C", "D"]
    assert [names[f] for f in found.associated()] == ["t2", "t3", "t4"]
    why = [(names[f], nodes[n]) for f, n in found.chain(names.index("t4"))]
    assert why == [("t1", "B"), ("t2", "C"), ("t3", "D")]
    assert found.chain(names.index("t1")) == []
    other = closure(table, [names.index("t5")])
    assert {names[f] for f in other.fields} == {"t5", "t6"} and {nodes[n] for n in other.nodes} == {"G", "H"}


def test_one_hop_stops_at_the_fields_of_the_nodes() -> None:
    table, names, nodes = named("B:t1,t2 C:t2,t3 D:t3,t4")
    touched, together = table.one_hop([names.index("t1")])
    assert [nodes[n] for n in touched] == ["B"] and [names[f] for f in together] == ["t1", "t2"]


@given(PAIRS, SELECTION)
def test_monotone_idempotent_closed(pairs: set[tuple[int, int]], selected: set[int]) -> None:
    once = fields(pairs, selected)
    assert selected <= once
    assert fields(pairs, once) == once
    assert is_closed(incidence(pairs), sorted(once))


@given(PAIRS, SELECTION, SELECTION)
def test_union(pairs: set[tuple[int, int]], one: set[int], two: set[int]) -> None:
    assert fields(pairs, one | two) == fields(pairs, one) | fields(pairs, two)


@given(PAIRS, SELECTION)
def test_it_is_the_least_closed_set(pairs: set[tuple[int, int]], selected: set[int]) -> None:
    table = incidence(pairs)
    grown = set(selected)
    while True:
        more = grown | {g for f in grown for n in table.nodes_of[f] for g in table.fields_of[n]}
        if more == grown:
            break
        grown = more
    found = closure(table, selected)
    assert set(found.fields) == grown
    assert set(found.nodes) == {n for f, n in pairs if f in grown}


@given(PAIRS, SELECTION, st.randoms(use_true_random=False))
def test_order_of_pairs_and_selection_does_not_matter(
    pairs: set[tuple[int, int]], selected: set[int], rng: Any
) -> None:
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    order = list(selected)
    rng.shuffle(order)
    found = closure(Incidence.from_pairs(FIELDS, NODES, shuffled), order)
    assert set(found.fields) == fields(pairs, selected)


@given(PAIRS, SELECTION)
def test_reasons_lead_from_the_selection(pairs: set[tuple[int, int]], selected: set[int]) -> None:
    found = closure(incidence(pairs), selected)
    for field in found.fields:
        steps = found.chain(field)
        assert bool(steps) == (field not in selected)
        reached = steps[0][0] if steps else field
        assert reached in selected
        for before, node in steps:
            assert (before, node) in pairs
        if steps:
            assert (field, steps[-1][1]) in pairs


@given(PAIRS, st.sets(st.integers(0, NODES - 1)))
def test_starting_at_nodes_is_starting_at_their_fields(pairs: set[tuple[int, int]], nodes: set[int]) -> None:
    table = incidence(pairs)
    found = closure(table, [], nodes)
    same = closure(table, {f for f, n in pairs if n in nodes})
    assert set(found.fields) == set(same.fields)
    assert set(found.nodes) == set(same.nodes) | nodes


class Counting(array):
    """Counts the entries that are read from it."""

    read = 0

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        if isinstance(at, slice):
            Counting.read += len(found)
        return found


def test_each_touched_incidence_is_read_once_from_each_side() -> None:
    for size in (100, 1_000, 10_000):
        chain = [(f, f) for f in range(size)] + [(f + 1, f) for f in range(size - 1)]
        elsewhere = [(f, f) for f in range(size, 2 * size)]
        plain = Incidence.from_pairs(2 * size, 2 * size, chain + elsewhere)
        table = Incidence(*(Csr(r.offsets, Counting("q", r.targets)) for r in (plain.nodes_of, plain.fields_of)))
        Counting.read = 0
        assert len(list(closure(table, [0]).nodes)) == size
        assert Counting.read == 2 * len(chain)
