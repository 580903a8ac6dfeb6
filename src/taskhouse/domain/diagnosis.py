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
    """An earlier check has not passed, or something holds the node."""


class Hold(Enum):
    """What keeps a node from being looked at at all."""

    PAUSED = "PAUSED"
    NOT_RELEASED = "NOT_RELEASED"
    """Of the development environment, and nobody asked for it to run."""


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
    hold: Hold | None = None
    blocking: tuple[int, ...] = ()
    direct: tuple[int, ...] = ()


def initial_blockers(snapshot: Snapshot, node: int) -> list[int]:
    """Positions, each once, of the topmost nodes that keep `node` from starting; empty when nothing upstream does."""
    found: dict[int, None] = {}
    seen = {node}
    todo = _waits_for(snapshot, node)
    for other in todo:  # grows
        if other in seen:
            continue
        seen.add(other)
        above = [] if _stands_still(snapshot, other) else _waits_for(snapshot, other)
        if above:
            todo.extend(above)
        else:
            found[other] = None
    return list(found)


def chain_to(snapshot: Snapshot, node: int, blocker: int) -> list[int]:
    """Positions from what `node` waits for up to one of its initial blockers, both included, by the shortest way."""
    below = dict.fromkeys(_waits_for(snapshot, node), node)
    todo = list(below)
    for other in todo:  # grows
        if other == blocker:
            break
        for up in [] if _stands_still(snapshot, other) else _waits_for(snapshot, other):
            if up not in below and up != node:
                below[up] = other
                todo.append(up)
    chain = [blocker] if blocker in below else []
    while chain and below[chain[-1]] != node:
        chain.append(below[chain[-1]])
    return chain[::-1]


def _waits_for(snapshot: Snapshot, node: int) -> list[int]:
    """Upstream nodes that have not succeeded; of a forced node only those of its own table that are forced along."""
    return snapshot.unmet_inner(node) if node in snapshot.skip_upstream else snapshot.unmet_upstream(node)


def _stands_still(snapshot: Snapshot, node: int) -> bool:
    return CLASS_OF[snapshot.status[node]] is StatusClass.FAILED or node in snapshot.paused


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


def diagnose(snapshot: Snapshot, node: int, now: datetime, *, released: bool = True) -> Diagnosis:
    """The five checks of one node. `released`: somebody asked for it to run, or nobody has to."""
    status = snapshot.status[node]
    direct = tuple(snapshot.unmet_upstream(node))
    forced = node in snapshot.skip_upstream
    if status is NodeStatus.SUCCESS:
        return Diagnosis(dict.fromkeys(Check, Verdict.PASSED))
    is_live = status in (NodeStatus.RUNNING, NodeStatus.FAILED)
    hold = Hold.PAUSED if node in snapshot.paused else None if released or is_live else Hold.NOT_RELEASED
    if hold is not None:
        return Diagnosis(dict.fromkeys(Check, Verdict.NOT_CHECKED), hold, (), direct)
    stop: Check | None = _REACHED.get(status)
    if status is NodeStatus.INIT:
        stop = Check.UPSTREAM if _waits_for(snapshot, node) else Check.SCHEDULED_TIME
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
    return Diagnosis(checks, None, blockers, direct)
