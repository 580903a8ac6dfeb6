"""What an instance and its fields offer right now: which operations are open, and which fields each lets be selected.

Consoles grey out what would be refused, with the reason, before anybody asks for a plan. An offer looks at statuses, flags and
permission of the instance itself, not at closures or downstream: what passes here may still be refused by the plan, what is closed
here always is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from taskhouse.domain.operations.plan import RefusalCode
from taskhouse.domain.operations.remove_upstream import upstream_edges
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import StatusClass
from taskhouse.domain.transitions import Operation, is_allowed, is_field_allowed


class Offer(NamedTuple):
    """`refusal` is None when the operation is open."""

    refusal: RefusalCode | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.refusal is None


class FieldOffer(NamedTuple):
    """Of a field (an id) in the dialog of an operation. `required`: it will be part of whatever is selected."""

    field: int
    name: str
    status: StatusClass | None
    offer: Offer
    required: bool = False


OPEN = Offer()

_BY_NORMALISED = (Operation.RERUN, Operation.RERUN_DOWNSTREAM, Operation.SET_SUCCESS)
_BY_NODE = (Operation.STOP, Operation.PAUSE, Operation.RESUME)
_REASONS = {
    Operation.RERUN: "nothing is Succeeded or Failed",
    Operation.RERUN_DOWNSTREAM: "nothing is Succeeded or Failed",
    Operation.SET_SUCCESS: "nothing is Failed or Not Running",
    Operation.STOP: "nothing waits or runs",
    Operation.PAUSE: "nothing is Not Running, Waiting for Scheduled Time or Throttling",
    Operation.RESUME: "nothing is paused",
}


def offers(snapshot: Snapshot, instance: int) -> dict[Operation, Offer]:
    """Every operation on the instance at a position, open or with the reason why not."""
    graph = snapshot.graph
    fields = graph.fields_of_instance[instance]
    allowed = [f for f in fields if snapshot.may_operate_field(f)]
    if not allowed and (len(fields) or not snapshot.may_operate_instance(instance)):
        closed = Offer(RefusalCode.FORBIDDEN, "no permission to operate it")
        return dict.fromkeys(Operation, closed)
    nodes = graph.own_nodes(instance)
    found = dict.fromkeys(Operation, OPEN)
    for operation in _BY_NORMALISED:
        if not any(is_field_allowed(operation, status) for status in snapshot.instance_statuses(instance)):
            found[operation] = Offer(RefusalCode.STATUS_NOT_ALLOWED, _REASONS[operation])
    for operation in _BY_NODE:
        if not _any_allowed(snapshot, operation, nodes):
            found[operation] = _closed_by_status(operation)
    if nodes and all(node in snapshot.paused for node in nodes):
        paused = Offer(RefusalCode.INSTANCE_PAUSED, "it is paused; resume it first")
        found[Operation.FORCE_RERUN_CURRENT] = found[Operation.FORCE_RERUN_DOWNSTREAM] = paused
    if len(upstream_edges(snapshot, instance)) < 2:
        found[Operation.REMOVE_UPSTREAM] = Offer(RefusalCode.LAST_UPSTREAM, "it has one upstream, which must remain")
    return found


def field_offers(snapshot: Snapshot, operation: Operation, instance: int) -> list[FieldOffer]:
    """The fields of the instance as the operation's dialog lists them, in their order; metrics without permission are shown and
    closed."""
    graph = snapshot.graph
    judge = _judge(snapshot, operation)
    return [
        FieldOffer(graph.fields[f].id, graph.fields[f].name, snapshot.field_status(f), judge(f), f in snapshot.changed)
        for f in graph.fields_of_instance[instance]
    ]


def _judge(snapshot: Snapshot, operation: Operation) -> Callable[[int], Offer]:
    def judge(field: int) -> Offer:
        graph = snapshot.graph
        if not snapshot.may_operate_field(field):
            return Offer(RefusalCode.FORBIDDEN, f"no permission in project '{graph.project_of_field(field)}'")
        nodes = graph.incidence.nodes_of[field]
        status = snapshot.field_status(field)
        if status is None:
            return Offer(RefusalCode.STATUS_NOT_ALLOWED, "it is not materialized")
        if operation in _BY_NORMALISED and not is_field_allowed(operation, status):
            return Offer(RefusalCode.STATUS_NOT_ALLOWED, f"it is {status.label}")
        if operation in (Operation.RERUN, Operation.RERUN_DOWNSTREAM):
            if any(snapshot.status_class(node).is_active for node in nodes):
                return Offer(RefusalCode.CLOSURE_IN_FLIGHT, "a copy of it waits or runs")
        elif operation in _BY_NODE and not _any_allowed(snapshot, operation, nodes):
            return _closed_by_status(operation)
        writes = operation not in _BY_NODE and operation is not Operation.SET_SUCCESS
        if writes and any(node in snapshot.paused for node in nodes):
            return Offer(RefusalCode.INSTANCE_PAUSED, "it is paused; resume it first")
        return OPEN

    return judge


def _any_allowed(snapshot: Snapshot, operation: Operation, nodes: Sequence[int]) -> bool:
    return any(is_allowed(operation, snapshot.status[n], paused=n in snapshot.paused) for n in nodes)


def _closed_by_status(operation: Operation) -> Offer:
    code = RefusalCode.NOT_PAUSED if operation is Operation.RESUME else RefusalCode.STATUS_NOT_ALLOWED
    return Offer(code, _REASONS[operation])
