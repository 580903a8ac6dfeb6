"""Work grows with the graph, not with its square: the same layered graphs at 1,000, 10,000 and 100,000 node instances, through generation,
loading, the scheduler, and a rerun of everything downstream of one root. What is counted are statements (one for each row of a
batch), steps of SQLite's machine, calls of Python functions, and what the domain is asked; never time."""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.node_state import RunOutcome
from taskhouse.domain.operations.request import DownstreamScope, RerunDownstream, Target
from taskhouse.domain.published import Program, ProgramKind, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.executor import AttemptOrder, Prepared
from taskhouse.scheduler.recurring import core
from taskhouse.scheduler.recurring.core import RecurringScheduler
from taskhouse.services.recurring.apply_operation import apply
from taskhouse.services.recurring.generate import generate_date
from taskhouse.services.recurring.held_executor import HeldExecutor
from taskhouse.services.recurring.preview_operation import preview
from taskhouse.sim.people import ACTORS, Desk
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.recurring import SqlRecurringStore

RUN_DATE = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHT = NOW - timedelta(days=1)
WIDTH = 100
STEEPEST = 1.2
"""Exponent of growth; 1 is linear."""
FEW = 100
"""Counts below this at the smaller size say nothing of growth, and count as this many."""

Counts = dict[str, tuple[int, Counter[str]]]
"""By phase: the nodes that it is about, and what it took."""


class Instantly(HeldExecutor):
    """Every attempt succeeds at once."""

    def prepare(self, orders: Sequence[AttemptOrder]) -> Sequence[Prepared]:
        return [Prepared(order.generated, outcome=RunOutcome(order.node, order.serial)) for order in orders]

    def holds_slot(self, kind: ProgramKind) -> bool:
        return False


def layered(layers: int) -> list[PublishedTask]:
    """Each script of a layer depends on three random ones of the layer before."""
    chance = random.Random(1)
    names = [[f"l{layer}_{at}" for at in range(WIDTH)] for layer in range(layers)]
    ups: dict[str, list[str]] = {name: [] for name in names[0]}
    for above, below in pairwise(names):
        ups.update((name, chance.sample(above, 3)) for name in below)
    return [
        PublishedTask(
            f"p.{name}",
            name,
            "p",
            Environment.PROD,
            BizType.SCRIPT,
            Schedule(Cycle.DAY, time(1)),
            (PublishedNode(f"p.{name}", name, Program(ProgramKind.SQL)),),
            dependencies=tuple(Dependency(f"p.{up}") for up in above) or (Dependency(ROOT),),
            retry=RetryPolicy(retries=0),
            published_at=NIGHT,
        )
        for name, above in ups.items()
    ]


@contextmanager
def counted(found: Counter[str], patch: pytest.MonkeyPatch, *, calls: bool) -> Iterator[None]:
    """Everything that happens inside, on connections that are opened inside."""

    def listen(connection: object, record: object) -> None:
        def statement(text: str) -> None:
            found["statements"] += 1

        def steps() -> int:
            found["steps of SQLite"] += 100
            return 0

        connection.set_trace_callback(statement)
        connection.set_progress_handler(steps, 100)

    real_step, real_dispatch = core.next_step, core.dispatch

    def step(node, now):
        found["questions to the domain"] += 1
        return real_step(node, now)

    def dispatch(queue, running, *rest):
        queue, running = list(queue), list(running)
        found["questions to the domain"] += len(queue) + len(running)
        return real_dispatch(queue, running, *rest)

    def call(frame: object, what: str, argument: object) -> None:
        if what == "call":
            found["calls of functions"] += 1

    patch.setattr(core, "next_step", step)
    patch.setattr(core, "dispatch", dispatch)
    event.listen(Engine, "connect", listen)
    if calls:
        sys.setprofile(call)
    try:
        yield
    finally:
        sys.setprofile(None)
        event.remove(Engine, "connect", listen)
        patch.undo()


def one_size(layers: int, folder: Path, *, calls: bool = False) -> Counts:
    """`calls`: those of Python functions are counted, too, which takes long."""
    phases: Counts = {}
    size = layers * WIDTH
    path = folder / f"{layers}.db"
    database = Database(path)
    migrate(database)
    store = SqlRecurringStore(database)
    store.publish(Environment.PROD, layered(layers), (), NIGHT, expected=0)
    database.close()

    @contextmanager
    def phase(name: str) -> Iterator[SqlRecurringStore]:
        found: Counter[str] = Counter()
        phases[name] = (size, found)
        with pytest.MonkeyPatch.context() as patch, counted(found, patch, calls=calls):
            opened = Database(path)
            try:
                yield SqlRecurringStore(opened)
            finally:
                opened.close()

    with phase("generation") as store:
        assert generate_date(store, Environment.PROD, RUN_DATE, NIGHT, UTC) == size
    with phase("run") as store:
        desk = Desk("desk", store, random.Random(1), lambda: NOW, [], print, print)
        book = desk.world.books.of(Environment.PROD)
        scheduler = RecurringScheduler(store, book, Instantly(), "one", lambda: UTC)
        scheduler.open()
        while scheduler.step(NOW).changed:
            pass
        assert len(book.states) == size and all(state.status is NodeStatus.SUCCESS for state in book.states)
    with phase("rerun downstream") as store:
        desk = Desk("desk", store, random.Random(1), lambda: NOW, [], print, print)
        (root,) = (r.row.id for r, _ in store.earlier(Environment.PROD, "p.l0_0", RUN_DATE))
        request = RerunDownstream(Target(root), scope=DownstreamScope.FINAL)
        shown = preview(desk.world, ACTORS[0], request)
        assert shown.plan is not None and len(shown.plan.changes) > size / 2
        phases["rerun downstream"] = (len(shown.plan.changes), phases["rerun downstream"][1])
        assert not apply(desk.world, ACTORS[0], request, digest=shown.digest).refusals
    return phases


def too_steep(small: Counts, large: Counts) -> list[str]:
    """Phases and counts that grow faster with the number of nodes than they may."""
    found = []
    for phase, (nodes, counts) in large.items():
        nodes_before, before = small[phase]
        for what, count in counts.items():
            times = count / max(before[what], FEW)
            exponent = math.log(times) / math.log(nodes / nodes_before) if times > 1 else 0.0
            if exponent >= STEEPEST:
                found.append(f"{phase}: {before[what]:,} -> {count:,} {what}, exponent {exponent:.2f}")
    return found


def test_a_thousand_and_ten_thousand(tmp_path: Path) -> None:
    small, large = one_size(10, tmp_path), one_size(100, tmp_path)
    assert {what for _, counts in large.values() for what in counts} == {
        "statements",
        "steps of SQLite",
        "questions to the domain",
    }
    assert too_steep(small, large) == []


def test_calls_of_functions(tmp_path: Path) -> None:
    small, large = one_size(10, tmp_path, calls=True), one_size(40, tmp_path, calls=True)
    assert all(counts["calls of functions"] > 10 * nodes for nodes, counts in large.values())
    assert too_steep(small, large) == []


@pytest.mark.slow
def test_ten_thousand_and_a_hundred_thousand(tmp_path: Path) -> None:
    small, large = one_size(100, tmp_path), one_size(1000, tmp_path)
    assert too_steep(small, large) == []
