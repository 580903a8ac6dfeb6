"""Pages of recurring tasks: the list, one with its schedule, dependencies, fields and nodes, its versions, and what is around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from taskhouse.domain.dependency import ROOT
from taskhouse.domain.graph import Digraph
from taskhouse.domain.instance_summary import owners_of, projects_of
from taskhouse.domain.neighbourhood import MAX_LIMIT, surroundings
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Priority, Role, TableKind
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.schedule import Cycle
from taskhouse.services.recurring.permissions import visible_projects
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.scene import forbidden
from taskhouse.services.world import World

MAX_LINES = 1_000
MAX_LEVELS = 100


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """Values of one part are alternatives, different parts must all hold; `text` is part of a name, or an id."""

    environment: Environment = Environment.PROD
    biz_type: BizType | None = None
    kinds: frozenset[TableKind] = frozenset()
    projects: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    cycles: frozenset[Cycle] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    tags: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """`times` are those of a day on the tenant's clocks. `weekdays` 1 (Monday) to 7; `month_days` 1 to 31, -1 for the last. `type`:
    NORMAL, DRY_RUN or SKIP."""

    cycle: str
    type: str
    times: tuple[str, ...]
    weekdays: tuple[int, ...]
    month_days: tuple[int, ...]
    months: tuple[int, ...]
    time_zone: str


@dataclass(frozen=True, slots=True)
class TaskLine:
    id: str
    name: str
    project: str
    projects: tuple[str, ...]
    environment: str
    biz_type: str
    node_type: str
    kind: str | None
    cycle: str
    schedule_type: str
    priority: str
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    description: str
    version: int
    strategy: int
    field_count: int
    node_count: int
    published_at: datetime | None
    published_by: str


@dataclass(frozen=True, slots=True)
class TaskPage:
    items: tuple[TaskLine, ...]
    next_marker: str = ""


@dataclass(frozen=True, slots=True)
class DependencyView:
    """`task` is empty for the tenant's root node. `up_fields` empty: all; `source`: AUTO or MANUAL."""

    task: str
    name: str
    cycle: str
    policy: str
    n: int
    up_fields: tuple[str, ...]
    down_fields: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class TaskField:
    name: str
    label: str
    kind: str
    role: str
    type: str
    project: str
    owner: str | None
    priority: str | None
    nodes: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskNode:
    """`code` is None for those who may not look into the project."""

    id: str
    name: str
    kind: str
    project: str
    table: str
    fields: tuple[str, ...]
    keys: tuple[str, ...]
    reads: Mapping[str, tuple[str, ...]]
    inner: tuple[str, ...]
    code_hash: str
    code: str | None


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """`timeout_h` in hours; `retries` with `retry_gap_min` minutes between them. `defined_at`: file and line of the definition when this version was
    published, empty when that was not recorded."""

    line: TaskLine
    schedule: ScheduleView
    dependencies: tuple[DependencyView, ...]
    fields: tuple[TaskField, ...]
    nodes: tuple[TaskNode, ...]
    view: str
    business_unit: str
    timeout_h: float
    retries: int
    retry_gap_min: int
    retry_after_timeout: bool
    resource_group: str
    latency_days: int
    first_run_date: str
    defined_at: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """`rebuilt`: the materialization changed so that tables are built anew. `changed_nodes`: code that differs from the version before;
    fields and nodes that came and went, by name."""

    version: int
    strategy: int
    published_at: datetime | None
    published_by: str
    field_count: int
    node_count: int
    rebuilt: bool
    changed_nodes: tuple[str, ...]
    added_nodes: tuple[str, ...]
    removed_nodes: tuple[str, ...]
    added_fields: tuple[str, ...]
    removed_fields: tuple[str, ...]
    schedule_changed: bool
    dependencies_changed: bool


@dataclass(frozen=True, slots=True)
class VersionList:
    """The latest first."""

    task: str
    items: tuple[VersionLine, ...]


@dataclass(frozen=True, slots=True)
class TaskCard:
    """In the DAG of tasks. Of a task that may not be seen only name and project are told."""

    id: str
    name: str
    project: str
    direction: str
    level: int
    visible: bool
    biz_type: str
    kind: str | None
    cycle: str
    owners: tuple[str, ...]
    more_up: int
    more_down: int


@dataclass(frozen=True, slots=True)
class TaskEdge:
    up: str
    down: str
    cycle: str
    policy: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskDag:
    centre: str
    tasks: tuple[TaskCard, ...]
    edges: tuple[TaskEdge, ...]
    limit: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Current:
    """What is published, with the graph of dependencies: positions are those of `tasks`."""

    tasks: tuple[PublishedTask, ...]
    at: Mapping[str, int]
    graph: Digraph = field(repr=False)


def page(world: World, actor: Actor, request: TaskRequest, marker: str = "", limit: int = 50) -> TaskPage:
    """Tasks that the actor may see, by id. One store call. `marker` is the id that the page before ended with."""
    visible = visible_projects(actor)
    if visible is not None and request.projects - visible:
        name = min(request.projects - visible)
        raise ViewRefused(ViewCode.FORBIDDEN, f"you may not see project '{name}'", About(0, name))
    _, tasks = world.recurring.published(request.environment)
    matching = sorted(
        (
            task
            for task in tasks.values()
            if task.id > marker and (visible is None or visible & set(projects_of(task))) and _matches(task, request)
        ),
        key=lambda task: task.id,
    )
    limit = max(1, min(limit, MAX_LINES))
    shown = tuple(_line(task) for task in matching[:limit])
    return TaskPage(shown, shown[-1].id if len(matching) > limit else "")


def detail(world: World, actor: Actor, task_id: str, environment: Environment) -> TaskDetail:
    """One store call, and one for the names of upstream tasks. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    task = _task(world, actor, task_id, environment)
    ups = world.recurring.current(environment, {d.up_task for d in task.dependencies if d.up_task != ROOT})
    nodes_of: dict[str, list[str]] = {}
    for node in task.nodes:
        for name in (*node.values, *node.keys):
            nodes_of.setdefault(name, []).append(node.name)
    may = [action.value for action in Action if _may(actor, action, task)]
    return TaskDetail(
        _line(task),
        _schedule(task, world.workspace.tenant().time_zone),
        tuple(
            DependencyView(
                each.up_task,
                ups[each.up_task].name if each.up_task in ups else each.up_task,
                each.window.value,
                each.policy.value,
                each.n,
                each.up_fields,
                each.down_fields,
                each.source.value,
            )
            for each in task.dependencies
        ),
        tuple(
            TaskField(
                own.name,
                own.label,
                own.kind,
                own.role.value,
                own.type,
                own.project or task.project,
                own.owner,
                own.priority.name if own.priority else None,
                tuple(nodes_of.get(own.name, ())),
                (*(f"{up}.{name}" for up, name in own.sources), *own.tables),
            )
            for own in task.fields
        ),
        tuple(
            TaskNode(
                node.id,
                node.name,
                node.program.kind.value,
                node.program.project,
                node.table,
                node.values,
                node.keys,
                {up: tuple(sorted(fields)) for up, fields in (node.reads or {}).items()},
                node.inner,
                node.code_hash,
                node.program.code if may_node(actor, task, node.values) else None,
            )
            for node in task.nodes
        ),
        task.view,
        task.business_unit,
        task.retry.timeout_h,
        task.retry.retries,
        task.retry.gap_min,
        task.retry.after_timeout,
        task.resource_group if task.biz_type is BizType.SCRIPT else "",
        task.latency_days,
        task.first_run_date.isoformat(),
        task.defined_at,
        tuple(may),
    )


def versions(world: World, actor: Actor, task_id: str, environment: Environment) -> VersionList:
    """Every publication of a task with what it changed. One store call. A task that was retired still has its versions."""
    found = published_versions(world, actor, task_id, environment)
    befores: Sequence[PublishedTask | None] = [*found[1:], None]
    lines = tuple(_version(task, before) for task, before in zip(found, befores, strict=True))
    return VersionList(task_id, lines)


def published_versions(world: World, actor: Actor, task_id: str, environment: Environment) -> Sequence[PublishedTask]:
    """The latest first; at least one. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    found = world.recurring.task_versions(environment, task_id)
    if not found:
        raise _unknown(task_id)
    _require(actor, found[0])
    return found


def dag(
    world: World, actor: Actor, task_id: str, environment: Environment, *, up: int = 1, down: int = 1, limit: int = 500
) -> TaskDag:
    """What is around a task by its dependencies. One store call. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN, LIMIT_EXCEEDED)."""
    for what, value, least, most in (
        ("up", up, 0, MAX_LEVELS),
        ("down", down, 0, MAX_LEVELS),
        ("limit", limit, 1, MAX_LIMIT),
    ):
        if not least <= value <= most:
            message = f"{what} = {value} does not lie between {least} and {most}"
            raise ViewRefused(ViewCode.LIMIT_EXCEEDED, message, About(0, what))
    _, published = world.recurring.published(environment)
    current = _index(published.values())
    if task_id not in current.at:
        raise _unknown(task_id)
    _require(actor, published[task_id])
    found = surroundings(current.graph, current.at[task_id], up=up, down=down, limit=limit)
    shown = {each.instance for each in found.neighbours}
    cards = []
    for each in found.neighbours:
        task = current.tasks[each.instance]
        visible = _may(actor, Action.VIEW, task)
        cards.append(
            TaskCard(
                task.id,
                task.name,
                task.project,
                each.direction.value,
                each.level,
                visible,
                task.biz_type.value,
                task.kind.value if task.kind and visible else None,
                task.schedule.cycle.value if visible else "",
                owners_of(task) if visible else (),
                found.more_up.get(each.instance, 0),
                found.more_down.get(each.instance, 0),
            )
        )
    edges = [
        TaskEdge(each.up_task, task.id, each.window.value, each.policy.value, each.up_fields)
        for task in (current.tasks[at] for at in shown)
        for each in task.dependencies
        if current.at.get(each.up_task) in shown
    ]
    return TaskDag(task_id, tuple(cards), tuple(edges), limit, found.is_complete)


def _index(tasks: Iterable[PublishedTask]) -> _Current:
    ordered = tuple(sorted(tasks, key=lambda task: task.id))
    at = {task.id: place for place, task in enumerate(ordered)}
    edges = dict.fromkeys(
        (at[each.up_task], at[task.id])
        for task in ordered
        for each in task.dependencies
        if each.up_task in at and each.up_task != task.id
    )
    return _Current(ordered, at, Digraph.from_edges(len(ordered), edges))


def _matches(task: PublishedTask, request: TaskRequest) -> bool:
    text = request.text.lower()
    return (
        (request.biz_type is None or task.biz_type is request.biz_type)
        and (not request.kinds or task.kind in request.kinds)
        and (not request.projects or not request.projects.isdisjoint(projects_of(task)))
        and (not request.owners or not request.owners.isdisjoint(owners_of(task)))
        and (not request.cycles or task.schedule.cycle in request.cycles)
        and (not request.priorities or task.priority in request.priorities)
        and (not request.tags or not request.tags.isdisjoint(task.tags))
        and (not text or text in task.name.lower() or text == task.id.lower())
    )


def _line(task: PublishedTask) -> TaskLine:
    return TaskLine(
        task.id,
        task.name,
        task.project,
        projects_of(task),
        task.environment.value,
        task.biz_type.value,
        task.node_type,
        task.kind.value if task.kind else None,
        task.schedule.cycle.value,
        task.schedule.type.value,
        task.priority.name,
        owners_of(task),
        task.tags,
        task.description,
        task.version,
        task.strategy,
        sum(own.role is Role.VALUE for own in task.fields),
        len(task.nodes),
        task.published_at,
        task.published_by,
    )


def _schedule(task: PublishedTask, time_zone: str) -> ScheduleView:
    schedule = task.schedule
    return ScheduleView(
        schedule.cycle.value,
        schedule.type.value,
        tuple(f"{at:%H:%M}" for at in schedule.times()),
        tuple(sorted(schedule.weekdays)),
        tuple(sorted(schedule.month_days)),
        tuple(sorted(schedule.months)),
        time_zone,
    )


def _version(task: PublishedTask, before: PublishedTask | None) -> VersionLine:
    own = {node.name: node for node in task.nodes}
    old = {node.name: node for node in before.nodes} if before else own
    fields = [each.name for each in task.fields]
    old_fields = [each.name for each in before.fields] if before else fields
    return VersionLine(
        task.version,
        task.strategy,
        task.published_at,
        task.published_by,
        sum(each.role is Role.VALUE for each in task.fields),
        len(task.nodes),
        before is not None and before.strategy != task.strategy,
        tuple(name for name, node in own.items() if name in old and node.program != old[name].program),
        tuple(name for name in own if name not in old),
        tuple(name for name in old if name not in own),
        tuple(name for name in fields if name not in old_fields),
        tuple(name for name in old_fields if name not in fields),
        before is not None and before.schedule != task.schedule,
        before is not None and before.dependencies != task.dependencies,
    )


def _task(world: World, actor: Actor, task_id: str, environment: Environment) -> PublishedTask:
    found = world.recurring.current(environment, [task_id]).get(task_id)
    if found is None:
        raise _unknown(task_id)
    _require(actor, found)
    return found


def _may(actor: Actor, action: Action, task: PublishedTask) -> bool:
    return any(actor.may(action, project) for project in projects_of(task))


def may_node(actor: Actor, task: PublishedTask, values: Sequence[str]) -> bool:
    """Into the code of a node: in an aggregate table by the projects of the metrics that it computes."""
    if task.kind is TableKind.AGGREGATE and values:
        projects = {own.project or task.project for own in task.fields if own.name in values}
        return any(actor.may(Action.INSPECT, project) for project in projects)
    return actor.may(Action.INSPECT, task.project)


def _require(actor: Actor, task: PublishedTask) -> None:
    if not _may(actor, Action.VIEW, task):
        raise forbidden(Action.VIEW, 0, task.id, task.project)


def _unknown(task_id: str) -> ViewRefused:
    return ViewRefused(ViewCode.NOT_FOUND, f"there is no task '{task_id[:200]}'", About(0, task_id[:200]))
