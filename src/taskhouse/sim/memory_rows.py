"""From a generated date to rows with ids: what the memory store inserts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from taskhouse.domain.generation import Generated, GeneratedInstance
from taskhouse.domain.instance_graph import EdgeRow, InstanceRow, NodeRow
from taskhouse.domain.node_state import NodeState, Run, RunStatus, RunTrigger, Transition
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment, InstanceKey, NodeKey
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import InstanceRecord, NodeRecord


@dataclass(slots=True)
class Counters:
    """The last id given of each kind; 0 is the root's."""

    instance: int = 0
    node: int = 0
    field: int = 0
    edge: int = 0


@dataclass(frozen=True, slots=True)
class BirthRows:
    """What an insertion adds. Runs and transitions only of nodes that are born Succeeded."""

    instances: dict[InstanceKey, InstanceRecord] = field(default_factory=dict)
    nodes: dict[NodeKey, NodeRecord] = field(default_factory=dict)
    states: list[NodeState] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    edges: list[EdgeRow] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)


def birth_rows(
    generated: Generated,
    tasks: Mapping[str, PublishedTask],
    environment: Environment,
    now: datetime,
    counters: Counters,
    instances: Mapping[InstanceKey, InstanceRecord],
    nodes: Mapping[NodeKey, NodeRecord],
    version_of: Callable[[str, int], PublishedTask],
) -> BirthRows:
    """The rows whose natural keys are not among `instances` and `nodes`, which are those that exist. Edges come with the node at their
    lower end. `version_of` knows every version of a task that an instance was generated with."""
    found = BirthRows()
    notices: dict[InstanceKey, list[str]] = {}
    for warning in generated.warnings:
        notices.setdefault(warning.instance, []).append(warning.text)
    for instance in generated.instances:
        if instance.key not in instances:
            task = tasks[instance.key.task]
            found.instances[instance.key] = _instance(
                instance, task, counters, now, tuple(notices.get(instance.key, ()))
            )
            counters.field += len(task.fields)
    owner_of: dict[NodeKey, InstanceKey] = {}
    for instance_key, node_key in generated.links:
        first = owner_of.setdefault(node_key, instance_key)
        if instance_key.task < first.task:
            owner_of[node_key] = instance_key
    for key, status in generated.nodes.items():
        if key not in nodes:
            counters.node += 1
            owner = tasks[owner_of[key].task]
            found.nodes[key] = _node(counters.node, key, owner, dry_run=status is NodeStatus.SUCCESS)
            _bear(found, counters.node, status, environment, now)
    every_instance = {**instances, **found.instances} if found.instances else instances
    every_node = {**nodes, **found.nodes} if found.nodes else nodes
    for instance_key, node_key in generated.links:
        if instance_key in found.instances:
            found.links.append((found.instances[instance_key].row.id, every_node[node_key].row.id))
    field_id = partial(_field_id, every_instance, version_of)
    for edge in generated.edges:
        down = found.nodes.get(edge.down)
        up = None if edge.up is None else every_node.get(edge.up)
        if down is None or (edge.up is not None and up is None):
            continue
        counters.edge += 1
        via = () if edge.up is None else tuple(field_id(task, name, edge.up) for task, name in edge.via)
        found.edges.append(EdgeRow(counters.edge, None if up is None else up.row.id, down.row.id, edge.kind, via))
    return found


def _instance(
    instance: GeneratedInstance, task: PublishedTask, counters: Counters, now: datetime, notices: tuple[str, ...]
) -> InstanceRecord:
    counters.instance += 1
    key = instance.key
    owners = dict.fromkeys((*task.owners, *(f.owner for f in task.fields if f.owner)))
    row = InstanceRow(
        counters.instance,
        task.name,
        task.project,
        task.biz_type,
        key.bizdate,
        key.due_at,
        task.id,
        task.kind,
        task.schedule.cycle,
        key.environment,
        tuple(owners),
        task.priority,
        task.tags,
    )
    return InstanceRecord(
        row,
        task.version,
        counters.field + 1,
        instance.index,
        key.origin,
        key.backfill,
        dry_run=instance.dry_run,
        generated_at=now,
        notices=notices,
    )


def _node(id: int, key: NodeKey, task: PublishedTask, *, dry_run: bool) -> NodeRecord:
    published = task.node(key.node)
    name = key.node if published is None else published.name
    return NodeRecord(
        NodeRow(id, name, key.due_at),
        key.node,
        task.id,
        task.version,
        key.bizdate,
        key.environment,
        key.origin,
        key.backfill,
        dry_run,
    )


def _bear(found: BirthRows, node: int, status: NodeStatus, environment: Environment, now: datetime) -> None:
    released = environment is not Environment.DEV
    if status is not NodeStatus.SUCCESS:
        found.states.append(NodeState(node, status, released=released, since=now))
        return
    found.states.append(NodeState(node, status, released=released, run=1, since=now))
    found.runs.append(Run(node, 1, 0, RunTrigger.DRY, RunStatus.SUCCESS))
    found.transitions.append(Transition(node, now, None, status, Cause.GENERATION, run=1))


def _field_id(
    instances: Mapping[InstanceKey, InstanceRecord],
    version_of: Callable[[str, int], PublishedTask],
    task: str,
    name: str,
    up: NodeKey,
) -> int:
    """The id of field `name` of the instance of `task` to which the upstream node belongs, by the version it was generated with."""
    record = instances[InstanceKey(task, *up[1:])]
    names = [f.name for f in version_of(task, record.version).fields]
    return record.first_field + names.index(name)
