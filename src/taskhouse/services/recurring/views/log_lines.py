"""A run's log by lines, a window of it at a time: long ones are read where they are looked at, live ones at their end.

A live log keeps its beginning and its end; once its middle is left out, lines move up while it grows. `left_out` says how much: when it
changes, what was read before has other numbers now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from taskhouse.domain.roles import Actor
from taskhouse.services.recurring.views.run_log import RunLine, content_of
from taskhouse.services.world import World

MAX_LINES = 5_000
MAX_MATCHES = 10_000
_LEFT_OUT = re.compile(r"^\[\.\.\. ([\d,]+) bytes left out \.\.\.\]$", re.MULTILINE)
_ERROR = re.compile(r"(ODPS-\d{7}|FAILED\b|Traceback \(most recent call last\)|\w*(Error|Exception)\b[:(])")
_TRACE = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class LogLines:
    """`line` is the number of the first of `items`, from 1; `lines` counts all, `characters` too. `live`: there is more to come.
    `error_line`: where a failed run tells its error, 0 when it does not. `left_out`: bytes of the middle that were not kept."""

    run: RunLine
    line: int
    lines: int
    characters: int
    items: tuple[str, ...]
    error_line: int
    left_out: int
    live: bool
    logview: str


@dataclass(frozen=True, slots=True)
class LogMatches:
    """Numbers of the lines that have the text, whatever its case: the first 10,000. `count` counts all."""

    lines: tuple[int, ...]
    count: int


def lines_of(world: World, actor: Actor, node: int, serial: int, *, line: int = 1, limit: int = 1_000) -> LogLines:
    """At most `limit` lines from `line` on; a negative `line` counts from the end. Calls and errors as `content_of`."""
    found = content_of(world, actor, node, serial)
    lines = split(found.content)
    count = max(1, min(limit, MAX_LINES))
    first = max(0, len(lines) + line if line < 0 else line - 1)
    cut = _LEFT_OUT.search(found.content)
    return LogLines(
        found.run,
        first + 1,
        len(lines),
        len(found.content),
        tuple(lines[first : first + count]),
        _error_line(lines) if found.run.status == "FAILED" else 0,
        int(cut[1].replace(",", "")) if cut else 0,
        found.live,
        found.logview,
    )


def matches_of(world: World, actor: Actor, node: int, serial: int, text: str) -> LogMatches:
    """Calls and errors as `content_of`; nothing matches an empty text."""
    wanted = text.casefold()
    lines = split(content_of(world, actor, node, serial).content) if wanted else []
    found = [number for number, each in enumerate(lines, start=1) if wanted in each.casefold()]
    return LogMatches(tuple(found[:MAX_MATCHES]), len(found))


def split(content: str) -> list[str]:
    """Lines without their ends; a line end at the end begins no line."""
    lines = content.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _error_line(lines: Sequence[str]) -> int:
    """The last line that tells an error; of a traceback its beginning."""
    at = next((at for at in range(len(lines) - 1, -1, -1) if _ERROR.match(lines[at])), None)
    if at is None:
        return 0
    trace = next((up for up in range(at - 1, -1, -1) if lines[up].startswith(_TRACE)), None)
    if trace is not None and all(each[:1].isspace() for each in lines[trace + 1 : at]):
        return trace + 1
    return at + 1
