"""Statistical periods as conditions on partitions, and how far back they make a metric depend on earlier days.

A transaction table's partition holds the events of its day, so the last seven days are seven partitions. That works for tables
partitioned by day; the first partition column's value says how days are written there.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskhouse.domain.definition.metrics import PeriodUnit, StatisticalPeriod
from taskhouse.domain.faults import Fault, FaultCode

DAY_FORMATS = {
    "${bizdate}": "yyyymmdd",
    "${yyyymmdd}": "yyyymmdd",
    "${yyyyMMdd}": "yyyymmdd",
    "${yyyy-mm-dd}": "yyyy-mm-dd",
    "${yyyy-MM-dd}": "yyyy-mm-dd",
}
"""Values of partition columns that are days, and their formats; both sort as text."""
WINDOW_DAYS = 31
"""A metric waits for its source's instances of at most this many days, the day itself included. One of a longer period waits for its own
instance of the day before instead."""
_LONGEST = {
    PeriodUnit.WEEK_TO_DATE: 7,
    PeriodUnit.MONTH_TO_DATE: 31,
    PeriodUnit.QUARTER_TO_DATE: 92,
    PeriodUnit.YEAR_TO_DATE: 366,
}


@dataclass(frozen=True, slots=True)
class DayRange:
    """Bounds of the partition column as SQL texts, both included; `first` is empty when there is none. When `first` is no constant,
    `floor` is a constant below it, by which partitions can be left out before anything is read."""

    first: str
    last: str
    floor: str = ""

    def condition(self, column: str) -> str:
        if self.first == self.last:
            return f"{column} = {self.last}"
        bounds = [f"{column} >= {bound}" for bound in (self.floor, self.first) if bound]
        return " AND ".join((*bounds, f"{column} <= {self.last}"))


def longest_days(period: StatisticalPeriod) -> int | None:
    """How many days a period has at most, the day itself included; None without limit."""
    return period.days if period.unit is PeriodUnit.DAYS else _LONGEST.get(period.unit)


def is_one_day(period: StatisticalPeriod) -> bool:
    return period.unit is PeriodUnit.DAYS and period.days == 1


def day_range(period: StatisticalPeriod, value: str) -> DayRange:
    """`value` is that of the partition column. Raises `Fault` (NOT_SUPPORTED) for one that is no day, unless the period is one."""
    form = DAY_FORMATS.get(value)
    if is_one_day(period):
        return DayRange(f"'{value}'", f"'{value}'")
    if form is None:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"statistical period '{period.name}' needs a table partitioned by day ({', '.join(DAY_FORMATS)}), not by '{value}'",
        )
    last = f"'{_day(form)}'"
    match period.unit:
        case PeriodUnit.DAYS:
            return DayRange(f"'{_day(form, period.days - 1)}'", last)
        case PeriodUnit.ALL:
            return DayRange("", last)
        case PeriodUnit.MONTH_TO_DATE:
            return DayRange(f"'{_spelled(form, '${yyyy}', '${mm}', '01')}'", last)
        case PeriodUnit.YEAR_TO_DATE:
            return DayRange(f"'{_spelled(form, '${yyyy}', '01', '01')}'", last)
        case PeriodUnit.WEEK_TO_DATE:
            day = "TO_DATE('${yyyymmdd}', 'yyyymmdd')"
            first = f"TO_CHAR(DATEADD({day}, -WEEKDAY({day}), 'dd'), '{form}')"
            return DayRange(first, last, f"'{_day(form, 6)}'")
        case PeriodUnit.QUARTER_TO_DATE:
            month = "CASE WHEN '${mm}' < '04' THEN '01' WHEN '${mm}' < '07' THEN '04' WHEN '${mm}' < '10' THEN '07' ELSE '10' END"
            dash = "-" if "-" in form else ""
            return DayRange(f"CONCAT('${{yyyy}}{dash}', {month}, '{dash}01')", last, f"'{_day(form, 91)}'")


def _day(form: str, back: int = 0) -> str:
    return f"${{{form}}}" if not back else f"${{{form}-{back}}}"


def _spelled(form: str, year: str, month: str, day: str) -> str:
    return f"{year}-{month}-{day}" if "-" in form else f"{year}{month}{day}"
