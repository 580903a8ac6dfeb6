"""The check before an action. It reads rules that are kept in memory, so it costs no query while nothing changes them."""

from __future__ import annotations

from taskhouse.domain.access import Target, project_target
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.world import Caller, World


def permits(world: World, caller: Caller, action: str, target: Target, creator: str = "") -> bool:
    """Whether `caller` may do `action` (a privilege's name: `Select`, `CreateInstance`) to `target`; `creator` is the
    user who made the object, if it exists. A bearer token must allow it too."""
    if not caller.user:
        return False
    if caller.token_scope is not None and not caller.token_scope.allows(caller.user, f"odps:{action}", target.text):
        return False
    if caller.is_admin:
        return True
    return world.access.rules(target.project).permits(caller.user, action, target, creator)


def check(world: World, caller: Caller, action: str, target: Target, creator: str = "") -> None:
    """Raises `Fault` (NoPermission) unless `permits`."""
    if not permits(world, caller, action, target, creator):
        raise Fault(
            FaultCode.NO_PERMISSION,
            f"Authorization Failed [4019], You have NO privilege 'odps:{action}' on {{{target.text}}}. Context ID: {caller.user or 'anonymous'}",
        )


def check_project_admin(world: World, caller: Caller, project: str) -> None:
    """For the project's owner, its administrators and those of the server; never with a bearer token.
    Raises `Fault` (NoPermission)."""
    trusted = bool(caller.user) and caller.token_scope is None
    if trusted and (caller.is_admin or world.access.rules(project).is_admin(caller.user)):
        return
    raise Fault(
        FaultCode.NO_PERMISSION,
        f"Authorization Failed [4003], only administrators of the project may do this on {{{project_target(project).text}}}",
    )


def check_server_admin(caller: Caller) -> None:
    """Raises `Fault` (NoPermission)."""
    if not caller.is_admin or caller.token_scope is not None:
        raise Fault(FaultCode.NO_PERMISSION, "only administrators of the server may do this")
