"""A world of real parts on a temporary folder, and a shell that runs statements in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from taskhouse.domain.catalogue import Project, Table, TableName
from taskhouse.domain.instance import Stage
from taskhouse.domain.limits import Limits
from taskhouse.engines.duckdb.engine import DuckDbEngine
from taskhouse.ports.engine import EngineQuery, OutputColumn, WriteTarget
from taskhouse.ports.warehouse import CommitTag, TableCommit
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services import statements
from taskhouse.services.sql_session import SqlSession, open_session
from taskhouse.services.world import Caller, World
from taskhouse.sql import parser
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.store import access_tables  # noqa: F401  (its tables join the metadata)
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.schema import metadata
from taskhouse.store.sessions import SqlSessionStore
from taskhouse.warehouse.delta import DeltaWarehouse

ADMIN = "ALIYUN$admin"


class Unwatched:
    def report(self, stages: tuple[Stage, ...]) -> None:
        pass

    def on_cancel(self, interrupt: object) -> None:
        pass

    def check(self) -> None:
        pass


@dataclass
class SteppingClock:
    """Real time from its start on, plus what a test adds."""

    ahead: timedelta = timedelta(0)
    real: SystemClock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.real.now() + self.ahead


@dataclass
class Shell:
    world: World
    clock: SteppingClock
    caller: Caller = field(default_factory=lambda: Caller(ADMIN, is_admin=True))
    steps: int = 0

    def session(self, **hints: str) -> SqlSession:
        project = self.world.catalogue.project("p")
        assert project is not None
        self.steps += 1
        return open_session(
            self.caller, project, hints, self.clock.now(), instance_id=f"i{self.steps}", task="t", attempt=1
        )

    def run(self, text: str, **hints: str) -> str:
        """The text of the last statement."""
        shown = ""
        session = self.session(**hints)
        for statement in parser.parse(text):
            session.now = self.clock.now()
            shown = statements.execute(self.world, session, statement, Unwatched()).text
            session.step += 1
        return shown

    def table(self, name: str, schema: str = "default") -> Table:
        found = self.world.catalogue.table(TableName("p", schema, name))
        assert found is not None
        return found

    def fill(self, name: str, rows: str, partition: tuple[str, ...] = ()) -> None:
        """Add rows, given as the VALUES of engine SQL for the data columns."""
        table = self.table(name)
        self.steps += 1
        folder = self.world.warehouse.staging(table, f"fill{self.steps}")
        columns = ", ".join(identifier(column.name) for column in table.columns)
        typed = ", ".join(f"CAST({identifier(c.name)} AS {engine_type(c.type)})" for c in table.columns)
        query = EngineQuery(
            sql=f"SELECT {typed} FROM (VALUES {rows}) AS v({columns})",
            columns=tuple(OutputColumn(column.name, column.type) for column in table.columns),
        )
        target = WriteTarget(folder=folder, columns=table.columns, static_partition=partition)
        written = self.world.engine.write(query, target, Unwatched())
        tag = CommitTag(f"fill{self.steps}", "t", 1)
        result = self.world.warehouse.commit(TableCommit(table=table, files=written.files, tag=tag))
        self.world.catalogue.record_commit(table.id, result, self.clock.now())

    def rows(self, name: str) -> list[str]:
        """The table's rows as lines of CSV, sorted, without the header."""
        from taskhouse.services.catalogue.preview import preview

        return sorted(preview(self.world, self.table(name), 1000).decode().splitlines()[1:])


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    database = Database(tmp_path / "meta.db")
    database.write(metadata.create_all)
    warehouse_folder, blobs = tmp_path / "warehouse", tmp_path / "blobs"
    (blobs / "results").mkdir(parents=True)
    limits = Limits(engine_threads=1, memory_bytes=256 * 2**20)
    warehouse = DeltaWarehouse(warehouse_folder)
    engine = DuckDbEngine(warehouse_folder, blobs, limits)
    clock = SteppingClock()
    world = World(
        instances=cast("Any", None),
        catalogue=SqlCatalogueStore(database),
        access=SqlAccessStore(database, tmp_path / "secret.key"),
        sessions=SqlSessionStore(database),
        models=cast("Any", None),
        algorithms=cast("Any", None),
        warehouse=warehouse,
        engine=engine,
        events=LocalEvents(),
        clock=clock,
        ids=RandomIds(),
        limits=limits,
        blobs=blobs,
    )
    now = clock.now()
    world.access.add_user(ADMIN, now, is_admin=True)
    world.catalogue.create_project(Project("p", ADMIN, "", now, now))
    yield Shell(world, clock)
    engine.close()
    database.close()
