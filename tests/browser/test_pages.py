"""Every page opens in either language and appearance, in a wide and in a narrow window: nothing is said in the browser's console, nothing is
asked of other hosts, nothing serious is found by axe, nothing leaves the window, nothing is left untranslated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.scenarios.stage import FIXTURE, House, RestDoor, Server, Stage

OF_INSTANCE = ["", "?mode=matrix", "?mode=lineage", "/dag", "/gantt", "/log", "/operations", "/code", "/diagnosis"]
PAGES = ["/", "/instances", "/instances?tab=scripts", "/instances?status=RUNNING&q=nothing", "/tasks", "/task-dag"]
PAGES += [f"/tasks/{task}{part}" for task in ("shop.A", "lab.W") for part in ("", "/dag", "/versions", "/edit")]
PAGES += ["/definitions", "/runs", "/runs/shop/{run}", "/worksheet?run=shop/{run}", "/account/password", "/nowhere"]
PAGES += [f"/instances/{{A}}{part}" for part in OF_INSTANCE] + ["/instances/{A}/lineage?field=t2", "/instances/{X}"]
PAGES += ["/?env=dev", "/instances?env=dev", "/tasks?env=dev", "/task-dag?env=dev", "/tasks/shop.A?env=dev"]
PAGES += [f"/instances/{{devA}}{part}?env=dev" for part in ("", "/dag", "/diagnosis")]

LAB_PROJECT = """
  - name: lab
    label: 实验
    mode: BASIC
    business_unit: retail
    owner: admin

defaults:
"""
LAB_TASK = """
scripts:
  - name: W
    project: lab
    type: SQL
    schedule: {at: "03:30"}
    dependencies: [shop.X]
    code: SELECT 1
"""
"""The other kind of project: without an environment for development."""

UNTRANSLATED = r"""() => {
  const found = new Set();
  const told = (text) => /^[A-Z][a-z]+( [a-z]+)+/.test(text) && !/[\u4e00-\u9fff]/.test(text);
  for (const each of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"]) if (told(each.getAttribute(name) ?? "")) found.add(each.getAttribute(name));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim();
    const within = texts.currentNode.parentElement;
    // What the server says, and what was written by users, is in their language.
    if (told(text) && !within.closest("script, style, pre, code, [role=alert], [lang=en]")) found.add(text);
  }
  return [...found];
}"""
BROKEN = r"""() => [...document.body.innerText.matchAll(/undefined|\[object |NaN|(?<![$])\{\w+\}/g)].map((each) => each[0])"""
OUTSIDE = """() => {
  const {scrollWidth, clientWidth} = document.documentElement;
  return scrollWidth - clientWidth;
}"""


@pytest.fixture(scope="module")
def shown(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, object]]]:
    """A server with a night in both environments, which is only looked at, and what stands in the addresses of its pages."""
    from taskhouse.services.access import passwords
    from taskhouse.wiring.administration import administration

    started = Server(tmp_path_factory.mktemp("pages") / "home").start()
    started.token("admin")
    with administration(started.home) as world:
        passwords.put(world, "ALIYUN$admin", PASSWORD)
    shop = FIXTURE.read_text(encoding="utf-8")
    shop = shop.replace("mode: BASIC", "mode: DEV_PROD")
    shop = shop.replace("\ndefaults:\n", LAB_PROJECT).replace("\nscripts:\n", LAB_TASK)
    stage = Stage(started, {"shop.yaml": shop}, ("DEV", "PROD"))
    night = House(stage, RestDoor(stage.rest.client), stage.next_run_date())
    night.at("00:10").at("00:25").finish("S0").at("00:30").at("00:40").finish("B", "D").at("00:45")
    night.fail("C", reason="ERROR", message="division by zero").finish("Y").at("01:30").finish("P", "Q").at("03:00")
    run = stage.rest.post("/runs", {"project": "shop", "sql": "SELECT nope"}).body["line"]["id"]
    dev = House(stage, night.door, night.run_date, environment="DEV")
    yield started, {**night.instances, "run": run, "devA": dev.instances["A"]}
    stage.close()
    started.stop()


@pytest.fixture(scope="module")
def window(browser: Browser, shown: tuple[Server, dict[str, object]]) -> Iterator[Console]:
    """One window for all pages. What moves would be measured half way."""
    opened = Console(browser, shown[0].ready["rest_url"], reduced_motion="reduce")
    opened.let_in("admin", PASSWORD)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def speak(window: Console) -> Iterator[Callable[[str], None]]:
    """Chooses a language in another tab, which the page follows."""
    other = window.context.new_page()
    other.goto(f"{window.base}/nowhere")

    def choose(language: str) -> None:
        other.evaluate("(language) => localStorage.setItem('taskhouse.language', language)", language)
        expect(window.page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))

    yield choose
    other.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_in_every_appearance(
    window: Console, speak: Callable[[str], None], shown: tuple[Server, dict[str, object]], path: str
) -> None:
    window.page.emulate_media(color_scheme="light")
    window.page.set_viewport_size({"width": 1440, "height": 900})
    page = window.open(path.format(**shown[1]))
    speak("en")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    page.wait_for_load_state("networkidle")
    assert re.fullmatch(r".+ · Taskhouse", page.title())
    assert window.serious_violations() == []
    page.emulate_media(color_scheme="dark")
    assert window.serious_violations("color-contrast") == []
    speak("zh")
    assert page.evaluate(UNTRANSLATED) == []
    assert page.evaluate(BROKEN) == []
    page.set_viewport_size({"width": 800, "height": 900})
    assert page.evaluate(OUTSIDE) == 0
    assert window.serious_violations() == []
    assert window.errors == []
