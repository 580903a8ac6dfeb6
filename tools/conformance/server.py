"""A server on a fresh home, with the projects and the second user that the suite's configuration names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.conformance.overlay import PROJECTS, SECONDARY_USER

START_S = 60
STOP_S = 30


@dataclass(frozen=True, slots=True)
class Ready:
    endpoint: str
    access_id: str
    secret: str


@contextmanager
def running(home: Path, log: Path | None) -> Iterator[Ready]:
    """Start `taskhouse serve` on a free port, yield how to reach it, stop it at the end."""
    home.mkdir(parents=True, exist_ok=True)
    ready_file = home / "ready.json"
    command = [sys.executable, "-m", "taskhouse", "serve"]
    command += ["--home", str(home), "--host", "127.0.0.1", "--port", "0", "--ready-file", str(ready_file)]
    with open(log or os.devnull, "wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
        try:
            ready = _wait(process, ready_file)
            _prepare(home)
            yield ready
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], ready_file: Path) -> Ready:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with status {process.returncode} before it was ready")
        if ready_file.exists():
            found = json.loads(ready_file.read_text())
            return Ready(found["endpoint"], found["access_id"], found["secret"])
        time.sleep(0.05)
    raise SystemExit(f"the server was not ready after {START_S} s")


def _prepare(home: Path) -> None:
    for project, schemas in PROJECTS.items():
        _taskhouse(home, "project", "create", project, *(["--schemas"] if schemas else []))
    _taskhouse(home, "user", "create", SECONDARY_USER)


def _taskhouse(home: Path, *arguments: str) -> None:
    group, verb, *rest = arguments
    subprocess.run(
        [sys.executable, "-m", "taskhouse", group, verb, "--home", str(home), *rest],
        check=True,
        stdout=subprocess.DEVNULL,
    )
