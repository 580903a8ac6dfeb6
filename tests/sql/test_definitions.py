"""CREATE, DROP, TRUNCATE and ADD as values."""

from __future__ import annotations

import pytest

from taskhouse.domain.catalogue import Clustering
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.parser import parse_one
from taskhouse.sql.partition_filter import as_spec
from taskhouse.sql.statements import (
    AddTableResource,
    CreateFunction,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateTableLike,
    CreateView,
    DropFunction,
    DropResource,
    DropSchema,
    DropTable,
    DropView,
    SecurityStatement,
    Statement,
    TruncateTable,
    ViewColumn,
)


def create_table(text: str) -> CreateTable:
    statement = parse_one(text)
    assert isinstance(statement, CreateTable)
    return statement


def test_every_clause_of_create_table() -> None:
    made = create_table(
        """
        CREATE TABLE IF NOT EXISTS My_Project.`T` (
          A BIGINT NOT NULL DEFAULT 7 COMMENT 'it\\'s a',
          b decimal(10, 2) comment 'b' default 1.5BD not null,
          `C D` map<string, array<struct<x:int, y:string comment 'z'>>>,
          d varchar(20) DEFAULT concat('a', 'b'),
          e datetime,
          PRIMARY KEY (a, b)
        )
        COMMENT 'the table'
        PARTITIONED BY (ds STRING COMMENT 'day', hh bigint)
        CLUSTERED BY (a) SORTED BY (a DESC, b) INTO 16 BUCKETS
        TBLPROPERTIES ('transactional' = 'true', "k"='v')
        STORED AS aliorc
        LIFECYCLE 30
        """
    )
    assert str(made.table) == "my_project.t"
    assert made.if_not_exists
    assert [(c.name, str(c.type), c.nullable, c.default, c.comment) for c in made.columns] == [
        ("a", "bigint", False, "7", "it's a"),
        ("b", "decimal(10,2)", False, "1.5BD", "b"),
        ("c d", "map<string,array<struct<x:int,y:string>>>", True, None, ""),
        ("d", "varchar(20)", True, "concat('a', 'b')", ""),
        ("e", "datetime", True, None, ""),
    ]
    assert [(c.name, str(c.type), c.comment) for c in made.partition_columns] == [
        ("ds", "string", "day"),
        ("hh", "bigint", ""),
    ]
    assert made.primary_key == ("a", "b")
    assert made.comment == "the table"
    assert made.clustering == Clustering("hash", ("a",), (("a", False), ("b", True)), 16)
    assert made.properties == (("transactional", "true"), ("k", "v"))
    assert made.stored_as == "aliorc"
    assert made.lifecycle == 30


def test_clauses_in_another_order() -> None:
    made = create_table(
        "create table t (a int) lifecycle 3 comment 'c' range clustered by (a) partitioned by (p string) "
        "into 4 shards hublifecycle 2"
    )
    assert (made.lifecycle, made.comment, made.shards, made.hub_lifecycle) == (3, "c", 4, 2)
    assert made.clustering == Clustering("range", ("a",))


@pytest.mark.parametrize(
    ("clause", "name", "generated"),
    [
        ("trunc_time(`ts`, 'Day') AS ds", "ds", "trunc_time(`ts`, 'Day')"),
        ("trunc_time(ts, 'month')", "_pt_col_ts", "trunc_time(ts, 'month')"),
    ],
)
def test_auto_partitioned(clause: str, name: str, generated: str) -> None:
    made = create_table(f"create table t (ts timestamp) auto partitioned by ({clause})")
    (column,) = made.partition_columns
    assert (column.name, str(column.type), column.generated) == (name, "string", generated)


def test_create_table_as_and_like() -> None:
    made = parse_one("create table if not exists p.t lifecycle 7 comment 'c' as select a, b from s where a > 1")
    assert isinstance(made, CreateTableAs)
    assert (made.lifecycle, made.comment, made.if_not_exists) == (7, "c", True)
    assert made.query.sql("hive") == "SELECT a, b FROM s WHERE a > 1"
    made = parse_one("create or replace table t partitioned by (ds) as with x as (select 1 a, 2 ds) select * from x")
    assert isinstance(made, CreateTableAs)
    assert made.or_replace
    assert made.partition_columns == ("ds",)
    like = parse_one("create table if not exists a.t like b.s lifecycle 5")
    assert isinstance(like, CreateTableLike)
    assert (str(like.table), str(like.source), like.lifecycle) == ("a.t", "b.s", 5)


def test_views() -> None:
    text = "create or replace view if not exists p.v (A comment 'x', b) comment 'c' as\n select 1,\n 2 -- end\n"
    made = parse_one(text)
    assert isinstance(made, CreateView)
    assert made.columns == (ViewColumn("a", "x"), ViewColumn("b"))
    assert made.query_text == "select 1,\n 2"
    assert (made.or_replace, made.if_not_exists, made.comment, made.materialized) == (True, True, "c", False)
    made = parse_one(
        "create materialized view m lifecycle 3 (a, ds) comment 'c' disable rewrite partitioned on (ds) "
        "clustered by (a) into 4 buckets tblproperties ('x'='y') as select a, ds from t"
    )
    assert isinstance(made, CreateView)
    assert (made.materialized, made.rewrite, made.partitioned_on, made.lifecycle) == (True, False, ("ds",), 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("drop table t", {"if_exists": False}),
        ("drop table if exists p.t", {"if_exists": True}),
        ("drop view if exists v", {"if_exists": True, "materialized": False}),
        ("drop materialized view v", {"if_exists": False, "materialized": True}),
        ("create schema if not exists p.s comment 'x'", {"project": "p", "schema": "s", "comment": "x"}),
        ("create schema S", {"project": None, "schema": "s"}),
        ("drop schema if exists p.s", {"project": "p", "schema": "s", "if_exists": True}),
        (
            "create function p:F as 'm.C' using 'a.py, b.zip'",
            {"project": "p", "name": "f", "class_name": "m.C", "resources": ("a.py", "b.zip")},
        ),
        ("create function f as 'C' using jar 'a.jar, b.jar', file 'c'", {"resources": ("a.jar", "b.jar", "c")}),
        ("drop function if exists f", {"project": None, "name": "f", "if_exists": True}),
        ("drop resource My_udf.py", {"name": "My_udf.py"}),
        ("add table p.t partition (ds='1') as r comment 'c' -f", {"name": "r", "partition": (("ds", "1"),)}),
    ],
)
def test_other_objects(text: str, expected: dict[str, object]) -> None:
    statement: Statement = parse_one(text)
    assert isinstance(
        statement,
        DropTable
        | DropView
        | CreateSchema
        | DropSchema
        | CreateFunction
        | DropFunction
        | DropResource
        | AddTableResource,
    )
    assert {name: getattr(statement, name) for name in expected} == expected


def test_truncate() -> None:
    whole = parse_one("truncate table p.t")
    assert isinstance(whole, TruncateTable)
    assert whole.partitions == ()
    some = parse_one("truncate table t partition (ds='1', hh=2), partition (ds='2', hh=-3)")
    assert isinstance(some, TruncateTable)
    assert [as_spec(part) for part in some.partitions] == [
        (("ds", "1"), ("hh", "2")),
        (("ds", "2"), ("hh", "-3")),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "grant select on table t to user u",
        "REVOKE role1 FROM aliyun$x@y.com",
        "create role r",
        "drop role r",
        "add user RAM$a:b",
        "remove user x",
        "show grants for x",
        "list roles",
        "list users",
        "whoami",
        "desc role r",
        "set label 2 to table t(a, b)",
        "set ProjectProtection=true",
        "show securityconfiguration",
    ],
)
def test_security_statements_keep_their_text(text: str) -> None:
    statement = parse_one(text + ";")
    assert isinstance(statement, SecurityStatement)
    assert statement.text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("create table t", "invalid token '<EOF>', expect '(', LIKE or AS"),
        ("create table t ()", "invalid token ')', expect a column's name"),
        ("create table t (a)", "invalid token ')', expect a data type"),
        ("create table t (a bigint, A string)", "column a stands twice"),
        ("create table t (a bigint) partitioned by (a string)", "column a stands twice"),
        ("create table t (a bigint) lifecycle 0", "a lifecycle is at least 1 day"),
        ("create table t (a bigint) comment 'a' comment 'b'", "COMMENT stands twice"),
        ("create table t (a foo)", "type 'foo' is not known"),
        ("create table t (a decimal(50,2))", "precision must be 1 to 38"),
        ("create table t (a bigint, primary key (b))", "primary key column b is not a column"),
        ("create table t (a bigint) auto partitioned by (trunc_time(a, 'week'))", "trunc_time unit 'week'"),
        ("create table a.b.c.d (x int)", "at most project.schema.table"),
        ("create tabel t (a int)", "invalid token 'tabel'"),
        ("drop t", "invalid token 't'"),
        ("create table t (a bigint) partitioned by (p)", "a type for each partition column"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_one(text)
    assert caught.value.code is FaultCode.PARSE_ERROR
    assert message in str(caught.value)
    assert caught.value.place is not None
