"""SQL in the worksheet: rows, errors at their place, names, downloads, history, what is kept, and the page of the task instance."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.console import Console
from tests.scenarios.stage import House

FIRST = "SELECT n, s FROM VALUES (1, 'one'),\n(2, NULL), (3, '') t(n, s);"
ENDLESS = "SELECT count(*) FROM (SELECT 1 FROM w_rows a JOIN w_rows b ON 1 = 1 JOIN w_rows c ON 1 = 1 JOIN w_rows d ON 1 = 1) x"


def write(page: Page, sql: str) -> None:
    page.get_by_role("textbox", name="SQL").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(sql)


def run(page: Page, sql: str) -> None:
    write(page, sql)
    expect(page.get_by_role("button", name=re.compile("^Run"))).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Control+Enter")


def rows_of(page: Page) -> Locator:
    return page.get_by_role("table", name="Result").get_by_role("row")


def ended(page: Page, how: str) -> None:
    expect(page.get_by_role("main").locator(".standing")).to_contain_text(how)


def test_sql_is_run_and_its_rows_are_shown_and_downloaded(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    run(page, FIRST)
    rows = rows_of(page)
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("one")
    expect(rows.nth(2).get_by_role("cell").nth(2)).to_have_text("NULL")
    expect(rows.nth(3).get_by_role("cell").nth(2)).to_have_text("")
    with page.expect_download() as found:
        page.get_by_role("link", name="Download CSV").click()
    lines = list(csv.reader(Path(found.value.path()).read_text().splitlines()))
    assert lines == [["n", "s"], ["1", "one"], ["2", "\\N"], ["3", ""]]

    run(page, "SELECT * FROM nowhere_at_all")
    expect(page.get_by_role("tabpanel").get_by_role("alert")).to_contain_text("nowhere_at_all")
    page.get_by_role("tab", name="History").click()
    history = page.get_by_role("tabpanel").get_by_role("button")
    expect(history.nth(0)).to_contain_text("SELECT * FROM nowhere_at_all")
    history.filter(has_text="SELECT n, s FROM VALUES").first.click()
    expect(rows).to_have_count(4)

    page.get_by_role("link", name="Details").click()
    expect(page.get_by_role("main")).to_contain_text("SELECT n, s FROM VALUES")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Logview").click()
    expect(opened.value.get_by_role("banner")).to_contain_text("Logview")


def test_errors_stand_at_their_place_also_when_a_part_was_run(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    message, marked = page.locator(".cm-mark-message"), page.locator(".cm-mark")
    write(page, "SELECT 1;\nSELECT 2 AS two,\n  nope;")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+Home")
    expect(page.get_by_role("button", name="Run selection")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(message).to_contain_text("column nope cannot be resolved")
    expect(message).to_contain_text("[2,3]")
    expect(marked).to_have_text("nope")
    assert console.serious_violations() == []

    # What is written survives a reload, although only a part of it was run; so does the mark.
    page.reload()
    expect(page.get_by_role("textbox", name="SQL")).to_contain_text("SELECT 1;")
    expect(marked).to_have_text("nope")
    page.get_by_role("textbox", name="SQL").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" ")
    expect(message).to_have_count(0)

    write(page, "SELECT 1;\nSELEC 2;")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").first).to_contain_text("ODPS-0130161:[2,1]")
    expect(marked).to_have_text("SELEC")
    console.errors.clear()  # the browser reports the refused request by itself


def test_tables_are_found_opened_and_put_into_sql(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    run(
        page,
        "CREATE TABLE IF NOT EXISTS w_sale (id BIGINT, amount DECIMAL(20, 2)) PARTITIONED BY (ds STRING);"
        "INSERT OVERWRITE TABLE w_sale PARTITION (ds = '20260301') VALUES (1, 12345678901234567.89BD);",
    )
    ended(page, "Succeeded")
    tables = page.get_by_role("complementary", name="Tables")
    tables.get_by_role("searchbox", name="Find a table").fill("SAL")
    expect(tables.get_by_role("listitem")).to_have_count(1)
    tables.get_by_role("button", name="w_sale", exact=True).click()
    expect(tables.get_by_role("button", name="Insert ds string partition column")).to_be_visible()
    tables.get_by_role("button", name="1 partition").click()
    expect(tables.get_by_role("button", name="Insert ds='20260301'")).to_be_visible()
    assert console.serious_violations() == []

    write(page, "SELECT ")
    tables.get_by_role("button", name="Insert amount").click()
    page.keyboard.type(" FROM ")
    tables.get_by_role("button", name="Insert w_sale").click()
    page.keyboard.type(" s WHERE s.d")
    page.get_by_role("option", name="ds").click()
    page.keyboard.type(" = '20260301'")
    page.keyboard.press("Control+Enter")
    expect(rows_of(page).nth(1)).to_contain_text("12345678901234567.89")
    expect(page.get_by_role("textbox", name="SQL")).to_have_text("SELECT amount FROM w_sale s WHERE s.ds = '20260301'")


def test_wide_and_long_results_are_read_whole(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    columns = ", ".join(f"n + {place} AS c{place:04}" for place in range(1000))
    run(page, f"SELECT {columns}, repeat('long ', 2000) AS last FROM VALUES (1), (2) t(n)")
    expect(rows_of(page)).to_have_count(3)
    grid = page.get_by_role("table", name="Result").locator("..")
    grid.evaluate("element => { element.scrollLeft = element.scrollWidth }")
    expect(page.get_by_role("columnheader", name="c0999")).to_be_visible()
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Row 2")
    expect(panel.locator("dd").last).to_have_text("long " * 2000)
    panel.get_by_role("button", name="Previous row").click()
    expect(page.get_by_role("dialog", name="Row 1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_ten_thousand_rows_are_there_when_they_are_scrolled_to(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    run(page, "SELECT posexplode(split(space(9999), ' ')) AS (place, nothing)")
    expect(page.get_by_role("main")).to_contain_text("10,000 rows")
    page.get_by_role("table", name="Result").locator("..").focus()
    page.keyboard.press("End")
    expect(rows_of(page).last.get_by_role("cell").nth(1)).to_have_text("9999")


def test_what_runs_is_stopped(console: Console, night: House) -> None:
    page = console.open("/worksheet")
    run(
        page,
        f"DROP TABLE IF EXISTS w_rows; CREATE TABLE w_rows AS SELECT * FROM VALUES {', '.join(['(1)'] * 1000)} t(n);",
    )
    ended(page, "Succeeded")
    run(page, ENDLESS)
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    ended(page, "Cancelled")
    expect(page.get_by_role("progressbar")).to_have_count(0)
