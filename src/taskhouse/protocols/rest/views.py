"""Routes of instances: the list with its counts and download, an instance's page, its fields, nodes and offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from enum import Enum
from functools import wraps
from typing import Annotated, Any, TypeVar

import msgspec

from taskhouse.domain.calendar import ONE_DAY, read_bizdate
from taskhouse.domain.faults import Fault
from taskhouse.domain.recurring import BizType, Environment, Origin, Priority, TableKind
from taskhouse.domain.schedule import Cycle
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.domain.transitions import Operation
from taskhouse.ports.recurring_store import InstanceQuery, SortKey
from taskhouse.protocols.rest.errors import ApiError, ErrorItem, bad_request
from taskhouse.protocols.rest.reading import in_utc
from taskhouse.protocols.rest.routing import Call, Id, Nothing, Routes
from taskhouse.services.recurring.select_instances import yesterday
from taskhouse.services.recurring.views import field_page, instance_list, instance_page, selection_offers
from taskhouse.services.recurring.views.field_page import FieldPage, Offers
from taskhouse.services.recurring.views.instance_list import InstanceCounts, InstancePage, ListRequest, Mine
from taskhouse.services.recurring.views.instance_page import InstanceDetail, NodeList
from taskhouse.services.recurring.views.node_lines import NodeLine
from taskhouse.services.recurring.views.refusal import ViewRefused
from taskhouse.services.recurring.views.scene import zone_of
from taskhouse.services.recurring.views.selection_offers import SelectionOffers

C = TypeVar("C", bound=Call[Any, Any])
R = TypeVar("R")
E = TypeVar("E", bound=Enum)

routes = Routes("instances")


def answered(handler: Callable[[C], R]) -> Callable[[C], R]:
    """A refused view as an error of the API."""

    @wraps(handler)
    def handle(call: C) -> R:
        try:
            return handler(call)
        except ViewRefused as refused:
            name, status = refused.code.value
            items = [ErrorItem(item.id, item.name, "", item.reason) for item in refused.items]
            raise ApiError(status, name, refused.message, items) from None

    return handle


class Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of one parameter are alternatives, different parameters must all hold. `bizdate`: data timestamps, `20260301`, or
    `yesterday` (what is scheduled today) or `today`; `started_from`, `started_to` and `due_from`, `due_to`: times,
    without a zone on the tenant's clocks, or dates, of which the last is included. `late`: due more than 15 minutes ago and not started. `status`: SUCCEEDED, FAILED, RUNNING, WAITING, NOT_RUNNING, or PAUSED;
    `waiting`: WAIT_SCHEDULE, DISPATCH_BLOCKED, WAIT_RESOURCE. `mine`: `failed` or `unfinished` instances of the caller. `search`: part
    of a name, or an id. `selection`: the text form of selections."""

    environment: str = "PROD"
    type: str | None = None
    bizdate: list[str] = []
    bizdate_from: str | None = None
    bizdate_to: str | None = None
    search: str = ""
    status: list[str] = []
    waiting: list[str] = []
    paused: bool | None = None
    cycle: list[str] = []
    owner: list[str] = []
    priority: list[str] = []
    kind: list[str] = []
    project: list[str] = []
    tag: list[str] = []
    task: list[str] = []
    origin: list[str] = []
    started_from: str | None = None
    started_to: str | None = None
    due_from: str | None = None
    due_to: str | None = None
    id: list[int] = []
    mine: str | None = None
    late: bool = False
    selection: str = ""
    sort: str = "due"
    order: str | None = None


class ListQuery(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `Filters`; `marker` is the `next_marker` of the page before, `limit` at most 1000. `skip` leaves out so many behind the marker, to
    look into the middle of a long list."""

    marker: str = ""
    skip: Id = 0
    limit: int = instance_list.DEFAULT_LINES


class FieldQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`status` as in lists, `search` part of a name or label."""

    status: list[str] = []
    search: str = ""


class OfferQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`operation`: RERUN, STOP, ...; the answer then lists the fields that its dialog offers."""

    operation: str | None = None


def list_request(call: Call[Any, Any]) -> ListRequest:
    """Raises `ApiError` (400) naming the parameter."""
    given: Filters = call.query
    statuses = [each for each in given.status if each.upper() != "PAUSED"]
    paused = given.paused
    if len(statuses) < len(given.status):
        if statuses:
            raise bad_request("status PAUSED stands alone: being paused is a flag beside the statuses", "status")
        paused = True
    if given.sort not in {key.value for key in SortKey}:
        raise bad_request(f"sort = '{given.sort}': there are {', '.join(key.value for key in SortKey)}", "sort")
    if given.order not in (None, "asc", "desc"):
        raise bad_request(f"order = '{given.order}': it is asc or desc", "order")
    if given.mine not in (None, *(each.value for each in Mine)):
        raise bad_request(f"mine = '{given.mine}': it is {' or '.join(each.value for each in Mine)}", "mine")
    sort = SortKey(given.sort)
    query = InstanceQuery(
        environment_of(given.environment),
        word_of(BizType, "type", given.type) if given.type else None,
        tuple(bizdate_in(call, text, "bizdate") for text in given.bizdate),
        bizdate_in(call, given.bizdate_from, "bizdate_from") if given.bizdate_from else None,
        bizdate_in(call, given.bizdate_to, "bizdate_to") if given.bizdate_to else None,
        given.search,
        frozenset(word_of(StatusClass, "status", each, _STATUSES) for each in statuses),
        frozenset(word_of(NodeStatus, "waiting", each, _WAITING) for each in given.waiting),
        paused,
        frozenset(word_of(Cycle, "cycle", each) for each in given.cycle),
        frozenset(given.owner),
        frozenset(word_of(Priority, "priority", each, PRIORITIES) for each in given.priority),
        frozenset(word_of(TableKind, "kind", each) for each in given.kind),
        frozenset(given.project) if given.project else None,
        frozenset(given.tag),
        frozenset(given.task),
        frozenset(word_of(Origin, "origin", each) for each in given.origin),
        (_moment(call, given.started_from, "started_from"), _moment(call, given.started_to, "started_to", last=True)),
        (_moment(call, given.due_from, "due_from"), _moment(call, given.due_to, "due_to", last=True)),
        None,
        frozenset(given.id) if given.id else None,
        sort,
        given.order == "desc" if given.order else sort is SortKey.DUE,
    )
    return ListRequest(query, Mine(given.mine) if given.mine else None, given.selection, given.late)


def environment_of(text: str) -> Environment:
    return word_of(Environment, "environment", text)


_STATUSES: Mapping[str, StatusClass] = {cls.name: cls for cls in StatusClass}
_WAITING: Mapping[str, NodeStatus] = {
    status.value: status for status in NodeStatus if status.status_class is StatusClass.WAITING
}
PRIORITIES: Mapping[str, Priority] = {**{each.name: each for each in Priority}, "MEDIUM": Priority.MIDDLE}


def word_of(kind: type[E], name: str, text: str, words: Mapping[str, E] | None = None) -> E:
    known = words or {str(each.value): each for each in kind}
    found = known.get(text.strip().upper().replace("-", "_").replace(" ", "_"))
    if found is None:
        raise bad_request(f"{name} = '{text}': there are {', '.join(known)}", name)
    return found


def bizdate_in(call: Call[Any, Any], text: str, name: str) -> date:
    if text in ("today", "yesterday"):
        latest = yesterday(call.world)
        return latest if text == "yesterday" else latest + ONE_DAY
    try:
        return read_bizdate(text)
    except Fault as fault:
        raise bad_request(f"{name}: {fault.message}", name) from None


def _moment(call: Call[Any, Any], text: str | None, name: str, *, last: bool = False) -> datetime | None:
    """A time, without a zone on the tenant's clocks, or a date, which is its first moment; as the end of a range the first moment after it."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        is_date = len(text) <= 10
    except ValueError:
        raise bad_request(f"{name} = '{text}' is neither a date nor a time like 2026-03-02T00:30:00Z", name) from None
    zone = zone_of(call.world)
    if is_date:
        at = datetime.combine(at.date(), time(), zone)
        return in_utc(at + ONE_DAY if last and at.date() < date.max else at, name)
    return in_utc(at if at.tzinfo else at.replace(tzinfo=zone), name)


@routes.get("/instances", query=ListQuery, reply=InstancePage, errors=(403,))
@answered
def list_instances(call: Call[ListQuery, None]) -> InstancePage:
    """Recurring instances, a page of them, by scheduled time with the latest first unless `sort` and `order` say otherwise."""
    if not 1 <= call.query.limit <= instance_list.MAX_LINES:
        raise bad_request(f"limit = {call.query.limit}: it lies between 1 and {instance_list.MAX_LINES}", "limit")
    query = call.query
    return instance_list.page(call.world, call.actor, list_request(call), query.marker, query.limit, query.skip)


@routes.get("/instances/counts", query=Filters, reply=InstanceCounts, errors=(403,))
@answered
def count_instances(call: Call[Filters, None]) -> InstanceCounts:
    """How many instances there are, and how many show each status; the statuses asked for are left aside."""
    return instance_list.counts(call.world, call.actor, list_request(call))


@routes.get("/instances/{id}", reply=InstanceDetail, errors=(403, 404))
@answered
def show_instance(call: Call[Nothing, None]) -> InstanceDetail:
    """One instance with what stands at the head of its pages, and which operations are open."""
    return instance_page.detail(call.world, call.actor, call.number())


@routes.get("/instances/{id}/fields", query=FieldQuery, reply=FieldPage, errors=(403, 404))
@answered
def list_fields(call: Call[FieldQuery, None]) -> FieldPage:
    """The fields of a logical table's instance with their normalised status and the operations that each admits."""
    statuses = [word_of(StatusClass, "status", each, _STATUSES) for each in call.query.status]
    return field_page.fields_of(
        call.world, call.actor, call.number(), search=call.query.search, statuses=frozenset(statuses)
    )


@routes.get("/instances/{id}/nodes", reply=NodeList, errors=(403, 404))
@answered
def list_nodes(call: Call[Nothing, None]) -> NodeList:
    """The materialization nodes of an instance; a script has one."""
    return instance_page.nodes_of(call.world, call.actor, call.number())


@routes.get("/instances/{id}/offers", query=OfferQuery, reply=Offers, errors=(403, 404))
@answered
def list_offers(call: Call[OfferQuery, None]) -> Offers:
    """Which operations are open on an instance and why others are not; with `operation` also the fields that it lets be selected."""
    asked = call.query.operation
    operation = word_of(Operation, "operation", asked) if asked else None
    return field_page.offers_of(call.world, call.actor, call.number(), operation)


class SelectionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`instances` of one environment. `operations`: only these. `each`: also what each instance does not admit."""

    instances: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=10_000)]
    operations: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=32)] = []
    each: bool = False


@routes.post("/instances/offers", body=SelectionBody, reply=SelectionOffers, errors=(403, 404), max_body=1024 * 1024)
@answered
def list_selection_offers(call: Call[Nothing, SelectionBody]) -> SelectionOffers:
    """What several instances offer: of each operation how many of them admit it, and why the others do not. Writes nothing."""
    body = call.body
    return selection_offers.of_selection(
        call.world, call.actor, body.instances, operations=body.operations, each=body.each
    )


@routes.get("/node-instances/{id}", reply=NodeLine, errors=(403, 404))
@answered
def show_node_instance(call: Call[Nothing, None]) -> NodeLine:
    """One node instance."""
    return instance_page.node(call.world, call.actor, call.number())
