"""A server process of the simulated world: its schedulers, its books, its way to the store. It can die; another is started then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from taskhouse.domain.node_state import NodeWrite, Run
from taskhouse.domain.readiness import ThrottleRule
from taskhouse.domain.recurring import Environment
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.scheduler.recurring.core import LEASE, RecurringScheduler
from taskhouse.services.recurring.book import Books
from taskhouse.services.recurring.generate import generate_owed
from taskhouse.sim.cluster import Cluster, SimulatedExecutor
from taskhouse.sim.faults import Interruptions, faulty


class _Strict(RecurringScheduler):
    """Does not get over a node that it cannot make sense of."""

    def _look_carefully(self, position: int, writes: dict[int, NodeWrite], cancels: list[Run], now: datetime) -> None:
        self._look_at(position, writes, cancels, now)


class Process:
    """`name` is unique: a process that comes back has another one."""

    def __init__(
        self,
        name: str,
        store: RecurringStore,
        cluster: Cluster,
        interruptions: Interruptions,
        environments: Iterable[Environment],
        slots: Mapping[str, int],
        rules: Sequence[ThrottleRule],
        zone: tzinfo,
    ) -> None:
        self.name = name
        self._healthy = store
        self.store = faulty(store, name, interruptions)
        self.zone = zone
        self.books = Books(self.store)
        self.executors: list[SimulatedExecutor] = []
        self.schedulers: dict[Environment, RecurringScheduler] = {}
        for environment in environments:
            who = f"{name}-{environment.value.lower()}"
            executor = SimulatedExecutor(cluster, self._healthy, who, name, interruptions)
            self.executors.append(executor)
            self.schedulers[environment] = _Strict(
                self.store,
                self.books.of(environment),
                executor,
                who,
                lambda: zone,
                slots=lambda: slots,
                rules=lambda: rules,
            )
        self.is_open = False
        self.generates = True

    def act(self, now: datetime) -> bool:
        """What its loop does when it wakes: generate what is owed, then a pass of each scheduler. Whether there may be more to do."""
        if not self.is_open:
            for scheduler in self.schedulers.values():
                scheduler.open()
            self.is_open = True
        changed = False
        for environment, scheduler in self.schedulers.items():
            changed |= self._generate(environment, now)
            changed |= scheduler.step(now).changed
        return changed

    def _generate(self, environment: Environment, now: datetime) -> bool:
        if not self.generates:
            return False
        return generate_owed(self.store, environment, now, self.zone) > 0

    def renew(self, now: datetime) -> None:
        """Its heartbeat went on while time passed."""
        for scheduler in self.schedulers.values():
            self._healthy.hold(scheduler.owner, now + LEASE, now)

    def die(self) -> None:
        for executor in self.executors:
            executor.close()
