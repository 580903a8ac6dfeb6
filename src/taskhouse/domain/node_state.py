"""The changing part of a node instance and its runs, as values; every change is a compare-and-set of one whole row.

A decision computes the row that a node shall have. The store writes it if the row still has the `lock_version` that the decision saw,
and with it, in the same transaction, the run that begins or ends and the transition for the history. So no rule lives
in a store, and two schedulers cannot both win.

A *run* is one entry of a node's run log. Its `serial` grows with every entry and is the fencing token: an outcome counts only while its
run is the node's live one. Real attempts carry a `number`, too; dry runs and statuses set by hand are runs but no attempts (D-24).
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.status import FINAL_STATUSES, NodeStatus
from taskhouse.domain.transitions import Cause


class RunTrigger(Enum):
    """Why a run was begun."""

    SCHEDULE = "SCHED"
    RERUN = "RERUN"
    FORCE = "FORCE"
    RETRY = "RETRY"
    BACKFILL = "BACKFILL"
    DRY = "DRY"
    MANUAL_SUCCESS = "MANUAL_SUCCESS"

    __hash__ = object.__hash__  # Enum's own is a Python call, and stores look up each member that they write


class RunStatus(Enum):
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    """Superseded by a forced rerun; its outcome does not count."""

    __hash__ = object.__hash__


class NodeState(NamedTuple):
    """Of one node instance.

    `skip_checks`: the coming or live attempt is a forced one. `released`: in the development environment, somebody asked for it to run.
    `attempt` counts real attempts; `retried` those of them that were retries since the last operation. `run` is the serial of
    the live or latest run. `cancelling_until`: a run was cancelled and has not acknowledged; at this time it counts as ended. `owner` is
    the scheduler that holds the live run, empty without one. `started_at` and `ended_at` are those of the latest real attempt.
    `since`: when the present status was entered. `trigger` and `code` are what the next attempt will be recorded with.
    """

    id: int
    status: NodeStatus = NodeStatus.INIT
    lock_version: int = 0
    paused: bool = False
    skip_checks: bool = False
    released: bool = True
    attempt: int = 0
    retried: int = 0
    retry_at: datetime | None = None
    reason: FailReason | None = None
    run: int = 0
    cancelling_until: datetime | None = None
    owner: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    since: datetime | None = None
    trigger: RunTrigger = RunTrigger.SCHEDULE
    code: CodeChoice = CodeChoice.CURRENT

    @property
    def has_live_run(self) -> bool:
        """Whether an attempt holds a slot and may record an outcome."""
        return self.status is NodeStatus.RUNNING

    @property
    def may_move(self) -> bool:
        """Whether a scheduler may have something to do with it, now or later, without anybody's asking."""
        if self.retry_at is not None or self.cancelling_until is not None:
            return True
        return self.released and self.status not in FINAL_STATUSES


class Run(NamedTuple):
    """An entry of a node's run log. `number` is the attempt's, 0 for what is no attempt. `task_instance` is the id of the task
    instance that did the work (its log and Logview), empty until it is known. `version` is that of the task's publication whose
    code ran; `parameters` what its parameters were resolved to, as JSON text."""

    node: int
    serial: int
    number: int
    trigger: RunTrigger
    status: RunStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: FailReason | None = None
    message: str = ""
    owner: str = ""
    task_instance: str = ""
    version: int = 0
    code: CodeChoice = CodeChoice.CURRENT
    parameters: str = ""


class RunOutcome(NamedTuple):
    """How a real attempt ended, as its executor tells it; it counts only for the run (`node`, `serial`). `reason` None: it succeeded.
    `cancelled`: it ended because somebody asked for it, which acknowledges a cancellation. `message` is for people. `ended_at` None: just
    now."""

    node: int
    serial: int
    reason: FailReason | None = None
    message: str = ""
    cancelled: bool = False
    task_instance: str = ""
    ended_at: datetime | None = None


class Transition(NamedTuple):
    """One line of a node's history, from which waiting times are read. `operation` is the id of the operation-log entry that
    caused it, 0 for none."""

    node: int
    at: datetime
    source: NodeStatus | None
    target: NodeStatus
    cause: Cause
    run: int = 0
    operation: int = 0


class NodeWrite(NamedTuple):
    """`after` replaces the row of node `after.id` whose lock version is `expected`; it carries `expected + 1`. `runs` are inserted,
    or replace those with the same serial; a replacing run's empty `task_instance` and `parameters` and its `version` 0 keep what is
    stored (they were written by others). `transitions` are in order; empty when only flags change. Without runs, what `after` says of
    attempts (`attempt`, `run`, `started_at`, `ended_at`) is as it was."""

    expected: int
    after: NodeState
    runs: tuple[Run, ...] = ()
    transitions: tuple[Transition, ...] = ()
