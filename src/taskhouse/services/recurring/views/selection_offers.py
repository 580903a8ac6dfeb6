"""What a selection of instances offers: of each operation how many of them qualify, and why the others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from taskhouse.domain.operations.offers import Offer, offers
from taskhouse.domain.operations.plan import RefusalCode
from taskhouse.domain.operations.request import BatchOperation
from taskhouse.domain.roles import Actor
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import StatusClass
from taskhouse.domain.transitions import Operation
from taskhouse.services.recurring.views import scene as scenes
from taskhouse.services.recurring.views.field_page import OfferView
from taskhouse.services.world import World

_FINAL = frozenset({StatusClass.SUCCEEDED, StatusClass.FAILED})
_NOT_FINAL = Offer(RefusalCode.STATUS_NOT_ALLOWED, "not everything of it is Succeeded or Failed")
_IN_FLIGHT = Offer(RefusalCode.CLOSURE_IN_FLIGHT, "a node of it waits or runs")
_NOT_FAILED = Offer(RefusalCode.STATUS_NOT_ALLOWED, "nothing has failed")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    code: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class SelectionOffer:
    """`open` of the instances admit the operation; `reasons` count the others, the most frequent first."""

    open: int
    reasons: tuple[ReasonCount, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosedOffers:
    """The operations that an instance does not admit."""

    instance: int
    operations: Mapping[str, OfferView]


@dataclass(frozen=True, slots=True)
class SelectionOffers:
    """By the name of the operation, those of batches among them. `closed`: one of each instance, when asked for."""

    count: int
    operations: Mapping[str, SelectionOffer]
    closed: tuple[ClosedOffers, ...] = ()


def of_selection(
    world: World, actor: Actor, instances: Sequence[int], *, operations: Collection[str] = (), each: bool = False
) -> SelectionOffers:
    """`operations`: only these. Three store calls at most. Raises `ViewRefused` for an instance that is not there or not to be seen."""
    ids = list(dict.fromkeys(instances))
    if not ids:
        return SelectionOffers(0, {})
    scene = scenes.of_instances(world, actor, ids)
    found = [_every(scene.snapshot, scene.at(instance)) for instance in ids]
    names = [name for name in found[0] if not operations or name in operations]
    closed = tuple(
        ClosedOffers(
            instance,
            {name: _view(its[name]) for name in names if not its[name].is_open},
        )
        for instance, its in zip(ids, found, strict=True)
        if each
    )
    return SelectionOffers(len(ids), {name: _together([its[name] for its in found]) for name in names}, closed)


def _every(snapshot: Snapshot, at: int) -> dict[str, Offer]:
    single = offers(snapshot, at)
    rerun, force = single[Operation.RERUN], single[Operation.FORCE_RERUN_CURRENT]
    failed = final = rerun
    if rerun.is_open and StatusClass.FAILED not in snapshot.instance_statuses(at):
        failed = _NOT_FAILED
    if rerun.is_open and not _FINAL.issuperset(snapshot.instance_statuses(at)):
        final = _NOT_FINAL
    elif rerun.is_open and any(snapshot.status_class(node).is_active for node in snapshot.graph.own_nodes(at)):
        final = _IN_FLIGHT
    found = {operation.value: offer for operation, offer in single.items()}
    found[BatchOperation.RERUN_FAILED.value] = failed
    found[BatchOperation.RERUN_FINAL.value] = final
    found[BatchOperation.FORCE_RERUN.value] = force
    return found


def _view(offer: Offer) -> OfferView:
    return OfferView(False, offer.refusal.value if offer.refusal else "", offer.reason)


def _together(found: Sequence[Offer]) -> SelectionOffer:
    closed = Counter((offer.refusal.value, offer.reason) for offer in found if offer.refusal is not None)
    reasons = tuple(ReasonCount(code, reason, count) for (code, reason), count in closed.most_common())
    return SelectionOffer(len(found) - closed.total(), reasons)
