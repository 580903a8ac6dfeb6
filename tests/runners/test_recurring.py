"""Scripts and transfers as nodes of recurring instances: scheduled, run for real, looked at through the client and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from taskhouse.cli import main
from taskhouse.client.api.client import Client
from taskhouse.client.api.errors import StatusNotAllowed
from taskhouse.client.api.operations import Target
from taskhouse.config import Config
from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.published import Program, ProgramKind, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.services.recurring.generate import generate_date
from taskhouse.wiring.server import Server
from tests.runners.conftest import Runners

TRANSFER = {
    "source": {"kind": "FILE", "path": "in/numbers_${bizdate}.csv"},
    "target": {"kind": "TABLE", "name": "taskhouse.numbers", "partition": "ds=${bizdate}"},
}
PYTHON = """\
from odps import ODPS
import os
o = ODPS.from_environments()
with o.execute_sql("select sum(n) as s from numbers where ds = '${bizdate}'").open_reader(tunnel=False) as reader:
    print("sum", reader.raw.split()[-1], "of", os.environ["bizdate"], "for", os.environ["who"])
"""
SHELL = 'echo "begun by $who"\nif [ ! -e "%s" ]; then echo "not yet"; exit 7; fi\n'


def task(name: str, kind: ProgramKind, code: str, after: str = ROOT) -> PublishedTask:
    node = PublishedNode(f"taskhouse.{name}", name, Program(kind, code, "taskhouse", "who=alice"))
    return PublishedTask(
        f"taskhouse.{name}",
        name,
        "taskhouse",
        Environment.PROD,
        BizType.SCRIPT,
        Schedule(Cycle.DAY),
        (node,),
        dependencies=(Dependency(after),),
    )


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate") / "open"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Iterator[Runners]:
    """A server that has run today's instances, as far as they go: the shell script waits for the gate and fails."""
    home = tmp_path_factory.mktemp("day") / "home"
    server = Server(Config(home=home, port=0, time_zone="UTC"))
    server.start()
    try:
        made = Runners(server)
        zone = ZoneInfo(made.world.workspace.tenant().time_zone)
        now = datetime.now(UTC)
        today = now.astimezone(zone).date()
        bizdate = f"{today - timedelta(days=1):%Y%m%d}"
        (made.files / "in").mkdir()
        (made.files / "in" / f"numbers_{bizdate}.csv").write_text("n\n1\n2\n39\n")
        made.sql("create table numbers (n bigint) partitioned by (ds string)")
        tasks = [
            task("load", ProgramKind.TRANSFER, json.dumps(TRANSFER)),
            task("add_up", ProgramKind.PYTHON, PYTHON, "taskhouse.load"),
            task("check", ProgramKind.SHELL, SHELL % gate, "taskhouse.load"),
        ]
        made.world.recurring.publish(Environment.PROD, tasks, (), now - timedelta(days=2), expected=0)
        generate_date(made.world.recurring, Environment.PROD, today, now, zone)
        made.world.events.publish("recurring")
        yield made
    finally:
        server.close()


@pytest.fixture(scope="module")
def client(day: Runners) -> Iterator[Client]:
    with Client(day.server.reach.rest_url, day.server.reach.token) as made:
        yield made


@pytest.fixture(scope="module")
def ended(client: Client) -> dict[str, int]:
    """Ids of the instances by name, once all have ended."""
    for _ in client.events("PROD", since=0):
        lines = list(client.instances.list())
        if len(lines) == 3 and all(set(line.statuses) <= {"SUCCEEDED", "FAILED"} for line in lines):
            return {line.name: line.id for line in lines}
    raise AssertionError("the stream has no end")


def test_rows_came_in_and_the_script_added_them_up(day: Runners, client: Client, ended: dict[str, int]) -> None:
    statuses = {line.name: line.statuses for line in client.instances.list()}
    assert statuses == {"load": ["SUCCEEDED"], "add_up": ["SUCCEEDED"], "check": ["FAILED"]}
    (node,) = client.instances.nodes(ended["add_up"]).items
    (run,) = client.instances.runs(node.id).items
    bizdate = client.instances.get(ended["add_up"]).line.bizdate
    assert client.instances.log(node.id, run.serial).content == f"sum 42 of {bizdate} for alice\n"
    assert run.parameters["who"] == "alice" and run.parameters["bizdate"] == bizdate


def test_a_failed_script_is_read_repaired_and_rerun_from_the_command_line(
    day: Runners, client: Client, ended: dict[str, int], gate: Path
) -> None:
    reach = day.server.reach
    environment = {"TASKHOUSE_URL": reach.rest_url, "TASKHOUSE_TOKEN": reach.token}

    def typed(*words: str, input: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(main, list(words), env=environment, input=input)
        return done.exit_code, done.output

    check = str(ended["check"])
    code, log = typed("instances", "logs", check)
    assert code == 0 and "begun by alice\nnot yet" in log and "exit code 7" in log
    assert "exit code 7" in typed("instances", "diagnose", check)[1]
    gate.touch()
    code, shown = typed("rerun", check, input="y\n")
    assert code == 0 and "change 1 node, 1 of them run again?" in shown and "Accepted as operation" in shown
    assert typed("watch", check, "--until-done")[0] == 0
    assert "begun by alice\n" in typed("instances", "logs", check)[1]
    assert typed("instances", "logs", check, "--follow") == (0, "begun by alice\n-- SUCCESS\n")
    with pytest.raises(StatusNotAllowed) as refused:
        client.operations.apply("STOP", [Target(ended["check"])])
    assert [item.name for item in refused.value.items] == ["check"]


def test_code_is_shown_as_it_ran(client: Client, ended: dict[str, int]) -> None:
    (node,) = client.instances.code(ended["load"]).items
    assert node.kind == "Transfer" and node.latest is not None
    bizdate = client.instances.get(ended["load"]).line.bizdate
    assert json.loads(node.latest.code.resolved)["source"]["path"] == f"in/numbers_{bizdate}.csv"
