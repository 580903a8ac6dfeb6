"""Schedules, dependencies and kinds of tasks in words for people."""

from __future__ import annotations

from taskhouse.domain.dependency import ROOT, Dependency, Window
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.schedule import LAST_DAY, Cycle, Schedule, ScheduleType


def kind_words(task: PublishedTask) -> str:
    """What a task is, in words for people."""
    if task.kind is not None:
        return f"{task.kind.value.lower()} table"
    return {
        "PIPELINE_NODE": "integration task",
        "VIRTUAL_NODE": "virtual node",
    }.get(task.node_type, "script")


def dependency_words(dependency: Dependency) -> str:
    """`shop.A (t1, t4), previous cycle, last`."""
    up = "root" if dependency.up_task == ROOT else dependency.up_task
    parts = [up + (f" ({', '.join(dependency.up_fields)})" if dependency.up_fields else "")]
    if dependency.up_task != ROOT:
        if dependency.window is Window.PREVIOUS_N:
            parts.append(f"previous {dependency.n} cycles")
        elif dependency.window is not Window.THIS:
            parts.append(dependency.window.value.lower().replace("_", " "))
        if dependency.window is not Window.THIS or dependency.policy.value != "ALL":
            parts.append(dependency.policy.value.lower().replace("_", " "))
    return ", ".join(parts)


def schedule_words(schedule: Schedule) -> str:
    """`DAY 00:30`, `WEEK on 1,3 at 06:00`, `HOUR every 60 min from 00:00 to 23:59`."""
    word = schedule.cycle.value
    days = ",".join("LAST" if day == LAST_DAY else str(day) for day in sorted(schedule.month_days) if day != LAST_DAY)
    if LAST_DAY in schedule.month_days:
        days = f"{days},LAST" if days else "LAST"
    at = f"{schedule.at:%H:%M}"
    match schedule.cycle:
        case Cycle.WEEK:
            word += f" on {','.join(map(str, sorted(schedule.weekdays)))} at {at}"
        case Cycle.MONTH:
            word += f" on day {days} at {at}"
        case Cycle.YEAR:
            word += f" on day {days} of month {','.join(map(str, sorted(schedule.months)))} at {at}"
        case Cycle.HOUR | Cycle.MINUTE if schedule.hours:
            word += f" at minute {schedule.at.minute} of {','.join(map(str, schedule.hours))}"
        case Cycle.HOUR | Cycle.MINUTE:
            word += f" every {schedule.interval_min} min from {at} to {schedule.until:%H:%M}"
        case _:
            word += f" {at}"
    return word if schedule.type is ScheduleType.NORMAL else f"{word}, {schedule.type.value.lower().replace('_', ' ')}"
