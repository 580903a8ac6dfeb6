"""What the page shows of an instance, worked out from what was recorded; the templates only lay it out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskhouse.domain.instance import Instance, InstanceStatus, ResultKind, Stage, Task, TaskStatus
from taskhouse.protocols.logview import graph, sql_lines
from taskhouse.services.xflow.submit import ARGUMENT_PREFIX

_FAULT = re.compile(r"(?P<number>ODPS-\d{7}):\s*(?:\[(?P<line>\d+),(?P<column>\d+)\]\s*)?(?P<message>.*)", re.DOTALL)
_HINT = re.compile(r"[,;.]?\s*did you mean\s+(?P<what>[^?]+)\?", re.IGNORECASE)

SHORT_WAIT_S = 0.01
"""A shorter wait is not shown as a phase."""
MAX_STATEMENT_PHASES = 8
ROW_CHARACTERS, FIRST_ROWS = 72, 30
"""About what a window shows of a query at first."""

LOOKS = {
    TaskStatus.WAITING: ("wait", "Waiting"),
    TaskStatus.RUNNING: ("run", "Running"),
    TaskStatus.SUCCESS: ("ok", "Succeeded"),
    TaskStatus.FAILED: ("fail", "Failed"),
    TaskStatus.CANCELLED: ("hold", "Cancelled"),
}
"""Status -> the class that gives shape and hue, and its name."""


@dataclass(frozen=True, slots=True)
class Status:
    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the instance's time. `share` is its width in hundredths of the bar, at least 1."""

    label: str
    duration: str
    look: str
    share: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error text taken apart. `line` is 0 when it names no place."""

    number: str
    message: str
    hint: str
    line: int
    column: int
    raw: str


@dataclass(frozen=True, slots=True)
class StatementView:
    number: int
    kind: str
    line: int
    status: Status


@dataclass(frozen=True, slots=True)
class TaskView:
    index: int
    name: str
    type: str
    status: Status
    lines: tuple[sql_lines.Line, ...]
    statements: tuple[StatementView, ...]
    trouble: Trouble | None
    settings: tuple[tuple[str, str, str], ...]
    """Name, value, where it comes from."""
    stages: tuple[Stage, ...]
    drawing: graph.Drawing | None
    totals: str
    warnings: tuple[str, ...]
    text: str
    """A text result, or empty."""

    @property
    def is_trouble_far_down(self) -> bool:
        """Whether the error's line ends below what a window shows at first, so that its message is better said beside it too."""
        if self.trouble is None or not self.trouble.line:
            return False
        above = (sum(len(piece.text) for piece in line.pieces) for line in self.lines[: self.trouble.line])
        return sum(1 + length // ROW_CHARACTERS for length in above) > FIRST_ROWS

    def statement_at(self, line: int) -> StatementView | None:
        return next((s for s in self.statements if s.line == line), None)


@dataclass(frozen=True, slots=True)
class InstanceView:
    instance: Instance
    status: Status
    is_final: bool
    facts: tuple[tuple[str, str, datetime | None], ...]
    """Label, text, and the instant when the fact is one."""
    phases: tuple[Phase, ...]
    tasks: tuple[TaskView, ...]
    chosen: TaskView


def look_at(
    instance: Instance, stages: Mapping[int, tuple[Stage, ...]], chosen: int | None, now: datetime
) -> InstanceView:
    """`stages` are live ones by task index, where there are newer ones than the recorded. `chosen` is the task to show; by default
    the one that failed, else runs, else the last that began."""
    tasks = tuple(_task(task, stages.get(task.index, task.stages), instance.project) for task in instance.tasks)
    index = chosen if chosen is not None and 0 <= chosen < len(tasks) else _interesting(instance.tasks)
    return InstanceView(
        instance=instance,
        status=_status(instance),
        is_final=instance.status is InstanceStatus.TERMINATED,
        facts=_facts(instance, now),
        phases=_phases(instance, now),
        tasks=tasks,
        chosen=tasks[index],
    )


def _interesting(tasks: Sequence[Task]) -> int:
    for wanted in (TaskStatus.FAILED, TaskStatus.RUNNING):
        for task in tasks:
            if task.status is wanted:
                return task.index
    return max((task.index for task in tasks if task.started_at), default=0)


def _status(instance: Instance) -> Status:
    statuses = [task.status for task in instance.tasks]
    for wanted in (TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.RUNNING):
        if wanted in statuses:
            look, text = LOOKS[wanted]
            if wanted is TaskStatus.FAILED and len(statuses) > 1:
                text = f"Failed in task {statuses.index(wanted) + 1} of {len(statuses)}"
            return Status(look, text)
    if statuses and all(status is TaskStatus.SUCCESS for status in statuses):
        return Status(*LOOKS[TaskStatus.SUCCESS])
    if instance.started_at is not None:
        return Status(*LOOKS[TaskStatus.RUNNING])
    return Status("wait", "Waiting for a slot")


def _facts(instance: Instance, now: datetime) -> tuple[tuple[str, str, datetime | None], ...]:
    facts: list[tuple[str, str, datetime | None]] = [("Submitted", "", instance.submitted_at)]
    if instance.ended_at:
        facts.append(("Finished", "", instance.ended_at))
    facts.append(("Duration", duration((instance.ended_at or now) - instance.submitted_at), None))
    facts += [
        ("Project", instance.project, None),
        ("Owner", instance.owner, None),
        ("Priority", str(instance.priority), None),
    ]
    total = _sums(instance.tasks, ("rows_in", "bytes_in", "rows_out", "cpu_seconds"))
    if total["rows_in"]:
        facts.append(("Read", f"{int(total['rows_in']):,} rows, {size(total['bytes_in'])}", None))
    selected = sum(task.result_rows for task in instance.tasks if task.result_kind is ResultKind.ROWS)
    for label, rows in (("Wrote", int(total["rows_out"]) - selected), ("Result", selected)):
        if rows > 0:
            facts.append((label, f"{rows:,} row{'s' if rows != 1 else ''}", None))
    peak = max((_number(task.summary.get("peak_memory_bytes")) for task in instance.tasks), default=0)
    if peak:
        facts.append(("Peak memory", size(peak), None))
    if total["cpu_seconds"] >= 0.05:
        facts.append(("CPU", f"{total['cpu_seconds']:.1f} s", None))
    return tuple(facts)


def _sums(tasks: Sequence[Task], names: Sequence[str]) -> dict[str, float]:
    return {name: sum(_number(task.summary.get(name)) for task in tasks) for name in names}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _phases(instance: Instance, now: datetime) -> tuple[Phase, ...]:
    parts: list[tuple[str, float, str]] = []
    waited = ((instance.started_at or instance.ended_at or now) - instance.submitted_at).total_seconds()
    if waited >= SHORT_WAIT_S or instance.started_at is None:
        parts.append(("Waited for its turn" if instance.parent_id else "Waited for a slot", waited, "res"))
    several = len(instance.tasks) > 1
    for task in instance.tasks:
        if task.started_at is None:
            continue
        look = LOOKS[task.status][0]
        steps = _statement_records(task)
        seconds = ((task.ended_at or now) - task.started_at).total_seconds()
        if 1 < len(steps) <= MAX_STATEMENT_PHASES:
            for number, step in enumerate(steps, 1):
                part = look if number == len(steps) and look in ("fail", "hold") else "run"
                prefix = f"{task.spec.name}, statement" if several else "Statement"
                parts.append((f"{prefix} {number}", _number(step.get("seconds")), part))
        else:
            label = task.spec.name if several else f"Ran {len(steps)} statements" if len(steps) > 1 else "Ran"
            parts.append((label, seconds, look if look in ("fail", "hold") else "run"))
    whole = sum(max(seconds, 0.0) for _, seconds, _ in parts) or 1.0
    return tuple(
        Phase(
            label, duration(timedelta(seconds=max(seconds, 0.0))), look, min(100, max(1, round(seconds / whole * 100)))
        )
        for label, seconds, look in parts
    )


def _statement_records(task: Task) -> list[Mapping[str, object]]:
    found = task.summary.get("statements")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list | tuple) else []


def _task(task: Task, stages: tuple[Stage, ...], project: str) -> TaskView:
    look = Status(*LOOKS[task.status])
    trouble = None
    if task.status is TaskStatus.FAILED or (task.status is TaskStatus.CANCELLED and task.result_text):
        trouble = read_trouble(task.result_text)
    elif task.status is TaskStatus.CANCELLED:
        trouble = Trouble("", "Stopped before it was done.", "", 0, 0, "")
    is_sql = task.spec.type in ("SQL", "SQLCost", "SQLRT")
    lines, marks = sql_lines.split(task.spec.body) if task.spec.body else ((), ())
    if trouble is not None and trouble.line:
        lines = tuple(sql_lines.mark_error(li, trouble.column) if li.number == trouble.line else li for li in lines)
    ended_as = look.look if task.status in (TaskStatus.FAILED, TaskStatus.CANCELLED) else ""
    return TaskView(
        index=task.index,
        name=task.spec.name,
        type=task.spec.type,
        status=look,
        lines=lines,
        statements=_statements(task, marks, trouble) if is_sql else (),
        trouble=trouble,
        settings=_settings(task),
        stages=stages,
        drawing=graph.draw(stages, ended_as=ended_as, project=project) if stages else None,
        totals=_totals(stages),
        warnings=task.warnings,
        text=task.result_text if trouble is None else "",
    )


def _statements(
    task: Task, marks: Sequence[sql_lines.StatementMark], trouble: Trouble | None
) -> tuple[StatementView, ...]:
    """The runner records each statement that it began; of a task that did not succeed the last one is the culprit. Without a
    record (it still runs, or never ran) statuses follow from the task's status and the error's place."""
    records = _statement_records(task)
    at_error = next((i for i, m in enumerate(marks) if trouble and m.line <= trouble.line <= m.last_line), None)
    reached = len(records) - 1 if records else at_error
    found = []
    for index, mark in enumerate(marks):
        status = Status(*LOOKS[task.status])
        if task.status is not TaskStatus.SUCCESS and len(marks) > 1:
            if reached is None:
                status = Status("idle", "Not known yet" if not task.status.is_final else "Not run")
            elif index != reached:
                status = Status(*LOOKS[TaskStatus.SUCCESS]) if index < reached else Status("idle", "Not run")
        found.append(StatementView(index + 1, mark.kind, mark.line, status))
    return tuple(found)


def read_trouble(text: str) -> Trouble:
    """Take an error text apart: `ODPS-0130071:[21,21] message`. Texts of another form are shown as they are."""
    match = _FAULT.match(text.strip())
    if match is None:
        return Trouble("", text.strip() or "No reason was recorded.", "", 0, 0, text)
    message = match["message"].strip()
    hint = _HINT.search(message)
    what = hint["what"].strip().strip("'\"`") if hint else ""
    shown = (message[: hint.start()] + message[hint.end() :]).strip() if hint else message
    return Trouble(match["number"], shown, what, int(match["line"] or 0), int(match["column"] or 0), text)


def _settings(task: Task) -> tuple[tuple[str, str, str], ...]:
    hidden = {"settings", "uuid"}
    rows = [(name, value, "setting") for name, value in sorted(task.spec.settings.items())]
    for name, value in sorted(task.spec.config.items()):
        bare = name.removeprefix(ARGUMENT_PREFIX)
        if name not in hidden:
            rows.append((bare, value, "property" if bare == name else "argument"))
    return tuple(rows)


def _totals(stages: Sequence[Stage]) -> str:
    if not stages:
        return ""
    done, total = sum(s.workers_done for s in stages), sum(s.workers_total for s in stages)
    return f"{done:,} of {total:,} workers done"


def duration(span: timedelta) -> str:
    """`0.4 s`, `51m 19s`, `2h 04m`."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def size(count: float) -> str:
    """Bytes in binary units."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} TiB"
