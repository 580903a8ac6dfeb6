"""Dependencies between tasks, and which instances of the upstream task one instance waits for.

A dependency names a window of upstream scheduled times (its cycle) and which instances inside the window count (its policy).
Both are relative to the downstream instance, so a dependency stays right when the upstream's times change. "This cycle" is the run
date, "previous cycle" the run date before: generations, not the task's own period.

Every dependency is strong: Succeeded is required (D-42).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Protocol, TypeVar

from taskhouse.domain.calendar import ONE_DAY
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.graph import Digraph, find_cycle
from taskhouse.domain.schedule import Cycle


class Window(Enum):
    """The dependency cycle: where to look for upstream instances."""

    THIS = "THIS_CYCLE"
    PREVIOUS = "PREVIOUS_CYCLE"
    PREVIOUS_N = "PREVIOUS_N_CYCLES"
    LAST_24H = "LAST_24_HOURS"
    """After (due - 24 h), up to and including due."""


class Policy(Enum):
    """Which instances of the window."""

    ALL = "ALL"
    FIRST = "FIRST"
    LAST = "LAST"
    NEXT = "NEAREST_AT_OR_AFTER"
    PREVIOUS = "LAST_AT_OR_BEFORE"


class DependencySource(Enum):
    AUTO = "AUTO"
    MANUAL = "MANUAL"


_LAST_24_HOURS = timedelta(hours=24)

ROOT = ""
"""The upstream task of those that depend on nothing but the tenant's root node, which has always succeeded."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Of one task on `up_task` (`ROOT` for the root node; the task itself for a self-dependency).

    `up_fields` are the fields of a logical upstream that are read, empty for all; `down_fields` restrict who reads them, empty
    for whoever does. `n` counts run dates and belongs to `PREVIOUS_N`. A self-dependency with policy PREVIOUS means
    "my instance before this one", on the same date or the date before.
    """

    up_task: str
    window: Window = Window.THIS
    policy: Policy = Policy.ALL
    n: int = 1
    up_fields: tuple[str, ...] = ()
    down_fields: tuple[str, ...] = ()
    source: DependencySource = DependencySource.MANUAL

    def check(self, task: str) -> None:
        """Raises `Fault` (InvalidArgument) when `task` cannot have this dependency."""
        if self.up_task == task and self.window is Window.THIS:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"task '{task}' cannot depend on itself in this cycle")
        if self.window is Window.PREVIOUS_N and self.n < 1:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"'{task}' must look at least one cycle back, not {self.n}")


def default_policy(down: Cycle, up: Cycle, *, up_depends_on_itself: bool) -> Policy:
    """The policy of a dependency that was added without one (D-41)."""
    if not up.is_within_day:
        return Policy.ALL  # one instance in the window: every policy is the same
    if down.is_within_day or up_depends_on_itself:
        return Policy.NEXT
    return Policy.ALL


class Scheduled(Protocol):
    """Whatever has a scheduled time."""

    @property
    def due_at(self) -> datetime: ...


T = TypeVar("T", bound=Scheduled)


def resolve(
    dependency: Dependency,
    run_date: date,
    due_at: datetime,
    instances: Callable[[date], Sequence[T]],
    *,
    is_self: bool = False,
) -> list[T]:
    """The upstream instances that an instance of `run_date` and `due_at` waits for.

    `instances(day)` gives the upstream task's instances of a run date, ordered by scheduled time. Empty when the window
    holds none: the caller then treats the dependency as satisfied and warns (D-40). NEXT beyond the last instance of the window is
    that last instance.
    """
    found = list(_window(dependency, run_date, due_at, instances, is_self=is_self))
    match dependency.policy:
        case Policy.ALL:
            return found
        case Policy.FIRST:
            return found[:1]
        case Policy.LAST:
            return found[-1:]
        case Policy.NEXT:
            return [up for up in found if up.due_at >= due_at][:1] or found[-1:]
        case Policy.PREVIOUS:
            return [up for up in found if up.due_at <= due_at][-1:]


def _window(
    dependency: Dependency, run_date: date, due_at: datetime, instances: Callable[[date], Sequence[T]], *, is_self: bool
) -> Iterable[T]:
    yesterday = run_date - ONE_DAY
    if is_self and dependency.policy is Policy.PREVIOUS:
        return [up for day in (yesterday, run_date) for up in instances(day) if up.due_at < due_at]
    match dependency.window:
        case Window.THIS:
            return instances(run_date)
        case Window.PREVIOUS:
            return instances(yesterday)
        case Window.PREVIOUS_N:
            days = (run_date - timedelta(days=back) for back in range(dependency.n, 0, -1))
            return [up for day in days for up in instances(day)]
        case Window.LAST_24H:
            both = [up for day in (yesterday, run_date) for up in instances(day)]
            return [
                up
                for up in both
                if due_at - _LAST_24_HOURS < up.due_at <= due_at and not (is_self and up.due_at == due_at)
            ]


def dependency_cycle(tasks: Mapping[str, Iterable[Dependency]]) -> list[str]:
    """A cycle made only of this-cycle dependencies, as task names each upstream of the next; empty when there is none (D-43)."""
    names = sorted(tasks)
    place = {name: at for at, name in enumerate(names)}
    edges = [
        (place[dependency.up_task], place[name])
        for name in names
        for dependency in tasks[name]
        if dependency.window is Window.THIS and dependency.up_task in place
    ]
    return [names[at] for at in find_cycle(Digraph.from_edges(len(names), edges)) or ()]
