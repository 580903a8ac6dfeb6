"""Arrow as the official clients lay it out, and the stored form.

| MaxCompute | on the wire | stored |
|---|---|---|
| DATETIME | timestamp[ms] | timestamp[us, UTC] |
| TIMESTAMP, TIMESTAMP_NTZ | timestamp[ns], or struct<sec: int64, nano: int32> where `instants_as_structs` | int64 nanoseconds |
| INTERVAL_DAY_TIME | struct<sec: int64, nano: int32> | int64 nanoseconds |
| DECIMAL (legacy) | decimal256(54,18) | decimal128(38,18) |

Everything else is the same in both and not copied. JSON and INTERVAL_YEAR_MONTH have no Arrow form that clients know; they
are refused with MethodNotAllowed, at which clients turn to records.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from taskhouse.domain.datatypes import LEGACY_DECIMAL, DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.tunnel import arrow_memory as memory
from taskhouse.protocols.odps.tunnel.segments import Ints
from taskhouse.sql.arrow import stored_type

SECONDS = pa.struct([pa.field("sec", pa.int64()), pa.field("nano", pa.int32())])
_NANOS = 1_000_000_000
_INSTANTS = (Kind.TIMESTAMP, Kind.TIMESTAMP_NTZ)


def wire_type(type_: DataType, *, instants_as_structs: bool = False) -> pa.DataType:
    """The Arrow type that clients expect. Only a column's own instants are ever structs, not those nested in it.

    Raises `Fault` (MethodNotAllowed) for a type that has none.
    """
    match type_.kind:
        case Kind.JSON | Kind.INTERVAL_YEAR_MONTH:
            raise Fault(FaultCode.METHOD_NOT_ALLOWED, f"type {type_} cannot be moved as Arrow; use records")
        case Kind.DATETIME:
            return pa.timestamp("ms")
        case Kind.TIMESTAMP | Kind.TIMESTAMP_NTZ:
            return SECONDS if instants_as_structs else pa.timestamp("ns")
        case Kind.INTERVAL_DAY_TIME:
            return SECONDS
        case Kind.DECIMAL if type_ == LEGACY_DECIMAL:
            return pa.decimal256(54, 18)
        case Kind.ARRAY:
            assert type_.element is not None
            return pa.list_(wire_type(type_.element))
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            return pa.map_(wire_type(type_.key), wire_type(type_.element))
        case Kind.STRUCT:
            return pa.struct([pa.field(f.name, wire_type(f.type)) for f in type_.fields])
        case _:
            return stored_type(type_)


def to_wire(array: pa.Array, type_: DataType, *, instants_as_structs: bool = False) -> pa.Array:
    """A column in the stored form as clients expect it."""
    form = wire_type(type_, instants_as_structs=instants_as_structs)
    if form == array.type:
        return array
    kind = type_.kind
    if kind is Kind.DATETIME:
        return array.view(pa.timestamp("us")).cast(form, safe=False)
    if kind in _INSTANTS and not instants_as_structs:
        return array.view(form)
    if kind in _INSTANTS or kind is Kind.INTERVAL_DAY_TIME:
        nanos = memory.values(array, "<i8")
        seconds = nanos // _NANOS
        rest = (nanos - seconds * _NANOS).astype(np.int32)
        # NULL in the members too: PyODPS puts a moment together from them and never asks the struct.
        having = memory.present(array)
        members = [memory.array_of(seconds, pa.int64(), having), memory.array_of(rest, pa.int32(), having)]
        return pa.StructArray.from_arrays(members, fields=list(SECONDS), mask=_nulls(array))
    if kind is Kind.DECIMAL:
        return array.cast(form)
    return _rebuilt(array, type_, form, to_wire)


def from_wire(array: pa.Array, type_: DataType) -> pa.Array:
    """The reverse, for tables. Raises `pa.ArrowInvalid` or OverflowError for a value that has no stored form."""
    form = stored_type(type_)
    if array.type == form:
        return array
    kind = type_.kind
    if kind is Kind.DATETIME:
        return array.cast(pa.timestamp("us")).view(form)
    if kind in _INSTANTS:
        return array.view(pa.int64())
    if kind is Kind.INTERVAL_DAY_TIME:
        having = memory.present(array)
        seconds = _known(array.field("sec"), "<i8", having)
        nanos = _known(array.field("nano"), "<i4", having)
        if (np.abs(seconds) > (2**63 - 1) // _NANOS - 1).any() or (np.abs(nanos) >= _NANOS).any():
            raise OverflowError("an interval is longer than 292 years")
        return memory.array_of(seconds * _NANOS + nanos, form, having)
    if kind is Kind.DECIMAL:
        return array.cast(form)
    return _rebuilt(array, type_, form, from_wire)


def _known(array: pa.Array, form: str, having: memory.Flags | None) -> Ints:
    """The values, 0 where they or their row are NULL."""
    known = memory.values(array, form).astype(np.int64)
    for rows in (memory.present(array), having):
        if rows is not None:
            known = np.where(rows, known, 0)
    return known


def _nulls(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _rebuilt(
    array: pa.Array, type_: DataType, form: pa.DataType, convert: Callable[[pa.Array, DataType], pa.Array]
) -> pa.Array:
    """A nested array with its innermost values converted; offsets and nulls are shared with the old one."""
    if type_.kind is Kind.STRUCT:
        members = [convert(array.field(number), field.type) for number, field in enumerate(type_.fields)]
        return pa.StructArray.from_arrays(members, fields=list(form), mask=_nulls(array))
    assert type_.element is not None
    if type_.kind is Kind.ARRAY:
        child = convert(array.values, type_.element)
    else:
        assert type_.key is not None
        entries = [convert(array.keys, type_.key), convert(array.items, type_.element)]
        child = pa.StructArray.from_arrays(entries, fields=[form.key_field, form.item_field])
    return pa.Array.from_buffers(form, len(array), array.buffers()[:2], offset=array.offset, children=[child])
