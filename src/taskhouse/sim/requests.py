"""Random requests of operators: every kind, on any instance, allowed or not."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from taskhouse.domain.instance_graph import ROOT_ID, InstanceEdges
from taskhouse.domain.operations.request import (
    Batch,
    BatchOperation,
    CodeChoice,
    DownstreamScope,
    ForceRerunCurrent,
    ForceRerunDownstream,
    ModifyPriority,
    Pause,
    RemoveUpstream,
    Request,
    Rerun,
    RerunDownstream,
    Resume,
    SetSuccess,
    StartMode,
    Stop,
    SuccessScope,
    Target,
)
from taskhouse.domain.recurring import Priority
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus, StatusClass


def random_request(rng: Random, snapshot: Snapshot) -> Request | Batch:
    """`snapshot` has at least one instance. Mostly what the statuses seen admit, so that operations take place."""
    if rng.random() < 0.1:
        return _batch(rng, snapshot)
    instance = rng.randrange(len(snapshot.graph.instances))
    target = _target(rng, snapshot, instance)
    match rng.choice(_likely(snapshot, instance) if rng.random() < 0.7 else _EVERY):
        case "rerun":
            return Rerun(target, _code(rng))
        case "force":
            return ForceRerunCurrent(target, _code(rng))
        case "downstream":
            scope = rng.choice(list(DownstreamScope))
            members = _members(rng, snapshot, instance) if scope is DownstreamScope.CUSTOM else ()
            return RerunDownstream(
                target, _mode(rng), scope, members, rng.random() < 0.8, rng.random() < 0.5, _code(rng)
            )
        case "force downstream":
            scope = rng.choice((DownstreamScope.ALL, DownstreamScope.ALL, DownstreamScope.CUSTOM))
            members = _members(rng, snapshot, instance) if scope is DownstreamScope.CUSTOM else ()
            return ForceRerunDownstream(target, _mode(rng), scope, members, rng.random() < 0.5, _code(rng))
        case "stop":
            return Stop(target)
        case "success":
            return SetSuccess(target, rng.choice(list(SuccessScope)))
        case "pause":
            return Pause(target)
        case "resume":
            return Resume(target)
        case "remove":
            ups = [_id(snapshot, up) for up in InstanceEdges(snapshot.graph, snapshot.removed).up[instance]]
            chosen = rng.sample(ups, rng.randint(1, len(ups))) if ups else [ROOT_ID]
            return RemoveUpstream(_id(snapshot, instance), tuple(chosen))
        case _:
            return ModifyPriority(_id(snapshot, instance), rng.choice(list(Priority)))


_EVERY = (
    "rerun", "force", "downstream", "force downstream", "stop", "success", "pause", "resume", "remove", "priority",
)  # fmt: skip


def _likely(snapshot: Snapshot, instance: int) -> Sequence[str]:
    """Weighted by repetition."""
    nodes = snapshot.graph.nodes_of_instance[instance]
    if any(node in snapshot.paused for node in nodes):
        return ("resume", "resume", "success", "remove")
    classes = snapshot.instance_statuses(instance)
    if StatusClass.FAILED in classes:
        return ("rerun", "success", "downstream", "force downstream", "force", "remove")
    if StatusClass.SUCCEEDED in classes:
        return ("rerun", "downstream", "force downstream", "force", "priority")
    if StatusClass.RUNNING in classes:
        return ("stop", "force", "force downstream")
    if any(snapshot.status[node] is NodeStatus.INIT for node in nodes):
        return ("success", "force", "remove", "pause", "priority", "force downstream")
    return ("stop", "pause", "force", "priority")


def _target(rng: Random, snapshot: Snapshot, instance: int) -> Target:
    names = [snapshot.graph.fields[f].name for f in snapshot.graph.fields_of_instance[instance]]
    chance = rng.random()
    if chance < 0.02:
        return Target(987_654_321)
    if not names or chance < 0.4:
        return Target(_id(snapshot, instance))
    if chance < 0.43:
        return Target(_id(snapshot, instance), ("id",))
    return Target(_id(snapshot, instance), tuple(rng.sample(names, rng.randint(1, len(names)))))


def _members(rng: Random, snapshot: Snapshot, instance: int) -> tuple[Target, ...]:
    edges = InstanceEdges(snapshot.graph, snapshot.removed).down
    below: dict[int, None] = {}
    todo = [instance]
    while todo:
        for other in edges[todo.pop()]:
            if other not in below:
                below[other] = None
                todo.append(other)
    chosen = rng.sample(list(below), rng.randint(1, len(below))) if below else []
    return tuple(_target(rng, snapshot, other) for other in chosen)


def _batch(rng: Random, snapshot: Snapshot) -> Batch:
    operation = rng.choice(list(BatchOperation))
    every = range(len(snapshot.graph.instances))
    chosen = rng.sample(every, min(len(every), rng.randint(1, 6)))
    priority = rng.choice(list(Priority)) if operation is BatchOperation.MODIFY_PRIORITY else None
    return Batch(operation, tuple(_id(snapshot, instance) for instance in chosen), priority, _code(rng))


def _id(snapshot: Snapshot, instance: int) -> int:
    graph = snapshot.graph
    return ROOT_ID if instance >= len(graph.instances) else graph.instances[instance].id


def _mode(rng: Random) -> StartMode:
    return StartMode.NORMAL if rng.random() < 0.7 else StartMode.DRY_RUN


def _code(rng: Random) -> CodeChoice:
    return CodeChoice.CURRENT if rng.random() < 0.8 else CodeChoice.AS_RAN
