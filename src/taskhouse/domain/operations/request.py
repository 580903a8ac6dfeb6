"""Operations as they are asked for: plain values, one class a family, the same for console, CLI, API and simulator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from taskhouse.domain.recurring import Priority


@dataclass(frozen=True, slots=True)
class Target:
    """An instance by id and the fields meant, by name; None is the entire table (and the only form for a script)."""

    instance: int
    fields: tuple[str, ...] | None = None


class CodeChoice(Enum):
    """Which code an attempt runs; kept with the attempt and shown (D-62)."""

    CURRENT = "CURRENT"
    AS_RAN = "AS_RAN"

    __hash__ = object.__hash__


class StartMode(Enum):
    NORMAL = "NORMAL"
    DRY_RUN = "DRY_RUN"
    """The start point is Succeeded at once, its data and times stay (D-24)."""


class DownstreamScope(Enum):
    FAILED = "ALL_FAILED_INSTANCE"
    """Fields that depend on the start and failed, with what is associated with them."""
    FINAL = "ALL_FINAL_INSTANCE"
    """The same for those that succeeded or failed."""
    ALL = "ALL_INSTANCE"
    CUSTOM = "CUSTOM"
    """The members that are listed, with what is required and associated in each."""


class SuccessScope(Enum):
    FAILED = "FAILED_FIELDS"
    NOT_RUN = "NOT_RUN_FIELDS"
    FAILED_AND_NOT_RUN = "FAILED_AND_NOT_RUN_FIELDS"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class Rerun:
    target: Target
    code: CodeChoice = CodeChoice.CURRENT


@dataclass(frozen=True, slots=True)
class ForceRerunCurrent:
    target: Target
    code: CodeChoice = CodeChoice.CURRENT


@dataclass(frozen=True, slots=True)
class RerunDownstream:
    """`members` belong to the CUSTOM scope; a member without fields means its fields that depend on the start.
    `include_start` False leaves the start point alone. `exclude_forbidden`: go on without members for which permission lacks,
    and without those reachable only through them (D-27); else they refuse the whole."""

    target: Target
    mode: StartMode = StartMode.NORMAL
    scope: DownstreamScope = DownstreamScope.FAILED
    members: tuple[Target, ...] = ()
    include_start: bool = True
    exclude_forbidden: bool = False
    code: CodeChoice = CodeChoice.CURRENT


@dataclass(frozen=True, slots=True)
class ForceRerunDownstream:
    """Quick configuration is the entire table as target and the scope ALL. Scopes are ALL and CUSTOM."""

    target: Target
    mode: StartMode = StartMode.NORMAL
    scope: DownstreamScope = DownstreamScope.ALL
    members: tuple[Target, ...] = ()
    exclude_forbidden: bool = False
    code: CodeChoice = CodeChoice.CURRENT


@dataclass(frozen=True, slots=True)
class Stop:
    target: Target


@dataclass(frozen=True, slots=True)
class SetSuccess:
    """`scope` CUSTOM takes the target's fields; the other scopes look at the whole table."""

    target: Target
    scope: SuccessScope = SuccessScope.FAILED_AND_NOT_RUN


@dataclass(frozen=True, slots=True)
class Pause:
    target: Target


@dataclass(frozen=True, slots=True)
class Resume:
    target: Target


@dataclass(frozen=True, slots=True)
class RemoveUpstream:
    """`upstream` are ids of instances; `ROOT_ID` names the root."""

    instance: int
    upstream: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModifyPriority:
    instance: int
    priority: Priority


Request = (
    Rerun
    | ForceRerunCurrent
    | RerunDownstream
    | ForceRerunDownstream
    | Stop
    | SetSuccess
    | Pause
    | Resume
    | RemoveUpstream
    | ModifyPriority
)


class BatchOperation(Enum):
    """What a selection of instances offers."""

    RERUN_FAILED = "RERUN_ALL_FAILED"
    RERUN_FINAL = "RERUN_ALL_FINAL"
    """Those in the desired state: Succeeded or Failed."""
    FORCE_RERUN = "FORCE_RERUN_ALL"
    STOP = "STOP"
    SET_SUCCESS = "SET_SUCCESS"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    MODIFY_PRIORITY = "MODIFY_PRIORITY"


@dataclass(frozen=True, slots=True)
class Batch:
    """One operation on several instances, by id. `priority` belongs to MODIFY_PRIORITY, `code` to the reruns, `scope` (not CUSTOM) to
    SET_SUCCESS."""

    operation: BatchOperation
    instances: tuple[int, ...]
    priority: Priority | None = None
    code: CodeChoice = CodeChoice.CURRENT
    scope: SuccessScope = SuccessScope.FAILED_AND_NOT_RUN
