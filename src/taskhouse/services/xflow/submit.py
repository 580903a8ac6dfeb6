"""Submitting an XFlow: check, plan, and store the instance with all its sub-instances in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from taskhouse.domain.access import project_target
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, JobSpec, TaskSpec
from taskhouse.ports.algorithms import Action, Arguments, SqlAction
from taskhouse.services import submit_instance
from taskhouse.services.access import authorize
from taskhouse.services.world import Caller, World
from taskhouse.services.xflow.request import algorithm_of, check_arguments, read_request

COMPUTATION_TYPE = "Algorithm"
SQL_TASK = "AnonymousSQLTask"
ARGUMENT_PREFIX = "argument."
"""A computation's task carries its arguments as properties with this prefix."""


def submit(world: World, caller: Caller, job: JobSpec) -> Instance:
    """Queue an XFlow, a job with one task of type `XFlow`, and its sub-instances. For a guid used before, the first instance.
    Raises `Fault` as `check_arguments` does, and for an algorithm that does not exist."""
    project = world.catalogue.project(job.project)
    if project is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{job.project}'")
    authorize.check(world, caller, "CreateInstance", project_target(project.name), project.owner)
    first = world.instances.submitted(project.name, caller.user, job.guid) if job.guid else None
    if first is not None:
        return first  # what it made would now be in its own way
    request = read_request(job)
    algorithm = algorithm_of(world, request.xflow_project, request.xflow)
    arguments = check_arguments(world, caller, project, algorithm, request.parameters)
    actions = algorithm.plan(arguments)
    document = {
        "xflow": f"{request.xflow_project}.{algorithm.name}",
        "parameters": dict(request.parameters),
        "actions": [action.name for action in actions],
    }
    body = json.dumps(document, indent=2, ensure_ascii=False)
    task = replace(job.tasks[0], name=algorithm.name, body=body)
    parent = submit_instance.prepare(world, caller, replace(job, tasks=(task,)))
    children = [_sub_instance(world, caller, job, parent, algorithm.name, action, arguments) for action in actions]
    stored = world.instances.submit(parent, children, max_queued=world.limits.queued_instances)
    if stored.id == parent.id:
        world.events.publish("queue")
    return stored


def _sub_instance(
    world: World,
    caller: Caller,
    job: JobSpec,
    parent: Instance,
    algorithm: str,
    action: Action,
    arguments: Arguments,
) -> Instance:
    settings = job.tasks[0].settings
    if isinstance(action, SqlAction):
        task = TaskSpec(SQL_TASK, "SQL", action.query, settings, {"xflow": algorithm})
    else:
        task = TaskSpec(action.name, COMPUTATION_TYPE, action.query, settings, _config(algorithm, arguments.texts))
    planned = JobSpec(job.project, (task,), job.priority, name=f"{algorithm}.{action.name}")
    prepared = submit_instance.prepare(world, caller, planned)
    return replace(prepared, parent_id=parent.id, action=action.name)


def _config(algorithm: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {"xflow": algorithm, **{ARGUMENT_PREFIX + name: value for name, value in texts.items()}}
