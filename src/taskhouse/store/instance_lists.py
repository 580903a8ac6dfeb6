"""What a list of task instances asks of the store, as conditions."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists

from taskhouse.domain.instance import InstanceFilter, InstanceStatus, TaskStatus
from taskhouse.store.instance_tables import instances, tasks
from taskhouse.store.schema import to_micros


def conditions(filter: InstanceFilter) -> list[ColumnElement[bool]]:
    """On rows of `instances`."""
    found: list[ColumnElement[bool]] = []
    if filter.status is not None:
        found.append(instances.c.status == filter.status.value)
    if filter.owner:
        found.append(instances.c.owner == filter.owner)
    if filter.name:
        found.append(instances.c.name == filter.name)
    if filter.submitted_from is not None:
        found.append(instances.c.submitted_at >= to_micros(filter.submitted_from))
    if filter.submitted_to is not None:
        found.append(instances.c.submitted_at <= to_micros(filter.submitted_to))
    if filter.outcome is not None:
        found += [instances.c.status == InstanceStatus.TERMINATED.value, *_ended_as(filter.outcome)]
    if filter.containing:
        part = filter.containing
        in_name, in_id = (
            instances.c.name.icontains(part, autoescape=True),
            instances.c.id.contains(part, autoescape=True),
        )
        found.append(in_name | in_id)
    return found


def _ended_as(outcome: TaskStatus) -> list[ColumnElement[bool]]:
    """Of an instance that is Terminated: this is what says most about how its tasks ended."""

    def some(status: TaskStatus) -> ColumnElement[bool]:
        return exists().where(tasks.c.instance_id == instances.c.id, tasks.c.status == status.value)

    worse = {TaskStatus.SUCCESS: [TaskStatus.FAILED, TaskStatus.CANCELLED], TaskStatus.CANCELLED: [TaskStatus.FAILED]}
    return [some(outcome), *(~some(status) for status in worse.get(outcome, []))]
