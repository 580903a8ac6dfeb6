"""Where, for whom and with which settings the statements of one SQL task run.

A session lives as long as its task: SET, USE and USE SCHEMA change it for the statements after them. Settings are the
project's properties, over them the client's hints, over them the text's SET flags; names are lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Project, TableName
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.ports.warehouse import CommitTag
from taskhouse.services.access import tokens
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import Caller, World
from taskhouse.sql import settings
from taskhouse.sql.statements import TableRef

TIME_ZONE = "odps.sql.timezone"
_TRUE = ("true", "1", "yes", "on")


@dataclass(slots=True)
class SqlSession:
    """`step` numbers the task's statements from 0. `now` is the start of the current statement."""

    caller: Caller
    project: Project
    schema: str
    settings: dict[str, str]
    now: datetime
    instance_id: str
    task: str
    attempt: int
    step: int = 0
    default_time_zone: str = "UTC"

    @property
    def schemas_enabled(self) -> bool:
        """Whether names have three tiers: `a.b` then is schema and table."""
        return self.flag("odps.namespace.schema", self.project.schemas_enabled)

    @property
    def time_zone(self) -> str:
        """An IANA name. Raises `Fault` when the setting is not one."""
        name = self.settings.get(TIME_ZONE, "").strip()
        if not name:
            return self.default_time_zone
        settings.check(TIME_ZONE, name)
        return name

    def flag(self, name: str, default: bool) -> bool:
        text = self.settings.get(name, "").strip().lower()
        return text in _TRUE if text else default

    def tag(self, part: int = 0) -> CommitTag:
        """The mark of the current statement's commit; `part` tells the commits of one statement apart."""
        return CommitTag(self.instance_id, self.task, self.attempt, self.step * 1000 + part)

    def resolve(self, table: TableRef) -> TableName:
        return TableName(*table.resolve(self.project.name, self.schema, schemas_enabled=self.schemas_enabled))

    def set(self, name: str, value: str) -> None:
        """Raises `Fault` INVALID_ARGUMENT when a known flag is given a value it cannot have."""
        settings.check(name, value)
        lowered = name.strip().lower()
        self.settings[lowered] = value
        if lowered == "odps.default.schema" and value.strip():
            self.schema = value.strip().lower()


def open_session(
    caller: Caller,
    project: Project,
    hints: Mapping[str, str],
    now: datetime,
    *,
    instance_id: str,
    task: str,
    attempt: int,
    default_time_zone: str = "UTC",
) -> SqlSession:
    """A session in `project` with the client's hints."""
    session = SqlSession(
        caller=caller,
        project=project,
        schema=DEFAULT_SCHEMA,
        settings={name.lower(): value for name, value in project.properties.items()},
        now=now,
        instance_id=instance_id,
        task=task,
        attempt=attempt,
        default_time_zone=default_time_zone,
    )
    for name, value in hints.items():
        session.set(name, value)
    return session


def caller_of(world: World, task_run: TaskRun) -> Caller:
    """The owner of an instance as the one who asks, with the rights of this moment, and no more than those of the token that
    submitted it."""
    user = task_run.instance.owner
    known = world.access.user(user)
    scope = tokens.scope_of(task_run.task.spec.config)
    return Caller(user, known.is_admin if known is not None else False, scope)


def session_of(world: World, task_run: TaskRun) -> SqlSession:
    """A fresh session for the task. Raises `Fault` NO_SUCH_PROJECT when the project is gone."""
    instance = task_run.instance
    project = world.catalogue.project(instance.project)
    if project is None:
        raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{instance.project}'")
    return open_session(
        caller_of(world, task_run),
        project,
        task_run.task.spec.settings,
        world.clock.now(),
        instance_id=instance.id,
        task=task_run.task.spec.name,
        attempt=task_run.attempt.number,
        default_time_zone=world.time_zone,
    )


def at(fault: Fault, place: Place) -> Fault:
    """The fault with a place, if it had none."""
    return fault if fault.place is not None else Fault(fault.code, fault.message, place)
