"""The overview: what failed and why, what waits behind it, where its numbers lead, and that it follows what happens."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.scenarios.stage import House, Server


def tile(console: Console, name: str) -> Locator:
    return console.page.locator(".tiles > li").filter(has_text=re.compile(f"^{name}"))


def test_it_says_why_and_leads_to_the_lists(console: Console, night: House) -> None:
    page = console.open(f"/?date={night.run_date - timedelta(days=1)}")
    failed = page.get_by_role("region", name="Failed")
    expect(failed).to_contain_text("C: division by zero")
    late = page.get_by_role("region", name="Late")
    expect(late).to_contain_text("behind A/C, failed")
    expect(page.get_by_role("region", name="Slots")).to_contain_text("of 20")

    tile(console, "Failed").get_by_role("link", name="1 table").click()
    expect(page).to_have_url(re.compile(rf"/instances\?bizdate={night.bizdate}&status=FAILED$"))
    expect(console.row("A")).to_be_visible()
    expect(page.locator(".page-foot")).to_contain_text("1–1 of 1 instances")
    page.go_back()
    tile(console, "Late").get_by_role("link", name=re.compile("^1 script|^2 scripts|^3 scripts")).click()
    expect(page).to_have_url(re.compile("tab=scripts&late=true"))
    expect(console.row("Z")).to_be_visible()
    page.go_back()
    page.get_by_role("region", name="By project and hour").get_by_role("link", name=re.compile("^00:00, ")).click()
    expect(page).to_have_url(re.compile(f"due_from={night.run_date}T00%3A00.*due_to={night.run_date}T01%3A00"))
    expect(console.row("A")).to_be_visible()
    expect(console.row("E")).to_have_count(0)  # due at 01:00
    page.go_back()
    failed.get_by_role("link", name="A", exact=True).click()
    expect(page).to_have_url(re.compile(f"/instances/{night.instances['A']}/diagnosis"))


def test_it_follows_what_happens_and_tells_of_days_before(console: Console, night: House) -> None:
    page = console.open(f"/?date={night.run_date - timedelta(days=1)}")
    expect(tile(console, "Failed").locator("b")).to_have_text("1")
    before = page.evaluate("() => performance.timeOrigin")
    night.set(C="S")
    expect(tile(console, "Failed").locator("b")).to_have_text("0")
    expect(page.get_by_role("region", name="Failed")).to_contain_text("Nothing failed.")
    night.set(B="F")
    expect(tile(console, "Failed").locator("b")).to_have_text("1")
    assert page.evaluate("() => performance.timeOrigin") == before  # the page was not loaded again

    page.get_by_role("button", name="The day after").click()
    expect(page.get_by_role("heading", name=re.compile("^Nothing is scheduled|2026$")).first).to_be_visible()
    told = page.get_by_role("main").get_by_role("status").filter(has_text="of the seven days before")
    told.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"bizdate_from=\d{8}&bizdate_to=\d{8}&status=FAILED"))
    expect(console.row("A").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_with_its_data_shown_and_narrow(
    browser: Browser, server: Server, night: House, theme: str
) -> None:
    console = Console(browser, server.ready["rest_url"], locale="zh-CN", color_scheme=theme, reduced_motion="reduce")
    console.let_in("admin", PASSWORD)
    page = console.open(f"/?date={night.run_date - timedelta(days=1)}")
    expect(page.get_by_role("region", name="失败")).to_contain_text("C：division by zero")
    page.get_by_text("显示数据").click()
    expect(page.get_by_role("columnheader", name="中位数")).to_be_visible()
    page.get_by_role("button", name=re.compile("^项目")).click()
    expect(page.get_by_role("dialog", name="项目")).to_be_visible()
    assert console.serious_violations() == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 800, "height": 900})
    assert page.locator(".page-body").evaluate("body => body.scrollWidth <= body.clientWidth")
    console.close()


def test_an_analyst_sees_the_day_and_not_what_she_may_not(visitor: Console, night: House) -> None:
    page = visitor.open(f"/?date={night.run_date - timedelta(days=1)}")
    expect(tile(visitor, "Failed").locator("b")).to_have_text("1")
    page.goto(visitor.base + "/instances")
    for name in ("A", "E"):
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).click()
    bar = page.get_by_role("toolbar", name="Batch operations")
    for operation in ("Stop", "Pause", "Modify Priority"):
        button = bar.get_by_role("button", name=re.compile(f"^{operation}"))
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_accessible_description(re.compile("No permission to operate it"))
    expect(bar.get_by_role("button", name=re.compile("^Rerun"))).to_contain_text("0 of 2")
