"""Operations on recurring instances as pure decisions: `decide(request, snapshot, now) -> Plan`.

A preview decides and shows; applying decides again on a fresh snapshot and carries the plan out, if its digest is the one that was
shown. What a person sees before, what an API refuses and what the simulator checks is the same code.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from taskhouse.domain.operations.batch import BatchPlan, decide_batch
from taskhouse.domain.operations.control import decide_pause, decide_resume, decide_set_success, decide_stop
from taskhouse.domain.operations.downstream import decide_force_rerun_downstream, decide_rerun_downstream
from taskhouse.domain.operations.plan import Plan, digest_of
from taskhouse.domain.operations.priority import decide_modify_priority
from taskhouse.domain.operations.remove_upstream import decide_remove_upstream
from taskhouse.domain.operations.request import (
    Batch,
    ForceRerunCurrent,
    ForceRerunDownstream,
    ModifyPriority,
    Pause,
    RemoveUpstream,
    Request,
    Rerun,
    RerunDownstream,
    Resume,
    SetSuccess,
    Stop,
)
from taskhouse.domain.operations.rerun import decide_force_rerun_current, decide_rerun
from taskhouse.domain.snapshot import Snapshot

__all__ = ["decide", "decide_all"]


def decide(request: Request, snapshot: Snapshot, now: datetime) -> Plan:
    """The plan of one operation, with its digest. Never raises for what a user may ask: refusals are in the plan."""
    plan = _decide(request, snapshot)
    return replace(plan, digest=digest_of(plan), decided_at=now)


def decide_all(batch: Batch, snapshot: Snapshot, now: datetime) -> BatchPlan:
    """The plans of a batch."""
    return decide_batch(batch, snapshot, lambda request, seen: decide(request, seen, now))


def _decide(request: Request, snapshot: Snapshot) -> Plan:
    match request:
        case Rerun():
            return decide_rerun(request, snapshot)
        case ForceRerunCurrent():
            return decide_force_rerun_current(request, snapshot)
        case RerunDownstream():
            return decide_rerun_downstream(request, snapshot)
        case ForceRerunDownstream():
            return decide_force_rerun_downstream(request, snapshot)
        case Stop():
            return decide_stop(request, snapshot)
        case SetSuccess():
            return decide_set_success(request, snapshot)
        case Pause():
            return decide_pause(request, snapshot)
        case Resume():
            return decide_resume(request, snapshot)
        case RemoveUpstream():
            return decide_remove_upstream(request, snapshot)
        case ModifyPriority():
            return decide_modify_priority(request, snapshot)
