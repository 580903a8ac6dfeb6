"""Changes of nodes: compared, written with their runs and history, summed up, and told to those who follow."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.instance_summary import NodeView, TaskShape, summarise
from taskhouse.domain.node_changes import (
    acknowledged,
    adopted,
    ends,
    retries,
    sent_back,
    starts,
    then,
    times_out,
    waits,
)
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, RunOutcome, RunStatus, RunTrigger, Transition
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import RecurringStore
from tests.store.recurring.tenant import BIZDATE, DAY, NOW, PROD, Desk, at, bear, desk, publish, script

NO_RETRY = RetryPolicy(retries=0)


def test_a_write_replaces_the_whole_row(store: RecurringStore) -> None:
    at_desk = desk(store)
    state = at_desk.state("B")
    after = NodeState(
        state.id, NodeStatus.FAILED, 1, True, True, False, 3, 2, at(9), FailReason.TIMEOUT, 4, at(8), "me", at(1), at(2), at(3), RunTrigger.FORCE, CodeChoice.AS_RAN
    )  # fmt: skip
    at_desk.write(NodeWrite(0, after, (Run(state.id, 4, 3, RunTrigger.FORCE, RunStatus.FAILED, at(1), at(2)),)))
    assert at_desk.state("B") == after
    bare = NodeState(state.id, lock_version=2, attempt=3, run=4, started_at=at(1), ended_at=at(2))
    at_desk.write(NodeWrite(1, bare))
    assert at_desk.state("B") == bare


def test_a_write_counts_only_on_the_row_it_was_made_for(store: RecurringStore) -> None:
    at_desk = desk(store)
    first, other = waits(at_desk.state("B"), NodeStatus.WAIT_SCHEDULE, at(1)), at_desk.state("C")
    before = store.cursor()
    result = at_desk.write(first)
    assert (list(result.refused), result.first) == ([], before)
    assert result.cursor == store.cursor() > before
    both = at_desk.write(first, starts(other, "one", at(2)))
    assert list(both.refused) == [at_desk.nodes["B"]]
    assert [at_desk.state(n).status for n in "BC"] == [NodeStatus.WAIT_SCHEDULE, NodeStatus.RUNNING]
    assert len(store.transitions([at_desk.nodes["B"]])) == 1
    assert store.runs(at_desk.nodes["B"]) == []


def test_when_all_is_refused_nothing_changes(store: RecurringStore) -> None:
    at_desk = desk(store)
    write = waits(at_desk.state("B"), NodeStatus.WAIT_SCHEDULE, at(1))
    at_desk.write(write)
    cursor = store.cursor()
    unknown = NodeWrite(0, NodeState(999_999, lock_version=1))
    result = at_desk.write(write, unknown)
    assert list(result.refused) == [at_desk.nodes["B"], 999_999]
    assert result.cursor == result.first == cursor == store.cursor()
    empty = store.write([], NOW)
    assert (list(empty.refused), empty.cursor, empty.first) == ([], cursor, cursor)


def test_a_pass_that_looked_too_early_writes_nothing(store: RecurringStore) -> None:
    """With `at`, whatever changed since refuses all, though the rows themselves have not."""
    at_desk = desk(store)
    seen = store.cursor()
    at_desk.wait("C")
    write = waits(at_desk.state("B"), NodeStatus.WAIT_SCHEDULE, at(1))
    late = store.write([write], NOW, at=seen)
    assert list(late.refused) == [at_desk.nodes["B"]]
    assert late.first == late.cursor == store.cursor()
    assert at_desk.state("B").status is NodeStatus.INIT
    assert not store.write([write], NOW, at=store.cursor()).refused
    assert not store.write([], NOW, at=0).refused


def test_one_node_may_change_twice_in_a_batch(store: RecurringStore) -> None:
    at_desk = desk(store)
    first = starts(at_desk.state("B"), "one", at(1))
    second = ends(first.after, RunOutcome(first.after.id, 1), NO_RETRY, at(2))
    assert not at_desk.write(first, second).refused
    assert at_desk.state("B").status is NodeStatus.SUCCESS
    (run,) = store.runs(at_desk.nodes["B"])
    assert (run.status, run.started_at, run.ended_at) == (RunStatus.SUCCESS, at(1), at(2))
    causes = [line.cause for line in store.transitions([at_desk.nodes["B"]])]
    assert causes == [Cause.SCHEDULER, Cause.WORKER]


def test_a_version_that_skips_one_is_a_mistake_of_the_caller(store: RecurringStore) -> None:
    at_desk = desk(store)
    with pytest.raises(ValueError, match="goes from version 0 to 5"):
        at_desk.write(NodeWrite(0, at_desk.state("B")._replace(lock_version=5)))
    assert at_desk.state("B").lock_version == 0


def test_whoever_ends_a_run_need_not_know_what_it_was(store: RecurringStore) -> None:
    at_desk = desk(store)
    node = at_desk.nodes["B"]
    at_desk.write(starts(at_desk.state("B"), "one", at(1), version=7, parameters='{"bizdate":"20260301"}'))
    assert store.set_task_instance(node, 1, "i-1")
    at_desk.write(adopted(at_desk.state("B"), "two"))
    (live,) = store.live_runs("two")
    assert (live.task_instance, live.version, live.parameters, live.owner) == (
        "i-1",
        7,
        '{"bizdate":"20260301"}',
        "two",
    )
    at_desk.write(ends(at_desk.state("B"), RunOutcome(node, 1), NO_RETRY, at(3)))
    (run,) = store.runs(node)
    assert run == Run(
        node, 1, 1, RunTrigger.SCHEDULE, RunStatus.SUCCESS, at(1), at(3), None, "", "two", "i-1", 7, CodeChoice.CURRENT, '{"bizdate":"20260301"}'
    )  # fmt: skip


def test_a_run_that_is_over_gets_no_task_instance(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("B", 1, 2)
    node = at_desk.nodes["B"]
    assert not store.set_task_instance(node, 1, "late")
    assert not store.set_task_instance(node, 2, "never")
    assert store.runs(node)[0].task_instance == ""


def test_runs_are_listed_the_latest_first(store: RecurringStore) -> None:
    at_desk = desk(store)
    for minute in (1, 3, 5):
        at_desk.run("B", minute, minute + 1, fails=True)
        at_desk.write(retries(at_desk.state("B")._replace(status=NodeStatus.FAILED), at(minute + 2)))
    node = at_desk.nodes["B"]
    assert [(r.serial, r.number, r.reason, r.message) for r in store.runs(node)] == [
        (serial, serial, FailReason.ERROR, "no") for serial in (3, 2, 1)
    ]
    assert [r.serial for r in store.runs(node, 2)] == [3, 2]
    assert {n: r.serial for n, r in store.latest_attempts([node, at_desk.nodes["W"], at_desk.nodes["C"]]).items()} == {
        node: 3
    }


def test_live_runs_are_those_under_way(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("B", 1, owner="one")
    at_desk.run("C", 1, owner="two")
    at_desk.run("D", 1, 2, owner="one")
    assert {(r.node, r.owner) for r in store.live_runs()} == {(at_desk.nodes["B"], "one"), (at_desk.nodes["C"], "two")}
    assert [r.node for r in store.live_runs("two")] == [at_desk.nodes["C"]]
    assert list(store.live_runs("three")) == []


def test_the_history_is_in_order(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.wait("B", minute=1)
    at_desk.wait("B", NodeStatus.WAIT_RESOURCE, 2)
    at_desk.run("B", 3, 4)
    node = at_desk.nodes["B"]
    init, schedule, resource = NodeStatus.INIT, NodeStatus.WAIT_SCHEDULE, NodeStatus.WAIT_RESOURCE
    assert list(store.transitions([node])) == [
        Transition(node, at(1), init, schedule, Cause.SCHEDULER),
        Transition(node, at(2), schedule, resource, Cause.SCHEDULER),
        Transition(node, at(3), resource, NodeStatus.RUNNING, Cause.SCHEDULER, 1),
        Transition(node, at(4), NodeStatus.RUNNING, NodeStatus.SUCCESS, Cause.WORKER, 1),
    ]


def test_states_come_in_the_order_asked(store: RecurringStore) -> None:
    at_desk = desk(store)
    asked = [at_desk.nodes[name] for name in "CBD"]
    assert [s.id for s in store.states([asked[0], 999_999, *asked[1:]])] == asked


# The feed of changes


def test_the_feed_tells_each_changed_node_once_as_it_is_now(store: RecurringStore) -> None:
    at_desk = desk(store)
    start = store.cursor()
    at_desk.wait("B", minute=1)
    at_desk.wait("C", minute=1)
    at_desk.run("B", 2, 3)
    changes = store.changes(start)
    assert [s.id for s in changes.nodes] == [at_desk.nodes["C"], at_desk.nodes["B"]]
    assert list(changes.nodes) == [at_desk.state("C"), at_desk.state("B")]
    assert (changes.cursor, changes.cut_short) == (store.cursor(), False)
    assert list(store.changes(changes.cursor).nodes) == []


def test_the_feed_in_pieces_is_the_same_as_in_one(store: RecurringStore) -> None:
    at_desk = desk(store)
    for name in "BCDPQ":
        at_desk.wait(name)
    at_desk.write(*(starts(at_desk.state(name), "one", at(2)) for name in ("S0", "K")))
    cursor, seen, pieces = 0, {}, 0
    while True:
        changes = store.changes(cursor, 2)
        assert changes.cursor >= cursor
        seen.update({s.id: s for s in changes.nodes})
        cursor, pieces = changes.cursor, pieces + 1
        if not changes.cut_short:
            break
    assert cursor == store.cursor() and pieces > 2
    assert seen == {s.id: s for s in store.changes(0).nodes}
    assert len(seen) == 7


def test_a_cache_that_follows_is_never_behind(store: RecurringStore) -> None:
    """Whatever is done, the feed from a cache's cursor on brings it to the state of the store."""
    at_desk = desk(store)
    rows = at_desk.graph()
    cache, cursor = {s.id: s for s in rows.states}, rows.cursor
    rng = random.Random(3)
    for step in range(60):
        name = rng.choice("BCDPQK")
        result = at_desk.write(_step(at_desk.state(name), rng, step))
        if result.first == cursor and rng.random() < 0.3:
            cache[at_desk.nodes[name]], cursor = at_desk.state(name), result.cursor
        if rng.random() < 0.3:
            changes = store.changes(cursor, rng.choice((1, 3, 100)))
            cache.update((s.id, s) for s in changes.nodes)
            cursor = changes.cursor
    changes = store.changes(cursor)
    cache.update((s.id, s) for s in changes.nodes)
    assert cache == {s.id: s for s in at_desk.graph().states}


def _step(state: NodeState, rng: random.Random, minute: float) -> NodeWrite:
    """Some change that this state admits."""
    match state.status:
        case NodeStatus.RUNNING if state.cancelling_until is not None:
            return acknowledged(state, at(minute))
        case NodeStatus.RUNNING:
            reason = rng.choice((None, None, FailReason.ERROR))
            policy = RetryPolicy(retries=9)
            if rng.random() < 0.1:
                return times_out(state, policy, at(minute))
            return ends(state, RunOutcome(state.id, state.run, reason), policy, at(minute))
        case NodeStatus.SUCCESS | NodeStatus.FAILED if state.cancelling_until is not None:
            return acknowledged(state, at(minute))
        case NodeStatus.FAILED:
            return retries(state, at(minute))
        case NodeStatus.SUCCESS:
            by_hand = rng.random() < 0.3
            status = NodeStatus.SUCCESS if by_hand else NodeStatus.INIT
            after = state._replace(
                status=status, lock_version=state.lock_version + 1, since=at(minute), skip_checks=rng.random() < 0.2,
                trigger=rng.choice((RunTrigger.FORCE, RunTrigger.RERUN)), run=state.run + by_hand, paused=rng.random() < 0.2,
            )  # fmt: skip
            runs = (Run(state.id, after.run, 0, RunTrigger.MANUAL_SUCCESS, RunStatus.SUCCESS),) if by_hand else ()
            return NodeWrite(state.lock_version, after, runs)
        case NodeStatus.INIT:
            if state.paused:
                return NodeWrite(state.lock_version, state._replace(paused=False, lock_version=state.lock_version + 1))
            return waits(state, rng.choice((NodeStatus.WAIT_SCHEDULE, NodeStatus.DISPATCH_BLOCKED)), at(minute))
        case _:
            return sent_back(state, at(minute)) if rng.random() < 0.2 else starts(state, "one", at(minute))


# Summaries


def summaries_hold(at_desk: Desk) -> None:
    """What the store keeps of each instance is what the rule says of its nodes."""
    rows = at_desk.graph()
    states = {s.id: s for s in rows.states}
    node_ids = {n.row.id: n.node_id for n in rows.nodes}
    nodes_of: Mapping[int, dict[str, int]] = {r.row.id: {} for r in rows.instances}
    for instance, node in rows.links:
        nodes_of[instance][node_ids[node]] = node
    for listed in at_desk.store.instances(nodes_of):
        record = listed.record
        task = rows.versions[record.row.task, record.version]
        views = []
        for published in task.nodes:
            state = states[nodes_of[record.row.id][published.id]]
            ran = {run.serial: run.trigger for run in at_desk.store.runs(state.id)}.get(state.run)
            views.append(NodeView.of(state, ran))
        assert listed.summary == summarise(TaskShape(task), views, NOW), record.row.name


@pytest.mark.parametrize("batch", [1, 4])
def test_summaries_follow_every_change(store: RecurringStore, batch: int) -> None:
    at_desk = desk(store)
    summaries_hold(at_desk)
    rng = random.Random(batch)
    for step in range(60):
        names = rng.sample(sorted(at_desk.nodes), batch)
        assert not at_desk.write(*(_step(at_desk.state(name), rng, step) for name in names)).refused
        if step % 6 == 0:
            summaries_hold(at_desk)
    summaries_hold(at_desk)


def test_a_shared_node_shows_in_both_tables(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("D", 1, 2, fails=True)
    shown = {x.record.row.name: x.summary for x in store.instances([at_desk.instances["A"], at_desk.instances["G"]])}
    assert [sorted(s.value for s in shown[name].statuses) for name in "AG"] == [["F", "N"], ["F", "N"]]
    assert (shown["A"].started_at, shown["A"].ended_at) == (at(1), at(2))


# Several at once


def test_of_two_who_write_the_same_row_one_wins(store: RecurringStore) -> None:
    at_desk = desk(store)
    names = ["S0", "B", "C", "D", "K", "P", "Q"]
    gate = Barrier(2)

    def take(owner: str) -> int:
        won = 0
        for name in names:
            write = starts(at_desk.state(name)._replace(lock_version=0, status=NodeStatus.INIT, run=0), owner, at(1))
            gate.wait()
            won += not store.write([write], NOW).refused
        return won

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(take, ("one", "two"))
    assert one + two == len(names)
    owners = [run.owner for run in store.live_runs()]
    assert (owners.count("one"), owners.count("two")) == (one, two)
    assert all(at_desk.state(name).lock_version == 1 for name in names)


def test_many_small_writers_lose_nothing(store: RecurringStore) -> None:
    at_desk = desk(store)
    names = ["S0", "B", "C", "D", "K", "P", "Q", "N1"]

    def follow(name: str) -> None:
        rng = random.Random(name)
        for step in range(25):
            assert not at_desk.write(_step(at_desk.state(name), rng, step)).refused

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(follow, names))
    assert [at_desk.state(name).lock_version for name in names] == [25] * len(names)
    summaries_hold(at_desk)


# What nodes did before


def test_durations_are_those_of_the_latest_successful_attempts(store: RecurringStore) -> None:
    publish(store, [script("S0"), script("T0")])
    first = date(2026, 3, 2)
    for back in range(25):
        bear(store, first + timedelta(days=back))
    for back in range(25):
        day = first + timedelta(days=back)
        rows = store.graph(PROD, [day - timedelta(days=1)])
        at_desk = Desk(store, {n.row.name: n.row.id for n in rows.nodes}, {})
        at_desk.run("S0", 0, 10 + back, fails=back == 23)
    friday, monday = first + timedelta(days=25), first + timedelta(days=28)
    assert friday.isoweekday() == 5 and monday.isoweekday() == 1
    minutes = {
        day: [seconds / 60 for seconds in store.durations(PROD, ["shop.S0", "shop.T0", "shop.none"], day)["shop.S0"]]
        for day in (friday, friday + timedelta(days=1), monday)
    }
    workdays = [10 + back for back in (24, 22, 21, 18, 17, 16, 15)]
    """The run of day 23 failed; 20 and 19 were a weekend."""
    assert minutes[friday] == minutes[monday] == workdays
    assert minutes[friday + timedelta(days=1)] == [10 + back for back in (20, 19, 13, 12, 6, 5)]
    assert set(store.durations(PROD, ["shop.S0", "shop.T0", "shop.none"], friday)) == {"shop.S0"}
    assert store.durations(PROD, ["shop.S0"], first + timedelta(days=1)) == {"shop.S0": [600.0]}
    assert store.durations(PROD, ["shop.S0"], first) == {}


def test_a_node_remembers_the_version_that_ran_well(store: RecurringStore) -> None:
    at_desk = desk(store)
    state = at_desk.state("B")
    good = starts(state, "one", at(1), version=3)
    at_desk.write(then(good, ends(good.after, RunOutcome(state.id, 1), NO_RETRY, at(2))))
    again = at_desk.state("B")._replace(status=NodeStatus.INIT)
    bad = starts(again, "one", at(3), version=4)
    at_desk.write(then(bad, ends(bad.after, RunOutcome(state.id, 2, FailReason.ERROR), NO_RETRY, at(4))))
    by_hand = at_desk.state("B")._replace(status=NodeStatus.SUCCESS, lock_version=3, run=3)
    at_desk.write(
        NodeWrite(2, by_hand, (Run(state.id, 3, 0, RunTrigger.MANUAL_SUCCESS, RunStatus.SUCCESS, version=5),))
    )
    asked = [state.id, at_desk.nodes["C"], at_desk.nodes["W"]]
    assert store.ran_versions(PROD, asked) == {state.id: 3}


def test_a_row_says_whom_it_is_of(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("S0", 1, 2)
    (listed,) = store.instances([at_desk.instances["S0"]])
    assert (listed.summary.retries, listed.summary.retried) == (3, 0)
    assert replace(listed.record.row, tags=()).owners == ("ann", "bob")
    assert listed.record.row.bizdate == BIZDATE == DAY - timedelta(days=1)
