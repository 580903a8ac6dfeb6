"""Generated dates go in once, whole, and come out as a graph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

from taskhouse.domain.generation import generate
from taskhouse.domain.instance_graph import FieldRow, InstanceGraph
from taskhouse.domain.node_state import NodeState, Run, RunStatus, RunTrigger, Transition
from taskhouse.domain.recurring import EdgeKind, Role
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import GraphRows, InstanceQuery, RecurringStore
from tests.store.recurring.tenant import (
    BIZDATE,
    DAY,
    DEV,
    NOW,
    PROD,
    ZONE,
    Desk,
    bear,
    desk,
    names_of,
    on,
    publish,
    script,
    tasks,
)

NEXT = DAY + timedelta(days=1)


def shown_edges(rows: GraphRows) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """Edges by names: (upper node, lower node, kind, fields), nodes with their date when it is not the first."""
    label = {
        n.row.id: n.row.name + (f"+{(n.bizdate - BIZDATE).days}" if n.bizdate != BIZDATE else "") for n in rows.nodes
    }
    fields = {
        record.first_field + place: f"{record.row.name}.{field.name}"
        for record in rows.instances
        for place, field in enumerate(rows.versions[record.row.task, record.version].fields)
    }
    return {
        ("" if e.up is None else label[e.up], label[e.down], e.kind.value, tuple(fields[f] for f in e.via))
        for e in rows.edges
    }


FIRST_DAY = {
    ("", "S0", "ROOT", ()),
    ("S0", "B", "SAME", ()),
    ("S0", "C", "SAME", ()),
    ("S0", "D", "SAME", ()),
    ("S0", "K", "SAME", ()),
    ("B", "P", "SAME", ("A.t1",)),
    ("D", "Q", "SAME", ("A.t4",)),
    ("P", "H", "SAME", ("E.m1",)),
    ("C", "W", "SAME", ("A.t3",)),
    ("", "N1", "ROOT", ()),
}


def test_a_date_is_read_as_it_was_generated(store: RecurringStore) -> None:
    at_desk = desk(store)
    rows = at_desk.graph()
    assert shown_edges(rows) == FIRST_DAY
    assert rows.core == {n.row.id for n in rows.nodes} == {s.id for s in rows.states}
    assert len(rows.instances) == 9 and len(rows.nodes) == 12
    h = [r for r in rows.instances if r.row.name == "H"]
    assert [(r.index, r.row.due_at.astimezone(ZONE).hour) for r in h] == [(1, 1), (2, 2), (3, 3)]
    a = next(r for r in rows.instances if r.row.name == "A")
    assert (a.row.task, a.row.project, a.row.bizdate, a.row.owners, a.version) == (
        "shop.A",
        "shop",
        BIZDATE,
        ("ann",),
        1,
    )
    assert (a.generated_at, a.manual_priority, a.notices, a.dry_run) == (NOW, None, (), False)
    n = next(r for r in rows.instances if r.row.name == "N")
    assert n.notices == (
        "no instance of upstream task 'shop.N' in the dependency cycle; the dependency counts as satisfied",
    )
    assert set(rows.versions) == {(f"shop.{name}", 1) for name in "S0 A E G H W N".split()}
    assert rows.versions["shop.A", 1] == store.task_version(PROD, "shop.A", 1)
    assert (rows.removed, rows.metric_priorities, rows.cursor) == (frozenset(), {}, store.cursor())


def test_the_rows_make_a_graph(store: RecurringStore) -> None:
    rows = desk(store).graph()
    fields = [
        FieldRow(r.first_field + place, r.row.id, f.name, f.role)
        for r in rows.instances
        for place, f in enumerate(rows.versions[r.row.task, r.version].fields)
    ]
    graph = InstanceGraph(
        [r.row for r in rows.instances], [n.row for n in rows.nodes], rows.links, fields, (), rows.edges
    )
    assert len(graph.edges) == len(rows.edges)
    assert all(id > 0 for id in (*graph.instance_at, *graph.node_at, *graph.field_at, *graph.edge_at))
    shared = next(at for at, row in enumerate(graph.nodes) if row.name == "D")
    assert sorted(graph.instances[i].name for i in graph.instances_of_node[shared]) == ["A", "G"]
    keys = [f for f in fields if f.role is Role.KEY]
    assert {f.name for f in keys} == {"id"}


def test_of_a_shared_node_the_first_task_says_what_it_runs(store: RecurringStore) -> None:
    rows = desk(store, reversed(tasks())).graph()
    d = next(n for n in rows.nodes if n.row.name == "D")
    assert (d.task, d.node_id, d.version, d.bizdate, d.environment) == ("shop.A", "shop.D", 1, BIZDATE, PROD)


def test_generating_again_adds_nothing(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("S0", 1, 2)
    before, cursor = at_desk.graph(), store.cursor()
    assert bear(store) == 0
    assert store.cursor() == cursor
    after = at_desk.graph()
    assert (after.instances, after.nodes, after.states, after.edges) == (
        before.instances,
        before.nodes,
        before.states,
        before.edges,
    )


def test_of_two_who_generate_the_same_date_each_adds_what_the_other_has_not(store: RecurringStore) -> None:
    publish(store, tasks())
    with ThreadPoolExecutor(2) as pool:
        added = list(pool.map(lambda _: bear(store), range(2)))
    assert sum(added) == 9
    assert shown_edges(store.graph(PROD, [BIZDATE])) == FIRST_DAY
    assert store.count(InstanceQuery()) == 9


def test_a_task_published_later_adds_only_its_own(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("S0", 1, 2)
    before = at_desk.graph()
    cursor = store.cursor()
    publish(store, [script("L", on("A", "t4"), on("S0"))])
    assert bear(store) == 1
    changes = store.changes(cursor)
    assert (list(changes.generated), list(changes.nodes)) == ([(PROD, BIZDATE)], [])
    after = at_desk.graph()
    assert shown_edges(after) == FIRST_DAY | {("D", "L", "SAME", ("A.t4",)), ("S0", "L", "SAME", ())}
    assert {e.id for e in before.edges} < {e.id for e in after.edges}
    assert {s.id: s for s in before.states}.items() <= {s.id: s for s in after.states}.items()
    assert len(after.core) == len(before.core) + 1


def test_a_table_published_later_shares_the_node_that_exists(store: RecurringStore) -> None:
    every = tasks()
    at_desk = desk(store, [task for task in every if task.name != "G"])
    at_desk.run("D", 1, 2)
    publish(store, [task for task in every if task.name == "G"])
    assert bear(store) == 1
    rows = at_desk.graph()
    nodes, instances = names_of(rows)
    assert {(instances["A"], nodes["D"]), (instances["G"], nodes["D"])} <= set(rows.links)
    (listed,) = store.instances([instances["G"]])
    assert listed.summary.started_at is not None
    assert sorted((status.value, n) for status, n in listed.summary.fields.items()) == [("N", 1), ("S", 1)]
    at_desk.nodes = nodes
    at_desk.run("K", 3, 4)
    (listed,) = store.instances([instances["G"]])
    assert [(status.value, n) for status, n in listed.summary.fields.items()] == [("S", 2)]


def test_edges_reach_back_to_what_was_generated(store: RecurringStore) -> None:
    at_desk = desk(store)
    bear(store, NEXT)
    both = store.graph(PROD, [BIZDATE, DAY])
    assert ("N1", "N1+1", "SELF", ("N.n1",)) in shown_edges(both)
    assert len(both.core) == len(both.nodes) == 24

    first = store.graph(PROD, [BIZDATE])
    assert shown_edges(first) == FIRST_DAY | {("N1", "N1+1", "SELF", ("N.n1",))}
    outside = [n for n in first.nodes if n.row.id not in first.core]
    assert [(n.row.name, n.bizdate) for n in outside] == [("N1", DAY)]
    assert [r.row.bizdate for r in first.instances if r.row.name == "N"] == [BIZDATE, DAY]

    second = store.graph(PROD, [DAY])
    self_edge = ("N1", "N1+1", "SELF", ("N.n1",))
    assert [e for e in shown_edges(second) if e[0] and not e[0].endswith("+1")] == [self_edge]
    assert {n.row.id for n in second.nodes} - second.core == {at_desk.nodes["N1"]}
    assert len(second.states) == len(second.nodes)


def test_the_surroundings_of_an_instance_are_a_part_of_its_date(store: RecurringStore) -> None:
    at_desk = desk(store)
    bear(store, NEXT)
    rows = store.graph_around([at_desk.instances["E"], at_desk.instances["N"]])
    label = {n.row.id: n.row.name for n in rows.nodes}
    assert sorted(label[node] for node in rows.core) == ["N1", "P", "Q"]
    assert shown_edges(rows) == {edge for edge in FIRST_DAY if {"P", "Q", "N1"} & set(edge[:2])} | {
        ("N1", "N1+1", "SELF", ("N.n1",))
    }
    assert sorted(label.values()) == ["B", "D", "H", "H", "H", "N1", "N1", "P", "Q"]
    assert sorted({r.row.name for r in rows.instances}) == ["A", "E", "G", "H", "N"]
    assert {s.id for s in rows.states} == set(label)
    assert store.graph_around([]).nodes == []


def test_off_days_are_born_succeeded(store: RecurringStore) -> None:
    at_desk = desk(store)
    born = at_desk.state("W")
    assert born == NodeState(born.id, NodeStatus.SUCCESS, run=1, since=NOW)
    assert store.runs(born.id) == [Run(born.id, 1, 0, RunTrigger.DRY, RunStatus.SUCCESS)]
    assert store.transitions([born.id]) == [Transition(born.id, NOW, None, NodeStatus.SUCCESS, Cause.GENERATION, 1)]
    record = next(n for n in at_desk.graph().nodes if n.row.id == born.id)
    assert record.dry_run
    real = at_desk.state("S0")
    assert real == NodeState(real.id, since=NOW)
    assert (store.runs(real.id), store.transitions([real.id])) == ([], [])


def test_in_development_nothing_is_released(store: RecurringStore) -> None:
    publish(store, tasks(), DEV)
    bear(store, environment=DEV)
    states = store.graph(DEV, [BIZDATE]).states
    assert states and not any(state.released for state in states)
    assert store.graph(PROD, [BIZDATE]).instances == []
    assert list(store.unfinished(DEV)) == []


def test_complete_dates_are_remembered(store: RecurringStore) -> None:
    publish(store, tasks())
    _, published = store.published(PROD)
    made = generate(DAY, [task.blueprint() for task in published.values()], ZONE)
    store.insert(made, published, PROD, NOW, complete=False)
    assert store.generated(PROD, date.min) == {}
    later = NOW + timedelta(hours=1)
    store.insert(made, published, PROD, later)
    bear(store, NEXT, now=NOW + timedelta(hours=24))
    assert store.generated(PROD, date.min) == {DAY: later, NEXT: NOW + timedelta(hours=24)}
    assert list(store.generated(PROD, NEXT)) == [NEXT]
    assert store.generated(DEV, date.min) == {}


def test_a_date_without_instances_is_complete_all_the_same(store: RecurringStore) -> None:
    assert bear(store) == 0
    assert store.generated(PROD, date.min) == {DAY: NOW}
    assert (store.graph(PROD, [BIZDATE]).nodes, list(store.unfinished(PROD))) == ([], [])


def test_instances_keep_the_version_they_were_generated_with(store: RecurringStore) -> None:
    desk(store)
    publish(store, [replace(tasks()[0], owners=("new",), schedule=Schedule(Cycle.HOUR, hours=(5, 6)))])
    bear(store, NEXT)
    first, second = store.earlier(PROD, "shop.S0", DAY), store.earlier(PROD, "shop.S0", NEXT)
    assert [(r.version, r.row.owners, task.version) for r, task in first] == [(1, ("ann", "bob"), 1)]
    assert [(r.version, r.row.owners, r.index) for r, _ in second] == [(2, ("new",), 1), (2, ("new",), 2)]
    assert [r.row.due_at for r, _ in second] == sorted(r.row.due_at for r, _ in second)
    assert list(store.earlier(DEV, "shop.S0", DAY)) == list(store.earlier(PROD, "shop.none", DAY)) == []


def test_unfinished_dates_are_those_where_something_may_move(store: RecurringStore) -> None:
    at_desk = desk(store)
    bear(store, NEXT)
    assert list(store.unfinished(PROD)) == [BIZDATE, DAY]
    for name in at_desk.nodes:
        if name != "W":
            at_desk.run(name, 1, 2, fails=name == "Q")
    assert list(store.unfinished(PROD)) == [DAY]
    failed = at_desk.state("Q")
    waits_to_retry: datetime = NOW + timedelta(minutes=5)
    at_desk.write_flags("Q", retry_at=waits_to_retry)
    assert list(store.unfinished(PROD)) == [BIZDATE, DAY]
    at_desk.write_flags("Q", retry_at=None, cancelling_until=waits_to_retry)
    assert list(store.unfinished(PROD)) == [BIZDATE, DAY]
    assert at_desk.state("Q").lock_version == failed.lock_version + 2


def test_instances_and_nodes_know_where_they_belong(store: RecurringStore) -> None:
    at_desk: Desk = desk(store)
    found = store.bizdates_of([at_desk.instances["A"], 999_999])
    assert found == {at_desk.instances["A"]: (PROD, BIZDATE)}
    owners = store.owners_of([at_desk.nodes["P"], at_desk.nodes["D"], 999_999])
    assert owners == {
        at_desk.nodes["P"]: at_desk.instances["E"],
        at_desk.nodes["D"]: min(at_desk.instances["A"], at_desk.instances["G"]),
    }


def test_edges_of_the_root_keep_a_node_from_hanging_in_the_air(store: RecurringStore) -> None:
    rows = desk(store).graph()
    fed = {edge.down for edge in rows.edges}
    assert fed == rows.core
    assert {edge.kind for edge in rows.edges if edge.up is None} == {EdgeKind.ROOT}


def test_lists_show_new_instances_at_once(store: RecurringStore) -> None:
    desk(store)
    assert store.count(InstanceQuery()) == 9
