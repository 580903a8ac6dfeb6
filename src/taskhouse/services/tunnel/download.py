"""Download sessions: the rows of a table, or of one partition, as they were at one moment.

The session keeps the list of files of that moment. Files that the table has let go of stay on disk for the retention time, so
every range of rows gives the same rows again until the session is forgotten, whatever is written meanwhile. A client that asks
about a session after the table's data changed is told that it has expired: clients keep sessions and reuse them, and would
otherwise never see new rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taskhouse.domain.catalogue import Table, TableName
from taskhouse.domain.datatypes import DataType, Kind, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.transfer import Download
from taskhouse.services.catalogue import tables
from taskhouse.services.tunnel import target
from taskhouse.services.world import Caller, World
from taskhouse.sql.arrow import stored_type

_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class DownloadView:
    """A session as its client sees it. `expired`: the data are not those of the session any more."""

    download: Download
    table: Table
    expired: bool = False


@dataclass(frozen=True, slots=True)
class WireColumn:
    name: str
    stored_as: str
    type: DataType


def begin(world: World, caller: Caller, name: TableName, partition: str) -> DownloadView:
    """Raises `Fault`: NO_SUCH_TABLE, NO_PERMISSION, INVALID_ARGUMENT, NO_SUCH_PARTITION."""
    table = target.find_table(world, caller, name, target.READ)
    values = target.read_partition(table, partition)
    if table.is_partitioned:
        tables.find_partition(world, table, values)
    now = world.clock.now()
    download = Download(
        id=world.ids.token(),
        project=table.name.project,
        table_id=table.id,
        user=caller.user,
        partition=values,
        data_version=table.data_version,
        columns=target.columns_of(table),
        files=_files(world, table, values),
        created_at=now,
        touched_at=now,
    )
    world.sessions.create_download(download)
    world.catalogue.record_access(table.id, [values] if table.is_partitioned else [], now)
    return DownloadView(download, table)


def find(world: World, caller: Caller, name: TableName, session_id: str) -> DownloadView:
    """The session, and whether the table still is as it was; one of that name which was made anew is not.

    Raises `Fault` NO_SUCH_OBJECT for a session that is unknown, forgotten or somebody else's, NO_SUCH_TABLE, NO_PERMISSION.
    """
    download = world.sessions.download(session_id, world.clock.now())
    if download is None or download.project != name.project or download.user != caller.user:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - download session '{session_id}'")
    table = target.find_table(world, caller, name, target.READ)
    if table.id != download.table_id:
        return DownloadView(download, table, expired=True)
    expired = target.columns_of(table) != download.columns or (
        table.data_version != download.data_version
        and set(_files(world, table, download.partition)) != set(download.files)
    )
    return DownloadView(download, table, expired)


def find_for_rows(world: World, caller: Caller, name: TableName, session_id: str) -> Download:
    """The session, if its rows may be read. Raises `Fault` as `find`, and TABLE_MODIFIED when the table is another one now."""
    view = find(world, caller, name, session_id)
    if view.table.id != view.download.table_id:
        raise Fault(FaultCode.TABLE_MODIFIED, f"{name} was dropped and made again; begin a new session")
    return view.download


def _files(world: World, table: Table, partition: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    snapshot = world.warehouse.snapshot(table, [partition] if table.is_partitioned else None)
    return tuple((file.path, file.rows) for file in snapshot.files if file.rows)


def wire_columns(columns: Sequence[tuple[str, str, str]]) -> list[WireColumn]:
    return [WireColumn(name, stored_as, parse_type(text)) for name, stored_as, text in columns]


def selected(columns: Sequence[WireColumn], names: Sequence[str], *, in_order_of_names: bool) -> list[WireColumn]:
    """The columns asked for; none named means all. Raises `Fault` (InvalidArgument) for an unknown one."""
    if not names:
        return list(columns)
    known = {column.name.lower(): column for column in columns}
    for name in names:
        if name.lower() not in known:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"column '{name}' does not exist")
    if in_order_of_names:
        return [known[name.lower()] for name in names]
    wanted = {name.lower() for name in names}
    return [column for column in columns if column.name.lower() in wanted]


def rows(download: Download, columns: Sequence[WireColumn], start: int, count: int) -> Iterator[pa.RecordBatch]:
    """Rows `start` up to `start + count` (or the end) of the session in the stored form, column by column as asked.

    Raises `Fault` (TableModified) when a file is gone: the session is older than the retention time.
    """
    before = 0
    end = min(start + count, download.rows)
    for path, size in download.files:
        first, last = max(start - before, 0), min(end - before, size)
        if first < last:
            yield from file_rows(path, columns, first, last)
        before += size
        if before >= end:
            return


def file_rows(path: str, columns: Sequence[WireColumn], first: int, last: int) -> Iterator[pa.RecordBatch]:
    try:
        file = pq.ParquetFile(path, memory_map=True)
    except FileNotFoundError:
        raise Fault(
            FaultCode.TABLE_MODIFIED,
            f"the data of this session were deleted ({os.path.basename(path)}); begin a new one",
        ) from None
    with file:
        present = set(file.schema_arrow.names)
        wanted = [column.stored_as for column in columns if column.stored_as in present]
        meta = file.metadata
        groups: list[int] = []
        skip = before = 0
        for group in range(meta.num_row_groups):
            size = meta.row_group(group).num_rows
            if before + size <= first:
                skip += size
            elif before < last:
                groups.append(group)
            before += size
        at = skip
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=wanted, use_threads=False):
            low, high = max(first - at, 0), min(last - at, batch.num_rows)
            at += batch.num_rows
            if low < high:
                yield _shaped(batch.slice(low, high - low), columns)
            if at >= last:
                return


def _shaped(batch: pa.RecordBatch, columns: Sequence[WireColumn]) -> pa.RecordBatch:
    """The batch as the stored form says: columns that an older file lacks are NULL, and what Parquet describes otherwise is cast."""
    arrays = []
    schema = pa.schema([pa.field(column.name, stored_type(column.type)) for column in columns])
    for column, field in zip(columns, schema, strict=True):
        index = batch.schema.get_field_index(column.stored_as)
        if index < 0:
            arrays.append(pa.nulls(batch.num_rows, field.type))
            continue
        values = batch.column(index)
        arrays.append(padded(values if values.type == field.type else values.cast(field.type), column.type))
    return pa.record_batch(arrays, schema=schema)


def padded(values: pa.Array, type_: DataType) -> pa.Array:
    """A CHAR has its full length on the wire, filled up with blanks; values of other types stay as they are."""
    if type_.kind is not Kind.CHAR:
        return values
    return pc.utf8_rpad(values, width=type_.length, padding=" ")
