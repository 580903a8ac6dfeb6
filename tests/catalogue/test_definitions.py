"""Definitions of tables: created, shown, changed and dropped by statements, on a real warehouse."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from taskhouse.domain.access import user_name
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableKind, TableName
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.services.world import Caller

FULL = """
create table `T` (
  a bigint not null comment 'it\\'s', b decimal(10,2) default 1.5, c map<string,array<int>>
) comment '表' partitioned by (pt string comment 'd', hh bigint)
clustered by (a) sorted by (a desc) into 4 buckets
tblproperties ('K'='v', 'transactional'='true') lifecycle 3
"""


def fault_of(call: object, *arguments: object) -> Fault:
    with pytest.raises(Fault) as caught:
        call(*arguments)
    return caught.value


def test_a_table_is_kept_as_it_was_defined(shell) -> None:
    shell.run(FULL)
    table = shell.table("t")
    assert [(c.name, str(c.type), c.nullable) for c in table.columns] == [
        ("a", "bigint", False),
        ("b", "decimal(10,2)", True),
        ("c", "map<string,array<int>>", True),
    ]
    assert table.columns[0].comment == "it's" and table.columns[1].default == "1.5"
    assert (table.comment, table.lifecycle, table.owner) == ("表", 3, "ALIYUN$admin")
    assert table.properties == {"k": "v", "transactional": "true"}
    assert table.clustering is not None and table.clustering.sort_columns == (("a", False),)


def test_show_create_table_makes_an_equal_table(shell) -> None:
    shell.run(FULL)
    first = shell.table("t")
    text = shell.run("show create table t")
    shell.run("drop table t")
    shell.run(text)
    again = shell.table("t")
    assert again.id != first.id
    for part in ("columns", "partition_columns", "comment", "lifecycle", "properties", "clustering", "primary_key"):
        assert getattr(again, part) == getattr(first, part)


def test_what_exists_cannot_be_created_again(shell) -> None:
    shell.run("create table t (a bigint)")
    fault = fault_of(shell.run, "create table t (b string)")
    assert (fault.code, fault.place) == (FaultCode.TABLE_EXISTS, Place(1, 14))
    assert str(fault).startswith("ODPS-0130211:[1,14] Table already exists - table or view p.t")
    shell.run("create table if not exists t (b string)")
    assert [c.name for c in shell.table("t").columns] == ["a"]
    shell.run("create or replace table t (b string)")
    assert [c.name for c in shell.table("t").columns] == ["b"]


def test_what_is_missing_is_named_with_its_place(shell) -> None:
    fault = fault_of(shell.run, "drop table\n  nowhere")
    assert str(fault) == "ODPS-0130131:[2,3] Table not found - table p.nowhere cannot be resolved"
    shell.run("drop table if exists nowhere")
    assert fault_of(shell.run, "alter table x.y set comment 'c'").code is FaultCode.NO_SUCH_TABLE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("create table t (a bigint, a string)", "twice"),
        ("create table t (a bigint) partitioned by (a string)", "twice"),
        ("create table t (a bigint) partitioned by (p double)", "cannot be of type double"),
        ("create table t (a bigint) lifecycle 0", "1 day"),
        ("create table t (a bigint) clustered by (b) into 2 buckets", "'b'"),
        ("create table t (a bigint, primary key (a)) tblproperties ('transactional'='true')", "NOT NULL"),
        ("create table t (a bigint) tblproperties ('storagetier'='attic')", "storage tier"),
        ("create table nowhere.s.t (a bigint)", "nowhere"),
    ],
)
def test_definitions_that_make_no_sense_are_refused(shell, text: str, words: str) -> None:
    assert words in str(fault_of(shell.run, text))
    assert shell.world.catalogue.tables("p", DEFAULT_SCHEMA).items == ()


def test_like_copies_the_definition_without_data(shell) -> None:
    shell.run(FULL)
    shell.run("alter table t drop columns b")
    shell.run("create table u like t lifecycle 9")
    table = shell.table("u")
    assert [c.name for c in table.columns] == ["a", "c"]
    assert (table.lifecycle, table.comment, table.hidden_columns) == (9, "表", ())


def test_a_dropped_table_leaves_its_folder_to_the_sweeper(shell) -> None:
    shell.run("create table t (a bigint)")
    shell.fill("t", "(1), (2)")
    table = shell.table("t")
    snapshot = shell.world.warehouse.snapshot(table)
    shell.run("drop table t")
    assert fault_of(shell.run, "desc t").code is FaultCode.NO_SUCH_TABLE
    assert shell.world.warehouse.snapshot(table).files == snapshot.files
    assert [item.key for item in shell.world.catalogue.trash(shell.clock.now() + timedelta(1), 10)] == [table.id]


def test_a_failed_creation_leaves_no_folder(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the store is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(shell.world.catalogue), "create_table", broken)
        with pytest.raises(RuntimeError):
            shell.run("create table t (a bigint)")
    assert shell.world.catalogue.trash(shell.clock.now() + timedelta(1), 10) == ()
    assert list((shell.world.blobs.parent / "warehouse").iterdir()) == []


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_are_added_dropped_and_renamed_without_touching_files(shell) -> None:
    shell.run("create table t (a bigint, b string)")
    shell.fill("t", "(1, 'x')")
    files = shell.world.warehouse.snapshot(shell.table("t")).files
    shell.run("alter table t add columns (c double)")
    shell.run("alter table t drop columns b")
    shell.run("alter table t add columns (b bigint comment 'new')")
    shell.run("alter table t change column a rename to z")
    assert shell.world.warehouse.snapshot(shell.table("t")).files == files
    assert shell.rows("t") == [r"1,\N,\N"]
    shell.fill("t", "(2, 2.5, 7)")
    assert shell.rows("t") == [r"1,\N,\N", "2,2.5,7"]
    assert [c.name for c in shell.table("t").columns] == ["z", "c", "b"]


def test_columns_move(shell) -> None:
    shell.run("create table t (a bigint, b string, c double)")
    shell.run("alter table t change column c c double first")
    assert [c.name for c in shell.table("t").columns] == ["c", "a", "b"]
    shell.run("alter table t change column c c double after a")
    assert [c.name for c in shell.table("t").columns] == ["a", "c", "b"]


def test_a_wider_type_rewrites_the_rows(shell) -> None:
    shell.run("create table t (a int, b varchar(3), d decimal(10,2)) partitioned by (pt string)")
    shell.fill("t", "(1, 'x', 1.25)", ("p1",))
    shell.fill("t", "(2, 'y', NULL)", ("p2",))
    old = shell.table("t")
    before = shell.world.warehouse.snapshot(old)
    shell.run("alter table t change column a a bigint")
    shell.run("alter table t change column b b string")
    shell.run("alter table t change column d d decimal(20,4)")
    assert [str(c.type) for c in shell.table("t").columns] == ["bigint", "string", "decimal(20,4)"]
    assert shell.rows("t") == ['1,"x",1.25,"p1"', '2,"y",\\N,"p2"']
    assert shell.world.warehouse.snapshot(shell.table("t")).version > before.version
    assert [p.rows for p in shell.world.catalogue.all_partitions(old.id)] == [1, 1]
    shell.run("alter table t change column a a string")
    assert shell.rows("t") == ['"1","x",1.25,"p1"', '"2","y",\\N,"p2"']


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alter table t change column a a int", "cannot change from BIGINT to INT"),
        ("alter table t change column s s bigint", "cannot change from STRING to BIGINT"),
        ("alter table t change column nope rename to x", "'nope'"),
        ("alter table t change column a rename to s", "defined twice"),
        ("alter table t drop columns a, s", "last column"),
        ("alter table t drop columns nope", "'nope'"),
        ("alter table t add columns (a bigint)", "exists"),
        ("alter table t add columns (x bigint not null)", "NOT NULL"),
        ("alter table t change column a not null", "NOT NULL"),
        ("alter table t change column pt rename to x", "partition column"),
    ],
)
def test_changes_of_columns_that_are_refused(shell, text: str, words: str) -> None:
    shell.run("create table t (a bigint, s string) partitioned by (pt string)")
    before = shell.table("t")
    assert words in str(fault_of(shell.run, text))
    assert shell.table("t") == before


# --- the table itself -------------------------------------------------------------------------------------------------


def test_alterations_of_the_table(shell) -> None:
    shell.run("create table t (a bigint, b string)")
    other = user_name("other")
    shell.world.access.add_user(other, shell.clock.now())
    shell.run(
        "alter table t set comment 'c\\'x'; alter table t set lifecycle 7; alter table t set tblproperties ('A'='1', 'b'='2');"
        "alter table t unset tblproperties ('b'); alter table t clustered by (a) into 3 buckets;"
        "alter table t changeowner to 'other'; alter table t rename to u"
    )
    table = shell.table("u")
    assert (table.comment, table.lifecycle, table.properties, table.owner) == ("c'x", 7, {"a": "1"}, other)
    assert table.clustering is not None and table.clustering.buckets == 3
    shell.run("alter table u not clustered")
    assert shell.table("u").clustering is None
    shell.run("create table t (a bigint)")
    assert fault_of(shell.run, "alter table u rename to t").code is FaultCode.TABLE_EXISTS
    assert fault_of(shell.run, "alter table u changeowner to 'nobody'").code is FaultCode.NO_SUCH_OBJECT


def test_touch_moves_the_time_of_modification(shell) -> None:
    shell.run("create table t (a bigint) partitioned by (pt string); alter table t add partition (pt='1')")
    before = shell.table("t")
    part = shell.world.catalogue.partition(before.id, ("1",))
    shell.clock.ahead = timedelta(seconds=1)
    shell.run("alter table t touch; alter table t touch partition (pt='1')")
    assert shell.table("t").modified_at > before.modified_at
    assert shell.world.catalogue.partition(before.id, ("1",)).modified_at > part.modified_at


def test_only_who_may_alters_and_drops(shell) -> None:
    shell.run("create table t (a bigint)")
    guest = user_name("guest")
    shell.world.access.add_user(guest, shell.clock.now())
    shell.world.access.add_member("p", guest)
    shell.caller = Caller(guest)
    for text in (
        "drop table t",
        "alter table t set comment 'c'",
        "truncate table t",
        "create table u (a bigint)",
        "desc t",
        "setproject a=b",
    ):
        assert fault_of(shell.run, text).code is FaultCode.NO_PERMISSION, text
    assert shell.world.catalogue.table(TableName("p", "default", "u")) is None


# --- views ------------------------------------------------------------------------------------------------------------


def test_kinds_of_drops_are_not_confused(shell) -> None:
    shell.run("create table t (a bigint)")
    assert "DROP TABLE" in str(fault_of(shell.run, "drop view t"))
    shell.run("drop view if exists nowhere; drop materialized view if exists nowhere")
    assert shell.table("t").kind is TableKind.MANAGED


def test_statements_that_meet_are_all_done(shell) -> None:
    shell.run("create table t (a bigint)")
    failures: list[Exception] = []

    def add(number: int) -> None:
        try:
            shell.run(f"alter table t add columns (c{number} bigint)")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(c.name for c in shell.table("t").columns) == ["a", "c0", "c1", "c2", "c3"]


def test_a_column_left_by_a_change_that_was_cut_short_is_no_obstacle(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.run("create table t (a bigint)")

    def broken(*_: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(shell.world.catalogue), "replace_table", broken)
        with pytest.raises(RuntimeError):
            shell.run("alter table t add columns (b string)")
    shell.run("alter table t add columns (b bigint)")
    shell.fill("t", "(1, 2)")
    assert shell.rows("t") == ["1,2"]
    assert shell.table("t").columns[1].stored_as == "b__2"


def test_a_rewrite_that_was_overtaken_is_made_again(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.run("create table t (a int)")
    shell.fill("t", "(1), (2)")
    real = type(shell.world.catalogue).replace_table
    overtaken: list[int] = []

    def overtake(store, table, version):
        if not overtaken:
            overtaken.append(version)
            found = store.table_by_id(table.id)
            real(store, replace(found, comment="meanwhile"), version)
        return real(store, table, version)

    monkeypatch.setattr(type(shell.world.catalogue), "replace_table", overtake)
    shell.run("alter table t change column a a bigint")
    assert overtaken and shell.table("t").comment == "meanwhile"
    assert str(shell.table("t").columns[0].type) == "bigint"
    assert shell.rows("t") == ["1", "2"]
