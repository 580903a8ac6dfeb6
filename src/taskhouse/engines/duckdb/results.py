"""Rows of a query into an Arrow IPC file in the stored form, batch by batch, never the whole result in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from taskhouse.ports.engine import OutputColumn, RunControl
from taskhouse.sql.arrow import stored_schema

_BATCH_ROWS = 65_536
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def write_result(
    relation: duckdb.DuckDBPyRelation, columns: Sequence[OutputColumn], path: str, control: RunControl
) -> tuple[int, int]:
    """Write the relation's rows; returns `(rows, bytes)`. The file appears under its name only when it is whole and durable."""
    schema = stored_schema((c.name, c.type) for c in columns)
    partial = f"{path}.partial"
    rows = 0
    try:
        reader = relation.to_arrow_reader(_BATCH_ROWS)
        with open(partial, "wb") as file:
            with pa.ipc.new_file(file, schema, options=_OPTIONS) as writer:
                for batch in reader:
                    writer.write_batch(conform(batch, schema))
                    rows += batch.num_rows
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        control.check()
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise
    return rows, size


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same rows under the schema's names and types. Columns that have the type already are not copied."""
    arrays = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
