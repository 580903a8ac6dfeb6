"""Every other operation of the console, from its menu to what it did."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.console import Console
from tests.scenarios.stage import House


def test_an_instance_is_paused_and_resumed(console: Console, night: House) -> None:
    console.open("/instances")
    console.more("E", "Pause")
    console.confirm("Pause 1 node", "Pause accepted")
    expect(console.row("E").get_by_role("button", name=re.compile("1 node paused"))).to_be_visible()
    assert night.status("V") == "INIT+paused"

    console.more("E", "Resume")
    console.confirm("Resume 1 node", "Resume accepted")
    expect(console.row("E").get_by_role("button", name=re.compile("paused"))).to_have_count(0)
    assert night.status("V") == "INIT"


def test_a_running_instance_is_stopped_and_set_to_success(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("A").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    page.get_by_role("radio", name=re.compile("Specific fields")).click()
    page.get_by_role("checkbox", name="t4", exact=True).click()
    console.confirm("Rerun 1 field", "Rerun accepted")
    expect(console.row("A").get_by_role("button", name=re.compile("1 node running"))).to_be_visible()

    console.more("A", "Stop")
    console.confirm("Stop 1 node", "Stop accepted")
    expect(console.row("A").get_by_role("button", name=re.compile("2 nodes failed"))).to_be_visible()

    console.more("A", "Set To Success & Resume")
    console.confirm("Set 2 nodes to success", "Set To Success & Resume accepted")
    expect(console.row("A").get_by_role("button", name="4 fields succeeded")).to_be_visible()
    expect(console.row("E").get_by_role("button", name=re.compile("1 node running"))).to_be_visible()


def test_a_forced_rerun_downstream_begins_with_a_dry_run(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.more("A", "Forced Rerun", "Force Rerun Downstream Instances")
    page.get_by_role("radio", name=re.compile("Dry-run")).click()
    console.panel.get_by_role("button", name="Show consequences").click()
    expect(console.panel).to_contain_text("Marked Succeeded, no data")
    button = console.panel.get_by_role("button", name=re.compile("Force rerun of it and"))
    expect(button).to_have_attribute("aria-disabled", "true")
    console.panel.get_by_role("checkbox", name=re.compile("I know that")).click()
    console.confirm(re.compile("Force rerun of it and"), "Force Rerun Downstream Instances accepted")
    expect(console.row("A").get_by_role("button", name="4 fields succeeded")).to_be_visible()
    expect(console.row("E").get_by_role("button", name="3 nodes running")).to_be_visible()
    assert night.show("B C D P Q V") == "B:S C:S D:S P:R Q:R V:R"
    night.finish("P", "Q", "V")
    expect(console.row("E").get_by_role("button", name="3 fields succeeded")).to_be_visible()


def test_an_upstream_is_removed(console: Console, night: House) -> None:
    page = console.open("/instances?tab=scripts")
    console.more("L", "Remove Upstream Dependency")
    page.get_by_role("checkbox", name="X", exact=True).click()
    console.confirm("Remove 1 upstream dependency", "Remove Upstream Dependency accepted")
    expect(console.row("L").get_by_role("img", name="Upstream removed")).to_be_visible()


def test_the_priority_of_several_is_changed(console: Console, night: House) -> None:
    page = console.open("/instances")
    for name in ("A", "E"):
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).click()
    bar = page.get_by_role("toolbar", name="Batch operations")
    expect(bar).to_contain_text("2 selected")
    expect(bar.get_by_role("button", name=re.compile("^Stop"))).to_have_attribute("aria-disabled", "true")
    bar.get_by_role("button", name=re.compile("^Modify Priority")).click()
    page.get_by_role("radio", name="Highest", exact=True).click()
    console.confirm("Modify Priority: 2 of 2", "Modify Priority accepted for 2 of 2 instances")
    for name in ("A", "E"):
        expect(console.row(name)).to_contain_text("Highest")
