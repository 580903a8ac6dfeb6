"""Task instances: found in the list, looked into, stopped; who may not; what is told when a result is not kept any more."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.console import Console
from tests.scenarios.stage import House, Server, Stage

ENDLESS = "SELECT count(*) FROM (SELECT 1 FROM many a JOIN many b ON 1 = 1 JOIN many c ON 1 = 1 JOIN many d ON 1 = 1) x"


def submit(rest: httpx.Client, sql: str, name: str) -> str:
    made = rest.post("/runs", json={"project": "shop", "sql": sql, "name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["line"]["id"])


def ended(rest: httpx.Client, id: str) -> dict[str, Any]:
    for _ in range(10_000):
        found: dict[str, Any] = rest.get(f"/runs/shop/{id}").json()
        if found["line"]["status"] not in ("WAITING", "RUNNING"):
            return found
    raise AssertionError(f"{id} does not end")


@pytest.fixture(scope="module")
def rest(stage: Stage) -> httpx.Client:
    made = f"CREATE TABLE IF NOT EXISTS many AS SELECT * FROM VALUES {', '.join(['(1)'] * 1000)} t(n)"
    assert ended(stage.rest.client, submit(stage.rest.client, made, "many"))["line"]["status"] == "SUCCESS"
    return stage.rest.client


def test_task_instances_are_found_and_looked_into(console: Console, rest: httpx.Client) -> None:
    good, bad = submit(rest, "SELECT 1 AS one", "listed good"), submit(rest, "SELECT nope", "listed bad")
    for id in (good, bad):
        ended(rest, id)
    page = console.open("/runs?project=shop")
    rows = page.get_by_role("table", name="Task instances").get_by_role("row")
    page.get_by_role("searchbox", name="Name or ID").fill("listed")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Status All").click()
    page.get_by_role("menuitemcheckbox", name="Failed").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("SELECT nope")
    page.reload()
    expect(rows).to_have_count(2)
    assert console.serious_violations() == []

    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/shop/{bad}$"))
    expect(page.get_by_role("alert")).to_contain_text("column nope cannot be resolved")
    expect(page.get_by_role("link", name="Logview")).to_have_attribute("href", re.compile(f"i={bad}"))
    assert console.serious_violations() == []
    page.go_back()
    expect(rows).to_have_count(2)


def test_what_runs_is_stopped_from_its_page(console: Console, rest: httpx.Client) -> None:
    id = submit(rest, ENDLESS, "endless")
    page = console.open(f"/runs/shop/{id}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("main")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Stop")).to_have_attribute("aria-disabled", "true")


def test_an_analyst_sees_no_task_instances_and_runs_no_sql(visitor: Console, night: House) -> None:
    page = visitor.open("/runs")
    expect(page.get_by_text("You may not list the task instances of any project.")).to_be_visible()
    page = visitor.open("/worksheet")
    run = page.get_by_role("button", name="Run")
    expect(run).to_have_attribute("aria-disabled", "true")
    expect(run).to_have_accessible_description("You may not run SQL in any project")


def test_a_result_that_is_gone_is_told_and_its_record_stays(
    console: Console, rest: httpx.Client, server: Server
) -> None:
    id = submit(rest, "SELECT 41 + 1 AS answer", "gone")
    ended(rest, id)
    page = console.open(f"/worksheet?run=shop/{id}")
    expect(page.get_by_role("cell", name="42")).to_be_visible()
    for kept in (server.home / "blobs" / "results").glob(f"{id}*"):
        kept.unlink()
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("is not kept any more")
    page.get_by_role("link", name="Details").click()
    expect(page.get_by_role("main")).to_contain_text("SELECT 41 + 1 AS answer")
    expect(page.get_by_role("main")).to_contain_text("is not kept any more")
    console.errors.clear()  # the browser reports the refused request by itself
