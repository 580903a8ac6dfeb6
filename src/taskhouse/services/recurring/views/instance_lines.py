"""An instance as a line of a list: every column of the page (docs/views.md says where each comes from)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.instance_summary import Summary
from taskhouse.domain.normalise import table_statuses, waiting_detail
from taskhouse.domain.recurring import Origin
from taskhouse.domain.schedule import ScheduleType
from taskhouse.domain.status import PAUSED_LABEL, NodeStatus, StatusClass
from taskhouse.ports.recurring_store import InstanceRecord, ListedInstance, RecurringStore
from taskhouse.services.recurring.views.task_facts import TaskFacts, Version, facts_of


class Mark(Enum):
    """What stands beside an instance's name (D-55)."""

    DRY_RUN = "DRY_RUN"
    """Not a day of the task, or a task that is scheduled as dry run."""
    SKIP_EXECUTION = "SKIP_EXECUTION"
    PAUSED = "PAUSED"
    """At least one node is."""
    SET_TO_SUCCESS = "SET_TO_SUCCESS"
    FORCED = "FORCED"
    UPSTREAM_REMOVED = "UPSTREAM_REMOVED"
    DATA_LATENCY = "DATA_LATENCY"
    BACKFILLED = "BACKFILLED"


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """`statuses`: the distinct statuses of the fields (of a script's node), the most urgent first; `fields` and `nodes` count by status,
    those that occur. `waiting`: for what it waits, node statuses. `paused`: how many nodes are. `bizdate` is the data timestamp, `20260301`,
    `due_at` the scheduled time, `index` the serial number within the day. `ended_at` is empty while anything waits or runs, and
    `duration_s` runs on. `owners` and `projects` of an aggregate table are those of all its metrics. `priority` is the highest of the
    nodes. `retried` of `retries`: automatic retries used and allowed. `resource_group` is empty for logical tables."""

    id: int
    name: str
    task: str
    environment: str
    biz_type: str
    node_type: str
    kind: str | None
    marks: tuple[str, ...]
    status_text: str
    statuses: tuple[str, ...]
    fields: Mapping[str, int]
    nodes: Mapping[str, int]
    waiting: tuple[str, ...]
    paused: int
    cycle: str
    bizdate: str
    due_at: datetime
    index: int
    origin: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    priority: str
    owners: tuple[str, ...]
    project: str
    projects: tuple[str, ...]
    tags: tuple[str, ...]
    retried: int
    retries: int
    resource_group: str
    version: int
    notices: tuple[str, ...]


def lines(store: RecurringStore, listed: Sequence[ListedInstance], now: datetime) -> list[InstanceLine]:
    """One store call for versions of tasks that were never listed before, else none."""
    facts = facts_of(store, {version_key(each.record) for each in listed})
    return [line(each, facts[version_key(each.record)], now) for each in listed]


def version_key(record: InstanceRecord) -> Version:
    return record.row.environment, record.row.task, record.version


def line(listed: ListedInstance, facts: TaskFacts, now: datetime) -> InstanceLine:
    record, summary = listed.record, listed.summary
    row = record.row
    return InstanceLine(
        row.id,
        row.name,
        row.task,
        row.environment.value,
        row.biz_type.value,
        facts.node_type,
        row.kind.value if row.kind else None,
        tuple(mark.value for mark in marks(record, summary, facts)),
        status_text(summary.fields, summary.nodes, summary.waiting, paused=summary.paused > 0),
        tuple(status.name for status in table_statuses(summary.statuses)),
        counted(summary.fields),
        counted(summary.nodes),
        tuple(sorted(status.value for status in summary.waiting)),
        summary.paused,
        row.cycle.value,
        bizdate_text(row.bizdate),
        row.due_at,
        record.index,
        record.origin.value,
        summary.started_at,
        summary.ended_at,
        duration_s(summary, now),
        listed.priority.name,
        facts.owners,
        row.project,
        facts.projects,
        row.tags,
        summary.retried,
        facts.retries,
        facts.resource_group,
        record.version,
        record.notices,
    )


def marks(record: InstanceRecord, summary: Summary, facts: TaskFacts) -> Iterable[Mark]:
    if record.dry_run or facts.schedule_type is ScheduleType.DRY_RUN:
        yield Mark.DRY_RUN
    if facts.schedule_type is ScheduleType.SKIP:
        yield Mark.SKIP_EXECUTION
    if summary.paused:
        yield Mark.PAUSED
    if summary.manual_success:
        yield Mark.SET_TO_SUCCESS
    if summary.forced:
        yield Mark.FORCED
    if summary.upstream_removed:
        yield Mark.UPSTREAM_REMOVED
    if facts.has_latency:
        yield Mark.DATA_LATENCY
    if record.origin is Origin.BACKFILL:
        yield Mark.BACKFILLED


CHIPS = (
    StatusClass.SUCCEEDED,
    StatusClass.FAILED,
    StatusClass.RUNNING,
    StatusClass.WAITING,
    StatusClass.NOT_RUNNING,
)
"""The order of counts in a text."""


def status_text(
    fields: Mapping[StatusClass, int], nodes: Mapping[StatusClass, int], waiting: Iterable[NodeStatus], *, paused: bool
) -> str:
    """The running status in words: `Succeeded 3, Failed 1` counts a table's fields; a script has one label."""
    if fields:
        return ", ".join(f"{cls.label} {fields[cls]}" for cls in CHIPS if fields.get(cls))
    status = next((cls for cls in CHIPS if nodes.get(cls)), None)
    if status is None:
        return ""
    if paused and not status.is_final:
        return PAUSED_LABEL
    detail = waiting_detail(waiting)
    return status.label if detail is None else detail.label


def counted(counts: Mapping[StatusClass, int]) -> dict[str, int]:
    return {cls.name: counts[cls] for cls in CHIPS if counts.get(cls)}


def duration_s(summary: Summary, now: datetime) -> float | None:
    """Wall clock from the first start to the last end, or to now while it is not over (D-04)."""
    if summary.started_at is None:
        return None
    return max(0.0, ((summary.ended_at or now) - summary.started_at).total_seconds())
