"""Stop, pause, resume, and set to success & resume: they change control state, write no data, and reach one hop (D-19).

They act on the nodes of the selected fields that admit the operation; other nodes of the selection are left as they are. Fields that
share such a node change with it and are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from taskhouse.domain.operations.plan import (
    ExitReason,
    Item,
    NodeChange,
    Part,
    Plan,
    Refusal,
    RefusalCode,
    Sees,
    Trigger,
)
from taskhouse.domain.operations.request import Pause, Resume, SetSuccess, Stop, SuccessScope
from taskhouse.domain.operations.rewriting import boundary, limit_refusals, views
from taskhouse.domain.operations.selecting import (
    Selection,
    forbidden,
    forbidden_associated,
    nodes_of,
    planned,
    select,
    status_items,
    wrong_statuses,
)
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause, Operation, is_allowed


def decide_stop(request: Stop, snapshot: Snapshot) -> Plan:
    """Waiting and running nodes become Failed and are not retried (D-08); a running one when its cancellation is through (D-11)."""

    def change(node: int) -> NodeChange:
        running = snapshot.status[node] is NodeStatus.RUNNING
        return _change(
            snapshot,
            node,
            NodeStatus.FAILED,
            Cause.STOP,
            sets_paused=False if node in snapshot.paused else None,
            cancels=ExitReason.STOPPED,
            after_cancel=running,
        )

    return _decide(Operation.STOP, select(snapshot, request.target), request.target.instance, snapshot, change)


def decide_pause(request: Pause, snapshot: Snapshot) -> Plan:
    """This cycle only. A throttled node leaves the queue (D-30)."""
    return _decide(
        Operation.PAUSE,
        select(snapshot, request.target),
        request.target.instance,
        snapshot,
        lambda node: _change(snapshot, node, snapshot.status[node], Cause.PAUSE, sets_paused=True),
    )


def decide_resume(request: Resume, snapshot: Snapshot) -> Plan:
    """The scheduler starts what is ready then; the operation itself only unfreezes."""
    return _decide(
        Operation.RESUME,
        select(snapshot, request.target),
        request.target.instance,
        snapshot,
        lambda node: _change(snapshot, node, snapshot.status[node], Cause.RESUME, sets_paused=False),
    )


def decide_set_success(request: SetSuccess, snapshot: Snapshot) -> Plan:
    """Fields that are Failed or Not Running become Succeeded: their nodes that are, and the flag of paused ones is cleared (D-29)."""
    selection = _success_selection(request, snapshot)
    return _decide(
        Operation.SET_SUCCESS,
        selection,
        request.target.instance,
        snapshot,
        lambda node: _change(
            snapshot,
            node,
            NodeStatus.SUCCESS,
            Cause.SET_SUCCESS,
            sets_paused=False if node in snapshot.paused else None,
            trigger=Trigger.MANUAL_SUCCESS,
        ),
        options=(("scope", request.scope.value),),
    )


_SUCCESS_CLASSES = {
    SuccessScope.FAILED: frozenset({StatusClass.FAILED}),
    SuccessScope.NOT_RUN: frozenset({StatusClass.NOT_RUNNING}),
    SuccessScope.FAILED_AND_NOT_RUN: frozenset({StatusClass.FAILED, StatusClass.NOT_RUNNING}),
    SuccessScope.CUSTOM: frozenset({StatusClass.FAILED, StatusClass.NOT_RUNNING}),
}


def _success_selection(request: SetSuccess, snapshot: Snapshot) -> Selection | Refusal:
    selection = select(snapshot, request.target)
    if isinstance(selection, Refusal):
        return selection
    no_permission = forbidden(snapshot, selection)
    if no_permission is not None and len(no_permission.items) >= len(selection.fields):
        return no_permission  # who may operate nothing of it need not hear of its status
    wanted = _SUCCESS_CLASSES[request.scope]
    if request.scope is SuccessScope.CUSTOM:
        wrong = wrong_statuses(snapshot, selection, wanted)
        if not wrong:
            return selection
        message = f"'{wrong[0].name}' is {wrong[0].status}; only Failed or Not Running can be set to success"
        return Refusal(RefusalCode.STATUS_NOT_ALLOWED, message, wrong)
    whole = select(snapshot, type(request.target)(request.target.instance))
    if isinstance(whole, Refusal):
        return whole
    fields = tuple(f for f in whole.fields if snapshot.field_status(f) in wanted)
    plain = [n for n in whole.nodes if not snapshot.graph.incidence.fields_of.degree(n)]
    bare = [n for n in plain if snapshot.status_class(n) in wanted]
    nodes = list(dict.fromkeys(n for f in fields for n in snapshot.graph.incidence.nodes_of[f]))
    if fields or bare:
        return Selection(whole.instance, fields, (*nodes, *bare), entire=True)
    name = snapshot.graph.instances[whole.instance].name
    if snapshot.instance_statuses(whole.instance).isdisjoint(_SUCCESS_CLASSES[SuccessScope.CUSTOM]):
        items = status_items(snapshot, whole.nodes)
        return Refusal(RefusalCode.STATUS_NOT_ALLOWED, f"'{name}' has nothing that is Failed or Not Running", items)
    words = request.scope.value.removesuffix("_FIELDS").replace("_", " ").lower()
    return Refusal(RefusalCode.EMPTY_SCOPE, f"'{name}' has no field that is {words}")


def _change(
    snapshot: Snapshot,
    node: int,
    target: NodeStatus,
    cause: Cause,
    *,
    sets_paused: bool | None = None,
    trigger: Trigger | None = None,
    cancels: ExitReason | None = None,
    after_cancel: bool = False,
) -> NodeChange:
    return NodeChange(
        snapshot.graph.nodes[node].id,
        snapshot.lock_version[node],
        snapshot.status[node],
        target,
        cause,
        Part.REQUESTED,
        sets_paused,
        trigger,
        False,
        cancels,
        after_cancel,
    )


_NOT_RUNNING_SEES = {
    Operation.STOP: Sees.STAYS_BLOCKED,
    Operation.PAUSE: Sees.STAYS_BLOCKED,
    Operation.RESUME: Sees.STARTS_AFTER,
    Operation.SET_SUCCESS: Sees.RELEASED,
}


def _decide(
    operation: Operation,
    selection: Selection | Refusal,
    instance_id: int,
    snapshot: Snapshot,
    change: Callable[[int], NodeChange],
    *,
    options: tuple[tuple[str, str], ...] = (),
) -> Plan:
    if isinstance(selection, Refusal):
        return Plan(operation, instance_id, refusals=(selection,), options=options)
    graph = snapshot.graph
    every = nodes_of(snapshot, selection)
    nodes = [n for n in every if is_allowed(operation, snapshot.status[n], paused=n in snapshot.paused)]
    refusals = []
    no_permission = forbidden(snapshot, selection)
    if no_permission is not None:
        refusals.append(no_permission)
    wrong = _without_eligible_node(snapshot, selection, every, set(nodes))
    if wrong:
        refusals.append(_not_allowed(operation, snapshot, selection, wrong))
    chosen = set(selection.fields)
    together = [f for f in dict.fromkeys(f for n in nodes for f in graph.incidence.fields_of[n]) if f not in chosen]
    joined = forbidden_associated(snapshot, together)
    if joined is not None:
        refusals.append(joined)
    refusals += limit_refusals(snapshot, len(nodes))
    at = selection.instance
    touched = set(nodes)
    return Plan(
        operation,
        instance_id,
        tuple(planned(snapshot, f, at) for f in selection.fields),
        associated=tuple(planned(snapshot, f, at, _shared(snapshot, f, touched)) for f in together),
        changes=tuple(sorted(change(node) for node in nodes)),
        downstream=views(
            snapshot,
            boundary(snapshot, nodes, touched),
            not_running=_NOT_RUNNING_SEES[operation],
            waiting=Sees.RUNS_ON,
        ),
        refusals=tuple(refusals),
        options=options,
    )


def _shared(snapshot: Snapshot, field: int, touched: set[int]) -> str:
    node = next(n for n in snapshot.graph.incidence.nodes_of[field] if n in touched)
    return f"is written by node {snapshot.graph.nodes[node].name}"


def _without_eligible_node(
    snapshot: Snapshot, selection: Selection, every: Sequence[int], eligible: set[int]
) -> tuple[Item, ...]:
    """For the entire table one eligible node is enough; of fields that were named, each must have one (D-34)."""
    graph = snapshot.graph
    if selection.entire:
        return () if eligible else status_items(snapshot, every)
    found = []
    for field in selection.fields:
        nodes: Iterable[int] = graph.incidence.nodes_of[field]
        if eligible.isdisjoint(nodes):
            status = snapshot.field_status(field)
            text = status.label if status is not None else "not materialized"
            found.append(Item(graph.fields[field].id, graph.fields[field].name, text, "status not allowed"))
    return tuple(found)


_ONLY = {
    Operation.STOP: "only what waits or runs can be stopped",
    Operation.PAUSE: "only Not Running, Waiting for Scheduled Time or Throttling can be paused, and once",
    Operation.RESUME: "only what is paused can be resumed",
    Operation.SET_SUCCESS: "only Failed or Not Running can be set to success",
}


def _not_allowed(operation: Operation, snapshot: Snapshot, selection: Selection, wrong: tuple[Item, ...]) -> Refusal:
    code = RefusalCode.NOT_PAUSED if operation is Operation.RESUME else RefusalCode.STATUS_NOT_ALLOWED
    name = snapshot.graph.instances[selection.instance].name if selection.entire else wrong[0].name
    return Refusal(code, f"'{name}': {_ONLY[operation]}", wrong)
