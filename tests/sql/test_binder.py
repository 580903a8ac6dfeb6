"""Queries bound and run: what each construct gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from taskhouse.domain.faults import Fault
from taskhouse.sql.bound import BoundQuery
from tests.sql.house import House


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    made.table(
        "t",
        "a bigint, b string, c double, d decimal(15,2), e date, f datetime, arr array<bigint>, m map<string,bigint>, "
        "s struct<x:int,y:string>, n int, ts timestamp",
        "(1,'x',1.5,10.25,date '2020-01-01','2020-01-01 10:00:00',[1,2],map{'k':1},{'x':1,'y':'u'},10,'2020-01-01 00:00:00.000000001'),"
        "(2,'y',2.5,20.50,date '2020-02-01','2020-02-01 10:00:00',[3],map{'k':2},{'x':2,'y':'v'},20,'2020-01-02 00:00:00'),"
        "(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)",
    )
    made.table("pt", "id bigint, v string", "(1,'a','20200101'),(2,'b','20200102')", partitions="ds string")
    made.view("vw", "select id as k, v from pt where ds = '20200101'", "key bigint, v string")
    made.view("vv", "select key from vw", "key bigint")
    made.view("loop_a", "select * from loop_b", "x bigint")
    made.view("loop_b", "select * from loop_a", "x bigint")
    return made


CASES: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("select 1, 'a', null, true", [(1, "a", None, True)]),
    ("select A, T.B from T where a > '1' order by a desc", [(3, None), (2, "y")]),
    ("select x.a, y.v from t x join pt y on x.a = y.id order by 1, x.a", [(1, "a"), (2, "b")]),
    (
        "select x.a, y.id from t x left join pt y on x.a = y.id and y.ds = '20200101' order by a",
        [(1, 1), (2, None), (3, None)],
    ),
    ("select x.a, y.id from pt y right join t x on x.a = y.id order by a", [(1, 1), (2, 2), (3, None)]),
    (
        "select x.a, y.id from t x full outer join (select 9 id) y on x.a = y.id order by a",
        [(None, 9), (1, None), (2, None), (3, None)],
    ),
    ("select a from t left semi join pt on t.a = pt.id order by a", [(1,), (2,)]),
    ("select a from t left anti join pt on t.a = pt.id", [(3,)]),
    ("select /*+ mapjoin(b) */ a.id, b.v from pt a join pt b on a.id = b.id order by id", [(1, "a"), (2, "b")]),
    (
        "select * from (select id, v from pt) x natural join (select id, ds from pt) y order by id",
        [(1, "a", "20200101"), (2, "b", "20200102")],
    ),
    ("select id, x.v from pt x join pt y using (id) order by id", [(1, "a"), (2, "b")]),
    ("select id from (select 1 id) x full join (select 2 id) y using (id) order by id", [(1,), (2,)]),
    ("select t.a from t, pt where t.a = pt.id and pt.ds = '20200102'", [(2,)]),
    (
        "select b, count(*) n, sum(d) from t group by b having n > 0 order by n desc, b limit 2",
        [(None, 1, None), ("x", 1, Decimal("10.25"))],
    ),
    ("select a % 2 as k, count(*) from t group by k order by k", [(0, 1), (1, 2)]),
    ("select b, sum(a) from t group by all order by b", [(None, 3), ("x", 1), ("y", 2)]),
    ("select a + 1, sum(c) from t group by a + 1 order by a + 1 limit 1", [(2, 1.5)]),
    (
        "select b, grouping(b), grouping__id, count(*) from t where a < 3 group by b with rollup order by grouping__id, b",
        [("x", 0, 0, 1), ("y", 0, 0, 1), (None, 1, 1, 2)],
    ),
    (
        "select b, a, count(*) n from t where a = 1 group by b, a grouping sets ((b), (a), ()) order by b, a, n",
        [(None, None, 1), (None, 1, 1), ("x", None, 1)],
    ),
    (
        "select b, a, grouping_id(b, a) from t where a = 1 group by cube (b, a) order by grouping_id(b, a)",
        [("x", 1, 0), ("x", None, 1), (None, 1, 2), (None, None, 3)],
    ),
    (
        "select b, row_number() over (partition by a % 2 order by a desc) rn from t qualify rn = 1 order by b",
        [(None, 1), ("y", 1)],
    ),
    (
        "select a, sum(a) over w from t window w as (order by a rows between 1 preceding and current row) order by a",
        [(1, 1), (2, 3), (3, 5)],
    ),
    ("select a, sum(sum(a)) over (order by a) from t group by a order by a", [(1, 1), (2, 3), (3, 6)]),
    (
        "select a, lag(a, 1, 0) over (order by a), first_value(b, true) over (order by a desc rows between unbounded preceding and unbounded following) from t order by a",
        [(1, 0, "y"), (2, 1, "y"), (3, 2, "y")],
    ),
    ("select `(arr|ts|a|c|d|e|f|m|s|n)?+.+` from t order by b", [(None,), ("x",), ("y",)]),
    ("select * except (d, e, f, arr, m, s, n, ts) replace (a * 10 as a) from t where a = 1", [(10, "x", 1.5)]),
    ("select distinct b from t order by b", [(None,), ("x",), ("y",)]),
    ("select a from t union select id from pt order by a desc limit 2", [(3,), (2,)]),
    ("select id from pt union all select id from pt order by id", [(1,), (1,), (2,), (2,)]),
    ("select a from t intersect select id from pt order by a", [(1,), (2,)]),
    ("select a from t minus select id from pt", [(3,)]),
    ("select 1 union all select 'a' order by _c0", [("1",), ("a",)]),
    ("select * from values (1, 'a'), (2L, null) v(x, y) order by x", [(1, "a"), (2, None)]),
    ("select (select max(id) from pt where id <= t.a) from t order by a", [(1,), (2,), (2,)]),
    ("select a from t where a in (select id from pt where v = 'a')", [(1,)]),
    ("select a from t where exists (select 1 from pt where pt.id = t.a) order by a", [(1,), (2,)]),
    ("select a from t where not exists (select 1 from pt where pt.id = t.a)", [(3,)]),
    ("select a from t where (a, b) in (select id, 'x' from pt)", [(1,)]),
    ("select a from t where a > (select avg(id) from pt) order by a", [(2,), (3,)]),
    ("with x as (select 1 a), y as (select a + 1 b from x) select * from x join y on x.a = y.b - 1", [(1, 2)]),
    ("with recursive r as (select 1 n union all select n + 1 from r where n < 4) select sum(n) from r", [(10,)]),
    ("@x := select a from t where a > 1; @n := 2; select count(*) from @x where a > @n", [(1,)]),
    ("select a, v from t lateral view explode(arr) l as v order by a, v", [(1, 1), (1, 2), (2, 3)]),
    (
        "select a, p, v from t lateral view outer posexplode(arr) l as p, v order by a, p",
        [(1, 0, 1), (1, 1, 2), (2, 0, 3), (3, None, None)],
    ),
    ("select a, k, v from t lateral view explode(m) l as k, v order by a", [(1, "k", 1), (2, "k", 2)]),
    (
        "select u, w from t lateral view explode(array(1, 2)) p as u lateral view explode(array(u * 10)) q as w where a = 1 order by u",
        [(1, 10), (2, 20)],
    ),
    ("select explode(arr) as v from t order by v", [(1,), (2,), (3,)]),
    ("select explode(map('p', 7)) as (k, v)", [("p", 7)]),
    (
        "select x, y from (select 1) one lateral view json_tuple('{\"a\":1,\"b\":\"z\"}', 'a', 'b') j as x, y",
        [("1", "z")],
    ),
    (
        "select col0, col1 from (select 1) one lateral view stack(2, 1, 'a', 2, 'b') s order by col0",
        [(1, "a"), (2, "b")],
    ),
    (
        "select q, r from (select 1) one lateral view inline(array(struct(1, 'a'), struct(2, 'b'))) s as q, r order by q",
        [(1, "a"), (2, "b")],
    ),
    ("select trans_array(1, ',', 'k', 'a,b') as (k, v) order by v", [("k", "a"), ("k", "b")]),
    ("select s.x, t.s.y, m['k'], arr[0], arr[9], arr[a] from t where a = 1", [(1, "u", 1, 1, None, 2)]),
    ("select transform(arr, x -> x + a), filter(arr, x -> x > 1) from t where a = 1", [([2, 3], [2])]),
    (
        "select case b when 'x' then 1 when 'y' then 2 end, case when a = 1 then 'one' else a end from t order by a",
        [(1, "one"), (2, "2"), (None, "3")],
    ),
    (
        "select e + interval '1' month, e - interval '3' day, add_months(e, 1) from t where a = 1",
        [(dt.date(2020, 2, 1), dt.date(2019, 12, 29), "2020-02-01")],
    ),
    (
        "select cast(f + interval '2' hour as string), f - interval '1' day < f from t where a = 1",
        [("2020-01-01 12:00:00", True)],
    ),
    (
        "select cast(ts as string), cast(ts + interval '1' day as string) from t where a = 1",
        [("2020-01-01 00:00:00.000000001", "2020-01-02 00:00:00.000000001")],
    ),
    (
        "select date '2020-03-01' - date '2020-02-01' = interval '29' day, interval '1-2' year to month = interval '14' month",
        [(True, True)],
    ),
    ("select a from t distribute by a sort by a desc limit 1", [(3,)]),
    ("select a from t order by a limit 1 offset 1", [(2,)]),
    ("select key from vv", [(1,)]),
    ("with scan_1 as (select a from t where a = 1) select x.a, y.a from scan_1 x join scan_1 y on x.a = y.a", [(1, 1)]),
    ("select scan_2.a, scan_1.id from t scan_2 join pt scan_1 on scan_2.a = scan_1.id where id = 1", [(1, 1)]),
    ("select w.v from vw w join t on w.key = t.a", [("a",)]),
    (
        "select count(*), count(b), count(distinct b), count(distinct a % 2, b), sum(a) filter (where a > 1) from t",
        [(3, 2, 2, 2, 5)],
    ),
    ("select wm_concat(';', b) within group (order by b desc) from t", [("y;x",)]),
    ("select a, a, b as a from t where a = 1", [(1, 1, "x")]),
    (
        "select b like 'x%', b rlike '[x-z]', b in ('x', null), b not in ('z'), b is null, a between 1 and 1 from t where a = 1",
        [(True, True, True, True, False, True)],
    ),
    ("select a <=> null, null <=> null, b is distinct from 'x' from t where a = 1", [(False, True, False)]),
    ("select a & 1, a | 4, a ^ 1, ~a from t where a = 2", [(0, 6, 3, -3)]),
    ("select concat(b, 1), b || 'q' from t where a = 1", [("x1", "xq")]),
    (
        "select n / 3, n % 3, n div 3, -n, n + 1L, n * 1.5 from t where a = 1",
        [(pytest.approx(10 / 3), 1, 3, -10, 11, 15.0)],
    ),
    (
        "select d * 2, d / 4, d + 1, d * 1.5, d > 10.2 from t where a = 1",
        [(Decimal("20.50"), Decimal("2.5625"), Decimal("11.25"), Decimal("15.375"), True)],
    ),
]


@pytest.mark.parametrize(("text", "rows"), CASES, ids=[c[0] for c in CASES])
def test_rows(house: House, text: str, rows: list[tuple[Any, ...]]) -> None:
    assert house.query(text) == rows


NAMES = [
    ("select 1, a + 1, A, b as Mixed, s.x, max(a) over () from t", ["_c0", "_c1", "a", "mixed", "x", "_c5"]),
    ("select a, a, b a from t", ["a", "_c1", "_c2"]),
    ("select * from (select 1, 2) q", ["_c0", "_c1"]),
    ("select x.*, y.id from pt x join pt y on x.id = y.id", ["id", "v", "ds", "_c3"]),
]


@pytest.mark.parametrize(("text", "names"), NAMES, ids=[c[0] for c in NAMES])
def test_output_names(house: House, text: str, names: list[str]) -> None:
    bound = house.bind(text)
    assert isinstance(bound, BoundQuery)
    assert [c.name for c in bound.columns] == names


TYPES = [
    ("1", "int"),
    ("3000000000", "bigint"),
    ("1L", "bigint"),
    ("1Y", "tinyint"),
    ("1.5", "double"),
    ("1.50BD", "decimal(3,2)"),
    ("'a'", "string"),
    ("null", "string"),
    ("date '2020-01-01'", "date"),
    ("datetime '2020-01-01 00:00:00'", "datetime"),
    ("1 / 2", "double"),
    ("1 + 1L", "bigint"),
    ("1Y + 1", "int"),
    ("cast(1 as decimal(10,2)) * cast(1 as decimal(10,3))", "decimal(21,5)"),
    ("cast(1 as decimal(10,2)) + cast(1 as decimal(10,3))", "decimal(12,3)"),
    ("cast(1 as decimal(38,18)) * cast(1 as decimal(38,18))", "decimal(38,6)"),
    ("sum(1)", "bigint"),
    ("sum(1.5BD)", "decimal(38,1)"),
    ("avg(1)", "double"),
    ("avg(cast(1 as decimal(10,2)))", "decimal(14,6)"),
    ("count(*)", "bigint"),
    ("array(1, 2L)", "array<bigint>"),
    ("map('a', 1)", "map<string,int>"),
    ("named_struct('x', 1, 'y', 'a')", "struct<x:int,y:string>"),
    ("if(true, 1, 2.5)", "double"),
    ("coalesce(1, 'a')", "string"),
    ("dateadd(date '2020-01-01', 1, 'dd')", "date"),
    ("getdate()", "datetime"),
    ("year(getdate())", "int"),
    ("interval '1' day", "interval_day_time"),
    ("cast('a' as char(3))", "char(3)"),
]


@pytest.mark.parametrize(("text", "type_"), TYPES, ids=[c[0] for c in TYPES])
def test_types(house: House, text: str, type_: str) -> None:
    bound = house.bind(f"select {text}")
    assert isinstance(bound, BoundQuery)
    assert str(bound.columns[0].type) == type_
    house.run(bound)


ERRORS = [
    (
        "select arr_d from t",
        "ODPS-0130071:[1,8] Semantic analysis exception - column arr_d cannot be resolved, did you mean arr?",
    ),
    ("select a,\n  t.zz from t", "ODPS-0130071:[2,3] Semantic analysis exception - column t.zz cannot be resolved"),
    ("select 1 from ptt", "ODPS-0130131:[1,15] Table not found - table p.ptt cannot be resolved, did you mean pt?"),
    ("select 1 from q.pt", "ODPS-0130131:[1,15] Table not found - table q.pt cannot be resolved"),
    (
        "select id from pt x join pt y on x.id = y.id",
        "ODPS-0130071:[1,8] Semantic analysis exception - column id is ambiguous",
    ),
    (
        "select lenght('a')",
        "ODPS-0130071:[1,8] Semantic analysis exception - function lenght cannot be resolved, did you mean length?",
    ),
    (
        "select length('a', 2)",
        "ODPS-0130071:[1,8] Semantic analysis exception - function length cannot match any overloaded functions with (STRING,INT)",
    ),
    (
        "select my_udf(a) from t",
        "ODPS-0130121:[1,8] function my_udf is a user function; running user functions is not supported",
    ),
    ("select getenv('HOME')", "ODPS-0130121:[1,8]"),
    ("select duckdb_settings()", "ODPS-0130121:[1,8]"),
    ("select read_csv('/etc/passwd')", "ODPS-0130121:[1,8]"),
    (
        "select b, sum(a) from t",
        "ODPS-0130071:[1,8] Semantic analysis exception - column reference b should appear in GROUP BY key",
    ),
    ("select a from t group by b", "ODPS-0130071:[1,8]"),
    (
        "select a from t where sum(a) > 1",
        "ODPS-0130071:[1,23] Semantic analysis exception - an aggregate function cannot stand in WHERE",
    ),
    (
        "select a from t where rank() over (order by a) = 1",
        "ODPS-0130071:[1,23] Semantic analysis exception - a window function cannot stand in WHERE",
    ),
    ("select max(max(a)) from t", "ODPS-0130071:[1,12]"),
    (
        "select row_number() from t",
        "ODPS-0130071:[1,8] Semantic analysis exception - window function row_number needs OVER",
    ),
    (
        "select a from t where a",
        "ODPS-0130071:[1,23] Semantic analysis exception - expect a BOOLEAN expression in WHERE, not BIGINT",
    ),
    ("select a + true from t", "ODPS-0130071:[1,"),
    ("select a = arr from t", "ODPS-0130071:[1,"),
    ("select cast(a as date) from t", "ODPS-0130071:[1,8] Semantic analysis exception - cannot cast BIGINT to DATE"),
    (
        "select s.zz from t",
        "ODPS-0130071:[1,8] Semantic analysis exception - struct has no field zz, its fields are x, y",
    ),
    ("select a[0] from t", "ODPS-0130071:[1,8] Semantic analysis exception - BIGINT cannot be indexed"),
    ("select a from t union all select id, v from pt", "ODPS-0130071:[1,"),
    ("select a from t union all select arr from t", "ODPS-0130071:[1,"),
    ("select (select id, v from pt)", "ODPS-0130071:[1,"),
    ("select * from t x, t x", "ODPS-0130071:[1,"),
    ("select explode(arr), a from t", "ODPS-0130071:[1,8]"),
    ("select a from t lateral view length(b) l as x", "ODPS-0130071:[1,"),
    ("select * from loop_a", "ODPS-0130071:[1,"),
    (
        "select regexp_replace(b, '(', '') from t",
        "ODPS-0130071:[1,8] Semantic analysis exception - function regexp_replace: invalid regular expression",
    ),
    ("select distinct b from t order by a", "ODPS-0130071:[1,"),
    ("set odps.sql.validate.orderby.limit=true; select a from t order by a", "ODPS-0130071:[1,"),
    (
        "set odps.sql.allow.fullscan=false; select * from pt",
        "ODPS-0130071:[1,50] Semantic analysis exception - physical plan generation failed: Table(p.pt) is full scan",
    ),
    (
        "select max_pt('pt')",
        "ODPS-0130071:[1,8] Semantic analysis exception - function max_pt: table p.pt has no partition with data",
    ),
    ("select transform(arr, 1) from t", "ODPS-0130071:[1,8]"),
    (
        "select dateadd(e, 1, 'parsec') from t",
        "ODPS-0130071:[1,8] Semantic analysis exception - function dateadd: 'parsec' is no part of a date",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[c[0] for c in ERRORS])
def test_errors_name_the_thing_and_its_place(house: House, text: str, message: str) -> None:
    house.functions = {"my_udf"}
    with pytest.raises(Fault) as caught:
        house.bind(text)
    assert str(caught.value).startswith(message), str(caught.value)


def test_only_needed_columns_are_scanned(house: House) -> None:
    bound = house.bind("select b from t where a > 1")
    assert isinstance(bound, BoundQuery)
    (scan,) = bound.scans.values()
    assert [c.name for c in scan.columns] == ["a", "b"]


def test_counting_rows_scans_one_narrow_column(house: House) -> None:
    bound = house.bind("select count(*) from t")
    assert isinstance(bound, BoundQuery)
    (scan,) = bound.scans.values()
    assert [c.name for c in scan.columns] == ["a"]


def test_a_view_asks_for_rights_on_itself_only(house: House) -> None:
    bound = house.bind("select v.key, t.a from vw v join t on v.key = t.a")
    assert isinstance(bound, BoundQuery)
    assert [t.name for t in bound.tables] == ["vw", "t"]
    assert {s.table.name.name for s in bound.scans.values()} == {"pt", "t"}


def test_unused_names_of_with_scan_nothing(house: House) -> None:
    bound = house.bind("with u as (select * from pt) select a from t")
    assert isinstance(bound, BoundQuery)
    assert [s.table.name.name for s in bound.scans.values()] == ["t"]


def test_a_condition_on_a_column_stays_a_plain_filter(house: House) -> None:
    """Columns are not cast, so that conditions reach the scan."""
    bound = house.bind(
        "select a from t where e >= '2020-01-15' and d > 10.5 and a = '2' and n > 3L and f < '2021-01-01 00:00:00'"
    )
    assert isinstance(bound, BoundQuery)
    assert "CAST" not in bound.sql.partition("WHERE")[2].replace("CAST(3 AS BIGINT)", "3")
    assert "mc_" not in bound.sql
