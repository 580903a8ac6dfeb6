"""Routes of task instances: submit SQL, a list, one with its stages, the rows of its result, stop.

These are the instances that the MaxCompute protocol shows, with the privileges that it checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from taskhouse.domain.access import project_target
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceFilter, InstanceStatus, JobSpec, Task, TaskSpec, TaskStatus
from taskhouse.protocols.rest.errors import bad_request
from taskhouse.protocols.rest.reading import in_utc
from taskhouse.protocols.rest.routing import BASE_PATH, Call, Nothing, Reply, Routes
from taskhouse.services import inspect_instances, inspect_results, stop_instance, submit_instance
from taskhouse.services.access import authorize, logview_address
from taskhouse.services.inspect_results import ResultWindow
from taskhouse.services.recurring.permissions import bare_name, caller_of

routes = Routes("task instances")

MAX_LINES = 1_000
MAX_TEXTS = 200
TEXT_LENGTH = 300
_STATUSES = {"WAITING": InstanceStatus.SUSPENDED, "RUNNING": InstanceStatus.RUNNING, "ENDED": InstanceStatus.TERMINATED}
_OUTCOMES = {status.name: status for status in (TaskStatus.SUCCESS, TaskStatus.FAILED, TaskStatus.CANCELLED)}
_IDS = ("project", "id")


class WarehouseProjects(msgspec.Struct, frozen=True):
    """Projects of the warehouse in which the caller may list task instances; `may_run` those in which they may run SQL."""

    items: list[str]
    may_run: list[str]


class TaskInstanceFilters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`status`: WAITING, RUNNING, ENDED, or one that it ended with: SUCCESS, FAILED, CANCELLED. `q`: a part of the name or of the id. `mine`: the
    caller's own. `submitted_from` and `submitted_to`: times with a zone. `texts`: with the beginning of what the first task was given, for
    at most 200 lines. `marker` is the `next_marker` of the page before, `limit` at most 1000."""

    project: str
    status: str | None = None
    q: str = ""
    mine: bool = False
    owner: str = ""
    name: str = ""
    texts: bool = False
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None
    marker: str = ""
    limit: int = 50


class TaskInstanceLine(msgspec.Struct, frozen=True):
    """`status` says how it stands or ended: WAITING, RUNNING, SUCCESS, FAILED or CANCELLED. `types` are those of its tasks. `text`: the
    beginning of the first, when it was asked for."""

    id: str
    project: str
    owner: str
    name: str
    status: str
    types: list[str]
    priority: int
    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    text: str = ""


class TaskInstancePage(msgspec.Struct, frozen=True):
    """The newest first."""

    items: list[TaskInstanceLine]
    next_marker: str = ""


class StageView(msgspec.Struct, frozen=True):
    """`percent` done; `workers_*` are parallel parts of its work; `upstream` are names of stages."""

    name: str
    operator: str
    upstream: tuple[str, ...]
    percent: int
    workers_total: int
    workers_running: int
    workers_done: int
    rows_in: int
    rows_out: int
    seconds: float


class TaskInstanceTask(msgspec.Struct, frozen=True):
    """`text` is what it was given: SQL, or a JSON document. `result`: NONE, TEXT (in `output`) or ROWS, of which there are `rows`. `output` is
    the error of a task that failed."""

    index: int
    name: str
    type: str
    status: str
    text: str
    settings: dict[str, str]
    started_at: datetime | None
    ended_at: datetime | None
    result: str
    output: str
    rows: int
    stages: list[StageView]
    warnings: tuple[str, ...]


class TaskInstanceView(msgspec.Struct, frozen=True):
    """`percent` done over all tasks. `logview` is the address of its page, good for a day. `now` is the server's time."""

    line: TaskInstanceLine
    percent: int
    tasks: list[TaskInstanceTask]
    logview: str
    may_stop: bool
    parent: str
    comment: str
    now: datetime


class SqlBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sql` may have several statements. `settings` are those of `SET`. `priority` 0 runs first, 9 last."""

    project: Annotated[str, msgspec.Meta(max_length=128)]
    sql: str
    name: Annotated[str, msgspec.Meta(max_length=128)] = ""
    settings: dict[str, str] = {}
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 9


class RowsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of task `task` from `start` on, at most `limit` (200; up to 1000)."""

    task: int = 0
    start: int = 0
    limit: int = 200


class TaskQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the instance's tasks, the first being 0."""

    task: int = 0


@routes.get("/runs/projects", reply=WarehouseProjects)
def list_warehouse_projects(call: Call[Nothing, None]) -> WarehouseProjects:
    """Projects of the warehouse whose task instances the caller may list."""
    world, caller = call.world, caller_of(call.world, call.actor)
    names = [project.name for project in world.catalogue.projects().items]
    listed, runnable = (
        [name for name in names if authorize.permits(world, caller, action, project_target(name))]
        for action in ("List", "CreateInstance")
    )
    return WarehouseProjects(listed, runnable)


@routes.get("/runs", query=TaskInstanceFilters, reply=TaskInstancePage, errors=(403, 404))
def list_task_instances(call: Call[TaskInstanceFilters, None]) -> TaskInstancePage:
    """Task instances of a project, the newest first."""
    given = call.query
    status = given.status.upper() if given.status else ""
    if status and status not in _STATUSES and status not in _OUTCOMES:
        raise bad_request(f"status = '{given.status}': there are {', '.join([*_STATUSES, *_OUTCOMES])}", "status")
    most = MAX_TEXTS if given.texts else MAX_LINES
    if not 1 <= given.limit <= most:
        raise bad_request(f"limit = {given.limit}: it lies between 1 and {most}", "limit")
    caller = caller_of(call.world, call.actor)
    wanted = InstanceFilter(
        _STATUSES.get(status),
        caller.user if given.mine else given.owner,
        given.name,
        _aware(given.submitted_from, "submitted_from"),
        _aware(given.submitted_to, "submitted_to"),
        _OUTCOMES.get(status),
        given.q.strip(),
    )
    found = inspect_instances.page(call.world, caller, given.project.lower(), wanted, given.marker, given.limit)
    texts = inspect_instances.beginnings(call.world, caller, found.items if given.texts else (), TEXT_LENGTH)
    return TaskInstancePage([_line(each, texts.get(each.id, "")) for each in found.items], found.marker)


@routes.post("/runs", body=SqlBody, reply=TaskInstanceView, status=201, errors=(403, 404), repeatable=True)
def submit_sql(call: Call[Nothing, SqlBody]) -> Reply:
    """Submit SQL. What cannot be parsed is refused; what fails later is a task instance that failed."""
    body = call.body
    if not body.sql.strip():
        raise bad_request("there is no SQL in it", "sql")
    task = TaskSpec(body.name or "sql", "SQL", body.sql, dict(body.settings))
    job = JobSpec(body.project.lower(), (task,), body.priority, body.name)
    made = submit_instance.submit(call.world, caller_of(call.world, call.actor), job)
    return Reply(_detail(call, made.project, made.id), 201)


@routes.get("/runs/{project}/{id}", texts=_IDS, reply=TaskInstanceView, errors=(403, 404))
def show_task_instance(call: Call[Nothing, None]) -> TaskInstanceView:
    """One task instance with its tasks and their stages as they are now."""
    return _detail(call, *_place(call))


@routes.get("/runs/{project}/{id}/rows", query=RowsQuery, texts=_IDS, reply=ResultWindow, errors=(403, 404))
def list_result_rows(call: Call[RowsQuery, None]) -> ResultWindow:
    """Rows of a SELECT, as texts."""
    given = call.query
    if given.start < 0 or not 1 <= given.limit <= inspect_results.MAX_WINDOW:
        raise bad_request(f"start is not negative and limit lies between 1 and {inspect_results.MAX_WINDOW}", "limit")
    caller = caller_of(call.world, call.actor)
    return inspect_results.window(call.world, caller, *_place(call), given.task, given.start, given.limit)


@routes.get("/runs/{project}/{id}/rows.csv", query=TaskQuery, texts=_IDS, reply="text/csv", errors=(403, 404))
def download_result_rows(call: Call[TaskQuery, None]) -> Reply:
    """Rows of a SELECT as CSV, as many as its result shows."""
    project, id = _place(call)
    body = inspect_results.as_csv(call.world, caller_of(call.world, call.actor), project, id, call.query.task)
    headers = {"content-disposition": f'attachment; filename="{id}.csv"'}
    return Reply(body, media_type="text/csv; charset=utf-8", headers=headers)


@routes.post("/runs/{project}/{id}/stop", body=Nothing, texts=_IDS, reply=TaskInstanceView, errors=(403, 404, 409))
def stop_task_instance(call: Call[Nothing, Nothing]) -> TaskInstanceView:
    """Stop a task instance that has not ended."""
    stop_instance.stop(call.world, caller_of(call.world, call.actor), *_place(call))
    return _detail(call, *_place(call))


def _place(call: Call[Any, Any]) -> tuple[str, str]:
    return call.text("project").lower(), call.text("id")


def _aware(at: datetime | None, name: str) -> datetime | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise bad_request(f"{name} = '{at.isoformat()}' has no zone; write it like 2026-03-02T00:30:00Z", name)
    return in_utc(at, name)


def _detail(call: Call[Any, Any], project: str, id: str) -> TaskInstanceView:
    world, caller = call.world, caller_of(call.world, call.actor)
    instance = inspect_instances.get(world, caller, project, id)
    try:
        inspect_instances.check_write(world, caller, project, id)
        may_stop = instance.status is not InstanceStatus.TERMINATED
    except Fault as fault:
        if fault.code is not FaultCode.NO_PERMISSION:
            raise
        may_stop = False
    return TaskInstanceView(
        _line(instance),
        inspect_instances.percent(instance),
        [_task(each) for each in instance.tasks],
        call.base_url.removesuffix(BASE_PATH) + logview_address.path_of(world, instance),
        may_stop,
        instance.parent_id,
        instance.comment,
        world.clock.now(),
    )


def _line(instance: Instance, text: str = "") -> TaskInstanceLine:
    return TaskInstanceLine(
        instance.id,
        instance.project,
        bare_name(instance.owner),
        instance.name,
        _status([task.status for task in instance.tasks], instance.status).name,
        list(dict.fromkeys(task.spec.type for task in instance.tasks)),
        instance.priority,
        instance.submitted_at,
        instance.started_at,
        instance.ended_at,
        text,
    )


def _status(tasks: Sequence[TaskStatus], instance: InstanceStatus) -> TaskStatus:
    """The one that says most: how it failed before that it ended."""
    for status in (TaskStatus.FAILED, TaskStatus.CANCELLED):
        if status in tasks and instance is InstanceStatus.TERMINATED:
            return status
    return {
        InstanceStatus.SUSPENDED: TaskStatus.WAITING,
        InstanceStatus.RUNNING: TaskStatus.RUNNING,
        InstanceStatus.TERMINATED: TaskStatus.SUCCESS,
    }[instance]


def _task(task: Task) -> TaskInstanceTask:
    return TaskInstanceTask(
        task.index,
        task.spec.name,
        task.spec.type,
        task.status.name,
        task.spec.body,
        {name: str(value) for name, value in task.spec.settings.items()},
        task.started_at,
        task.ended_at,
        task.result_kind.name,
        task.result_text,
        task.result_rows,
        [
            StageView(
                stage.name,
                stage.operator,
                stage.upstream,
                stage.percent,
                stage.workers_total,
                stage.workers_running,
                stage.workers_done,
                stage.rows_in,
                stage.rows_out,
                stage.seconds,
            )
            for stage in task.stages
        ],
        task.warnings,
    )
