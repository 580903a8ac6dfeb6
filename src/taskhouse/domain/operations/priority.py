"""Modify priority, and which priority a node really has.

A baseline's priority overrides everything while the baseline applies; below it the manual priority of the instance, then the configured
one (D-47). Aggregate tables have a priority for each metric: the operation sets those of all metrics the actor may operate, and a node
goes by the highest of its metrics (D-32).
"""

from __future__ import annotations

from taskhouse.domain.operations.plan import Plan, PriorityChange, Refusal, RefusalCode
from taskhouse.domain.operations.request import ModifyPriority, Target
from taskhouse.domain.operations.selecting import forbidden, forbidden_fields, select
from taskhouse.domain.recurring import Priority, TableKind
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.transitions import Operation


def field_priority(snapshot: Snapshot, field: int) -> Priority:
    """Of a metric: set by hand, else its own configured one, else that of its table."""
    own = snapshot.metric_priority.get(field) or snapshot.graph.fields[field].priority
    return own or instance_priority(snapshot, snapshot.graph.field_instance[field])


def instance_priority(snapshot: Snapshot, instance: int) -> Priority:
    """Manual, else configured; metrics and baselines aside."""
    return snapshot.manual_priority.get(instance) or snapshot.graph.instances[instance].priority


def effective_priority(snapshot: Snapshot, node: int) -> Priority:
    """What the queue goes by. A node shared by several tables takes the highest of them."""
    baseline = snapshot.baseline_priority.get(node)
    if baseline is not None:
        return baseline
    graph = snapshot.graph
    found = [field_priority(snapshot, f) for f in graph.incidence.fields_of[node] if _has_metrics(snapshot, f)]
    found += [
        instance_priority(snapshot, i)
        for i in graph.instances_of_node[node]
        if graph.instances[i].kind is not TableKind.AGGREGATE or not found
    ]
    return max(found, default=Priority.MIDDLE)


def shown_priorities(snapshot: Snapshot, instance: int) -> list[Priority]:
    """The distinct effective priorities of an instance's nodes, highest first; the first is the one that lists show."""
    nodes = snapshot.graph.own_nodes(instance)
    return sorted({effective_priority(snapshot, node) for node in nodes}, reverse=True)


def _has_metrics(snapshot: Snapshot, field: int) -> bool:
    graph = snapshot.graph
    return graph.instances[graph.field_instance[field]].kind is TableKind.AGGREGATE


def decide_modify_priority(request: ModifyPriority, snapshot: Snapshot) -> Plan:
    operation = Operation.MODIFY_PRIORITY
    options = (("priority", request.priority.name),)
    selection = select(snapshot, Target(request.instance))
    if isinstance(selection, Refusal):
        return Plan(operation, request.instance, refusals=(selection,), options=options)
    graph = snapshot.graph
    row = graph.instances[selection.instance]
    refusals: list[Refusal] = []
    notices: list[str] = []
    changes: list[PriorityChange] = []
    if row.kind is TableKind.AGGREGATE and selection.fields:
        closed = {item.id for item in forbidden_fields(snapshot, selection.fields)}
        for field in selection.fields:
            metric = graph.fields[field]
            if metric.id not in closed:
                before = field_priority(snapshot, field)
                changes.append(PriorityChange(row.id, metric.id, before, request.priority))
        if not changes:
            refusals.append(Refusal(RefusalCode.FORBIDDEN, f"you may operate no metric of '{row.name}'"))
        elif closed:
            notices.append(f"{len(closed)} metrics keep their priority, because you may not operate them")
    else:
        no_permission = forbidden(snapshot, selection)
        if no_permission is not None:
            refusals.append(no_permission)
        before = instance_priority(snapshot, selection.instance)
        changes.append(PriorityChange(row.id, None, before, request.priority))
    if any(node in snapshot.baseline_priority for node in graph.nodes_of_instance[selection.instance]):
        notices.append("a baseline sets the effective priority; yours counts when the baseline no longer applies")
    return Plan(
        operation,
        row.id,
        priorities=tuple(changes),
        notices=tuple(notices),
        refusals=tuple(refusals),
        options=options,
    )
