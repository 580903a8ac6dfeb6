"""Rewrite of small files into fewer, rows and their order unchanged.

Files are read and written in batches, so that the size of a partition does not matter for memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from taskhouse.domain.catalogue import Table
from taskhouse.ports.warehouse import DataFile
from taskhouse.sql.arrow import table_schema
from taskhouse.warehouse.durability import flush
from taskhouse.warehouse.statistics import file_statistics

SMALL_BYTES = 32 * 1024 * 1024
"""A file below this is worth joining with others."""
TARGET_BYTES = 128 * 1024 * 1024
_BATCH_ROWS = 64 * 1024
_GROUP_ROWS = 1024 * 1024


def groups(files: Sequence[DataFile]) -> list[tuple[DataFile, ...]]:
    """Which files of one partition become one file: neighbours in the list, small ones only, up to the target size."""
    found: list[tuple[DataFile, ...]] = []
    group: list[DataFile] = []
    size = 0
    for file in files:
        if file.bytes >= SMALL_BYTES:
            continue
        if group and size + file.bytes > TARGET_BYTES:
            found.append(tuple(group))
            group, size = [], 0
        group.append(file)
        size += file.bytes
    found.append(tuple(group))
    return [g for g in found if len(g) > 1]


def join_files(table: Table, files: Sequence[DataFile], target: Path) -> DataFile:
    """Write the rows of `files`, all of one partition, into the one file `target`; columns a file lacks become NULL."""
    schema = table_schema((*table.columns, *table.hidden_columns))
    rows = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        pending: list[pa.RecordBatch] = []
        held = 0
        for batch in _batches(files, schema):
            rows += batch.num_rows
            pending.append(batch)
            held += batch.num_rows
            if held >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(pending, schema))
                pending, held = [], 0
        if pending:
            writer.write_table(pa.Table.from_batches(pending, schema))
    flush(target)
    return DataFile(str(target), rows, target.stat().st_size, files[0].partition, file_statistics(str(target)))


def _batches(files: Sequence[DataFile], schema: pa.Schema) -> Iterable[pa.RecordBatch]:
    for file in files:
        with pq.ParquetFile(file.path) as source:
            for batch in source.iter_batches(_BATCH_ROWS, use_threads=False):
                present = set(batch.schema.names)
                columns = [
                    batch.column(f.name).cast(f.type) if f.name in present else pa.nulls(batch.num_rows, f.type)
                    for f in schema
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
