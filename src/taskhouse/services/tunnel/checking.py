"""Whether uploaded rows may lie in a table: what its columns demand beyond their stored form."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.arrow import table_schema

_DAYS = (-719_162, 2_932_896)
"""0001-01-01 and 9999-12-31 as days since 1970."""
_MICROS = (-62_167_219_200_000_000, 253_402_300_799_999_999)
"""The years 0 to 9999 as microseconds since 1970."""


def checked(batch: pa.RecordBatch, columns: Sequence[Column]) -> pa.RecordBatch:
    """The batch under the columns' physical names. `batch` holds exactly the columns, in order, in the stored form. Blanks at the end of a
    CHAR, which mean nothing, are taken off; readers get them back.

    Raises `Fault` (InvalidArgument) naming the first column that has a NULL it must not have, a text too long for its type, or a day or
    time outside the years 1 to 9999.
    """
    for column, values in zip(columns, batch.columns, strict=True):
        if not column.nullable and values.null_count:
            raise _bad(column, "is NOT NULL, but a row has no value for it")
        _check(column, column.type, values)
    arrays = [
        pc.utf8_rtrim(values, " ") if column.type.kind is Kind.CHAR else values
        for column, values in zip(columns, batch.columns, strict=True)
    ]
    return pa.record_batch(arrays, schema=table_schema(columns))


def _check(column: Column, type_: DataType, values: pa.Array) -> None:
    match type_.kind:
        case Kind.CHAR | Kind.VARCHAR:
            longest = pc.max(pc.utf8_length(values)).as_py()
            assert type_.length is not None
            if longest is not None and longest > type_.length:
                raise _bad(column, f"of type {type_} got a text of {longest} characters")
        case Kind.DATE:
            _between(column, values.view(pa.int32()), _DAYS, "a day")
        case Kind.DATETIME:
            _between(column, values.view(pa.int64()), _MICROS, "a time")
        case Kind.ARRAY:
            assert type_.element is not None
            _check(column, type_.element, values.flatten())
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            offsets = values.offsets
            start, size = (offsets[0].as_py(), offsets[-1].as_py() - offsets[0].as_py()) if len(values) else (0, 0)
            _check(column, type_.key, values.keys.slice(start, size))
            _check(column, type_.element, values.items.slice(start, size))
        case Kind.STRUCT:
            for number, field in enumerate(type_.fields):
                _check(column, field.type, values.field(number))
        case _:
            pass


def _between(column: Column, values: pa.Array, bounds: tuple[int, int], what: str) -> None:
    found = pc.min_max(values)
    low, high = found["min"].as_py(), found["max"].as_py()
    if low is not None and (low < bounds[0] or high > bounds[1]):
        raise _bad(column, f"got {what} outside the years 1 to 9999")


def _bad(column: Column, message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, f"column {column.name} {message}")
