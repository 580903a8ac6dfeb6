"""The sweeper: runs the housekeeping of `services.housekeeping` in the background, each kind at its own pace.

A chore that fails is logged and tried again when its turn comes; it never disturbs requests or other chores.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from taskhouse.services import housekeeping
from taskhouse.services.tunnel import housekeeping as sessions
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)

_TICK_S = 60.0


@dataclass(frozen=True, slots=True)
class Chore:
    """`work(world, now)` returns how many things it removed. `every_s`: seconds from one start to the next."""

    work: Callable[[World, datetime], int]
    every_s: float


CHORES = (
    Chore(housekeeping.forget_instances, 600.0),
    Chore(housekeeping.forget_recurring, 3600.0),
    Chore(sessions.forget_sessions, 600.0),
    Chore(housekeeping.empty_trash, 600.0),
    Chore(housekeeping.expire_tables, 600.0),
    Chore(housekeeping.expire_partitions, 600.0),
    Chore(housekeeping.vacuum_tables, 6 * 3600.0),
)


class Sweeper:
    """One thread. The first round begins a minute after the start, so that a short-lived server does none."""

    def __init__(self, world: World, chores: Sequence[Chore] = CHORES) -> None:
        self._world = world
        self._due = {chore: time.monotonic() for chore in chores}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="taskhouse-sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def sweep(self) -> None:
        """All chores that are due, in the caller's thread."""
        for chore, due in self._due.items():
            if self._ended.is_set():
                return
            if time.monotonic() >= due:
                self._due[chore] = time.monotonic() + chore.every_s
                self._run(chore)

    def _run(self, chore: Chore) -> None:
        name = chore.work.__name__
        try:
            count = chore.work(self._world, self._world.clock.now())
        except Exception:
            if not self._ended.is_set():
                _log.exception("a chore failed", chore=name)
            return
        if count:
            _log.info("swept", chore=name, count=count)

    def _loop(self) -> None:
        while not self._ended.wait(_TICK_S):
            self.sweep()
