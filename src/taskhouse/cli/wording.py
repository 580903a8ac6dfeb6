"""How values look in tables: statuses with their glyph and colour, times of the tenant's zone, durations.

Colour means status and nothing else; the glyph says it without colour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

ZONE: ContextVar[Callable[[], tzinfo | None]] = ContextVar("zone", default=lambda: None)
"""Tells the zone in which times are shown, asked when the first is; None is this machine's."""
STATUS = {
    "SUCCEEDED": ("✔", "green", "Succeeded"),
    "FAILED": ("✖", "red", "Failed"),
    "RUNNING": ("▶", "blue", "Running"),
    "WAITING": ("◷", "magenta", "Waiting"),
    "NOT_RUNNING": ("○", "bright_black", "Not Running"),
}
"""By the names of status classes; see `_CLASS` for those of nodes."""
_CLASS = {
    "SUCCESS": "SUCCEEDED",
    "INIT": "NOT_RUNNING",
    "WAIT_SUBMISSION": "WAITING",
    "WAIT_SCHEDULE": "WAITING",
    "DISPATCH_BLOCKED": "WAITING",
    "WAIT_RESOURCE": "WAITING",
}
_NODE_LABEL = {
    "WAIT_SUBMISSION": "Waiting for Scheduled Time",
    "WAIT_SCHEDULE": "Waiting for Scheduled Time",
    "DISPATCH_BLOCKED": "Throttling",
    "WAIT_RESOURCE": "Waiting for Scheduling Resources",
}
_ORDER = ("SUCCEEDED", "FAILED", "RUNNING", "WAITING", "NOT_RUNNING")


def status(name: str | None, *, paused: bool = False, label: str = "") -> Text:
    """A status of a field or node with its glyph."""
    from rich.text import Text

    if not name:
        return Text("–")
    glyph, colour, word = STATUS[_CLASS.get(name, name)]
    word = label or _NODE_LABEL.get(name, word)
    if paused:
        glyph, word = "‖", f"{word}, paused" if "aused" not in word else word
    return Text(f"{glyph} {word}", style=colour)


def counts(by_status: Mapping[str, int]) -> Text:
    """`✔3 ✖1`, in the order of the pages."""
    from rich.text import Text

    made = Text()
    for name in _ORDER:
        if by_status.get(name):
            glyph, colour, _ = STATUS[name]
            made.append(f"{' ' if made else ''}{glyph}{by_status[name]}", style=colour)
    return made or Text("–")


def moment(at: datetime | None) -> str:
    """`2026-03-02 00:30:00` in the tenant's zone."""
    return "–" if at is None else f"{at.astimezone(ZONE.get()()):%Y-%m-%d %H:%M:%S}"


def short_moment(at: datetime | None) -> str:
    return "–" if at is None else f"{at.astimezone(ZONE.get()()):%m-%d %H:%M}"


def duration(seconds: float | None) -> str:
    """`51m 19s`, `2h 04m`, `0.4s`."""
    if seconds is None:
        return "–"
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s" if whole >= 60 else f"{whole}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def names(values: Sequence[str], most: int = 6) -> str:
    """At most `most` of them, then how many more."""
    shown = ", ".join(values[:most])
    return shown if len(values) <= most else f"{shown} +{len(values) - most}"


def priority(name: str) -> str:
    return "Medium" if name == "MIDDLE" else name.capitalize()


_COMMANDS = {"force-rerun-current": "force-rerun", "modify-priority": "set-priority"}


def command(operation: str) -> str:
    """The command of an operation: `FORCE_RERUN_CURRENT` is `force-rerun`."""
    name = operation.lower().replace("_", "-")
    return _COMMANDS.get(name, name)
