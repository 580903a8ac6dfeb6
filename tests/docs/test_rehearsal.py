"""The page about rehearsals: its commands run as they stand there, and print what it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rehearsal.md"
BLOCK = re.compile(r"^```sh\n(?P<commands>.*?)^```\n(?:\n```text\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
MARK = "=-=-= end of block ="


def blocks() -> list[tuple[str, str]]:
    return [(match["commands"], match["shown"] or "") for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def outputs(folder: Path) -> list[str]:
    """What each block prints, all run by one shell in a folder that has the examples. The port is a free one."""
    (folder / "examples").symlink_to(ROOT / "examples")
    script = "set -m\n"
    for commands, _ in blocks():
        script += commands.replace("--port 8441", "--port 0") + f"echo '{MARK}'\n"
    search = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TASKHOUSE_")}
    done = subprocess.run(
        ["bash", "-c", f"trap 'kill %1 2> /dev/null' EXIT\n{script}"],
        cwd=folder,
        env={**plain, "PATH": search},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode in (0, 143), done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.split(f"{MARK}\n")[:-1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    printed = outputs(tmp_path)
    for (commands, shown), found in zip(blocks(), printed, strict=True):
        assert tidy(found) == tidy(shown), commands


def tidy(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
