"""Where a node's time went, from its history: waiting for upstream, for its scheduled time, for throttling, for resources, and running.

A history is all transitions of a node since it was generated. What counts is the latest stretch: from generation, or from the moment when
an operation or a retry took the node out of a final status, to the next final status or to now. Between an end and the next
stretch the node waited for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from taskhouse.domain.node_state import Transition
from taskhouse.domain.status import NodeStatus


class Phase(Enum):
    """What a stretch of time was spent on."""

    WAIT_UPSTREAM = "WAIT_UPSTREAM"
    WAIT_SCHEDULE = "WAIT_SCHEDULE"
    THROTTLED = "THROTTLED"
    WAIT_RESOURCE = "WAIT_RESOURCE"
    RUN = "RUN"


_PHASE_OF: Mapping[NodeStatus, Phase] = {
    NodeStatus.INIT: Phase.WAIT_UPSTREAM,
    NodeStatus.WAIT_SUBMISSION: Phase.WAIT_SCHEDULE,
    NodeStatus.WAIT_SCHEDULE: Phase.WAIT_SCHEDULE,
    NodeStatus.DISPATCH_BLOCKED: Phase.THROTTLED,
    NodeStatus.WAIT_RESOURCE: Phase.WAIT_RESOURCE,
    NodeStatus.RUNNING: Phase.RUN,
}


class Segment(NamedTuple):
    """`end` is never before `start`; a segment without length is left out of a history."""

    phase: Phase
    start: datetime
    end: datetime


def latest_stretch(history: Sequence[Transition], now: datetime, born: datetime | None = None) -> list[Segment]:
    """The segments of a node's latest stretch, in order. `history` in order of time, that of one node; `born` is when it was generated,
    which histories leave out of nodes that were born Not Running."""
    found: list[Segment] = []
    first = history[0].at if history else now
    if born is not None and born < first and (not history or history[0].source is NodeStatus.INIT):
        found.append(Segment(Phase.WAIT_UPSTREAM, born, first))
    for at, line in enumerate(history):
        if line.source is None or line.source in (NodeStatus.SUCCESS, NodeStatus.FAILED):
            found.clear()
        phase = _PHASE_OF.get(line.target)
        if phase is None:
            continue
        end = history[at + 1].at if at + 1 < len(history) else now
        if end <= line.at:
            continue
        if found and found[-1].phase is phase and found[-1].end == line.at:
            found[-1] = found[-1]._replace(end=end)
        else:
            found.append(Segment(phase, line.at, end))
    return found


def within(segments: Iterable[Segment], start: datetime, end: datetime) -> list[Segment]:
    """What of the segments lies between two moments."""
    cut = (Segment(s.phase, max(s.start, start), min(s.end, end)) for s in segments)
    return [segment for segment in cut if segment.end > segment.start]


def totals(segments: Iterable[Segment]) -> dict[Phase, timedelta]:
    found: dict[Phase, timedelta] = {}
    for segment in segments:
        found[segment.phase] = found.get(segment.phase, timedelta(0)) + (segment.end - segment.start)
    return found
