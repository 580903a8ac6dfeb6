"""The warehouse on Delta tables: folders, staged files, commits.

Engines and tunnels write Parquet files into a staging folder; a commit moves them to their place and then adds them
to the table's log in one entry. A reader sees either none or all of them. A crash before the entry leaves files that
nobody refers to, and `vacuum` removes them; a crash after it is recognised by the tag in the entry.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from deltalake import DeltaTable

from taskhouse.domain.catalogue import PartitionValues, Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.warehouse import CommitResult, CommitTag, DataFile, Snapshot, TableCommit
from taskhouse.warehouse import schema
from taskhouse.warehouse.compaction import groups, join_files
from taskhouse.warehouse.durability import flush, flush_all, make_folders
from taskhouse.warehouse.layout import LOG, STAGING, committed_name, partition_folder, staging_folder, table_folder
from taskhouse.warehouse.log import Entry, State, TableLog, statistics_of
from taskhouse.warehouse.statistics import file_statistics

_OPEN_TABLES = 512
"""Logs kept open; the one used longest ago is closed first."""
_STALE_STAGING_S = 7 * 24 * 3600.0
_CHECKPOINT_INTERVAL = 25
"""Entries between two checkpoints of a log: small, because every commit reads the entries after the last one."""


class DeltaWarehouse:
    """`ports.warehouse.Warehouse` on a local folder. `retention_hours`: how long removed files and log entries stay."""

    def __init__(self, root: Path, retention_hours: int = 24) -> None:
        self._root = root.absolute()
        self._root.mkdir(parents=True, exist_ok=True)
        self._retention_hours = retention_hours
        self._logs: OrderedDict[str, TableLog] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def root(self) -> str:
        return str(self._root)

    # -- tables

    def create(self, table: Table) -> None:
        """Make the table's folder and log. Does nothing for a view. Idempotent for the same id.

        Raises `Fault` (InvalidArgument) for a column name that Delta cannot hold.
        """
        if table.is_view:
            return
        folder = self._folder(table.id)
        wanted = schema.delta_schema(table)
        keep = f"interval {max(self._retention_hours, 1)} hours"
        folder.mkdir(exist_ok=True)
        DeltaTable.create(
            str(folder),
            wanted,
            mode="ignore",
            partition_by=[c.stored_as for c in table.partition_columns],
            name=str(table.name),
            description=table.comment or None,
            configuration={
                "delta.checkpointInterval": str(_CHECKPOINT_INTERVAL),
                "delta.logRetentionDuration": keep,
                "delta.deletedFileRetentionDuration": keep,
            },
        )
        flush_all([folder / LOG / f"{0:020}.json", folder / LOG, folder, self._root])

    def drop(self, table_id: str) -> None:
        """Delete a table's files and log for good. Idempotent."""
        folder = self._folder(table_id)
        with self._lock:
            self._logs.pop(table_id, None)
        if folder.exists():
            shutil.rmtree(folder)
            flush(self._root)

    def alter(self, before: Table, after: Table) -> None:
        """Bring the log's schema to the new definition. See `schema.alter` for what it refuses."""
        if after.is_view:
            return
        log = self._log(after)
        with log.lock:
            log.change(lambda delta: schema.alter(delta, before, after))

    # -- reading

    def snapshot(self, table: Table, partitions: Sequence[PartitionValues] | None = None) -> Snapshot:
        """The files now, or only those of the given partitions (each counted once)."""
        state = self._log(table).state()
        if partitions is None:
            return Snapshot(table, state.version, state.files)
        wanted = dict.fromkeys(partitions)
        return Snapshot(table, state.version, tuple(f for p in wanted for f in state.partitions.get(p, ())))

    def find_commit(self, table: Table, tag: CommitTag) -> int | None:
        """The log version that carries this tag, or None; looks back as far as log entries are kept."""
        log = self._log(table)
        with log.lock:
            log.refresh()
            return log.find(tag)

    # -- writing

    def staging(self, table: Table, key: str) -> str:
        """A new empty folder inside the table's own folder."""
        folder = staging_folder(self._folder(table.id), key)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return str(folder)

    def discard(self, folder: str) -> None:
        """Delete a staging folder that was not committed. Idempotent. Raises `ValueError` for any other folder."""
        path = Path(folder)
        if path.parent.name != STAGING or path.parent.parent.parent != self._root:
            raise ValueError(f"'{folder}' is not a staging folder")
        shutil.rmtree(path, ignore_errors=True)

    def commit(self, commit: TableCommit) -> CommitResult:
        """Move staged files to their place and append one entry to the log. Durable when it returns.

        Files may lie in the table's staging folders; they are moved. They may also belong to a table already: those
        are linked under a new name, which is how a partition is renamed or a table cloned without copying rows.
        Raises `Fault`: CommitConflict, InvalidArgument for partition values that cannot be stored, NoSuchTable.
        """
        table = commit.table
        log = self._log(table)
        touched = {f.partition for f in commit.files} | (commit.overwrite or frozenset())
        with log.lock:
            log.state()
            earlier = log.find(commit.tag)
            if earlier is None:
                placed = self._place(log, commit.files, commit.tag)

                def plan(state: State) -> Entry:
                    gone = (f for p in sorted(commit.overwrite or ()) for f in state.partitions.get(p, ()))
                    return Entry(placed, tuple(gone))

                version = log.append(plan, commit.tag, commit.expected_version)
            else:
                version = earlier
            result = CommitResult(version, statistics_of(log.state(), touched))
        self._clear_staging(log, commit.files)
        return result

    def compact(self, table: Table, partitions: Sequence[PartitionValues] | None, tag: CommitTag) -> CommitResult:
        """Rewrite small files into fewer. Data stays the same; a writer who removed a source file meanwhile wins
        (`Fault` CommitConflict), one who only added files does not disturb."""
        log = self._log(table)
        state = log.state()
        chosen = list(state.partitions) if partitions is None else list(dict.fromkeys(partitions))
        work = [(p, g) for p in chosen for g in groups(state.partitions.get(p, ()))]
        staging = Path(self.staging(table, f"compact-{tag.instance_id}-{tag.task}-{tag.attempt}-{tag.step}"))
        try:
            joined = tuple(join_files(table, g, staging / f"{n}.parquet") for n, (_, g) in enumerate(work))
            removed = tuple(f for _, g in work for f in g)

            def plan(now: State) -> Entry:
                present = {f.path for f in now.files}
                if any(f.path not in present for f in removed):
                    raise Fault(FaultCode.CONFLICT, f"the data of {table.name} changed while its files were merged")
                return Entry(placed, removed, data_change=False)

            with log.lock:
                placed = self._place(log, joined, tag)
                version = log.append(plan, tag)
                return CommitResult(version, statistics_of(log.state(), chosen))
        finally:
            self.discard(str(staging))

    def vacuum(self, table: Table) -> int:
        """Delete files that no version within the retention time needs; returns how many. Staging folders that nobody
        touched for a week go too."""
        log = self._log(table)
        with log.lock:
            removed = log.vacuum(self._retention_hours)
            for folder in {os.path.dirname(path) for path in removed}:
                _remove_empty(log.folder, folder)
        stale = time.time() - _STALE_STAGING_S
        for staged in (log.folder / STAGING).glob("*"):
            if staged.stat().st_mtime < stale:
                shutil.rmtree(staged, ignore_errors=True)
        return len(removed)

    # -- inside

    def _folder(self, table_id: str) -> Path:
        return table_folder(self._root, table_id)

    def _log(self, table: Table) -> TableLog:
        with self._lock:
            log = self._logs.get(table.id)
            if log is not None:
                self._logs.move_to_end(table.id)
                return log
        opened = TableLog(self._folder(table.id))
        with self._lock:
            log = self._logs.setdefault(table.id, opened)
            while len(self._logs) > _OPEN_TABLES:
                self._logs.popitem(last=False)
            return log

    def _place(self, log: TableLog, files: Iterable[DataFile], tag: CommitTag) -> tuple[DataFile, ...]:
        """Move or link the files to where the log will say they are, durably."""
        base = str(log.folder)
        staging = f"{base}/{STAGING}/"
        moves = [(f, partition_folder(log.partition_columns, f.partition)) for f in files]
        changed = make_folders(log.folder, {folder for _, folder in moves})
        placed: list[DataFile] = []
        linked: list[str] = []
        for file, folder in moves:
            name = committed_name(tag, file.path)
            target = f"{base}/{folder}/{name}" if folder else f"{base}/{name}"
            if file.path.startswith(staging):
                _move(file.path, target)
            elif file.path.startswith(self.root + "/"):
                _link(file.path, target)
                linked.append(target)
            else:
                raise Fault(FaultCode.INVALID_ARGUMENT, f"file '{file.path}' lies outside the warehouse")
            stats = file.stats if "nullCount" in file.stats else file_statistics(target)
            placed.append(replace(file, path=target, stats=stats))
        flush_all([*linked, *sorted(changed)])
        return tuple(placed)

    def _clear_staging(self, log: TableLog, files: Iterable[DataFile]) -> None:
        staging = f"{log.folder}/{STAGING}/"
        keys = {f.path[len(staging) :].split("/", 1)[0] for f in files if f.path.startswith(staging)}
        for key in keys:
            shutil.rmtree(staging + key, ignore_errors=True)


def _move(source: str, target: str) -> None:
    """Rename; a commit cut short earlier may have done it already. The new time keeps another process's vacuum away."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        if not os.path.exists(target):
            raise
    os.utime(target)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        return
    os.utime(target)


def _remove_empty(base: Path, folder: str) -> None:
    """Remove a partition's folder and its parents as long as they are empty."""
    while folder:
        try:
            os.rmdir(base / folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
