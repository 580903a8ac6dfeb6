"""Tunnel sessions in the metadata store.

What every kind of session is looked up and swept by stands in columns; the rest, which is only ever read whole, is a JSON
document. Touching a session is written at most once a minute. What a machine's death may take without harm, touches and download
sessions, is written without waiting for the disk.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Row, Table, Text, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.transfer import Block, Download, ResultDownload, Upload, UploadStatus
from taskhouse.store.database import Database
from taskhouse.store.schema import from_micros, metadata, to_micros

UPLOAD, DOWNLOAD, RESULT = "upload", "download", "result"
_TOUCH = timedelta(minutes=1)

sessions = Table(
    "tunnel_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("touched_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_tunnel_sessions_kind_touched_at", "kind", "touched_at"),
)
"""`subject`: a table's id, or an instance's for a result."""

blocks = Table(
    "tunnel_blocks",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("block_id", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)

_ONE = select(sessions).where((sessions.c.id == bindparam("in_id")) & (sessions.c.kind == bindparam("in_kind")))
_TOUCHED = sessions.update().where(sessions.c.id == bindparam("in_id")).values(touched_at=bindparam("in_touched_at"))
_STATUS = (
    sessions.update()
    .where(sessions.c.id == bindparam("in_id"))
    .values(status=bindparam("in_status"), touched_at=bindparam("in_touched_at"), document=bindparam("in_document"))
)
_BLOCKS = select(blocks).where(blocks.c.session_id == bindparam("in_id")).order_by(blocks.c.block_id)
_BLOCK = select(blocks.c.path).where(
    (blocks.c.session_id == bindparam("in_id")) & (blocks.c.block_id == bindparam("in_block"))
)
_BLOCK_COUNT = select(func.count()).select_from(blocks).where(blocks.c.session_id == bindparam("in_id"))
_PUT_BLOCK = insert(blocks)
_PUT_BLOCK = _PUT_BLOCK.on_conflict_do_update(
    index_elements=[blocks.c.session_id, blocks.c.block_id],
    set_={name: _PUT_BLOCK.excluded[name] for name in ("path", "rows", "bytes")},
)
_CLOSING = select(sessions).where((sessions.c.kind == UPLOAD) & (sessions.c.status == UploadStatus.CLOSING.value))
_STALE_UPLOADS = (
    select(sessions)
    .where(
        (sessions.c.kind == UPLOAD)
        & (sessions.c.touched_at < bindparam("in_before"))
        & (sessions.c.status != UploadStatus.CLOSING.value)
    )
    .limit(bindparam("in_limit"))
)
_STALE_DOWNLOADS = (
    select(sessions.c.id)
    .where(sessions.c.kind.in_((DOWNLOAD, RESULT)) & (sessions.c.touched_at < bindparam("in_before")))
    .limit(bindparam("in_limit"))
)
_FORGET = delete(sessions).where(sessions.c.id == bindparam("in_id"))
_FORGET_BLOCKS = delete(blocks).where(blocks.c.session_id == bindparam("in_id"))


class SqlSessionStore:
    """`ports.session_store.SessionStore` on SQLite."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # uploads

    def create_upload(self, upload: Upload) -> None:
        row = _row(upload.id, UPLOAD, upload, upload.table_id, upload.status.value, _upload_document(upload))
        self._db.write(lambda c: c.execute(insert(sessions), row))

    def upload(self, session_id: str, now: datetime) -> Upload | None:
        row = self._find(session_id, UPLOAD, now)
        return None if row is None else _upload(row)

    def put_block(self, session_id: str, block: Block, now: datetime, limit: int) -> str | None:
        def put(connection: Connection) -> str | None:
            upload = _upload(_required(connection, session_id))
            if upload.status is not UploadStatus.NORMAL:
                raise Fault(
                    FaultCode.INVALID_STATE,
                    f"upload session '{session_id}' is {upload.status.value}: it takes no more blocks",
                )
            before = connection.execute(_BLOCK, {"in_id": session_id, "in_block": block.id}).scalar_one_or_none()
            if before is None and connection.execute(_BLOCK_COUNT, {"in_id": session_id}).scalar_one() >= limit:
                raise Fault(FaultCode.QUOTA_EXCEEDED, f"an upload session holds at most {limit} blocks")
            connection.execute(
                _PUT_BLOCK,
                {
                    "session_id": session_id,
                    "block_id": block.id,
                    "path": block.path,
                    "rows": block.rows,
                    "bytes": block.bytes,
                },
            )
            connection.execute(_TOUCHED, {"in_id": session_id, "in_touched_at": to_micros(now)})
            return None if before is None else str(before)

        return self._db.write(put)

    def blocks(self, session_id: str) -> tuple[Block, ...]:
        rows = self._db.read(lambda c: c.execute(_BLOCKS, {"in_id": session_id}).all())
        return tuple(Block(r.block_id, r.path, r.rows, r.bytes) for r in rows)

    def begin_commit(self, session_id: str, blocks: Sequence[int], now: datetime) -> Upload:
        def begin(connection: Connection) -> Upload:
            upload = _upload(_required(connection, session_id))
            if upload.status is UploadStatus.CANCELED:
                raise Fault(FaultCode.INVALID_STATE, f"upload session '{session_id}' is canceled")
            if upload.status is UploadStatus.NORMAL:
                document = _upload_document(upload) | {"committed": list(blocks)}
                _change(connection, session_id, UploadStatus.CLOSING, document, now)
            return _upload(_required(connection, session_id))

        return self._db.write(begin)

    def end_upload(self, session_id: str, status: UploadStatus, now: datetime) -> None:
        def end(connection: Connection) -> None:
            row = connection.execute(_ONE, {"in_id": session_id, "in_kind": UPLOAD}).one_or_none()
            if row is not None and row.status == UploadStatus.CLOSING.value:
                _change(connection, session_id, status, json.loads(row.document), now)
                connection.execute(_FORGET_BLOCKS, {"in_id": session_id})

        self._db.write(end)

    def unfinished_commits(self) -> tuple[Upload, ...]:
        return tuple(_upload(row) for row in self._db.read(lambda c: c.execute(_CLOSING).all()))

    def stale_uploads(self, before: datetime, limit: int) -> tuple[Upload, ...]:
        given = {"in_before": to_micros(before), "in_limit": limit}
        return tuple(_upload(row) for row in self._db.read(lambda c: c.execute(_STALE_UPLOADS, given).all()))

    # downloads

    def create_download(self, download: Download | ResultDownload) -> None:
        if isinstance(download, Download):
            document: dict[str, Any] = {
                "partition": download.partition,
                "data_version": download.data_version,
                "columns": download.columns,
                "files": download.files,
            }
            row = _row(download.id, DOWNLOAD, download, download.table_id, "normal", document)
        else:
            document = {
                "task": download.task_index,
                "file": download.result_file,
                "rows": download.rows,
                "columns": download.columns,
            }
            row = _row(download.id, RESULT, download, download.instance_id, "normal", document)
        self._db.write(lambda c: c.execute(insert(sessions), row), durable=False)

    def download(self, session_id: str, now: datetime) -> Download | None:
        row = self._find(session_id, DOWNLOAD, now)
        if row is None:
            return None
        document = json.loads(row.document)
        return Download(
            id=row.id,
            project=row.project,
            table_id=row.subject,
            user=row.user,
            partition=tuple(document["partition"]),
            data_version=document["data_version"],
            columns=tuple((n, p, t) for n, p, t in document["columns"]),
            files=tuple((path, rows) for path, rows in document["files"]),
            created_at=from_micros(row.created_at),
            touched_at=from_micros(row.touched_at),
        )

    def result_download(self, session_id: str, now: datetime) -> ResultDownload | None:
        row = self._find(session_id, RESULT, now)
        if row is None:
            return None
        document = json.loads(row.document)
        return ResultDownload(
            id=row.id,
            project=row.project,
            instance_id=row.subject,
            user=row.user,
            task_index=document["task"],
            result_file=document["file"],
            rows=document["rows"],
            columns=tuple((n, t) for n, t in document["columns"]),
            created_at=from_micros(row.created_at),
            touched_at=from_micros(row.touched_at),
        )

    # forgetting

    def forget_uploads(self, session_ids: Sequence[str]) -> None:
        if not session_ids:
            return
        given = [{"in_id": each} for each in session_ids]

        def forget(connection: Connection) -> None:
            connection.execute(_FORGET_BLOCKS, given)
            connection.execute(_FORGET, given)

        self._db.write(forget)

    def forget_downloads(self, before: datetime, limit: int) -> int:
        given = {"in_before": to_micros(before), "in_limit": limit}

        def forget(connection: Connection) -> int:
            found = [{"in_id": each} for each in connection.execute(_STALE_DOWNLOADS, given).scalars()]
            if found:
                connection.execute(_FORGET, found)
            return len(found)

        return self._db.write(forget)

    def _find(self, session_id: str, kind: str, now: datetime) -> Row[Any] | None:
        row = self._db.read(lambda c: c.execute(_ONE, {"in_id": session_id, "in_kind": kind}).one_or_none())
        if row is not None and now - from_micros(row.touched_at) > _TOUCH:
            given = {"in_id": session_id, "in_touched_at": to_micros(now)}
            self._db.write(lambda c: c.execute(_TOUCHED, given), durable=False)
        return row


def _required(connection: Connection, session_id: str) -> Row[Any]:
    row = connection.execute(_ONE, {"in_id": session_id, "in_kind": UPLOAD}).one_or_none()
    if row is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - upload session '{session_id}'")
    return row


def _change(
    connection: Connection, session_id: str, status: UploadStatus, document: dict[str, Any], now: datetime
) -> None:
    connection.execute(
        _STATUS,
        {
            "in_id": session_id,
            "in_status": status.value,
            "in_touched_at": to_micros(now),
            "in_document": json.dumps(document),
        },
    )


def _row(
    session_id: str,
    kind: str,
    session: Upload | Download | ResultDownload,
    subject: str,
    status: str,
    document: dict[str, Any],
) -> dict[str, Any]:
    return {
        "id": session_id,
        "kind": kind,
        "project": session.project,
        "subject": subject,
        "user": session.user,
        "status": status,
        "created_at": to_micros(session.created_at),
        "touched_at": to_micros(session.touched_at),
        "document": json.dumps(document),
    }


def _upload_document(upload: Upload) -> dict[str, Any]:
    return {
        "partition": upload.partition,
        "overwrite": upload.overwrite,
        "columns": upload.columns,
        "folder": upload.folder,
        "committed": upload.committed,
        "upsert": upload.upsert,
    }


def _upload(row: Row[Any]) -> Upload:
    document = json.loads(row.document)
    return Upload(
        id=row.id,
        project=row.project,
        table_id=row.subject,
        user=row.user,
        partition=tuple(document["partition"]),
        overwrite=document["overwrite"],
        columns=tuple((n, p, t) for n, p, t in document["columns"]),
        folder=document["folder"],
        status=UploadStatus(row.status),
        created_at=from_micros(row.created_at),
        touched_at=from_micros(row.touched_at),
        committed=tuple(document["committed"]),
        upsert=document.get("upsert", False),
    )
