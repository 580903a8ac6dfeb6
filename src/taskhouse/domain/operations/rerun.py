"""Rerun, and force rerun of the current instance: the closure of a selection runs again, nothing downstream is reset."""

from __future__ import annotations

from collections.abc import Sequence

from taskhouse.domain.operations.plan import NodeChange, Plan, Refusal, Sees
from taskhouse.domain.operations.request import CodeChoice, ForceRerunCurrent, Rerun
from taskhouse.domain.operations.rewriting import (
    Start,
    ancestor_checks,
    begin,
    boundary,
    final_status_refusals,
    forced_changes,
    limit_refusals,
    neighbour_changes,
    paused_refusals,
    permission_refusals,
    rerun_changes,
    views,
)
from taskhouse.domain.operations.selecting import select
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.transitions import Operation


def decide_rerun(request: Rerun, snapshot: Snapshot) -> Plan:
    """Selected fields must be Succeeded or Failed, the closure not in flight and not paused. Nodes whose upstream has not all
    succeeded are reset all the same and wait (the ancestor check)."""
    selection = select(snapshot, request.target)
    if isinstance(selection, Refusal):
        return Plan(Operation.RERUN, request.target.instance, refusals=(selection,))
    start = begin(snapshot, selection)
    refusals = permission_refusals(snapshot, start) + final_status_refusals(snapshot, start)
    refusals += paused_refusals(snapshot, start)
    changes, unchanged = rerun_changes(snapshot, start)
    return _plan(Operation.RERUN, snapshot, start, changes, unchanged, request.code, refusals)


def decide_force_rerun_current(request: ForceRerunCurrent, snapshot: Snapshot) -> Plan:
    """Whatever the status, unless paused. Attempts in flight are cancelled; upstream and scheduled time are not asked for once."""
    selection = select(snapshot, request.target)
    if isinstance(selection, Refusal):
        return Plan(Operation.FORCE_RERUN_CURRENT, request.target.instance, refusals=(selection,))
    start = begin(snapshot, selection)
    refusals = permission_refusals(snapshot, start) + paused_refusals(snapshot, start)
    changes = forced_changes(snapshot, start)
    return _plan(Operation.FORCE_RERUN_CURRENT, snapshot, start, changes, (), request.code, refusals)


def _plan(
    operation: Operation,
    snapshot: Snapshot,
    start: Start,
    changes: list[NodeChange],
    unchanged: Sequence[int],
    code: CodeChoice,
    refusals: list[Refusal],
) -> Plan:
    graph = snapshot.graph
    scope = start.closure.node_via.keys()
    beyond = boundary(snapshot, scope, scope)
    neighbours = neighbour_changes(snapshot, changes, beyond)
    refusals += limit_refusals(snapshot, len(scope) + len(neighbours))
    row = graph.instances[start.selection.instance]
    return Plan(
        operation,
        row.id,
        start.requested,
        start.required,
        start.associated,
        changes=tuple(sorted(changes + neighbours)),
        unchanged=tuple(sorted(graph.nodes[node].id for node in unchanged)),
        ancestor_checks=ancestor_checks(snapshot, scope),
        downstream=views(snapshot, beyond, not_running=Sees.STARTS_AFTER),
        notices=(row.notice,) if row.notice else (),
        refusals=tuple(refusals),
        code=code,
        options=(("code", code.value), ("scope", "entire table" if start.selection.entire else "specific fields")),
    )
