"""A whole server in this process, and tasks of the types that only recurring instances have, put into its queue."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from taskhouse.config import Config
from taskhouse.domain.instance import Instance, InstanceStatus, JobSpec, Task, TaskSpec
from taskhouse.domain.limits import Limits
from taskhouse.services import inspect_instances, stop_instance, submit_instance
from taskhouse.services.world import Caller
from taskhouse.wiring.server import Server

WAIT_S = 60


class Runners:
    """Shorthands on a server: SQL, scripts and transfers as their owner."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world
        login = server.reach.login
        self.project = login.project
        self.key = login.key
        self.owner = Caller(login.key.user, is_admin=True)
        self.files = server.home.path / "files"

    def start(self, kind: str, code: str, config: Mapping[str, str] | None = None) -> Instance:
        spec = TaskSpec("node", kind, code, config=dict(config or {}))
        return submit_instance.queue(self.world, self.owner, JobSpec(self.project, (spec,)))

    def get(self, instance: Instance) -> Task:
        return inspect_instances.get(self.world, self.owner, self.project, instance.id).tasks[0]

    def ended(self, instance: Instance) -> Task:
        head = inspect_instances.wait_for_end(self.world, self.project, instance.id, WAIT_S)
        assert head is not None and head.status is InstanceStatus.TERMINATED
        return self.get(instance)

    def run(self, kind: str, code: str, config: Mapping[str, str] | None = None) -> Task:
        return self.ended(self.start(kind, code, config))

    def transfer(self, **document: Any) -> Task:
        return self.run("Transfer", json.dumps(document))

    def stop(self, instance: Instance) -> None:
        stop_instance.stop(self.world, self.owner, self.project, instance.id)

    def sql(self, text: str) -> str:
        """The result as CSV."""
        from odps import ODPS

        reach = self.server.reach
        o = ODPS(self.key.access_id, self.key.secret, self.project, endpoint=reach.endpoint, overwrite_global=False)
        with o.execute_sql(text).open_reader(tunnel=False) as reader:
            return str(reader.raw)


def until(condition: Callable[[], bool]) -> None:
    """Look again and again, at most `WAIT_S`."""
    pause = threading.Event()
    for _ in range(WAIT_S * 100):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to pass")


@pytest.fixture(scope="module")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runners]:
    home: Path = tmp_path_factory.mktemp("runners") / "home"
    server = Server(Config(home=home, port=0, time_zone="Asia/Shanghai", limits=Limits(log_bytes=2000, stop_grace_s=1)))
    server.start()
    try:
        yield Runners(server)
    finally:
        server.close()
