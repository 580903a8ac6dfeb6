"""ALTER TABLE and ALTER VIEW as values, and partition predicates."""

from __future__ import annotations

import pytest

from taskhouse.domain.catalogue import Clustering
from taskhouse.domain.datatypes import BIGINT, STRING
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql import statements as st
from taskhouse.sql.parser import parse_one
from taskhouse.sql.partition_filter import as_spec, columns_of, matches

PT1 = (("ds", "1"),)

CASES: list[tuple[str, type[st.Statement], dict[str, object]]] = [
    ("set lifecycle 9", st.SetLifecycle, {"days": 9}),
    ("set comment 'c\\'x'", st.SetTableComment, {"comment": "c'x"}),
    ("changeowner to 'ALIYUN$x'", st.ChangeOwner, {"owner": "ALIYUN$x"}),
    ("rename to `New`", st.RenameTable, {"new_name": "new"}),
    ("rename to p.new", st.RenameTable, {"new_name": "new"}),
    ("touch", st.TouchTable, {"partition": ()}),
    ("touch partition (ds='1')", st.TouchTable, {"partition": PT1}),
    ("partition (ds='1') touch", st.TouchTable, {"partition": PT1}),
    ("set tblproperties ('a'='b', 'c'='d')", st.SetProperties, {"properties": (("a", "b"), ("c", "d"))}),
    (
        "partition (ds='1') set partitionproperties('storagetier'='lowfrequency')",
        st.SetProperties,
        {"properties": (("storagetier", "lowfrequency"),), "partition": PT1},
    ),
    ("unset tblproperties if exists ('a', 'b')", st.UnsetProperties, {"names": ("a", "b"), "if_exists": True}),
    ("enable lifecycle", st.EnableLifecycle, {"enabled": True, "partition": ()}),
    ("partition (ds='1') disable lifecycle", st.EnableLifecycle, {"enabled": False, "partition": PT1}),
    ("not clustered", st.SetClustering, {"clustering": None}),
    (
        "range clustered by (`a`) sorted by (`a` asc) into 8 buckets",
        st.SetClustering,
        {"clustering": Clustering("range", ("a",), (("a", True),), 8)},
    ),
    ("add partition (ds='1')", st.AddPartitions, {"partitions": (PT1,), "if_not_exists": False}),
    (
        "add if not exists partition (ds='1') partition (ds='2'), partition (ds=3)",
        st.AddPartitions,
        {"partitions": (PT1, (("ds", "2"),), (("ds", "3"),)), "if_not_exists": True},
    ),
    (
        "partition (ds='1', h='a') rename to  partition (ds='2', h='b')",
        st.RenamePartition,
        {"partition": (("ds", "1"), ("h", "a")), "new": (("ds", "2"), ("h", "b"))},
    ),
    ("merge smallfiles", st.MergeSmallFiles, {"compact": "", "partition": ()}),
    ("partition (ds='1') merge smallfiles", st.MergeSmallFiles, {"partition": PT1}),
    ("partition (ds='1') compact minor -h 5 -f", st.MergeSmallFiles, {"compact": "minor", "partition": PT1}),
    ("compact major", st.MergeSmallFiles, {"compact": "major"}),
    ("drop columns a, `b`", st.DropColumns, {"columns": ("a", "b"), "if_exists": False}),
    ("drop column if exists a", st.DropColumns, {"columns": ("a",), "if_exists": True}),
    ("drop columns (a, b)", st.DropColumns, {"columns": ("a", "b")}),
    ("change column a rename to B", st.ChangeColumn, {"column": "a", "new_name": "b", "definition": None}),
    ("rename column a to b", st.ChangeColumn, {"column": "a", "new_name": "b"}),
    ("change column a comment 'x'", st.ChangeColumn, {"comment": "x", "new_name": None}),
    ("change column a null", st.ChangeColumn, {"nullable": True}),
    ("change a first", st.ChangeColumn, {"first": True, "definition": None}),
    ("change column a after b", st.ChangeColumn, {"after": "b"}),
    ("alter column a set default 1 + 2", st.ChangeColumn, {"default": "1 + 2"}),
    ("alter column a drop default", st.ChangeColumn, {"drop_default": True}),
]


@pytest.mark.parametrize(("action", "kind", "expected"), CASES)
def test_actions(action: str, kind: type[st.Statement], expected: dict[str, object]) -> None:
    text = f"ALTER TABLE p.`T` {action}"
    statement = parse_one(text + " ;")
    assert type(statement) is kind
    assert isinstance(statement, st.AlterTable)
    assert str(statement.table) == "p.t"
    assert not statement.view
    assert statement.text == text
    assert {name: getattr(statement, name) for name in expected} == expected


def test_add_columns() -> None:
    for text in (
        "alter table t add columns if not exists (\n  `a` bigint NOT NULL COMMENT 'x',\n  b string\n)",
        "alter table t add column if not exists a bigint not null comment 'x', b string",
    ):
        statement = parse_one(text)
        assert isinstance(statement, st.AddColumns)
        assert statement.if_not_exists
        assert [(c.name, c.type, c.nullable, c.comment) for c in statement.columns] == [
            ("a", BIGINT, False, "x"),
            ("b", STRING, True, ""),
        ]


def test_change_column_with_a_new_definition() -> None:
    statement = parse_one("alter table t change column a `b` string comment '' after c")
    assert isinstance(statement, st.ChangeColumn)
    assert statement.definition is not None
    assert (statement.new_name, statement.definition.type, statement.comment, statement.nullable) == (
        "b",
        STRING,
        "",
        None,
    )
    assert statement.after == "c"


def test_alter_view() -> None:
    statement = parse_one("alter view v as select 1 from t")
    assert isinstance(statement, st.AlterViewQuery)
    assert statement.query_text == "select 1 from t"
    assert isinstance(parse_one("alter view v select 1"), st.AlterViewQuery)
    statement = parse_one("alter view p.v rename to w")
    assert isinstance(statement, st.RenameTable)
    assert statement.view


def test_alter_materialized_view() -> None:
    statement = parse_one("alter materialized view p.v rebuild partition (ds > '1')")
    assert isinstance(statement, st.RebuildView)
    assert len(statement.partitions) == 1
    statement = parse_one("alter materialized view v disable rewrite")
    assert isinstance(statement, st.SetRewrite)
    assert not statement.enabled


def test_merge_partitions() -> None:
    statement = parse_one(
        "alter table t merge if exists partition (ds <= '2', h='a'), partition (ds='5') "
        "overwrite partition (ds='9', h='z') purge"
    )
    assert isinstance(statement, st.MergePartitions)
    assert statement.target == (("ds", "9"), ("h", "z"))
    assert (len(statement.filters), statement.if_exists, statement.purge) == (2, True, True)


@pytest.mark.parametrize(
    ("predicate", "kept"),
    [
        ("ds = '2'", ["2"]),
        ("ds < '2'", ["1", "10"]),
        ("'2' > ds", ["1", "10"]),
        ("ds >= '2' and ds <> '3'", ["2"]),
        ("ds = '1' or ds = '3'", ["1", "3"]),
        ("not (ds = '1' or ds = '3')", ["2", "10"]),
        ("ds in ('1', '10')", ["1", "10"]),
        ("ds not in ('1', '10')", ["2", "3"]),
        ("ds between '1' and '2'", ["1", "2", "10"]),
        ("ds not between '1' and '2'", ["3"]),
        ("ds > '1', ds < '3'", ["2", "10"]),
        ("n < 3", ["1", "2"]),
        ("n > 2", ["3", "10"]),
        ("n = '03'", ["3"]),
    ],
)
def test_partition_predicates(predicate: str, kept: list[str]) -> None:
    statement = parse_one(f"alter table t drop if exists partition ({predicate})")
    assert isinstance(statement, st.DropPartitions)
    assert statement.if_exists
    (filter_,) = statement.filters
    types = {"ds": STRING, "n": BIGINT}
    assert [v for v in ("1", "2", "3", "10") if matches(filter_, {"ds": v, "n": v}, types)] == kept


def test_a_predicate_of_equalities_is_a_spec() -> None:
    statement = parse_one("alter table t drop partition (ds='1', h=2), partition (ds>'1')")
    assert isinstance(statement, st.DropPartitions)
    assert as_spec(statement.filters[0]) == (("ds", "1"), ("h", "2"))
    assert as_spec(statement.filters[1]) is None
    assert columns_of(statement.filters[0]) == ("ds", "h")


def test_predicates_over_strange_columns_fail_by_name() -> None:
    statement = parse_one("alter table t drop partition (x = '1' and n = 'a')")
    assert isinstance(statement, st.DropPartitions)
    with pytest.raises(Fault, match="x is not a partition column"):
        matches(statement.filters[0], {"n": "1"}, {"n": BIGINT})
    statement = parse_one("alter table t drop partition (n = 'a')")
    assert isinstance(statement, st.DropPartitions)
    with pytest.raises(Fault, match="'a' is no such value"):
        matches(statement.filters[0], {"n": "1"}, {"n": BIGINT})


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("alter table t partition (ds='1') freeze", FaultCode.NOT_SUPPORTED, "FREEZE"),
        ("alter table t partition (ds='1') archive", FaultCode.NOT_SUPPORTED, "ARCHIVE"),
        ("alter table t rename to other.t", FaultCode.NOT_SUPPORTED, "Moving a table"),
        ("alter table t set fileformat orc", FaultCode.NOT_SUPPORTED, "FILEFORMAT"),
        ("alter table t drop partition (substr(ds, 1, 2) = '20')", FaultCode.NOT_SUPPORTED, "Function substr"),
        ("alter table t", FaultCode.PARSE_ERROR, "an action of ALTER TABLE"),
        ("alter table t add partition (ds)", FaultCode.PARSE_ERROR, "expect '='"),
        ("alter table t add partition (ds='1', ds='2')", FaultCode.PARSE_ERROR, "ds stands twice"),
        ("alter table t add partition (ds=null)", FaultCode.PARSE_ERROR, "cannot be NULL"),
        ("alter table t partition (a='1') rename to partition (b='1')", FaultCode.PARSE_ERROR, "same columns"),
        ("alter table t set lifecycle -1", FaultCode.PARSE_ERROR, "a number of days"),
        ("alter role r", FaultCode.NOT_SUPPORTED, "ALTER ROLE"),
    ],
)
def test_mistakes_and_refusals(text: str, code: FaultCode, message: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_one(text)
    assert caught.value.code is code
    assert message in str(caught.value)
