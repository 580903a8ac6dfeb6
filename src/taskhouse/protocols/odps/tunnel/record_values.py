"""One value of the record stream at a time: the plain reading of the format.

Used for nested values, whose length depends on their content, and for whole records when a client orders its fields in
a way that the column-at-a-time reader does not follow. Values come out as Python values that pyarrow turns into
the stored form: days, microseconds and nanoseconds as integers, structs as dicts, maps as pairs.
"""

from __future__ import annotations

import struct
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from taskhouse.domain.datatypes import LEGACY_DECIMAL, DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.raw_text import rest
from taskhouse.protocols.odps.tunnel import record_wire as wire
from taskhouse.protocols.odps.tunnel.varints import decode_varint

INTEGER_RANGES: dict[Kind, tuple[int, int]] = {
    Kind.TINYINT: (-(2**7), 2**7 - 1),
    Kind.SMALLINT: (-(2**15), 2**15 - 1),
    Kind.INT: (-(2**31), 2**31 - 1),
    Kind.BIGINT: (-(2**63), 2**63 - 1),
    Kind.DATE: (-719_162, 2_932_896),
    Kind.DATETIME: (-62_167_219_200_000, 253_402_300_799_999),
    Kind.INTERVAL_YEAR_MONTH: (-(2**31), 2**31 - 1),
}
"""Least and greatest value on the wire. DATE: years 1 to 9999; DATETIME: milliseconds, years 0 to 9999."""

INSTANT_SECONDS = (-9_223_372_036, 9_223_372_035)
"""Seconds that fit 64 bits of nanoseconds: the years 1677 to 2262."""

_EXACT = Context(prec=120, rounding=ROUND_HALF_UP)


def malformed(what: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, f"the uploaded data cannot be read: {what}")


class ValueReader:
    """Reads single values out of `data`. Raises IndexError when the data end inside a value, `Fault` for what is wrong in itself."""

    def __init__(self, data: bytes, field_bytes: int) -> None:
        self.data = data
        self._field_bytes = field_bytes

    def varint(self, at: int) -> tuple[int, int]:
        try:
            return decode_varint(self.data, at)
        except ValueError as error:
            raise malformed(str(error)) from None

    def zigzag(self, at: int) -> tuple[int, int]:
        value, at = self.varint(at)
        return (value >> 1) ^ -(value & 1), at

    def take(self, at: int, size: int) -> tuple[bytes, int]:
        end = at + size
        if end > len(self.data):
            raise IndexError
        return self.data[at:end], end

    def value(self, at: int, type_: DataType, sums: bytearray) -> tuple[Any, int]:
        """The value at `at` and the position behind it; what the checksum covers is appended to `sums`."""
        kind = type_.kind
        if kind in wire.TEXTUAL:
            return self._text(at, type_, sums)
        if kind in INTEGER_RANGES:
            number, at = self.zigzag(at)
            sums += struct.pack("<q", number)
            check_range(number, kind)
            return number * 1000 if kind is Kind.DATETIME else number, at
        if kind is Kind.BOOLEAN:
            flag, at = self.varint(at)
            sums.append(1 if flag else 0)
            return bool(flag), at
        if kind is Kind.FLOAT or kind is Kind.DOUBLE:
            raw, at = self.take(at, 4 if kind is Kind.FLOAT else 8)
            sums += raw
            return struct.unpack("<f" if kind is Kind.FLOAT else "<d", raw)[0], at
        if kind in wire.INSTANTS:
            seconds, at = self.zigzag(at)
            nanos, at = self.zigzag(at)
            check_instant(seconds, nanos, kind)
            sums += struct.pack("<qi", seconds, nanos)
            return seconds * wire.NANOS + nanos, at
        if kind is Kind.ARRAY:
            assert type_.element is not None
            return self._array(at, type_.element, sums)
        if kind is Kind.MAP:
            assert type_.key is not None and type_.element is not None
            keys, at = self._array(at, type_.key, sums)
            values, at = self._array(at, type_.element, sums)
            if len(keys) != len(values):
                raise malformed("a map has another number of keys than of values")
            if None in keys:
                raise malformed("a map has a null key")
            return list(zip(keys, values, strict=True)), at
        members: dict[str, Any] = {}
        for field in type_.fields:
            members[field.name], at = self._nullable(at, field.type, sums)
        return members, at

    def _text(self, at: int, type_: DataType, sums: bytearray) -> tuple[Any, int]:
        size, at = self.varint(at)
        if size > self._field_bytes:
            raise too_large(size, self._field_bytes)
        raw, at = self.take(at, size)
        sums += raw
        if type_.kind is Kind.BINARY:
            return raw, at
        if type_.kind is not Kind.DECIMAL:
            return rest(raw), at
        try:
            return read_decimal(raw.decode("ascii"), type_), at
        except UnicodeDecodeError:
            raise malformed("a decimal is not written in digits") from None

    def _nullable(self, at: int, type_: DataType, sums: bytearray) -> tuple[Any, int]:
        absent, at = self.varint(at)
        return (None, at) if absent else self.value(at, type_, sums)

    def _array(self, at: int, element: DataType, sums: bytearray) -> tuple[list[Any], int]:
        count, at = self.varint(at)
        values = []
        for _ in range(count):
            value, at = self._nullable(at, element, sums)
            values.append(value)
        return values, at


def too_large(size: int, limit: int) -> Fault:
    return Fault(
        FaultCode.INVALID_ARGUMENT, f"a value of {size} bytes is larger than the limit of {limit} bytes per field"
    )


def check_range(value: int, kind: Kind) -> None:
    low, high = INTEGER_RANGES[kind]
    if not low <= value <= high:
        raise malformed(f"{value} is outside the range of {kind.name}")


def check_instant(seconds: int, nanos: int, kind: Kind) -> None:
    low, high = INSTANT_SECONDS
    if not low <= seconds <= high or abs(nanos) >= wire.NANOS:
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"{kind.name} of {seconds} seconds and {nanos} nanoseconds is outside the supported years 1677 to 2262",
        )


def read_decimal(text: str, type_: DataType) -> Decimal:
    """The value that a decimal column of this type keeps: rounded half up to its scale.

    Raises `Fault` when the text is not a number or has more digits than fit.
    """
    precision, scale = stored_digits(type_)
    try:
        value = Decimal(text.strip())
        if not value.is_finite():
            raise InvalidOperation
        value = value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    except InvalidOperation:
        raise malformed(f"'{text[:60]}' is not a value of type {type_}") from None
    if len(value.as_tuple().digits) > precision:
        hint = "; legacy DECIMAL keeps 38 digits, 18 of them behind the point" if type_ == LEGACY_DECIMAL else ""
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text[:60]}' has more digits than {type_} holds{hint}")
    return value


def stored_digits(type_: DataType) -> tuple[int, int]:
    """Precision and scale of the stored form of a decimal type."""
    if type_ == LEGACY_DECIMAL:
        return 38, 18
    assert type_.precision is not None and type_.scale is not None
    return type_.precision, type_.scale
