"""Attempts as task instances on a whole server: code with its parameters, failures, stops, reruns with other code, restarts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskhouse.config import Config
from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.node_state import NodeState, Run, RunStatus
from taskhouse.domain.operations.request import CodeChoice, Request, Rerun, Stop, Target
from taskhouse.domain.published import Program, ProgramKind, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import CLASS_OF, NodeStatus
from taskhouse.services.catalogue.projects import create as create_project
from taskhouse.services.recurring import apply_operation, preview_operation
from taskhouse.services.recurring.generate import generate_date
from taskhouse.services.world import Caller
from taskhouse.wiring.server import Server

PROD = Environment.PROD
WAIT_S = 60


def task(
    name: str,
    code: str,
    *ups: str,
    kind: ProgramKind = ProgramKind.SQL,
    parameters: str = "",
    project: str = "taskhouse",
) -> PublishedTask:
    program = Program(kind, code, project, parameters)
    return PublishedTask(
        f"shop.{name}",
        name,
        "shop",
        PROD,
        BizType.SCRIPT,
        Schedule(Cycle.DAY),
        (PublishedNode(f"shop.{name}", name, program),),
        dependencies=tuple(Dependency(f"shop.{up}") for up in ups) or (Dependency(ROOT),),
        retry=RetryPolicy(retries=0),
    )


class Rooms:
    def __init__(self, home: Path, *tasks: PublishedTask) -> None:
        self.home = home
        self.server = Server(Config(home=home, port=0, time_zone="UTC", grace_s=0.2))
        self.publish(*tasks)
        self.today = datetime.now(UTC).date()
        generate_date(self.store, PROD, self.today, datetime.now(UTC), UTC)
        self.server.start()

    def make_project(self, name: str) -> Rooms:
        create_project(self.server.world, Caller("ALIYUN$admin", is_admin=True), name)
        return self

    @property
    def store(self):  # type: ignore[no-untyped-def]
        return self.server.world.recurring

    def publish(self, *tasks: PublishedTask) -> None:
        revision, _ = self.store.published(PROD)
        self.store.publish(PROD, tasks, (), datetime.now(UTC) - timedelta(days=2), expected=revision)

    def node(self, name: str) -> int:
        book = self.server.world.books.of(PROD)
        bizdate = self.today - timedelta(days=1)
        return next(r.row.id for r in book.node_records if (r.node_id, r.bizdate) == (f"shop.{name}", bizdate))

    def instance(self, name: str) -> int:
        return self.store.owners_of([self.node(name)])[self.node(name)]

    def state(self, name: str) -> NodeState:
        return self.store.states([self.node(name)])[0]

    def run(self, name: str) -> Run:
        return self.store.runs(self.node(name))[0]

    def text(self, name: str) -> str:
        instance = self.server.world.instances.get(None, self.run(name).task_instance)
        return instance.tasks[0].result_text

    def until(self, done: Callable[[], bool]) -> Rooms:
        book, pause = self.server.world.books.of(PROD), threading.Event()
        for _ in range(WAIT_S * 50):
            if book.states and done():
                return self
            pause.wait(0.02)
        raise AssertionError([(r.node_id, s) for r, s in zip(book.node_records, book.states, strict=True)])

    def ended(self, *names: str) -> Rooms:
        return self.until(lambda: all(CLASS_OF[self.state(name).status].is_final for name in names))

    def do(self, request: Request) -> None:
        actor = Actor("admin", super_admin=True)
        world = self.server.world
        digest = preview_operation.preview(world, actor, request).digest
        applied = apply_operation.apply(world, actor, request, digest=digest)
        assert not applied.refusals, applied.refusals


@pytest.fixture
def open_rooms(tmp_path: Path) -> Iterator[Callable[..., Rooms]]:
    opened: list[Rooms] = []

    def make(*tasks: PublishedTask) -> Rooms:
        opened.append(Rooms(tmp_path / "home", *tasks))
        return opened[-1]

    yield make
    for rooms in opened:
        rooms.server.close()


def test_nodes_run_their_code_with_the_times_of_their_instance(open_rooms: Callable[..., Rooms]) -> None:
    rooms = open_rooms(
        task("load", "create table t (d string); insert into t values ('${bizdate}');"),
        task("say", 'echo "$who ${bizdate} ${d} ${HOME:+home}"', "load", kind=ProgramKind.SHELL, parameters="who=me;d=$[yyyy-mm-dd]"),
        task("mark", "", "say", kind=ProgramKind.VIRTUAL),
        task("hole", "select ${nope};"),
        task("wrong", "select * from nosuch;", "load"),
    ).ended("load", "say", "mark", "hole", "wrong")  # fmt: skip
    today, yesterday = rooms.today, rooms.today - timedelta(days=1)
    assert rooms.text("say") == f"me {yesterday:%Y%m%d} {today} home\n"
    assert json.loads(rooms.run("say").parameters)["d"] == str(today)
    assert rooms.state("mark").status is NodeStatus.SUCCESS and not rooms.run("mark").task_instance
    assert rooms.run("hole").message.endswith("'nope' is neither a parameter nor a time expression")
    assert "nosuch" in rooms.run("wrong").message and rooms.state("wrong").reason is FailReason.ERROR


def test_attempts_change_their_own_project_only_and_administer_none(open_rooms: Callable[..., Rooms]) -> None:
    script = """
from odps import ODPS
from odps.errors import NoPermission
o = ODPS.from_environments()
assert o.execute_sql("select a from elsewhere.t").open_reader(tunnel=True).count == 1
for refused in (
    lambda: o.execute_sql("drop table elsewhere.t"),
    lambda: o.get_table("t", project="elsewhere").truncate(),
    lambda: o.create_table("u", "a bigint", project="elsewhere"),
    lambda: list(o.list_instances(project="elsewhere"))[0].get_task_results(),
    lambda: o.run_security_query("grant admin to ALIYUN$dave"),
):
    try:
        refused()
    except NoPermission:
        print("refused")
"""
    outside = {
        "reads": "create table mine as select a from elsewhere.t",
        "drops": "drop table elsewhere.t",
        "inserts": "insert into elsewhere.t values (2)",
        "makes": "create table elsewhere.u (a bigint)",
        "administers": "setproject odps.sql.timezone=UTC",
    }
    make = task(
        "make", "create table if not exists t (a bigint); insert overwrite table t values (7)", project="elsewhere"
    )
    rooms = open_rooms(
        make,
        *(task(name, code, "make") for name, code in outside.items()),
        task("scripted", script, "make", kind=ProgramKind.PYTHON),
    )
    rooms.make_project("elsewhere").ended("make").do(Rerun(Target(rooms.instance("make"))))
    rooms.ended("make", *outside, "scripted")
    assert rooms.state("reads").status is NodeStatus.SUCCESS, rooms.run("reads").message
    for name in outside.keys() - {"reads"}:
        assert "Authorization Failed" in rooms.run(name).message, name
    assert rooms.text("scripted").count("refused") == 5


def test_a_rerun_takes_the_current_code_or_that_of_the_last_run(open_rooms: Callable[..., Rooms]) -> None:
    rooms = open_rooms(task("say", "echo one", kind=ProgramKind.SHELL)).ended("say")
    rooms.publish(task("say", "echo two", kind=ProgramKind.SHELL))
    for code, said, attempt in ((CodeChoice.AS_RAN, "one\n", 2), (CodeChoice.CURRENT, "two\n", 3)):
        rooms.do(Rerun(Target(rooms.instance("say")), code))
        rooms.until(lambda: rooms.state("say").attempt == attempt).ended("say")  # noqa: B023
        assert rooms.text("say") == said
    assert [run.version for run in rooms.store.runs(rooms.node("say"))] == [2, 1, 1]


def test_a_stop_ends_the_task_instance_and_nothing_is_retried(open_rooms: Callable[..., Rooms]) -> None:
    slow = replace(task("slow", "sleep 600", kind=ProgramKind.SHELL), retry=RetryPolicy(retries=3))
    rooms = open_rooms(slow)
    world = rooms.server.world
    rooms.until(lambda: bool(world.recurring.live_runs()) and bool(rooms.run("slow").task_instance))
    rooms.do(Stop(Target(rooms.instance("slow"))))
    rooms.ended("slow")
    assert (rooms.state("slow").reason, rooms.state("slow").retry_at) == (FailReason.STOPPED, None)
    instance = world.instances.get(None, rooms.run("slow").task_instance)
    assert instance.tasks[0].status.value == "Cancelled"


def test_what_a_server_left_running_is_found_by_the_next_one(open_rooms: Callable[..., Rooms], tmp_path: Path) -> None:
    slow = replace(task("slow", "sleep 600", kind=ProgramKind.SHELL), retry=RetryPolicy(retries=1, gap_min=60))
    rooms = open_rooms(slow, task("after", "", "slow", kind=ProgramKind.VIRTUAL))
    rooms.until(lambda: bool(rooms.store.live_runs()) and bool(rooms.run("slow").task_instance))
    rooms.server.close()
    rooms.server = Server(Config(home=tmp_path / "home", port=0, time_zone="UTC"))
    rooms.server.start()
    rooms.until(lambda: rooms.state("slow").status is NodeStatus.FAILED)
    assert (rooms.state("slow").reason, rooms.run("slow").status) == (FailReason.LOST, RunStatus.FAILED)
    assert rooms.state("slow").retry_at is not None and rooms.state("slow").attempt == 1
    rooms.server.close()
