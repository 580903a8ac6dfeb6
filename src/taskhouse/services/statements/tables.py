"""CREATE TABLE, CREATE TABLE LIKE, DROP TABLE, TRUNCATE, and views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from taskhouse.domain.catalogue import Column, Partition, PartitionValues, Table, TableKind
from taskhouse.domain.datatypes import STRING, DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.services import sql_query
from taskhouse.services.catalogue import names, tables
from taskhouse.services.catalogue.tables import no_partition
from taskhouse.services.statements.execution import DONE, Execution, StatementOutcome, missing, placed
from taskhouse.sql import binder
from taskhouse.sql.bound import BoundQuery
from taskhouse.sql.partition_filter import as_spec, matches
from taskhouse.sql.statements import (
    AlterViewQuery,
    CreateTable,
    CreateTableLike,
    CreateView,
    DropTable,
    DropView,
    PartitionFilter,
    TableRef,
    TruncateTable,
    ViewColumn,
)

_INGESTION_TIME = "_partitiontime"


def create_table(run: Execution, statement: CreateTable) -> StatementOutcome:
    options = {}
    if statement.shards:
        options["shards"] = str(statement.shards)
    if statement.hub_lifecycle:
        options["hub_lifecycle"] = str(statement.hub_lifecycle)
    columns = _with_ingestion_time(statement.columns, properties(statement.properties))
    table = _new(run, statement.table, TableKind.MANAGED, columns)
    table = replace(
        table,
        partition_columns=tuple(_partition_column(c) for c in statement.partition_columns),
        comment=statement.comment,
        lifecycle=statement.lifecycle,
        properties=_tiered(run) | properties(statement.properties),
        options=options,
        clustering=statement.clustering,
        primary_key=statement.primary_key,
    )
    return _create(run, statement.table, table, statement.if_not_exists, statement.or_replace)


def create_like(run: Execution, statement: CreateTableLike) -> StatementOutcome:
    source = run.table(statement.source, "Describe")
    table = _new(run, statement.table, TableKind.MANAGED, source.columns)
    table = replace(
        table,
        columns=tuple(replace(column, physical="") for column in source.columns),
        partition_columns=tuple(replace(column, physical="") for column in source.partition_columns),
        comment=source.comment,
        lifecycle=statement.lifecycle,
        properties=dict(source.properties),
        clustering=source.clustering,
        primary_key=source.primary_key,
    )
    return _create(run, statement.table, table, statement.if_not_exists, or_replace=False)


def properties(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in pairs}


def _with_ingestion_time(columns: tuple[Column, ...], given: dict[str, str]) -> tuple[Column, ...]:
    """In a table with the property `ingestion_time_partition`, rows that do not say their `_partitiontime` get the current time."""
    if given.get("ingestion_time_partition", "").lower() != "true":
        return columns
    return tuple(
        replace(column, default="current_timestamp_ntz()")
        if column.name == _INGESTION_TIME and column.type.kind is Kind.TIMESTAMP_NTZ and column.default is None
        else column
        for column in columns
    )


def _tiered(run: Execution) -> dict[str, str]:
    """The tier a table starts in, when the session has tiers switched on."""
    return {"storagetier": "standard"} if run.session.flag("odps.tiered.storage.enable", False) else {}


def _partition_column(column: Column) -> Column:
    """A column of AUTO PARTITIONED BY is written without a type: TRUNC_TIME gives STRING."""
    if column.generated and column.type.kind is Kind.VOID:
        return replace(column, type=STRING)
    return column


def _new(run: Execution, ref: TableRef, kind: TableKind, columns: tuple[Column, ...]) -> Table:
    name = run.session.resolve(ref)
    return Table(
        id=run.new_id(),
        name=name,
        kind=kind,
        columns=columns,
        owner=run.session.caller.user,
        created_at=run.now,
        modified_at=run.now,
        ddl_at=run.now,
    )


def _create(run: Execution, ref: TableRef, table: Table, if_not_exists: bool, or_replace: bool) -> StatementOutcome:
    run.check_create("CreateTable", table.name.project, table.name.schema)
    existing = run.world.catalogue.table(table.name)
    replaces = ""
    if existing is not None:
        if if_not_exists:
            return DONE
        if not or_replace:
            raise Fault(
                FaultCode.TABLE_EXISTS,
                f"Table already exists - table or view {table.name} is already defined",
                ref.place,
            )
        if existing.is_view is not table.is_view:
            word = "a view" if existing.is_view else "a table"
            raise Fault(FaultCode.SEMANTIC, f"{table.name} is {word} and cannot be replaced by the other", ref.place)
        run.table(ref, "Drop")
        replaces = existing.id
    try:
        tables.create(run.world, tables.checked(table, ref.place), replaces=replaces)
    except Fault as fault:
        if fault.code is FaultCode.OBJECT_EXISTS and if_not_exists:
            return DONE
        raise placed(fault, ref.place) from None
    return DONE


def drop_table(run: Execution, statement: DropTable) -> StatementOutcome:
    found = run.find(statement.table)
    if found is None:
        return _absent(run, statement.table, statement.if_exists)
    found = run.table(statement.table, "Drop")
    if found.is_view:
        word = "MATERIALIZED VIEW" if found.kind is TableKind.MATERIALIZED_VIEW else "VIEW"
        raise Fault(FaultCode.SEMANTIC, f"{found.name} is a view: use DROP {word}", statement.table.place)
    tables.drop(run.world, found)
    return DONE


def drop_view(run: Execution, statement: DropView) -> StatementOutcome:
    found = run.find(statement.table)
    if found is None:
        return _absent(run, statement.table, statement.if_exists)
    found = run.table(statement.table, "Drop")
    wanted = TableKind.MATERIALIZED_VIEW if statement.materialized else TableKind.VIEW
    if found.kind is not wanted:
        word = {TableKind.MANAGED: "TABLE", TableKind.VIEW: "VIEW"}.get(found.kind, "MATERIALIZED VIEW")
        raise Fault(FaultCode.SEMANTIC, f"{found.name} must be dropped with DROP {word}", statement.table.place)
    tables.drop(run.world, found)
    return DONE


def _absent(run: Execution, ref: TableRef, allowed: bool) -> StatementOutcome:
    if allowed:
        return DONE
    raise missing(run.session.resolve(ref), ref.place)


# --- TRUNCATE ---------------------------------------------------------------------------------------------------------


def truncate(run: Execution, statement: TruncateTable) -> StatementOutcome:
    table = run.managed(statement.table, "Update")
    if not table.is_partitioned:
        if statement.partitions:
            raise Fault(FaultCode.SEMANTIC, f"table {table.name} is not partitioned", statement.table.place)
        if run.world.warehouse.snapshot(table).files:
            run.record(table, run.remove_data(table, frozenset({()})))
        return DONE
    if not statement.partitions:
        raise Fault(
            FaultCode.SEMANTIC,
            f"table {table.name} is partitioned: name the partitions to truncate",
            statement.table.place,
        )
    chosen = select_partitions(run, table, statement.partitions, statement.table.place)
    snapshot = run.world.warehouse.snapshot(table, [partition.values for partition in chosen])
    filled = frozenset(file.partition for file in snapshot.files)
    if filled:
        run.record(table, run.remove_data(table, filled))
    return DONE


def select_partitions(
    run: Execution, table: Table, filters: Sequence[PartitionFilter], place: Place, *, if_exists: bool = False
) -> list[Partition]:
    """The partitions that any of the filters names, each once. A filter that names one partition must find it, unless
    `if_exists`. Raises `Fault` NO_SUCH_PARTITION, or Semantic for a table without partitions."""
    if not table.is_partitioned:
        raise Fault(FaultCode.SEMANTIC, f"table {table.name} is not partitioned", place)
    chosen: dict[PartitionValues, Partition] = {}
    everything: tuple[Partition, ...] | None = None
    types = {column.name: column.type for column in table.partition_columns}
    for each in filters:
        spec = as_spec(each)
        if spec is not None and len(spec) == len(types):
            values = names.values_of(table, spec, place=place)
            found = run.world.catalogue.partition(table.id, values)
            if found is None and not if_exists:
                raise no_partition(table, values, place)
            if found is not None:
                chosen[found.values] = found
            continue
        if everything is None:
            everything = run.world.catalogue.all_partitions(table.id)
        chosen.update(
            (partition.values, partition)
            for partition in everything
            if matches(each, dict(zip(types, partition.values, strict=True)), types)
        )
    return list(chosen.values())


# --- views ------------------------------------------------------------------------------------------------------------


def create_view(run: Execution, statement: CreateView) -> StatementOutcome:
    bound = bind_view(run, statement)
    queried = {column.name.lower() for column in bound.columns}
    columns = view_columns(statement.columns, bound, statement.place)
    kind = TableKind.MATERIALIZED_VIEW if statement.materialized else TableKind.VIEW
    for name in statement.partitioned_on:
        if name not in queried and name not in {column.name for column in columns}:
            raise Fault(
                FaultCode.SEMANTIC, f"PARTITIONED ON names '{name}', which is not a column of the view", statement.place
            )
    table = replace(
        _new(run, statement.table, kind, columns),
        comment=statement.comment,
        properties=properties(statement.properties),
        lifecycle=statement.lifecycle,
        options={"rewrite": "true" if statement.rewrite else "false"} if statement.materialized else {},
        view_text=statement.query_text,
    )
    return _create(run, statement.table, table, statement.if_not_exists, statement.or_replace)


def alter_view_query(run: Execution, statement: AlterViewQuery) -> StatementOutcome:
    found = run.table(statement.table, "Alter")
    if not found.is_view:
        raise Fault(FaultCode.SEMANTIC, f"{found.name} is a table, not a view", statement.table.place)
    bound = bind_view(run, statement)
    columns = view_columns((), bound, statement.place)
    changed = replace(found, columns=columns, view_text=statement.query_text, ddl_at=run.now, modified_at=run.now)
    run.replace(found, changed, statement.table.place)
    return DONE


def bind_view(run: Execution, statement: CreateView | AlterViewQuery) -> BoundQuery:
    """Bind the view's query, so that a view which cannot be read is never created."""
    bound = binder.bind_query(statement.query, sql_query.bind_context(run.world, run.session))
    name = run.session.resolve(statement.table)
    if name in bound.tables:
        raise Fault(FaultCode.SEMANTIC, f"view {name} cannot be defined by itself", statement.table.place)
    return bound


def view_columns(named: tuple[ViewColumn, ...], bound: BoundQuery, place: Place) -> tuple[Column, ...]:
    if named and len(named) != len(bound.columns):
        raise Fault(
            FaultCode.SEMANTIC,
            f"the view names {len(named)} columns, its query has {len(bound.columns)}",
            place,
        )
    found = tuple(
        Column(
            named[n].name if named else column.name.lower(),
            _kept(column.type),
            named[n].comment if named else "",
        )
        for n, column in enumerate(bound.columns)
    )
    given = [column.name for column in found]
    for name in given:
        if given.count(name) > 1:
            raise Fault(FaultCode.SEMANTIC, f"column '{name}' appears twice in the view; name one of them anew", place)
    return found


def _kept(type_: DataType) -> DataType:
    return STRING if type_.kind is Kind.VOID else type_
