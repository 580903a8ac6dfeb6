"""One column of many records at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.faults import Fault
from taskhouse.domain.raw_text import LEADING_BYTE, has_marks
from taskhouse.protocols.odps.tunnel import arrow_memory as memory
from taskhouse.protocols.odps.tunnel import record_wire as wire
from taskhouse.protocols.odps.tunnel.record_values import (
    INSTANT_SECONDS,
    INTEGER_RANGES,
    ValueReader,
    read_decimal,
)
from taskhouse.protocols.odps.tunnel.segments import Bytes, Ints, Segments, fixed_width, gather, overlapping
from taskhouse.protocols.odps.tunnel.varints import read_varints, unzigzag
from taskhouse.sql.arrow import stored_type

Flags = NDArray[np.bool_]


class Misfit(Exception):
    """The records do not read column by column: their layout differs, or something is wrong with them. Field by field will tell."""


class ColumnReader:
    """Reads column `index` (1-based). `stored` is the Arrow type that comes out, `index_bytes` the index as checksums see it."""

    def __init__(self, index: int, type_: DataType, field_bytes: int) -> None:
        self.stored = stored_type(type_)
        self.index_bytes = index.to_bytes(4, "little")
        self._type = type_
        self._field_bytes = field_bytes
        tag = wire.tag(index, wire.wire_type(type_.kind))
        self._tag_size = len(tag)
        self._tag = int.from_bytes(tag, "little")
        self._mask = (1 << 8 * len(tag)) - 1

    def read(
        self, data: bytes, padded: Bytes, at: Ints, ends: Ints
    ) -> tuple[Flags | None, pa.Array | None, list[Segments]]:
        """Reads the column of every record whose pointer stands at its tag, and moves those pointers behind the value.

        Returns which records have it (None: all), the values, and the runs for the checksum; the values are None if no record has it.
        Raises `Misfit` when a value would pass the end of its record, or is not valid. It never raises a `Fault`: what looks like a bad
        value may be the middle of another one.
        """
        if self._tag_size == 1:
            present = padded[at] == self._tag
        else:
            present = (overlapping(padded, "<u4")[at] & np.uint32(self._mask)) == self._tag
        found = int(np.count_nonzero(present))
        if found == 0:
            return None, None, []
        if found == len(at):
            pointers = at + self._tag_size
            array, sums, behind = self._values(data, padded, pointers, ends, None)
            if (behind > ends).any():
                raise Misfit
            at[:] = behind
            return None, array, sums
        rows = np.flatnonzero(present)
        array, sums, behind = self._values(data, padded, at[rows] + self._tag_size, ends[rows], rows)
        if (behind > ends[rows]).any():
            raise Misfit
        at[rows] = behind
        places = np.cumsum(present) - 1
        spread = array.take(memory.array_of(places, pa.int64(), present))
        return present, spread, [_spread(run, places, present) for run in sums]

    def _values(
        self, data: bytes, padded: Bytes, at: Ints, ends: Ints, rows: Ints | None
    ) -> tuple[pa.Array, list[Segments], Ints]:
        kind = self._type.kind
        if kind in wire.TEXTUAL:
            return self._texts(padded, at, ends)
        if kind in INTEGER_RANGES:
            longs, at = self._zigzags(padded, at)
            low, high = INTEGER_RANGES[kind]
            if int(longs.min()) < low or int(longs.max()) > high:
                raise Misfit
            return self._integers(longs), [fixed_width(longs)], at
        if kind is Kind.BOOLEAN:
            flags, sizes = _varints(padded, at)
            values = flags != 0
            return memory.boolean_array(values), [fixed_width(values.view(np.uint8))], at + sizes
        if kind is Kind.FLOAT or kind is Kind.DOUBLE:
            numbers = overlapping(padded, "<f4" if kind is Kind.FLOAT else "<f8")[at]
            return memory.array_of(numbers, self.stored), [fixed_width(numbers)], at + numbers.dtype.itemsize
        if kind in wire.INSTANTS:
            seconds, at = self._zigzags(padded, at)
            nanos, at = self._zigzags(padded, np.minimum(at, ends))
            wrong = np.flatnonzero(
                (seconds < INSTANT_SECONDS[0]) | (seconds > INSTANT_SECONDS[1]) | (np.abs(nanos) >= wire.NANOS)
            )
            if len(wrong):
                raise Misfit
            return (
                memory.array_of(seconds * wire.NANOS + nanos, self.stored),
                [fixed_width(seconds), fixed_width(nanos.astype("<i4"))],
                at,
            )
        return self._nested(data, at)

    def _zigzags(self, padded: Bytes, at: Ints) -> tuple[Ints, Ints]:
        raw, sizes = _varints(padded, at)
        return unzigzag(raw), at + sizes

    def _integers(self, values: Ints) -> pa.Array:
        match self._type.kind:
            case Kind.DATE:
                return memory.array_of(values.astype(np.int32), self.stored)
            case Kind.DATETIME:
                return memory.array_of(values * 1000, self.stored)
            case _:
                return memory.array_of(values.astype(f"<i{self.stored.bit_width // 8}"), self.stored)

    def _texts(self, padded: Bytes, at: Ints, ends: Ints) -> tuple[pa.Array, list[Segments], Ints]:
        sizes, steps = _varints(padded, at)
        at = at + steps
        room = ends - at
        if (room < 0).any() or (sizes > room.view(np.uint64)).any():
            raise Misfit
        lengths = sizes.astype(np.int64)
        if int(lengths.max()) > self._field_bytes:
            raise Misfit
        run = Segments(padded, at, lengths)
        data, offsets = gather(run)
        kind = self._type.kind
        form = pa.binary() if kind is Kind.BINARY else pa.utf8()
        array = pa.Array.from_buffers(form, len(at), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
        if kind is not Kind.BINARY:
            try:
                array.validate(full=True)
            except pa.ArrowInvalid:
                raise Misfit from None
            if (data == LEADING_BYTE).any() and has_marks(data.tobytes()):
                raise Misfit
        if kind is Kind.DECIMAL:
            array = self._decimals(array)
        return array, [run], at + lengths

    def _decimals(self, texts: pa.Array) -> pa.Array:
        try:
            return texts.cast(self.stored)
        except pa.ArrowInvalid:
            pass
        try:
            return pa.array([read_decimal(text, self._type) for text in texts.to_pylist()], self.stored)
        except Fault:
            raise Misfit from None

    def _nested(self, data: bytes, at: Ints) -> tuple[pa.Array, list[Segments], Ints]:
        reader = ValueReader(data, self._field_bytes)
        values: list[Any] = []
        sums = bytearray()
        bounds = [0]
        behind: list[int] = []
        for pointer in at.tolist():
            try:
                value, end = reader.value(pointer, self._type, sums)
            except (IndexError, Fault):
                raise Misfit from None
            values.append(value)
            behind.append(end)
            bounds.append(len(sums))
        offsets = np.array(bounds, np.int64)
        run = Segments(np.frombuffer(bytes(sums), np.uint8), offsets[:-1], np.diff(offsets))
        return pa.array(values, self.stored), [run], np.array(behind, np.int64)


def _varints(padded: Bytes, at: Ints) -> tuple[NDArray[np.uint64], Ints]:
    values, sizes = read_varints(padded, at)
    if not sizes.all():
        raise Misfit
    return values, sizes


def _spread(run: Segments, places: Ints, present: Flags) -> Segments:
    """Runs of the records that have the column, laid out over all records."""
    index = np.maximum(places, 0)
    return Segments(run.data, run.starts[index], np.where(present, run.lengths[index], 0))
