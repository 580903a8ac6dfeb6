"""Where MaxCompute differs silently from what an engine would do by itself: each with the value MaxCompute gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.sql.house import House


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    made.table("n", "x bigint, s string", "(2,'b'),(NULL,NULL),(1,'a')")
    made.table("w", "v decimal(18,2), u decimal(18,2)", "(99999999999999.99, 99999999999.99)")
    made.table("l", "v decimal", "(12345.678)")
    made.table("ch", "c char(5), v varchar(3)", "('ab   ', 'xyz')")
    return made


VALUES: list[tuple[str, Any]] = [
    # NULL is the smallest value.
    ("(select collect_list(x) from (select x from n order by x limit 3) q)", [1, 2]),
    ("least(1, NULL)", None),
    ("greatest(1, NULL)", 1),
    # Division.
    ("7 / 2", 3.5),
    ("7L / 2L", 3.5),
    ("7 div 2", 3),
    ("1 / 0", None),
    ("1 % 0", None),
    ("1.5 / 0", None),
    ("cast(1 as decimal(10,2)) / 0", None),
    ("cast(1 as decimal(10,2)) / 3", Decimal("0.333333")),
    ("cast(2 as decimal(15,2)) / cast(3 as decimal(15,2))", Decimal("0.666666666666666667")),
    ("cast(-1 as decimal(10,0)) / 8", Decimal("-0.125")),
    # Text beside numbers counts as DOUBLE.
    ("'10' = 10.0", True),
    ("'10.0' = 10", True),
    ("concat('1', '0') > 9", True),
    ("'abc' = 0", None),
    ("'1' + '2'", 3.0),
    ("concat('2', '') * 3", 6.0),
    # Rows IN a correlated subquery, with NULLs.
    (
        "(select wm_concat('', s) within group (order by s) from n where (x, s) in (select m.x, m.s from n m where m.s = n.s))",
        "ab",
    ),
    ("(select count(*) from n where (x, s) not in (select m.x, m.s from n m where m.s = n.s))", 1),
    ("(select count(*) from n where ((x, s) in (select m.x, n.s from n m)) is null)", 1),
    # Times in JSON are written as everywhere else.
    (
        "to_json(named_struct('d', datetime'2024-01-01 00:00:00', 'a', array(date'2024-02-29', null), 'b', cast('x' as binary)))",
        '{"d":"2024-01-01 00:00:00","a":["2024-02-29",null],"b":"x"}',
    ),
    ("json_format(json_object('t', timestamp'2024-01-01 00:00:00.5', 'n', 1))", '{"t":"2024-01-01 00:00:00.5","n":1}'),
    ("to_json(map('k', named_struct('x', cast(null as datetime))))", '{"k":{"x":null}}'),
    # JSON in place.
    ("""json'{"a":{"b":[1,2]}}'.a.b[1]""", "2"),
    ("""cast(json '{"A b":"x"}'['A b'] as string)""", "x"),
    # Whole numbers as a moment are seconds.
    ("cast(cast(1700000000L as timestamp) as string)", "2023-11-15 06:13:20"),
    # Patterns of dates count digits.
    ("to_date('2025112', 'yyyymmdd')", None),
    ("to_date(concat('2025', '112'), 'yyyymmdd')", None),
    ("to_date(' 20250112', 'yyyymmdd')", None),
    ("to_date('Alibaba2025-12*3', 'Alibabayyyy-mm*dd')", None),
    ("to_date('2025-24-01', 'yyyy')", None),
    ("to_date('1234-2234', 'yyyy-yyyy')", None),
    ("to_date('25-01-01', 'yy-mm-dd')", None),
    ("cast(to_date('20251030 15-13-12.345', 'yyyymmdd hh-mi-ss.ff3') as string)", "2025-10-30 15:13:12"),
    ("cast(to_date('2025-09-24T13:39:34.119Z', 'yyyy-MM-ddTHH:mi:ss.ff3Z') as string)", "2025-09-24 13:39:34"),
    ("cast(to_date(concat('2025', '0112'), 'yyyymmdd') as string)", "2025-01-12 00:00:00"),
    ("isdate('2025-1-2', 'yyyy-mm-dd')", False),
    ("isdate(concat('2025', '0102'), 'yyyymmdd')", True),
    (r"regexp_replace('中文abc', '[\\u4e00-\\u9fa5]', '')", "abc"),
    ("-128Y", -128),
    ("+".join("x" for _ in range(300)).join(("(select sum(", ") from n)")), 900),
    ("cast(from_utc_timestamp('2017-08-01 00:00:00', 'PST') as string)", "2017-07-31 17:00:00"),
    ("cast(to_utc_timestamp('2017-08-01 08:00:00', 'GMT+8') as string)", "2017-08-01 00:00:00"),
    ("-32768S", -32768),
    ("-1L", -1),
    # Casts cut, they do not round.
    ("cast(1.6 as bigint)", 1),
    ("cast(-1.6 as bigint)", -1),
    ("cast('1.6' as bigint)", 1),
    ("cast(concat('2', '.5') as bigint)", 2),
    ("cast(cast(2.5 as decimal(10,1)) as bigint)", 2),
    ("cast('1e3' as bigint)", 1000),
    # Text that is no number: the number in front, else NULL.
    ("cast('123abc' as bigint)", 123),
    ("cast('12.7x' as bigint)", 12),
    ("cast('-' as bigint)", None),
    ("cast('' as bigint)", None),
    ("cast('1.5kg' as double)", 1.5),
    # Text as BOOLEAN: empty is false, all else true.
    ("cast('' as boolean)", False),
    ("cast('false' as boolean)", True),
    # Positions.
    ("substr('abc', 0)", ""),
    ("substr('abc', -5, 2)", ""),
    ("substr('abc', 2, -1)", ""),
    # NULL in joining text.
    ("concat('a', NULL)", None),
    ("concat_ws(',', 'a', NULL)", None),
    ("'a' || NULL", None),
    # Dates.
    ("datediff(datetime '2005-12-31 23:59:59', datetime '2006-01-01 00:00:00', 'dd')", -1),
    ("cast(dateadd(date '2005-01-31', 1, 'mm') as string)", "2005-02-28"),
    ("gettype(dateadd(date '2005-01-31', 1, 'dd'))", "date"),
    ("trunc_time(datetime '2020-05-06 07:08:09', 'month')", "2020-05"),
    ("weekday(date '2026-11-20')", 4),
    ("cast(to_date('20250610', 'yyyymmdd') as string)", "2025-06-10 00:00:00"),
    ("cast(cast('2020-01-01 10:20:30.456' as datetime) as string)", "2020-01-01 10:20:30"),
    ("cast('2014-1-9 12:12:12' as datetime)", None),
    ("date '2020-01-01' = '2020-01-01'", True),
    ("datetime '2020-01-01 00:00:00' = '2020-01-01 00:00:00'", True),
    ("date '2020-01-01' < datetime '2020-01-01 00:00:01'", True),
    # Integers.
    ("gettype(1)", "int"),
    ("gettype(2147483648)", "bigint"),
    ("gettype(sum(1L))", "bigint"),
    # Text forms.
    ("cast(1.0 as string)", "1.0"),
    ("cast(1.0E20 as string)", "1.0E20"),
    ("cast(1.0E-7 as string)", "1.0E-7"),
    ("cast(cast(12.340 as decimal(10,3)) as string)", "12.34"),
    ("cast(cast(100 as decimal(10,2)) as string)", "100"),
    ("cast(true as string)", "true"),
    ("cast(cast('2020-01-01 00:00:00.1' as timestamp) as string)", "2020-01-01 00:00:00.1"),
    # Arrays count from 0.
    ("array(10, 20)[0]", 10),
    ("array(10, 20)[1]", 20),
    ("array(10, 20)[2]", None),
    ("split('a,b', ',')[1]", "b"),
    ("sort_array(array(2, NULL, 1))", [None, 1, 2]),
    # LIKE.
    ("'a%b' like 'a\\\\%b'", True),
    ("'axb' like 'a\\\\%b'", False),
    ("'a_' like 'a\\\\_'", True),
    ("'a\\\\b' like 'a\\\\\\\\b'", True),
    # '' is not NULL.
    ("'' is null", False),
    ("length('')", 0),
    # JSON.
    ("get_json_object('not json', '$.a')", None),
    ("get_json_object('{\"a\":{\"b\":[10,20]}}', '$.a.b[1]')", "20"),
    # Regular expressions.
    ("regexp_extract('a123', '[[:alpha:]](\\\\d+)')", "123"),
    ("'abc' rlike '^a.c$'", True),
    # Intervals.
    ("cast(date '2020-01-31' + interval '1' month as string)", "2020-02-29"),
    ("cast(interval '3 12:30:11.134512345' day to second as string)", "3 12:30:11.134512345"),
    (
        "cast(timestamp '2020-01-31 00:00:00.000000001' + interval '0.000000002' second as string)",
        "2020-01-31 00:00:00.000000003",
    ),
    (
        "cast(timestamp '2020-01-02 00:00:00.000000003' - timestamp '2020-01-01 00:00:00.000000001' as string)",
        "1 00:00:00.000000002",
    ),
]


@pytest.mark.parametrize(("text", "wanted"), VALUES, ids=[v[0] for v in VALUES])
def test_value(house: House, text: str, wanted: Any) -> None:
    assert house.value(text) == wanted


def test_null_sorts_first_ascending_and_last_descending(house: House) -> None:
    assert house.query("select x from n order by x") == [(None,), (1,), (2,)]
    assert house.query("select x from n order by x desc") == [(2,), (1,), (None,)]
    assert house.query("select x from n order by x nulls last") == [(1,), (2,), (None,)]
    assert house.query("select x, rank() over (order by x) r from n order by r") == [(None, 1), (1, 2), (2, 3)]


def test_strict_mode_fails_on_text_that_is_no_number(house: House) -> None:
    with pytest.raises(duckdb.Error, match=r"ODPS-0123091:Illegal type cast - in function cast, value '123abc' cannot"):
        house.value("cast(concat('123abc', '') as bigint)", "set odps.function.strictmode=true;")


def test_integers_out_of_range_fail(house: House) -> None:
    with pytest.raises(duckdb.Error):
        house.value("cast(concat('300', '') as tinyint)")
    with pytest.raises(duckdb.Error):
        house.value("sum(y) from (select 9223372036854775807L y union all select 1L) q")


def test_substr_in_hive_mode_starts_at_one(house: House) -> None:
    assert house.value("substr('abc', 0, 2)", "set odps.sql.hive.compatible=true;") == "ab"


def test_greatest_in_hive_mode_passes_null_on(house: House) -> None:
    assert house.value("greatest(1, NULL)", "set odps.sql.hive.compatible=true;") is None


def test_literals_are_bigint_in_type_edition_one(house: House) -> None:
    assert house.value("gettype(1)", "set odps.sql.type.system.odps2=false;") == "bigint"


def test_group_by_number_is_a_constant_unless_switched_on(house: House) -> None:
    assert house.query("select count(*) from n group by 1") == [(3,)]
    flag = "set odps.sql.groupby.position.alias=true;"
    assert house.query(f"{flag} select x % 2, count(*) from n group by 1 order by count(*), x % 2") == [
        (None, 1),
        (0, 1),
        (1, 1),
    ]


def test_aggregates_over_order_run_by_rows_unless_hive_compatible(house: House) -> None:
    text = "select sum(k) over (order by z) from (select 1 k, 0 z union all select 2, 0) q"
    assert sorted(house.query(text)) in ([(1,), (3,)], [(2,), (3,)])
    assert house.query(f"set odps.sql.hive.compatible=true; {text}") == [(3,), (3,)]


def test_wide_products_of_decimals(house: House) -> None:
    """Narrow decimals are multiplied in 18 digits and fail when that is not enough; bound wide, they are exact."""
    house.wide = False
    with pytest.raises(duckdb.Error, match="Overflow in multiplication of DECIMAL"):
        house.query("select v * u from w")
    house.wide = True
    try:
        assert house.query("select v * u from w") == [(Decimal("9999999999998999000000000.0001"),)]
    finally:
        house.wide = False


def test_legacy_decimals_multiply(house: House) -> None:
    (row,) = house.query("select v * v, v + 1, v / 2 from l")
    assert row == (Decimal("152415765.279684"), Decimal("12346.678"), Decimal("6172.839"))


def test_char_is_padded_and_compares_without_blanks(house: House) -> None:
    assert house.query("select c = 'ab', length(c), v from ch") == [(True, 5, "xyz")]
    assert house.value("cast('ab' as char(4))") == "ab  "
    assert house.value("cast('abcdef' as varchar(4))") == "abcd"


def test_moments_follow_the_session_zone(house: House) -> None:
    text = "cast(from_unixtime(0) as string)"
    assert house.value(text) == "1970-01-01 08:00:00"
    house.time_zone = "America/New_York"
    try:
        assert house.value(text) == "1969-12-31 19:00:00"
        assert house.value("cast(cast('2020-07-01 12:00:00' as datetime) as string)") == "2020-07-01 12:00:00"
        assert house.value("hour(cast('2020-07-01 12:00:00' as datetime))") == 12
        assert house.value("unix_timestamp(datetime '1970-01-01 00:00:00')") == 18000
    finally:
        house.time_zone = "Asia/Shanghai"
