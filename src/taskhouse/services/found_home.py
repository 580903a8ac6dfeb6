"""What a new home starts with: an administrator, one project, one access key. And how to log in to one that is not new."""

from __future__ import annotations

from dataclasses import dataclass

from taskhouse.domain.access import AccessKey, KeyKind
from taskhouse.domain.catalogue import Project
from taskhouse.services.access import keys
from taskhouse.services.catalogue.names import project_name
from taskhouse.services.world import World

ADMINISTRATOR = "ALIYUN$admin"


@dataclass(frozen=True, slots=True)
class Login:
    """How the first administrator logs in. `is_new`: the home was founded just now, nobody has seen the secret yet."""

    user: str
    project: str
    key: AccessKey
    is_new: bool


def found(world: World, project: str) -> Login:
    """Make what is missing of an administrator, a project named `project` and a key; each step may be repeated after a crash.
    Raises `Fault` when `project` is no name for one."""
    project = project_name(project)
    administrator = next((user for user in world.access.users() if user.is_admin), None)
    is_new = administrator is None
    if administrator is None:
        administrator = world.access.add_user(
            ADMINISTRATOR, world.clock.now(), is_admin=True, comment="made with the home"
        )
    name = _project(world, project, administrator.name)
    usable = _usable_key(world, administrator.name)
    if usable is None:
        usable = keys.issue(world, administrator.name, comment="made with the home")
        is_new = True
    return Login(administrator.name, name, usable, is_new)


def _project(world: World, wanted: str, owner: str) -> str:
    """The project that a login starts in: the wanted one, else the first; made when there is none at all."""
    if world.catalogue.project(wanted) is not None:
        return wanted
    existing = world.catalogue.projects(limit=1).items
    if existing:
        return existing[0].name
    now = world.clock.now()
    world.catalogue.create_project(Project(wanted, owner, "", now, now))
    return wanted


def _usable_key(world: World, user: str) -> AccessKey | None:
    now = world.clock.now()
    for key in world.access.keys(user):
        if key.enabled and key.kind is KeyKind.USER and (key.expires_at is None or key.expires_at > now):
            return world.access.key(key.access_id)
    return None
