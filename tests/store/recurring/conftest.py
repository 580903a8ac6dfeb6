"""Both stores of recurring instances: whatever a test here says holds for the one in SQLite and the one in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.recurring import SqlRecurringStore


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "meta.db")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(database: Database) -> SqlRecurringStore:
    return SqlRecurringStore(database)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest) -> RecurringStore:
    if request.param == "memory":
        return MemoryRecurringStore()
    made: SqlRecurringStore = request.getfixturevalue("sqlite")
    return made
