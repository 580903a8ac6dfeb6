"""Rules of one dimension or fact table, and of its references."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from taskhouse.domain.definition.metrics import AggregateTable
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.tables import (
    DimensionKind,
    DimensionTable,
    FactKind,
    FactTable,
    FieldDefinition,
    FieldKind,
    Materialization,
    MaterializationMode,
    ReadPartition,
)
from taskhouse.domain.definition.workspace import SourceTable, TaskDefinition, Workspace
from taskhouse.domain.materialization.layout import MAX_TABLE_NAME
from taskhouse.domain.schedule import Cycle
from taskhouse.services.definitions.findings import Findings, suggestion

if TYPE_CHECKING:
    from taskhouse.services.definitions.checks import Names

_LISTS = {
    FieldKind.ATTRIBUTE: "attributes",
    FieldKind.MEASURE: "measures",
    FieldKind.DIMENSION_REFERENCE: "dimensions",
    FieldKind.FACT_ATTRIBUTE: "attributes",
    FieldKind.KEY: "keys",
}


def field_names(workspace: Workspace, task: TaskDefinition) -> frozenset[str]:
    """The fields of a logical table; none of other tasks."""
    match task:
        case DimensionTable() | FactTable():
            return frozenset(item.name for item in task.fields)
        case AggregateTable():
            columns = [grain.column for grain in task.grains]
            return frozenset([*columns, *(metric.name for metric in workspace.metrics(task))])
        case _:
            return frozenset()


def field_place(table: SourceTable, item: FieldDefinition) -> Place:
    if isinstance(table, DimensionTable) and item.kind is FieldKind.KEY:
        return (*table.place, "key")
    return (*table.place, _LISTS[item.kind], item.name)


def check_table(workspace: Workspace, table: SourceTable, to: Findings, names: Names) -> None:
    _check_names(table, to)
    _check_sources(table, to)
    _check_references(workspace, table, to, names)
    check_materialization(
        table.materialization,
        {item.name for item in table.fields if item.kind is not FieldKind.KEY},
        {item.name for item in table.keys},
        (*table.place, "materialization"),
        to,
    )
    _check_kind(table, to)
    _check_latency(table, to)
    if isinstance(table, DimensionTable):
        _check_hierarchies(table, to, names)


def _check_names(table: SourceTable, to: Findings) -> None:
    partitions = {name.lower() for name, _ in table.materialization.partitions}
    seen: dict[str, FieldDefinition] = {}
    for item in table.fields:
        key = item.name.lower()
        if key in seen:
            to.report((*field_place(table, item), "name"), f"the table has two fields named '{item.name}'")
        if key in partitions:
            to.report((*field_place(table, item), "name"), f"'{item.name}' is a partition column of the table")
        seen[key] = item
    if isinstance(table, FactTable) and len(seen) == len(table.keys):
        to.report(table.place, "the table has no fields besides its key", "add measures, dimensions or attributes")
    if table.event_time and table.event_time.lower() not in seen:
        to.report(
            (*table.place, "event_time"),
            f"the table has no field '{table.event_time}'",
            suggestion(table.event_time, (item.name for item in table.fields)),
        )


def _check_sources(table: SourceTable, to: Findings) -> None:
    seen: set[str] = set()
    if table.source is None:
        return
    sources = [((*table.place, "source"), table.source)]
    sources += [((*table.place, "joins", str(n)), join.source) for n, join in enumerate(table.joins)]
    for place, source in sources:
        if source.alias.lower() in seen:
            to.report(place, f"two sources are called '{source.alias}'", "give one another 'alias'")
        seen.add(source.alias.lower())
        if source.table == table.id:
            to.report((*place, "table"), "a table cannot be its own source")


def _check_references(workspace: Workspace, table: SourceTable, to: Findings, names: Names) -> None:
    pairs = Counter((item.dimension, item.role) for item in table.fields if item.dimension)
    for item in table.fields:
        if not item.dimension:
            continue
        place = (*field_place(table, item), "dimension")
        if not names.expect(to, place, "dimension_tables", item.dimension, "dimension table"):
            continue
        if pairs[item.dimension, item.role] > 1:
            to.report(
                place,
                f"several references to '{item.dimension}' have the role '{item.role}'"
                if item.role
                else f"there are several references to '{item.dimension}'",
                "give each a 'role' of its own",
            )
        dimension = workspace.dimensions.get(item.dimension)
        if dimension is not None and dimension.key.type.is_number != item.type.is_number:
            to.report(
                (*field_place(table, item), "type"),
                f"the reference is {item.type.in_capitals()}, but the key '{dimension.key.name}' of '{dimension.id}' is "
                f"{dimension.key.type.in_capitals()}",
            )


def check_materialization(wish: Materialization, fields: set[str], keys: set[str], place: Place, to: Findings) -> None:
    """`fields` are those besides the keys."""
    if wish.mode is MaterializationMode.AUTOMATIC:
        if wish.nodes:
            to.report((*place, "nodes"), "nodes are for mode CUSTOM", "add `mode: CUSTOM`, or leave out the nodes")
        return
    if not wish.nodes:
        to.report(place, "mode CUSTOM needs 'nodes'")
        return
    known = {name.lower(): name for name in fields}
    written: set[str] = set()
    for node in wish.nodes:
        for number, name in enumerate(node.fields):
            at = (*place, "nodes", node.name, "fields", str(number))
            if name in fields:
                written.add(name)
            elif name in keys:
                to.report(at, f"'{name}' is the key, which every node writes anyway")
            else:
                to.report(at, f"the table has no field '{name}'", suggestion(name, known.values()))
    for name in sorted(fields - written):
        to.report(
            (*place, "nodes"), f"field '{name}' is in no node", "with mode CUSTOM every field is assigned by hand"
        )


def _check_kind(table: SourceTable, to: Findings) -> None:
    place = (*table.place, "materialization")
    wish = table.materialization
    is_snapshot = isinstance(table, FactTable) and table.kind is FactKind.PERIODIC_SNAPSHOT
    is_normal = isinstance(table, DimensionTable) and table.kind is DimensionKind.NORMAL
    if wish.read is ReadPartition.MAX_PT and not (is_snapshot or is_normal):
        to.report((*place, "read"), "MAX_PT is for periodic snapshot fact tables and normal dimension tables")
    if wish.mode is MaterializationMode.CUSTOM and isinstance(table, FactTable) and not table.keys:
        to.report(
            (*place, "mode"), "custom materialization needs a primary key, by which the nodes are joined", "add 'keys'"
        )


def _check_latency(table: SourceTable, to: Findings) -> None:
    if not table.latency_days:
        return
    place = (*table.place, "latency_days")
    if table.settings.schedule.cycle is not Cycle.DAY:
        to.report(place, "data latency needs a daily schedule")
    if not table.event_time:
        to.report(place, "data latency needs an event time", "name the field in 'event_time'")
    if not table.keys:
        to.report(place, "data latency needs a primary key", "add 'keys'")
    if table.materialization.mode is MaterializationMode.CUSTOM:
        to.report(place, "data latency and custom materialization exclude one another")


def _check_hierarchies(table: DimensionTable, to: Findings, names: Names) -> None:
    attributes = {item.name for item in table.attributes}
    linked: set[str] = set()
    for hierarchy in table.hierarchies:
        for level in hierarchy.levels:
            place = (*table.place, "hierarchies", hierarchy.name, "levels", level.name)
            for at, name in (
                ((*place, "key"), level.key),
                *(((*place, "attributes"), name) for name in level.attributes),
            ):
                if name not in attributes and name != table.key.name:
                    to.report(at, f"the table has no attribute '{name}'", suggestion(name, attributes))
            id = f"{table.id}__{level.name}"
            if id.lower() in linked or id in names.tasks:
                to.report(place, f"there is another table '{id}'", "give the level another name")
            if len(id.partition(".")[2]) > MAX_TABLE_NAME:
                to.report(
                    place,
                    f"its view's name would have more than {MAX_TABLE_NAME} characters",
                    "shorten the level's name",
                )
            linked.add(id.lower())
