"""Dates of recurring instances: data timestamps, scheduled times, and which dates a nightly generation owes.

Instances of a run date D carry the data timestamp D-1. Scheduled times are configured as wall-clock times of the tenant's zone and
become instants in UTC here, once: Python compares ambiguous times of two zones as unequal, so nothing else may be a key. A time
that a change of clocks skips is the instant at which the clocks would have shown it; of a time that comes twice, the first counts.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from taskhouse.domain.faults import Fault, FaultCode

GENERATION_HOUR = 23
"""At 23:00 the instances of the next day are generated; definitions are frozen at that moment."""

ONE_DAY = timedelta(days=1)


def bizdate_of(run_date: date) -> date:
    """The data timestamp of instances that are scheduled on `run_date`."""
    return run_date - ONE_DAY


def run_date_of(bizdate: date) -> date:
    return bizdate + ONE_DAY


def bizdate_text(bizdate: date) -> str:
    """`20260301`, the default form."""
    return f"{bizdate.year:04}{bizdate.month:02}{bizdate.day:02}"


def read_bizdate(text: str) -> date:
    """From `20260301` or `2026-03-01`, in a year that has years around it. Raises `Fault` (InvalidArgument)."""
    match = re.fullmatch(r"(\d{4})(-?)(\d{2})\2(\d{2})", text.strip())
    try:
        if match is None or not date.min.year < int(match[1]) < date.max.year:
            raise ValueError
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a data timestamp; write it like 20260301") from None


def wall_clock(day: date, at: time, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which the clocks of `zone` show `at` on `day`."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def first_run_date(published_at: datetime, zone: tzinfo) -> date:
    """The first run date for which a task has instances: the next day when published before 23:00, else the day after."""
    local = published_at.astimezone(zone)
    return local.date() + ONE_DAY * (1 if local.hour < GENERATION_HOUR else 2)


def last_due_run_date(now: datetime, zone: tzinfo) -> date:
    """The latest run date whose instances must exist at `now`: tomorrow from 23:00 on, before that today."""
    local = now.astimezone(zone)
    return local.date() + ONE_DAY * (1 if local.hour >= GENERATION_HOUR else 0)


def owed_run_dates(last_generated: date | None, now: datetime, zone: tzinfo) -> list[date]:
    """Run dates to generate now, oldest first (D-37). With nothing generated ever, the latest one only: there is no past to catch up."""
    last = last_due_run_date(now, zone)
    if last_generated is None:
        return [last]
    return [last_generated + ONE_DAY * (n + 1) for n in range((last - last_generated).days)]


def next_generation(now: datetime, zone: tzinfo) -> datetime:
    """The next 23:00, strictly after `now`."""
    today = now.astimezone(zone).date()
    at = wall_clock(today, time(GENERATION_HOUR), zone)
    return at if at > now else wall_clock(today + ONE_DAY, time(GENERATION_HOUR), zone)
