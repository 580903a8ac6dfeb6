"""A scheduler in fifty lines over the fixture's state, which decides nothing: it asks `next_step`, `dispatch` and `RetryPolicy`.

Nodes run until the test says how they end. Every change is checked against the table of transitions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.invariants import check_change
from taskhouse.domain.operations.plan import ExitReason, Plan
from taskhouse.domain.operations.priority import effective_priority
from taskhouse.domain.operations.request import Request
from taskhouse.domain.readiness import Candidate, Step, ThrottleRule, dispatch, next_step
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from tests.domain.om.fixture import ZONE, House, clock

STEPS = {
    Step.WAIT_FOR_TIME: (NodeStatus.WAIT_SCHEDULE, Cause.SCHEDULER),
    Step.SEND_BACK: (NodeStatus.INIT, Cause.UPSTREAM_RERUN),
    Step.DRY_RUN: (NodeStatus.SUCCESS, Cause.SCHEDULER),
    Step.SKIP: (NodeStatus.FAILED, Cause.SCHEDULER),
    Step.RETRY: (NodeStatus.WAIT_SCHEDULE, Cause.RETRY),
}


@dataclass
class Clockwork:
    house: House
    now: datetime = field(default_factory=lambda: clock("00:00"))
    policy: RetryPolicy = field(default_factory=lambda: RetryPolicy(retries=0))
    rules: tuple[ThrottleRule, ...] = ()
    slots: int = 20
    retry_at: dict[int, datetime] = field(default_factory=dict)
    retried: dict[int, int] = field(default_factory=dict)
    reason: dict[int, FailReason] = field(default_factory=dict)
    started: dict[int, datetime] = field(default_factory=dict)
    cancelling: set[int] = field(default_factory=set)

    def at(self, text: str) -> Clockwork:
        """The clock reaches this time, by way of everything that is due before."""
        end = clock(text)
        while True:
            self.settle()
            due = [row.due_at for row in self.house.graph.nodes] + list(self.retry_at.values())
            due += [self.policy.deadline(self.started[at]) for at in self._running()]
            later = [moment for moment in due if self.now < moment <= end]
            if not later:
                break
            self.now = min(later)
            self._time_out()
        self.now = end
        self._time_out()
        self.settle()
        return self

    def _running(self) -> list[int]:
        return [at for at, status in enumerate(self.house.status) if status is NodeStatus.RUNNING]

    def _time_out(self) -> None:
        for at in self._running():
            if self.policy.deadline(self.started[at]) <= self.now:
                self._fail(at, FailReason.TIMEOUT)

    def _move(self, at: int, target: NodeStatus, cause: Cause) -> None:
        wrong = check_change(self.house.snapshot(), at, target, cause, self.now, forced=at in self.house.forced)
        assert not wrong, wrong
        self.house.status[at] = target
        self.house.lock[at] += 1

    def _candidate(self, at: int) -> Candidate:
        snapshot, row = self.house.snapshot(), self.house.graph.nodes[at]
        return Candidate(
            row.id,
            self.house.status[at],
            row.due_at,
            self.house.graph.instances[self.house.graph.instances_of_node[at][0]].bizdate,
            not snapshot.unmet_upstream(at),
            effective_priority(snapshot, at),
            at in self.house.paused,
            at in self.house.forced,
            not snapshot.unmet_inner(at),
            at in self.cancelling,
            retry_at=self.retry_at.get(at),
        )

    def settle(self) -> None:
        """Steps until nothing moves."""
        moved = True
        while moved:
            moved = False
            queue = []
            for at in range(len(self.house.status)):
                step = next_step(self._candidate(at), self.now)
                if step is Step.QUEUE:
                    queue.append(self._candidate(at))
                elif step is not Step.NOTHING:
                    moved = True
                    self._move(at, *STEPS[step])
                    if step is Step.RETRY:
                        del self.retry_at[at]
                        self.retried[at] = self.retried.get(at, 0) + 1
            running = [self._candidate(at) for at in self._running()]
            found = dispatch(queue, running, {"shared": self.slots}, self.rules, self.now, ZONE)
            for node in queue:
                at, target = self.house.graph.node_at[node.node], found.status_of(node.node)
                if target is self.house.status[at]:
                    continue
                moved = True
                self._move(at, target, Cause.SCHEDULER)
                if target is NodeStatus.RUNNING:
                    self.started[at] = self.now
                    self.house.attempts[at] = self.house.attempts.get(at, 0) + 1

    def succeed(self, *names: str) -> Clockwork:
        for name in names:
            at = self.house.at(name)
            self._move(at, NodeStatus.SUCCESS, Cause.WORKER)
            self.house.forced.discard(at)
        self.settle()
        return self

    def fail(self, *names: str) -> Clockwork:
        for name in names:
            self._fail(self.house.at(name), FailReason.ERROR)
        self.settle()
        return self

    def _fail(self, at: int, reason: FailReason) -> None:
        self._move(at, NodeStatus.FAILED, Cause.WORKER)
        self.reason[at] = reason
        retry = self.policy.retry_at(reason, self.retried.get(at, 0), self.now)
        if retry is not None:
            self.retry_at[at] = retry
        else:
            self.house.forced.discard(at)

    def do(self, request: Request, *, acknowledge: bool = True) -> Plan:
        plan = self.house.decide(request)
        live = {self.house.graph.node_at[node] for node in plan.cancelled}
        self.house.apply(plan)
        for change in plan.changes:
            at = self.house.graph.node_at[change.node]
            if change.target is not change.source or change.trigger is not None:
                self.retry_at.pop(at, None)
                self.retried.pop(at, None)
            if change.cancels is ExitReason.STOPPED:
                self.reason[at] = FailReason.STOPPED
        if not acknowledge:
            self.cancelling |= live
        self.settle()
        return plan

    def acknowledge(self) -> Clockwork:
        self.cancelling.clear()
        self.settle()
        return self

    def show(self, names: str) -> str:
        """Letters of the nodes named, as in `S R N`."""
        return " ".join(self.house.status[self.house.at(name)].status_class.value for name in names.split())

    def attempts(self, names: str) -> str:
        return " ".join(str(self.house.attempts.get(self.house.at(name), 0)) for name in names.split())
