"""The CSV that clients read: checked as bytes, and by the official client's own reader."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault
from taskhouse.domain.raw_text import rest
from taskhouse.services.csv_text import csv_file, csv_header, csv_rows, double_text, float_text, zone
from taskhouse.sql.arrow import stored_schema

SHANGHAI = zone("Asia/Shanghai")


def render(type_text: str, *values: object, raw: bool = False) -> list[str]:
    type_ = parse_type(type_text)
    schema = stored_schema([("c", type_)])
    batch = pa.table({"c": pa.array(list(values), schema.field(0).type)}, schema=schema)
    return csv_rows(batch, [type_], SHANGHAI).decode().split("\n")[:-1]


@pytest.mark.parametrize(
    ("type_text", "value", "text"),
    [
        ("bigint", -(2**63), "-9223372036854775808"),
        ("tinyint", None, r"\N"),
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("string", "a", '"a"'),
        ("string", 'say "x", y', '"say ""x"", y"'),
        ("string", "", '""'),
        ("string", None, r"\N"),
        ("json", '{"a": 1}', '"{""a"": 1}"'),
        ("double", 4.9, "4.9"),
        ("double", 3.0, "3.0"),
        ("float", 0.1, "0.1"),
        ("decimal(10,2)", Decimal("1.50"), "1.5"),
        ("decimal(38,18)", Decimal("-100"), "-100"),
        ("decimal", Decimal("0.000000000000000001"), "0.000000000000000001"),
        ("binary", b"a=\xe4\xbd\n", '"a=3D=E4=BD=0A"'),
        ("date", datetime(2026, 11, 20).date(), "2026-11-20"),
        ("datetime", datetime(2026, 11, 19, 20, 0, 0, 999000, tzinfo=UTC), "2026-11-20 04:00:00"),
        ("datetime", datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=UTC), "1970-01-01 07:59:59"),
        ("timestamp", 1, "1970-01-01 08:00:00.000000001"),
        ("timestamp", -500_000_000, "1970-01-01 07:59:59.5"),
        ("timestamp_ntz", 0, "1970-01-01 00:00:00"),
        ("interval_year_month", 14, "1-2"),
        ("interval_year_month", -14, "-1-2"),
        ("interval_day_time", 93_784_000_000_001, "1 02:03:04.000000001"),
        ("array<string>", ["a", None, 'b"'], '"[""a"", \\N, ""b\\""""]"'),
        ("array<bigint>", [], '"[]"'),
        ("map<string,bigint>", [("k", 1), ("l", None)], '"{""k"":1, ""l"":\\N}"'),
        (
            "struct<x:double,y:array<date>>",
            {"x": 1.5, "y": [datetime(2026, 1, 2).date()]},
            '"{""x"":1.5, ""y"":[""2026-01-02""]}"',
        ),
    ],
)
def test_every_type_has_its_text(type_text: str, value: object, text: str) -> None:
    assert render(type_text, value) == [text]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1e7, "1.0E7"),
        (9999999.0, "9999999.0"),
        (1234567.5, "1234567.5"),
        (12345678.9, "1.23456789E7"),
        (1e10, "1.0E10"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (-1.5e-7, "-1.5E-7"),
        (1e22, "1.0E22"),
        (100.0, "100.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles_print_as_java_prints_them(value: float, text: str) -> None:
    assert double_text(value) == text


def test_floats_print_their_own_digits() -> None:
    assert float_text(0.10000000149011612) == "0.1"
    assert float_text(16777216.0) == "1.6777216E7"


def test_no_rows_still_have_a_header() -> None:
    assert csv_header(["a", 'b"c']) == b'"a","b""c"\n'
    assert csv_rows(pa.table({"a": pa.array([], pa.int64())}), [parse_type("bigint")], SHANGHAI) == b""


def test_a_result_file_is_cut_at_the_limit(tmp_path: Path) -> None:
    columns = [("a", parse_type("bigint")), ("b", parse_type("string"))]
    schema = stored_schema(columns)
    path = str(tmp_path / "r.arrow")
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for start in (0, 3):
            rows = range(start, start + 3)
            writer.write(
                pa.record_batch([pa.array(rows, pa.int64()), pa.array(map(str, rows), pa.utf8())], schema=schema)
            )
    assert csv_file(path, columns, "UTC", 4) == b'"a","b"\n0,"0"\n1,"1"\n2,"2"\n3,"3"\n'


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(Fault, match="Mars/Olympus"):
        zone("Mars/Olympus")


def test_text_that_is_not_utf8_passes_through() -> None:
    array = pa.array([b"\xe9\x00,\r\n"], pa.binary()).view(pa.utf8())
    assert csv_rows(pa.table({"c": array}), [parse_type("string")], SHANGHAI) == b'"\xe9\x00,\r\n"\n'


@pytest.mark.filterwarnings("ignore")
def test_the_official_reader_reads_back_what_was_written() -> None:
    from odps import readers
    from odps.models import TableSchema

    types = [
        "bigint",
        "string",
        "double",
        "boolean",
        "datetime",
        "map<string,array<bigint>>",
        "struct<x:string,y:int>",
        "decimal(10,2)",
    ]
    names = [f"c{n}" for n in range(len(types))]
    rows = [
        [
            1,
            'q"\\\n,中\x01',
            1e10,
            True,
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            [("k,1", [1, None])],
            {"x": "a:b", "y": 2},
            Decimal("1.25"),
        ],
        [None] * len(types),
    ]
    kinds = [parse_type(text) for text in types]
    schema = stored_schema(list(zip(names, kinds, strict=True)))
    table = pa.table(
        [pa.array([row[n] for row in rows], schema.field(n).type) for n in range(len(types))], schema=schema
    )
    text = (csv_header(names) + csv_rows(table, kinds, UTC)).decode()
    read = list(readers.CsvRecordReader(TableSchema.from_lists(names, types), text))
    assert read[0].values[:5] == [1, 'q"\\\n,中\x01', 1e10, True, datetime(2026, 1, 2, 3, 4, 5)]
    assert dict(read[0].values[5]) == {"k,1": [1, None]}
    assert tuple(read[0].values[6]) == ("a:b", 2)
    assert read[0].values[7] == Decimal("1.25")
    assert read[1].values == [None] * len(types)


def test_bytes_that_rest_as_private_characters_come_back() -> None:
    kept = pa.array([rest(b"\xe9\x00")], pa.utf8())
    assert csv_rows(pa.table({"c": kept}), [parse_type("string")], SHANGHAI) == b'"\xe9\x00"\n'
    nested = pa.array([[rest(b"\xe9")]], pa.list_(pa.utf8()))
    assert csv_rows(pa.table({"c": nested}), [parse_type("array<string>")], SHANGHAI) == b'"[""\xe9""]"\n'
