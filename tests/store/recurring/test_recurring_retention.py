"""Old dates go whole, and only when nothing hangs on them."""

from __future__ import annotations

from datetime import date, timedelta

from taskhouse.domain.recurring import EdgeKind, Priority
from taskhouse.ports.recurring_store import InstanceQuery, OperationEntry, OperationWrite, Perspective, RecurringStore
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring import SqlRecurringStore
from tests.store.recurring.tenant import BIZDATE, DAY, DEV, NOW, PROD, Desk, at, bear, desk, publish, tasks

NEXT = DAY + timedelta(days=1)
LATER = date(2026, 4, 1)


def finish(at_desk: Desk, *failing: str) -> None:
    for name in at_desk.nodes:
        if name != "W":
            at_desk.run(name, 1, 2, fails=name in failing)


def test_a_date_goes_with_all_that_belongs_to_it(store: RecurringStore) -> None:
    at_desk = desk(store)
    finish(at_desk, "Q")
    bear(store, NEXT)
    cursor = store.cursor()
    assert store.forget(PROD, LATER) == 9
    assert at_desk.graph().nodes == at_desk.graph().instances == []
    gone = list(at_desk.nodes.values())
    assert list(store.states(gone)) == list(store.transitions(gone)) == list(store.runs(at_desk.nodes["B"])) == []
    assert (
        list(store.instances(at_desk.instances.values())) == [] and store.bizdates_of(at_desk.instances.values()) == {}
    )
    assert list(store.earlier(PROD, "shop.A", DAY)) == []
    assert store.count(InstanceQuery()) == 9
    rows = store.graph(PROD, [DAY])
    assert len(rows.nodes) == len(rows.core) == 12
    assert {e.down for e in rows.edges} == rows.core
    n1 = next(n.row.id for n in rows.nodes if n.row.name == "N1")
    assert [(e.up, e.kind, e.via) for e in rows.edges if e.down == n1] == [(None, EdgeKind.ROOT, ())]
    assert not {s.id for s in store.changes(cursor).nodes} & set(gone)
    assert store.changes(0).nodes == []


def test_what_is_forgotten_does_not_come_back(store: RecurringStore) -> None:
    finish(desk(store))
    store.forget(PROD, LATER)
    assert list(store.generated(PROD, date.min)) == [DAY]
    assert store.forget(PROD, LATER) == 0
    assert bear(store, NEXT) == 9
    assert min(n.row.id for n in store.graph(PROD, [DAY]).nodes) > 12  # ids are not given twice


def test_only_old_dates_go_the_oldest_first(store: RecurringStore) -> None:
    at_desk = desk(store)
    finish(at_desk)
    assert store.forget(PROD, BIZDATE) == 0
    assert store.forget(DEV, LATER) == 0
    bear(store, NEXT)
    assert store.forget(PROD, LATER) == 9
    assert list(store.unfinished(PROD)) == [DAY]
    assert store.forget(PROD, LATER) == 0


def test_a_date_stays_while_something_of_it_may_move(store: RecurringStore) -> None:
    at_desk = desk(store)
    finish(at_desk)
    at_desk.write_flags("Q", retry_at=at(9))
    assert store.forget(PROD, LATER) == 0
    at_desk.write_flags("Q", retry_at=None)
    assert store.forget(PROD, LATER) == 9


def test_a_date_stays_while_a_later_one_waits_for_it(store: RecurringStore) -> None:
    at_desk = desk(store)
    finish(at_desk, "N1")
    bear(store, NEXT)
    assert store.forget(PROD, LATER) == 0
    edge = next(e.id for e in store.graph(PROD, [DAY]).edges if e.up == at_desk.nodes["N1"])
    logged = OperationEntry(NOW, "ann", "REMOVE_UPSTREAM", Perspective.TABLE, 1, {})
    store.operate(OperationWrite(logged, removed_edges=[edge]), NOW)
    assert store.forget(PROD, LATER) == 9


def test_in_development_what_nobody_released_goes(store: RecurringStore) -> None:
    publish(store, tasks(), DEV)
    bear(store, environment=DEV)
    assert store.forget(DEV, LATER) == 9
    assert store.count(InstanceQuery(environment=DEV)) == 0


def test_nothing_is_left_of_a_forgotten_date(sqlite: SqlRecurringStore, database: Database) -> None:
    at_desk = desk(sqlite)
    finish(at_desk)
    e = next(r for r in at_desk.graph().instances if r.row.name == "E")
    logged = OperationEntry(NOW, "ann", "MODIFY_PRIORITY", Perspective.TABLE, e.row.id, {}, instances=(e.row.id,))
    sqlite.operate(OperationWrite(logged, metric_priorities=[(e.first_field, Priority.LOW)]), NOW)
    bear(sqlite, NEXT)
    other = next(r.row.id for r in sqlite.graph(PROD, [DAY]).instances if r.row.bizdate == DAY)
    both = OperationEntry(NOW, "ann", "STOP", Perspective.BATCH, e.row.id, {}, instances=(e.row.id, other))
    kept = sqlite.operate(OperationWrite(both), NOW).id
    sqlite.forget(PROD, LATER)
    alone = ("recurring_instances", "instance_lists", "node_instances", "node_states")
    counts = {name: database.read(lambda c, name=name: raw_connection(c).execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in (*alone, "instance_nodes", "node_runs", "node_transitions", "metric_priorities", "operation_log", "operation_instances", "generation_blocks")}  # fmt: skip
    assert [counts[name] for name in alone] == [9, 9, 12, 12]
    assert counts["instance_nodes"] == 13
    assert (counts["node_runs"], counts["node_transitions"]) == (1, 1)  # the off day of the script W
    assert (counts["metric_priorities"], counts["generation_blocks"]) == (0, 1)
    assert (counts["operation_log"], counts["operation_instances"]) == (1, 1)
    assert [x.id for x in sqlite.operations(other, 0, 9)] == [kept]
