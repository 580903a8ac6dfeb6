"""Partitions: added, dropped, renamed, merged, emptied, and past their lifecycle, on a real warehouse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services import housekeeping


def fault_of(call: object, *arguments: object) -> Fault:
    with pytest.raises(Fault) as caught:
        call(*arguments)
    return caught.value


# --- partitions -------------------------------------------------------------------------------------------------------


def test_partitions_are_added_listed_and_dropped(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string, hh bigint)")
    shell.run("alter table t add partition (pt='b', hh='01') partition (pt='a', hh=2)")
    shell.run("alter table t add if not exists partition (hh=2, pt='a')")
    assert shell.run("show partitions t") == "pt=a/hh=2\npt=b/hh=1\n"
    assert shell.run("show partitions t partition (pt='b')") == "pt=b/hh=1\n"
    fault = fault_of(shell.run, "alter table t add partition (pt='a', hh=2)")
    assert fault.code is FaultCode.TABLE_EXISTS
    shell.fill("t", "(1)", ("a", "2"))
    shell.run("alter table t drop partition (pt='a', hh=2)")
    assert shell.run("show partitions t") == "pt=b/hh=1\n"
    assert shell.world.warehouse.snapshot(shell.table("t")).files == ()
    assert fault_of(shell.run, "alter table t drop partition (pt='a', hh=2)").code is FaultCode.NO_SUCH_PARTITION
    shell.run("alter table t drop if exists partition (pt='a', hh=2)")
    assert "hh" in str(fault_of(shell.run, "alter table t add partition (pt='a', hh='x')"))
    assert "'hh'" in str(fault_of(shell.run, "alter table t add partition (pt='a')"))


def test_partitions_are_dropped_by_comparison(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string)")
    shell.run("alter table t add partition (pt='1') partition (pt='2') partition (pt='3')")
    shell.run("alter table t drop partition (pt < '3')")
    assert shell.run("show partitions t") == "pt=3\n"


def test_renaming_and_merging_partitions_keep_the_rows(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string)")
    for value in ("1", "2", "3"):
        shell.fill("t", f"({value}), (9)", (value,))
    shell.run("alter table t partition (pt='1') rename to partition (pt='x y')")
    assert shell.rows("t") == ['1,"x y"', '2,"2"', '3,"3"', '9,"2"', '9,"3"', '9,"x y"']
    assert "exists" in str(fault_of(shell.run, "alter table t partition (pt='2') rename to partition (pt='3')"))
    shell.run("alter table t merge partition (pt='2'), partition (pt='3') overwrite partition (pt='m')")
    assert shell.run("show partitions t") == "pt=m\npt=x y\n"
    assert shell.rows("t") == ['1,"x y"', '2,"m"', '3,"m"', '9,"m"', '9,"m"', '9,"x y"']
    assert shell.world.catalogue.partition(shell.table("t").id, ("m",)).rows == 4


def test_truncate(shell) -> None:
    shell.run("create table t (a bigint); create table u (a bigint) partitioned by (pt string)")
    shell.fill("t", "(1)")
    shell.fill("u", "(1)", ("1",))
    shell.fill("u", "(2)", ("2",))
    shell.run("truncate table t; truncate table u partition (pt='1')")
    assert shell.rows("t") == [] and shell.table("t").rows == 0
    assert shell.rows("u") == ['2,"2"']
    assert shell.run("show partitions u") == "pt=1\npt=2\n"
    assert "name the partitions" in str(fault_of(shell.run, "truncate table u"))
    assert fault_of(shell.run, "truncate table u partition (pt='9')").code is FaultCode.NO_SUCH_PARTITION


def test_storage_tiers_of_tables_and_partitions(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string); alter table t add partition (pt='1')")
    shell.run("alter table t set tblproperties ('storagetier'='lowfrequency')")
    shell.run("alter table t partition (pt='1') set tblproperties ('storagetier'='longterm')")
    assert shell.table("t").properties["storagetier"] == "lowfrequency"
    assert shell.world.catalogue.partition(shell.table("t").id, ("1",)).properties["storagetier"] == "longterm"


def test_merging_small_files_keeps_the_rows(shell) -> None:
    shell.run("create table t (a bigint)")
    for value in range(4):
        shell.fill("t", f"({value})")
    assert shell.table("t").files == 4
    shell.run("alter table t merge smallfiles")
    assert shell.table("t").files == 1
    assert shell.rows("t") == ["0", "1", "2", "3"]


# --- lifecycle --------------------------------------------------------------------------------------------------------


def test_time_drops_what_is_past_its_lifecycle(shell) -> None:
    shell.run(
        "create table old (a bigint) lifecycle 1; create table kept (a bigint) lifecycle 1; create table ever (a bigint);"
        "alter table kept disable lifecycle;"
        "create table t (a bigint) partitioned by (pt string) lifecycle 1;"
        "alter table t add partition (pt='kept'); alter table t partition (pt='kept') disable lifecycle"
    )
    shell.fill("t", "(1)", ("old",))
    shell.clock.ahead = timedelta(days=2)
    shell.fill("t", "(2)", ("young",))
    assert housekeeping.expire_tables(shell.world, shell.clock.now()) == 1
    assert housekeeping.expire_partitions(shell.world, shell.clock.now()) == 1
    assert shell.run("show tables") == "ALIYUN$admin:ever\nALIYUN$admin:kept\nALIYUN$admin:t\n"
    assert shell.run("show partitions t") == "pt=kept\npt=young\n"
    assert shell.rows("t") == ['2,"young"']
    assert housekeeping.expire_tables(shell.world, shell.clock.now()) == 0
    assert housekeeping.expire_partitions(shell.world, shell.clock.now()) == 0
