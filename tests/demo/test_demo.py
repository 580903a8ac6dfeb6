"""`taskhouse demo` as a person uses it: run it, open the page, paste the snippet."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from taskhouse.client.api.client import Client
from tools import server
from tools.server import Ready


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def ready(home: Path) -> Iterator[Ready]:
    """A server of the demo's own: it publishes a workspace."""
    with server.running(home, home.parent / "server.log") as made:
        yield made


@pytest.fixture(scope="module")
def client(ready: Ready) -> Any:
    from odps import ODPS

    return ODPS(ready.access_id, ready.secret, ready.project, endpoint=ready.endpoint, overwrite_global=False)


@pytest.fixture(scope="module")
def printed(ready: Ready, home: Path) -> str:
    return taskhouse("demo", "--home", str(home))


def taskhouse(*arguments: str) -> str:
    command = [sys.executable, "-m", "taskhouse", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_rows_are_there(printed: str, client: Any) -> None:
    for table, rows in {
        "flights": 336_776,
        "weather": 26_115,
        "planes": 3_322,
        "airports": 1_458,
        "airlines": 16,
        "pyodps_iris": 150,
    }.items():
        with client.execute_sql(f"select count(*) from {table}").open_reader(tunnel=True) as reader:
            assert reader[0][0] == rows


def test_values_are_those_of_the_files(printed: str, client: Any) -> None:
    query = "select dep_time, dep_delay, tailnum, time_hour from flights where carrier = 'UA' and flight = 1545 and month = 1 and day = 1"
    with client.execute_sql(query).open_reader(tunnel=True) as reader:
        (row,) = list(reader)
    assert row.values[:3] == [517, 2, "N14228"]
    with client.execute_sql("select count(*) from flights where tailnum is null").open_reader(tunnel=True) as reader:
        assert reader[0][0] == 2_512


def test_logview_of_the_query_opens(printed: str) -> None:
    address = re.search(r"http\S+/logview/\?\S+", printed)
    assert address is not None
    page = requests.get(address.group(0))
    assert page.status_code == 200 and "United Air Lines" in page.text


def test_snippet_of_five_lines_works_when_pasted(printed: str) -> None:
    snippet = printed[printed.index("from odps import ODPS") :].strip()
    assert len(snippet.splitlines()) == 5
    done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, check=True, timeout=120)
    assert all(origin in done.stdout for origin in ("EWR", "JFK", "LGA"))


def test_the_story_can_be_followed_to_its_end(printed: str, ready: Ready) -> None:
    """The printed commands, as they stand: the failure is listed, two fields are rerun, and the day is complete."""
    listed, fields, rerun = (shlex.split(line)[1:] for line in re.findall(r"^  (taskhouse .+)$", printed, re.MULTILINE))
    assert "fact_weather" in taskhouse(*listed)
    assert "wind_speed" in taskhouse(*fields)
    shown = json.loads(taskhouse(*rerun, "--preview-only", "--json"))
    assert "wind_dir" in json.dumps(shown)
    assert "associated" in taskhouse(*rerun, "--yes")
    day = listed[listed.index("--bizdate") + 1]
    with Client(ready.rest_url, ready.token) as api:
        for event in api.events("PROD", since=0):
            lines = list(api.instances.list(bizdate=day))
            if lines and all(line.statuses == ["SUCCEEDED"] for line in lines):
                break
            assert event is not None
        assert {line.name for line in lines} >= {"dim_plane", "fact_flight", "agg_origin", "export_report"}


def test_loading_again_replaces_the_rows_and_leaves_the_workspace(
    printed: str, ready: Ready, home: Path, client: Any
) -> None:
    with Client(ready.rest_url, ready.token) as api:
        before = {line.id for line in api.instances.list()}
        again = taskhouse("demo", "--home", str(home))
        assert {line.id for line in api.instances.list()} == before
    assert "taskhouse rerun" not in again
    with client.execute_sql("select count(*) from airlines").open_reader(tunnel=True) as reader:
        assert reader[0][0] == 16


def test_demo_without_a_server_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "taskhouse", "demo", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "no server runs on" in done.stderr
