"""What of a day needs somebody: what failed and why, what is late and what it waits for, and which slots are taken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from taskhouse.domain.diagnosis import initial_blockers
from taskhouse.domain.published import ProgramKind
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.ports.recurring_store import InstanceQuery, ListedInstance, SortKey
from taskhouse.services.recurring.views.node_lines import NodeRef, node_ref
from taskhouse.services.recurring.views.scene import Scene, of_book, of_instances
from taskhouse.services.world import World

SHOWN = 6
MESSAGE_CHARS = 200
_HELD = (NodeStatus.RUNNING, NodeStatus.WAIT_RESOURCE)


@dataclass(frozen=True, slots=True)
class FailedLine:
    """An instance that failed: `at` the latest time at which one of its nodes did. `nodes` failed, the first of them is `node`: with the `reason` of
    its latest attempt, as ERROR or TIMEOUT, and the first line of what it said. `retry_at`: when it is tried again by itself."""

    id: int
    name: str
    kind: str | None
    biz_type: str
    project: str
    at: datetime | None
    nodes: int
    node: str
    reason: str
    message: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class LateLine:
    """An instance that has not started; `waits_s` seconds since it was due. `waiting`: what its nodes wait for; of slots in `resource_group`.
    `blocked_by`: the first of the `blockers`, the topmost nodes upstream that keep it from starting."""

    id: int
    name: str
    kind: str | None
    biz_type: str
    project: str
    status: str
    waiting: tuple[str, ...]
    paused: bool
    due_at: datetime
    waits_s: float
    resource_group: str
    blockers: int
    blocked_by: NodeRef | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A resource group: of its `slots`, `taken` by nodes that run; `waiting` nodes have none."""

    name: str
    slots: int
    taken: int
    waiting: int


def failed_lines(world: World, actor: Actor, query: InstanceQuery) -> tuple[FailedLine, ...]:
    """Those of the query that failed last. Three store calls where the date is loaded, six where it is not."""
    asked = replace(query, statuses=frozenset({StatusClass.FAILED}), sort=SortKey.END, descending=True)
    items = world.recurring.page(asked, "", SHOWN).items
    if not items:
        return ()
    scene = of_instances(world, actor, [each.record.row.id for each in items])
    failed = {each.record.row.id: _failed_nodes(scene, each) for each in items}
    attempts = world.recurring.latest_attempts([scene.states[node].id for nodes in failed.values() for node in nodes])
    found = []
    for each in items:
        row = each.record.row
        nodes = failed[row.id]
        state = scene.states[nodes[0]] if nodes else None
        since = [at for node in nodes if (at := scene.states[node].since) is not None]
        run = attempts.get(state.id) if state else None
        found.append(
            FailedLine(
                row.id,
                row.name,
                row.kind.value if row.kind else None,
                row.biz_type.value,
                row.project,
                max(since, default=None),
                len(nodes),
                scene.graph.nodes[nodes[0]].name if nodes else "",
                state.reason.value if state and state.reason else "",
                run.message.partition("\n")[0][:MESSAGE_CHARS] if run else "",
                state.retry_at if state else None,
            )
        )
    return tuple(sorted(found, key=lambda line: line.at or datetime.min.replace(tzinfo=UTC), reverse=True))


def _failed_nodes(scene: Scene, instance: ListedInstance) -> list[int]:
    place = scene.graph.instance_at[instance.record.row.id]
    return [node for node in scene.graph.nodes_of_instance[place] if scene.states[node].status is NodeStatus.FAILED]


def late_lines(
    world: World, actor: Actor, query: InstanceQuery, late_before: datetime, now: datetime
) -> tuple[LateLine, ...]:
    """Those of the query that wait the longest. Two store calls where the date is loaded, four where it is not."""
    asked = replace(query, late_before=late_before, sort=SortKey.DUE, descending=False)
    items = world.recurring.page(asked, "", SHOWN).items
    if not items:
        return ()
    scene = of_instances(world, actor, [each.record.row.id for each in items])
    found = []
    for each in items:
        row, summary = each.record.row, each.summary
        nodes = scene.graph.nodes_of_instance[scene.graph.instance_at[row.id]]
        unmet = (at for node in nodes for at in initial_blockers(scene.snapshot, node))
        blockers = sorted(dict.fromkeys(unmet), key=lambda at: _urgency(scene, at))
        task = next((scene.node_task(n) for n in nodes if scene.states[n].status is NodeStatus.WAIT_RESOURCE), None)
        status = StatusClass.WAITING if StatusClass.WAITING in summary.statuses else StatusClass.NOT_RUNNING
        found.append(
            LateLine(
                row.id,
                row.name,
                row.kind.value if row.kind else None,
                row.biz_type.value,
                row.project,
                status.name,
                tuple(sorted(waits.value for waits in summary.waiting)),
                summary.paused > 0,
                row.due_at,
                (now - row.due_at).total_seconds(),
                task.resource_group if task else "",
                len(blockers),
                node_ref(scene, blockers[0]) if blockers else None,
            )
        )
    return tuple(found)


def _urgency(scene: Scene, node: int) -> tuple[int, int]:
    """First those on which somebody must act."""
    status = CLASS_OF[scene.states[node].status]
    stuck = status is StatusClass.FAILED or node in scene.snapshot.paused
    return (0 if stuck else 1 if status is StatusClass.RUNNING else 2, scene.graph.nodes[node].id)


def resource_groups(world: World, actor: Actor, environment: Environment) -> tuple[GroupLine, ...]:
    """Every group of the tenant, from what schedulers have loaded: of all dates and projects, for whoever has a role in any."""
    if not actor.super_admin and not actor.roles:
        return ()
    scene = of_book(world, actor, world.books.of(environment))
    taken: Counter[tuple[str, NodeStatus]] = Counter()
    for at, state in enumerate(scene.states):
        if state.status in _HELD and scene.published_node(at).program.kind is not ProgramKind.VIRTUAL:
            taken[scene.node_task(at).resource_group, state.status] += 1
    return tuple(
        GroupLine(name, slots, taken[name, NodeStatus.RUNNING], taken[name, NodeStatus.WAIT_RESOURCE])
        for name, slots in sorted(world.workspace.tenant().resource_groups.items())
    )
