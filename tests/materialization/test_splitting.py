"""Automatic splitting: each rule by itself, together, and what adding a field may not do."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.materialization.splitting import METRIC_RULES, TABLE_RULES, FieldTraits, Group, split


def labels(groups: Sequence[Group]) -> dict[str, tuple[str, ...]]:
    return {group.label: group.fields for group in groups}


def test_fields_that_nothing_sets_apart_are_in_one_node() -> None:
    assert labels(split([FieldTraits("a"), FieldTraits("b")], TABLE_RULES, 100)) == {"main": ("a", "b")}
    assert split([], TABLE_RULES, 100) == []


def test_late_sources_do_not_delay_early_ones() -> None:
    fields = [FieldTraits("a", 10), FieldTraits("b", 65), FieldTraits("c", 71), FieldTraits("d", 390)]
    assert labels(split(fields, TABLE_RULES, 100)) == {"main": ("a", "b"), "at0111": ("c",), "at0630": ("d",)}


def test_behaviour_and_cost_have_nodes_of_their_own() -> None:
    fields = [
        FieldTraits("plain"),
        FieldTraits("bought", is_behaviour=True),
        FieldTraits("scored", is_heavy=True),
        FieldTraits("both", is_behaviour=True, is_heavy=True),
    ]
    found = split(fields, TABLE_RULES, 100)
    assert labels(found) == {
        "main": ("plain",),
        "behaviour": ("bought",),
        "heavy": ("scored",),
        "behaviour_heavy": ("both",),
    }
    assert found[1].why == "behaviour attributes behaviour"


def test_metrics_are_split_by_source_and_period() -> None:
    fields = [
        FieldTraits("m1", source="shop.orders", period="1d"),
        FieldTraits("m2", source="shop.orders", period="7d"),
        FieldTraits("m3", source="shop.visits", period="1d"),
        FieldTraits("m4", source="shop.orders", period="1d", is_heavy=True),
    ]
    assert labels(split(fields, METRIC_RULES, 100)) == {
        "orders_1d": ("m1",),
        "orders_7d": ("m2",),
        "visits_1d": ("m3",),
        "orders_1d_heavy": ("m4",),
    }


def test_wide_groups_are_narrowed() -> None:
    fields = [FieldTraits(name) for name in "abcde"]
    assert labels(split(fields, TABLE_RULES, 2)) == {"main": ("a", "b"), "main_2": ("c", "d"), "main_3": ("e",)}


def test_a_new_field_moves_none_that_is_placed() -> None:
    before = split([FieldTraits(name) for name in "abcd"], TABLE_RULES, 2)
    placed = {name: group.label for group in before for name in group.fields}
    after = labels(split([FieldTraits(name) for name in "xabcd"], TABLE_RULES, 2, placed))
    assert after == {"main": ("a", "b"), "main_2": ("c", "d"), "main_3": ("x",)}


def test_fields_that_go_leave_the_others_where_they_are() -> None:
    placed = {"a": "main", "b": "main", "c": "main_2", "d": "main_2", "e": "main_3"}
    found = split([FieldTraits(name) for name in "ade"], TABLE_RULES, 2, placed)
    assert labels(found) == {"main": ("a",), "main_2": ("d",), "main_3": ("e",)}


traits = st.builds(
    FieldTraits,
    name=st.text("abcdefghij", min_size=1, max_size=3),
    ready_at=st.integers(0, 1_439),
    is_behaviour=st.booleans(),
    is_heavy=st.booleans(),
)


@given(st.lists(traits, unique_by=lambda each: each.name), st.integers(1, 4))
def test_every_field_is_in_one_node_of_bounded_width(fields: list[FieldTraits], width: int) -> None:
    groups = split(fields, TABLE_RULES, width)
    names = [name for group in groups for name in group.fields]
    assert sorted(names) == sorted(each.name for each in fields)
    assert len({group.label for group in groups}) == len(groups)
    assert all(0 < len(group.fields) <= width for group in groups)


@given(st.lists(traits, unique_by=lambda each: each.name, min_size=1), st.integers(1, 4))
def test_the_same_fields_are_split_the_same_when_placed(fields: list[FieldTraits], width: int) -> None:
    groups = split(fields, TABLE_RULES, width)
    placed = {name: group.label for group in groups for name in group.fields}
    again = split(fields, TABLE_RULES, width, placed)
    assert {group.label: set(group.fields) for group in again} == {group.label: set(group.fields) for group in groups}
