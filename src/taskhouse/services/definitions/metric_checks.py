"""Rules of metrics and aggregate tables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from taskhouse.domain.definition.metrics import AggregateTable, AtomicMetric, DerivedMetric, Grain, Granularity
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.workspace import SourceTable, Workspace
from taskhouse.domain.graph import Digraph, find_cycle
from taskhouse.services.definitions.findings import Findings, suggestion
from taskhouse.services.definitions.table_checks import check_materialization

if TYPE_CHECKING:
    from taskhouse.services.definitions.checks import Names


def check_metrics(workspace: Workspace, to: Findings, names: Names) -> None:
    ring = _check_composition(workspace, to)
    for metric in workspace.atomics.values():
        if metric.name not in ring:
            _check_atomic(workspace, metric, to, names)
    for item in workspace.filters.values():
        _expect_table(to, (*item.place, "table"), item.table, names)
    for derived in workspace.derived.values():
        _check_derived(workspace, derived, to, names)
    for table in workspace.aggregates.values():
        _check_aggregate(workspace, table, to, names)
    _check_granularities(workspace, to)


def source_of(workspace: Workspace, atomic: str) -> str:
    """The logical table that an atomic metric is computed from: its own, or that of its parts. Empty when it cannot be told."""
    seen: set[str] = set()
    todo = [atomic]
    while todo:
        name = todo.pop()
        metric = workspace.atomics.get(name)
        if metric is None or name in seen:
            continue
        if metric.table:
            return metric.table
        seen.add(name)
        todo += metric.parts
    return ""


def _expect_table(to: Findings, place: Place, table: str, names: Names) -> bool:
    if names.has("dimension_tables", table) or names.has("fact_tables", table):
        return True
    to.report(
        place,
        f"there is no logical dimension or fact table '{table}'",
        suggestion(table, names.logical),
    )
    return False


def _check_composition(workspace: Workspace, to: Findings) -> set[str]:
    """Atomic metrics that are made of themselves, which have been reported."""
    order = sorted(workspace.atomics)
    at = {name: number for number, name in enumerate(order)}
    edges = [(at[part], at[name]) for name in order for part in workspace.atomics[name].parts if part in at]
    ring = [order[number] for number in find_cycle(Digraph.from_edges(len(order), edges)) or ()]
    if ring:
        place = (*workspace.atomics[ring[0]].place, "expression")
        to.report(place, "atomic metrics are made of one another: " + " -> ".join([*ring, ring[0]]))
    return set(ring)


def _check_atomic(workspace: Workspace, metric: AtomicMetric, to: Findings, names: Names) -> None:
    for part in metric.parts:
        if names.expect(to, (*metric.place, "expression"), "atomic_metrics", part, "atomic metric"):
            other = source_of(workspace, part)
            if metric.table and other and other != metric.table:
                to.report(
                    (*metric.place, "expression"), f"'{part}' is computed from '{other}', not from '{metric.table}'"
                )
    sources = {source_of(workspace, part) for part in metric.parts} - {""}
    if metric.table:
        _expect_table(to, (*metric.place, "table"), metric.table, names)
    elif not metric.parts:
        to.report(metric.place, "key 'table' is missing", "the logical table that the metric is computed from")
    elif len(sources) > 1:
        to.report(
            (*metric.place, "expression"), "its parts are computed from several tables: " + ", ".join(sorted(sources))
        )


def _check_derived(workspace: Workspace, metric: DerivedMetric, to: Findings, names: Names) -> None:
    names.expect(to, (*metric.place, "project"), "projects", metric.project, "project")
    if metric.period not in workspace.periods and not names.has("statistical_periods", metric.period):
        to.report(
            (*metric.place, "period"),
            f"there is no statistical period '{metric.period}'",
            suggestion(metric.period, workspace.periods) or "periods: " + ", ".join(workspace.periods),
        )
    are_grains_good = _expect_grains(to, (*metric.place, "granularity"), metric.granularity, names)
    if not names.expect(to, (*metric.place, "atomic"), "atomic_metrics", metric.atomic, "atomic metric"):
        return
    table = source_of(workspace, metric.atomic)
    for number, name in enumerate(metric.filters):
        place = (*metric.place, "filters", str(number))
        if not names.expect(to, place, "business_filters", name, "business filter"):
            continue
        found = workspace.filters.get(name)
        if found is not None and table and found.table != table:
            to.report(
                place, f"filter '{name}' is about '{found.table}', but atomic metric '{metric.atomic}' about '{table}'"
            )
    source = workspace.source_table(table)
    if source is None or not are_grains_good:
        return
    place = (*metric.place, "granularity")
    if not all(map(partial(_expect_reference, workspace, source, place, to), sorted(metric.granularity))):
        return
    if not workspace.is_gathered(metric):
        words = ", ".join(str(grain) for grain in sorted(metric.granularity))
        to.report(
            (*metric.place, "granularity"),
            f"no aggregate table of the business unit has the granularity [{words}]",
            _near_table(workspace, metric.granularity),
        )


def _expect_grains(to: Findings, place: Place, grains: Iterable[Grain], names: Names) -> bool:
    """Whether all dimensions exist; reports each that does not."""
    missing = [
        grain
        for grain in sorted(grains)
        if not names.expect(to, place, "dimension_tables", grain.dimension, "dimension table")
    ]
    return not missing


def _expect_reference(workspace: Workspace, source: SourceTable, place: Place, to: Findings, grain: Grain) -> bool:
    """Whether a row of the source says which member of the grain's dimension it belongs to; reports when it does not."""
    if workspace.reference(source, grain) is not None:
        return True
    roles = sorted(item.role or item.name for item in source.fields if item.dimension == grain.dimension)
    if len(set(roles)) < len(roles):
        return False  # the table itself has been told to give its references roles
    known = "roles: " + ", ".join(roles)
    if not roles:
        to.report(place, f"'{source.id}' has no reference to dimension '{grain.dimension}'")
    elif grain.role:
        message = f"'{source.id}' has no reference to '{grain.dimension}' with the role '{grain.role}'"
        to.report(place, message, known)
    else:
        to.report(place, f"'{source.id}' refers to '{grain.dimension}' several times: choose a role", known)
    return False


def _near_table(workspace: Workspace, granularity: Granularity) -> str:
    """An aggregate table with the same dimensions, only the roles differ."""
    wanted = sorted(grain.dimension for grain in granularity)
    for table in workspace.aggregates.values():
        if sorted(grain.dimension for grain in table.grains) == wanted:
            words = ", ".join(str(grain) for grain in table.grains)
            return f"'{table.id}' has [{words}]"
    return "declare one in `aggregate_tables`"


def _check_aggregate(workspace: Workspace, table: AggregateTable, to: Findings, names: Names) -> None:
    place = (*table.place, "granularity")
    are_grains_good = _expect_grains(to, place, table.grains, names)
    if len(table.granularity) < len(table.grains):
        to.report(place, "the same dimension stands twice in the granularity", "give each a 'role'")
    partitions = {name.lower() for name, _ in table.materialization.partitions}
    seen: dict[str, str] = dict.fromkeys(partitions, "a partition column")
    for grain in table.grains:
        if grain.column.lower() in seen:
            to.report(place, f"two key columns are called '{grain.column}'", "give one a 'column' of its own")
        seen[grain.column.lower()] = "a key column"
    metrics = workspace.metrics(table)
    is_complete = len(workspace.derived) == names.count("derived_metrics")
    if not metrics and are_grains_good and is_complete:
        to.report(
            table.place, "the table gathers no metric", "no derived metric has its granularity, and it has no 'metrics'"
        )
    for metric in metrics:
        at = metric.place if isinstance(metric, DerivedMetric) else (*table.place, "metrics", metric.name)
        if metric.name.lower() in seen:
            to.report((*at, "name"), f"'{metric.name}' is also {seen[metric.name.lower()]} of '{table.id}'")
        seen[metric.name.lower()] = "a metric"
    for custom in table.custom:
        at = (*table.place, "metrics", custom.name)
        if custom.project is not None:
            names.expect(to, (*at, "project"), "projects", custom.project, "project")
        if custom.period not in workspace.periods:
            to.report(
                (*at, "period"),
                f"there is no statistical period '{custom.period}'",
                suggestion(custom.period, workspace.periods),
            )
        if not custom.source:
            if custom.where:
                to.report((*at, "where"), "'where' needs a 'source' whose rows it chooses")
            continue
        if _expect_table(to, (*at, "source"), custom.source, names) and are_grains_good:
            source = workspace.source_table(custom.source)
            for grain in table.grains if source is not None else ():
                assert source is not None
                _expect_reference(workspace, source, (*at, "source"), to, grain)
    if is_complete:
        check_materialization(
            table.materialization,
            {metric.name for metric in metrics},
            {grain.column for grain in table.grains},
            (*table.place, "materialization"),
            to,
        )


def _check_granularities(workspace: Workspace, to: Findings) -> None:
    """One aggregate table a granularity and business unit: a metric joins exactly one."""
    seen: dict[tuple[str, Granularity], AggregateTable] = {}
    for table in workspace.aggregates.values():
        key = (workspace.business_unit(table.project), table.granularity)
        other = seen.setdefault(key, table)
        if other is not table:
            to.report(
                (*table.place, "granularity"),
                f"'{other.id}' has the same granularity: all metrics of a granularity are in one aggregate table",
            )
