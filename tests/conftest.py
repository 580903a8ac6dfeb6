"""What tests of several rooms share: a real server in a process of its own, and the released client bound to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from tools import server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: run by `make check-all`"))


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Ready]:
    """A server on a fresh home, shared by all tests that only add to it."""
    home = tmp_path_factory.mktemp("live") / "home"
    with server.running(home, home.parent / "server.log") as ready:
        yield ready


@pytest.fixture(scope="session")
def live_client(live_server: server.Ready) -> Any:
    """A real `odps.ODPS`."""
    from odps import ODPS

    return ODPS(
        live_server.access_id,
        live_server.secret,
        live_server.project,
        endpoint=live_server.endpoint,
        overwrite_global=False,
    )


@pytest.fixture(scope="session")
def iris(live_client: Any) -> str:
    """The demo's table `pyodps_iris`, loaded as the demo does."""
    from taskhouse.cli import demo_data, demo_run

    pytest.importorskip("sklearn")
    demo_run.load(live_client, Console(quiet=True), [t for t in demo_data.TABLES if t.name == "pyodps_iris"])
    return "pyodps_iris"
