"""When a node instance may run: upstream, then scheduled time, then throttling, then resources, in this order.

The scheduler keeps the queues and the clock; here is only what it asks. `next_step` looks at one node by itself, `dispatch` gives
out what room there is among those that are ready: by effective priority, then scheduled time, then data timestamp, then id,
strictly so inside a resource group and without preemption. Who is held back by a throttling rule holds back nobody whom the rule
does not concern (D-44).

Occupancy is always counted from live attempts, never kept in a counter that somebody must decrement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from enum import Enum

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.recurring import BizType, Environment, Origin, Priority
from taskhouse.domain.schedule import ScheduleType
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass

SHARED_GROUP = "shared"
"""The built-in resource group, which logical tables always use (D-46)."""
SHARED_SLOTS = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node instance as the scheduler sees it. `upstream_met`: every edge that is not removed comes from a succeeded node.

    `skip_checks` are the flags of a forced attempt; `inner_met` then says that nodes of its own table which it reads and which are
    forced along have succeeded (`Snapshot.unmet_inner`). `retry_at` is set on a failed node that will be tried again. `cancelling`: an
    earlier attempt was cancelled and has not acknowledged it. `awaits_trigger`: the node also needs an external request that has not
    come. `schedule_type` is the task's; an instance of a day that is not the task's is DRY_RUN whatever its task is, so that a rerun
    on that day stays one. Forcing skips upstream and time, not this.
    """

    node: int
    status: NodeStatus
    due_at: datetime
    bizdate: date
    upstream_met: bool
    priority: Priority = Priority.MIDDLE
    paused: bool = False
    skip_checks: bool = False
    inner_met: bool = True
    cancelling: bool = False
    awaits_trigger: bool = False
    retry_at: datetime | None = None
    schedule_type: ScheduleType = ScheduleType.NORMAL
    group: str = SHARED_GROUP
    project: str = ""
    environment: Environment = Environment.PROD
    origin: Origin = Origin.RECURRING
    biz_type: BizType = BizType.LOGICAL_TABLE


class Step(Enum):
    """What the scheduler should do with a node now."""

    NOTHING = "nothing"
    WAIT_FOR_TIME = "wait for scheduled time"
    """Not Running -> Waiting for Scheduled Time; look again at the due time."""
    SEND_BACK = "back to not running"
    """Waiting, but something upstream is not Succeeded any more (D-09)."""
    DRY_RUN = "succeed without running"
    SKIP = "fail without running"
    RETRY = "wait again after a failure"
    QUEUE = "ask for room"
    """Ready: throttling and resources decide."""


def next_step(node: Candidate, now: datetime) -> Step:
    """What follows from the node's own state, upstream and the clock. Applied again and again it comes to rest."""
    cls = CLASS_OF[node.status]
    if cls is StatusClass.FAILED:
        return Step.RETRY if node.retry_at is not None and node.retry_at <= now else Step.NOTHING
    if cls not in (StatusClass.NOT_RUNNING, StatusClass.WAITING):
        return Step.NOTHING
    if not (node.upstream_met or node.skip_checks):
        return Step.SEND_BACK if cls is StatusClass.WAITING else Step.NOTHING
    if node.paused:
        return Step.NOTHING
    if node.due_at > now and not node.skip_checks:
        return Step.WAIT_FOR_TIME if cls is StatusClass.NOT_RUNNING else Step.NOTHING
    if node.schedule_type is not ScheduleType.NORMAL:
        if cls is StatusClass.NOT_RUNNING:
            return Step.WAIT_FOR_TIME
        return Step.DRY_RUN if node.schedule_type is ScheduleType.DRY_RUN else Step.SKIP
    if node.skip_checks and not node.inner_met:
        return Step.NOTHING
    if node.cancelling or node.awaits_trigger:
        return Step.WAIT_FOR_TIME if cls is StatusClass.NOT_RUNNING else Step.NOTHING
    return Step.QUEUE


def queue_key(node: Candidate) -> tuple[int, datetime, date, int]:
    """Sorts a queue: who comes first is least."""
    return (-node.priority, node.due_at, node.bizdate, node.node)


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """At most `max_running` matching nodes run at once, 1 to 10,000, always or in a daily window of wall-clock time (D-45).

    Conditions left empty match everything; `not_in` and `negated` turn one round. A window whose end is not after its beginning
    goes over midnight.
    """

    name: str
    max_running: int
    environment: Environment = Environment.PROD
    projects: frozenset[str] = frozenset()
    projects_not_in: bool = False
    origins: frozenset[Origin] = frozenset()
    origins_negated: bool = False
    biz_types: frozenset[BizType] = frozenset()
    biz_types_not_in: bool = False
    window: tuple[time, time] | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.max_running <= 10_000:
            message = f"throttling rule '{self.name}' must allow 1 to 10000 running nodes, not {self.max_running}"
            raise Fault(FaultCode.INVALID_ARGUMENT, message)

    def matches(self, node: Candidate) -> bool:
        """Whether the rule concerns the node, at any time of day."""
        return (
            self.enabled
            and node.environment is self.environment
            and (not self.projects or (node.project in self.projects) != self.projects_not_in)
            and (not self.origins or (node.origin in self.origins) != self.origins_negated)
            and (not self.biz_types or (node.biz_type in self.biz_types) != self.biz_types_not_in)
        )

    def is_in_window(self, at: time) -> bool:
        if self.window is None:
            return True
        begin, end = self.window
        return begin <= at < end if begin < end else at >= begin or at < end


@dataclass(slots=True)
class Dispatch:
    """`start` in order; `throttled` maps nodes to the rules without room; `starved` to the resource group that is full."""

    start: list[int] = field(default_factory=list)
    throttled: dict[int, tuple[str, ...]] = field(default_factory=dict)
    starved: dict[int, str] = field(default_factory=dict)

    def status_of(self, node: int) -> NodeStatus:
        """What a queued node becomes."""
        if node in self.throttled:
            return NodeStatus.DISPATCH_BLOCKED
        return NodeStatus.WAIT_RESOURCE if node in self.starved else NodeStatus.RUNNING


def dispatch(
    queue: Iterable[Candidate],
    running: Iterable[Candidate],
    slots: Mapping[str, int],
    rules: Iterable[ThrottleRule],
    now: datetime,
    zone: tzinfo,
) -> Dispatch:
    """Gives out rooms among nodes whose next step is QUEUE. `running` are those with a live attempt, one-time runs included;
    `slots` the size of each resource group, one that is not named has no slot."""
    at = now.astimezone(zone).time()
    active = [rule for rule in rules if rule.enabled and rule.is_in_window(at)]
    free = dict(slots)
    room = {rule.name: rule.max_running for rule in active}
    for node in running:
        free[node.group] = free.get(node.group, 0) - 1
        for rule in active:
            if rule.matches(node):
                room[rule.name] -= 1
    found = Dispatch()
    for node in sorted(queue, key=queue_key):
        matching = [rule.name for rule in active if rule.matches(node)]
        blocked = tuple(name for name in matching if room[name] <= 0)
        if blocked:
            found.throttled[node.node] = blocked
        elif free.get(node.group, 0) <= 0:
            found.starved[node.node] = node.group
        else:
            free[node.group] -= 1
            for name in matching:
                room[name] -= 1
            found.start.append(node.node)
    return found
