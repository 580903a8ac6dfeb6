"""The DAG of an instance, used with mouse and keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, night_of
from tests.browser.console import Console
from tests.scenarios.stage import House, Server, Stage


@pytest.fixture(scope="module")
def watched(stage: Stage) -> House:
    return night_of(stage)


@pytest.fixture(scope="module")
def window(browser: Browser, server: Server) -> Iterator[Console]:
    opened = Console(browser, server.ready["rest_url"])
    opened.let_in("admin", PASSWORD)
    yield opened
    opened.close()


@pytest.fixture
def page(window: Console, watched: House) -> Page:
    """The DAG of E, whose nodes are shown."""
    page = window.open(f"/instances/{watched.instances['E']}/dag")
    expect(page.get_by_role("button", name=re.compile("^E, #"))).to_be_visible()
    return page


def _inside(page: Page) -> tuple[float, float]:
    """A point of the card of A."""
    box = page.get_by_role("button", name=re.compile("^A, 4 fields")).bounding_box()
    assert box is not None
    return box["x"] + 30, box["y"] + 30


def test_the_menu_of_a_node_opens_where_it_stands(window: Console, watched: House, page: Page) -> None:
    card = page.get_by_role("button", name=re.compile("^A, 4 fields"))
    card.click(button="right")
    menu = page.get_by_role("menu", name="Operations of A")
    expect(menu.get_by_role("menuitem", name="Remove Upstream Dependency")).to_be_visible()
    assert window.serious_violations() == []
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(card).to_be_focused()
    card.press("Shift+F10")
    menu.get_by_role("menuitem", name="Rerun", exact=True).click()
    expect(window.panel).to_contain_text("Rerun")
    page.keyboard.press("Escape")

    page.get_by_role("button", name=re.compile("^V,")).click(button="right")
    menu = page.get_by_role("menu", name="Operations of V")
    rerun = menu.get_by_role("menuitem", name=re.compile("^Rerun It is"))
    expect(rerun).to_have_attribute("aria-disabled", "true")
    menu.get_by_role("menuitem", name="Show details").click()
    drawer = page.get_by_role("complementary", name="Details of V")
    drawer.get_by_role("tab", name="Diagnosis").click()
    expect(drawer).to_contain_text("Attempt 1 failed: division by zero")
    expect(drawer.get_by_role("region", name="Waits for V")).to_contain_text("Z")
    assert window.serious_violations() == []


def test_what_waits_for_a_node_is_told_where_its_table_is_closed(watched: House, window: Console) -> None:
    page = window.open(f"/instances/{watched.instances['E']}/dag?of={watched.instances['A']}&node={watched.nodes['C']}")
    drawer = page.get_by_role("complementary", name="Details of C")
    expect(drawer.get_by_role("region", name="Waits for C").get_by_role("button", name="E")).to_be_visible()
    expect(drawer.get_by_role("link", name="Download the log")).to_be_visible()


def test_keys_move_along_the_dependencies(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^E, #")).click()
    expect(page.get_by_role("complementary", name="Details of E")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="Details of P")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("complementary", name="Details of A")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name=re.compile("^C,"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)


def test_a_card_says_more_to_mouse_and_keys(window: Console, page: Page) -> None:
    page.get_by_role("button", name=re.compile("^A, 4 fields")).hover()
    page.mouse.move(*_inside(page), steps=3)
    expect(page.get_by_role("tooltip")).to_contain_text("Cycle")
    assert window.serious_violations() == []
    page.get_by_role("button", name="Full screen").hover()
    expect(page.get_by_role("tooltip").filter(has_text="Cycle")).to_have_count(0)
    page.get_by_role("button", name="Nodes", exact=True).focus()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.dataset.choice !== undefined"):
            break
    expect(page.get_by_role("tooltip").filter(has_text="Cycle")).to_be_visible()


def test_the_picture_grows_by_what_is_counted_beside_it(watched: House, page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"^Show 1 parent of A")).click()
    expect(page.get_by_role("button", name=re.compile("^S0, Script"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Children")).click()
    page.get_by_role("menuitemcheckbox", name="2 levels").click()
    expect(page.get_by_role("button", name=re.compile("^L, Script"))).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("L")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Details of L")).to_be_visible()
    page.reload()
    expect(page.get_by_role("complementary", name="Details of L")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^L, Script"))).to_be_visible()
