"""Dimension and fact tables: nodes, their code over the declared sources, and the lineage of each field."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskhouse.domain.definition.tables import (
    DEFAULT_REFERENCE,
    Cost,
    DimensionKind,
    DimensionTable,
    FieldDefinition,
    FieldKind,
    Join,
    JoinType,
    MaterializationMode,
    Source,
)
from taskhouse.domain.definition.workspace import SourceTable
from taskhouse.domain.materialization import code
from taskhouse.domain.materialization.layout import PlannedNode
from taskhouse.domain.materialization.periods import DAY_FORMATS
from taskhouse.domain.materialization.splitting import MAIN, NO_KEY, TABLE_RULES, FieldTraits, split
from taskhouse.domain.published import PublishedField
from taskhouse.domain.recurring import Role
from taskhouse.services.materialization.context import Context, digest
from taskhouse.services.materialization.expressions import Use
from taskhouse.services.materialization.shapes import Shape
from taskhouse.services.materialization.source_reading import SourceReading

MAX_LATENCY_DAYS = 15
_TIMES = ("date", "datetime", "timestamp", "timestamp_ntz")


@dataclass(slots=True)
class NodeCode:
    """What a node runs, and what it reads: upstream task -> fields, empty for scripts."""

    text: str
    reads: dict[str, frozenset[str]]
    inner: tuple[str, ...] = ()


# --- shape ------------------------------------------------------------------------------------------------------------


def plan_nodes(context: Context, table: SourceTable, reading: SourceReading) -> tuple[PlannedNode, ...]:
    """The nodes of a dimension or fact table: by hand, or by the rules of automatic splitting."""
    wish = table.materialization
    keys = {key.name for key in table.keys}
    values = [each for each in table.fields if each.name not in keys]
    if wish.mode is MaterializationMode.CUSTOM:
        if wish.nodes and not keys and len(wish.nodes) > 1:
            context.refuse(
                (*table.place, "materialization"),
                f"'{table.id}' has no primary key, so it cannot be distributed over {len(wish.nodes)} nodes",
                "give it a primary key, or leave it one node",
            )
        return tuple(PlannedNode(node.name, node.name, node.fields, "by hand", node.shared) for node in wish.nodes)
    if not keys:
        return (PlannedNode(MAIN, f"{table.name}_{MAIN}", tuple(each.name for each in values), NO_KEY.name),)
    before = context.previous.get(table.id)
    prefix = f"{table.project}.{table.name}_"
    placed = {name: node.id.removeprefix(prefix) for node in (before.nodes if before else ()) for name in node.values}
    traits = [_traits(context, reading, each) for each in values]
    groups = split(traits, TABLE_RULES, wish.max_fields, placed)
    if not groups:
        return (PlannedNode(MAIN, f"{table.name}_{MAIN}", (), "nothing but the key"),)
    return tuple(PlannedNode(group.label, f"{table.name}_{group.label}", group.fields, group.why) for group in groups)


def _traits(context: Context, reading: SourceReading, each: FieldDefinition) -> FieldTraits:
    if reading.table.source is None:
        return FieldTraits(each.name)
    aliases, _ = reading.reach(reading.of_field[each.name])
    sources = [source for source in reading.sources if source.alias.lower() in aliases]
    kinds = {context.logical(source.table) for source in sources[1:]}
    facts = {*context.workspace.facts, *context.workspace.aggregates}
    is_behaviour = isinstance(reading.table, DimensionTable) and bool(kinds & facts)
    ready = max(_ready_at(context, source) for source in sources)
    return FieldTraits(each.name, ready, is_behaviour, each.cost is Cost.HEAVY)


def _ready_at(context: Context, source: Source) -> int:
    """Minutes after midnight: as declared, else when the task that writes it is scheduled."""
    if source.ready_at is not None:
        return source.ready_at
    times = [context.tasks[id].settings.schedule.at for id in context.upstream_tasks(source.table)]
    return max((at.hour * 60 + at.minute for at in times), default=0)


# --- code -------------------------------------------------------------------------------------------------------------


def node_query(
    context: Context,
    reading: SourceReading,
    fields: Sequence[FieldDefinition],
    condition: str = "",
    condition_uses: frozenset[Use] = frozenset(),
) -> tuple[str, dict[str, frozenset[str]]]:
    """SELECT of the keys and these fields, and what it reads. `condition` is one more, with what it uses."""
    table = reading.table
    columns = [*table.keys, *(each for each in fields if each.kind is not FieldKind.KEY)]
    if isinstance(table, DimensionTable) and table.kind is DimensionKind.ENUMERATION:
        return _enumeration(table, columns), {}
    aliases, used = reading.reach(reading.of_fields(each.name for each in fields) | condition_uses)
    joins = {join.source.alias.lower(): join for join in reading.joins}
    sources = [source for source in reading.sources if source.alias.lower() in aliases]
    wanted = {
        source.alias: sorted(column for alias, column in used if alias == source.alias.lower()) for source in sources
    }
    reads: dict[str, frozenset[str]] = {}
    needs: dict[str, frozenset[str]] = {}
    for source in sources:
        shape = context.shape(source.table)
        if shape is None:
            reads |= {task: frozenset() for task in context.upstream_tasks(source.table)}
        else:
            needs[shape.id] = needs.get(shape.id, frozenset()) | _fields(shape, wanted[source.alias])
    reads |= {table: fields for table, fields in needs.items() if table in context.tasks}
    inputs = [
        _input(context, reading, source, wanted[source.alias], joins.get(source.alias.lower()), needs)
        for source in sources
    ]
    conditions = [text for text in (table.where, condition) if text]
    main = reading.sources[0]
    if main.where and context.shape(main.table) is None:
        conditions.insert(0, main.where)
    return code.select([(each.name, _expression(each)) for each in columns], inputs, conditions), reads


def _fields(shape: Shape, columns: Sequence[str]) -> frozenset[str]:
    known = shape.field_names
    return frozenset(known[column] for column in columns if column in known)


def _input(
    context: Context,
    reading: SourceReading,
    source: Source,
    wanted: Sequence[str],
    join: Join | None,
    needs: Mapping[str, frozenset[str]],
) -> code.Input:
    """A source in FROM. Of a logical table that its own condition chooses a partition of, no other choice is made."""
    shape = context.shape(source.table)
    on, kind = (join.on, "INNER" if join.type is JoinType.INNER else "LEFT OUTER") if join else ("", "")
    if shape is None:
        table = context.physical(source.table)
        if join and source.where:
            query = f"SELECT {code.names(wanted) or '*'}\nFROM {table} {code.name(source.alias)}\nWHERE {source.where}"
            return code.Input(source.alias, query=query, on=on, join=kind)
        return code.Input(source.alias, table, on=on, join=kind)
    partitions = [column for column, _ in shape.partitions if column.lower() in wanted]
    chosen = {column for _, column in reading.within[source.alias.lower()]}
    free = [column for column in partitions if column.lower() in chosen]
    cycle = reading.table.settings.schedule.cycle
    query = shape.reading(_fields(shape, wanted), cycle, free=free, also=partitions, need=needs[shape.id])
    if source.where:
        query = f"SELECT *\nFROM (\n{query}\n) {code.name(source.alias)}\nWHERE {source.where}"
    return code.Input(source.alias, query=query, on=on, join=kind)


def _expression(each: FieldDefinition) -> str:
    if each.kind is not FieldKind.DIMENSION_REFERENCE:
        return each.expression
    default = DEFAULT_REFERENCE if each.default is None else each.default
    type_ = str(each.type)
    return f"COALESCE(CAST({each.expression} AS {type_.upper()}), CAST({code.literal(default)} AS {type_.upper()}))"


def _enumeration(table: DimensionTable, columns: Sequence[FieldDefinition]) -> str:
    names = [each.name for each in table.fields]
    rows = ",\n".join(f"  ({', '.join(code.literal(value) for value in row)})" for row in table.rows)
    items = ", ".join(code.name(each.name) for each in columns)
    return f"SELECT {items}\nFROM VALUES\n{rows}\nAS e ({code.names(names)})"


def node_code(context: Context, shape: Shape, node: PlannedNode, readings: dict[str, SourceReading]) -> NodeCode:
    """The program of a node. A shared node writes the fields of all its tables; `readings` by table."""
    table = readings[shape.id].table
    reading = readings[shape.id]
    members = [(shape, node)]
    if node.shared:
        members = [
            (other, wished)
            for other in sorted(context.shapes.values(), key=lambda each: each.id)
            for wished in other.nodes
            if wished.shared and other.node_id(wished) == shape.node_id(node)
        ]
        first = members[0][0]
        reading = readings[first.id]
    fields: dict[str, FieldDefinition] = {}
    for owner, wished in members:
        own = {each.name: each for each in readings[owner.id].table.fields}
        for name in wished.values:
            if name not in own:
                continue
            if name in fields and fields[name].expression != own[name].expression:
                context.refuse(
                    (*owner.definition.place, "materialization", "nodes", node.name),
                    f"field '{name}' has another expression in '{owner.id}' than in '{members[0][0].id}', "
                    f"with which it shares node '{node.name}'",
                )
            fields.setdefault(name, own[name])
    if len(members) > 1:
        reading = _united(context, node, [readings[owner.id] for owner, _ in members])
    columns = [*(key.name for key in table.keys), *fields]
    target = shape.table(node)
    if not table.latency_days:
        query, reads = node_query(context, reading, list(fields.values()))
        return NodeCode(code.insert(target, shape.partitions, columns, query), reads)
    return _late_code(context, shape, reading, list(fields.values()), columns, target)


def _united(context: Context, node: PlannedNode, readings: Sequence[SourceReading]) -> SourceReading:
    """The reading that several tables' fields of a shared node have in common. Their sources, keys and conditions must be the same."""
    first = readings[0]
    for other in readings[1:]:
        place = (*other.table.place, "materialization", "nodes", node.name)
        same = (
            [(key.name, key.expression, key.type) for key in other.table.keys]
            == [(key.name, key.expression, key.type) for key in first.table.keys]
            and other.table.source == first.table.source
            and other.table.where == first.table.where
            and other.table.joins == first.table.joins
            and other.table.materialization.partitions == first.table.materialization.partitions
        )
        if not same:
            context.refuse(
                place,
                f"node '{node.name}' is shared with '{first.table.id}', which has another key, source, join, condition or partition",
                "tables that share a node must agree in all of these",
            )
    merged = copy.copy(first)
    merged.of_field = {name: used for reading in readings for name, used in reading.of_field.items()}
    return merged


# --- data latency -----------------------------------------------------------------------------------------------------


def _late_code(
    context: Context,
    shape: Shape,
    reading: SourceReading,
    fields: Sequence[FieldDefinition],
    columns: Sequence[str],
    target: str,
) -> NodeCode:
    """Data latency (D-51): one attempt rewrites the partitions of the last days, each with the events of its day."""
    table = reading.table
    event = next((each for each in table.fields if each.name == table.event_time), None)
    first_column, value = shape.partitions[0]
    form = DAY_FORMATS.get(value)
    reasons = {
        "needs a primary key": not table.keys,
        "needs 'event_time', one of the table's fields of a time type": event is None
        or str(event.type).partition("(")[0] not in _TIMES,
        "cannot be had with custom materialization": table.materialization.mode is MaterializationMode.CUSTOM,
        f"covers at most {MAX_LATENCY_DAYS} days": table.latency_days > MAX_LATENCY_DAYS,
        "needs a table partitioned by day": form is None,
        "needs a schedule of once a day": table.settings.schedule.cycle.is_within_day,
    }
    for reason, holds in reasons.items():
        if holds:
            context.refuse((*table.place, "latency_days"), f"data latency {reason}")
    if event is None or form is None:
        return NodeCode("", {})
    statements = []
    reads: dict[str, frozenset[str]] = {}
    for back in range(table.latency_days - 1, -1, -1):
        day = f"${{{form}-{back}}}" if back else value
        condition = f"TO_CHAR({event.expression}, '{form}') = '{day}'"
        query, reads = node_query(context, reading, fields, condition, reading.of_field[event.name])
        partitions = [(first_column, day), *shape.partitions[1:]]
        statements.append(code.insert(target, partitions, columns, query))
    return NodeCode("\n\n".join(statements), reads)


# --- fields -----------------------------------------------------------------------------------------------------------


def published_fields(context: Context, reading: SourceReading) -> tuple[PublishedField, ...]:
    table = reading.table
    keys = {key.name for key in table.keys}
    return tuple(_published(context, reading, each, is_key=each.name in keys) for each in table.fields)


def _published(context: Context, reading: SourceReading, each: FieldDefinition, *, is_key: bool) -> PublishedField:
    sources: dict[tuple[str, str], None] = {}
    tables: dict[str, None] = {}
    joined: list[tuple[str, str, str]] = []
    if reading.table.source is not None:
        aliases, used = reading.reach(reading.of_field[each.name])
        by_alias = {source.alias.lower(): source for source in reading.sources}
        for alias, column in sorted(used):
            source = by_alias[alias]
            shape = context.shape(source.table)
            if shape is None:
                tables[context.physical(source.table)] = None
            elif column in shape.field_names:
                sources[shape.id, shape.field_names[column]] = None
        joined = [
            (join.source.table, join.source.where, join.on)
            for join in reading.joins
            if join.source.alias.lower() in aliases
        ]
    return PublishedField(
        each.name,
        each.kind.value,
        str(each.type).upper(),
        each.label,
        Role.KEY if is_key else Role.VALUE,
        sources=tuple(sources),
        tables=tuple(tables),
        logic=digest(each.expression, str(each.type), each.default, joined, _row_values(reading.table, each)),
    )


def _row_values(table: SourceTable, each: FieldDefinition) -> object:
    if isinstance(table, DimensionTable) and table.rows:
        at = [other.name for other in table.fields].index(each.name)
        return [row[at] for row in table.rows]
    return None


def key_logic(table: SourceTable) -> str:
    """What the table as a whole rests on: its key, its main source, and which rows there are."""
    source = table.source
    inner = [(join.source.table, join.source.where, join.on) for join in table.joins if join.type is JoinType.INNER]
    main = (source.table, source.where) if source else [row[0] for row in getattr(table, "rows", ())]
    keys = [(key.name, key.expression, str(key.type)) for key in table.keys]
    return digest(keys, main, table.where, inner, table.materialization.partitions)
