"""INSERT in its forms."""

from __future__ import annotations

import pytest

from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.sql.parser import parse_one
from taskhouse.sql.statements import Insert, MultiInsert, Query


def insert(text: str) -> Insert:
    statement = parse_one(text)
    assert isinstance(statement, Insert)
    return statement


@pytest.mark.parametrize(
    ("text", "overwrite", "partition", "columns", "query"),
    [
        ("insert into t select 1", False, (), (), "SELECT 1"),
        ("insert overwrite table p.t select 1", True, (), (), "SELECT 1"),
        ("insert into table t partition (ds='1') select a from s", False, (("ds", "1"),), (), "SELECT a FROM s"),
        (
            "insert overwrite table t partition (ds = 20240101, hh) if not exists select a, hh from s",
            True,
            (("ds", "20240101"), ("hh", None)),
            (),
            "SELECT a, hh FROM s",
        ),
        (
            "insert into t partition (ds) (a, `B`, ds) values (1, 2, '3'), (4, 5, '6')",
            False,
            (("ds", None),),
            ("a", "b", "ds"),
            "SELECT * FROM (VALUES (1, 2, '3'), (4, 5, '6')) AS `_values`",
        ),
        ("insert into t (select 1)", False, (), (), "SELECT 1"),
        (
            "insert into t(col) ((select 1) union all (select 2))",
            False,
            (),
            ("col",),
            "(SELECT 1) UNION ALL (SELECT 2)",
        ),
        ("insert into t with a as (select 1) select * from a", False, (), (), "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("with a as (select 1) insert into t select * from a", False, (), (), "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("from s insert into t select a where b", False, (), (), "SELECT a FROM s WHERE b"),
        (
            "insert into t partition (ds=date'2024-01-01', n=-3) select 1",
            False,
            (("ds", "2024-01-01"), ("n", "-3")),
            (),
            "SELECT 1",
        ),
        ("insert overwrite t select a from s zorder by a, b", True, (), (), "SELECT a FROM s"),
    ],
)
def test_insert(text: str, overwrite: bool, partition: object, columns: tuple[str, ...], query: str) -> None:
    made = insert(text)
    assert (made.overwrite, made.partition, made.columns) == (overwrite, partition, columns)
    assert made.query.sql("hive") == query
    assert made.text == text


def test_multi_insert() -> None:
    made = parse_one(
        "with c as (select 1 x)\n"
        "from c join d on c.x = d.x lateral view explode(d.y) e as z\n"
        "insert overwrite table a partition (ds='1') select x where z > 1 group by x\n"
        "insert into b select distinct z order by z limit 3"
    )
    assert isinstance(made, MultiInsert)
    first, second = made.inserts
    source = "FROM c JOIN d ON c.x = d.x LATERAL VIEW EXPLODE(d.y) e AS z"
    assert first.query.sql("hive") == f"WITH c AS (SELECT 1 AS x) SELECT x {source} WHERE z > 1 GROUP BY x"
    assert second.query.sql("hive") == f"WITH c AS (SELECT 1 AS x) SELECT DISTINCT z {source} ORDER BY z ASC LIMIT 3"
    assert (first.overwrite, second.overwrite) == (True, False)
    assert (first.place, second.place) == (Place(3, 1), Place(4, 1))
    assert made.source.sql("hive").startswith("c")


def test_from_first_without_insert_is_a_query() -> None:
    assert isinstance(parse_one("from t select a"), Query)


def test_as_many_inserts_as_allowed() -> None:
    text = "from t " + "insert into u select a " * 255
    assert isinstance(parse_one(text), MultiInsert)
    with pytest.raises(Fault, match="more than 255 INSERTs"):
        parse_one(text + "insert into u select a")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("insert t select 1", FaultCode.PARSE_ERROR, "expect INTO or OVERWRITE"),
        ("insert into t", FaultCode.PARSE_ERROR, "expect a query"),
        ("insert into t (a, A) select 1, 2", FaultCode.PARSE_ERROR, "a column stands twice"),
        ("insert into t partition (ds=f('x')) select 1", FaultCode.PARSE_ERROR, "a constant as the partition's value"),
        ("insert into t partition (ds=null) select 1", FaultCode.PARSE_ERROR, "cannot be NULL"),
        ("insert overwrite local directory '/tmp/x' select 1", FaultCode.NOT_SUPPORTED, "INSERT OVERWRITE DIRECTORY"),
        ("insert overwrite directory '/tmp/x' select 1", FaultCode.NOT_SUPPORTED, "INSERT OVERWRITE DIRECTORY"),
    ],
)
def test_mistakes_and_refusals(text: str, code: FaultCode, message: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_one(text)
    assert caught.value.code is code
    assert message in str(caught.value)
