"""A night's repair in the console: from the failed instance to green, without loading the page anew."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.scenarios.stage import House


def test_a_failed_table_is_found_understood_and_rerun(outside: Console, night: House) -> None:
    console, page = outside, outside.page
    console.sign_in("admin", PASSWORD)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.evaluate("window.firstPage = true")
    page.get_by_role("link", name="Recurring", exact=True).click()
    page.get_by_role("group", name="Quick filters").get_by_role("button", name="Failed 1", exact=True).click()
    expect(console.row("A")).to_be_visible()
    expect(console.row("E")).to_have_count(0)

    page.get_by_role("link", name="A", exact=True).click()
    expect(console.row_of("t2")).to_contain_text("Succeeded")
    expect(console.row_of("t3")).to_contain_text("Failed")

    page.get_by_role("link", name="Diagnosis", exact=True).click()
    expect(page.get_by_text("division by zero").first).to_be_visible()
    page.get_by_role("link", name="Run log", exact=True).click()
    page.get_by_role("button", name=re.compile(r"\bC\b")).first.click()
    expect(page.get_by_text("division by zero").first).to_be_visible()

    page.get_by_role("link", name="Fields", exact=True).click()
    for field in ("t1", "t3"):
        page.get_by_role("checkbox", name=f"Select {field}", exact=True).click()
    bar = page.get_by_role("region", name="2 fields selected")
    expect(bar).to_contain_text("A rerun takes 1 more along")
    bar.get_by_role("button", name="Rerun", exact=True).click()
    along = console.panel.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name="t2", exact=True))
    expect(along).to_contain_text(re.compile("shares node [BC] with t[13]", re.IGNORECASE))
    expect(along.get_by_role("checkbox")).to_be_checked()
    expect(along.get_by_role("checkbox")).to_have_attribute("aria-disabled", "true")
    console.confirm("Rerun 3 fields", "Rerun accepted")
    assert night.show("B C D") == "B:R C:R D:S"

    expect(console.row_of("t3")).to_contain_text("Running")
    night.finish("B", "C")
    for field in ("t1", "t2", "t3", "t4"):
        expect(console.row_of(field)).to_contain_text("Succeeded")
    assert page.evaluate("window.firstPage") is True, "the page was loaded anew"
