"""An engine over a real warehouse, tables filled through both, and a control that remembers what it was told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from taskhouse.domain.catalogue import Column, PartitionValues, Table, TableKind, TableName
from taskhouse.domain.datatypes import STRING, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Stage
from taskhouse.domain.limits import Limits
from taskhouse.engines.duckdb.engine import DuckDbEngine
from taskhouse.ports.engine import EngineQuery, OutputColumn, Scan, WriteResult, WriteTarget
from taskhouse.ports.warehouse import CommitTag, TableCommit
from taskhouse.warehouse.delta import DeltaWarehouse

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Control:
    """A run's control. `at_report` runs on every report, which is how a test acts while a statement is running."""

    def __init__(self, at_report: Callable[[Control], None] = lambda _: None) -> None:
        self.reports: list[tuple[Stage, ...]] = []
        self.cancelled = False
        self._interrupt: Callable[[], None] | None = None
        self._at_report = at_report
        self._lock = threading.Lock()

    def report(self, stages: tuple[Stage, ...]) -> None:
        self.reports.append(stages)
        self._at_report(self)

    def on_cancel(self, interrupt: Callable[[], None] | None) -> None:
        with self._lock:
            self._interrupt = interrupt
        if interrupt is not None and self.cancelled:
            interrupt()

    def check(self) -> None:
        if self.cancelled:
            raise Fault(FaultCode.CANCELLED, "stopped")

    def cancel(self) -> None:
        self.cancelled = True
        with self._lock:
            if self._interrupt is not None:
                threading.Thread(target=self._interrupt).start()


@dataclass
class Bench:
    """What most tests need in one hand."""

    engine: DuckDbEngine
    warehouse: DeltaWarehouse
    blobs: Path
    counter: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def table(self, columns: str, partitions: Iterable[tuple[str, str]] = (), name: str = "") -> Table:
        """`columns` like `id bigint, name string`."""
        number = next(self.counter)
        table = Table(
            id=f"t{number}",
            name=TableName("p", "default", name or f"t{number}"),
            kind=TableKind.MANAGED,
            columns=tuple(parse_columns(columns)),
            partition_columns=tuple(Column(n, parse_type(t)) for n, t in partitions),
            owner="ALIYUN$o@x",
            created_at=NOW,
            modified_at=NOW,
            ddl_at=NOW,
        )
        self.warehouse.create(table)
        return table

    def scan(self, table: Table, *, partitions: list[PartitionValues] | None = None) -> Scan:
        return Scan(self.warehouse.snapshot(table, partitions), (*table.columns, *table.partition_columns))

    def rows(self, sql: str, columns: str, time_zone: str = "UTC", **tables: Table | Scan) -> list[tuple[object, ...]]:
        """The rows of a query, read from the result file."""
        return read_rows(self.result(sql, columns, time_zone, **tables))

    def result(self, sql: str, columns: str, time_zone: str = "UTC", **tables: Table | Scan) -> pa.Table:
        path = self.blobs / f"{next(self.counter)}.arrow"
        self.engine.query(self.bound(sql, columns, time_zone, **tables), str(path), Control())
        with pa.ipc.open_file(path) as reader:
            return reader.read_all()

    def bound(self, sql: str, columns: str, time_zone: str = "UTC", **tables: Table | Scan) -> EngineQuery:
        scans: Mapping[str, Scan] = {n: t if isinstance(t, Scan) else self.scan(t) for n, t in tables.items()}
        output = tuple(OutputColumn(c.name, c.type) for c in parse_columns(columns))
        return EngineQuery(sql, output, scans, time_zone)

    def insert(
        self, table: Table, sql: str, static: PartitionValues = (), *, overwrite: bool = False, **tables: Table | Scan
    ) -> WriteResult:
        """Write the query's rows into the table and commit them."""
        number = next(self.counter)
        folder = self.warehouse.staging(table, str(number))
        target = WriteTarget(folder, table.columns, table.partition_columns, static)
        dynamic = table.partition_columns[len(static) :]
        columns = ", ".join([f"{c.name} {c.type}" for c in table.columns] + [f"{c.name} {STRING}" for c in dynamic])
        result = self.engine.write(self.bound(sql, columns, **tables), target, Control())
        replaced = frozenset(f.partition for f in result.files) if overwrite else None
        self.warehouse.commit(TableCommit(table, result.files, CommitTag("i", "t", number), replaced))
        return result


def parse_columns(text: str) -> list[Column]:
    found: list[Column] = []
    depth, at = 0, 0
    for position, character in enumerate(text + ","):
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            name, type_ = text[at:position].strip().split(" ", 1)
            found.append(Column(name, parse_type(type_)))
            at = position + 1
    return found


def read_rows(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("home")
    (home / "results").mkdir()
    warehouse = DeltaWarehouse(home / "tables")
    engine = DuckDbEngine(home / "tables", home / "results", Limits(memory_bytes=512 * 1024 * 1024, engine_threads=2))
    yield Bench(engine, warehouse, home / "results")
    engine.close()
