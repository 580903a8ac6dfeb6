"""The first rows of a table, as CSV."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from taskhouse.domain.catalogue import Column, PartitionValues, Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.engine import EngineQuery, OutputColumn, Scan
from taskhouse.services.catalogue.tables import find_partition
from taskhouse.services.csv_text import csv_file, csv_header
from taskhouse.services.task_run import Unwatched
from taskhouse.services.world import World
from taskhouse.sql.backends.duckdb import identifier


def preview(
    world: World, table: Table, limit: int, *, partition: PartitionValues | None = None, columns: Sequence[str] = ()
) -> bytes:
    """At most `limit` rows (and at most `preview_rows` of the limits), partition columns last.

    Raises `Fault`: INVALID_ARGUMENT for a view or an unknown column, NO_SUCH_PARTITION.
    """
    if table.is_view:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{table.name} is a view: it has no rows of its own, query it instead")
    wanted = _wanted(table, columns)
    outputs = tuple(OutputColumn(column.name, column.type) for column in wanted)
    if partition is not None:
        find_partition(world, table, partition)
    snapshot = world.warehouse.snapshot(table, None if partition is None else [partition])
    limit = min(limit, world.limits.preview_rows)
    if limit <= 0 or not snapshot.files:
        return csv_header(column.name for column in outputs)
    zone = world_zone(world, table.name.project)
    path = world.results / f"preview-{uuid.uuid4().hex}.arrow"
    select = ", ".join(identifier(column.name) for column in outputs)
    query = EngineQuery(
        sql=f"SELECT {select} FROM scan_1 LIMIT {limit}",
        columns=outputs,
        scans={"scan_1": Scan(snapshot, wanted)},
        time_zone=zone,
    )
    try:
        world.engine.query(query, str(path), Unwatched(), max_rows=limit)
        return csv_file(str(path), [(column.name, column.type) for column in outputs], zone, limit)
    finally:
        path.unlink(missing_ok=True)


def world_zone(world: World, project: str) -> str:
    """The project's time zone, an IANA name."""
    found = world.catalogue.project(project)
    return (found.properties.get("odps.sql.timezone", "") if found else "") or world.time_zone


def _wanted(table: Table, names: Sequence[str]) -> tuple[Column, ...]:
    every = (*table.columns, *table.partition_columns)
    if not names:
        return every
    known = {column.name: column for column in every}
    for name in names:
        if name.lower() not in known:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"column '{name}' does not exist in {table.name}")
    return tuple(known[name.lower()] for name in dict.fromkeys(names))
