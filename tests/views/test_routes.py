"""The routes of views over HTTP: parameters, errors, downloads."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from taskhouse.domain.roles import Actor
from taskhouse.protocols.mounting import Mounted
from taskhouse.protocols.odps.server import Server
from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.app import RestApp
from taskhouse.protocols.rest.routing import BASE_PATH
from taskhouse.services.world import World
from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.rest.conftest import Elsewhere
from tests.views.house import ADMIN, ALICE, VISITOR, House, house

USERS = {"admin": ADMIN, "alice": ALICE, "visitor": VISITOR}


def known_by_name(world: World, headers: Mapping[str, str], method: str) -> Actor:
    return USERS[headers["authorization"].removeprefix("Bearer ")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    folder: Path = tmp_path_factory.mktemp("views")
    with house(MemoryRecurringStore(), folder) as home:
        home.run_all()
        app = RestApp(home.world, all_routes(), authenticate=known_by_name)
        server = Server(Mounted(Elsewhere(), {BASE_PATH: app}), host="127.0.0.1")
        server.start()
        yield home, server.url + BASE_PATH
        server.stop()


class Client:
    def __init__(self, home: House, url: str) -> None:
        self.home = home
        self.http = httpx.Client(base_url=url, timeout=30)

    def get(self, path: str, as_user: str = "admin", expected: int = 200, /, **query: Any) -> Any:
        for name in ("A", "E", "X", "Y"):
            path = path.replace(f"/{name}", f"/{self.home.ids[name]}")
        path = path.replace("{B}", str(self.home.node("B")))
        found = self.http.get(path, params=query, headers={"authorization": f"Bearer {as_user}"})
        assert found.status_code == expected, found.text
        return found.json() if found.headers["content-type"].startswith("application/json") else found


@pytest.fixture(scope="module")
def client(served: tuple[House, str]) -> Iterator[Client]:
    made = Client(*served)
    yield made
    made.http.close()


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer["items"]]


def test_list_with_filters_and_pages(client: Client) -> None:
    first = client.get("/instances", limit=4)
    assert names(first) == ["Z", "X", "E", "Y"]
    rest = client.get("/instances", limit=4, marker=first["next_marker"])
    assert names(rest) == ["A", "S0"] and rest["next_marker"] == ""
    assert names(client.get("/instances", sort="name", order="asc", type="script")) == ["S0", "X", "Y", "Z"]
    assert names(client.get("/instances", kind="aggregate", status="succeeded")) == ["E"]
    assert names(client.get("/instances", bizdate="yesterday", search="a")) == ["A"]
    assert names(client.get("/instances", bizdate="20260302")) == []
    assert names(client.get("/instances", selection="A+1,kind:script")) == ["Y"]
    assert names(client.get("/instances", "alice", mine="failed")) == []
    assert names(client.get("/instances", started_from="2026-03-02T02:00:00+08:00", sort="name", order="asc")) == ["X", "Z"]  # fmt: skip
    assert names(client.get("/instances", due_from="2026-03-02", due_to="2026-03-02", kind="dimension")) == ["A"]
    hour = {"due_from": "2026-03-02T00:30", "due_to": "2026-03-02T01:00"}  # on the tenant's clocks
    assert names(client.get("/instances", **hour, sort="name", order="asc")) == ["A", "Y"]
    assert names(client.get("/instances", late=True)) == []
    line = client.get("/instances", search="A", kind="dimension")["items"][0]
    assert (line["bizdate"], line["due_at"], line["duration_s"]) == ("20260301", "2026-03-01T16:30:00Z", 2700.0)
    assert (line["statuses"], line["fields"]) == (["SUCCEEDED"], {"SUCCEEDED": 4})


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"status": "DONE"}, "status = 'DONE': there are"),
        ({"status": "PAUSED,FAILED"}, "stands alone"),
        ({"sort": "owner"}, "sort = 'owner'"),
        ({"order": "up"}, "it is asc or desc"),
        ({"mine": "all"}, "failed or unfinished"),
        ({"bizdate": "2026"}, "not a data timestamp"),
        ({"due_to": "soon"}, "neither a date nor a time"),
        ({"due_from": "0001-01-01T00:00:00+14:00"}, "outside the years"),
        ({"due_to": "9999-12-31T23:59:59-14:00"}, "outside the years"),
        ({"limit": 0}, "between 1 and 1000"),
        ({"environment": "TEST"}, "there are DEV, PROD"),
        ({"selection": "status:done"}, "is not a status"),
        ({"colour": "red"}, "no query parameter 'colour'"),
        ({"marker": "%%%"}, "marker"),
    ],
)
def test_what_is_wrong_with_a_filter_is_named(client: Client, query: dict[str, Any], words: str) -> None:
    answer = client.get("/instances", "admin", 400, **query)
    assert answer["code"] == "INVALID_ARGUMENT" and words in answer["message"]


@pytest.mark.parametrize("day", ["00010101", "9999-12-31"])
def test_days_that_have_none_before_or_after_are_no_data_timestamps(client: Client, day: str) -> None:
    answer = client.get("/overview", "admin", 400, bizdate=day)
    assert answer["code"] == "INVALID_ARGUMENT" and "not a data timestamp" in answer["message"]


def test_counts(client: Client) -> None:
    found = client.get("/instances/counts")
    assert found["total"] == 6 and found["statuses"]["SUCCEEDED"] == 6


def test_pages_of_an_instance(client: Client) -> None:
    assert client.get("/instances/A")["line"]["name"] == "A"
    assert names(client.get("/instances/A/fields")) == ["id", "t1", "t2", "t3", "t4"]  # fmt: skip
    assert names(client.get("/instances/A/fields", search="t1")) == ["t1"]
    assert names(client.get("/instances/A/nodes")) == ["B", "C", "D"]
    offers = client.get("/instances/A/offers", operation="rerun")
    assert offers["operations"]["RERUN"]["open"] and len(offers["fields"]) == 4
    assert client.get("/node-instances/{B}")["name"] == "B"
    dag = client.get("/instances/A/dag", up=2, expand="all")
    assert [item["name"] for item in dag["instances"]] == ["A", "S0", "E", "Y", "virtual_root_node"]
    dag = client.get("/instances/A/dag", more=f"down:{client.home.ids['E']}")
    assert {item["name"] for item in dag["instances"]} == {"A", "S0", "E", "Y", "X", "Z"}
    assert client.get("/instances/A/lineage/production", field="t2")["nodes"][1]["node"]["name"] == "C"
    assert client.get("/instances/A/lineage/consumption", field="t4")["nodes"][0]["name"] == "E"
    assert client.get("/instances/A/code")["items"][0]["latest"]["parameters"] == {"bizdate": "20260301"}
    assert len(client.get("/instances/A/diagnosis")["items"]) == 3
    assert [link["name"] for link in client.get("/instances/X/gantt")["path"]][1:] == ["S0", "A", "E", "X"]
    end = client.home.ids["X"]
    assert [link["name"] for link in client.get("/instances/A/gantt", end=end)["path"]] == ["A", "E", "X"]
    assert client.get("/instances/A/operations") == {"items": [], "next_before": None}
    assert [run["status"] for run in client.get("/node-instances/{B}/runs")["items"]] == ["SUCCESS"]
    assert client.get("/node-instances/{B}/runs/1/log")["run"]["serial"] == 1


@pytest.mark.parametrize(
    ("path", "query", "user", "status", "code"),
    [
        ("/instances/999999", {}, "admin", 404, "NOT_FOUND"),
        ("/instances/A/code", {}, "visitor", 403, "FORBIDDEN"),
        ("/node-instances/{B}/runs", {}, "visitor", 403, "FORBIDDEN"),
        ("/instances/A/lineage/production", {"field": "t9"}, "admin", 404, "UNKNOWN_FIELD"),
        ("/instances/A/lineage/production", {"field": "id"}, "admin", 404, "UNKNOWN_FIELD"),
        ("/instances/A/lineage/production", {}, "admin", 400, "INVALID_ARGUMENT"),
        ("/instances/A/dag", {"limit": 10_001}, "admin", 400, "LIMIT_EXCEEDED"),
        ("/instances/A/dag", {"expand": "me"}, "admin", 400, "INVALID_ARGUMENT"),
        ("/instances/A/dag", {"more": "above:1"}, "admin", 400, "INVALID_ARGUMENT"),
        ("/instances/Y/gantt", {"start": "{E}"}, "admin", 409, "NO_PATH"),
        ("/instances/A/neighbours.xlsx", {"levels": "many"}, "admin", 400, "INVALID_ARGUMENT"),
        ("/instances/A/neighbours.xlsx", {"levels": "11"}, "admin", 400, "LIMIT_EXCEEDED"),
        ("/node-instances/999999", {}, "admin", 404, "NOT_FOUND"),
        ("/node-instances/{B}/runs/9/log", {}, "admin", 404, "NOT_FOUND"),
        ("/tasks/none", {}, "admin", 404, "NOT_FOUND"),
        ("/instances", {"project": "crm"}, "visitor", 403, "FORBIDDEN"),
    ],
)
def test_refusals(client: Client, path: str, query: dict[str, Any], user: str, status: int, code: str) -> None:
    query = {name: client.home.ids["E"] if value == "{E}" else value for name, value in query.items()}
    answer = client.get(path, user, status, **query)
    assert answer["code"] == code and answer["message"]


def test_downloads(client: Client) -> None:
    found = client.get("/instances.xlsx", kind="dimension")
    assert (
        found.headers["content-disposition"] == 'attachment; filename="Dataphin_recurring_instance_20260302030000.xlsx"'
    )
    sheet = openpyxl.load_workbook(io.BytesIO(found.content)).worksheets[0]
    assert (sheet.max_row, sheet.max_column, sheet["A2"].value) == (2, 15, "A")
    found = client.get("/instances/A/neighbours.xlsx", levels="unlimited")
    assert 'filename="A_upstream_and_downstream_nodes_20260302030000.xlsx"' in found.headers["content-disposition"]
    assert openpyxl.load_workbook(io.BytesIO(found.content)).worksheets[0].max_row == 8


def test_tasks(client: Client) -> None:
    assert names(client.get("/tasks", kind="dimension,aggregate")) == ["A", "E"]
    assert client.get("/tasks/shop.A")["schedule"]["times"] == ["00:30"]
    assert [each["version"] for each in client.get("/tasks/shop.A/versions")["items"]] == [1]
    assert len(client.get("/tasks/shop.A/dag")["tasks"]) == 4
    assert names(client.get("/tasks", environment="DEV")) == []
