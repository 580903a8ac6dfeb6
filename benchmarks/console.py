"""The console in a real browser, over 100,000 instances and a DAG of 10,000: first rows, pictures, frames while they are scrolled and moved.

The browser is Debian's Chromium without a screen and without a graphics processor: the processor paints everything. The server is one of
rehearsals, in which nothing runs by itself. Times are those of the page's own clock:

- first row: until the frame was painted that shows it, since the navigation and since the answer with the first window was there.
- DAG painted: until the frame was painted that shows edges and cards, since the answer with the DAG was there.
- frames: from one to the next while the browser itself works wheel and mouse; their 95th percentile is what counts.

A plain page that is scrolled in the same way, before and after, tells what the machine could do meanwhile.
"""

from __future__ import annotations

import gzip
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import BrowserContext, Page, ViewportSize, sync_playwright

import taskhouse.protocols
from benchmarks import frames, seeded_instances
from taskhouse.home import DATABASE
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from tools import server

INSTANCES, TASKS, NODES = 100_000, 12_500, 10_000
LAST = date(2026, 3, 1)
NOW = "2026-03-02T12:00:00+00:00"
TIMES = 3
FRAME_MS = 50
SIZE: ViewportSize = {"width": 1440, "height": 900}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
STATIC = Path(taskhouse.protocols.__path__[0]) / "console" / "static"
PLAIN = "data:text/html,<body style='margin:0'>" + "<p>" * 2000


def run(folder: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("\nno Chromium here, so nothing of the console is measured: apt-get install chromium")
        return
    with tempfile.TemporaryDirectory(dir=folder) as home, seeded(Path(home)) as ready, sync_playwright() as playwright:
        centre = answers(ready)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(viewport=SIZE, locale="en-US")
        frames.watch(context, row="table tbody a[href]", card=".dag-near .dag-place")
        login = {"user": ready.user, "password": ready.password}
        assert context.request.post(f"{ready.rest_url}/session", data=login).ok
        console = ready.rest_url.removesuffix("/api/v1") + "/console"
        first_sights(context, console, centre)
        print(f"\n{'frames of the console, ms':<44} {'p50':>7} {'p95':>8} {'most':>7}      aim")
        plain(context)
        moving_list(context, console)
        moving_dag(context, console, centre)
        plain(context)
        browser.close()


@contextmanager
def seeded(home: Path) -> Iterator[server.Ready]:
    """A server of rehearsals with so many instances, which has loaded what schedulers load."""
    began = time.perf_counter()
    database = Database(home / DATABASE)
    try:
        migrate(database)
        seeded_instances.seed(database, INSTANCES, TASKS, LAST)
    finally:
        database.close()
    seeded_instances.multiply(home / DATABASE, INSTANCES, TASKS, LAST)
    (home / "rehearsal.clock").write_text(NOW, encoding="utf-8")
    print(f"\n{f'console over {INSTANCES:,} instances':<52} {'ms':>9}      aim")
    _show("making them", (time.perf_counter() - began) * 1000)
    with server.running(home, home / "server.log", arguments=["--rehearsal"]) as ready:
        yield ready


def answers(ready: server.Ready) -> int:
    """What the server takes alone. The instance whose DAG is drawn: one in the middle that has enough around it."""
    headers = {"authorization": f"Bearer {ready.token}"}
    with httpx.Client(base_url=ready.rest_url, headers=headers, timeout=120) as client:

        def asked(path: str) -> httpx.Response:
            return client.get(path).raise_for_status()

        began = time.perf_counter()
        asked(f"/instances/{INSTANCES}/dag")
        _show("a DAG, while schedulers load what is unfinished", (time.perf_counter() - began) * 1000)
        for task in range(TASKS // 2, TASKS):
            found = asked(f"/instances?bizdate={LAST:%Y%m%d}&search=t{task:05}").json()
            centre = int(found["items"][0]["id"])
            dag = f"/instances/{centre}/dag?up=100&down=100&limit={NODES}"
            if len(asked(dag).json()["instances"]) == NODES:
                break
        for label, path in (
            ("first window of 200", "/instances?limit=200"),
            ("counts by status", "/instances/counts"),
            (f"DAG of {NODES:,}", dag),
        ):
            took, size = [], 0
            for _ in range(TIMES):
                began = time.perf_counter()
                size = len(asked(path).content)
                took.append(time.perf_counter() - began)
            _show(f"answer: {label}, {size / 1000:,.0f} kB", statistics.median(took) * 1000)
    return centre


def first_sights(context: BrowserContext, console: str, centre: int) -> None:
    rows, since_rows, cards, since_cards = [], [], [], []
    scripts: set[str] = set()
    for _ in range(TIMES):
        page = opened(context, f"{console}/instances?bizdate=all")
        rows.append(frames.seen(page, "row"))
        since_rows.append(rows[-1] - frames.arrived(page, r"/instances\?"))
        scripts = scripts or loaded_scripts(page)
        page.close()
    for _ in range(TIMES):
        page = opened(context, dag_page(console, centre))
        cards.append(frames.seen(page, "card"))
        since_cards.append(cards[-1] - frames.arrived(page, "/dag"))
        page.close()
    _show("first row since the answer was there", statistics.median(since_rows), 500)
    _show("  since the navigation, nothing kept", rows[0])
    _show("  since the navigation, scripts kept", statistics.median(rows[1:]))
    _show(f"DAG of {NODES:,} painted since the answer was there", statistics.median(since_cards), 1000)
    _show("  since the navigation", statistics.median(cards))
    for label, names, aim in (
        ("scripts before the first page", initial_scripts(), "180"),
        ("  with those of the list", scripts, ""),
    ):
        packed = sum(len(gzip.compress((STATIC / "assets" / name).read_bytes(), 9)) for name in names)
        print(f"{f'{label}, kB with gzip':<52} {packed / 1000:9.1f} {aim:>8}")


def initial_scripts() -> set[str]:
    """Names of the scripts that the document itself loads."""
    return set(re.findall(r'/assets/([^"]+[.]js)"', (STATIC / "index.html").read_text(encoding="utf-8")))


def loaded_scripts(page: Page) -> set[str]:
    """Names of the scripts that the browser asked for until the first row was there."""
    script = "performance.getEntriesByType('resource').map((each) => each.name).filter((name) => name.endsWith('.js'))"
    return {Path(urlsplit(address).path).name for address in page.evaluate(script)}


def moving_list(context: BrowserContext, console: str) -> None:
    page = opened(context, f"{console}/instances?bizdate=all")
    frames.seen(page, "row")
    _frames("list: wheel", frames.during(page, lambda: wheel(page, 20_000)))
    drag = """() => new Promise((done) => {
        const list = document.querySelector(".grid"), last = list.scrollHeight - list.clientHeight;
        let step = 0;
        const each = () => {
            step += 1;
            list.scrollTop = (last * step) / 240;
            if (step < 240) requestAnimationFrame(each); else done();
        };
        requestAnimationFrame(each);
    })"""
    _frames("list: its bar dragged to the end", frames.during(page, lambda: page.evaluate(drag)))
    began = time.perf_counter()
    last = page.locator("table tbody tr:not(.spacer-row)").last.locator("a[href]").first
    last.wait_for(timeout=60_000)
    _show("  until the last row is there", (time.perf_counter() - began) * 1000)
    page.close()


def moving_dag(context: BrowserContext, console: str, centre: int) -> None:
    page = opened(context, dag_page(console, centre))
    frames.seen(page, "card")
    for percent in (100, 50, 20):
        while shown_percent(page) > percent:
            page.get_by_role("button", name="Zoom out").click()
        _frames(f"DAG at {percent} %: dragged", frames.during(page, lambda: drag_about(page)))
        _frames(f"DAG at {percent} %: wheel", frames.during(page, lambda: wheel(page, 4000, -8000, 4000)))
    page.get_by_role("button", name="Fit", exact=True).click()
    _frames("DAG as a whole: dragged", frames.during(page, lambda: drag_about(page)))
    _frames("DAG: in and out with wheel and Ctrl", frames.during(page, lambda: zoom_about(page)))
    page.close()


def shown_percent(page: Page) -> int:
    return int((page.locator(".dag-zoom").get_by_role("button", name="%").inner_text()).split()[0])


def drag_about(page: Page) -> None:
    """There and back, in steps as a hand makes them."""
    for dx, dy in ((-700, -300), (700, 300), (-700, 300), (700, -300)):
        page.mouse.move(720 - dx / 2, 480 - dy / 2)
        page.mouse.down()
        page.mouse.move(720 + dx / 2, 480 + dy / 2, steps=60)
        page.mouse.up()


def zoom_about(page: Page) -> None:
    page.mouse.move(720, 480)
    page.keyboard.down("Control")
    for step in range(160):
        page.mouse.wheel(0, -20 if step // 40 % 2 == 0 else 20)
    page.keyboard.up("Control")


def wheel(page: Page, *distances: int) -> None:
    """Down, or up where it is negative, as fast as a hand turns it."""
    session = page.context.new_cdp_session(page)
    for distance in distances:
        gesture = {"x": 720, "y": 480, "yDistance": -distance, "speed": 4000, "gestureSourceType": "mouse"}
        session.send("Input.synthesizeScrollGesture", gesture)


def plain(context: BrowserContext) -> None:
    page = opened(context, PLAIN)
    _frames("a plain page: wheel", frames.during(page, lambda: wheel(page, 20_000)), aim=False)
    page.close()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def dag_page(console: str, centre: int) -> str:
    return f"{console}/instances/{centre}/dag?up=100&down=100&limit=all"


def _show(label: str, ms: float, aim: float | None = None) -> None:
    print(f"{label:<52} {ms:9.0f} {'' if aim is None else f'{aim:8.0f}'}", flush=True)


def _frames(label: str, found: frames.Frames, *, aim: bool = True) -> None:
    figures = f"{found.p50:7.1f} {found.p95:8.1f} {found.most:7.0f}"
    print(f"{label:<44} {figures} {FRAME_MS if aim else '':>8}", flush=True)
