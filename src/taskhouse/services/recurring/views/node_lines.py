"""A node instance as a line: of the node list, of an expanded DAG node, of a lineage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from taskhouse.domain.operations.priority import effective_priority
from taskhouse.domain.recurring import BizType, TableKind
from taskhouse.domain.roles import Action
from taskhouse.domain.run_times import NodeTimes, run_times
from taskhouse.domain.status import display_label
from taskhouse.services.recurring.views.scene import Scene, forbidden


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node where it is only named: `label` is `table/node`, a script's name alone. `project` and `visible` say whether the person
    asking may look at it; of a node that may not be seen, `status` is empty."""

    id: int
    name: str
    label: str
    instance: int
    project: str
    status: str
    status_label: str
    paused: bool
    visible: bool = True


@dataclass(frozen=True, slots=True)
class NodeLine:
    """`node` is the materialization node's id; `instances` are those of the tables that share it. `fields` are those it computes,
    `keys` those it writes along. Times are of the latest real attempt, `attempt` counts attempts, `retried` of `retries` the automatic
    ones since the last operation; `retry_at`: when it will be tried again. `since`: when its status was entered. `runs`: how many
    entries the run log has."""

    id: int
    node: str
    name: str
    label: str
    instances: tuple[int, ...]
    kind: str
    table: str
    status: str
    status_label: str
    paused: bool
    forced: bool
    dry_run: bool
    reason: str
    fields: tuple[str, ...]
    keys: tuple[str, ...]
    attempt: int
    retried: int
    retries: int
    retry_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    since: datetime | None
    due_at: datetime
    priority: str
    resource_group: str
    runs: int


def node_ref(scene: Scene, node: int) -> NodeRef:
    graph, state = scene.graph, scene.states[node]
    owner = scene.owner_of(node)
    visible = scene.may(Action.VIEW, owner)
    paused = node in scene.snapshot.paused
    return NodeRef(
        graph.nodes[node].id,
        graph.nodes[node].name,
        graph.label(node),
        graph.instances[owner].id,
        graph.instances[owner].project,
        state.status.value if visible else "",
        display_label(state.status, paused=paused) if visible else "",
        paused and visible,
        visible,
    )


def node_refs(scene: Scene, nodes: Iterable[int]) -> tuple[NodeRef, ...]:
    return tuple(node_ref(scene, node) for node in nodes)


def node_line(scene: Scene, node: int) -> NodeLine:
    graph, state, record = scene.graph, scene.states[node], scene.node_records[node]
    task, published = scene.node_task(node), scene.published_node(node)
    times = run_times([NodeTimes(state.status, state.started_at, state.ended_at)], scene.now)
    return NodeLine(
        state.id,
        record.node_id,
        record.row.name,
        graph.label(node),
        tuple(graph.instances[at].id for at in graph.instances_of_node[node]),
        published.program.kind.value,
        published.table,
        state.status.value,
        display_label(state.status, paused=state.paused),
        state.paused,
        state.skip_checks,
        record.dry_run,
        state.reason.value if state.reason else "",
        tuple(graph.fields[f].name for f in graph.incidence.fields_of[node]),
        published.keys,
        state.attempt,
        state.retried,
        task.retry.retries,
        state.retry_at,
        times.started_at,
        times.ended_at,
        None if times.duration is None else max(0.0, times.duration.total_seconds()),
        state.since,
        record.row.due_at,
        effective_priority(scene.snapshot, node).name,
        task.resource_group if task.biz_type is BizType.SCRIPT else "",
        state.run,
    )


def may_node(scene: Scene, action: Action, node: int) -> bool:
    """By the project of a table that the node writes for; in an aggregate table by those of the metrics that the node computes."""
    graph = scene.graph
    for owner in graph.instances_of_node[node]:
        row = graph.instances[owner]
        own = [f for f in graph.incidence.fields_of[node] if graph.field_instance[f] == owner]
        if row.kind is TableKind.AGGREGATE and own:
            if any(scene.may_field(action, f) for f in own):
                return True
        elif scene.actor.may(action, row.project):
            return True
    return False


def require_node(scene: Scene, action: Action, node: int) -> None:
    """Raises `ViewRefused` (FORBIDDEN)."""
    if not may_node(scene, action, node):
        graph = scene.graph
        project = graph.instances[scene.owner_of(node)].project
        raise forbidden(action, graph.nodes[node].id, graph.label(node), project)
