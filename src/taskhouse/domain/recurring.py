"""Words of recurring instances that every room shares: environments, kinds, origins, priorities, roles, edges, keys.

A *recurring instance* is one scheduled run of a recurring task; for a logical table it is the *table instance*. It consists of *node
instances*, one for each materialization node; a script has exactly one. Keys are natural: generating the same date again yields the
same keys, which is what makes generation idempotent.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum, IntEnum
from typing import NamedTuple


class Environment(Enum):
    DEV = "DEV"
    """Instances are generated but run only when people ask."""
    PROD = "PROD"

    __hash__ = object.__hash__  # part of every key; Enum's own hash is a Python call


class BizType(Enum):
    SCRIPT = "SCRIPT"
    """Scripts and integration tasks: one node, no fields."""
    LOGICAL_TABLE = "LOGICAL_TABLE"


class TableKind(Enum):
    DIMENSION = "DIMENSION"
    FACT = "FACT"
    AGGREGATE = "AGGREGATE"
    """Its fields are metrics, each with a project, an owner and a priority of its own."""


class Origin(Enum):
    RECURRING = "RECURRING"
    BACKFILL = "BACKFILL"
    ONE_TIME = "ONE_TIME"
    MANUAL = "MANUAL"

    __hash__ = object.__hash__


class Priority(IntEnum):
    """Greater runs first."""

    LOWEST = 1
    LOW = 2
    MIDDLE = 3
    HIGH = 4
    HIGHEST = 5

    @property
    def label(self) -> str:
        return "Medium" if self is Priority.MIDDLE else self.name.capitalize()


class Role(Enum):
    VALUE = "VALUE"
    KEY = "KEY"
    """Primary key, partition or redundant join key: written by many nodes, outside closure and normalisation (D-02)."""


class EdgeKind(Enum):
    SAME = "SAME"
    """From an instance of the same run date."""
    CROSS = "CROSS"
    """From an earlier run date."""
    SELF = "SELF"
    """From an earlier instance of the same task."""
    INTERNAL = "INTERNAL"
    """Between nodes of one table; nobody can remove it."""
    ROOT = "ROOT"
    """From the tenant's root node, which has always succeeded."""

    __hash__ = object.__hash__


class InstanceKey(NamedTuple):
    """`due_at` in UTC; `backfill` is the backfill's id, empty for others."""

    task: str
    bizdate: date
    due_at: datetime
    environment: Environment = Environment.PROD
    origin: Origin = Origin.RECURRING
    backfill: str = ""


class NodeKey(NamedTuple):
    """Of a node instance. Tables that share a materialization node and a scheduled time share the node instance (D-01)."""

    node: str
    bizdate: date
    due_at: datetime
    environment: Environment = Environment.PROD
    origin: Origin = Origin.RECURRING
    backfill: str = ""

    @classmethod
    def of(cls, node: str, instance: InstanceKey) -> NodeKey:
        return cls(node, *instance[1:])
