"""SQL in the worksheet: rows, errors, downloads, history, and the page of the task instance."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.scenarios.stage import House


def run(page: Page, sql: str) -> None:
    page.get_by_role("textbox", name="SQL").click()
    page.keyboard.press("Control+a")
    page.keyboard.type(sql)
    page.keyboard.press("Control+Enter")


def test_sql_is_run_and_its_rows_are_shown_and_downloaded(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    run(page, "SELECT n, s FROM VALUES (1, 'one'),\n(2, NULL) t(n, s);")
    rows = page.get_by_role("table", name="Result").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("one")
    expect(rows.nth(2)).to_contain_text("NULL")
    with page.expect_download() as found:
        page.get_by_role("link", name="Download CSV").click()
    lines = list(csv.reader(Path(found.value.path()).read_text().splitlines()))
    assert lines == [["n", "s"], ["1", "one"], ["2", "\\N"]]

    run(page, "SELECT * FROM nowhere_at_all")
    expect(page.get_by_role("tabpanel").get_by_role("alert")).to_contain_text("nowhere_at_all")
    page.get_by_role("tab", name="History").click()
    history = page.get_by_role("tabpanel").get_by_role("button")
    expect(history).to_have_count(2)
    history.nth(1).click()
    expect(rows).to_have_count(3)

    page.get_by_role("link", name="Details").click()
    expect(page.get_by_role("main")).to_contain_text("SELECT n, s FROM VALUES")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Logview").click()
    expect(opened.value.get_by_role("banner")).to_contain_text("Logview")
