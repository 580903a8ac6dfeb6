"""When a recurring task runs: its cycle, its times, and which days are real.

Every cycle yields instances for every day. Weekly, monthly and yearly tasks have one a day too: on days that are not theirs
it is a dry run, Succeeded from birth, so that nothing downstream waits for a day that does not come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from enum import Enum

from taskhouse.domain.calendar import ONE_DAY, wall_clock
from taskhouse.domain.faults import Fault, FaultCode


class Cycle(Enum):
    """The schedule epoch; the value is the word in files and APIs."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"

    @property
    def is_within_day(self) -> bool:
        """Several instances a day."""
        return self in (Cycle.MINUTE, Cycle.HOUR)


class ScheduleType(Enum):
    NORMAL = "NORMAL"
    DRY_RUN = "DRY_RUN"
    """Marked Succeeded at its scheduled time without running."""
    SKIP = "SKIP"
    """Paused scheduling: Failed at its scheduled time, which blocks downstream."""


LAST_DAY = -1
"""Stands for the last day of the month among `month_days`."""

_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Schedule:
    """`at` is the time of day for daily and rarer cycles. Within a day: `hours` at minute `at.minute`, or every `interval_min`
    minutes from `at` to `until` (included). `weekdays` are 1 (Monday) to 7, `month_days` 1 to 31 or `LAST_DAY`, `months` 1 to 12.
    """

    cycle: Cycle
    at: time = time(0, 0)
    weekdays: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    hours: tuple[int, ...] = ()
    interval_min: int = 0
    until: time = time(23, 59)
    type: ScheduleType = ScheduleType.NORMAL

    def __post_init__(self) -> None:
        for what, values, least, most in (
            ("weekday", self.weekdays, 1, 7),
            ("day of the month", self.month_days - {LAST_DAY}, 1, 31),
            ("month", self.months, 1, 12),
            ("hour", self.hours, 0, 23),
        ):
            wrong = [value for value in values if not least <= value <= most]
            if wrong:
                raise _invalid(f"{min(wrong)} is not a {what}; it must lie between {least} and {most}")
        if self.cycle.is_within_day:
            if not self.hours and not 1 <= self.interval_min < _MINUTES_A_DAY:
                raise _invalid(
                    "a schedule of hours or minutes needs a list of hours or an interval of at least a minute"
                )
            if self.hours and self.interval_min:
                raise _invalid("a schedule has a list of hours or an interval, not both")
        elif self.hours or self.interval_min:
            raise _invalid(f"a {self.cycle.value} schedule runs once a day and has neither hours nor an interval")
        if self.cycle is Cycle.WEEK and not self.weekdays:
            raise _invalid("a weekly schedule needs at least one weekday")
        if self.cycle in (Cycle.MONTH, Cycle.YEAR) and not self.month_days:
            raise _invalid(f"a {self.cycle.value} schedule needs at least one day of the month")
        if self.cycle is Cycle.YEAR and not self.months:
            raise _invalid("a yearly schedule needs at least one month")

    def is_real_day(self, day: date) -> bool:
        """Whether the task runs on this date; False makes the day's instance a dry run."""
        match self.cycle:
            case Cycle.WEEK:
                return day.isoweekday() in self.weekdays
            case Cycle.MONTH | Cycle.YEAR:
                last = (day + ONE_DAY).day == 1
                of_month = day.day in self.month_days or (last and LAST_DAY in self.month_days)
                return of_month and (self.cycle is Cycle.MONTH or day.month in self.months)
            case _:
                return True

    def times(self) -> tuple[time, ...]:
        """The times of day of its instances, ascending; never empty."""
        if not self.cycle.is_within_day:
            return (self.at,)
        if self.hours:
            return tuple(time(hour, self.at.minute) for hour in sorted(set(self.hours)))
        first = self.at.hour * 60 + self.at.minute
        last = max(first, self.until.hour * 60 + self.until.minute)
        return tuple(time(*divmod(minute, 60)) for minute in range(first, last + 1, self.interval_min))

    def occurrences(self, day: date, zone: tzinfo) -> Iterator[Occurrence]:
        """The instances of one run date, in order of time. Times that a change of clocks makes one are one instance."""
        dry_run = not self.is_real_day(day)
        for index, due_at in enumerate(sorted({wall_clock(day, at, zone) for at in self.times()}), start=1):
            yield Occurrence(index, due_at, dry_run)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`due_at` is in UTC, `index` is the serial number within the day, from 1. `dry_run` marks a day that is not the task's."""

    index: int
    due_at: datetime
    dry_run: bool


def _invalid(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, message)
