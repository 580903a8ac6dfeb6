"""The memory store, told apart from the suite that all stores share: a day of the fixture goes in, comes out, and moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.faults import Fault
from taskhouse.domain.generation import generate
from taskhouse.domain.instance_graph import FieldRow, InstanceGraph
from taskhouse.domain.node_state import NodeWrite, Run, RunStatus, RunTrigger, Transition
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, TableKind
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import InstanceQuery, OperationEntry, OperationWrite, Perspective, RecurringStore
from taskhouse.sim.memory_store import MemoryRecurringStore

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)
DAY = date(2026, 3, 2)
PROD = Environment.PROD
NOTHING = Program(ProgramKind.VIRTUAL)


def tasks() -> list[PublishedTask]:
    script = PublishedTask(
        "shop.S0",
        "S0",
        "shop",
        PROD,
        BizType.SCRIPT,
        Schedule(Cycle.DAY, time(0, 10)),
        (PublishedNode("shop.S0", "S0", NOTHING),),
        dependencies=(Dependency(ROOT),),
    )
    reads = {"shop.S0": frozenset[str]()}
    table = PublishedTask(
        "shop.A",
        "A",
        "shop",
        PROD,
        BizType.LOGICAL_TABLE,
        Schedule(Cycle.DAY, time(0, 30)),
        (
            PublishedNode("shop.B", "B", NOTHING, ("t1", "t2"), ("id",), reads),
            PublishedNode("shop.C", "C", NOTHING, ("t2", "t3"), ("id",), reads),
        ),
        kind=TableKind.DIMENSION,
        fields=tuple(PublishedField(name) for name in ("t1", "t2", "t3")),
        dependencies=(Dependency("shop.S0"),),
    )
    weekly = PublishedTask(
        "shop.W",
        "W",
        "shop",
        PROD,
        BizType.SCRIPT,
        Schedule(Cycle.WEEK, time(1), weekdays=frozenset({7})),
        (PublishedNode("shop.W", "W", NOTHING),),
        dependencies=(Dependency("shop.A", up_fields=("t3",)),),
    )
    return [script, table, weekly]


def generated_store() -> MemoryRecurringStore:
    store = MemoryRecurringStore()
    revision = store.publish(PROD, tasks(), (), NOW, expected=0)
    assert revision == 1
    published = store.published(PROD)[1]
    made = generate(DAY, [task.blueprint() for task in published.values()], ZONE)
    assert store.insert(made, published, PROD, NOW) == 3
    assert store.insert(made, published, PROD, NOW) == 0
    return store


def succeed(store: RecurringStore, node: int) -> NodeWrite:
    (state,) = store.states([node])
    return NodeWrite(
        state.lock_version,
        state._replace(status=NodeStatus.SUCCESS, lock_version=state.lock_version + 1, run=state.run + 1),
        (Run(node, state.run + 1, 0, RunTrigger.MANUAL_SUCCESS, RunStatus.SUCCESS),),
        (Transition(node, NOW, state.status, NodeStatus.SUCCESS, Cause.SET_SUCCESS, state.run + 1),),
    )


def test_a_generated_day_can_be_read_as_a_graph() -> None:
    store = generated_store()
    rows = store.graph(PROD, [date(2026, 3, 1)])
    fields = [
        FieldRow(r.first_field + k, r.row.id, f.name, f.role)
        for r in rows.instances
        for k, f in enumerate(rows.versions[r.row.task, r.version].fields)
    ]
    graph = InstanceGraph(
        [r.row for r in rows.instances], [n.row for n in rows.nodes], rows.links, fields, (), rows.edges
    )
    names = [graph.label(n) for n in range(len(graph.nodes))]
    shown = {
        (names[up] if up >= 0 else "root", names[graph.edge_down[e]], tuple(graph.fields[f].name for f in graph.edge_via[e]))
        for e, up in enumerate(graph.edge_up)
    }  # fmt: skip
    assert shown == {("root", "S0", ()), ("S0", "A/B", ()), ("S0", "A/C", ()), ("A/C", "W", ("t3",))}
    weekly = next(n for n in rows.nodes if n.node_id == "shop.W")
    assert weekly.dry_run
    (line,) = store.transitions([weekly.row.id])
    assert (line.target, line.cause) == (NodeStatus.SUCCESS, Cause.GENERATION)


def test_a_write_counts_only_on_the_row_it_was_made_for() -> None:
    store = generated_store()
    node = next(n.row.id for n in store.graph(PROD, [date(2026, 3, 1)]).nodes if n.node_id == "shop.B")
    write = succeed(store, node)
    before = store.cursor()
    result = store.write([write], NOW)
    assert (result.refused, result.first, result.cursor) == ([], before, before + 1)
    assert store.write([write], NOW).refused == [node]
    assert [s.id for s in store.changes(before).nodes] == [node]
    (listed,) = store.page(InstanceQuery(tasks=frozenset({"shop.A"})), "", 10).items
    assert listed.summary.fields == {StatusClass.SUCCEEDED: 2, StatusClass.NOT_RUNNING: 1}
    assert listed.summary.manual_success


def test_an_operation_is_all_or_nothing() -> None:
    store = generated_store()
    nodes = {n.node_id: n.row.id for n in store.graph(PROD, [date(2026, 3, 1)]).nodes}
    stale, fresh = succeed(store, nodes["shop.B"]), succeed(store, nodes["shop.C"])
    entry = OperationEntry(NOW, "ann", "SET_SUCCESS", Perspective.TABLE, 2, {}, instances=(2,))
    first = store.operate(OperationWrite(entry, [stale]), NOW)
    second = store.operate(OperationWrite(entry, [stale, fresh]), NOW)
    assert second.conflicts == [nodes["shop.B"]] and second.winner == first.id
    assert store.states([nodes["shop.C"]])[0].status is NodeStatus.INIT
    assert [line.operation for line in store.transitions([nodes["shop.B"]])] == [first.id]
    assert [entry.id for entry in store.operations(2, 0, 10)] == [first.id]


def test_who_lost_the_lease_cannot_renew_it() -> None:
    store = generated_store()
    (node, *_) = (n.row.id for n in store.graph(PROD, [date(2026, 3, 1)]).nodes)
    (state,) = store.states([node])
    running = state._replace(status=NodeStatus.RUNNING, lock_version=1, run=1, owner="one")
    live = Run(node, 1, 1, RunTrigger.SCHEDULE, RunStatus.RUNNING, NOW, owner="one")
    assert store.hold("one", NOW + timedelta(seconds=30), NOW)
    store.write([NodeWrite(0, running, (live,))], NOW)
    assert store.expired_owners(NOW) == []
    assert store.expired_owners(NOW + timedelta(minutes=1)) == ["one"]
    assert not store.hold("one", NOW + timedelta(minutes=2), NOW + timedelta(minutes=1))
    assert store.set_task_instance(node, 1, "i1") and not store.set_task_instance(node, 2, "i2")


def test_plans_made_against_another_revision_are_refused() -> None:
    store = generated_store()
    with pytest.raises(Fault, match="published again"):
        store.publish(PROD, tasks(), (), NOW, expected=0)
    assert store.publish(PROD, tasks(), ("shop.W",), NOW, expected=1) == 2
    assert [task.version for task in store.task_versions(PROD, "shop.A")] == [2, 1]
    assert sorted(store.published(PROD)[1]) == ["shop.A", "shop.S0"]
