"""Times from and to text, seconds and zones, and the time now."""

from __future__ import annotations

import contextlib
import datetime as dt
import re

from taskhouse.domain.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DATETIME,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Kind,
)
from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.casts import convert, datetime_constant, from_civil, zone_of
from taskhouse.sql.functions.date_arguments import as_time, dates, wall
from taskhouse.sql.functions.date_patterns import constant_text, format_sql, has_one_year, strptime_format, written_form
from taskhouse.sql.functions.registry import Call, Rule, shown
from taskhouse.sql.settings import is_time_zone
from taskhouse.sql.typed import Typed, date_constant, text_constant

macro(
    "mc_no_date(s, p) AS error('ODPS-0123091:Illegal type cast - in function to_date, value ''' || s || "
    "''' is not written as ''' || p || '''.')"
)


def _to_date(call: Call) -> Typed:
    """One argument: a DATE. With a pattern: a DATETIME read by it."""
    value = call.args[0]
    if len(call.args) == 1:
        made = convert(value if not value.type.is_number else call.to(0, STRING), DATE, call.rules)
        if made is None:
            call.fail(f"function to_date cannot read {shown(value.type)}")
        return made
    own = call.text(1, "the pattern")
    if not has_one_year(own):
        return Typed("CAST(NULL AS TIMESTAMPTZ)", DATETIME)
    text = call.to(0, STRING)
    pattern, form = strptime_format(own, call), written_form(own)
    if isinstance(text.value, str) and re.fullmatch(form, text.value, re.ASCII):
        with contextlib.suppress(ValueError, OverflowError):
            return datetime_constant(dt.datetime.strptime(text.value, pattern), call.rules)
    read = _read_sql(text.sql, pattern, form)
    if call.rules.strict:
        read = (
            f"(CASE WHEN {text.sql} IS NOT NULL THEN coalesce({read}, mc_no_date({text.sql}, {quote_text(own)})) END)"
        )
    return Typed(f"CAST({read} AS TIMESTAMPTZ)", DATETIME)


def _read_sql(text: str, pattern: str, form: str) -> str:
    """SQL of the TIMESTAMP that a text written in `form` is, else of NULL."""
    return f"(CASE WHEN regexp_full_match({text}, {quote_text(form)}) THEN try_strptime({text}, {quote_text(pattern)}) END)"


def _to_char(call: Call) -> Typed:
    value = call.args[0]
    if len(call.args) == 1 or value.type.is_number or value.kind is Kind.BOOLEAN:
        return call.to(0, STRING)
    return _formatted(call, java=False)


def _date_format(call: Call) -> Typed:
    return _formatted(call, java=True)


def _formatted(call: Call, *, java: bool) -> Typed:
    value, pattern = as_time(call, 0), call.to(1, STRING)
    if isinstance(value.value, dt.date) and isinstance(pattern.value, str):
        moment = value.value
        if isinstance(moment, dt.datetime):
            moment = moment.astimezone(zone_of(call.context.time_zone))
        text = constant_text(moment, pattern.value, java=java)
        if text is not None:
            return text_constant(text)
    return Typed(format_sql(wall(call, 0), pattern, java=java), STRING)


def _from_unixtime(call: Call) -> Typed:
    seconds = call.to(0, BIGINT)
    moment = f"make_timestamptz({seconds.sql} * 1000000)"
    if len(call.args) == 1:
        return Typed(moment, DATETIME)
    return Typed(format_sql(f"CAST({moment} AS TIMESTAMP)", call.to(1, STRING), java=True), STRING)


def _unix_timestamp(call: Call) -> Typed:
    if not call.args:
        return Typed(f"CAST({int(call.context.now.timestamp())} AS BIGINT)", BIGINT)
    if len(call.args) == 2:
        pattern = strptime_format(call.text(1, "the pattern"), call, java=True)
        return Typed(
            f"CAST(epoch_us(CAST(try_strptime({call.to(0, STRING).sql}, {quote_text(pattern)}) AS TIMESTAMPTZ)) // 1000000 AS BIGINT)",
            BIGINT,
        )
    value = convert(as_time(call, 0), DATETIME, call.rules)
    assert value is not None
    return Typed(f"CAST(epoch_us({value.sql}) // 1000000 AS BIGINT)", BIGINT)


def _now(call: Call) -> Typed:
    return datetime_constant(call.context.now, call.rules)


def _current_timestamp(call: Call) -> Typed:
    now = call.context.now.astimezone(dt.UTC)
    nanoseconds = int(now.timestamp()) * 1_000_000_000 + now.microsecond * 1000
    return Typed(f"timezone('UTC', make_timestamp_ns({nanoseconds}))", TIMESTAMP)


def _local_timestamp(call: Call) -> Typed:
    local = call.context.now.astimezone(zone_of(call.context.time_zone)).replace(tzinfo=None)
    return Typed(f"CAST('{local.isoformat(' ')}' AS TIMESTAMP_NS)", TIMESTAMP_NTZ)


def _current_date(call: Call) -> Typed:
    return date_constant(call.context.now.astimezone(zone_of(call.context.time_zone)).date())


def _isdate(call: Call) -> Typed:
    own = call.text(1, "the pattern")
    text = call.to(0, STRING)
    read = _read_sql(text.sql, strptime_format(own, call), written_form(own))
    return Typed(f"(CASE WHEN {text.sql} IS NOT NULL THEN {read} IS NOT NULL END)", BOOLEAN)


def _millis(factor: int) -> Rule:
    def rule(call: Call) -> Typed:
        value = convert(as_time(call, 0), DATETIME, call.rules)
        assert value is not None
        return Typed(f"CAST(epoch_us({value.sql}) // {factor} AS BIGINT)", BIGINT)

    return rule


_JAVA_ZONE = re.compile(
    r"(?:GMT|UTC)[+-]\d{1,2}(?::\d{2})?|Z|ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT"
    r"|PRT|PST|SST|VST"
)
"""Names of zones that Java, and DuckDB's ICU with it, knows beside the IANA's: `PST` is Los Angeles, `CTT` Shanghai."""


def _zone(to_utc: bool) -> Rule:
    def rule(call: Call) -> Typed:
        zone = call.args[1]
        if isinstance(zone.value, str) and not is_time_zone(zone.value) and not _JAVA_ZONE.fullmatch(zone.value):
            call.fail(f"function {call.name}: time zone '{zone.value}' is not known")
        clock = f"make_timestamp({call.to(0, BIGINT).sql} * 1000)" if call.args[0].type.is_number else wall(call, 0)
        if to_utc:
            moved = f"timezone('UTC', timezone({zone.sql}, {clock}))"
        else:
            moved = f"timezone({zone.sql}, timezone('UTC', {clock}))"
        return Typed(from_civil(moved, TIMESTAMP), TIMESTAMP)

    return rule


dates.scalar(
    "to_date(any[, string]) -> any",
    _to_date,
    "Text as a DATE, or as a DATETIME by a pattern of `yyyy mm dd hh mi ss ff3`.",
    ("to_date('20250610', 'yyyymmdd')", "2025-06-10 00:00:00"),
    ("to_date('2017-02-31', 'yyyy-mm-dd')", None),
    ("to_date('2008-07-18 03:30:05')", "2008-07-18"),
    ("to_date('Alibaba2010-12*3', 'Alibabayyyy-mm*d')", "2010-12-03 00:00:00"),
)


dates.scalar(
    "to_char(any[, string]) -> string",
    _to_char,
    "A time as text by a pattern of `yyyy mm dd hh mi ss ff3`; a number or BOOLEAN as its text.",
    ("to_char(datetime '2010-12-03 00:00:00', 'yyyy-mm-dd')", "2010-12-03"),
    ("to_char(datetime '2008-07-18 15:30:45', 'yyyymmddhhmiss')", "20080718153045"),
    ("to_char(123)", "123"),
    ("to_char(true)", "true"),
)


dates.scalar(
    "date_format(any, string) -> string",
    _date_format,
    "A time as text by a pattern of Java (`yyyy-MM-dd HH:mm:ss`).",
    ("date_format(datetime '2022-04-24 15:30:00', 'yyyy-MM-dd HH:mm:ss')", "2022-04-24 15:30:00"),
    ("date_format(date '2022-04-24', 'yyyyMMdd')", "20220424"),
)


dates.scalar(
    "from_unixtime(any[, string]) -> any",
    _from_unixtime,
    "Seconds since 1970 as a DATETIME, or as text by a pattern of Java.",
    ("from_unixtime(123456789)", "1973-11-30 05:33:09"),
    ("from_unixtime(0, 'yyyy-MM-dd')", "1970-01-01"),
)


dates.scalar(
    "unix_timestamp([any, string]) -> bigint",
    _unix_timestamp,
    "Seconds since 1970 of a DATETIME, of text by a pattern of Java, or of now.",
    ("unix_timestamp(datetime '2009-03-20 11:11:00')", 1237518660),
    ("unix_timestamp('20090320', 'yyyyMMdd')", 1237478400),
)


dates.scalar(
    "getdate() -> datetime",
    _now,
    "The moment the statement started, as a DATETIME.",
    ("getdate()", "2026-11-20 12:05:06"),
    aliases="now sysdate",
)


dates.scalar(
    "current_timestamp([any]) -> timestamp",
    _current_timestamp,
    "The moment the statement started, as a TIMESTAMP.",
    ("current_timestamp()", "2026-11-20 12:05:06.789"),
)


dates.scalar(
    "current_timestamp_ntz() -> timestamp_ntz",
    _local_timestamp,
    "The local clock when the statement started.",
    ("current_timestamp_ntz()", "2026-11-20 12:05:06.789"),
    aliases="localtimestamp",
)


dates.scalar(
    "current_date() -> date",
    _current_date,
    "Today in the session's time zone.",
    ("current_date()", "2026-11-20"),
    aliases="curdate",
)


dates.scalar(
    "current_timezone() -> string",
    lambda call: Typed(quote_text(call.context.time_zone), STRING),
    "The session's time zone.",
    ("current_timezone()", "Asia/Shanghai"),
)


dates.scalar(
    "isdate(string, string) -> boolean",
    _isdate,
    "Whether a text is a time by a pattern.",
    ("isdate('2021-10-11', 'yyyy-mm-dd')", True),
    ("isdate('x', 'yyyy')", False),
)


dates.scalar(
    "to_millis(any) -> bigint",
    _millis(1000),
    "Milliseconds since 1970.",
    ("to_millis(datetime '2021-03-23 02:30:00')", 1616437800000),
)


dates.scalar(
    "to_unix_timestamp(any) -> bigint",
    _millis(1_000_000),
    "Seconds since 1970.",
    ("to_unix_timestamp(datetime '1970-01-01 08:00:00')", 0),
)


dates.scalar(
    "timestamp_millis(bigint) -> timestamp",
    "timezone('UTC', make_timestamp_ns({0} * 1000000))",
    "Milliseconds since 1970 as a TIMESTAMP.",
    ("timestamp_millis(0)", "1970-01-01 08:00:00"),
)


dates.scalar(
    "timestamp_micros(bigint) -> timestamp",
    "timezone('UTC', make_timestamp_ns({0} * 1000))",
    "Microseconds since 1970 as a TIMESTAMP.",
    ("timestamp_micros(1)", "1970-01-01 08:00:00.000001"),
)


dates.scalar(
    "timestamp_seconds(bigint) -> timestamp",
    "timezone('UTC', make_timestamp_ns({0} * 1000000000))",
    "Seconds since 1970 as a TIMESTAMP.",
    ("timestamp_seconds(1)", "1970-01-01 08:00:01"),
)


dates.scalar(
    "from_utc_timestamp(any, string) -> timestamp",
    _zone(False),
    "A clock of UTC as the clock of a zone.",
    ("from_utc_timestamp('2017-08-01 00:00:00', 'Asia/Shanghai')", "2017-08-01 08:00:00"),
)


dates.scalar(
    "to_utc_timestamp(any, string) -> timestamp",
    _zone(True),
    "A clock of a zone as the clock of UTC.",
    ("to_utc_timestamp('2017-08-01 08:00:00', 'Asia/Shanghai')", "2017-08-01 00:00:00"),
)
