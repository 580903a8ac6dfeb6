"""What the use cases need of the place where tables' data lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from taskhouse.domain.catalogue import PartitionValues, Table


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table. `path` is absolute. `partition` in the order of the table's partition columns."""

    path: str
    rows: int
    bytes: int
    partition: PartitionValues = ()
    stats: Mapping[str, object] = field(default_factory=dict)
    """Delta statistics: `numRecords`, `minValues`, `maxValues`, `nullCount`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a table at one version of its log. Files stay readable for the retention time after removal."""

    table: Table
    version: int
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        return sum(f.rows for f in self.files)

    @property
    def bytes(self) -> int:
        return sum(f.bytes for f in self.files)


@dataclass(frozen=True, slots=True)
class CommitTag:
    """Who makes a commit; written into the table's log, and read by recovery. A tunnel session uses its id as instance."""

    instance_id: str
    task: str
    attempt: int
    step: int = 0


@dataclass(frozen=True, slots=True)
class TableCommit:
    """Add files to a table in one log entry.

    `overwrite`: None appends; a set of partitions (or `{()}` for an unpartitioned table) first removes every file of those.
    `expected_version`: refuse with a CommitConflict fault unless the log still is at this version (for read-modify-write).
    """

    table: Table
    files: tuple[DataFile, ...]
    tag: CommitTag
    overwrite: frozenset[PartitionValues] | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class CommitResult:
    """State after the commit: the log's version, and statistics `partition -> (rows, bytes, files)` of every partition
    the commit touched (the key `()` for an unpartitioned table)."""

    version: int
    statistics: Mapping[PartitionValues, tuple[int, int, int]]


class Warehouse(Protocol):
    """All methods are synchronous and safe from any thread. Commits to one table queue behind one another."""

    @property
    def root(self) -> str:
        """The one folder that engines may read and write."""
        ...

    def create(self, table: Table) -> None:
        """Make the table's folder and log. Does nothing for a view. Idempotent for the same id."""
        ...

    def drop(self, table_id: str) -> None:
        """Delete a table's files and log for good. Idempotent. Called by the sweeper, when no reader is left."""
        ...

    def snapshot(self, table: Table, partitions: Sequence[PartitionValues] | None = None) -> Snapshot:
        """The files now, or only those of the given partitions."""
        ...

    def staging(self, table: Table, key: str) -> str:
        """A new empty folder inside the table's own folder for an attempt's files; `key` is unique per attempt and step."""
        ...

    def discard(self, folder: str) -> None:
        """Delete a staging folder that was not committed. Idempotent."""
        ...

    def commit(self, commit: TableCommit) -> CommitResult:
        """Append one entry to the table's log. Durable when it returns. Committing the same tag again returns the first result."""
        ...

    def find_commit(self, table: Table, tag: CommitTag) -> int | None:
        """The log version that carries this tag, or None. Recovery asks it before it decides."""
        ...

    def alter(self, before: Table, after: Table) -> None:
        """Bring the log's schema to the new definition (added columns, nullability, comments)."""
        ...

    def compact(self, table: Table, partitions: Sequence[PartitionValues] | None, tag: CommitTag) -> CommitResult:
        """Rewrite small files into fewer (MERGE SMALLFILES). Data stays the same."""
        ...

    def vacuum(self, table: Table) -> int:
        """Delete files that no version within the retention time needs; returns how many. Never touches live staging folders."""
        ...
