"""What a list shows of a recurring instance, from the states of its nodes: kept with the instance and worked out again with each change.

Lists must filter and sort a million instances by what is inside them, so the inside is summed up when it changes, not when somebody
looks. This is the one place that says how; stores differ only in how they keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from taskhouse.domain.node_state import NodeState, RunTrigger
from taskhouse.domain.normalise import URGENCY, normalise
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Priority, Role, TableKind
from taskhouse.domain.run_times import NodeTimes, run_times
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of an instance's inside, kept with its row: numbers of fields and nodes by class (those that occur), of paused nodes,
    and the times of §2.5 of its nodes' latest real attempts. `waiting`: node statuses of class W that occur. `retried`: the most retries
    that one of the nodes has used, of `retries` allowed. Marks: `forced` (a forced attempt is to come or was the latest), `manual_success`, `upstream_removed`."""

    fields: Mapping[StatusClass, int] = field(default_factory=dict)
    nodes: Mapping[StatusClass, int] = field(default_factory=dict)
    waiting: frozenset[NodeStatus] = frozenset()
    paused: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    retried: int = 0
    retries: int = 0
    forced: bool = False
    manual_success: bool = False
    upstream_removed: bool = False

    @property
    def statuses(self) -> frozenset[StatusClass]:
        """The distinct statuses shown: of the fields, of a script's node."""
        return frozenset(cls for cls, count in (self.fields or self.nodes).items() if count)


BIT: dict[StatusClass, int] = {cls: 1 << place for place, cls in enumerate(reversed(URGENCY))}
"""A set of statuses as one number, in which the most urgent status counts most: F is 16, R 8, W 4, N 2, S 1."""

ALL_BITS = 31


def status_bits(statuses: Iterable[StatusClass]) -> int:
    return sum(BIT[cls] for cls in set(statuses))


def status_order(statuses: Iterable[StatusClass]) -> int:
    """The place in a list sorted by status, 0 first: by the most urgent status, among equals by the next. 31: no status."""
    return ALL_BITS - status_bits(statuses)


_NORMALISED: tuple[StatusClass | None, ...] = tuple(
    normalise([cls for cls, bit in BIT.items() if bits & bit]) for bits in range(ALL_BITS + 1)
)


class NodeView(NamedTuple):
    """Of a node what a summary asks for. `ran`: why the latest run was begun, None without one."""

    status: NodeStatus
    paused: bool = False
    skip_checks: bool = False
    retried: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ran: RunTrigger | None = None

    @classmethod
    def of(cls, state: NodeState, ran: RunTrigger | None) -> NodeView:
        return cls(state.status, state.paused, state.skip_checks, state.retried, state.started_at, state.ended_at, ran)

    @property
    def is_forced(self) -> bool:
        return self.skip_checks or self.ran is RunTrigger.FORCE

    @property
    def is_manual_success(self) -> bool:
        return self.ran is RunTrigger.MANUAL_SUCCESS and self.status is NodeStatus.SUCCESS


class TaskShape:
    """What a summary asks of a published task, worked out once a version. `writers[f]` are the places among the task's nodes of those that
    write the f-th materialized VALUE field."""

    __slots__ = ("retries", "writers")

    def __init__(self, task: PublishedTask) -> None:
        self.retries = task.retry.retries
        writers: dict[str, list[int]] = {f.name: [] for f in task.fields if f.role is Role.VALUE}
        for place, node in enumerate(task.nodes):
            for name in node.values:
                if name in writers:
                    writers[name].append(place)
        self.writers = tuple(tuple(places) for places in writers.values() if places)


def summarise(shape: TaskShape, nodes: Sequence[NodeView], now: datetime, *, upstream_removed: bool = False) -> Summary:
    """`nodes` in the order of the task's nodes."""
    bits = [BIT[CLASS_OF[node.status]] for node in nodes]
    fields: dict[StatusClass, int] = {}
    for places in shape.writers:
        seen = 0
        for place in places:
            seen |= bits[place]
        cls = _NORMALISED[seen]
        if cls is not None:
            fields[cls] = fields.get(cls, 0) + 1
    classes: dict[StatusClass, int] = {}
    for node in nodes:
        of = CLASS_OF[node.status]
        classes[of] = classes.get(of, 0) + 1
    times = run_times([NodeTimes(node.status, node.started_at, node.ended_at) for node in nodes], now)
    return Summary(
        fields,
        classes,
        frozenset(node.status for node in nodes if CLASS_OF[node.status] is StatusClass.WAITING),
        sum(node.paused for node in nodes),
        times.started_at,
        times.ended_at,
        max((node.retried for node in nodes), default=0),
        shape.retries,
        any(node.is_forced for node in nodes),
        any(node.is_manual_success for node in nodes),
        upstream_removed,
    )


def owners_of(task: PublishedTask) -> tuple[str, ...]:
    """Of the task and of its metrics, each once."""
    return tuple(dict.fromkeys((*task.owners, *(f.owner for f in task.fields if f.owner))))


def projects_of(task: PublishedTask) -> tuple[str, ...]:
    """Its own and those of its metrics, each once."""
    return tuple(dict.fromkeys((task.project, *(f.project for f in task.fields if f.project))))


def shown_priority(
    task: PublishedTask, manual: Priority | None, first_field: int, metrics: Mapping[int, Priority]
) -> Priority:
    """The effective priority that a list shows: of an aggregate table the highest of its metrics. `metrics` are those that operators
    set, by field id, the first field of the task having `first_field`."""
    own = manual or task.priority
    if task.kind is not TableKind.AGGREGATE:
        return own
    found = [
        metrics.get(first_field + place) or metric.priority or own
        for place, metric in enumerate(task.fields)
        if metric.role is Role.VALUE
    ]
    return max(found, default=own)
