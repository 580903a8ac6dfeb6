"""Rows that replace rows with the same primary key: how they rest until the commit, and what the commit makes of them.

An upserted row is staged with two columns more: what to do (`U` or `D`) and its place in the order of arrival. The commit writes the
table's (or partition's) files anew: the rows whose key nobody sent, and of each key that was sent the last row, unless
that one deletes it. The result is one entry of the log, made from the version it was computed from or computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from taskhouse.domain.catalogue import Column, Table
from taskhouse.domain.datatypes import BIGINT, TINYINT
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.transfer import Upload
from taskhouse.ports.engine import EngineQuery, OutputColumn, Scan, WriteTarget
from taskhouse.ports.warehouse import CommitResult, CommitTag, DataFile, Snapshot, TableCommit
from taskhouse.services.task_run import Unwatched
from taskhouse.services.tunnel.checking import checked
from taskhouse.services.world import World
from taskhouse.sql.arrow import table_schema
from taskhouse.sql.backends.duckdb import identifier

UPSERT, DELETE = ord("U"), ord("D")
OPERATION = Column("__operation", TINYINT)
SEQUENCE = Column("__sequence", BIGINT)
_ATTEMPTS = 8


def check_table(table: Table) -> None:
    """Raises `Fault` (InvalidArgument) unless rows can be upserted into the table."""
    if not table.has_unique_key:
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"{table.name} has no primary key, or is not transactional: rows cannot be upserted into it",
        )


def staged_columns(table: Table) -> tuple[Column, ...]:
    """The columns of a staged file. Everything may be NULL there: a row that deletes has its key only."""
    return (*(replace(column, nullable=True) for column in table.columns), OPERATION, SEQUENCE)


def staged(table: Table, batches: Iterator[pa.RecordBatch], first: int) -> Iterator[pa.RecordBatch]:
    """Batches as they are staged. Each given one has the data columns in the stored form and after them, as `__operation`, what to do.
    `first` is the sequence number of the first row.

    Raises `Fault` (InvalidArgument): an unknown operation, a key without a value, a row that the table cannot hold.
    """
    schema = table_schema(staged_columns(table))
    keys = [n for n, column in enumerate(table.columns) if column.name in table.primary_key]
    for batch in batches:
        data = batch.select(range(len(table.columns)))
        operation = batch.column(batch.schema.get_field_index(OPERATION.name)).cast(pa.int8())
        known = pc.is_in(operation, pa.array([UPSERT, DELETE], pa.int8()))
        if not pc.all(known, min_count=0).as_py():
            raise Fault(FaultCode.INVALID_ARGUMENT, "a row's operation is neither U (upsert) nor D (delete)")
        for n in keys:
            if data.column(n).null_count:
                raise Fault(
                    FaultCode.INVALID_ARGUMENT, f"column {table.columns[n].name} is a primary key: it needs a value"
                )
        checked(data.filter(pc.equal(operation, UPSERT)), table.columns)
        order = pa.array(range(first, first + batch.num_rows), pa.int64())
        first += batch.num_rows
        yield pa.record_batch([*data.columns, operation, order], schema=schema)


def apply(world: World, upload: Upload, table: Table, files: Sequence[DataFile]) -> CommitResult | None:
    """Commit the staged rows in `files`; None when there are none. Idempotent: a commit with the session's tag stands.

    Raises `Fault` CONFLICT when other writers kept changing the table.
    """
    if not files:
        return None
    tag = CommitTag(upload.id, "tunnel", 1)
    if world.warehouse.find_commit(table, tag) is not None:
        return world.warehouse.commit(
            TableCommit(table=table, files=(), tag=tag, overwrite=frozenset({upload.partition}))
        )
    for attempt in range(_ATTEMPTS):
        try:
            return _merge(world, upload, table, files, tag)
        except Fault as fault:
            if fault.code is not FaultCode.CONFLICT or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _merge(world: World, upload: Upload, table: Table, files: Sequence[DataFile], tag: CommitTag) -> CommitResult:
    warehouse = world.warehouse
    partitions = [upload.partition] if table.is_partitioned else None
    before = warehouse.snapshot(table, partitions)
    arrived_columns = staged_columns(table)
    arrived_table = replace(table, columns=arrived_columns, partition_columns=(), hidden_columns=(), mixed_files=False)
    arrived = Snapshot(arrived_table, 0, tuple(replace(file, partition=()) for file in files))
    folder = warehouse.staging(table, f"merge-{upload.id}")
    try:
        written = world.engine.write(
            EngineQuery(
                sql=_merge_sql(table),
                columns=tuple(OutputColumn(column.name, column.type) for column in table.columns),
                scans={"before": Scan(before, table.columns), "arrived": Scan(arrived, arrived_columns)},
            ),
            WriteTarget(
                folder=folder,
                columns=table.columns,
                static_partition=upload.partition,
            ),
            Unwatched(),
        )
        return warehouse.commit(
            TableCommit(
                table=table,
                files=written.files,
                tag=tag,
                overwrite=frozenset({upload.partition}),
                expected_version=before.version,
            )
        )
    except BaseException:
        warehouse.discard(folder)
        raise


def _merge_sql(table: Table) -> str:
    columns = ", ".join(identifier(column.name) for column in table.columns)
    keys = ", ".join(map(identifier, table.primary_key))
    same = " AND ".join(f"l.{identifier(key)} = b.{identifier(key)}" for key in table.primary_key)
    latest = f"SELECT * FROM arrived QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {identifier(SEQUENCE.name)} DESC) = 1"
    return (
        f"SELECT {columns} FROM (WITH latest AS MATERIALIZED ({latest}) "
        f"SELECT {columns} FROM before AS b WHERE NOT EXISTS (SELECT 1 FROM latest AS l WHERE {same}) "
        f"UNION ALL SELECT {columns} FROM latest WHERE {identifier(OPERATION.name)} = {UPSERT})"
    )
