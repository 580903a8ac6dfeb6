"""Task instances: the queue, attempts and their outcomes, results and progress.

The store is the authority on who may do what: a runner's attempt is live as long as its number is the task's, the
task is Running, and nobody stopped the instance. Every verb that changes something checks that in its own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from taskhouse.domain.instance import Attempt, Instance, InstanceFilter, InstanceStatus, Outcome, Stage
from taskhouse.domain.paging import Page


class StoreClosedError(RuntimeError):
    """The metadata store was closed: the server is ending."""


class StoreUnusableError(RuntimeError):
    """The metadata store cannot be opened or does not fit; the message names the file and why."""


class NewerSchemaError(StoreUnusableError):
    """It was made by a newer version of Taskhouse."""


@dataclass(frozen=True, slots=True)
class CommitIntent:
    """What an attempt is about to make visible, recorded before it does: `payload` is a JSON document that recovery reads
    (table ids, staged files). `step` numbers the statements of a task. `last`: nothing is left to run after it,
    so that when the commit is found done, the task succeeded. `outcome` is then what to record."""

    step: int
    payload: str
    last: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """`accepted` is False when the attempt was not live any more: nothing was written. `next` is the following task of the
    instance, begun in the same transaction."""

    accepted: bool
    next: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Orphan:
    """An attempt that was Running when its server ended, with the intent it had recorded, if any."""

    attempt: Attempt
    project: str
    intent: CommitIntent | None


class InstanceStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument."""

    def submit(self, instance: Instance, children: Sequence[Instance] = (), *, max_queued: int) -> Instance:
        """Queue a new instance, Suspended with Waiting tasks, and with it the sub-instances that it plans (their `parent_id` is its id).
        Returns what is stored: for a `guid` that the same owner used in the same project before, the first instance.
        Raises `Fault` FLOW_EXCEEDED when `max_queued` instances wait already."""
        ...

    def submitted(self, project: str, owner: str, guid: str) -> Instance | None:
        """The instance that `owner` submitted in the project with this `guid`, if any."""
        ...

    def get(self, project: str | None, instance_id: str) -> Instance | None:
        """The whole instance, source, results and stages included. `project` None: of whatever project."""
        ...

    def head(self, project: str, instance_id: str) -> Instance | None:
        """As in `page`: without source, task bodies, settings, results, stages and summaries."""
        ...

    def page(self, project: str, filter: InstanceFilter, marker: str, limit: int) -> Page[Instance]:
        """Heads of instances, newest first. Raises `Fault` INVALID_PARAMETER for a marker that no page returned."""
        ...

    def beginnings(self, ids: Sequence[str], characters: int) -> Mapping[str, str]:
        """Instance's id -> how the text of its first task begins."""
        ...

    def children(self, instance_id: str) -> tuple[Instance, ...]:
        """Heads of the sub-instances that an instance planned, in the order planned."""
        ...

    def counts(self) -> Mapping[InstanceStatus, int]:
        """How many instances wait and run now; Terminated ones are not counted."""
        ...

    def claim_next(self, now: datetime) -> Attempt | None:
        """Begin the first waiting instance: priority 0 before 9, then in order of submission. Sub-instances are not among them,
        whoever runs their parent claims them."""
        ...

    def claim(self, instance_id: str, now: datetime) -> Attempt | None:
        """Begin this instance if it still waits."""
        ...

    def is_live(self, attempt: Attempt) -> bool: ...

    def begin_commit(self, attempt: Attempt, intent: CommitIntent) -> bool:
        """Record the intent and enter the phase in which a stop waits for the outcome. False: the attempt is not live, nothing may
        become visible."""
        ...

    def end_commit(self, attempt: Attempt) -> bool:
        """The intent was carried out or given up; the attempt goes on. False when a stop was asked for meanwhile: the
        runner does nothing more and records the outcome Cancelled."""
        ...

    def record_outcome(self, attempt: Attempt, outcome: Outcome, now: datetime) -> Recorded:
        """End the attempt's task, cancel the later tasks if it did not succeed, begin the next one if it did, and end the instance
        after the last. A stop that waited for a commit takes effect here. When it did not succeed, planned sub-instances that have not
        ended are stopped, too: nobody would run them any more."""
        ...

    def record_progress(self, attempt: Attempt, stages: Sequence[Stage]) -> None:
        """Keep the latest stages of a running attempt, in case the server dies. Not durable at once; ignored when not live."""
        ...

    def stop(self, instance_id: str, now: datetime) -> InstanceStatus | None:
        """Cancel what has not ended, sub-instances included. Returns the status after it: Terminated when stopped now, Running
        when a commit is under way and decides first. None when the instance had ended before."""
        ...

    def orphans(self) -> tuple[Orphan, ...]:
        """All attempts that are Running. Asked when a server starts, before it runs anything."""
        ...

    def put_info(self, instance_id: str, index: int, key: str, value: str) -> None:
        """Attach a note of the client to a task (`PUT ?info`)."""
        ...

    def info(self, instance_id: str, index: int, key: str) -> str | None: ...

    def forget_before(self, time: datetime, limit: int) -> tuple[int, tuple[str, ...]]:
        """Delete up to `limit` instances that ended before `time`. Returns how many, and the names of their result files, which
        the caller deletes."""
        ...
