"""Lists of instances in memory: summaries worked out anew at each look, filters and orders as plain comparisons.

Written from the rules and without regard to speed, so that what a real store keeps along with its rows can be held against it.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.node_state import NodeState, RunTrigger
from taskhouse.domain.normalise import URGENCY, normalise
from taskhouse.domain.paging import Page
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Priority, Role, TableKind
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.ports.recurring_store import (
    BriefPage,
    Inside,
    InstanceQuery,
    InstanceRecord,
    ListedInstance,
    SortKey,
    Summary,
    Tally,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def summary_of(
    task: PublishedTask,
    nodes: Mapping[str, NodeState],
    triggers: Mapping[str, RunTrigger],
    *,
    upstream_removed: bool,
) -> Summary:
    """`nodes` maps materialization nodes of `task` to their states, `triggers` to why their latest runs were begun."""
    states = list(nodes.values())
    writers: dict[str, set[StatusClass]] = {f.name: set() for f in task.fields if f.role is Role.VALUE}
    for published in task.nodes:
        for name in published.values:
            writers[name].add(CLASS_OF[nodes[published.id].status])
    normalised = Counter(normalise(classes) for classes in writers.values())
    classes = Counter(CLASS_OF[state.status] for state in states)
    active = classes[StatusClass.WAITING] + classes[StatusClass.RUNNING]
    started = [s.started_at for s in states if s.started_at is not None]
    ended = [s.ended_at for s in states if s.ended_at is not None]
    return Summary(
        {cls: count for cls, count in normalised.items() if cls is not None},
        dict(classes),
        frozenset(s.status for s in states if CLASS_OF[s.status] is StatusClass.WAITING),
        sum(s.paused for s in states),
        min(started, default=None),
        None if active else max(ended, default=None),
        max((s.retried for s in states), default=0),
        task.retry.retries,
        any(s.skip_checks or triggers.get(id) is RunTrigger.FORCE for id, s in nodes.items()),
        any(
            s.status is NodeStatus.SUCCESS and triggers.get(id) is RunTrigger.MANUAL_SUCCESS for id, s in nodes.items()
        ),
        upstream_removed,
    )


def priority_of(record: InstanceRecord, task: PublishedTask, metrics: Mapping[int, Priority]) -> Priority:
    """`metrics` holds what operators set, by field id."""
    own = record.manual_priority or record.row.priority
    if record.row.kind is not TableKind.AGGREGATE:
        return own
    found = [
        metrics.get(record.first_field + k) or field.priority or own
        for k, field in enumerate(task.fields)
        if field.role is Role.VALUE
    ]
    return max(found, default=own)


def matches(
    query: InstanceQuery, listed: ListedInstance, projects: frozenset[str], *, any_status: bool = False
) -> bool:
    """`projects` are the table's and its metrics'. `any_status`: whatever the query says of statuses."""
    record, summary = listed.record, listed.summary
    row = record.row
    return (
        row.environment is query.environment
        and (query.biz_type is None or row.biz_type is query.biz_type)
        and (not query.bizdates or row.bizdate in query.bizdates)
        and (query.bizdate_from is None or row.bizdate >= query.bizdate_from)
        and (query.bizdate_to is None or row.bizdate <= query.bizdate_to)
        and (not query.text or query.text.lower() in row.name.lower() or query.text == str(row.id))
        and (any_status or _has_status(query, summary))
        and (query.paused is None or query.paused == (summary.paused > 0))
        and (not query.cycles or row.cycle in query.cycles)
        and (not query.owners or bool(query.owners & set(row.owners)))
        and (not query.priorities or listed.priority in query.priorities)
        and (not query.kinds or row.kind in query.kinds)
        and (query.projects is None or bool(query.projects & projects))
        and (not query.tags or bool(query.tags & set(row.tags)))
        and (not query.tasks or row.task in query.tasks)
        and (not query.origins or record.origin in query.origins)
        and _within(summary.started_at, query.started)
        and _within(row.due_at, query.due)
        and (query.late_before is None or is_late(listed, query.late_before))
        and (query.ids is None or row.id in query.ids)
    )


def is_late(listed: ListedInstance, before: datetime) -> bool:
    """Due before it, and nothing of it has started."""
    unstarted = _most_urgent(listed.summary) in (StatusClass.NOT_RUNNING, StatusClass.WAITING)
    return unstarted and listed.record.row.due_at < before and listed.summary.started_at is None


def _most_urgent(summary: Summary) -> StatusClass | None:
    return next((cls for cls in URGENCY if cls in summary.statuses), None)


def _has_status(query: InstanceQuery, summary: Summary) -> bool:
    if not query.statuses and not query.waiting:
        return True
    if not query.waiting:
        return bool(query.statuses & summary.statuses)
    waits = StatusClass.WAITING in summary.statuses and query.waiting & summary.waiting
    return bool(waits or (query.statuses - {StatusClass.WAITING}) & summary.statuses)


def projects_of(task: PublishedTask) -> frozenset[str]:
    return frozenset((task.project, *(f.project for f in task.fields if f.project)))


def brief_page(every: Sequence[ListedInstance], marker: str) -> BriefPage:
    rows = [each.record.row for each in every]
    summaries = [each.summary for each in every]
    return BriefPage(
        [row.id for row in rows],
        [row.name for row in rows],
        [(row.environment, row.task, each.record.version) for row, each in zip(rows, every, strict=True)],
        [row.bizdate for row in rows],
        [_micros(row.due_at) for row in rows],
        [None if s.started_at is None else _micros(s.started_at) for s in summaries],
        [None if s.ended_at is None else _micros(s.ended_at) for s in summaries],
        [each.priority for each in every],
        [Inside(s.fields, s.nodes, s.waiting, s.paused > 0) for s in summaries],
        [s.retried for s in summaries],
        marker,
    )


def tallies(every: Iterable[tuple[ListedInstance, str]], slot: timedelta, late_before: datetime) -> Sequence[Tally]:
    """Of instances with the projects of their tasks."""

    def slot_of(at: datetime) -> datetime:
        return _EPOCH + (at - _EPOCH) // slot * slot

    found: Counter[Tally] = Counter()
    for listed, project in every:
        row, summary = listed.record.row, listed.summary
        status = _most_urgent(summary)
        done = status is StatusClass.SUCCEEDED
        finished = slot_of(summary.ended_at or row.due_at) if done else None
        late = is_late(listed, late_before)
        due = slot_of(row.due_at)
        found[Tally(row.bizdate, project, row.biz_type, due, status, summary.paused > 0, late, finished, 0)] += 1
    return [each._replace(number=number) for each, number in found.items()]


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _within(at: datetime | None, bounds: tuple[datetime | None, datetime | None]) -> bool:
    first, beyond = bounds
    if first is None and beyond is None:
        return True
    return at is not None and (first is None or at >= first) and (beyond is None or at < beyond)


def _sort_value(listed: ListedInstance, key: SortKey) -> str | float | None:
    summary, row = listed.summary, listed.record.row
    match key:
        case SortKey.NAME:
            return row.name
        case SortKey.DUE:
            return row.due_at.timestamp()
        case SortKey.START:
            return None if summary.started_at is None else summary.started_at.timestamp()
        case SortKey.END:
            return None if summary.ended_at is None else summary.ended_at.timestamp()
        case SortKey.DURATION:
            if summary.started_at is None or summary.ended_at is None:
                return None
            return (summary.ended_at - summary.started_at).total_seconds()
        case SortKey.STATUS:
            return -sum(
                weight for weight, cls in zip((16, 8, 4, 2, 1), URGENCY, strict=True) if cls in summary.statuses
            )


def page_of(
    every: Sequence[ListedInstance], query: InstanceQuery, marker: str, limit: int, skip: int = 0
) -> Page[ListedInstance]:
    """`every` matches already. Instances without the value sorted by come last in either direction; ties go by id. Ascending status
    is the most urgent first."""

    def place(value: str | float | None, id: int) -> tuple[bool, str | float, int]:
        return (value is None, "" if value is None else value, id)

    def key(listed: ListedInstance) -> tuple[bool, str | float, int]:
        return place(_sort_value(listed, query.sort), listed.record.row.id)

    present = sorted((x for x in every if not key(x)[0]), key=key, reverse=query.descending)
    absent = sorted((x for x in every if key(x)[0]), key=key, reverse=query.descending)
    ordered = present + absent
    if marker:
        value, id = _read_marker(query, marker)
        last = place(value, id)
        sign = -1 if query.descending else 1

        def is_after(listed: ListedInstance) -> bool:
            here = key(listed)
            if here[0] != last[0]:
                return here[0]
            return here > last if sign > 0 else here < last

        ordered = [x for x in ordered if is_after(x)]
    ordered = ordered[skip:]
    items = tuple(ordered[:limit])
    more = len(ordered) > limit and bool(items)
    return Page(items, _write_marker(query, items[-1]) if more else "")


def _write_marker(query: InstanceQuery, last: ListedInstance) -> str:
    place = [query.sort.value, query.descending, _sort_value(last, query.sort), last.record.row.id]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_marker(query: InstanceQuery, marker: str) -> tuple[str | float | None, int]:
    try:
        sort, descending, value, id = json.loads(base64.urlsafe_b64decode(marker))
        if (sort, descending) != (query.sort.value, query.descending):
            raise ValueError("of a list in another order")
        return value, int(id)
    except (ValueError, TypeError):
        raise Fault(FaultCode.INVALID_PARAMETER, f"'{marker}' is no marker of a page of this list") from None
