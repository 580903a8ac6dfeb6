"""Aggregate tables: metrics in nodes by statistical period, and the code that computes them from the source tables' nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskhouse.domain.definition.metrics import (
    AggregateTable,
    CustomMetric,
    DerivedMetric,
    Grain,
    StatisticalPeriod,
)
from taskhouse.domain.definition.tables import (
    Cost,
    FieldDefinition,
    FieldKind,
    MaterializationMode,
    ReadPartition,
)
from taskhouse.domain.dependency import Dependency, DependencySource, Policy, Window
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.materialization import code
from taskhouse.domain.materialization.layout import PlannedNode
from taskhouse.domain.materialization.periods import WINDOW_DAYS, day_range, is_one_day, longest_days
from taskhouse.domain.materialization.splitting import METRIC_RULES, FieldTraits, split
from taskhouse.domain.published import PublishedField
from taskhouse.domain.recurring import Role
from taskhouse.services.materialization.context import Context, digest
from taskhouse.services.materialization.expressions import expanded, uses
from taskhouse.services.materialization.shapes import Shape
from taskhouse.services.materialization.source_tables import NodeCode

CALCULATED = "calculated"


@dataclass(frozen=True, slots=True)
class Computed:
    """A metric with everything looked up. `source` is the logical table that it aggregates, empty for one calculated from other metrics,
    which are its `reads` then; else `reads` are fields of the source, those of granularity included. `filters` are conditions by name."""

    name: str
    type: str
    expression: str
    source: str
    period: StatisticalPeriod
    reads: frozenset[str]
    filters: tuple[tuple[str, str], ...] = ()
    atomics: tuple[tuple[str, str], ...] = ()
    is_heavy: bool = False

    @property
    def is_calculated(self) -> bool:
        return not self.source


class AggregateReading:
    """The metrics of one aggregate table. What is wrong is reported while it is made, and the metric left out."""

    def __init__(self, context: Context, table: AggregateTable) -> None:
        self.context = context
        self.table = table
        self.definitions = {metric.name: metric for metric in context.workspace.metrics(table)}
        self.metrics: dict[str, Computed] = {}
        for metric in self.definitions.values():
            place = metric.place if isinstance(metric, DerivedMetric) else (*table.place, "custom", metric.name)
            try:
                self.metrics[metric.name] = self._computed(metric)
            except Fault as fault:
                context.refuse(place, fault)

    def _computed(self, metric: DerivedMetric | CustomMetric) -> Computed:
        if isinstance(metric, CustomMetric) and not metric.source:
            return self._calculated(metric)
        workspace = self.context.workspace
        period = workspace.periods.get(metric.period)
        if period is None:
            raise Fault(FaultCode.SEMANTIC, f"there is no statistical period '{metric.period}'")
        filters: tuple[tuple[str, str], ...]
        if isinstance(metric, CustomMetric):
            source_id, expression, type_ = metric.source, metric.expression, metric.type
            filters = (("", metric.where),) if metric.where else ()
            atomics: tuple[tuple[str, str], ...] = ()
        else:
            atomic = workspace.atomics.get(metric.atomic)
            if atomic is None:
                raise Fault(FaultCode.SEMANTIC, f"there is no atomic metric '{metric.atomic}'")
            involved = dict.fromkeys((atomic.name, *_all_parts(self.context, atomic.name)))
            expressions = {name: workspace.atomics[name].expression for name in involved if name in workspace.atomics}
            type_ = atomic.type
            expression = expanded(atomic.name, expressions)
            source_id = next((workspace.atomics[name].table for name in involved if workspace.atomics[name].table), "")
            atomics = tuple((name, expressions.get(name, "")) for name in involved)
            unknown = [name for name in metric.filters if name not in workspace.filters]
            if unknown:
                raise Fault(FaultCode.SEMANTIC, f"there is no business filter '{unknown[0]}'")
            filters = tuple((name, workspace.filters[name].condition) for name in sorted(metric.filters))
        shape = self.context.shape(source_id)
        if shape is None or isinstance(shape.definition, AggregateTable):
            raise Fault(FaultCode.SEMANTIC, f"'{source_id}' is no dimension or fact table")
        read = {reference.name for _, reference in self.references(source_id)}
        for text in (expression, *(condition for _, condition in filters)):
            read |= {column for _, column in uses(text, {"s": shape.column_names})}
        fields = shape.field_names
        strange = sorted(column for column in read if column.lower() not in fields)
        if strange:
            raise Fault(FaultCode.SEMANTIC, f"'{strange[0]}' is no field of '{shape.id}'")
        self._check_period(shape, period)
        return Computed(
            metric.name,
            str(type_).upper(),
            expression,
            shape.id,
            period,
            frozenset(fields[column.lower()] for column in read),
            filters,
            atomics,
            metric.cost is Cost.HEAVY,
        )

    def _calculated(self, metric: CustomMetric) -> Computed:
        others = [name for name in self.definitions if name != metric.name]
        read = {column for _, column in uses(metric.expression, {"m": others})}
        known = {name.lower(): name for name in others}
        for column in sorted(read):
            if column not in known:
                raise Fault(FaultCode.SEMANTIC, f"'{column}' is no metric of '{self.table.id}'")
            other = self.definitions[known[column]]
            if isinstance(other, CustomMetric) and not other.source:
                raise Fault(
                    FaultCode.NOT_SUPPORTED,
                    f"'{metric.name}' is calculated from '{other.name}', which is calculated itself; write its expression out",
                )
        period = self.context.workspace.periods["1d"]
        reads = frozenset(known[column] for column in read)
        return Computed(metric.name, str(metric.type).upper(), metric.expression, "", period, reads)

    def _check_period(self, shape: Shape, period: StatisticalPeriod) -> None:
        if is_one_day(period):
            return
        if not shape.partitions:
            raise Fault(
                FaultCode.NOT_SUPPORTED, f"'{shape.id}' has no partitions, so period '{period.name}' cannot be told"
            )
        if shape.definition.materialization.read is ReadPartition.MAX_PT:
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                f"'{shape.id}' is read by its latest partition (MAX_PT), so period '{period.name}' cannot be told; "
                "metrics of several days need 'read: BIZDATE'",
            )
        day_range(period, shape.partitions[0][1])

    def references(self, source: str) -> list[tuple[Grain, FieldDefinition]]:
        """Of each grain the field of the source table that says which member a row belongs to."""
        table = self.context.workspace.source_table(source)
        found = []
        for grain in self.table.grains:
            reference = self.context.workspace.reference(table, grain) if table is not None else None
            if reference is None:
                raise Fault(
                    FaultCode.SEMANTIC,
                    f"'{source}' has no reference to '{grain}', or several, so its metrics cannot be told by it",
                )
            found.append((grain, reference))
        return found

    def key_types(self) -> dict[str, str]:
        types = {}
        for grain in self.table.grains:
            dimension = self.context.workspace.dimensions.get(grain.dimension)
            types[grain.column] = str(dimension.key.type).upper() if dimension else "STRING"
        return types


def _all_parts(context: Context, name: str) -> Iterable[str]:
    todo = [name]
    seen: set[str] = set()
    while todo:
        atomic = context.workspace.atomics.get(todo.pop())
        for part in atomic.parts if atomic else ():
            if part not in seen:
                seen.add(part)
                todo.append(part)
                yield part


def plan_nodes(context: Context, table: AggregateTable, reading: AggregateReading) -> tuple[PlannedNode, ...]:
    """The nodes of an aggregate table: by hand, or by the rules of automatic splitting. A calculated metric stands with the metrics that
    it is calculated from, and in a node of its own when these are in several."""
    wish = table.materialization
    if wish.mode is MaterializationMode.CUSTOM:
        for node in wish.nodes:
            if node.shared:
                context.refuse(
                    (*table.place, "materialization", "nodes", node.name), "aggregate tables cannot share nodes"
                )
        return tuple(PlannedNode(node.name, node.name, node.fields, "by hand") for node in wish.nodes)
    before = context.previous.get(table.id)
    prefix = f"{table.project}.{table.name}_"
    placed = {name: node.id.removeprefix(prefix) for node in (before.nodes if before else ()) for name in node.values}
    plain = [metric for metric in reading.metrics.values() if not metric.is_calculated]
    traits = [
        FieldTraits(metric.name, 0, False, metric.is_heavy, metric.source, metric.period.name) for metric in plain
    ]
    groups = {group.label: [*group.fields] for group in split(traits, METRIC_RULES, wish.max_fields, placed)}
    reasons = {group.label: group.why for group in split(traits, METRIC_RULES, wish.max_fields, placed)}
    for metric in reading.metrics.values():
        if metric.is_calculated:
            holders = [label for label, names in groups.items() if metric.reads & set(names)]
            label = holders[0] if len(holders) == 1 else CALCULATED
            groups.setdefault(label, []).append(metric.name)
            reasons.setdefault(label, "metrics calculated from those of several nodes")
    return tuple(
        PlannedNode(label, f"{table.name}_{label}", tuple(names), reasons[label]) for label, names in groups.items()
    )


def node_code(context: Context, shape: Shape, node: PlannedNode, reading: AggregateReading) -> NodeCode:
    metrics = [reading.metrics[name] for name in node.values if name in reading.metrics]
    reads: dict[str, frozenset[str]] = {}
    groups: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Computed]] = {}
    for metric in metrics:
        if not metric.is_calculated:
            groups.setdefault((metric.source, metric.period.name, metric.filters), []).append(metric)
            reads[metric.source] = reads.get(metric.source, frozenset()) | metric.reads
    queries = [_block(context, reading, members, reads[members[0].source]) for members in groups.values()]
    calculated = {metric.name: metric.expression for metric in metrics if metric.is_calculated}
    present = {metric.name for metric in metrics}
    elsewhere = frozenset(
        name for metric in metrics if metric.is_calculated for name in metric.reads if name not in present
    )
    inner: tuple[str, ...] = ()
    if elsewhere:
        own = frozenset({shape.node_id(node)})
        inner = tuple(sorted(shape.sources_of(elsewhere, own)))
        queries.append(shape.reading(elsewhere, reading.table.settings.schedule.cycle, without=own))
    names = [metric.name for metric in metrics]
    query = code.aggregate(queries, shape.keys, names, calculated)
    text = code.insert(shape.table(node), shape.partitions, [*shape.keys, *names], query)
    return NodeCode(text, {task: fields for task, fields in reads.items() if task in context.tasks}, inner)


def _block(context: Context, reading: AggregateReading, metrics: Sequence[Computed], need: frozenset[str]) -> str:
    """The metrics of one pass. `need` is what the whole node reads of the source, so that all its passes read the same nodes."""
    first = metrics[0]
    source = context.shapes[first.source]
    wanted = frozenset[str]().union(*(metric.reads for metric in metrics))
    days = ""
    if not is_one_day(first.period):
        column, value = source.partitions[0]
        days = day_range(first.period, value).condition(code.name(column))
    keys = tuple((grain.column, reference.name) for grain, reference in reading.references(first.source))
    block = code.MetricBlock(
        source.reading(wanted, reading.table.settings.schedule.cycle, days=days, need=need),
        keys,
        tuple((metric.name, metric.expression) for metric in metrics),
        tuple(condition for _, condition in first.filters),
    )
    return block.text


def longer_waits(reading: AggregateReading) -> list[Dependency]:
    """Automatic dependencies on earlier days: a metric of several days is right only when the days before are. Up to a month
    it waits for its source's instances of these days; beyond that for its own of the day before, which waited likewise."""
    back: dict[tuple[str, int], list[str]] = {}
    chained: dict[tuple[str, str], list[str]] = {}
    for metric in reading.metrics.values():
        if metric.is_calculated or is_one_day(metric.period):
            continue
        days = longest_days(metric.period)
        if days is None or days > WINDOW_DAYS:
            chained.setdefault((metric.source, metric.period.name), []).append(metric.name)
        else:
            back.setdefault((metric.source, days - 1), []).append(metric.name)
    found = [
        Dependency(source, Window.PREVIOUS_N, Policy.ALL, n, (), tuple(names), DependencySource.AUTO)
        for (source, n), names in back.items()
    ]
    for names in chained.values():
        fields = tuple(names)
        found.append(
            Dependency(reading.table.id, Window.PREVIOUS, Policy.PREVIOUS, 1, fields, fields, DependencySource.AUTO)
        )
    return found


def published_fields(context: Context, reading: AggregateReading) -> tuple[PublishedField, ...]:
    table = reading.table
    fields = [
        PublishedField(
            name,
            FieldKind.KEY.value,
            type_,
            role=Role.KEY,
            sources=_grain_sources(context, reading, name),
            logic=digest(name, type_),
        )
        for name, type_ in reading.key_types().items()
    ]
    for name, metric in reading.metrics.items():
        definition = reading.definitions[name]
        origin = metric.source or table.id
        parts = {f"atomic:{atomic}": digest(expression) for atomic, expression in metric.atomics}
        parts |= {f"filter:{each}": digest(condition) for each, condition in metric.filters if each}
        own = (
            [atomic for atomic, _ in metric.atomics[:1]] or metric.expression,
            [each or condition for each, condition in metric.filters],
            (metric.period.unit.value, metric.period.days),
            metric.source,
            metric.type,
        )
        fields.append(
            PublishedField(
                name,
                FieldKind.METRIC.value,
                metric.type,
                definition.label,
                project=definition.project or table.project,
                owner=definition.owner or next(iter(table.settings.owners), None),
                priority=definition.priority or table.settings.priority,
                sources=tuple((origin, read) for read in sorted(metric.reads)),
                logic=digest(*own),
                parts=parts,
            )
        )
    return tuple(fields)


def _grain_sources(context: Context, reading: AggregateReading, column: str) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for source in dict.fromkeys(metric.source for metric in reading.metrics.values() if metric.source):
        for grain, reference in reading.references(source):
            if grain.column == column:
                found[source, reference.name] = None
    return tuple(found)


def key_logic(table: AggregateTable) -> str:
    """What the table as a whole rests on: its granularity."""
    return digest([(str(grain), grain.column) for grain in table.grains], table.materialization.partitions)
