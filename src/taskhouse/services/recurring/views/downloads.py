"""The two downloads: all instances of a list, and what is upstream and downstream of one. Their names and columns are fixed (D-59).

Baselines are not there yet; their column is, and stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from taskhouse.domain.instance_graph import ROOT_ID
from taskhouse.domain.neighbourhood import Direction, Neighbour
from taskhouse.domain.normalise import waiting_detail
from taskhouse.domain.recurring import Priority
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.schedule import Cycle
from taskhouse.domain.status import PAUSED_LABEL, StatusClass, display_label
from taskhouse.ports.recurring_store import BriefPage, Inside
from taskhouse.services.recurring.views.dag import ROOT_NAME
from taskhouse.services.recurring.views.instance_lines import CHIPS, status_text
from taskhouse.services.recurring.views.instance_list import EXPORT_LINES, ListRequest, permitted
from taskhouse.services.recurring.views.level_by_level import Around
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.scene import Scene, around, zone_of
from taskhouse.services.recurring.views.task_facts import TaskFacts, Version, facts_of
from taskhouse.services.spreadsheet import Column, Kind, spreadsheet, spreadsheet_of_columns
from taskhouse.services.world import World

MAX_LEVELS = 10
MAX_NEIGHBOURS = 100_000

INSTANCE_COLUMNS = (
    Column("Instance object", width=28),
    Column("Instance ID"),
    Column("Running status", width=32),
    Column("Schedule epoch"),
    Column("Data timestamp", Kind.DATE),
    Column("Priority"),
    Column("Owner", width=20),
    Column("Project", width=20),
    Column("Scheduled time", Kind.TIME, 20),
    Column("Start time", Kind.TIME, 20),
    Column("End time", Kind.TIME, 20),
    Column("Runtime", Kind.DURATION),
    Column("Retry count/auto-retry count"),
    Column("Related baseline instances", width=24),
    Column("Schedule resource group", width=20),
)

NEIGHBOUR_COLUMNS = (
    Column("Direction"),
    Column("Level", Kind.NUMBER, 8),
    Column("Instance object", width=28),
    Column("Instance ID"),
    Column("Node type", width=24),
    Column("Running status", width=32),
    Column("Schedule epoch"),
    Column("Data timestamp", Kind.DATE),
    Column("Scheduled time", Kind.TIME, 20),
    Column("Start", Kind.TIME, 20),
    Column("End", Kind.TIME, 20),
    Column("Duration", Kind.DURATION),
    Column("Priority"),
    Column("Owner", width=20),
    Column("Project", width=20),
    Column("Related baseline instances", width=24),
    Column("Tags", width=20),
)


@dataclass(frozen=True, slots=True)
class Download:
    """`content` is written while it is read."""

    file_name: str
    content: Iterator[bytes]


def instances(world: World, actor: Actor, request: ListRequest) -> Download:
    """All instances that the list would show, in its order: integration, computing and modeling together. One store call for each 5000.
    Raises `ViewRefused` before the first byte."""
    query = permitted(world, actor, request)
    zone, now = zone_of(world), world.clock.now()
    clock = _Clock(zone, now)
    words = _Words()

    def batches() -> Iterator[Sequence[Sequence[object]]]:
        marker = ""
        while True:
            found = world.recurring.brief(query, marker, EXPORT_LINES)
            facts = facts_of(world.recurring, found.publications)
            for first in range(0, len(found.ids), _BATCH):
                part = slice(first, first + _BATCH)
                yield instance_columns(found, part, facts, words, clock)
            marker = found.marker
            if not marker:
                return

    name = f"{world.features.download_name}_{_stamp(now, zone)}.xlsx"
    return Download(name, spreadsheet_of_columns("Recurring instances", INSTANCE_COLUMNS, batches()))


class _Words(dict[Inside, str]):
    """Statuses in words, each worked out once."""

    def __missing__(self, inside: Inside) -> str:
        found = self[inside] = status_text(inside.fields, inside.nodes, inside.waiting, paused=inside.is_paused)
        return found


class _Clock(dict[int, int]):
    """From stored times to cells: days since 1899-12-30 on the tenant's clocks. Keeps the zone's offset (seconds) of each quarter of an
    hour, which is as often as any zone's changes."""

    def __init__(self, zone: tzinfo, now: datetime) -> None:
        super().__init__()
        self._zone = zone
        self.now_us = (now - _EPOCH) // timedelta(microseconds=1)

    def __missing__(self, quarter: int) -> int:
        at = datetime.fromtimestamp(quarter * 900, self._zone)
        found = self[quarter] = round((at.utcoffset() or timedelta(0)).total_seconds())
        return found

    def cells(self, times_us: Iterable[int | None]) -> list[float | None]:
        return [
            None if at is None else (at // 1_000_000 + self[at // 900_000_000]) / 86_400 + _DAYS_BEFORE_1970
            for at in times_us
        ]

    def seconds(self, started_us: Iterable[int | None], ended_us: Iterable[int | None]) -> list[int | None]:
        """From the starts to the ends, to now where there is none."""
        now = self.now_us
        return [
            None if started is None else max(0, (now if ended is None else ended) - started) // 1_000_000
            for started, ended in zip(started_us, ended_us, strict=True)
        ]


_BATCH = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_BEFORE_1970 = 25_569


def instance_columns(
    brief: BriefPage, part: slice, facts: Mapping[Version, TaskFacts], words: _Words, clock: _Clock
) -> tuple[Sequence[object], ...]:
    """Of some of the lines, in the order of `INSTANCE_COLUMNS`."""
    cells = [facts[key].cells for key in brief.publications[part]]
    cycles, owners, projects, groups, retries = zip(*cells, strict=True)
    started, ended = brief.started_us[part], brief.ended_us[part]
    used_of = zip(retries, brief.retried[part], strict=True)
    return (
        brief.names[part],
        list(map(str, brief.ids[part])),
        list(map(words.__getitem__, brief.insides[part])),
        cycles,
        brief.bizdates[part],
        list(map(_PRIORITY_LABELS.__getitem__, brief.priorities[part])),
        owners,
        projects,
        clock.cells(brief.due_us[part]),
        clock.cells(started),
        clock.cells(ended),
        clock.seconds(started, ended),
        [allowed[used] if used < len(allowed) else f"{used}/{len(allowed) - 1}" for allowed, used in used_of],
        (None,) * len(cells),
        groups,
    )


_PRIORITY_LABELS = {priority: priority.label for priority in Priority}


def neighbours(world: World, actor: Actor, instance: int, levels: int | None) -> Download:
    """An instance with what is upstream and downstream of it; levels None: all. Store calls as for the DAG. Raises `ViewRefused`
    (NOT_FOUND, FORBIDDEN, LIMIT_EXCEEDED)."""
    if levels is not None and not 1 <= levels <= MAX_LEVELS:
        message = f"levels = {levels}: there are 1 to {MAX_LEVELS}, or unlimited"
        raise ViewRefused(ViewCode.LIMIT_EXCEEDED, message, About(0, "levels"))
    scene, found = around(world, actor, instance, Around(levels, levels, MAX_NEIGHBOURS + 1))
    if len(found.neighbours) > MAX_NEIGHBOURS:
        message = f"there are more than {MAX_NEIGHBOURS} instances around it; choose fewer levels"
        raise ViewRefused(ViewCode.LIMIT_EXCEEDED, message, About(instance, ""))
    order = (Direction.CENTRE, Direction.UPSTREAM, Direction.DOWNSTREAM)
    ordered = sorted(found.neighbours, key=lambda each: (order.index(each.direction), each.level))
    name = _file_part(scene.graph.instances[scene.at(instance)].name)
    return Download(
        f"{name}_upstream_and_downstream_nodes_{_stamp(scene.now, scene.zone)}.xlsx",
        spreadsheet("Nodes", NEIGHBOUR_COLUMNS, (neighbour_row(scene, each) for each in ordered)),
    )


def neighbour_row(scene: Scene, each: Neighbour) -> tuple[object, ...]:
    """In the order of `NEIGHBOUR_COLUMNS`. Of instances that may not be seen only name and project are told."""
    graph, at = scene.graph, each.instance
    if at == len(graph.instances):
        where: tuple[object, ...] = (each.direction.value, each.level, ROOT_NAME, str(ROOT_ID), "VIRTUAL_NODE")
        return (*where, StatusClass.SUCCEEDED.label, *[None] * 11)
    row, task = graph.instances[at], scene.task(at)
    where = (each.direction.value, each.level, row.name, str(row.id))
    if not scene.may(Action.VIEW, at):
        return (*where, *[None] * 10, row.project, None, None)
    times = scene.times(graph.nodes_of_instance[at])
    facts = TaskFacts.of(task)
    return (
        *where,
        task.node_type,
        scene_status(scene, at),
        _cycle(row.cycle),
        row.bizdate,
        local(row.due_at, scene.zone),
        local(times.started_at, scene.zone),
        local(times.ended_at, scene.zone),
        times.duration,
        scene.priority(at).label,
        ",".join(facts.owners),
        ",".join(facts.projects),
        None,
        ",".join(row.tags),
    )


def scene_status(scene: Scene, instance: int) -> str:
    """As `status_text`, from present states."""
    graph, snapshot = scene.graph, scene.snapshot
    fields = graph.fields_of_instance[instance]
    if len(fields):
        counts: dict[StatusClass, int] = {}
        for field in fields:
            status = snapshot.field_status(field)
            if status is not None:
                counts[status] = counts.get(status, 0) + 1
        return ", ".join(f"{cls.label} {counts[cls]}" for cls in CHIPS if counts.get(cls))
    nodes = graph.nodes_of_instance[instance]
    statuses = [snapshot.status[node] for node in nodes]
    if any(node in snapshot.paused for node in nodes):
        return PAUSED_LABEL
    shown = waiting_detail(statuses) or statuses[0]
    return display_label(shown, paused=False)


def _stamp(now: datetime, zone: tzinfo) -> str:
    return f"{now.astimezone(zone):%Y%m%d%H%M%S}"


def _file_part(name: str) -> str:
    """A task's name as part of a file's: what file systems do not take becomes an underscore."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).strip(" .")[:120] or "task"


@lru_cache(8)
def _cycle(cycle: Cycle) -> str:
    return cycle.value.capitalize()


def local(at: datetime | None, zone: tzinfo) -> datetime | None:
    """On the tenant's clocks, without a zone and to the second."""
    return None if at is None else at.astimezone(zone).replace(tzinfo=None, microsecond=0)
