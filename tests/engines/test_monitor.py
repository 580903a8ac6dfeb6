"""The watch over runs, with a connection that only counts."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

from taskhouse.domain.instance import Stage
from taskhouse.engines.duckdb.monitor import INTERVAL_S, Monitor, Run
from taskhouse.ports.engine import RunControl

from .conftest import Control


class Connection:
    """Counts the interrupts, and tells when there were two: the one of the stop, and one of the watch."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.repeated = threading.Event()

    def interrupt(self) -> None:
        self.interrupts += 1
        if self.interrupts > 1:
            self.repeated.set()


def lasting(connection: Connection, plan: Any) -> Run:
    run = Run(cast("Any", connection), cast("RunControl", Control()), plan)
    run.started = time.monotonic() - 2 * INTERVAL_S
    return run


def test_a_plan_that_takes_long_keeps_nothing_from_being_stopped() -> None:
    asked, planned = threading.Event(), threading.Event()

    def plan() -> tuple[Stage, ...]:
        asked.set()
        assert planned.wait(60)
        return ()

    monitor = Monitor()
    try:
        slow, other = lasting(Connection(), plan), Connection()
        monitor.add(slow)
        assert asked.wait(60)
        stopped = lasting(other, plan)
        monitor.add(stopped)
        stopped.interrupt()
        assert other.repeated.wait(60), "the watch goes on while a plan is made"
    finally:
        planned.set()
        assert set(monitor.close()) == {slow, stopped}
