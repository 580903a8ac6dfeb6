"""A whole workspace: everything that was declared, by id, with the questions that several rooms ask of it.

Ids: tasks and logical tables `project.name`; metrics, filters, periods and business units by their bare names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from taskhouse.domain.definition.metrics import (
    BUILT_IN_PERIODS,
    AggregateTable,
    AtomicMetric,
    BusinessFilter,
    CustomMetric,
    DerivedMetric,
    Grain,
    StatisticalPeriod,
)
from taskhouse.domain.definition.tables import DimensionKind, DimensionTable, FactTable, FieldDefinition
from taskhouse.domain.definition.tasks import IntegrationTask, ScriptTask, VirtualNode
from taskhouse.domain.definition.tenant import BusinessUnit, Organisation, Project, Tenant
from taskhouse.domain.recurring import Environment

SourceTable: TypeAlias = DimensionTable | FactTable
LogicalTable: TypeAlias = DimensionTable | FactTable | AggregateTable
TaskDefinition: TypeAlias = LogicalTable | ScriptTask | IntegrationTask | VirtualNode
Metric: TypeAlias = DerivedMetric | CustomMetric
_Grouped: TypeAlias = tuple[frozenset[Grain], str]
"""Granularity and business unit: what an aggregate table and the metrics that join it have in common."""


@dataclass(frozen=True, slots=True)
class Workspace:
    tenant: Tenant = field(default_factory=Tenant)
    business_units: Mapping[str, BusinessUnit] = field(default_factory=dict)
    projects: Mapping[str, Project] = field(default_factory=dict)
    dimensions: Mapping[str, DimensionTable] = field(default_factory=dict)
    facts: Mapping[str, FactTable] = field(default_factory=dict)
    aggregates: Mapping[str, AggregateTable] = field(default_factory=dict)
    atomics: Mapping[str, AtomicMetric] = field(default_factory=dict)
    filters: Mapping[str, BusinessFilter] = field(default_factory=dict)
    periods: Mapping[str, StatisticalPeriod] = field(default_factory=lambda: dict(BUILT_IN_PERIODS))
    derived: Mapping[str, DerivedMetric] = field(default_factory=dict)
    scripts: Mapping[str, ScriptTask] = field(default_factory=dict)
    integrations: Mapping[str, IntegrationTask] = field(default_factory=dict)
    virtual_nodes: Mapping[str, VirtualNode] = field(default_factory=dict)
    _derived_by_grain: dict[_Grouped, list[DerivedMetric]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _aggregated_grains: set[_Grouped] = field(default_factory=set, init=False, repr=False, compare=False)
    """Both made when they are first asked for."""

    @property
    def organisation(self) -> Organisation:
        return Organisation(self.tenant, self.business_units, self.projects)

    def source_table(self, id: str) -> SourceTable | None:
        """A dimension or fact table."""
        return self.dimensions.get(id) or self.facts.get(id)

    def task(self, id: str) -> TaskDefinition | None:
        """What `id` names, if that is a task."""
        for found in (
            self.dimensions.get(id),
            self.facts.get(id),
            self.aggregates.get(id),
            self.scripts.get(id),
            self.integrations.get(id),
            self.virtual_nodes.get(id),
        ):
            if found is not None and not (isinstance(found, DimensionTable) and found.kind is DimensionKind.VIRTUAL):
                return found
        return None

    def tasks(self, environment: Environment | None = None) -> Iterator[TaskDefinition]:
        """Everything that is a task: virtual dimensions are none. With an environment, of the projects that are in it."""
        for group in (
            self.dimensions,
            self.facts,
            self.aggregates,
            self.scripts,
            self.integrations,
            self.virtual_nodes,
        ):
            for task in group.values():
                if isinstance(task, DimensionTable) and task.kind is DimensionKind.VIRTUAL:
                    continue
                if environment is None or self.projects[task.project].exists_in(environment):
                    yield task

    def business_unit(self, project: str) -> str:
        found = self.projects.get(project)
        return found.business_unit if found else ""

    def gathered(self, table: AggregateTable) -> list[DerivedMetric]:
        """The derived metrics that join an aggregate table: of its granularity, from projects of its business unit, by name."""
        if not self._derived_by_grain:
            for _, metric in sorted(self.derived.items()):
                self._derived_by_grain.setdefault(self._grouped(metric), []).append(metric)
        return list(self._derived_by_grain.get(self._grouped(table), ()))

    def is_gathered(self, metric: DerivedMetric) -> bool:
        """Whether there is an aggregate table that it joins."""
        if not self._aggregated_grains:
            self._aggregated_grains.update(map(self._grouped, self.aggregates.values()))
        return self._grouped(metric) in self._aggregated_grains

    def _grouped(self, each: DerivedMetric | AggregateTable) -> _Grouped:
        return each.granularity, self.business_unit(each.project)

    def metrics(self, table: AggregateTable) -> list[Metric]:
        """All metrics of an aggregate table: derived ones by name, then custom ones as written."""
        return [*self.gathered(table), *table.custom]

    def reference(self, table: SourceTable, grain: Grain) -> FieldDefinition | None:
        """The field of a source table that says which member of the grain's dimension a row belongs to: the table's own key for its own
        dimension, else the reference with the grain's role; without a role the only reference to the dimension."""
        if isinstance(table, DimensionTable) and table.id == grain.dimension and not grain.role:
            return table.key
        found = [item for item in table.fields if item.dimension == grain.dimension and grain.role in (item.role, "")]
        if not grain.role and len(found) > 1:
            found = [item for item in found if not item.role]
        return found[0] if len(found) == 1 else None

    def maxcompute(self, project: str, environment: Environment) -> str:
        """The MaxCompute project behind a name in code or definitions: of a project of the workspace by environment, of any other
        the name itself."""
        found = self.projects.get(project)
        return found.maxcompute(environment) if found else project
