"""A rehearsal server with a workspace, and Debian's Chromium in front of its console."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.console import Console
from tests.scenarios.stage import FIXTURE, House, RestDoor, Server, Stage

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "bako31-tuve08"
LAST = """
  - name: L
    type: SQL
    schedule: {at: "02:30"}
    dependencies: [shop.X, shop.Z]
    code: SELECT 1
"""
"""A script behind two others, so that one of the dependencies can be removed."""
USERS = ("admin", "ann")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the page said when a test failed is part of its report."""
    report = yield
    windows = [each for each in getattr(item, "funcargs", {}).values() if isinstance(each, Console)]
    for opened in windows if report.failed and call.when == "call" else ():
        report.sections.append(("page", f"{opened.page.url}\n{opened.page.locator('body').aria_snapshot()}"))
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's browser is; the only reason for these tests to be skipped."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose users admin and ann have a password; ann may look, and may not operate."""
    from taskhouse.services.access import passwords
    from taskhouse.wiring.administration import administration

    started = Server(tmp_path_factory.mktemp("console") / "home").start()
    for user in USERS:
        started.token(user)
    with administration(started.home) as world:
        for user in USERS:
            passwords.put(world, f"ALIYUN${user}", PASSWORD)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def stage(server: Server) -> Iterator[Stage]:
    shop = FIXTURE.read_text(encoding="utf-8")
    made = Stage(server, {"shop.yaml": shop.replace("\nscripts:\n", f"\nscripts:{LAST}")})
    yield made
    made.close()


@pytest.fixture
def night(stage: Stage) -> House:
    return night_of(stage)


def night_of(stage: Stage) -> House:
    """03:00 of a new night in which C of table A failed, and with it V of table E and what is behind did not run."""
    house = House(stage, RestDoor(stage.rest.client), stage.next_run_date())
    house.at("00:10").at("00:25").finish("S0").at("00:30").at("00:40").finish("B", "D").at("00:45")
    return (
        house.fail("C", reason="ERROR", message="division by zero").finish("Y").at("01:30").finish("P", "Q").at("03:00")
    )


@pytest.fixture
def console(browser: Browser, server: Server) -> Iterator[Console]:
    """The administrator's console. Errors of the browser's console fail the test."""
    opened = Console(browser, server.ready["rest_url"])
    opened.let_in("admin", PASSWORD)
    yield opened
    opened.close()


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Console]:
    """The console of ann, an analyst."""
    opened = Console(browser, server.ready["rest_url"])
    opened.let_in("ann", PASSWORD)
    yield opened
    opened.close()


@pytest.fixture
def outside(browser: Browser, server: Server) -> Iterator[Console]:
    """A window in which nobody is signed in."""
    opened = Console(browser, server.ready["rest_url"])
    yield opened
    opened.close()
