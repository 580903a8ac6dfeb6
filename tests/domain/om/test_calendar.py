"""Data timestamps, scheduled times, schedules, and the parameters that code may name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.calendar import (
    bizdate_of,
    bizdate_text,
    first_run_date,
    next_generation,
    owed_run_dates,
    read_bizdate,
    run_date_of,
    wall_clock,
)
from taskhouse.domain.faults import Fault
from taskhouse.domain.parameters import Parameters, read_parameters, time_expression
from taskhouse.domain.schedule import LAST_DAY, Cycle, Schedule

ZONE = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@given(st.dates(date(1970, 1, 2), date(2100, 1, 1)))
def test_data_timestamp_is_the_day_before(day: date) -> None:
    assert run_date_of(bizdate_of(day)) == day
    assert read_bizdate(bizdate_text(day)) == day == read_bizdate(day.isoformat())


def test_data_timestamp_of_an_instance() -> None:
    assert bizdate_text(bizdate_of(date(2026, 3, 2))) == "20260301"
    for text in ("2026-0301", "20260230", "yesterday", ""):
        with pytest.raises(Fault, match="is not a data timestamp"):
            read_bizdate(text)


def test_who_is_published_before_23_has_instances_the_next_day() -> None:
    assert first_run_date(at("2026-03-01T18:00"), ZONE) == date(2026, 3, 2)
    assert first_run_date(at("2026-03-01T22:59:59"), ZONE) == date(2026, 3, 2)
    assert first_run_date(at("2026-03-01T23:10"), ZONE) == date(2026, 3, 3)


def test_missed_generations_are_owed() -> None:
    assert owed_run_dates(date(2026, 3, 2), at("2026-03-02T22:59"), ZONE) == []
    assert owed_run_dates(date(2026, 3, 2), at("2026-03-02T23:00"), ZONE) == [date(2026, 3, 3)]
    assert owed_run_dates(date(2026, 2, 27), at("2026-03-02T09:00"), ZONE) == [
        date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2),
    ]  # fmt: skip
    assert owed_run_dates(None, at("2026-03-02T09:00"), ZONE) == [date(2026, 3, 2)]
    assert next_generation(at("2026-03-02T23:00"), ZONE) == at("2026-03-03T23:00")
    assert next_generation(at("2026-03-02T22:00"), ZONE) == at("2026-03-02T23:00")


def test_times_that_the_clocks_skip_move_on() -> None:
    assert wall_clock(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert wall_clock(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_daily_schedule() -> None:
    (one,) = Schedule(Cycle.DAY, time(0, 30)).occurrences(date(2026, 3, 2), ZONE)
    assert (one.index, one.due_at, one.dry_run) == (1, at("2026-03-02T00:30"), False)


def test_monthly_schedule_is_dry_on_all_other_days() -> None:
    schedule = Schedule(Cycle.MONTH, time(13), month_days=frozenset({2}))
    real = [d for d in range(1, 32) if not next(schedule.occurrences(date(2026, 3, d), ZONE)).dry_run]
    assert real == [2]
    last = Schedule(Cycle.MONTH, month_days=frozenset({LAST_DAY, 30}))
    assert [d for d in range(1, 29) if last.is_real_day(date(2026, 2, d))] == [28]
    assert [d for d in range(1, 32) if last.is_real_day(date(2026, 3, d))] == [30, 31]


def test_weekly_and_yearly_schedules() -> None:
    weekly = Schedule(Cycle.WEEK, weekdays=frozenset({1, 7}))
    assert [d for d in range(2, 9) if weekly.is_real_day(date(2026, 3, d))] == [2, 8]
    yearly = Schedule(Cycle.YEAR, month_days=frozenset({1}), months=frozenset({4}))
    assert yearly.is_real_day(date(2026, 4, 1)) and not yearly.is_real_day(date(2026, 5, 1))


def test_schedules_within_a_day() -> None:
    hourly = Schedule(Cycle.HOUR, time(0, 5), interval_min=60)
    assert len(hourly.times()) == 24 and hourly.times()[-1] == time(23, 5)
    listed = Schedule(Cycle.HOUR, time(0, 15), hours=(12, 0, 4))
    assert listed.times() == (time(0, 15), time(4, 15), time(12, 15))
    minutes = Schedule(Cycle.MINUTE, time(8), interval_min=30, until=time(9))
    assert [o.index for o in minutes.occurrences(date(2026, 3, 2), ZONE)] == [1, 2, 3]


@pytest.mark.parametrize(("day", "count"), [(date(2026, 3, 28), 48), (date(2026, 3, 29), 46), (date(2026, 10, 25), 48)])
def test_a_change_of_clocks_makes_no_two_instances_of_one_time(day: date, count: int) -> None:
    found = list(Schedule(Cycle.MINUTE, interval_min=30).occurrences(day, BERLIN))
    dues = [o.due_at for o in found]
    assert len(set(dues)) == len(dues) == count and dues == sorted(dues)
    assert [o.index for o in found] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cycle": Cycle.WEEK}, "weekday"),
        ({"cycle": Cycle.WEEK, "weekdays": frozenset({0})}, "0 is not a weekday"),
        ({"cycle": Cycle.MONTH}, "day of the month"),
        ({"cycle": Cycle.MONTH, "month_days": frozenset({32})}, "32 is not a day of the month"),
        ({"cycle": Cycle.YEAR, "month_days": frozenset({1})}, "month"),
        ({"cycle": Cycle.HOUR}, "interval"),
        ({"cycle": Cycle.HOUR, "hours": (1,), "interval_min": 5}, "not both"),
        ({"cycle": Cycle.HOUR, "hours": (24,)}, "24 is not a hour"),
        ({"cycle": Cycle.DAY, "interval_min": 5}, "once a day"),
    ],
)
def test_impossible_schedules_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(Fault, match=message):
        Schedule(**arguments)


DUE = datetime(2018, 1, 10)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("${yyyymmdd}", "20180109"),
        ("$[yyyymmdd]", "20180110"),
        ("${yyyymmdd -7}", "20180102"),
        ("${yyyy-mm -1}", "2017-12"),
        ("${yyyy/MM/dd HH:mm:ss-1/24}", "2018/01/08 23:00:00"),
        ("$[HH:mm:ss-5/24/60]", "23:55:00"),
        ("${bizdate}", "20180109"),
        ("${ BizDate }", "20180109"),
        ("$[yyyy-mm-dd]", "2018-01-10"),
        ("${yyyy +1}", "2019"),
        ("$[yyyyMMddhh24mmss]", "20180110000000"),
        ("${yy}${dd}", "1809"),
        ("where d = '${yyyymmdd}' and e > '$[yyyymm]'", "where d = '20180109' and e > '201801'"),
        ("get_json_object(x, '$[0].a')", "get_json_object(x, '$[0].a')"),
        ("no places", "no places"),
    ],
)
def test_time_expressions(code: str, expected: str) -> None:
    assert Parameters(date(2018, 1, 9), DUE).substitute(code) == expected


def test_month_offsets_stay_inside_the_month() -> None:
    assert time_expression("yyyymm -1", datetime(2026, 3, 31)) == "202602"
    with pytest.raises(Fault, match="leaves the calendar"):
        time_expression("yyyy -3000", datetime(2026, 3, 31))


def test_custom_parameters() -> None:
    custom = read_parameters("KeyA=$KeyB; keyb=${yyyymmdd -1}/x ;BIZDATE=fixed;keyc=${bizdate}-$keya;")
    values = Parameters(date(2018, 1, 9), DUE, custom, {"project": "shop"}).values()
    assert values == {
        "bizdate": "fixed", "project": "shop", "keya": "20180108/x", "keyb": "20180108/x", "keyc": "fixed-20180108/x",
    }  # fmt: skip
    code = Parameters(date(2018, 1, 9), DUE, custom, {"project": "shop"}).substitute("${project}.${KEYA}")
    assert code == "shop.20180108/x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=$b;b=$c;c=$a", "a -> b -> c -> a"),
        ("a=$a", "a -> a"),
        ("a=x${a}", "a -> a"),
        ("a=$missing", "'missing', which does not exist"),
        ("a=1;A=2", "'a' is given twice"),
        ("novalue", "write key=value"),
        ("1a=2", "write key=value"),
        ("a=${what}", "'what' is neither"),
    ],
)
def test_wrong_parameters_are_refused(text: str, message: str) -> None:
    with pytest.raises(Fault, match=message):
        Parameters(date(2018, 1, 9), DUE, read_parameters(text)).values()


def test_long_chains_of_references() -> None:
    chain = ";".join(f"p{n}=$p{n + 1}" for n in range(3000)) + ";p3000=end"
    assert Parameters(date(2018, 1, 9), DUE, read_parameters(chain)).values()["p0"] == "end"


def test_code_with_a_hole_is_refused() -> None:
    with pytest.raises(Fault, match="'wrong' is neither a parameter nor a time expression"):
        Parameters(date(2018, 1, 9), DUE).substitute("select ${wrong}")
