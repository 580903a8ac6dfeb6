"""Task instances: one submitted job, its tasks, and how their statuses follow from one another.

Status rules (values, no clock): a submitted instance is `Suspended` with its tasks `Waiting` until a slot is free;
then `Running`; then `Terminated`. Only tasks succeed or fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class InstanceStatus(Enum):
    SUSPENDED = "Suspended"
    RUNNING = "Running"
    TERMINATED = "Terminated"


class TaskStatus(Enum):
    WAITING = "Waiting"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def is_final(self) -> bool:
        return self in (TaskStatus.SUCCESS, TaskStatus.FAILED, TaskStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task as submitted. `type` is the XML element name (`SQL`, `SQLCost`, `Merge`, `XFlow`, `Algorithm`).

    `settings` are the client's hints, strings to strings. `config` are all other properties. `body` is the query (SQL, SQLCost), the table expression (Merge)
    or a JSON document (XFlow, Algorithm).
    """

    name: str
    type: str
    body: str
    settings: dict[str, str] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a client submits. `guid` makes a repeated submission return the first instance. `source` is the job's XML,
    returned verbatim by `?source`."""

    project: str
    tasks: tuple[TaskSpec, ...]
    priority: int = 9
    name: str = ""
    comment: str = ""
    guid: str = ""
    source: str = ""


class ResultKind(Enum):
    NONE = "none"
    """Nothing to show: DDL, DML."""
    TEXT = "text"
    """Preformatted text: DESC, SHOW, EXPLAIN, a cost document."""
    ROWS = "rows"
    """A SELECT: rows in an Arrow IPC file."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a running or finished task, in the units the protocol shows: `workers_*` are parallel parts of work.

    `name` like `M1_job_0`, `R2_1_job_0`; `operator` in words (`scan lineitem`); `upstream` are names of stages.
    """

    name: str
    operator: str = ""
    upstream: tuple[str, ...] = ()
    workers_total: int = 1
    workers_running: int = 0
    workers_done: int = 0
    rows_in: int = 0
    rows_out: int = 0
    percent: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """A task with what was recorded about it. `result_text` holds text results and error texts; `result_file` names
    the Arrow IPC blob of a SELECT; `result_columns` are `(name, type text)`."""

    instance_id: str
    index: int
    spec: TaskSpec
    status: TaskStatus
    attempt: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result_kind: ResultKind = ResultKind.NONE
    result_text: str = ""
    result_file: str = ""
    result_columns: tuple[tuple[str, str], ...] = ()
    result_rows: int = 0
    stages: tuple[Stage, ...] = ()
    summary: dict[str, object] = field(default_factory=dict)
    """Measured facts: input rows and bytes, output rows, cpu seconds, peak memory, per statement timings, error place."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """`parent_id` and `action` are set on a sub-instance of an XFlow: the instance that planned it and the node's name."""

    id: str
    project: str
    owner: str
    priority: int
    status: InstanceStatus
    submitted_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    name: str = ""
    comment: str = ""
    guid: str = ""
    source: str = ""
    parent_id: str = ""
    action: str = ""
    tasks: tuple[Task, ...] = ()
