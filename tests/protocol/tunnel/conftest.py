"""A real server on a Unix socket, its world within reach, and the released client bound to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taskhouse.config import load
from taskhouse.services.world import World
from taskhouse.wiring.server import Server


@dataclass
class House:
    """`home` stays when the server is closed, so that another can open it."""

    home: Path
    world: World
    client: Any

    def staged(self) -> list[Path]:
        """Files and folders of uploads that are not committed."""
        return [path for path in self.home.glob("warehouse/*/_staging/**/*") if path.is_file()]


@contextlib.contextmanager
def running(home: Path) -> Iterator[House]:
    from odps import ODPS

    config = load(None, {}, {"home": home, "log_level": "warning", "grace_s": 1.0})
    server = Server(config, socket=home.parent / f"{home.name}.sock")
    with contextlib.closing(server):
        reach = server.start()
        client = ODPS(
            reach.login.key.access_id,
            reach.login.key.secret,
            project=reach.login.project,
            endpoint=reach.endpoint,
            tunnel_endpoint=reach.endpoint,
            overwrite_global=False,
        )
        yield House(home, server.world, client)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("t") / "home") as open_house:
        yield open_house


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    import odps

    before = odps.options.local_timezone
    odps.options.local_timezone = False
    yield
    odps.options.local_timezone = before
