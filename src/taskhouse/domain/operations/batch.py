"""Operations on a selection of instances: those that qualify are processed, the others are listed with the reason (D-34).

A batch is as many plans as instances qualify, each its own transaction; the operation is offered when at least one does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.operations.plan import Plan, Refusal, RefusalCode
from taskhouse.domain.operations.request import (
    Batch,
    BatchOperation,
    ForceRerunCurrent,
    ModifyPriority,
    Pause,
    Request,
    Rerun,
    Resume,
    SetSuccess,
    Stop,
    Target,
)
from taskhouse.domain.operations.selecting import select
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import StatusClass


class Skipped(NamedTuple):
    """An instance that does not qualify. `name` is empty for one that is not there."""

    instance: int
    name: str
    code: RefusalCode
    reason: str


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """`requests` and `plans` belong together, in the order of the selection."""

    operation: BatchOperation
    requests: tuple[Request, ...]
    plans: tuple[Plan, ...]
    skipped: tuple[Skipped, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the button is enabled."""
        return bool(self.plans)

    @property
    def digest(self) -> str:
        text = repr([plan.digest for plan in self.plans] + [(s.instance, s.code.value) for s in self.skipped])
        return sha256(text.encode()).hexdigest()[:32]


def decide_batch(batch: Batch, snapshot: Snapshot, decide: Callable[[Request, Snapshot], Plan]) -> BatchPlan:
    """`decide` is that of single operations. Raises `Fault` (InvalidArgument) when a priority is asked for and none given."""
    requests: list[Request] = []
    plans: list[Plan] = []
    skipped: list[Skipped] = []
    for instance in dict.fromkeys(batch.instances):
        at = snapshot.graph.instance_at.get(instance)
        name = "" if at is None else snapshot.graph.instances[at].name
        request = _request(batch, instance, snapshot)
        if isinstance(request, Refusal):
            skipped.append(Skipped(instance, name, request.code, request.message))
            continue
        plan = decide(request, snapshot)
        if plan.refusals:
            first = plan.refusals[0]
            skipped.append(Skipped(instance, name, first.code, first.message))
        else:
            requests.append(request)
            plans.append(plan)
    return BatchPlan(batch.operation, tuple(requests), tuple(plans), tuple(skipped))


def _request(batch: Batch, instance: int, snapshot: Snapshot) -> Request | Refusal:
    target = Target(instance)
    match batch.operation:
        case BatchOperation.RERUN_FAILED:
            return _failed(target, batch, snapshot)
        case BatchOperation.RERUN_FINAL:
            return Rerun(target, batch.code)
        case BatchOperation.FORCE_RERUN:
            return ForceRerunCurrent(target, batch.code)
        case BatchOperation.STOP:
            return Stop(target)
        case BatchOperation.SET_SUCCESS:
            return SetSuccess(target, batch.scope)
        case BatchOperation.PAUSE:
            return Pause(target)
        case BatchOperation.RESUME:
            return Resume(target)
        case BatchOperation.MODIFY_PRIORITY:
            if batch.priority is None:
                raise Fault(FaultCode.INVALID_ARGUMENT, "modifying priorities needs the priority to set")
            return ModifyPriority(instance, batch.priority)


def _failed(target: Target, batch: Batch, snapshot: Snapshot) -> Request | Refusal:
    """The failed fields of the instance; their closure joins when it is decided (D-33)."""
    selection = select(snapshot, target)
    if isinstance(selection, Refusal):
        return selection
    graph = snapshot.graph
    failed = StatusClass.FAILED
    names = tuple(graph.fields[f].name for f in selection.fields if snapshot.field_status(f) is failed)
    if names:
        return Rerun(Target(target.instance, names), batch.code)
    if not selection.fields and any(snapshot.status_class(n) is failed for n in selection.nodes):
        return Rerun(target, batch.code)
    name = graph.instances[selection.instance].name
    return Refusal(RefusalCode.STATUS_NOT_ALLOWED, f"'{name}' has nothing that failed")
