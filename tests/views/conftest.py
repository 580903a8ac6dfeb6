"""Views over the store in memory and over SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.views.house import House, house


@pytest.fixture(params=["memory"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with house(MemoryRecurringStore(), tmp_path) as made:
        yield made
