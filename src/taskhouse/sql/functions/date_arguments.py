"""Arguments of date functions: parts, times, and the local clock."""

from __future__ import annotations

from taskhouse.domain.datatypes import (
    DATETIME,
    TIMES,
    DataType,
)
from taskhouse.sql.casts import civil
from taskhouse.sql.functions.registry import Call, Group, shown
from taskhouse.sql.typed import Typed

dates = Group("dates and times")


PARTS = {
    **dict.fromkeys(("yyyy", "year", "y", "yy"), "year"),
    **dict.fromkeys(("q", "quarter"), "quarter"),
    **dict.fromkeys(("mm", "mon", "month"), "month"),
    **dict.fromkeys(("ww", "week", "w", "wk"), "week"),
    **dict.fromkeys(("dd", "day", "d"), "day"),
    **dict.fromkeys(("hh", "hour", "h", "hh24"), "hour"),
    **dict.fromkeys(("mi", "minute"), "minute"),
    **dict.fromkeys(("ss", "second", "s"), "second"),
    **dict.fromkeys(("ff3", "ms", "millisecond"), "millisecond"),
    **dict.fromkeys(("ff6", "microsecond"), "microsecond"),
    **dict.fromkeys(("doy", "dayofyear"), "doy"),
    **dict.fromkeys(("dow", "dayofweek"), "dow"),
}


def part_of(call: Call, index: int) -> str:
    written = call.text(index, "the part").strip().lower().removeprefix("-")
    part = PARTS.get(written) or PARTS.get(written.removesuffix("s"))
    if part is None or (part in ("doy", "dow") and call.name not in ("datepart", "date_part", "extract")):
        call.fail(f"function {call.name}: '{written}' is no part of a date")
    return part


def as_time(call: Call, index: int, default: DataType = DATETIME) -> Typed:
    """A time argument; text is read as `default`."""
    value = call.args[index]
    if value.kind in TIMES:
        return value
    if value.is_null or value.type.is_text:
        return call.to(index, default)
    call.fail(f"function {call.name}: argument {index + 1} must be a date or time, not {shown(value.type)}")
    raise AssertionError


def wall(call: Call, index: int) -> str:
    sql = civil(as_time(call, index))
    assert sql is not None
    return sql
