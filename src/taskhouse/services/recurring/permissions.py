"""Who is asking, with their roles in the workspace's projects; and what of it they may see.

Users of the server are `ALIYUN$name` or `RAM$account:name`; definitions, owners and operation logs name the former by the bare
name. Administrators of the server and of the tenant may everything.
"""

from __future__ import annotations

from collections.abc import Iterable

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.recurring import TableKind
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.snapshot import Snapshot
from taskhouse.services.world import Caller, World

_OWN = "ALIYUN$"


def bare_name(user: str) -> str:
    """As definitions write it: `alice` for `ALIYUN$alice`, others in full."""
    return user.removeprefix(_OWN)


def login_name(user: str) -> str:
    """The user of the server that definitions mean by a bare name."""
    return user if "$" in user else _OWN + user


def actor_of(world: World, user: str) -> Actor:
    """Raises `Fault` (AuthorizationRequired) for a user who is no longer there."""
    known = world.access.user(user)
    if known is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, f"there is no user '{user}' any more")
    name = bare_name(user)
    everything = known.is_admin or world.workspace.is_super_admin(name)
    return Actor(name, everything, world.workspace.roles_of(name))


def caller_of(world: World, actor: Actor) -> Caller:
    """The same user where privileges on tables and task instances are checked. Administrators of the tenant are none of the server there."""
    user = login_name(actor.user)
    known = world.access.user(user)
    return Caller(user, known is not None and known.is_admin)


def visible_projects(actor: Actor) -> frozenset[str] | None:
    """Projects whose instances the actor may see; None for all."""
    if actor.super_admin:
        return None
    return frozenset(project for project in actor.roles if actor.may(Action.VIEW, project))


def may_view(snapshot: Snapshot, instance: int) -> bool:
    """Whether the snapshot's actor may see the instance at a position: by its project, or by that of one of its metrics."""
    graph, actor = snapshot.graph, snapshot.actor
    row = graph.instances[instance]
    if actor.may(Action.VIEW, row.project):
        return True
    if row.kind is not TableKind.AGGREGATE:
        return False
    return any(actor.may(Action.VIEW, graph.project_of_field(f)) for f in graph.fields_of_instance[instance])


def may_view_any(world: World, actor: Actor, instances: Iterable[int]) -> bool:
    """Whether the actor may see one of these instances, by the projects of their tasks."""
    if actor.super_admin:
        return True
    for listed in world.recurring.instances(instances):
        row = listed.record.row
        if actor.may(Action.VIEW, row.project):
            return True
        if row.kind is TableKind.AGGREGATE:
            task = world.recurring.task_version(row.environment, row.task, listed.record.version)
            if task and any(actor.may(Action.VIEW, each.project) for each in task.fields if each.project):
                return True
    return False
