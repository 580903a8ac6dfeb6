"""A server with the projects and the second user that the suite's configuration names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import server
from tools.conformance.overlay import PROJECTS, SECONDARY_USER


@contextmanager
def running(home: Path, log: Path | None) -> Iterator[server.Ready]:
    with server.running(home, log) as ready:
        for project, schemas in PROJECTS.items():
            _taskhouse(home, "project", "create", project, *(["--schemas"] if schemas else []))
        _taskhouse(home, "user", "create", SECONDARY_USER)
        yield ready


def _taskhouse(home: Path, *arguments: str) -> None:
    group, verb, *rest = arguments
    subprocess.run(
        [sys.executable, "-m", "taskhouse", group, verb, "--home", str(home), *rest],
        check=True,
        stdout=subprocess.DEVNULL,
    )
