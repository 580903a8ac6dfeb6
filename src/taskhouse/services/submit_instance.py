"""Submitting a job: what can be known to be wrong is refused here, the rest becomes a task instance in the queue.

Refused at once: unknown task types, limits, SQL that does not parse, forbidden statements. A table that does not exist,
a missing privilege or a type error is not: the catalogue may have changed by the time the task runs, so these make a Failed task.
"""

from __future__ import annotations

from dataclasses import replace

from taskhouse.domain.access import project_target
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, InstanceStatus, JobSpec, Task, TaskSpec, TaskStatus
from taskhouse.services import merge_files
from taskhouse.services.access import authorize, tokens
from taskhouse.services.world import Caller, World
from taskhouse.sql import parser

_SQL_TYPES = ("SQL", "SQLCost")
_PLANNED_TYPES = ("XFlow", "Algorithm")
"""Types of tasks that come from an XFlow's plan only (see `services.xflow.submit`)."""
_SCHEDULED_TYPES = ("Python", "Shell", "Transfer")
"""Types of tasks that come from the nodes of recurring instances only: what they run was published by those who may."""


def submit(world: World, caller: Caller, job: JobSpec) -> Instance:
    """Queue `job` and return its instance; for a guid that the caller used before in this project, the first instance."""
    project = world.catalogue.project(job.project)
    if project is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{job.project}'")
    authorize.check(world, caller, "CreateInstance", project_target(job.project))
    for task in job.tasks:
        if task.type in (*_PLANNED_TYPES, *_SCHEDULED_TYPES):
            raise Fault(FaultCode.NOT_SUPPORTED, f"a task of type {task.type} cannot be submitted by itself")
    return queue(world, caller, job)


def queue(world: World, caller: Caller, job: JobSpec) -> Instance:
    """`submit` for the server's own work: privileges are the asker's business, and every type of task that has a runner may run."""
    instance = prepare(world, caller, job)
    stored = world.instances.submit(instance, max_queued=world.limits.queued_instances)
    if stored.id == instance.id:
        world.events.publish("queue")
    return stored


def prepare(world: World, caller: Caller, job: JobSpec) -> Instance:
    """The instance of a job that may be queued. Raises `Fault` for one that may not."""
    _check(world, job)
    now = world.clock.now()
    instance_id = world.ids.instance_id(now)
    return Instance(
        id=instance_id,
        project=job.project,
        owner=caller.user,
        priority=job.priority,
        status=InstanceStatus.SUSPENDED,
        submitted_at=now,
        name=job.name,
        comment=job.comment,
        guid=job.guid,
        source=job.source,
        tasks=tuple(
            Task(instance_id=instance_id, index=index, spec=_complete(spec, caller), status=TaskStatus.WAITING)
            for index, spec in enumerate(job.tasks)
        ),
    )


def _check(world: World, job: JobSpec) -> None:
    limits = world.limits
    if not job.tasks:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the job has no task")
    if len(job.tasks) > limits.tasks_per_job:
        raise Fault(
            FaultCode.INVALID_ARGUMENT, f"the job has {len(job.tasks)} tasks; {limits.tasks_per_job} are allowed"
        )
    if not 0 <= job.priority <= 9:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"priority {job.priority} is not between 0 (first) and 9 (last)")
    _check_text("job", job.name, job.comment, job.guid, job.source)
    names: set[str] = set()
    for task in job.tasks:
        if not task.name:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"a {task.type} task of the job has no name")
        if task.name in names:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"two tasks of the job are named '{task.name}'")
        names.add(task.name)
        _check_task(world, task)


def _check_text(what: str, *texts: str) -> None:
    """Raises `Fault` for text that is not Unicode (half a surrogate pair, which JSON can spell)."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"the {what} contains text that is not Unicode") from None


def _check_task(world: World, task: TaskSpec) -> None:
    _check_text("job", task.name, task.type, task.comment, task.body)
    _check_text("job", *(text for pair in (*task.settings.items(), *task.config.items()) for text in map(str, pair)))
    if task.type not in world.runners:
        known = ", ".join(sorted(world.runners.keys() - {*_SCHEDULED_TYPES}))
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"task '{task.name}': tasks of type {task.type} are not supported; these are: {known}",
        )
    size = len(task.body.encode())
    if size > world.limits.query_bytes:
        raise Fault(
            FaultCode.QUOTA_EXCEEDED,
            f"task '{task.name}': its text has {size} bytes; {world.limits.query_bytes} are allowed",
        )
    if task.type in _SQL_TYPES:
        parser.parse(task.body)
    elif task.type == "Merge":
        merge_files.statement_of(task)


def _complete(spec: TaskSpec, caller: Caller) -> TaskSpec:
    """Settings are texts, whatever a client's JSON held; what a token may do goes with the task."""
    settings = {key: str(value) for key, value in spec.settings.items()}
    return replace(spec, settings=settings, config=tokens.with_scope(spec.config, caller))
