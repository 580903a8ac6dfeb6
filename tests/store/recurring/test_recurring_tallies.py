"""What an overview counts, against a plain count of the list."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery, RecurringStore
from tests.store.recurring.tenant import BIZDATE, DAY, NOW, bear, desk

SLOT = timedelta(minutes=15)
URGENCY = [StatusClass.FAILED, StatusClass.RUNNING, StatusClass.WAITING, StatusClass.NOT_RUNNING, StatusClass.SUCCEEDED]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot_of(at: datetime) -> datetime:
    return EPOCH + (at - EPOCH) // SLOT * SLOT


def test_instances_are_counted_by_project_hour_status_and_end(store: RecurringStore) -> None:
    at_desk = desk(store)
    bear(store, DAY + timedelta(days=1))
    at_desk.run("S0", 1, 34)
    at_desk.run("B", 35, 49, fails=True)
    at_desk.run("C", 35, 56)
    at_desk.run("D", 36)
    at_desk.write_flags("K", paused=True)
    late_before = NOW + timedelta(hours=8)
    query = InstanceQuery(bizdate_from=BIZDATE, bizdate_to=BIZDATE + timedelta(days=1))

    expected: Counter[tuple[object, ...]] = Counter()
    for each in store.page(query, "", 1000).items:
        row, summary = each.record.row, each.summary
        status = next(cls for cls in URGENCY if cls in summary.statuses)
        done = slot_of(summary.ended_at or row.due_at) if status is StatusClass.SUCCEEDED else None
        unstarted = status in (StatusClass.NOT_RUNNING, StatusClass.WAITING) and summary.started_at is None
        late = unstarted and row.due_at < late_before
        expected[
            row.bizdate, row.project, row.biz_type, slot_of(row.due_at), status, summary.paused > 0, late, done
        ] += 1

    found: Counter[tuple[object, ...]] = Counter()
    for tally in store.tally(query, SLOT, late_before):
        found[tally[:-1]] += tally.number
    assert found == expected
    assert {key[4] for key in found} >= {StatusClass.FAILED, StatusClass.SUCCEEDED, StatusClass.NOT_RUNNING}
    assert {key[6] for key in found} == {True, False}


def test_only_what_is_asked_for_is_counted(store: RecurringStore) -> None:
    desk(store)
    assert store.tally(InstanceQuery(projects=frozenset()), SLOT, NOW) == []
    every = store.tally(InstanceQuery(), SLOT, NOW)
    one = store.tally(InstanceQuery(projects=frozenset({every[0].project})), SLOT, NOW)
    assert 0 < sum(each.number for each in one) <= sum(each.number for each in every)
