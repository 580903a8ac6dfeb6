"""The record stream against the official client's own readers and writers, compiled and pure Python."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import sys
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any

import odps
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from taskhouse.domain.datatypes import DataType, Kind, parse_type
from taskhouse.domain.faults import Fault
from taskhouse.protocols.odps.tunnel.record_reader import RecordDecoder
from taskhouse.protocols.odps.tunnel.record_values import stored_digits
from taskhouse.protocols.odps.tunnel.record_writer import encode_records
from taskhouse.sql.arrow import stored_schema

EPOCH = dt.datetime(1970, 1, 1)
END_TAG = b"\x80\xc0\xff\x7f"


def _pure(name: str) -> ModuleType:
    """A second copy of a client module that uses its pure Python code."""
    alias = f"odps.tunnel.io.{name}_pure"
    if alias not in sys.modules:
        found = importlib.util.find_spec(f"odps.tunnel.io.{name}")
        assert found is not None and found.origin is not None
        spec = importlib.util.spec_from_file_location(alias, found.origin)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        odps.options.force_py = True
        try:
            spec.loader.exec_module(module)
        finally:
            odps.options.force_py = False
        sys.modules[alias] = module
    return sys.modules[alias]


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    before = odps.options.local_timezone, odps.options.retry_times
    odps.options.local_timezone, odps.options.retry_times = False, 0
    yield
    odps.options.local_timezone, odps.options.retry_times = before


SIMPLE = [
    *["tinyint", "smallint", "int", "bigint", "float", "double", "boolean", "string", "binary", "date", "datetime"],
    *["timestamp", "timestamp_ntz", "interval_day_time", "interval_year_month", "decimal", "decimal(10,2)"],
    *["decimal(38,18)", "char(5)", "varchar(9)", "json"],
]
_NESTABLE = [t for t in SIMPLE if t not in ("json", "interval_year_month")]
_KEYS = ["bigint", "string", "int"]


MARKS = [chr(code) for code in range(0x10FE80, 0x10FF00)]
"""Characters that rest as others (see `taskhouse.domain.raw_text`); they have tests of their own."""
CHARACTERS = st.characters(codec="utf-8", exclude_characters=MARKS)


def _types() -> st.SearchStrategy[str]:
    nested = st.recursive(
        st.sampled_from(_NESTABLE),
        lambda inner: st.one_of(
            inner.map("array<{}>".format),
            st.tuples(st.sampled_from(_KEYS), inner).map(lambda p: f"map<{p[0]},{p[1]}>"),
            st.lists(inner, min_size=1, max_size=3).map(
                lambda m: "struct<" + ",".join(f"f{i}:{t}" for i, t in enumerate(m)) + ">"
            ),
        ),
        max_leaves=4,
    )
    return st.one_of(st.sampled_from(SIMPLE), nested)


def _values(type_: DataType) -> st.SearchStrategy[Any]:
    """Values in the stored form, as Python values."""
    kind = type_.kind
    bits = {Kind.TINYINT: 7, Kind.SMALLINT: 15, Kind.INT: 31, Kind.BIGINT: 63}
    if kind in bits:
        return st.integers(-(2 ** bits[kind]), 2 ** bits[kind] - 1)
    match kind:
        case Kind.INTERVAL_YEAR_MONTH:
            return st.integers(-100_000, 100_000)
        case Kind.FLOAT:
            return st.floats(width=32, allow_nan=False)
        case Kind.DOUBLE:
            return st.floats(allow_nan=False)
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.BINARY:
            return st.one_of(st.binary(max_size=40), st.just(END_TAG + b"\x00\x00"), st.just(END_TAG * 3))
        case Kind.CHAR | Kind.VARCHAR:
            return st.text(CHARACTERS, max_size=type_.length)
        case Kind.STRING:
            return st.one_of(st.text(CHARACTERS, max_size=20), st.text(CHARACTERS, min_size=120, max_size=300))
        case Kind.JSON:
            return st.sampled_from(['"a"', '{"a": [1, 2, "x"]}'])
        case Kind.DATE:
            return st.dates(dt.date(1900, 1, 1)).map(lambda d: (d - EPOCH.date()).days)
        case Kind.DATETIME:
            # quarters of a second: the client computes milliseconds in floating point
            return st.integers(-4_000_000_000, 1_013_609_203_196).map(lambda quarters: quarters * 250_000)
        case Kind.TIMESTAMP | Kind.TIMESTAMP_NTZ:
            return st.integers(0, 2**62)
        case Kind.INTERVAL_DAY_TIME:
            return st.integers(-(2**60), 2**60)
        case Kind.DECIMAL:
            precision, scale = stored_digits(type_)
            top = 10 ** min(precision, 30) - 1
            return st.integers(-top, top).map(lambda n: Decimal(n).scaleb(-scale))
        case Kind.ARRAY:
            assert type_.element is not None
            return st.lists(_nullable(type_.element), max_size=4)
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            return st.dictionaries(_values(type_.key), _nullable(type_.element), max_size=3).map(
                lambda d: list(d.items())
            )
        case _:
            return st.fixed_dictionaries({f.name: _nullable(f.type) for f in type_.fields})


def _nullable(type_: DataType) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), _values(type_), _values(type_), _values(type_))


@st.composite
def _tables(draw: st.DrawFn, any_bytes: bool = True) -> tuple[list[DataType], pa.RecordBatch, list[list[Any]]]:
    texts = draw(st.lists(_types(), min_size=1, max_size=6))
    if draw(st.booleans()):
        texts = ["bigint"] * 16 + texts  # field numbers above 15 have tags of two bytes
    if not any_bytes:
        texts = [text.replace("binary", "string") for text in texts]
    types = [parse_type(t) for t in texts]
    rows = draw(st.lists(st.tuples(*map(_nullable, types)).map(list), max_size=8))
    schema = stored_schema((f"c{i}", t) for i, t in enumerate(types))
    arrays = [pa.array([row[i] for row in rows], f.type) for i, f in enumerate(schema)]
    return types, pa.record_batch(arrays, schema=schema), rows


def _client_value(type_: DataType, value: Any) -> Any:
    """A stored value as the client's user would write it."""
    import pandas as pd
    from odps.compat import Monthdelta

    if value is None:
        return None
    match type_.kind:
        case Kind.DATE:
            return EPOCH.date() + dt.timedelta(days=value)
        case Kind.DATETIME:
            return EPOCH + dt.timedelta(microseconds=value)
        case Kind.TIMESTAMP | Kind.TIMESTAMP_NTZ:
            return pd.Timestamp(value)
        case Kind.INTERVAL_DAY_TIME:
            return pd.Timedelta(value)
        case Kind.INTERVAL_YEAR_MONTH:
            return Monthdelta(value)
        case Kind.JSON:
            import json

            return json.loads(value)
        case Kind.ARRAY:
            return [_client_value(type_.element, v) for v in value]
        case Kind.MAP:
            return {_client_value(type_.key, k): _client_value(type_.element, v) for k, v in value}
        case Kind.STRUCT:
            return tuple(_client_value(f.type, value[f.name]) for f in type_.fields)
        case _:
            return value


def _seen(value: Any) -> Any:
    """A value read by the client in a form that compares."""
    from odps.compat import Monthdelta

    if isinstance(value, Monthdelta):
        return value.total_months()
    if isinstance(value, (list, tuple)):
        return [_seen(v) for v in value]
    if isinstance(value, dict):
        return {k: _seen(v) for k, v in value.items()}
    return value


def _client_schema(types: list[DataType]) -> Any:
    from odps.models import TableSchema

    schema = TableSchema.from_lists([f"c{i}" for i in range(len(types))], [str(t) for t in types])
    schema.build_snapshot()
    return schema


def _decoder(types: list[DataType], *, field_bytes: int = 1 << 20, record_bytes: int = 1 << 24) -> RecordDecoder:
    columns = [(f"c{i}", t) for i, t in enumerate(types)]
    return RecordDecoder(columns, field_bytes=field_bytes, record_bytes=record_bytes)


def _decode(data: bytes, types: list[DataType], **limits: int) -> list[dict[str, Any]]:
    batches = list(_decoder(types, **limits).read(io.BytesIO(data)))
    return [row for batch in batches for row in batch.to_pylist()]


def _written(module: ModuleType, types: list[DataType], rows: list[list[Any]]) -> bytes:
    from odps.models import Record

    schema, out = _client_schema(types), io.BytesIO()
    writer = module.BaseRecordWriter(schema, out)
    for row in rows:
        writer.write(Record(schema=schema, values=[_client_value(t, v) for t, v in zip(types, row, strict=True)]))
    writer.close()
    return out.getvalue()


slow_ok = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.mark.parametrize("pure", [False, True])
@slow_ok
@given(drawn=st.data())
def test_the_client_reads_what_is_written(pure: bool, drawn: Any) -> None:
    from odps.tunnel.io import reader

    # the client's Python reader takes a BINARY for a text
    types, batch, rows = drawn.draw(_tables(any_bytes=not pure))
    assume(
        not (pure and any("binary" in str(t) for t in types))
    )  # the client's pure Python takes every BINARY for UTF-8
    data = b"".join(encode_records([batch], types))
    module = _pure("reader") if pure else reader
    found = list(module.TunnelRecordReader(_client_schema(types), lambda *_a, **_k: io.BytesIO(data)))
    assert [r._mode() for r in found[:1]] in ([], ["c"])
    expected = [[_seen(_client_value(t, v)) for t, v in zip(types, row, strict=True)] for row in rows]
    assert [[_seen(v) for v in record.values] for record in found] == expected


@pytest.mark.parametrize("pure", [False, True])
@slow_ok
@given(table=_tables())
def test_what_the_client_writes_is_read(pure: bool, table: Any) -> None:
    from odps.tunnel.io import writer

    types, batch, rows = table
    data = _written(_pure("writer") if pure else writer, types, rows)
    read = _decode(data, types)
    for number, type_ in enumerate(types):
        name = f"c{number}"
        assert (str(type_), [row[name] for row in read]) == (str(type_), batch.column(name).to_pylist())


@slow_ok
@given(table=_tables())
def test_slices_of_batches_are_written_like_whole_ones(table: Any) -> None:
    types, batch, _ = table
    whole = b"".join(encode_records([batch], types))
    cut = [batch.slice(i, 1) for i in range(batch.num_rows)]
    assert b"".join(encode_records(cut, types)) == whole
    assert _decode(whole, types) == batch.to_pylist()


@slow_ok
@given(table=_tables(), data=st.data())
def test_damaged_streams_are_refused(table: Any, data: Any) -> None:
    types, batch, _ = table
    stream = bytearray(b"".join(encode_records([batch], types)))
    place = data.draw(st.integers(0, len(stream) - 1))
    if data.draw(st.booleans()):
        del stream[place:]
    else:
        stream[place] ^= data.draw(st.integers(1, 255))
    try:
        rows, code = _decode(bytes(stream), types), 400
    except Fault as fault:
        rows, code = batch.to_pylist(), fault.code.http_status
    assert code == 400
    assert rows == batch.to_pylist()


def test_many_rows_come_in_several_batches_in_order() -> None:
    types = [parse_type("bigint"), parse_type("string")]
    schema = stored_schema(zip(["c0", "c1"], types, strict=True))
    n = 150_000
    batch = pa.record_batch([pa.array(range(n)), pa.array([f"row {i}" for i in range(n)])], schema=schema)
    data = b"".join(encode_records([batch], types))
    batches = list(_decoder(types).read(io.BytesIO(data)))
    assert len(batches) > 1
    assert pa.Table.from_batches(batches).column("c0").to_pylist() == list(range(n))


def test_fields_out_of_order_are_read() -> None:
    import google_crc32c

    from taskhouse.protocols.odps.tunnel import record_wire as wire
    from taskhouse.protocols.odps.tunnel.varints import encode_varint, encode_zigzag

    crc = google_crc32c.value(
        (2).to_bytes(4, "little") + (7).to_bytes(8, "little") + (1).to_bytes(4, "little") + (5).to_bytes(8, "little")
    )
    stream = (
        wire.tag(2, 0)
        + encode_zigzag(7)
        + wire.tag(1, 0)
        + encode_zigzag(5)
        + wire.END_RECORD_TAG
        + encode_varint(crc)
        + wire.META_COUNT_TAG
        + encode_zigzag(1)
        + wire.META_CHECKSUM_TAG
        + encode_varint(google_crc32c.value(crc.to_bytes(4, "little")))
    )
    assert _decode(stream, [parse_type("bigint")] * 2) == [{"c0": 5, "c1": 7}]


def test_checksums_may_come_sign_extended() -> None:
    types = [parse_type("bigint")]
    schema = stored_schema([("c0", types[0])])
    from taskhouse.protocols.odps.tunnel.varints import decode_varint, encode_varint

    seen = set()
    for number in range(40):
        stream = b"".join(encode_records([pa.record_batch([pa.array([number])], schema=schema)], types))
        out, at = b"", 0
        for mark in (END_TAG, b"\xf8\xff\xff\x7f"):
            place = stream.index(mark) + 4
            crc, behind = decode_varint(stream, place)
            wide = crc | 0xFFFFFFFF00000000 if crc >> 31 else crc
            seen.add(crc >> 31)
            out += stream[at:place] + encode_varint(wide)
            at = behind
        assert _decode(out, types) == [{"c0": number}]
    assert seen == {0, 1}


@pytest.mark.parametrize(
    ("type_", "value", "part"),
    [
        ("string", "x" * 2000, "limit of 1000 bytes"),
        ("decimal", "1" * 21, "legacy DECIMAL keeps 38 digits"),
        ("decimal(5,2)", "1234.5", "more digits"),
        ("decimal(5,2)", "abc", "not a value"),
    ],
)
def test_values_that_do_not_fit_are_named(type_: str, value: str, part: str) -> None:
    text = stored_schema([("c0", parse_type("string"))])
    data = b"".join(encode_records([pa.record_batch([pa.array([value])], schema=text)], [parse_type("string")]))
    with pytest.raises(Fault, match=part) as caught:
        _decode(data, [parse_type(type_)], field_bytes=1000)
    assert "column c0" in caught.value.message


def test_decimals_are_rounded_to_their_scale() -> None:
    text = stored_schema([("c0", parse_type("string"))])
    data = b"".join(
        encode_records([pa.record_batch([pa.array(["1.005", "2.5e1"])], schema=text)], [parse_type("string")])
    )
    assert _decode(data, [parse_type("decimal(5,2)")]) == [{"c0": Decimal("1.01")}, {"c0": Decimal("25.00")}]


def test_an_endless_record_is_cut_off() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"\x0a\x05hello" * (size // 7 + 1)

    with pytest.raises(Fault, match="larger than"):
        list(_decoder([parse_type("string")], record_bytes=1 << 20).read(Endless()))
