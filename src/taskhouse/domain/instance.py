"""Task instances: one submitted job, its tasks, and how their statuses follow from one another.

Status rules (values, no clock): a submitted instance is `Suspended` with its tasks `Waiting` until a slot is free;
then `Running`; then `Terminated`. Only tasks succeed or fail.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, as its runner tells it. `status` is one of the three final ones; the rest is as in `Task`.

    `reads_only`: the attempt changed nothing but its own result, so a machine that loses power may forget the outcome (the task
    then is Failed after the restart); recording it need not wait for the disk."""

    status: TaskStatus
    result_kind: ResultKind = ResultKind.NONE
    result_text: str = ""
    result_file: str = ""
    result_columns: tuple[tuple[str, str], ...] = ()
    result_rows: int = 0
    stages: tuple[Stage, ...] = ()
    summary: dict[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of one task. `number` grows with every run and is the fencing token: whatever a runner does that others can
    see (a commit, an outcome) is accepted only while its number is still the task's."""

    instance_id: str
    index: int
    number: int


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances a list shows; every part that is set must hold. Times bound `submitted_at`, both inclusive. `outcome`: how all of it
    ended (a task that failed before one that was cancelled). `containing`: a part of the name or of the id."""

    status: InstanceStatus | None = None
    owner: str = ""
    name: str = ""
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None
    outcome: TaskStatus | None = None
    containing: str = ""


def instance_status(tasks: Sequence[TaskStatus]) -> InstanceStatus:
    """The status of an instance with tasks in these statuses: Suspended before any began, Terminated once all ended."""
    if all(status.is_final for status in tasks):
        return InstanceStatus.TERMINATED
    if all(status is TaskStatus.WAITING for status in tasks):
        return InstanceStatus.SUSPENDED
    return InstanceStatus.RUNNING


def next_task(tasks: Sequence[TaskStatus]) -> int | None:
    """The index of the task that runs next: tasks run one after another, in the order submitted. None while one runs, or
    when none is left."""
    for index, status in enumerate(tasks):
        if status is TaskStatus.RUNNING:
            return None
        if status is TaskStatus.WAITING:
            return index
    return None


def after_start(tasks: Sequence[TaskStatus], index: int) -> tuple[TaskStatus, ...]:
    """Statuses after task `index` began; it must be the next one."""
    if next_task(tasks) != index:
        raise ValueError(f"task {index} is not the next one to run")
    return _replaced(tasks, index, TaskStatus.RUNNING)


def after_outcome(tasks: Sequence[TaskStatus], index: int, outcome: TaskStatus) -> tuple[TaskStatus, ...]:
    """Statuses after the running task `index` ended. When it did not succeed, the tasks after it can no longer run in
    their sequence: they are Cancelled."""
    if tasks[index] is not TaskStatus.RUNNING or not outcome.is_final:
        raise ValueError(f"task {index} is {tasks[index].value} and cannot end as {outcome.value}")
    ended = _replaced(tasks, index, outcome)
    if outcome is TaskStatus.SUCCESS:
        return ended
    return after_cancel(ended)


def after_cancel(tasks: Sequence[TaskStatus]) -> tuple[TaskStatus, ...]:
    """Statuses after the instance was stopped: whatever had not ended is Cancelled."""
    return tuple(status if status.is_final else TaskStatus.CANCELLED for status in tasks)


def _replaced(tasks: Sequence[TaskStatus], index: int, status: TaskStatus) -> tuple[TaskStatus, ...]:
    return (*tasks[:index], status, *tasks[index + 1 :])
