"""The executor of a rehearsal: an attempt runs until somebody says how it ends. No code is run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.faults import Fault
from taskhouse.domain.node_state import Run, RunOutcome
from taskhouse.domain.published import ProgramKind, PublishedTask
from taskhouse.ports.executor import AttemptOrder, Found, Prepared
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.services.recurring.run_attempt import filled_in
from taskhouse.services.recurring.which_version import versions_that_run


class HeldExecutor:
    """Implements `ports.executor.Executor`. Every node takes a slot, virtual ones, too. A cancellation is acknowledged at once.

    Attempts are of the version whose code would run, as `store` has it, with the parameters that it would have, scheduled times in
    `zone`; without a store, of the version that their instance was generated with."""

    def __init__(self, store: RecurringStore | None = None, zone: Callable[[], tzinfo] = lambda: UTC) -> None:
        self._store = store
        self._zone = zone
        self._lock = threading.Lock()
        self._held: dict[int, int] = {}
        self._outcomes: list[RunOutcome] = []
        self._callbacks: dict[object, Callable[[], None]] = {}

    def holds_slot(self, kind: ProgramKind) -> bool:
        return True

    def prepare(self, orders: Sequence[AttemptOrder]) -> Sequence[Prepared]:
        versions = {} if self._store is None else versions_that_run(self._store, orders)
        return [self._prepared(order, versions.get(order.node)) for order in orders]

    def _prepared(self, order: AttemptOrder, task: PublishedTask | None) -> Prepared:
        node = None if task is None else task.node(order.node_id)
        if task is None or node is None:
            return Prepared(order.generated)
        due_at = order.due_at.astimezone(self._zone()).replace(tzinfo=None)
        try:
            _, values = filled_in(node, task, order.instance, order.bizdate, due_at)
        except Fault:
            return Prepared(task.version)  # how the attempt ends is not for the code to say
        return Prepared(task.version, json.dumps(values, ensure_ascii=False))

    def start(self, orders: Sequence[AttemptOrder]) -> None:
        with self._lock:
            self._held.update((order.node, order.serial) for order in orders)

    def cancel(self, run: Run) -> bool:
        with self._lock:
            if self._held.get(run.node) == run.serial:
                del self._held[run.node]
        return True

    def find(self, run: Run) -> RunOutcome | Found:
        """A rehearsal that was started again holds what ran before."""
        with self._lock:
            if not any((o.node, o.serial) == (run.node, run.serial) for o in self._outcomes):
                self._held[run.node] = run.serial
        return Found.RUNNING

    def poll(self) -> Sequence[RunOutcome]:
        with self._lock:
            found, self._outcomes = self._outcomes, []
            return found

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        key = object()
        with self._lock:
            self._callbacks[key] = callback

        def end() -> None:
            with self._lock:
                self._callbacks.pop(key, None)

        return end

    def hold(self, node: int, serial: int) -> None:
        """An attempt that nobody ordered: a node was put in status Running by hand."""
        with self._lock:
            self._held[node] = serial

    def finish(self, node: int, reason: FailReason | None = None, message: str = "") -> bool:
        """End the attempt that is held for a node instance; False when there is none."""
        with self._lock:
            serial = self._held.pop(node, None)
            if serial is None:
                return False
            self._outcomes.append(RunOutcome(node, serial, reason, message))
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            callback()
        return True
