"""The thread that lets a scheduler work: it wakes when something happened, when something is due, and now and then for safety.

It generates, too: at 23:00, and whatever is owed when it starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import structlog

from taskhouse.domain.calendar import next_generation
from taskhouse.domain.recurring import Environment
from taskhouse.ports.clock import Clock
from taskhouse.ports.executor import Executor
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.scheduler.recurring.core import RecurringScheduler
from taskhouse.services.recurring.generate import generate_owed

_log = structlog.get_logger(__name__)

TICK_S = 1.0
"""It looks at the store and the clock this often even when nobody wakes it."""

_AFTER_FAULT_S = 1.0
_DAY = timedelta(days=2)


class RecurringLoop:
    """Started once. `watch(callback)` calls back when others changed instances or the clock (`ports.events`)."""

    def __init__(
        self,
        scheduler: RecurringScheduler,
        store: RecurringStore,
        environment: Environment,
        executor: Executor,
        clock: Clock,
        zone: Callable[[], tzinfo],
        watch: Callable[[Callable[[], None]], Callable[[], None]],
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._environment = environment
        self._executor = executor
        self._clock = clock
        self._zone = zone
        self._watch = watch
        self._condition = threading.Condition()
        self._signals = 0
        self._passes = 0
        self._is_ending = False
        self._generate_at: datetime | None = None
        self._generated_in: tzinfo | None = None
        """The zone whose 23:00 that is: publishing a workspace may change it."""
        self._ends: list[Callable[[], None]] = []
        self._thread = threading.Thread(
            target=self._run, name=f"taskhouse-recurring-{environment.value.lower()}", daemon=True
        )

    @property
    def owner(self) -> str:
        """Under which name its scheduler holds runs now."""
        return self._scheduler.owner

    def start(self) -> None:
        """Take over what a dead server left, then work. Returns at once."""
        self._scheduler.take_over()
        self._ends = [self._executor.watch(self.wake), self._watch(self.wake)]
        self._thread.start()

    def wake(self) -> None:
        with self._condition:
            self._signals += 1
            self._condition.notify_all()

    def drain(self) -> None:
        """Start nothing more; what ends is still written."""
        self._scheduler.drain()
        self.wake()

    def stop(self) -> None:
        """Write what has ended, then end. Live runs stay in the store; the next server finds out about them."""
        with self._condition:
            self._is_ending = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(30.0)
        for end in self._ends:
            end()
        self._ends = []

    def settle(self, timeout_s: float) -> bool:
        """Wait until everything that was known when this was called has been worked through. False when that took too long."""
        deadline = time.monotonic() + timeout_s
        with self._condition:
            self._signals += 1
            wanted = self._signals
            self._condition.notify_all()
            while self._passes < wanted and self._thread.is_alive():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(left)
        return True

    def _run(self) -> None:
        opened = False
        while True:
            with self._condition:
                seen, ending = self._signals, self._is_ending
            try:
                if not opened:
                    self._generate()
                    self._scheduler.open()
                    opened = True
                next_at = self._work(ending=ending)
            except Exception:
                if ending:
                    break
                _log.exception("a pass of the scheduler broke off", environment=self._environment.value)
                time.sleep(_AFTER_FAULT_S)
                continue
            with self._condition:
                self._passes = max(self._passes, seen)
                self._condition.notify_all()
                if ending:
                    break
                if self._signals == seen and not self._is_ending:
                    self._condition.wait(self._wait_s(next_at))
        try:
            self._scheduler.close()
        except Exception:
            _log.exception("cannot release the lease of the scheduler")

    def _work(self, *, ending: bool) -> datetime | None:
        """Passes until nothing changes any more. Returns when something is due next."""
        if ending:
            self._scheduler.drain()
        while True:
            if not ending:
                self._generate()
            done = self._scheduler.step(self._clock.now())
            if not done.changed or (self._is_ending and not ending):
                return done.next_at

    def _generate(self) -> None:
        now, zone = self._clock.now(), self._zone()
        at = self._generate_at
        if at is None or now >= at or now < at - _DAY or zone != self._generated_in:
            generate_owed(self._store, self._environment, now, zone)
            self._generate_at = next_generation(now, zone)
            self._generated_in = zone

    def _wait_s(self, next_at: datetime | None) -> float:
        if next_at is None:
            return TICK_S
        return min(TICK_S, max(0.0, (next_at - self._clock.now()).total_seconds()))
