"""Views of recurring instances, over a million of them: lists, DAG, critical path, spreadsheet.

A hundred data timestamps of 10,000 tasks, three in ten of them logical tables of three nodes. First nothing is in memory, as for a look at last month;
then the last date, as that of today is in a server; then all of them. Figures are the best of several calls.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks import seeded_instances
from taskhouse.config import Config
from taskhouse.domain.closure import Incidence, closure
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import StatusClass
from taskhouse.home import DATABASE
from taskhouse.ports.recurring_store import InstanceQuery, SortKey
from taskhouse.services.recurring.views import dag, downloads, field_page, gantt, instance_list
from taskhouse.services.recurring.views.instance_list import ListRequest
from taskhouse.services.world import World
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.wiring.server import Server

LAST = date(2026, 3, 1)
ACTOR = Actor("bench", super_admin=True)
PROD = Environment.PROD


def run(folder: Path, *, instances: int = 1_000_000, tasks: int = 10_000) -> None:
    began = time.perf_counter()
    with seeded(folder, instances, tasks) as world:
        print(f"\n{f'views of {instances:,} instances':<52} {'ms':>9}      aim")
        print(f"{'making them':<52} {(time.perf_counter() - began) * 1000:9.0f}")
        lists(world)
        pictures(world, instances, tasks)
        spreadsheets(world)
    closures()


@contextmanager
def seeded(folder: Path, instances: int, tasks: int) -> Iterator[World]:
    """The world of a home with so many instances, and nothing running in it."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        database = Database(Path(home) / DATABASE)
        try:
            migrate(database)
            seeded_instances.seed(database, instances, tasks, LAST)
        finally:
            database.close()
        seeded_instances.multiply(Path(home) / DATABASE, instances, tasks, LAST)
        server = Server(Config(home=Path(home), port=0, time_zone="UTC"))
        try:
            yield server.world
        finally:
            server.close()


def lists(world: World) -> None:
    def listed(query: InstanceQuery) -> Callable[[], object]:
        request = ListRequest(query)
        return lambda: instance_list.page(world, ACTOR, request, "", 50)

    failed = frozenset({StatusClass.FAILED})
    _show("first page of one date", best(listed(InstanceQuery(bizdates=(LAST,)))), 50)
    _show("  of all dates", best(listed(InstanceQuery())), 50)
    _show("  failed ones of an owner", best(listed(InstanceQuery(statuses=failed, owners=frozenset({"user42"})))), 50)
    _show(
        "  failed ones of a project, one date",
        best(listed(InstanceQuery(statuses=failed, projects=frozenset({"pay"}), bizdates=(LAST,)))),
        50,
    )
    _show("  one date by duration", best(listed(InstanceQuery(bizdates=(LAST,), sort=SortKey.DURATION))), 50)
    _show(
        "  all dates by name, part of a name",
        best(listed(InstanceQuery(text="t042", sort=SortKey.NAME, descending=False))),
        50,
    )
    one_date = ListRequest(InstanceQuery(bizdates=(LAST,)))
    _show("counts by status of one date", best(lambda: instance_list.counts(world, ACTOR, one_date)), 50)
    _show("  of all dates", best(lambda: instance_list.counts(world, ACTOR, ListRequest())), None)


def pictures(world: World, instances: int, tasks: int) -> None:
    book = world.books.of(PROD)
    dates = [LAST - timedelta(days=day) for day in range(max(1, round(instances / tasks)))]
    middle, bottom = _instance(world, tasks // 2), _instance(world, tasks - 1)

    def picture() -> object:
        return dag.dag(world, ACTOR, middle, up=2, down=2)

    print(f"{'instances in the DAG':<52} {len(dag.dag(world, ACTOR, middle, up=2, down=2).instances):9d}")
    _show("DAG of two levels, its date not in memory", best(picture), 20)
    _show(
        "fields of a table, its date not in memory",
        best(lambda: field_page.fields_of(world, ACTOR, _table(world))),
        None,
    )
    _show("loading one date of 10,000 instances", once(lambda: book.cover([LAST])), None)
    _show("DAG of two levels, its date in memory", best(picture), 20)
    _show("critical path in one date", best(lambda: gantt.gantt(world, ACTOR, bottom)), None)
    _show(f"loading all {len(dates)} dates", once(lambda: book.cover(dates)), None)
    _show(f"DAG of two levels, {instances:,} in memory", best(picture), 20)
    _show(f"critical path, {instances:,} in memory", best(lambda: gantt.gantt(world, ACTOR, bottom)), 200)


def spreadsheets(world: World) -> None:
    request = ListRequest(InstanceQuery(bizdate_from=LAST - timedelta(days=9), bizdate_to=LAST))
    rows = instance_list.counts(world, ACTOR, request).total

    def download() -> int:
        return sum(len(part) for part in downloads.instances(world, ACTOR, request).content)

    _show(f"xlsx of {rows:,} instances", best(download, 3), 1_000)


def closures(incidences: int = 1_000_000) -> None:
    """One component of fields and nodes: each of 100,000 nodes writes ten fields, one of them its neighbour's, too."""
    nodes = incidences // 10
    pairs = [(node * 9 + at, node) for node in range(nodes) for at in range(10)]
    fields = nodes * 9 + 1
    incidence = Incidence.from_pairs(fields, nodes, pairs)
    found = closure(incidence, [0])
    assert len(list(found.fields)) == fields and len(list(found.nodes)) == nodes
    _show(f"closure of one field over {incidences:,} incidences", best(lambda: closure(incidence, [0]), 3), 500)


def _instance(world: World, task: int) -> int:
    query = InstanceQuery(bizdates=(LAST,), text=f"t{task:05}")
    return world.recurring.page(query, "", 1).items[0].record.row.id


def _table(world: World) -> int:
    query = InstanceQuery(bizdates=(LAST,), biz_type=BizType.LOGICAL_TABLE)
    return world.recurring.page(query, "", 1).items[0].record.row.id


def once(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def best(work: Callable[[], object], calls: int = 5) -> float:
    return min(once(work) for _ in range(calls))


def _show(label: str, ms: float, aim: float | None) -> None:
    print(f"{label:<52} {ms:9.1f} {'' if aim is None else f'{aim:8.0f}'}", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="taskhouse-views-") as temporary:
        print(datetime.now(UTC).isoformat(timespec="seconds"))
        run(Path(temporary))
