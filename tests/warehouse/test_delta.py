"""What users of a warehouse see: rows that are all there or not at all, whoever else writes."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from taskhouse.domain.catalogue import Column, Table
from taskhouse.domain.datatypes import BIGINT, INT, STRING, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.warehouse import TableCommit
from taskhouse.warehouse.delta import DeltaWarehouse

from .conftest import Loader, make_table, tag

ODD_VALUES = [
    "20260101", "with space", "a/b", "100%", "%2F", "中文", "O'Hara \"x\"", "a=b", "a:b", "tab\there",
    "back\\slash", "?x#y", "{b}", "[a]*", "+plus", ".", "..", "01", "emoji😀", "~", "A", "a",
]  # fmt: skip


def read(warehouse: DeltaWarehouse, table: Table) -> list[dict[str, object]]:
    """All rows, read by Delta's own reader from the folder alone."""
    reader = DeltaTable(f"{warehouse.root}/{table.id}").scan()
    return pa.RecordBatchReader.from_stream(reader).read_all().to_pylist()


def test_appended_rows_are_read_by_a_delta_reader(warehouse, load, new_table):
    table = new_table()
    result = load.append(table, 3)
    assert result.statistics[()][0] == 3
    assert [r["id"] for r in read(warehouse, table)] == [0, 1, 2]
    assert warehouse.snapshot(table).rows == 3


def test_partition_values_of_any_text_round_trip(warehouse, load, new_table):
    table = new_table(partitions=("ds", "hh"))
    files = tuple(load.stage(table, 1, (value, "7")) for value in ODD_VALUES)
    warehouse.commit(TableCommit(table, files, tag(1)))
    assert sorted(f.partition for f in warehouse.snapshot(table).files) == sorted((v, "7") for v in ODD_VALUES)
    assert sorted(str(r["ds"]) for r in read(warehouse, table)) == sorted(ODD_VALUES)
    again = DeltaWarehouse(Path(warehouse.root))
    snapshot = again.snapshot(table, [("a/b", "7"), ("100%", "7")])
    assert [f.partition for f in snapshot.files] == [("a/b", "7"), ("100%", "7")]
    assert all(os.path.exists(f.path) for f in again.snapshot(table).files)


@pytest.mark.parametrize("value", ["", "__HIVE_DEFAULT_PARTITION__", "x" * 300, "中" * 100])
def test_a_partition_value_that_cannot_be_stored_is_refused(warehouse, load, new_table, value):
    table = new_table(partitions=("ds",))
    with pytest.raises(Fault, match="ds") as refused:
        load.append(table, 1, (value,))
    assert refused.value.code is FaultCode.INVALID_ARGUMENT


def test_overwrite_replaces_exactly_the_named_partitions(warehouse, load, new_table):
    table = new_table(partitions=("ds", "hh"))
    for values in [("a", "1"), ("a", "2"), ("b", "1")]:
        load.append(table, 2, values)
        load.append(table, 2, values)
    file = load.stage(table, 5, ("a", "1"))
    result = warehouse.commit(TableCommit(table, (file,), tag(2), overwrite=frozenset([("a", "1"), ("b", "1")])))
    assert {p: s[0] for p, s in result.statistics.items()} == {("a", "1"): 5, ("b", "1"): 0}
    assert warehouse.snapshot(table).rows == 9
    assert len(read(warehouse, table)) == 9
    entry = Path(warehouse.root, table.id, "_delta_log", f"{result.version:020}.json").read_text().splitlines()
    assert sum('"remove"' in line for line in (x[:9] for x in entry)) == 4


def test_overwrite_without_files_empties(warehouse, load, new_table):
    table = new_table()
    load.append(table, 4)
    result = warehouse.commit(TableCommit(table, (), tag(2), overwrite=frozenset([()])))
    assert result.statistics == {(): (0, 0, 0)}
    assert read(warehouse, table) == []


def test_the_same_tag_commits_once(warehouse, load, new_table):
    table = new_table()
    commit = TableCommit(table, (load.stage(table, 3),), tag(7))
    first = warehouse.commit(commit)
    assert warehouse.commit(commit).version == first.version
    fresh = DeltaWarehouse(Path(warehouse.root))
    assert fresh.commit(commit) == first
    assert fresh.find_commit(table, tag(7)) == first.version
    assert fresh.find_commit(table, tag(7, step=1)) is None
    assert len(read(warehouse, table)) == 3


def test_an_empty_commit_still_leaves_its_tag(warehouse, new_table):
    table = new_table()
    version = warehouse.commit(TableCommit(table, (), tag(1))).version
    assert DeltaWarehouse(Path(warehouse.root)).find_commit(table, tag(1)) == version


def test_expected_version_guards_read_modify_write(warehouse, load, new_table):
    table = new_table()
    read_at = load.append(table, 1).version
    load.append(table, 1)
    with pytest.raises(Fault) as conflict:
        warehouse.commit(TableCommit(table, (load.stage(table, 1),), tag(9), frozenset([()]), expected_version=read_at))
    assert conflict.value.code is FaultCode.CONFLICT
    assert warehouse.snapshot(table).rows == 2


def test_another_process_sees_and_is_seen(warehouse, load, new_table):
    table = new_table()
    load.append(table, 1)
    other = DeltaWarehouse(Path(warehouse.root))
    assert other.snapshot(table).rows == 1
    Loader(other).append(table, 2, number=50)
    assert warehouse.snapshot(table).rows == 3
    load.append(table, 4)
    assert other.snapshot(table).rows == 7
    assert warehouse.find_commit(table, tag(50)) is not None


def _overwrite_often(root: str, table: Table, worker: int, times: int) -> None:
    load = Loader(DeltaWarehouse(Path(root)))
    load.count = worker * 1000
    for _ in range(times):
        load.overwrite(table, worker + 1, ("same",))
        load.append(table, 1, (f"w{worker}",))


def test_processes_overwriting_one_partition_never_mix(warehouse, new_table):
    table = new_table(partitions=("ds",))
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_overwrite_often, args=(warehouse.root, table, n, 8)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert warehouse.snapshot(table, [("same",)]).rows in (1, 2)
    assert [warehouse.snapshot(table, [(f"w{n}",)]).rows for n in range(2)] == [8, 8]


def test_threads_commit_to_one_table_without_loss(warehouse, load, new_table):
    table = new_table(partitions=("ds",))
    staged = [load.stage(table, 1, (str(n % 3),)) for n in range(60)]
    failures: list[BaseException] = []

    def work(offset: int) -> None:
        try:
            for n in range(offset, 60, 6):
                warehouse.commit(TableCommit(table, (staged[n],), tag(n)))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert warehouse.snapshot(table).rows == 60
    assert len(read(warehouse, table)) == 60


def test_checkpoints_are_made_and_a_long_log_opens(warehouse, load, new_table):
    table = new_table(partitions=("ds",))
    for n in range(60):
        load.overwrite(table, 1, (str(n % 5),))
    log = Path(warehouse.root, table.id, "_delta_log")
    assert len(list(log.glob("*.checkpoint.parquet"))) == 2
    fresh = DeltaWarehouse(Path(warehouse.root))
    assert fresh.snapshot(table).rows == 5
    assert fresh.find_commit(table, tag(1001)) is not None


def test_a_partition_is_renamed_without_copying_rows(warehouse, load, new_table):
    table = new_table(partitions=("ds",))
    load.append(table, 3, ("old",))
    files = tuple(replace(f, partition=("new",)) for f in warehouse.snapshot(table).files)
    warehouse.commit(TableCommit(table, files, tag(2), overwrite=frozenset([("old",), ("new",)])))
    assert {r["ds"] for r in read(warehouse, table)} == {"new"}
    assert warehouse.snapshot(table).rows == 3


def test_a_table_is_cloned_by_linking(warehouse, load, new_table):
    source, target = new_table(), new_table(id_="t2")
    load.append(source, 3)
    for number in (1, 2):
        warehouse.commit(TableCommit(target, warehouse.snapshot(source).files, tag(number)))
    warehouse.drop(source.id)
    assert len(read(warehouse, target)) == 6


def test_files_from_elsewhere_are_refused(warehouse, load, new_table, tmp_path):
    table = new_table()
    file = replace(load.stage(table, 1, folder=str(tmp_path)), stats={})
    with pytest.raises(Fault, match="outside the warehouse"):
        warehouse.commit(TableCommit(table, (file,), tag(1)))


def test_the_log_keeps_bounds_and_types(warehouse, load, new_table):
    table = new_table(
        columns=(Column("id", parse_type("bigint"), "the key"), Column("name", parse_type("varchar(10)")))
    )
    load.append(table, 3)
    delta = DeltaTable(f"{warehouse.root}/{table.id}")
    fields = {f.name: f for f in delta.schema().fields}
    assert fields["id"].metadata == {"taskhouse.type": "bigint", "comment": "the key"}
    assert fields["name"].metadata == {"taskhouse.type": "varchar(10)"}
    entry = Path(warehouse.root, table.id, "_delta_log", f"{1:020}.json").read_text().splitlines()
    stats = json.loads(json.loads(entry[-1])["add"]["stats"])
    assert stats == {
        "numRecords": 3,
        "minValues": {"id": 0, "name": "n0"},
        "maxValues": {"id": 2, "name": "n2"},
        "nullCount": {"id": 0, "name": 0},
    }


def test_every_type_has_a_place_in_the_log(warehouse, new_table):
    texts = [
        "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "decimal(10,2)", "string", "char(3)",
        "varchar(3)", "binary", "boolean", "date", "datetime", "timestamp", "timestamp_ntz", "json",
        "interval_year_month", "interval_day_time", "array<map<string,struct<a:int,b:array<timestamp>>>>",
    ]  # fmt: skip
    table = new_table(columns=tuple(Column(f"c{n}", parse_type(t)) for n, t in enumerate(texts)))
    delta = DeltaTable(f"{warehouse.root}/{table.id}")
    assert [f.metadata["taskhouse.type"] for f in delta.schema().fields] == [str(parse_type(t)) for t in texts]


def test_alter_adds_relaxes_hides_and_comments(warehouse, load, new_table):
    table = new_table(columns=(Column("id", BIGINT, nullable=False), Column("name", STRING)))
    load.append(table, 2)
    after = replace(
        table,
        columns=(Column("key", BIGINT, "renamed", physical="id"), Column("extra", INT)),
        hidden_columns=(Column("name", STRING),),
        comment="new words",
    )
    warehouse.alter(table, after)
    delta = DeltaTable(f"{warehouse.root}/{table.id}")
    fields = {f.name: f for f in delta.schema().fields}
    assert list(fields) == ["id", "name", "extra"]
    assert fields["id"].nullable and fields["id"].metadata["comment"] == "renamed"
    assert delta.metadata().description == "new words"
    assert [r["extra"] for r in read(warehouse, after)] == [None, None]
    assert load.append(table, 1).statistics[()][0] == 3


def test_alter_refuses_what_files_could_not_follow(warehouse, new_table):
    table = new_table()
    with pytest.raises(Fault, match="cannot change from bigint to string"):
        warehouse.alter(table, replace(table, columns=(Column("id", STRING), table.columns[1])))


def test_a_column_name_that_delta_lacks_is_refused(warehouse):
    with pytest.raises(Fault, match="'a b' cannot be stored"):
        warehouse.create(make_table(columns=(Column("a b", INT),)))


def test_compaction_joins_files_and_keeps_rows(warehouse, load, new_table):
    table = new_table(partitions=("ds",))
    for n in range(6):
        load.append(table, 2, ("a" if n < 4 else "b",))
    wider = replace(table, columns=(*table.columns, Column("extra", INT)))
    warehouse.alter(table, wider)
    before = read(warehouse, table)
    result = warehouse.compact(wider, [("a",)], tag(90))
    assert {p: (s[0], s[2]) for p, s in result.statistics.items()} == {("a",): (8, 1)}
    assert len(warehouse.snapshot(table).files) == 3
    assert sorted(map(str, read(warehouse, table))) == sorted(map(str, before))
    assert warehouse.compact(wider, [("a",)], tag(90)).version == result.version


def test_removed_files_stay_for_readers_until_vacuum_after_retention(tmp_path, new_table):
    warehouse = DeltaWarehouse(tmp_path / "tables", retention_hours=24)
    load, table = Loader(warehouse), new_table(partitions=("ds",))
    load.append(table, 1, ("a b",))
    reader = warehouse.snapshot(table)
    load.overwrite(table, 2, ("a b",))
    staged = load.stage(table, 1, ("a b",))
    assert warehouse.vacuum(table) == 0
    assert all(os.path.exists(f.path) for f in reader.files)
    impatient = DeltaWarehouse(Path(warehouse.root), retention_hours=0)
    assert impatient.vacuum(table) == 1
    assert not any(os.path.exists(f.path) for f in reader.files)
    assert os.path.exists(staged.path)
    assert len(read(warehouse, table)) == 2
    assert warehouse.snapshot(table).rows == 2


def test_staging_is_discarded_and_cleared_by_the_commit(warehouse, load, new_table):
    table = new_table()
    folder = warehouse.staging(table, "an attempt/of \U0001f600")
    warehouse.discard(folder)
    warehouse.discard(folder)
    assert not os.path.exists(folder)
    file = load.stage(table, 1)
    warehouse.commit(TableCommit(table, (file,), tag(1)))
    assert not os.path.exists(os.path.dirname(file.path))
    with pytest.raises(ValueError, match="not a staging folder"):
        warehouse.discard(warehouse.root)


def test_drop_deletes_for_good_and_twice_is_harmless(warehouse, load, new_table):
    table = new_table()
    load.append(table, 1)
    warehouse.drop(table.id)
    warehouse.drop(table.id)
    assert not os.path.exists(f"{warehouse.root}/{table.id}")
    with pytest.raises(Fault, match="gone"):
        warehouse.snapshot(table)
    with pytest.raises(ValueError, match="cannot name a folder"):
        warehouse.drop("../etc")


KILLED = """
import os, sys
from pathlib import Path
from taskhouse.warehouse import delta, log
from taskhouse.warehouse.delta import DeltaWarehouse
sys.path.insert(0, {tests!r})
from warehouse.conftest import Loader, make_table, tag
from taskhouse.ports.warehouse import TableCommit

warehouse = DeltaWarehouse(Path({root!r}))
load, table = Loader(warehouse), make_table()
load.count = 500
file = load.stage(table, 5)
def die(*args):
    os.kill(os.getpid(), 9)
setattr(log.TableLog, {where!r}, die)
warehouse.commit(TableCommit(table, (file,), tag(3)))
"""


@pytest.mark.parametrize(("where", "committed"), [("_write", False), ("_make_durable", True)])
def test_a_kill_during_a_commit_leaves_all_or_nothing(warehouse, load, new_table, where, committed):
    """`_write` is the moment after the files were moved and before the log entry; `_make_durable` the one after it."""
    table = new_table()
    load.append(table, 2)
    tests = str(Path(__file__).parent.parent)
    script = KILLED.format(tests=tests, root=warehouse.root, where=where)
    killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    survivor = DeltaWarehouse(Path(warehouse.root))
    assert (survivor.find_commit(table, tag(3)) is not None) is committed
    assert survivor.snapshot(table).rows == (7 if committed else 2)
    assert len(read(survivor, table)) == (7 if committed else 2)
    assert DeltaWarehouse(Path(warehouse.root), retention_hours=0).vacuum(table) == (0 if committed else 1)
    assert len(read(survivor, table)) == (7 if committed else 2)
