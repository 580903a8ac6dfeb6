"""What lists show of an instance: by hand for what matters, and field by field against the rule of normalisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from taskhouse.domain.instance_summary import (
    ALL_BITS,
    NodeView,
    TaskShape,
    owners_of,
    projects_of,
    shown_priority,
    status_bits,
    status_order,
    summarise,
)
from taskhouse.domain.node_state import RunTrigger
from taskhouse.domain.normalise import normalise_nodes, sort_rank
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Priority
from taskhouse.domain.status import NodeStatus, StatusClass
from tests.store.recurring.tenant import tasks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, E = (next(task for task in tasks() if task.name == name) for name in "AE")
INIT, RUNNING, SUCCESS, FAILED = NodeStatus.INIT, NodeStatus.RUNNING, NodeStatus.SUCCESS, NodeStatus.FAILED


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def views(*statuses: NodeStatus) -> list[NodeView]:
    return [NodeView(status) for status in statuses]


@pytest.mark.parametrize(
    "statuses", list(product((INIT, NodeStatus.WAIT_RESOURCE, RUNNING, SUCCESS, FAILED), repeat=3))
)
def test_fields_are_counted_by_their_normalised_status(statuses: tuple[NodeStatus, ...]) -> None:
    """A has t1 in B, t2 in B and C, t3 in C, t4 in D; its key is not counted."""
    b, c, d = statuses
    summary = summarise(TaskShape(A), views(*statuses), NOW)
    shown = [normalise_nodes(writers) for writers in ([b], [b, c], [c], [d])]
    assert summary.fields == {cls: shown.count(cls) for cls in shown}
    assert sum(summary.nodes.values()) == 3 and summary.statuses == set(shown)


def test_of_a_script_the_node_is_shown() -> None:
    script = next(task for task in tasks() if task.name == "S0")
    summary = summarise(TaskShape(script), [NodeView(FAILED, retried=2)], NOW)
    assert (summary.fields, summary.nodes) == ({}, {StatusClass.FAILED: 1})
    assert (summary.retried, summary.retries) == (2, 3)


def test_times_span_the_nodes_and_end_when_nothing_is_active() -> None:
    first = NodeView(SUCCESS, started_at=at(1), ended_at=at(5))
    second = NodeView(RUNNING, started_at=at(3))
    done = replace_view(second, status=FAILED, ended_at=at(4))
    never = NodeView(INIT)
    assert times(first, second, never) == (at(1), None)
    assert times(first, done, never) == (at(1), at(5))
    assert times(never, never, never) == (None, None)
    assert times(first, NodeView(NodeStatus.WAIT_SCHEDULE), never) == (at(1), None)


def times(*nodes: NodeView) -> tuple[datetime | None, datetime | None]:
    summary = summarise(TaskShape(A), nodes, NOW)
    return summary.started_at, summary.ended_at


def replace_view(view: NodeView, **given: object) -> NodeView:
    return view._replace(**given)


def test_marks_speak_of_the_latest_runs() -> None:
    by_hand, forced = RunTrigger.MANUAL_SUCCESS, RunTrigger.FORCE
    shape = TaskShape(E)

    def marks(first: NodeView) -> tuple[bool, bool]:
        summary = summarise(shape, [first, NodeView(INIT)], NOW)
        return summary.forced, summary.manual_success

    assert marks(NodeView(SUCCESS, ran=by_hand)) == (False, True)
    assert marks(NodeView(INIT, ran=by_hand)) == (False, False)
    assert marks(NodeView(SUCCESS, ran=forced)) == (True, False)
    assert marks(NodeView(INIT, skip_checks=True, ran=RunTrigger.SCHEDULE)) == (True, False)
    assert marks(NodeView(SUCCESS, ran=RunTrigger.SCHEDULE)) == (False, False)
    assert summarise(shape, views(INIT, INIT), NOW, upstream_removed=True).upstream_removed


def test_waiting_and_paused_nodes_are_counted() -> None:
    nodes = [
        NodeView(NodeStatus.WAIT_SCHEDULE, paused=True),
        NodeView(INIT, paused=True),
        NodeView(NodeStatus.WAIT_RESOURCE),
    ]
    summary = summarise(TaskShape(A), nodes, NOW)
    assert summary.waiting == {NodeStatus.WAIT_SCHEDULE, NodeStatus.WAIT_RESOURCE}
    assert summary.paused == 2


def test_a_field_that_no_node_writes_has_no_status() -> None:
    """It is not materialized, so it does not count."""
    bare = replace(A, nodes=tuple(replace(node, values=()) for node in A.nodes))
    assert summarise(TaskShape(bare), views(SUCCESS, SUCCESS, SUCCESS), NOW).fields == {}


def test_the_order_by_status_goes_by_the_most_urgent() -> None:
    sets = [
        [cls for cls, in_it in zip(StatusClass, chosen, strict=True) if in_it] for chosen in product((0, 1), repeat=5)
    ]
    by_order = sorted(sets, key=status_order)
    assert [sort_rank(statuses) for statuses in by_order] == sorted(map(sort_rank, sets))
    assert len({status_order(statuses) for statuses in sets}) == len(sets) == ALL_BITS + 1
    assert by_order[0] == list(StatusClass) and by_order[-1] == []
    assert status_bits([StatusClass.FAILED, StatusClass.FAILED]) == 16


def test_aggregate_tables_show_their_metrics_highest_priority() -> None:
    def shown(manual: Priority | None, task: PublishedTask = E, **metrics: Priority) -> Priority:
        return shown_priority(
            task,
            manual,
            100,
            {100 + place: metrics[f.name] for place, f in enumerate(task.fields) if f.name in metrics},
        )

    assert shown(None) is Priority.HIGH  # m1's own
    assert shown(None, m1=Priority.LOWEST) is Priority.MIDDLE  # m2 has the table's
    assert shown(Priority.LOW, m1=Priority.LOWEST) is Priority.LOW
    assert shown(None, m1=Priority.LOWEST, m2=Priority.LOWEST) is Priority.LOWEST
    assert shown(Priority.HIGHEST, A) is Priority.HIGHEST
    assert shown(None, A) is Priority.MIDDLE


def test_metrics_bring_owners_and_projects_of_their_own() -> None:
    assert owners_of(E) == ("bob", "eve")
    assert projects_of(E) == ("shop", "pay")
    assert (owners_of(A), projects_of(A)) == (("ann",), ("shop",))
