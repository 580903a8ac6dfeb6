"""What a preview looks like in JSON: all that the dialog of an operation shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.operations.batch import BatchPlan
from taskhouse.domain.operations.plan import (
    DownstreamView,
    Item,
    NodeChange,
    Part,
    Plan,
    PlannedField,
    PlannedMember,
    Sees,
)
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus, StatusClass, display_label
from taskhouse.protocols.rest.errors import REFUSAL_STATUS, ErrorItem
from taskhouse.services.recurring.permissions import may_view
from taskhouse.services.recurring.preview_operation import Decided, Moment


class RefusalView(msgspec.Struct, frozen=True):
    """Why it would be refused; `status` is the HTTP status that applying it would answer with."""

    code: str
    message: str
    items: list[ErrorItem]
    status: int


class FieldView(msgspec.Struct, frozen=True):
    """`reason`: why it takes part. `other_table`: it is of another table than the target. `nodes`: what writes it, by name."""

    id: int
    name: str
    instance: int
    table: str
    status: str
    reason: str
    other_table: bool
    nodes: list[str]


class PlannedNodeView(msgspec.Struct, frozen=True):
    """A node that changes. `part`: REQUESTED, REQUIRED, ASSOCIATED, MEMBER, NEIGHBOUR. `reason` says it in words. `runs`: a new attempt of
    it is planned. `pauses`: the flag's new value, null when it stays. `cancels`: the live attempt is cancelled, and why. `skips_checks`:
    the next attempt asks neither for upstream nor for the scheduled time. `waits_for`: upstream nodes that have not succeeded.
    `expected_start`, `expected_end`: when the planned attempt is expected to run; null when none is, or somebody must act first."""

    id: int
    name: str
    instance: int
    fields: list[str]
    before: str
    after: str
    part: str
    reason: str
    runs: bool
    pauses: bool | None
    cancels: str | None
    skips_checks: bool
    waits_for: list[str]
    expected_start: datetime | None = None
    expected_end: datetime | None = None


class MemberView(msgspec.Struct, frozen=True):
    """An instance downstream. `level`: edges between instances from the start. `fields` are rewritten, with the status of each in
    `field_status`, `required` those of them that cannot be left out; all empty for a script. `nodes`: how many of its nodes take part."""

    instance: int
    name: str
    project: str
    owners: list[str]
    bizdate: str
    due_at: datetime
    status: list[str]
    level: int
    nodes: int
    fields: list[str]
    field_status: list[str]
    required: list[str]
    paused: bool


class DownstreamNodeView(msgspec.Struct, frozen=True):
    """A node directly downstream, outside the scope. `sees`: KEEPS_OLD_DATA, STARTS_AFTER, WAITS_AGAIN, RUNS_ON, STAYS_BLOCKED,
    RELEASED; `meaning` says it in words. HIDDEN, without a status: it belongs to projects in which the person asking has no role."""

    id: int
    name: str
    status: str
    sees: str
    meaning: str


class PriorityChangeView(msgspec.Struct, frozen=True):
    """`field` is the metric's id, null for the instance as a whole."""

    instance: int
    field: int | None
    name: str
    before: str
    after: str


class PlanView(msgspec.Struct, frozen=True):
    """What an operation does to one instance and around it. Lists end after `limit` entries; `totals` has their full lengths, and how
    many nodes start at once (`starts`), run in their turn (`follows`) and change without running (`sets`)."""

    operation: str
    instance: int
    name: str
    bizdate: str
    due_at: datetime | None
    accepted: bool
    digest: str
    code: str
    requested: list[FieldView]
    required: list[FieldView]
    associated: list[FieldView]
    nodes: list[PlannedNodeView]
    unchanged: list[PlannedNodeView]
    members: list[MemberView]
    optional: list[MemberView]
    excluded: list[ErrorItem]
    downstream: list[DownstreamNodeView]
    removed_upstream: list[ErrorItem]
    priorities: list[PriorityChangeView]
    notices: list[str]
    refusals: list[RefusalView]
    totals: dict[str, int]


class SkippedView(msgspec.Struct, frozen=True):
    """An instance of a batch that does not qualify."""

    instance: int
    name: str
    due_at: datetime | None
    code: str
    reason: str


class PreviewView(msgspec.Struct, frozen=True):
    """`plan` of a single operation, null for a batch, which has `plans` and `skipped`. `accepted`: applying it now would do something.
    `digest` goes with apply. `expected_finish`: when all that it sets in motion is expected to be through; null when it moves nothing or
    somebody must act first. `totals`: how many `plans` and `skipped` there are, and `starts`, `follows` and `sets` of all plans."""

    operation: str
    accepted: bool
    digest: str
    digest_needed: bool
    expected_finish: datetime | None
    plan: PlanView | None
    plans: list[PlanView]
    skipped: list[SkippedView]
    refusals: list[RefusalView]
    totals: dict[str, int]


_MEANINGS = {
    Sees.KEEPS_OLD_DATA: "has finished and keeps its data; rerun downstream refreshes it",
    Sees.STARTS_AFTER: "has not run and starts when everything upstream has succeeded",
    Sees.WAITS_AGAIN: "waits, and goes back to Not Running until upstream has succeeded again",
    Sees.RUNS_ON: "is not interrupted",
    Sees.STAYS_BLOCKED: "has not run and stays blocked",
    Sees.RELEASED: "may go on: what it waited for has succeeded by this",
}
_REASONS = {
    Part.REQUESTED: "requested",
    Part.REQUIRED: "its logic changed since its data was made",
    Part.ASSOCIATED: "writes fields that are written along",
    Part.MEMBER: "downstream, in the scope",
    Part.NEIGHBOUR: "outside the scope; something upstream of it runs again",
}


def preview_view(found: Decided, operation: str, *, digest_needed: bool, limit: int) -> PreviewView:
    shown = [plan_view(found.moment, plan, limit, found.expected.spans) for plan in found.plans[:limit]]
    skipped = [] if found.batch is None else _skipped(found.moment.snapshot, found.batch)
    totals = {"plans": len(found.plans), "skipped": len(skipped)}
    for plan in found.plans:
        for name, count in _moves(plan).items():
            totals[name] = totals.get(name, 0) + count
    single = found.batch is None
    return PreviewView(
        operation,
        found.is_accepted,
        found.digest,
        digest_needed,
        found.expected.finish,
        shown[0] if single else None,
        [] if single else shown,
        skipped,
        shown[0].refusals if single else [],
        totals,
    )


_OF_START = (Part.REQUESTED, Part.REQUIRED, Part.ASSOCIATED)


def _runs(change: NodeChange) -> bool:
    """Whether a new attempt is planned; a node that is paused, or sent back by a neighbour, has none."""
    return change.target is NodeStatus.INIT and change.trigger is not None


def _moves(plan: Plan) -> dict[str, int]:
    """How many nodes start at once, run in their turn, and change without running."""
    waiting = {check.node for check in plan.ancestor_checks if check.unmet}
    inside = [change for change in plan.changes if change.part is not Part.NEIGHBOUR]
    runs = [change for change in inside if _runs(change)]
    starts = sum(c.part in _OF_START and (c.skip_checks or c.node not in waiting) for c in runs)
    return {"starts": starts, "follows": len(runs) - starts + len(plan.unchanged), "sets": len(inside) - len(runs)}


def _skipped(snapshot: Snapshot, batch: BatchPlan) -> list[SkippedView]:
    graph = snapshot.graph
    found = []
    for each in batch.skipped:
        at = graph.instance_at.get(each.instance)
        due = None if at is None else graph.instances[at].due_at
        found.append(SkippedView(each.instance, each.name, due, each.code.value, each.reason))
    return found


Spans = Mapping[int, tuple[datetime, datetime]]


def _downstream(snapshot: Snapshot, each: DownstreamView) -> DownstreamNodeView:
    graph = snapshot.graph
    if any(may_view(snapshot, instance) for instance in graph.instances_of_node[graph.node_at[each.node]]):
        return DownstreamNodeView(each.node, each.name, each.status.label, each.sees.value, _MEANINGS[each.sees])
    return DownstreamNodeView(each.node, each.name, "", "HIDDEN", "belongs to a project in which you have no role")


def plan_view(moment: Moment, plan: Plan, limit: int, spans: Spans | None = None) -> PlanView:
    spans = spans or {}
    snapshot = moment.snapshot
    graph = snapshot.graph
    at = graph.instance_at.get(plan.instance)
    row = None if at is None else graph.instances[at]
    unmet = {check.node: [name for _, name in check.unmet] for check in plan.ancestor_checks}
    nodes = [_change(snapshot, change, unmet.get(change.node, []), spans) for change in plan.changes[:limit]]
    unchanged = [_unchanged(snapshot, node, unmet.get(node, []), spans) for node in plan.unchanged[:limit]]
    downstream = [_downstream(snapshot, each) for each in plan.downstream[:limit]]
    totals = {
        "nodes": len(plan.changes),
        "unchanged": len(plan.unchanged),
        "members": len(plan.members),
        "optional": len(plan.optional),
        "downstream": len(plan.downstream),
        "associated": len(plan.associated),
        **_moves(plan),
    }
    refusals = [
        RefusalView(each.code.value, each.message, items(each.items), REFUSAL_STATUS.get(each.code, 409))
        for each in plan.refusals
    ]
    return PlanView(
        plan.operation.value,
        plan.instance,
        "" if row is None else row.name,
        "" if row is None else bizdate_text(row.bizdate),
        None if row is None else row.due_at,
        plan.is_accepted,
        plan.digest,
        plan.code.value,
        _fields(snapshot, plan.requested, limit),
        _fields(snapshot, plan.required, limit),
        _fields(snapshot, plan.associated, limit),
        nodes,
        unchanged,
        _members(snapshot, plan.members[:limit]),
        _members(snapshot, plan.optional[:limit]),
        items(plan.excluded),
        downstream,
        items(plan.removed_upstream),
        [
            PriorityChangeView(
                p.instance, p.field, _priority_name(snapshot, p.instance, p.field), p.before.name, p.after.name
            )
            for p in plan.priorities
        ],
        list(plan.notices),
        refusals,
        totals,
    )


def items(found: Iterable[Item]) -> list[ErrorItem]:
    return [ErrorItem(item.id, item.name, item.status, item.reason) for item in found]


def class_label(status: StatusClass | None) -> str:
    return "" if status is None else status.label


def _fields(snapshot: Snapshot, fields: Sequence[PlannedField], limit: int) -> list[FieldView]:
    graph = snapshot.graph
    found = []
    for field in fields[:limit]:
        table = graph.instances[graph.instance_at[field.instance]].name
        nodes = [graph.nodes[node].name for node in graph.incidence.nodes_of[graph.field_at[field.id]]]
        status = class_label(field.status)
        found.append(
            FieldView(field.id, field.name, field.instance, table, status, field.reason, field.other_table, nodes)
        )
    return found


def _change(snapshot: Snapshot, change: NodeChange, waits_for: list[str], spans: Spans) -> PlannedNodeView:
    graph = snapshot.graph
    at = graph.node_at[change.node]
    paused = at in snapshot.paused
    after_paused = paused if change.sets_paused is None else change.sets_paused
    stops = change.after_cancel
    runs = _runs(change)
    return PlannedNodeView(
        change.node,
        graph.label(at),
        graph.instances[graph.instances_of_node[at][0]].id,
        [graph.fields[f].name for f in graph.incidence.fields_of[at]],
        display_label(change.source, paused=paused),
        display_label(change.target, paused=after_paused) + (" (once the attempt has ended)" if stops else ""),
        change.part.value,
        _REASONS[change.part],
        runs,
        change.sets_paused,
        None if change.cancels is None else change.cancels.value,
        change.skip_checks,
        waits_for,
        *(spans.get(change.node, (None, None)) if runs else (None, None)),
    )


def _unchanged(snapshot: Snapshot, node: int, waits_for: list[str], spans: Spans) -> PlannedNodeView:
    graph = snapshot.graph
    at = graph.node_at[node]
    status = display_label(snapshot.status[at], paused=at in snapshot.paused)
    return PlannedNodeView(
        node,
        graph.label(at),
        graph.instances[graph.instances_of_node[at][0]].id,
        [graph.fields[f].name for f in graph.incidence.fields_of[at]],
        status,
        status,
        Part.ASSOCIATED.value,
        "has not run; it runs when everything upstream has succeeded",
        True,
        None,
        None,
        False,
        waits_for,
        *spans.get(node, (None, None)),
    )


def _members(snapshot: Snapshot, members: Iterable[PlannedMember]) -> list[MemberView]:
    graph = snapshot.graph
    found = []
    for member in members:
        at = graph.instance_at[member.instance]
        row = graph.instances[at]
        found.append(
            MemberView(
                member.instance,
                member.name,
                row.project,
                list(row.owners),
                bizdate_text(row.bizdate),
                row.due_at,
                sorted(status.label for status in snapshot.instance_statuses(at)),
                member.level,
                member.nodes,
                list(member.fields),
                _statuses(snapshot, at, member.fields),
                list(member.required),
                member.paused,
            )
        )
    return found


def _statuses(snapshot: Snapshot, instance: int, fields: Sequence[str]) -> list[str]:
    graph = snapshot.graph
    known = {graph.fields[f].name: f for f in graph.fields_of_instance[instance]} if fields else {}
    return [class_label(snapshot.field_status(known[name])) for name in fields]


def _priority_name(snapshot: Snapshot, instance: int, field: int | None) -> str:
    graph = snapshot.graph
    if field is not None:
        return graph.fields[graph.field_at[field]].name
    return graph.instances[graph.instance_at[instance]].name
