"""Runs in progress: stopping them, and telling how far those are that take longer than a moment.

One thread watches all runs, so a statement that is over in a millisecond costs no thread and no plan. The same thread
repeats an interrupt until the run has ended: DuckDB forgets one that arrives between two of a statement's steps. Plans are made on
other threads, since one that takes long must not keep the watch from stopping anything.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import duckdb

from taskhouse.domain.instance import Stage
from taskhouse.engines.duckdb import stages
from taskhouse.ports.engine import RunControl

INTERVAL_S = 0.1
_PLANNERS = 2


class Run:
    """One statement on one connection. `plan` reads its stages; called once, and only for a run that lasts."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, control: RunControl, plan: Callable[[], tuple[Stage, ...]]
    ) -> None:
        self.connection = connection
        self.control = control
        self.cancelled = False
        self.started = time.monotonic()
        self._plan = plan
        self._stages: Future[tuple[Stage, ...]] | None = None
        self._finished = False
        self._lock = threading.Lock()

    def interrupt(self) -> None:
        """Stop the run; harmless once it has ended."""
        with self._lock:
            if not self._finished:
                self.cancelled = True
                self.connection.interrupt()

    def finish(self) -> None:
        """No interrupt reaches the connection after this, which may serve another run then."""
        with self._lock:
            self._finished = True
        if self._stages is not None:
            self._stages.cancel()

    def tick(self, now: float, planners: Executor) -> None:
        if self.cancelled:
            self.interrupt()
        elif now - self.started >= INTERVAL_S:
            if self._stages is None:
                self._stages = planners.submit(self._plan)
            elif self._stages.done():
                known = self._stages.result()
                with self._lock:
                    if not self._finished:
                        self.control.report(stages.running(known, self.connection.query_progress()))


class Monitor:
    def __init__(self) -> None:
        self._runs: set[Run] = set()
        self._closed = False
        self._changed = threading.Condition()
        self._planners = ThreadPoolExecutor(_PLANNERS, "engine-plan")
        self._thread = threading.Thread(target=self._watch, name="engine-monitor", daemon=True)
        self._thread.start()

    def add(self, run: Run) -> None:
        with self._changed:
            self._runs.add(run)
            if len(self._runs) == 1:
                self._changed.notify()

    def remove(self, run: Run) -> None:
        run.finish()
        with self._changed:
            self._runs.discard(run)

    def close(self) -> list[Run]:
        """Stop watching; returns the runs that are still going."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            left = list(self._runs)
        self._thread.join()
        self._planners.shutdown(wait=False, cancel_futures=True)
        return left

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._runs and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                self._changed.wait(INTERVAL_S)
                runs = list(self._runs)
            now = time.monotonic()
            for run in runs:
                # A run that ends while it is looked at, or a listener that fails, must not end the watch.
                with contextlib.suppress(Exception):
                    run.tick(now, self._planners)
