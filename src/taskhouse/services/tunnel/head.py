"""The first rows of a table or of one partition, without a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from taskhouse.domain.catalogue import Table, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.warehouse import DataFile
from taskhouse.services.catalogue import tables
from taskhouse.services.tunnel import download, target
from taskhouse.services.tunnel.download import WireColumn
from taskhouse.services.world import Caller, World
from taskhouse.sql.arrow import stored_type


@dataclass(frozen=True, slots=True)
class Head:
    columns: list[WireColumn]
    batches: Iterator[pa.RecordBatch]


def head(world: World, caller: Caller, name: TableName, partition: str, wanted: Sequence[str], limit: int) -> Head:
    """At most `limit` rows. No columns named means all, partition columns last.

    Raises `Fault`: NO_SUCH_TABLE, NO_PERMISSION, INVALID_ARGUMENT for a view or unknown column, NO_SUCH_PARTITION.
    """
    table = target.find_table(world, caller, name, target.READ)
    prefix = None
    if partition:
        prefix = target.read_partition(table, partition)
        tables.find_partition(world, table, prefix)
    known = {column.name: column for column in (*table.columns, *table.partition_columns)}
    chosen = [wanted_name.lower() for wanted_name in wanted] or list(known)
    for each in chosen:
        if each not in known:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"column '{each}' does not exist in {table.name}")
    columns = [WireColumn(each, known[each].stored_as, known[each].type) for each in chosen]
    snapshot = world.warehouse.snapshot(table, None if prefix is None else [prefix])
    files = sorted((file for file in snapshot.files if file.rows), key=lambda file: file.partition)
    return Head(columns, _rows(table, columns, files, limit))


def _rows(table: Table, columns: list[WireColumn], files: Sequence[DataFile], limit: int) -> Iterator[pa.RecordBatch]:
    places = {column.name: place for place, column in enumerate(table.partition_columns)}
    data = [column for column in columns if column.name not in places]
    for file in files:
        if limit <= 0:
            return
        for batch in download.file_rows(file.path, data or [_any_column(table)], 0, min(limit, file.rows)):
            limit -= batch.num_rows
            arrays = []
            fields = []
            for column in columns:
                form = stored_type(column.type)
                fields.append(pa.field(column.name, form))
                if column.name in places:
                    value = pa.scalar(file.partition[places[column.name]]).cast(form)
                    arrays.append(pa.repeat(value, batch.num_rows))
                else:
                    arrays.append(batch.column(data.index(column)))
            yield pa.record_batch(arrays, schema=pa.schema(fields))


def _any_column(table: Table) -> WireColumn:
    first = table.columns[0]
    return WireColumn(first.name, first.stored_as, first.type)
