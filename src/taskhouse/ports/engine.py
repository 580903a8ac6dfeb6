"""What the use cases need of an engine that runs bound SQL.

An engine never sees MaxCompute text: it gets SQL of its own dialect in which each source table is a relation
named by a *placeholder*, and the snapshot behind each placeholder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from taskhouse.domain.catalogue import Column, PartitionValues
from taskhouse.domain.catalogue import OutputColumn as OutputColumn
from taskhouse.domain.instance import Stage
from taskhouse.ports.warehouse import DataFile, Snapshot


@dataclass(frozen=True, slots=True)
class Scan:
    """A source of a query: the files to read and the columns wanted, physical names mapped to names by `Column`."""

    snapshot: Snapshot
    columns: tuple[Column, ...]
    """Wanted data and partition columns. A partition column's value comes from the file's partition, never from inside it."""


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """`sql` yields exactly `columns`, in order, in the engine types of `sql.arrow.engine_type`. `time_zone` is an IANA name."""

    sql: str
    columns: tuple[OutputColumn, ...]
    scans: Mapping[str, Scan] = field(default_factory=dict)
    """Placeholder name used in `sql` -> scan."""
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """Write the query's rows as Parquet under `folder`. The query's columns are the table's data columns in order, followed
    by one text column per dynamic partition column. `static_partition` are leading fixed values."""

    folder: str
    columns: tuple[Column, ...]
    partition_columns: tuple[Column, ...] = ()
    static_partition: PartitionValues = ()
    max_partitions: int = 60_000


class RunControl(Protocol):
    """How a running engine talks back. All methods may be called from any thread."""

    def report(self, stages: tuple[Stage, ...]) -> None:
        """Latest state of all stages; cheap, may be called often."""
        ...

    def on_cancel(self, interrupt: object) -> None:
        """Register a callable that interrupts the work; called at once if the run is cancelled already. None unregisters."""
        ...

    def check(self) -> None:
        """Raise `Fault(CANCELLED)` if the run was cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class RunStatistics:
    rows_in: int = 0
    bytes_in: int = 0
    rows_out: int = 0
    bytes_out: int = 0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryResult:
    rows: int
    bytes: int
    statistics: RunStatistics


@dataclass(frozen=True, slots=True)
class WriteResult:
    files: tuple[DataFile, ...]
    rows: int
    statistics: RunStatistics


class Engine(Protocol):
    """Blocking calls, safe from many threads; the caller bounds how many run at once."""

    def query(
        self, query: EngineQuery, result_path: str, control: RunControl, *, max_rows: int | None = None
    ) -> QueryResult:
        """Run and write the rows as an Arrow IPC *file* with the schema of `sql.arrow.result_schema`."""
        ...

    def write(self, query: EngineQuery, target: WriteTarget, control: RunControl) -> WriteResult:
        """Run and write Parquet files into the target's folder, ready to be committed. Files are fsynced."""
        ...

    def explain(self, query: EngineQuery) -> str:
        """The plan as text."""
        ...

    def close(self) -> None: ...
