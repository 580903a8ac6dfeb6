"""Leases of schedulers, and answers to requests that come twice."""

from __future__ import annotations

from datetime import timedelta

from taskhouse.ports.recurring_store import RecurringStore, Remembered
from tests.store.recurring.tenant import NOW, at, desk


def test_a_lease_can_be_renewed_until_it_is_taken(store: RecurringStore) -> None:
    at_desk = desk(store)
    assert store.hold("one", at(1), at(0))
    at_desk.run("B", 0, owner="one")
    assert list(store.expired_owners(at(0.5))) == []
    assert store.hold("one", at(2), at(1.5))  # late, but nobody took it
    assert list(store.expired_owners(at(3))) == ["one"]
    assert not store.hold("one", at(9), at(3))
    assert list(store.expired_owners(at(4))) == ["one"]


def test_without_a_lease_a_live_run_has_no_owner_to_wait_for(store: RecurringStore) -> None:
    at_desk = desk(store)
    at_desk.run("B", 0, owner="ghost")
    assert list(store.expired_owners(at(1))) == ["ghost"]
    assert not store.hold("ghost", at(9), at(1))


def test_who_released_the_lease_may_come_back(store: RecurringStore) -> None:
    at_desk = desk(store)
    store.hold("one", at(9), at(0))
    store.release("one")
    assert list(store.expired_owners(at(1))) == []
    assert store.hold("one", at(9), at(1))
    at_desk.run("B", 0, owner="one")
    store.release("one")
    assert list(store.expired_owners(at(1))) == ["one"]
    store.release("one")
    assert not store.hold("one", at(9), at(1))


def test_owners_without_live_runs_are_nobodys_business(store: RecurringStore) -> None:
    at_desk = desk(store)
    store.hold("one", at(1), at(0))
    at_desk.run("B", 0, 1, owner="one")
    assert list(store.expired_owners(at(5))) == []
    assert store.hold("one", at(9), at(6))


def test_each_owner_is_judged_by_its_own_lease(store: RecurringStore) -> None:
    at_desk = desk(store)
    for name, owner in (("B", "one"), ("C", "two"), ("D", "three")):
        store.hold(owner, at(1 if owner != "two" else 9), at(0))
        at_desk.run(name, 0, owner=owner)
    assert sorted(store.expired_owners(at(2))) == ["one", "three"]
    assert store.hold("two", at(10), at(2))


def test_the_first_answer_to_a_request_is_kept(store: RecurringStore) -> None:
    first, second = Remembered("d1", 200, b"\x00{}"), Remembered("d2", 409, b"no")
    assert store.remembered("ann", "r1") is None
    assert store.remember("ann", "r1", first, NOW) == first
    assert store.remember("ann", "r1", second, NOW) == first
    assert store.remember("bob", "r1", second, NOW) == second
    assert store.remembered("ann", "r1") == first
    assert store.remembered("ann", "r2") is None


def test_answers_are_forgotten_after_a_day(store: RecurringStore) -> None:
    answer = Remembered("d", 200, b"")
    store.remember("ann", "old", answer, NOW)
    store.remember("ann", "young", answer, NOW + timedelta(hours=20))
    store.remember("ann", "now", answer, NOW + timedelta(hours=25))
    assert [store.remembered("ann", id) is not None for id in ("old", "young", "now")] == [False, True, True]
