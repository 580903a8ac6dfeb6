"""Views over the store in memory and over SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.recurring import SqlRecurringStore
from tests.views.house import House, house


@pytest.fixture(params=["memory", "sqlite"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if request.param == "memory":
        with house(MemoryRecurringStore(), tmp_path) as made:
            yield made
        return
    database = Database(tmp_path / "meta.db")
    migrate(database)
    with house(SqlRecurringStore(database), tmp_path) as made:
        yield made
    database.close()
