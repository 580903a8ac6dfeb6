"""Physical tables and views of a planned workspace, and whether tables that are there could take its fields."""

from __future__ import annotations

from dataclasses import replace

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.domain.definition.metrics import AggregateTable
from taskhouse.domain.definition.tables import PERMANENT_DAYS, DimensionTable, Level
from taskhouse.domain.definition.workspace import LogicalTable, Workspace
from taskhouse.domain.materialization import code
from taskhouse.domain.materialization.code import TableSpec, ViewNode, ViewSpec
from taskhouse.domain.materialization.layout import PlannedNode
from taskhouse.services.materialization.context import Context
from taskhouse.services.materialization.shapes import Shape


def _own_shapes(context: Context) -> list[Shape]:
    """Of the tables that are tasks in this environment."""
    return [shape for id, shape in context.shapes.items() if id in context.tasks]


def tables(context: Context) -> list[TableSpec]:
    """One for each node; a shared node's has the fields of all its tables."""
    found: dict[str, TableSpec] = {}
    for shape in _own_shapes(context):
        labels = _labels(context.workspace, shape.definition)
        days = shape.definition.materialization.lifecycle_days
        for node in shape.nodes:
            names = dict.fromkeys((*shape.keys, *node.values))
            columns = tuple(
                (name.lower(), shape.types[name], labels.get(name, "")) for name in names if name in shape.types
            )
            project, _, table = shape.table(node).partition(".")
            spec = TableSpec(
                project,
                table,
                columns,
                tuple((column.lower(), "STRING") for column, _ in shape.partitions),
                None if days >= PERMANENT_DAYS else days,
                f"{shape.id}: {node.rule}" if not node.shared else f"shared node {node.name}",
            )
            known = found.get(spec.full_name)
            if known is not None:
                more = tuple(column for column in columns if column[0] not in {each[0] for each in known.columns})
                longest = None if None in (known.lifecycle, spec.lifecycle) else max(known.lifecycle or 0, days)
                spec = replace(known, columns=(*known.columns, *more), lifecycle=longest)
            found[spec.full_name] = spec
    return list(found.values())


def views(context: Context) -> list[ViewSpec]:
    """Of each logical table, then of the levels of its hierarchies."""
    found: list[ViewSpec] = []
    for shape in _own_shapes(context):
        nodes = [
            ViewNode(shape.table(node), (*shape.keys, *(name for name in node.values if name in shape.types)))
            for node in shape.nodes
        ]
        if not nodes:
            continue
        partitions = [column for column, _ in shape.partitions]
        query = code.table_view(nodes, shape.keys, [name for name in shape.types if name not in shape.keys], partitions)
        project, _, name = shape.view.partition(".")
        comment = shape.definition.label or shape.definition.description
        found.append(ViewSpec(project, name, query, comment, tuple(node.table for node in nodes)))
        if isinstance(shape.definition, DimensionTable):
            found += _levels(shape.definition, shape, partitions)
    return found


def _levels(table: DimensionTable, shape: Shape, partitions: list[str]) -> list[ViewSpec]:
    """The linked tables of a dimension's hierarchies: one row for each member of a level, with the levels above it."""
    found = []
    for hierarchy in table.hierarchies:
        above: list[str] = []
        for level in hierarchy.levels:
            columns = dict.fromkeys((level.key, *level.attributes, *above, *partitions))
            query = f"SELECT DISTINCT {code.names(columns)} FROM {shape.view} WHERE {code.name(level.key)} IS NOT NULL"
            name = level_name(table, level)
            project = shape.view.partition(".")[0]
            found.append(ViewSpec(project, name, query, f"{hierarchy.name}: {level.name}", (shape.view,)))
            above = [level.key, *above]
    return found


def level_name(table: DimensionTable, level: Level) -> str:
    return f"{table.name}__{level.name}".lower()


def _labels(workspace: Workspace, table: LogicalTable) -> dict[str, str]:
    if isinstance(table, AggregateTable):
        return {metric.name: metric.label for metric in workspace.metrics(table)}
    return {each.name: each.label for each in table.fields}


def could_be(context: Context, shape: Shape, node: PlannedNode) -> bool:
    """Whether a table that is there under the node's name, if one is, could take the node's fields."""
    project, _, name = shape.table(node).partition(".")
    found = context.existing(TableName(project, DEFAULT_SCHEMA, name))
    if found is None:
        return True
    if found.is_view or [c.name for c in found.partition_columns] != [column.lower() for column, _ in shape.partitions]:
        return False
    types = {column.name: str(column.type).upper() for column in found.columns}
    wanted = {name.lower(): shape.types[name] for name in (*shape.keys, *node.values) if name in shape.types}
    return all(types.get(column, type_) == type_ for column, type_ in wanted.items())
