"""Sessions in the browser: signing in and what keeps one from it, another password, a session that ends, a connection that breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from taskhouse.services.access import passwords
from taskhouse.wiring.administration import administration
from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.browser.wire import Wire
from tests.scenarios.stage import House, Server

ANOTHER = "kuno54-mila77"


@pytest.fixture
def dora(server: Server) -> str:
    """A user of whom no other test knows."""
    server.token("dora")
    with administration(server.home) as world:
        passwords.put(world, "ALIYUN$dora", PASSWORD)
    return "dora"


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    made = Wire(server.ready["rest_url"])
    yield made
    made.close()


def test_ones_own_password_is_changed(outside: Console, browser: Browser, server: Server, dora: str) -> None:
    outside.let_in(dora, PASSWORD)
    elsewhere = Console(browser, server.ready["rest_url"])
    elsewhere.let_in(dora, PASSWORD)
    elsewhere.open("/tasks")
    page = outside.open("/instances?status=FAILED")
    page.get_by_role("button", name="Account of dora").click()
    page.get_by_role("menuitem", name="Change password").click()
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    button = page.get_by_role("button", name="Change password")
    expect(button).to_have_attribute("aria-disabled", "true")

    def fill(present: str, new: str, again: str) -> None:
        page.get_by_label("Current password").fill(present)
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_label("New password again").fill(again)

    fill(PASSWORD, ANOTHER, "kuno54-mila78")
    expect(button).to_have_accessible_description("The two new passwords differ")
    fill("not the password", ANOTHER, ANOTHER)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("The current password is not right.")
    assert outside.serious_violations() == []
    page.get_by_label("Current password").fill(PASSWORD)
    button.click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("The password is changed.")
    outside.errors.clear()  # the browser reports the refused request by itself

    # This session goes on, also for what needs its token; the others have ended, and lead back to where they were.
    page.get_by_label("Current password").fill(ANOTHER)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    button.click()
    expect(page.get_by_role("alert")).to_have_count(0)
    other = elsewhere.page
    other.get_by_role("link", name="Recurring", exact=True).click()
    expect(other).to_have_url(re.compile("/console/sign-in"))
    expect(other.get_by_text("Your session has ended.")).to_be_visible()
    elsewhere.errors.clear()
    other.get_by_label("User").fill(dora)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other).to_have_url(re.compile("/console/instances$"))
    elsewhere.close()


def test_signing_out_in_one_tab_signs_out_the_other(outside: Console, dora: str) -> None:
    outside.let_in(dora, PASSWORD)
    page = outside.open("/instances?tab=scripts&sort=name&order=asc")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    tab = outside.context.new_page()
    tab.goto(outside.base + "/tasks")
    tab.get_by_role("button", name="Account of dora").click()
    tab.get_by_role("menuitem", name="Sign out").click()
    expect(tab).to_have_url(re.compile("/console/sign-in$"))
    page.get_by_role("button", name="Refresh").click()
    expect(page).to_have_url(re.compile("/console/sign-in"))
    outside.errors.clear()
    page.get_by_label("User").fill(dora)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/console/instances\?tab=scripts&sort=name&order=asc$"))


def test_too_many_attempts_are_told_how_long_to_wait(outside: Console) -> None:
    page = outside.open("/sign-in")
    for _ in range(5):
        page.get_by_label("User").fill("mallory")
        page.get_by_label("Password").fill("not the password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
        expect(page.get_by_label("Password")).to_have_value("")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Too many attempts\. Try again in [45] minutes\."))
    outside.errors.clear()


def test_a_server_that_is_gone_is_told_when_signing_in(browser: Browser, wire: Wire, dora: str) -> None:
    console = Console(browser, wire.url)
    page = console.open("/sign-in")
    page.get_by_label("User").fill(dora)
    wire.cut()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    wire.mend()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    console.errors.clear()
    console.close()


def test_a_list_catches_up_after_the_connection_was_lost(browser: Browser, wire: Wire, night: House) -> None:
    console = Console(browser, wire.url)
    console.let_in("admin", PASSWORD)
    page = console.open("/instances")
    expect(page.get_by_text(re.compile("^Live, "))).to_be_visible()
    expect(console.row("E").get_by_role("button", name="2 fields succeeded, 1 field not running")).to_be_visible()
    wire.cut()
    expect(page.get_by_text("Not connected; what you see may be old")).to_be_visible(timeout=20_000)
    night.set(V="S")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(console.row("E")).to_be_visible()  # what was there stays
    wire.mend()
    expect(page.get_by_text(re.compile("^Live, "))).to_be_visible(timeout=45_000)
    expect(console.row("E").get_by_role("button", name="3 fields succeeded")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    console.errors.clear()
    console.close()
