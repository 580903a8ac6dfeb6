"""Queries as users write them: each is read, into known nodes only, with places, and reads back to the same tree."""

from __future__ import annotations

import pytest
from sqlglot import exp

from taskhouse.domain.faults import Place
from taskhouse.sql.dialect import ALLOWED_NODES, place_of, type_of
from taskhouse.sql.parser import parse_one
from taskhouse.sql.statements import Query

READ = [
    "select 1",
    "select 1, 'a', \"b\", null, true, false, 1.5, .5, 1e3, -2, +3, ~4",
    "select 1Y, 1S, 1L, 1.1F, 2D, 3.5BD, 0.05BD, 100BD",
    "select date'2024-01-01', datetime '2024-01-01 00:00:00', timestamp '2024-01-01 00:00:00.123456789', timestamp_ntz '2024-01-01 00:00:00'",
    "select interval '1' day, interval 3 months, interval '1-2' year to month, interval '1 2:3:4' day to second, interval -1 hour",
    "select interval x day from t",
    "select a.b, t.*, p.t.c, s.f.g.h.i from p.t",
    "select a + b - c * d / e % f div g, a || b || c, a & b | c ^ d from t",
    "select a = b, a == b, a <> b, a != b, a < b, a <= b, a > b, a >= b, a <=> b from t",
    "select a and b or c and not d, !e, not not f from t",
    "select a is null, a is not null, a is true, a is not false, a is distinct from b, a is not distinct from b from t",
    "select a in (1, 2), a not in ('x'), (a, b) in ((1, 2), (3, 4)), a in (select x from u), a not in ((select 1) union (select 2)) from t",
    "select a between 1 and 2 and b not between c and d + 1 from t",
    "select a like 'x%', a not like 'x\\\\%' , a like 'x!%' escape '!', a rlike '^x', a not regexp 'y$', a like any ('a', 'b'), a like all ('c') from t",
    "select case when a then b when c then d else e end, case a when 1 then 'x' end from t",
    "select cast(a as bigint), cast(a as decimal(10, 2)), cast(a as map<string, array<struct<x:int, `y z`:string>>>), cast(a as varchar(10)) from t",
    "select count(*), count(1), count(distinct a), count(distinct a, b), sum(all a), count(t.*) from t",
    "select if(a, b, c), coalesce(a, b), nvl(a, 0), concat_ws(',', a, b), left(a, 1), right(a, 2), substr(a, 1, 2) from t",
    "select extract(year from d), trim(a), trim(both 'x' from a), trim(leading from a), trim(a, 'x'), substring(a from 1 for 2), substring(a, 2) from t",
    "select row_number() over (partition by a order by b desc nulls last, c) from t",
    "select sum(a) over (order by b rows between unbounded preceding and current row), avg(a) over (partition by b range between 1 preceding and 2 following) from t",
    "select sum(a) over (order by b rows 3 preceding), sum(a) over (order by b groups between current row and unbounded following exclude current row) from t",
    "select first_value(a) ignore nulls over (order by b), last_value(a) respect nulls over (order by b), lag(a ignore nulls) over (order by b) from t",
    "select sum(a) over w from t window w as (partition by b order by c)",
    "select wm_concat(distinct ',', a) within group (order by b), sum(a) filter (where b > 1), collect_list(a order by b) from t",
    "select rank() over (distribute by a sort by b) from t",
    "select a[0], a[b + 1].c, m['k'], f(x)[1].y, named_struct('a', 1).a from t",
    "select transform(a, x -> x + 1), filter(a, (x) -> x > 1), aggregate(a, 0, (s, x) -> s + x) from t",
    "select udf_project:my_func(a), udf_project.my_func(a), p.s.my_func(a, b) from t",
    "select `select`, `a b`, t.`from` from `table` t",
    "select `(ds|pt)?+.+` from t",
    "select * except (a, b), t.* except (c) from t",
    "select * replace (a + 1 as a) from t",
    "select a b, c as d, e `f g`, 中文 as 名字 from 表",
    "select explode(a) as (k, v) from t",
    "select id, desc, asc, limit, minus, rlike, regexp, over, sort, offset, date, timestamp, comment, end_, window from t order by desc desc, asc",
    "select t.desc, t.from_, a as desc from t",
    "select current_date, current_timestamp, current_timestamp(), t.current_date from t",
    "select rank() over (partition by (a, b) order by c) from t distribute by (a, b)",
    "select distinct a, b from t",
    "select all a from t",
    "select /*+ mapjoin(a, b), skewjoin(c(d)) */ a.x from a join b on a.x = b.x",
    "select a -- a comment\n , /* another */ b from t",
    "select a from p.t, p:u, p.s.v w",
    "select * from t tablesample (10 percent) s, u tablesample (5 rows), v tablesample (bucket 1 out of 4 on x) repeatable (3)",
    "select * from a join b on a.x = b.x left outer join c using (y, z) right join d on true full outer join e on e.x = a.x cross join f natural join g",
    "select * from a left semi join b on a.x = b.x left anti join c on a.x = c.x semi join d on a.x = d.x anti join e on a.x = e.x inner join f",
    "select * from (a join b on a.x = b.x) join (select 1 y) c",
    "select * from (select 1 x union all select 2) t",
    "select * from ((select 1 x) union (select 2)) t",
    "select * from ((select 1 x) a join (select 2 y) b on a.x = b.y)",
    "select x, y from t lateral view explode(a) e as x lateral view outer posexplode(b) f as i, y where x > 1",
    "select x from t lateral view explode(a) e as x join u on u.y = e.x",
    "select x from t lateral view json_tuple(j, 'a', 'b') e as a, b lateral view inline(s) f",
    "select a, count(*) from t where b > 1 group by a having count(*) > 1 order by a limit 10",
    "select a, b, sum(c) from t group by a, b grouping sets ((a, b), (a), ())",
    "select a, b, sum(c) from t group by grouping sets ((a, b), a), c",
    "select a, b, sum(c) from t group by cube(a, b)",
    "select a, b, sum(c) from t group by rollup(a, (b, c)), d",
    "select a, b, sum(c) from t group by a, b with cube",
    "select a, b, sum(c) from t group by a, b with rollup",
    "select a, sum(c) from t group by all",
    "select a from t qualify row_number() over (partition by a order by b) = 1",
    "select a from t order by a limit 10 offset 5",
    "select a from t order by a desc limit 5, 10",
    "select a from t distribute by a sort by b desc",
    "select a from t cluster by a",
    "select 1 union all select 2 union all select 3 union select 4 order by 1 limit 2",
    "select 1 intersect select 2 union select 3 except all select 4 minus select 5",
    "(select 1) union all (select 2 order by 1 limit 1)",
    "((select 1))",
    "(select a from t) order by a limit 1",
    "with a as (select 1 x), b (y) as (select x from a) select * from a join b on a.x = b.y",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r",
    "select * from t where exists (select 1 from u where u.x = t.x) and x = (select max(y) from v)",
    "select * from values (1, 'a'), (2, 'b') as t(a, b)",
    "select * from values (1, 'a'), (2, 'b') t(a, b)",
    "select * from (values (1), (2)) t(a)",
    "values (1, 2), (3, 4)",
    "from t select a where b = 1 group by a",
    "from (select 1 x) a join b on a.x = b.x select a.x",
    "select * from t where ds = max_pt('p.t')",
    "select * from 2024_report where `7d` > 1",
    "select 'it''s', 'a' 'b'",
    "select ((((1 + 2))) * 3)",
    "select -(-1), - - 1, a - -1 from t",
]


def tree(text: str) -> exp.Expression:
    statement = parse_one(text)
    assert isinstance(statement, Query)
    return statement.query


@pytest.mark.parametrize("text", READ)
def test_read(text: str) -> None:
    query = tree(text)
    assert isinstance(query, exp.Select | exp.SetOperation)
    assert {type(node) for node in query.walk()} <= ALLOWED_NODES


@pytest.mark.parametrize("text", READ)
def test_every_node_knows_its_place(text: str) -> None:
    lines = text.splitlines()
    for node in tree(text).walk():
        place = place_of(node)
        assert place is not None
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1])
        if isinstance(node, exp.Identifier) and not node.name.startswith("_"):
            there = lines[place.line - 1][place.column - 1 :]
            assert there.startswith(("`" + node.name, node.name))


@pytest.mark.parametrize("text", [text for text in READ if "tablesample" not in text and "like '" not in text])
def test_what_is_printed_reads_back_to_the_same_tree(text: str) -> None:
    printed = tree(text).sql("hive")
    assert tree(printed).sql("hive") == printed


def printed(text: str) -> str:
    return tree("select " + text + " from t").expressions[0].sql("hive")


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a or b and c", "a or (b and c)"),
        ("not a = b and c", "(not (a = b)) and c"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a || b + c", "a || (b + c)"),
        ("a | b & c", "a | (b & c)"),
        ("a & b + c", "a & (b + c)"),
        ("-a * b", "(-a) * b"),
        ("a = b + 1 or c", "(a = (b + 1)) or c"),
        ("a between b and c or d", "(a between b and c) or d"),
        ("a in (1) and b", "(a in (1)) and b"),
        ("a like b || c", "a like (b || c)"),
        ("a is null = b", "(a is null) = b"),
    ],
)
def test_ranks_of_operators(text: str, grouped: str) -> None:
    def bare(source: str) -> exp.Expression:
        found = tree("select " + source + " from t").expressions[0]
        for paren in list(found.find_all(exp.Paren)):
            paren.replace(paren.this)
        return found

    assert bare(text) == bare(grouped)


def test_intersect_binds_tighter_than_union() -> None:
    query = tree("select 1 union select 2 intersect select 3")
    assert isinstance(query, exp.Union)
    assert isinstance(query.expression, exp.Intersect)


def test_clauses_after_a_set_operation_belong_to_the_whole() -> None:
    query = tree("select 1 a union all select 2 order by a limit 1")
    assert isinstance(query, exp.Union)
    assert query.args["order"] is not None
    assert query.args["limit"] is not None
    assert query.expression.args.get("limit") is None


def test_null_is_the_smallest_value_unless_written_otherwise() -> None:
    order = tree("select a from t order by a, b desc, c nulls last, d desc nulls first").args["order"]
    assert [(item.args["desc"], item.args["nulls_first"]) for item in order.expressions] == [
        (False, True),
        (True, False),
        (False, False),
        (True, True),
    ]


@pytest.mark.parametrize(
    ("literal", "type_text", "value"),
    [
        ("1Y", "tinyint", "1"),
        ("1S", "smallint", "1"),
        ("9223372036854775807L", "bigint", "9223372036854775807"),
        ("1.1F", "float", "1.1"),
        ("2d", "double", "2"),
        ("3.50BD", "decimal(3,2)", "3.50"),
        ("0.05BD", "decimal(2,2)", "0.05"),
        ("date'2024-01-01'", "date", "2024-01-01"),
        ("DATETIME '2024-01-01 01:02:03'", "datetime", "2024-01-01 01:02:03"),
        ("timestamp'2024-01-01 01:02:03.5'", "timestamp", "2024-01-01 01:02:03.5"),
    ],
)
def test_typed_literals(literal: str, type_text: str, value: str) -> None:
    cast = tree(f"select {literal}").expressions[0]
    assert isinstance(cast, exp.Cast)
    assert str(type_of(cast.args["to"])) == type_text
    assert cast.this.this == value


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'a\'b'", "a'b"),
        (r'"a\"b"', 'a"b'),
        (r"'a\\b'", "a\\b"),
        (r"'\t\n\r\b\Z\0'", "\t\n\r\b\x1a\0"),
        (r"'\001\101'", "\x01A"),
        (r"'中\u0041'", "中A"),
        (r"'\ud83d\ude00'", "😀"),
        (r"'\ud83d'", "?"),
        (r"'\d\;'", "d;"),
        (r"'100\%'", r"100\%"),
        (r"'\\d+'", r"\d+"),
        ("'a' 'b'\n\"c\"", "abc"),
        ("'--no comment /* */'", "--no comment /* */"),
        ("''", ""),
    ],
)
def test_strings(literal: str, value: str) -> None:
    assert tree(f"select {literal}").expressions[0].this == value


def test_functions_stay_calls_as_written() -> None:
    call = tree("select Date_Add(a, 1), COUNT(*) from t").expressions
    assert [(type(node), node.this) for node in call] == [(exp.Anonymous, "Date_Add"), (exp.Anonymous, "COUNT")]


def test_lateral_views_before_a_join_stay_with_their_relation() -> None:
    query = tree("select 1 from t lateral view explode(a) e as x join u on true lateral view explode(b) f as y")
    assert [view.alias for view in query.args["from_"].this.args["laterals"]] == ["e"]
    assert [view.alias for view in query.args["laterals"]] == ["f"]


def test_grouping_sets_after_a_list_replace_it() -> None:
    group = tree("select a, b from t group by a, b grouping sets ((a), (b))").args["group"]
    assert [type(item) for item in group.expressions] == [exp.GroupingSets]
    group = tree("select a, b from t group by a, b with rollup").args["group"]
    assert group.sql("hive").strip() == "GROUP BY ROLLUP (a, b)"


def test_long_chains_make_shallow_trees() -> None:
    for text in (
        "select " + " or ".join(f"a = {i}" for i in range(5_000)) + " from t",
        "select " + " || ".join("a" for _ in range(5_000)) + " from t",
        " union all ".join("select 1" for _ in range(2_000)),
        " union ".join("select 1" for _ in range(1_000)),
    ):
        query = tree(text)
        depth = max(node.depth for node in query.walk() if isinstance(node, exp.Literal | exp.Column))
        assert depth < 30


def test_unions_of_both_kinds_go_from_left_to_right() -> None:
    query = tree("select 1 union all select 2 union select 3 union all select 4")
    assert isinstance(query, exp.Union)
    assert (query.args["distinct"], query.this.args["distinct"], query.this.this.args["distinct"]) == (
        False,
        True,
        False,
    )


def test_union_all_keeps_its_order() -> None:
    query = tree(" union all ".join(f"select {i}" for i in range(7)))
    assert query.sql("hive") == " UNION ALL ".join(f"SELECT {i}" for i in range(7))


def test_a_string_in_double_quotes_is_an_alias_after_a_value() -> None:
    query = tree('select a "x y", b as "z", explode(c) as ("k", v), "text" from t "u"')
    assert query.sql("hive") == "SELECT a AS `x y`, b AS `z`, EXPLODE(c) AS (`k`, v), 'text' FROM t AS `u`"


def test_lists_in_parentheses_are_lists() -> None:
    window = tree("select rank() over (partition by (a, b)) from t").expressions[0]
    assert [node.sql() for node in window.args["partition_by"]] == ["a", "b"]


def test_places_count_lines_and_columns_from_one() -> None:
    query = tree("select a,\n  /* x\n y */ f(b) \n from t")
    call = query.expressions[1]
    assert place_of(call) == Place(3, 7)
    assert place_of(call.expressions[0]) == Place(3, 9)
    assert place_of(query.args["from_"].this) == Place(4, 7)
