"""Who carries out the attempts of node instances.

A scheduler writes that an attempt begins, then gives the order; the executor carries it out in its own time and tells the outcome
once. Orders are idempotent: the pair (node, serial) names an attempt for good, and an order given twice is one attempt. So a
scheduler that takes over a run may ask what became of it, and order it again when nobody knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple, Protocol

from taskhouse.domain.node_state import Run, RunOutcome
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.published import ProgramKind
from taskhouse.domain.recurring import Environment, Priority


class AttemptOrder(NamedTuple):
    """One real attempt. `node` and `serial` name it. `version` and `parameters` are what `prepare` gave (and what the run's record
    holds). `node_id` and `task` are the published ones, `generated` the version of the task that the instance was generated
    with, `instance` the id of the (first) recurring instance that the node belongs to. `due_at` and `bizdate` are the instance's."""

    node: int
    serial: int
    number: int
    environment: Environment
    node_id: str
    task: str
    generated: int
    kind: ProgramKind
    instance: int
    bizdate: date
    due_at: datetime
    code: CodeChoice = CodeChoice.CURRENT
    priority: Priority = Priority.MIDDLE
    version: int = 0
    parameters: str = ""
    owner: str = ""
    """The scheduler that gives the order and answers for the run."""


class Prepared(NamedTuple):
    """What an attempt will run. `outcome` is set when it is known beforehand: a virtual node succeeds, code that cannot be filled in
    fails. Such an order is not started, and holds no slot."""

    version: int = 0
    parameters: str = ""
    outcome: RunOutcome | None = None


class Found(Enum):
    """What an executor knows of a run that it is asked about."""

    RUNNING = "RUNNING"
    """Under way; from now on its outcome comes by `poll`."""
    UNKNOWN = "UNKNOWN"
    """It never reached the executor: ordering it is safe."""


class Executor(Protocol):
    """Safe from several threads. Nothing blocks for longer than a store's transaction."""

    def holds_slot(self, kind: ProgramKind) -> bool:
        """Whether attempts of this kind take a slot of their resource group; those that do not start whatever is occupied."""
        ...

    def prepare(self, orders: Sequence[AttemptOrder]) -> Sequence[Prepared]:
        """Resolve what the attempts will run, before their start is written. Changes nothing; never raises for what an order holds."""
        ...

    def start(self, orders: Sequence[AttemptOrder]) -> None:
        """Carry out; each outcome comes by `poll`, a failure to begin, too. What is not a live run any more (`set_task_instance` says
        so) is stopped at once, and what another scheduler answers for by now is left alone: the order came too late."""
        ...

    def cancel(self, run: Run) -> bool:
        """Ask an attempt to end; the acknowledgement is its outcome, which comes by `poll`. True when nothing of it runs (any
        more): that is the acknowledgement."""
        ...

    def find(self, run: Run) -> RunOutcome | Found:
        """What became of a run that was ordered by another scheduler, or long ago."""
        ...

    def poll(self) -> Sequence[RunOutcome]:
        """Outcomes since the last call, each given once."""
        ...

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` (quick, from any thread) when `poll` has something; returns a function that ends the watch."""
        ...
