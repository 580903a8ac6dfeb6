"""What must hold of recurring instances at every moment, whatever happened: for the simulator and for tests.

Each check returns what is wrong as texts, none when all is well. They are written from the rules, not from the code that keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause, is_legal


def check_state(snapshot: Snapshot, live_attempts: Mapping[int, int]) -> list[str]:
    """`live_attempts`: node position -> number of attempts that hold a lease and were not cancelled."""
    wrong: list[str] = []
    label = snapshot.graph.label
    for node, status in enumerate(snapshot.status):
        cls = CLASS_OF[status]
        live = live_attempts.get(node, 0)
        if live > 1:
            wrong.append(f"{label(node)} runs {live} times at once")
        if (status is NodeStatus.RUNNING) != (live == 1):
            wrong.append(f"{label(node)} is {status.value} with {live} live attempts")
        if node in snapshot.paused and (cls.is_final or cls is StatusClass.RUNNING):
            wrong.append(f"{label(node)} is paused and {status.value}")
        if cls is StatusClass.WAITING and node not in snapshot.skip_upstream and snapshot.unmet_upstream(node):
            wrong.append(f"{label(node)} is {status.value} and its upstream has not succeeded")
    return wrong


def check_change(
    snapshot: Snapshot, node: int, target: NodeStatus, cause: Cause, now: datetime, *, forced: bool = False
) -> list[str]:
    """A change of status about to happen to a node of `snapshot`. `forced`: its attempt skips upstream and scheduled time."""
    source = snapshot.status[node]
    label = snapshot.graph.label(node)
    wrong = []
    if not is_legal(source, target, cause):
        wrong.append(f"{label} goes from {source.value} to {target.value} by {cause.value}")
    if target is NodeStatus.RUNNING:
        if node in snapshot.paused:
            wrong.append(f"{label} starts although it is paused")
        if not forced and snapshot.unmet_upstream(node):
            wrong.append(f"{label} starts before its upstream has succeeded")
        if not forced and snapshot.graph.nodes[node].due_at > now:
            wrong.append(f"{label} starts before its scheduled time")
        if forced and snapshot.unmet_inner(node):
            wrong.append(f"{label} starts before a node of its own table that it reads")
    return wrong
