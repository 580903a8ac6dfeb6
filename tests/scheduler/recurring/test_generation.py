"""Nightly generation: what is owed, from which versions, in which environment; a date may be generated again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.calendar import bizdate_of, first_run_date
from taskhouse.domain.dependency import Dependency, Policy, Window
from taskhouse.domain.generation import NodeBlueprint, TaskBlueprint
from taskhouse.domain.recurring import EdgeKind, Environment
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.generate import generate_date, generate_owed, generate_since, owed
from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.domain.om.fixture import RUN_DATE, ZONE, clock, script
from tests.scheduler.recurring.house import DAY_BEFORE, published

PROD = Environment.PROD
ONE_DAY = timedelta(days=1)


def store_with(
    *tasks: TaskBlueprint, at: datetime | None = None, environment: Environment = PROD
) -> MemoryRecurringStore:
    store = MemoryRecurringStore()
    publish(store, *tasks, at=at or clock("18:00", DAY_BEFORE), environment=environment)
    return store


def publish(store: MemoryRecurringStore, *tasks: TaskBlueprint, at: datetime, environment: Environment = PROD) -> None:
    revision, _ = store.published(environment)
    made = [
        replace(
            published(each, RetryPolicy()),
            environment=environment,
            published_at=at,
            first_run_date=first_run_date(at, ZONE),
        )
        for each in tasks
    ]
    store.publish(environment, made, (), at, expected=revision)


def book_of(store: MemoryRecurringStore, *run_dates: date, environment: Environment = PROD) -> Book:
    book = Book(store, environment)
    book.cover(map(bizdate_of, run_dates))
    return book


def test_the_next_day_is_generated_at_23_and_whoever_is_late_waits_a_day() -> None:
    store = store_with(script("S0", "00:10"))
    assert generate_owed(store, PROD, clock("22:59", DAY_BEFORE), ZONE) == 0
    assert generate_owed(store, PROD, clock("23:00", DAY_BEFORE), ZONE) == 1
    publish(store, script("late", "00:20"), at=clock("23:10", DAY_BEFORE))
    assert generate_owed(store, PROD, clock("23:30", DAY_BEFORE), ZONE) == 0
    assert generate_owed(store, PROD, clock("23:00", RUN_DATE), ZONE) == 2
    assert {r.node_id for r in book_of(store, RUN_DATE).node_records} == {"S0"}
    assert {r.node_id for r in book_of(store, RUN_DATE + ONE_DAY).node_records} == {"S0", "late"}


def test_what_was_missed_is_made_up_with_the_versions_of_its_own_night() -> None:
    store = store_with(script("S0", "00:10"))
    generate_owed(store, PROD, clock("23:00", DAY_BEFORE), ZONE)
    publish(store, script("S0", "05:00"), at=clock("12:00", RUN_DATE + ONE_DAY))
    now = clock("09:00", RUN_DATE + 3 * ONE_DAY)
    assert owed(store, PROD, now, ZONE) == [RUN_DATE + n * ONE_DAY for n in (1, 2, 3)]
    assert generate_owed(store, PROD, now, ZONE) == 3
    assert owed(store, PROD, now, ZONE) == []
    book = book_of(store, *(RUN_DATE + n * ONE_DAY for n in range(4)))
    due = [record.row.due_at.astimezone(ZONE).time() for record in book.node_records]
    assert sorted(due) == [time(0, 10), time(0, 10), time(5), time(5)]
    assert [record.version for record in sorted(book.records, key=lambda r: r.row.bizdate)] == [1, 1, 2, 2]


def test_a_date_that_is_generated_again_stays_as_it_is() -> None:
    store = store_with(script("S0", "00:10"), script("X", "02:00", S0=""))
    for expected in (2, 0):
        assert generate_date(store, PROD, RUN_DATE, clock("23:00", DAY_BEFORE), ZONE) == expected
    book = book_of(store, RUN_DATE)
    assert len(book.graph.nodes) == 2 and len(book.graph.edges) == 2


def test_a_day_that_has_passed_is_not_run_again_at_the_time_to_which_its_task_moved() -> None:
    now = clock("12:00", RUN_DATE)
    store = store_with(at=clock("11:00", RUN_DATE))
    first = RUN_DATE - 2 * ONE_DAY
    publish(store, script("old", "00:10"), at=clock("11:10", RUN_DATE))
    assert generate_since(store, PROD, first, now, ZONE, everything=True) == 3
    publish(store, script("old", "00:20"), script("new", "00:30"), at=clock("11:20", RUN_DATE))
    assert generate_since(store, PROD, first - ONE_DAY, now, ZONE, everything=True) == 2 + 3
    at = {
        (r.node_id, f"{r.row.due_at.astimezone(ZONE):%d %H:%M}")
        for r in book_of(store, first - ONE_DAY, first, RUN_DATE).node_records
    }
    assert at == {
        ("old", "27 00:20"), ("new", "27 00:30"), ("old", "28 00:10"), ("new", "28 00:30"), ("old", "02 00:10"), ("new", "02 00:30"),
    }  # fmt: skip


def test_an_off_day_is_a_dry_run_and_a_window_without_instances_is_told() -> None:
    weekly = TaskBlueprint("W", Schedule(Cycle.WEEK, weekdays=frozenset({7})), (NodeBlueprint("W"),))
    own = TaskBlueprint(
        "self", Schedule(Cycle.DAY), (NodeBlueprint("self"),), (Dependency("self", Window.PREVIOUS, Policy.LAST),)
    )
    store = store_with(weekly, own)
    generate_date(store, PROD, RUN_DATE, clock("23:00", DAY_BEFORE), ZONE)
    generate_date(store, PROD, RUN_DATE + ONE_DAY, clock("23:00", RUN_DATE), ZONE)
    book = book_of(store, RUN_DATE, RUN_DATE + ONE_DAY)
    by_task = {(r.row.task, r.row.bizdate): r for r in book.records}
    assert by_task["W", bizdate_of(RUN_DATE)].dry_run
    states = {(r.node_id, r.bizdate): s for r, s in zip(book.node_records, book.states, strict=True)}
    assert states["W", bizdate_of(RUN_DATE)].status is NodeStatus.SUCCESS
    assert "no instance of upstream task 'self'" in by_task["self", bizdate_of(RUN_DATE)].notices[0]
    assert by_task["self", bizdate_of(RUN_DATE + ONE_DAY)].notices == ()
    assert [edge.kind for edge in book.graph.edges if edge.up is not None] == [EdgeKind.SELF]


def test_nothing_is_owed_before_anything_was_published() -> None:
    store = MemoryRecurringStore()
    assert generate_owed(store, PROD, clock("23:30"), ZONE) == 0
    assert not store.generated(PROD, date.min)


def test_both_environments_have_instances_of_their_own() -> None:
    store = store_with(script("S0", "00:10"), environment=Environment.DEV)
    publish(store, script("S0", "00:10"), at=clock("18:00", DAY_BEFORE))
    for environment, released in ((Environment.DEV, False), (PROD, True)):
        assert generate_owed(store, environment, clock("23:00", DAY_BEFORE), ZONE) == 1
        book = book_of(store, RUN_DATE, environment=environment)
        assert [state.released for state in book.states] == [released]


def test_days_on_which_all_tasks_were_retired_are_not_made_up_later() -> None:
    store = store_with(script("S0", "00:10"))
    generate_owed(store, PROD, clock("23:00", DAY_BEFORE), ZONE)
    store.publish(PROD, [], ["S0"], clock("12:00"), expected=1)
    assert generate_owed(store, PROD, clock("23:00"), ZONE) == 0
    publish(store, script("S0", "00:10"), at=clock("12:00", RUN_DATE + ONE_DAY))
    assert owed(store, PROD, clock("22:00", RUN_DATE + ONE_DAY), ZONE) == []
