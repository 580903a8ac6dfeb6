"""When what an operation sets in motion is expected to be through, from how long its nodes usually take (D-49)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from taskhouse.domain.calendar import run_date_of
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.prediction import UNKNOWN_DURATION, Times, predict_moving, usual_duration
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import NodeRecord, RecurringStore
from taskhouse.services.recurring.columns import Column


@dataclass(frozen=True, slots=True)
class Expected:
    """`finish`: the latest of all; None when nothing moves, or when somebody must act first: something upstream failed or is paused.
    `spans`: start and end of each node, by id, of those that need nobody."""

    finish: datetime | None = None
    spans: Mapping[int, tuple[datetime, datetime]] = field(default_factory=dict)


def expected_finish(
    store: RecurringStore,
    snapshot: Snapshot,
    states: Sequence[NodeState],
    records: Sequence[NodeRecord],
    plans: Sequence[Plan],
    now: datetime,
) -> Expected:
    """When what these plans set in motion is expected to run. `states` and `records` by position, of the moment of the snapshot. Asks
    the store once for each run date."""
    at = snapshot.graph.node_at
    moving = [
        [at[c.node] for c in plan.changes if c.target is NodeStatus.INIT] + [at[node] for node in plan.unchanged]
        for plan in plans
    ]
    every = [node for nodes in moving for node in nodes]
    if not every:
        return Expected()
    usual = usual_durations(store, records, with_unfinished_upstream(snapshot, every))
    size = len(states)
    durations = [UNKNOWN_DURATION] * size  # of succeeded nodes nobody makes use
    for node, duration in usual.items():
        durations[node] = duration
    times = Times(
        Column(size, lambda node: states[node].started_at),
        Column(size, lambda node: states[node].ended_at),
        durations,
        RetryAt(states),
    )
    ends: dict[int, datetime | None] = {}
    for plan, nodes in zip(plans, moving, strict=True):
        if nodes:
            ends.update(predict_moving(snapshot, times, plan, now))
    ids = snapshot.graph.nodes
    spans = {ids[node].id: (end - durations[node], end) for node, end in ends.items() if end is not None}
    finish = max((end for _, end in spans.values()), default=None) if len(spans) == len(ends) else None
    return Expected(finish, spans)


def usual_durations(
    store: RecurringStore, records: Sequence[NodeRecord], positions: Iterable[int]
) -> dict[int, timedelta]:
    """Of the nodes at these positions, by position."""
    by_date: dict[date, list[int]] = {}
    for position in positions:
        by_date.setdefault(records[position].bizdate, []).append(position)
    found: dict[int, timedelta] = {}
    for bizdate, its in by_date.items():
        environment = records[its[0]].environment
        past = store.durations(environment, {records[at].node_id for at in its}, run_date_of(bizdate))
        known = {node: usual_duration(seconds) for node, seconds in past.items()}
        found.update((at, known.get(records[at].node_id, UNKNOWN_DURATION)) for at in its)
    return found


def with_unfinished_upstream(snapshot: Snapshot, start: Iterable[int]) -> list[int]:
    """The nodes, and what is upstream of them without having succeeded or failed."""
    graph, status, removed, success = snapshot.graph, snapshot.status, snapshot.removed, NodeStatus.SUCCESS
    edge_up, offsets, edges = graph.edge_up, graph.in_edges.offsets, graph.in_edges.targets
    found = dict.fromkeys(start)
    stack = list(found)
    while stack:
        node = stack.pop()
        for edge in edges[offsets[node] : offsets[node + 1]]:
            up = edge_up[edge]
            if up >= 0 and up not in found and status[up] is not success and edge not in removed:
                found[up] = None
                stack.append(up)
    return list(found)


class RetryAt(Mapping[int, datetime]):
    def __init__(self, states: Sequence[NodeState]) -> None:
        self._states = states

    def __getitem__(self, node: int) -> datetime:
        found = self._states[node].retry_at
        if found is None:
            raise KeyError(node)
        return found

    def __iter__(self) -> Iterator[int]:
        return (at for at, state in enumerate(self._states) if state.retry_at is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
