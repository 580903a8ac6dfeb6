"""How the tunnel writes a partition: without quotes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taskhouse.domain.catalogue import Column, Table, TableKind, TableName
from taskhouse.domain.datatypes import BIGINT, STRING
from taskhouse.domain.faults import Fault
from taskhouse.services.tunnel.target import read_partition

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _table(*names: str) -> Table:
    columns = tuple(Column(name, BIGINT if name == "hh" else STRING) for name in names)
    return Table(
        id="t",
        name=TableName("p", "default", "t"),
        kind=TableKind.MANAGED,
        columns=(Column("a", BIGINT),),
        owner="o",
        created_at=NOW,
        modified_at=NOW,
        ddl_at=NOW,
        partition_columns=columns,
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("pt=x,hh=02", ("x", "2")),
        ("hh=2,pt=x", ("x", "2")),
        ("pt='x',hh='2'", ("x", "2")),
        ("pt=x/hh=2", ("x", "2")),
        (" PT = x , HH = 2 ", ("x", "2")),
        ("pt=a,b=c,hh=2", ("a,b=c", "2")),
        ("pt=a/b,hh=2", ("a/b", "2")),
        ("pt=中 文,hh=-1", ("中 文", "-1")),
    ],
)
def test_values_are_taken_as_they_are(text: str, values: tuple[str, ...]) -> None:
    assert read_partition(_table("pt", "hh"), text) == values


@pytest.mark.parametrize("text", ["", "pt=x", "pt=x,hh=z", "pt=,hh=1", "x=1,pt=2,hh=3", "pt=a,pt=b,hh=1", "nonsense"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        read_partition(_table("pt", "hh"), text)


def test_an_unpartitioned_table_has_none() -> None:
    assert read_partition(_table(), "") == ()
    with pytest.raises(Fault, match="not partitioned"):
        read_partition(_table(), "pt=x")
