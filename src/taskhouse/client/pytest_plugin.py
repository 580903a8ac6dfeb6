"""Fixtures for other projects' tests. Installed with taskhouse; nothing is imported or started until a test asks for one.

    def test_totals(taskhouse):
        taskhouse.execute_sql("create table t as select 1 as a")
        ...

`taskhouse` is a fresh, empty server for each test; `taskhouse_session` one for the whole run, for tests that share tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def taskhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An `odps.ODPS` on a fresh server of its own, closed after the test."""
    from taskhouse.client.embedded import connect

    with connect(tmp_path_factory.mktemp("taskhouse")) as client:
        yield client


@pytest.fixture(scope="session")
def taskhouse_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An `odps.ODPS` on a server that lives as long as the test run."""
    from taskhouse.client.embedded import connect

    with connect(tmp_path_factory.mktemp("taskhouse")) as client:
        yield client
