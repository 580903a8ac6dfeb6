"""Who am I, which projects are there, is the server well, and what does the API look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Action
from taskhouse.protocols.rest.openapi import document
from taskhouse.protocols.rest.routing import Call, Nothing, Route, Routes
from taskhouse.services.recurring.permissions import visible_projects
from taskhouse.services.world import World


class Me(msgspec.Struct, frozen=True):
    """`roles`: project -> roles. A super administrator may everything, without roles. `time_zone`: the tenant's, in which scheduled times and
    data timestamps are meant."""

    user: str
    super_admin: bool
    roles: dict[str, list[str]]
    time_zone: str


class ProjectView(msgspec.Struct, frozen=True):
    """`title` is `English name (Chinese name)`. `environments`: where it has instances. `may`: VIEW, INSPECT and OPERATE, as far as
    the caller may."""

    name: str
    title: str
    mode: str
    owner: str
    environments: list[str]
    may: list[str]


class ProjectList(msgspec.Struct, frozen=True):
    items: list[ProjectView]


class Health(msgspec.Struct, frozen=True):
    """`cursor` is the number of the latest change of recurring instances."""

    status: str
    cursor: int


def tenant_zone(world: World) -> str:
    """The zone in which scheduled times and data timestamps are meant."""
    return world.workspace.tenant().time_zone


routes = Routes("server")


@routes.get("/me", reply=Me)
def who_am_i(call: Call[Nothing, None]) -> Me:
    """The user that the token belongs to, with the roles in projects."""
    roles = {project: sorted(role.value for role in its) for project, its in sorted(call.actor.roles.items())}
    return Me(call.actor.user, call.actor.super_admin, roles, tenant_zone(call.world))


@routes.get("/projects", reply=ProjectList)
def list_projects(call: Call[Nothing, None]) -> ProjectList:
    """Projects of the workspace that the caller may see."""
    visible = visible_projects(call.actor)
    found = []
    for project in call.world.workspace.projects().values():
        if visible is None or project.name in visible:
            environments = [each.value for each in Environment if project.exists_in(each)]
            may = [action.value for action in Action if call.actor.may(action, project.name)]
            found.append(ProjectView(project.name, project.title, project.mode.value, project.owner, environments, may))
    return ProjectList(sorted(found, key=lambda each: each.name))


@routes.get("/health", reply=Health, public=True)
def health(call: Call[Nothing, None]) -> Health:
    """Whether the server and its store answer. Needs no token."""
    return Health("ok", call.world.recurring.cursor())


def document_routes(every: Callable[[], Iterable[Route]]) -> Routes:
    """`GET /openapi.json`, of the routes that `every` gives when it is asked."""
    own = Routes("server")

    @own.get("/openapi.json", reply="application/json", public=True)
    def openapi_document(call: Call[Nothing, None]) -> dict[str, object]:
        """This API as an OpenAPI 3.1 document. Needs no token."""
        return document(every(), call.base_url)

    return own
