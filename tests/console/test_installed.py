"""`pip install` of either package, with its dependencies, into a new environment in which there is no Node: its console is served whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from taskhouse.protocols.console.site import STATIC

ROOT = Path(__file__).resolve().parents[2]
PROBE = "click"
"""A small package that both need: when it cannot be had, nothing can."""
INSTALL_S = 900

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (STATIC / "index.html").exists(),
        reason="the console was not built; `make setup` builds it where there is Node",
    ),
]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions of the lock as constraints, which name no files: those of what is built here are in no lock."""
    found = re.findall(r"^([\w.\[\]-]+==[^\s\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    file = tmp_path_factory.mktemp("versions") / "constraints.txt"
    file.write_text("".join(f"{each}\n" for each in found))
    return file


@pytest.fixture(scope="module", params=["*.whl", "*.tar.gz"], ids=["wheel", "sdist"])
def environment(
    request: pytest.FixtureRequest, packages: Path, versions: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Variables of a process that finds only the new environment's programs."""
    folder = tmp_path_factory.mktemp("installed")
    assert ROOT not in folder.parents
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    made = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    made |= {
        "PATH": str(folder / "venv" / "bin"),
        "PIP_CONSTRAINT": str(versions),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    assert shutil.which("node", path=made["PATH"]) is None and shutil.which("npm", path=made["PATH"]) is None

    def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(folder / "venv" / "bin" / "python"), "-m", "pip", *arguments]
        return subprocess.run(
            command, cwd=folder, env=made, capture_output=True, text=True, check=False, timeout=INSTALL_S
        )

    probed = pip("download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", str(folder / "probe"), PROBE)
    if probed.returncode:
        pytest.skip(f"no package registry can be reached: {probed.stderr.strip()[-300:]}")
    (package,) = packages.glob(request.param)
    done = pip("install", "--quiet", str(package))
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def ready(environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The ready file of the installed server."""
    file = tmp_path / "ready.json"
    command = [str(shutil.which("taskhouse", path=environment["PATH"])), "serve", "--home", str(tmp_path / "home")]
    with subprocess.Popen(
        [*command, "--port", "0", "--ready-file", str(file), "--log-level", "warning"],
        cwd=tmp_path,
        env=environment | {"TASKHOUSE_GRACE_S": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("password "):
                break
        assert file.exists(), said
        yield json.loads(file.read_text())
        process.send_signal(signal.SIGTERM)


def assets_in(packages: Path) -> list[str]:
    """Names of the wheel's scripts, styles and fonts."""
    (wheel,) = packages.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        found = [Path(name) for name in opened.namelist() if "/console/static/assets/" in name]
    names = [each.name for each in found if each.suffix in (".js", ".css", ".woff2")]
    assert len(names) > 20
    return names


def test_the_console_is_served_whole_and_signed_in_to(ready: dict[str, str], packages: Path) -> None:
    with httpx.Client(base_url=ready["console_url"], follow_redirects=True) as browser:
        page = browser.get("/")
        assert page.status_code == 200 and str(page.url).endswith("/console/")
        found, seen = re.findall(r'(?:src|href)="(/console/[^"]+)"', page.text), set[str]()
        while found:
            address = found.pop()
            if address in seen:
                continue
            seen.add(address)
            answer = browser.get(address)
            assert answer.status_code == 200, address
            if address.endswith((".js", ".css")):
                names = re.findall(r"[\w.-]+-[\w-]{8}\.(?:js|css|woff2)\b", answer.text)
                found += [f"/console/assets/{name}" for name in names]
        assert {Path(each).name for each in seen} >= set(assets_in(packages))
        done = browser.post("/api/v1/session", json={"user": ready["user"], "password": ready["password"]})
        assert done.status_code == 201 and browser.get("/api/v1/session").json()["user"] == "admin"
