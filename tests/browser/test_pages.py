"""Every page opens, says nothing in the browser's console, and has no serious fault of accessibility."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PASSWORD, night_of
from tests.browser.console import Console
from tests.scenarios.stage import House, Server, Stage

OF_INSTANCE = ["", "?mode=matrix", "?mode=lineage", "/dag", "/gantt", "/log", "/operations", "/code", "/diagnosis"]
PAGES = ["/", "/instances", "/instances?tab=scripts", "/instances?status=RUNNING&q=nothing", "/tasks", "/task-dag"]
PAGES += [f"/tasks/shop.A{part}" for part in ("", "/dag", "/versions", "/edit")]
PAGES += ["/runs", "/worksheet", "/nowhere"]
PAGES += [f"/instances/{{A}}{part}" for part in OF_INSTANCE] + ["/instances/{A}/lineage?field=t2", "/instances/{X}"]


@pytest.fixture(scope="module")
def watched(stage: Stage) -> House:
    """A night that is only looked at."""
    return night_of(stage)


@pytest.fixture(scope="module", params=["light", "dark"])
def window(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Console]:
    """One window for all pages, in either appearance."""
    opened = Console(browser, server.ready["rest_url"], color_scheme=request.param)
    opened.let_in("admin", PASSWORD)
    yield opened
    opened.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_without_errors(window: Console, watched: House, path: str) -> None:
    page = window.open(path.format(**watched.instances))
    expect(page.get_by_role("main").get_by_role("heading").first).to_be_attached()
    page.wait_for_load_state("networkidle")
    assert window.serious_violations() == []
    assert window.errors == []
