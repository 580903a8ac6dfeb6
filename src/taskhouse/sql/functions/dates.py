"""Dates and times: moving, cutting, comparing, and their parts. Functions see the local clock of the session's zone."""

from __future__ import annotations

import datetime as dt

from taskhouse.domain.datatypes import (
    BIGINT,
    DATE,
    DATETIME,
    DOUBLE,
    STRING,
    DataType,
    Kind,
)
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.casts import civil, convert, datetime_constant, from_civil, zone_of
from taskhouse.sql.functions.date_arguments import as_time, dates, part_of, wall
from taskhouse.sql.functions.registry import Call, Rule
from taskhouse.sql.typed import Typed, date_constant

macro("mc_last_day(d) AS CAST(date_trunc('month', d) + to_months(1) AS DATE) - 1")


macro(
    "mc_months_between(a, b) AS round((datediff('month', CAST(b AS DATE), CAST(a AS DATE)) + CASE "
    "WHEN day(a) = day(b) THEN 0 WHEN day(a) = day(last_day(a)) AND day(b) = day(last_day(b)) THEN 0 "
    "ELSE (day(a) - day(b) + (epoch_us(a) % 86400000000 - epoch_us(b) % 86400000000) / 86400000000.0) / 31.0 END), 8)"
)


macro(
    "mc_next_day(d, w) AS d + CAST(CASE WHEN (w - isodow(d) + 7) % 7 = 0 THEN 7 ELSE (w - isodow(d) + 7) % 7 END AS INTEGER)"
)


_DATE_PARTS = ("year", "quarter", "month", "week", "day")


_US = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "millisecond": 1_000, "microsecond": 1}


def _dateadd(call: Call) -> Typed:
    value = as_time(call, 0)
    amount = call.to(1, BIGINT)
    part = part_of(call, 2) if len(call.args) > 2 else "day"
    return _add(call, value, amount, part)


def _add(call: Call, value: Typed, amount: Typed, part: str) -> Typed:
    months = {"year": 12, "quarter": 3, "month": 1}.get(part)
    count = amount.value
    if type(count) is int and isinstance(value.value, dt.datetime):
        folded = _moved(value.value, count, part, call)
        if folded is not None:
            return folded
    if months is not None:
        if type(count) is int and abs(count) < 10**6:
            interval = operators.interval_constant(count * months, None)
        else:
            interval = Typed(f"CAST({amount.sql} * {months} AS INTEGER)", _YEAR_MONTH)
    else:
        factor = _US.get(part, 86_400_000_000 * (7 if part == "week" else 1))
        if type(count) is int and abs(count) < 10**7:
            interval = operators.interval_constant(None, count * factor * 1000)
        elif part in ("day", "week"):
            days = f"CAST({amount.sql} * {7 if part == 'week' else 1} AS INTEGER)"
            if value.kind is Kind.DATE:
                return Typed(f"({value.sql} + {days})", DATE)
            return operators.shift_days(value, days)
        else:
            interval = Typed(f"({amount.sql} * {factor * 1000})", _DAY_TIME)
    if (
        interval.nanoseconds is not None
        and interval.nanoseconds % operators.DAY_NS == 0
        and value.kind is not Kind.DATE
    ):
        return operators.shift_days(value, str(interval.nanoseconds // operators.DAY_NS))
    moved = operators.shift(value, interval, call.rules)
    if moved is None:
        call.fail(f"function {call.name}: the result is out of range")
    return moved


def _moved(moment: dt.datetime, count: int, part: str, call: Call) -> Typed | None:
    """A constant DATETIME moved on the local clock, so that filters on partitions by dates of today stay constants."""
    local = moment.astimezone(zone_of(call.context.time_zone)).replace(tzinfo=None)
    months = {"year": 12, "quarter": 3, "month": 1}.get(part)
    days = {"day": 1, "week": 7}.get(part)
    try:
        if months is not None:
            day = operators.add_months(local.date(), count * months)
            return datetime_constant(dt.datetime.combine(day, local.time()), call.rules)
        if days is not None:
            return datetime_constant(local + dt.timedelta(days=count * days), call.rules)
    except (OverflowError, ValueError):
        pass
    return None


_YEAR_MONTH, _DAY_TIME = DataType(Kind.INTERVAL_YEAR_MONTH), DataType(Kind.INTERVAL_DAY_TIME)


def _days(sign: int) -> Rule:
    """DATE_ADD and DATE_SUB: days added to a date; a DATE comes out."""

    def rule(call: Call) -> Typed:
        value = convert(as_time(call, 0, DATE), DATE, call.rules)
        assert value is not None
        amount = call.to(1, BIGINT)
        if type(amount.value) is int and isinstance(value.value, dt.date):
            try:
                return date_constant(value.value + dt.timedelta(days=sign * amount.value))
            except OverflowError:
                call.fail(f"function {call.name}: the result is out of range")
        return Typed(f"({value.sql} {'+' if sign > 0 else '-'} CAST({amount.sql} AS INTEGER))", DATE)

    return rule


def _datediff(call: Call) -> Typed:
    """Boundaries of the part crossed from the second moment to the first."""
    part = part_of(call, 2) if len(call.args) > 2 else "day"
    first, second = call.args[0], call.args[1]
    if part == "day" and first.kind is Kind.DATE and second.kind is Kind.DATE:
        return Typed(f"({first.sql} - {second.sql})", BIGINT)
    return Typed(f"datediff('{part}', {wall(call, 1)}, {wall(call, 0)})", BIGINT)


def _datepart(call: Call) -> Typed:
    return _part(call, 0, part_of(call, 1))


def _extract(call: Call) -> Typed:
    return _part(call, 1, part_of(call, 0))


def _part(call: Call, index: int, part: str) -> Typed:
    value = as_time(call, index)
    wall = value.sql if value.kind is Kind.DATE and part in (*_DATE_PARTS, "doy", "dow") else civil(value)
    if part == "second":
        return Typed(f"date_part('second', {wall})", BIGINT)
    if part in ("millisecond", "microsecond"):
        return Typed(f"(date_part('{part}', {wall}) % {1000 if part == 'millisecond' else 1000000})", BIGINT)
    if part == "dow":
        return Typed(f"(date_part('dow', {wall}) + 1)", BIGINT)
    return Typed(f"date_part('{part}', {wall})", BIGINT)


def _datetrunc(call: Call) -> Typed:
    value = as_time(call, 0)
    return _truncated(value, part_of(call, 1))


def _truncated(value: Typed, part: str) -> Typed:
    if value.kind is Kind.DATE:
        if part not in _DATE_PARTS:
            return value
        return Typed(f"CAST(date_trunc('{part}', {value.sql}) AS DATE)", DATE)
    return Typed(from_civil(f"date_trunc('{part}', {civil(value)})", value.type), value.type)


def _trunc(call: Call) -> Typed:
    """TRUNC of a number to places, or of a date to its month, year, quarter or week."""
    if call.args[0].type.is_number:
        places = call.to(1, BIGINT).sql if len(call.args) > 1 else "0"
        return Typed(f"mc_trunc({call.to(0, DOUBLE).sql}, {places})", DOUBLE)
    value = convert(as_time(call, 0, DATE), DATE, call.rules)
    assert value is not None
    return _truncated(value, part_of(call, 1) if len(call.args) > 1 else "day")


_TRUNC_TIME = {
    "year": "%Y",
    "month": "%Y-%m",
    "day": "%Y-%m-%d",
    "hour": "%Y-%m-%d %H:00:00",
    "week": "%Y-%m-%d",
    "quarter": "%Y-%m",
}


def _trunc_time(call: Call) -> Typed:
    """The time as text, as far as the part goes."""
    part = part_of(call, 1)
    if part not in _TRUNC_TIME:
        call.fail(f"function {call.name} takes year, quarter, month, week, day or hour, not {part}")
    clock = wall(call, 0)
    if part in ("week", "quarter"):
        clock = f"date_trunc('{part}', {clock})"
    return Typed(f"strftime({clock}, '{_TRUNC_TIME[part]}')", STRING)


def _add_months(call: Call) -> Typed:
    """A text date of the moved day."""
    value = as_time(call, 0)
    moved = _add(call, value, call.to(1, BIGINT), "month")
    as_date = convert(moved, DATE, call.rules)
    assert as_date is not None
    text = convert(as_date, STRING, call.rules)
    assert text is not None
    return text


def _last_day(call: Call) -> Typed:
    """LASTDAY keeps DATETIME at midnight, LAST_DAY gives a DATE."""
    value = convert(as_time(call, 0, DATE), DATE, call.rules)
    assert value is not None
    if call.name == "lastday":
        return Typed(f"CAST(CAST(last_day({value.sql}) AS TIMESTAMP) AS TIMESTAMPTZ)", DATETIME)
    return Typed(f"last_day({value.sql})", DATE)


_WEEKDAYS = {"mo": 1, "tu": 2, "we": 3, "th": 4, "fr": 5, "sa": 6, "su": 7}


def _next_day(call: Call) -> Typed:
    value = convert(as_time(call, 0, DATE), DATE, call.rules)
    assert value is not None
    day = _WEEKDAYS.get(call.text(1, "the weekday").strip().lower()[:2])
    if day is None:
        call.fail("function next_day: the weekday is not known")
    return Typed(f"mc_next_day({value.sql}, {day})", DATE)


def _field(name: str, part: str, summary: str, *examples: tuple[str, object], aliases: str = "") -> None:
    dates.scalar(
        f"{name}(civil) -> int", f"CAST(date_part('{part}', {{0}}) AS INTEGER)", summary, *examples, aliases=aliases
    )


dates.scalar(
    "dateadd(any, any[, string]) -> same",
    _dateadd,
    "A time moved by a number of years, months, days, ... (`yyyy mm dd hh mi ss ff3`); the type stays.",
    ("dateadd(date '2005-02-28', 1, 'dd')", "2005-03-01"),
    ("dateadd(datetime '2005-02-28 00:00:00', 20, 'mm')", "2006-10-28 00:00:00"),
    ("dateadd(date '2005-03-30', -1, 'mm')", "2005-02-28"),
    ("dateadd('2005-02-28 00:00:00', 1, 'dd')", "2005-03-01 00:00:00"),
)


dates.scalar(
    "date_add(any, any) -> date",
    _days(1),
    "A date some days later.",
    ("date_add('2017-02-28 21:15:16', 1)", "2017-03-01"),
    ("date_add(date '2005-03-01', -1)", "2005-02-28"),
)


dates.scalar(
    "date_sub(any, any) -> date", _days(-1), "A date some days earlier.", ("date_sub('2017-03-01', 1)", "2017-02-28")
)


dates.scalar(
    "datediff(any, any[, string]) -> bigint",
    _datediff,
    "How many boundaries of a part (days unless given) lie between the second moment and the first.",
    ("datediff(datetime '2005-12-31 23:59:59', datetime '2006-01-01 00:00:00', 'dd')", -1),
    ("datediff(datetime '2006-01-01 00:00:00', datetime '2005-12-31 23:59:59', 'yyyy')", 1),
    ("datediff(datetime '2005-12-31 23:59:59', datetime '2006-01-01 00:00:00', 'mi')", -1),
    ("datediff('2018-06-04 19:33:23', '2018-06-04 19:33:22', 'ss')", 1),
    ("datediff(date '2005-03-01', date '2005-02-01')", 28),
)


dates.scalar(
    "datepart(any, string) -> bigint",
    _datepart,
    "One part of a time as a number.",
    ("datepart(datetime '2013-06-08 01:10:00', 'yyyy')", 2013),
    ("datepart(datetime '2013-06-08 01:10:00', 'mi')", 10),
    aliases="date_part",
)


dates.scalar(
    "extract(string, any) -> bigint",
    _extract,
    "EXTRACT(part FROM time).",
    ("extract(year FROM date '2019-05-01')", 2019),
    ("extract(minute FROM datetime '2019-05-01 11:21:00')", 21),
)


dates.scalar(
    "datetrunc(any, string) -> same",
    _datetrunc,
    "A time cut down to a part; the type stays.",
    ("datetrunc(datetime '2011-12-07 16:28:46', 'month')", "2011-12-01 00:00:00"),
    ("datetrunc(date '2011-12-07', 'yyyy')", "2011-01-01"),
)


dates.scalar(
    "trunc_time(any, string) -> string",
    _trunc_time,
    "A time as text, cut down to year, month, day or hour.",
    ("trunc_time(datetime '2011-12-07 16:28:46', 'month')", "2011-12"),
    ("trunc_time(datetime '2011-12-07 16:28:46', 'hour')", "2011-12-07 16:00:00"),
)


dates.scalar(
    "add_months(any, any) -> string",
    _add_months,
    "A date some months later, as text; the last day of the month where it is shorter.",
    ("add_months('2017-02-14', 3)", "2017-05-14"),
    ("add_months('2017-01-31', 1)", "2017-02-28"),
)


dates.scalar(
    "months_between(any, any) -> double",
    lambda call: Typed(f"mc_months_between({wall(call, 0)}, {wall(call, 1)})", DOUBLE),
    "Months from the second date to the first, with a fraction of 31 days.",
    ("months_between('1997-02-28 10:30:00', '1996-10-30')", 3.94959677),
    ("months_between('1996-10-30', '1996-10-30')", 0.0),
)


dates.scalar("last_day(any) -> date", _last_day, "The last day of the month.", ("last_day('2017-03-04')", "2017-03-31"))


dates.scalar(
    "lastday(any) -> datetime",
    _last_day,
    "Midnight of the last day of the month, a DATETIME.",
    ("lastday(datetime '2013-06-08 01:10:00')", "2013-06-30 00:00:00"),
)


dates.scalar(
    "next_day(any, string) -> date",
    _next_day,
    "The first such weekday after a date.",
    ("next_day('2017-08-01', 'TU')", "2017-08-08"),
)


dates.scalar(
    "weekday(civil) -> bigint",
    "(isodow({0}) - 1)",
    "Day of the week, Monday is 0.",
    ("weekday(datetime '2009-03-20 11:11:00')", 4),
)


dates.scalar(
    "weekofyear(civil) -> bigint",
    "date_part('week', {0})",
    "Week of the year by ISO 8601.",
    ("weekofyear(to_date('20141229', 'yyyymmdd'))", 1),
)


dates.scalar(
    "dayofweek(civil) -> int",
    "CAST(dayofweek({0}) + 1 AS INTEGER)",
    "Day of the week, Sunday is 1.",
    ("dayofweek('2009-07-30')", 5),
)


dates.scalar(
    "dayofyear(civil) -> int", "CAST(dayofyear({0}) AS INTEGER)", "Day of the year.", ("dayofyear('2014-02-01')", 32)
)


_field("year", "year", "The year.", ("year('1970-01-01 12:30:00')", 1970))


_field("quarter", "quarter", "The quarter.", ("quarter(date '1970-11-12')", 4))


_field("month", "month", "The month.", ("month('2014-09-01')", 9))


_field("day", "day", "The day of the month.", ("day('2014-09-01')", 1), aliases="dayofmonth")


_field("hour", "hour", "The hour.", ("hour('2014-09-01 12:00:00')", 12))


_field("minute", "minute", "The minute.", ("minute('2014-09-01 12:30:00')", 30))


_field("second", "second", "The second.", ("second('2014-09-01 12:30:45')", 45))


dates.scalar(
    "date_from_unix_date(bigint) -> date",
    "(DATE '1970-01-01' + CAST({0} AS INTEGER))",
    "Days since 1970 as a DATE.",
    ("date_from_unix_date(1)", "1970-01-02"),
)


dates.scalar(
    "unix_date(date) -> bigint",
    "({0} - DATE '1970-01-01')",
    "A DATE as days since 1970.",
    ("unix_date(date '1970-01-02')", 1),
)


dates.scalar(
    "make_date(bigint, bigint, bigint) -> date",
    "make_date({0}, {1}, {2})",
    "A DATE of year, month and day.",
    ("make_date(2020, 2, 29)", "2020-02-29"),
)


dates.scalar(
    "trunc(any[, any]) -> any",
    _trunc,
    "A number cut to places behind the point, or a date to its month, year, quarter or week.",
    ("trunc(125.815)", 125.0),
    ("trunc(125.815, 1)", 125.8),
    ("trunc(-125.815, 2)", -125.81),
    ("trunc(date '2011-12-07', 'month')", "2011-12-01"),
)
