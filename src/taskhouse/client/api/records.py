"""Answers about what happened: runs and their logs, the operation log, diagnosis, the Gantt chart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from taskhouse.client.api.instances import NodeRef
from taskhouse.client.api.operations import Operation


class RunLine(msgspec.Struct, frozen=True):
    """An entry of a node's run log. `number` counts real attempts and is 0 for what is none. `trigger`: SCHED, RERUN, FORCE, RETRY, BACKFILL,
    DRY, MANUAL_SUCCESS. `task_instance` did the work."""

    serial: int
    number: int = 0
    trigger: str = ""
    status: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    reason: str = ""
    message: str = ""
    choice: str = ""
    version: int = 0
    parameters: dict[str, str] = {}
    task_instance: str = ""


class RunLog(msgspec.Struct, frozen=True):
    """The latest first."""

    node: int
    name: str = ""
    items: list[RunLine] = []


class RunContent(msgspec.Struct, frozen=True):
    """`content` is what the run wrote, or its error's text. `live`: there is more to come. `code` is the text that ran. `logview` is the path
    of a page of the server."""

    run: RunLine
    content: str = ""
    code: str = ""
    live: bool = False
    logview: str = ""
    summary: dict[str, Any] = {}


class OperationLog(msgspec.Struct, frozen=True):
    """The latest first. `next_before` is what `before` takes for the next page, None on the last."""

    items: list[Operation] = []
    next_before: int | None = None


class CheckLine(msgspec.Struct, frozen=True):
    """`verdict`: PASSED, BLOCKED, SKIPPED or NOT_CHECKED."""

    check: str
    verdict: str = ""
    code: str = ""
    values: dict[str, str | int] = {}
    text: str = ""


class Blocker(msgspec.Struct, frozen=True):
    """A node that keeps others from starting, and why it stands where it is."""

    node: NodeRef
    bizdate: str = ""
    code: str = ""
    values: dict[str, str | int] = {}
    text: str = ""


class LatestRun(msgspec.Struct, frozen=True):
    """`usual_s`: how long it usually takes."""

    serial: int
    number: int = 0
    trigger: str = ""
    status: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    reason: str = ""
    message: str = ""
    usual_s: float | None = None
    slow: bool = False


class NodeDiagnosis(msgspec.Struct, frozen=True):
    """`blocking`: the topmost nodes that keep it from starting; `chain`: those between it and the first of them; `upstream`: its direct upstream nodes; `occupants` hold the slots it waits for."""

    node: NodeRef
    schedule_type: str = ""
    due_at: datetime | None = None
    since: datetime | None = None
    paused: bool = False
    forced: bool = False
    checks: list[CheckLine] = []
    blocking: list[Blocker] = []
    blocking_count: int = 0
    chain: list[NodeRef] = []
    upstream: list[NodeRef] = []
    upstream_count: int = 0
    removed: int = 0
    resource_group: str = ""
    slots: int = 0
    occupants: list[NodeRef] = []
    occupied: int = 0
    latest: LatestRun | None = None


class DiagnosisPage(msgspec.Struct, frozen=True):
    instance: int
    name: str = ""
    notices: list[str] = []
    items: list[NodeDiagnosis] = []


class GanttSegment(msgspec.Struct, frozen=True):
    """`phase`: WAIT_UPSTREAM, WAIT_SCHEDULE, THROTTLED, WAIT_RESOURCE or RUN."""

    phase: str
    start: datetime | None = None
    end: datetime | None = None
    seconds: float = 0.0


class GanttNode(msgspec.Struct, frozen=True):
    """`decisive`: it ended last. Times are expected ones when `predicted`."""

    node: NodeRef
    start: datetime | None = None
    end: datetime | None = None
    predicted: bool = False
    decisive: bool = False
    segments: list[GanttSegment] = []


class GanttLink(msgspec.Struct, frozen=True):
    """One instance of the path. `contribution_s` is what it added, `gap_s` of it while nothing of the path ran, `run_s` by running. `blocked`:
    it cannot end before somebody acts."""

    instance: int
    name: str = ""
    label: str = ""
    task: str = ""
    project: str = ""
    visible: bool = True
    statuses: list[str] = []
    due_at: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    predicted: bool = False
    blocked: bool = False
    gap_s: float = 0.0
    run_s: float = 0.0
    contribution_s: float = 0.0
    gaps: dict[str, float] = {}
    nodes: list[GanttNode] = []


class GanttOther(msgspec.Struct, frozen=True):
    """What else lies between start and end, and decided nothing."""

    instance: int
    name: str = ""
    project: str = ""
    visible: bool = True
    statuses: list[str] = []
    due_at: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    predicted: bool = False
    segments: list[GanttSegment] = []


class Gantt(msgspec.Struct, frozen=True):
    """The critical path from `start` (0 is the root) to `end`. `total_s` is the sum of the contributions."""

    start: int
    end: int
    total_s: float = 0.0
    predicted: bool = False
    path: list[GanttLink] = []
    others: list[GanttOther] = []
    others_count: int = 0
