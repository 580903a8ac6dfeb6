"""What an operation would do, before anybody does it: decided on the present state, nothing written.

Preview and apply decide in the same way (`decided`), so that what was shown is what is carried out, or is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from taskhouse.domain.bulk import bulk
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.operations import decide, decide_all
from taskhouse.domain.operations.batch import BatchPlan, Skipped
from taskhouse.domain.operations.plan import Item, Plan, Refusal, RefusalCode
from taskhouse.domain.operations.request import Batch, CodeChoice, Request
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.transitions import Operation
from taskhouse.ports.recurring_store import InstanceRecord, NodeRecord
from taskhouse.services.recurring.asking import instance_of, reaches_downstream
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.expected_finish import Expected, expected_finish
from taskhouse.services.recurring.free_slots import with_slots_noticed
from taskhouse.services.recurring.permissions import may_view
from taskhouse.services.world import World


@dataclass(frozen=True, slots=True)
class Moment:
    """A book's content at one moment, as a decision saw it. By position: `states` and `node_records` of nodes, `records` of instances."""

    environment: Environment
    snapshot: Snapshot
    states: Sequence[NodeState]
    node_records: Sequence[NodeRecord]
    records: Sequence[InstanceRecord]


@dataclass(frozen=True, slots=True)
class Decided:
    """`plan` of a single operation, or `batch` of several, with the moment that it was decided on. `expected`: when what it sets in
    motion is expected to run; only previews ask."""

    moment: Moment
    at: datetime
    plan: Plan | None = None
    batch: BatchPlan | None = None
    expected: Expected = field(default_factory=Expected)
    plans: tuple[Plan, ...] = field(default=())

    @property
    def digest(self) -> str:
        if self.batch is not None:
            return self.batch.digest
        assert self.plan is not None
        return self.plan.digest

    @property
    def is_accepted(self) -> bool:
        """Whether applying it now would do something."""
        if self.batch is not None:
            return self.batch.is_accepted
        assert self.plan is not None
        return self.plan.is_accepted


@bulk()
def preview(world: World, actor: Actor, request: Request | Batch) -> Decided:
    """Raises `Fault` (InvalidArgument) for targets of several environments."""
    book = book_of(world, request)
    found = decided(world, book, actor, request)
    if not found.is_accepted:
        return found
    moment = found.moment
    expected = expected_finish(
        world.recurring, moment.snapshot, moment.states, moment.node_records, found.plans, found.at
    )
    plans = with_slots_noticed(world, moment.snapshot, moment.node_records, book.versions, found.plans, found.at)
    return replace(found, expected=expected, plans=plans, plan=plans[0] if found.batch is None else None)


def book_of(world: World, request: Request | Batch) -> Book:
    """The book of the targets' environment, with everything loaded that deciding on them needs."""
    ids = request.instances if isinstance(request, Batch) else (instance_of(request),)
    environments = {environment for environment, _ in world.recurring.bizdates_of(ids).values()}
    if len(environments) > 1:
        message = "the instances are of both environments; operate those of development and production apart"
        raise Fault(FaultCode.INVALID_ARGUMENT, message)
    book = world.books.of(environments.pop() if environments else Environment.PROD)
    if reaches_downstream(request):
        book.cover_downstream(ids)
    else:
        book.cover_instances(ids)
    return book


def decided(world: World, book: Book, actor: Actor, request: Request | Batch) -> Decided:
    """The request decided on what the store holds now."""
    book.refresh()
    moment = moment_of(book, actor)
    now = world.clock.now()
    if isinstance(request, Batch):
        return _decided_batch(world, moment, request, now)
    plan = decide_at(moment, request, now)
    plan = _with_notices(world, moment, [plan])[0]
    return Decided(moment, now, plan=plan, plans=(plan,))


def moment_of(book: Book, actor: Actor) -> Moment:
    with book.lock:
        return Moment(book.environment, book.snapshot(actor), list(book.states), book.node_records, book.records)


class Following:
    """A moment that follows a book without copying it anew: for many decisions one after the other. To be closed."""

    def __init__(self, book: Book, actor: Actor) -> None:
        self._book = book
        self._actor = actor
        self._feed = book.feed()
        self._snapshot: Snapshot

    def moment(self) -> Moment:
        """Of now. What was given out before changes with it."""
        book = self._book
        with book.lock:
            changed, rebuilt = self._feed.drain()
            if rebuilt:
                self._status = [state.status for state in book.states]
                self._lock_version = [state.lock_version for state in book.states]
                self._states = list(book.states)
            for at in changed:
                state = self._states[at] = book.states[at]
                self._status[at] = state.status
                self._lock_version[at] = state.lock_version
            if rebuilt or changed:
                self._snapshot = replace(
                    self._snapshot if not rebuilt else book.snapshot(self._actor),
                    status=self._status,
                    lock_version=self._lock_version,
                    paused=frozenset(book.paused),
                    skip_upstream=frozenset(book.forced),
                    removed=frozenset(book.removed),
                    manual_priority=dict(book.manual_priority),
                    metric_priority=dict(book.metric_priority),
                )
            return Moment(book.environment, self._snapshot, self._states, book.node_records, book.records)

    def close(self) -> None:
        self._book.close_feed(self._feed)


def decide_at(moment: Moment, request: Request, now: datetime) -> Plan:
    """Who may not even see the instance learns nothing of it but that."""
    snapshot = moment.snapshot
    at = snapshot.graph.instance_at.get(instance_of(request))
    plan = decide(request, snapshot, now)
    if at is not None and not may_view(snapshot, at):
        row = snapshot.graph.instances[at]
        item = Item(row.id, row.name, "", f"no permission in project '{row.project}'")
        refusal = Refusal(RefusalCode.FORBIDDEN, f"you may not see '{row.name}'", (item,))
        return Plan(plan.operation, plan.instance, refusals=(refusal,), digest=plan.digest, decided_at=now)
    return plan


def _decided_batch(world: World, moment: Moment, batch: Batch, now: datetime) -> Decided:
    snapshot = moment.snapshot
    graph = snapshot.graph
    hidden = {
        instance
        for instance in batch.instances
        if instance in graph.instance_at and not may_view(snapshot, graph.instance_at[instance])
    }
    visible = tuple(instance for instance in batch.instances if instance not in hidden)
    found = decide_all(replace(batch, instances=visible), snapshot, now)
    if hidden:
        skipped = [
            Skipped(
                instance, graph.instances[graph.instance_at[instance]].name, RefusalCode.FORBIDDEN, "you may not see it"
            )
            for instance in dict.fromkeys(batch.instances)
            if instance in hidden
        ]
        found = replace(found, skipped=(*found.skipped, *skipped))
    plans = tuple(_with_notices(world, moment, found.plans))
    found = replace(found, plans=plans)
    return Decided(moment, now, batch=found, plans=plans)


WRITING = (
    Operation.RERUN,
    Operation.RERUN_DOWNSTREAM,
    Operation.FORCE_RERUN_CURRENT,
    Operation.FORCE_RERUN_DOWNSTREAM,
)


def _with_notices(world: World, moment: Moment, plans: Sequence[Plan]) -> list[Plan]:
    """With what people should know of the start instances: that they were generated with another version of their definition (D-03)."""
    if not any(plan.is_accepted and plan.operation in WRITING for plan in plans):
        return list(plans)
    graph = moment.snapshot.graph
    starts = [graph.instance_at[plan.instance] for plan in plans if plan.instance in graph.instance_at]
    current = world.recurring.current(moment.environment, {graph.instances[at].task for at in starts})
    return [
        replace(plan, notices=tuple(dict.fromkeys((*plan.notices, *_notices(moment, plan, current))))) for plan in plans
    ]


def _notices(moment: Moment, plan: Plan, current: Mapping[str, PublishedTask]) -> list[str]:
    at = moment.snapshot.graph.instance_at.get(plan.instance)
    if at is None or plan.operation not in WRITING or not plan.is_accepted:
        return []
    record = moment.records[at]
    name, version = record.row.name, record.version
    task = current.get(record.row.task)
    found = list(record.notices)
    if task is None:
        found.append(f"'{name}' is not published any more; version {version} of its definition runs")
    elif task.version != version:
        code = "that it ran last" if plan.code is CodeChoice.AS_RAN else f"of version {task.version}, which is current,"
        found.append(
            f"'{name}' was generated with version {version} of its definition; the code {code} runs in its nodes"
        )
        graph, changed = moment.snapshot.graph, {change.node for change in plan.changes}
        gone = [
            graph.nodes[node].name
            for node in graph.nodes_of_instance[at]
            if graph.nodes[node].id in changed and task.node(moment.node_records[node].node_id) is None
        ]
        if gone:
            found.append(
                f"not in version {task.version} any more: {', '.join(sorted(gone))}; the old code runs there and writes a table that "
                f"'{name}' may no longer be read from"
            )
    return found
