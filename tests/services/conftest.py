"""A world on real stores, in a folder of its own, with runners that tests choose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taskhouse.domain.catalogue import Project
from taskhouse.domain.instance import Instance, InstanceStatus, JobSpec, Outcome, TaskSpec, TaskStatus
from taskhouse.domain.limits import Limits
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services import inspect_instances, submit_instance
from taskhouse.services.world import Caller, Runner, World
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.instances import SqlInstanceStore
from taskhouse.store.migrations import migrate

ADMIN = Caller("ALIYUN$admin", is_admin=True)


class House:
    """The world and shorthands for what tests do with it. Tasks are of type `Test`; `runner` runs them."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.database = Database(folder / "meta.db")
        migrate(self.database)
        self.runners: dict[str, Runner] = {"Test": lambda world, run: Outcome(TaskStatus.SUCCESS)}
        absent: Any = SimpleNamespace()
        blobs = folder / "blobs"
        (blobs / "results").mkdir(parents=True, exist_ok=True)
        self.world = World(
            instances=SqlInstanceStore(self.database),
            catalogue=SqlCatalogueStore(self.database),
            access=SqlAccessStore(self.database),
            sessions=absent,
            models=absent,
            algorithms=absent,
            warehouse=absent,
            engine=absent,
            events=LocalEvents(),
            clock=SystemClock(),
            ids=RandomIds(),
            limits=limits,
            blobs=blobs,
            runners=self.runners,
        )
        now = self.world.clock.now()
        if self.world.catalogue.project("p") is None:
            self.world.catalogue.create_project(Project("p", ADMIN.user, "", now, now))

    def submit(self, name: str = "a", *, tasks: int = 1, priority: int = 9, guid: str = "") -> Instance:
        specs = tuple(TaskSpec(f"{name}{n or ''}", "Test", "") for n in range(tasks))
        return submit_instance.submit(self.world, ADMIN, JobSpec("p", specs, priority, guid=guid))

    def get(self, instance: Instance) -> Instance:
        return inspect_instances.get(self.world, ADMIN, "p", instance.id)

    def ended(self, instance: Instance) -> Instance:
        """The instance after its end, which is waited for."""
        head = inspect_instances.wait_for_end(self.world, "p", instance.id, 30)
        assert head is not None and head.status is InstanceStatus.TERMINATED
        return self.get(instance)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, Limits(running_tasks=2))
    yield made
    made.database.close()
