"""DESC and SHOW: the texts that people and clients read."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from taskhouse.domain.faults import Fault, FaultCode


def test_desc_is_a_box_with_all_facts(shell) -> None:
    shell.run(
        "create table t (a bigint comment 'the 键', b map<string,bigint>) comment 'c' partitioned by (pt string comment 'day')"
        " lifecycle 5"
    )
    lines = shell.run("desc t").splitlines()
    assert lines[0] == "+" + "-" * 84 + "+" and lines[-1] == lines[0]
    text = "\n".join(lines)
    for part in (
        "| Owner: ALIYUN$admin ",
        "| Project: p ",
        "| TableComment: c ",
        "| Lifecycle:                5 ",
        "| InternalTable: YES      | Size: 0 ",
        "| Native Columns: ",
        "| Field           | Type       | Label | Comment ",
        "| a               | bigint     |       | the 键 ",
        "| b               | map<string,bigint> |       |  ",
        "| Partition Columns: ",
        "| pt              | string     | day ",
    ):
        assert part in text
    extended = shell.run("desc extended t")
    assert "| Extended Info:" in extended and "| TableID:" in extended and "Nullable" in extended


def test_desc_of_a_partition(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string)")
    shell.fill("t", "(1), (2)", ("x",))
    text = shell.run("desc extended t partition (pt='x')")
    assert "| RecordNum:                2 " in text
    size = shell.world.catalogue.totals(shell.table("t").id).bytes
    assert f"| PartitionSize: {size} " in shell.run("desc t partition (pt='x')")
    with pytest.raises(Fault) as caught:
        shell.run("desc t partition (pt='y')")
    assert caught.value.code is FaultCode.NO_SUCH_PARTITION


def test_times_are_those_of_the_session(shell) -> None:
    shell.run("create table t (a bigint)")
    made = shell.table("t").created_at
    shown = (made + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    assert f"CreateTime:               {shown}" in shell.run("desc t", **{"odps.sql.timezone": "Asia/Shanghai"})


def test_desc_of_schema_project_function_and_resource(shell) -> None:
    shell.run(
        "create schema s; create table t (a bigint); add table t as r comment 'c'; create function f as 'm.C' using 'r'"
    )
    document = json.loads(shell.run("desc schema s"))
    assert (document["name"], document["owner"], document["type"]) == ("s", "ALIYUN$admin", "managed")
    assert "Owner:                ALIYUN$admin" in shell.run("desc project p")
    assert "m.C" in shell.run("desc function f")
    assert "p.t" in shell.run("desc resource r")
    assert shell.run("show resources") == "r\tTABLE\tALIYUN$admin\n"
    assert shell.run("show functions") == "f\n"
    shell.run("drop function f; drop resource r")
    for text in ("desc function f", "desc resource r", "drop function f", "drop resource r"):
        with pytest.raises(Fault) as caught:
            shell.run(text)
        assert caught.value.code is FaultCode.NO_SUCH_OBJECT


def test_show_tables_with_patterns(shell) -> None:
    shell.run("create table alpha (a bigint); create table beta (a bigint); create table gamma (a bigint)")
    assert shell.run("show tables like 'al*|ga*'") == "ALIYUN$admin:alpha\nALIYUN$admin:gamma\n"
    assert shell.run("show columns from alpha") == "a\n"
    with pytest.raises(Fault) as caught:
        shell.run("show partitions alpha")
    assert "not partitioned" in str(caught.value)


def test_schemas(shell) -> None:
    shell.run("create schema s; create schema if not exists s")
    assert shell.run("show schemas") == "default\ns\n"
    shell.run("create table p.s.t (a bigint)")
    assert shell.run("use schema s; show tables") == "ALIYUN$admin:t\n"
    assert shell.run("set odps.namespace.schema=true; show tables in s") == "ALIYUN$admin:t\n"
    assert shell.run("show tables in p.s") == "ALIYUN$admin:t\n"
    with pytest.raises(Fault) as caught:
        shell.run("drop schema s")
    assert "not empty" in str(caught.value)
    shell.run("drop table p.s.t; drop schema s; drop schema if exists s")
    with pytest.raises(Fault) as caught:
        shell.run("create table p.s.t (a bigint)")
    assert caught.value.code is FaultCode.NO_SUCH_SCHEMA


def test_settings_of_session_and_project(shell) -> None:
    assert "odps.x=1\n" in shell.run("set odps.x=1; show flags")
    shell.run("setproject odps.sql.timezone=Asia/Tokyo")
    assert shell.run("setproject") == "odps.sql.timezone=Asia/Tokyo\n"
    project = shell.world.catalogue.project("p")
    assert project.properties == {"odps.sql.timezone": "Asia/Tokyo"}
    assert shell.run("show projects") == "p\n"


def test_security_statements_reach_the_access_service(shell) -> None:
    shell.run("create role reader")
    assert "reader" in shell.world.access.rules("p").roles


def test_analyze_tells_what_every_commit_recorded(shell) -> None:
    shell.run("create table t (a bigint)")
    shell.fill("t", "(1), (2), (3)")
    assert shell.run("analyze table t compute statistics").startswith("RowCount: 3\n")
