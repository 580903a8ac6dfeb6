"""From the words of an operation, as consoles, the command line and programs send them, to the domain's request.

An operation is a name, one or several targets, and options. The names of batches belong to several targets, as do the plain names of what
can be asked of a selection: `STOP` with three instances is the batch stop. Options that an operation does not have are errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import TypeVar

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.operations.request import (
    Batch,
    BatchOperation,
    CodeChoice,
    DownstreamScope,
    ForceRerunCurrent,
    ForceRerunDownstream,
    ModifyPriority,
    Pause,
    RemoveUpstream,
    Request,
    Rerun,
    RerunDownstream,
    Resume,
    SetSuccess,
    StartMode,
    Stop,
    SuccessScope,
    Target,
)
from taskhouse.domain.recurring import Priority
from taskhouse.domain.transitions import Operation
from taskhouse.ports.recurring_store import Perspective

E = TypeVar("E", bound=Enum)

MAX_BATCH = 10_000
"""Instances in one batch."""

_BATCHES: Mapping[str, BatchOperation] = {each.value: each for each in BatchOperation}
_OF_SEVERAL: Mapping[str, BatchOperation] = {
    Operation.RERUN.value: BatchOperation.RERUN_FINAL,
    Operation.FORCE_RERUN_CURRENT.value: BatchOperation.FORCE_RERUN,
}
"""What a plain operation is when it is asked of several instances, where the names differ."""
NAMES: tuple[str, ...] = tuple(dict.fromkeys([*(each.value for each in Operation), *_BATCHES]))

PRIORITIES: Mapping[str, Priority] = {
    **{priority.name: priority for priority in Priority},
    "MEDIUM": Priority.MIDDLE,
}

REWRITING = frozenset(
    {
        Operation.RERUN,
        Operation.RERUN_DOWNSTREAM,
        Operation.FORCE_RERUN_CURRENT,
        Operation.FORCE_RERUN_DOWNSTREAM,
    }
)
"""Operations that write data: they are confirmed with the digest of what was shown (D-20)."""
REWRITING_BATCHES = frozenset({BatchOperation.RERUN_FAILED, BatchOperation.RERUN_FINAL, BatchOperation.FORCE_RERUN})


@dataclass(frozen=True, slots=True)
class Options:
    """What was chosen in the dialog; None where nothing was said. `scope` is a `DownstreamScope` or a `SuccessScope`, by operation;
    `upstream` are ids of instances, 0 for the root."""

    code: str | None = None
    start_mode: str | None = None
    scope: str | None = None
    members: tuple[Target, ...] | None = None
    include_start: bool | None = None
    exclude_forbidden: bool | None = None
    upstream: tuple[int, ...] | None = None
    priority: str | None = None


_ALLOWED: Mapping[str, frozenset[str]] = {
    "RERUN": frozenset({"code"}),
    "FORCE_RERUN_CURRENT": frozenset({"code"}),
    "RERUN_DOWNSTREAM": frozenset({"code", "start_mode", "scope", "members", "include_start", "exclude_forbidden"}),
    "FORCE_RERUN_DOWNSTREAM": frozenset({"code", "start_mode", "scope", "members", "exclude_forbidden"}),
    "SET_SUCCESS": frozenset({"scope"}),
    "REMOVE_UPSTREAM": frozenset({"upstream"}),
    "MODIFY_PRIORITY": frozenset({"priority"}),
    "RERUN_ALL_FAILED": frozenset({"code"}),
    "RERUN_ALL_FINAL": frozenset({"code"}),
    "FORCE_RERUN_ALL": frozenset({"code"}),
}


def is_batch(operation: str, targets: int) -> bool:
    """Whether the words ask for a batch: the name of one, or several targets."""
    return targets > 1 or (operation in _BATCHES and operation not in {each.value for each in Operation})


def to_request(
    operation: str, targets: Sequence[Target], options: Options, *, batch: bool | None = None
) -> Request | Batch:
    """`batch` True makes it one also with a single target. Raises `Fault` (InvalidArgument) that names what is wrong."""
    if operation not in NAMES:
        raise _wrong(f"there is no operation '{operation}'; there are {', '.join(NAMES)}")
    if not targets:
        raise _wrong(f"{operation} needs a target: an instance")
    _check_options(operation, options)
    if batch or is_batch(operation, len(targets)):
        return _batch(operation, targets, options)
    return _single(Operation(operation), targets[0], options)


def perspective_of(request: Request | Batch) -> Perspective:
    """What a request looks like when nobody says from which page it comes."""
    if isinstance(request, Batch):
        return Perspective.BATCH
    if isinstance(request, RemoveUpstream | ModifyPriority) or request.target.fields is None:
        return Perspective.TABLE
    return Perspective.FIELD


def instance_of(request: Request) -> int:
    """The instance that the request starts from."""
    if isinstance(request, RemoveUpstream | ModifyPriority):
        return request.instance
    return request.target.instance


def needs_digest(request: Request | Batch) -> bool:
    if isinstance(request, Batch):
        return request.operation in REWRITING_BATCHES
    return isinstance(request, Rerun | RerunDownstream | ForceRerunCurrent | ForceRerunDownstream)


def reaches_downstream(request: Request | Batch) -> bool:
    """Whether the whole downstream must be known to decide, not only the data timestamp of the target."""
    return isinstance(request, RerunDownstream | ForceRerunDownstream)


def _single(operation: Operation, target: Target, options: Options) -> Request:
    code = _word(CodeChoice, "code", options.code, CodeChoice.CURRENT)
    match operation:
        case Operation.RERUN:
            return Rerun(target, code)
        case Operation.FORCE_RERUN_CURRENT:
            return ForceRerunCurrent(target, code)
        case Operation.RERUN_DOWNSTREAM:
            return RerunDownstream(
                target,
                _word(StartMode, "start_mode", options.start_mode, StartMode.NORMAL),
                _downstream_scope(options, DownstreamScope.FAILED, tuple(DownstreamScope)),
                options.members or (),
                options.include_start is not False,
                bool(options.exclude_forbidden),
                code,
            )
        case Operation.FORCE_RERUN_DOWNSTREAM:
            return ForceRerunDownstream(
                target,
                _word(StartMode, "start_mode", options.start_mode, StartMode.NORMAL),
                _downstream_scope(options, DownstreamScope.ALL, (DownstreamScope.ALL, DownstreamScope.CUSTOM)),
                options.members or (),
                bool(options.exclude_forbidden),
                code,
            )
        case Operation.STOP:
            return Stop(target)
        case Operation.PAUSE:
            return Pause(target)
        case Operation.RESUME:
            return Resume(target)
        case Operation.SET_SUCCESS:
            return SetSuccess(target, _success_scope(target, options))
        case Operation.REMOVE_UPSTREAM:
            _check_whole(operation, target)
            if options.upstream is None:
                raise _wrong("REMOVE_UPSTREAM needs the option 'upstream': ids of upstream instances")
            return RemoveUpstream(target.instance, options.upstream)
        case Operation.MODIFY_PRIORITY:
            _check_whole(operation, target)
            return ModifyPriority(target.instance, _priority(options))


def _batch(operation: str, targets: Sequence[Target], options: Options) -> Batch:
    kind = _BATCHES.get(operation) or _OF_SEVERAL.get(operation)
    if kind is None:
        raise _wrong(f"{operation} takes one instance as target, not {len(targets)}")
    if len(targets) > MAX_BATCH:
        raise _wrong(f"a batch takes at most {MAX_BATCH} instances, not {len(targets)}")
    with_fields = next((target for target in targets if target.fields is not None), None)
    if with_fields is not None:
        raise _wrong(
            f"a batch takes whole instances; fields of instance {with_fields.instance} are operated with it alone as target"
        )
    scope = _word(SuccessScope, "scope", options.scope, SuccessScope.FAILED_AND_NOT_RUN)
    if scope is SuccessScope.CUSTOM:
        raise _wrong("a batch takes whole instances; the scope CUSTOM, which takes fields, is for one instance")
    return Batch(
        kind,
        tuple(target.instance for target in targets),
        _priority(options) if kind is BatchOperation.MODIFY_PRIORITY else None,
        _word(CodeChoice, "code", options.code, CodeChoice.CURRENT),
        scope,
    )


def _check_options(operation: str, options: Options) -> None:
    allowed = _ALLOWED.get(operation, frozenset())
    for each in fields(Options):
        if getattr(options, each.name) is not None and each.name not in allowed:
            there = f"it has {', '.join(sorted(allowed))}" if allowed else "it has none"
            raise _wrong(f"{operation} has no option '{each.name}'; {there}")


def _check_whole(operation: Operation, target: Target) -> None:
    if target.fields is not None:
        raise _wrong(f"{operation.value} is for whole instances and takes no fields")


def _downstream_scope(
    options: Options, default: DownstreamScope, allowed: Sequence[DownstreamScope]
) -> DownstreamScope:
    if options.members and options.scope is None:
        return DownstreamScope.CUSTOM
    scope = _word(DownstreamScope, "scope", options.scope, default)
    if scope not in allowed:
        raise _wrong(f"option 'scope': {scope.value} is not one of {', '.join(each.value for each in allowed)}")
    if options.members and scope is not DownstreamScope.CUSTOM:
        raise _wrong(f"option 'members' belongs to the scope CUSTOM, not to {scope.value}")
    if scope is DownstreamScope.CUSTOM and not options.members:
        raise _wrong("the scope CUSTOM needs the option 'members': the instances downstream that are meant")
    return scope


def _success_scope(target: Target, options: Options) -> SuccessScope:
    default = SuccessScope.FAILED_AND_NOT_RUN if target.fields is None else SuccessScope.CUSTOM
    scope = _word(SuccessScope, "scope", options.scope, default)
    if (scope is SuccessScope.CUSTOM) is (target.fields is None):
        raise _wrong("the scope CUSTOM of SET_SUCCESS takes the target's fields; the other scopes take none")
    return scope


def _priority(options: Options) -> Priority:
    if options.priority is None:
        raise _wrong("MODIFY_PRIORITY needs the option 'priority'")
    found = PRIORITIES.get(options.priority.upper())
    if found is None:
        raise _wrong(f"option 'priority': '{options.priority}' is not one of {', '.join(PRIORITIES)}")
    return found


def _word(kind: type[E], option: str, given: str | None, default: E) -> E:
    if given is None:
        return default
    for each in kind:
        if each.value == given.upper():
            return each
    raise _wrong(f"option '{option}': '{given}' is not one of {', '.join(str(each.value) for each in kind)}")


def _wrong(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, message)
