"""Upload sessions: begin, blocks, commit.

A block is written to a file of its own and recorded when it is complete, so a broken transfer leaves nothing, sending a block
again replaces it, and blocks may come in any order, at the same time, and before and after a restart. The commit makes all blocks
visible in one entry of the table's log, which carries the session's id: committing again finds it there.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from taskhouse.domain.catalogue import Table, TableName
from taskhouse.domain.datatypes import DataType, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.transfer import Block, Upload, UploadStatus
from taskhouse.ports.warehouse import CommitTag, DataFile, TableCommit
from taskhouse.services.catalogue import tables
from taskhouse.services.sql_write import commit_surely
from taskhouse.services.tunnel import target, upserting
from taskhouse.services.tunnel.block_file import BlockFile
from taskhouse.services.tunnel.checking import checked
from taskhouse.services.world import Caller, World
from taskhouse.sql.arrow import table_schema

_TASK = "tunnel"
_FIELD_PROPERTY = "odps.sql.cfile2.field.maxsize"
MAX_BLOCK_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class UploadView:
    """A session as its client sees it."""

    upload: Upload
    table: Table
    blocks: tuple[Block, ...] = ()


def begin(
    world: World,
    caller: Caller,
    name: TableName,
    partition: str,
    *,
    create_partition: bool,
    overwrite: bool,
    upsert: bool = False,
) -> UploadView:
    """Raises `Fault`: NO_SUCH_TABLE, NO_PERMISSION, INVALID_ARGUMENT, NO_SUCH_PARTITION unless the partition may be created, and
    NOT_SUPPORTED for adding rows to a table with a primary key."""
    table = target.find_table(world, caller, name, target.WRITE)
    if upsert:
        upserting.check_table(table)
    else:
        tables.check_takes_rows(table)
    values = target.read_partition(table, partition)
    now = world.clock.now()
    if table.is_partitioned:
        if create_partition:
            world.catalogue.add_partitions(table.id, [values], now, if_not_exists=True)
        else:
            tables.find_partition(world, table, values)
    session_id = world.ids.token()
    upload = Upload(
        id=session_id,
        project=table.name.project,
        table_id=table.id,
        user=caller.user,
        partition=values,
        overwrite=overwrite,
        columns=target.columns_of(table),
        folder=world.warehouse.staging(table, f"upload-{session_id}"),
        status=UploadStatus.NORMAL,
        created_at=now,
        touched_at=now,
        upsert=upsert,
    )
    world.sessions.create_upload(upload)
    return UploadView(upload, table)


def find(world: World, caller: Caller, name: TableName, session_id: str) -> UploadView:
    """The session. Raises `Fault` NO_SUCH_OBJECT for one that is unknown, was forgotten, or is somebody else's."""
    upload = world.sessions.upload(session_id, world.clock.now())
    if upload is None or upload.project != name.project or upload.user != caller.user:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - upload session '{session_id}'")
    table = target.table_of_session(world, caller, upload.table_id, name, target.WRITE)
    return UploadView(upload, table, world.sessions.blocks(session_id))


def wire_columns(view: UploadView) -> list[tuple[str, DataType]]:
    """Names and types in the order in which the wire counts them."""
    return [(name, parse_type(text)) for name, _, text in view.upload.columns]


def field_bytes(world: World, view: UploadView) -> int:
    """The greatest size of one text or binary value: the server's limit, or what the project allows beyond it
    (`odps.sql.cfile2.field.maxsize`, in KiB)."""
    project = world.catalogue.project(view.upload.project)
    text = project.properties.get(_FIELD_PROPERTY, "") if project is not None else ""
    allowed = int(text) * 1024 if text.isdecimal() and len(text) < 10 else 0
    return max(world.limits.field_bytes, min(allowed, world.limits.record_bytes))


def put_block(world: World, view: UploadView, block_id: int, batches: Iterator[pa.RecordBatch]) -> Block:
    """Store a block. `batches` have the session's columns in the stored form; what they raise leaves no trace of the block.

    Raises `Fault`: INVALID_ARGUMENT for rows that the table cannot hold, TABLE_MODIFIED, INVALID_STATE after the commit.
    """
    upload = view.upload
    if not 0 <= block_id <= MAX_BLOCK_ID:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"block id {block_id} is outside 0 to {MAX_BLOCK_ID}")
    require_open(upload)
    target.require_same_columns(view.table, upload.columns)
    columns = view.table.columns
    path = os.path.join(upload.folder, f"{block_id}-{uuid.uuid4().hex}.parquet")
    return store_block(world, upload, block_id, path, table_schema(columns), (checked(b, columns) for b in batches))


def require_open(upload: Upload) -> None:
    """Raises `Fault` (InvalidState) once the session's commit has begun."""
    if upload.status is not UploadStatus.NORMAL:
        raise Fault(
            FaultCode.INVALID_STATE, f"upload session '{upload.id}' is {upload.status.value}: it takes no more blocks"
        )


def store_block(
    world: World, upload: Upload, block_id: int, path: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
) -> Block:
    """Write the batches to the file `path` and record it as a block of the session."""
    try:
        with BlockFile(path, schema) as file:
            for batch in batches:
                file.write(batch)
            size = file.close()
    except FileNotFoundError:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - upload session '{upload.id}' has ended") from None
    block = Block(block_id, path, file.rows, size)
    try:
        replaced = world.sessions.put_block(upload.id, block, world.clock.now(), world.limits.blocks_per_session)
    except BaseException:
        _unlink(path)
        raise
    if replaced is not None:
        _unlink(replaced)
    return block


def commit(world: World, view: UploadView) -> Upload:
    """Make the blocks visible. Idempotent: a session that is closed stays as it is.

    Raises `Fault`: TABLE_MODIFIED, INVALID_STATE, CONFLICT, NO_SUCH_TABLE.
    """
    upload = view.upload
    if upload.status is UploadStatus.CLOSED:
        return upload
    if upload.status is UploadStatus.NORMAL:
        target.require_same_columns(view.table, upload.columns)
    upload = world.sessions.begin_commit(upload.id, [block.id for block in view.blocks], world.clock.now())
    return finish(world, upload)


def finish(world: World, upload: Upload) -> Upload:
    """Carry out a commit that has begun, wherever it stopped."""
    if upload.status is not UploadStatus.CLOSING:
        return upload
    table = world.catalogue.table_by_id(upload.table_id)
    now = world.clock.now()
    if table is None:
        world.sessions.end_upload(upload.id, UploadStatus.CANCELED, now)
        raise Fault(FaultCode.NO_SUCH_TABLE, "Table not found - the table was dropped before the upload was committed")
    committed = set(upload.committed)
    files = tuple(
        DataFile(block.path, block.rows, block.bytes, upload.partition)
        for block in world.sessions.blocks(upload.id)
        if block.id in committed and block.rows
    )
    overwrite = frozenset({upload.partition}) if upload.overwrite else None
    if upload.upsert:
        merged = upserting.apply(world, upload, table, files)
        if merged is not None:
            world.catalogue.record_commit(table.id, merged, now)
    elif files or overwrite is not None:
        tag = CommitTag(upload.id, _TASK, 1)
        result = commit_surely(world, TableCommit(table=table, files=files, tag=tag, overwrite=overwrite))
        world.catalogue.record_commit(table.id, result, now)
    world.sessions.end_upload(upload.id, UploadStatus.CLOSED, now)
    world.warehouse.discard(upload.folder)
    found = world.sessions.upload(upload.id, now)
    return found if found is not None else upload


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
