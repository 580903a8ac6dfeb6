"""The record stream -> record batches in the stored form.

Two readings of the same bytes. The quick one looks for the four bytes of the END_RECORD tag, takes each as the end of a record, and
parses the fields in column order for all records at once, each record with its own pointer. It believes the result only
if every record is used up exactly at its end; texts that hold the tag's bytes, fields out of order or damaged data fail that test,
and then the plain reader goes through the same bytes one field after another and either succeeds or says what is wrong.
Checksums are verified in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import google_crc32c
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from taskhouse.domain.datatypes import DataType
from taskhouse.domain.faults import Fault
from taskhouse.ports.byte_source import ByteSource
from taskhouse.protocols.odps.tunnel import record_wire as wire
from taskhouse.protocols.odps.tunnel.record_columns import ColumnReader, Misfit
from taskhouse.protocols.odps.tunnel.record_values import ValueReader, malformed
from taskhouse.protocols.odps.tunnel.segments import Ints, Segments, constant, join_rows, overlapping
from taskhouse.protocols.odps.tunnel.varints import read_varints
from taskhouse.sql.arrow import stored_type

_CHUNK = 1024 * 1024
_PADDING = 32


class RecordDecoder:
    """Reads one record stream.

    `columns` are names and types by field number, starting at 1. `field_bytes` bounds one text, `record_bytes` one record:
    nothing larger is ever held in memory. Every defect of the stream is a `Fault` (InvalidArgument).
    """

    def __init__(self, columns: Sequence[tuple[str, DataType]], *, field_bytes: int, record_bytes: int) -> None:
        self._types = [t for _, t in columns]
        self._schema = pa.schema([pa.field(name, stored_type(t)) for name, t in columns])
        self._columns = [ColumnReader(i + 1, t, field_bytes) for i, (_, t) in enumerate(columns)]
        self._field_bytes = field_bytes
        self._record_bytes = record_bytes
        self._end = int.from_bytes(wire.END_RECORD_TAG, "little")
        self.count = 0
        self._checksum = 0

    def read(self, stream: ByteSource) -> Iterator[pa.RecordBatch]:
        """Batches of about a megabyte of input each. The footer is checked before the iterator ends."""
        pending = b""
        wanted = _CHUNK
        while True:
            data, ended = _fill(stream, pending, wanted)
            batch, used = self._decode(data)
            if batch is not None and batch.num_rows:
                yield batch
            pending = data[used:]
            if pending[:4] == wire.META_COUNT_TAG:
                self._footer(pending + stream.read(_PADDING))
                if stream.read(1):
                    raise malformed("bytes follow the footer")
                return
            if ended:
                raise malformed("the stream ends without its footer")
            if len(pending) > self._record_bytes:
                raise malformed(f"a record is larger than {self._record_bytes} bytes")
            wanted = max(_CHUNK, 2 * len(pending))

    def _decode(self, data: bytes) -> tuple[pa.RecordBatch | None, int]:
        """All complete records at the start of `data`, and how many bytes they took."""
        padded = np.zeros(len(data) + _PADDING, np.uint8)
        padded[: len(data)] = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(overlapping(padded[: len(data)], "<u4") == self._end)
        if len(ends):
            sums, lengths = read_varints(padded, ends + 4)
            behind = ends + 4 + lengths
            whole = int(np.searchsorted(behind, len(data), side="right"))
            ends, behind, sums = ends[:whole], behind[:whole], sums[:whole]
            if len(ends) and int(lengths[:whole].min()) > 0:
                starts = np.concatenate((np.zeros(1, np.int64), behind[:-1]))
                try:
                    batch = self._columnwise(data, padded, starts, ends, sums.astype(np.uint32))
                except Misfit:
                    pass
                else:
                    return batch, int(behind[-1])
        return self._fieldwise(data)

    def _columnwise(
        self, data: bytes, padded: NDArray[np.uint8], starts: Ints, ends: Ints, sums: NDArray[np.uint32]
    ) -> pa.RecordBatch:
        rows = len(starts)
        at = starts.copy()
        summed: list[Segments] = []
        arrays: list[pa.Array] = []
        for reader in self._columns:
            present, value, value_sums = reader.read(data, padded, at, ends)
            if value is None:
                arrays.append(pa.nulls(rows, reader.stored))
                continue
            arrays.append(value)
            summed += [run.only(present) for run in (constant(reader.index_bytes, rows), *value_sums)]
        if not np.array_equal(at, ends):
            raise Misfit
        self._verify(summed, sums)
        self.count += rows
        return pa.record_batch(arrays, schema=self._schema)

    def _verify(self, summed: list[Segments], sums: NDArray[np.uint32]) -> None:
        joined, offsets = join_rows(summed, len(sums))
        raw, bounds = joined.tobytes(), offsets.tolist()
        value = google_crc32c.value
        computed = np.array([value(raw[a:b]) for a, b in pairwise(bounds)], np.uint32)
        if not np.array_equal(computed, sums):
            raise Misfit
        self._checksum = google_crc32c.extend(self._checksum, computed.astype("<u4").tobytes())

    def _fieldwise(self, data: bytes) -> tuple[pa.RecordBatch | None, int]:
        reader = ValueReader(data, self._field_bytes)
        columns: list[list[Any]] = [[] for _ in self._types]
        used = 0
        try:
            while data[used : used + 4] != wire.META_COUNT_TAG:
                values, used = self._record(reader, used)
                for column, value in zip(columns, values, strict=True):
                    column.append(value)
        except IndexError:
            pass
        if not columns or not columns[0]:
            return None, used
        arrays = []
        for name, type_, column in zip(self._schema.names, self._types, columns, strict=True):
            try:
                arrays.append(pa.array(column, stored_type(type_)))
            except (pa.ArrowInvalid, OverflowError, TypeError, ValueError) as error:
                raise malformed(f"column {name}: {error}") from None
        return pa.record_batch(arrays, schema=self._schema), used

    def _record(self, reader: ValueReader, at: int) -> tuple[list[Any], int]:
        values: list[Any] = [None] * len(self._types)
        sums = bytearray()
        while True:
            key, at = reader.varint(at)
            index = key >> 3
            if index == wire.END_RECORD:
                checksum, at = reader.varint(at)
                break
            if not 1 <= index <= len(self._types):
                raise malformed(f"field number {index} is not a column; there are {len(self._types)}")
            type_ = self._types[index - 1]
            if key & 7 != wire.wire_type(type_.kind):
                raise malformed(f"column {self._schema.names[index - 1]} ({type_}) has wire type {key & 7}")
            sums += index.to_bytes(4, "little")
            try:
                values[index - 1], at = reader.value(at, type_, sums)
            except Fault as fault:
                raise Fault(fault.code, f"column {self._schema.names[index - 1]}: {fault.message}") from None
        computed = google_crc32c.value(bytes(sums))
        if computed != checksum & 0xFFFFFFFF:
            raise malformed(f"record {self.count} does not match its checksum")
        self._checksum = google_crc32c.extend(self._checksum, computed.to_bytes(4, "little"))
        self.count += 1
        return values, at

    def _footer(self, data: bytes) -> None:
        reader = ValueReader(data, self._field_bytes)
        try:
            count, at = reader.zigzag(4)
            if data[at : at + 4] != wire.META_CHECKSUM_TAG:
                raise malformed("the footer lacks its checksum")
            checksum, at = reader.varint(at + 4)
        except IndexError:
            raise malformed("the stream ends inside its footer") from None
        if at != len(data):
            raise malformed("bytes follow the footer")
        if count != self.count:
            raise malformed(f"the footer counts {count} records, the stream holds {self.count}")
        if checksum & 0xFFFFFFFF != self._checksum:
            raise malformed("the checksum of the whole stream does not match")


def _fill(stream: ByteSource, pending: bytes, wanted: int) -> tuple[bytes, bool]:
    """`pending` and what follows, until `wanted` bytes are there or the stream ends."""
    parts = [pending]
    size = len(pending)
    while size < wanted:
        part = stream.read(wanted - size)
        if not part:
            return b"".join(parts), True
        parts.append(part)
        size += len(part)
    return b"".join(parts), False
