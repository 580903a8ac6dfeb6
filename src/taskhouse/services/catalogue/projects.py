"""Projects and schemas."""

from __future__ import annotations

from collections.abc import Mapping

from taskhouse.domain.access import project_target, schema_target
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Project, Schema
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.services.access.authorize import check, check_project_admin, check_server_admin, permits
from taskhouse.services.catalogue import names
from taskhouse.services.catalogue.tables import check_list, require_project
from taskhouse.services.world import Caller, World

DEFAULT_PROPERTIES: Mapping[str, str] = {
    "odps.sql.type.system.odps2": "true",
    "odps.sql.allow.fullscan": "true",
    "odps.sql.decimal.odps2": "true",
}
"""Properties that every project has until they are set; the time zone is the server's."""


def get(world: World, caller: Caller, name: str) -> Project:
    """Raises `Fault`: NO_SUCH_PROJECT, NO_PERMISSION."""
    found = require_project(world, name)
    check(world, caller, "Read", project_target(found.name))
    return found


def page(
    world: World, caller: Caller, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
) -> Page[Project]:
    """The projects that the caller may read; a page may be shorter than `limit` without being the last."""
    found = world.catalogue.projects(
        prefix=prefix.lower(), owner=owner, marker=marker, limit=min(max(limit, 1), world.limits.page_items)
    )
    seen = tuple(item for item in found.items if permits(world, caller, "Read", project_target(item.name)))
    return Page(seen, found.marker)


def create(
    world: World,
    caller: Caller,
    name: str,
    *,
    owner: str = "",
    comment: str = "",
    schemas_enabled: bool = False,
    properties: Mapping[str, str] | None = None,
) -> Project:
    """For administrators of the server. Raises `Fault`: OBJECT_EXISTS, INVALID_ARGUMENT, NO_PERMISSION."""
    check_server_admin(caller)
    now = world.clock.now()
    project = Project(
        name=names.project_name(name),
        owner=owner or caller.user,
        comment=comment,
        created_at=now,
        modified_at=now,
        schemas_enabled=schemas_enabled,
        properties=dict(properties or {}),
    )
    world.catalogue.create_project(project)
    return project


def change(
    world: World,
    caller: Caller,
    name: str,
    *,
    comment: str | None = None,
    properties: Mapping[str, str | None] | None = None,
) -> Project:
    """For administrators of the project. A property of None or empty text is removed."""
    found = require_project(world, name)
    check_project_admin(world, caller, found.name)
    wanted = {key: value or None for key, value in properties.items()} if properties else None
    return world.catalogue.change_project(found.name, world.clock.now(), comment=comment, properties=wanted)


def drop(world: World, caller: Caller, name: str, *, force: bool = False) -> None:
    """For administrators of the server. With everything in it when forced; else it must be empty (`Fault` INVALID_ARGUMENT)."""
    found = require_project(world, name)
    check_server_admin(caller)
    if not force and world.catalogue.holds_objects(found.name):
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"project '{found.name}' is not empty: drop its tables, resources and functions first, or ask with force=true",
        )
    world.catalogue.drop_project(found.name, world.clock.now())
    world.access.forget_project(found.name)


def usage(world: World, project: Project) -> dict[str, str]:
    """What the project holds: bytes, files and rows of all its tables."""
    held = world.catalogue.usage(project.name)
    return {
        "usedQuotaPhysicalSize": str(held.bytes),
        "logicSize": str(held.bytes),
        "physicalSize": str(held.bytes),
        "fileCount": str(held.files),
        "recordCount": str(held.rows),
        "StandardSize": str(held.bytes),
    }


# --- schemas ----------------------------------------------------------------------------------------------------------


def get_schema(world: World, caller: Caller, project: str, name: str) -> Schema:
    """Raises `Fault` NO_SUCH_OBJECT: clients take nothing else for an absent schema."""
    found = world.catalogue.schema(project, name)
    if found is None:
        require_project(world, project)
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Schema not found - '{project}.{name}'")
    check(world, caller, "Read", schema_target(project, name), found.owner)
    return found


def schema_page(
    world: World,
    caller: Caller,
    project: str,
    *,
    prefix: str = "",
    owner: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Page[Schema]:
    require_project(world, project)
    check_list(world, caller, project, DEFAULT_SCHEMA)
    return world.catalogue.schemas(
        project, prefix=prefix.lower(), owner=owner, marker=marker, limit=min(max(limit, 1), world.limits.page_items)
    )


def create_schema(world: World, caller: Caller, project: str, name: str, comment: str = "") -> Schema:
    """Raises `Fault`: OBJECT_EXISTS, INVALID_ARGUMENT, NO_SUCH_PROJECT, NO_PERMISSION."""
    require_project(world, project)
    check(world, caller, "CreateSchema", project_target(project))
    now = world.clock.now()
    schema = Schema(project, names.object_name(name, "schema"), caller.user, comment, now, now)
    world.catalogue.create_schema(schema)
    return schema


def drop_schema(world: World, caller: Caller, project: str, name: str) -> None:
    """Raises `Fault`: NO_SUCH_OBJECT, INVALID_ARGUMENT while it is not empty, NO_PERMISSION."""
    found = world.catalogue.schema(project, name)
    if found is None:
        require_project(world, project)
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Schema not found - '{project}.{name}'")
    target = schema_target(project, name)
    check(world, caller, "Drop", target, found.owner)
    world.catalogue.drop_schema(project, name)
    world.access.forget_object(project, target.kind.value, target.object_name)
