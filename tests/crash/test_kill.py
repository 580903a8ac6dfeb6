"""A server killed with SIGKILL at random moments, and started again: what it acknowledged is there, once.

Writers insert numbered rows and overwrite partitions while the process is killed under them. After the restart every instance ends, and
tasks and tables must agree: a row is there exactly if its task says Success, a partition holds exactly one whole write.
The moments are drawn from a seed that a failure prints.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WRITERS = 4
ROWS_A_WRITE = 50
START_S = 60


class Served:
    """One home; its server process is started and killed again and again."""

    def __init__(self, folder: Path) -> None:
        self.home, self.ready, self.log = folder / "home", folder / "ready.json", folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Any:
        """A client of the started server."""
        self.ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "taskhouse", "serve", "--home", str(self.home), "--port", "0"]
        command += ["--ready-file", str(self.ready), "--log-level", "warning"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self.ready.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return self.client()

    def client(self) -> Any:
        from odps import ODPS, options

        options.retry_times = 0
        found = json.loads(self.ready.read_text())
        return ODPS(
            found["access_id"], found["secret"], found["project"], endpoint=found["endpoint"], overwrite_global=False
        )

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(60)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.kill()


class Writers:
    """Threads that write until the server goes away. `acknowledged`: numbers whose success a client has seen."""

    def __init__(self, served: Served, numbers: Iterator[int]) -> None:
        self.acknowledged: set[int] = set()
        self._served = served
        self._numbers = numbers
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _write(self, writer: int) -> None:
        client = self._served.client()
        while not self._end.is_set():
            with self._lock:
                number = next(self._numbers)
            if number % 3:
                text = f"insert into t values ({number})"
            else:
                values = ", ".join(f"({number}, {row})" for row in range(ROWS_A_WRITE))
                text = f"insert overwrite table p partition (ds='{writer}') values {values}"
            try:
                client.execute_sql(text)
            except Exception:
                return
            with self._lock:
                self.acknowledged.add(number)


def number_of(text: str) -> int:
    found = re.search(r"values \((\d+)", text)
    return int(found[1]) if found else -1


def check(client: Any, acknowledged: set[int], known: dict[str, tuple[int, str]]) -> None:
    """Everything has ended, and what the tasks say is what the tables hold."""
    for instance in client.list_instances():
        if instance.id in known:
            continue
        instance.wait_for_completion()
        statuses = [task.status.value.upper() for task in instance.get_task_statuses().values()]
        assert len(statuses) == 1 and statuses[0] in ("SUCCESS", "FAILED"), statuses
        if statuses[0] == "FAILED":
            assert "the server stopped while the task ran" in instance.get_task_result("AnonymousSQLTask")
        known[instance.id] = (number_of(instance.get_sql_query()), statuses[0])
    by_number = {number: status for number, status in known.values() if number >= 0}
    assert acknowledged <= by_number.keys()
    assert {by_number[number] for number in acknowledged} <= {"SUCCESS"}
    with client.execute_sql("select n from t").open_reader(tunnel=False, limit=True) as reader:
        rows = Counter(int(line) for line in reader.raw.split()[1:])
    wanted = {number for number, status in by_number.items() if number % 3 and status == "SUCCESS"}
    assert rows == Counter(wanted)
    with client.execute_sql("select ds, n, count(*), count(distinct k) from p group by ds, n").open_reader(
        tunnel=False
    ) as reader:
        partitions = [line.replace('"', "").split(",") for line in reader.raw.split()[1:]]
    assert len({ds for ds, *_ in partitions}) == len(partitions), partitions
    for _, number, count, distinct in partitions:
        assert by_number[int(number)] == "SUCCESS" and int(count) == int(distinct) == ROWS_A_WRITE


def kill_rounds(served: Served, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    numbers = itertools.count(1)
    acknowledged: set[int] = set()
    known: dict[str, tuple[int, str]] = {}
    client = served.start()
    client.execute_sql("create table t (n bigint)")
    client.execute_sql("create table p (n bigint, k bigint) partitioned by (ds string)")
    for _ in range(rounds):
        writers = Writers(served, numbers)
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert served.process is not None
            served.process.wait(chance.uniform(0.05, 1.5))
        served.kill()
        writers.join()
        acknowledged |= writers.acknowledged
        client = served.start()
        check(client, acknowledged, known)
    assert acknowledged, "no write was acknowledged: the test tests nothing"


def test_killed_servers_lose_and_double_nothing(served: Served) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    kill_rounds(served, 3, seed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_twenty_times(served: Served) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    kill_rounds(served, 20, seed)
