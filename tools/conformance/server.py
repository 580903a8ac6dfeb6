"""A server with the projects and the second user that the suite's configuration names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import server
from tools.conformance.overlay import LONG_STRINGS, PROJECTS, SECONDARY_USER, TIME_ZONE


@contextmanager
def running(home: Path, log: Path | None) -> Iterator[server.Ready]:
    with server.running(home, log) as ready:
        for project, schemas in PROJECTS.items():
            _taskhouse(home, "project", "create", project, *(["--schemas"] if schemas else []))
        _taskhouse(home, "user", "create", SECONDARY_USER)
        _fill(ready)
        yield ready


def _fill(ready: server.Ready) -> None:
    """The suite expects projects in use: in the time zone of its own process, one of them with greater fields allowed; and it
    takes the first of its resources without asking whether there is one."""
    from odps import ODPS

    client = ODPS(ready.access_id, ready.secret, next(iter(PROJECTS)), ready.endpoint, overwrite_global=False)
    for project in PROJECTS:
        client.execute_sql(f"setproject odps.sql.timezone={TIME_ZONE}", project=project)
    client.execute_sql("setproject odps.sql.cfile2.field.maxsize=65536", project=LONG_STRINGS)
    client.create_resource("readme.txt", "file", file_obj="what a project in use would hold")
    client.execute_sql("create table a_first_table (a bigint)")


def _taskhouse(home: Path, *arguments: str) -> None:
    group, verb, *rest = arguments
    subprocess.run(
        [sys.executable, "-m", "taskhouse", group, verb, "--home", str(home), *rest],
        check=True,
        stdout=subprocess.DEVNULL,
    )
