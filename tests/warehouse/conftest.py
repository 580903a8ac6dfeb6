"""A warehouse in a temporary folder, tables for it, and a writer of staged files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taskhouse.domain.catalogue import Column, PartitionValues, Table, TableKind, TableName
from taskhouse.domain.datatypes import BIGINT, STRING
from taskhouse.ports.warehouse import CommitResult, CommitTag, DataFile, TableCommit
from taskhouse.sql.arrow import table_schema
from taskhouse.warehouse.delta import DeltaWarehouse

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def make_table(
    id_: str = "t1",
    columns: Iterable[Column] = (Column("id", BIGINT), Column("name", STRING)),
    partitions: Iterable[str] = (),
) -> Table:
    return Table(
        id=id_,
        name=TableName("p", "default", id_),
        kind=TableKind.MANAGED,
        columns=tuple(columns),
        partition_columns=tuple(Column(n, STRING) for n in partitions),
        owner="ALIYUN$o@x",
        created_at=NOW,
        modified_at=NOW,
        ddl_at=NOW,
    )


def tag(number: int, step: int = 0) -> CommitTag:
    return CommitTag(f"instance{number}", "AnonymousSQLTask", 1, step)


class Loader:
    """Writes rows the way an engine does: a staged Parquet file, then a commit."""

    def __init__(self, warehouse: DeltaWarehouse) -> None:
        self.warehouse = warehouse
        self.count = 0

    def stage(
        self, table: Table, rows: int, values: PartitionValues = (), *, folder: str | None = None, first: int = 0
    ) -> DataFile:
        self.count += 1
        where = Path(folder or self.warehouse.staging(table, f"key{self.count}"))
        path = where / f"{self.count}.parquet"
        names = [c.stored_as for c in table.columns]
        data = {names[0]: list(range(first, first + rows)), names[1]: [f"n{i}" for i in range(rows)]}
        for name in names[2:]:
            data[name] = [None] * rows
        pq.write_table(pa.table(data, schema=table_schema(table.columns)), path)
        return DataFile(str(path), rows, path.stat().st_size, values)

    def append(self, table: Table, rows: int, values: PartitionValues = (), number: int | None = None) -> CommitResult:
        file = self.stage(table, rows, values)
        return self.warehouse.commit(TableCommit(table, (file,), tag(number or 1000 + self.count)))

    def overwrite(self, table: Table, rows: int, values: PartitionValues = ()) -> CommitResult:
        file = self.stage(table, rows, values)
        return self.warehouse.commit(TableCommit(table, (file,), tag(1000 + self.count), overwrite=frozenset([values])))


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path / "tables")


@pytest.fixture
def load(warehouse: DeltaWarehouse) -> Loader:
    return Loader(warehouse)


@pytest.fixture
def new_table(warehouse: DeltaWarehouse) -> Callable[..., Table]:
    def make(**options: object) -> Table:
        table = make_table(**options)
        warehouse.create(table)
        return table

    return make
