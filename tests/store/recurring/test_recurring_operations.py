"""Operations: all of one or nothing, logged either way, and visible to those who follow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from taskhouse.domain.node_changes import starts, waits
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, RunStatus, RunTrigger, Transition
from taskhouse.domain.recurring import Priority
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import InstanceQuery, OperationEntry, OperationWrite, Perspective, RecurringStore
from tests.store.recurring.tenant import NOW, Desk, at, desk


def entry(at_desk: Desk, *names: str, **given: object) -> OperationEntry:
    touched = tuple(at_desk.instances[name] for name in names)
    made = OperationEntry(
        NOW, "ann", "SET_SUCCESS", Perspective.FIELD, touched[0], {"a": [1, {"b": None}]}, instances=touched
    )
    return replace(made, **given)


def by_hand(state: NodeState) -> NodeWrite:
    after = state._replace(status=NodeStatus.SUCCESS, lock_version=state.lock_version + 1, run=state.run + 1, since=NOW)
    return NodeWrite(
        state.lock_version,
        after,
        (Run(state.id, after.run, 0, RunTrigger.MANUAL_SUCCESS, RunStatus.SUCCESS),),
        (Transition(state.id, NOW, state.status, NodeStatus.SUCCESS, Cause.SET_SUCCESS, after.run),),
    )


def test_an_operation_is_done_and_logged(store: RecurringStore) -> None:
    at_desk = desk(store)
    before = store.cursor()
    writes = [by_hand(at_desk.state(name)) for name in "BC"]
    logged = entry(at_desk, "A", batch="b1", request_id="r1")
    result = store.operate(OperationWrite(logged, writes), NOW)
    assert (list(result.conflicts), result.winner, result.first) == ([], 0, before)
    assert result.cursor == store.cursor() > before
    assert [at_desk.state(name).status for name in "BC"] == [NodeStatus.SUCCESS] * 2
    lines = store.transitions([at_desk.nodes["B"], at_desk.nodes["C"]])
    assert [line.operation for line in lines] == [result.id] * 2
    assert list(store.operations(at_desk.instances["A"], 0, 10)) == [replace(logged, id=result.id)]
    assert store.operation(result.id) == replace(logged, id=result.id)
    assert {s.id for s in store.changes(before).nodes} == {at_desk.nodes["B"], at_desk.nodes["C"]}
    (listed,) = store.instances([at_desk.instances["A"]])
    assert listed.summary.manual_success


def test_a_conflict_undoes_all_of_it(store: RecurringStore) -> None:
    at_desk = desk(store)
    stale, fresh = by_hand(at_desk.state("B")), by_hand(at_desk.state("C"))
    edge = next(e.id for e in at_desk.graph().edges if e.down == at_desk.nodes["C"])
    won = store.operate(OperationWrite(entry(at_desk, "A"), [stale]), NOW)
    cursor = store.cursor()
    every = OperationWrite(
        entry(at_desk, "A"), [fresh, stale], [edge], [(at_desk.instances["A"], Priority.HIGH)], [(1, Priority.LOW)]
    )
    lost = store.operate(every, NOW)
    assert (list(lost.conflicts), lost.winner, lost.id) == ([at_desk.nodes["B"]], won.id, 0)
    assert lost.cursor == lost.first == cursor == store.cursor()
    assert at_desk.state("C").status is NodeStatus.INIT
    rows = at_desk.graph()
    assert (rows.removed, rows.metric_priorities) == (frozenset(), {})
    assert [e.id for e in store.operations(at_desk.instances["A"], 0, 10)] == [won.id]


def test_when_the_scheduler_won_there_is_no_winner_to_name(store: RecurringStore) -> None:
    at_desk = desk(store)
    store.operate(OperationWrite(entry(at_desk, "A"), [by_hand(at_desk.state("B"))]), NOW)
    seen = by_hand(at_desk.state("B"))
    rerun = at_desk.state("B")._replace(status=NodeStatus.INIT)
    at_desk.write(waits(rerun, NodeStatus.WAIT_SCHEDULE, at(1)))
    lost = store.operate(OperationWrite(entry(at_desk, "A"), [seen]), NOW)
    assert (list(lost.conflicts), lost.winner) == ([at_desk.nodes["B"]], 0)


def test_of_two_operations_at_once_one_wins(store: RecurringStore) -> None:
    at_desk = desk(store)
    gate = Barrier(2)
    seen = {name: at_desk.state(name) for name in ("B", "C", "D")}

    def operate(names: str) -> tuple[int, int]:
        gate.wait()
        result = store.operate(OperationWrite(entry(at_desk, "A"), [by_hand(seen[name]) for name in names]), NOW)
        return result.id, result.winner

    with ThreadPoolExecutor(2) as pool:
        (first, beaten_by), (second, also) = pool.map(operate, ("BC", "CD"))
    assert (first == 0) != (second == 0)
    assert max(beaten_by, also) == max(first, second)
    done = [at_desk.state(name).status is NodeStatus.SUCCESS for name in "BCD"]
    assert done == ([True, True, False] if first else [False, True, True])


def test_each_of_many_stands_for_itself_and_all_are_one_commit(store: RecurringStore) -> None:
    at_desk = desk(store)
    b, c, d = (by_hand(at_desk.state(name)) for name in "BCD")
    operations = [OperationWrite(entry(at_desk, "A"), writes) for writes in ([b], [c, b], [d])]
    first, lost, last = store.operate_each(operations, NOW)
    assert (list(first.conflicts), list(lost.conflicts), list(last.conflicts)) == ([], [at_desk.nodes["B"]], [])
    assert (lost.id, lost.winner, lost.cursor) == (0, first.id, first.cursor)
    assert [at_desk.state(name).status.name for name in "BCD"] == ["SUCCESS", "INIT", "SUCCESS"]
    assert last.first == first.cursor and store.cursor() == last.cursor
    assert [e.id for e in store.operations(at_desk.instances["A"], 0, 10)] == [last.id, first.id]
    refused = [replace(entry(at_desk, name), outcome="REFUSED") for name in ("A", "E")]
    ids = store.log_refusals(refused)
    assert [store.operation(id) for id in ids] == [replace(e, id=id) for e, id in zip(refused, ids, strict=True)]
    assert (store.operate_each([], NOW), store.log_refusals([])) == ([], [])


def test_removed_edges_stay_removed_and_are_told(store: RecurringStore) -> None:
    at_desk = desk(store)
    cursor = store.cursor()
    edge = next(e.id for e in at_desk.graph().edges if e.down == at_desk.nodes["P"])
    store.operate(OperationWrite(entry(at_desk, "E"), removed_edges=[edge]), NOW)
    changes = store.changes(cursor)
    assert (list(changes.removed_edges), list(changes.nodes)) == ([edge], [])
    assert at_desk.graph().removed == store.graph_around([at_desk.instances["E"]]).removed == {edge}
    marked = {x.record.row.name for x in store.page(InstanceQuery(), "", 50).items if x.summary.upstream_removed}
    assert marked == {"E"}
    at_desk.run("P", 1, 2)
    at_desk.run("Q", 1, 2)
    (listed,) = store.instances([at_desk.instances["E"]])
    assert listed.summary.upstream_removed
    store.operate(OperationWrite(entry(at_desk, "E"), removed_edges=[edge]), NOW)
    assert at_desk.graph().removed == {edge}


def test_the_mark_of_a_removed_upstream_survives_a_scripts_runs(store: RecurringStore) -> None:
    at_desk = desk(store)
    edges = [e.id for e in at_desk.graph().edges if e.down == at_desk.nodes["H"]]
    store.operate(OperationWrite(entry(at_desk, "H"), removed_edges=edges), NOW)
    at_desk.run("H", 1, 2)
    (listed,) = store.instances([at_desk.instances["H"]])
    assert listed.summary.upstream_removed


def test_priorities_are_kept_shown_and_told(store: RecurringStore) -> None:
    at_desk = desk(store)
    cursor = store.cursor()
    rows = at_desk.graph()
    e = next(r for r in rows.instances if r.row.name == "E")
    m1, m2 = e.first_field, e.first_field + 1
    assert [store.instances([at_desk.instances[n]])[0].priority for n in ("E", "G", "S0")] == [
        Priority.HIGH,
        Priority.LOW,
        Priority.MIDDLE,
    ]
    script = [(at_desk.instances["S0"], Priority.HIGHEST)]
    store.operate(OperationWrite(entry(at_desk, "S0"), priorities=script), NOW)
    metrics = [(m1, Priority.LOWEST), (m2, Priority.LOW)]
    store.operate(OperationWrite(entry(at_desk, "E"), metric_priorities=metrics), NOW)
    changes = store.changes(cursor)
    assert (list(changes.priorities), sorted(changes.metric_priorities)) == (script, metrics)
    shown = {
        x.record.row.name: (x.priority, x.record.manual_priority) for x in store.page(InstanceQuery(), "", 50).items
    }
    assert shown["S0"] == (Priority.HIGHEST, Priority.HIGHEST)
    assert shown["E"] == (Priority.LOW, None)
    assert shown["A"] == (Priority.MIDDLE, None)
    after = at_desk.graph()
    assert after.metric_priorities == dict(metrics)
    assert next(r.manual_priority for r in after.instances if r.row.name == "S0") is Priority.HIGHEST
    assert store.graph_around([at_desk.instances["E"]]).metric_priorities == dict(metrics)


def test_refusals_are_in_the_same_log(store: RecurringStore) -> None:
    at_desk = desk(store)
    a, e = at_desk.instances["A"], at_desk.instances["E"]
    refused = entry(at_desk, "A", outcome="REFUSED", error_code="STATUS_NOT_ALLOWED", reason="words", request_id="r")
    ids = [store.log_refusal(refused)]
    accepted = [OperationWrite(entry(at_desk, "A", "E", request_id="r", batch=str(n))) for n in range(4)]
    ids += [store.operate(operation, NOW).id for operation in accepted]
    assert ids == sorted(ids) and len(set(ids)) == 5
    assert [x.id for x in store.operations(a, 0, 10)] == ids[::-1]
    assert [x.id for x in store.operations(a, ids[3], 2)] == [ids[2], ids[1]]
    assert [x.id for x in store.operations(e, 0, 10)] == ids[:0:-1]
    assert list(store.operations(at_desk.instances["G"], 0, 10)) == []
    assert store.operation(ids[0]) == replace(refused, id=ids[0])
    assert store.operation(999_999) is None
    assert [x.id for x in store.operations_of_request("ann", "r")] == ids[1:]
    assert list(store.operations_of_request("bob", "r")) == []


def test_of_several_operations_in_one_transaction_each_stands_for_itself(store: RecurringStore) -> None:
    at_desk = desk(store)
    cursor = store.cursor()
    b, c, d = (by_hand(at_desk.state(name)) for name in "BCD")
    each = [OperationWrite(entry(at_desk, "A", batch="x"), writes) for writes in ([b], [b, c], [d])]
    done, conflicting, also = store.operate_each(each, NOW)
    assert (done.conflicts, list(conflicting.conflicts), also.conflicts) == ((), [at_desk.nodes["B"]], ())
    assert conflicting.winner == done.id and conflicting.id == 0
    assert [at_desk.state(name).status is NodeStatus.SUCCESS for name in "BCD"] == [True, False, True]
    assert cursor == done.first < done.cursor == also.first < also.cursor == store.cursor()
    assert [x.id for x in store.operations(at_desk.instances["A"], 0, 9)] == [also.id, done.id]
    ids = store.log_refusals([entry(at_desk, "A", outcome="REFUSED") for _ in range(2)])
    assert [x.id for x in store.operations(at_desk.instances["A"], 0, 9)] == [*ids[::-1], also.id, done.id]


def test_an_operation_may_change_nothing_but_the_log(store: RecurringStore) -> None:
    at_desk = desk(store)
    cursor = store.cursor()
    result = store.operate(OperationWrite(entry(at_desk, "A")), NOW)
    assert result.id > 0 and result.cursor == result.first == cursor == store.cursor()


def test_a_node_that_is_not_there_is_a_conflict(store: RecurringStore) -> None:
    at_desk = desk(store)
    gone = NodeState(999_999)
    result = store.operate(OperationWrite(entry(at_desk, "A"), [starts(gone, "one", NOW)]), NOW)
    assert (list(result.conflicts), result.winner) == ([999_999], 0)
