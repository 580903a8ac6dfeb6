"""Why a node instance does not run, derived from what is stored; nothing about being blocked is ever stored itself.

Five checks in the order in which the scheduler makes them: upstream, scheduled time, throttling, resources, execution. The *initial
blocking nodes* are the topmost ones that keep a node from starting: going up from it through nodes that have not succeeded, those
whose own upstream is all there, or that failed or are paused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass


class Verdict(Enum):
    PASSED = "PASSED"
    BLOCKED = "BLOCKED"
    SKIPPED = "SKIPPED"
    """Not asked for, because the attempt is forced."""
    NOT_CHECKED = "NOT_CHECKED"
    """An earlier check has not passed, or the node is paused."""


class Check(Enum):
    UPSTREAM = "UPSTREAM"
    SCHEDULED_TIME = "SCHEDULED_TIME"
    THROTTLING = "THROTTLING"
    RESOURCES = "RESOURCES"
    EXECUTION = "EXECUTION"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`blocking` are positions of initial blocking nodes, `direct` those of all direct upstream nodes that have not succeeded."""

    checks: Mapping[Check, Verdict]
    paused: bool
    blocking: tuple[int, ...] = ()
    direct: tuple[int, ...] = ()


def initial_blockers(snapshot: Snapshot, node: int) -> list[int]:
    """Positions, each once, of the topmost nodes that keep `node` from starting; empty when nothing upstream does."""
    found: dict[int, None] = {}
    seen = {node}
    todo = list(snapshot.unmet_upstream(node))
    for other in todo:  # grows
        if other in seen:
            continue
        seen.add(other)
        stands_still = CLASS_OF[snapshot.status[other]] is StatusClass.FAILED or other in snapshot.paused
        above = [] if stands_still or other in snapshot.skip_upstream else snapshot.unmet_upstream(other)
        if above:
            todo.extend(above)
        else:
            found[other] = None
    return list(found)


def blocked_by(snapshot: Snapshot, nodes: Iterable[int]) -> dict[int, list[int]]:
    """Node -> its initial blockers, for those of `nodes` that have any."""
    found = ((node, initial_blockers(snapshot, node)) for node in nodes)
    return {node: blockers for node, blockers in found if blockers}


_REACHED = {
    NodeStatus.WAIT_SUBMISSION: Check.SCHEDULED_TIME,
    NodeStatus.WAIT_SCHEDULE: Check.SCHEDULED_TIME,
    NodeStatus.DISPATCH_BLOCKED: Check.THROTTLING,
    NodeStatus.WAIT_RESOURCE: Check.RESOURCES,
    NodeStatus.RUNNING: Check.EXECUTION,
    NodeStatus.FAILED: Check.EXECUTION,
}


def diagnose(snapshot: Snapshot, node: int, now: datetime) -> Diagnosis:
    """The five checks of one node."""
    status = snapshot.status[node]
    paused = node in snapshot.paused
    direct = tuple(snapshot.unmet_upstream(node))
    forced = node in snapshot.skip_upstream
    if status is NodeStatus.SUCCESS:
        return Diagnosis(dict.fromkeys(Check, Verdict.PASSED), paused)
    if paused:
        return Diagnosis(dict.fromkeys(Check, Verdict.NOT_CHECKED), paused)
    stop: Check | None = _REACHED.get(status)
    if status is NodeStatus.INIT:
        waits = direct and not forced
        stop = Check.UPSTREAM if waits else Check.SCHEDULED_TIME
    due = snapshot.graph.nodes[node].due_at
    checks: dict[Check, Verdict] = {}
    passed = True
    for check in Check:
        if check is stop:
            is_due_soon = check is Check.SCHEDULED_TIME and (due <= now or forced)
            running = check is Check.EXECUTION and status is NodeStatus.RUNNING
            checks[check] = Verdict.PASSED if is_due_soon or running else Verdict.BLOCKED
            passed = False
        elif passed:
            skippable = check in (Check.UPSTREAM, Check.SCHEDULED_TIME)
            checks[check] = Verdict.SKIPPED if forced and skippable else Verdict.PASSED
        else:
            checks[check] = Verdict.NOT_CHECKED
    blockers = tuple(initial_blockers(snapshot, node)) if stop is Check.UPSTREAM else ()
    return Diagnosis(checks, paused, blockers, direct)
