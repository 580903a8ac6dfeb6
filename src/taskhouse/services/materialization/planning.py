"""A whole workspace in one environment: every task as it would be published, with its physical tables and views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from taskhouse.domain.catalogue import TableName
from taskhouse.domain.definition.metrics import AggregateTable
from taskhouse.domain.definition.places import Problem
from taskhouse.domain.definition.tables import DimensionKind, DimensionTable, FactTable
from taskhouse.domain.definition.tasks import IntegrationTask, ScriptTask, VirtualNode
from taskhouse.domain.definition.workspace import LogicalTable, TaskDefinition, Workspace
from taskhouse.domain.faults import Fault
from taskhouse.domain.materialization.code import TableSpec, ViewSpec
from taskhouse.domain.materialization.versions import Change, changes
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, TableKind
from taskhouse.services.materialization import aggregate_tables, physical, scripts, source_tables
from taskhouse.services.materialization.aggregate_tables import AggregateReading
from taskhouse.services.materialization.context import Context, ExistingTable, digest, owners
from taskhouse.services.materialization.scripts import PlainReading
from taskhouse.services.materialization.shapes import Shape, key_names, layout_of, shared_groups
from taskhouse.services.materialization.source_reading import SourceReading
from taskhouse.services.materialization.source_tables import NodeCode


@dataclass(frozen=True, slots=True)
class Materialized:
    """`tasks` are complete but for version and time of publication. `tables` and `views` must be there before their instances run.
    `rebuilt`: logical table -> the changes for which its tables are built anew. With `problems` that are no warnings nothing may be
    published."""

    tasks: tuple[PublishedTask, ...]
    tables: tuple[TableSpec, ...]
    views: tuple[ViewSpec, ...]
    problems: tuple[Problem, ...]
    rebuilt: Mapping[str, tuple[Change, ...]]


def nothing_exists(table: TableName) -> None:
    """A catalogue without tables."""
    return


def materialize(
    workspace: Workspace,
    environment: Environment,
    previous: Mapping[str, PublishedTask],
    existing: ExistingTable = nothing_exists,
    *,
    production: Mapping[str, PublishedTask] | None = None,
) -> Materialized:
    """What publishing the workspace would publish. `previous` are the current versions in the environment, by id; `production` those
    in production, which the development environment needs of Basic projects: it reads their tables."""
    return _Planning(Context(workspace, environment, previous, existing, production or {})).run()


class _Planning:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.sources: dict[str, SourceReading] = {}
        self.aggregates: dict[str, AggregateReading] = {}
        self.plain: dict[str, PlainReading] = {}
        self.rebuilt: dict[str, tuple[Change, ...]] = {}

    def run(self) -> Materialized:
        self._find_shapes()
        if any(not problem.is_warning for problem in self.context.problems):  # shapes have holes: no code can be made
            return Materialized((), (), (), tuple(self.context.problems), {})
        self._choose_versions()
        self._name_tables()
        tasks: list[PublishedTask] = []
        for task in self.context.tasks.values():
            try:
                tasks.append(self._published(task))
            except Fault as fault:
                self.context.refuse(task.place, fault)
        self._check_names(tasks)
        return Materialized(
            tuple(tasks),
            tuple(physical.tables(self.context)),
            tuple(physical.views(self.context)),
            tuple(self.context.problems),
            self.rebuilt,
        )

    # --- shapes and versions ------------------------------------------------------------------------------------------

    def _find_shapes(self) -> None:
        """Of dimensions and facts first in outline, then with their nodes; of aggregate tables when the others are known."""
        context = self.context
        workspace = context.workspace
        tables: list[DimensionTable | FactTable] = [
            *(table for table in workspace.dimensions.values() if table.kind is not DimensionKind.VIRTUAL),
            *workspace.facts.values(),
        ]
        for table in tables:
            types = {each.name: str(each.type).upper() for each in table.fields}
            context.shapes[table.id] = self._shape(table, types)
        for aggregate in workspace.aggregates.values():
            names = [*key_names(aggregate), *(metric.name for metric in workspace.metrics(aggregate))]
            context.shapes[aggregate.id] = self._shape(aggregate, dict.fromkeys(names, "STRING"))
        scripts_first = [
            task for task in context.tasks.values() if isinstance(task, ScriptTask | IntegrationTask | VirtualNode)
        ]
        for task in scripts_first:
            reading = self.plain[task.id] = scripts.read_task(context, task)
            for output in reading.outputs:
                context.writers.setdefault(output, []).append(task.id)
        for table in tables:
            reading_of = self.sources[table.id] = SourceReading(context, table)
            context.shapes[table.id].nodes = source_tables.plan_nodes(context, table, reading_of)
        for aggregate in workspace.aggregates.values():
            metrics = self.aggregates[aggregate.id] = AggregateReading(context, aggregate)
            shape = context.shapes[aggregate.id]
            shape.types = metrics.key_types() | {name: metric.type for name, metric in metrics.metrics.items()}
            shape.nodes = aggregate_tables.plan_nodes(context, aggregate, metrics)

    def _shape(self, table: LogicalTable, types: Mapping[str, str]) -> Shape:
        project = self.context.workspace.maxcompute(table.project, self.context.environment)
        return Shape(table, project, key_names(table), types, ())

    def _choose_versions(self) -> None:
        """Each table's strategy version; tables that share nodes are rebuilt together."""
        context = self.context
        due: dict[str, bool] = {}
        for id, shape in context.shapes.items():
            before = context.previous.get(id) or (context.production.get(id) if id not in context.tasks else None)
            if before is not None:
                shape.strategy = before.strategy
                found = [change for change in changes(layout_of(before), shape.layout()) if change.rebuilds]
                due[id] = bool(found)
                if found:
                    self.rebuilt[id] = tuple(found)
        groups = shared_groups(context.shapes)
        alone = [{id} for id in context.shapes if not any(id in group for group in groups)]
        for group in (*groups, *alone):
            strategy = max(context.shapes[id].strategy for id in group)
            if any(due.get(id) for id in group):
                strategy += 1
            while not self._fits(group, strategy):
                strategy += 1
            for id in group:
                context.shapes[id].strategy = strategy

    def _fits(self, group: set[str], strategy: int) -> bool:
        """Whether tables that are there under the names of this version could take the fields."""
        for id in group:
            shape = self.context.shapes[id]
            kept, shape.strategy = shape.strategy, strategy
            try:
                for node in shape.nodes:
                    if not physical.could_be(self.context, shape, node):
                        return False
            finally:
                shape.strategy = kept
        return True

    def _name_tables(self) -> None:
        """Who reads a node's table, or the linked table of a hierarchy's level, by its own name waits for the logical table."""
        for id, shape in self.context.shapes.items():
            if id not in self.context.tasks:
                continue
            project = shape.definition.project.lower()
            for node in shape.nodes:
                name = f"{project}.{shape.table(node).partition('.')[2]}"
                self.context.writers.setdefault(name, []).append(id)
                self.context.node_fields[name] = frozenset(node.values)
            if isinstance(shape.definition, DimensionTable):
                for level in (level for each in shape.definition.hierarchies for level in each.levels):
                    name = f"{project}.{physical.level_name(shape.definition, level)}"
                    self.context.writers.setdefault(name, []).append(id)

    # --- tasks --------------------------------------------------------------------------------------------------------

    def _published(self, task: TaskDefinition) -> PublishedTask:
        match task:
            case ScriptTask() | IntegrationTask() | VirtualNode():
                return self._plain(task)
            case AggregateTable():
                return self._aggregate(task)
            case DimensionTable() | FactTable():
                return self._source_table(task)

    def _common(self, task: TaskDefinition) -> PublishedTask:
        """What all tasks have, without nodes."""
        workspace, settings = self.context.workspace, task.settings
        project = workspace.projects[task.project]
        return PublishedTask(
            task.id,
            task.name,
            task.project,
            self.context.environment,
            BizType.SCRIPT,
            settings.schedule,
            (),
            priority=settings.priority,
            owners=owners(settings, project.owner),
            tags=settings.tags,
            retry=settings.retry,
            resource_group=settings.resource_group,
            description=task.description or task.label,
            business_unit=project.business_unit,
        )

    def _plain(self, task: ScriptTask | IntegrationTask | VirtualNode) -> PublishedTask:
        reading = self.plain[task.id]
        program = scripts.program(self.context, task)
        reads = scripts.reads(self.context, task, reading)
        node = PublishedNode(
            task.id,
            task.name,
            program,
            reads=reads,
            table=self.context.physical(reading.outputs[0]) if reading.outputs else "",
            code_hash=_code_hash(program),
        )
        node_type = {IntegrationTask: "PIPELINE_NODE", VirtualNode: "VIRTUAL_NODE"}.get(type(task), "DATA_PROCESS")
        dependencies = self.context.dependencies(task, reads or {})
        return replace(self._common(task), nodes=(node,), node_type=node_type, dependencies=dependencies)

    def _source_table(self, table: DimensionTable | FactTable) -> PublishedTask:
        reading = self.sources[table.id]
        shape = self.context.shapes[table.id]
        codes = {
            shape.node_id(node): source_tables.node_code(self.context, shape, node, self.sources)
            for node in shape.nodes
        }
        kind = TableKind.DIMENSION if isinstance(table, DimensionTable) else TableKind.FACT
        dependencies = self.context.dependencies(table, _all_reads(codes))
        return replace(
            self._logical(table, shape, codes, kind, source_tables.published_fields(self.context, reading)),
            dependencies=dependencies,
            key_logic=source_tables.key_logic(table),
            latency_days=table.latency_days,
        )

    def _aggregate(self, table: AggregateTable) -> PublishedTask:
        reading = self.aggregates[table.id]
        shape = self.context.shapes[table.id]
        codes = {
            shape.node_id(node): aggregate_tables.node_code(self.context, shape, node, reading) for node in shape.nodes
        }
        longer = aggregate_tables.longer_waits(reading)
        return replace(
            self._logical(
                table, shape, codes, TableKind.AGGREGATE, aggregate_tables.published_fields(self.context, reading)
            ),
            dependencies=self.context.dependencies(table, _all_reads(codes), longer),
            key_logic=aggregate_tables.key_logic(table),
        )

    def _logical(
        self,
        table: LogicalTable,
        shape: Shape,
        codes: Mapping[str, NodeCode],
        kind: TableKind,
        fields: tuple[PublishedField, ...],
    ) -> PublishedTask:
        nodes = []
        for node in shape.nodes:
            made = codes[shape.node_id(node)]
            program = Program(ProgramKind.SQL, made.text, shape.project)
            nodes.append(
                PublishedNode(
                    shape.node_id(node),
                    node.name,
                    program,
                    node.values,
                    shape.keys,
                    made.reads,
                    made.inner,
                    shape.table(node),
                    _code_hash(program),
                )
            )
        return replace(
            self._common(table),
            biz_type=BizType.LOGICAL_TABLE,
            node_type="BBOX_LOGIC_TABLE_NODE",
            kind=kind,
            nodes=tuple(nodes),
            fields=fields,
            strategy=shape.strategy,
            view=shape.view,
            partitions=tuple(column for column, _ in shape.partitions),
        )

    def _check_names(self, tasks: list[PublishedTask]) -> None:
        """Node ids are unique among the tasks and nodes of a project, unless a node is shared."""
        seen: dict[str, str] = {}
        for task in tasks:
            seen[task.id.lower()] = task.id
        shared = {shape.node_id(node) for shape in self.context.shapes.values() for node in shape.nodes if node.shared}
        for id, shape in self.context.shapes.items():
            for node in shape.nodes:
                name = shape.node_id(node)
                other = seen.get(name.lower())
                if other is not None and not (name in shared and other != name and node.shared):
                    self.context.refuse(
                        (*shape.definition.place, "materialization", "nodes", node.name),
                        f"node '{node.name}' of '{id}' has the name of '{other}'",
                        "names of tasks and nodes are unique in a project; tables share a node with 'shared: true' in each",
                    )
                seen[name.lower()] = id


def _all_reads(codes: Mapping[str, NodeCode]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for made in codes.values():
        for task, fields in made.reads.items():
            found[task] = found.get(task, frozenset()) | fields
    return found


def _code_hash(program: Program) -> str:
    return digest(program.kind.value, program.code, program.project, program.parameters, dict(program.settings))
