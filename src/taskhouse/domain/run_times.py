"""Start, end and duration of fields and table instances from those of their nodes.

A table starts with its earliest node and ends with its latest; its duration is the wall clock in between, not a sum. While anything is
active there is no end, and the duration runs to now (D-04). A field takes its own nodes only (D-05). Dry runs and statuses set
by hand have no times and do not count; the times of the latest real attempt stay (D-24).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass


class NodeTimes(NamedTuple):
    """Of a node's latest real attempt; both None when it never really ran."""

    status: NodeStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunTimes:
    """All None before anything ran."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: timedelta | None = None


def run_times(nodes: Iterable[NodeTimes], now: datetime) -> RunTimes:
    """Of a field or a table from the nodes that write it."""
    every = list(nodes)
    started = min((n.started_at for n in every if n.started_at is not None), default=None)
    if started is None:
        return RunTimes()
    active = any(CLASS_OF[n.status] in (StatusClass.RUNNING, StatusClass.WAITING) for n in every)
    ended = max((n.ended_at for n in every if n.ended_at is not None), default=None)
    if active or ended is None:
        return RunTimes(started, None, now - started)
    return RunTimes(started, ended, ended - started)
