"""Routes of recurring tasks as they are published."""

from __future__ import annotations

import msgspec

from taskhouse.domain.recurring import BizType, Priority, TableKind
from taskhouse.domain.schedule import Cycle
from taskhouse.protocols.rest.routing import Call, Routes
from taskhouse.protocols.rest.views import PRIORITIES, answered, environment_of, word_of
from taskhouse.protocols.rest.workspace import TaskChangeView, task_view
from taskhouse.services.recurring.views import task_pages
from taskhouse.services.recurring.views.task_pages import TaskDag, TaskDetail, TaskPage, TaskRequest, VersionList
from taskhouse.services.recurring.views.version_page import CodeChange, version_change

routes = Routes("tasks")


class TaskFilters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As for instances. `marker` is the `next_marker` of the page before, `limit` at most 1000."""

    environment: str = "PROD"
    type: str | None = None
    kind: list[str] = []
    project: list[str] = []
    owner: list[str] = []
    cycle: list[str] = []
    priority: list[str] = []
    tag: list[str] = []
    search: str = ""
    marker: str = ""
    limit: int = 50


class InEnvironment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PROD or DEV."""

    environment: str = "PROD"


class TaskDagQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`up` and `down` levels, at most `limit` tasks (500; up to 10000)."""

    environment: str = "PROD"
    up: int = 1
    down: int = 1
    limit: int = 500


@routes.get("/tasks", query=TaskFilters, reply=TaskPage, errors=(403,))
@answered
def list_tasks(call: Call[TaskFilters, None]) -> TaskPage:
    """Published recurring tasks, by id."""
    given = call.query
    request = TaskRequest(
        environment_of(given.environment),
        word_of(BizType, "type", given.type) if given.type else None,
        frozenset(word_of(TableKind, "kind", each) for each in given.kind),
        frozenset(given.project),
        frozenset(given.owner),
        frozenset(word_of(Cycle, "cycle", each) for each in given.cycle),
        frozenset(word_of(Priority, "priority", each, PRIORITIES) for each in given.priority),
        frozenset(given.tag),
        given.search,
    )
    return task_pages.page(call.world, call.actor, request, given.marker, given.limit)


@routes.get("/tasks/{task}", query=InEnvironment, texts=["task"], reply=TaskDetail, errors=(403, 404))
@answered
def show_task(call: Call[InEnvironment, None]) -> TaskDetail:
    """One task: schedule, dependencies, fields and nodes."""
    return task_pages.detail(call.world, call.actor, call.text("task"), environment_of(call.query.environment))


@routes.get("/tasks/{task}/versions", query=InEnvironment, texts=["task"], reply=VersionList, errors=(403, 404))
@answered
def list_versions(call: Call[InEnvironment, None]) -> VersionList:
    """Every publication of a task, the latest first, with what it changed."""
    return task_pages.versions(call.world, call.actor, call.text("task"), environment_of(call.query.environment))


class VersionView(msgspec.Struct, frozen=True):
    """`before`: the number of the version before, 0 for none. `codes`: of nodes whose code differs."""

    version: int
    before: int
    change: TaskChangeView
    codes: tuple[CodeChange, ...]


@routes.get(
    "/tasks/{task}/versions/{version}", query=InEnvironment, texts=["task"], reply=VersionView, errors=(403, 404)
)
@answered
def show_version(call: Call[InEnvironment, None]) -> VersionView:
    """One version of a task beside the version before it, with the code of nodes as it was and is."""
    environment = environment_of(call.query.environment)
    found = version_change(call.world, call.actor, call.text("task"), environment, call.number("version"))
    return VersionView(found.version, found.before, task_view(found.difference, []), found.codes)


@routes.get("/tasks/{task}/dag", query=TaskDagQuery, texts=["task"], reply=TaskDag, errors=(403, 404))
@answered
def show_task_dag(call: Call[TaskDagQuery, None]) -> TaskDag:
    """What is around a task by its dependencies."""
    given = call.query
    return task_pages.dag(
        call.world,
        call.actor,
        call.text("task"),
        environment_of(given.environment),
        up=given.up,
        down=given.down,
        limit=given.limit,
    )
