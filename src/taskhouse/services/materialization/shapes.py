"""The shape of every logical table: its fields, nodes, strategy version and physical tables, before any code is written.

Shapes come first because code reads other tables' nodes: whoever reads a field must take it from the node that generation hangs it on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from taskhouse.domain.definition.metrics import AggregateTable
from taskhouse.domain.definition.tables import DimensionTable, FactTable, ReadPartition
from taskhouse.domain.definition.workspace import LogicalTable
from taskhouse.domain.generation import NodeBlueprint, choose_sources
from taskhouse.domain.materialization.code import NodeRead, name, read_nodes
from taskhouse.domain.materialization.layout import Layout, PlannedNode, physical_name
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.schedule import Cycle


@dataclass(slots=True)
class Shape:
    """Of one logical table in one environment. `project` is the MaxCompute project of its tables. `types` has keys and fields. `strategy`
    and `shared_strategies` (node -> version of a shared node) are set when versions are decided."""

    definition: LogicalTable
    project: str
    keys: tuple[str, ...]
    types: Mapping[str, str]
    nodes: tuple[PlannedNode, ...]
    strategy: int = 1

    @property
    def id(self) -> str:
        return self.definition.id

    @property
    def partitions(self) -> tuple[tuple[str, str], ...]:
        return self.definition.materialization.partitions

    @property
    def view(self) -> str:
        return f"{self.project}.{self.definition.name}".lower()

    @property
    def field_names(self) -> dict[str, str]:
        """Lower case -> as written, of keys and fields."""
        return {each.lower(): each for each in self.types}

    @property
    def column_names(self) -> list[str]:
        """Of its view."""
        return [*self.types, *(column for column, _ in self.partitions)]

    def node_id(self, node: PlannedNode) -> str:
        return f"{self.definition.project}.{node.name}"

    def table(self, node: PlannedNode) -> str:
        """The node's physical table, `project.table`."""
        base = physical_name(self.definition.name, node.label, self.strategy, shared=node.shared)
        return f"{self.project.lower()}.{base}"

    def layout(self) -> Layout:
        nodes = {self.node_id(node): node.values for node in self.nodes}
        return Layout(nodes, self.keys, dict(self.types), tuple(column for column, _ in self.partitions))

    def blueprints(self) -> list[NodeBlueprint]:
        return [NodeBlueprint(self.node_id(node), node.values, self.keys) for node in self.nodes]

    # --- being read ---------------------------------------------------------------------------------------------------

    def sources_of(self, wanted: frozenset[str], without: frozenset[str] = frozenset()) -> dict[str, list[str]]:
        """Node id -> fields to take from it: the choice that generation makes for the same need (D-16). `without`: nodes that
        do not count."""
        nodes = [node for node in self.blueprints() if node.id not in without]
        useful = [node for node in nodes if wanted & {*node.values, *node.keys}] if wanted else nodes
        return choose_sources(tuple(useful) or tuple(nodes), wanted)

    def reading(
        self,
        wanted: frozenset[str],
        reader: Cycle,
        *,
        days: str = "",
        free: Collection[str] = (),
        also: Sequence[str] = (),
        without: frozenset[str] = frozenset(),
        need: frozenset[str] = frozenset(),
    ) -> str:
        """A query over the physical tables that has `wanted` (fields), the keys, and partition columns `also`.

        It reads the partition that this table says, of the data timestamp or the latest; a reader of another cycle reads all the day's.
        `days` is a condition on the first partition column instead; columns in `free` have none here, for the reader has its own.
        `need`: all that the reading node takes of this table, by which the nodes are chosen; else `wanted`.
        """
        chosen = self.sources_of(need | wanted, without)
        taken = {id: tuple(each for each in fields if each in wanted) for id, fields in chosen.items()}
        used = {id: fields for id, fields in taken.items() if fields} or dict([next(iter(taken.items()))])
        tables = {self.node_id(node): self.table(node) for node in self.nodes}
        fixed = self._fixed(reader, free, is_days=bool(days))
        reads = [NodeRead(tables[id], fields, self._condition(tables[id], fixed, days)) for id, fields in used.items()]
        join = (*self.keys, *(column for column, _ in self.partitions if column not in fixed))
        return read_nodes(reads, join, [column for column in also if column not in join])

    def _fixed(self, reader: Cycle, free: Collection[str], *, is_days: bool) -> dict[str, str]:
        """The partition columns of which one value is read. What changes within the day is one for readers as frequent only."""
        is_as_often = reader is self.definition.settings.schedule.cycle
        return {
            column: value
            for n, (column, value) in enumerate(self.partitions)
            if column not in free and (not is_days if n == 0 else is_as_often or "$" not in value)
        }

    def _condition(self, table: str, fixed: Mapping[str, str], days: str) -> str:
        conditions = [days] if days else []
        first = self.partitions[0][0] if self.partitions else ""
        for column, value in fixed.items():
            is_latest = column == first and self.definition.materialization.read is ReadPartition.MAX_PT
            conditions.append(f"{name(column)} = MAX_PT('{table}')" if is_latest else f"{name(column)} = '{value}'")
        return " AND ".join(conditions)


def layout_of(task: PublishedTask) -> Layout:
    """The layout with which a table was published."""
    keys = tuple(dict.fromkeys(key for node in task.nodes for key in node.keys))
    nodes = {node.id: node.values for node in task.nodes}
    return Layout(nodes, keys, {field.name: field.type for field in task.fields}, task.partitions)


def key_names(table: LogicalTable) -> tuple[str, ...]:
    match table:
        case DimensionTable():
            return (table.key.name,)
        case FactTable():
            return tuple(key.name for key in table.keys)
        case AggregateTable():
            return tuple(grain.column for grain in table.grains)


def shared_groups(shapes: Mapping[str, Shape]) -> list[set[str]]:
    """Sets of at least two tables that share nodes, directly or through others."""
    holders: dict[str, list[str]] = {}
    for shape in shapes.values():
        for node in shape.nodes:
            if node.shared:
                holders.setdefault(shape.node_id(node), []).append(shape.id)
    groups: list[set[str]] = []
    for tables in holders.values():
        touched = [group for group in groups if group & set(tables)]
        groups = [group for group in groups if group not in touched]
        groups.append(set(tables).union(*touched))
    return [group for group in groups if len(group) > 1]
