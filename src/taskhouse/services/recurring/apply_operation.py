"""Carrying out what was previewed: decided anew, compared with what the person saw, written in one transaction.

An operation is all or nothing. A batch is as many operations as instances qualify, each by itself, under one batch id. Somebody else's change in between is
seen by compare-and-set: the operation is then decided once more on fresh data, and refused as CONFLICT when it loses again.
Everything that was asked for is in the operation log, refused or not. A request that is repeated with its id after a crash finds there
what it had done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from taskhouse.domain import node_changes
from taskhouse.domain.bulk import bulk
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.node_state import NodeWrite
from taskhouse.domain.operations.batch import Skipped
from taskhouse.domain.operations.plan import Item, Plan, Refusal, RefusalCode
from taskhouse.domain.operations.request import Batch, RemoveUpstream, Request
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import REMEMBERED_FOR, OperationEntry, OperationWrite, Perspective
from taskhouse.services.recurring.asking import instance_of, needs_digest, perspective_of
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.preview_operation import (
    WRITING,
    Decided,
    Following,
    Moment,
    book_of,
    decide_at,
    decided,
    moment_of,
)
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)

AT_ONCE = 1000
"""Instances of a batch that are written in one transaction of the store."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one instance of a batch. `entry` is None for those that were skipped, `code` and `reason` then say why."""

    instance: int
    name: str
    entry: OperationEntry | None = None
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """`entry` is the operation's log entry; `refusals` say why it was refused (its entry is then of a refused one, id 0 when nothing was
    logged). Of a batch, `outcomes` in the order of the selection, and `batch` its id; it is accepted when any instance was."""

    entry: OperationEntry | None = None
    refusals: tuple[Refusal, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    batch: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all transactions of one request have in common."""

    world: World
    book: Book
    actor: Actor
    perspective: Perspective
    request_id: str
    batch: str = ""


@bulk()
def apply(
    world: World,
    actor: Actor,
    request: Request | Batch,
    *,
    digest: str = "",
    perspective: Perspective | None = None,
    request_id: str = "",
) -> Applied:
    """`digest` is the one that the preview gave: operations that write data need it, others compare it when it is given. Raises
    `Fault` (InvalidArgument) without a digest where one is needed, and for targets of several environments."""
    book = book_of(world, request)
    seen = perspective or perspective_of(request)
    batch = _batch_id(world, actor, request_id) if isinstance(request, Batch) else ""
    asked = _Asked(world, book, actor, seen, request_id, batch)
    done = _done(world, actor, request, request_id)
    if isinstance(request, Batch):
        found = decided(world, book, actor, request)
        return _apply_batch(asked, request, found, digest, {entry.instance: entry for entry in done})
    if done:
        return Applied(done[0])
    # That one upstream remains is told by no row that is written: two of these take turns.
    with book.operating if isinstance(request, RemoveUpstream) else nullcontext():
        return _apply_single(asked, request, decided(world, book, actor, request), digest)


def _done(world: World, actor: Actor, request: Request | Batch, request_id: str) -> list[OperationEntry]:
    """What this request has done already, if it is repeated: as long as answers are remembered, too. Raises `Fault` (InvalidState) when the
    id was another request's."""
    if not request_id:
        return []
    since = world.clock.now() - REMEMBERED_FOR
    done = [entry for entry in world.recurring.operations_of_request(actor.user, request_id) if entry.at >= since]
    asked = request.instances if isinstance(request, Batch) else (instance_of(request),)
    if any(entry.instance not in asked or bool(entry.batch) is not isinstance(request, Batch) for entry in done):
        raise Fault(FaultCode.INVALID_STATE, f"the request id '{request_id}' was used for another operation")
    return done


def _apply_single(asked: _Asked, request: Request, found: Decided, digest: str) -> Applied:
    plan, moment, now = found.plan, found.moment, found.at
    assert plan is not None
    refusals = _stale(plan, digest) or plan.refusals
    if not refusals and needs_digest(request) and not digest:
        raise _without_digest(plan.operation.value)
    if refusals:
        return _refuse(asked, moment, plan, refusals, now)
    result = _write(asked, moment, plan, now)
    if isinstance(result, OperationEntry):
        return Applied(result)
    moment, now = moment_of(asked.book, asked.actor), asked.world.clock.now()
    again = decide_at(moment, request, now)
    refusals = _stale(again, plan.digest) or again.refusals
    if not refusals:
        result = _write(asked, moment, again, now)
        if isinstance(result, OperationEntry):
            return Applied(result)
        refusals = (result,)
    return _refuse(asked, moment, again, refusals, now)


def _apply_batch(
    asked: _Asked, batch: Batch, found: Decided, digest: str, done: Mapping[int, OperationEntry]
) -> Applied:
    decision = found.batch
    assert decision is not None
    names = {plan.instance: _name(found.moment, plan.instance) for plan in decision.plans}
    if not done:
        if digest and digest != decision.digest:
            message = "what the batch would do has changed since it was previewed; preview it again"
            return Applied(refusals=(Refusal(RefusalCode.CLOSURE_CHANGED, message),), batch=asked.batch)
        if decision.is_accepted and needs_digest(batch) and not digest:
            raise _without_digest(batch.operation.value)
    outcomes: dict[int, Outcome] = {
        instance: Outcome(instance, names.get(instance, _name(found.moment, instance)), entry)
        for instance, entry in done.items()
    }
    left = [pair for pair in zip(decision.requests, decision.plans, strict=True) if pair[1].instance not in outcomes]
    for begin in range(0, len(left), AT_ONCE):
        part, later = _apart(left[begin : begin + AT_ONCE])
        _write_each(asked, found, [plan for _, plan in part], outcomes)
        later += [(request, plan) for request, plan in part if plan.instance not in outcomes]
        if later:
            with closing(Following(asked.book, asked.actor)) as following:
                for request, _ in later:
                    outcome = _one_of_batch(asked, following, request)
                    outcomes[outcome.instance] = outcome
    refused = [skipped for skipped in decision.skipped if skipped.instance not in outcomes]
    for skipped in refused:
        outcomes[skipped.instance] = Outcome(skipped.instance, skipped.name, None, skipped.code.value, skipped.reason)
    _log_skipped(asked, batch, found, refused)
    ordered = tuple(outcomes[i] for i in dict.fromkeys(batch.instances) if i in outcomes)
    if any(outcome.entry is not None for outcome in ordered):
        return Applied(outcomes=ordered, batch=asked.batch)
    items = tuple(Item(o.instance, o.name, "", f"{o.code}: {o.reason}") for o in ordered)
    code = RefusalCode(ordered[0].code) if ordered else RefusalCode.EMPTY_SCOPE
    message = f"none of the {len(ordered)} instances qualifies for {batch.operation.value}"
    return Applied(refusals=(Refusal(code, message, items),), outcomes=ordered, batch=asked.batch)


def _apart(pairs: Sequence[tuple[Request, Plan]]) -> tuple[list[tuple[Request, Plan]], list[tuple[Request, Plan]]]:
    """Those that touch no node of one another; and the others, which must be decided anew when these are done."""
    held: set[int] = set()
    apart, others = [], []
    for pair in pairs:
        nodes = _held_by(pair[1])
        if held.isdisjoint(nodes):
            held |= nodes
            apart.append(pair)
        else:
            others.append(pair)
    return apart, others


def _write_each(asked: _Asked, found: Decided, plans: Sequence[Plan], outcomes: dict[int, Outcome]) -> None:
    """Carry out plans that touch no node of one another, in one transaction of the store, each by itself. Those that somebody else was
    faster with get no outcome."""
    entries = [_entry(asked, found.moment, plan, found.at) for plan in plans]
    operations = [_operation(found.moment, plan, entry, found.at) for plan, entry in zip(plans, entries, strict=True)]
    results = asked.book.operate_each(operations, found.at)
    for plan, entry, result in zip(plans, entries, results, strict=True):
        if not result.conflicts:
            done = replace(entry, id=result.id)
            outcomes[plan.instance] = Outcome(plan.instance, _name(found.moment, plan.instance), done)
    asked.world.events.publish("recurring")
    _log.info("operated", batch=asked.batch, operations=len(plans), user=asked.actor.user)


def _one_of_batch(asked: _Asked, following: Following, request: Request) -> Outcome:
    """Decided and written by itself, twice when somebody else is faster."""
    for last in (False, True):
        moment, now = following.moment(), asked.world.clock.now()
        plan = decide_at(moment, request, now)
        name = _name(moment, plan.instance)
        refusals = plan.refusals
        if not refusals:
            result = _write(asked, moment, plan, now)
            if isinstance(result, OperationEntry):
                return Outcome(plan.instance, name, result)
            refusals = (result,)
            if not last:
                continue
        _refuse(asked, moment, plan, refusals, now)
        return Outcome(plan.instance, name, None, refusals[0].code.value, refusals[0].message)
    raise AssertionError("the second round returns")


def _operation(moment: Moment, plan: Plan, entry: OperationEntry, now: datetime) -> OperationWrite:
    return OperationWrite(
        entry,
        writes_of(moment, plan, now),
        plan.removed_edges,
        [(p.instance, p.after) for p in plan.priorities if p.field is None],
        [(p.field, p.after) for p in plan.priorities if p.field is not None],
    )


def _write(asked: _Asked, moment: Moment, plan: Plan, now: datetime) -> OperationEntry | Refusal:
    """The log entry of the operation, carried out; or CONFLICT, and the book then knows what others did."""
    entry = _entry(asked, moment, plan, now)
    graph = moment.snapshot.graph
    result = asked.book.operate(_operation(moment, plan, entry, now), now)
    if not result.conflicts:
        asked.world.events.publish("recurring")
        _log.info("operated", operation=entry.operation, id=result.id, instance=entry.instance, user=entry.operator)
        return replace(entry, id=result.id)
    asked.book.refresh()
    who = f"operation {result.winner}" if result.winner else "the scheduler"
    items = tuple(
        Item(node, graph.label(graph.node_at[node]) if node in graph.node_at else "", "", f"changed by {who}")
        for node in sorted(result.conflicts)
    )
    return Refusal(RefusalCode.CONFLICT, f"{who} changed {items[0].name} first; preview it again", items)


def writes_of(moment: Moment, plan: Plan, now: datetime) -> list[NodeWrite]:
    """The rows that an accepted plan leads to, by node id. Development nodes that have not run are released by what would run them.

    What a plan rests on and leaves as it is gets a new version, too: members that have not run must not have begun meanwhile, what is
    directly downstream must not have begun to wait, and of two who each remove one of the last two upstream instances one must lose."""
    graph, states = moment.snapshot.graph, moment.states
    at = graph.node_at
    writes = [node_changes.operated(states[at[change.node]], change, now, plan.code) for change in plan.changes]
    for state in (states[at[node]] for node in plan.unchanged):
        releases = moment.environment is Environment.DEV and not state.released
        writes.append(node_changes.released(state) if releases else node_changes.touched(state))
    held = _beyond(plan)
    if plan.removed_edges:
        held += [graph.nodes[node].id for node in graph.nodes_of_instance[graph.instance_at[plan.instance]]]
    written = {write.after.id for write in writes}
    writes += [node_changes.touched(states[at[node]]) for node in dict.fromkeys(held) if node not in written]
    return sorted(writes, key=lambda write: write.after.id)


def _beyond(plan: Plan) -> list[int]:
    """Nodes directly downstream that have not run, of an operation that sends others back."""
    if plan.operation not in WRITING:
        return []
    return [view.node for view in plan.downstream if view.status is NodeStatus.INIT]


def _held_by(plan: Plan) -> set[int]:
    """Nodes that get a new version by carrying the plan out."""
    return {*(change.node for change in plan.changes), *plan.unchanged, *_beyond(plan)}


def _refuse(asked: _Asked, moment: Moment, plan: Plan, refusals: Sequence[Refusal], now: datetime) -> Applied:
    """Logged, if there is an instance to log it with."""
    entry = _entry(asked, moment, replace(plan, refusals=tuple(refusals)), now)
    if plan.instance in moment.snapshot.graph.instance_at:
        entry = replace(entry, id=asked.world.recurring.log_refusal(entry))
    return Applied(entry, tuple(refusals))


def _log_skipped(asked: _Asked, batch: Batch, found: Decided, skipped: Sequence[Skipped]) -> None:
    """In one transaction; instances that do not exist have no log."""
    entries = [
        OperationEntry(
            found.at,
            asked.actor.user,
            batch.operation.value,
            asked.perspective,
            each.instance,
            {"operation": batch.operation.value, "instance": each.instance, "outcome": "REFUSED"},
            "REFUSED",
            each.code.value,
            each.reason,
            asked.batch,
            (each.instance,),
            request_id=asked.request_id,
        )
        for each in skipped
        if each.instance in found.moment.snapshot.graph.instance_at
    ]
    if entries:
        asked.world.recurring.log_refusals(entries)


def _entry(asked: _Asked, moment: Moment, plan: Plan, now: datetime) -> OperationEntry:
    """`instances` are all that the operation touches: the start, members, those of associated fields and of neighbours."""
    first = plan.refusals[0] if plan.refusals else None
    instances = {plan.instance: None}
    if first is None:
        graph = moment.snapshot.graph
        rows, owners, at = graph.instances, graph.instances_of_node, graph.node_at
        for node in (*(change.node for change in plan.changes), *plan.unchanged):
            for owner in owners[at[node]]:
                instances[rows[owner].id] = None
    return OperationEntry(
        now,
        asked.actor.user,
        plan.operation.value,
        asked.perspective,
        plan.instance,
        {**plan.log_entry(), "code": plan.code.value, "digest": plan.digest},
        "REFUSED" if first else "ACCEPTED",
        first.code.value if first else None,
        first.message if first else "",
        asked.batch,
        tuple(instances),
        request_id=asked.request_id,
    )


_NO_PERMISSION = (RefusalCode.FORBIDDEN, RefusalCode.FORBIDDEN_ASSOCIATED)


def _stale(plan: Plan, digest: str) -> tuple[Refusal, ...]:
    if not digest or digest == plan.digest:
        return ()
    if plan.refusals and plan.refusals[0].code in _NO_PERMISSION:
        return ()  # refused in any case, and nothing about the plan is told to who may not have it
    message = "what the operation would do has changed since it was previewed; preview it again"
    items: tuple[Item, ...] = ()
    if plan.refusals:
        message += f" (now: {plan.refusals[0].message})"
        items = plan.refusals[0].items
    return (Refusal(RefusalCode.CLOSURE_CHANGED, message, items),)


def _without_digest(operation: str) -> Fault:
    return Fault(
        FaultCode.INVALID_ARGUMENT,
        f"{operation} writes data: preview it first, and apply it with the 'digest' of the preview",
    )


def _batch_id(world: World, actor: Actor, request_id: str) -> str:
    """The same for a request that is repeated."""
    return f"{actor.user}/{request_id}" if request_id else world.ids.token()


def _name(moment: Moment, instance: int) -> str:
    graph = moment.snapshot.graph
    at = graph.instance_at.get(instance)
    return "" if at is None else graph.instances[at].name
