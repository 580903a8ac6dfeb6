"""Looking at instances: one, a page of them, what runs now, and waiting for an end.

What the store has is shown as it is, except that a running task shows the stages and the output of this very moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from taskhouse.domain.access import instance_target, project_target
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceFilter, InstanceStatus, Task, TaskStatus
from taskhouse.domain.paging import Page
from taskhouse.services.access import authorize
from taskhouse.services.world import Caller, World


def get(world: World, caller: Caller, project: str, instance_id: str) -> Instance:
    """The whole instance. Raises `Fault` NO_SUCH_OBJECT when the project has none of this id."""
    instance = world.instances.get(project, instance_id)
    if instance is None:
        raise _unknown(instance_id)
    _check(world, caller, instance, "Read")
    return _with_live_stages(world, instance)


def head(world: World, caller: Caller, project: str, instance_id: str) -> Instance:
    """Status and times of an instance and its tasks; texts, settings, results and stages are empty. Cheaper than `get`."""
    instance = world.instances.head(project, instance_id)
    if instance is None:
        raise _unknown(instance_id)
    _check(world, caller, instance, "Read")
    return instance


def page(
    world: World, caller: Caller, project: str, filter: InstanceFilter, marker: str = "", limit: int = 0
) -> Page[Instance]:
    """Heads of instances, newest first. `limit` 0 means the server's own page size, which also bounds a greater one."""
    if world.catalogue.project(project) is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{project}'")
    authorize.check(world, caller, "List", project_target(project))
    most = world.limits.page_items
    return world.instances.page(project, filter, marker, min(limit, most) if limit > 0 else most)


def beginnings(world: World, caller: Caller, instances: Sequence[Instance], characters: int) -> Mapping[str, str]:
    """How the first tasks' texts begin, by the id of the instance; without those that the caller may not read."""
    may = [
        each.id
        for each in instances
        if authorize.permits(world, caller, "Read", instance_target(each.project, each.id), each.owner)
    ]
    return world.instances.beginnings(may, characters) if may else {}


def children(world: World, caller: Caller, project: str, instance_id: str) -> tuple[Instance, ...]:
    """Heads of the sub-instances of an XFlow instance, in the order planned; of any other instance none."""
    head(world, caller, project, instance_id)
    return world.instances.children(instance_id)


def task(instance: Instance, name: str) -> Task:
    """The task of that name. Raises `Fault` INVALID_PARAMETER."""
    for each in instance.tasks:
        if each.spec.name == name:
            return each
    raise Fault(FaultCode.INVALID_PARAMETER, f"instance '{instance.id}' has no task named '{name}'")


def check_write(world: World, caller: Caller, project: str, instance_id: str) -> Instance:
    """The head of an instance that `caller` may change. Raises `Fault` NO_SUCH_OBJECT or NO_PERMISSION."""
    instance = head(world, caller, project, instance_id)
    _check(world, caller, instance, "Write")
    return instance


def put_info(
    world: World, caller: Caller, project: str, instance_id: str, task_name: str, key: str, value: str
) -> None:
    """Attach a note to a task; it can be read back under its key."""
    if len(value.encode(errors="replace")) > world.limits.query_bytes:
        raise Fault(FaultCode.QUOTA_EXCEEDED, f"the value has more than {world.limits.query_bytes} bytes")
    found = task(check_write(world, caller, project, instance_id), task_name)
    world.instances.put_info(instance_id, found.index, key, value)


def info(world: World, caller: Caller, project: str, instance_id: str, task_name: str, key: str) -> str | None:
    found = task(head(world, caller, project, instance_id), task_name)
    return world.instances.info(instance_id, found.index, key)


def percent(instance: Instance) -> int:
    """How much of the instance is done, 0 to 100: the mean over its tasks' stages."""
    if instance.status is InstanceStatus.TERMINATED:
        return 100
    done = [
        100
        if each.status.is_final
        else (sum(stage.percent for stage in each.stages) // len(each.stages) if each.stages else 0)
        for each in instance.tasks
    ]
    return min(99, sum(done) // len(done)) if done else 0


def wait_for_end(world: World, project: str, instance_id: str, seconds: float) -> Instance | None:
    """Block until the instance is Terminated or the time is over; its head then, None when it does not exist."""
    woken = threading.Event()
    end_watch = world.events.watch(f"instance:{instance_id}", woken.set)
    deadline = time.monotonic() + seconds
    try:
        while True:
            woken.clear()
            instance = world.instances.head(project, instance_id)
            if instance is None or instance.status is InstanceStatus.TERMINATED:
                return instance
            left = deadline - time.monotonic()
            if left <= 0 or not woken.wait(left):
                return instance
    finally:
        end_watch()


def _check(world: World, caller: Caller, instance: Instance, action: str) -> None:
    if instance.parent_id and action == "Read":
        parent = instance_target(instance.project, instance.parent_id)
        if authorize.permits(world, caller, action, parent, instance.owner):
            return
    authorize.check(world, caller, action, instance_target(instance.project, instance.id), instance.owner)


def _with_live_stages(world: World, instance: Instance) -> Instance:
    control = world.runs.find(instance.id)
    if control is None or instance.status is InstanceStatus.TERMINATED:
        return instance
    attempt = control.attempt
    tasks = tuple(
        replace(each, stages=control.stages, result_text=control.output or each.result_text)
        if each.index == attempt.index and each.attempt == attempt.number and each.status is TaskStatus.RUNNING
        else each
        for each in instance.tasks
    )
    return replace(instance, tasks=tasks)


def _unknown(instance_id: str) -> Fault:
    return Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - instance '{instance_id[:100]}'")
