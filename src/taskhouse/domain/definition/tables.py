"""Logical dimension and fact tables as declared: sources, keys, fields, and how they wish to be materialized."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from taskhouse.domain.datatypes import DataType
from taskhouse.domain.definition.places import Place
from taskhouse.domain.definition.tasks import TaskSettings

PERMANENT_DAYS = 36_500
DEFAULT_REFERENCE = "-110"
"""What a dimension reference is when the source has no value for it."""


class FieldKind(Enum):
    """The value is the word of `PublishedField.kind`."""

    KEY = "KEY"
    ATTRIBUTE = "ATTRIBUTE"
    MEASURE = "MEASURE"
    DIMENSION_REFERENCE = "DIMENSION_REFERENCE"
    FACT_ATTRIBUTE = "FACT_ATTRIBUTE"
    METRIC = "METRIC"


class Cost(Enum):
    """How much work a field is, by which automatic splitting keeps dear fields from delaying cheap ones."""

    NORMAL = "NORMAL"
    HEAVY = "HEAVY"


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """`expression` is SQL over the aliases of the table's sources; empty in an enumeration. Of a dimension reference, `dimension` is
    the dimension table's id, `role` tells references to the same dimension apart, and `default` replaces NULL (`DEFAULT_REFERENCE` when
    nothing else is said); of other fields it is None."""

    name: str
    kind: FieldKind
    type: DataType
    expression: str = ""
    label: str = ""
    description: str = ""
    dimension: str = ""
    role: str = ""
    default: str | None = None
    cost: Cost = Cost.NORMAL
    unit: str = ""


class JoinType(Enum):
    LEFT = "LEFT"
    INNER = "INNER"


@dataclass(frozen=True, slots=True)
class Source:
    """A table to read. `table` is `project.table`: the id of a logical table of the workspace, or a physical table. `alias` is what
    expressions call it. `where` narrows it (over this alias alone): that is where a partition of a physical table is chosen.
    `ready_at`: minutes after midnight when a physical table is usually complete, for automatic splitting; None: unknown."""

    table: str
    alias: str
    where: str = ""
    ready_at: int | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """`on` is a condition over this alias and those before it."""

    source: Source
    on: str
    type: JoinType = JoinType.LEFT


class MaterializationMode(Enum):
    AUTOMATIC = "AUTOMATIC"
    CUSTOM = "CUSTOM"


class ReadPartition(Enum):
    """Which partition of this table derived metrics read."""

    BIZDATE = "BIZDATE"
    """That of the data timestamp: strongly consistent, needs history."""
    MAX_PT = "MAX_PT"
    """The latest there is."""


@dataclass(frozen=True, slots=True)
class NodeWish:
    """A materialization node by hand: which fields it writes besides the keys. `shared`: a table of the same project that names the
    node, too, shares it; both must have the same sources and key."""

    name: str
    fields: tuple[str, ...]
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Materialization:
    """`nodes` only with CUSTOM: every field is in at least one; a field in several is redundant. `partitions` are partition columns with
    their values; the first is the one that `read` is about. `max_fields`: automatic splitting makes no wider node."""

    mode: MaterializationMode = MaterializationMode.AUTOMATIC
    nodes: tuple[NodeWish, ...] = ()
    lifecycle_days: int = PERMANENT_DAYS
    read: ReadPartition = ReadPartition.BIZDATE
    partitions: tuple[tuple[str, str], ...] = (("ds", "${bizdate}"),)
    max_fields: int = 100


class DimensionKind(Enum):
    NORMAL = "NORMAL"
    ENUMERATION = "ENUMERATION"
    """Its rows stand in the definition."""
    VIRTUAL = "VIRTUAL"
    """A key without a table: facts refer to it and metrics are grouped by it. It is no task."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a hierarchy: the attribute that identifies its members, and attributes that belong to it."""

    name: str
    key: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Levels from the coarsest to the finest; each yields a linked table of its own, `<table>__<level>`."""

    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class DimensionTable:
    """`key` is the primary key, one field. `source` and `joins` of NORMAL; `rows` of ENUMERATION: values in the order of `fields`, as
    SQL literals or NULL as None."""

    project: str
    name: str
    kind: DimensionKind
    key: FieldDefinition
    settings: TaskSettings
    attributes: tuple[FieldDefinition, ...] = ()
    source: Source | None = None
    joins: tuple[Join, ...] = ()
    where: str = ""
    """Over all aliases, after the joins."""
    rows: tuple[tuple[str | int | float | bool | None, ...], ...] = ()
    hierarchies: tuple[Hierarchy, ...] = ()
    materialization: Materialization = field(default_factory=Materialization)
    latency_days: int = 0
    """Data latency: each run rewrites this many last partitions, the day's included; 0 for off."""
    event_time: str = ""
    label: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.project}.{self.name}"

    @property
    def place(self) -> Place:
        return ("dimension_tables", self.id)

    @property
    def keys(self) -> tuple[FieldDefinition, ...]:
        return (self.key,)

    @property
    def fields(self) -> tuple[FieldDefinition, ...]:
        return (self.key, *self.attributes)


class FactKind(Enum):
    TRANSACTION = "TRANSACTION"
    """A partition holds the events of its day."""
    PERIODIC_SNAPSHOT = "PERIODIC_SNAPSHOT"
    """A partition holds the state at the end of its day."""


@dataclass(frozen=True, slots=True)
class FactTable:
    """`keys` is the primary key, perhaps empty. `event_time` names the field that says when an event happened; statistical periods of a
    transaction table count by partitions, and data latency needs it."""

    project: str
    name: str
    kind: FactKind
    source: Source
    settings: TaskSettings
    keys: tuple[FieldDefinition, ...] = ()
    measures: tuple[FieldDefinition, ...] = ()
    dimensions: tuple[FieldDefinition, ...] = ()
    attributes: tuple[FieldDefinition, ...] = ()
    joins: tuple[Join, ...] = ()
    where: str = ""
    event_time: str = ""
    business_process: str = ""
    materialization: Materialization = field(default_factory=Materialization)
    latency_days: int = 0
    label: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.project}.{self.name}"

    @property
    def place(self) -> Place:
        return ("fact_tables", self.id)

    @property
    def fields(self) -> tuple[FieldDefinition, ...]:
        return (*self.keys, *self.dimensions, *self.measures, *self.attributes)
