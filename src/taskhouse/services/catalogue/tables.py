"""Tables and partitions: finding, listing, checking a definition, making a table, dropping one."""

from __future__ import annotations

import uuid
from dataclasses import replace

from taskhouse.domain.access import project_target, schema_target, table_target
from taskhouse.domain.catalogue import (
    DEFAULT_SCHEMA,
    Column,
    Partition,
    PartitionValues,
    Project,
    Table,
    TableKind,
    TableName,
)
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.domain.paging import Page
from taskhouse.ports.catalogue_store import Totals, Trash, TrashKind
from taskhouse.services.access.authorize import check
from taskhouse.services.catalogue import names
from taskhouse.services.world import Caller, World

MAX_COLUMNS = 1200
MAX_PARTITION_COLUMNS = 6
MAX_LIFECYCLE_DAYS = 37_231
STORAGE_TIERS = frozenset({"standard", "lowfrequency", "longterm", "coldarchive"})


def new_table_id(world: World) -> str:
    """Unique for ever; the name of the table's folder."""
    return uuid.uuid4().hex


# --- finding ----------------------------------------------------------------------------------------------------------


def require_project(world: World, name: str) -> Project:
    """Raises `Fault` NO_SUCH_PROJECT."""
    found = world.catalogue.project(name.lower())
    if found is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{name}'")
    return found


def require_schema(world: World, project: str, schema: str) -> None:
    """Raises `Fault` NO_SUCH_PROJECT, or NO_SUCH_OBJECT for the schema: clients that ask whether something in it exists take
    only that for a no."""
    if world.catalogue.schema(project, schema) is None:
        require_project(world, project)
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Schema not found - '{project}.{schema}'")


def check_list(world: World, caller: Caller, project: str, schema: str) -> None:
    """The right to list what lies in a schema of a project."""
    check(
        world, caller, "List", project_target(project) if schema == DEFAULT_SCHEMA else schema_target(project, schema)
    )


def find(world: World, caller: Caller, name: TableName, action: str = "Describe") -> Table:
    """A table or view that the caller may do `action` to. Raises `Fault`: NO_SUCH_TABLE (or NO_SUCH_OBJECT for its schema), NO_PERMISSION."""
    found = world.catalogue.table(name)
    if found is None:
        require_schema(world, name.project, name.schema)
        raise Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - table {name} cannot be resolved")
    check(world, caller, action, table_target(name), found.owner)
    return found


def page(
    world: World,
    caller: Caller,
    project: str,
    schema: str,
    *,
    prefix: str = "",
    containing: str = "",
    owner: str = "",
    kind: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Page[Table]:
    """Tables and views by name. `kind` is a table type of the protocol; one that Taskhouse does not have lists nothing."""
    require_schema(world, project, schema)
    check_list(world, caller, project, schema)
    wanted: TableKind | None = None
    if kind:
        try:
            wanted = TableKind(kind.upper())
        except ValueError:
            return Page(())
    return world.catalogue.tables(
        project,
        schema,
        prefix=prefix.lower(),
        containing=containing.lower(),
        owner=owner,
        kind=wanted,
        marker=marker,
        limit=min(max(limit, 1), world.limits.page_items),
    )


def totals(world: World, table: Table) -> Totals:
    """Rows, bytes and files of the whole table."""
    if not table.is_partitioned:
        return Totals(table.rows, table.bytes, table.files, 0)
    return world.catalogue.totals(table.id)


def partition_page(
    world: World, table: Table, *, prefix: str = "", reverse: bool = False, marker: str = "", limit: int = 1000
) -> Page[Partition]:
    """`prefix` is a partition text that names the leading columns. Raises `Fault` (InvalidArgument) for an unpartitioned table."""
    if not table.is_partitioned:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"table {table.name} is not partitioned")
    values = names.values_of(table, names.read_spec(prefix), prefix=True) if prefix else ()
    return world.catalogue.partitions(
        table.id, prefix=values, reverse=reverse, marker=marker, limit=min(max(limit, 1), world.limits.page_items)
    )


def find_partition(world: World, table: Table, values: PartitionValues, place: Place | None = None) -> Partition:
    """Raises `Fault` NO_SUCH_PARTITION."""
    found = world.catalogue.partition(table.id, values)
    if found is None:
        raise no_partition(table, values, place)
    return found


def no_partition(table: Table, values: PartitionValues, place: Place | None = None) -> Fault:
    columns = table.partition_columns[: len(values)]
    return Fault(
        FaultCode.NO_SUCH_PARTITION,
        f"Partition not found - {table.name} has no partition ({names.quoted_spec(columns, values)})",
        place,
    )


# --- making and removing ----------------------------------------------------------------------------------------------


def checked(table: Table, place: Place | None = None) -> Table:
    """The definition as it will be stored: names checked, every column with its name in files.

    Raises `Fault` (InvalidArgument, Semantic) naming what is wrong.
    """

    def wrong(message: str) -> Fault:
        return Fault(FaultCode.SEMANTIC, message, place)

    names.object_name(table.name.name, place=place)
    if not table.columns:
        raise wrong(f"table {table.name} needs at least one column")
    if len(table.columns) > MAX_COLUMNS:
        raise wrong(f"table {table.name} has {len(table.columns)} columns; at most {MAX_COLUMNS} are possible")
    if len(table.partition_columns) > MAX_PARTITION_COLUMNS:
        raise wrong(f"table {table.name} has more than {MAX_PARTITION_COLUMNS} partition columns")
    if table.lifecycle is not None and not 1 <= table.lifecycle <= MAX_LIFECYCLE_DAYS:
        raise wrong(f"LIFECYCLE must be 1 to {MAX_LIFECYCLE_DAYS} days")
    tier = table.properties.get("storagetier")
    if tier is not None and tier.lower() not in STORAGE_TIERS:
        raise wrong(f"'{tier}' is not a storage tier; there are {', '.join(sorted(STORAGE_TIERS))}")
    seen: set[str] = set()
    for column in (*table.columns, *table.partition_columns):
        names.column_name(column.name, place)
        if column.name in seen:
            raise wrong(f"column '{column.name}' is defined twice")
        seen.add(column.name)
    for column in table.partition_columns:
        if not names.may_partition(column.type):
            raise wrong(f"partition column '{column.name}' cannot be of type {column.type}")
    known = {column.name: column for column in table.columns}
    for name in table.primary_key:
        if name not in known:
            raise wrong(f"PRIMARY KEY names '{name}', which is not a column of {table.name}")
        if known[name].nullable:
            raise wrong(f"PRIMARY KEY column '{name}' must be NOT NULL")
    check_clustering(table, place)
    taken = {
        column.stored_as
        for column in (*table.columns, *table.partition_columns, *table.hidden_columns)
        if column.physical
    }
    return replace(
        table,
        columns=tuple(_stored(column, taken) for column in table.columns),
        partition_columns=tuple(_stored(column, taken) for column in table.partition_columns),
    )


def check_clustering(table: Table, place: Place | None = None) -> None:
    """Raises `Fault` (Semantic) when clustering names no column of the table."""
    if table.clustering is None:
        return
    known = {column.name for column in table.columns}
    for name in (*table.clustering.columns, *(name for name, _ in table.clustering.sort_columns)):
        if name not in known:
            raise Fault(
                FaultCode.SEMANTIC, f"CLUSTERED BY names '{name}', which is not a column of {table.name}", place
            )


def _stored(column: Column, taken: set[str]) -> Column:
    if column.physical:
        return column
    physical = names.physical_name(column.name, taken)
    taken.add(physical)
    return column if physical == column.name else replace(column, physical=physical)


def check_takes_rows(table: Table, place: Place | None = None) -> None:
    """Raises `Fault` (NotSupported) for a transactional table with a primary key, whose rows would have to replace one another, and
    (InvalidArgument) for a view."""
    if table.is_view:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{table.name} is a view, it cannot be written", place)
    if table.has_unique_key:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"adding rows to {table.name} is not supported: it has a primary key, send them through an upsert session",
            place,
        )


def create(world: World, table: Table, *, replaces: str = "") -> None:
    """Make the folder and register the table; a crash in between leaves a folder that the sweeper removes.

    Raises `Fault`: OBJECT_EXISTS, NO_SUCH_SCHEMA, NO_SUCH_PROJECT.
    """
    if table.is_view:
        world.catalogue.create_table(table, replaces=replaces)
        return
    world.catalogue.reserve_folder(table.id, table.created_at)
    try:
        world.warehouse.create(table)
        world.catalogue.create_table(table, replaces=replaces)
    except BaseException:
        if world.catalogue.table_by_id(table.id) is None:
            world.warehouse.drop(table.id)
            world.catalogue.forget_trash([Trash(TrashKind.TABLE, table.id, table.created_at)])
        raise


def drop(world: World, table: Table) -> None:
    """Running readers keep their files until the sweeper comes; grants on the table go with it."""
    world.catalogue.drop_table(table.id, world.clock.now())
    target = table_target(table.name)
    world.access.forget_object(target.project, target.kind.value, target.object_name)
