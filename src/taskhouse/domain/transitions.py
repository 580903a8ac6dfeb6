"""What may happen to a node instance: the transitions between statuses, and which operation each status admits.

Both are tables, because both are read by people as tables: the reference page is printed from them, the tests walk every cell,
and the simulator checks each observed change against `TRANSITIONS`. Anything that is not in a table cannot happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from taskhouse.domain.status import ACTIVE_STATUSES, CLASS_OF, WAITING_STATUSES, NodeStatus, StatusClass

_INIT, _SUBMIT, _SCHEDULE = NodeStatus.INIT, NodeStatus.WAIT_SUBMISSION, NodeStatus.WAIT_SCHEDULE
_BLOCKED, _RESOURCE = NodeStatus.DISPATCH_BLOCKED, NodeStatus.WAIT_RESOURCE
_RUNNING, _SUCCESS, _FAILED = NodeStatus.RUNNING, NodeStatus.SUCCESS, NodeStatus.FAILED


class Cause(Enum):
    """Who changed a node: every status change has one."""

    GENERATION = "generation"
    SCHEDULER = "scheduler"
    WORKER = "worker"
    RETRY = "retry"
    STOP = "stop"
    RERUN = "rerun"
    FORCE_RERUN = "force rerun"
    DRY_RUN = "dry run"
    """The start point of a rerun downstream in dry-run mode (D-24)."""
    SET_SUCCESS = "set to success"
    PAUSE = "pause"
    RESUME = "resume"
    UPSTREAM_RERUN = "upstream rerun"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Transition:
    """`sources` is empty for birth. `sets_paused` is what becomes of the flag, None when it stays as it is."""

    id: str
    sources: frozenset[NodeStatus]
    target: NodeStatus | None
    """None: the status stays."""
    cause: Cause
    guard: str
    downstream: str
    sets_paused: bool | None = None


_ANY = frozenset(NodeStatus)
_NONE: frozenset[NodeStatus] = frozenset()

TRANSITIONS: tuple[Transition, ...] = (
    Transition("T1", _NONE, _INIT, Cause.GENERATION, "", ""),
    Transition("T2", _NONE, _SUCCESS, Cause.GENERATION, "dry run of an off-cycle day", "counts as succeeded"),
    Transition(
        "T3",
        frozenset({_INIT}),
        _SCHEDULE,
        Cause.SCHEDULER,
        "not paused; every edge that is not removed comes from a succeeded node",
        "",
    ),
    Transition(
        "T4",
        WAITING_STATUSES,
        _SUCCESS,
        Cause.SCHEDULER,
        "task is scheduled as dry run; due time reached",
        "re-evaluated",
    ),
    Transition(
        "T5",
        WAITING_STATUSES,
        _FAILED,
        Cause.SCHEDULER,
        "task is scheduled to skip execution; due time reached",
        "stays not running",
    ),
    Transition(
        "T6",
        frozenset({_INIT, _SUBMIT, _SCHEDULE, _RESOURCE}),
        _BLOCKED,
        Cause.SCHEDULER,
        "due time reached; at least one matching throttling rule has no room",
        "",
    ),
    Transition(
        "T7",
        frozenset({_INIT, _SUBMIT, _SCHEDULE, _BLOCKED}),
        _RESOURCE,
        Cause.SCHEDULER,
        "all rules pass; the resource group is full",
        "",
    ),
    Transition(
        "T8",
        frozenset({_INIT, _SUBMIT, _SCHEDULE, _BLOCKED, _RESOURCE}),
        _RUNNING,
        Cause.SCHEDULER,
        "all rules pass; slot obtained; not paused; due time reached",
        "",
    ),
    Transition("T9", frozenset({_RUNNING}), _SUCCESS, Cause.WORKER, "done and strong rules pass", "re-evaluated"),
    Transition("T10", frozenset({_RUNNING}), _FAILED, Cause.WORKER, "error, timeout, lost, strong rule broken", ""),
    Transition(
        "T11",
        frozenset({_FAILED}),
        _SCHEDULE,
        Cause.RETRY,
        "attempts left; not stopped by a person; interval over; after a timeout only if enabled",
        "",
    ),
    Transition("T12", ACTIVE_STATUSES, _FAILED, Cause.STOP, "waiting or running", "stays not running", False),
    Transition("T13", frozenset({_SUCCESS, _FAILED}), _INIT, Cause.RERUN, "not in flight, not paused", "unchanged"),
    Transition("T14", _ANY, _INIT, Cause.FORCE_RERUN, "start point not paused", "unchanged until it succeeds"),
    Transition("T14d", _ANY, _SUCCESS, Cause.DRY_RUN, "start point not paused", "re-evaluated"),
    Transition("T15", frozenset({_FAILED, _INIT}), _SUCCESS, Cause.SET_SUCCESS, "", "re-evaluated", False),
    Transition(
        "T16",
        frozenset({_INIT, _SUBMIT, _SCHEDULE, _BLOCKED}),
        None,
        Cause.PAUSE,
        "not paused",
        "not scheduled while this node has not succeeded",
        True,
    ),
    Transition(
        "T17",
        frozenset({_INIT, _SUBMIT, _SCHEDULE, _BLOCKED, _RESOURCE}),
        None,
        Cause.RESUME,
        "paused",
        "re-evaluated",
        False,
    ),
    Transition(
        "T18",
        frozenset({_SUBMIT, _SCHEDULE, _BLOCKED, _RESOURCE}),
        _INIT,
        Cause.UPSTREAM_RERUN,
        "an upstream left Succeeded",
        "",
    ),
)
"""T14 also resets the members of a force rerun downstream (without flags), T14d is the dry-run start point. T6 from
WAIT_RESOURCE happens when a rule tightens; T6, T7 and T8 from INIT to a forced node, and as T3 and the next in one step to a node whose
last upstream succeeds after its due time; T4 and T5 from other waiting
statuses than WAIT_SCHEDULE when the task's schedule type changed meanwhile; WAIT_SUBMISSION counts as WAIT_SCHEDULE."""


def _legal() -> Iterator[tuple[NodeStatus | None, NodeStatus, Cause]]:
    for rule in TRANSITIONS:
        if rule.target is None:
            yield from ((source, source, rule.cause) for source in rule.sources)
        else:
            yield from ((source, rule.target, rule.cause) for source in rule.sources or (None,))


_LEGAL = frozenset(_legal())


def is_legal(source: NodeStatus | None, target: NodeStatus, cause: Cause) -> bool:
    """Whether a node may go from `source` (None: it did not exist) to `target` because of `cause`."""
    return (source, target, cause) in _LEGAL


class Operation(Enum):
    """What an operator can ask for. The value is the name in APIs, texts and the operation log."""

    RERUN = "RERUN"
    RERUN_DOWNSTREAM = "RERUN_DOWNSTREAM"
    FORCE_RERUN_CURRENT = "FORCE_RERUN_CURRENT"
    FORCE_RERUN_DOWNSTREAM = "FORCE_RERUN_DOWNSTREAM"
    STOP = "STOP"
    SET_SUCCESS = "SET_SUCCESS"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REMOVE_UPSTREAM = "REMOVE_UPSTREAM"
    MODIFY_PRIORITY = "MODIFY_PRIORITY"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of the matrix: a status and the flag, with the operations that such a node admits."""

    status: NodeStatus
    paused: bool
    allowed: frozenset[Operation]


_FORCE = {Operation.FORCE_RERUN_CURRENT, Operation.FORCE_RERUN_DOWNSTREAM}
_RERUN = {Operation.RERUN, Operation.RERUN_DOWNSTREAM}
_ALWAYS = {Operation.REMOVE_UPSTREAM, Operation.MODIFY_PRIORITY}


def _row(status: NodeStatus, *operations: Operation | set[Operation], paused: bool = False) -> MatrixRow:
    allowed = set(_ALWAYS)
    for item in operations:
        allowed |= item if isinstance(item, set) else {item}
    return MatrixRow(status, paused, frozenset(allowed))


_PAUSED_WAITING = (Operation.STOP, Operation.RESUME)

MATRIX: tuple[MatrixRow, ...] = (
    _row(_INIT, _FORCE, Operation.SET_SUCCESS, Operation.PAUSE),
    _row(_SUBMIT, _FORCE, Operation.STOP, Operation.PAUSE),
    _row(_SCHEDULE, _FORCE, Operation.STOP, Operation.PAUSE),
    _row(_BLOCKED, _FORCE, Operation.STOP, Operation.PAUSE),
    _row(_RESOURCE, _FORCE, Operation.STOP),
    _row(_RUNNING, _FORCE, Operation.STOP),
    _row(_SUCCESS, _RERUN, _FORCE),
    _row(_FAILED, _RERUN, _FORCE, Operation.SET_SUCCESS),
    _row(_INIT, Operation.SET_SUCCESS, Operation.RESUME, paused=True),
    _row(_SUBMIT, *_PAUSED_WAITING, paused=True),
    _row(_SCHEDULE, *_PAUSED_WAITING, paused=True),
    _row(_BLOCKED, *_PAUSED_WAITING, paused=True),
    _row(_RESOURCE, *_PAUSED_WAITING, paused=True),
)
"""Status x operation, per node. A running or finished node is never paused: pausing it is not allowed, and what finishes a
node clears the flag."""

_ALLOWED = {(row.status, row.paused): row.allowed for row in MATRIX}


def is_allowed(operation: Operation, status: NodeStatus, *, paused: bool) -> bool:
    """Whether a node with this status and flag admits the operation, seen by itself; guards of closures come on top."""
    return operation in _ALLOWED.get((status, paused), _ALLOWED[(status, False)])


def is_field_allowed(operation: Operation, normalised: StatusClass) -> bool:
    """Whether a field with this normalised status may be selected for an operation that looks at normalised statuses."""
    return any(operation in row.allowed for row in MATRIX if not row.paused and CLASS_OF[row.status] is normalised)
