"""What operations look like in JSON: the request, the preview that dialogs are made of, and what applying answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.operations.batch import BatchPlan
from taskhouse.domain.operations.plan import Item, NodeChange, Part, Plan, PlannedField, PlannedMember, Sees
from taskhouse.domain.operations.request import Target
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import NodeStatus, StatusClass, display_label
from taskhouse.ports.recurring_store import OperationEntry
from taskhouse.protocols.rest.errors import REFUSAL_STATUS, ErrorItem
from taskhouse.protocols.rest.routing import Id
from taskhouse.services.recurring.apply_operation import Applied
from taskhouse.services.recurring.asking import NAMES, Options
from taskhouse.services.recurring.preview_operation import Decided, Moment

_Name = Annotated[str, msgspec.Meta(max_length=256)]
_Names = Annotated[list[_Name], msgspec.Meta(max_length=10_000)]

SHOWN = 1000
"""Entries that each list of a preview shows, unless `limit` says otherwise."""


class TargetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An instance, and the fields meant, by name; without `fields` the entire table, or the script."""

    instance: Id
    fields: _Names | None = None

    def target(self) -> Target:
        return Target(self.instance, None if self.fields is None else tuple(dict.fromkeys(self.fields)))


class OptionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was chosen in the dialog. `code`: CURRENT or AS_RAN. `start_mode`: NORMAL or DRY_RUN. `scope`: of RERUN_DOWNSTREAM and
    FORCE_RERUN_DOWNSTREAM ALL_FAILED_INSTANCE, ALL_FINAL_INSTANCE, ALL_INSTANCE or CUSTOM (with `members`), of SET_SUCCESS
    FAILED_FIELDS, NOT_RUN_FIELDS, FAILED_AND_NOT_RUN_FIELDS or CUSTOM. `upstream`: ids of instances to cut, 0 is the root. `priority`:
    HIGHEST, HIGH, MIDDLE, LOW, LOWEST. `exclude_forbidden`: leave out members for which permission lacks, instead of refusing."""

    code: str | None = None
    start_mode: str | None = None
    scope: str | None = None
    members: Annotated[list[TargetBody], msgspec.Meta(max_length=10_000)] | None = None
    include_start: bool | None = None
    exclude_forbidden: bool | None = None
    upstream: Annotated[list[Id], msgspec.Meta(max_length=10_000)] | None = None
    priority: str | None = None

    def options(self) -> Options:
        return Options(
            self.code,
            self.start_mode,
            self.scope,
            None if self.members is None else tuple(member.target() for member in self.members),
            self.include_start,
            self.exclude_forbidden,
            None if self.upstream is None else tuple(self.upstream),
            self.priority,
        )


class OperationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`operation`: the name. Instances are given as `targets`, or chosen by a `selection` (`t0+3,status:failed`) in an `environment`
    (PROD, DEV) over `bizdates`; several of them, or the name of a batch, make a batch. `digest` is that of the preview, which operations
    that write data need. `perspective` (TABLE, FIELD, BATCH, DAG): from which page it comes, for the log. `limit`: how many entries each
    list of a preview shows."""

    operation: Annotated[str, msgspec.Meta(examples=list(NAMES), max_length=64)]
    targets: Annotated[list[TargetBody], msgspec.Meta(max_length=10_000)] = []
    options: OptionsBody = msgspec.field(default_factory=OptionsBody)
    digest: Annotated[str, msgspec.Meta(max_length=64)] = ""
    perspective: str | None = None
    selection: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    environment: str = "PROD"
    bizdates: Annotated[list[Annotated[str, msgspec.Meta(max_length=16)]], msgspec.Meta(max_length=31)] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = SHOWN


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
    """An instance downstream. `level`: edges between instances from the start. `fields` are rewritten, `required` those of them that cannot be
    left out; both empty for a script. `nodes`: how many of its nodes take part."""

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
    required: list[str]
    paused: bool


class DownstreamNodeView(msgspec.Struct, frozen=True):
    """A node directly downstream, outside the scope. `sees`: KEEPS_OLD_DATA, STARTS_AFTER, WAITS_AGAIN, RUNS_ON, STAYS_BLOCKED,
    RELEASED; `meaning` says it in words."""

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
    """What an operation does to one instance and around it. Lists end after `limit` entries; `totals` has their full lengths."""

    operation: str
    instance: int
    name: str
    bizdate: str
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
    code: str
    reason: str


class PreviewView(msgspec.Struct, frozen=True):
    """`plan` of a single operation, null for a batch, which has `plans` and `skipped`. `accepted`: applying it now would do something.
    `digest` goes with apply. `expected_finish`: when all that it sets in motion is expected to be through; null when it moves nothing or
    somebody must act first."""

    operation: str
    accepted: bool
    digest: str
    digest_needed: bool
    expected_finish: datetime | None
    plan: PlanView | None
    plans: list[PlanView]
    skipped: list[SkippedView]
    refusals: list[RefusalView]


class OperationView(msgspec.Struct, frozen=True):
    """An entry of the operation log. `selected_fields` and `closure_fields` by name, `node_before` and `node_after` by node id. `document` is
    the whole entry."""

    id: int
    at: datetime
    operator: str
    operation: str
    perspective: str
    instance: int
    instances: list[int]
    batch: str
    outcome: str
    error_code: str | None
    reason: str
    selected_fields: list[str]
    closure_fields: list[str]
    node_before: dict[str, str]
    node_after: dict[str, str]
    document: dict[str, Any]


class OutcomeView(msgspec.Struct, frozen=True):
    """One instance of a batch. `outcome`: ACCEPTED, with the id of its `operation`, or SKIPPED, with `code` and `reason`."""

    instance: int
    name: str
    outcome: str
    operation: int | None
    code: str
    reason: str


class AppliedView(msgspec.Struct, frozen=True):
    """`operation` is the log entry of a single operation, null for a batch, which has `batch`, its id, and one of `outcomes` for each
    instance; `accepted` and `skipped` count them. Accepted is not finished: what was set in motion runs afterwards."""

    operation: OperationView | None
    batch: str
    accepted: int
    skipped: int
    outcomes: list[OutcomeView]


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
    if found.batch is not None:
        plans = [plan_view(found.moment, plan, limit, found.expected.spans) for plan in found.batch.plans[:limit]]
        return PreviewView(
            operation,
            found.is_accepted,
            found.digest,
            digest_needed,
            found.expected.finish,
            None,
            plans,
            _skipped(found.batch),
            [],
        )
    assert found.plan is not None
    plan = plan_view(found.moment, found.plan, limit, found.expected.spans)
    return PreviewView(
        operation,
        found.is_accepted,
        found.digest,
        digest_needed,
        found.expected.finish,
        plan,
        [],
        [],
        plan.refusals,
    )


def _skipped(batch: BatchPlan) -> list[SkippedView]:
    return [SkippedView(each.instance, each.name, each.code.value, each.reason) for each in batch.skipped]


Spans = Mapping[int, tuple[datetime, datetime]]


def plan_view(moment: Moment, plan: Plan, limit: int, spans: Spans | None = None) -> PlanView:
    spans = spans or {}
    snapshot = moment.snapshot
    graph = snapshot.graph
    at = graph.instance_at.get(plan.instance)
    row = None if at is None else graph.instances[at]
    unmet = {check.node: [name for _, name in check.unmet] for check in plan.ancestor_checks}
    nodes = [_change(snapshot, change, unmet.get(change.node, []), spans) for change in plan.changes[:limit]]
    unchanged = [_unchanged(snapshot, node, unmet.get(node, []), spans) for node in plan.unchanged[:limit]]
    downstream = [
        DownstreamNodeView(each.node, each.name, each.status.label, each.sees.value, _MEANINGS[each.sees])
        for each in plan.downstream[:limit]
    ]
    totals = {
        "nodes": len(plan.changes),
        "unchanged": len(plan.unchanged),
        "members": len(plan.members),
        "optional": len(plan.optional),
        "downstream": len(plan.downstream),
        "associated": len(plan.associated),
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
    runs = change.target is NodeStatus.INIT and change.part is not Part.NEIGHBOUR
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
                list(member.required),
                member.paused,
            )
        )
    return found


def _priority_name(snapshot: Snapshot, instance: int, field: int | None) -> str:
    graph = snapshot.graph
    if field is not None:
        return graph.fields[graph.field_at[field]].name
    return graph.instances[graph.instance_at[instance]].name


def operation_view(entry: OperationEntry) -> OperationView:
    document = dict(entry.document)
    return OperationView(
        entry.id,
        entry.at,
        entry.operator,
        entry.operation,
        entry.perspective.value,
        entry.instance,
        list(entry.instances),
        entry.batch,
        entry.outcome,
        entry.error_code,
        entry.reason,
        _texts(document.get("selected_fields")),
        _texts(document.get("closure_fields")),
        _pairs(document.get("node_before")),
        _pairs(document.get("node_after")),
        document,
    )


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _pairs(value: object) -> dict[str, str]:
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


def applied_view(applied: Applied) -> AppliedView:
    outcomes = [
        OutcomeView(
            each.instance,
            each.name,
            "SKIPPED" if each.entry is None else "ACCEPTED",
            None if each.entry is None else each.entry.id,
            each.code,
            each.reason,
        )
        for each in applied.outcomes
    ]
    accepted = sum(1 for each in outcomes if each.operation is not None) if outcomes else 1
    return AppliedView(
        None if outcomes or applied.entry is None else operation_view(applied.entry),
        applied.batch,
        accepted,
        len(outcomes) - accepted if outcomes else 0,
        outcomes,
    )
