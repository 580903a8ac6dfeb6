"""The chore that forgets old recurring instances does nothing until somebody says for how long they are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from taskhouse.domain.limits import Limits
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services.housekeeping import forget_recurring
from taskhouse.services.world import ABSENT, World
from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.store.recurring.tenant import BIZDATE, NOW, PROD, bear, desk


def test_old_dates_go_when_a_limit_is_set() -> None:
    store = MemoryRecurringStore()
    at_desk = desk(store)
    for name in at_desk.nodes:
        if name != "W":
            at_desk.run(name, 1, 2)
    bear(store, BIZDATE + timedelta(days=2))
    late = NOW + timedelta(days=30)
    assert forget_recurring(world(store, 0), late) == 0
    assert forget_recurring(world(store, 31), late) == 0
    assert forget_recurring(world(store, 29), late) == 9
    assert store.graph(PROD, [BIZDATE]).instances == []
    assert forget_recurring(world(store, 1), late) == 0  # the next date still waits to run


def world(store: MemoryRecurringStore, days: int) -> World:
    class Clock:
        def now(self) -> datetime:
            return NOW

    return World(
        *(ABSENT,) * 8,
        events=LocalEvents(),
        clock=Clock(),
        ids=cast(Any, None),
        limits=Limits(recurring_days=days),
        blobs=cast(Any, None),
        recurring=store,
    )
