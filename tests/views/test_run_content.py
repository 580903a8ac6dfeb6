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
from taskhouse.services.recurring.views import log_lines, run_log
from taskhouse.services.recurring.views.refusal import ViewRefused
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World
from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.services.conftest import ADMIN as CALLER
from tests.services.conftest import House as TaskHouse
from tests.views.house import ALICE, VISITOR, House, house


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


def test_a_log_is_read_by_windows_of_lines(attempts: Attempts) -> None:
    text = "".join(f"line {number}\n" for number in range(1, 10_001))
    trace = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no'

    def fails(world: World, run: TaskRun) -> Outcome:
        return Outcome(TaskStatus.FAILED, ResultKind.TEXT, text + trace)

    attempts.tasks.runners["Test"] = fails
    home = attempts.home
    home.start("B", "00:40")
    attempts.tasks.ended(attempts.run("print()"))
    home.end("B", "00:41", "ERROR")
    node, run = home.node("B"), home.state("B").run

    def window(line: int, limit: int) -> log_lines.LogLines:
        return log_lines.lines_of(attempts.world, ALICE, node, run, line=line, limit=limit)

    first = window(1, 2)
    assert (first.items, first.line, first.lines, first.error_line) == (("line 1", "line 2"), 1, 10_003, 10_001)
    assert window(5_000, 1).items == ("line 5000",)
    end = window(-2, 100)
    assert (end.line, end.items[-1], end.live) == (10_002, "ValueError: no", False)
    assert (window(20_000, 5).items, len(window(1, 10_000).items)) == ((), log_lines.MAX_LINES)
    found = log_lines.matches_of(attempts.world, ALICE, node, run, "LINE 777")
    assert (found.lines, found.count) == ((777, *range(7770, 7780)), 11)
    assert log_lines.matches_of(attempts.world, ALICE, node, run, "").count == 0
    with pytest.raises(ViewRefused):
        log_lines.lines_of(attempts.world, VISITOR, node, run)


def test_what_was_left_out_of_a_log_is_told(attempts: Attempts) -> None:
    cut = "begin\n[... 12,345 bytes left out ...]\nend\n"
    attempts.tasks.runners["Test"] = lambda world, run: Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, cut)
    attempts.home.start("B", "00:40")
    attempts.tasks.ended(attempts.run("print()"))
    found = log_lines.lines_of(attempts.world, ALICE, attempts.home.node("B"), attempts.home.state("B").run)
    assert (found.left_out, found.lines, found.error_line) == (12_345, 3, 0)
