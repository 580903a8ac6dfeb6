"""What is not had, and what must never run, is refused at once, by name and with its place; mistakes say what was expected."""

from __future__ import annotations

import pytest

from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.sql.parser import parse

ABSENT = [
    "update t set a = 1 where b = 2",
    "delete from t where a = 1",
    "merge into t using s on t.a = s.a when matched then delete",
    "clone table a to b",
    "load overwrite table t from location 'oss://x'",
    "unload from t into location 'oss://x'",
    "create external table t (a int) location 'oss://x'",
    "create table t (a int) stored by 'com.x.Handler'",
    "create table t (a int) location 'oss://x'",
    "create table t (a int) row format delimited fields terminated by ','",
    "create temporary table t (a int)",
    "create table t (a vector)",
    "select cast(a as variant) from t",
    "create sql function f(@a bigint) as @a + 1",
    "create function f(@a bigint) as @a + 1",
    "create function f as 'a.B' using code 'x'",
    "create vector index i on t (a)",
    "create view v (@a bigint) as select 1",
    "create table t (a int, constraint c primary key (a))",
    "create table t (a int generated always as (1))",
    "alter table t replace columns (a int)",
    "alter table t undo",
    "@a := select 1 x; create view v as select * from @a",
    "@n := 1; create view v as select @n",
    "msck repair table t",
    "undo table t to 1",
    "restore table t",
    "pai -name x",
    "show history for table t",
    "show statistic t",
    "add statistic t table_count",
    "add file /etc/passwd",
    "add jar x.jar",
    "add py x.py as y.py",
    "read t 10",
    "kill 2024",
    "status 2024",
    "tunnel upload x t",
    "select transform(a, b) using 'python x.py' as c from t",
    "select * from t timestamp as of '2024-01-01'",
    "select * from t version as of 3",
    "select * from t pivot (sum(a) for b in (1, 2))",
    "select * from t right semi join u on t.a = u.a",
    "select a ilike 'x' from t",
    "select new java.util.Date()",
    "select * from lateral_source, lateral (select 1)",
    "select 'a'.length()",
    "alter schema s rename to u",
    "drop schema s cascade",
    "explain show tables",
    "@a table (x bigint) := 1; select 1",
]

FORBIDDEN = [
    "copy t to 'x.csv'",
    "copy (select 1) to '/tmp/x'",
    "attach 'x.db'",
    "detach x",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "call pragma_version()",
    "export database 'x'",
    "import database 'x'",
    "checkpoint",
    "vacuum",
    "summarize t",
    "prepare x as select 1",
    "execute x",
    "reset threads",
    "create macro f(a) as a",
    "create secret s (type s3)",
    "create type t as enum ('a')",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from glob('*')",
    "select * from parquet_scan('x')",
    "select * from duckdb_settings()",
    "select * from pragma_version()",
    "select * from range(10)",
    "select * from my_function(1)",
    "select * from p.my_function(1)",
    "select * from t, read_json('x')",
    "select * from t join query('select 1') on true",
    "select * from unnest(a)",
    "select getenv('HOME')",
    "select GETENV ('HOME')",
    "select `getenv`('HOME')",
    "select p:getenv('HOME')",
    "select p.read_text('x')",
    "select x.y.duckdb_secrets()",
    "select read_blob(a) from t",
    "select current_setting('threads')",
    "select query_table('t')",
    "select a from t lateral view read_csv('x') e as y",
    "select 1 from t where exists (select getvariable('x'))",
    "insert into t select parquet_metadata('x')",
    "create view v as select getenv('x')",
    "@a := select getenv('x'); select * from @a",
]


@pytest.mark.parametrize("text", ABSENT + FORBIDDEN)
def test_refused_by_name(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert caught.value.code is FaultCode.NOT_SUPPORTED
    assert caught.value.code.http_status == 400
    assert caught.value.place is not None
    assert "not supported" in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["select * from 'file.csv'", 'select * from "file.csv"', "select * from t, 'x.parquet'", "from 'x' select a"],
)
def test_a_file_is_no_table(text: str) -> None:
    with pytest.raises(Fault, match="expect a table's name"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "place", "token", "expected"),
    [
        ("selec 1", (1, 1), "selec", "a statement"),
        ("select", (1, 7), "<EOF>", "an expression"),
        ("select 1,", (1, 10), "<EOF>", "an expression"),
        ("select 1 1", (1, 10), "1", "the end of the statement"),
        ("select a from", (1, 14), "<EOF>", "a table's name"),
        ("select a from t where", (1, 22), "<EOF>", "an expression"),
        ("select a from t group a", (1, 17), "group", "the end of the statement"),
        ("select a from t order by", (1, 25), "<EOF>", "an expression"),
        ("select (1", (1, 10), "<EOF>", "')'"),
        ("select 1)", (1, 9), ")", "the end of the statement"),
        ("select case a end", (1, 15), "end", "'WHEN'"),
        ("select case when a then b", (1, 26), "<EOF>", "'END'"),
        ("select cast(a)", (1, 14), ")", "'AS'"),
        ("select a between 1", (1, 19), "<EOF>", "'AND'"),
        ("select a in 1", (1, 13), "1", "'('"),
        ("select a is b", (1, 13), "b", "NULL, TRUE, FALSE or DISTINCT FROM"),
        ("select f(a", (1, 11), "<EOF>", "')'"),
        ("select f(a over (order b)", (1, 12), "over", "')'"),
        ("select sum(a) over (order by b rows 1)", (1, 38), ")", "PRECEDING or FOLLOWING"),
        ("select a from t join", (1, 21), "<EOF>", "a table's name"),
        ("select a from t left u", (1, 22), "u", "'JOIN'"),
        ("select a from (select 1", (1, 24), "<EOF>", "')'"),
        ("select 1 union", (1, 15), "<EOF>", "a query"),
        ("select a from t limit 1 offset 2 limit 3", (1, 34), "limit", "the end of the statement"),
        ("select ${x}", (1, 8), "$", "an expression"),
        ("select ?", (1, 8), "?", "an expression"),
        ("select a as select from t", (1, 13), "select", "a column's name"),
        ("select a\nfrom t\nwhere a = = 1", (3, 11), "=", "an expression"),
        ("with a as select 1 select 2", (1, 11), "select", "'('"),
        ("select interval 1 from t", (1, 19), "from", "a unit (YEAR, MONTH, DAY, HOUR, MINUTE, SECOND)"),
        ("select a from t tablesample (1)", (1, 31), ")", "PERCENT or ROWS"),
        ("select * from values 1, 2", (1, 15), "values", "a table's name"),
        ("show", (1, 5), "<EOF>", "what to show"),
        ("show nothing", (1, 6), "nothing", "TABLES, VIEWS"),
        ("1", (1, 1), "1", "a statement"),
        ("`select` 1", (1, 1), "`select`", "a statement"),
        (";select 1;)", (1, 11), ")", "a statement"),
    ],
)
def test_mistakes(text: str, place: tuple[int, int], token: str, expected: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    fault = caught.value
    assert fault.code is FaultCode.PARSE_ERROR
    assert fault.place == Place(*place)
    assert str(fault).startswith(
        f"ODPS-0130161:[{place[0]},{place[1]}] Parse exception - invalid token '{token}', expect {expected}"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("select 'abc", (1, 8), "a string that starts here is not closed"),
        ('select 1,\n "abc\\"', (2, 2), "a string that starts here is not closed"),
        ("select `abc", (1, 8), "a quoted name that starts here is not closed"),
        ("select 1 /* x", (1, 10), "a comment that starts here is not closed"),
        ("select ``", (1, 8), "a name is expected"),
        ("select 1.5abc", (1, 8), "invalid number"),
        ("select 1.2e3BD", (1, 8), "without an exponent"),
        ("select " + "1" * 500, (1, 8), "a number has more than 400 characters"),
        ("select cast(a as decimal(77, 2))", (1, 18), "precision must be"),
        ("select 1, date'2024-02-30'", (1, 15), "'2024-02-30' is no DATE"),
        ("select timestamp 'soon'", (1, 18), "'soon' is no TIMESTAMP"),
    ],
)
def test_mistakes_inside_tokens(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert caught.value.code is FaultCode.PARSE_ERROR
    assert caught.value.place == Place(*place)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "select " + "(" * 5_000 + "1" + ")" * 5_000,
        "select " + "(" * 5_000,
        "select " + "f(" * 5_000,
        "select " + "- " * 5_000 + "1",
        "select " + "not " * 5_000 + "1",
        "select " + "case when " * 5_000,
        "select " + "cast(" * 5_000,
        "select " + "x -> " * 5_000 + "1",
        "select " + "a[" * 5_000,
        "select * from " + "(select * from " * 5_000,
        "select * from " + "(" * 5_000,
        "(" * 5_000 + "select 1" + ")" * 5_000,
        "select a in (" + "select 1 where b in (" * 5_000,
        "select cast(a as " + "array<" * 5_000,
        "create table t (a " + "array<" * 5_000 + "int",
        "alter table t drop partition (" + "(" * 5_000 + "a=1",
        "alter table t drop partition (" + "not " * 5_000 + "a=1)",
        "select " + " + ".join("a" for _ in range(5_000)),
        "select a" + "[1]" * 5_000,
        "select a" + ".b" * 5_000,
        "select 1" + " except select 1" * 5_000,
        "select 1" + " intersect select 1" * 5_000,
        "select a from t" + " join t on true" * 5_000,
        "explain " * 5_000 + "select 1",
        "select a from t group by " + "grouping sets (" * 5_000,
    ],
    ids=lambda text: text[:40],
)
def test_too_deep_is_a_fault(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert caught.value.code in (FaultCode.PARSE_ERROR, FaultCode.NOT_SUPPORTED)


def test_as_deep_as_allowed_can_be_read_copied_and_printed() -> None:
    text = "select " + "(" * 120 + "1" + ")" * 120
    (statement,) = parse(text)
    query = statement.query
    assert query.copy().sql("hive").count("(") == 120
