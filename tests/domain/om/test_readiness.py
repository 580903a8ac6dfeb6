"""When nodes run: the order of the checks, the queue, throttling and slots, retries and timeouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.faults import Fault
from taskhouse.domain.operations.priority import effective_priority, shown_priorities
from taskhouse.domain.readiness import Candidate, Step, ThrottleRule, dispatch, next_step, queue_key
from taskhouse.domain.recurring import BizType, Environment, Origin, Priority
from taskhouse.domain.schedule import ScheduleType
from taskhouse.domain.status import CLASS_OF, NodeStatus
from taskhouse.domain.transitions import Cause, is_legal
from tests.domain.om.fixture import ZONE, clock, house

DUE = clock("00:30")
NODE = Candidate(1, NodeStatus.INIT, DUE, date(2026, 3, 1), upstream_met=True)


def step(now: str, **changes: object) -> Step:
    return next_step(replace(NODE, **changes), clock(now))


def test_scenario_2_upstream_before_time() -> None:
    assert step("00:25", upstream_met=False) is Step.NOTHING
    assert step("00:25") is Step.WAIT_FOR_TIME
    waiting = {"status": NodeStatus.WAIT_SCHEDULE}
    assert step("00:25", **waiting) is Step.NOTHING
    assert step("00:30", **waiting) is Step.QUEUE


def test_scenario_3_late_upstream_starts_at_once() -> None:
    assert step("00:50", upstream_met=False) is Step.NOTHING
    assert step("00:50") is Step.QUEUE


def test_forced_nodes_skip_upstream_and_time_only() -> None:
    forced = {"upstream_met": False, "skip_checks": True}
    assert step("00:15", **forced) is Step.QUEUE
    assert step("00:15", **forced, paused=True) is Step.NOTHING
    assert step("00:15", **forced, cancelling=True) is Step.WAIT_FOR_TIME


def test_waiting_nodes_go_back_when_upstream_is_no_longer_there() -> None:
    for status in NodeStatus:
        expected = Step.SEND_BACK if CLASS_OF[status].value == "W" else Step.NOTHING
        assert step("01:00", status=status, upstream_met=False) is expected


def test_paused_nodes_do_not_move() -> None:
    assert step("01:00", paused=True) is Step.NOTHING
    assert step("01:00", paused=True, status=NodeStatus.DISPATCH_BLOCKED) is Step.NOTHING


def test_dry_run_and_skip_wait_for_their_time() -> None:
    for kind, expected in ((ScheduleType.DRY_RUN, Step.DRY_RUN), (ScheduleType.SKIP, Step.SKIP)):
        assert step("00:25", schedule_type=kind) is Step.WAIT_FOR_TIME
        assert step("00:30", schedule_type=kind) is Step.WAIT_FOR_TIME
        assert step("00:30", schedule_type=kind, status=NodeStatus.WAIT_SCHEDULE) is expected


def test_forcing_does_not_make_a_dry_run_real() -> None:
    forced = {"upstream_met": False, "skip_checks": True, "schedule_type": ScheduleType.DRY_RUN}
    assert step("00:15", **forced) is Step.WAIT_FOR_TIME
    assert step("00:15", **forced, status=NodeStatus.WAIT_SCHEDULE) is Step.DRY_RUN


def test_failed_nodes_retry_when_it_is_time() -> None:
    failed = {"status": NodeStatus.FAILED}
    assert step("01:05", **failed) is Step.NOTHING
    assert step("01:04", **failed, retry_at=clock("01:05")) is Step.NOTHING
    assert step("01:05", **failed, retry_at=clock("01:05")) is Step.RETRY


def test_external_triggers_are_waited_for() -> None:
    assert step("01:00", awaits_trigger=True) is Step.WAIT_FOR_TIME
    assert step("01:00", awaits_trigger=True, status=NodeStatus.WAIT_SCHEDULE) is Step.NOTHING


RESULT = {
    Step.WAIT_FOR_TIME: (NodeStatus.WAIT_SCHEDULE, Cause.SCHEDULER),
    Step.SEND_BACK: (NodeStatus.INIT, Cause.UPSTREAM_RERUN),
    Step.DRY_RUN: (NodeStatus.SUCCESS, Cause.SCHEDULER),
    Step.SKIP: (NodeStatus.FAILED, Cause.SCHEDULER),
    Step.RETRY: (NodeStatus.WAIT_SCHEDULE, Cause.RETRY),
}


def test_every_step_is_a_transition_and_steps_come_to_rest() -> None:
    flags = list(product([False, True], repeat=5))
    for status, kind, (met, paused, forced, cancelling, late) in product(NodeStatus, ScheduleType, flags):
        node = replace(
            NODE, status=status, schedule_type=kind, upstream_met=met, paused=paused, skip_checks=forced,
            cancelling=cancelling, retry_at=clock("00:20"),
        )  # fmt: skip
        now = clock("00:40" if late else "00:25")
        for _ in range(4):
            found = next_step(node, now)
            if found in (Step.NOTHING, Step.QUEUE):
                break
            target, cause = RESULT[found]
            assert is_legal(node.status, target, cause), (node, found)
            node = replace(node, status=target, retry_at=None)
        else:
            pytest.fail(f"{node} does not come to rest")
        if found is Step.QUEUE:
            assert not node.paused and not node.cancelling and (met or forced)
            for target in (NodeStatus.DISPATCH_BLOCKED, NodeStatus.WAIT_RESOURCE, NodeStatus.RUNNING):
                assert target is node.status or is_legal(node.status, target, Cause.SCHEDULER)


# Room


def ready(number: int, priority: Priority = Priority.MIDDLE, due: datetime = DUE, **more: object) -> Candidate:
    return replace(NODE, node=number, priority=priority, due_at=due, **more)


def give(
    queue: list[Candidate], running: list[Candidate], slots: int, *rules: ThrottleRule, at: str = "00:30"
) -> list[str]:
    found = dispatch(queue, running, {"shared": slots}, rules, clock(at), ZONE)
    return [f"{n.node}:{found.status_of(n.node).value}" for n in queue]


def test_scenario_35_a_rule_with_two_rooms() -> None:
    rule = ThrottleRule("two", 2, projects=frozenset({"shop"}))
    b, c, d = (ready(n, project="shop") for n in (1, 2, 3))
    other = ready(4, project="elsewhere")
    assert give([b, c, d, other], [], 20, rule) == ["1:RUNNING", "2:RUNNING", "3:DISPATCH_BLOCKED", "4:RUNNING"]
    assert give([d], [b, other], 20, rule) == ["3:RUNNING"]


def test_scenario_36_priorities_go_first() -> None:
    h = house()
    h.baseline[h.at("D")] = Priority.HIGHEST
    snapshot = h.snapshot()
    rule = ThrottleRule("two", 2)
    queue = [ready(h.at(n), effective_priority(snapshot, h.at(n))) for n in "BCD"]
    started = [text for text in give(queue, [], 20, rule) if "RUNNING" in text]
    assert f"{h.at('D')}:RUNNING" in started and len(started) == 2
    assert shown_priorities(snapshot, h.instance_at("A"))[0] is Priority.HIGHEST


def test_effective_priorities_of_metrics() -> None:
    h = house()
    h.metric[h.field_at("E.m1")] = Priority.HIGH
    h.manual[h.instance_at("E")] = Priority.LOW
    found = {n: effective_priority(h.snapshot(), h.at(n)).name for n in ("P", "Q", "X")}
    assert found == {"P": "HIGH", "Q": "LOW", "X": "MIDDLE"}
    h.manual[h.instance_at("X")] = Priority.LOWEST
    assert effective_priority(h.snapshot(), h.at("X")) is Priority.LOWEST
    h.baseline[h.at("X")] = Priority.HIGH
    assert effective_priority(h.snapshot(), h.at("X")) is Priority.HIGH


def test_a_full_group_keeps_the_order() -> None:
    queue = [ready(1), ready(2, Priority.HIGH), ready(3, due=DUE - timedelta(minutes=1)), ready(4)]
    assert give(queue, [], 2) == ["1:WAIT_RESOURCE", "2:RUNNING", "3:RUNNING", "4:WAIT_RESOURCE"]
    assert sorted(queue, key=queue_key) == [queue[1], queue[2], queue[0], queue[3]]


def test_conditions_of_rules() -> None:
    node = ready(1, project="p")
    assert ThrottleRule("r", 1).matches(node)
    assert not ThrottleRule("r", 1, Environment.DEV).matches(node)
    assert not ThrottleRule("r", 1, enabled=False).matches(node)
    assert not ThrottleRule("r", 1, projects=frozenset({"p"}), projects_not_in=True).matches(node)
    assert ThrottleRule("r", 1, projects=frozenset({"q"}), projects_not_in=True).matches(node)
    assert not ThrottleRule("r", 1, origins=frozenset({Origin.BACKFILL})).matches(node)
    assert ThrottleRule("r", 1, origins=frozenset({Origin.BACKFILL}), origins_negated=True).matches(node)
    assert not ThrottleRule("r", 1, biz_types=frozenset({BizType.SCRIPT})).matches(node)
    night = ThrottleRule("r", 1, window=(time(22), time(6)))
    assert [night.is_in_window(time(h)) for h in (21, 22, 5, 6)] == [False, True, True, False]
    day = ThrottleRule("r", 1, window=(time(8), time(18)))
    assert [day.is_in_window(time(h)) for h in (7, 8, 17, 18)] == [False, True, True, False]
    assert give([ready(1), ready(2)], [], 9, day) == ["1:RUNNING", "2:RUNNING"]
    for wrong in (0, 10_001):
        with pytest.raises(Fault, match="1 to 10000"):
            ThrottleRule("r", wrong)


CANDIDATES = st.lists(
    st.tuples(
        st.sampled_from(list(Priority)), st.integers(0, 3), st.sampled_from("pq"), st.sampled_from(["shared", "big"])
    ),
    max_size=12,
)


@given(CANDIDATES, st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(0, 6))
def test_rooms_are_used_and_never_overdrawn(
    drawn: list[tuple[Priority, int, str, str]], shared: int, big: int, most: int, live: int
) -> None:
    nodes = [
        ready(n, priority, DUE + timedelta(minutes=late), project=project, group=group)
        for n, (priority, late, project, group) in enumerate(drawn)
    ]
    running, queue = nodes[:live], nodes[live:]
    rule = ThrottleRule("r", most, projects=frozenset({"p"}))
    slots = {"shared": shared, "big": big}
    found = dispatch(queue, running, slots, [rule], clock("01:00"), ZONE)
    by_id = {n.node: n for n in nodes}
    after = running + [by_id[n] for n in found.start]
    started = [by_id[n] for n in found.start]
    for group, size in slots.items():
        if any(n.group == group for n in started):
            assert sum(n.group == group for n in after) <= size
        for node in found.starved:
            if by_id[node].group == group:
                assert sum(n.group == group for n in after) >= size, "a free slot and a ready node of its group coexist"
    if any(n.project == "p" for n in started):
        assert sum(n.project == "p" for n in after) <= most
    for node in found.throttled:
        assert by_id[node].project == "p" and sum(n.project == "p" for n in after) >= most
    assert sorted(found.start + list(found.throttled) + list(found.starved)) == [n.node for n in queue]
    for waiting in found.starved:
        for other in started:
            if other.group == by_id[waiting].group:
                assert queue_key(other) < queue_key(by_id[waiting])


# Attempts


def test_scenario_38_retries() -> None:
    policy = RetryPolicy(retries=2, gap_min=5)
    assert policy.retry_at(FailReason.ERROR, 0, clock("01:00")) == clock("01:05")
    assert policy.retry_at(FailReason.ERROR, 2, clock("01:00")) is None
    assert policy.retry_text(1) == "1/2"


def test_scenario_39_timeouts() -> None:
    policy = RetryPolicy(timeout_h=0.5)
    assert policy.deadline(clock("00:30")) == clock("01:00")
    assert policy.retry_at(FailReason.TIMEOUT, 0, clock("01:00")) is None
    again = RetryPolicy(timeout_h=0.5, after_timeout=True)
    assert again.retry_at(FailReason.TIMEOUT, 0, clock("01:00")) == clock("01:05")


def test_what_was_stopped_or_skipped_is_never_retried() -> None:
    policy = RetryPolicy(retries=10, after_timeout=True)
    for reason in FailReason:
        never = reason in (FailReason.STOPPED, FailReason.SKIPPED)
        assert (policy.retry_at(reason, 0, DUE) is None) == never


@pytest.mark.parametrize("wrong", [{"timeout_h": 0}, {"timeout_h": 169}, {"retries": 11}, {"gap_min": 0}])
def test_policies_have_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(Fault, match="must lie between"):
        RetryPolicy(**wrong)
