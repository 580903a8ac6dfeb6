"""CAST and implicit conversion as engine SQL.

One function, `convert`, serves both, so that the text they make is the same; `explicit` adds what only a CAST may do.
`strict` is MaxCompute's `odps.function.strictmode` (also `odps.sql.udf.strict.mode`): text that is no value of the target
type fails with ODPS-0123091 instead of giving the number in front of the first letter, or NULL.
Numbers out of the target's range always fail.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from taskhouse.domain.datatypes import (
    BIGINT,
    BOOLEAN,
    DATETIME,
    DOUBLE,
    STRING,
    TIMES,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    DataType,
    Kind,
)
from taskhouse.sql.backends.duckdb import engine_type, identifier, quote_text
from taskhouse.sql.coercion import decimal_shape
from taskhouse.sql.typed import (
    INT_LIMIT,
    Typed,
    date_constant,
    decimal_constant,
    double_constant,
    integer_constant,
    text_constant,
)

_MOMENT = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?: (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?)?\Z")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\Z")
_READERS: dict[Kind, str] = {
    Kind.DOUBLE: "mc_text_double",
    Kind.DATE: "mc_text_date",
    Kind.DATETIME: "mc_text_datetime",
    Kind.TIMESTAMP: "mc_text_timestamp",
    Kind.TIMESTAMP_NTZ: "mc_text_timestamp_ntz",
}
_INTEGER_LIMITS = {Kind.TINYINT: 2**7, Kind.SMALLINT: 2**15, Kind.INT: INT_LIMIT, Kind.BIGINT: 2**63}


@dataclass(frozen=True, slots=True)
class CastRules:
    """Settings that casts follow. `trim_zeros`: odps.sql.decimal.tostring.trimzero."""

    strict: bool = False
    trim_zeros: bool = True
    time_zone: str = "UTC"


def convert(typed: Typed, target: DataType, rules: CastRules) -> Typed | None:
    """`typed` as `target`, or None when MaxCompute has no such conversion. The same type comes back as it is."""
    given = typed.type
    if given == target:
        return typed
    if given.kind is Kind.VOID:
        return Typed(f"CAST(NULL AS {engine_type(target)})", target)
    if typed.value is not None:
        folded = _fold(typed, target, rules)
        if folded is not None:
            return folded
    sql = _convert_sql(typed.sql, given, target, rules, 0)
    if sql is None:
        return None
    same = sql is typed.sql
    return Typed(sql, target, typed.value if same else None, typed.origin if same else None)


def explicit(typed: Typed, target: DataType, rules: CastRules) -> Typed | None:
    """What CAST may do: all of `convert`, and whole numbers of seconds since 1970 to TIMESTAMP."""
    if target == TIMESTAMP and typed.type.is_integer:
        return Typed(f"CAST(to_timestamp({typed.sql}) AS TIMESTAMPTZ_NS)", TIMESTAMP)
    return convert(typed, target, rules)


def read_moment(text: str) -> dt.datetime | None:
    """A text in MaxCompute's default form as a naive moment (microseconds), or None."""
    found = _MOMENT.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        return dt.datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(9, "0")[:6]),
        )
    except ValueError:
        return None


def holds(text: str, target: DataType) -> bool:
    """False for a moment that a TIMESTAMP would be too short for: 64 bits of nanoseconds."""
    if target not in (TIMESTAMP, TIMESTAMP_NTZ):
        return True
    moment = read_moment(text)
    return moment is None or dt.datetime(1677, 9, 22) <= moment < dt.datetime(2262, 4, 11)


def read_number(text: str) -> Decimal | None:
    """A text that is a whole number or decimal and nothing else, or None."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    try:
        return Decimal(found.group(1))
    except InvalidOperation:
        return None


def zone_of(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        return dt.UTC


def datetime_constant(moment: dt.datetime, rules: CastRules) -> Typed:
    """A naive moment of the session's zone as a DATETIME constant, given to DuckDB in UTC."""
    aware = moment.replace(tzinfo=zone_of(rules.time_zone)) if moment.tzinfo is None else moment
    aware = aware.replace(microsecond=aware.microsecond // 1000 * 1000)
    try:
        utc = aware.astimezone(dt.UTC)
    except OverflowError:
        return Typed(f"CAST({quote_text(moment.isoformat(' '))} AS TIMESTAMPTZ)", DATETIME)
    return Typed(f"TIMESTAMPTZ '{utc.replace(tzinfo=None).isoformat(' ')}+00'", DATETIME, aware)


def _fold(typed: Typed, target: DataType, rules: CastRules) -> Typed | None:
    """Constants converted here, where the result is beyond doubt; None leaves it to the engine."""
    value = typed.value
    kind = target.kind
    if isinstance(value, str) and typed.type.is_text:
        if kind is Kind.STRING:
            return Typed(typed.sql, STRING, value)
        if kind in (Kind.DATE, Kind.DATETIME):
            moment = read_moment(value)
            if moment is None:
                return None
            return date_constant(moment.date()) if kind is Kind.DATE else datetime_constant(moment, rules)
        number = read_number(value) if target.is_number else None
        if number is None or number.adjusted() > 300:
            return None
        return _fold_number(number, target)
    if isinstance(value, dt.datetime):
        local = value.astimezone(zone_of(rules.time_zone))
        if kind is Kind.DATE:
            return date_constant(local.date())
        return text_constant(f"{local:%Y-%m-%d %H:%M:%S}") if kind is Kind.STRING and local.year >= 1000 else None
    if isinstance(value, dt.date):
        if kind is Kind.DATETIME:
            return datetime_constant(dt.datetime(value.year, value.month, value.day), rules)
        return text_constant(value.isoformat()) if kind is Kind.STRING else None
    if isinstance(value, bool):
        return text_constant("true" if value else "false") if kind is Kind.STRING else None
    if isinstance(value, int):
        if kind is Kind.STRING:
            return text_constant(str(value))
        return _fold_number(Decimal(value), target) if target.is_number else None
    if isinstance(value, float) and target.is_number and value == value and abs(value) < 1e300:
        return _fold_number(Decimal(repr(value)), target)
    if isinstance(value, Decimal) and target.is_number:
        return _fold_number(value, target)
    return None


def _fold_number(number: Decimal, target: DataType) -> Typed | None:
    kind = target.kind
    if kind is Kind.DOUBLE:
        return double_constant(float(number))
    if target.is_integer:
        limit = _INTEGER_LIMITS[kind]
        if number.adjusted() > 20:
            return None
        whole = int(number)
        return integer_constant(whole, target) if -limit <= whole < limit else None
    if kind is Kind.DECIMAL:
        precision, scale = decimal_shape(target)
        if number.adjusted() >= precision - scale or int(number.as_tuple().exponent) < -scale:
            return None
        return decimal_constant(number, target)
    return None


def _convert_sql(sql: str, given: DataType, target: DataType, rules: CastRules, depth: int) -> str | None:
    if given == target:
        return sql
    if given.kind is Kind.VOID:
        return f"CAST(NULL AS {engine_type(target)})"
    if given.is_complex or target.is_complex:
        return _complex_sql(sql, given, target, rules, depth)
    if target.is_text:
        text = _text_sql(sql, given, rules)
        if text is None:
            return None
        return fit_text(text, given, target)
    kind = target.kind
    if given.kind is Kind.JSON:
        inner = _convert_sql(f"mc_json_scalar({sql})", STRING, target, rules, depth)
        return inner if target.is_number or kind is Kind.BOOLEAN else None
    if kind is Kind.JSON:
        if given.is_text or given.is_number or given.kind is Kind.BOOLEAN:
            return f"CAST(to_json({sql}) AS VARCHAR)"
        return None
    if target.is_number:
        return _number_sql(sql, given, target, rules)
    if kind in TIMES:
        return _time_sql(sql, given, target, rules)
    if kind is Kind.BOOLEAN:
        if given.is_text:
            return f"({sql} <> '')"
        return f"({sql} <> 0)" if given.is_number else None
    if kind is Kind.BINARY:
        return f"encode({sql})" if given.is_text else None
    return None


def fit_text(sql: str, given: DataType, target: DataType) -> str:
    """Text cut to a VARCHAR's length, or cut and padded with blanks to a CHAR's."""
    if target.kind is Kind.VARCHAR:
        if given.kind in (Kind.VARCHAR, Kind.CHAR) and (given.length or 0) <= (target.length or 0):
            return sql
        return f"left({sql}, {target.length})"
    if target.kind is Kind.CHAR:
        return f"rpad({sql}, {target.length}, ' ')"
    return sql


def _text_sql(sql: str, given: DataType, rules: CastRules) -> str | None:
    if given.is_text:
        return sql
    if given.is_integer or given.kind in (Kind.BOOLEAN, Kind.DATE):
        return f"CAST({sql} AS VARCHAR)"
    match given.kind:
        case Kind.DOUBLE | Kind.FLOAT:
            return f"mc_double_text({sql})"
        case Kind.DECIMAL:
            plain = f"CAST({sql} AS VARCHAR)"
            return f"mc_trim_zeros({plain})" if rules.trim_zeros and given.scale else plain
        case Kind.DATETIME:
            return f"mc_datetime_text({sql})"
        case Kind.TIMESTAMP | Kind.TIMESTAMP_NTZ:
            return f"mc_timestamp_text({sql})"
        case Kind.BINARY:
            return f"mc_binary_text({sql})"
        case Kind.JSON:
            return f"mc_json_scalar({sql})"
        case Kind.INTERVAL_YEAR_MONTH:
            return f"mc_months_text({sql})"
        case Kind.INTERVAL_DAY_TIME:
            return f"mc_span_text({sql})"
        case _:
            return None


def _number_sql(sql: str, given: DataType, target: DataType, rules: CastRules) -> str | None:
    wanted = engine_type(target)
    if given.is_text:
        suffix = "_strict" if rules.strict else ""
        if target.is_integer:
            read = f"mc_text_bigint{suffix}({sql})"
            return read if target == BIGINT else f"CAST({read} AS {wanted})"
        if target.kind is Kind.DECIMAL:
            return f"CAST(mc_text_number{suffix}({sql}) AS {wanted})"
        read = f"mc_text_double{suffix}({sql})"
        return read if target == DOUBLE else f"CAST({read} AS {wanted})"
    if given == BOOLEAN or given.is_integer:
        return f"CAST({sql} AS {wanted})"
    if given.is_number:
        if target.is_integer:
            return f"CAST(trunc({sql}) AS {wanted})"
        if target.kind is Kind.DECIMAL and given.kind in (Kind.DOUBLE, Kind.FLOAT):
            return double_as_decimal(sql, target)
        return f"CAST({sql} AS {wanted})"
    return None


def double_as_decimal(sql: str, target: DataType) -> str:
    """A DOUBLE as DECIMAL. Many places go by way of its shortest text, or else the digits behind the 15th would show."""
    wanted = engine_type(target)
    if decimal_shape(target)[1] > 6:
        return f"CAST(CAST({sql} AS VARCHAR) AS {wanted})"
    return f"CAST({sql} AS {wanted})"


def civil(typed: Typed) -> str | None:
    """A time as the local wall clock of the session's zone: SQL of DuckDB's TIMESTAMP. None for what is no time."""
    match typed.kind:
        case Kind.DATE | Kind.DATETIME:
            return f"CAST({typed.sql} AS TIMESTAMP)"
        case Kind.TIMESTAMP:
            return f"CAST(CAST({typed.sql} AS TIMESTAMPTZ) AS TIMESTAMP)"
        case Kind.TIMESTAMP_NTZ:
            return f"CAST({typed.sql} AS TIMESTAMP)"
        case _:
            return None


def _time_sql(sql: str, given: DataType, target: DataType, rules: CastRules) -> str | None:
    kind = target.kind
    if given.is_text:
        return f"{_READERS[kind]}{'_strict' if rules.strict else ''}({sql})"
    source = given.kind
    if source not in TIMES:
        return None
    match source, kind:
        case (Kind.DATE, Kind.DATETIME):
            return f"CAST({sql} AS TIMESTAMPTZ)"
        case (Kind.DATE, Kind.TIMESTAMP):
            return f"CAST(CAST({sql} AS TIMESTAMPTZ) AS TIMESTAMPTZ_NS)"
        case (Kind.DATE, Kind.TIMESTAMP_NTZ):
            return f"CAST({sql} AS TIMESTAMP_NS)"
        case (Kind.DATETIME, Kind.DATE):
            return f"CAST(CAST({sql} AS TIMESTAMP) AS DATE)"
        case (Kind.DATETIME, Kind.TIMESTAMP):
            return f"CAST({sql} AS TIMESTAMPTZ_NS)"
        case (Kind.DATETIME, Kind.TIMESTAMP_NTZ):
            return f"CAST(CAST({sql} AS TIMESTAMP) AS TIMESTAMP_NS)"
        case (Kind.TIMESTAMP, Kind.DATE):
            return f"CAST(CAST({sql} AS TIMESTAMP_NS) AS DATE)"
        case (Kind.TIMESTAMP, Kind.DATETIME):
            return f"mc_truncate_ms(CAST({sql} AS TIMESTAMPTZ))"
        case (Kind.TIMESTAMP, Kind.TIMESTAMP_NTZ):
            return f"CAST({sql} AS TIMESTAMP_NS)"
        case (Kind.TIMESTAMP_NTZ, Kind.DATE):
            return f"CAST({sql} AS DATE)"
        case (Kind.TIMESTAMP_NTZ, Kind.DATETIME):
            return f"mc_truncate_ms(CAST(CAST({sql} AS TIMESTAMP) AS TIMESTAMPTZ))"
        case (Kind.TIMESTAMP_NTZ, Kind.TIMESTAMP):
            return f"CAST({sql} AS TIMESTAMPTZ_NS)"
        case _:
            return None


def from_civil(sql: str, target: DataType) -> str:
    """Local wall clock (DuckDB's TIMESTAMP) as a MaxCompute time."""
    if target == DATETIME:
        return f"CAST({sql} AS TIMESTAMPTZ)"
    if target == TIMESTAMP:
        return f"CAST(CAST({sql} AS TIMESTAMPTZ) AS TIMESTAMPTZ_NS)"
    if target == TIMESTAMP_NTZ:
        return f"CAST({sql} AS TIMESTAMP_NS)"
    return f"CAST({sql} AS DATE)"


def _complex_sql(sql: str, given: DataType, target: DataType, rules: CastRules, depth: int) -> str | None:
    if given.kind is not target.kind:
        return None
    name = f"c{depth}"
    if given.kind is Kind.ARRAY:
        assert given.element is not None and target.element is not None
        inner = _convert_sql(name, given.element, target.element, rules, depth + 1)
        if inner is None:
            return None
        return sql if inner == name else f"list_transform({sql}, lambda {name}: {inner})"
    if given.kind is Kind.MAP:
        assert given.key is not None and target.key is not None
        assert given.element is not None and target.element is not None
        key = _convert_sql(f"{name}.key", given.key, target.key, rules, depth + 1)
        value = _convert_sql(f"{name}.value", given.element, target.element, rules, depth + 1)
        if key is None or value is None:
            return None
        entry = f"struct_pack(key := {key}, value := {value})"
        return f"map_from_entries(list_transform(map_entries({sql}), lambda {name}: {entry}))"
    if len(given.fields) != len(target.fields):
        return None
    parts = []
    for have, want in zip(given.fields, target.fields, strict=True):
        member = f"struct_extract({name}, {quote_text(have.name)})"
        part = _convert_sql(member, have.type, want.type, rules, depth + 1)
        if part is None:
            return None
        parts.append(f"{identifier(want.name)} := {part}")
    pack = f"CASE WHEN {name} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"
    return f"list_transform([{sql}], lambda {name}: {pack})[1]"
