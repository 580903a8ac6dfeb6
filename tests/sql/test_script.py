"""Several statements in one text, and script variables."""

from __future__ import annotations

import pytest

from taskhouse.domain.faults import Fault, Place
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import CreateTableAs, Insert, MultiInsert, Query, SetFlag


def queries(text: str) -> list[str]:
    return [
        statement.query.sql("hive")
        for statement in parse(text)
        if isinstance(statement, Query | Insert | CreateTableAs)
    ]


def test_statements_are_cut_outside_of_strings_and_comments() -> None:
    found = parse("set a=b;;\n select ';' as `x;y` -- ;\n /* ; */ from t ;\n\n  select 2")
    assert [(statement.place, statement.text) for statement in found] == [
        (Place(1, 1), "set a=b"),
        (Place(2, 2), "select ';' as `x;y` -- ;\n /* ; */ from t"),
        (Place(5, 3), "select 2"),
    ]
    assert isinstance(found[0], SetFlag)


def test_places_are_of_the_whole_text() -> None:
    with pytest.raises(Fault) as caught:
        parse("select 1;\nselect 2;\n  select from")
    assert caught.value.place == Place(3, 10)
    assert str(caught.value) == "ODPS-0130161:[3,10] Parse exception - invalid token 'from', expect an expression"


def test_a_table_variable_becomes_a_common_table_expression() -> None:
    assert queries("@a := select 1 x; select * from @a; insert into t select y.x from @A y") == [
        "WITH `@a` AS (SELECT 1 AS x) SELECT * FROM `@a` AS `a`",
        "WITH `@a` AS (SELECT 1 AS x) SELECT y.x FROM `@a` AS y",
    ]


def test_only_what_is_used_is_carried_in_order_and_once() -> None:
    script = """
        @a := select 1 x;
        @b := select * from @a join @a c on a.x = c.x;
        @unused := select 9;
        @c := select * from @b union all select * from @a;
        with own as (select 3) select * from @c, own;
    """
    (query,) = queries(script)
    assert [part.split(" ")[0] for part in query.split("WITH ", 1)[1].split(" AS (")[0:1]] == ["`@a`"]
    for name in ("`@a` AS (", "`@b` AS (", "`@c` AS (", "own AS ("):
        assert query.count(name) == 1
    assert query.index("`@a` AS (") < query.index("`@b` AS (") < query.index("`@c` AS (") < query.index("own AS (")
    assert "unused" not in query


def test_a_variable_is_seen_inside_subqueries_and_writes() -> None:
    found = parse(
        "@a := select 1 x;\n"
        "create table t as select (select max(x) from @a) m;\n"
        "from @a insert into t select x insert into u select x + 1;\n"
    )
    assert isinstance(found[0], CreateTableAs)
    assert found[0].query.sql("hive").startswith("WITH `@a` AS (")
    assert isinstance(found[1], MultiInsert)
    assert all(insert.query.sql("hive").startswith("WITH `@a` AS (") for insert in found[1].inserts)


def test_the_name_of_a_table_variable_qualifies_its_columns() -> None:
    (query,) = queries("@a := select 1 x; @b := select 1 x; select a.x, @b.x from @a join @b on @a.x = b.x")
    assert query.endswith("SELECT a.x, b.x FROM `@a` AS `a` JOIN `@b` AS `b` ON a.x = b.x")


def test_single_values_stand_in_their_places() -> None:
    script = "@n bigint := 7; @d := '20240101'; @m := @n + 1; select @m * 2 from t where ds = @d"
    assert queries(script) == [
        "SELECT ((CAST(7 AS bigint)) + 1) * 2 FROM t WHERE ds = ('20240101')",
    ]
    (write,) = parse("@d := '20240101'; insert overwrite table t partition (ds=@d, h) select 1, 2")
    assert isinstance(write, Insert)
    assert write.partition == (("ds", "20240101"), ("h", None))


def test_a_variable_may_name_another() -> None:
    assert queries("@a := select 1; @b := @a; select * from @b") == [
        "WITH `@b` AS (SELECT 1) SELECT * FROM `@b` AS `b`"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no statement"),
        (" ;; -- nothing\n/* at all */ ;", "no statement"),
        ("@a := select 1;", "only variables"),
        ("select * from @a", "table variable @a is not defined"),
        ("select @a", "variable @a is not defined"),
        ("@a := 1; select * from @a", "table variable @a is not defined"),
        ("@a := 1; @A := 2; select 1", "variable @a is defined already"),
        ("@a := select * from @a; select 1", "table variable @a is not defined"),
        ("@a select 1", "expect ':='"),
        ("@a := select 1 x x; select 1", "expect the end of the statement"),
        ("if (1 = 1) begin select 1; end", "IF is not supported"),
        ("loop", "LOOP is not supported"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(Fault, match=message):
        parse(text)


def test_doubling_a_value_again_and_again_ends() -> None:
    script = "@v0 := 1 + 1;" + "".join(f"@v{i + 1} := @v{i} + @v{i};" for i in range(60)) + "select @v60"
    with pytest.raises(Fault, match="is too large"):
        parse(script)


def test_doubling_a_table_again_and_again_stays_small() -> None:
    script = (
        "@v0 := select 1 x;"
        + "".join(f"@v{i + 1} := select * from @v{i} union all select * from @v{i};" for i in range(60))
        + "select * from @v60"
    )
    (query,) = queries(script)
    assert query.count("UNION ALL") == 60


def test_carrying_many_variables_many_times_ends() -> None:
    script = "@v0 := select 1 x;" + "".join(f"@v{i + 1} := select * from @v{i};" for i in range(200))
    parse(script + "select * from @v200;" * 10)
    with pytest.raises(Fault, match="used too often"):
        parse(script + "select * from @v200;" * 300)


def test_limits_of_a_text() -> None:
    with pytest.raises(Fault, match="10000 statements"):
        parse("select 1;" * 10_001)
    with pytest.raises(Fault, match="more than 20"):
        parse("select 1 as a_long_name", max_bytes=20)
    with pytest.raises(Fault, match="256 variables"):
        parse("".join(f"@v{i} := {i};" for i in range(257)) + "select 1")
