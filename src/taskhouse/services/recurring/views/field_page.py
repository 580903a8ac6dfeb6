"""The field page of an instance: its fields with their normalised status, and which operations each of them admits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from taskhouse.domain.normalise import paused_badge, waiting_detail
from taskhouse.domain.operations.offers import FieldOffer, Offer, field_offers, offers
from taskhouse.domain.operations.priority import field_priority
from taskhouse.domain.published import PublishedField
from taskhouse.domain.recurring import Role, TableKind
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import StatusClass
from taskhouse.domain.transitions import Operation
from taskhouse.services.recurring.views.node_lines import NodeRef, node_refs
from taskhouse.services.recurring.views.scene import Scene, of_instance
from taskhouse.services.world import World

FIELD_OPERATIONS = (
    Operation.RERUN,
    Operation.RERUN_DOWNSTREAM,
    Operation.FORCE_RERUN_CURRENT,
    Operation.FORCE_RERUN_DOWNSTREAM,
    Operation.STOP,
    Operation.SET_SUCCESS,
    Operation.PAUSE,
    Operation.RESUME,
)
"""Operations that take fields; the others act on the instance."""


@dataclass(frozen=True, slots=True)
class OfferView:
    """`code` and `reason` say why an operation is closed."""

    open: bool
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """`status` is the normalised one; None for a key and for a field that no node computes. `waiting` is the furthest waiting status
    of its nodes when the status is WAITING. `paused` is `paused`, `partly paused` or empty. Times are those of its own nodes.
    `nodes` compute it, more than one for a redundant field. `required`: why it will be part of whatever is rerun, empty if it need not.
    `sources`: the fields that it is computed from, as `task.field`, and the tables outside."""

    name: str
    label: str
    role: str
    kind: str
    type: str
    status: str | None
    waiting: str | None
    paused: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    nodes: tuple[NodeRef, ...]
    operations: Mapping[str, OfferView]
    required: str
    project: str
    owner: str | None
    priority: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldPage:
    """`count` is the number of fields without the keys, `statuses` count them."""

    instance: int
    name: str
    count: int
    statuses: Mapping[str, int]
    items: tuple[FieldLine, ...]


@dataclass(frozen=True, slots=True)
class FieldOfferLine:
    name: str
    status: str | None
    required: bool
    open: bool
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Offers:
    """`operations` of the instance. `fields` as the dialog of the operation asked for lists them, empty when none was."""

    instance: int
    operations: Mapping[str, OfferView]
    fields: tuple[FieldOfferLine, ...] = ()


def fields_of(
    world: World, actor: Actor, instance: int, *, search: str = "", statuses: Collection[StatusClass] = ()
) -> FieldPage:
    """Fields in the order of the definition, keys among them unless statuses are asked for. Two store calls, and two more when
    the task was published again since (why fields are required)."""
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    graph, task = scene.graph, scene.task(at)
    places = {graph.fields[f].name: f for f in graph.fields_of_instance[at]}
    by_status: dict[str, int] = {}
    for place in places.values():
        status = scene.snapshot.field_status(place)
        if status is not None:
            by_status[status.name] = by_status.get(status.name, 0) + 1
    offered: dict[str, dict[str, OfferView]] = {}
    for operation in FIELD_OPERATIONS:
        for each in field_offers(scene.snapshot, operation, at):
            offered.setdefault(each.name, {})[operation.value] = _view(each.offer)
    found = []
    wanted = search.lower()
    for own in task.fields:
        if wanted and wanted not in own.name.lower() and wanted not in own.label.lower():
            continue
        line = _field(scene, own, places[own.name], offered[own.name]) if own.name in places else _key(scene, own, at)
        if not statuses or (line.status is not None and StatusClass[line.status] in statuses):
            found.append(line)
    return FieldPage(instance, graph.instances[at].name, len(places), by_status, tuple(found))


def offers_of(world: World, actor: Actor, instance: int, operation: Operation | None = None) -> Offers:
    """What is open on the instance now, and with an operation which fields its dialog lets be selected."""
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    every = offers_in(scene, at)
    fields = () if operation is None else tuple(map(_offer_line, field_offers(scene.snapshot, operation, at)))
    return Offers(instance, every, fields)


def offers_in(scene: Scene, instance: int) -> dict[str, OfferView]:
    """Of the instance at a position."""
    return {each.value: _view(offer) for each, offer in offers(scene.snapshot, instance).items()}


def field_line(scene: Scene, field: int) -> FieldLine:
    """One field at a position, with the operations that it admits."""
    graph = scene.graph
    instance = graph.field_instance[field]
    own = next(own for own in scene.task(instance).fields if own.name == graph.fields[field].name)
    offered = {
        operation.value: _view(each.offer)
        for operation in FIELD_OPERATIONS
        for each in field_offers(scene.snapshot, operation, instance)
        if each.name == own.name
    }
    return _field(scene, own, field, offered)


def _view(offer: Offer) -> OfferView:
    return OfferView(offer.is_open, offer.refusal.value if offer.refusal else "", offer.reason)


def _offer_line(each: FieldOffer) -> FieldOfferLine:
    view = _view(each.offer)
    status = each.status.name if each.status else None
    return FieldOfferLine(each.name, status, each.required, view.open, view.code, view.reason)


def _field(scene: Scene, own: PublishedField, field: int, offered: Mapping[str, OfferView]) -> FieldLine:
    graph, snapshot = scene.graph, scene.snapshot
    nodes = list(graph.incidence.nodes_of[field])
    states = [snapshot.status[node] for node in nodes]
    status = snapshot.field_status(field)
    waiting = waiting_detail(states) if status is StatusClass.WAITING else None
    badge = paused_badge((state, node in snapshot.paused) for node, state in zip(nodes, states, strict=True))
    times = scene.times(nodes)
    is_metric = graph.instances[graph.field_instance[field]].kind is TableKind.AGGREGATE
    return FieldLine(
        own.name,
        own.label,
        own.role.value,
        own.kind,
        own.type,
        status.name if status else None,
        waiting.value if waiting else None,
        badge.value,
        times.started_at,
        times.ended_at,
        None if times.duration is None else max(0.0, times.duration.total_seconds()),
        node_refs(scene, nodes),
        offered,
        snapshot.changed.get(field, ""),
        graph.project_of_field(field),
        own.owner,
        field_priority(snapshot, field).name if is_metric else None,
        _sources(own),
    )


def _key(scene: Scene, own: PublishedField, instance: int) -> FieldLine:
    """Keys, which every node writes, and fields that no node of this version computes: without a status (D-61)."""
    graph = scene.graph
    nodes = [
        node for node in graph.nodes_of_instance[instance] if own.name in scene.published_node(node).keys
    ]  # fmt: skip
    reason = "key: choose the entire table" if own.role is Role.KEY else "it is not materialized"
    closed = OfferView(False, "UNKNOWN_FIELD" if own.role is Role.KEY else "STATUS_NOT_ALLOWED", reason)
    return FieldLine(
        own.name,
        own.label,
        own.role.value,
        own.kind,
        own.type,
        None,
        None,
        "",
        None,
        None,
        None,
        node_refs(scene, nodes),
        {operation.value: closed for operation in FIELD_OPERATIONS},
        "",
        own.project or graph.instances[instance].project,
        own.owner,
        None,
        _sources(own),
    )


def _sources(own: PublishedField) -> tuple[str, ...]:
    return (*(f"{task}.{name}" for task, name in own.sources), *own.tables)
