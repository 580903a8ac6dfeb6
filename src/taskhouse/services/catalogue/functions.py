"""Functions: registered, listed, given away, removed. Calling one in SQL is refused by name elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from taskhouse.domain.access import function_target, project_target, schema_target, user_name
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Function
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.services.access.authorize import check, check_project_admin
from taskhouse.services.catalogue import names
from taskhouse.services.catalogue.tables import check_list, require_schema
from taskhouse.services.world import Caller, World

MAX_RESOURCES = 256


def get(world: World, caller: Caller, project: str, schema: str, name: str, action: str = "Read") -> Function:
    """Raises `Fault`: NO_SUCH_OBJECT, NO_PERMISSION."""
    found = world.catalogue.function(project, schema, name.lower())
    if found is None:
        require_schema(world, project, schema)
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Function not found - '{name}'")
    check(world, caller, action, function_target(project, schema, found.name), found.owner)
    return found


def page(
    world: World,
    caller: Caller,
    project: str,
    schema: str,
    *,
    prefix: str = "",
    owner: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Page[Function]:
    require_schema(world, project, schema)
    check_list(world, caller, project, schema)
    return world.catalogue.functions(
        project,
        schema,
        prefix=prefix.lower(),
        owner=owner,
        marker=marker,
        limit=min(max(limit, 1), world.limits.page_items),
    )


def create(
    world: World,
    caller: Caller,
    project: str,
    schema: str,
    name: str,
    class_name: str,
    resources: Iterable[str],
    *,
    or_replace: bool = False,
) -> Function:
    """Raises `Fault`: OBJECT_EXISTS, NO_SUCH_OBJECT for a resource that does not exist, INVALID_ARGUMENT, NO_PERMISSION."""
    require_schema(world, project, schema)
    parent = project_target(project) if schema == DEFAULT_SCHEMA else schema_target(project, schema)
    check(world, caller, "CreateFunction", parent)
    now = world.clock.now()
    function = Function(
        project=project,
        schema=schema,
        name=names.object_name(name, "function"),
        class_name=_class_name(class_name),
        resources=_resources(world, project, schema, resources),
        owner=caller.user,
        created_at=now,
        modified_at=now,
    )
    existing = world.catalogue.function(project, schema, function.name) if or_replace else None
    if existing is None:
        world.catalogue.create_function(function)
        return function
    check(world, caller, "Write", function_target(project, schema, existing.name), existing.owner)
    function = replace(function, owner=existing.owner, created_at=existing.created_at)
    world.catalogue.replace_function(function)
    return function


def change(
    world: World, caller: Caller, project: str, schema: str, name: str, class_name: str, resources: Iterable[str]
) -> Function:
    """Another class or other resources."""
    found = get(world, caller, project, schema, name, "Write")
    changed = replace(
        found,
        class_name=_class_name(class_name),
        resources=_resources(world, project, schema, resources),
        modified_at=world.clock.now(),
    )
    world.catalogue.replace_function(changed)
    return changed


def change_owner(world: World, caller: Caller, project: str, schema: str, name: str, owner: str) -> Function:
    """By the owner or an administrator of the project. Raises `Fault` NO_SUCH_OBJECT for an unknown user."""
    found = get(world, caller, project, schema, name)
    if caller.user != found.owner:
        check_project_admin(world, caller, project)
    user = world.access.user(user_name(owner))
    if user is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"User not found - '{owner}'")
    changed = replace(found, owner=user.name, modified_at=world.clock.now())
    world.catalogue.replace_function(changed)
    return changed


def drop(world: World, caller: Caller, project: str, schema: str, name: str) -> None:
    found = get(world, caller, project, schema, name, "Delete")
    world.catalogue.drop_function(project, schema, found.name)
    target = function_target(project, schema, found.name)
    world.access.forget_object(project, target.kind.value, target.object_name)


def _class_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 512 or any(ord(char) < 32 for char in name):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a class name; write module.Class")
    return name


def _resources(world: World, project: str, schema: str, given: Iterable[str]) -> tuple[str, ...]:
    """The names as given, each of which must exist: `r`, `p/resources/r` or `p/schemas/s/resources/r`."""
    texts = tuple(text.strip() for text in given if text.strip())
    if len(texts) > MAX_RESOURCES:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"a function uses at most {MAX_RESOURCES} resources")
    wanted = [locate(text, project, schema) for text in texts]
    found = world.catalogue.find_resources(wanted)
    for text, key in zip(texts, wanted, strict=True):
        if key not in found:
            raise Fault(FaultCode.NO_SUCH_OBJECT, f"Resource not found - '{text}'")
    return texts


def locate(text: str, project: str, schema: str) -> tuple[str, str, str]:
    """`(project, schema, name)` of a resource's name, which may be full. Raises `Fault` (InvalidArgument)."""
    parts = text.split("/")
    match parts:
        case [name]:
            return project, schema, name
        case [other, "resources", name]:
            return other.lower(), DEFAULT_SCHEMA, name
        case [other, "schemas", within, "resources", name]:
            return other.lower(), within.lower(), name
        case _:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a resource name")
