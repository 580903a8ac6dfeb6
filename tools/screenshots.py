"""Takes a picture of every page of the console: `python -m tools.screenshots OUT`, or `--docs` for those that the documentation shows.

Without `--url` a server with the demo is started on a home of its own. With it, pictures are taken of what that server shows (`--user`, and the
password in TASKHOUSE_PASSWORD). The latest instance that failed, or the latest one, is the one that is looked into.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tools import server

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "pictures"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE: ViewportSize = {"width": 1440, "height": 900}
SETTLED_MS = 400
"""After the last answer: pictures that are laid out in a worker have come to rest."""
DEMO_S = 300
QUERY = """SELECT o.name AS airport, COUNT(*) AS flights, ROUND(AVG(f.dep_delay), 1) AS mean_delay
FROM taskhouse.flights f JOIN taskhouse.airports o ON f.origin = o.faa
GROUP BY o.name
ORDER BY flights DESC;
"""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: where the page is (`{id}`, `{task}` of the one looked into), and what is done on it first."""

    name: str
    path: str
    act: Callable[[Page], None] | None = None
    signed_in: bool = True


def popover(page: Page) -> None:
    failed = page.get_by_role("row").filter(has=page.get_by_role("link", name="fact_weather", exact=True))
    failed.get_by_role("button", name="failed").first.click()


def batch(page: Page) -> None:
    for at in range(3):
        page.get_by_role("row").nth(at + 1).get_by_role("checkbox").click()


def more(page: Page) -> None:
    page.get_by_role("button", name="More operations").nth(4).click()


def drawer(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^weather_wind,")).first.click()
    page.get_by_role("complementary").wait_for()


def card(page: Page) -> None:
    upstream = page.get_by_role("button", name=re.compile("^land_weather,")).first
    for x in (40, 60):
        upstream.hover(position={"x": x, "y": 20})
    page.get_by_role("tooltip").wait_for()


def two_fields(page: Page) -> None:
    for name in ("wind_speed", "wind_gust"):
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).click()
    page.keyboard.press("r")
    page.get_by_role("dialog").wait_for()


def downstream(page: Page) -> None:
    page.keyboard.press("Shift+R")
    page.get_by_role("dialog").wait_for()


def consequences(page: Page) -> None:
    downstream(page)
    page.get_by_role("button", name="Choose downstream").click()
    settle(page)
    for box in page.get_by_role("dialog").get_by_role("checkbox").all()[:1]:
        box.click()
    settle(page)
    page.keyboard.press("Control+Enter")


def finding(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^facts.yaml")).click()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("nothing: here\n")
    page.wait_for_timeout(4 * SETTLED_MS)


def tables(page: Page) -> None:
    page.get_by_role("button", name="flights").first.click()


def server_gone(page: Page) -> None:
    page.route("**/api/v1/**", lambda route: route.abort())
    page.get_by_role("button", name="Refresh").click()
    page.wait_for_timeout(10 * SETTLED_MS)


def first_run(page: Page) -> None:
    page.get_by_role("row").nth(1).get_by_role("link").first.click()


def go_to(page: Page) -> None:
    page.keyboard.press("Control+K")
    page.keyboard.insert_text("fact")


def shortcuts(page: Page) -> None:
    page.keyboard.press("?")


def account(page: Page) -> None:
    page.get_by_role("button", name="admin").click()


def columns(page: Page) -> None:
    page.get_by_role("button", name="Columns").click()


def query(page: Page) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(QUERY)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Newark Liberty Intl")).to_be_visible()


SHOTS = (
    Shot("sign-in", "/sign-in", signed_in=False),
    Shot("overview", "/?date={bizdate}"),
    Shot("instances", "/instances?bizdate=all"),
    Shot("instances-status", "/instances?bizdate=all", popover),
    Shot("instances-batch", "/instances?bizdate=all", batch),
    Shot("instances-more", "/instances?bizdate=all", more),
    Shot("instances-scripts", "/instances?bizdate=all&tab=scripts"),
    Shot("instances-columns", "/instances?bizdate=all", columns),
    Shot("instances-gone", "/instances?bizdate=all", server_gone),
    Shot("instances-none", "/instances?q=nothing%20has%20this%20name"),
    Shot("instances-dev", "/instances?env=dev"),
    Shot("fields", "/instances/{id}"),
    Shot("fields-matrix", "/instances/{id}?mode=matrix"),
    Shot("fields-lineage", "/instances/{id}?mode=lineage"),
    Shot("rerun", "/instances/{id}", two_fields),
    Shot("rerun-downstream", "/instances/{id}", downstream),
    Shot("rerun-downstream-2", "/instances/{id}", consequences),
    Shot("dag", "/instances/{id}/dag"),
    Shot("dag-card", "/instances/{id}/dag", card),
    Shot("dag-drawer", "/instances/{id}/dag", drawer),
    Shot("gantt", "/instances/{id}/gantt"),
    Shot("log", "/instances/{id}/log"),
    Shot("operations", "/instances/{id}/operations"),
    Shot("code", "/instances/{id}/code"),
    Shot("lineage", "/instances/{id}/lineage"),
    Shot("diagnosis", "/instances/{id}/diagnosis"),
    Shot("missing", "/instances/999999"),
    Shot("tasks", "/tasks"),
    Shot("task", "/tasks/{task}"),
    Shot("task-versions", "/tasks/{task}/versions"),
    Shot("task-edit", "/tasks/{task}/edit"),
    Shot("task-edit-preview", "/tasks/{task}/edit?env=dev&preview=1"),
    Shot("definitions", "/definitions", finding),
    Shot("task-dag", "/task-dag?task={task}&up=2&down=2"),
    Shot("runs", "/runs"),
    Shot("run", "/runs", first_run),
    Shot("worksheet", "/worksheet?project=taskhouse", query),
    Shot("worksheet-tables", "/worksheet?project=taskhouse", tables),
    Shot("go-to", "/instances?bizdate=all", go_to),
    Shot("shortcuts", "/instances?bizdate=all", shortcuts),
    Shot("account", "/instances?bizdate=all", account),
    Shot("password", "/account/password"),
)
DARK = {"instances-batch", "dag", "gantt", "rerun"}
CHINESE = {"instances", "rerun-downstream"}
"""What the documentation shows in the other appearance, and in the other language."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", help="folder for the pictures, as PNG")
    parser.add_argument("--docs", action="store_true", help="write those of docs/pictures, as WebP, instead")
    parser.add_argument("--url", help="the address of a server's console, such as http://127.0.0.1:8440/console")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--only", nargs="*", metavar="PAGE", help=f"some of: {', '.join(shot.name for shot in SHOTS)}")
    parser.add_argument("--theme", choices=["light", "dark"], action="append")
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    parser.add_argument("--width", type=int, default=SIZE["width"], help="of the window (default %(default)s)")
    options = parser.parse_args()
    if (options.out is None) == (not options.docs):
        parser.error("say where the pictures go, or --docs")
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no Chromium here: apt-get install chromium", file=sys.stderr)
        return 1
    with (
        sync_playwright() as playwright,
        asked(options.url) if options.url else demo() as (url, password),
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        camera = Camera(browser, url, options.user, password, options.width)
        wanted = [shot for shot in SHOTS if not options.only or shot.name in options.only]
        if options.docs:
            DOCS.mkdir(parents=True, exist_ok=True)
            camera.take(wanted, DOCS, "webp", "light", "en")
            camera.take([shot for shot in wanted if shot.name in DARK], DOCS, "webp", "dark", "en")
            camera.take([shot for shot in wanted if shot.name in CHINESE], DOCS, "webp", "light", "zh")
        else:
            options.out.mkdir(parents=True, exist_ok=True)
            for theme in options.theme or ["light", "dark"]:
                camera.take(wanted, options.out, "png", theme, options.language)
        browser.close()
    return 0


@dataclass(frozen=True, slots=True)
class Camera:
    browser: Browser
    url: str
    user: str
    password: str
    width: int

    def take(
        self,
        shots: list[Shot],
        out: Path,
        form: Literal["png", "webp"],
        theme: Literal["light", "dark"],
        language: Literal["en", "zh"],
    ) -> None:
        """The pictures as `NAME.webp`, `NAME-dark.webp`, `NAME-zh.webp`."""
        context = self.browser.new_context(
            viewport={**SIZE, "width": self.width},
            locale={"en": "en-US", "zh": "zh-CN"}[language],
            color_scheme=theme,
            reduced_motion="reduce",
        )
        suffix = ("" if theme == "light" else "-dark") + ("" if language == "en" else f"-{language}")
        for shot in shots:
            looked = self.sign_in(context) if shot.signed_in else {}
            page = context.new_page()
            page.goto(self.url + shot.path.format(**looked))
            settle(page)
            if shot.act:
                shot.act(page)
                settle(page)
            target = out / f"{shot.name}{suffix}.{form}"
            if form == "png":
                page.screenshot(path=target)
            else:
                taken = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 86})
                target.write_bytes(base64.b64decode(taken["data"]))
            print(target)
            page.close()
        context.close()

    def sign_in(self, context: BrowserContext) -> dict[str, Any]:
        """The id, task and data date of the latest instance that failed, or else the latest of all."""
        rest = self.url.removesuffix("/console") + "/api/v1"
        if not context.cookies():
            answer = context.request.post(f"{rest}/session", data={"user": self.user, "password": self.password})
            if not answer.ok:
                raise SystemExit(f"signing in as {self.user} was refused: {answer.text()}")
        found = context.request.get(f"{rest}/instances?type=LOGICAL_TABLE&sort=due&order=desc&limit=200")
        items: list[dict[str, Any]] = found.json()["items"]
        failed = [item for item in items if "FAILED" in item["statuses"]]
        return next(iter(failed or items), {})


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)


def wait_for(text: str, said: Path) -> None:
    """Until the server has said it: the demo's days have run then."""
    deadline = time.monotonic() + DEMO_S
    while text not in said.read_text(encoding="utf-8"):
        if time.monotonic() > deadline:
            raise SystemExit(f"the demo was not there after {DEMO_S} s")
        time.sleep(0.1)


@contextmanager
def asked(url: str) -> Iterator[tuple[str, str]]:
    yield url.rstrip("/"), os.environ.get("TASKHOUSE_PASSWORD", "")


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A server with the demo; yields the console's address and the administrator's password."""
    from taskhouse.services.access import passwords
    from taskhouse.wiring.administration import administration

    with tempfile.TemporaryDirectory() as folder:
        home, said = Path(folder) / "home", Path(folder) / "said"
        with server.running(home, log=said, arguments=["--demo"]) as ready:
            wait_for("\nconsole ", said)
            password = passwords.generated()
            with administration(home) as world:
                world.access.ensure_user("ALIYUN$admin", datetime.now(UTC))
                passwords.put(world, "ALIYUN$admin", password)
            yield ready.rest_url.removesuffix("/api/v1") + "/console", password


if __name__ == "__main__":
    sys.exit(main())
