"""The book: it follows the store, whoever writes, and knows what lies downstream on later dates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskhouse.domain import node_changes
from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.dependency import Dependency, Policy, Window
from taskhouse.domain.generation import NodeBlueprint, TaskBlueprint
from taskhouse.domain.node_state import RunOutcome
from taskhouse.domain.recurring import Environment
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.services.recurring import book as book_module
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.generate import generate_date
from tests.domain.om.fixture import ADMIN, RUN_DATE, ZONE, clock
from tests.scheduler.recurring.house import DAY_BEFORE, Rooms
from tests.scheduler.recurring.test_generation import store_with

PROD = Environment.PROD


def test_two_books_see_what_either_writes() -> None:
    rooms = Rooms()
    other = Book(rooms.store, PROD)
    other.cover([bizdate_of(RUN_DATE)])
    node = rooms.id("S0")
    state = other.node_state(node)
    assert state is not None
    write = node_changes.waits(state, NodeStatus.WAIT_SCHEDULE, rooms.now)
    assert not other.write([write], rooms.now).refused
    assert rooms.book.write([write], rooms.now).refused == [node]
    rooms.book.refresh()
    for book in (rooms.book, other):
        seen = book.node_state(node)
        assert seen is not None and seen.status is NodeStatus.WAIT_SCHEDULE


def test_a_feed_tells_each_reader_what_changed() -> None:
    rooms = Rooms()
    feed = rooms.book.feed()
    assert feed.drain() == ([], True)
    state = rooms.state("S0")
    rooms.store.write([node_changes.waits(state, NodeStatus.WAIT_SCHEDULE, rooms.now)], rooms.now)
    rooms.book.refresh()
    assert feed.drain() == ([rooms.book.graph.node_at[state.id]], False)
    assert feed.drain() == ([], False)


def test_what_depends_on_a_date_from_later_ones_is_loaded_along() -> None:
    own = TaskBlueprint(
        "self", Schedule(Cycle.DAY), (NodeBlueprint("self"),), (Dependency("self", Window.PREVIOUS, Policy.LAST),)
    )
    store = store_with(own)
    days = [RUN_DATE + timedelta(days=n) for n in range(5)]
    for day in days:
        generate_date(store, PROD, day, clock("23:00", DAY_BEFORE), ZONE)
    book = Book(store, PROD)
    book.cover([bizdate_of(RUN_DATE)])
    assert sum(book.core) == 1
    book.cover_downstream([book.records[0].row.id])
    assert sum(book.core) == len(days)


def test_a_snapshot_does_not_change_with_the_book() -> None:
    rooms = Rooms()
    snapshot = rooms.book.snapshot(ADMIN)
    rooms.at("00:10")
    assert set(snapshot.status) == {NodeStatus.INIT}
    assert rooms.show("S0") == "R"


def test_what_is_generated_joins_a_book_that_follows() -> None:
    rooms = Rooms()
    generate_date(rooms.store, PROD, RUN_DATE + timedelta(days=1), clock("23:00"), ZONE)
    rooms.book.refresh()
    assert len(rooms.book.states) == 20


def test_finished_dates_make_room_for_others_and_unfinished_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "KEPT_NODES", 3)
    store = store_with(TaskBlueprint("S", Schedule(Cycle.DAY), (NodeBlueprint("S"),)))
    days = [RUN_DATE + timedelta(days=n) for n in range(6)]
    for day in days:
        generate_date(store, PROD, day, clock("23:00", DAY_BEFORE), ZONE)
    book = Book(store, PROD)
    book.cover(map(bizdate_of, days[:4]))
    for state in book.states[1:]:
        write = node_changes.starts(state, "me", clock("00:10"))
        end = node_changes.ends(write.after, RunOutcome(state.id, 1), RetryPolicy(), clock("00:20"))
        assert not book.write([node_changes.then(write, end)], clock("00:20")).refused
    book.cover([bizdate_of(days[4])])
    book.cover([bizdate_of(days[5])])
    assert [record.bizdate for record in book.node_records] == [bizdate_of(days[n]) for n in (0, 3, 4, 5)]
