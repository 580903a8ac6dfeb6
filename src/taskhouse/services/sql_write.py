"""INSERT and CREATE TABLE AS: rows are staged first, then become visible in one commit a table.

The order is what makes a crash harmless. Files are written and flushed into a staging folder; the store records, if
the attempt is still live, what is about to be committed; the table's log gets one entry that carries the attempt's tag; the
catalogue takes over the statistics; the outcome is recorded. `services.recover` finishes whatever stopped in between.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from taskhouse.domain.access import project_target, schema_target
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Column, PartitionValues, Table, TableKind, TableName
from taskhouse.domain.datatypes import STRING, Kind
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.ports.engine import OutputColumn, RunControl, RunStatistics, Scan, WriteTarget
from taskhouse.ports.warehouse import CommitResult, DataFile, TableCommit
from taskhouse.services.access import authorize
from taskhouse.services.catalogue import names
from taskhouse.services.catalogue import tables as catalogue_tables
from taskhouse.services.persistence import surely
from taskhouse.services.sql_query import (
    StoreReader,
    engine_query,
    with_decimals,
)
from taskhouse.services.sql_session import SqlSession
from taskhouse.services.world import World
from taskhouse.sql import binder
from taskhouse.sql.bound import BoundInsert
from taskhouse.sql.catalogue import BindContext, admit_all
from taskhouse.sql.statements import CreateTableAs, Insert

Announce = Callable[[str], None]
"""Records the intent (a JSON document) before anything becomes visible; raises `Fault` CANCELLED if nothing may."""


@dataclass(slots=True)
class Staged:
    """Rows that are written but not visible. `commit` is None when there is nothing to commit."""

    bound: BoundInsert
    folder: str
    statistics: RunStatistics
    scans: dict[str, Scan]
    commit: TableCommit | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """`tables`: rows written, by table name, in the order of the statement."""

    tables: tuple[tuple[str, int], ...]
    statistics: tuple[RunStatistics, ...]
    scans: dict[str, Scan] = field(default_factory=dict)


def insert(
    world: World, session: SqlSession, inserts: Sequence[Insert], control: RunControl, announce: Announce
) -> Written:
    """Run the inserts of one statement: all are staged before the first is committed."""
    staged: list[Staged] = []
    try:
        for part, each in enumerate(inserts):
            one = _stage_insert(world, session, each, control, part)
            if one is not None:
                staged.append(one)
                _check_apart(staged, each.place)
        _check_targets(world, staged)
        commits = [one.commit for one in staged if one.commit is not None]
        control.check()
        announce(intent_document("insert", commits))
    except BaseException:
        for one in staged:
            world.warehouse.discard(one.folder)
        raise
    for position, one in enumerate(staged):
        try:
            _publish(world, session, one)
        except Fault as fault:
            for rest in staged[position:]:
                world.warehouse.discard(rest.folder)
            if position == 0:
                raise
            done = ", ".join(str(each.bound.table.name) for each in staged[:position])
            raise Fault(fault.code, f"{fault.message}; written before it: {done}", fault.place) from fault
    return _written(staged)


def create_table_as(
    world: World, session: SqlSession, statement: CreateTableAs, control: RunControl, announce: Announce
) -> Written | None:
    """Create a table with a query's rows; it appears in the catalogue with its data. None when it exists and may."""
    name = session.resolve(statement.table)
    authorize.check(
        world,
        session.caller,
        "CreateTable",
        schema_target(name.project, name.schema) if name.schema != DEFAULT_SCHEMA else project_target(name.project),
    )
    existing = world.catalogue.table(name)
    if existing is not None and not statement.or_replace:
        if statement.if_not_exists:
            return None
        raise Fault(
            FaultCode.TABLE_EXISTS,
            f"Table already exists - table or view {name} is already defined",
            statement.table.place,
        )

    made: list[Table] = []

    def work(context: BindContext) -> Staged:
        query = binder.bind_query(statement.query, context)
        table = _new_table(world, session, name, statement, query.columns)
        world.catalogue.reserve_folder(table.id, session.now)
        world.warehouse.create(table)
        made.append(table)
        filling = Insert(
            place=statement.place,
            text=statement.text,
            table=replace(statement.table, project=name.project, schema=name.schema, qualifier=None),
            overwrite=False,
            query=statement.query,
            partition=tuple((column.name, None) for column in table.partition_columns),
        )
        reader = _WithNewTable(StoreReader(world, session.caller), table)
        bound = binder.bind_insert(filling, replace(context, catalogue=reader, admit=admit_all))
        return _stage(world, session, bound, control, part=0)

    try:
        staged = with_decimals(world, session, work)
        control.check()
        table = staged.bound.table
        announce(json.dumps({"kind": "create", "table": table.id}))
    except BaseException:
        for table in made:
            world.warehouse.drop(table.id)
        raise
    result = world.warehouse.commit(staged.commit) if staged.commit is not None else None
    replaced = existing.id if existing is not None else ""
    surely(
        lambda: world.catalogue.create_table(staged.bound.table, replaces=replaced, commit=result),
        f"creation of {name}",
    )
    return _written([staged])


def _new_table(
    world: World,
    session: SqlSession,
    name: TableName,
    statement: CreateTableAs,
    query_columns: Sequence[OutputColumn],
) -> Table:
    """The table that a query's columns make; partition columns are named by the statement, and are the query's last."""
    columns = [
        Column(column.name.lower(), STRING if column.type.kind is Kind.VOID else column.type)
        for column in query_columns
    ]
    count = len(columns) - len(statement.partition_columns)
    if tuple(column.name for column in columns[count:]) != statement.partition_columns or count < 1:
        raise Fault(
            FaultCode.SEMANTIC,
            f"the partition columns ({', '.join(statement.partition_columns)}) must be the query's last columns",
            statement.place,
        )
    table = Table(
        id=catalogue_tables.new_table_id(world),
        name=name,
        kind=TableKind.MANAGED,
        columns=tuple(columns[:count]),
        partition_columns=tuple(columns[count:]),
        owner=session.caller.user,
        created_at=session.now,
        modified_at=session.now,
        ddl_at=session.now,
        comment=statement.comment,
        lifecycle=statement.lifecycle,
        properties=dict(statement.properties),
    )
    return catalogue_tables.checked(table, statement.place)


def intent_document(kind: str, commits: Sequence[TableCommit], drops: Sequence[PartitionValues] = ()) -> str:
    """The JSON document that lets recovery finish these commits. One commit needs no files: it is in the log or it is not;
    of several, those missing are made from their files. `drops`: partitions that leave the catalogue after the commit."""
    several = len(commits) > 1
    return json.dumps(
        {
            "kind": kind,
            "commits": [
                {
                    "table": commit.table.id,
                    "step": commit.tag.step,
                    "overwrite": None if commit.overwrite is None else sorted(commit.overwrite),
                    "partitions": sorted({file.partition for file in commit.files} | (commit.overwrite or set())),
                    "files": [_file_document(file) for file in commit.files] if several else [],
                }
                for commit in commits
            ],
            "drops": list(drops),
        },
        default=str,
    )


def files_of_intent(documents: Sequence[dict[str, Any]]) -> tuple[DataFile, ...]:
    return tuple(DataFile(d["path"], d["rows"], d["bytes"], tuple(d["partition"]), d["stats"]) for d in documents)


def _file_document(file: DataFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "rows": file.rows,
        "bytes": file.bytes,
        "partition": list(file.partition),
        "stats": dict(file.stats),
    }


def _stage_insert(world: World, session: SqlSession, each: Insert, control: RunControl, part: int) -> Staged | None:
    """None when IF NOT EXISTS finds the partition."""

    def work(context: BindContext) -> Staged | None:
        bound = binder.bind_insert(each, context)
        catalogue_tables.check_takes_rows(bound.table, each.table.place)
        if (
            bound.if_not_exists
            and bound.create_partition
            and world.catalogue.partition(bound.table.id, bound.static_partition) is not None
        ):
            return None
        return _stage(world, session, bound, control, part)

    return with_decimals(world, session, work)


def _stage(world: World, session: SqlSession, bound: BoundInsert, control: RunControl, part: int) -> Staged:
    table = bound.table
    _check_partitions(table, {bound.static_partition})
    tag = session.tag(part)
    folder = world.warehouse.staging(table, f"{tag.instance_id}-{tag.task}-{tag.attempt}-{tag.step}")
    target = WriteTarget(
        folder=folder,
        columns=table.columns,
        partition_columns=table.partition_columns,
        static_partition=bound.static_partition,
        max_partitions=world.limits.dynamic_partitions,
    )
    try:
        query = engine_query(world, bound.query)
        result = world.engine.write(query, target, control)
        _check_partitions(table, {file.partition for file in result.files})
    except BaseException:
        world.warehouse.discard(folder)
        raise
    overwrite = _overwritten(bound, {file.partition for file in result.files})
    commit = None
    if result.files or overwrite:
        commit = TableCommit(table=table, files=result.files, tag=tag, overwrite=overwrite)
    return Staged(bound, folder, result.statistics, dict(query.scans), commit, result.rows)


def _check_partitions(table: Table, written: set[PartitionValues]) -> None:
    """Raises `Fault` (InvalidArgument) for a value that no statement could name again, nor the catalogue keep."""
    for values in written:
        for column, value in zip(table.partition_columns, values, strict=False):
            names.partition_value(column, value)


def _overwritten(bound: BoundInsert, written: set[PartitionValues]) -> frozenset[PartitionValues] | None:
    if not bound.overwrite:
        return None
    if not bound.table.is_partitioned:
        return frozenset({()})
    if bound.create_partition:
        return frozenset({bound.static_partition})
    return frozenset(written)


def _check_apart(staged: Sequence[Staged], place: Place) -> None:
    """Raises `Fault` (Semantic) when the last insert writes what another of the same statement writes: a table without
    partitions, or a partition."""
    last = staged[-1]
    for other in staged[:-1]:
        if other.bound.table.id != last.bound.table.id:
            continue
        shared = _written_partitions(other) & _written_partitions(last)
        if shared:
            pairs = zip(last.bound.table.partition_columns, min(shared), strict=True)
            what = ",".join(f"{column.name}='{value}'" for column, value in pairs)
            raise Fault(
                FaultCode.SEMANTIC,
                f"Semantic analysis exception - {last.bound.table.name} {f'partition ({what}) ' if what else ''}"
                "is written twice by one statement",
                place,
            )


def _written_partitions(one: Staged) -> set[PartitionValues]:
    """The partitions an insert writes, with or without rows; `()` is a table that has none."""
    if not one.bound.table.is_partitioned:
        return {()}
    if one.bound.create_partition:
        return {one.bound.static_partition}
    return {file.partition for file in one.commit.files} if one.commit is not None else set()


def _check_targets(world: World, staged: Sequence[Staged]) -> None:
    """Tables may have been dropped or changed while their rows were computed."""
    for one in staged:
        table = one.bound.table
        now = world.catalogue.table_by_id(table.id)
        if now is None:
            raise Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - {table.name} was dropped while the statement ran")
        if now.version != table.version and (now.columns, now.partition_columns) != (
            table.columns,
            table.partition_columns,
        ):
            raise Fault(FaultCode.CONFLICT, f"the columns of {table.name} were changed while the statement ran")


def _publish(world: World, session: SqlSession, one: Staged) -> None:
    bound = one.bound
    if one.commit is not None:
        result = commit_surely(world, one.commit)
        surely(
            lambda: world.catalogue.record_commit(bound.table.id, result, world.clock.now()),
            f"statistics of {bound.table.name}",
        )
    if bound.create_partition and not (one.commit is not None and one.commit.files):
        world.catalogue.add_partitions(bound.table.id, [bound.static_partition], session.now, if_not_exists=True)
    if one.commit is None or not one.commit.files:
        world.warehouse.discard(one.folder)


def commit_surely(world: World, commit: TableCommit) -> CommitResult:
    """Commit; an error that struck after the entry was in the log is no error."""
    try:
        return world.warehouse.commit(commit)
    except Exception:
        found = None
        with contextlib.suppress(Exception):
            found = world.warehouse.find_commit(commit.table, commit.tag)
        if found is None:
            raise
        return world.warehouse.commit(commit)


def _written(staged: Sequence[Staged]) -> Written:
    scans: dict[str, Scan] = {}
    for part, one in enumerate(staged):
        scans.update({f"{part}.{name}": scan for name, scan in one.scans.items()})
    return Written(
        tables=tuple((str(one.bound.table.name), one.rows) for one in staged),
        statistics=tuple(one.statistics for one in staged),
        scans=scans,
    )


class _WithNewTable:
    """The catalogue as it will be: one table more."""

    def __init__(self, reader: StoreReader, table: Table) -> None:
        self._reader = reader
        self._table = table

    def table(self, name: TableName) -> Table | None:
        return self._table if name == self._table.name else self._reader.table(name)

    def tables(self, project: str, schema: str) -> tuple[str, ...]:
        return self._reader.tables(project, schema)

    def max_partition(self, table: Table) -> str | None:
        return self._reader.max_partition(table)

    def function_exists(self, project: str, name: str) -> bool:
        return self._reader.function_exists(project, name)
