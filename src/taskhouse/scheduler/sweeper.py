"""Housekeeping: what nobody needs any more is deleted, a little at a time, in the background.

Old instances with their results, result files that no instance names, the folders and blobs in the trash, files that tables
have left behind. Each kind of work is a function `(world, now) -> how many`; one that fails is logged and tried again next time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from taskhouse.ports.catalogue_store import Trash, TrashKind
from taskhouse.services.catalogue import housekeeping
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)

INTERVAL_S = 600.0
_BATCH = 500

Chore: TypeAlias = Callable[[World, datetime], int]


def forget_instances(world: World, now: datetime) -> int:
    """Delete instances that ended longer than `result_days` ago, with their result files."""
    before = now - timedelta(days=world.limits.result_days)
    count = 0
    while True:
        forgotten, files = world.instances.forget_before(before, _BATCH)
        for name in files:
            (world.results / name).unlink(missing_ok=True)
        count += forgotten
        if forgotten < _BATCH:
            return count


def empty_trash(world: World, now: datetime) -> int:
    """Delete folders of dropped tables and blobs of dropped resources, once no reader can be left."""
    before = now - timedelta(hours=world.limits.retention_hours)
    count = 0
    while True:
        items = world.catalogue.trash(before, _BATCH)
        for item in items:
            _delete(world, item)
        world.catalogue.forget_trash(items)
        count += len(items)
        if len(items) < _BATCH:
            return count


def _delete(world: World, item: Trash) -> None:
    match item.kind:
        case TrashKind.TABLE:
            world.warehouse.drop(item.key)
        case TrashKind.BLOB:
            (world.blobs / item.key).unlink(missing_ok=True)


CHORES: tuple[Chore, ...] = (forget_instances, housekeeping.drop_expired, empty_trash, housekeeping.vacuum)


class Sweeper:
    """Runs the chores every `interval_s` seconds, on one thread."""

    def __init__(self, world: World, chores: Sequence[Chore] = CHORES, interval_s: float = INTERVAL_S) -> None:
        self._world = world
        self._chores = tuple(chores)
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="taskhouse-sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def sweep(self) -> None:
        """All chores once, in the caller's thread."""
        for chore in self._chores:
            if self._ended.is_set():
                return
            try:
                count = chore(self._world, self._world.clock.now())
            except Exception:
                if not self._ended.is_set():
                    _log.exception("a chore failed", chore=chore.__name__)
                continue
            if count:
                _log.info("swept", chore=chore.__name__, count=count)

    def _loop(self) -> None:
        while not self._ended.wait(self._interval_s):
            with contextlib.suppress(Exception):
                self.sweep()
