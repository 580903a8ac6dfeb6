"""INSERT: columns, partitions, conversions on the way into a table."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import STRING
from taskhouse.domain.faults import Fault
from taskhouse.sql.bound import BoundInsert
from tests.sql.house import House


@pytest.fixture
def house() -> House:
    made = House()
    made.table("src", "a bigint, b string, c double, d date", "(1,'10',1.6,'2020-01-02'),(2,'x',-2.5,NULL)")
    made.table("t", "a bigint, b string, c double")
    made.table("small", "k tinyint, i int, d decimal(6,2), v varchar(2), h char(3), e date, f datetime, x boolean")
    made.table("strict", "a bigint not null, b string default 'none', c bigint default 1 + 1")
    made.table("pt", "id bigint, v string", partitions="ds string")
    made.table("pp", "id bigint", partitions="ds string, hh bigint")
    return made


def insert(house: House, text: str) -> tuple[BoundInsert, list[tuple[Any, ...]]]:
    bound = house.bind(text)
    assert isinstance(bound, BoundInsert)
    return bound, house.run(bound.query)


def test_by_position(house: House) -> None:
    bound, rows = insert(house, "insert into t select a, b, c from src order by a")
    assert not bound.overwrite
    assert rows == [(1, "10", 1.6), (2, "x", -2.5)]


def test_values(house: House) -> None:
    _, rows = insert(house, "insert overwrite table t values (1, 2, 3), (4, 'x', null)")
    assert rows == [(1, "2", 3.0), (4, "x", None)]


def test_column_list_fills_the_rest(house: House) -> None:
    assert insert(house, "insert into t (c, a) select 1, 2")[1] == [(2, None, 1.0)]
    assert insert(house, "insert into strict (a) values (5)")[1] == [(5, "none", 2)]


def test_conversions(house: House) -> None:
    _, rows = insert(
        house,
        "insert into small select 1L, '12x', 1.239, 'abc', 'z', '2020-01-02', '2020-01-02 03:04:05', true",
    )
    ((k, i, d, v, h, e, f, x),) = rows
    assert (k, i, d, v, h, e, x) == (1, 12, Decimal("1.24"), "ab", "z  ", dt.date(2020, 1, 2), True)
    assert f.isoformat() == "2020-01-02T03:04:05+08:00"


def test_numbers_out_of_range_fail(house: House) -> None:
    with pytest.raises(duckdb.Error):
        insert(house, "insert into small (k) select a + 1000 from src")


def test_not_null(house: House) -> None:
    with pytest.raises(duckdb.Error, match=r"column a of table p\.strict is NOT NULL"):
        insert(house, "insert into strict (a) select cast(b as bigint) from src")
    with pytest.raises(Fault, match=r"column a of table p\.strict is NOT NULL and is given no value"):
        insert(house, "insert into strict (b) values ('x')")


def test_static_partition(house: House) -> None:
    bound, rows = insert(house, "insert overwrite table pt partition (ds='1') select a, b from src where a = 1")
    assert (bound.static_partition, bound.dynamic_columns, bound.overwrite) == (("1",), (), True)
    assert bound.create_partition
    assert rows == [(1, "10")]


def test_dynamic_partition(house: House) -> None:
    bound, rows = insert(house, "insert into pt partition (ds) select a, b, d from src where a = 1")
    assert (bound.static_partition, bound.dynamic_columns) == ((), ("ds",))
    assert not bound.create_partition
    assert rows == [(1, "10", "2020-01-02")]


def test_mixed_partition(house: House) -> None:
    bound, rows = insert(house, "insert into pp partition (ds='x', hh) select a, c from src order by a")
    assert (bound.static_partition, bound.dynamic_columns) == (("x",), ("hh",))
    assert rows == [(1, "1"), (2, "-2")]


def test_dynamic_partition_by_name(house: House) -> None:
    _, rows = insert(house, "insert into pt partition (ds) (ds, id) select 'q', 7")
    assert rows == [(7, None, "q")]


def test_dynamic_partition_of_null_fails(house: House) -> None:
    with pytest.raises(duckdb.Error, match="ODPS-0123031"):
        insert(house, "insert into pt partition (ds) select a, b, d from src")
    with pytest.raises(duckdb.Error, match="ODPS-0123031"):
        insert(house, "insert into pt partition (ds) select a, b, '' from src")


def test_auto_partition_column(house: House) -> None:
    table = house.table("ap", "id bigint, ts datetime", partitions="ds string")
    generated = Column("ds", STRING, generated="trunc_time(ts, 'day')")
    house.tables_by_name[table.name] = replace(table, partition_columns=(generated,))
    bound, rows = insert(house, "insert into ap select 1, datetime '2020-05-06 07:08:09'")
    assert bound.dynamic_columns == ("ds",)
    assert rows[0][0] == 1
    assert rows[0][2] == "2020-05-06"


ERRORS = [
    ("insert into t select 1, 2", "wrong columns count 2 in data source, requires 3 columns"),
    ("insert into pt partition (ds='1') select 1, 'a', 'b'", "wrong columns count 3 in data source, requires 2"),
    ("insert into t (a, nope) values (1, 2)", "column nope cannot be resolved in table p.t"),
    ("insert into t partition (ds='1') select 1, 2, 3", "table p.t is not partitioned"),
    ("insert into pt partition (dd='1') select 1, 2", "dd is no partition column of table p.pt, which has ds"),
    ("insert into pp partition (ds='1') select 1", "partition column hh is not given a value in PARTITION"),
    ("insert into pp partition (ds, hh=1) select 1, 'a'", "static partition column hh cannot stand behind dynamic ds"),
    ("insert into pp partition (ds='1', hh='x') select 1", "'x' is no value of partition column hh, which is BIGINT"),
    (
        "insert into t select true, 'a', 1",
        "column _c0 in source has incompatible type BOOLEAN with destination column a",
    ),
    (
        "insert into t select d, b, c from src",
        "column d in source has incompatible type DATE with destination column a, which has type BIGINT",
    ),
    ("insert into small (x) values ('true')", "incompatible type STRING with destination column x"),
    ("insert into nope select 1", "Table not found - table p.nope cannot be resolved"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(house: House, text: str, message: str) -> None:
    with pytest.raises(Fault) as caught:
        house.bind(text)
    assert message in str(caught.value)
    assert caught.value.place is not None
