"""A recurring task as it was published: what generation, scheduling and pages need of a definition, complete in itself.

Definitions are what people write; publishing works out of them which nodes there are, what each runs, and how fields depend on one
another, and freezes that as a version. Instances keep the version with which they were generated (D-03). Nothing here refers back to
files.

Names: a task's id is `project.name`; a node's id is `project.node`, unique among the tasks and nodes of the project, and the same
in every table that shares the node. A script's, an integration's and a virtual task's only node has the task's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.dependency import Dependency
from taskhouse.domain.generation import NodeBlueprint, TaskBlueprint
from taskhouse.domain.readiness import SHARED_GROUP
from taskhouse.domain.recurring import BizType, Environment, Priority, Role, TableKind
from taskhouse.domain.schedule import Schedule


class ProgramKind(Enum):
    """What a node runs. The value is the type of the task instance that an attempt becomes."""

    SQL = "SQL"
    PYTHON = "Python"
    SHELL = "Shell"
    TRANSFER = "Transfer"
    """An integration task; its code is a JSON document that says from where and to where."""
    VIRTUAL = "Virtual"
    """Nothing: it succeeds at once, without a task instance."""


@dataclass(frozen=True, slots=True)
class Program:
    """`code` with parameters in it, resolved at the start of each attempt. `project`: the MaxCompute project in which it
    runs, which differs between environments. `parameters`: custom parameters, `KeyA=ValueA;KeyB=ValueB`."""

    kind: ProgramKind
    code: str = ""
    project: str = ""
    parameters: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedNode:
    """`values` and `keys` are names of fields of this task. `reads` and `inner` are as in `NodeBlueprint`. `table` is the
    physical table that it writes, `project.table`, empty for none. `code_hash` changes when what it runs changes."""

    id: str
    name: str
    program: Program
    values: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reads: Mapping[str, frozenset[str]] | None = None
    inner: tuple[str, ...] = ()
    table: str = ""
    code_hash: str = ""


@dataclass(frozen=True, slots=True)
class PublishedField:
    """`kind` in the words of definitions (ATTRIBUTE, MEASURE, ...), `type` a MaxCompute type. `sources` are the (task id, field)
    that it is computed from, of this or other logical tables; `tables` the physical tables outside logical tables. `project`, `owner`
    and `priority` are a metric's own. `logic` is the hash of its own logic, `parts` those of parts that it shares (`FieldLogic`)."""

    name: str
    kind: str = ""
    type: str = "STRING"
    label: str = ""
    role: Role = Role.VALUE
    project: str | None = None
    owner: str | None = None
    priority: Priority | None = None
    sources: tuple[tuple[str, str], ...] = ()
    tables: tuple[str, ...] = ()
    logic: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedTask:
    """`version` counts the publications of the task in its environment, from 1. `strategy` is the version of its materialization,
    which grows when tables must be rebuilt. `view` names the logical table as it can be queried, `project.table`. `key_logic` is
    the hash of what the whole table rests on: its key and its main source."""

    id: str
    name: str
    project: str
    environment: Environment
    biz_type: BizType
    schedule: Schedule
    nodes: tuple[PublishedNode, ...]
    version: int = 1
    node_type: str = "DATA_PROCESS"
    """DATA_PROCESS, BBOX_LOGIC_TABLE_NODE, PIPELINE_NODE, or VIRTUAL_NODE."""
    kind: TableKind | None = None
    fields: tuple[PublishedField, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    priority: Priority = Priority.MIDDLE
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    resource_group: str = SHARED_GROUP
    description: str = ""
    business_unit: str = ""
    strategy: int = 1
    view: str = ""
    key_logic: str = ""
    latency_days: int = 0
    partitions: tuple[str, ...] = ()
    """Names of the partition columns of its physical tables, in order."""
    first_run_date: date = date.min
    published_at: datetime | None = None
    published_by: str = ""
    defined_at: str = ""
    """File and line of the definition when it was published: `sales/orders.yaml:20`."""

    def blueprint(self) -> TaskBlueprint:
        """What generation asks for."""
        nodes = tuple(NodeBlueprint(n.id, n.values, n.keys, n.reads, n.inner) for n in self.nodes)
        return TaskBlueprint(self.id, self.schedule, nodes, self.dependencies, self.first_run_date)

    def node(self, id: str) -> PublishedNode | None:
        return next((node for node in self.nodes if node.id == id), None)
