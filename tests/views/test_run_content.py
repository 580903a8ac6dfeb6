"""What runs wrote: the log of their task instance, also while it runs, the code that was submitted, and the way to Logview."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest

from taskhouse.domain.instance import Instance, JobSpec, Outcome, ResultKind, TaskSpec, TaskStatus
from taskhouse.domain.limits import Limits
from taskhouse.scheduler.dispatcher import Dispatcher
from taskhouse.services import inspect_instances, submit_instance
from taskhouse.services.access import tokens
from taskhouse.services.recurring.views import run_log
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.services.conftest import ADMIN as CALLER
from tests.services.conftest import House as TaskHouse
from tests.views.house import ALICE, House, house


class Attempts:
    """Node B's attempts as task instances that a real dispatcher runs."""

    def __init__(self, home: House, world: World, tasks: TaskHouse) -> None:
        self.home, self.world, self.tasks = home, world, tasks

    def run(self, code: str) -> Instance:
        spec = TaskSpec("B", "Test", code)
        instance = submit_instance.submit(self.world, CALLER, JobSpec("p", (spec,), 9))
        state = self.home.state("B")
        self.home.store.real.set_task_instance(state.id, state.run, instance.id)
        return instance

    def content(self) -> run_log.RunContent:
        return run_log.content_of(self.world, ALICE, self.home.node("B"), self.home.state("B").run)


@pytest.fixture
def attempts(tmp_path: Path) -> Iterator[Attempts]:
    tasks = TaskHouse(tmp_path, Limits(running_tasks=2))
    with house(MemoryRecurringStore(), tmp_path) as home:
        world = replace(
            tasks.world, workspace=home.world.workspace, recurring=home.world.recurring, books=home.world.books
        )
        tasks.world.access.add_user(CALLER.user, world.clock.now(), is_admin=True)
        dispatcher = Dispatcher(world)
        dispatcher.start()
        yield Attempts(home, world, tasks)
        dispatcher.stop(5)
    tasks.database.close()


def test_sql_tells_what_each_statement_did(attempts: Attempts) -> None:
    summary: dict[str, object] = {
        "statements": [
            {"kind": "CreateTable", "line": 1, "seconds": 0.02},
            {"kind": "Insert", "line": 7, "seconds": 0.0512, "rows_in": 1973, "rows_out": 973},
        ]
    }
    attempts.tasks.runners["Test"] = lambda world, run: Outcome(TaskStatus.SUCCESS, summary=summary)
    attempts.home.start("B", "00:40")
    attempts.tasks.ended(attempts.run("insert overwrite ..."))
    found = attempts.content()
    assert found.content.splitlines() == [
        "1 CreateTable, line 1: 0.02 s",
        "2 Insert, line 7: 0.05 s, 1,973 rows read, 973 rows written",
    ]
    assert found.code == "insert overwrite ..."


def test_an_error_is_the_content_and_logview_opens_with_the_token(attempts: Attempts) -> None:
    def fails(world: World, run: TaskRun) -> Outcome:
        return Outcome(TaskStatus.FAILED, ResultKind.TEXT, "ODPS-0121095:[3,1] division by zero")

    attempts.tasks.runners["Test"] = fails
    attempts.home.start("B", "00:40")
    instance = attempts.run("select 1/0")
    attempts.tasks.ended(instance)
    found = attempts.content()
    assert found.content == "ODPS-0121095:[3,1] division by zero"
    query = parse_qs(urlsplit(found.logview).query)
    assert (query["p"], query["i"]) == (["p"], [instance.id])
    caller = tokens.verify(attempts.world, query["token"][0])
    assert inspect_instances.get(attempts.world, caller, "p", instance.id).id == instance.id


def test_output_can_be_read_while_it_is_written(attempts: Attempts) -> None:
    wrote, go_on = Event(), Event()

    def talks(world: World, run: TaskRun) -> Outcome:
        run.control.show_output(lambda: "half of it\n")
        wrote.set()
        assert go_on.wait(30)
        return Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, "half of it\nall of it\n")

    attempts.tasks.runners["Test"] = talks
    attempts.home.start("B", "00:40")
    instance = attempts.run("print()")
    assert wrote.wait(30)
    found = attempts.content()
    assert (found.content, found.live, found.run.status) == ("half of it\n", True, "RUNNING")
    go_on.set()
    attempts.tasks.ended(instance)
    assert attempts.content().content == "half of it\nall of it\n"
