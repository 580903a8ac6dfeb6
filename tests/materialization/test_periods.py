"""Statistical periods as partitions: the days that a condition takes are those that the calendar gives."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskhouse.domain.definition.metrics import BUILT_IN_PERIODS, PeriodUnit, StatisticalPeriod
from taskhouse.domain.faults import Fault
from taskhouse.domain.materialization.periods import day_range, longest_days
from taskhouse.domain.parameters import Parameters
from tests.sql.house import House


def first_day(period: StatisticalPeriod, day: date) -> date | None:
    match period.unit:
        case PeriodUnit.DAYS:
            return day - timedelta(days=period.days - 1)
        case PeriodUnit.WEEK_TO_DATE:
            return day - timedelta(days=day.weekday())
        case PeriodUnit.MONTH_TO_DATE:
            return day.replace(day=1)
        case PeriodUnit.QUARTER_TO_DATE:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case PeriodUnit.YEAR_TO_DATE:
            return day.replace(month=1, day=1)
        case PeriodUnit.ALL:
            return None


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@settings(max_examples=60, deadline=None)
@given(
    day=st.dates(date(2023, 12, 1), date(2025, 1, 31)),
    name=st.sampled_from([*BUILT_IN_PERIODS]),
    dashes=st.booleans(),
)
def test_the_condition_takes_the_days_of_the_period(house: House, day: date, name: str, dashes: bool) -> None:
    period = BUILT_IN_PERIODS[name]
    value = "${yyyy-mm-dd}" if dashes else "${bizdate}"
    condition = Parameters(day, datetime(2026, 1, 1)).substitute(day_range(period, value).condition("ds"))
    first = first_day(period, day)
    candidates = {day, day + timedelta(days=1), day - timedelta(days=400)}
    if first is not None:
        candidates |= {first, first - timedelta(days=1), first + timedelta(days=1)}
    form = "%Y-%m-%d" if dashes else "%Y%m%d"
    taken = {
        each
        for each in candidates
        if house.value(f"(select count(*) from values ('{each:{form}}') t(ds) where {condition})")
    }
    assert taken == {each for each in candidates if (first is None or first <= each) and each <= day}
    longest = longest_days(period)
    assert longest is None or (first is not None and (day - first).days < longest)


def test_periods_of_several_days_need_partitions_of_days() -> None:
    assert day_range(BUILT_IN_PERIODS["1d"], "${yyyymm}").condition("month") == "month = '${yyyymm}'"
    with pytest.raises(Fault, match="period '7d' needs a table partitioned by day"):
        day_range(BUILT_IN_PERIODS["7d"], "${yyyymm}")
