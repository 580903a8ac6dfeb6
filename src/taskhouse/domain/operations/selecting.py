"""From what was asked for to positions: the fields and nodes of a target, and who may operate them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskhouse.domain.closure import Closure, closure
from taskhouse.domain.operations.plan import Item, PlannedField, Refusal, RefusalCode
from taskhouse.domain.operations.request import Target
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import StatusClass


@dataclass(frozen=True, slots=True)
class Selection:
    """`fields` are the VALUE fields meant; `nodes` are given only for the entire table (a script: its node)."""

    instance: int
    fields: tuple[int, ...]
    nodes: tuple[int, ...] = ()
    entire: bool = False


def select(snapshot: Snapshot, target: Target) -> Selection | Refusal:
    """Refuses instances that are not there, unknown fields and keys; asks for no permission."""
    graph = snapshot.graph
    at = graph.instance_at.get(target.instance)
    if at is None:
        return Refusal(RefusalCode.NOT_FOUND, f"there is no instance {target.instance}", (Item(target.instance, ""),))
    if target.fields is None:
        return Selection(at, tuple(graph.fields_of_instance[at]), tuple(graph.own_nodes(at)), entire=True)
    name = graph.instances[at].name
    if not target.fields:
        return Refusal(RefusalCode.EMPTY_SCOPE, f"no field of '{name}' is selected")
    known = {graph.fields[f].name: f for f in graph.fields_of_instance[at]}
    keys = graph.keys_of_instance.get(at, ())
    unknown = [
        Item(0, field, "", "key: choose entire table" if field in keys else f"'{name}' has no field '{field}'")
        for field in target.fields
        if field not in known
    ]
    if unknown:
        return Refusal(RefusalCode.UNKNOWN_FIELD, f"'{unknown[0].name}': {unknown[0].reason}", tuple(unknown))
    return Selection(at, tuple(dict.fromkeys(known[field] for field in target.fields)))


def nodes_of(snapshot: Snapshot, selection: Selection) -> list[int]:
    """The nodes of the selection itself, one hop, without closure (D-19)."""
    if selection.entire:
        return list(selection.nodes)
    return list(dict.fromkeys(n for f in selection.fields for n in snapshot.graph.incidence.nodes_of[f]))


def forbidden(snapshot: Snapshot, selection: Selection) -> Refusal | None:
    """Refuses fields of the selection that the actor may not operate; the instance's project counts when there are no fields."""
    graph = snapshot.graph
    if not selection.fields:
        if snapshot.may_operate_instance(selection.instance):
            return None
        row = graph.instances[selection.instance]
        item = Item(row.id, row.name, "", f"no permission in project '{row.project}'")
        return Refusal(RefusalCode.FORBIDDEN, f"you may not operate '{row.name}'", (item,))
    items = forbidden_fields(snapshot, selection.fields)
    if not items:
        return None
    return Refusal(RefusalCode.FORBIDDEN, f"you may not operate '{items[0].name}'", items)


def forbidden_fields(snapshot: Snapshot, fields: Iterable[int]) -> tuple[Item, ...]:
    if snapshot.actor.super_admin:
        return ()
    graph = snapshot.graph
    return tuple(
        Item(
            graph.fields[f].id, field_label(snapshot, f), "", f"no permission in project '{graph.project_of_field(f)}'"
        )
        for f in fields
        if not snapshot.may_operate_field(f)
    )


def forbidden_associated(snapshot: Snapshot, fields: Iterable[int]) -> Refusal | None:
    items = forbidden_fields(snapshot, fields)
    if not items:
        return None
    message = f"'{items[0].name}' must be operated along, and you may not operate it"
    return Refusal(RefusalCode.FORBIDDEN_ASSOCIATED, message, items)


def forbidden_nodes(snapshot: Snapshot, nodes: Iterable[int]) -> tuple[Item, ...]:
    """Nodes without fields go by the project of their instances."""
    graph = snapshot.graph
    if snapshot.actor.super_admin:
        return ()
    found = []
    for node in nodes:
        if graph.incidence.fields_of.degree(node):
            continue
        for instance in graph.instances_of_node[node]:
            if not snapshot.may_operate_instance(instance):
                row = graph.instances[instance]
                found.append(Item(row.id, row.name, "", f"no permission in project '{row.project}'"))
    return tuple(found)


def field_label(snapshot: Snapshot, field: int) -> str:
    graph = snapshot.graph
    return f"{graph.instances[graph.field_instance[field]].name}.{graph.fields[field].name}"


def planned(snapshot: Snapshot, field: int, instance: int, reason: str = "") -> PlannedField:
    """`instance` is the target's position, to tell fields of other tables."""
    graph = snapshot.graph
    row, owner = graph.fields[field], graph.field_instance[field]
    return PlannedField(
        row.id, row.name, graph.instances[owner].id, snapshot.field_status(field), reason, owner != instance
    )


def joined_reason(snapshot: Snapshot, found: Closure, field: int) -> str:
    """`shares node B with t1`, the last step by which an associated field joined the closure."""
    graph = snapshot.graph
    node = found.field_via[field]
    before = found.node_via[node]
    shared = f"shares node {graph.nodes[node].name}"
    return (
        f"{shared} with {graph.fields[before].name}" if before >= 0 else f"is written by node {graph.nodes[node].name}"
    )


def close(snapshot: Snapshot, selection: Selection, required: Sequence[int] = ()) -> Closure:
    """The closure of a selection and of fields that are required with it."""
    return closure(snapshot.graph.incidence, (*selection.fields, *required), selection.nodes)


def status_items(snapshot: Snapshot, nodes: Iterable[int], reason: str = "") -> tuple[Item, ...]:
    graph = snapshot.graph
    return tuple(Item(graph.nodes[node].id, graph.label(node), snapshot.status[node].label, reason) for node in nodes)


def wrong_statuses(snapshot: Snapshot, selection: Selection, allowed: Iterable[StatusClass]) -> tuple[Item, ...]:
    """The fields of the selection (a script: its node) whose normalised status is not among those allowed."""
    graph = snapshot.graph
    fine = frozenset(allowed)
    if selection.fields:
        found = []
        for field in selection.fields:
            status = snapshot.field_status(field)
            if status not in fine:
                text = status.label if status is not None else "not materialized"
                found.append(Item(graph.fields[field].id, graph.fields[field].name, text, "status not allowed"))
        return tuple(found)
    wrong = [node for node in selection.nodes if snapshot.status_class(node) not in fine]
    return status_items(snapshot, wrong, "status not allowed")
