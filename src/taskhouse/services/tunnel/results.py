"""Reading the rows of a SELECT: download sessions over the result file of an instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceStatus, ResultKind, Task, TaskStatus
from taskhouse.domain.transfer import ResultDownload
from taskhouse.services import inspect_instances
from taskhouse.services.tunnel.download import WireColumn, padded
from taskhouse.services.world import Caller, World
from taskhouse.sql.arrow import stored_type


def begin(world: World, caller: Caller, project: str, instance_id: str, *, limited: bool) -> ResultDownload:
    """`limited`: no more rows than `?result` shows.

    Raises `Fault`: NO_SUCH_OBJECT, NO_PERMISSION, NOT_TERMINATED, INSTANCE_TYPE for anything but a SELECT that succeeded: clients
    then turn to `?result`.
    """
    instance = inspect_instances.get(world, caller, project, instance_id)
    task = _select_of(instance)
    rows = min(task.result_rows, world.limits.result_rows) if limited else task.result_rows
    now = world.clock.now()
    download = ResultDownload(
        id=world.ids.token(),
        project=project,
        instance_id=instance_id,
        user=caller.user,
        task_index=task.index,
        result_file=task.result_file,
        rows=rows,
        columns=task.result_columns,
        created_at=now,
        touched_at=now,
    )
    world.sessions.create_download(download)
    return download


def _select_of(instance: Instance) -> Task:
    if instance.status is not InstanceStatus.TERMINATED:
        raise Fault(FaultCode.NOT_TERMINATED, f"instance '{instance.id}' has not ended yet")
    for task in reversed(instance.tasks):
        if task.status is TaskStatus.SUCCESS and task.result_kind is ResultKind.ROWS:
            return task
    ended = ", ".join(f"{task.spec.name} {task.status.value}" for task in instance.tasks)
    raise Fault(
        FaultCode.INSTANCE_TYPE, f"instance '{instance.id}' has no rows: it is not a SELECT that succeeded ({ended})"
    )


def find(world: World, caller: Caller, project: str, instance_id: str, session_id: str) -> ResultDownload:
    """Raises `Fault` NO_SUCH_OBJECT, also for a session that is somebody else's, and NO_PERMISSION."""
    inspect_instances.head(world, caller, project, instance_id)
    download = world.sessions.result_download(session_id, world.clock.now())
    if download is None or download.instance_id != instance_id or download.user != caller.user:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - download session '{session_id}'")
    return download


def wire_columns(download: ResultDownload) -> list[WireColumn]:
    """The result's columns; `stored_as` is the place in the file, since a SELECT may give two columns the same name."""
    return [WireColumn(name, str(place), parse_type(text)) for place, (name, text) in enumerate(download.columns)]


def rows(
    world: World, download: ResultDownload, columns: Sequence[WireColumn], start: int, count: int
) -> Iterator[pa.RecordBatch]:
    """Rows `start` up to `start + count` (or the end) in the stored form, in the order of the result.

    Raises `Fault` NO_SUCH_OBJECT when the result has been deleted.
    """
    path = world.results / download.result_file
    end = min(start + count, download.rows)
    if start >= end:
        return
    sizes = _batch_sizes(path)
    schema = pa.schema([pa.field(column.name, stored_type(column.type)) for column in columns])
    places = [int(column.stored_as) for column in columns]
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        before = 0
        for number, size in enumerate(sizes):
            first, last = max(start - before, 0), min(end - before, size)
            if first < last:
                batch = reader.get_batch(number).slice(first, last - first)
                arrays = [
                    padded(batch.column(place), column.type) for place, column in zip(places, columns, strict=True)
                ]
                yield pa.record_batch(arrays, schema=schema)
            before += size
            if before >= end:
                return


def _batch_sizes(path: Path) -> list[int]:
    """Rows of each batch of the file; only the first column is looked at."""
    options = pa.ipc.IpcReadOptions(included_fields=[0])
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_file(source, options=options) as reader:
            return [reader.get_batch(number).num_rows for number in range(reader.num_record_batches)]
    except FileNotFoundError:
        raise Fault(
            FaultCode.NO_SUCH_OBJECT, "Object not found - the result of this instance has been deleted"
        ) from None
