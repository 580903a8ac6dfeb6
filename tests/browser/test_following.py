"""Pages that stay open while something happens elsewhere, or while only time passes."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.console import Console
from tests.scenarios.stage import House, RestDoor, Stage


def running(stage: Stage) -> House:
    """00:35 of a night: the nodes of A run since 00:30."""
    house = House(stage, RestDoor(stage.rest.client), stage.next_run_date())
    return house.at("00:10").at("00:25").finish("S0").at("00:30").at("00:35")


def test_what_happened_meanwhile_is_shown_when_a_page_is_shown_again(console: Console, stage: Stage) -> None:
    house = running(stage)
    page = console.open(f"/instances/{house.instances['A']}/dag")
    card = page.get_by_role("button", name=re.compile("^C, .*Running"))
    expect(card).to_be_visible()
    page.get_by_role("link", name="Operation log").click()
    expect(page.get_by_text("No operations yet")).to_be_visible()
    house.fail("C", reason="ERROR", message="division by zero")
    expect(page.get_by_text("1 node failed, 2 nodes running")).to_be_attached()
    page.go_back()
    expect(page.get_by_role("button", name=re.compile("^C, .*Failed"))).to_be_visible()

    page.goto(f"{console.base}/?date={house.run_date - timedelta(days=1)}")
    failed = page.locator(".tiles > li").filter(has_text=re.compile("^Failed")).locator("b")
    expect(failed).to_have_text("1")
    page.get_by_role("link", name="A", exact=True).first.click()
    expect(page.get_by_text("division by zero").first).to_be_visible()
    house.set(C="S")
    expect(page.get_by_text("1 node succeeded, 2 nodes running")).to_be_attached()
    page.go_back()
    expect(failed).to_have_text("0")


def test_what_runs_goes_on_when_only_time_passes(console: Console, stage: Stage) -> None:
    house = running(stage)
    page = console.open(f"/instances/{house.instances['A']}")
    t1 = console.row_of("t1")
    expect(t1).to_contain_text("5m 00s")
    house.at("00:40")
    expect(t1).to_contain_text("10m 00s")
    page.get_by_role("link", name="Run log").click()
    expect(page.get_by_role("table", name="Runs of the node")).to_contain_text("10m 00s")
    house.at("00:50")
    expect(page.get_by_role("table", name="Runs of the node")).to_contain_text("20m 00s")
    expect(page.get_by_role("navigation", name="Nodes")).to_contain_text("20m 00s")
    page.get_by_role("link", name="Gantt").click()
    chart = page.get_by_role("region", name="Critical path over time")
    expect(chart).to_contain_text("20m 00s")
    house.at("01:05")
    expect(chart).to_contain_text("35m 00s")
