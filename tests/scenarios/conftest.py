"""One rehearsal server for each module of scenarios, and a run date of its own for each scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.stage import FIXTURE, Door, House, Server, Stage

LIMIT_S = 300.0
"""A scenario takes seconds. One that takes so long waits for what will not come: it fails, and shows what every thread waits in."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LIMIT_S))


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    """The files that a module's server is published with; modules override it."""
    return {"shop.yaml": FIXTURE.read_text(encoding="utf-8")}


@pytest.fixture(scope="module")
def environments() -> tuple[str, ...]:
    return ("PROD",)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Variables of the server's environment."""
    return {}


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory,
    workspace: dict[str, str],
    environments: tuple[str, ...],
    settings: dict[str, str],
) -> Iterator[Stage]:
    home: Path = tmp_path_factory.mktemp("rehearsal") / "home"
    home.mkdir()
    server = Server(home, settings).start()
    made = Stage(server, workspace, environments)
    yield made
    made.close()
    server.stop()


@pytest.fixture
def door(stage: Stage) -> Door:
    """The administrator's. Tests of another door override it."""
    return stage.rest


@pytest.fixture
def house(stage: Stage, door: Door) -> House:
    """The fixture's project on a fresh run date, generated, at 23:00 of the day before."""
    return House(stage, door, stage.next_run_date())
