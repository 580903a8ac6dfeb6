"""Values from outside into the stored form of a table's column, and back.

Nothing is guessed and nothing lost in silence: a text must spell a value of the type, a number must fit, and the first value that does not
is named with its row and column. Times without a zone are of the project's zone.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import INTEGERS, DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.arrow import stored_type

_TEXTS = (Kind.STRING, Kind.CHAR, Kind.VARCHAR, Kind.JSON)
_NUMBERS = (*INTEGERS, Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL)
_SHOWN = 60


def to_stored(values: pa.Array, column: Column, zone: str, first_row: int) -> pa.Array:
    """The values as `column` keeps them. `first_row`: number of the first of them among all rows, from 1.

    Raises `Fault` (Runtime) naming the first value that is none of the column's type; (NotSupported) for a type that cannot come from
    outside.
    """
    if column.type.kind in (Kind.INTERVAL_YEAR_MONTH, Kind.INTERVAL_DAY_TIME, Kind.VOID):
        raise Fault(FaultCode.NOT_SUPPORTED, f"column {column.name}: {column.type} values cannot be transferred")
    plain = _plain(values)

    def convert(part: pa.Array) -> pa.Array:
        return _convert(part, column.type, zone)

    try:
        return convert(plain)
    except (pa.ArrowException, ValueError) as error:
        index = _culprit(plain, convert)
        value = plain[index].as_py()
        raise Fault(
            FaultCode.RUNTIME,
            f"row {first_row + index:,}, column {column.name}: {_shown(value)} is no {column.type} ({_reason(error)})",
        ) from None


def from_stored(values: pa.Array, type_: DataType, zone: str, *, as_text: bool) -> pa.Array:
    """Values as the outside knows them: instants as timestamps, or with `as_text` as texts in `zone`."""
    match type_.kind:
        case Kind.DATETIME if as_text:
            local = pc.local_timestamp(values.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms", zone)))
            return _trimmed(local.cast(pa.utf8()))
        case Kind.TIMESTAMP:
            instants = values.cast(pa.timestamp("ns")).cast(pa.timestamp("ns", "UTC"))
            if not as_text:
                return instants.cast(pa.timestamp("us", "UTC"), safe=False)
            return _trimmed(pc.local_timestamp(instants.cast(pa.timestamp("ns", zone))).cast(pa.utf8()))
        case Kind.TIMESTAMP_NTZ:
            local = values.cast(pa.timestamp("ns"))
            return _trimmed(local.cast(pa.utf8())) if as_text else local.cast(pa.timestamp("us"), safe=False)
        case _ if type_.is_complex:
            return _json_texts(values)
        case Kind.INTERVAL_YEAR_MONTH | Kind.INTERVAL_DAY_TIME:
            raise Fault(FaultCode.NOT_SUPPORTED, f"{type_} values cannot be transferred")
        case _:
            return values


def _plain(values: pa.Array) -> pa.Array:
    """Without what drivers and files wrap around values."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.utf8())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return values.cast(pa.binary())
    if pa.types.is_null(kind):
        return values.cast(pa.utf8())
    return values


def _convert(values: pa.Array, type_: DataType, zone: str) -> pa.Array:
    target = stored_type(type_)
    given = values.type
    is_text = pa.types.is_string(given)
    kind = type_.kind
    if kind in _TEXTS:
        return _to_text(values)
    if kind in _NUMBERS:
        return _to_number(pc.utf8_trim_whitespace(values) if is_text else values, target)
    if kind is Kind.BOOLEAN:
        return (pc.utf8_trim_whitespace(values) if is_text else values).cast(target)
    if kind is Kind.BINARY:
        _require(is_text or pa.types.is_binary(given), given)
        return values.cast(target)
    if kind is Kind.DATE:
        _require(is_text or pa.types.is_date(given) or pa.types.is_timestamp(given), given)
        return (pc.utf8_trim_whitespace(values) if is_text else values).cast(target)
    if kind is Kind.DATETIME:
        return pc.floor_temporal(_instants(values, zone, "us"), unit="millisecond").cast(target)
    if kind is Kind.TIMESTAMP:
        return _instants(values, zone, "ns").cast(target)
    if kind is Kind.TIMESTAMP_NTZ:
        return _naive(values, "ns").cast(target)
    _require(given == target or pa.types.is_nested(given), given)
    return values.cast(target)


def _to_text(values: pa.Array) -> pa.Array:
    given = values.type
    if pa.types.is_nested(given):
        return _json_texts(values)
    if pa.types.is_timestamp(given):
        if given.tz is not None:
            values = pc.local_timestamp(values)
        return _trimmed(values.cast(pa.utf8()))
    return values.cast(pa.utf8())


def _to_number(values: pa.Array, target: pa.DataType) -> pa.Array:
    given = values.type
    number = pa.types.is_integer(given) or pa.types.is_floating(given) or pa.types.is_decimal(given)
    _require(number or pa.types.is_string(given) or pa.types.is_boolean(given), given)
    if pa.types.is_decimal(target) and (pa.types.is_integer(given) or pa.types.is_boolean(given)):
        values = values.cast(pa.int64()).cast(pa.utf8())
    elif pa.types.is_integer(target) and not pa.types.is_integer(given) and not pa.types.is_floating(given):
        values = values.cast(pa.int64())
    return values.cast(target)


def _instants(values: pa.Array, zone: str, unit: str) -> pa.Array:
    given = values.type
    if pa.types.is_string(given):
        trimmed = pc.utf8_trim_whitespace(values)
        try:
            values = trimmed.cast(pa.timestamp(unit))
        except pa.ArrowInvalid:
            return trimmed.cast(pa.timestamp(unit, "UTC"))
    elif pa.types.is_date(given):
        values = values.cast(pa.timestamp(unit))
    _require(pa.types.is_timestamp(values.type), given)
    if values.type.tz is None:
        values = pc.assume_timezone(values.cast(pa.timestamp(unit)), zone, ambiguous="earliest", nonexistent="latest")
    return values.cast(pa.timestamp(unit, "UTC"))


def _naive(values: pa.Array, unit: str) -> pa.Array:
    given = values.type
    if pa.types.is_string(given):
        values = pc.utf8_trim_whitespace(values)
    _require(
        pa.types.is_string(given) or pa.types.is_date(given) or (pa.types.is_timestamp(given) and given.tz is None),
        given,
    )
    return values.cast(pa.timestamp(unit))


def _require(fits: bool, given: pa.DataType) -> None:
    if not fits:
        raise ValueError(f"the source gives {given}")


def _json_texts(values: pa.Array) -> pa.Array:
    items = values.to_pylist()
    texts = [None if item is None else json.dumps(item, ensure_ascii=False, default=str) for item in items]
    return pa.array(texts, pa.utf8())


def _trimmed(texts: pa.Array) -> pa.Array:
    """`2026-03-01 10:00:00` rather than `2026-03-01 10:00:00.000`."""
    return pc.replace_substring_regex(texts, pattern=r"\.?0*$", replacement="") if _has_dots(texts) else texts


def _has_dots(texts: pa.Array) -> bool:
    return bool(len(texts)) and bool(pc.any(pc.match_substring(texts, ".")).as_py())


def _culprit(values: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> int:
    """The index of the first value that does not convert, found by halving."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(values.slice(low, middle - low))
        except (pa.ArrowException, ValueError):
            high = middle
        else:
            low = middle
    return low


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
