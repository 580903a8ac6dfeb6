"""Which change of a table keeps its strategy version, and which builds all its tables anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taskhouse.domain.materialization.layout import Layout, physical_name
from taskhouse.domain.materialization.versions import VERSION_RULES, Change, ChangeKind, changes, next_strategy

BEFORE = Layout(
    {"p.B": ("t1", "t2"), "p.C": ("t2", "t3"), "p.D": ("t4",)},
    ("id",),
    {"id": "BIGINT", "t1": "STRING", "t2": "STRING", "t3": "STRING", "t4": "STRING"},
    ("ds",),
)


def with_nodes(**nodes: tuple[str, ...]) -> Layout:
    return replace(BEFORE, nodes={f"p.{name}": fields for name, fields in nodes.items()})


def with_types(**types: str) -> Layout:
    return replace(BEFORE, types={**BEFORE.types, **types})


def without(name: str, **nodes: tuple[str, ...]) -> Layout:
    types = {other: type_ for other, type_ in BEFORE.types.items() if other != name}
    return replace(with_nodes(**nodes), types=types)


CASES = {
    ChangeKind.FIELD_ADDED: (replace(with_nodes(B=("t1", "t2", "t5"), C=("t2", "t3"), D=("t4",)), types={**BEFORE.types, "t5": "STRING"}), False),
    ChangeKind.FIELD_DROPPED: (without("t1", B=("t2",), C=("t2", "t3"), D=("t4",)), False),
    ChangeKind.FIELD_COPIED: (with_nodes(B=("t1", "t2"), C=("t2", "t3"), D=("t4", "t1")), False),
    ChangeKind.COPY_DROPPED: (with_nodes(B=("t1", "t2"), C=("t3",), D=("t4",)), False),
    ChangeKind.NODE_ADDED: (replace(with_nodes(B=("t1", "t2"), C=("t2", "t3"), D=("t4",), N=("t5",)), types={**BEFORE.types, "t5": "STRING"}), False),
    ChangeKind.NODE_DROPPED: (without("t4", B=("t1", "t2"), C=("t2", "t3")), False),
    ChangeKind.FIELD_TYPE: (with_types(t1="BIGINT"), True),
    ChangeKind.PARTITIONS: (replace(BEFORE, partitions=("ds", "hh")), True),
    ChangeKind.FIELD_MOVED: (with_nodes(B=("t1", "t2"), C=("t2", "t3", "t4")), True),
    ChangeKind.KEYS: (replace(BEFORE, keys=("id", "t1")), True),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_each_change_is_found_and_keeps_or_rebuilds(kind: ChangeKind) -> None:
    after, rebuilds = CASES[kind]
    found = changes(BEFORE, after)
    assert kind in {change.kind for change in found}
    assert any(change.rebuilds for change in found) is rebuilds
    assert next_strategy(3, found) == (4 if rebuilds else 3)


def test_lifecycle_and_words_are_not_in_a_layout_at_all() -> None:
    assert {rule.change for rule in VERSION_RULES} == set(ChangeKind)
    assert set(ChangeKind) - CASES.keys() == {ChangeKind.LIFECYCLE, ChangeKind.NAME}
    assert not any(Change(kind).rebuilds for kind in (ChangeKind.LIFECYCLE, ChangeKind.NAME))


@pytest.mark.parametrize("partitions", [("hh", "ds"), (), ("dt",)])
def test_partitions_reordered_dropped_or_renamed_rebuild(partitions: tuple[str, ...]) -> None:
    before = replace(BEFORE, partitions=("ds", "hh"))
    assert next_strategy(1, changes(before, replace(BEFORE, partitions=partitions))) == 2


def test_nothing_changed_is_no_change() -> None:
    assert changes(BEFORE, BEFORE) == []
    reordered = replace(BEFORE, nodes=dict(reversed(list(BEFORE.nodes.items()))))
    assert changes(BEFORE, reordered) == []


def test_a_moved_field_is_named() -> None:
    found = changes(BEFORE, with_nodes(B=("t1", "t2"), C=("t2", "t3", "t4")))
    assert [change.text for change in found if change.rebuilds] == ["t4: a field migrates from one table to another"]


def test_names_of_physical_tables() -> None:
    assert physical_name("Orders", "Main", 1) == "orders__main"
    assert physical_name("Orders", "Main", 3) == "orders__main__v3"
    assert physical_name("orders", "times", 2, shared=True) == "shared__times__v2"


def test_names_of_physical_tables_that_would_be_too_long() -> None:
    table, label = "t" * 64, "n" * 64
    found = {physical_name(table, label, strategy) for strategy in (1, 2, 3)} | {
        physical_name(table, label[:-1] + "m", 1)
    }
    assert len(found) == 4
    assert all(len(name) == 128 and name.startswith(f"{table}__nnn") for name in found)
    assert len(physical_name(table, "n" * 62, 1)) == 128, "as it is"
