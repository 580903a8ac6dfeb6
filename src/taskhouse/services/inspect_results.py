"""Looking at the rows of a SELECT: a window of them as texts, or all as CSV, within what a result shows."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from taskhouse.domain.datatypes import DataType, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, ResultKind, Task
from taskhouse.services import csv_text, inspect_instances
from taskhouse.services.world import Caller, World

MAX_WINDOW = 1_000
"""Rows of one window."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    name: str
    type: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class ResultWindow:
    """Rows from `start` on; None is NULL. `total` is what can be looked at, `all_rows` what the SELECT gave: a result shows its first rows
    only."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    start: int
    total: int
    all_rows: int


def window(
    world: World, caller: Caller, project: str, instance_id: str, task: int, start: int, count: int
) -> ResultWindow:
    """Raises `Fault`: NO_SUCH_OBJECT for an instance, a task or a result that is not there, NO_PERMISSION."""
    found = _select(inspect_instances.get(world, caller, project, instance_id), task)
    columns = _columns(found)
    zone = csv_text.zone(_time_zone(found))
    total = min(found.result_rows, world.limits.result_rows)
    end = min(start + min(count, MAX_WINDOW), total)
    rows: list[tuple[str | None, ...]] = []
    before = 0
    try:
        with pa.memory_map(str(world.results / found.result_file)) as source, pa.ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                if before >= end:
                    break
                batch = reader.get_batch(number)
                first, last = max(start - before, 0), min(end - before, batch.num_rows)
                if first < last:
                    part = batch.slice(first, last - first)
                    cells = [csv_text.cell_texts(part.column(i), type_, zone) for i, (_, type_) in enumerate(columns)]
                    rows.extend(zip(*cells, strict=True))
                before += batch.num_rows
    except FileNotFoundError:
        raise _gone(instance_id) from None
    shown = tuple(ResultColumn(name, str(type_), type_.is_number) for name, type_ in columns)
    return ResultWindow(shown, tuple(rows), start, total, found.result_rows)


def as_csv(world: World, caller: Caller, project: str, instance_id: str, task: int) -> bytes:
    """All rows that a result shows. Raises `Fault` as `window`."""
    found = _select(inspect_instances.get(world, caller, project, instance_id), task)
    path = str(world.results / found.result_file)
    try:
        return csv_text.csv_file(path, _columns(found), _time_zone(found), world.limits.result_rows)
    except FileNotFoundError:
        raise _gone(instance_id) from None


def _select(instance: Instance, index: int) -> Task:
    for task in instance.tasks:
        if task.index == index and task.result_kind is ResultKind.ROWS and task.result_file:
            return task
    raise Fault(FaultCode.NO_SUCH_OBJECT, f"task {index} of instance '{instance.id}' has no rows")


def _columns(task: Task) -> list[tuple[str, DataType]]:
    return [(name, parse_type(text)) for name, text in task.result_columns]


def _time_zone(task: Task) -> str:
    return str(task.summary.get("time_zone") or task.spec.settings.get("odps.sql.timezone") or "UTC")


def _gone(instance_id: str) -> Fault:
    return Fault(FaultCode.NO_SUCH_OBJECT, f"the result of instance '{instance_id}' is not kept any more")
