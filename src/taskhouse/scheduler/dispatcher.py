"""The dispatcher: takes waiting instances in order and runs as many at once as the limits say.

Each of the workers claims the next instance, runs it to its end, and claims again; a worker that finds nothing sleeps until
something is submitted. Claiming is the store's transaction, so priority order holds whatever the workers do, and there
is no hand-over between threads on the way from submission to the engine.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import structlog

from taskhouse.domain.instance import Attempt
from taskhouse.services import run_instance
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)

_numbers = itertools.count()
_SAFETY_S = 30.0
"""A worker looks at the queue this often even when nobody wakes it: another process may have written to the store."""


class Dispatcher:
    """Started once. `first` are attempts that are begun already, left over from recovery."""

    def __init__(self, world: World, first: Iterable[Attempt] = ()) -> None:
        self._world = world
        self._first = deque(first)
        self._condition = threading.Condition()
        self._signals = 0
        self._stopping = False
        self._busy = 0
        self._end_watch: Callable[[], None] | None = None
        self._aside: set[int] = set()
        """Threads (by id) that wait for a process and were replaced: they end with the instance that they run."""
        self._workers = [self._worker() for _ in range(max(1, world.limits.running_tasks))]

    def _worker(self) -> threading.Thread:
        return threading.Thread(target=self._work, name=f"taskhouse-worker-{next(_numbers)}", daemon=True)

    @property
    def busy(self) -> int:
        """Workers that run an instance now."""
        return self._busy

    def start(self) -> None:
        self._end_watch = self._world.events.watch("queue", self._wake)
        self._world.runs.step_aside = self._step_aside
        for worker in self._workers:
            worker.start()

    def stop(self, grace_s: float) -> bool:
        """Take nothing new; let what runs finish for `grace_s` seconds, then interrupt it, so that it ends as Failed with the
        reason. Returns whether every worker has ended."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._end_watch is not None:
            self._end_watch()
        self._join(grace_s)
        interrupted = self._world.runs.interrupt_all("the server was shut down while the task ran; submit it again")
        if interrupted:
            _log.warning("interrupted running tasks", count=interrupted)
        self._join(10.0)
        return not any(worker.is_alive() for worker in self._all_workers())

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for worker in self._all_workers():
            if worker.is_alive():
                worker.join(max(0.0, deadline - time.monotonic()))

    def _all_workers(self) -> list[threading.Thread]:
        with self._condition:
            return list(self._workers)

    def _step_aside(self) -> None:
        """The calling worker waits for a process; another takes its place, and it ends when it is through. So scripts that submit tasks
        never wait for workers that wait for them."""
        with self._condition:
            if self._stopping or threading.get_ident() in self._aside:
                return
            self._aside.add(threading.get_ident())
            self._workers = [each for each in self._workers if each.ident is None or each.is_alive()]
            replacement = self._worker()
            self._workers.append(replacement)
        replacement.start()

    def _wake(self) -> None:
        with self._condition:
            self._signals += 1
            self._condition.notify()

    def _work(self) -> None:
        while True:
            with self._condition:
                if threading.get_ident() in self._aside:
                    self._aside.discard(threading.get_ident())
                    return
                if self._stopping:
                    return
                seen = self._signals
                attempt = self._first.popleft() if self._first else None
            if attempt is None:
                attempt = self._claim()
            if attempt is None:
                with self._condition:
                    if not self._stopping and self._signals == seen:
                        self._condition.wait(_SAFETY_S)
                continue
            with self._condition:
                self._busy += 1
            try:
                run_instance.run(self._world, attempt)
            except Exception:
                _log.exception("a worker broke off", instance=attempt.instance_id)
            finally:
                with self._condition:
                    self._busy -= 1

    def _claim(self) -> Attempt | None:
        try:
            return self._world.instances.claim_next(self._world.clock.now())
        except Exception:
            if not self._stopping:
                _log.exception("cannot claim from the queue")
                time.sleep(1.0)
            return None
