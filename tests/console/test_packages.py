"""What is installed serves the console where there is no Node: the wheel and the source package contain it ready built."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from taskhouse.protocols.console.site import STATIC

pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(), reason="the console was not built; `make setup` builds it where there is Node"
)


def built_files() -> set[str]:
    return {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}


def test_both_packages_hold_every_built_file(packages: Path) -> None:
    place = "taskhouse/protocols/console/static/"
    (wheel,) = packages.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    in_wheel = {name.removeprefix(place) for name in names if name.startswith(place)}
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as opened_tar:
        inside = [name.partition("/")[2] for name in opened_tar.getnames()]
    in_sdist = {name.removeprefix("src/" + place) for name in inside if name.startswith("src/" + place)}
    assert in_wheel == in_sdist == built_files()
    assert not any("node_modules" in name for name in (*names, *inside))


@pytest.fixture
def installed(packages: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The ready file of a server from the wheel, in an environment whose PATH has nothing at all."""
    (wheel,) = packages.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(site)
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "taskhouse", "serve", "--home", str(tmp_path / "home"), "--port", "0"]
    environment = {"PATH": str(tmp_path / "nothing"), "PYTHONPATH": str(site), "TASKHOUSE_GRACE_S": "0"}
    with subprocess.Popen(
        [*command, "--ready-file", str(ready), "--log-level", "warning"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if line.startswith("password "):
                break
        assert ready.exists(), seen
        loaded = "import taskhouse; print(taskhouse.__file__)"
        origin = subprocess.run(
            [sys.executable, "-c", loaded], env=environment, capture_output=True, text=True, check=True
        )
        assert origin.stdout.startswith(str(site))
        yield json.loads(ready.read_text())
        process.send_signal(signal.SIGTERM)


def test_the_installed_wheel_serves_the_console(installed: dict[str, str]) -> None:
    with httpx.Client(base_url=installed["console_url"], follow_redirects=True) as browser:
        page = browser.get("/")
        assert page.status_code == 200 and str(page.url).endswith("/console/")
        addresses = re.findall(r'(?:src|href)="(/console/[^"]+)"', page.text)
        assert any(address.endswith(".js") for address in addresses)
        for address in addresses:
            assert browser.get(address).status_code == 200, address
        packed = browser.get(
            next(each for each in addresses if each.endswith(".js")), headers={"accept-encoding": "br"}
        )
        assert packed.headers["content-encoding"] == "br"
        done = browser.post("/api/v1/session", json={"user": installed["user"], "password": installed["password"]})
        assert done.status_code == 201 and browser.get("/api/v1/session").json()["user"] == "admin"
