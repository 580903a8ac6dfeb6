"""What a statement meets in the embedded engine: its values, its order, its faults, its stages, its end."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import BIGINT, STRING, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.engine import Scan, WriteTarget
from taskhouse.ports.warehouse import DataFile, Snapshot

from .conftest import Bench, Control

ODD_VALUES = [
    "20260101", "with space", "a/b", "100%", "%2F", "中文", "O'Hara \"x\"", "a=b", "a:b", "tab\there",
    "back\\slash", "?x#y", "{b}", "[a]*", "+plus", ".", "..", "01", "emoji😀", "~", "A", "a",
]  # fmt: skip

SAMPLES = {
    "tinyint": "(-128)::TINYINT",
    "smallint": "7::SMALLINT",
    "int": "2147483647::INT",
    "bigint": "(-9223372036854775807)::BIGINT",
    "float": "1.5::FLOAT",
    "double": "1e300::DOUBLE",
    "decimal": "12345678901234567890.000000000000000001::DECIMAL(38,18)",
    "decimal(10,2)": "-12345678.90::DECIMAL(10,2)",
    "string": "'naïve ''text'' 中'",
    "char(3)": "'abc'",
    "varchar(3)": "''",
    "json": """'{"a":[1,null]}'""",
    "binary": r"'\x00\xFF'::BLOB",
    "boolean": "true",
    "date": "DATE '0001-01-01'",
    "datetime": "TIMESTAMPTZ '2026-03-29 03:30:00+02'",
    "timestamp": "make_timestamp_ns(1700000000123456789)::TIMESTAMPTZ_NS",
    "timestamp_ntz": "make_timestamp_ns(-1)",
    "interval_year_month": "14",
    "interval_day_time": "129600000001007",
    "array<timestamp_ntz>": "[make_timestamp_ns(5), NULL]",
    "map<string,array<int>>": "MAP {'a': [1, 2], 'b': NULL}",
    "struct<a:int,b:struct<c:interval_year_month>>": "{'a': 1, 'b': {'c': 24}}",
}
STORED = {
    "tinyint": -128,
    "smallint": 7,
    "int": 2147483647,
    "bigint": -9223372036854775807,
    "float": 1.5,
    "double": 1e300,
    "decimal": Decimal("12345678901234567890.000000000000000001"),
    "decimal(10,2)": Decimal("-12345678.90"),
    "string": "naïve 'text' 中",
    "char(3)": "abc",
    "varchar(3)": "",
    "json": '{"a":[1,null]}',
    "binary": b"\x00\xff",
    "boolean": True,
    "date": date(1, 1, 1),
    "datetime": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    "timestamp": 1700000000123456789,
    "timestamp_ntz": -1,
    "interval_year_month": 14,
    "interval_day_time": 129600_000001_007,
    "array<timestamp_ntz>": [5, None],
    "map<string,array<int>>": [("a", [1, 2]), ("b", None)],
    "struct<a:int,b:struct<c:interval_year_month>>": {"a": 1, "b": {"c": 24}},
}


@pytest.mark.parametrize("type_", list(SAMPLES))
def test_every_type_goes_through_a_table_and_comes_back(bench: Bench, type_: str) -> None:
    table = bench.table(f"n int, v {type_}")
    written = bench.insert(table, f"SELECT * FROM (VALUES (1, {SAMPLES[type_]}), (2, NULL)) ORDER BY 1")
    assert written.rows == 2
    rows = bench.rows("SELECT v FROM t ORDER BY n", f"v {type_}", "Asia/Shanghai", t=table)
    assert rows == [(STORED[type_],), (None,)]
    assert bench.result("SELECT v FROM t", f"v {type_}", t=table).schema.field(0).metadata == {
        b"taskhouse.type": str(parse_type(type_)).encode()
    }


def test_files_hold_the_stored_form_under_physical_names(bench: Bench) -> None:
    table = bench.table("id bigint, ts timestamp")
    table = replace(table, columns=(replace(table.columns[0], physical="c_1"), table.columns[1]))
    folder = bench.warehouse.staging(table, "physical")
    query = bench.bound("SELECT 1::BIGINT, make_timestamp_ns(9)::TIMESTAMPTZ_NS", "a bigint, b timestamp")
    (file,) = bench.engine.write(query, WriteTarget(folder, table.columns), Control()).files
    read = pq.read_table(file.path)
    assert read.schema.names == ["c_1", "ts"]
    assert read.schema.types == [pa.int64(), pa.int64()]
    assert file.stats == {
        "numRecords": 1,
        "minValues": {"c_1": 1, "ts": 9},
        "maxValues": {"c_1": 1, "ts": 9},
        "nullCount": {"c_1": 0, "ts": 0},
    }


def test_the_session_zone_is_the_querys_own(bench: Bench) -> None:
    sql = "SELECT CAST(TIMESTAMPTZ '2026-01-01 00:00:00+00' AS VARCHAR)"
    shown = [bench.rows(sql, "s string", zone)[0][0] for zone in ("UTC", "Asia/Shanghai", "America/New_York", "UTC")]
    assert shown == ["2026-01-01 00:00:00+00", "2026-01-01 08:00:00+08", "2025-12-31 19:00:00-05", shown[0]]


def test_same_names_twice_and_odd_names_are_kept(bench: Bench) -> None:
    result = bench.result("SELECT 1, 2, 3", 'a int, a int, we"ird_Ünïcode int')
    assert result.schema.names == ["a", "a", 'we"ird_Ünïcode']


def test_order_and_limit_are_kept(bench: Bench) -> None:
    path = bench.blobs / "ordered.arrow"
    query = bench.bound("SELECT i FROM range(300000) t(i) ORDER BY i DESC", "i bigint")
    assert bench.engine.query(query, str(path), Control()).rows == 300_000
    with pa.ipc.open_file(path) as reader:
        assert reader.num_record_batches > 1
        values = reader.read_all().column(0).to_pylist()
    assert values == sorted(values, reverse=True)
    assert bench.engine.query(query, str(path), Control(), max_rows=10).rows == 10
    with pa.ipc.open_file(path) as reader:
        assert reader.read_all().column(0).to_pylist() == list(range(299_999, 299_989, -1))


def test_nulls_sort_as_the_smallest(bench: Bench) -> None:
    values = "(VALUES (2), (NULL), (1)) AS v(i)"
    assert bench.rows(f"SELECT i FROM {values} ORDER BY i", "i int") == [(None,), (1,), (2,)]
    assert bench.rows(f"SELECT i FROM {values} ORDER BY i DESC", "i int") == [(2,), (1,), (None,)]


def test_an_empty_result_has_its_columns(bench: Bench) -> None:
    result = bench.result("SELECT 1, 'x' WHERE false", "a int, b string")
    assert result.num_rows == 0
    assert result.schema.types == [pa.int32(), pa.utf8()]


# -- scans


def test_a_table_without_files_is_empty_and_typed(bench: Bench) -> None:
    table = bench.table("id bigint, ts timestamp", [("ds", "string")])
    assert bench.rows("SELECT count(*), max(ts), max(ds) FROM t", "n bigint, m timestamp, d string", t=table) == [
        (0, None, None)
    ]


def test_partition_values_of_any_text_are_written_and_read(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string"), ("hh", "string")])
    values = ", ".join(f"({n}::BIGINT, '" + v.replace("'", "''") + "', '0')" for n, v in enumerate(ODD_VALUES))
    written = bench.insert(table, f"SELECT * FROM (VALUES {values})")
    assert {f.partition for f in written.files} == {(v, "0") for v in ODD_VALUES}
    rows = bench.rows("SELECT id, ds, hh FROM t ORDER BY id", "id bigint, ds string, hh string", t=table)
    assert rows == [(n, v, "0") for n, v in enumerate(ODD_VALUES)]


def test_a_text_partition_never_becomes_a_number(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string"), ("n", "bigint"), ("d", "date"), ("t", "datetime")])
    bench.insert(table, "SELECT 1::BIGINT, '01', '7', '2026-01-02', '2026-01-02 03:04:05'")
    query = "SELECT ds, n + 1, d, t FROM t WHERE ds = '01' AND n = 7 AND d = DATE '2026-01-02'"
    rows = bench.rows(query, "ds string, n bigint, d date, t datetime", "Asia/Shanghai", t=table)
    assert rows == [("01", 8, date(2026, 1, 2), datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC))]


def test_filters_and_partitions_reach_the_files(bench: Bench) -> None:
    table = bench.table("id bigint, name string", [("ds", "string"), ("n", "int")])
    bench.insert(table, "SELECT i::BIGINT, 'x', 'd' || (i % 10), (i % 10)::VARCHAR FROM range(1000) t(i)")
    plan = bench.engine.explain(bench.bound("SELECT id FROM t WHERE ds = 'd3' AND id > 5", "id bigint", t=table))
    assert "Scanning Files: 1/10" in plan
    assert "id > 5" in plan
    assert "name" not in plan
    assert str(bench.warehouse.root) not in plan
    numbers = bench.engine.explain(bench.bound("SELECT id FROM t WHERE n = 4", "id bigint", t=table))
    assert "Scanning Files: 1/10" in numbers


def test_only_the_snapshots_partitions_are_read(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string")])
    bench.insert(table, "SELECT i::BIGINT, 'd' || (i % 3) FROM range(30) t(i)")
    scan = bench.scan(table, partitions=[("d1",)])
    assert bench.rows("SELECT ds, count(*) FROM t GROUP BY ds", "ds string, n bigint", t=scan) == [("d1", 10)]


def test_files_with_other_columns_are_read_together(bench: Bench) -> None:
    table = bench.table("id bigint, gone string")
    bench.insert(table, "SELECT 1::BIGINT, 'old'")
    after = replace(
        table,
        columns=(
            Column("key", BIGINT, physical="id"),
            Column("extra", STRING),
            Column("stamp", parse_type("timestamp")),
        ),
        hidden_columns=(table.columns[1],),
        mixed_files=True,
    )
    bench.warehouse.alter(table, after)
    query = "SELECT key, extra, stamp FROM t ORDER BY key"
    columns = "key bigint, extra string, stamp timestamp"
    assert bench.rows(query, columns, t=after) == [(1, None, None)]
    bench.insert(after, "SELECT 2::BIGINT, 'new', make_timestamp_ns(3)::TIMESTAMPTZ_NS")
    assert bench.rows(query, columns, t=after) == [(1, None, None), (2, "new", 3)]
    plan = bench.engine.explain(bench.bound("SELECT extra FROM t WHERE key = 2", "extra string", t=after))
    assert "Filters: id = 2" in plan


def test_files_outside_their_partitions_folder_are_read_by_the_log(bench: Bench, tmp_path: Path) -> None:
    """Another writer of the same Delta table may lay out files as it likes."""
    table = bench.table("id bigint", [("ds", "string"), ("n", "bigint")])
    files = []
    for number, values in enumerate([("a b", "1"), ("c", "2"), ("a b", "1")]):
        path = Path(bench.warehouse.root, table.id, f"{number}.parquet")
        pq.write_table(pa.table({"id": [number]}), path)
        files.append(DataFile(str(path), 1, path.stat().st_size, values))
    scan = Scan(Snapshot(table, 1, tuple(files)), (*table.columns, *table.partition_columns))
    rows = bench.rows("SELECT id, ds, n FROM t ORDER BY id", "id bigint, ds string, n bigint", t=scan)
    assert rows == [(0, "a b", 1), (1, "c", 2), (2, "a b", 1)]


def test_one_table_under_two_names_and_nested_queries(bench: Bench) -> None:
    table = bench.table("id bigint")
    bench.insert(table, "SELECT i::BIGINT FROM range(5) t(i)")
    sql = "WITH big AS (SELECT id FROM a WHERE id > 1) SELECT count(*) FROM big JOIN b ON big.id = b.id"
    assert bench.rows(sql, "n bigint", a=table, b=table) == [(3,)]


# -- writing


def test_a_static_partition_gets_its_values(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string"), ("hh", "string")])
    written = bench.insert(table, "SELECT i::BIGINT FROM range(10) t(i)", ("x y", "1"))
    assert [(f.partition, f.rows) for f in written.files] == [(("x y", "1"), 10)]
    mixed = bench.insert(table, "SELECT i::BIGINT, 'h' || (i % 2) FROM range(10) t(i)", ("z",))
    assert sorted(f.partition for f in mixed.files) == [("z", "h0"), ("z", "h1")]
    rows = bench.rows(
        "SELECT ds, hh, count(*) FROM t GROUP BY ALL ORDER BY ALL", "a string, b string, n bigint", t=table
    )
    assert rows == [("x y", "1", 10), ("z", "h0", 5), ("z", "h1", 5)]


def test_no_rows_no_files(bench: Bench) -> None:
    for partitions in ([], [("ds", "string")]):
        table = bench.table("id bigint", partitions)
        dynamic = ", 'x'" if partitions else ""
        written = bench.insert(table, f"SELECT 1::BIGINT{dynamic} WHERE false")
        assert (written.files, written.rows) == ((), 0)


@pytest.mark.parametrize("value", ["NULL", "''", "'__HIVE_DEFAULT_PARTITION__'"])
def test_a_dynamic_partition_without_value_is_refused(bench: Bench, value: str) -> None:
    table = bench.table("id bigint", [("ds", "string")])
    with pytest.raises(Fault, match=r"ODPS-0123031: Partition exception .* ds is"):
        bench.insert(table, f"SELECT 1::BIGINT, {value}")


def test_too_many_partitions_are_refused(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string")])
    target = WriteTarget(bench.warehouse.staging(table, "many"), table.columns, table.partition_columns, (), 3)
    query = bench.bound("SELECT i::BIGINT, i::VARCHAR FROM range(4) t(i)", "id bigint, ds string")
    with pytest.raises(Fault, match="4 dynamic partitions in one statement, at most 3"):
        bench.engine.write(query, target, Control())


def test_overlong_partition_values_are_refused_in_words(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string")])
    with pytest.raises(Fault, match="a partition value is too long to be stored"):
        bench.insert(table, "SELECT 1::BIGINT, repeat('x', 300)")


# -- faults


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("SELECT CAST('abc' AS INTEGER)", FaultCode.RUNTIME, "Could not convert string 'abc' to INT"),
        ("SELECT CAST(s AS INTEGER) FROM (VALUES ('1'), ('/etc/x')) v(s)", FaultCode.RUNTIME, "'/etc/x' to INT"),
        ("SELECT 9223372036854775807::BIGINT + i FROM range(1, 2) t(i)", FaultCode.RUNTIME, "Overflow in addition of BIGINT"),
        ("SELECT (99999999::DECIMAL(8,0) * 100000000000::DECIMAL(12,0)) * x FROM (VALUES (10::DECIMAL(18,0))) v(x)",
         FaultCode.RUNTIME, "Overflow in multiplication of DECIMAL"),
        ("SELECT (SELECT i FROM range(3) t(i))", FaultCode.RUNTIME, "More than one row returned by a subquery"),
        ("SELECT nosuchcolumn", FaultCode.SEMANTIC, "nosuchcolumn"),
        ("SELECT * FROM nosuchtable", FaultCode.SEMANTIC, "nosuchtable"),
        ("SELECT FROM WHERE", FaultCode.SEMANTIC, "syntax error"),
        ("SELECT error('said by the query')", FaultCode.RUNTIME, "said by the query"),
    ],
)  # fmt: skip
def test_errors_are_faults_without_the_engines_text(bench: Bench, sql: str, code: FaultCode, words: str) -> None:
    with pytest.raises(Fault) as raised:
        bench.result(sql, "a bigint")
    assert raised.value.code is code
    assert words in raised.value.message
    for leak in ("LINE ", "INT32", "SET ", "Candidate", "Did you mean", "\n", "Error:", str(bench.blobs)):
        assert leak not in raised.value.message
    assert not [p for p in os.listdir(bench.blobs) if p.endswith(".partial")]


def test_an_error_after_the_first_rows_leaves_no_result(bench: Bench) -> None:
    sql = "SELECT CASE WHEN i > 900000 THEN CAST('x' || i AS BIGINT) ELSE i END FROM range(1000000) t(i)"
    path = bench.blobs / "broken.arrow"
    with pytest.raises(Fault, match="Could not convert string"):
        bench.engine.query(bench.bound(sql, "a bigint"), str(path), Control())
    assert not path.exists()
    assert bench.rows("SELECT 1", "a int") == [(1,)]


def test_a_missing_file_is_told_without_its_path(bench: Bench) -> None:
    table = bench.table("id bigint")
    bench.insert(table, "SELECT 1::BIGINT")
    scan = bench.scan(table)
    os.unlink(scan.snapshot.files[0].path)
    with pytest.raises(Fault, match="a file of a table is gone") as raised:
        bench.rows("SELECT id FROM t", "id bigint", t=scan)
    assert bench.warehouse.root not in str(raised.value)


def test_memory_is_bounded_and_spills(bench: Bench) -> None:
    sql = "SELECT count(*) FROM (SELECT md5(i::VARCHAR) AS h, i FROM range(8000000) t(i) ORDER BY h) WHERE i >= 0"
    assert bench.rows(sql, "n bigint") == [(8_000_000,)]
    with pytest.raises(Fault, match="needs more memory"):
        bench.rows("SELECT length(string_agg(repeat('x', 1000), '')) FROM range(3000000)", "n bigint")


# -- stopping


ENDLESS = "SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE (i * j) % 7 = 8"


def test_a_running_statement_is_stopped(bench: Bench) -> None:
    control = Control(at_report=lambda c: c.cancel() if len(c.reports) == 2 else None)
    with pytest.raises(Fault) as raised:
        bench.engine.query(bench.bound(ENDLESS, "n bigint"), str(bench.blobs / "never.arrow"), control)
    assert raised.value.code is FaultCode.CANCELLED
    assert not (bench.blobs / "never.arrow").exists()
    assert bench.rows("SELECT 1", "a int") == [(1,)]


def test_a_stop_that_comes_before_the_start_holds(bench: Bench) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Fault, match="stopped"):
        bench.engine.query(bench.bound(ENDLESS, "n bigint"), str(bench.blobs / "never.arrow"), control)
    early = Control(at_report=lambda c: c.cancel())
    with pytest.raises(Fault) as raised:
        bench.engine.query(bench.bound(ENDLESS, "n bigint"), str(bench.blobs / "never.arrow"), early)
    assert raised.value.code is FaultCode.CANCELLED


def test_a_write_is_stopped(bench: Bench) -> None:
    table = bench.table("id bigint")
    target = WriteTarget(bench.warehouse.staging(table, "stopped"), table.columns)
    control = Control(at_report=lambda c: c.cancel() if len(c.reports) == 2 else None)
    with pytest.raises(Fault) as raised:
        bench.engine.write(bench.bound(ENDLESS, "id bigint"), target, control)
    assert raised.value.code is FaultCode.CANCELLED


def test_stopping_one_leaves_the_others(bench: Bench) -> None:
    stopped = Control(at_report=lambda c: c.cancel() if len(c.reports) == 2 else None)
    results: list[object] = []

    def endless() -> None:
        with pytest.raises(Fault):
            bench.engine.query(bench.bound(ENDLESS, "n bigint"), str(bench.blobs / "n1.arrow"), stopped)
        results.append("stopped")

    def quick() -> None:
        query = "SELECT sum(i) FROM range(100000) t(i)"
        results.extend(bench.rows(query, "n decimal(38,0)")[0][0] for _ in range(20))

    threads = [threading.Thread(target=work) for work in (endless, quick, quick)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("stopped") == 1
    assert results.count(Decimal(4999950000)) == 40


# -- stages and statistics


def test_stages_follow_the_plan(bench: Bench) -> None:
    orders = bench.table("o_id bigint, customer string", name="orders")
    items = bench.table("i_order bigint, price double", name="items")
    bench.insert(orders, "SELECT i::BIGINT, 'c' || (i % 5) FROM range(100) t(i)")
    bench.insert(items, "SELECT (i % 100)::BIGINT, i::DOUBLE FROM range(1000) t(i)")
    control = Control()
    sql = "SELECT customer, sum(price) s FROM o JOIN i ON o_id = i_order GROUP BY customer ORDER BY s"
    query = bench.bound(sql, "customer string, s double", o=orders, i=items)
    found = bench.engine.query(query, str(bench.blobs / "staged.arrow"), control)
    assert control.reports[0][0].name == "M1_job_0"
    assert control.reports[-1] == found.statistics.stages
    names = [s.name for s in found.statistics.stages]
    assert names == ["M1_job_0", "M2_job_0", "J3_1_2_job_0", "R4_3_job_0", "R5_4_job_0"]
    stages = dict(zip(names, found.statistics.stages, strict=True))
    assert {stages["M1_job_0"].operator, stages["M2_job_0"].operator} == {"scan p.orders", "scan p.items"}
    assert stages["J3_1_2_job_0"].upstream == ("M1_job_0", "M2_job_0")
    assert (stages["J3_1_2_job_0"].rows_in, stages["J3_1_2_job_0"].rows_out) == (1100, 1000)
    assert stages["R4_3_job_0"].rows_out == 5
    assert all((s.percent, s.workers_done, s.workers_running) == (100, s.workers_total, 0) for s in stages.values())
    assert found.statistics.rows_in == 1100
    assert found.statistics.rows_out == 5
    assert found.statistics.bytes_out == (bench.blobs / "staged.arrow").stat().st_size
    assert found.statistics.cpu_seconds > 0
    assert found.statistics.peak_memory_bytes > 0


def test_a_long_statement_tells_its_progress(bench: Bench) -> None:
    control = Control(at_report=lambda c: c.cancel() if len(c.reports) == 4 else None)
    sql = "SELECT a.i % 10, count(*) FROM range(10000000) a(i) JOIN range(100000000000) b(j) ON i = j % 1000 GROUP BY 1"
    with pytest.raises(Fault):
        bench.engine.query(bench.bound(sql, "k bigint, n bigint"), str(bench.blobs / "long.arrow"), control)
    known = control.reports[1]
    assert [s.name for s in known] == ["M1_job_0", "M2_job_0", "J3_1_2_job_0", "R4_3_job_0"]
    assert known[0].workers_running == 2 or known[0].percent == 100
    assert all(0 <= s.percent <= 100 for report in control.reports for s in report)


def test_a_write_has_statistics_too(bench: Bench) -> None:
    table = bench.table("id bigint", [("ds", "string")])
    written = bench.insert(table, "SELECT i::BIGINT, 'd' || (i % 4) FROM range(1000) t(i)")
    assert written.rows == written.statistics.rows_out == 1000
    assert written.statistics.bytes_out == sum(f.bytes for f in written.files)
    assert [s.name for s in written.statistics.stages] == ["M1_job_0"]
    assert written.statistics.stages[0].rows_out == 1000
