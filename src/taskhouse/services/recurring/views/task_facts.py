"""What lists ask of the published tasks behind their rows, remembered: a version never changes once it is published."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

from taskhouse.domain.instance_summary import owners_of, projects_of
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.schedule import Cycle, ScheduleType
from taskhouse.ports.recurring_store import RecurringStore

REMEMBERED = 100_000
"""Versions of tasks, some hundred bytes each."""

Version = tuple[Environment, str, int]
"""Environment, task, version."""


class Cells(NamedTuple):
    """What all instances of a task have in the same cells of a table. `retries`: `0/2`, `1/2`, ..., by how many were used."""

    cycle: str
    owners: str
    projects: str
    resource_group: str
    retries: tuple[str, ...]

    @classmethod
    def of(cls, task: PublishedTask) -> Cells:
        return cls(
            task.schedule.cycle.value.capitalize(),
            ",".join(owners_of(task)),
            ",".join(projects_of(task)),
            task.resource_group if task.biz_type is BizType.SCRIPT else "",
            tuple(f"{used}/{task.retry.retries}" for used in range(task.retry.retries + 1)),
        )


class TaskFacts(NamedTuple):
    """`projects` and `owners`: the table's own first, then those of its metrics. `resource_group` is empty for logical tables, which
    cannot choose one. `retries`: how many are allowed."""

    projects: tuple[str, ...]
    owners: tuple[str, ...]
    node_type: str
    resource_group: str
    schedule_type: ScheduleType
    has_latency: bool
    retries: int
    description: str
    business_unit: str
    cycle: Cycle
    cells: Cells

    @classmethod
    def of(cls, task: PublishedTask) -> TaskFacts:
        return cls(
            projects_of(task),
            owners_of(task),
            task.node_type,
            task.resource_group if task.biz_type is BizType.SCRIPT else "",
            task.schedule.type,
            task.latency_days > 0,
            task.retry.retries,
            task.description,
            task.business_unit,
            task.schedule.cycle,
            Cells.of(task),
        )


class _Known:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.facts: dict[Version, TaskFacts] = {}


_of_store: WeakKeyDictionary[RecurringStore, _Known] = WeakKeyDictionary()
_guard = threading.Lock()


def facts_of(store: RecurringStore, wanted: Iterable[Version]) -> Mapping[Version, TaskFacts]:
    """Of versions that exist. One store call for each environment of those that are not remembered."""
    with _guard:
        known = _of_store.setdefault(store, _Known())
    every = set(wanted)
    with known.lock:
        missing = every - known.facts.keys()
        found = (
            {key: known.facts[key] for key in every}
            if not missing
            else {key: known.facts[key] for key in every - missing}
        )
    for environment in {key[0] for key in missing}:
        read = store.versions(
            environment, [(task, version) for where, task, version in missing if where is environment]
        )
        found.update(((environment, *key), TaskFacts.of(task)) for key, task in read.items())
    if missing:
        with known.lock:
            if len(known.facts) + len(missing) > REMEMBERED:
                known.facts.clear()
            known.facts.update((key, found[key]) for key in missing if key in found)
    return found
