"""The demo's workspace on a real server in this process, with the raw data of the days that the tests look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console

from taskhouse.cli import demo_data, demo_run
from taskhouse.cli.demo_workspace import DemoWorkspace, files
from taskhouse.client.api.client import Client
from taskhouse.client.api.operations import Applied, Options, Preview, Target
from taskhouse.client.api.workspace import Workspaces
from taskhouse.config import Config
from taskhouse.wiring.server import Server

pytest.importorskip("odps")
WAIT_S = 180


def days_to_test() -> list[date]:
    """Four days in a row whose scheduled times have all passed, with a data of 2013 behind each: not 29 February, and not the last
    day of the year, of which there is no weather."""
    last = datetime.now(UTC).date() - timedelta(days=2)
    while True:
        days = [last - timedelta(days=back) for back in (3, 2, 1, 0)]
        if not {(2, 29), (12, 31)} & {(day.month, day.day) for day in days}:
            return days
        last -= timedelta(days=1)


@dataclass(slots=True)
class Flights:
    """`raw` has the raw tables as pandas reads them from the files, cut to the days; tests that change the data change it here, too.
    `days` are published at first; `earlier` is the day before them. `landed`: days that have instances."""

    server: Server
    client: Client
    odps: Any
    workspace: DemoWorkspace
    earlier: date
    days: list[date]
    landed: list[date]
    raw: dict[str, pd.DataFrame]

    # instances

    def id_of(self, task: str, day: date) -> int:
        (line,) = self.client.instances.list(task=task, bizdate=f"{day:%Y%m%d}")
        return line.id

    def statuses(self, day: date) -> dict[str, int]:
        """Nodes by status, of all instances of a data timestamp."""
        found: dict[str, int] = {}
        for line in self.client.instances.list(bizdate=f"{day:%Y%m%d}"):
            for status, count in line.nodes.items():
                found[status] = found.get(status, 0) + count
        return found

    def attempts(self, task: str, day: date) -> dict[str, int]:
        return {node.name: node.attempt for node in self.client.instances.nodes(self.id_of(task, day)).items}

    def calm(self, *days: date) -> None:
        """Wait until nothing of these data timestamps runs or is about to."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            found = [self.statuses(day) for day in days]
            if not any(each.get(status) for each in found for status in ("RUNNING", "WAITING")) and self._is_settled(
                days
            ):
                return
            time.sleep(0.2)
        raise AssertionError([self.statuses(day) for day in days])

    def _is_settled(self, days: tuple[date, ...]) -> bool:
        """Nothing that has not run could run: each waits for something that failed or has not run."""
        for day in days:
            for line in self.client.instances.list(bizdate=f"{day:%Y%m%d}", status=["NOT_RUNNING"]):
                for node in self.client.instances.nodes(line.id).items:
                    if node.status == "INIT" and not self._is_blocked(line.id):
                        return False
        return True

    def _is_blocked(self, instance: int) -> bool:
        dag = self.client.instances.dag(instance, up=1, down=0)
        return any(
            status in ("FAILED", "NOT_RUNNING")
            for each in dag.instances
            if each.id != instance
            for status in each.statuses
        ) or bool(self.client.instances.get(instance).line.nodes.get("FAILED"))

    def wait_for(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < until
            time.sleep(0.1)

    # operations

    def preview(self, operation: str, task: str, day: date, *fields: str, **options: Any) -> Preview:
        return self.client.operations.preview(operation, self._targets(task, day, fields), Options(**options))

    def operate(self, operation: str, task: str, day: date, *fields: str, **options: Any) -> Applied:
        shown = self.preview(operation, task, day, *fields, **options)
        assert shown.accepted, shown.refusals
        return self.client.operations.apply(
            operation, self._targets(task, day, fields), Options(**options), digest=shown.digest
        )

    def _targets(self, task: str, day: date, fields: tuple[str, ...]) -> list[Target]:
        return [Target(self.id_of(task, day), list(fields) or None)]

    # data

    def read(self, table: str, day: date) -> pd.DataFrame:
        query = f"SELECT * FROM {table} WHERE ds = '{day:%Y%m%d}'"
        with self.odps.execute_sql(query).open_reader(tunnel=True) as reader:
            return reader.to_pandas()

    def load(self, name: str) -> None:
        """Bring the raw table of this name to what `raw` has."""
        (table,) = [each for each in demo_data.TABLES if each.name == name]
        schema = pa.schema([(column, demo_data._ARROW[type_]) for column, type_, _ in table.columns])
        rows = pa.Table.from_pandas(self.raw[name], schema, preserve_index=False)
        shipped = demo_data.DemoTable(table.name, table.comment, table.columns, lambda: rows)
        demo_run.load(self.odps, Console(quiet=True), [shipped])


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flights]:
    """Published, with all that can run having run; the wind of the last day is late."""
    try:
        raw = {name: _read(name) for name in ("flights", "weather", "planes", "airports", "airlines")}
    except demo_data.DemoDataMissingError as missing:
        pytest.skip(str(missing))
    earlier, *days = every = days_to_test()
    wanted = [(day.month, day.day) for day in every]
    for name in ("flights", "weather"):
        of_days = pd.MultiIndex.from_frame(raw[name][["month", "day"]]).isin(wanted)
        raw[name] = raw[name][of_days].reset_index(drop=True)
    server = Server(Config(home=tmp_path_factory.mktemp("flights") / "home", port=0, grace_s=0.0))
    reach = server.start()
    try:
        key = reach.login.key
        odps = demo_run.Connection(reach.endpoint, reach.login.project, key.access_id, key.secret).open()
        with Client(reach.rest_url, reach.token) as client:
            made = Flights(
                server, client, odps, DemoWorkspace(odps, client, Console(quiet=True)), earlier, days, list(days), raw
            )
            for name in raw:
                made.load(name)
            made.workspace.withhold_wind(days[-1])
            publish(made, days[0])
            made.calm(*days)
            yield made
    finally:
        server.close()


def _read(name: str) -> pd.DataFrame:
    (table,) = [each for each in demo_data.TABLES if each.name == name]
    return table.read().to_pandas(integer_object_nulls=True)


def publish(made: Flights, first: date, environment: str = "PROD") -> None:
    """With instances from this data timestamp on."""
    workspaces = Workspaces(made.client.transport)
    texts = {path: _without_odps(text) for path, text in files(made.odps.project).items()}
    plan = workspaces.plan(texts, environment)
    assert plan.valid, [str(finding) for finding in plan.findings]
    workspaces.apply(texts, environment, digest=plan.digest, since=first + timedelta(days=1))


def _without_odps(text: str) -> str:
    """The Python script starts an interpreter with PyODPS for each day; here a shell stands for it."""
    return text.replace("type: PYTHON", "type: SHELL").replace("file: count_arrivals.py", "code: echo landed")
