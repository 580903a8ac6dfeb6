"""Reading a stream of events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.scenarios.stage import RestDoor

PATIENCE_S = 60.0
"""Heartbeats keep a stream open on which nothing else comes."""


class Reader:
    """Events of an open stream, one after the other; comments are skipped. Fails when what is waited for does not come."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines = response.iter_lines()
        self.last = 0

    def next(self, awaited: str = "an event", deadline: float | None = None) -> tuple[str, dict[str, Any]]:
        name, data = "", ""
        deadline = deadline or time.monotonic() + PATIENCE_S
        for line in self.lines:
            assert time.monotonic() < deadline, f"the stream did not tell of {awaited}; its last event was {self.last}"
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif line.startswith("id: "):
                self.last = int(line[4:])
            elif not line and data:
                return name, json.loads(data)
        raise AssertionError(f"the stream ended before it told of {awaited}; its last event was {self.last}")

    def until(self, node: int, status: str, only: set[int] | None = None) -> dict[str, Any]:
        """The event that tells of a node's status. `only`: until then nothing is heard of other nodes."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            name, data = self.next(f"node {node} as {status}", deadline)
            assert name == "changes"
            assert only is None or {each["id"] for each in data["nodes"]} <= only
            for each in data["nodes"]:
                if (each["id"], each["status"]) == (node, status):
                    return {**each, "environment": data["environment"], "cursor": data["cursor"]}


@contextmanager
def listening(door: RestDoor, query: str = "", **headers: str) -> Iterator[Reader]:
    with door.client.stream("GET", f"/events{query}", headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Reader(response)
