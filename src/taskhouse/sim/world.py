"""The simulated world: one store, two servers, a cluster, people, a clock; everything that happens follows from one seed.

A step is one thing that happens: a scheduler makes a pass, attempts end, time goes on, somebody asks for an operation, a process dies or
comes back, definitions are published anew. Inside a step, around any call to the store or the executor, a process may die and others
may act. After each step the state must be right; from time to time the faults hold still, everybody comes to rest, and then
more must hold.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from taskhouse.domain.attempts import CANCEL_GRACE
from taskhouse.domain.readiness import SHARED_GROUP
from taskhouse.domain.recurring import Environment
from taskhouse.domain.status import CLASS_OF, NodeStatus
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.scheduler.recurring.core import LEASE
from taskhouse.sim.cluster import Cluster
from taskhouse.sim.definitions import SMALL_GROUP, random_rules, random_tasks, revised
from taskhouse.sim.faults import Crash, faulty
from taskhouse.sim.history import check_history
from taskhouse.sim.people import Asked, Desk
from taskhouse.sim.process import Process
from taskhouse.sim.rest import check_rest, unexplained
from taskhouse.sim.sweep import Sweep
from taskhouse.sim.witness import Witness

ZONES = (ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"))
FIRST_DAYS = (date(2026, 3, 2), date(2026, 3, 28), date(2026, 10, 24))
"""The latter two meet a change of clocks in Berlin."""

_LEAPS = (0, 1, 5, 20, 60, 300, 900, 3600, 3 * 3600)
_LEAP_WEIGHTS = (20, 20, 14, 10, 10, 10, 8, 6, 2)


_AT_COMMIT = -1
_COMMITS = ("write", "operate", "operate_each", "insert", "start")


class Violation(Exception):
    """Something is wrong in the world. `found` says what."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found[:5]))
        self.found = found


class World:
    """`quiet`: nobody dies, nothing gets lost, nobody acts in between."""

    def __init__(self, seed: int, store: RecurringStore, *, quiet: bool = False) -> None:
        self.seed = seed
        self.rng = rng = Random(seed)
        self.zone = rng.choice(ZONES)
        first_day = rng.choice(FIRST_DAYS)
        self.now = datetime.combine(first_day, datetime.min.time(), self.zone).astimezone(UTC)
        self.now -= timedelta(hours=rng.choice((1, 2, 5)))
        self.quiet = quiet
        self.cluster = Cluster(Random(rng.random()), self._clock, faults=not quiet)
        self.slots = {SHARED_GROUP: rng.choice((1, 2, 3)), SMALL_GROUP: 1}
        self.rules = random_rules(rng)
        self.witness = Witness(store, self.cluster, self.slots, self.rules, self.zone)
        self.cluster.wrong = self.witness.wrong
        self.environments = (Environment.PROD, Environment.DEV) if rng.random() < 0.25 else (Environment.PROD,)
        self._crash_in: dict[str, int] = {}
        self._others_in: dict[str, int] = {}
        self._depth = 0
        self._names = 0
        for environment in self.environments:
            tasks = random_tasks(rng, environment, first_day, self.zone)
            store.publish(environment, tasks, (), self.now, expected=0)
        self.processes: list[Process | None] = [self._started(), self._started()]
        self.stalled: set[int] = set()
        self.desks = [self._seated(0), self._seated(1)]
        self.sweep = Sweep(self.witness)
        self.steps_done = 0
        self._marks: list[int] = []

    def _clock(self) -> datetime:
        return self.now

    # ---- one step after another

    def run(self, steps: int) -> None:
        """Raises `Violation`."""
        for _ in range(steps):
            self.step()
        self.calm(to_the_end=True)

    def step(self) -> None:
        what = self.rng.choices(_STEPS, _WEIGHTS)[0]
        self.steps_done += 1
        self._marks.append(len(self.witness.log))
        what(self)
        self.check()

    def check(self) -> None:
        wrong = self.witness.wrong or self.sweep.check()
        if wrong:
            raise Violation(list(wrong))

    def trace(self, lines: int) -> list[str]:
        """The last of what happened, with the number of the step."""
        log = self.witness.log
        first = max(0, len(log) - lines)
        found = []
        for at in range(first, len(log)):
            when, what = log[at]
            step = bisect_right(self._marks, at)
            found.append(f"{step:>5}  {when.astimezone(self.zone):%m-%d %H:%M:%S}  {self.witness.told(what)}")
        return found

    def say(self, text: str) -> None:
        self.witness.log.append((self.now, text))

    # ---- what may happen

    def _tick(self) -> None:
        at = self.rng.randrange(len(self.processes))
        process = self.processes[at]
        if process is None:
            self.processes[at] = self._started()
        elif at not in self.stalled:
            self._act(at, process)

    def _act(self, at: int, process: Process) -> None:
        self._arm(process.name)
        try:
            process.act(self.now)
        except Crash:
            self._die(at)

    def _die(self, at: int) -> None:
        process = self.processes[at]
        if process is not None:
            self.say(f"{process.name} dies")
            process.die()
            self.processes[at] = None
            self.stalled.discard(at)

    def _work(self) -> None:
        self.cluster.pass_time()
        self._leap()

    def _leap(self) -> None:
        self.now += timedelta(seconds=self.rng.choices(_LEAPS, _LEAP_WEIGHTS)[0])
        for at, process in enumerate(self.processes):
            if process is not None and at not in self.stalled:
                process.renew(self.now)

    def _stall(self) -> None:
        at = self.rng.randrange(len(self.processes))
        (self.stalled.discard if at in self.stalled else self.stalled.add)(at)

    def _kill(self) -> None:
        self._die(self.rng.randrange(len(self.processes)))

    def _ask(self, but: str = "") -> None:
        """At one of the desks, not at the one named."""
        at = self.rng.choice([at for at, desk in enumerate(self.desks) if desk.name != but])
        desk = self.desks[at]
        self._arm(desk.name)
        try:
            desk.ask(self.rng.choice(self.environments), partial(self._meanwhile, desk.name))
        except Crash:
            self.say(f"{desk.name} dies")
            self.desks[at] = self._seated(at, desk.unanswered)

    def _publish(self) -> None:
        environment = self.rng.choice(self.environments)
        revision, tasks = self.witness.published(environment)
        chosen = self.rng.choice(sorted(tasks))
        self.witness.publish(environment, [revised(self.rng, tasks[chosen])], (), self.now, expected=revision)

    def _rest(self) -> None:
        self.calm()

    # ---- inside a step

    def _arm(self, who: str) -> None:
        """Whether the process dies in this step, or others act in between: around how many calls from now, or around the one that
        commits, where it hurts most."""
        self._crash_in.pop(who, None)
        self._others_in.pop(who, None)
        if not self.quiet:
            chance = self.rng.random()
            if chance < 0.05:
                self._crash_in[who] = self.rng.choice((_AT_COMMIT, self.rng.randint(1, 24)))
            elif chance < 0.35:
                self._others_in[who] = self.rng.choice((_AT_COMMIT, self.rng.randint(1, 24)))

    def around(self, who: str, verb: str, *, after: bool) -> None:
        if self._is_here(self._crash_in, who, verb):
            self.say(f"{who} dies {'after' if after else 'before'} {verb}")
            raise Crash
        if not self._depth and self._is_here(self._others_in, who, verb):
            self.say(f"{who} stands still {'after' if after else 'before'} {verb}; meanwhile:")
            self._meanwhile(who)
            self.say(f"{who} goes on")

    def _is_here(self, armed: dict[str, int], who: str, verb: str) -> bool:
        """Whether the call that was chosen is this one. Around a commit it is the one before it or the one after."""
        left = armed.get(who)
        if left is None:
            return False
        if left == _AT_COMMIT:
            here = verb in _COMMITS and self.rng.random() < 0.7
        else:
            armed[who] = left - 1
            here = left == 1
        if here:
            del armed[who]
        return here

    def _meanwhile(self, who: str) -> None:
        """Others act while `who` stands still in the middle of something; nobody stands still in the middle of that."""
        if self._depth:
            return
        self._depth += 1
        try:
            for _ in range(self.rng.randint(1, 3)):
                if self.rng.random() < 0.15:
                    self.now += LEASE * self.rng.choice((0.5, 2))
                if self.rng.random() < 0.5:
                    self.cluster.pass_time()
                others = [at for at, p in enumerate(self.processes) if p is not None and p.name != who]
                if others and self.rng.random() < 0.6:
                    at = self.rng.choice(others)
                    process = self.processes[at]
                    assert process is not None
                    self._act(at, process)
                else:
                    self._ask(but=who)
        finally:
            self._depth -= 1

    # ---- parts

    def _started(self) -> Process:
        self._names += 1
        return Process(
            f"s{self._names}",
            self.witness.as_store,
            self.cluster,
            self,
            self.environments,
            self.slots,
            self.rules,
            self.zone,
        )

    def _seated(self, at: int, unanswered: list[Asked] | None = None) -> Desk:
        name = f"desk{at + 1}"
        store = faulty(self.witness.as_store, name, self)
        rng = Random(self.rng.random())
        return Desk(
            name, store, rng, self._clock, self.witness.wrong, self.say, self.witness.was_shown, unanswered or []
        )

    # ---- rest

    def calm(self, *, to_the_end: bool = False) -> None:
        """Everybody alive, nothing in between, until nobody has anything more to do at this time. `to_the_end`: time passes, too, and
        attempts end well, until nothing can happen any more."""
        self._crash_in.clear()
        self._others_in.clear()
        self.stalled.clear()
        self.processes = [process or self._started() for process in self.processes]
        self._settle()
        self._must(check_rest(self.witness, [p for p in self.processes if p is not None], self.slots, self.now))
        if to_the_end:
            self._end()

    def _end(self) -> None:
        """Time passes, attempts end well, and nothing new comes."""
        self.cluster.faults = False
        for process in self.processes:
            assert process is not None
            process.generates = False
        for _ in range(300):
            following = self._next()
            if following is None:
                break
            self.now = max(following, self.now + timedelta(seconds=1))
            self.cluster.pass_time()
            self._settle()
            self.check()
        self._must(unexplained(self.witness) + check_history(self.witness))

    def _next(self) -> datetime | None:
        """When the next thing can happen, as the truth tells; None when nothing can."""
        found: list[datetime] = [late.at for late in self.cluster.late]
        for node, state in self.witness.rows.items():
            if state.status is NodeStatus.RUNNING:
                found.append(self.now + LEASE)
            if state.retry_at is not None:
                found.append(state.retry_at)
            if state.cancelling_until is not None:
                found.append(max(state.cancelling_until, self.now + CANCEL_GRACE))
            due = self.witness.record(node).row.due_at
            if not CLASS_OF[state.status].is_final and due > self.now:
                found.append(due)
        return min(found, default=None)

    def _must(self, wrong: list[str]) -> None:
        self.check()
        if wrong:
            raise Violation(wrong)

    def _settle(self) -> None:
        for _ in range(1000):
            changed = False
            for process in self.processes:
                assert process is not None
                process.renew(self.now)
                changed |= process.act(self.now)
            if not changed:
                return
        raise Violation(["the schedulers do not come to rest"])


_ACTIONS = (
    (World._tick, 44),
    (World._work, 30),
    (World._ask, 16),
    (World._kill, 1),
    (World._stall, 3),
    (World._publish, 2),
    (World._rest, 4),
)
_STEPS = [action for action, _ in _ACTIONS]
_WEIGHTS = [weight for _, weight in _ACTIONS]
