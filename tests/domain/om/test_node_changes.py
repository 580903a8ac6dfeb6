"""Changes of node instances, walked over all statuses and flags: whatever they yield is legal and leaves a state that makes sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import product

import pytest

from taskhouse.domain import node_changes
from taskhouse.domain.attempts import CANCEL_GRACE, FailReason, RetryPolicy
from taskhouse.domain.node_state import NodeState, NodeWrite, RunOutcome, RunStatus, RunTrigger
from taskhouse.domain.operations.plan import ExitReason, NodeChange, Part, Trigger
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.readiness import Candidate, next_step
from taskhouse.domain.status import WAITING_STATUSES, NodeStatus
from taskhouse.domain.transitions import Cause, is_legal
from tests.domain.om.fixture import clock

NOW = clock("03:00")
POLICY = RetryPolicy(retries=2, gap_min=5)
Act = Callable[[NodeState], NodeWrite]


def states() -> Iterator[NodeState]:
    for status, paused, forced, cancelling, failed in product(NodeStatus, *[(False, True)] * 4):
        running = status is NodeStatus.RUNNING
        if paused and (running or status in (NodeStatus.SUCCESS, NodeStatus.FAILED)):
            continue
        yield NodeState(
            7,
            status,
            lock_version=4,
            paused=paused,
            skip_checks=forced,
            attempt=2,
            retried=1,
            retry_at=NOW if failed and status is NodeStatus.FAILED else None,
            reason=FailReason.ERROR if status is NodeStatus.FAILED else None,
            run=3,
            cancelling_until=NOW + timedelta(seconds=20) if cancelling else None,
            owner="one" if running else "",
            started_at=NOW - timedelta(hours=1),
            ended_at=None if running else NOW - timedelta(minutes=30),
            since=NOW - timedelta(minutes=5),
        )


def change(state: NodeState, target: NodeStatus, cause: Cause, **rest: object) -> NodeChange:
    return NodeChange(state.id, state.lock_version, state.status, target, cause, Part.REQUESTED, **rest)  # type: ignore[arg-type]


def outcome(**rest: object) -> Act:
    return lambda state: node_changes.ends(state, RunOutcome(7, 3, **rest), POLICY, NOW)  # type: ignore[arg-type]


def operated(target: NodeStatus | None, cause: Cause, **rest: object) -> Act:
    return lambda state: node_changes.operated(state, change(state, target or state.status, cause, **rest), NOW)


FORCE = {"trigger": Trigger.FORCE, "skip_checks": True, "cancels": ExitReason.FORCE_RERUN}
ACTS: dict[str, tuple[Act, frozenset[NodeStatus] | set[NodeStatus]]] = {
    **{
        f"waits {target.value}": (lambda s, t=target: node_changes.waits(s, t, NOW), {NodeStatus.INIT})  # type: ignore[misc]
        for target in (NodeStatus.WAIT_SCHEDULE, NodeStatus.DISPATCH_BLOCKED, NodeStatus.WAIT_RESOURCE)
    },
    "sent back": (lambda s: node_changes.sent_back(s, NOW), WAITING_STATUSES),
    "retries": (lambda s: node_changes.retries(s, NOW), {NodeStatus.FAILED}),
    "starts": (lambda s: node_changes.starts(s, "me", NOW, version=2), WAITING_STATUSES | {NodeStatus.INIT}),
    "dry": (lambda s: node_changes.succeeds_without_running(s, NOW), WAITING_STATUSES),
    "skip": (lambda s: node_changes.fails_without_running(s, NOW), WAITING_STATUSES),
    "adopted": (lambda s: node_changes.adopted(s, "me"), {NodeStatus.RUNNING}),
    "succeeds": (outcome(), {NodeStatus.RUNNING}),
    "fails": (outcome(reason=FailReason.ERROR), {NodeStatus.RUNNING}),
    "lost": (outcome(reason=FailReason.LOST), {NodeStatus.RUNNING}),
    "cancelled": (outcome(cancelled=True), {NodeStatus.RUNNING}),
    "times out": (lambda s: node_changes.times_out(s, POLICY, NOW), {NodeStatus.RUNNING}),
    "acknowledged": (lambda s: node_changes.acknowledged(s, NOW), set(NodeStatus)),
    "rerun": (
        operated(NodeStatus.INIT, Cause.RERUN, trigger=Trigger.RERUN),
        {NodeStatus.SUCCESS, NodeStatus.FAILED},
    ),
    "force": (operated(NodeStatus.INIT, Cause.FORCE_RERUN, **FORCE), set(NodeStatus)),
    "dry start": (
        operated(NodeStatus.SUCCESS, Cause.DRY_RUN, trigger=Trigger.DRY, cancels=ExitReason.FORCE_RERUN),
        set(NodeStatus),
    ),
    "set success": (
        operated(NodeStatus.SUCCESS, Cause.SET_SUCCESS, trigger=Trigger.MANUAL_SUCCESS, sets_paused=False),
        {NodeStatus.FAILED, NodeStatus.INIT},
    ),
    "stop waiting": (
        operated(NodeStatus.FAILED, Cause.STOP, cancels=ExitReason.STOPPED, sets_paused=False),
        WAITING_STATUSES,
    ),
    "neighbour": (operated(NodeStatus.INIT, Cause.UPSTREAM_RERUN), WAITING_STATUSES),
    "pause": (operated(None, Cause.PAUSE, sets_paused=True), WAITING_STATUSES | {NodeStatus.INIT}),
    "resume": (operated(None, Cause.RESUME, sets_paused=False), WAITING_STATUSES | {NodeStatus.INIT}),
    "released": (node_changes.released, set(NodeStatus)),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_every_change_is_legal_and_leaves_a_state_that_makes_sense(name: str) -> None:
    act, sources = ACTS[name]
    accepted = 0
    for state in states():
        if (
            name in ("rerun", "set success", "stop waiting", "neighbour", "pause", "resume")
            and state.status not in sources
        ):
            continue  # an operation is decided by the matrix, not here
        if name in ("force", "dry start") and state.paused:
            continue
        try:
            write = act(state)
        except ValueError:
            refusable = state.status not in sources or name in ("acknowledged", "starts", "dry", "skip")
            assert refusable, (name, state)
            continue
        accepted += 1
        after = write.after
        assert state.status in sources or name.startswith("waits ")
        assert (write.expected, after.lock_version, after.id) == (4, 5, 7)
        at = state.status
        for line in write.transitions:
            assert line.source is at and is_legal(line.source, line.target, line.cause), (name, line)
            at = line.target
        assert at is after.status
        assert (after.owner != "") == after.has_live_run
        assert after.run >= state.run and after.attempt - state.attempt == sum(
            run.number > 0 and run.serial > state.run for run in write.runs
        )
        assert not (after.paused and after.status in (NodeStatus.SUCCESS, NodeStatus.FAILED, NodeStatus.RUNNING))
        live = [run for run in write.runs if run.status is RunStatus.RUNNING]
        assert all(run.serial == after.run and after.has_live_run for run in live)
        if state.has_live_run and not after.has_live_run:
            assert [r.status for r in write.runs if r.serial == 3 and r.number == 2] != [
                RunStatus.RUNNING
            ] and write.runs
        assert (after.retry_at is None) or after.status is NodeStatus.FAILED
        assert (after.reason is not None) == (after.status is NodeStatus.FAILED)
    assert accepted


def state_with(status: NodeStatus, **rest: object) -> NodeState:
    base = NodeState(
        7, status, 4, attempt=2, run=3, owner="one" if status is NodeStatus.RUNNING else "", started_at=NOW
    )
    return base._replace(**rest)  # type: ignore[arg-type]


def test_a_stop_keeps_the_node_running_until_it_is_acknowledged() -> None:
    running = state_with(NodeStatus.RUNNING)
    stop = change(running, NodeStatus.FAILED, Cause.STOP, cancels=ExitReason.STOPPED, after_cancel=True)
    asked = node_changes.operated(running, stop, NOW)
    assert asked.after.status is NodeStatus.RUNNING and asked.after.cancelling_until == NOW + CANCEL_GRACE
    assert not asked.transitions and not asked.runs
    for ended in (RunOutcome(7, 3, cancelled=True), RunOutcome(7, 3), RunOutcome(7, 3, FailReason.ERROR)):
        write = node_changes.ends(asked.after, ended, POLICY, NOW)
        assert (write.after.status, write.after.reason) == (NodeStatus.FAILED, FailReason.STOPPED)
        assert write.after.retry_at is None and write.after.cancelling_until is None
        assert write.runs[0].reason is FailReason.STOPPED and write.transitions[0].cause is Cause.STOP
    late = node_changes.acknowledged(asked.after, NOW + CANCEL_GRACE, node_changes.NOT_ACKNOWLEDGED)
    assert late.after.status is NodeStatus.FAILED and late.runs[0].message.startswith("CANCEL_TIMEOUT")


def test_a_forced_rerun_cancels_at_once_and_nothing_starts_before_the_acknowledgement() -> None:
    running = state_with(NodeStatus.RUNNING)
    forced = node_changes.operated(running, change(running, NodeStatus.INIT, Cause.FORCE_RERUN, **FORCE), NOW)
    assert forced.after.status is NodeStatus.INIT and forced.after.skip_checks
    assert [(r.serial, r.number, r.status, r.ended_at) for r in forced.runs] == [(3, 2, RunStatus.CANCELLED, NOW)]
    with pytest.raises(ValueError, match="has not ended"):
        node_changes.starts(forced.after, "me", NOW)
    free = node_changes.acknowledged(forced.after, NOW)
    assert not free.transitions
    began = node_changes.starts(free.after, "me", NOW)
    assert (began.after.run, began.after.attempt, began.runs[0].trigger) == (4, 3, RunTrigger.FORCE)


def test_a_retry_keeps_the_force_flags_and_an_operator_restarts_the_count() -> None:
    failed = node_changes.ends(
        state_with(NodeStatus.RUNNING, skip_checks=True, trigger=RunTrigger.FORCE),
        RunOutcome(7, 3, FailReason.ERROR, "no"),
        POLICY,
        NOW,
    ).after
    assert failed.retry_at == NOW + timedelta(minutes=5) and failed.skip_checks
    again = node_changes.retries(failed, NOW + timedelta(minutes=5)).after
    assert (again.retried, again.trigger, again.skip_checks) == (1, RunTrigger.RETRY, True)
    last = again._replace(status=NodeStatus.RUNNING, owner="one", retried=2)
    given_up = node_changes.ends(last, RunOutcome(7, 3, FailReason.ERROR), POLICY, NOW).after
    assert given_up.retry_at is None and not given_up.skip_checks
    rerun = change(given_up, NodeStatus.INIT, Cause.RERUN, trigger=Trigger.RERUN)
    asked = node_changes.operated(given_up, rerun, NOW, CodeChoice.AS_RAN).after
    assert (asked.retried, asked.trigger, asked.code) == (0, RunTrigger.RERUN, CodeChoice.AS_RAN)


def test_dry_runs_and_statuses_set_by_hand_are_no_attempts_and_keep_the_times() -> None:
    done = state_with(NodeStatus.SUCCESS, ended_at=NOW)
    dry = node_changes.operated(done, change(done, NodeStatus.SUCCESS, Cause.DRY_RUN, trigger=Trigger.DRY), NOW)
    assert (dry.after.attempt, dry.after.run, dry.after.started_at) == (2, 4, done.started_at)
    assert dry.runs[0][2:5] == (0, RunTrigger.DRY, RunStatus.SUCCESS) and dry.runs[0].started_at is None


def test_two_changes_in_one_write_count_as_one() -> None:
    state = state_with(NodeStatus.INIT)
    first = node_changes.starts(state, "me", NOW, version=5, parameters="{}")
    whole = node_changes.then(first, node_changes.ends(first.after, RunOutcome(7, 4), POLICY, NOW))
    assert (whole.expected, whole.after.lock_version, whole.after.status) == (4, 5, NodeStatus.SUCCESS)
    assert [(r.serial, r.status, r.version, r.parameters) for r in whole.runs] == [(4, RunStatus.SUCCESS, 5, "{}")]
    assert [line.target for line in whole.transitions] == [NodeStatus.RUNNING, NodeStatus.SUCCESS]


def test_a_change_of_another_state_or_run_is_refused() -> None:
    running = state_with(NodeStatus.RUNNING)
    with pytest.raises(ValueError, match="another state"):
        node_changes.operated(running._replace(lock_version=9), change(running, NodeStatus.INIT, Cause.RERUN), NOW)
    with pytest.raises(ValueError, match="not its live one"):
        node_changes.ends(running, RunOutcome(7, 2), POLICY, NOW)


def test_what_timed_out_is_not_dispatched_before_its_executor_answers() -> None:
    late = node_changes.times_out(state_with(NodeStatus.RUNNING), RetryPolicy(retries=1, after_timeout=True), NOW)
    assert (late.after.reason, late.after.cancelling_until) == (FailReason.TIMEOUT, NOW + CANCEL_GRACE)
    waiting = node_changes.retries(late.after, NOW + timedelta(minutes=5)).after
    candidate = Candidate(7, waiting.status, NOW, datetime(2026, 3, 1).date(), True, cancelling=True)
    assert next_step(candidate, NOW).value == "nothing"
