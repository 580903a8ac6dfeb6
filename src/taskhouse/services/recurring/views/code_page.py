"""Materialization code: what each node ran at its latest attempt, and what it would run now (D-56)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taskhouse.domain.faults import Fault
from taskhouse.domain.node_state import Run
from taskhouse.domain.parameters import Parameters
from taskhouse.domain.published import PublishedNode, PublishedTask
from taskhouse.domain.roles import Action, Actor
from taskhouse.services.recurring.run_attempt import filled_in
from taskhouse.services.recurring.views.node_lines import may_node
from taskhouse.services.recurring.views.scene import Scene, of_instance
from taskhouse.services.world import World


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """`version` of the task's publication. `code` with parameters in it; `resolved` with their values for this instance, empty when the code
    names a parameter that does not exist."""

    version: int
    code: str
    resolved: str
    code_hash: str
    settings: Mapping[str, str]
    published_at: datetime | None
    published_by: str


@dataclass(frozen=True, slots=True)
class RanCode:
    """The code of the latest real attempt. `choice`: CURRENT, or AS_RAN when a rerun asked for the code of the attempt before."""

    code: CodeVersion
    serial: int
    number: int
    choice: str
    started_at: datetime | None
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NodeCode:
    """One tab: a node with its fields. `latest` is None before the first attempt, `current` when the published task has no such node any
    more. `changed`: the two differ."""

    id: int
    node: str
    name: str
    kind: str
    project: str
    table: str
    fields: tuple[str, ...]
    keys: tuple[str, ...]
    generated_version: int
    latest: RanCode | None
    current: CodeVersion | None
    changed: bool


@dataclass(frozen=True, slots=True)
class CodePage:
    """`hidden` counts nodes whose code the person asking may not see: metrics of other projects."""

    instance: int
    items: tuple[NodeCode, ...]
    hidden: int


def code_of(world: World, actor: Actor, instance: int) -> CodePage:
    """Six store calls at most, however many nodes there are. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    scene.require(Action.INSPECT, at)
    every = list(scene.graph.nodes_of_instance[at])
    nodes = [node for node in every if may_node(scene, Action.INSPECT, node)]
    store = world.recurring
    runs = store.latest_attempts([scene.states[node].id for node in nodes])
    keys = {
        (scene.node_records[node].task, runs[scene.states[node].id].version)
        for node in nodes
        if scene.states[node].id in runs
    }
    missing = keys - scene.versions.keys()
    ran = store.versions(scene.environment, missing) if missing else {}
    versions = {**scene.versions, **ran}
    current = store.current(scene.environment, {scene.node_records[node].task for node in nodes})
    items = tuple(_tab(scene, node, runs.get(scene.states[node].id), versions, current) for node in nodes)
    return CodePage(instance, items, len(every) - len(nodes))


def _tab(
    scene: Scene,
    node: int,
    run: Run | None,
    versions: Mapping[tuple[str, int], PublishedTask],
    current: Mapping[str, PublishedTask],
) -> NodeCode:
    record, published = scene.node_records[node], scene.published_node(node)
    latest = None
    if run is not None:
        task = versions.get((record.task, run.version))
        its = task.node(record.node_id) if task is not None else None
        if task is not None and its is not None:
            parameters = parameters_of(run)
            shown = _version(scene, node, task, its, parameters)
            latest = RanCode(shown, run.serial, run.number, run.code.value, run.started_at, parameters)
    now_task = current.get(record.task)
    now_node = now_task.node(record.node_id) if now_task is not None else None
    now = _version(scene, node, now_task, now_node, None) if now_task is not None and now_node is not None else None
    graph = scene.graph
    return NodeCode(
        record.row.id,
        record.node_id,
        record.row.name,
        published.program.kind.value,
        published.program.project,
        published.table,
        tuple(graph.fields[f].name for f in graph.incidence.fields_of[node]),
        published.keys,
        record.version,
        latest,
        now,
        latest is not None and (now is None or now.code != latest.code.code),
    )


def _version(
    scene: Scene, node: int, task: PublishedTask, published: PublishedNode, ran_with: Mapping[str, str] | None
) -> CodeVersion:
    return CodeVersion(
        task.version,
        published.program.code,
        _resolved(scene, node, task, published, ran_with),
        published.code_hash,
        published.program.settings,
        task.published_at,
        task.published_by,
    )


def _resolved(
    scene: Scene, node: int, task: PublishedTask, published: PublishedNode, ran_with: Mapping[str, str] | None
) -> str:
    """With the values that an attempt recorded, or those that one would get now."""
    record = scene.node_records[node]
    due_at = record.row.due_at.astimezone(scene.zone).replace(tzinfo=None)
    try:
        if ran_with is not None:
            recorded = Parameters(record.bizdate, due_at, ran_with)
            return recorded.substitute(published.program.code, keep_unknown=True)
        instance = scene.graph.instances[scene.owner_of(node)].id
        return filled_in(published, task, instance, record.bizdate, due_at)[0]
    except Fault:
        return ""


def parameters_of(run: Run) -> dict[str, str]:
    """What an attempt's parameters were resolved to."""
    try:
        found = json.loads(run.parameters or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
