"""What the binder gives: engine SQL with typed output, and the tables it reads.

`sql` is text of the DuckDB backend in which every source table is a relation named by a placeholder (`scan_1`, ...).
The caller turns each `BoundScan` into a snapshot (one snapshot per table, shared by all its scans, so that a
statement sees a table at one version) and hands both to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from taskhouse.domain.catalogue import Column, OutputColumn, PartitionValues, Table, TableName


@dataclass(frozen=True, slots=True)
class BoundScan:
    """One mention of a table in FROM. `columns`: the columns the query needs, data and partition columns, in table order;
    at least one. `partition_filter` says of a partition's values (text, in the order of the partition columns) whether it
    may hold wanted rows; None when every partition may. It never drops a partition that matters, and the query's own
    condition stays in `sql`."""

    table: Table
    columns: tuple[Column, ...]
    partition_filter: Callable[[PartitionValues], bool] | None = None


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """`sql` yields `columns` in order and in engine types. `tables`: every table and view that the caller needs SELECT on,
    by name, views as themselves (the tables under a view are read with the view owner's right, as MaxCompute does)."""

    sql: str
    columns: tuple[OutputColumn, ...]
    scans: Mapping[str, BoundScan] = field(default_factory=dict)
    tables: tuple[TableName, ...] = ()
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class BoundInsert:
    """A write of a query's rows into a table.

    `query.columns` are the table's data columns in order, each of the column's type, followed by one STRING column per
    dynamic partition column. `static_partition`: values of the leading partition columns, as text; the rest are dynamic.
    `overwrite`: replace the partitions written (or the whole table, if it has none) instead of adding to them.
    `create_partition`: a fully static PARTITION clause, which makes the partition even when no row comes.
    """

    table: Table
    query: BoundQuery
    overwrite: bool
    static_partition: PartitionValues = ()
    dynamic_columns: tuple[str, ...] = ()
    if_not_exists: bool = False

    @property
    def create_partition(self) -> bool:
        return self.table.is_partitioned and not self.dynamic_columns
