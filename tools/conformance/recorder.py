"""A pytest plugin (standard library only, loaded by name in the suite's environment): one JSON line a test.

The file is named by the environment variable TASKHOUSE_RECORD. Lines are flushed at once, so that a crash loses no result.
TASKHOUSE_EXCEPTED holds the patterns of excepted tests as JSON.
"""

from __future__ import annotations

import fnmatch
import json
import os
from typing import Any

EXCEPTED_S = 20
"""Seconds for an excepted test: the client asks again and again for what a server does not offer, up to minutes."""


class Recorder:
    def __init__(self, path: str) -> None:
        self.file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - lives as long as the session
        self.current: dict[str, dict[str, Any]] = {}

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._write({"test": report.nodeid, "outcome": "failed", "seconds": 0.0, "text": str(report.longrepr)})

    def pytest_runtest_logreport(self, report: Any) -> None:
        row = self.current.setdefault(
            report.nodeid, {"test": report.nodeid, "outcome": "passed", "seconds": 0.0, "text": ""}
        )
        row["seconds"] += report.duration
        if report.failed:
            row["outcome"], row["text"] = "failed", str(report.longrepr)
        elif report.skipped and row["outcome"] == "passed":
            expected = hasattr(report, "wasxfail")
            row["outcome"] = "passed" if expected else "skipped"
            row["text"] = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if report.when == "teardown":
            self._write(self.current.pop(report.nodeid))

    def _write(self, row: dict[str, Any]) -> None:
        self.file.write(json.dumps(row) + "\n")


def pytest_collection_modifyitems(items: list[Any]) -> None:
    import pytest

    patterns = json.loads(os.environ.get("TASKHOUSE_EXCEPTED", "[]"))
    for item in items:
        if any(fnmatch.fnmatchcase(item.nodeid, pattern) for pattern in patterns):
            item.add_marker(pytest.mark.timeout(EXCEPTED_S))


def pytest_configure(config: Any) -> None:
    path = os.environ.get("TASKHOUSE_RECORD")
    if path:
        config.pluginmanager.register(Recorder(path), "taskhouse-recorder")
