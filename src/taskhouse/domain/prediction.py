"""When nodes are expected to finish (D-49), and when a running one is slower than usual.

A finished node: its end. A running one: its start and the usual duration, at least now. Any other: the latest of now, its scheduled
time and the expected ends upstream, and the usual duration. What stands behind a failed or paused node has no expected finish:
somebody must act first. Throttling and slots are not foreseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus

UNKNOWN_DURATION = timedelta(minutes=5)
"""For nodes that never ran."""

RUNS_CONSIDERED = 7


def is_weekend(day: date) -> bool:
    """Durations are compared among workdays and among weekends: the two classes of days."""
    return day.isoweekday() > 5


def usual_duration(runs: Iterable[tuple[date, timedelta]], day: date) -> timedelta:
    """The median of the last seven normal runs on days of the class of `day`; `runs` as (run date, duration), the latest first."""
    same = [duration.total_seconds() for ran, duration in runs if is_weekend(ran) == is_weekend(day)]
    return timedelta(seconds=median(same[:RUNS_CONSIDERED])) if same else UNKNOWN_DURATION


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
    return _predict(snapshot, times, nodes, now, snapshot.status.__getitem__, frozenset())


def predict_plan(snapshot: Snapshot, times: Times, plan: Plan, now: datetime) -> datetime | None:
    """When everything that the plan sets in motion is expected to be through; None: never by itself, or it moves nothing."""
    at = snapshot.graph.node_at
    after = {at[change.node]: change.target for change in plan.changes}
    forced = frozenset(at[change.node] for change in plan.changes if change.skip_checks)
    moving = [node for node, status in after.items() if status is NodeStatus.INIT]
    moving += [at[node] for node in plan.unchanged]
    found = _predict(
        snapshot, times, moving, now, lambda node: after.get(node, snapshot.status[node]), forced, frozenset(after)
    )
    ends = [found[node] for node in moving]
    return max((end for end in ends if end is not None), default=None) if None not in ends else None


def _predict(
    snapshot: Snapshot,
    times: Times,
    nodes: Iterable[int],
    now: datetime,
    status: Callable[[int], NodeStatus],
    forced: frozenset[int],
    restarted: frozenset[int] = frozenset(),
) -> dict[int, datetime | None]:
    """Depth first upward through what is not finished, with a stack of our own; each node and edge once."""
    graph = snapshot.graph
    found: dict[int, datetime | None] = {}
    stack = list(nodes)
    entered: set[int] = set()
    while stack:
        node = stack[-1]
        if node in found:
            stack.pop()
            continue
        state = status(node)
        retry = None if node in restarted else times.retry_at.get(node)
        usual = times.usual[node]
        if state is NodeStatus.SUCCESS:
            found[node] = (times.ended_at[node] if node not in restarted else None) or now
        elif state is NodeStatus.RUNNING:
            found[node] = max(now, (times.started_at[node] or now) + usual)
        elif state is NodeStatus.FAILED:
            found[node] = None if retry is None else max(now, retry) + usual
        elif node in snapshot.paused:
            found[node] = None
        elif node in forced or node in snapshot.skip_upstream:
            found[node] = now + usual
        else:
            ups = [up for up in (graph.edge_up[edge] for edge in snapshot.live_in_edges(node)) if up >= 0]
            waiting = [up for up in ups if up not in found]
            if waiting and node not in entered:
                entered.add(node)
                stack.extend(waiting)
                continue
            ends = [found.get(up) for up in ups]
            reached = [end for end in ends if end is not None]
            found[node] = None if len(reached) < len(ends) else max([now, graph.nodes[node].due_at, *reached]) + usual
        stack.pop()
    return found
