"""The demo's workspace `flights`: published on a fresh server with a few days that have passed, one of them with a failure to repair.

The data is of 2013, and a day's run takes the same day of that year. The feed of wind readings comes late for one day, as feeds do: the
fields that need it fail. Then it comes, and two fields are to be rerun.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from taskhouse.home import WORKSPACE

if TYPE_CHECKING:
    from taskhouse.client.api.client import Client
    from taskhouse.client.api.instances import InstanceLine

FOLDER = Path(__file__).parent.parent / "demo" / "flights"
PAST_DAYS = 4
"""Data timestamps that have instances from the beginning: the last ones before today."""
TABLE, FIELDS = "flights.fact_weather", ("wind_speed", "wind_gust")
_WAIT_S = 300.0
_LOOK_S = 0.5
_NAME_IN_FILES = re.compile(r"\btaskhouse\.")

_READINGS = """SELECT CONCAT(origin, '-', CAST(UNIX_TIMESTAMP(time_hour) AS STRING)) AS reading_id,
       month, day, wind_dir, wind_speed, wind_gust
FROM   weather"""


def files(project: str) -> dict[str, str]:
    """The workspace's files, which read the demo's tables in `project`."""
    from taskhouse.client.api.workspace import read_folder

    return {path: _NAME_IN_FILES.sub(f"{project}.", text) for path, text in read_folder(FOLDER).items()}


def keep(folder: Path, texts: Mapping[str, str]) -> None:
    """A copy of the files that is the user's to change. A folder that is there is left as it is."""
    if folder.exists():
        return
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    for path, text in texts.items():
        file = unfinished / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    unfinished.rename(folder)


def late_day(today: date) -> date:
    """The data timestamp whose wind readings are late. All its scheduled times have passed, whatever the hour is."""
    return today - timedelta(days=2)


class DemoWorkspace:
    """`odps` is a client of the server's MaxCompute side, bound to the project with the demo's tables."""

    def __init__(self, odps: Any, client: Client, console: Console) -> None:
        self.odps = odps
        self.client = client
        self.console = console

    def bring(self, today: date) -> bool:
        """Publish the workspace and let its past days run, the late feed coming last. False when something has been published on this
        server before: that is left as it is."""
        from taskhouse.client.api.workspace import Workspaces

        workspaces = Workspaces(self.client.transport)
        texts = files(self.odps.project)
        plan = workspaces.plan(texts)
        if plan.revision:
            self.deliver_wind()  # the first time may have been cut short
            return False
        if not plan.valid:
            raise click.ClickException("; ".join(["the workspace cannot be published", *map(str, plan.findings)]))
        self.withhold_wind(late_day(today))
        workspaces.apply(texts, digest=plan.digest, since=today - timedelta(days=PAST_DAYS - 1))
        self.wait()
        self.deliver_wind()
        return True

    def withhold_wind(self, day: date) -> None:
        """Readings of all days but one."""
        self._wind(f"{_READINGS}\nWHERE  NOT (month = {day.month} AND day = {day.day})")

    def deliver_wind(self) -> None:
        self._wind(_READINGS)

    def _wind(self, query: str) -> None:
        self.odps.execute_sql(
            "CREATE TABLE IF NOT EXISTS wind_feed (reading_id STRING COMMENT 'airport and hour', month BIGINT, day BIGINT, "
            "wind_dir BIGINT COMMENT 'degrees', wind_speed DOUBLE COMMENT 'miles per hour', wind_gust DOUBLE COMMENT 'miles per hour') "
            "COMMENT 'Wind by airport and hour, delivered apart from the other readings'"
        )
        self.odps.execute_sql(f"INSERT OVERWRITE TABLE wind_feed\n{query}")

    def wait(self) -> None:
        """Until everything that is due has run, or cannot."""
        columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        until = time.monotonic() + _WAIT_S
        with Progress(*columns, console=self.console) as progress:
            bar = progress.add_task("nodes", total=None)
            calm = 0
            while calm < 3 and time.monotonic() < until:
                due = [line for line in self.client.instances.list() if _is_due(line)]
                done = _nodes(due, "SUCCEEDED", "FAILED")
                progress.update(bar, total=_nodes(due, *_STATUSES), completed=done)
                calm = calm + 1 if done and not _nodes(due, "RUNNING", "WAITING") else 0
                time.sleep(_LOOK_S)

    def story(self, home: str) -> str:
        """What there is to see and to do, in a few lines; empty when nothing is to be repaired. `home` is how commands name the server."""
        failed = list(self.client.instances.list(task=TABLE, status=["FAILED"]))
        if not failed:
            return ""
        line = failed[0]
        at = f" --home {home}" if home else ""
        return "\n".join(
            (
                f"On {line.bizdate} something failed: the wind readings came late, so fields of {line.name} failed, and agg_origin waits.",
                "They are there now. See what is wrong, then rerun two fields; a third shares their node, and what waits goes on by itself:",
                "",
                f"  taskhouse instances list --status FAILED --bizdate {line.bizdate}{at}",
                f"  taskhouse instances fields {line.id}{at}",
                f"  taskhouse rerun {line.id} --fields {','.join(FIELDS)}{at}",
                *(
                    (f"\nThe definitions are yours to change, in the console (Edit Node) or in {home}/{WORKSPACE}",)
                    if home
                    else ()
                ),
            )
        )


_STATUSES = ("SUCCEEDED", "FAILED", "RUNNING", "WAITING", "NOT_RUNNING")


def _is_due(line: InstanceLine) -> bool:
    return line.due_at is not None and line.due_at <= datetime.now(UTC)


def _nodes(lines: Sequence[InstanceLine], *statuses: str) -> int:
    counts: list[Mapping[str, int]] = [line.nodes for line in lines]
    return sum(each.get(status, 0) for each in counts for status in statuses)
