"""Both downloads of the console, read back."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
from playwright.sync_api import Download

from tests.browser.console import Console
from tests.scenarios.stage import House


def rows(download: Download) -> list[tuple[object, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(Path(download.path()).read_bytes())).active
    return [tuple(row) for row in sheet.iter_rows(values_only=True)]


def test_the_list_is_downloaded(console: Console, night: House) -> None:
    page = console.open("/instances?status=FAILED")
    with page.expect_download() as found:
        page.get_by_role("link", name="Download All").click()
    assert found.value.suggested_filename.endswith(".xlsx")
    heads, *lines = rows(found.value)
    assert len(heads) == 15
    assert [line[0] for line in lines] == ["A"]


def test_the_neighbours_are_downloaded(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.more("A", "Download upstream and downstream nodes")
    page.get_by_role("radio", name="Unlimited levels").click()
    with page.expect_download() as found:
        page.get_by_role("dialog").get_by_role("link", name="OK").click()
    assert found.value.suggested_filename.endswith(".xlsx")
    cells = {cell for row in rows(found.value) for cell in row}
    assert {"S0", "E", "X"} <= cells
