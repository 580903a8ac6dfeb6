"""Binding a query against the catalogue and reading it through the engine: one snapshot a table, privileges first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlglot import exp

from taskhouse.domain.access import project_target, table_target
from taskhouse.domain.catalogue import PartitionValues, Table, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.engine import EngineQuery, QueryResult, RunControl, Scan
from taskhouse.ports.warehouse import Snapshot
from taskhouse.services.access import authorize
from taskhouse.services.sql_session import SqlSession
from taskhouse.services.world import Caller, World
from taskhouse.sql import binder
from taskhouse.sql.backends.duckdb import is_decimal_overflow
from taskhouse.sql.bound import BoundQuery
from taskhouse.sql.catalogue import BindContext

T = TypeVar("T")


class StoreReader:
    """The catalogue as one statement sees it (`sql.catalogue.CatalogueReader`): what was read once stays as it was."""

    def __init__(self, world: World, caller: Caller) -> None:
        self._world = world
        self._caller = caller
        self._tables: dict[TableName, Table | None] = {}

    def table(self, name: TableName) -> Table | None:
        if name not in self._tables:
            self._tables[name] = self._world.catalogue.table(name)
        return self._tables[name]

    def tables(self, project: str, schema: str) -> tuple[str, ...]:
        if not authorize.permits(self._world, self._caller, "List", project_target(project)):
            return ()
        page = self._world.catalogue.tables(project, schema, limit=1000)
        return tuple(table.name.name for table in page.items)

    def max_partition(self, table: Table) -> str | None:
        values = self._world.catalogue.max_partition(table.id)
        return values[0] if values else None

    def function_exists(self, project: str, name: str) -> bool:
        return self._world.catalogue.function(project, "default", name) is not None


def bind_context(world: World, session: SqlSession, *, wide_decimals: bool = False) -> BindContext:
    """Binding with it raises `Fault` NO_PERMISSION unless the session's user may read every table and view that a query names."""

    def admit(privilege: str, table: Table) -> None:
        authorize.check(world, session.caller, privilege, table_target(table.name), table.owner)

    return BindContext(
        project=session.project.name,
        catalogue=StoreReader(world, session.caller),
        now=session.now,
        schema=session.schema,
        settings=dict(session.settings),
        time_zone=session.time_zone,
        user=session.caller.user,
        wide_decimals=wide_decimals,
        admit=admit,
    )


def with_decimals(world: World, session: SqlSession, work: Callable[[BindContext], T]) -> T:
    """Run `work` with narrow decimals, and again with wide ones if the engine says that these overflowed."""
    try:
        return work(bind_context(world, session))
    except Fault as fault:
        if fault.code is not FaultCode.RUNTIME or not is_decimal_overflow(fault.message):
            raise
    return work(bind_context(world, session, wide_decimals=True))


@dataclass(frozen=True, slots=True)
class Selected:
    """What a SELECT did: the columns and size of its result file, and what it read."""

    bound: BoundQuery
    scans: Mapping[str, Scan]
    result: QueryResult


def select_into_file(
    world: World, session: SqlSession, query: exp.Expression, path: str, control: RunControl
) -> Selected:
    """Run a SELECT; its rows become the Arrow IPC file `path`."""

    def work(context: BindContext) -> Selected:
        bound = binder.bind_query(query, context)
        asked = engine_query(world, bound)
        return Selected(bound, asked.scans, world.engine.query(asked, path, control))

    return with_decimals(world, session, work)


def engine_query(world: World, bound: BoundQuery) -> EngineQuery:
    """The query with the files it reads: one snapshot a table for all its mentions, less the partitions that cannot matter."""
    snapshots: dict[str, Snapshot] = {}
    scans: dict[str, Scan] = {}
    for placeholder, scan in bound.scans.items():
        if scan.table.id not in snapshots:
            snapshots[scan.table.id] = world.warehouse.snapshot(scan.table)
        snapshot = pruned(snapshots[scan.table.id], scan.partition_filter)
        scans[placeholder] = Scan(snapshot=snapshot, columns=scan.columns)
    return EngineQuery(sql=bound.sql, columns=bound.columns, scans=scans, time_zone=bound.time_zone)


def pruned(snapshot: Snapshot, wanted: Callable[[PartitionValues], bool] | None) -> Snapshot:
    """The snapshot without the files of partitions that the filter rules out; each partition is judged once."""
    if wanted is None:
        return snapshot
    verdicts: dict[PartitionValues, bool] = {}
    for file in snapshot.files:
        if file.partition not in verdicts:
            verdicts[file.partition] = wanted(file.partition)
    return replace(snapshot, files=tuple(file for file in snapshot.files if verdicts[file.partition]))


def note_access(world: World, session: SqlSession, scans: Mapping[str, Scan]) -> None:
    """Remember that these tables and partitions were read."""
    read: dict[str, set[PartitionValues]] = {}
    for scan in scans.values():
        partitions = read.setdefault(scan.snapshot.table.id, set())
        if scan.snapshot.table.is_partitioned:
            partitions.update(file.partition for file in scan.snapshot.files)
    for table_id, values in read.items():
        world.catalogue.record_access(table_id, sorted(values), session.now)
