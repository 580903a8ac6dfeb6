"""Answers about what lies around an instance: DAG, lineage, code."""

from __future__ import annotations

from datetime import datetime

import msgspec

from taskhouse.client.api.instances import FieldLine, NodeLine, NodeRef


class DagInstance(msgspec.Struct, frozen=True):
    """`direction` and `level` from the centre, which is 0. `more_up` and `more_down`: how many neighbours are not shown. `nodes` when it is
    opened. 0 is the id of the root."""

    id: int
    name: str = ""
    task: str = ""
    project: str = ""
    direction: str = ""
    level: int = 0
    visible: bool = True
    operable: bool = True
    biz_type: str = ""
    kind: str | None = None
    node_type: str = ""
    cycle: str = ""
    description: str = ""
    owners: list[str] = []
    bizdate: str = ""
    due_at: datetime | None = None
    statuses: list[str] = []
    fields: dict[str, int] = {}
    node_statuses: dict[str, int] = {}
    waiting: list[str] = []
    paused: int = 0
    priority: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    field_count: int = 0
    node_count: int = 0
    more_up: int = 0
    more_down: int = 0
    nodes: list[NodeLine] | None = None


class DagEdge(msgspec.Struct, frozen=True):
    """Between instances. `removed`: all dependencies between the two were removed."""

    up: int
    down: int
    removed: bool = False


class DagNodeEdge(msgspec.Struct, frozen=True):
    """Between nodes of opened instances; a node is None where that end's instance is not opened."""

    up: int
    up_node: int | None = None
    down: int = 0
    down_node: int | None = None
    kind: str = ""
    fields: list[str] = []
    removed: bool = False


class Dag(msgspec.Struct, frozen=True):
    """`complete`: there is nothing further in either direction."""

    centre: int
    instances: list[DagInstance] = []
    edges: list[DagEdge] = []
    node_edges: list[DagNodeEdge] = []
    limit: int = 0
    complete: bool = False


class ReadInstance(msgspec.Struct, frozen=True):
    """An upstream instance that a node reads; no `fields`: as a whole."""

    instance: int
    name: str = ""
    project: str = ""
    visible: bool = True
    fields: list[str] = []
    status: str = ""
    paused: bool = False
    removed: bool = False


class ProducingNode(msgspec.Struct, frozen=True):
    """`node` computes the field. `blocking`: the topmost nodes that keep it from starting."""

    node: NodeLine
    reads: list[ReadInstance] = []
    blocking: list[NodeRef] = []


class ProductionLineage(msgspec.Struct, frozen=True):
    """One entry of `nodes` for each copy of a redundant field."""

    instance: int
    field: FieldLine
    nodes: list[ProducingNode] = []


class ConsumingNode(msgspec.Struct, frozen=True):
    """A downstream node that reads the field, with its fields that depend on it; a script has none."""

    instance: int
    name: str = ""
    project: str = ""
    visible: bool = True
    removed: bool = False
    fields: list[str] = []
    node: NodeLine | None = None


class ConsumptionLineage(msgspec.Struct, frozen=True):
    instance: int
    field: str = ""
    nodes: list[ConsumingNode] = []


class CodeVersion(msgspec.Struct, frozen=True):
    """`version` of the task's publication. `code` with parameters in it, `resolved` with their values for this instance."""

    version: int = 0
    code: str = ""
    resolved: str = ""
    code_hash: str = ""
    settings: dict[str, str] = {}
    published_at: datetime | None = None
    published_by: str = ""


class RanCode(msgspec.Struct, frozen=True):
    """The code of the latest real attempt."""

    code: CodeVersion
    serial: int = 0
    number: int = 0
    choice: str = ""
    started_at: datetime | None = None
    parameters: dict[str, str] = {}


class NodeCode(msgspec.Struct, frozen=True):
    """`latest` is None before the first attempt, `current` when the published task has no such node any more. `changed`: they differ."""

    id: int
    node: str = ""
    name: str = ""
    kind: str = ""
    project: str = ""
    table: str = ""
    fields: list[str] = []
    keys: list[str] = []
    generated_version: int = 0
    latest: RanCode | None = None
    current: CodeVersion | None = None
    changed: bool = False


class CodePage(msgspec.Struct, frozen=True):
    """`hidden` counts nodes whose code the person asking may not see."""

    instance: int
    items: list[NodeCode] = []
    hidden: int = 0
