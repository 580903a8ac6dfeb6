"""Answers about recurring tasks as they are published: the list, one task, its versions, what is around it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Schedule(msgspec.Struct, frozen=True):
    """`times` are those of a day on the tenant's clocks. `weekdays` 1 (Monday) to 7; `month_days` 1 to 31, -1 for the last. `type`:
    NORMAL, DRY_RUN or SKIP."""

    cycle: str
    type: str = ""
    times: list[str] = []
    weekdays: list[int] = []
    month_days: list[int] = []
    months: list[int] = []
    time_zone: str = ""


class TaskLine(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    project: str = ""
    projects: list[str] = []
    environment: str = ""
    biz_type: str = ""
    node_type: str = ""
    kind: str | None = None
    cycle: str = ""
    schedule_type: str = ""
    priority: str = ""
    owners: list[str] = []
    tags: list[str] = []
    description: str = ""
    version: int = 0
    strategy: int = 0
    field_count: int = 0
    node_count: int = 0
    published_at: datetime | None = None
    published_by: str = ""


class TaskPage(msgspec.Struct, frozen=True):
    items: list[TaskLine] = []
    next_marker: str = ""


class Dependency(msgspec.Struct, frozen=True):
    """`task` is empty for the tenant's root node. `up_fields` empty: all; `source`: AUTO or MANUAL."""

    task: str
    name: str = ""
    cycle: str = ""
    policy: str = ""
    n: int = 0
    up_fields: list[str] = []
    down_fields: list[str] = []
    source: str = ""


class TaskField(msgspec.Struct, frozen=True):
    name: str
    label: str = ""
    kind: str = ""
    role: str = ""
    type: str = ""
    project: str = ""
    owner: str | None = None
    priority: str | None = None
    nodes: list[str] = []
    sources: list[str] = []


class TaskNode(msgspec.Struct, frozen=True):
    """`code` is None for those who may not look into the project."""

    id: str
    name: str = ""
    kind: str = ""
    project: str = ""
    table: str = ""
    fields: list[str] = []
    keys: list[str] = []
    reads: dict[str, list[str]] = {}
    inner: list[str] = []
    code_hash: str = ""
    code: str | None = None


class TaskDetail(msgspec.Struct, frozen=True):
    """`timeout_h` in hours; `retries` with `retry_gap_min` minutes between them."""

    line: TaskLine
    schedule: Schedule
    dependencies: list[Dependency] = []
    fields: list[TaskField] = []
    nodes: list[TaskNode] = []
    view: str = ""
    business_unit: str = ""
    timeout_h: float = 0.0
    retries: int = 0
    retry_gap_min: int = 0
    retry_after_timeout: bool = False
    resource_group: str = ""
    latency_days: int = 0
    first_run_date: str = ""
    defined_at: str = ""
    """File and line of the definition when this version was published."""
    may: list[str] = []


class VersionLine(msgspec.Struct, frozen=True):
    """`rebuilt`: the materialization changed so that tables are built anew. `changed_nodes`: code that differs from the version before;
    fields and nodes that came and went, by name."""

    version: int
    strategy: int = 0
    published_at: datetime | None = None
    published_by: str = ""
    field_count: int = 0
    node_count: int = 0
    rebuilt: bool = False
    changed_nodes: list[str] = []
    added_nodes: list[str] = []
    removed_nodes: list[str] = []
    added_fields: list[str] = []
    removed_fields: list[str] = []
    schedule_changed: bool = False
    dependencies_changed: bool = False


class VersionList(msgspec.Struct, frozen=True):
    """The latest first."""

    task: str
    items: list[VersionLine] = []


class TaskCard(msgspec.Struct, frozen=True):
    """In the DAG of tasks. Of a task that may not be seen only name and project are told."""

    id: str
    name: str = ""
    project: str = ""
    direction: str = ""
    level: int = 0
    visible: bool = False
    biz_type: str = ""
    kind: str | None = None
    cycle: str = ""
    owners: list[str] = []
    more_up: int = 0
    more_down: int = 0


class TaskEdge(msgspec.Struct, frozen=True):
    up: str
    down: str = ""
    cycle: str = ""
    policy: str = ""
    fields: list[str] = []


class TaskDag(msgspec.Struct, frozen=True):
    centre: str
    tasks: list[TaskCard] = []
    edges: list[TaskEdge] = []
    limit: int = 0
    complete: bool = False
