"""Names of the warehouse over the REST API, on a real server: what is found, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskhouse.services.access import api_tokens
from taskhouse.wiring.administration import administration
from tests.rest.test_runs import run
from tools import server
from tools.server import Ready


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse") / "home"


@pytest.fixture(scope="module")
def ready(home: Path) -> Iterator[Ready]:
    with server.running(home, home.parent / "server.log") as found:
        yield found


def as_holder(ready: Ready, token: str) -> httpx.Client:
    return httpx.Client(base_url=ready.rest_url, headers={"authorization": f"Bearer {token}"}, timeout=60)


@pytest.fixture(scope="module")
def rest(ready: Ready) -> Iterator[httpx.Client]:
    with as_holder(ready, ready.token) as client:
        yield client


@pytest.fixture
def stranger(ready: Ready, home: Path) -> Iterator[httpx.Client]:
    """A user of the server without any right."""
    with administration(home) as world:
        world.access.ensure_user("ALIYUN$stranger", datetime.now(UTC))
        token = api_tokens.issue(world, "ALIYUN$stranger")[1]
    with as_holder(ready, token) as client:
        yield client


@pytest.fixture(scope="module")
def place(rest: httpx.Client, ready: Ready) -> str:
    """The path of a project with a partitioned table and a view."""
    sql = (
        "CREATE TABLE IF NOT EXISTS t_named_sale (id BIGINT NOT NULL COMMENT 'of the order', amount DECIMAL(20, 2)) "
        "COMMENT 'sales' PARTITIONED BY (ds STRING); "
        "INSERT OVERWRITE TABLE t_named_sale PARTITION (ds = '1') VALUES (1, 2BD); "
        "INSERT OVERWRITE TABLE t_named_sale PARTITION (ds = '2') VALUES (1, 2BD), (2, NULL); "
        "CREATE OR REPLACE VIEW v_named_sale AS SELECT id FROM t_named_sale;"
    )
    assert run(rest, ready.project, sql)["line"]["status"] == "SUCCESS"
    return f"/warehouse/{ready.project}"


def test_tables_are_found_by_a_part_of_their_name(rest: httpx.Client, place: str) -> None:
    found = rest.get(f"{place}/tables", params={"q": "NAMED_S"}).json()
    assert [(each["name"], each["kind"], each["is_partitioned"]) for each in found["items"]] == [
        ("t_named_sale", "MANAGED_TABLE", True),
        ("v_named_sale", "VIRTUAL_VIEW", False),
    ]
    first = rest.get(f"{place}/tables", params={"q": "named_s", "limit": 1}).json()
    after = rest.get(f"{place}/tables", params={"q": "named_s", "limit": 1, "marker": first["next_marker"]}).json()
    assert first["items"] + after["items"] == found["items"]
    assert rest.get(f"{place}/tables", params={"q": "named%sale"}).json()["items"] == []
    assert rest.get(f"{place}/schemas").json()["items"] == ["default"]


def test_a_table_has_columns_and_its_latest_partitions(rest: httpx.Client, place: str) -> None:
    found = rest.get(f"{place}/tables/T_NAMED_SALE").json()
    assert [(each["name"], each["type"], each["is_partition"]) for each in found["columns"]] == [
        ("id", "bigint", False),
        ("amount", "decimal(20,2)", False),
        ("ds", "string", True),
    ]
    assert found["columns"][0]["comment"] == "of the order" and not found["columns"][0]["is_nullable"]
    assert (found["line"]["comment"], found["rows"], found["partitions"]) == ("sales", 3, 2)
    parts = rest.get(f"{place}/tables/t_named_sale/partitions", params={"limit": 1}).json()
    assert [(each["spec"], each["rows"]) for each in parts["items"]] == [("ds='2'", 2)] and parts["next_marker"]
    refused = rest.get(f"{place}/tables/v_named_sale/partitions")
    assert refused.status_code == 400 and "not partitioned" in refused.json()["message"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/tables/nowhere", {}, 404),
        ("/tables", {"schema": "nowhere"}, 404),
        ("/tables", {"limit": 0}, 400),
        ("/../no_such_project/tables", {}, 404),
    ],
)
def test_what_is_not_there_is_not_found(
    rest: httpx.Client, place: str, path: str, query: dict[str, Any], status: int
) -> None:
    assert rest.get(place + path, params=query).status_code == status


def test_functions_are_those_of_the_registry(rest: httpx.Client) -> None:
    found = {each["name"]: each for each in rest.get("/warehouse/functions").json()["items"]}
    assert found["count"]["kind"] == "aggregate" and found["row_number"]["kind"] == "window"
    assert found["substr"]["signatures"] and found["substr"]["summary"]


def test_whoever_has_no_right_finds_no_names(rest: httpx.Client, place: str, stranger: httpx.Client) -> None:
    for path in ("/tables", "/tables/t_named_sale", "/tables/t_named_sale/partitions", "/schemas"):
        assert stranger.get(place + path).status_code == 403, path
