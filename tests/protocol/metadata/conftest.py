"""A whole server, but for tunnels, on loopback, and the official client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from odps import ODPS

from taskhouse.domain.catalogue import Project
from taskhouse.domain.limits import Limits
from taskhouse.engines.duckdb.engine import DuckDbEngine
from taskhouse.protocols.odps.app import build_app
from taskhouse.protocols.odps.server import Server
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.dispatcher import Dispatcher
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services import run_sql
from taskhouse.services.access import keys
from taskhouse.services.world import World
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.instances import SqlInstanceStore
from taskhouse.store.schema import metadata
from taskhouse.warehouse.delta import DeltaWarehouse

ADMIN = "ALIYUN$admin"


@dataclass(frozen=True)
class Catalogue:
    world: World
    url: str

    def client(self, user: str = ADMIN, project: str = "p", **arguments: Any) -> ODPS:
        key = keys.issue(self.world, user)
        return ODPS(key.access_id, key.secret, project, f"{self.url}/api", overwrite_global=False, **arguments)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    home = tmp_path_factory.mktemp("catalogue")
    database = Database(home / "metadata.db")
    database.write(metadata.create_all)
    (home / "blobs" / "results").mkdir(parents=True)
    limits = replace(Limits(), page_items=3, engine_threads=1, memory_bytes=256 * 2**20)
    engine = DuckDbEngine(home / "warehouse", home / "blobs", limits)
    world = World(
        instances=SqlInstanceStore(database),
        catalogue=SqlCatalogueStore(database),
        access=SqlAccessStore(database, home / "secret.key"),
        sessions=cast("Any", None),
        models=cast("Any", None),
        algorithms=cast("Any", None),
        warehouse=DeltaWarehouse(home / "warehouse"),
        engine=engine,
        events=LocalEvents(),
        clock=SystemClock(),
        ids=RandomIds(),
        limits=limits,
        blobs=home / "blobs",
        runners={"SQL": run_sql.run},
    )
    now = world.clock.now()
    world.access.add_user(ADMIN, now, is_admin=True)
    world.catalogue.create_project(Project("p", ADMIN, "first", now, now))
    world.catalogue.create_project(Project("other", ADMIN, "", now, now))
    dispatcher = Dispatcher(world)
    dispatcher.start()
    server = Server(build_app(world), host="127.0.0.1")
    server.start()
    yield Catalogue(world, server.url)
    server.stop()
    dispatcher.stop(5.0)
    engine.close()
    database.close()


@pytest.fixture
def o(catalogue: Catalogue) -> ODPS:
    return catalogue.client()
