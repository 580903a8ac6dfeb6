"""Intervals written as texts."""

from __future__ import annotations

import re

from taskhouse.sql import operators
from taskhouse.sql.functions.date_arguments import dates
from taskhouse.sql.functions.registry import Call
from taskhouse.sql.typed import Typed

_DAY_TIME = re.compile(r"\s*([+-]?)(\d{1,9})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\s*")
_YEAR_MONTH = re.compile(r"\s*([+-]?)(\d{1,6})-(\d{1,2})\s*")


def _interval_day_time(call: Call) -> Typed:
    text = call.text(0, "the interval")
    found = _DAY_TIME.fullmatch(text)
    if found is None:
        call.fail(f"function {call.name}: '{text}' is not 'days hours:minutes:seconds'")
    days, hours, minutes, seconds = (int(part) for part in found.groups()[1:5])
    fraction = int((found.group(6) or "").ljust(9, "0"))
    total = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000_000 + fraction
    return operators.interval_constant(None, -total if found.group(1) == "-" else total)


def _interval_year_month(call: Call) -> Typed:
    text = call.text(0, "the interval")
    found = _YEAR_MONTH.fullmatch(text)
    if found is None:
        call.fail(f"function {call.name}: '{text}' is not 'years-months'")
    total = int(found.group(2)) * 12 + int(found.group(3))
    return operators.interval_constant(-total if found.group(1) == "-" else total, None)


dates.scalar(
    "interval_day_time(string) -> interval_day_time",
    _interval_day_time,
    "A constant text as an interval of days and time.",
    ("date '2024-01-01' + interval_day_time('2 0:0:0')", "2024-01-03"),
)


dates.scalar(
    "interval_year_month(string) -> interval_year_month",
    _interval_year_month,
    "A constant text as an interval of years and months.",
    ("date '2024-01-31' + interval_year_month('10-11')", "2034-12-31"),
)
