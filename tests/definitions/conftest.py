"""A world that definitions can be published to: real stores and a real warehouse in a folder, and a clock that is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taskhouse.domain.limits import Limits
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor
from taskhouse.scheduler.clock import RandomIds, SettableClock
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services.definitions.apply_workspace import Publication, apply_workspace
from taskhouse.services.definitions.plan_workspace import WorkspacePlan, plan_workspace
from taskhouse.services.world import World
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.recurring.store import SqlRecurringStore
from taskhouse.store.workspace import SqlWorkspaceStore
from taskhouse.warehouse.delta import DeltaWarehouse

PROD, DEV = Environment.PROD, Environment.DEV
ROOT = Actor("root", super_admin=True)
START = datetime(2026, 3, 1, 10, tzinfo=UTC)  # 18:00 in Shanghai


class House:
    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "meta.db")
        migrate(self.database)
        absent: Any = SimpleNamespace()
        self.clock = SettableClock(folder / "clock", lambda: None)
        self.clock.set(START)
        self.world = World(
            instances=absent,
            catalogue=SqlCatalogueStore(self.database),
            access=SqlAccessStore(self.database),
            sessions=absent,
            models=absent,
            algorithms=absent,
            warehouse=DeltaWarehouse(folder / "warehouse", 24),
            engine=absent,
            events=LocalEvents(),
            clock=self.clock,
            ids=RandomIds(),
            limits=Limits(),
            blobs=folder / "blobs",
            workspace=SqlWorkspaceStore(self.database),
            recurring=SqlRecurringStore(self.database),
        )

    def plan(self, files: dict[str, str], environment: Environment = PROD, actor: Actor = ROOT) -> WorkspacePlan:
        return plan_workspace(self.world, actor, environment, files)

    def apply(self, files: dict[str, str], environment: Environment = PROD, actor: Actor = ROOT) -> Publication:
        """Plan and publish at once."""
        digest = self.plan(files, environment, actor).digest
        return apply_workspace(self.world, actor, environment, files, digest)

    def published(self, environment: Environment = PROD) -> dict[str, PublishedTask]:
        return dict(self.world.recurring.published(environment)[1])

    def tables(self, project: str) -> dict[str, str]:
        """Tables and views of a MaxCompute project: name -> kind."""
        page = self.world.catalogue.tables(project, "default", limit=1000)
        return {table.name.name: table.kind.value for table in page.items}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.database.close()
