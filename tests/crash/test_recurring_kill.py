"""A server killed with SIGKILL at random moments while it works through a day's recurring instances, and started again each time.

The day is chains of nodes: most are virtual, some insert their own number into a table, some are shell scripts. In the end every node has
ended, each attempt has one result, and the table holds the number of a node exactly if its attempt succeeded: nothing is lost, nothing is
committed twice, and nobody cleaned up. The table's log is read entry by entry for who committed what.
The moments are drawn from a seed that a failure prints.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from taskhouse.config import Config
from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.node_state import Run, RunStatus
from taskhouse.domain.published import Program, ProgramKind, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.services.recurring.generate import generate_date
from taskhouse.services.world import World
from taskhouse.wiring.server import Server
from tests.crash.test_kill import Served, served  # noqa: F401

PROD = Environment.PROD


def task(number: int, up: int | None, policy: RetryPolicy) -> PublishedTask:
    name = f"n{number}"
    match number % 20:
        case 3 | 9:
            program = Program(ProgramKind.SQL, f"insert into t values ({number});", "taskhouse")
        case 15:
            program = Program(ProgramKind.SHELL, f"echo {number}", "taskhouse")
        case _:
            program = Program(ProgramKind.VIRTUAL)
    return PublishedTask(
        f"kill.{name}",
        name,
        "kill",
        PROD,
        BizType.SCRIPT,
        Schedule(Cycle.DAY),
        (PublishedNode(f"kill.{name}", name, program),),
        dependencies=(Dependency(ROOT if up is None else f"kill.n{up}"),),
        retry=policy,
    )


@contextmanager
def at_rest(home: Path) -> Iterator[World]:
    """The world of a home that nobody serves."""
    server = Server(Config(home=home, port=0, time_zone="UTC"))
    try:
        yield server.world
    finally:
        server.close()


def prepare(made: Served, nodes: int, length: int, policy: RetryPolicy) -> None:
    client = made.start()
    client.execute_sql("create table t (n bigint)")
    made.kill()
    with at_rest(made.home) as world:
        tasks = [task(n, n - 1 if n % length else None, policy) for n in range(nodes)]
        now = datetime.now(UTC)
        world.recurring.publish(PROD, tasks, (), now - timedelta(days=2), expected=0)
        generate_date(world.recurring, PROD, today(), now, UTC)
        if now.hour >= 23:  # or the server generates tomorrow, too
            generate_date(world.recurring, PROD, today() + timedelta(days=1), now, UTC)


def today() -> date:
    return datetime.now(UTC).date()


def counts(made: Served) -> dict[str, int]:
    """Instances by status, as the REST API tells it."""
    import httpx

    ready = json.loads(made.ready.read_text())
    bizdate = f"{today() - timedelta(days=1):%Y%m%d}"
    reply = httpx.get(
        f"{ready['rest_url']}/instances/counts?bizdate={bizdate}",
        headers={"Authorization": f"Bearer {ready['token']}"},
        timeout=60,
    )
    reply.raise_for_status()
    found: dict[str, int] = reply.json()["statuses"]
    return found


def kill_while_it_works(made: Served, chance: random.Random, rounds: int, least: float, most: float) -> None:
    for _ in range(rounds):
        made.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert made.process is not None
            made.process.wait(chance.uniform(least, most))
        made.kill()


def committed(home: Path) -> Counter[str]:
    """Task instance -> entries of the table's log that carry its tag and add rows."""
    found = Counter[str]()
    for entry in sorted(home.glob("warehouse/*/_delta_log/*.json")):
        lines = [json.loads(line) for line in entry.read_text().splitlines()]
        if not any("add" in line for line in lines):
            continue
        for line in lines:
            info = line.get("commitInfo", {})
            if "taskhouse.instance" in info:
                found[info["taskhouse.instance"]] += 1
    return found


def check(made: Served, nodes: int, *, complete: bool) -> None:
    """`complete`: every node succeeded in the end; else those that were lost failed, and what is downstream of them did not run."""
    tags = committed(made.home)
    rows = Counter[int]()
    with made.client().execute_sql("select n from t").open_reader(tunnel=False, limit=True) as reader:
        rows.update(int(line) for line in reader.raw.split()[1:])
    made.kill()
    with at_rest(made.home) as world:
        assert not world.recurring.live_runs()
        book = world.books.of(PROD)
        book.cover([today() - timedelta(days=1)])
        assert len(book.states) == nodes
        for record, state in zip(book.node_records, book.states, strict=True):
            number = int(record.row.name[1:])
            runs = list(reversed(world.recurring.runs(state.id)))
            check_runs(runs, number)
            assert [run.number for run in runs] == list(range(1, state.attempt + 1)), runs
            succeeded = [run for run in runs if run.status is RunStatus.SUCCESS]
            assert len(succeeded) == (state.status is NodeStatus.SUCCESS), runs
            if complete:
                assert state.status is NodeStatus.SUCCESS, (number, state)
            if number % 20 in (3, 9):
                assert rows[number] == len(succeeded), (number, rows[number], runs)
                assert [tags[run.task_instance] for run in runs] == [
                    int(run.status is RunStatus.SUCCESS) for run in runs
                ]
        assert sum(rows.values()) == sum(tags.values())


def check_runs(runs: list[Run], number: int) -> None:
    for run in runs:
        assert run.status in (RunStatus.SUCCESS, RunStatus.FAILED), (number, run)
        assert run.status is RunStatus.SUCCESS or run.reason is FailReason.LOST, (number, run)


def wait_for_the_end(made: Served, seconds: float, *, complete: bool) -> None:
    """Until nothing runs or waits and, unless nodes are given up, nothing is left."""
    deadline, before = time.monotonic() + seconds, None
    while True:
        found = counts(made)
        active = found["RUNNING"] + found["WAITING"]
        left = found["FAILED"] + found["NOT_RUNNING"] if complete else 0
        if found == before and not active and not left:
            return
        assert time.monotonic() < deadline, found
        before = found
        time.sleep(0.5)


def test_nothing_is_lost_or_doubled_when_a_server_is_killed_in_the_middle_of_a_day(served: Served) -> None:  # noqa: F811
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    prepare(served, 600, 30, RetryPolicy(retries=0))
    kill_while_it_works(served, random.Random(seed), 3, 0.1, 0.6)
    served.start()
    wait_for_the_end(served, 120, complete=False)
    check(served, 600, complete=False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_in_a_day_of_ten_thousand_nodes(served: Served) -> None:  # noqa: F811
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    prepare(served, 10_000, 50, RetryPolicy(retries=10, gap_min=1))
    kill_while_it_works(served, random.Random(seed), 20, 0.3, 1.5)
    served.start()
    wait_for_the_end(served, 1500, complete=True)
    check(served, 10_000, complete=True)
