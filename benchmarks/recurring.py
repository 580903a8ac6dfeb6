"""Recurring instances: how long graphs of no-op nodes take through the real scheduler and store, how long a day's generation.

Every change of a node is durable before the next one follows from it. The store is a new home's on the disk of the temporary folder.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from taskhouse.config import Config
from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.operations.request import DownstreamScope, RerunDownstream, Target
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, TableKind
from taskhouse.domain.roles import Actor
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.scheduler.recurring.core import RecurringScheduler
from taskhouse.services.recurring import apply_operation, preview_operation
from taskhouse.services.recurring.generate import generate_date
from taskhouse.services.recurring.run_attempt import TaskInstanceExecutor
from taskhouse.services.world import World
from taskhouse.wiring.server import Server

RUN_DATE = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_NIGHT = NOW - timedelta(days=1)
_EVERY_DAY = Schedule(Cycle.DAY)

AIMS = {"chain of 100": 0.1, "fan 1-1000-1": 0.5, "layered 10,000": 3.0}

Names = list[tuple[str, list[str]]]
"""Tasks with what each depends on."""


def chain(length: int) -> Names:
    return [(f"n{at}", [f"n{at - 1}"] if at else []) for at in range(length)]


def fan(width: int) -> Names:
    middle = [f"m{at}" for at in range(width)]
    return [("first", []), *((name, ["first"]) for name in middle), ("last", middle)]


def layered(layers: int, width: int, parents: int = 3, seed: int = 1) -> Names:
    """Each node of a layer has `parents` random ones of the layer before."""
    chance = random.Random(seed)
    names = [[f"l{layer}_{at}" for at in range(width)] for layer in range(layers)]
    found: Names = [(name, []) for name in names[0]]
    for above, below in pairwise(names):
        found += [(name, chance.sample(above, parents)) for name in below]
    return found


def script(
    name: str, ups: Sequence[str], kind: ProgramKind = ProgramKind.VIRTUAL, code: str = "", project: str = ""
) -> PublishedTask:
    return PublishedTask(
        f"bench.{name}",
        name,
        "bench",
        Environment.PROD,
        BizType.SCRIPT,
        _EVERY_DAY,
        (PublishedNode(f"bench.{name}", name, Program(kind, code, project)),),
        dependencies=tuple(Dependency(f"bench.{up}") for up in ups) or (Dependency(ROOT),),
        retry=RetryPolicy(retries=0),
        published_at=_NIGHT,
    )


def table(at: int, nodes: int, ups: Sequence[int]) -> PublishedTask:
    """A logical table with one field a node, that depends on other tables as a whole."""
    id = f"bench.t{at}"
    return PublishedTask(
        id,
        f"t{at}",
        "bench",
        Environment.PROD,
        BizType.LOGICAL_TABLE,
        _EVERY_DAY,
        tuple(
            PublishedNode(f"{id}_{n}", f"t{at}_{n}", Program(ProgramKind.VIRTUAL), values=(f"f{n}",), reads={f"bench.t{up}": frozenset({f"f{n}"}) for up in ups})
            for n in range(nodes)
        ),
        kind=TableKind.FACT,
        fields=tuple(PublishedField(f"f{n}") for n in range(nodes)),
        dependencies=tuple(Dependency(f"bench.t{up}") for up in ups) or (Dependency(ROOT),),
        published_at=_NIGHT,
    )  # fmt: skip


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """The world of a new home, with nothing running in it."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        server = Server(Config(home=Path(home), port=0, time_zone="UTC"))
        try:
            yield server.world
        finally:
            server.close()


def publish(world: World, tasks: Sequence[PublishedTask]) -> None:
    world.recurring.publish(Environment.PROD, tasks, (), _NIGHT, expected=0)


def scheduler(world: World) -> RecurringScheduler:
    executor = TaskInstanceExecutor(world, lambda: UTC)
    return RecurringScheduler(world.recurring, world.books.of(Environment.PROD), executor, "bench", lambda: UTC)


def run_graph(world: World, names: Names) -> float:
    """Seconds from a loaded, generated date to all nodes succeeded."""
    publish(world, [script(name, ups) for name, ups in names])
    generate_date(world.recurring, Environment.PROD, RUN_DATE, _NIGHT, UTC)
    made = scheduler(world)
    made.open()
    seconds = timed(lambda: settle(made))
    states = world.books.of(Environment.PROD).states
    assert len(states) == len(names) and all(state.status is NodeStatus.SUCCESS for state in states)
    assert all(state.attempt == 1 for state in world.recurring.states(state.id for state in states))
    return seconds


def settle(made: RecurringScheduler) -> None:
    while made.step(NOW).changed:
        pass


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rerun_downstream(world: World) -> tuple[float, float]:
    """Seconds of preview and of apply, from one root of the finished graph in `world`; the best of three previews."""
    book = world.books.of(Environment.PROD)
    root = next(record.row.id for record in book.records if record.row.name == "l0_0")
    request = RerunDownstream(Target(root), scope=DownstreamScope.FINAL)
    actor = Actor("bench", super_admin=True)
    shown = timed(lambda: preview_operation.preview(world, actor, request))
    decided = preview_operation.preview(world, actor, request)
    assert decided.is_accepted and decided.plan is not None
    print(f"{'  nodes that it runs again':<40} {len(decided.plan.changes):9,}")
    applied: list[apply_operation.Applied] = []
    done = timed(lambda: applied.append(apply_operation.apply(world, actor, request, digest=decided.digest)))
    assert not applied[0].refusals
    return shown, done


def run(folder: Path, *, tasks: int = 10_000, nodes: int = 10) -> None:
    print("\nno-op nodes through scheduler and store          s      aim")
    for label, names in (
        ("chain of 100", chain(100)),
        ("fan 1-1000-1", fan(1000)),
        ("layered 10,000", layered(100, 100)),
    ):
        with opened(folder) as world:
            print(f"{label:<40} {run_graph(world, names):9.3f} {AIMS[label]:8.1f}")
            if label.startswith("layered"):
                shown, done = rerun_downstream(world)
                print(f"{'  rerun downstream of one root: preview':<40} {shown:9.3f} {0.05:8.2f}")
                print(f"{'  apply':<40} {done:9.3f} {0.15:8.2f}")
    with opened(folder) as world:
        chance = random.Random(1)
        wanted = [table(at, nodes, chance.sample(range(at), min(at, 2))) for at in range(tasks)]
        publish(world, wanted)
        seconds = timed(lambda: generate_date(world.recurring, Environment.PROD, RUN_DATE, _NIGHT, UTC))
        print(f"{f'one day of {tasks:,} tasks, {tasks * nodes:,} nodes':<40} {seconds:9.3f} {20.0:8.1f}")
