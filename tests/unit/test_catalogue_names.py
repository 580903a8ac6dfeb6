"""Names and partition texts as clients write them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.catalogue import Column, Table, TableKind, TableName
from taskhouse.domain.datatypes import BIGINT, STRING
from taskhouse.domain.faults import Fault
from taskhouse.services.catalogue import names

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TABLE = Table(
    id="i",
    name=TableName("p", "default", "t"),
    kind=TableKind.MANAGED,
    columns=(Column("a", BIGINT),),
    owner="o",
    created_at=NOW,
    modified_at=NOW,
    ddl_at=NOW,
    partition_columns=(Column("pt", STRING), Column("hh", BIGINT)),
)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("pt=a", (("pt", "a"),)),
        ("PT='a',hh=01", (("pt", "a"), ("hh", "01"))),
        ("pt=a/hh=1", (("pt", "a"), ("hh", "1"))),
        ('pt="a,b", hh = 1', (("pt", "a,b"), ("hh", "1"))),
        ("`pt`='x y/z'", (("pt", "x y/z"),)),
        ("pt='it\\'s'", (("pt", "it's"),)),
        ("pt=''", (("pt", ""),)),
        ("pt=2026-01-02 03:04:05", (("pt", "2026-01-02 03:04:05"),)),
    ],
)
def test_partition_texts(text: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert names.read_spec(text) == pairs


@pytest.mark.parametrize("text", ["", "   ", "pt", "=a", "pt='a", "pt='a'b", ",", "pt=a,,hh=1"])
def test_texts_that_are_no_partition(text: str) -> None:
    with pytest.raises(Fault):
        names.read_spec(text)


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40), st.integers(-(2**63), 2**63 - 1)
)
def test_a_partition_reads_back_what_it_prints(value: str, number: int) -> None:
    values = names.values_of(TABLE, (("hh", f"{number}"), ("pt", value)))
    assert values == (value, str(number))
    quoted = names.quoted_spec(TABLE.partition_columns, values)
    if "'" not in value and "\\" not in value:
        assert names.values_of(TABLE, names.read_spec(quoted)) == values


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Fault):
        names.read_spec(text)


def test_values_must_fit_the_table() -> None:
    for pairs in (
        (("pt", "a"),),
        (("x", "a"), ("hh", "1")),
        (("pt", "a"), ("pt", "b")),
        (("pt", "a"), ("hh", "x")),
        (("pt", ""), ("hh", "1")),
    ):
        with pytest.raises(Fault):
            names.values_of(TABLE, pairs)
    assert names.values_of(TABLE, (("pt", "a"),), prefix=True) == ("a",)
    with pytest.raises(Fault):
        names.values_of(TABLE, (("hh", "1"),), prefix=True)
    assert names.values_of(TABLE, (("pt", "a"), ("hh", "007"))) == ("a", "7")


def test_physical_names_never_collide() -> None:
    taken = {"a", "a__2"}
    assert names.physical_name("a", taken) == "a__3"
    assert names.physical_name("b c", taken) == "b_c"


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "a b", "x" * 129, "a'b", "../a"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(Fault):
        names.object_name(name)
