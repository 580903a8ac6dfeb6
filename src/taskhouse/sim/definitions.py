"""Random recurring tasks: small, and with everything that makes scheduling hard.

Scripts, logical tables whose fields are written by several nodes, nodes that two tables share, nodes that read nodes of their own
table, hours and weeks beside days, dependencies on earlier cycles and on oneself, tasks that are dry-run or paused in their
schedule, short timeouts, few slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, tzinfo
from random import Random

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.dependency import ROOT, Dependency, Policy, Window, default_policy, dependency_cycle
from taskhouse.domain.generation import generate, node_cycle
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.readiness import SHARED_GROUP, ThrottleRule
from taskhouse.domain.recurring import BizType, Environment, Priority, Role, TableKind
from taskhouse.domain.schedule import Cycle, Schedule, ScheduleType

PROJECTS = ("shop", "crm")
SMALL_GROUP = "small"

_KEY = "id"
_BUSY = (time(0, 10), time(0, 30))
"""When many want to run at once."""
_RETRIES = (0, 0, 1, 2, 3)
_TIMEOUTS = (0.02, 0.1, 0.5, 2.0, 48.0)


def random_tasks(rng: Random, environment: Environment, run_date: date, zone: tzinfo) -> list[PublishedTask]:
    """Three to nine tasks without a cycle, in an order in which each depends on earlier ones only."""
    while True:
        tasks: list[PublishedTask] = []
        for number in range(rng.randint(3, 9)):
            tasks.append(_task(rng, f"t{number}", environment, tasks))
        cycle = dependency_cycle({task.id: task.dependencies for task in tasks})
        if not cycle and not node_cycle(generate(run_date, [task.blueprint() for task in tasks], zone)):
            return tasks


def random_rules(rng: Random) -> list[ThrottleRule]:
    """In most worlds none."""
    if rng.random() < 0.7:
        return []
    rules = [ThrottleRule("of the shop", rng.randint(1, 2), projects=frozenset({PROJECTS[0]}))]
    if rng.random() < 0.5:
        rules.append(ThrottleRule("of scripts", 1, biz_types=frozenset({BizType.SCRIPT})))
    return rules


def revised(rng: Random, task: PublishedTask) -> PublishedTask:
    """Another version of a task, as a developer would publish it: other times, retries, kind of schedule, or logic of a field."""
    what = rng.randrange(4)
    if what == 0:
        return replace(task, retry=_policy(rng))
    if what == 1:
        kind = rng.choice(list(ScheduleType))
        return replace(task, schedule=replace(task.schedule, type=kind))
    if what == 2 and task.fields:
        changed = rng.choice(task.fields).name
        fields = tuple(replace(f, logic=f.logic + "'") if f.name == changed else f for f in task.fields)
        return replace(task, fields=fields)
    return replace(task, priority=rng.choice(list(Priority)))


def _task(rng: Random, name: str, environment: Environment, earlier: Sequence[PublishedTask]) -> PublishedTask:
    is_table = rng.random() < 0.5
    project = rng.choice(PROJECTS)
    ups = rng.sample(list(earlier), min(len(earlier), rng.choice((0, 1, 1, 2, 2, 3))))
    schedule = _schedule(rng)
    task = PublishedTask(
        f"{project}.{name}",
        name,
        project,
        environment,
        BizType.LOGICAL_TABLE if is_table else BizType.SCRIPT,
        schedule,
        (),
        node_type="BBOX_LOGIC_TABLE_NODE" if is_table else "DATA_PROCESS",
        priority=rng.choice(list(Priority)),
        owners=(rng.choice(("ann", "bob")),),
        retry=_policy(rng),
        resource_group=SHARED_GROUP if is_table or rng.random() < 0.6 else SMALL_GROUP,
    )
    dependencies = [_dependency(rng, schedule, up) for up in ups]
    if rng.random() < 0.25:
        dependencies.append(_on_itself(rng, task.id))
    if not ups:
        dependencies.append(Dependency(ROOT))
    task = replace(task, dependencies=tuple(dependencies))
    if not is_table:
        reads = {d.up_task: frozenset(d.up_fields) for d in dependencies if d.up_task not in (ROOT, task.id)}
        return replace(task, nodes=(PublishedNode(task.id, name, _program(rng), reads=reads),))
    return _with_table(rng, task, ups, earlier)


def _program(rng: Random) -> Program:
    if rng.random() < 0.15:
        return Program(ProgramKind.VIRTUAL)
    return Program(ProgramKind.SQL, "SELECT 1;", "shop")


def _policy(rng: Random) -> RetryPolicy:
    return RetryPolicy(rng.choice(_TIMEOUTS), rng.choice(_RETRIES), rng.choice((1, 2, 5, 20)), rng.random() < 0.5)


def _schedule(rng: Random) -> Schedule:
    kind = rng.choices(list(ScheduleType), (85, 8, 7))[0]
    at = rng.choice(_BUSY) if rng.random() < 0.5 else time(rng.randrange(5), rng.randrange(0, 60, 5))
    match rng.choices(("day", "hours", "interval", "week", "month"), (64, 12, 6, 10, 8))[0]:
        case "hours":
            return Schedule(Cycle.HOUR, time(0, at.minute), hours=tuple(sorted(rng.sample(range(24), 3))), type=kind)
        case "interval":
            return Schedule(Cycle.MINUTE, at, interval_min=rng.choice((180, 240)), until=time(9), type=kind)
        case "week":
            return Schedule(Cycle.WEEK, at, weekdays=frozenset(rng.sample(range(1, 8), 3)), type=kind)
        case "month":
            return Schedule(Cycle.MONTH, at, month_days=frozenset({rng.randint(1, 4)}), type=kind)
        case _:
            return Schedule(Cycle.DAY, at, type=kind)


def _dependency(rng: Random, schedule: Schedule, up: PublishedTask) -> Dependency:
    fields = tuple(f.name for f in up.fields if f.role is Role.VALUE)
    wanted = tuple(sorted(rng.sample(fields, rng.randint(1, len(fields))))) if fields and rng.random() < 0.8 else ()
    itself = any(d.up_task == up.id for d in up.dependencies)
    policy = default_policy(schedule.cycle, up.schedule.cycle, up_depends_on_itself=itself)
    window = rng.choices((Window.THIS, Window.PREVIOUS, Window.LAST_24H, Window.PREVIOUS_N), (70, 14, 8, 8))[0]
    if rng.random() < 0.2:
        policy = rng.choice(list(Policy))
    return Dependency(up.id, window, policy, 2 if window is Window.PREVIOUS_N else 1, wanted)


def _on_itself(rng: Random, task: str) -> Dependency:
    if rng.random() < 0.6:
        return Dependency(task, Window.PREVIOUS, Policy.PREVIOUS)
    return Dependency(task, Window.PREVIOUS, Policy.ALL)


def _with_table(
    rng: Random, task: PublishedTask, ups: Sequence[PublishedTask], earlier: Sequence[PublishedTask]
) -> PublishedTask:
    kind = rng.choice(list(TableKind))
    names = [f"f{k}" for k in range(rng.randint(1, 5))]
    node_count = rng.randint(1, min(4, len(names) + 1))
    writes: list[set[str]] = [set() for _ in range(node_count)]
    for name in names:
        for at in rng.sample(range(node_count), 1 if rng.random() < 0.6 else min(2, node_count)):
            writes[at].add(name)
    nodes: list[PublishedNode] = []
    for at, values in enumerate(writes):
        id = f"{task.id}_n{at}"
        inner = (rng.choice(nodes).id,) if nodes and rng.random() < 0.15 else ()
        nodes.append(
            PublishedNode(
                id, f"n{at}", _program(rng), tuple(sorted(values)), (_KEY,), _reads(rng, task, ups), inner, id, "c1"
            )
        )
    fields = [PublishedField(_KEY, "KEY", role=Role.KEY), *(_field(rng, task, kind, name, ups) for name in names)]
    task = replace(task, kind=kind, nodes=tuple(nodes), fields=tuple(fields))
    partners = [other for other in earlier if other.kind is not None and other.schedule.cycle is Cycle.DAY]
    return _sharing(rng, task, rng.choice(partners)) if partners and rng.random() < 0.3 else task


def _reads(rng: Random, task: PublishedTask, ups: Sequence[PublishedTask]) -> dict[str, frozenset[str]] | None:
    if rng.random() < 0.1:
        return None
    found: dict[str, frozenset[str]] = {}
    for dependency in task.dependencies:
        up = next((up for up in ups if up.id == dependency.up_task), None)
        if up is not None and rng.random() < 0.8:
            asked = dependency.up_fields
            found[up.id] = frozenset(rng.sample(asked, rng.randint(1, len(asked)))) if asked else frozenset()
    return found


def _field(
    rng: Random, task: PublishedTask, kind: TableKind, name: str, ups: Sequence[PublishedTask]
) -> PublishedField:
    sources = tuple((up.id, f.name) for up in ups for f in up.fields if rng.random() < 0.3)
    if kind is not TableKind.AGGREGATE:
        return PublishedField(name, "ATTRIBUTE", sources=sources, logic="l1")
    project = rng.choice((None, None, *PROJECTS))
    return PublishedField(
        name,
        "METRIC",
        project=project,
        owner=rng.choice((None, "ann", "bob")),
        priority=rng.choice((None, *Priority)),
        sources=sources,
        logic="l1",
    )


def _sharing(rng: Random, task: PublishedTask, other: PublishedTask) -> PublishedTask:
    """The table is scheduled like the other one, and a node of that one writes a field of this one, too."""
    shared = rng.choice(other.nodes)
    mine = tuple(f.name for f in task.fields if f.role is Role.VALUE and rng.random() < 0.4)
    node = replace(shared, values=mine, inner=())
    known = {d.up_task for d in task.dependencies}
    more = tuple(d for d in other.dependencies if d.up_task not in known and d.up_task not in (ROOT, other.id))
    return replace(task, schedule=other.schedule, nodes=(*task.nodes, node), dependencies=(*task.dependencies, *more))
