"""`ports.transfers.Transfers`: files in the folder of files, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa

from taskhouse.domain.definition.tasks import EndKind, TransferEnd, WriteMode
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.transfer import databases, files
from taskhouse.engines.transfer.connections import Connections
from taskhouse.ports.engine import RunControl
from taskhouse.ports.transfers import BeforeVisible, Source


class OutsideTransfers:
    """See `ports.transfers.Transfers`. `folder` is the only one in which files, and SQLite databases, may lie;
    `connections` the file that names databases."""

    def __init__(self, folder: Path, connections: Path) -> None:
        self._folder = folder
        self._connections = Connections(connections, folder)

    def read(self, end: TransferEnd, project: str, control: RunControl) -> AbstractContextManager[Source]:
        if end.kind is EndKind.FILE:
            return files.read(end, files.inside(self._folder, end.path), control)
        return databases.read(end, self._connections.find(end.url, project), control)

    def takes_text(self, end: TransferEnd) -> bool:
        return end.kind is EndKind.FILE and files.format_of(end) != "parquet"

    def write(
        self,
        end: TransferEnd,
        project: str,
        mode: WriteMode,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        key: str,
        control: RunControl,
        before_visible: BeforeVisible,
    ) -> int:
        if end.kind is EndKind.DATABASE:
            connection = self._connections.find(end.url, project)
            return databases.write(end, connection, mode, schema, batches, control, before_visible)
        if mode is WriteMode.APPEND:
            raise Fault(FaultCode.NOT_SUPPORTED, f"file {end.path}: rows cannot be appended to a file; use OVERWRITE")
        path = files.inside(self._folder, end.path)
        return files.write(end, path, schema, batches, key, control, before_visible)
