"""The stream of changes: one event after another, across broken connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec

from taskhouse.client.api.errors import ApiError, ConnectionFailed
from taskhouse.client.api.transport import Transport

_PAUSE_S = 1.0


class ChangedNode(msgspec.Struct, frozen=True):
    """The present state of a node that changed. `instances` are those that it belongs to, `label` the status as pages show it."""

    id: int
    name: str = ""
    instances: list[int] = []
    status: str = ""
    label: str = ""
    paused: bool = False
    attempt: int = 0
    run: int = 0


class Event(msgspec.Struct, frozen=True):
    """`name`: `hello` (the stream begins), `changes`, or `reset`: so much was missed that whoever keeps a copy reads it anew. `instances`: all
    that changed in some way; `generated`: data timestamps that have new ones. A stream goes on after `cursor`."""

    name: str = "changes"
    cursor: int = 0
    environment: str = ""
    nodes: list[ChangedNode] = []
    instances: list[int] = []
    generated: list[str] = []


def follow(
    transport: Transport, environment: str = "", since: int | None = None, *, attempts: int = 5
) -> Iterator[Event]:
    """Events without end; leaving the loop ends it. A broken connection is taken up where it was, at most `attempts` times in a row without
    an event in between, then raises `ConnectionFailed`."""
    pause = threading.Event()
    failures = 0
    while True:
        query: dict[str, str | int | None] = {"environment": environment or None, "since": since}
        try:
            with transport.stream("/events", query, {"accept": "text/event-stream"}) as answer:
                for event in read_events(answer.iter_lines()):
                    failures = 0
                    since = event.cursor
                    yield event
            failures += 1
            if failures >= attempts:
                raise ConnectionFailed("UNREACHABLE", "the server ended the stream of changes")
        except ConnectionFailed:
            failures += 1
            if failures >= attempts:
                raise
        pause.wait(_PAUSE_S * min(failures, 5))


def read_events(lines: Iterator[str]) -> Iterator[Event]:
    """Server-sent events from their lines; comments and other names than ours are passed over."""
    name, data = "", list[str]()
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            word, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if word == "event":
                name = value
            elif word == "data":
                data.append(value)
            continue
        if name in ("hello", "changes", "reset") and data:
            yield _event(name, "\n".join(data))
        name, data = "", []


def _event(name: str, data: str) -> Event:
    try:
        return msgspec.structs.replace(msgspec.json.decode(data, type=Event), name=name)
    except msgspec.DecodeError as error:
        raise ApiError(
            "UNEXPECTED_ANSWER", f"the stream of changes has an event that is not understood: {error}"
        ) from None
