"""One table's Delta log, kept open: the files now, and one more entry when somebody commits.

Reading is cheap because a snapshot is kept and only thrown away when the log's next entry exists, which one look at
the file system tells. Writing goes through delta-rs with its own retries turned off: an entry is accepted only on top
of the very version it was worked out for, and is otherwise worked out again. That, and not a lock, is what makes an
overwrite exact when another process writes the same table.

Every entry carries the tag of whoever made it, so that a commit cut short by a crash can be recognised afterwards.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from taskhouse.domain.catalogue import PartitionValues
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.warehouse import CommitTag, DataFile
from taskhouse.warehouse.durability import flush
from taskhouse.warehouse.layout import LOG, NULL_PARTITION

ATTEMPTS = 50
"""How often an entry is worked out anew because another process was faster, before the commit is refused."""

_TAG_KEYS = ("taskhouse.instance", "taskhouse.task", "taskhouse.attempt", "taskhouse.step")
_RELOAD_S = 3600.0
"""A snapshot older than this is read anew even if the next entry is not there: old entries are swept."""


@dataclass(frozen=True)
class State:
    """The files at one version, by partition."""

    version: int
    partitions: Mapping[PartitionValues, tuple[DataFile, ...]]

    @cached_property
    def files(self) -> tuple[DataFile, ...]:
        return tuple(f for files in self.partitions.values() for f in files)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one log entry does. `adds` lie below the table's folder already. `data_change` is False for a rewrite that
    leaves the rows as they are."""

    adds: tuple[DataFile, ...] = ()
    removes: tuple[DataFile, ...] = ()
    data_change: bool = True


@dataclass
class _Tags:
    """The tags found in the log so far: of every version from `low` to `high`."""

    versions: dict[CommitTag, int] = field(default_factory=dict)
    low: int = -1
    high: int = -1


class TableLog:
    """All methods are safe from any thread; commits wait for one another on `lock`."""

    def __init__(self, folder: Path) -> None:
        """Raises `Fault` (NoSuchTable) when the folder holds no log."""
        self.folder = folder
        self.lock = threading.RLock()
        try:
            self._delta = DeltaTable(str(folder))
        except TableNotFoundError as missing:
            raise Fault(FaultCode.NO_SUCH_TABLE, f"the data of table {folder.name} are gone") from missing
        metadata = self._delta.metadata()
        self.partition_columns: tuple[str, ...] = tuple(metadata.partition_columns)
        self._tags = _Tags()
        self._behind = False
        self._state = self._read()
        self._read_at = time.monotonic()

    # -- reading

    def state(self) -> State:
        """The files now."""
        state = self._state
        if not os.path.exists(self._entry(state.version + 1)) and time.monotonic() - self._read_at < _RELOAD_S:
            return state
        with self.lock:
            self.refresh()
            return self._state

    def refresh(self) -> None:
        """Read the log's newest entries. The caller holds `lock`, or is alone."""
        self._delta.update_incremental()
        self._behind = False
        if self._delta.version() != self._state.version:
            self._state = self._read()
        self._read_at = time.monotonic()

    def schema(self) -> Any:
        """The log's schema, as delta-rs has it. The caller holds `lock`."""
        if self._behind:
            self.refresh()
        return self._delta.schema()

    def _read(self) -> State:
        # Not pa.table(): that imports pandas.
        actions = pa.RecordBatchReader.from_stream(self._delta.get_add_actions()).read_all()
        paths = [unquote(p) for p in actions.column("path").to_pylist()]
        sizes = actions.column("size_bytes").to_pylist()
        rows = actions.column("num_records").to_pylist() if "num_records" in actions.schema.names else [0] * len(paths)
        values: Sequence[PartitionValues]
        if self.partition_columns and paths:
            nested = actions.column("partition").combine_chunks()
            texts = [nested.field(name).to_pylist() for name in self.partition_columns]
            values = [tuple(NULL_PARTITION if v is None else str(v) for v in row) for row in zip(*texts, strict=True)]
        else:
            values = [()] * len(paths)
        base = str(self.folder) + "/"
        found: defaultdict[PartitionValues, list[DataFile]] = defaultdict(list)
        for path, size, count, partition in zip(paths, sizes, rows, values, strict=True):
            found[partition].append(DataFile(base + path, count or 0, size, partition, {"numRecords": count or 0}))
        return State(self._delta.version(), {p: tuple(files) for p, files in found.items()})

    def _entry(self, version: int) -> str:
        return f"{self.folder}/{LOG}/{version:020}.json"

    # -- tags

    def find(self, tag: CommitTag) -> int | None:
        """The version whose entry carries the tag, as far back as the log's entries are kept. The caller holds `lock`.

        The first question reads every entry that is kept, later ones only what others added since.
        """
        tags = self._tags
        newest = self._delta.version() if not self._behind else self._state.version
        if tags.high < 0:
            tags.high = newest
            tags.low = newest + 1
            for version in range(newest, -1, -1):
                if not self._remember(version):
                    break
                tags.low = version
        else:
            for version in range(tags.high + 1, newest + 1):
                self._remember(version)
            tags.high = max(tags.high, newest)
        return tags.versions.get(tag)

    def _remember(self, version: int) -> bool:
        """Note the tag of one entry; False when the entry is not there any more."""
        try:
            with open(self._entry(version), "rb") as lines:
                for line in lines:
                    if line.startswith(b'{"commitInfo"'):
                        tag = _read_tag(json.loads(line)["commitInfo"])
                        if tag is not None:
                            self._tags.versions.setdefault(tag, version)
                        break
        except FileNotFoundError:
            return False
        return True

    # -- writing

    def append(self, plan: Callable[[State], Entry], tag: CommitTag, expected_version: int | None = None) -> int:
        """Add one entry; `plan` works it out from the state on which it will lie, and is asked again when another
        process was faster. Returns the entry's version, durable; the version of the first time for a tag that is in the
        log already. The caller holds `lock`.

        Raises `Fault` (CommitConflict) when `expected_version` is not the newest, and whatever `plan` raises.
        """
        for attempt in range(ATTEMPTS):
            if self._behind or os.path.exists(self._entry(self._state.version + 1)):
                self._catch_up()
            earlier = self.find(tag)
            if earlier is not None:
                return earlier
            state = self._state
            if expected_version is not None and expected_version != state.version:
                raise _conflict(f"the table is at version {state.version}, not at {expected_version} as it was read")
            entry = plan(state)
            try:
                self._write(entry, tag)
            except CommitFailedError as failed:
                if not os.path.exists(self._entry(state.version + 1)):
                    raise Fault(FaultCode.RUNTIME, "the table's log cannot be written: is the disk full?") from failed
                time.sleep(0.001 * attempt)
                continue
            version = state.version + 1
            self._make_durable(version)
            self._state = _after(state, entry, version)
            self._behind = True
            self._tags.versions[tag] = version
            if self._tags.high == version - 1:
                self._tags.high = version
            return version
        raise _conflict("other writers were faster each time; try again")

    def _catch_up(self) -> None:
        """Bring delta-rs up to the log, and the files only if someone else wrote."""
        known = self._state.version
        self._delta.update_incremental()
        self._behind = False
        if self._delta.version() != known:
            self._state = self._read()

    def _write(self, entry: Entry, tag: CommitTag) -> None:
        now = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = [
            RemoveAction(self._relative(f), entry.data_change, now, f.bytes, self._named(f.partition))
            for f in entry.removes
        ]
        actions += [
            AddAction(
                self._relative(f), f.bytes, self._named(f.partition), now, entry.data_change, json.dumps(dict(f.stats))
            )
            for f in entry.adds
        ]
        self._delta.create_write_transaction(
            actions,
            "append",
            self._delta.schema(),
            list(self.partition_columns),
            commit_properties=CommitProperties(custom_metadata=tag_metadata(tag), max_commit_retries=0),
        )

    def change(self, work: Callable[[DeltaTable], None]) -> None:
        """Let `work` change the log's metadata through delta-rs. The caller holds `lock`."""
        self.refresh()
        before = self._state.version
        work(self._delta)
        self.refresh()
        for version in range(before + 1, self._state.version + 1):
            self._make_durable(version)

    def vacuum(self, retention_hours: int) -> list[str]:
        """Delete unneeded files; paths relative to the folder. The caller holds `lock`."""
        self.refresh()
        removed: list[str] = self._delta.vacuum(
            retention_hours=retention_hours, dry_run=False, enforce_retention_duration=False, full=True
        )
        self.refresh()
        return removed

    def _make_durable(self, version: int) -> None:
        folder = f"{self.folder}/{LOG}"
        flush(self._entry(version))
        checkpoint = f"{folder}/{version:020}.checkpoint.parquet"
        if os.path.exists(checkpoint):
            flush(checkpoint)
            flush(f"{folder}/_last_checkpoint")
        flush(folder)

    def _relative(self, file: DataFile) -> str:
        return os.path.relpath(file.path, self.folder)

    def _named(self, values: PartitionValues) -> dict[str, str | None]:
        return {
            name: None if value == NULL_PARTITION else value
            for name, value in zip(self.partition_columns, values, strict=True)
        }


def tag_metadata(tag: CommitTag) -> dict[str, str]:
    return dict(zip(_TAG_KEYS, (tag.instance_id, tag.task, str(tag.attempt), str(tag.step)), strict=True))


def _read_tag(info: Mapping[str, Any]) -> CommitTag | None:
    try:
        instance, task, attempt, step = (info[key] for key in _TAG_KEYS)
        return CommitTag(str(instance), str(task), int(attempt), int(step))
    except (KeyError, ValueError):
        return None


def _after(state: State, entry: Entry, version: int) -> State:
    """The state once the entry is in the log; only partitions it touches are made anew."""
    gone: defaultdict[PartitionValues, set[str]] = defaultdict(set)
    for file in entry.removes:
        gone[file.partition].add(file.path)
    new: defaultdict[PartitionValues, list[DataFile]] = defaultdict(list)
    for file in entry.adds:
        new[file.partition].append(_slim(file))
    partitions = dict(state.partitions)
    for partition in gone.keys() | new.keys():
        kept = tuple(f for f in partitions.get(partition, ()) if f.path not in gone[partition])
        files = kept + tuple(new[partition])
        if files:
            partitions[partition] = files
        else:
            partitions.pop(partition, None)
    return State(version, partitions)


def _slim(file: DataFile) -> DataFile:
    """Bounds are for the log's readers; a table of many files need not keep them in memory."""
    return DataFile(file.path, file.rows, file.bytes, file.partition, {"numRecords": file.rows})


def statistics_of(state: State, partitions: Iterable[PartitionValues]) -> dict[PartitionValues, tuple[int, int, int]]:
    """`partition -> (rows, bytes, files)`; zeros for one without files."""
    found: dict[PartitionValues, tuple[int, int, int]] = {}
    for partition in partitions:
        files = state.partitions.get(partition, ())
        found[partition] = (sum(f.rows for f in files), sum(f.bytes for f in files), len(files))
    return found


def _conflict(message: str) -> Fault:
    return Fault(FaultCode.CONFLICT, message)
