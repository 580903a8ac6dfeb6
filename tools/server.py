"""A server of one's own for a measurement or a conformance run: fresh home, free port, ended with the block."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 60
STOP_S = 30


@dataclass(frozen=True, slots=True)
class Ready:
    """What the ready file says, and the server's process id."""

    endpoint: str
    project: str
    access_id: str
    secret: str
    pid: int
    rest_url: str
    token: str
    user: str
    password: str | None
    """Of the administrator, when the home is new."""


@contextmanager
def running(
    home: Path,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[Ready]:
    """Start `taskhouse serve` on `home`, yield how to reach it, stop it at the end. `environment` adds settings, `arguments` options."""
    home.mkdir(parents=True, exist_ok=True)
    ready_file = home / "ready.json"
    ready_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "taskhouse", "serve"]
    command += ["--home", str(home), "--host", "127.0.0.1", "--port", "0", "--ready-file", str(ready_file), *arguments]
    with open(log or os.devnull, "wb") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
        try:
            yield _wait(process, ready_file)
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
            endpoint, project, access_id = found["endpoint"], found["project"], found["access_id"]
            rest_url, token = found["rest_url"], found["token"]
            user, password = found["user"], found["password"]
            return Ready(endpoint, project, access_id, found["secret"], process.pid, rest_url, token, user, password)
        time.sleep(0.05)
    raise SystemExit(f"the server was not ready after {START_S} s")
