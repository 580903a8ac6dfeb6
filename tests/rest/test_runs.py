"""Task instances over the REST API, on a real server: SQL to its rows, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tools.server import Ready

ENDED = ("SUCCESS", "FAILED", "CANCELLED")
ENDLESS = "SELECT count(*) FROM (SELECT 1 FROM t_run_rows a JOIN t_run_rows b ON 1 = 1 JOIN t_run_rows c ON 1 = 1 JOIN t_run_rows d ON 1 = 1) x"


@pytest.fixture(scope="module")
def rest(live_server: Ready) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {live_server.token}"}
    with httpx.Client(base_url=live_server.rest_url, headers=headers, timeout=60) as client:
        yield client


def run(rest: httpx.Client, project: str, sql: str, name: str = "") -> Any:
    """Submit and wait."""
    made = rest.post("/runs", json={"project": project, "sql": sql, "name": name})
    assert made.status_code == 201, made.text
    return ended(rest, made.json()["line"])


def ended(rest: httpx.Client, line: Any) -> Any:
    for _ in range(10_000):
        detail = rest.get(f"/runs/{line['project']}/{line['id']}").json()
        if detail["line"]["status"] in ENDED:
            return detail
    raise AssertionError(f"instance {line['id']} does not end")


def test_rows_of_a_select_are_read_in_windows_and_as_csv(rest: httpx.Client, live_server: Ready) -> None:
    done = run(rest, live_server.project, "SELECT * FROM VALUES (1, 'a'), (2, 'b, \"c\"'), (3, NULL) t(n, s)", "sheet")
    line, (task,) = done["line"], done["tasks"]
    assert (line["status"], line["types"], line["name"]) == ("SUCCESS", ["SQL"], "sheet")
    assert (task["result"], task["rows"], done["percent"], done["may_stop"]) == ("ROWS", 3, 100, False)
    path = f"/runs/{line['project']}/{line['id']}"

    window = rest.get(f"{path}/rows", params={"start": 1, "limit": 1}).json()
    assert [(c["name"], c["is_number"]) for c in window["columns"]] == [("n", True), ("s", False)]
    assert window["rows"] == [["2", 'b, "c"']] and (window["start"], window["total"], window["all_rows"]) == (1, 3, 3)
    assert rest.get(f"{path}/rows").json()["rows"][2] == ["3", None]
    assert rest.get(f"{path}/rows", params={"start": 3}).json()["rows"] == []

    sheet = rest.get(f"{path}/rows.csv")
    assert sheet.headers["content-disposition"] == f'attachment; filename="{line["id"]}.csv"'
    assert list(csv.reader(io.StringIO(sheet.text))) == [["n", "s"], ["1", "a"], ["2", 'b, "c"'], ["3", "\\N"]]


def test_the_page_of_an_instance_leads_to_its_logview(rest: httpx.Client, live_server: Ready) -> None:
    done = run(rest, live_server.project, "SELECT 41 + 1 AS answer")
    page = httpx.get(done["logview"])
    assert page.status_code == 200 and done["line"]["id"] in page.text


def test_the_list_has_what_was_submitted(rest: httpx.Client, live_server: Ready) -> None:
    ids = [run(rest, live_server.project, f"SELECT {n}", "listed")["line"]["id"] for n in range(3)]
    query: dict[str, Any] = {"project": live_server.project, "mine": True, "name": "listed", "limit": 2}
    first = rest.get("/runs", params=query).json()
    rest_of = rest.get("/runs", params={**query, "marker": first["next_marker"]}).json()
    assert [each["id"] for each in first["items"] + rest_of["items"]] == ids[::-1]
    assert rest.get("/runs", params={**query, "status": "RUNNING"}).json()["items"] == []
    ended = rest.get("/runs", params={**query, "name": "", "status": "success", "q": "LISTE", "texts": True}).json()
    assert [each["text"] for each in ended["items"]] == ["SELECT 2", "SELECT 1"]
    assert rest.get("/runs", params={**query, "status": "FAILED"}).json()["items"] == []
    assert live_server.project in rest.get("/runs/projects").json()["may_run"]


def test_what_fails_is_an_instance_that_failed(rest: httpx.Client, live_server: Ready) -> None:
    done = run(rest, live_server.project, "SELECT * FROM t_run_nowhere")
    (task,) = done["tasks"]
    assert task["status"] == done["line"]["status"] == "FAILED" and "t_run_nowhere" in task["output"]
    none = rest.get(f"/runs/{done['line']['project']}/{done['line']['id']}/rows")
    assert none.status_code == 404 and "has no rows" in none.json()["message"]


def test_an_instance_that_runs_is_stopped(rest: httpx.Client, live_server: Ready) -> None:
    numbers = ", ".join(f"({n})" for n in range(1000))
    run(rest, live_server.project, "CREATE TABLE IF NOT EXISTS t_run_rows (n BIGINT)")
    assert run(rest, live_server.project, f"INSERT OVERWRITE TABLE t_run_rows VALUES {numbers}")["line"]["status"] == "SUCCESS"  # fmt: skip
    made = rest.post("/runs", json={"project": live_server.project, "sql": ENDLESS}).json()
    path = f"/runs/{made['line']['project']}/{made['line']['id']}"
    stopped = rest.post(f"{path}/stop", json={})
    assert stopped.status_code == 200, stopped.text
    assert ended(rest, made["line"])["line"]["status"] == "CANCELLED"
    again = rest.post(f"{path}/stop", json={})
    assert again.status_code == 409 and "Terminated" in again.json()["message"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"sql": "  "}, 400, "no SQL"),
        ({"sql": "SELECT 1;\nSELEC 1"}, 400, "ODPS-0130161:[2,1] Parse exception - invalid token 'SELEC'"),
        ({"sql": "SELECT 1", "project": "nowhere"}, 404, "nowhere"),
        ({"sql": "SELECT 1", "priority": 10}, 400, "priority"),
    ],
)
def test_what_cannot_run_is_refused(
    rest: httpx.Client, live_server: Ready, body: dict[str, Any], status: int, says: str
) -> None:
    refused = rest.post("/runs", json={"project": live_server.project, **body})
    assert refused.status_code == status and says in refused.json()["message"], refused.text


@pytest.mark.parametrize(
    ("query", "says"), [({"status": "LOST"}, "status"), ({"limit": 0}, "limit"), ({"submitted_from": "2026-01-01T00:00:00"}, "zone"), ({"submitted_to": "0001-01-01T00:00:00+14:00"}, "years")]
)  # fmt: skip
def test_lists_say_what_they_do_not_know(
    rest: httpx.Client, live_server: Ready, query: dict[str, Any], says: str
) -> None:
    refused = rest.get("/runs", params={"project": live_server.project, **query})
    assert refused.status_code == 400 and says in refused.json()["message"]
    assert rest.get("/runs", params={"project": "nowhere"}).status_code == 404


def test_nothing_is_told_without_a_login(live_server: Ready) -> None:
    for path in ("/runs/projects", f"/runs?project={live_server.project}", "/overview"):
        assert httpx.get(live_server.rest_url + path).status_code == 401
