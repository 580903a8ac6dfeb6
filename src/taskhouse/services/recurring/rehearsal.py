"""What a rehearsal offers beside everything else: its clock, generation on demand, and how attempts end.

The scheduler, the store and the rules are the real ones; only time stands still until it is set, and no code is run. Each call returns
when the schedulers have worked through what follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Protocol

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, RunStatus, Transition
from taskhouse.domain.recurring import Environment
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.services.recurring.book import Books
from taskhouse.services.recurring.generate import generate_date
from taskhouse.services.recurring.held_executor import HeldExecutor

SETTLE_S = 60.0

Placed = dict[int, int]
"""Node instances that were put in a status by hand -> the lock version that they got: the scheduler leaves them alone until something
else changes them."""


class SetClock(Protocol):
    def now(self) -> datetime: ...

    def set(self, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`settle(seconds)` waits until the schedulers have worked through everything; False when that takes longer."""

    store: RecurringStore
    books: Books
    clock: SetClock
    executors: Mapping[Environment, HeldExecutor]
    zone: Callable[[], tzinfo]
    settle_within: Callable[[float], bool]
    placed: Placed = field(default_factory=dict)
    owner_of: Callable[[Environment], str] = lambda environment: "rehearsal"
    """Who answers for live runs: the scheduler of an environment."""

    def settle(self) -> None:
        """Raises `Fault` when the schedulers do not come to rest."""
        if not self.settle_within(SETTLE_S):
            raise Fault(FaultCode.INTERRUPTED, f"the scheduler did not come to rest in {SETTLE_S:g} seconds")

    def set_clock(self, now: datetime) -> datetime:
        """Whatever is due by then happens then. Raises `Fault` for a time without a zone."""
        if now.tzinfo is None:
            raise Fault(FaultCode.INVALID_ARGUMENT, "the time needs a zone: write 2026-03-01T18:00:00+08:00")
        self.placed.clear()
        self.clock.set(now)
        self.settle()
        return self.clock.now()

    def generate(self, run_date: date, environment: Environment = Environment.PROD) -> int:
        """Returns how many instances are new; generating a date again adds what is missing."""
        added = generate_date(self.store, environment, run_date, self.clock.now(), self.zone())
        self.settle()
        return added

    def finish(self, node: int, reason: FailReason | None = None, message: str = "") -> NodeState:
        """The attempt that a node instance is held with ends: well, or for a reason. Raises `Fault` when it does not run."""
        state = self._state(node)
        if not any(executor.finish(node, reason, message) for executor in self.executors.values()):
            text = f"node instance {node} does not run; it is {state.status.label}"
            raise Fault(FaultCode.INVALID_STATE, text)
        self.settle()
        return self._state(node)

    def set_status(self, node: int, status: NodeStatus, *, paused: bool = False) -> NodeState:
        """Put a node instance in a status. It stays there, whatever the scheduler would make of it, until the clock is set, something
        upstream moves, or an operation, the end of its attempt or another call changes it; then it goes on from there. Raises `Fault`."""
        now = self.clock.now()
        if paused and CLASS_OF[status] not in (StatusClass.NOT_RUNNING, StatusClass.WAITING):
            raise Fault(FaultCode.INVALID_ARGUMENT, f"a node that is {status.label} cannot be paused")
        self._state(node)
        owner = self.owner_of(self._environment(node)) if status is NodeStatus.RUNNING else ""
        for _ in range(10):
            write = _placed(self._state(node), status, now, owner, paused=paused)
            self.placed[node] = write.after.lock_version
            if not self.store.write([write], now).refused:
                break
        else:
            raise Fault(FaultCode.INVALID_STATE, f"node instance {node} changes all the time")
        if status is NodeStatus.RUNNING:
            for environment, executor in self.executors.items():
                if self._environment(node) is environment:
                    executor.hold(node, write.after.run)
        self.settle()
        return self._state(node)

    def _state(self, node: int) -> NodeState:
        found = self.store.states([node])
        if not found:
            raise Fault(FaultCode.NO_SUCH_OBJECT, f"there is no node instance {node}")
        return found[0]

    def _environment(self, node: int) -> Environment:
        owner = self.store.owners_of([node])[node]
        return self.store.bizdates_of([owner])[owner][0]


def _placed(state: NodeState, status: NodeStatus, now: datetime, owner: str, *, paused: bool) -> NodeWrite:
    """The row and run that a node in this status has."""
    after = NodeState(
        state.id,
        status,
        state.lock_version + 1,
        paused,
        released=True,
        attempt=state.attempt,
        run=state.run,
        started_at=state.started_at,
        ended_at=state.ended_at,
        since=now,
    )
    runs: tuple[Run, ...] = ()
    if state.has_live_run and status is not NodeStatus.RUNNING:
        ended = RunStatus.SUCCESS if status is NodeStatus.SUCCESS else RunStatus.CANCELLED
        if status is NodeStatus.FAILED:
            ended = RunStatus.FAILED
        reason = FailReason.ERROR if ended is RunStatus.FAILED else None
        after = after._replace(ended_at=now, reason=reason)
        runs = (Run(state.id, state.run, state.attempt, state.trigger, ended, state.started_at, now, reason),)
    elif not state.has_live_run and CLASS_OF[status] not in (StatusClass.NOT_RUNNING, StatusClass.WAITING):
        after, runs = _with_attempt(after, now, owner)
    elif state.has_live_run:
        after = after._replace(owner=state.owner)
    transition = Transition(state.id, now, state.status, status, Cause.SCHEDULER, after.run)
    return NodeWrite(state.lock_version, after, runs, (transition,))


def _with_attempt(after: NodeState, now: datetime, owner: str) -> tuple[NodeState, tuple[Run, ...]]:
    """A finished or running node has an attempt to show for it."""
    after = after._replace(attempt=after.attempt + 1, run=after.run + 1, started_at=now)
    kind = {NodeStatus.RUNNING: RunStatus.RUNNING, NodeStatus.SUCCESS: RunStatus.SUCCESS}
    status = kind.get(after.status, RunStatus.FAILED)
    reason = FailReason.ERROR if status is RunStatus.FAILED else None
    ended_at = None if status is RunStatus.RUNNING else now
    after = after._replace(reason=reason, ended_at=ended_at, owner=owner)
    run = Run(after.id, after.run, after.attempt, after.trigger, status, now, ended_at, reason, owner=after.owner)
    return after, (run,)
