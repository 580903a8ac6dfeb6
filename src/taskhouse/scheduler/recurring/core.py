"""One pass of the scheduler: what happened, what follows from it, one write.

The scheduler decides nothing itself. It knows which nodes to look at (what changed, what is due, what became ready), asks
`next_step` and `dispatch` about them, has `node_changes` work out the rows, and writes all of a pass in one transaction. It is refused when
anybody changed anything since the pass looked; the book then knows how, and the next pass decides anew. Attempts are ordered only after their start is
written, and an order given twice is one attempt, so dying at any point loses nothing and doubles nothing.

Work is found by push: a node that ends makes its children be looked at; scheduled times, retries, deadlines and graces stand in one
heap. Nothing here looks at all nodes, except after the book was loaded anew.

No threads and no clock: a caller that wakes it passes the time. Two schedulers on one store do no harm to one another: each node
changes by compare-and-set, each live run has an owner who answers for it, and the runs of an owner whose lease is over are taken over.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

import structlog

from taskhouse.domain import node_changes
from taskhouse.domain.attempts import CANCEL_GRACE
from taskhouse.domain.calendar import run_date_of, wall_clock
from taskhouse.domain.faults import Fault
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, RunOutcome, RunStatus, RunTrigger
from taskhouse.domain.readiness import (
    SHARED_GROUP,
    SHARED_SLOTS,
    Candidate,
    Dispatch,
    Step,
    ThrottleRule,
    dispatch,
    next_step,
)
from taskhouse.domain.roles import Actor
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.ports.executor import AttemptOrder, Executor, Found
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.scheduler.recurring.facts import Facts
from taskhouse.scheduler.recurring.ready import ReadyQueues
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.columns import Column

_log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
"""How long after its last renewal a scheduler's live runs are taken over by another."""

_SELF = Actor("scheduler", super_admin=True)
_RUNNING, _SUCCESS = NodeStatus.RUNNING, NodeStatus.SUCCESS
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pass:
    """`changed`: something was written or came in, so another pass may find more to do. `next_at`: when to look again at the
    latest, None when nothing is due ever."""

    changed: bool
    next_at: datetime | None


class RecurringScheduler:
    """`name` must be unique among the schedulers of a store; a scheduler whose lease was taken from it goes on under a new one. `slots`
    tells the sizes of resource groups; a group that is not among them has as many as `shared`. `rules`: throttling rules in force.
    `zone`: in which their windows are. All three are asked anew in each pass. `placed`: node id -> lock version at which the node is left
    alone (`services.recurring.rehearsal`)."""

    def __init__(
        self,
        store: RecurringStore,
        book: Book,
        executor: Executor,
        name: str,
        zone: Callable[[], tzinfo],
        *,
        slots: Callable[[], Mapping[str, int]] = dict,
        rules: Callable[[], Sequence[ThrottleRule]] = tuple,
        placed: MutableMapping[int, int] | None = None,
    ) -> None:
        self._store = store
        self._book = book
        self._executor = executor
        self._name = name
        self._names = 1
        self._zone = zone
        self._sizes = slots
        self._rules = rules
        self._placed = placed if placed is not None else {}
        self._left_alone: dict[int, None] = {}
        """Positions that were not looked at because of `placed`."""
        self._feed = book.feed()
        self._lease_until: datetime | None = None
        self._renew_at: datetime | None = None
        self._is_draining = False
        self._inbox: list[RunOutcome] = []
        self._taken: set[RunOutcome] = set()
        """Those of the inbox that this pass turns into writes."""
        self._dirty: dict[int, None] = {}
        """Positions to look at in the next pass."""
        self._fresh: dict[int, Candidate] = {}
        """Those that became ready in this pass."""
        self._told: dict[int, int] = {}
        """Node id -> serial of the run whose cancellation the executor was told of."""
        self._patience: dict[int, datetime] = {}
        """Node id -> until when an executor that was told here may take."""
        self._later: list[tuple[datetime, int]] = []
        self._forget()

    @property
    def owner(self) -> str:
        """Under which name it holds runs now."""
        return self._name if self._names == 1 else f"{self._name}~{self._names}"

    # One pass

    def step(self, now: datetime) -> Pass:
        """Raises what the store and the executor raise; nothing is lost then, the next pass goes on from the store."""
        try:
            return self._step(now)
        except BaseException:
            self._feed.tell_rebuilt()  # what was under way is decided anew
            raise

    def _step(self, now: datetime) -> Pass:
        adopted = self._keep_lease(now)
        self._book.refresh()
        self._inbox.extend(self._executor.poll())
        writes: dict[int, NodeWrite] = {}
        orders: dict[int, AttemptOrder] = {}
        cancels: list[Run] = []
        with self._book.lock:
            self._read_feed()
            self._look_at_released()
            self._add_due(now)
            for run in adopted:
                self._adopt(run, writes)
            self._take_outcomes(writes, now)
            dirty, self._dirty = self._dirty, {}
            for position in dirty:
                self._look_carefully(position, writes, cancels, now)
            if not self._is_draining:
                self._dispatch(writes, orders, now)
            seen = self._book.cursor
        if writes:
            refused = self._book.write(list(writes.values()), now, at=seen).refused
            self._settle(writes.keys() - refused, refused, orders)
        if orders:
            self._executor.start(list(orders.values()))
        for run in cancels:
            self._told[run.node] = run.serial
            if self._executor.cancel(run):
                self._inbox.append(RunOutcome(run.node, run.serial, cancelled=True))
        self._find_out([run for run in adopted if run.node in writes], now)
        changed = bool(writes or cancels or self._inbox or self._dirty or self._feed)
        return Pass(changed, self._next_at())

    def drain(self) -> None:
        """Start nothing more; outcomes, stops and timeouts are still followed."""
        self._is_draining = True

    def take_over(self) -> None:
        """Whoever holds live runs is gone: nobody else works on this store. To be called before the first pass of the only server
        of a home, which then need not wait for leases to run out."""
        for owner in {run.owner for run in self._store.live_runs()} - {self.owner}:
            self._store.release(owner)

    def open(self) -> None:
        """Load whatever may move."""
        self._book.follow_generation()
        self._book.cover(self._store.unfinished(self._book.environment))

    def close(self) -> None:
        self._book.close_feed(self._feed)
        self._store.release(self.owner)

    # Leases

    def _keep_lease(self, now: datetime) -> list[Run]:
        """Renew when a third of the lease is over. Returns runs to take over."""
        if self._renew_at is not None and self._renew_at - LEASE < now < self._renew_at:
            return []
        while not self._store.hold(self.owner, now + LEASE, now):
            self._names += 1
            _log.warning("the lease was taken away; going on under a new name", owner=self.owner)
        is_first = self._renew_at is None
        self._renew_at = now + LEASE / 3
        gone = {owner for owner in self._store.expired_owners(now) if owner != self.owner}
        runs = [run for run in self._store.live_runs() if run.owner in gone] if gone else []
        if not is_first:
            self._ask_about_own_runs()
        if any(self._book.node_state(run.node) is None for run in runs):
            self._book.cover(self._store.unfinished(self._book.environment))
        return [run for run in runs if self._book.node_state(run.node) is not None]

    def _adopt(self, run: Run, writes: dict[int, NodeWrite]) -> None:
        state = self._book.node_state(run.node)
        if state is not None and state.has_live_run and state.run == run.serial and state.owner == run.owner:
            writes[run.node] = node_changes.adopted(state, self.owner)

    def _find_out(self, runs: Iterable[Run], now: datetime) -> None:
        """What became of runs that were taken over."""
        for run in runs:
            state = self._book.node_state(run.node)
            if state is not None and state.has_live_run and state.run == run.serial and state.owner == self.owner:
                self._ask(run, state)

    def _ask_about_own_runs(self) -> None:
        """An outcome that got lost on its way is found out with each renewal."""
        with self._book.lock:
            mine = [state for at in self._running for state in (self._book.states[at],) if state.owner == self.owner]
        for state in mine:
            self._ask(_run_of(state), state)

    def _ask(self, run: Run, state: NodeState) -> None:
        found = self._executor.find(run)
        if isinstance(found, RunOutcome):
            self._inbox.append(found)
        elif found is Found.UNKNOWN:
            if state.cancelling_until is not None:
                self._inbox.append(RunOutcome(run.node, run.serial, cancelled=True))
            else:
                self._order_again(run, state)

    def _order_again(self, run: Run, state: NodeState) -> None:
        with self._book.lock:
            position = self._book.graph.node_at.get(run.node)
            if position is None:
                return
            facts = self._facts_of(position)
            candidate = facts.candidate(state, self._view, position, upstream_met=True)
            before = state._replace(run=state.run - 1, attempt=state.attempt - 1)
            order = facts.order(before, candidate)
            order = order._replace(version=run.version, parameters=run.parameters, owner=self.owner)
        if not run.version:
            (prepared,) = self._executor.prepare([order])
            if prepared.outcome is not None:
                self._inbox.append(prepared.outcome)
                return
            order = order._replace(version=prepared.version, parameters=prepared.parameters)
        self._executor.start([order])

    # What changed

    def _forget(self) -> None:
        """Read the book from the beginning."""
        book = self._book
        graph = book.graph
        self._facts: dict[int, Facts] = {}
        self._queues = ReadyQueues()
        self._dirty = dict.fromkeys(range(len(graph.nodes)))
        self._fresh = {}
        self._left_alone = {}
        self._later = []
        self._running: set[int] = {at for at, state in enumerate(book.states) if state.status is _RUNNING}
        self._succeeded = bytearray(state.status is _SUCCESS for state in book.states)
        self._removed = len(book.removed)
        self._unmet = [0] * len(graph.nodes)
        ups, downs, succeeded = graph.edge_up, graph.edge_down, self._succeeded
        for edge, up in enumerate(ups):
            if up >= 0 and not succeeded[up] and edge not in book.removed:
                self._unmet[downs[edge]] += 1
        states = book.states
        self._view = Snapshot(
            graph,
            Column(len(states), lambda at: states[at].status),
            (),
            _SELF,
            skip_upstream=book.forced,
            removed=book.removed,
            manual_priority=book.manual_priority,
            metric_priority=book.metric_priority,
        )

    def _read_feed(self) -> None:
        changed, rebuilt = self._feed.drain()
        if rebuilt:
            self._forget()
            return
        book, graph = self._book, self._book.graph
        cut = len(book.removed) != self._removed
        self._removed = len(book.removed)
        for position in changed:
            state = book.states[position]
            self._dirty[position] = None
            self._queues.discard(position)
            self._fresh.pop(position, None)
            (self._running.add if state.status is _RUNNING else self._running.discard)(position)
            if cut:
                self._unmet[position] = self._count_unmet(position)
            succeeded = state.status is _SUCCESS
            if bool(self._succeeded[position]) != succeeded:
                self._succeeded[position] = succeeded
                if self._placed and not self._is_placed(state):
                    self._release_below(position)
                step = -1 if succeeded else 1
                for edge in graph.out_edges[position]:
                    if edge not in book.removed:
                        down = graph.edge_down[edge]
                        self._unmet[down] += step
                        self._dirty[down] = None
            elif state.status is NodeStatus.FAILED:
                for edge in graph.out_edges[position]:
                    if graph.edge_down[edge] in book.forced:
                        self._dirty[graph.edge_down[edge]] = None

    def _is_placed(self, state: NodeState) -> bool:
        return bool(self._placed) and self._placed.get(state.id) == state.lock_version

    def _release_below(self, position: int) -> None:
        """Something upstream has moved by itself: what was put in a status by hand goes on from there."""
        graph = self._book.graph
        for edge in graph.out_edges[position]:
            self._placed.pop(graph.nodes[graph.edge_down[edge]].id, None)

    def _look_at_released(self) -> None:
        for position in list(self._left_alone):
            if not self._is_placed(self._book.states[position]):
                del self._left_alone[position]
                self._dirty[position] = None

    def _count_unmet(self, position: int) -> int:
        graph, removed = self._book.graph, self._book.removed
        return sum(
            1
            for edge in graph.in_edges[position]
            if edge not in removed and graph.edge_up[edge] >= 0 and not self._succeeded[graph.edge_up[edge]]
        )

    def _add_due(self, now: datetime) -> None:
        while self._later and self._later[0][0] <= now:
            self._dirty[heapq.heappop(self._later)[1]] = None

    def _look_again(self, at: datetime, position: int) -> None:
        heapq.heappush(self._later, (at, position))

    def _next_at(self) -> datetime | None:
        times = [at for at in (self._renew_at, self._later[0][0] if self._later else None) if at is not None]
        return min(times, default=None)

    def _settle(self, written: AbstractSet[int], refused: Sequence[int], orders: dict[int, AttemptOrder]) -> None:
        """Forget the outcomes that are written. What was refused somebody else changed first: it is looked at again, with what came
        in about it."""
        for node in refused:
            orders.pop(node, None)
            position = self._book.graph.node_at.get(node)
            if position is not None:
                self._dirty[position] = None
        kept = []
        for outcome in self._inbox:
            if outcome.node not in written or outcome not in self._taken:
                kept.append(outcome)
                continue
            if self._told.get(outcome.node) == outcome.serial:
                del self._told[outcome.node]
        self._inbox = kept
        self._taken = set()

    # What follows

    def _take_outcomes(self, writes: dict[int, NodeWrite], now: datetime) -> None:
        """Outcomes stay in the inbox until they are written. One that belongs to no live run and acknowledges nothing is dropped:
        the attempt was given up before."""
        kept = []
        self._taken = set()
        for outcome in self._inbox:
            state = self._book.node_state(outcome.node)
            if outcome.node in writes:
                kept.append(outcome)
            elif state is None:
                _log.warning("an outcome of a node that is not loaded", node=outcome.node, serial=outcome.serial)
            elif state.has_live_run and state.run == outcome.serial:
                position = self._book.graph.node_at[outcome.node]
                writes[outcome.node] = node_changes.ends(state, outcome, self._facts_of(position).policy, now)
                self._taken.add(outcome)
                kept.append(outcome)
            elif self._acknowledges(outcome, state):
                writes[outcome.node] = node_changes.acknowledged(state, now)
                self._taken.add(outcome)
                kept.append(outcome)
            else:
                _log.info("the outcome of an attempt that was given up does not count", **outcome._asdict())
        self._inbox = kept

    def _acknowledges(self, outcome: RunOutcome, state: NodeState) -> bool:
        """Whether it is the end of the very run that was cancelled; that of an earlier one may come late and says nothing of it."""
        if state.cancelling_until is None or state.has_live_run:
            return False
        return self._cancelled_run(state).serial == outcome.serial

    def _look_carefully(self, position: int, writes: dict[int, NodeWrite], cancels: list[Run], now: datetime) -> None:
        """A node that nobody can make sense of stays where it is; it must not hold up all others."""
        try:
            self._look_at(position, writes, cancels, now)
        except (AssertionError, Fault, LookupError, ValueError):
            _log.exception("cannot make sense of a node instance", node=self._book.states[position].id)

    def _look_at(self, position: int, writes: dict[int, NodeWrite], cancels: list[Run], now: datetime) -> None:
        state = self._book.states[position]
        self._queues.discard(position)
        self._fresh.pop(position, None)
        if not self._book.core[position]:
            return
        if state.id in writes:
            return  # its new state will be looked at when the book knows it
        if self._is_placed(state) and not state.has_live_run:
            self._left_alone[position] = None
            return
        if state.cancelling_until is not None:
            self._look_at_cancelled(position, state, writes, cancels, now)
            if state.id in writes:
                return
        if state.status is _RUNNING:
            self._look_at_running(position, state, writes, now)
            return
        if state.status is _SUCCESS or not state.released:
            return
        if state.status is NodeStatus.FAILED and state.retry_at is None:
            return
        if self._unmet[position] and not state.skip_checks and state.status is NodeStatus.INIT:
            return  # what `next_step` would say, told quickly
        facts = self._facts_of(position)
        candidate = facts.candidate(state, self._view, position, upstream_met=not self._unmet[position])
        match next_step(candidate, now):
            case Step.WAIT_FOR_TIME:
                opens = self._root_succeeds_at(position, facts)
                if opens > now and not state.skip_checks:
                    self._look_again(opens, position)
                else:
                    writes[state.id] = node_changes.waits(state, NodeStatus.WAIT_SCHEDULE, now)
            case Step.SEND_BACK:
                writes[state.id] = node_changes.sent_back(state, now)
            case Step.DRY_RUN:
                writes[state.id] = node_changes.succeeds_without_running(state, now)
            case Step.SKIP:
                writes[state.id] = node_changes.fails_without_running(state, now)
            case Step.RETRY:
                writes[state.id] = node_changes.retries(state, now)
            case Step.QUEUE:
                self._fresh[position] = candidate
            case Step.NOTHING:
                later = state.retry_at if CLASS_OF[state.status] is StatusClass.FAILED else facts.due_at
                if later is not None and later > now:
                    self._look_again(later, position)

    def _root_succeeds_at(self, position: int, facts: Facts) -> datetime:
        """The root of a day succeeds at 00:00 of it, as critical paths have it (D-58): what only waits for it stays Not Running from its
        generation until then. It never blocks, for nothing is due before. The beginning of time for nodes that have no edge from it."""
        graph = self._book.graph
        if all(graph.edge_up[edge] >= 0 for edge in graph.in_edges[position]):
            return _ALWAYS
        return wall_clock(run_date_of(facts.bizdate), time(), self._zone())

    def _look_at_running(self, position: int, state: NodeState, writes: dict[int, NodeWrite], now: datetime) -> None:
        if state.owner != self.owner or state.cancelling_until is not None or state.started_at is None:
            return
        policy = self._facts_of(position).policy
        deadline = policy.deadline(state.started_at)
        if deadline <= now:
            writes[state.id] = node_changes.times_out(state, policy, now)
        else:
            self._look_again(deadline, position)

    def _look_at_cancelled(
        self, position: int, state: NodeState, writes: dict[int, NodeWrite], cancels: list[Run], now: datetime
    ) -> None:
        assert state.cancelling_until is not None
        if state.has_live_run and state.owner != self.owner:
            self._look_again(state.cancelling_until, position)
            return
        run = self._cancelled_run(state)
        if self._told.get(state.id) != run.serial:
            cancels.append(run)
            self._patience.pop(state.id, None)
            self._look_again(now, position)
            return
        # Its time begins when it has been told here: whoever should have told it before may have died.
        until = max(state.cancelling_until, self._patience.setdefault(state.id, now + CANCEL_GRACE))
        if until <= now:
            writes[state.id] = node_changes.acknowledged(state, now, node_changes.NOT_ACKNOWLEDGED)
        else:
            self._look_again(until, position)

    def _cancelled_run(self, state: NodeState) -> Run:
        """Of a stopped node its live run, else the latest real attempt, which was superseded or timed out."""
        if state.has_live_run:
            return _run_of(state)
        runs = self._store.runs(state.id, 10)
        real = next((run for run in runs if run.number == state.attempt), None)
        return real or _run_of(state)

    def _facts_of(self, position: int) -> Facts:
        facts = self._facts.get(position)
        if facts is None:
            facts = self._facts[position] = Facts.of(self._book, position)
        return facts

    # Giving out rooms

    def _dispatch(self, writes: dict[int, NodeWrite], orders: dict[int, AttemptOrder], now: datetime) -> None:
        fresh, self._fresh = self._fresh, {}
        chosen: list[tuple[int, Candidate]] = []
        for position, candidate in fresh.items():
            if self._executor.holds_slot(self._facts_of(position).kind):
                self._queues.put(position, candidate)
            else:
                chosen.append((position, candidate))
        if len(self._queues):
            asking = self._asking(fresh)
            found = self._give_rooms(asking, now)
            by_node = {candidate.node: (position, candidate) for position, candidate in asking.items()}
            chosen += [by_node[node] for node in found.start]
            for node in (*found.throttled, *found.starved):
                position, _ = by_node[node]
                state, target = self._book.states[position], found.status_of(node)
                if state.status is not target:
                    writes[node] = node_changes.waits(state, target, now)
        self._begin(chosen, writes, orders, now)

    def _asking(self, fresh: Iterable[int]) -> dict[int, Candidate]:
        """Who might get a room or must be told that there is none: with throttling rules everybody; without, the first of each group and
        who is new."""
        if self._rules():
            return dict(self._queues.everyone())
        found = {at: candidate for at in fresh if (candidate := self._queues.get(at)) is not None}
        occupied, slots = self.occupancy(), self._slots()
        for group in self._queues.groups():
            room = slots.get(group, slots[SHARED_GROUP]) - occupied.get(group, 0)
            found.update(self._queues.first(group, room))
        return found

    def _give_rooms(self, asking: Mapping[int, Candidate], now: datetime) -> Dispatch:
        slots = self._slots()
        for candidate in asking.values():
            slots.setdefault(candidate.group, slots[SHARED_GROUP])
        running = [
            self._facts_of(at).candidate(self._book.states[at], self._view, at, upstream_met=True)
            for at in self._running
        ]
        return dispatch(asking.values(), running, slots, self._rules(), now, self._zone())

    def _slots(self) -> dict[str, int]:
        return {SHARED_GROUP: SHARED_SLOTS, **self._sizes()}

    def _begin(
        self,
        chosen: list[tuple[int, Candidate]],
        writes: dict[int, NodeWrite],
        orders: dict[int, AttemptOrder],
        now: datetime,
    ) -> None:
        states = [self._book.states[position] for position, _ in chosen]
        asked = [
            self._facts_of(position).order(state, candidate)._replace(owner=self.owner)
            for (position, candidate), state in zip(chosen, states, strict=True)
        ]
        prepared = self._executor.prepare(asked) if asked else ()
        for (position, _), state, order, made in zip(chosen, states, asked, prepared, strict=True):
            self._queues.discard(position)
            write = node_changes.starts(state, self.owner, now, version=made.version, parameters=made.parameters)
            if made.outcome is not None:
                policy = self._facts_of(position).policy
                write = node_changes.then(write, node_changes.ends(write.after, made.outcome, policy, now))
            else:
                orders[state.id] = order._replace(version=made.version, parameters=made.parameters)
            writes[state.id] = write

    def occupancy(self) -> Mapping[str, int]:
        """Resource group -> live attempts."""
        with self._book.lock:
            return Counter(self._facts_of(at).group for at in self._running)


def _run_of(state: NodeState) -> Run:
    return Run(state.id, state.run, state.attempt, RunTrigger.SCHEDULE, RunStatus.RUNNING, state.started_at)
