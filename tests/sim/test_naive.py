"""The domain and the naive reading of the specification agree: on all 31 sets of classes, and on the closure of random tables."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.closure import Incidence, closure
from taskhouse.domain.normalise import normalise
from taskhouse.domain.status import StatusClass
from taskhouse.sim import naive

FIELDS = [f"f{n}" for n in range(9)]
NODES = [f"n{n}" for n in range(7)]
TABLES = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(FIELDS), max_size=4, unique=True))


def test_normalisation_on_all_31_sets() -> None:
    sets = [chosen for size in range(1, 6) for chosen in combinations(StatusClass, size)]
    assert len(sets) == 31
    for chosen in sets:
        found = normalise(chosen)
        assert found is not None
        for order in (chosen, chosen[::-1], chosen * 2):
            assert normalise(order) is found
        assert found.value == naive.normalised(cls.value for cls in chosen)
    assert normalise(()) is None and naive.normalised(()) is None


@given(TABLES, st.sets(st.sampled_from(FIELDS)))
def test_closure(writes: dict[str, list[str]], selected: set[str]) -> None:
    pairs = [(FIELDS.index(f), NODES.index(n)) for n, fields in writes.items() for f in fields]
    found = closure(Incidence.from_pairs(len(FIELDS), len(NODES), pairs), [FIELDS.index(f) for f in selected])
    fields, nodes = naive.closure(writes, selected)
    assert {FIELDS[f] for f in found.fields} == fields
    assert {NODES[n] for n in found.nodes} == {n for n in nodes if writes[n]}


@given(TABLES, st.sets(st.sampled_from(FIELDS)), st.sets(st.sampled_from(FIELDS)))
def test_laws_of_the_closure(writes: dict[str, list[str]], one: set[str], two: set[str]) -> None:
    """Monotone, idempotent, additive."""

    def closed(selected: set[str]) -> set[str]:
        return naive.closure(writes, selected)[0]

    assert one <= closed(one) == closed(closed(one))
    assert closed(one | two) == closed(one) | closed(two)
