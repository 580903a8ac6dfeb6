"""A small tenant with one of everything, and a desk from which its nodes are changed.

Project `shop`, run date Monday 2026-03-02 (data timestamp 20260301). Scripts S0 (00:10), H (hourly at 1, 2, 3; its first on 23:30 of S0's
previous date does not matter), W (Sundays only: an off day). Dimension A with key id, fields t1..t4 in nodes B, C, D. Aggregate E with metrics
m1 (project `pay`, owner eve, HIGH), m2 in nodes P, Q. Fact G shares node D with A. Table N depends on its own previous date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.dependency import ROOT, Dependency, Policy, Window
from taskhouse.domain.generation import GeneratedInstance, generate
from taskhouse.domain.node_changes import ends, starts, then, waits
from taskhouse.domain.node_state import NodeState, NodeWrite, RunOutcome
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, InstanceKey, Priority, Role, TableKind
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import GraphRows, RecurringStore, WriteResult

ZONE = ZoneInfo("Asia/Shanghai")
PROD, DEV = Environment.PROD, Environment.DEV
DAY = date(2026, 3, 2)
BIZDATE = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)
SCRIPT, TABLE = BizType.SCRIPT, BizType.LOGICAL_TABLE


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def node(name: str, values: str = "", keys: str = "", **reads: str) -> PublishedNode:
    needs = {f"shop.{up}": frozenset(fields.split()) for up, fields in reads.items()}
    return PublishedNode(
        f"shop.{name}",
        name,
        Program(ProgramKind.SQL, "select 1", "shop"),
        tuple(values.split()),
        tuple(keys.split()),
        needs,
    )


def script(name: str, *dependencies: Dependency, schedule: Schedule | None = None, **given: object) -> PublishedTask:
    when = schedule or Schedule(Cycle.DAY, time(0, 10))
    task = PublishedTask(
        f"shop.{name}", name, "shop", PROD, SCRIPT, when, (replace(node(name), reads=None),), dependencies=dependencies or (Dependency(ROOT),)
    )  # fmt: skip
    return replace(task, **given)


def table(
    name: str, at: time, nodes: Iterable[PublishedNode], *dependencies: Dependency, **given: object
) -> PublishedTask:
    made = tuple(nodes)
    keys = dict.fromkeys(name for n in made for name in n.keys)
    values = dict.fromkeys(name for n in made for name in n.values)
    fields = [PublishedField(name, "KEY", role=Role.KEY) for name in keys] + [PublishedField(name) for name in values]
    task = PublishedTask(
        f"shop.{name}", name, "shop", PROD, TABLE, Schedule(Cycle.DAY, at), made, kind=TableKind.FACT,
        node_type="BBOX_LOGIC_TABLE_NODE", fields=tuple(fields), dependencies=dependencies,
    )  # fmt: skip
    return replace(task, **given)


def on(up: str, fields: str = "", window: Window = Window.THIS, policy: Policy = Policy.ALL) -> Dependency:
    return Dependency(f"shop.{up}", window, policy, up_fields=tuple(fields.split()))


def tasks() -> list[PublishedTask]:
    shared = node("D", "t4", "id", S0="")
    e = table("E", time(1), [node("P", "m1", A="t1"), node("Q", "m2", A="t4")], on("A"), kind=TableKind.AGGREGATE)
    metric, other = e.fields
    return [
        script("S0", owners=("ann", "bob"), tags=("nightly",), retry=RetryPolicy(retries=3)),
        table("A", time(0, 30), [node("B", "t1 t2", "id", S0=""), node("C", "t2 t3", "id", S0=""), shared], on("S0"), kind=TableKind.DIMENSION, owners=("ann",)),
        replace(e, fields=(replace(metric, project="pay", owner="eve", priority=Priority.HIGH), other), owners=("bob",)),
        table("G", time(0, 30), [shared, node("K", "u1", S0="")], on("S0"), priority=Priority.LOW, tags=("wide", "nightly")),
        script("H", on("E", "m1"), schedule=Schedule(Cycle.HOUR, hours=(1, 2, 3)), priority=Priority.LOWEST),
        script("W", on("A", "t3"), schedule=Schedule(Cycle.WEEK, time(2), weekdays=frozenset({7}))),
        table("N", time(3), [node("N1", "n1", N="n1")], on("N", "n1", Window.PREVIOUS), owners=("zoe",)),
    ]  # fmt: skip


def earlier_of(store: RecurringStore, environment: Environment = PROD):
    """What generation asks of a store about earlier dates."""

    def earlier(task: str, run_date: date) -> list[GeneratedInstance]:
        found = []
        for record, published in store.earlier(environment, task, run_date):
            key = InstanceKey(task, record.row.bizdate, record.row.due_at, environment, record.origin, record.backfill)
            found.append(GeneratedInstance(key, record.index, record.dry_run, published.blueprint()))
        return found

    return earlier


def publish(store: RecurringStore, given: Iterable[PublishedTask], environment: Environment = PROD) -> None:
    revision, _ = store.published(environment)
    store.publish(environment, [replace(task, environment=environment) for task in given], (), NOW, expected=revision)


def bear(store: RecurringStore, run_date: date = DAY, environment: Environment = PROD, now: datetime = NOW) -> int:
    """Generate a date from what is published, and store it."""
    _, published = store.published(environment)
    blueprints = [task.blueprint() for task in published.values()]
    made = generate(run_date, blueprints, ZONE, earlier=earlier_of(store, environment), environment=environment)
    return store.insert(made, published, environment, now)


@dataclass
class Desk:
    """Nodes by short name and instances by task name of one date; `H@2` for the second of a day."""

    store: RecurringStore
    nodes: Mapping[str, int]
    instances: Mapping[str, int]

    def state(self, name: str) -> NodeState:
        (found,) = self.store.states([self.nodes[name]])
        return found

    def write(self, *writes: NodeWrite, now: datetime = NOW) -> WriteResult:
        return self.store.write(writes, now)

    def run(
        self, name: str, start: float, end: float | None = None, *, fails: bool = False, owner: str = "one"
    ) -> None:
        """Start, and end unless `end` is None; times in minutes."""
        write = starts(self.state(name), owner, at(start), version=1, parameters='{"bizdate":"20260301"}')
        if end is not None:
            outcome = RunOutcome(
                write.after.id, write.after.run, FailReason.ERROR if fails else None, message="no" * fails
            )
            write = then(write, ends(write.after, outcome, RetryPolicy(retries=0), at(end)))
        assert not self.write(write).refused

    def wait(self, name: str, status: NodeStatus = NodeStatus.WAIT_SCHEDULE, minute: float = 0) -> None:
        assert not self.write(waits(self.state(name), status, at(minute))).refused

    def write_flags(self, name: str, **given: object) -> None:
        """Change parts of the row, whatever they mean."""
        state = self.state(name)
        after = state._replace(lock_version=state.lock_version + 1, **given)
        assert not self.write(NodeWrite(state.lock_version, after)).refused

    def graph(self) -> GraphRows:
        return self.store.graph(PROD, [BIZDATE])


def names_of(rows: GraphRows) -> tuple[dict[str, int], dict[str, int]]:
    """Node ids and instance ids by name, `@k` for the k-th of a day from the second on."""
    index = {record.row.id: record.index for record in rows.instances}
    places: dict[int, int] = {}
    for instance, linked in rows.links:
        places[linked] = max(places.get(linked, 1), index[instance])
    nodes = {n.row.name + (f"@{places[n.row.id]}" if places[n.row.id] > 1 else ""): n.row.id for n in rows.nodes}
    instances = {r.row.name + (f"@{r.index}" if r.index > 1 else ""): r.row.id for r in rows.instances}
    return nodes, instances


def desk(store: RecurringStore, given: Iterable[PublishedTask] | None = None) -> Desk:
    """The tenant published, its date generated."""
    publish(store, tasks() if given is None else given)
    bear(store)
    return Desk(store, *names_of(store.graph(PROD, [BIZDATE])))
