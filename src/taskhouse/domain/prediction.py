"""When nodes are expected to finish (D-49), and when a running one is slower than usual.

A finished node: its end. A running one: its start and the usual duration, at least now. Any other: the latest of now, its scheduled
time and the expected ends upstream, and the usual duration. What stands behind a failed or paused node has no expected finish:
somebody must act first. Throttling and slots are not foreseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass

UNKNOWN_DURATION = timedelta(minutes=5)
"""For nodes that never ran."""

RUNS_CONSIDERED = 7

_UNSTARTED = frozenset({StatusClass.NOT_RUNNING, StatusClass.WAITING})


def is_weekend(day: date) -> bool:
    """Durations are compared among workdays and among weekends: the two classes of days."""
    return day.isoweekday() > 5


def usual_duration(seconds: Sequence[float]) -> timedelta:
    """The median of what the last normal runs on days of one class took, `RUNS_CONSIDERED` of them at most."""
    return timedelta(seconds=median(seconds)) if seconds else UNKNOWN_DURATION


def is_slow(running_for: timedelta, usual: timedelta) -> bool:
    """Longer than 1.5 times the usual, and by more than 15 minutes."""
    return running_for > max(usual * 1.5, usual + timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Times:
    """Columns over node positions: actual times of the latest attempt, and usual durations. `retry_at` of failed nodes that will
    be tried again."""

    started_at: Sequence[datetime | None]
    ended_at: Sequence[datetime | None]
    usual: Sequence[timedelta]
    retry_at: Mapping[int, datetime]


def predict(snapshot: Snapshot, times: Times, nodes: Iterable[int], now: datetime) -> dict[int, datetime | None]:
    """Expected or actual finish of `nodes` and of what they wait for; None: not before somebody acts."""
    return _predict(snapshot, times, list(nodes), now, {}, frozenset())


def predict_plan(snapshot: Snapshot, times: Times, plan: Plan, now: datetime) -> datetime | None:
    """When everything that the plan sets in motion is expected to be through; None: never by itself, or it moves nothing."""
    ends = predict_moving(snapshot, times, plan, now).values()
    return max((end for end in ends if end is not None), default=None) if None not in ends else None


def predict_moving(snapshot: Snapshot, times: Times, plan: Plan, now: datetime) -> dict[int, datetime | None]:
    """Expected finish of each node that the plan sets in motion, by position; None: not before somebody acts."""
    at = snapshot.graph.node_at
    after = {at[change.node]: change.target for change in plan.changes}
    forced = frozenset(at[change.node] for change in plan.changes if change.skip_checks)
    moving = [node for node, status in after.items() if status is NodeStatus.INIT]
    moving += [at[node] for node in plan.unchanged]
    found = _predict(snapshot, times, moving, now, after, forced)
    return {node: found[node] for node in moving}


def _predict(
    snapshot: Snapshot,
    times: Times,
    nodes: Sequence[int],
    now: datetime,
    after: Mapping[int, NodeStatus],
    forced: frozenset[int],
) -> dict[int, datetime | None]:
    """Depth first upward through what is not finished, with a stack of our own; each node and edge once. `after`: the statuses of nodes
    that begin anew; what they did before says nothing about them."""
    graph, status, usual = snapshot.graph, snapshot.status, times.usual
    rows, edge_up, offsets, edges = graph.nodes, graph.edge_up, graph.in_edges.offsets, graph.in_edges.targets
    removed, free = snapshot.removed, forced | snapshot.skip_upstream
    found: dict[int, datetime | None] = {}
    stack = list(nodes)
    stack.reverse()  # nodes mostly come with what is upstream first
    entered: set[int] = set()
    while stack:
        node = stack[-1]
        if node in found:
            stack.pop()
            continue
        state = after.get(node) or status[node]
        if CLASS_OF[state] not in _UNSTARTED:
            found[node] = _end_of_started(times, node, state, now, restarted=node in after)
        elif node in snapshot.paused:
            found[node] = None
        elif node in free:
            found[node] = now + usual[node]
        else:
            end: datetime | None = rows[node].due_at
            if end is not None and end < now:
                end = now
            missing = False
            for edge in edges[offsets[node] : offsets[node + 1]]:
                up = edge_up[edge]
                if up < 0 or (removed and edge in removed):
                    continue
                if up not in found:
                    if node not in entered:
                        stack.append(up)
                        missing = True
                    else:
                        end = None
                    continue
                reached = found[up]
                if reached is None:
                    end = None
                elif end is not None and reached > end:
                    end = reached
            if missing:
                entered.add(node)
                continue
            found[node] = None if end is None else end + usual[node]
        stack.pop()
    return found


def _end_of_started(times: Times, node: int, state: NodeStatus, now: datetime, *, restarted: bool) -> datetime | None:
    if state is NodeStatus.SUCCESS:
        return (times.ended_at[node] if not restarted else None) or now
    if state is NodeStatus.RUNNING:
        return max(now, (times.started_at[node] or now) + times.usual[node])
    retry = None if restarted else times.retry_at.get(node)
    return None if retry is None else max(now, retry) + times.usual[node]
