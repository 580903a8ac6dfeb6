"""The tunnel's Arrow stream and its forms."""

from __future__ import annotations

import io
from typing import Any

import google_crc32c
import pyarrow as pa
import pytest

from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.tunnel.arrow_forms import from_wire, to_wire, wire_type
from taskhouse.protocols.odps.tunnel.arrow_stream import decode_batches, encode_batches
from taskhouse.sql.arrow import stored_type

SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.string())])
BATCHES = [pa.record_batch([pa.array(range(n)), pa.array(["x" * n] * n)], schema=SCHEMA) for n in (1, 50, 300)]


def _stream(chunk_bytes: int = 4096) -> bytes:
    return b"".join(encode_batches(BATCHES, chunk_bytes))


def _read(data: bytes, limit: int = 1 << 20) -> list[pa.RecordBatch]:
    return list(decode_batches(io.BytesIO(data), SCHEMA, limit))


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 4096, 1 << 20])
def test_round_trip(chunk_bytes: int) -> None:
    assert _read(_stream(chunk_bytes)) == BATCHES


def test_no_rows() -> None:
    assert b"".join(encode_batches([], 65536)) == b"\x00\x01\x00\x00" + bytes(4)
    assert _read(b"\x00\x01\x00\x00" + bytes(4)) == []
    assert _read(bytes(4)) == []  # what the client's writer sends when nothing was written


def _chunk(data: bytes) -> bytes:
    """`data` as the only chunk of a stream."""
    return (1 << 20).to_bytes(4, "big") + data + google_crc32c.value(data).to_bytes(4, "big")


def test_an_end_mark_is_welcome() -> None:
    data = BATCHES[0].serialize().to_pybytes() + b"\xff\xff\xff\xff\x00\x00\x00\x00"
    assert _read(_chunk(data)) == BATCHES[:1]


@pytest.mark.parametrize("place", [5, 100, 4096, 5000, -1, -3])
def test_a_changed_byte_is_noticed(place: int) -> None:
    data = bytearray(_stream())
    data[place] ^= 1
    with pytest.raises(Fault) as caught:
        _read(bytes(data))
    assert caught.value.code is FaultCode.INVALID_ARGUMENT


@pytest.mark.parametrize("size", [0, 3, 4, 6, 200, 4100, -1, -4, -5])
def test_a_stream_cut_short_is_refused(size: int) -> None:
    with pytest.raises(Fault) as caught:
        _read(_stream()[:size])
    assert caught.value.code is FaultCode.INVALID_ARGUMENT


def test_offsets_that_lie_are_refused() -> None:
    lying = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\x00\x00\x00\x00\xff\xff\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"ab")]
    )
    batch = pa.record_batch([pa.array([1, 2]), lying], schema=SCHEMA)
    with pytest.raises(Fault):
        _read(_chunk(batch.serialize().to_pybytes()))


def test_a_batch_beyond_the_limit_is_refused() -> None:
    with pytest.raises(Fault, match="larger than 10000 bytes"):
        _read(_stream(), limit=10_000)


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_a_batch_that_would_grow_when_it_is_read_is_refused(codec: str) -> None:
    many = pa.record_batch([pa.array([0] * 500_000), pa.array([""] * 500_000)], schema=SCHEMA)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, SCHEMA, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_batch(many)
    with pytest.raises(Fault, match="compressed buffers"):
        _read(_chunk(sink.getvalue()[SCHEMA.serialize().size :]))


def test_only_record_batches_are_read() -> None:
    with pytest.raises(Fault, match="a schema message"):
        _read(_chunk(SCHEMA.serialize().to_pybytes() + BATCHES[0].serialize().to_pybytes()))


VALUES: list[tuple[str, list[Any]]] = [
    ("datetime", [-1_000, None, 1_700_000_000_123_000]),
    ("timestamp", [-1, None, 1_700_000_000_123_456_789]),
    ("timestamp_ntz", [1, 2, None]),
    ("interval_day_time", [-1, 90_061_000_000_001, None]),
    ("decimal", ["1.5", None, "-99999999999999999999.000000000000000001"]),
    ("array<datetime>", [[1_000, None], None, []]),
    ("map<string,interval_day_time>", [[("k", 5), ("n", None)], None, []]),
    ("struct<a:datetime,b:array<timestamp>>", [{"a": 1_000, "b": [1, None]}, None, {"a": None, "b": None}]),
]


@pytest.mark.parametrize(("text", "values"), VALUES)
@pytest.mark.parametrize("cut", [0, 1])
def test_forms_go_both_ways(text: str, values: list[Any], cut: int) -> None:
    from decimal import Decimal

    type_ = parse_type(text)
    plain = [Decimal(v) if isinstance(v, str) else v for v in values]
    stored = pa.array(plain, stored_type(type_)).slice(cut)
    wire = to_wire(stored, type_)
    assert wire.type == wire_type(type_)
    wire.validate(full=True)
    assert from_wire(wire, type_).to_pylist() == stored.to_pylist()


def test_seconds_count_down_and_nanoseconds_up() -> None:
    stored = pa.array([-1, 1_500_000_000], pa.int64())
    wire = to_wire(stored, parse_type("timestamp"), instants_as_structs=True)
    assert wire.to_pylist() == [{"sec": -1, "nano": 999_999_999}, {"sec": 1, "nano": 500_000_000}]


@pytest.mark.parametrize("text", ["json", "interval_year_month", "array<json>", "struct<a:map<string,json>>"])
def test_types_without_an_arrow_form(text: str) -> None:
    with pytest.raises(Fault) as caught:
        wire_type(parse_type(text))
    assert caught.value.code is FaultCode.METHOD_NOT_ALLOWED
