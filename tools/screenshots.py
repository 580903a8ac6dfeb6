"""Takes a picture of every page of the console, for its documentation and for those who work on it: `python -m tools.screenshots OUT`.

Without `--url` a rehearsal server is started, on which a night of `examples/om-fixture` is played in which a node fails. With it, pictures are
taken of what that server shows (`--user`, and the password in TASKHOUSE_PASSWORD); the latest instance that failed, or the latest one, is the one looked into.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tools import server

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = ROOT / "examples" / "om-fixture" / "shop.yaml"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE: ViewportSize = {"width": 1440, "height": 900}
SETTLED_MS = 400
"""After the last answer: pictures that are laid out in a worker have come to rest."""

PAGES = {
    "overview": "/",
    "instances": "/instances?bizdate=all",
    "instances-scripts": "/instances?bizdate=all&tab=scripts",
    "instances-none": "/instances?q=nothing%20has%20this%20name",
    "fields": "/instances/{id}",
    "fields-matrix": "/instances/{id}?mode=matrix",
    "fields-lineage": "/instances/{id}?mode=lineage",
    "dag": "/instances/{id}/dag",
    "gantt": "/instances/{id}/gantt",
    "log": "/instances/{id}/log",
    "operations": "/instances/{id}/operations",
    "code": "/instances/{id}/code",
    "lineage": "/instances/{id}/lineage",
    "diagnosis": "/instances/{id}/diagnosis",
    "tasks": "/tasks",
    "task": "/tasks/{task}",
    "task-versions": "/tasks/{task}/versions",
    "task-edit": "/tasks/{task}/edit",
    "task-dag": "/task-dag",
    "runs": "/runs",
    "worksheet": "/worksheet",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--url", help="the address of a server's console, such as http://127.0.0.1:8440/console")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--only", nargs="*", metavar="PAGE", help=f"some of: {', '.join(PAGES)}, operation, sign-in")
    parser.add_argument("--theme", choices=["light", "dark"], action="append")
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no Chromium here: apt-get install chromium", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        password = os.environ.get("TASKHOUSE_PASSWORD", "")
        if options.url:
            take_all(browser, options.url.rstrip("/"), password, options)
        else:
            with played_night() as (url, password):
                take_all(browser, url, password, options)
        browser.close()
    return 0


def take_all(browser: Browser, url: str, password: str, options: argparse.Namespace) -> None:
    """Every page in each appearance, `NAME-THEME.png`."""
    locale = {"en": "en-US", "zh": "zh-CN"}[options.language]
    suffix = "" if options.language == "en" else f"-{options.language}"
    wanted = set(options.only or [*PAGES, "operation", "sign-in"])
    for theme in options.theme or ["light", "dark"]:
        context = browser.new_context(viewport=SIZE, locale=locale, color_scheme=theme, reduced_motion="reduce")
        page = context.new_page()
        rest = url.removesuffix("/console") + "/api/v1"

        def take(name: str, page: Page = page, theme: str = theme) -> None:
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=options.out / f"{name}-{theme}{suffix}.png")

        if "sign-in" in wanted:
            page.goto(f"{url}/sign-in")
            take("sign-in")
        answer = context.request.post(f"{rest}/session", data={"user": options.user, "password": password})
        if not answer.ok:
            raise SystemExit(f"signing in as {options.user} was refused: {answer.text()}")
        looked = looked_into(context.request.get(f"{rest}/instances?type=LOGICAL_TABLE&sort=due&order=desc&limit=200"))
        for name, path in PAGES.items():
            if name in wanted and ("{" not in path or looked):
                page.goto(url + path.format(id=looked and looked["id"], task=looked and looked["task"]))
                take(name)
        if "operation" in wanted and looked:
            page.goto(f"{url}/instances/{looked['id']}")
            page.wait_for_load_state("networkidle")
            page.keyboard.press("Shift+R")
            page.get_by_role("dialog").wait_for()
            take("operation")
        context.close()


def looked_into(answer: Any) -> dict[str, Any] | None:
    """The latest instance that failed, or else the latest of all."""
    items: list[dict[str, Any]] = answer.json()["items"]
    failed = [item for item in items if "FAILED" in item["statuses"]]
    return next(iter(failed or items), None)


@contextmanager
def played_night() -> Iterator[tuple[str, str]]:
    """A rehearsal in which C of table A failed; yields the console's address and the administrator's password."""
    from taskhouse.services.access import passwords
    from taskhouse.wiring.administration import administration

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with server.running(home, arguments=["--rehearsal"]) as ready:
            password = passwords.generated()
            with administration(home) as world:
                world.access.ensure_user("ALIYUN$admin", datetime.now(UTC))
                passwords.put(world, "ALIYUN$admin", password)
            with httpx.Client(base_url=ready.rest_url, headers={"authorization": f"Bearer {ready.token}"}) as client:
                play(client)
            yield ready.rest_url.removesuffix("/api/v1") + "/console", password


def play(client: httpx.Client) -> None:
    def ask(method: str, path: str, body: object = None, **query: object) -> Any:
        answer = client.request(method, path, json=body, params={k: str(v) for k, v in query.items()})
        answer.raise_for_status()
        return answer.json()

    def at(now: str) -> None:
        ask("PUT", "/rehearsal/clock", {"now": f"2026-03-{now}:00+08:00"})

    files = {"shop.yaml": FIXTURE.read_text(encoding="utf-8")}
    at("01T18:00")
    plan = ask("POST", "/workspace/plan", {"files": files, "environment": "PROD"})
    ask("POST", "/workspace/apply", {"files": files, "environment": "PROD", "digest": plan["digest"]})
    for day in range(2, 5):
        at(f"{day - 1:02}T23:00")
        bizdate = f"202603{day - 1:02}"
        nodes: dict[str, int] = {}
        for item in ask("GET", "/instances", bizdate=bizdate, environment="PROD", limit=100)["items"]:
            nodes |= {node["name"]: node["id"] for node in ask("GET", f"/instances/{item['id']}/nodes")["items"]}

        def finish(*names: str, nodes: dict[str, int] = nodes, **how: str) -> None:
            for name in names:
                ask("POST", f"/rehearsal/node-instances/{nodes[name]}/finish", {"outcome": "success", **how})

        for time, done in [
            ("00:10", ""),
            ("00:25", "S0"),
            ("00:30", ""),
            ("00:40", "B D"),
            ("00:45", "Y"),
            ("00:58", "C"),
        ]:
            at(f"{day:02}T{time}")
            if done == "C" and day == 4:
                finish("C", outcome="failed", reason="ERROR", message="division by zero")
            elif done:
                finish(*done.split())
        at(f"{day:02}T01:00")
        at(f"{day:02}T01:30")
        finish("P", "Q", *([] if day == 4 else ["V"]))
        at(f"{day:02}T02:00")
        at(f"{day:02}T02:20")
        if day < 4:
            finish("X", "Z")


if __name__ == "__main__":
    sys.exit(main())
