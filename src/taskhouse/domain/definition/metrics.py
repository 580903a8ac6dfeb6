"""Metrics, and the aggregate tables that gather them by granularity.

A derived metric is an atomic metric (what is computed), business filters (of which rows), a statistical period (of which days) and a
granularity (per what). It joins the aggregate table of its granularity by itself; custom metrics are written into the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from taskhouse.domain.datatypes import DataType
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.tables import Cost, Materialization
from taskhouse.domain.definition.tasks import TaskSettings
from taskhouse.domain.recurring import Priority


@dataclass(frozen=True, slots=True, order=True)
class Grain:
    """One dimension of a granularity. `dimension` is a dimension table's id, `role` as in the facts' references, empty when there is
    one reference. `column` is the name of the column in the aggregate table, and no part of the grain's identity."""

    dimension: str
    role: str = ""
    column: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.dimension}:{self.role}" if self.role else self.dimension


Granularity = frozenset[Grain]


@dataclass(frozen=True, slots=True)
class AtomicMetric:
    """`expression` is an SQL aggregate over the fields of the logical table `table`, by their bare names. A composed one has
    `parts`, names of atomic metrics of the same table that its expression names in braces: `{pay_amount} / {pay_count}`."""

    name: str
    table: str
    expression: str
    type: DataType
    parts: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    unit: str = ""

    @property
    def place(self) -> Place:
        return ("atomic_metrics", self.name)


@dataclass(frozen=True, slots=True)
class BusinessFilter:
    """A condition over the fields of a logical table, by their bare names, without the time range."""

    name: str
    table: str
    condition: str
    label: str = ""
    description: str = ""

    @property
    def place(self) -> Place:
        return ("business_filters", self.name)


class PeriodUnit(Enum):
    DAYS = "DAYS"
    """The last `days` days up to the data timestamp, it included."""
    WEEK_TO_DATE = "WEEK_TO_DATE"
    MONTH_TO_DATE = "MONTH_TO_DATE"
    QUARTER_TO_DATE = "QUARTER_TO_DATE"
    YEAR_TO_DATE = "YEAR_TO_DATE"
    ALL = "ALL"
    """Everything up to the data timestamp."""


@dataclass(frozen=True, slots=True)
class StatisticalPeriod:
    name: str
    unit: PeriodUnit
    days: int = 1
    label: str = ""

    @property
    def place(self) -> Place:
        return ("statistical_periods", self.name)


BUILT_IN_PERIODS = {
    period.name: period
    for period in (
        StatisticalPeriod("1d", PeriodUnit.DAYS, 1, "Last day"),
        StatisticalPeriod("7d", PeriodUnit.DAYS, 7, "Last 7 days"),
        StatisticalPeriod("14d", PeriodUnit.DAYS, 14, "Last 14 days"),
        StatisticalPeriod("30d", PeriodUnit.DAYS, 30, "Last 30 days"),
        StatisticalPeriod("wtd", PeriodUnit.WEEK_TO_DATE, label="Week to date"),
        StatisticalPeriod("mtd", PeriodUnit.MONTH_TO_DATE, label="Month to date"),
        StatisticalPeriod("qtd", PeriodUnit.QUARTER_TO_DATE, label="Quarter to date"),
        StatisticalPeriod("ytd", PeriodUnit.YEAR_TO_DATE, label="Year to date"),
        StatisticalPeriod("all", PeriodUnit.ALL, label="All history"),
    )
}


@dataclass(frozen=True, slots=True)
class DerivedMetric:
    """`filters` must all hold. `owner` and `priority` None: the aggregate table's. Its type is the atomic metric's."""

    name: str
    project: str
    atomic: str
    period: str
    granularity: Granularity
    filters: tuple[str, ...] = ()
    owner: str | None = None
    priority: Priority | None = None
    cost: Cost = Cost.NORMAL
    label: str = ""
    description: str = ""

    @property
    def place(self) -> Place:
        return ("derived_metrics", self.name)


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A metric written into an aggregate table by hand. Without a `source` its expression is over other metrics of the table, by name,
    row by row. With one it is an aggregate over the fields of that logical table, of the rows of `period` where `where` holds.
    `project`, `owner`, `priority` None: the table's."""

    name: str
    type: DataType
    expression: str
    source: str = ""
    where: str = ""
    period: str = "1d"
    project: str | None = None
    owner: str | None = None
    priority: Priority | None = None
    cost: Cost = Cost.NORMAL
    label: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class AggregateTable:
    """`grains` in the order of its key columns, each with its `column`."""

    project: str
    name: str
    grains: tuple[Grain, ...]
    settings: TaskSettings
    custom: tuple[CustomMetric, ...] = ()
    materialization: Materialization = field(default_factory=Materialization)
    label: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.project}.{self.name}"

    @property
    def place(self) -> Place:
        return ("aggregate_tables", self.id)

    @property
    def granularity(self) -> Granularity:
        return frozenset(self.grains)
