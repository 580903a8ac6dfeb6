"""What publishing a workspace would change, decided on what is published now. Nothing is written.

A plan has a digest of everything that it would publish and of the state that it was made against. Applying plans again and goes on only
if the digest is the one that was shown.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from taskhouse.domain.bulk import bulk
from taskhouse.domain.catalogue import Table, TableName
from taskhouse.domain.definition.difference import Change, Difference, compare, first_run_date
from taskhouse.domain.definition.places import Mark, Problem
from taskhouse.domain.definition.tenant import Organisation, ProjectMode
from taskhouse.domain.definition.workspace import Workspace
from taskhouse.domain.dependency import dependency_cycle
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.generation import generate, node_cycle
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.services.definitions.expression_checks import check_expressions
from taskhouse.services.definitions.findings import Finding, Findings
from taskhouse.services.definitions.read_workspace import ReadWorkspace, read_workspace
from taskhouse.services.materialization import Materialized, materialize
from taskhouse.services.materialization.context import ExistingTable
from taskhouse.services.materialization.planning import nothing_exists
from taskhouse.services.world import World

PUBLISHERS = frozenset({ProjectRole.PROJECT_ADMIN, ProjectRole.DEVELOPER})
StillWanted = Callable[[], None]
"""Called between steps of work that takes long; raises when nobody waits for it any more."""


def always() -> None:
    """Nobody gives up."""


class InvalidWorkspaceError(Exception):
    """The definitions cannot be published. `findings` say why, warnings included."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        errors = sum(not finding.is_warning for finding in self.findings)
        super().__init__(f"the workspace has {errors} error{'s' * (errors != 1)}")


@dataclass(frozen=True, slots=True)
class WorkspacePlan:
    """`published` is the current state, `tasks` everything that will be, `difference.published` the part of it that changes. New tasks have their
    first instances for `first_run_date`. `warnings` are findings that keep nothing from being published. `marks`: where each task is
    defined."""

    environment: Environment
    revision: int
    organisation_revision: int
    published: Mapping[str, PublishedTask]
    workspace: Workspace
    materialized: Materialized
    tasks: Mapping[str, PublishedTask]
    difference: Difference
    digest: str
    first_run_date: date
    warnings: tuple[Finding, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def organisation(self) -> Organisation:
        return self.workspace.organisation


@bulk()
def validate(world: World, files: Mapping[str, str], wanted: StillWanted = always) -> tuple[Finding, ...]:
    """All findings: of the files, and of what they come to in each environment beside what is there."""
    return _findings(
        files, lambda environment: world.recurring.published(environment)[1], _existing(world, wanted), wanted
    )


@bulk()
def validate_alone(files: Mapping[str, str]) -> tuple[Finding, ...]:
    """As `validate`, without a server: columns of physical tables are not known."""
    return _findings(files, lambda environment: {}, nothing_exists)


def _findings(
    files: Mapping[str, str],
    published: Callable[[Environment], Mapping[str, PublishedTask]],
    existing: ExistingTable,
    wanted: StillWanted = always,
) -> tuple[Finding, ...]:
    read = _read(files, wanted)
    for environment in (Environment.PROD, Environment.DEV):
        wanted()
        if read.is_good and any(True for _ in read.workspace.tasks(environment)):
            _materialized(read, environment, published(environment), existing, published(Environment.PROD))
    return _ordered(read.findings.found)


@bulk()
def plan_workspace(
    world: World, actor: Actor, environment: Environment, files: Mapping[str, str], wanted: StillWanted = always
) -> WorkspacePlan:
    """Raises `InvalidWorkspaceError`, or `Fault` (NO_PERMISSION) naming what the actor may not publish."""
    read = _read(files, wanted)
    if not read.is_good:
        raise InvalidWorkspaceError(_ordered(read.findings.found))
    revision, published = world.recurring.published(environment)
    production = world.recurring.published(Environment.PROD)[1]
    organisation_revision, organisation = world.workspace.organisation()
    materialized, tasks = _materialized(read, environment, published, _existing(world, wanted), production)
    if not read.is_good:
        raise InvalidWorkspaceError(_ordered(read.findings.found))
    wanted()
    workspace = read.workspace
    difference = compare(published, tasks, organisation, workspace.organisation)
    _check_projects_left(world, difference, environment)
    _check_permission(actor, difference, published, tasks)
    changed = [tasks[id] for id in difference.published]
    digest = _digest(environment, revision, organisation_revision, changed, difference.retired, workspace.organisation)
    starts = first_run_date(world.clock.now(), ZoneInfo(workspace.tenant.time_zone))
    return WorkspacePlan(
        environment,
        revision,
        organisation_revision,
        published,
        workspace,
        materialized,
        tasks,
        difference,
        digest,
        starts,
        _ordered(read.findings.found),
        {task.id: read.findings.locate(task.place) for task in workspace.tasks(environment)},
    )


def _existing(world: World, wanted: StillWanted) -> ExistingTable:
    """What the catalogue has. It is asked all along, so that work which nobody waits for ends here."""

    def existing(name: TableName) -> Table | None:
        wanted()
        return world.catalogue.table(name)

    return existing


def _read(files: Mapping[str, str], wanted: StillWanted) -> ReadWorkspace:
    """With what can be said of the SQL of metrics and filters, even if something else is wrong."""
    read = read_workspace(files, wanted)
    _report(read.findings, check_expressions(read.workspace))
    return read


def _materialized(
    read: ReadWorkspace,
    environment: Environment,
    published: Mapping[str, PublishedTask],
    existing: ExistingTable,
    production: Mapping[str, PublishedTask],
) -> tuple[Materialized, Mapping[str, PublishedTask]]:
    """The published form of all tasks; what is wrong with them is added to the findings."""
    materialized = materialize(read.workspace, environment, published, existing, production=production)
    _report(read.findings, materialized.problems)
    tasks = {task.id: task for task in materialized.tasks}
    if read.is_good:
        _report(read.findings, _cycles(read.workspace, environment, tasks))
    return materialized, tasks


def _report(findings: Findings, problems: Iterable[Problem]) -> None:
    for problem in problems:
        findings.report(
            problem.place, problem.message, problem.hint, is_warning=problem.is_warning, inside=problem.inside
        )


def _ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda each: (each.mark.file, each.mark.line, each.mark.column)))


def _cycles(workspace: Workspace, environment: Environment, tasks: Mapping[str, PublishedTask]) -> Iterable[Problem]:
    """Tasks that wait for one another in one cycle, and nodes that do (D-43)."""
    ring = dependency_cycle({id: task.dependencies for id, task in tasks.items()})
    if ring:
        message = "tasks wait for one another in this cycle: " + " -> ".join([*ring, ring[0]])
        yield Problem(_place(workspace, ring[0]), message, "let one look at the previous cycle, or ignore a dependency")
        return
    day = date(2026, 1, 5)
    made = generate(
        day,
        (replace(task.blueprint(), first_run_date=day) for task in tasks.values()),
        ZoneInfo(workspace.tenant.time_zone),
        environment=environment,
    )
    nodes = node_cycle(made)
    if nodes:
        owner = {node.id: task.id for task in tasks.values() for node in task.nodes}
        names = [f"{key.node} at {key.due_at:%H:%M}" for key in nodes]
        yield Problem(
            _place(workspace, owner[nodes[0].node]),
            "nodes wait for one another: " + " -> ".join([*names, names[0]]),
            "a dependency on a shared node, or on the last 24 hours, may lead back",
        )


def _place(workspace: Workspace, task: str) -> tuple[str, ...]:
    found = workspace.task(task)
    return found.place if found is not None else ("tenant",)


def _check_projects_left(world: World, difference: Difference, environment: Environment) -> None:
    """A project leaves only when nothing of it is published in the other environment."""
    gone = {each.name for each in difference.projects if each.change is Change.REMOVED}
    gone |= {
        each.name
        for each in difference.projects
        if any(s.name == "mode" and s.before == ProjectMode.DEV_PROD.value for s in each.settings)
    }
    if not gone:
        return
    other = Environment.DEV if environment is Environment.PROD else Environment.PROD
    left = sorted(task.id for task in world.recurring.published(other)[1].values() if task.project in gone)
    if left:
        word = other.value.lower()
        raise Fault(
            FaultCode.INVALID_STATE,
            f"task '{left[0]}' is still published in {word}: its project can leave, or become BASIC, only without it; "
            f"apply a workspace without the project's tasks to {word} first",
        )


def _check_permission(
    actor: Actor, difference: Difference, published: Mapping[str, PublishedTask], tasks: Mapping[str, PublishedTask]
) -> None:
    check_organisation(actor, difference)
    if actor.super_admin:
        return
    for task in difference.tasks:
        for name in sorted({each[task.id].project for each in (published, tasks) if task.id in each}):
            if not may_publish(actor, name):
                raise Fault(
                    FaultCode.NO_PERMISSION,
                    f"you may not publish '{task.id}': it takes the role DEVELOPER or PROJECT_ADMIN in project '{name}'",
                )


def may_publish(actor: Actor, project: str) -> bool:
    return actor.super_admin or not PUBLISHERS.isdisjoint(actor.roles.get(project, ()))


def check_organisation(actor: Actor, difference: Difference) -> None:
    """Raises `Fault` (NO_PERMISSION) when the tenant or a project differs that the actor may not change."""
    if actor.super_admin:
        return
    if difference.tenant:
        raise Fault(
            FaultCode.NO_PERMISSION, f"only a super administrator may change the tenant's {difference.tenant[0].name}"
        )
    for project in difference.projects:
        if project.change is not Change.CHANGED:
            raise Fault(
                FaultCode.NO_PERMISSION,
                f"only a super administrator may add or remove a project, such as '{project.name}'",
            )
        if ProjectRole.PROJECT_ADMIN not in actor.roles.get(project.name, ()):
            raise Fault(FaultCode.NO_PERMISSION, f"only an administrator of project '{project.name}' may change it")


def _digest(*parts: object) -> str:
    text = json.dumps(_canonical(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_NOT_COMPARED = frozenset(("version", "first_run_date", "published_at", "published_by", "defined_at"))


_PLAIN = frozenset((str, int, bool, float, type(None)))
"""Values as they are; most are."""


@functools.cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _canonical(value: object) -> object:
    """In a form that is the same in every process: sets have no order of their own."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Enum():
            return value.name
        case Mapping():
            return {str(_canonical(key)): _canonical(each) for key, each in value.items()}
        case frozenset() | set():
            return sorted((json.dumps(_canonical(each), sort_keys=True) for each in value), key=str)
        case tuple() | list():
            return [_canonical(each) for each in value]
        case date() | datetime() | time():
            return value.isoformat()
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {
                name: _canonical(getattr(value, name))
                for name in _names(type(value))
                if not (isinstance(value, PublishedTask) and name in _NOT_COMPARED)
            }
        case _:
            return value
