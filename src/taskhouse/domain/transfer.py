"""Tunnel sessions as values: what is being uploaded to a table, and what of it is being read.

An upload session collects blocks, each complete or absent, until its commit makes all of them visible at once. A download
session pins the files of one moment, so that its rows keep their number and order whatever happens to the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from taskhouse.domain.catalogue import PartitionValues


class UploadStatus(Enum):
    NORMAL = "normal"
    CLOSING = "closing"
    """Its commit has begun: no more blocks; the commit is finished by whoever asks again, or by the next start."""
    CLOSED = "closed"
    CANCELED = "canceled"
    """It came to nothing, because its table was dropped."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`partition` is `()` for an unpartitioned table. `columns` are `(name, physical name, type text)` of the table's data columns
    when the session began: the wire knows columns by position. `folder` holds the blocks' files."""

    id: str
    project: str
    table_id: str
    user: str
    partition: PartitionValues
    overwrite: bool
    columns: tuple[tuple[str, str, str], ...]
    folder: str
    status: UploadStatus
    created_at: datetime
    touched_at: datetime
    committed: tuple[int, ...] = ()
    """Ids of the blocks that its commit names."""
    upsert: bool = False
    """Its rows replace or delete those with the same primary key, instead of being added."""


@dataclass(frozen=True, slots=True)
class Block:
    """One complete uploaded block: a Parquet file in the stored form."""

    id: int
    path: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Download:
    """`files` are `(path, rows)` in the order in which rows are counted. `columns` as in `Upload`."""

    id: str
    project: str
    table_id: str
    user: str
    partition: PartitionValues
    data_version: int
    columns: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, int], ...]
    created_at: datetime
    touched_at: datetime

    @property
    def rows(self) -> int:
        return sum(rows for _, rows in self.files)


@dataclass(frozen=True, slots=True)
class ResultDownload:
    """Reading the rows of a SELECT: the first `rows` of the result file of one task."""

    id: str
    project: str
    instance_id: str
    user: str
    task_index: int
    result_file: str
    rows: int
    columns: tuple[tuple[str, str], ...]
    """`(name, type text)`"""
    created_at: datetime
    touched_at: datetime
