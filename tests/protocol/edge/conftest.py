"""A server over loopback with real stores, scheduler and transport, whose SQL tasks end when a test says so.

Tests of the edge need instances that wait, run and end at known moments. So the runner of SQL tasks here does what the query
asks for: `select 'hold <name>'` runs until the test releases it, `select 'fail'` fails, anything else succeeds with a text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from odps import ODPS

from taskhouse.domain.access import AccessKey
from taskhouse.domain.catalogue import Project
from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Outcome, ResultKind, Stage, TaskStatus
from taskhouse.domain.limits import Limits
from taskhouse.engines.algorithms import AlgorithmRegistry
from taskhouse.protocols.odps.app import build_app
from taskhouse.protocols.odps.server import Server
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.dispatcher import Dispatcher
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services.access import keys
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from taskhouse.sql.arrow import stored_schema
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.instances import SqlInstanceStore
from taskhouse.store.models import SqlModelStore
from taskhouse.store.schema import metadata

PROJECT = "edge"
ADMIN = "ALIYUN$admin"


@dataclass
class Holds:
    """Tasks that run until released."""

    released: dict[str, threading.Event] = field(default_factory=dict)
    began: dict[str, threading.Event] = field(default_factory=dict)

    def make(self, name: str) -> str:
        """The query of a task that holds."""
        self.released[name] = threading.Event()
        self.began[name] = threading.Event()
        return f"select 'hold {name}'"

    def run(self, world: World, run: TaskRun) -> Outcome:
        text = run.task.spec.body
        if "'fail'" in text:
            raise Fault(FaultCode.NO_SUCH_TABLE, "Table not found - table edge.missing cannot be resolved")
        for name, released in self.released.items():
            if f"'hold {name}'" in text:
                run.control.on_cancel(released.set)
                run.control.report((Stage("M1_job_0", "scan", workers_running=1, percent=40, rows_in=7),))
                self.began[name].set()
                released.wait()
                run.control.check()
        stages = (Stage("M1_job_0", "scan", workers_done=1, percent=100, rows_in=7, rows_out=7, seconds=0.5),)
        if "'rows'" in text:
            return rows_outcome(world, run, stages)
        return Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, f"ran: {text}", stages=stages)


def rows_outcome(world: World, run: TaskRun, stages: tuple[Stage, ...]) -> Outcome:
    """A result whose text XML cannot carry."""
    name = f"{run.instance.id}-{run.task.index}.arrow"
    schema = stored_schema([("c", parse_type("string")), ("n", parse_type("bigint"))])
    table = pa.table(
        [pa.array(["a\x00\r\n", None], schema.field(0).type), pa.array([1, None], pa.int64())], schema=schema
    )
    world.results.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(world.results / name), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(table)
    columns = (("c", "string"), ("n", "bigint"))
    return Outcome(
        TaskStatus.SUCCESS,
        ResultKind.ROWS,
        "",
        name,
        columns,
        2,
        stages,
        {"cpu_seconds": 1.5, "bytes_in": 123},
        ("careful",),
    )


@dataclass(frozen=True)
class Edge:
    world: World
    url: str
    admin: AccessKey
    holds: Holds
    project: str = PROJECT

    def client(self, key: AccessKey | None = None, base: str = "/api", **arguments: Any) -> ODPS:
        key = key or self.admin
        return ODPS(key.access_id, key.secret, self.project, self.url + base, overwrite_global=False, **arguments)

    def user(self, name: str, *, member: bool = True) -> AccessKey:
        """A key of a user, made when unknown."""
        now = self.world.clock.now()
        self.world.access.ensure_user(name, now)
        if member and name not in self.world.access.rules(self.project).members:
            self.world.access.add_member(self.project, name)
        return keys.issue(self.world, name)


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    home: Path = tmp_path_factory.mktemp("edge")
    database = Database(home / "metadata.db")
    database.write(metadata.create_all)
    holds = Holds()
    world = World(
        instances=SqlInstanceStore(database),
        catalogue=SqlCatalogueStore(database),
        access=SqlAccessStore(database),
        sessions=cast(Any, None),
        models=SqlModelStore(database),
        algorithms=AlgorithmRegistry(),
        warehouse=cast(Any, None),
        engine=cast(Any, None),
        events=LocalEvents(),
        clock=SystemClock(),
        ids=RandomIds(),
        limits=replace(Limits(), running_tasks=2, long_poll_s=2.0, page_items=50),
        blobs=home / "blobs",
        runners={"SQL": holds.run},
    )
    now = datetime.now(UTC)
    world.access.add_user(ADMIN, now, is_admin=True)
    world.catalogue.create_project(Project(PROJECT, ADMIN, "", now, now))
    admin = keys.issue(world, ADMIN)
    dispatcher = Dispatcher(world)
    dispatcher.start()
    server = Server(build_app(world), host="127.0.0.1")
    server.start()
    yield Edge(world, server.url, admin, holds)
    for released in holds.released.values():
        released.set()
    server.stop()
    dispatcher.stop(1.0)
    database.close()
