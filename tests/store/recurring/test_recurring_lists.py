"""Lists: every filter and order against a plain evaluation of what it says, and pages that show each row once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.node_changes import starts
from taskhouse.domain.recurring import BizType, Origin, Priority, TableKind
from taskhouse.domain.schedule import Cycle
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.ports.recurring_store import (
    InstanceQuery,
    ListedInstance,
    OperationEntry,
    OperationWrite,
    Perspective,
    RecurringStore,
    SortKey,
)
from tests.store.recurring.tenant import (
    BIZDATE,
    DAY,
    DEV,
    NOW,
    PROD,
    ZONE,
    Desk,
    at,
    bear,
    desk,
    publish,
    script,
    tasks,
)

N, W, R, S, F = StatusClass
URGENCY = [F, R, W, N, S]


def busy(store: RecurringStore) -> Desk:
    """Three dates and two environments, with something in every status."""
    at_desk = desk(store)
    bear(store, DAY + timedelta(days=1))
    bear(store, DAY + timedelta(days=2))
    publish(store, tasks(), DEV)
    bear(store, environment=DEV)
    at_desk.run("S0", 1, 4)
    at_desk.run("B", 5, 9, fails=True)
    at_desk.run("C", 5, 6)
    at_desk.run("D", 5)
    at_desk.run("P", 7, 8)
    at_desk.wait("Q", NodeStatus.WAIT_RESOURCE)
    at_desk.wait("H", NodeStatus.DISPATCH_BLOCKED)
    at_desk.run("H@2", 2, 9)
    at_desk.wait("H@3", NodeStatus.WAIT_SCHEDULE)
    at_desk.write_flags("K", paused=True)
    at_desk.write_flags("H@3", paused=True)
    logged = OperationEntry(NOW, "ann", "MODIFY_PRIORITY", Perspective.TABLE, at_desk.instances["N"], {})
    store.operate(OperationWrite(logged, priorities=[(at_desk.instances["N"], Priority.HIGHEST)]), NOW)
    return at_desk


def everything(store: RecurringStore) -> list[ListedInstance]:
    """All instances of both environments, by id."""
    return list(store.instances(range(1, 1 + 4 * 9)))


def holds(query: InstanceQuery, x: ListedInstance, projects: set[str]) -> bool:
    """What the port says of a query, word for word."""
    row, summary = x.record.row, x.summary
    shown = {cls for cls, count in (summary.fields or summary.nodes).items() if count}
    statuses = set(query.statuses)
    if query.waiting:
        statuses.add(W)
        if not query.waiting & summary.waiting:
            statuses.discard(W)
    return all(
        (
            row.environment is query.environment,
            query.biz_type in (None, row.biz_type),
            not query.bizdates or row.bizdate in query.bizdates,
            query.bizdate_from is None or query.bizdate_from <= row.bizdate,
            query.bizdate_to is None or row.bizdate <= query.bizdate_to,
            not query.text or query.text.casefold() in row.name.casefold() or query.text == str(row.id),
            not (query.statuses or query.waiting) or statuses & shown,
            query.paused is None or query.paused is (summary.paused > 0),
            not query.cycles or row.cycle in query.cycles,
            not query.owners or query.owners & set(row.owners),
            not query.priorities or x.priority in query.priorities,
            not query.kinds or row.kind in query.kinds,
            query.projects is None or query.projects & projects,
            not query.tags or query.tags & set(row.tags),
            not query.tasks or row.task in query.tasks,
            not query.origins or x.record.origin in query.origins,
            within(summary.started_at, *query.started),
            within(row.due_at, *query.due),
            query.late_before is None or (row.due_at < query.late_before and is_unstarted(x)),
            query.ids is None or row.id in query.ids,
        )
    )


def is_unstarted(x: ListedInstance) -> bool:
    shown = {cls for cls, count in (x.summary.fields or x.summary.nodes).items() if count}
    return x.summary.started_at is None and bool(shown & {N, W}) and not shown & {R, F}


def within(time: datetime | None, first: datetime | None, beyond: datetime | None) -> bool:
    if first is None and beyond is None:
        return True
    return time is not None and (first is None or time >= first) and (beyond is None or time < beyond)


def expected(store: RecurringStore, query: InstanceQuery) -> list[ListedInstance]:
    own = {"E": {"shop", "pay"}}
    found = [x for x in everything(store) if holds(query, x, own.get(x.record.row.name, {"shop"}))]
    return ordered(found, query)


def ordered(found: Sequence[ListedInstance], query: InstanceQuery) -> list[ListedInstance]:
    def value(x: ListedInstance) -> object:
        row, summary = x.record.row, x.summary
        ran = (summary.started_at, summary.ended_at)
        return {
            SortKey.NAME: row.name,
            SortKey.DUE: row.due_at,
            SortKey.START: summary.started_at,
            SortKey.END: summary.ended_at,
            SortKey.DURATION: None if None in ran else ran[1] - ran[0],
            SortKey.STATUS: [cls not in summary.statuses for cls in URGENCY],
        }[query.sort]

    present = [(value(x), x.record.row.id, x) for x in found if value(x) is not None]
    absent = [(x.record.row.id, x) for x in found if value(x) is None]
    down = query.descending
    by_value = sorted(present, key=lambda placed: placed[:2], reverse=down)
    by_id = sorted(absent, key=lambda placed: placed[0], reverse=down)
    return [x for *_, x in by_value] + [x for *_, x in by_id]


QUERIES = [
    InstanceQuery(),
    InstanceQuery(environment=DEV),
    InstanceQuery(biz_type=BizType.SCRIPT),
    InstanceQuery(biz_type=BizType.LOGICAL_TABLE, bizdates=(BIZDATE,)),
    InstanceQuery(bizdates=(BIZDATE, DAY)),
    InstanceQuery(bizdate_from=DAY),
    InstanceQuery(bizdate_to=BIZDATE),
    InstanceQuery(bizdate_from=DAY, bizdate_to=DAY),
    InstanceQuery(bizdates=(BIZDATE,), bizdate_from=DAY),
    InstanceQuery(text="s"),
    InstanceQuery(text="S0"),
    InstanceQuery(text="1"),
    InstanceQuery(text="12"),
    InstanceQuery(text="0"),
    InstanceQuery(text="999999999999999999999999"),
    InstanceQuery(text="%"),
    InstanceQuery(text="é'\""),
    *(InstanceQuery(statuses=frozenset({cls})) for cls in StatusClass),
    InstanceQuery(statuses=frozenset({F, W})),
    InstanceQuery(statuses=frozenset({F}), waiting=frozenset({NodeStatus.WAIT_RESOURCE})),
    InstanceQuery(statuses=frozenset({W}), waiting=frozenset({NodeStatus.DISPATCH_BLOCKED})),
    InstanceQuery(waiting=frozenset({NodeStatus.WAIT_SCHEDULE, NodeStatus.WAIT_RESOURCE})),
    InstanceQuery(waiting=frozenset({NodeStatus.WAIT_SUBMISSION})),
    InstanceQuery(paused=True),
    InstanceQuery(paused=False, bizdates=(BIZDATE,)),
    InstanceQuery(cycles=frozenset({Cycle.HOUR, Cycle.WEEK})),
    InstanceQuery(owners=frozenset({"eve"})),
    InstanceQuery(owners=frozenset({"ann", "zoe"})),
    InstanceQuery(owners=frozenset({"nobody"})),
    InstanceQuery(priorities=frozenset({Priority.HIGH, Priority.HIGHEST})),
    InstanceQuery(kinds=frozenset({TableKind.AGGREGATE, TableKind.DIMENSION})),
    InstanceQuery(projects=frozenset()),
    InstanceQuery(projects=frozenset({"pay"})),
    InstanceQuery(projects=frozenset({"shop", "other"})),
    InstanceQuery(tags=frozenset({"nightly"})),
    InstanceQuery(tags=frozenset({"wide"}), owners=frozenset({"ann"})),
    InstanceQuery(tasks=frozenset({"shop.A", "shop.none"})),
    InstanceQuery(origins=frozenset({Origin.RECURRING})),
    InstanceQuery(origins=frozenset({Origin.BACKFILL})),
    InstanceQuery(started=(at(5), None)),
    InstanceQuery(started=(None, at(5))),
    InstanceQuery(started=(at(1), at(5)), statuses=frozenset({S})),
    InstanceQuery(due=(datetime(2026, 3, 2, 0, 30, tzinfo=ZONE), datetime(2026, 3, 2, 2, tzinfo=ZONE))),
    InstanceQuery(late_before=datetime(2026, 3, 2, 2, tzinfo=ZONE)),
    InstanceQuery(ids=frozenset({2, 3, 999})),
    InstanceQuery(ids=frozenset()),
    InstanceQuery(ids=frozenset(range(20)), statuses=frozenset({F}), owners=frozenset({"ann"}), bizdates=(BIZDATE,)),
]


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_filters_mean_what_they_say(store: RecurringStore, number: int) -> None:
    busy(store)
    query = QUERIES[number]
    wanted = expected(store, query)
    page = store.page(query, "", 100)
    assert [x.record.row.id for x in page.items] == [x.record.row.id for x in wanted]
    assert (page.items, page.marker) == (tuple(wanted), "")
    assert store.count(query) == len(wanted)
    open_query = replace(query, statuses=frozenset(), waiting=frozenset())
    shown = Counter(cls for x in expected(store, open_query) for cls in x.summary.statuses)
    assert store.counts(query) == dict(shown)


def test_the_filters_tell_instances_apart(store: RecurringStore) -> None:
    """The table above proves little if most of its queries had the same answer."""
    busy(store)
    answers = [tuple(x.record.row.id for x in expected(store, query)) for query in QUERIES]
    assert len(set(answers)) > 30
    assert sum(not answer for answer in answers) < 12
    assert {status for x in everything(store) for status in x.summary.statuses} == set(StatusClass)


@pytest.mark.parametrize("sort", SortKey)
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [1, 4])
def test_pages_show_each_instance_once_and_in_order(
    store: RecurringStore, sort: SortKey, descending: bool, limit: int
) -> None:
    busy(store)
    for query in (InstanceQuery(), InstanceQuery(bizdates=(BIZDATE,)), InstanceQuery(statuses=frozenset({F, S, R}))):
        query = replace(query, sort=sort, descending=descending)
        seen, marker = [], ""
        while True:
            page = store.page(query, marker, limit)
            assert len(page.items) <= limit
            seen += [x.record.row.id for x in page.items]
            marker = page.marker
            if not marker:
                break
            assert len(page.items) == limit
        assert seen == [x.record.row.id for x in expected(store, query)]
        for skip in (1, 3, len(seen) - 1, len(seen), 1000):
            page = store.page(query, "", limit, skip)
            assert [x.record.row.id for x in page.items] == seen[skip : skip + limit]
            assert bool(page.marker) == (skip + limit < len(seen))
            behind = store.page(query, store.page(query, "", 2).marker, limit, skip)
            assert [x.record.row.id for x in behind.items] == seen[2 + skip : 2 + skip + limit]


@pytest.mark.parametrize("sort", SortKey)
def test_the_brief_form_has_the_same_instances_in_the_same_order(store: RecurringStore, sort: SortKey) -> None:
    busy(store)
    for query in (InstanceQuery(sort=sort), InstanceQuery(statuses=frozenset({F, W}), sort=sort, descending=False)):
        wanted, marker, seen = expected(store, query), "", 0
        while True:
            page = store.brief(query, marker, 4)
            for place, x in enumerate(wanted[seen : seen + len(page.ids)]):
                row, summary = x.record.row, x.summary
                assert (page.ids[place], page.names[place], page.bizdates[place]) == (row.id, row.name, row.bizdate)
                assert page.publications[place] == (row.environment, row.task, x.record.version)
                times = (page.due_us[place], page.started_us[place], page.ended_us[place])
                assert times == tuple(map(micros, (row.due_at, summary.started_at, summary.ended_at)))
                assert (page.priorities[place], page.retried[place]) == (x.priority, summary.retried)
                inside = page.insides[place]
                assert (inside.fields, inside.nodes, inside.waiting) == (summary.fields, summary.nodes, summary.waiting)
                assert inside.is_paused == (summary.paused > 0)
            seen += len(page.ids)
            marker = page.marker
            if not marker:
                break
        assert seen == len(wanted)


def micros(time: datetime | None) -> int | None:
    return None if time is None else (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_pages_stay_whole_while_instances_move(store: RecurringStore) -> None:
    """What is not changed between two pages is shown exactly once, whatever else changes."""
    publish(store, [script(f"S{n}") for n in range(40)])
    bear(store)
    rows = store.graph(PROD, [BIZDATE])
    at_desk = Desk(store, {n.row.name: n.row.id for n in rows.nodes}, {r.row.name: r.row.id for r in rows.instances})
    rng = random.Random(1)
    for sort in (SortKey.NAME, SortKey.STATUS, SortKey.START):
        restless = [f"S{n}" for n in range(0, 40, 2) if at_desk.state(f"S{n}").status is NodeStatus.INIT][:6]
        query = InstanceQuery(sort=sort, descending=rng.random() < 0.5)
        seen: list[str] = []
        page = store.page(query, "", 5)
        while True:
            seen += [x.record.row.name for x in page.items]
            if not page.marker:
                break
            if restless:
                at_desk.write(starts(at_desk.state(restless.pop()), "one", at(len(seen))))
            page = store.page(query, page.marker, 5)
        calm = [name for name in at_desk.nodes if int(name[1:]) % 2]
        assert sorted(name for name in seen if name in calm) == sorted(calm)
        if sort is SortKey.NAME:
            assert sorted(seen) == sorted(at_desk.nodes)


@pytest.mark.parametrize("marker", ["x", "AAAA", "!!!", "W10", "eyJhIjoxfQ", "é", "WzEsMl0", "WyJhIiwgdHJ1ZV0="])
def test_what_is_no_marker_is_refused(store: RecurringStore, marker: str) -> None:
    desk(store)
    with pytest.raises(Fault, match="is no marker of") as refusal:
        store.page(InstanceQuery(), marker, 2)
    assert refusal.value.code is FaultCode.INVALID_PARAMETER


def test_a_marker_of_another_order_is_refused(store: RecurringStore) -> None:
    desk(store)
    marker = store.page(InstanceQuery(sort=SortKey.NAME), "", 2).marker
    for query in (
        InstanceQuery(),
        InstanceQuery(sort=SortKey.NAME, descending=False),
        InstanceQuery(sort=SortKey.START),
    ):
        with pytest.raises(Fault, match="is no marker of"):
            store.page(query, marker, 2)


def test_instances_come_in_the_order_asked(store: RecurringStore) -> None:
    at_desk = desk(store)
    asked = [at_desk.instances[name] for name in ("W", "A", "S0")]
    found = store.instances([asked[0], 999_999, *asked[1:]])
    assert [x.record.row.id for x in found] == asked
    assert list(store.instances([])) == []
