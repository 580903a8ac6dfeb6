"""Record batches in the stored form -> the record stream, a column at a time.

For every column of a batch two lists of byte runs are computed for all rows together: what goes on the wire and what goes into
the record's checksum. The runs are then interleaved by row. The only step per row in Python is one call of the CRC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import google_crc32c
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.raw_text import LEADING_BYTE, restore
from taskhouse.protocols.odps.tunnel import arrow_memory as memory
from taskhouse.protocols.odps.tunnel import record_wire as wire
from taskhouse.protocols.odps.tunnel.segments import Segments, constant, fixed_width, join_rows
from taskhouse.protocols.odps.tunnel.varints import encode_varint, encode_zigzag, varint_runs, zigzag

Runs = tuple[list[Segments], list[Segments]]
"""(what goes on the wire, what goes into the checksum)"""

_INTEGER_FORMS: dict[Kind, str] = {
    Kind.TINYINT: "i1",
    Kind.SMALLINT: "<i2",
    Kind.INT: "<i4",
    Kind.BIGINT: "<i8",
    Kind.DATE: "<i4",
    Kind.DATETIME: "<i8",
    Kind.INTERVAL_YEAR_MONTH: "<i4",
    Kind.FLOAT: "<f4",
    Kind.DOUBLE: "<f8",
    Kind.TIMESTAMP: "<i8",
    Kind.TIMESTAMP_NTZ: "<i8",
    Kind.INTERVAL_DAY_TIME: "<i8",
}
_ROWS = 16_384
_BYTES = 4 * 1024 * 1024
_METRICS_INDEX = 1


class RecordEncoder:
    """Writes one record stream. `types` are those of the batches' columns; column i gets field number i + 1."""

    def __init__(self, types: Sequence[DataType]) -> None:
        self._types = tuple(types)
        self._tags = [wire.tag(i + 1, wire.wire_type(t.kind)) for i, t in enumerate(types)]
        self._indexes = [(i + 1).to_bytes(4, "little") for i in range(len(types))]
        self.count = 0
        self._checksum = 0

    def encode(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        """The bytes of all rows of `batch`, in pieces of some megabytes at most (unless a single row is larger)."""
        rows = _ROWS
        if batch.num_rows > 1:
            rows = max(1, min(_ROWS, _BYTES * batch.num_rows // max(1, batch.nbytes)))
        for start in range(0, batch.num_rows, rows):
            yield self._encode(batch.slice(start, rows))

    def _encode(self, batch: pa.RecordBatch) -> bytes:
        rows = batch.num_rows
        payload: list[Segments] = []
        summed: list[Segments] = []
        for column, type_, tag, index in zip(batch.columns, self._types, self._tags, self._indexes, strict=True):
            present = memory.present(column)
            value_runs, sum_runs = _runs(column, type_, tag)
            payload += [run.only(present) for run in value_runs]
            summed += [run.only(present) for run in (constant(index, rows), *sum_runs)]
        sum_bytes, sum_offsets = join_rows(summed, rows)
        raw, ends = sum_bytes.tobytes(), sum_offsets.tolist()
        value = google_crc32c.value
        sums = np.array([value(raw[a:b]) for a, b in pairwise(ends)], np.uint32)
        self._checksum = google_crc32c.extend(self._checksum, sums.astype("<u4").tobytes())
        self.count += rows
        payload.append(varint_runs(sums.astype(np.uint64), wire.END_RECORD_TAG))
        return join_rows(payload, rows)[0].tobytes()

    def finish(self, metrics: str = "") -> bytes:
        """The footer, with a JSON document of measurements if there is one. Without a footer a client takes the stream for cut
        short, or worse, for complete."""
        noted = b""
        if metrics:
            text = metrics.encode()
            checksum = google_crc32c.value(_METRICS_INDEX.to_bytes(4, "little") + text)
            noted = b"".join(
                (
                    wire.tag(_METRICS_INDEX, wire.LENGTH_DELIMITED),
                    encode_varint(len(text)),
                    text,
                    wire.tag(wire.END_METRICS, wire.VARINT),
                    encode_varint(checksum),
                )
            )
        return b"".join(
            (
                wire.META_COUNT_TAG,
                encode_zigzag(self.count),
                noted,
                wire.META_CHECKSUM_TAG,
                encode_varint(self._checksum),
            )
        )


def encode_records(
    batches: Iterable[pa.RecordBatch], types: Sequence[DataType], metrics: Callable[[], str] | None = None
) -> Iterator[bytes]:
    """A whole record stream. `metrics` is asked for its document when the last row has been written."""
    encoder = RecordEncoder(types)
    for batch in batches:
        yield from encoder.encode(batch)
    yield encoder.finish(metrics() if metrics is not None else "")


def _runs(array: pa.Array, type_: DataType, prefix: bytes) -> Runs:
    """Runs of the values of `array`, each behind `prefix`. Runs of null rows are arbitrary and must be masked by the caller."""
    kind = type_.kind
    rows = len(array)
    if kind in wire.TEXTUAL:
        if kind is Kind.BINARY:
            return _text_runs(array, prefix)
        return _text_runs(decimal_text(array) if kind is Kind.DECIMAL else _restored(array), prefix)
    if kind is Kind.ARRAY:
        assert type_.element is not None
        return _list_runs(array, array.values, type_.element, prefix)
    if kind is Kind.MAP:
        assert type_.key is not None and type_.element is not None
        keys, key_sums = _list_runs(array, array.keys, type_.key, prefix)
        items, item_sums = _list_runs(array, array.items, type_.element, b"")
        return keys + items, key_sums + item_sums
    if kind is Kind.STRUCT:
        runs, sums = [constant(prefix, rows)] if prefix else [], []
        for number, field in enumerate(type_.fields):
            member_runs, member_sums = _nullable_runs(array.field(number), field.type)
            runs += member_runs
            sums += member_sums
        return runs, sums
    if kind is Kind.BOOLEAN:
        values = memory.flags(array).view(np.uint8)
        return [varint_runs(values.astype(np.uint64), prefix)], [fixed_width(values)]
    values = memory.values(array, _INTEGER_FORMS[kind])
    if kind in (Kind.FLOAT, Kind.DOUBLE):
        run = fixed_width(values)
        return ([constant(prefix, rows), run] if prefix else [run]), [run]
    longs = values.astype(np.int64)
    if kind in wire.INSTANTS:
        seconds = longs // wire.NANOS
        nanos = longs - seconds * wire.NANOS
        return (
            [varint_runs(zigzag(seconds), prefix), varint_runs(zigzag(nanos))],
            [fixed_width(seconds), fixed_width(nanos.astype("<i4"))],
        )
    if kind is Kind.DATETIME:
        longs = longs // 1000
    return [varint_runs(zigzag(longs), prefix)], [fixed_width(longs)]


def _restored(array: pa.Array) -> pa.Array:
    """Texts as the bytes they once were, see `domain.raw_text`."""
    data = array.buffers()[2]
    if data is None or not (np.frombuffer(data, np.uint8) == LEADING_BYTE).any():
        return array
    return pa.array([None if v is None else restore(v) for v in array.cast(pa.binary()).to_pylist()], pa.binary())


def _text_runs(array: pa.Array, prefix: bytes) -> Runs:
    offsets = memory.offsets(array)
    lengths = np.diff(offsets)
    run = Segments(memory.texts(array), offsets[:-1], lengths)
    return [varint_runs(lengths.astype(np.uint64), prefix), run], [run]


def _nullable_runs(array: pa.Array, type_: DataType) -> Runs:
    """Values inside a nested value: one byte 1 for null, or 0 and the value."""
    runs, sums = _runs(array, type_, b"\x00")
    present = memory.present(array)
    if present is None:
        return runs, sums
    runs = [run.only(present) for run in runs]
    runs.append(constant(b"\x01", len(array)).only(~present))
    return runs, [run.only(present) for run in sums]


def _list_runs(array: pa.Array, elements: pa.Array, element_type: DataType, prefix: bytes) -> Runs:
    """A count, then the elements. `elements` is the unsliced child of `array`, whose offsets point into it."""
    offsets = memory.offsets(array)
    first, last = int(offsets[0]), int(offsets[-1])
    child = elements.slice(first, last - first)
    child_runs, child_sums = _nullable_runs(child, element_type)
    counts = varint_runs(np.diff(offsets).astype(np.uint64), prefix)
    return [counts, _grouped(child_runs, offsets - first, len(child))], [
        _grouped(child_sums, offsets - first, len(child))
    ]


def _grouped(runs: list[Segments], offsets: NDArray[np.int64], elements: int) -> Segments:
    """One run per row out of the runs of its elements."""
    data, ends = join_rows(runs, elements)
    bounds = ends[offsets]
    return Segments(data, bounds[:-1], np.diff(bounds))


def decimal_text(array: pa.Array) -> pa.Array:
    """Decimals as MaxCompute prints them: plain digits, without trailing zeros behind the point."""
    text = array.cast(pa.utf8())
    odd = pc.match_substring(text, "E")
    if pc.any(odd).as_py():
        mended = memory.text_array([f"{value:f}" for value in array.filter(odd).to_pylist()])
        text = pc.replace_with_mask(text, odd, mended)
    if array.type.scale > 0:
        text = pc.utf8_rtrim(pc.utf8_rtrim(text, "0"), ".")
    return text
