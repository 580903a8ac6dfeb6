"""The official client's own statements are read: those it builds from schemas, and those of its commands."""

from __future__ import annotations

import pytest
from odps.models import Table, TableSchema
from odps.models.cluster_info import ClusterInfo, ClusterSortCol, ClusterSortOrder, ClusterType
from odps.types import Column as ClientColumn
from odps.types import Partition as ClientPartition
from odps.utils import split_sql_by_semicolon

from taskhouse.domain.catalogue import Clustering
from taskhouse.sql import statements as st
from taskhouse.sql.parser import parse, parse_one


def test_create_table_from_a_schema() -> None:
    schema = TableSchema(
        columns=[
            ClientColumn("a", "bigint", nullable=False, comment="it's `a`\n\\x"),
            ClientColumn("b", "map<string,array<struct<x:decimal(10,2),y:timestamp_ntz>>>"),
            ClientColumn("select", "varchar(20)"),
        ],
        partitions=[ClientPartition("pt", "string", comment="day"), ClientPartition("h", "bigint")],
    )
    text = Table.gen_create_table_sql(
        "My Table",
        schema,
        comment="c'x",
        if_not_exists=True,
        lifecycle=3,
        project="p",
        schema="s",
        transactional=True,
        primary_key=["a"],
        storage_tier="lowfrequency",
        shard_num=4,
        hub_lifecycle=2,
        cluster_info=ClusterInfo(
            cluster_type=ClusterType.HASH,
            cluster_cols=["a"],
            sort_cols=[ClusterSortCol(name="a", order=ClusterSortOrder.DESC)],
            bucket_num=8,
        ),
    )
    made = parse_one(text)
    assert isinstance(made, st.CreateTable)
    assert str(made.table) == "p.s.my table"
    assert [(c.name, str(c.type), c.nullable, c.comment) for c in made.columns] == [
        ("a", "bigint", False, "it's `a`\n\\x"),
        ("b", "map<string,array<struct<x:decimal(10,2),y:timestamp_ntz>>>", True, ""),
        ("select", "varchar(20)", True, ""),
    ]
    assert [(c.name, str(c.type), c.comment) for c in made.partition_columns] == [
        ("pt", "string", "day"),
        ("h", "bigint", ""),
    ]
    assert (made.comment, made.lifecycle, made.if_not_exists, made.primary_key) == ("c'x", 3, True, ("a",))
    assert (made.shards, made.hub_lifecycle) == (4, 2)
    assert made.clustering == Clustering("hash", ("a",), (("a", False),), 8)
    assert dict(made.properties) == {"transactional": "true", "storagetier": "lowfrequency"}


@pytest.mark.parametrize(
    "schema",
    [
        "a bigint, b string",
        ("a bigint, b string", "pt string"),
        ("ts datetime, b string", "trunc_time(ts, 'day') as pt"),
    ],
)
def test_create_table_from_text(schema: str | tuple[str, str]) -> None:
    made = parse_one(Table.gen_create_table_sql("t", schema, comment="c", lifecycle=1))
    assert isinstance(made, st.CreateTable)
    assert len(made.columns) == 2
    assert [c.name for c in made.partition_columns] == ([] if isinstance(schema, str) else ["pt"])


def test_create_views() -> None:
    schema = TableSchema(columns=[ClientColumn("a", "bigint", comment="x")])
    made = parse_one(
        Table.gen_create_table_sql(
            "v", schema, comment="c", project="p", table_type="VIRTUAL_VIEW", view_text="select 1 as a", lifecycle=3
        )
    )
    assert isinstance(made, st.CreateView)
    assert (made.query_text, made.lifecycle, made.columns) == ("select 1 as a", 3, (st.ViewColumn("a", "x"),))
    schema = TableSchema(columns=[ClientColumn("a", "bigint")], partitions=[ClientPartition("ds", "string")])
    made = parse_one(
        Table.gen_create_table_sql(
            "v", schema, table_type="MATERIALIZED_VIEW", view_text="select a, ds from t", rewrite_enabled=False
        )
    )
    assert isinstance(made, st.CreateView)
    assert (made.materialized, made.rewrite, made.partitioned_on) == (True, False, ("ds",))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("DROP TABLE IF EXISTS p.s.`t`", st.DropTable),
        ("DROP VIEW p.`t`", st.DropView),
        ("DROP MATERIALIZED VIEW p.`t`", st.DropView),
        ("TRUNCATE TABLE p.`t` PARTITION (pt='a',h='1'), PARTITION (pt='b',h='2')", st.TruncateTable),
        ("ALTER TABLE p.`t` ADD  PARTITION (pt='a')", st.AddPartitions),
        ("ALTER TABLE p.`t` ADD IF NOT EXISTS  PARTITION (pt='a',h='1')", st.AddPartitions),
        ("ALTER TABLE p.`t` DROP IF EXISTS  PARTITION (pt='a')", st.DropPartitions),
        (
            "ALTER TABLE p.`t` ADD COLUMNS IF NOT EXISTS (\n  `c` bigint NOT NULL COMMENT 'x',\n  `d` string\n)",
            st.AddColumns,
        ),
        ("ALTER TABLE p.`t` DROP COLUMNS `c`, `d`", st.DropColumns),
        ("ALTER TABLE p.`t` CHANGE COLUMN a RENAME TO b", st.ChangeColumn),
        ("ALTER TABLE p.`t` CHANGE COLUMN a `b` STRING COMMENT ''", st.ChangeColumn),
        ("ALTER TABLE p.`t` SET LIFECYCLE 3", st.SetLifecycle),
        ("ALTER TABLE p.`t` CHANGEOWNER TO 'ALIYUN$a@b.com'", st.ChangeOwner),
        ("ALTER TABLE p.`t` SET COMMENT 'c\\'x'", st.SetTableComment),
        ("ALTER TABLE p.`t` RENAME TO `u`", st.RenameTable),
        ("ALTER TABLE p.`t` PARTITION (pt='a') RENAME TO  PARTITION (pt='b')", st.RenamePartition),
        ("ALTER TABLE p.`t` TOUCH", st.TouchTable),
        ("ALTER TABLE p.`t` TOUCH  PARTITION (pt='a')", st.TouchTable),
        ("ALTER TABLE p.`t` SET TBLPROPERTIES('storagetier'='lowfrequency')", st.SetProperties),
        ("ALTER TABLE p.`t` PARTITION (pt='a') SET PARTITIONPROPERTIES('storagetier'='standard')", st.SetProperties),
        ("ALTER TABLE p.`t` NOT CLUSTERED", st.SetClustering),
        ("ALTER TABLE p.`t` CLUSTERED BY (`a`) SORTED BY (`a` asc) INTO 8 BUCKETS", st.SetClustering),
        ("ALTER VIEW p.`v` CHANGEOWNER TO 'x'", st.ChangeOwner),
        ("ALTER VIEW p.`v` CHANGE COLUMN `a` COMMENT 'x'", st.ChangeColumn),
        ("ALTER TABLE p.t ADD COLUMN col3 string", st.AddColumns),
        ("alter table t add columns a string, b bigint;", st.AddColumns),
        ("CREATE SCHEMA p.s", st.CreateSchema),
        ("DROP SCHEMA p.s", st.DropSchema),
        ("SHOW SCHEMAS IN p", st.ShowSchemas),
        ("DESC SCHEMA s", st.DescribeSchema),
        ("desc p.t", st.Describe),
        ("show partitions t", st.ShowPartitions),
        ("show tables", st.ShowTables),
        ("explain select 1", st.Explain),
        ("CREATE TABLE t LIFECYCLE 1 AS SELECT a FROM s", st.CreateTableAs),
        ("CREATE TABLE t AS SELECT a FROM s", st.CreateTableAs),
        ("INSERT OVERWRITE `t` PARTITION (pt='a') (`x`, `y`) SELECT `x`, `y` FROM tmp", st.Insert),
        ("INSERT INTO `t` PARTITION (pt) (`x`, `pt`) SELECT `x`, `pt` FROM tmp", st.Insert),
        ("INSERT INTO `t`  (`x`, `y`) SELECT `x`, `y` FROM tmp", st.Insert),
        ("INSERT INTO TABLE one_row VALUES (1);", st.Insert),
        ("SELECT DISTINCT `pt` FROM tmp", st.Query),
        ("select * from dual where id in ('20180101', '20180102', 20180101)", st.Query),
        ("select id `中文标题` from t", st.Query),
        ("select interval_day_time('2 1:2:3') as col1, interval_year_month('5-6') as col2", st.Query),
    ],
)
def test_statements_of_the_client(text: str, kind: type[st.Statement]) -> None:
    assert type(parse_one(text)) is kind


@pytest.mark.parametrize(
    "text",
    [
        "set a=b; select 1; -- c ; d\nselect ';'",
        "@val1 := select * from t;\nselect *, ';' as semicolon from @val1;",
        '/* a ; b */ select 1;\n\n;select "x;y";',
    ],
)
def test_statements_are_cut_where_the_client_cuts_them(text: str) -> None:
    ours = [statement.text for statement in parse(text) if not isinstance(statement, st.SetFlag)]
    theirs = [
        part.strip().rstrip(";").strip()
        for part in split_sql_by_semicolon(text)
        if part.strip(" ;\n") and not part.lstrip().startswith(("set", "@"))
    ]
    assert len(ours) == len(theirs)
    for mine, client in zip(ours, theirs, strict=True):
        assert client.endswith(mine)
