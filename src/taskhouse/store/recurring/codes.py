"""Small integers for the words of recurring instances. A code, once given, keeps its meaning: new members go to the end.

Rows of nodes come by the hundred thousand, so their words are integers: narrow, and compared without looking at letters. Dates
are `date.toordinal()`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import Generic, TypeVar

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.node_state import RunStatus, RunTrigger
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.recurring import BizType, EdgeKind, Environment, Origin, TableKind
from taskhouse.domain.schedule import Cycle
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause

E = TypeVar("E", bound=Enum)


class Codes(Generic[E]):
    """`code[member]` and `members[code]`; the order of `members` is the code."""

    __slots__ = ("code", "members")

    def __init__(self, *members: E) -> None:
        self.members = members
        self.code = {member: code for code, member in enumerate(members)}

    def all_of(self, members: Iterable[E]) -> list[int]:
        return sorted(self.code[member] for member in members)

    def optional(self, member: E | None) -> int | None:
        return None if member is None else self.code[member]

    def member(self, code: int | None) -> E | None:
        return None if code is None else self.members[code]


ENVIRONMENT = Codes(Environment.PROD, Environment.DEV)
ORIGIN = Codes(Origin.RECURRING, Origin.BACKFILL, Origin.ONE_TIME, Origin.MANUAL)
BIZ_TYPE = Codes(BizType.SCRIPT, BizType.LOGICAL_TABLE)
KIND = Codes(TableKind.DIMENSION, TableKind.FACT, TableKind.AGGREGATE)
CYCLE = Codes(Cycle.MINUTE, Cycle.HOUR, Cycle.DAY, Cycle.WEEK, Cycle.MONTH, Cycle.YEAR)
EDGE = Codes(EdgeKind.SAME, EdgeKind.CROSS, EdgeKind.SELF, EdgeKind.INTERNAL, EdgeKind.ROOT)
STATUS = Codes(
    NodeStatus.INIT,
    NodeStatus.WAIT_SUBMISSION,
    NodeStatus.WAIT_SCHEDULE,
    NodeStatus.DISPATCH_BLOCKED,
    NodeStatus.WAIT_RESOURCE,
    NodeStatus.RUNNING,
    NodeStatus.SUCCESS,
    NodeStatus.FAILED,
)
FIRST_FINAL = STATUS.code[NodeStatus.SUCCESS]
"""Statuses from this code on are final."""
REASON = Codes(
    FailReason.ERROR,
    FailReason.TIMEOUT,
    FailReason.LOST,
    FailReason.STOPPED,
    FailReason.QUALITY_STRONG,
    FailReason.SKIPPED,
)
TRIGGER = Codes(
    RunTrigger.SCHEDULE,
    RunTrigger.RERUN,
    RunTrigger.FORCE,
    RunTrigger.RETRY,
    RunTrigger.BACKFILL,
    RunTrigger.DRY,
    RunTrigger.MANUAL_SUCCESS,
)
RUN_STATUS = Codes(RunStatus.RUNNING, RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED)
CODE = Codes(*CodeChoice)
CAUSE = Codes(
    Cause.GENERATION,
    Cause.SCHEDULER,
    Cause.WORKER,
    Cause.RETRY,
    Cause.STOP,
    Cause.RERUN,
    Cause.FORCE_RERUN,
    Cause.DRY_RUN,
    Cause.SET_SUCCESS,
    Cause.PAUSE,
    Cause.RESUME,
    Cause.UPSTREAM_RERUN,
)

PAUSED, SKIP_CHECKS, RELEASED = 1, 2, 4
"""Bits of a node's flags."""

FORCED, MANUAL_SUCCESS, UPSTREAM_REMOVED = 1, 2, 4
"""Bits of an instance's marks."""


def day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
