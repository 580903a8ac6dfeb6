"""Rows as the protocol's CSV text: what `?result` of a SELECT and a table's `?data` return.

First a line of quoted column names, then a line a row, each ended by `\\n`. Text is always quoted with `""` for a quote inside; numbers,
booleans and times are bare; NULL is a bare `\\N`. Works column by column on the stored form (see `taskhouse.sql.arrow`).

| type | text |
|---|---|
| FLOAT, DOUBLE | shortest digits that read back equal, `1.0E10` from 1e7 on and below 1e-3, `NaN`, `Infinity` |
| DECIMAL | plain digits without trailing zeros |
| BINARY | quoted-printable: bytes that are not printable ASCII, and `=`, as `=E4` |
| DATE, DATETIME | `2026-11-20`, `2026-11-20 13:00:00` in the session's zone, the fraction dropped |
| TIMESTAMP, TIMESTAMP_NTZ | as DATETIME with up to nine digits of fraction when there is one; NTZ without zone |
| INTERVAL_YEAR_MONTH, INTERVAL_DAY_TIME | `1-2`, `1 02:03:04.000000000` |
| ARRAY, MAP, STRUCT | `["a", "b"]`, `{"k":1}`, `{"f":1}`; NULL inside is `\\N` |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa

from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.raw_text import restore

NULL = b"\\N"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NANOS = 1_000_000_000
_BARE = frozenset(
    {Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT, Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL, Kind.BOOLEAN}
)
"""Kinds that stand without quotes inside an ARRAY, MAP or STRUCT."""

Render = Callable[[Any], str]


def zone(name: str) -> tzinfo:
    """The IANA zone. Raises `Fault` (InvalidArgument) naming it when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"time zone '{name}' is not known") from None


def csv_header(names: Iterable[str]) -> bytes:
    return b",".join(_quoted(name.encode()) for name in names) + b"\n"


def csv_rows(batch: pa.RecordBatch | pa.Table, types: Sequence[DataType], time_zone: tzinfo) -> bytes:
    """The lines of `batch`, whose columns are the stored form of `types`, in order."""
    if batch.num_rows == 0:
        return b""
    columns = [_cells(batch.column(index), type_, time_zone) for index, type_ in enumerate(types)]
    return b"\n".join(map(b",".join, zip(*columns, strict=True))) + b"\n"


def csv_file(path: str, columns: Sequence[tuple[str, DataType]], time_zone: str, limit: int) -> bytes:
    """The CSV of a result file (Arrow IPC, stored form), at most `limit` rows of it."""
    types = [type_ for _, type_ in columns]
    where = zone(time_zone)
    parts = [csv_header(name for name, _ in columns)]
    with pa.memory_map(path) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            if limit <= 0:
                break
            batch = reader.get_batch(number)[:limit]
            limit -= batch.num_rows
            parts.append(csv_rows(batch, types, where))
    return b"".join(parts)


def cell_texts(array: pa.Array, type_: DataType, time_zone: tzinfo) -> list[str | None]:
    """The texts of a column's values without any quotes, for people to read; None is NULL, and bytes that are no text show as `\ufffd`."""
    if type_.is_text or type_.kind in (Kind.JSON, Kind.VOID):
        values = array.cast(pa.binary()).to_pylist()
        return [None if value is None else value.decode(errors="replace") for value in values]
    render = renderer(type_, time_zone)
    return [None if value is None else render(value) for value in _values(array, type_)]


# --- columns ----------------------------------------------------------------------------------------------------------


def _quoted(value: bytes) -> bytes:
    return b'"' + value.replace(b'"', b'""') + b'"'


def _cells(array: pa.Array | pa.ChunkedArray, type_: DataType, time_zone: tzinfo) -> list[bytes]:
    if type_.is_text or type_.kind in (Kind.JSON, Kind.VOID):
        return [NULL if value is None else _quoted(restore(value)) for value in array.cast(pa.binary()).to_pylist()]
    if type_.is_integer:
        return [NULL if value is None else b"%d" % value for value in array.to_pylist()]
    render = renderer(type_, time_zone)
    values = _values(array, type_)
    if type_.is_complex or type_.kind is Kind.BINARY:
        return [NULL if value is None else _quoted(restore(render(value).encode())) for value in values]
    return [NULL if value is None else render(value).encode() for value in values]


def _values(array: pa.Array | pa.ChunkedArray, type_: DataType) -> Iterable[Any]:
    """Python values in the shapes that `renderer` takes: times and dates as integers."""
    match type_.kind:
        case Kind.DATETIME:
            return list(array.cast(pa.int64()).to_pylist())
        case Kind.DATE:
            return list(array.cast(pa.int32()).to_pylist())
    if type_.is_complex:
        return list(array.cast(_plain(array.type)).to_pylist(maps_as_pydicts=None))
    return list(array.to_pylist())


def _plain(type_: pa.DataType) -> pa.DataType:
    """The type with times and dates as integers and text as bytes (text may hold anything), at every depth."""
    if pa.types.is_timestamp(type_):
        return pa.int64()
    if pa.types.is_date32(type_):
        return pa.int32()
    if pa.types.is_map(type_):
        return pa.map_(_plain(type_.key_type), _plain(type_.item_type))
    if pa.types.is_list(type_):
        return pa.list_(_plain(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(_plain(field.type)) for field in type_])
    return type_


# --- values -----------------------------------------------------------------------------------------------------------


def renderer(type_: DataType, time_zone: tzinfo) -> Render:
    """A function from a non-null value to its text. Times are integers: DATETIME microseconds, DATE days."""
    match type_.kind:
        case Kind.BOOLEAN:
            return _boolean
        case Kind.DOUBLE:
            return double_text
        case Kind.FLOAT:
            return float_text
        case Kind.DECIMAL:
            return decimal_text
        case Kind.BINARY:
            return binary_text
        case Kind.DATE:
            return date_text
        case Kind.DATETIME:
            return lambda micros: instant_text(micros // 1_000_000, time_zone)
        case Kind.TIMESTAMP:
            return lambda nanos: _with_fraction(nanos, time_zone)
        case Kind.TIMESTAMP_NTZ:
            return lambda nanos: _with_fraction(nanos, UTC)
        case Kind.INTERVAL_YEAR_MONTH:
            return months_text
        case Kind.INTERVAL_DAY_TIME:
            return interval_text
        case Kind.ARRAY:
            assert type_.element is not None
            element = _nested(type_.element, time_zone)
            return lambda items: "[" + ", ".join(map(element, items)) + "]"
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            key, value = _nested(type_.key, time_zone), _nested(type_.element, time_zone)
            return lambda items: "{" + ", ".join(f"{key(k)}:{value(v)}" for k, v in items) + "}"
        case Kind.STRUCT:
            fields = [(f'"{f.name}":', f.name, _nested(f.type, time_zone)) for f in type_.fields]
            return lambda item: "{" + ", ".join(label + show(item[name]) for label, name, show in fields) + "}"
        case _:
            return str


def _nested(type_: DataType, time_zone: tzinfo) -> Render:
    inner = renderer(type_, time_zone)
    if type_.is_complex or type_.kind in _BARE:
        return lambda value: "\\N" if value is None else inner(value)
    return lambda value: "\\N" if value is None else '"' + inner(value).replace('"', '\\"') + '"'


def _boolean(value: bool) -> str:
    return "true" if value else "false"


_SPECIAL_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def double_text(value: float) -> str:
    """Java's form of a double."""
    return repr(value) if 1e-3 <= abs(value) < 1e7 else _java_number(repr(value))


def float_text(value: float) -> str:
    """Java's form of a float, given as the double that it reads as."""
    return _java_number(str(np.float32(value)))


def _java_number(text: str) -> str:
    if text in _SPECIAL_NUMBERS:
        return _SPECIAL_NUMBERS[text]
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent_text = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return sign + "0.0"
    leading = len(whole + fraction) - len(digits)
    exponent = int(exponent_text or 0) + len(whole) - 1 - leading
    digits = digits.rstrip("0")
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    padded = digits.ljust(exponent + 1, "0")
    return f"{sign}{padded[: exponent + 1]}.{padded[exponent + 1 :] or '0'}"


def decimal_text(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


_UNPRINTABLE = re.compile(rb"[^ -<>-~]")


def binary_text(value: bytes) -> str:
    return _UNPRINTABLE.sub(lambda found: b"=%02X" % found.group()[0], value).decode("ascii")


def date_text(days: int) -> str:
    try:
        return date.fromordinal(days + _EPOCH_DAY).isoformat()
    except (ValueError, OverflowError):
        return str(np.datetime64(days, "D"))


def instant_text(seconds: int, time_zone: tzinfo) -> str:
    """`yyyy-mm-dd hh:mm:ss` of an instant in a zone."""
    try:
        return (_EPOCH + timedelta(seconds=seconds)).astimezone(time_zone).isoformat(" ")[:19]
    except (ValueError, OverflowError):
        return str(np.datetime64(seconds, "s")).replace("T", " ")


def _with_fraction(nanos: int, time_zone: tzinfo) -> str:
    seconds, rest = divmod(nanos, _NANOS)
    text = instant_text(seconds, time_zone)
    return text if rest == 0 else f"{text}.{rest:09d}".rstrip("0")


def months_text(months: int) -> str:
    years, rest = divmod(abs(months), 12)
    return f"{'-' if months < 0 else ''}{years}-{rest}"


def interval_text(nanos: int) -> str:
    seconds, rest = divmod(abs(nanos), _NANOS)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    return f"{'-' if nanos < 0 else ''}{days} {hours:02d}:{minutes:02d}:{seconds:02d}.{rest:09d}"
