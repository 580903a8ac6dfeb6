"""The pages of one instance, looked at: why it does not run, where the time went, how a field is made, what a run wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PASSWORD, night_of
from tests.browser.console import Console
from tests.scenarios.stage import House, Server, Stage

LINES = 2_000
LOG = "".join(f"{number}\n" for number in range(1, LINES)) + "ValueError: no such day"


@pytest.fixture(scope="module")
def watched(stage: Stage) -> House:
    """A night that is only looked at, in which X failed, too, with much to say."""
    return night_of(stage).fail("X", reason="ERROR", message=LOG)


@pytest.fixture(scope="module")
def window(browser: Browser, server: Server) -> Iterator[Console]:
    opened = Console(browser, server.ready["rest_url"])
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.let_in("admin", PASSWORD)
    yield opened
    opened.close()


def test_the_first_blocking_node_is_told_at_once(window: Console, watched: House) -> None:
    page = window.open(f"/instances/{watched.instances['Z']}/diagnosis")
    cause = page.get_by_role("region", name="First blocking node")
    expect(cause).to_contain_text("Attempt 1 failed: division by zero")
    way = cause.get_by_role("list", name="The way up to it").get_by_role("listitem")
    expect(way).to_have_text(["A/C", "E/V", "this node"])
    expect(cause.get_by_role("link", name="Open the run log")).to_have_attribute("href", re.compile("/log"))
    cause.get_by_role("link", name="A/C").first.click()
    expect(page.get_by_role("region", name="C", exact=True)).to_contain_text("Blocked by: Execution")


def test_a_diagnosis_speaks_chinese(browser: Browser, server: Server, watched: House) -> None:
    opened = Console(browser, server.ready["rest_url"])
    opened.let_in("admin", PASSWORD)
    page = opened.open("/instances")
    page.get_by_role("button", name="admin").click()
    page.get_by_role("menuitem", name="Language").hover()
    page.get_by_role("menuitemcheckbox", name="中文").click()
    opened.open(f"/instances/{watched.instances['Z']}/diagnosis")
    expect(page.get_by_role("region", name="源头阻塞节点")).to_contain_text("第 1 次尝试失败：division by zero")
    expect(page.get_by_text("1 个上游未成功")).to_be_visible()
    opened.close()


def test_a_chart_tells_what_else_ran_and_can_leave_it_out(window: Console, watched: House) -> None:
    page = window.open(f"/instances/{watched.instances['L']}/gantt")
    chart = page.get_by_role("region", name="Critical path over time")
    expect(chart.get_by_role("heading", name="Also between start and end")).to_contain_text("1 instance, none decisive")
    expect(chart.get_by_role("link", name="X", exact=True)).to_be_visible()
    page.get_by_role("switch", name="Critical path only").click()
    expect(chart.get_by_role("heading", name="Also between start and end")).to_have_count(0)
    expect(page).to_have_url(re.compile("only=path"))
    page.get_by_role("button", name="Show data").click()
    expect(page.get_by_role("cell", name="E/V", exact=True)).not_to_have_count(0)


def test_no_path_names_both_ends(window: Console, watched: House) -> None:
    y = watched.instances["Y"]
    page = window.open(f"/instances/{watched.instances['E']}/gantt?as=start&with={y}")
    expect(page.get_by_text(re.compile(rf"Nothing leads from E\(.*\) to Y\({y}, .*\)\."))).to_be_visible()
    window.errors.clear()  # the browser reports the refused request by itself


def test_a_lineage_says_how_what_it_reads_stands(window: Console, watched: House) -> None:
    page = window.open(f"/instances/{watched.instances['E']}/lineage?field=m3")
    card = page.get_by_role("region", name="Production lineage of m3").get_by_role(
        "button", name=re.compile("^A Failed")
    )
    expect(card).to_contain_text("t3")
    page.get_by_role("switch", name="Blocking nodes").click()
    expect(page.get_by_role("button", name=re.compile("^C Failed"))).to_contain_text("A/C")
    card.click()
    expect(page.get_by_role("region", name="Production lineage of t3")).to_be_visible()


def test_a_long_log_is_read_where_it_is_looked_at(window: Console, watched: House, tmp_path: Path) -> None:
    page = window.open(f"/instances/{watched.instances['X']}/log")
    log = page.get_by_role("log", name="Log of X")
    expect(page.get_by_text(f"{LINES:,} lines")).to_be_visible()
    expect(log.get_by_text("ValueError: no such day")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Jump to end")).to_have_count(0)
    log.focus()
    page.keyboard.press("Home")
    expect(log.locator("code").first).to_have_text("1")
    page.get_by_role("button", name="Jump to end").click()
    expect(log.get_by_text("ValueError: no such day")).to_be_in_viewport()

    page.keyboard.press("/")
    find = page.get_by_role("searchbox", name="Find in the log")
    expect(find).to_be_focused()
    find.fill("77")
    expect(page.get_by_text("1 of 38", exact=True)).to_be_visible()
    expect(log.locator(".found")).to_contain_text("77")
    find.press("Shift+Enter")
    expect(page.get_by_text("38 of 38", exact=True)).to_be_visible()
    expect(log.locator(".found mark")).to_be_in_viewport()
    assert window.serious_violations() == []

    page.get_by_role("button", name="Copy the log").click()
    expect(page.get_by_text("Log copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == LOG
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the log").click()
    saved.value.save_as(tmp_path / "run.log")
    assert (tmp_path / "run.log").read_text() == LOG


def test_what_never_ran_and_what_is_not_there_say_so(window: Console, watched: House) -> None:
    page = window.open(f"/instances/{watched.instances['Z']}/log")
    expect(page.get_by_role("heading", name="Never ran")).to_be_visible()
    page = window.open("/instances/abc/dag")
    expect(page.get_by_text("No instance has the id abc.")).to_be_visible()
    assert window.serious_violations() == []
    page = window.open("/instances/999999/gantt")
    expect(page.get_by_role("heading", name="There is no such instance")).to_be_visible()
    page.get_by_role("link", name="Go to the instances").click()
    expect(window.row("A").first).to_be_visible()
    window.errors.clear()  # the browser reports the missing instance by itself


def test_an_analyst_reads_neither_log_nor_code(visitor: Console, watched: House) -> None:
    a = watched.instances["A"]
    for tab in ("log", "code"):
        page = visitor.open(f"/instances/{a}/{tab}")
        expect(page.get_by_text(re.compile("administrators, developers and operators"))).to_be_visible()
    # The drawer of a DAG says so, too, and asks for nothing that is refused: the browser would report it.
    page = visitor.open(f"/instances/{a}/dag?of={a}&node={watched.nodes['C']}")
    drawer = page.get_by_role("complementary", name="Details of C")
    expect(drawer).to_contain_text("Only administrators, developers and operators")
    drawer.get_by_role("tab", name="Code").click()
    expect(drawer).to_contain_text("Only administrators, developers and operators")
    for path in ("runs/1/lines", "runs/1/matches?text=a", "runs/1/log.txt", "runs/1/log", "runs"):
        answer = visitor.context.request.get(f"{visitor.rest_url}/node-instances/{watched.nodes['C']}/{path}")
        assert answer.status == 403, path
    page = visitor.open(f"/instances/{watched.instances['Z']}/diagnosis")
    expect(page.get_by_role("region", name="First blocking node")).to_contain_text("A/C")
