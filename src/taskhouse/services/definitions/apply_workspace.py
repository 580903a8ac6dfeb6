"""Publishing a workspace: physical tables and views first, then definitions, tenant and projects in one transaction.

Making MaxCompute projects, tables and views can be repeated, so a crash before the transaction leaves nothing that matters: applying again
finishes it. Old tables stay until their lifecycle ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import structlog

from taskhouse.domain.catalogue import Project as MaxComputeProject
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.services.catalogue.projects import DEFAULT_PROPERTIES
from taskhouse.services.definitions.plan_workspace import WorkspacePlan, plan_workspace
from taskhouse.services.materialization import deploy
from taskhouse.services.recurring.generate import generate_since
from taskhouse.services.recurring.permissions import login_name
from taskhouse.services.world import Caller, World

_log = structlog.get_logger(__name__)

MAX_PAST_DAYS = 366
"""How far back instances of newly published tasks are generated at most."""


class PlanChangedError(Exception):
    """What would be published is not what was shown: the files or the published state changed."""


@dataclass(frozen=True, slots=True)
class Publication:
    """`revision` is the environment's after it; the same as before when nothing was to be done. `generated`: instances of run dates
    that have passed."""

    plan: WorkspacePlan
    revision: int
    at: datetime
    generated: int = 0

    @property
    def is_empty(self) -> bool:
        return self.plan.difference.is_empty


def apply_workspace(
    world: World,
    actor: Actor,
    environment: Environment,
    files: Mapping[str, str],
    digest: str,
    since: date | None = None,
    saved: Callable[[], None] | None = None,
) -> Publication:
    """Publish. `saved` is called inside the transaction, last, or at once when there is nothing to publish; what it raises undoes the
    publication. `since`: new tasks have instances from this run date on, and those of days that have passed are generated now. When there is
    nothing to publish, all tasks get theirs of the days that have passed since then, which takes a super administrator.

    Raises `InvalidWorkspaceError`, `PlanChangedError`, and `Fault`s: NO_PERMISSION, INVALID_STATE when somebody else
    published in the same moment, and what making tables may raise."""
    plan = plan_workspace(world, actor, environment, files)
    if plan.digest != digest:
        raise PlanChangedError(
            "the plan is not the one that was shown: definitions or the published state changed meanwhile; plan again"
        )
    now = world.clock.now()
    zone = ZoneInfo(plan.workspace.tenant.time_zone)
    _check_since(plan, since, now.astimezone(zone).date())
    if plan.difference.is_empty:
        if saved is not None:
            saved()
        return Publication(plan, plan.revision, now, _past(world, actor, environment, since, now, zone))
    _make_projects(world, plan, now)
    deploy(world, plan.materialized, Caller(login_name(actor.user), is_admin=True))  # roles were checked by the plan
    tasks = [_dated(plan, id, now, actor.user, since) for id in plan.difference.published]

    def publish() -> int:
        revision = plan.revision
        if tasks or plan.difference.retired:
            revision = world.recurring.publish(environment, tasks, plan.difference.retired, now, expected=revision)
        if saved is not None:
            saved()
        return revision

    revision = world.workspace.save(plan.organisation, now, publish, expected=plan.organisation_revision)
    _log.info(
        "workspace published",
        environment=environment.value,
        revision=revision,
        tasks=len(tasks),
        retired=len(plan.difference.retired),
        by=actor.user,
    )
    generated = 0 if since is None else generate_since(world.recurring, environment, since, now, zone)
    world.events.publish("recurring")
    return Publication(plan, revision, now, generated)


def _past(world: World, actor: Actor, environment: Environment, since: date | None, now: datetime, zone: tzinfo) -> int:
    """Instances of all published tasks since a run date that has passed; returns how many are new."""
    if since is None:
        return 0
    if not actor.super_admin:
        raise Fault(
            FaultCode.NO_PERMISSION,
            "only a super administrator may have instances of past days generated for tasks that are published already",
        )
    generated = generate_since(world.recurring, environment, since, now, zone, everything=True)
    world.events.publish("recurring")
    return generated


def _check_since(plan: WorkspacePlan, since: date | None, today: date) -> None:
    if since is None:
        return
    if since > plan.first_run_date:
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"instances since {since}: new tasks have them since {plan.first_run_date} without asking; name an earlier run date",
        )
    if today - since > timedelta(days=MAX_PAST_DAYS):
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"instances since {since}: that is more than {MAX_PAST_DAYS} days ago; name a later one",
        )


def _dated(plan: WorkspacePlan, id: str, now: datetime, user: str, since: date | None) -> PublishedTask:
    """A task that was published before goes on; a new one begins with the next generation, or with the date asked for."""
    earlier = plan.published.get(id)
    first = earlier.first_run_date if earlier is not None else since or plan.first_run_date
    mark = plan.marks.get(id)
    defined_at = f"{mark.file}:{mark.line}" if mark else ""
    return replace(plan.tasks[id], first_run_date=first, published_at=now, published_by=user, defined_at=defined_at)


def _make_projects(world: World, plan: WorkspacePlan, now: datetime) -> None:
    for project in plan.workspace.projects.values():
        if not project.exists_in(plan.environment):
            continue
        name = project.maxcompute(plan.environment)
        if world.catalogue.project(name) is not None:
            continue
        made = MaxComputeProject(
            name, login_name(project.owner), project.title, now, now, properties=dict(DEFAULT_PROPERTIES)
        )
        try:
            world.catalogue.create_project(made)
        except Fault as fault:
            if fault.code is not FaultCode.OBJECT_EXISTS:  # somebody else made it in the same moment
                raise
