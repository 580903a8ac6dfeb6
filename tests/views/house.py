"""A small tenant in a real store, for views: the scenario fixture of run date 2026-03-02, data timestamp 20260301.

Script S0 due 00:10. Logical dimension table A due 00:30 with key id and fields t1..t4 in nodes B{t1,t2}, C{t2,t3}, D{t4}. Aggregate
table E due 01:00 with metrics m1 (project shop), m2 (project crm), m3 in nodes P, Q, V. Scripts X, Z due 02:00 and Y due 00:45.
Edges: root -> S0; S0 -> B, C, D; B -> P (t1), D -> Q (t4), C -> V (t3), D -> Y (t4); P -> X (m1), V -> Z (m3).

Nodes are moved by the functions that the scheduler moves them by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.definition.tenant import Organisation, Project, Tenant
from taskhouse.domain.dependency import ROOT, Dependency, Policy, Window
from taskhouse.domain.generation import generate
from taskhouse.domain.node_changes import ends, starts, waits
from taskhouse.domain.node_state import NodeState, RunOutcome
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Priority, Role, TableKind
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import InstanceQuery, RecurringStore
from taskhouse.services.definitions.memory_workspace import MemoryWorkspaceStore
from taskhouse.services.recurring.book import Books
from taskhouse.services.world import World

ZONE = ZoneInfo("Asia/Shanghai")
PROD = Environment.PROD
RUN_DATE = date(2026, 3, 2)
BIZDATE = date(2026, 3, 1)
PUBLISHED_AT = datetime(2026, 3, 1, 10, tzinfo=UTC)

ADMIN = Actor("admin", super_admin=True)
ALICE = Actor("alice", roles={"shop": frozenset({ProjectRole.OPERATOR})})
VISITOR = Actor("visitor", roles={"shop": frozenset({ProjectRole.VISITOR})})
STRANGER = Actor("stranger")
CRM = Actor("carol", roles={"crm": frozenset({ProjectRole.DEVELOPER})})


def at(text: str, day: date = RUN_DATE) -> datetime:
    """A wall-clock time of the tenant in UTC."""
    return datetime.combine(day, time.fromisoformat(text), ZONE).astimezone(UTC)


def _task(name: str, due: str, nodes: Iterable[PublishedNode], *dependencies: Dependency, **more: Any) -> PublishedTask:
    made = PublishedTask(
        f"shop.{name}",
        name,
        "shop",
        PROD,
        BizType.SCRIPT,
        Schedule(Cycle.DAY, time.fromisoformat(due)),
        tuple(nodes),
        dependencies=dependencies,
        owners=("alice",),
        first_run_date=RUN_DATE,
        published_by="alice",
        published_at=PUBLISHED_AT,
    )
    return replace(made, **more)


def _script(name: str, due: str, *, reads: dict[str, str] | None = None, **more: Any) -> PublishedTask:
    """`reads` as task -> "field field"."""
    needs = {f"shop.{up}": frozenset(fields.split()) for up, fields in (reads or {}).items()}
    dependencies = [Dependency(up, up_fields=tuple(sorted(fields))) for up, fields in needs.items()]
    program = Program(ProgramKind.SQL, f"insert overwrite table {name.lower()} select '${{bizdate}}';", "shop")
    own = PublishedNode(f"shop.{name}", name, program, reads=needs)
    more = {"retry": RetryPolicy(retries=2), "resource_group": "small", **more}
    return _task(name, due, [own], *(dependencies or [Dependency(ROOT)]), **more)


def _node(name: str, values: str, keys: str = "", **reads: str) -> PublishedNode:
    needs = {f"shop.{up}": frozenset(fields.split()) for up, fields in reads.items()}
    code = f"insert overwrite table mat_{name.lower()} select {values.replace(' ', ', ')} from source_{name.lower()};"
    program = Program(ProgramKind.SQL, code, "shop")
    return PublishedNode(
        f"shop.{name}",
        name,
        program,
        tuple(values.split()),
        tuple(keys.split()),
        needs,
        table=f"shop.mat_{name.lower()}",
    )


def tasks() -> list[PublishedTask]:
    fields = [PublishedField("id", "KEY", "BIGINT", role=Role.KEY)]
    fields += [PublishedField(f"t{n}", "ATTRIBUTE", label=f"attribute {n}", tables=("shop.s0",)) for n in range(1, 5)]
    sources = {"m1": "t1", "m2": "t4", "m3": "t3"}
    projects = {"m2": "crm"}
    metrics = [
        PublishedField(name, "METRIC", "BIGINT", "", Role.VALUE, projects.get(name), "bob" if name == "m2" else None, Priority.HIGH if name == "m2" else None, (("shop.A", source),))
        for name, source in sources.items()
    ]  # fmt: skip
    table = {"biz_type": BizType.LOGICAL_TABLE, "node_type": "BBOX_LOGIC_TABLE_NODE"}
    return [
        _script("S0", "00:10"),
        _task("A", "00:30", [_node("B", "t1 t2", "id", S0=""), _node("C", "t2 t3", "id", S0=""), _node("D", "t4", "id", S0="")], Dependency("shop.S0"), kind=TableKind.DIMENSION, fields=tuple(fields), description="customers", tags=("core",), view="shop.a", **table),
        _task("E", "01:00", [_node("P", "m1", A="t1"), _node("Q", "m2", A="t4"), _node("V", "m3", A="t3")], Dependency("shop.A"), kind=TableKind.AGGREGATE, fields=tuple(metrics), **table),
        _script("X", "02:00", reads={"E": "m1"}),
        _script("Y", "00:45", reads={"A": "t4"}),
        _script("Z", "02:00", reads={"E": "m3"}, owners=("zoe",)),
    ]  # fmt: skip


def organisation() -> Organisation:
    members = {"alice": frozenset({ProjectRole.OPERATOR}), "visitor": frozenset({ProjectRole.VISITOR})}
    projects = {"shop": Project("shop", "商店", owner="owner", members=members), "crm": Project("crm", owner="carol")}
    return Organisation(Tenant("tenant", ZONE.key), projects=projects)


class HandClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now


class CountingStore:
    """A store that counts what it is asked, by verb."""

    def __init__(self, store: RecurringStore) -> None:
        self.real = store
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.real, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            return verb(*args, **kwargs)

        return counted


@dataclass
class House:
    """`load` puts the date into the book, as a scheduler would; without it views read from the store."""

    store: CountingStore
    world: World
    clock: HandClock
    ids: dict[str, int] = field(default_factory=dict)
    """Instances by task name, nodes by node name."""

    def generate(self, run_date: date = RUN_DATE, published: Iterable[PublishedTask] | None = None) -> None:
        if published is not None:
            revision = self.store.real.published(PROD)[0]
            self.store.real.publish(PROD, list(published), (), PUBLISHED_AT, expected=revision)
        current = self.store.real.published(PROD)[1]

        def earlier(task: str, day: date) -> list[Any]:
            from taskhouse.domain.generation import GeneratedInstance
            from taskhouse.domain.recurring import InstanceKey

            return [
                GeneratedInstance(
                    InstanceKey(r.row.task, r.row.bizdate, r.row.due_at), r.index, r.dry_run, t.blueprint()
                )
                for r, t in self.store.real.earlier(PROD, task, day)
            ]

        made = generate(run_date, [task.blueprint() for task in current.values()], ZONE, earlier=earlier)
        self.store.real.insert(made, current, PROD, at("23:00", run_date - timedelta(days=1)))
        bizdate = run_date - timedelta(days=1)
        suffix = "" if run_date == RUN_DATE else f"@{run_date:%m%d}"
        rows = self.store.real.graph(PROD, [bizdate])
        for record in rows.instances:
            if record.row.bizdate == bizdate:
                self.ids[record.row.name + suffix] = record.row.id
        for node in rows.nodes:
            if node.bizdate == bizdate:
                self.ids.setdefault(node.row.name + suffix, node.row.id)
                self.ids["node " + node.row.name + suffix] = node.row.id

    def node(self, name: str) -> int:
        return self.ids["node " + name]

    def state(self, name: str) -> NodeState:
        return self.store.real.states([self.node(name)])[0]

    def load(self) -> House:
        self.world.books.of(PROD).cover([BIZDATE])
        self.store.calls.clear()
        return self

    def write(self, write: Any, now: datetime) -> None:
        result = self.store.real.write([write], now)
        assert not result.refused

    def wait(self, name: str, when: str, status: str = "WAIT_SCHEDULE") -> None:
        self.write(waits(self.state(name), NodeStatus(status), at(when)), at(when))

    def start(self, name: str, when: str) -> None:
        version = next(r.version for r in self.store.real.graph(PROD, [BIZDATE]).nodes if r.row.id == self.node(name))
        begun = starts(self.state(name), "me", at(when), version=version, parameters='{"bizdate": "20260301"}')
        self.write(begun, at(when))

    def end(self, name: str, when: str, reason: str = "", message: str = "") -> None:
        state = self.state(name)
        outcome = RunOutcome(state.id, state.run, FailReason(reason) if reason else None, message)
        policy = RetryPolicy(retries=0)
        self.write(ends(state, outcome, policy, at(when)), at(when))

    def run(self, name: str, begin: str, end: str, reason: str = "") -> None:
        self.start(name, begin)
        self.end(name, end, reason)

    def run_all(self) -> House:
        """The night of the worked example of the critical path."""
        for name, begin, end in (
            ("S0", "00:10", "00:40"),
            ("B", "00:40", "01:10"),
            ("C", "00:40", "01:25"),
            ("D", "00:41", "00:50"),
            ("Y", "00:50", "00:55"),
            ("P", "01:10", "01:50"),
            ("Q", "01:00", "01:20"),
            ("V", "01:25", "01:55"),
            ("X", "02:00", "02:20"),
            ("Z", "02:00", "02:30"),
        ):
            if name in ("X", "Z"):
                self.wait(name, "01:55")
            self.run(name, begin, end)
        self.clock.set(at("03:00"))
        return self

    def force(self, **statuses: str) -> House:
        """Statuses as they are, without history: `B="SUCCESS"`; a `+` behind means paused."""
        for name, word in statuses.items():
            state = self.state(name)
            after = state._replace(
                status=NodeStatus(word.rstrip("+")), paused=word.endswith("+"), lock_version=state.lock_version + 1
            )
            from taskhouse.domain.node_state import NodeWrite

            self.write(NodeWrite(state.lock_version, after), self.clock.now())
        return self

    def counted(self) -> dict[str, int]:
        """What the store was asked since the last time."""
        found = dict(self.store.calls)
        self.store.calls.clear()
        return found


def a_query(**parts: Any) -> InstanceQuery:
    return InstanceQuery(**parts)


def self_dependent(name: str = "W", due: str = "03:00") -> PublishedTask:
    """A script that waits for its own instance of the day before, and for S0."""
    made = _script(name, due, reads={"S0": ""})
    yesterday = Dependency(f"shop.{name}", Window.PREVIOUS, Policy.LAST)
    return replace(made, dependencies=(*made.dependencies, yesterday))


@contextmanager
def house(store: RecurringStore, folder: Path) -> Any:
    absent = cast(Any, None)
    counting = CountingStore(store)
    clock = HandClock(at("00:00"))
    world = World(
        instances=absent,
        catalogue=absent,
        access=absent,
        sessions=absent,
        models=absent,
        algorithms=absent,
        warehouse=absent,
        engine=absent,
        events=absent,
        clock=clock,
        ids=absent,
        limits=absent,
        blobs=folder,
        workspace=MemoryWorkspaceStore(organisation()),
        recurring=cast(RecurringStore, counting),
        books=Books(cast(RecurringStore, counting)),
    )
    made = House(counting, world, clock)
    made.generate(published=tasks())
    for environment in Environment:
        world.books.of(environment)
    counting.calls.clear()
    yield made
