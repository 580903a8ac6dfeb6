"""Which upstream instances an instance waits for: the documented examples, every policy, and cycles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from taskhouse.domain.dependency import Dependency, Policy, Window, default_policy, dependency_cycle, resolve
from taskhouse.domain.faults import Fault
from taskhouse.domain.schedule import Cycle, Occurrence, Schedule

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 2)
HOURLY = Schedule(Cycle.HOUR, interval_min=60)
DAILY = Schedule(Cycle.DAY, time(5))


def instances(schedule: Schedule, since: date = date(2000, 1, 1)) -> Callable[[date], Sequence[Occurrence]]:
    return lambda day: list(schedule.occurrences(day, ZONE)) if day >= since else []


def picks(
    schedule: Schedule, at: str, policy: Policy, window: Window = Window.THIS, n: int = 1, own: bool = False
) -> list[str]:
    due = datetime.combine(DAY, time.fromisoformat(at), ZONE)
    found = resolve(Dependency("u", window, policy, n), DAY, due, instances(schedule), is_self=own)
    return [f"{o.due_at.astimezone(ZONE):%m-%d %H:%M}" for o in found]


@pytest.mark.parametrize(
    ("schedule", "at", "expected"),
    [
        (HOURLY, "01:00", ["03-02 01:00"]),
        (HOURLY, "00:05", ["03-02 01:00"]),
        (HOURLY, "22:05", ["03-02 23:00"]),
        (HOURLY, "23:05", ["03-02 23:00"]),
        (Schedule(Cycle.HOUR, interval_min=240), "00:15", ["03-02 04:00"]),
        (Schedule(Cycle.HOUR, interval_min=240), "03:15", ["03-02 04:00"]),
        (HOURLY, "05:00", ["03-02 05:00"]),
        (HOURLY, "05:01", ["03-02 06:00"]),
    ],
)
def test_nearest_at_or_after(schedule: Schedule, at: str, expected: list[str]) -> None:
    assert picks(schedule, at, Policy.NEXT) == expected


def test_policies_in_windows() -> None:
    assert len(picks(HOURLY, "05:00", Policy.ALL)) == 24
    assert picks(HOURLY, "05:30", Policy.PREVIOUS) == ["03-02 05:00"]
    assert picks(HOURLY, "05:30", Policy.FIRST) == ["03-02 00:00"]
    assert picks(HOURLY, "05:30", Policy.LAST) == ["03-02 23:00"]
    assert picks(HOURLY, "05:30", Policy.LAST, Window.PREVIOUS) == ["03-01 23:00"]
    assert len(picks(HOURLY, "05:30", Policy.ALL, Window.PREVIOUS)) == 24
    assert picks(DAILY, "05:30", Policy.ALL, Window.PREVIOUS_N, 3) == ["02-27 05:00", "02-28 05:00", "03-01 05:00"]
    day_back = picks(HOURLY, "05:30", Policy.ALL, Window.LAST_24H)
    assert day_back[0] == "03-01 06:00" and day_back[-1] == "03-02 05:00" and len(day_back) == 24
    edge = picks(HOURLY, "05:00", Policy.ALL, Window.LAST_24H)
    assert edge[0] == "03-01 06:00" and edge[-1] == "03-02 05:00"


def test_with_one_instance_in_the_window_policies_but_one_are_equivalent() -> None:
    for policy in (Policy.ALL, Policy.FIRST, Policy.LAST, Policy.NEXT):
        assert picks(DAILY, "09:00", policy) == ["03-02 05:00"], policy
    assert picks(DAILY, "04:00", Policy.PREVIOUS) == []


def test_self_dependency_waits_for_the_instance_before() -> None:
    assert picks(HOURLY, "05:00", Policy.PREVIOUS, Window.PREVIOUS, own=True) == ["03-02 04:00"]
    assert picks(HOURLY, "00:00", Policy.PREVIOUS, Window.PREVIOUS, own=True) == ["03-01 23:00"]
    assert picks(DAILY, "05:00", Policy.PREVIOUS, Window.PREVIOUS, own=True) == ["03-01 05:00"]
    assert "03-02 05:00" not in picks(HOURLY, "05:00", Policy.ALL, Window.LAST_24H, own=True)
    with pytest.raises(Fault, match="cannot depend on itself in this cycle"):
        Dependency("t").check("t")
    Dependency("t", Window.PREVIOUS).check("t")
    with pytest.raises(Fault, match="at least one cycle back"):
        Dependency("u", Window.PREVIOUS_N, n=0).check("t")


def test_a_new_upstream_has_nothing_to_wait_for() -> None:
    due = datetime.combine(DAY, time(5), ZONE)
    yesterday = Dependency("u", Window.PREVIOUS)
    assert resolve(yesterday, DAY, due, instances(DAILY, since=DAY)) == []


def test_default_policies() -> None:
    for down in Cycle:
        for up in (Cycle.DAY, Cycle.WEEK, Cycle.MONTH, Cycle.YEAR):
            assert default_policy(down, up, up_depends_on_itself=True) is Policy.ALL
    for down in (Cycle.HOUR, Cycle.MINUTE):
        for up in (Cycle.HOUR, Cycle.MINUTE):
            assert default_policy(down, up, up_depends_on_itself=False) is Policy.NEXT
    assert default_policy(Cycle.DAY, Cycle.HOUR, up_depends_on_itself=True) is Policy.NEXT
    assert default_policy(Cycle.DAY, Cycle.HOUR, up_depends_on_itself=False) is Policy.ALL


def test_cycles_of_this_cycle_dependencies() -> None:
    this, before = Window.THIS, Window.PREVIOUS
    tasks = {"a": [Dependency("b", before)], "b": [Dependency("a", this), Dependency("", this)], "c": [Dependency("x")]}
    assert dependency_cycle(tasks) == []
    tasks["a"] = [Dependency("b", this)]
    assert dependency_cycle(tasks) == ["a", "b"]
