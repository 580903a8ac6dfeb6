"""What carries out attempts in the simulated world, and tells of them badly.

All processes order attempts from the same cluster, each through a front of its own. An attempt ends some day in success or failure;
its outcome comes once, late, twice, never, or to a process that has nothing to do with it any more. A cancelled one stops soon, late, or
not before its work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from taskhouse.domain.attempts import CANCEL_GRACE, FailReason
from taskhouse.domain.node_state import Run, RunOutcome
from taskhouse.domain.published import ProgramKind
from taskhouse.ports.executor import AttemptOrder, Found, Prepared
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.sim.faults import Interruptions


@dataclass(slots=True)
class Attempt:
    """`outcome` None: its work goes on. `front`: who hears of it."""

    order: AttemptOrder
    started_at: datetime
    front: str
    cancelled_at: datetime | None = None
    outcome: RunOutcome | None = None


@dataclass(slots=True)
class Late:
    """An outcome on its way."""

    at: datetime
    front: str
    outcome: RunOutcome


@dataclass
class Cluster:
    """`faults` False: every outcome comes once, at once, where it belongs. `wrong` collects what must not happen."""

    rng: Random
    now: Callable[[], datetime]
    faults: bool = True
    attempts: dict[tuple[int, int], Attempt] = field(default_factory=dict)
    running: dict[tuple[int, int], Attempt] = field(default_factory=dict)
    instant: dict[tuple[int, int], RunOutcome] = field(default_factory=dict)
    """Outcomes that were known before the start."""
    fronts: dict[str, list[RunOutcome]] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def outcome_of(self, node: int, serial: int) -> RunOutcome | None:
        found = self.attempts.get((node, serial))
        return self.instant.get((node, serial)) if found is None else found.outcome

    def order(self, order: AttemptOrder, front: str) -> None:
        key = (order.node, order.serial)
        known = self.attempts.get(key)
        if known is not None:
            known.front = front
            if known.outcome is not None:
                self._send(front, known.outcome)
            return
        now = self.now()
        for (node, serial), other in self.running.items():
            if node == order.node and (other.cancelled_at is None or now < other.cancelled_at + CANCEL_GRACE):
                self.wrong.append(f"attempt {order.serial} of node {node} begins while attempt {serial} runs")
        self.attempts[key] = self.running[key] = Attempt(order, now, front)

    def cancel(self, key: tuple[int, int]) -> bool:
        """Whether nothing of it runs."""
        found = self.attempts.get(key)
        if found is None or found.outcome is not None:
            return True
        if found.cancelled_at is None:
            found.cancelled_at = self.now()
        return False

    def pass_time(self) -> None:
        """Some attempts end, some outcomes arrive."""
        rng, now = self.rng, self.now()
        for key, attempt in list(self.running.items()):
            if attempt.cancelled_at is not None:
                if rng.random() < 0.5 or not self.faults:
                    done = self.faults and rng.random() < 0.2
                    self._end(key, RunOutcome(*key) if done else RunOutcome(*key, message="stopped", cancelled=True))
            elif rng.random() < 0.35 or not self.faults:
                failed = self.faults and rng.random() < 0.25
                self._end(key, RunOutcome(*key, FailReason.ERROR, "it failed") if failed else RunOutcome(*key))
        arrived = [late for late in self.late if late.at <= now]
        if arrived:
            self.late = [late for late in self.late if late.at > now]
            for late in arrived:
                self._send(late.front, late.outcome)

    def finish(self, key: tuple[int, int], *, failed: bool = False) -> None:
        """An attempt ends now."""
        self._end(key, RunOutcome(*key, FailReason.ERROR, "it failed") if failed else RunOutcome(*key))

    def _end(self, key: tuple[int, int], outcome: RunOutcome) -> None:
        attempt = self.running.pop(key)
        attempt.outcome = outcome
        rng = self.rng
        chance = rng.random() if self.faults else 1.0
        if chance < 0.05:
            return  # nobody hears of it
        if chance < 0.15:
            later = self.now() + timedelta(seconds=rng.choice((1, 30, 90, 3600)))
            self.late.append(Late(later, attempt.front, outcome))
            return
        if chance < 0.20 and self.fronts:
            self._send(rng.choice(sorted(self.fronts)), outcome)
        self._send(attempt.front, outcome)
        if chance < 0.25:
            self._send(attempt.front, outcome)
        elif chance < 0.30:
            self.late.append(Late(self.now() + timedelta(minutes=rng.randint(1, 200)), attempt.front, outcome))

    def _send(self, front: str, outcome: RunOutcome) -> None:
        if front in self.fronts:
            self.fronts[front].append(outcome)


class SimulatedExecutor:
    """The cluster as one process sees it: implements `ports.executor.Executor`."""

    def __init__(
        self, cluster: Cluster, store: RecurringStore, who: str, process: str, interruptions: Interruptions
    ) -> None:
        """`who` gets the outcomes, `process` is what dies."""
        self._cluster = cluster
        self._store = store
        self._who = who
        self._process = process
        self._interruptions = interruptions
        cluster.fronts[who] = []

    def close(self) -> None:
        """The process is gone: nobody hears what is sent to it."""
        self._cluster.fronts.pop(self._who, None)

    def holds_slot(self, kind: ProgramKind) -> bool:
        return kind is not ProgramKind.VIRTUAL

    def prepare(self, orders: Sequence[AttemptOrder]) -> Sequence[Prepared]:
        return [self._prepared(order) for order in orders]

    def _prepared(self, order: AttemptOrder) -> Prepared:
        known = self._cluster.instant.get((order.node, order.serial))
        if known is not None:
            return Prepared(order.generated, "{}", known)
        if order.kind is ProgramKind.VIRTUAL:
            outcome = RunOutcome(order.node, order.serial)
        elif self._cluster.faults and self._cluster.rng.random() < 0.02:
            outcome = RunOutcome(order.node, order.serial, FailReason.ERROR, "a parameter cannot be filled in")
        else:
            return Prepared(order.generated, "{}")
        self._cluster.instant[order.node, order.serial] = outcome
        return Prepared(order.generated, "{}", outcome)

    def start(self, orders: Sequence[AttemptOrder]) -> None:
        for order in orders:
            self._interruptions.around(self._process, "start", after=False)
            mine = {(run.node, run.serial) for run in self._store.live_runs(order.owner)}
            if (order.node, order.serial) in mine and self._store.set_task_instance(
                order.node, order.serial, f"i{order.node}-{order.serial}"
            ):
                self._cluster.order(order, self._who)
        self._interruptions.around(self._process, "start", after=True)

    def cancel(self, run: Run) -> bool:
        self._interruptions.around(self._process, "cancel", after=False)
        return self._cluster.cancel((run.node, run.serial))

    def find(self, run: Run) -> RunOutcome | Found:
        self._interruptions.around(self._process, "find", after=False)
        found = self._cluster.attempts.get((run.node, run.serial))
        if found is None:
            return Found.UNKNOWN
        found.front = self._who
        return Found.RUNNING if found.outcome is None else found.outcome

    def poll(self) -> Sequence[RunOutcome]:
        inbox = self._cluster.fronts.get(self._who, [])
        found = list(inbox)
        inbox.clear()
        return found

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None
