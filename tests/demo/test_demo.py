"""`taskhouse demo` as a person uses it: run it, open the page, paste the snippet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tools.server import Ready


@pytest.fixture(scope="module")
def printed(live_server: Ready, live_home: Path) -> str:
    command = [sys.executable, "-m", "taskhouse", "demo", "--home", str(live_home), "--project", live_server.project]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def test_all_rows_are_there(printed: str, live_client: Any) -> None:
    for table, rows in {
        "flights": 336_776,
        "weather": 26_115,
        "planes": 3_322,
        "airports": 1_458,
        "airlines": 16,
        "pyodps_iris": 150,
    }.items():
        with live_client.execute_sql(f"select count(*) from {table}").open_reader(tunnel=True) as reader:
            assert reader[0][0] == rows


def test_values_are_those_of_the_files(printed: str, live_client: Any) -> None:
    query = "select dep_time, dep_delay, tailnum, time_hour from flights where carrier = 'UA' and flight = 1545 and month = 1 and day = 1"
    with live_client.execute_sql(query).open_reader(tunnel=True) as reader:
        (row,) = list(reader)
    assert row.values[:3] == [517, 2, "N14228"]
    with live_client.execute_sql("select count(*) from flights where tailnum is null").open_reader(
        tunnel=True
    ) as reader:
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


def test_loading_again_replaces_the_rows(printed: str, live_server: Ready, live_home: Path, live_client: Any) -> None:
    command = [sys.executable, "-m", "taskhouse", "demo", "--home", str(live_home), "--project", live_server.project]
    subprocess.run(command, capture_output=True, check=True, timeout=300)
    with live_client.execute_sql("select count(*) from airlines").open_reader(tunnel=True) as reader:
        assert reader[0][0] == 16


def test_demo_without_a_server_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "taskhouse", "demo", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "no server runs on" in done.stderr
