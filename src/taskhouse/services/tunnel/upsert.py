"""Upsert sessions: rows sent to a table with a primary key, which replace or delete the rows that have their key.

A session is an upload session whose blocks are applied instead of added (see `upserting`). Blocks take effect in the order in which
their requests began; clients send those of one key one after another.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pyarrow as pa

from taskhouse.domain.catalogue import TableName
from taskhouse.domain.datatypes import BIGINT, TINYINT, DataType, array
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.transfer import Block, Upload, UploadStatus
from taskhouse.services.tunnel import target, upload, upserting
from taskhouse.services.tunnel.upload import UploadView
from taskhouse.services.world import Caller, World
from taskhouse.sql.arrow import table_schema

_ROWS = 2**20
"""Sequence numbers to a microsecond."""


def begin(world: World, caller: Caller, name: TableName, partition: str) -> UploadView:
    """Raises `Fault`: INVALID_ARGUMENT for a table without a primary key, and as `upload.begin`."""
    return upload.begin(world, caller, name, partition, create_partition=False, overwrite=False, upsert=True)


def find(world: World, caller: Caller, name: TableName, session_id: str) -> UploadView:
    view = upload.find(world, caller, name, session_id)
    if not view.upload.upsert:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - upsert session '{session_id}'")
    return view


def wire_columns(view: UploadView) -> list[tuple[str, DataType]]:
    """The data columns and the five that every upserted row carries after them."""
    return [
        *upload.wire_columns(view),
        ("__version", BIGINT),
        ("__app_version", BIGINT),
        (upserting.OPERATION.name, TINYINT),
        ("__key_cols", array(BIGINT)),
        ("__value_cols", array(BIGINT)),
    ]


def put(world: World, view: UploadView, batches: Iterator[pa.RecordBatch]) -> Block:
    """Store rows of the session; batches have the `wire_columns` in the stored form. Sending the same rows again changes nothing.

    Raises `Fault`: INVALID_ARGUMENT for rows that the table cannot hold, TABLE_MODIFIED, INVALID_STATE after the commit.
    """
    session, table = view.upload, view.table
    upload.require_open(session)
    target.require_same_columns(table, session.columns)
    now = world.clock.now()
    first = int((now - session.created_at).total_seconds() * 1_000_000) * _ROWS
    number = secrets.randbelow(2**62)
    path = os.path.join(session.folder, f"{number}.parquet")
    schema = table_schema(upserting.staged_columns(table))
    return upload.store_block(world, session, number, path, schema, upserting.staged(table, batches, first))


def commit(world: World, view: UploadView) -> Upload:
    return upload.commit(world, view)


def abort(world: World, view: UploadView) -> None:
    """Give the session up. Does nothing for one that was committed or aborted before."""
    session = view.upload
    if session.status is UploadStatus.NORMAL:
        now = world.clock.now()
        closing = world.sessions.begin_commit(session.id, (), now)
        if closing.committed == ():
            world.sessions.end_upload(session.id, UploadStatus.CANCELED, now)
            world.warehouse.discard(session.folder)
