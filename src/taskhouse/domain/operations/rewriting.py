"""What all operations share that write data again: the closure of the start point with its guards, and the changes of its nodes.

Required fields join before the closure is taken (D-21): fields of the start table whose logic changed since their data was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from taskhouse.domain.closure import Closure
from taskhouse.domain.operations.plan import (
    AncestorCheck,
    DownstreamView,
    ExitReason,
    NodeChange,
    Part,
    PlannedField,
    Refusal,
    RefusalCode,
    Sees,
    Trigger,
)
from taskhouse.domain.operations.selecting import (
    Selection,
    close,
    forbidden,
    forbidden_associated,
    forbidden_nodes,
    joined_reason,
    planned,
    status_items,
    wrong_statuses,
)
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, WAITING_STATUSES, NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause


@dataclass(frozen=True, slots=True)
class Start:
    """The start point of an operation: its selection, what is required with it, and their closure."""

    selection: Selection
    required_fields: tuple[int, ...]
    closure: Closure
    requested: tuple[PlannedField, ...]
    required: tuple[PlannedField, ...]
    associated: tuple[PlannedField, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Fields that are rewritten for their own sake; what depends on them is downstream."""
        return (*self.selection.fields, *self.required_fields)


def begin(snapshot: Snapshot, selection: Selection) -> Start:
    fields = set(selection.fields)
    own = snapshot.graph.fields_of_instance[selection.instance]
    required = tuple(f for f in own if f in snapshot.changed and f not in fields) if snapshot.changed else ()
    found = close(snapshot, selection, required)
    at = selection.instance
    return Start(
        selection,
        required,
        found,
        tuple(planned(snapshot, f, at) for f in selection.fields),
        tuple(planned(snapshot, f, at, snapshot.changed[f]) for f in required),
        tuple(planned(snapshot, f, at, joined_reason(snapshot, found, f)) for f in found.associated()),
    )


def permission_refusals(snapshot: Snapshot, start: Start) -> list[Refusal]:
    """FORBIDDEN for what was selected, FORBIDDEN_ASSOCIATED for what joins."""
    own = forbidden(snapshot, start.selection)
    joined = forbidden_associated(snapshot, (*start.required_fields, *start.closure.associated()))
    if joined is None and not start.selection.entire:
        items = forbidden_nodes(snapshot, start.closure.nodes)
        if items:
            joined = Refusal(RefusalCode.FORBIDDEN_ASSOCIATED, f"you may not operate '{items[0].name}'", items)
    return [refusal for refusal in (own, joined) if refusal is not None]


def final_status_refusals(snapshot: Snapshot, start: Start) -> list[Refusal]:
    """Without force: every selected field is Succeeded or Failed, and no node of the closure is in flight (D-22)."""
    graph = snapshot.graph
    wrong = wrong_statuses(snapshot, start.selection, (StatusClass.SUCCEEDED, StatusClass.FAILED))
    refusals = []
    if wrong:
        name = graph.instances[start.selection.instance].name
        which = f"'{wrong[0].name}'" if wrong[0].name == name else f"'{wrong[0].name}' of '{name}'"
        message = f"{which} is {wrong[0].status}; only Succeeded or Failed can be rerun"
        refusals.append(Refusal(RefusalCode.STATUS_NOT_ALLOWED, message, wrong))
    active = [node for node in start.closure.nodes if snapshot.status_class(node).is_active]
    if active:
        items = status_items(snapshot, active, "in flight")
        message = f"node {items[0].name} is {items[0].status}; wait for it, stop it, or force the rerun"
        refusals.append(Refusal(RefusalCode.CLOSURE_IN_FLIGHT, message, items))
    return refusals


def paused_refusals(snapshot: Snapshot, start: Start) -> list[Refusal]:
    """What starts work asks that no node of the closure is paused (D-23)."""
    paused = [node for node in start.closure.nodes if node in snapshot.paused]
    if not paused:
        return []
    items = status_items(snapshot, paused, "paused")
    return [Refusal(RefusalCode.INSTANCE_PAUSED, f"node {items[0].name} is paused; resume it first", items)]


def limit_refusals(snapshot: Snapshot, nodes: int) -> list[Refusal]:
    most = snapshot.settings.max_members
    if nodes <= most:
        return []
    return [Refusal(RefusalCode.LIMIT_EXCEEDED, f"the operation touches {nodes} nodes; at most {most} are allowed")]


def part_of_node(snapshot: Snapshot, start: Start, node: int) -> Part:
    via = start.closure.node_via[node]
    if via < 0 or via in start.selection.fields:
        return Part.REQUESTED
    return Part.REQUIRED if via in start.required_fields else Part.ASSOCIATED


def rerun_changes(snapshot: Snapshot, start: Start) -> tuple[list[NodeChange], list[int]]:
    """Finished nodes of the closure back to Not Running; nodes that have not run stay as they are (second value, positions)."""
    changes, unchanged = [], []
    for node in start.closure.nodes:
        source = snapshot.status[node]
        if source is NodeStatus.INIT:
            unchanged.append(node)
            continue
        changes.append(
            NodeChange(
                snapshot.graph.nodes[node].id,
                snapshot.lock_version[node],
                source,
                NodeStatus.INIT,
                Cause.RERUN,
                part_of_node(snapshot, start, node),
                trigger=Trigger.RERUN,
            )
        )
    return changes, unchanged


def forced_changes(snapshot: Snapshot, start: Start) -> list[NodeChange]:
    """All nodes of the closure to Not Running with the flags that let the next attempt skip upstream and time (D-25, D-26)."""
    return [
        NodeChange(
            snapshot.graph.nodes[node].id,
            snapshot.lock_version[node],
            snapshot.status[node],
            NodeStatus.INIT,
            Cause.FORCE_RERUN,
            part_of_node(snapshot, start, node),
            trigger=Trigger.FORCE,
            skip_checks=True,
            cancels=_force_cancel(snapshot.status[node]),
        )
        for node in start.closure.nodes
    ]


def dry_changes(snapshot: Snapshot, start: Start) -> list[NodeChange]:
    """All nodes of the closure Succeeded at once, without data, log or times (D-24)."""
    return [
        NodeChange(
            snapshot.graph.nodes[node].id,
            snapshot.lock_version[node],
            snapshot.status[node],
            NodeStatus.SUCCESS,
            Cause.DRY_RUN,
            part_of_node(snapshot, start, node),
            trigger=Trigger.DRY,
            cancels=_force_cancel(snapshot.status[node]),
        )
        for node in start.closure.nodes
    ]


def _force_cancel(status: NodeStatus) -> ExitReason | None:
    return ExitReason.FORCE_RERUN if CLASS_OF[status].is_active else None


def member_changes(snapshot: Snapshot, nodes: Iterable[int], *, force: bool) -> tuple[list[NodeChange], list[int]]:
    """Downstream members to Not Running; with force also those in flight, which are cancelled (D-25)."""
    changes, unchanged = [], []
    status, lock_version, rows = snapshot.status, snapshot.lock_version, snapshot.graph.nodes
    cause = Cause.FORCE_RERUN if force else Cause.RERUN
    init, rerun, member = NodeStatus.INIT, Trigger.RERUN, Part.MEMBER
    for node in nodes:
        source = status[node]
        if source is init:
            unchanged.append(node)
            continue
        cancels = _force_cancel(source) if force else None
        changes.append(
            NodeChange(rows[node].id, lock_version[node], source, init, cause, member, None, rerun, False, cancels)
        )
    return changes, unchanged


def boundary(snapshot: Snapshot, touched: Iterable[int], scope: Collection[int]) -> list[tuple[int, int]]:
    """(node of `touched`, node directly downstream of it and outside `scope`), each pair once per edge."""
    graph, removed = snapshot.graph, snapshot.removed
    edge_down, offsets, targets = graph.edge_down, graph.out_edges.offsets, graph.out_edges.targets
    found = []
    for node in touched:
        for edge in targets[offsets[node] : offsets[node + 1]]:
            down = edge_down[edge]
            if down not in scope and edge not in removed:
                found.append((node, down))
    return found


def neighbour_changes(
    snapshot: Snapshot, changes: Iterable[NodeChange], beyond: Iterable[tuple[int, int]]
) -> list[NodeChange]:
    """Waiting nodes outside the scope go back to Not Running when a node upstream of them leaves Succeeded (D-09).

    `beyond` is the `boundary` of the changed nodes."""
    graph, status, success = snapshot.graph, snapshot.status, NodeStatus.SUCCESS
    waiting = [
        (node, down)
        for node, down in beyond
        if status[down] in WAITING_STATUSES and status[node] is success and down not in snapshot.skip_upstream
    ]
    if not waiting:
        return []
    leaving = {change.node for change in changes if change.target is not success}
    found: dict[int, NodeChange] = {}
    for node, down in waiting:
        if down not in found and graph.nodes[node].id in leaving:
            found[down] = NodeChange(
                graph.nodes[down].id,
                snapshot.lock_version[down],
                status[down],
                NodeStatus.INIT,
                Cause.UPSTREAM_RERUN,
                Part.NEIGHBOUR,
            )
    return list(found.values())


def ancestor_checks(snapshot: Snapshot, nodes: Iterable[int]) -> tuple[AncestorCheck, ...]:
    """Per node, what upstream had not succeeded; nodes of the operation itself are waited for in order and do not count."""
    graph = snapshot.graph
    rewritten = dict.fromkeys(nodes)
    return tuple(
        AncestorCheck(
            graph.nodes[node].id,
            tuple((graph.nodes[up].id, graph.label(up)) for up in snapshot.unmet_upstream(node) if up not in rewritten),
        )
        for node in rewritten
    )


def views(
    snapshot: Snapshot, beyond: Iterable[tuple[int, int]], *, not_running: Sees, waiting: Sees | None = None
) -> tuple[DownstreamView, ...]:
    """What the nodes beyond the `boundary` make of the operation. `waiting` None: what a rerun does to them."""
    graph = snapshot.graph
    found: dict[int, DownstreamView] = {}
    beyond = list(beyond)
    released = {node for node, _ in beyond} if not_running is Sees.RELEASED else set()
    for node, down in beyond:
        status = snapshot.status[down]
        match CLASS_OF[status]:
            case StatusClass.NOT_RUNNING:
                sees = not_running
                if released and not released.issuperset(snapshot.unmet_upstream(down)):
                    sees = Sees.STARTS_AFTER
            case StatusClass.RUNNING:
                sees = Sees.RUNS_ON
            case StatusClass.WAITING:
                demoted = snapshot.status[node] is NodeStatus.SUCCESS and down not in snapshot.skip_upstream
                sees = waiting or (Sees.WAITS_AGAIN if demoted else Sees.RUNS_ON)
            case _:
                sees = Sees.KEEPS_OLD_DATA
        if down not in found or sees is Sees.WAITS_AGAIN:
            found[down] = DownstreamView(graph.nodes[down].id, graph.label(down), status, sees)
    return tuple(found.values())
