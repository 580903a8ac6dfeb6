"""Every way in which a node instance changes, as functions from its state to what is to be written.

Schedulers, operations, recovery and the simulator go through these; a store only compares and writes. Each function says which
statuses it is for and raises `ValueError` for others: a caller that asks has mistaken what it saw, and nothing may come of that.
What they yield is legal by `domain.transitions`.

Attempts begin and end here, too. While a node is Running its live run can be told from the state alone, so nobody has to read the run
to end it.
"""

from __future__ import annotations

from datetime import datetime

from taskhouse.domain.attempts import CANCEL_GRACE, FailReason, RetryPolicy
from taskhouse.domain.node_state import (
    NodeState,
    NodeWrite,
    Run,
    RunOutcome,
    RunStatus,
    RunTrigger,
    Transition,
)
from taskhouse.domain.operations.plan import NodeChange, Trigger
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.status import WAITING_STATUSES, NodeStatus
from taskhouse.domain.transitions import Cause, is_legal

_INIT, _RUNNING, _SUCCESS, _FAILED = NodeStatus.INIT, NodeStatus.RUNNING, NodeStatus.SUCCESS, NodeStatus.FAILED

SUPERSEDED = "superseded by a forced rerun"
NOT_ACKNOWLEDGED = (
    "CANCEL_TIMEOUT: the executor did not acknowledge the cancellation in time; the attempt counts as ended"
)

_TRIGGERS = {
    Trigger.RERUN: RunTrigger.RERUN,
    Trigger.FORCE: RunTrigger.FORCE,
    Trigger.DRY: RunTrigger.DRY,
    Trigger.MANUAL_SUCCESS: RunTrigger.MANUAL_SUCCESS,
}
_BEGINS_ANEW = (Trigger.RERUN, Trigger.FORCE)


# What the scheduler does by itself


def waits(state: NodeState, target: NodeStatus, now: datetime) -> NodeWrite:
    """Into a waiting status, or from one to another (T3, T6, T7)."""
    if target not in WAITING_STATUSES:
        raise ValueError(f"{target.value} is no waiting status")
    return _moved(state, target, Cause.SCHEDULER, now)


def sent_back(state: NodeState, now: datetime) -> NodeWrite:
    """Waiting, but something upstream is not Succeeded any more (T18, D-09)."""
    return _moved(state, _INIT, Cause.UPSTREAM_RERUN, now)


def retries(state: NodeState, now: datetime) -> NodeWrite:
    """The interval after a failure is over (T11). The retry keeps the flags of its attempt (D-50)."""
    after = state._replace(retry_at=None, retried=state.retried + 1, trigger=RunTrigger.RETRY, reason=None)
    return _moved(state, NodeStatus.WAIT_SCHEDULE, Cause.RETRY, now, after)


def starts(state: NodeState, owner: str, now: datetime, *, version: int = 0, parameters: str = "") -> NodeWrite:
    """A real attempt begins (T8). `owner` is the scheduler that answers for it."""
    _expect_not_paused(state)
    if state.cancelling_until is not None:
        raise ValueError(f"node {state.id} cannot start: an attempt of it has not ended")
    after = state._replace(
        attempt=state.attempt + 1, run=state.run + 1, owner=owner, started_at=now, ended_at=None, reason=None
    )
    run = _live_run(after)._replace(version=version, parameters=parameters)
    return _moved(state, _RUNNING, Cause.SCHEDULER, now, after, (run,))


def succeeds_without_running(state: NodeState, now: datetime) -> NodeWrite:
    """The task is scheduled as a dry run (T4). No attempt, and the times of the last one stay (D-24)."""
    _expect_not_paused(state)
    after, runs = _instant(state, RunTrigger.DRY, RunStatus.SUCCESS)
    return _moved(state, _SUCCESS, Cause.SCHEDULER, now, after, runs)


def fails_without_running(state: NodeState, now: datetime) -> NodeWrite:
    """The task is paused in its schedule (T5); what is downstream stays blocked."""
    _expect_not_paused(state)
    after, runs = _instant(state, state.trigger, RunStatus.FAILED, FailReason.SKIPPED)
    return _moved(state, _FAILED, Cause.SCHEDULER, now, after, runs)


def adopted(state: NodeState, owner: str) -> NodeWrite:
    """Another scheduler answers for the live run, whose owner is gone."""
    _expect_live(state)
    after = state._replace(owner=owner, lock_version=state.lock_version + 1)
    return NodeWrite(state.lock_version, after, (_live_run(after),))


# How attempts end


def ends(state: NodeState, outcome: RunOutcome, policy: RetryPolicy, now: datetime) -> NodeWrite:
    """The live run ended: by itself (T9, T10), or because somebody stopped it (T12). A stop that was asked for counts whatever the
    outcome, for nothing downstream may start on it; a message says so when the work was done all the same."""
    _expect_live(state)
    if outcome.serial != state.run:
        raise ValueError(f"run {outcome.serial} of node {state.id} is not its live one")
    if state.cancelling_until is not None or outcome.cancelled:
        if outcome.reason is None and not outcome.cancelled:
            message = "it had succeeded when the stop reached it; its data is written"
            outcome = outcome._replace(message=message)
        return _stopped(state, outcome, now)
    if outcome.reason is not None:
        return _failed(state, outcome, policy, now)
    ended_at = outcome.ended_at or now
    after = state._replace(owner="", ended_at=ended_at, skip_checks=False, retry_at=None, reason=None, paused=False)
    run = _live_run(state)._replace(
        status=RunStatus.SUCCESS, ended_at=ended_at, message=outcome.message, task_instance=outcome.task_instance
    )
    return _moved(state, _SUCCESS, Cause.WORKER, now, after, (run,))


def times_out(state: NodeState, policy: RetryPolicy, now: datetime) -> NodeWrite:
    """The attempt ran longer than its policy allows: Failed at once; the executor is told, and nothing new is dispatched before it
    acknowledges."""
    _expect_live(state)
    message = f"it ran longer than {policy.timeout_h:g} hours"
    write = _failed(state, RunOutcome(state.id, state.run, FailReason.TIMEOUT, message), policy, now)
    return write._replace(after=write.after._replace(cancelling_until=state.cancelling_until or now + CANCEL_GRACE))


def acknowledged(state: NodeState, now: datetime, message: str = "") -> NodeWrite:
    """A cancelled run has ended, or its grace is over (`NOT_ACKNOWLEDGED` as message): a stopped node becomes Failed (T12, D-11);
    one that moved on when the run was cancelled may be dispatched again."""
    if state.cancelling_until is None:
        raise ValueError(f"nothing of node {state.id} was cancelled")
    if state.status is _RUNNING:
        return _stopped(state, RunOutcome(state.id, state.run, message=message), now)
    after = state._replace(cancelling_until=None, lock_version=state.lock_version + 1)
    return NodeWrite(state.lock_version, after)


def then(first: NodeWrite, second: NodeWrite) -> NodeWrite:
    """Both in one compare-and-set; `second` was worked out from `first.after`. A run that begins and ends is written once."""
    runs = {run.serial: run for run in first.runs}
    for run in second.runs:
        before = runs.get(run.serial)
        if before is not None:
            run = run._replace(
                task_instance=run.task_instance or before.task_instance,
                version=run.version or before.version,
                parameters=run.parameters or before.parameters,
            )
        runs[run.serial] = run
    after = second.after._replace(lock_version=first.expected + 1)
    return NodeWrite(first.expected, after, tuple(runs.values()), first.transitions + second.transitions)


# What operators do


def operated(state: NodeState, change: NodeChange, now: datetime, code: CodeChoice = CodeChoice.CURRENT) -> NodeWrite:
    """What an operation's plan says of this node. `state` must be the one that was decided on."""
    if (state.id, state.lock_version, state.status) != (change.node, change.lock_version, change.source):
        raise ValueError(f"the change of node {change.node} was decided on another state")
    if change.sets_paused is None and not state.has_live_run and change.trigger in _BEGINS_ANEW:
        return _begun_anew(state, change, now, code)
    after = state
    if change.sets_paused is not None:
        after = after._replace(paused=change.sets_paused)
    if change.after_cancel:
        after = after._replace(cancelling_until=state.cancelling_until or now + CANCEL_GRACE)
        return _written(state, after)
    if change.target is state.status and change.trigger is None:
        return _written(state, after)
    runs: tuple[Run, ...] = ()
    if state.has_live_run:
        until = state.cancelling_until or now + CANCEL_GRACE
        after = after._replace(cancelling_until=until, owner="", ended_at=now)
        runs = (_live_run(state)._replace(status=RunStatus.CANCELLED, ended_at=now, message=SUPERSEDED),)
    after = after._replace(retry_at=None, retried=0, reason=None, skip_checks=change.skip_checks)
    if change.trigger in _BEGINS_ANEW:
        after = after._replace(trigger=_TRIGGERS[change.trigger], code=code, released=True)
    elif change.trigger is not None:
        after, made = _instant(after, _TRIGGERS[change.trigger], RunStatus.SUCCESS)
        runs += made
    elif change.target is _FAILED:
        after = after._replace(reason=FailReason.STOPPED)
    return _moved(state, change.target, change.cause, now, after, runs)


def _begun_anew(state: NodeState, change: NodeChange, now: datetime, code: CodeChoice) -> NodeWrite:
    """What nearly all nodes of a great operation go through, in one step."""
    if not is_legal(state.status, change.target, change.cause):
        raise ValueError(f"node {state.id} cannot go to {change.target.value} by {change.cause.value}")
    assert change.trigger is not None
    after = NodeState(
        state.id,
        change.target,
        state.lock_version + 1,
        state.paused,
        change.skip_checks,
        True,
        state.attempt,
        run=state.run,
        cancelling_until=state.cancelling_until,
        started_at=state.started_at,
        ended_at=state.ended_at,
        since=now,
        trigger=_TRIGGERS[change.trigger],
        code=code,
    )
    history = (Transition(state.id, now, state.status, change.target, change.cause),)
    return NodeWrite(state.lock_version, after, (), history)


def released(state: NodeState) -> NodeWrite:
    """In the development environment: it may run now. For members of an operation that had not run and so do not change."""
    return _written(state, state._replace(released=True))


def touched(state: NodeState) -> NodeWrite:
    """Nothing but the version: an operation was decided on this state and does not change it, and no one may have meanwhile."""
    return _written(state, state)


# Parts


def _expect_live(state: NodeState) -> None:
    if not state.has_live_run:
        raise ValueError(f"node {state.id} is {state.status.value} and has no live run")


def _expect_not_paused(state: NodeState) -> None:
    if state.paused:
        raise ValueError(f"node {state.id} is paused")


def _written(state: NodeState, after: NodeState) -> NodeWrite:
    return NodeWrite(state.lock_version, after._replace(lock_version=state.lock_version + 1))


def _moved(
    state: NodeState,
    target: NodeStatus,
    cause: Cause,
    now: datetime,
    after: NodeState | None = None,
    runs: tuple[Run, ...] = (),
) -> NodeWrite:
    if not is_legal(state.status, target, cause):
        raise ValueError(f"node {state.id} cannot go from {state.status.value} to {target.value} by {cause.value}")
    after = (after or state)._replace(status=target, lock_version=state.lock_version + 1, since=now)
    run = after.run if runs else 0
    return NodeWrite(state.lock_version, after, runs, (Transition(state.id, now, state.status, target, cause, run),))


def _live_run(state: NodeState) -> Run:
    """The run that a Running node has, as far as the state tells; what it does not tell is kept by the store."""
    return Run(
        state.id,
        state.run,
        state.attempt,
        state.trigger,
        RunStatus.RUNNING,
        state.started_at,
        owner=state.owner,
        code=state.code,
    )


def _instant(
    state: NodeState, trigger: RunTrigger, status: RunStatus, reason: FailReason | None = None
) -> tuple[NodeState, tuple[Run, ...]]:
    """A run without an attempt: no number, no times."""
    after = state._replace(run=state.run + 1, reason=reason, skip_checks=False, retry_at=None, retried=0)
    return after, (Run(state.id, after.run, 0, trigger, status, reason=reason, code=state.code),)


def _failed(
    state: NodeState, outcome: RunOutcome, policy: RetryPolicy, now: datetime, cause: Cause = Cause.WORKER
) -> NodeWrite:
    reason = outcome.reason or FailReason.ERROR
    retry_at = policy.retry_at(reason, state.retried, now)
    ended_at = outcome.ended_at or now
    after = state._replace(
        owner="",
        ended_at=ended_at,
        reason=reason,
        retry_at=retry_at,
        skip_checks=state.skip_checks and retry_at is not None,
        cancelling_until=None,
        paused=False,
    )
    run = _live_run(state)._replace(
        status=RunStatus.FAILED,
        ended_at=ended_at,
        reason=reason,
        message=outcome.message,
        task_instance=outcome.task_instance,
    )
    return _moved(state, _FAILED, cause, now, after, (run,))


def _stopped(state: NodeState, outcome: RunOutcome, now: datetime) -> NodeWrite:
    """Never retried (D-08)."""
    return _failed(state, outcome._replace(reason=FailReason.STOPPED), _NO_RETRY, now, Cause.STOP)


_NO_RETRY = RetryPolicy(retries=0)
