"""Runs seeds, one or thousands, and tells what was found so that a person can follow it."""

from __future__ import annotations

import logging
import multiprocessing
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import structlog

from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.sim.world import Violation, World

_FAST = Path("/dev/shm")
"""Memory in the form of a disk: what is simulated is the death of processes, not of machines."""

TOLD = 40
"""Lines of a trace."""


@dataclass(frozen=True)
class Finding:
    """A seed whose world went wrong: after how many steps, what was wrong, and what happened last."""

    seed: int
    steps: int
    wrong: tuple[str, ...]
    trace: tuple[str, ...]


@contextmanager
def a_store(kind: str) -> Iterator[RecurringStore]:
    """`memory` or `sqlite`, empty."""
    if kind == "memory":
        yield MemoryRecurringStore()
        return
    from taskhouse.store.database import Database
    from taskhouse.store.recurring import SqlRecurringStore

    with tempfile.TemporaryDirectory(prefix="taskhouse-sim-", dir=_FAST if _FAST.is_dir() else None) as folder:
        path = Path(folder) / "sim.db"
        path.write_bytes(_empty_database())
        database = Database(path)
        try:
            yield SqlRecurringStore(database)
        finally:
            database.close()


@cache
def _empty_database() -> bytes:
    """A migrated one, made once a process."""
    from taskhouse.store.database import Database
    from taskhouse.store.migrations import migrate

    with tempfile.TemporaryDirectory(prefix="taskhouse-sim-") as folder:
        path = Path(folder) / "empty.db"
        database = Database(path)
        migrate(database)
        database.close()
        return path.read_bytes()


def try_seed(seed: int, steps: int, store: str = "memory", *, told: int = TOLD) -> tuple[Finding | None, list[str]]:
    """One world for a number of steps: what is wrong with it, None when nothing is, and the last of what happened."""
    with _silent(), a_store(store) as opened:
        world = World(seed, opened)
        try:
            world.run(steps)
        except Violation as violation:
            wrong = tuple(violation.found)
        except Exception as error:
            wrong = (f"{type(error).__name__}: {error}", *_origin(error))
        else:
            return None, world.trace(told)
        trace = world.trace(told)
        return Finding(seed, world.steps_done, wrong, tuple(trace)), trace


def _finding(seed: int, steps: int, store: str) -> Finding | None:
    return try_seed(seed, steps, store)[0]


def try_seeds(
    seeds: Sequence[int], steps: int, store: str = "memory", *, jobs: int = 1, enough: int = 5
) -> Iterator[tuple[int, Finding | None]]:
    """Each seed with what was found, in order; ends after `enough` findings."""
    found = 0
    work: Callable[[int], Finding | None] = partial(_finding, steps=steps, store=store)
    if jobs == 1:
        results: Iterator[Finding | None] = map(work, seeds)
        pool = None
    else:
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
        results = iter(pool.map(work, seeds, chunksize=max(1, min(50, len(seeds) // (4 * jobs)))))
    try:
        for seed, finding in zip(seeds, results, strict=True):
            yield seed, finding
            found += finding is not None
            if found >= enough:
                return
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def shortest(finding: Finding, store: str = "memory", *, told: int = TOLD) -> Finding:
    """The same seed for as few steps as still go wrong. A world that goes wrong at a step does so whatever would come later, so
    only what was found in the calm at the end can be found earlier."""
    least, most, best = 0, finding.steps, finding
    while least < most:
        middle = (least + most) // 2
        again, _ = try_seed(finding.seed, middle, store, told=told)
        if again is None:
            least = middle + 1
        else:
            best, most = again, middle
    return best


def _origin(error: BaseException) -> list[str]:
    return [
        f"  at {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-6:]
    ]


@contextmanager
def _silent() -> Iterator[None]:
    """What servers log of faults is of no interest: there are thousands."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
