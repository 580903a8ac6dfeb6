"""The run log of a node instance: every run, and what an attempt wrote.

A run of a task instance has its log there: its output, or the text of its error, and a Logview page. Dry runs and statuses that were set by
hand ran nothing and have an empty log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taskhouse.domain.instance import Instance, ResultKind, TaskStatus
from taskhouse.domain.node_changes import SUPERSEDED
from taskhouse.domain.node_state import Run, RunStatus
from taskhouse.domain.roles import Action, Actor
from taskhouse.ports.recurring_store import OperationEntry
from taskhouse.services.access.logview_address import path_of
from taskhouse.services.recurring.views.code_page import parameters_of
from taskhouse.services.recurring.views.node_lines import require_node
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.scene import not_found, of_instance, of_node
from taskhouse.services.world import World

FORCE_RERUN = "FORCE_RERUN"
"""Why an attempt ended that a forced rerun cancelled (D-25)."""
MAX_RUNS = 1_000
MAX_OPERATIONS = 200


@dataclass(frozen=True, slots=True)
class RunLine:
    """One entry. `number` counts real attempts and is 0 for what is none. `trigger`: SCHED, RERUN, FORCE, RETRY, BACKFILL, DRY,
    MANUAL_SUCCESS; `choice`: CURRENT or AS_RAN. `version` is that of the task whose code ran. `task_instance` did the work."""

    serial: int
    number: int
    trigger: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    reason: str
    message: str
    choice: str
    version: int
    parameters: Mapping[str, str]
    task_instance: str


@dataclass(frozen=True, slots=True)
class RunLog:
    """The latest first."""

    node: int
    name: str
    items: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class RunContent:
    """`content` is what the run wrote, or its error's text; empty for what ran nothing. `live`: there is more to come. `code` is the text
    that was submitted. `logview` is the path of a page of this server, with a token for a day."""

    run: RunLine
    content: str
    code: str
    live: bool
    logview: str
    summary: Mapping[str, Any]


def runs_of(world: World, actor: Actor, node: int, limit: int = 100) -> RunLog:
    """Five store calls at most. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    scene, at = of_node(world, actor, node)
    require_node(scene, Action.INSPECT, at)
    runs = world.recurring.runs(node, max(1, min(limit, MAX_RUNS)))
    return RunLog(node, scene.graph.label(at), tuple(_line(run, scene.now) for run in runs))


def content_of(world: World, actor: Actor, node: int, serial: int) -> RunContent:
    """Of one run. Five store calls at most, and one of the store of task instances."""
    scene, at = of_node(world, actor, node)
    require_node(scene, Action.INSPECT, at)
    runs = world.recurring.runs(node, MAX_RUNS)
    run = next((run for run in runs if run.serial == serial), None)
    if run is None:
        message = f"'{scene.graph.label(at)}' has no run {serial}"
        raise ViewRefused(ViewCode.NOT_FOUND, message, About(node, scene.graph.label(at)))
    line = _line(run, scene.now)
    instance = world.instances.get(None, run.task_instance) if run.task_instance else None
    live = run.status is RunStatus.RUNNING
    if instance is None or not instance.tasks:
        return RunContent(line, run.message, "", live, "", {})
    task = instance.tasks[0]
    return RunContent(
        line, _content(world, instance, run), task.spec.body, live, path_of(world, instance), task.summary
    )


def _reason(run: Run) -> str:
    if run.reason is not None:
        return run.reason.value
    return FORCE_RERUN if run.status is RunStatus.CANCELLED and run.message == SUPERSEDED else ""


def _line(run: Run, now: datetime) -> RunLine:
    end = run.ended_at or (now if run.status is RunStatus.RUNNING else None)
    return RunLine(
        run.serial,
        run.number,
        run.trigger.value,
        run.status.value,
        run.started_at,
        run.ended_at,
        None if run.started_at is None or end is None else max(0.0, (end - run.started_at).total_seconds()),
        _reason(run),
        run.message,
        run.code.value,
        run.version,
        parameters_of(run),
        run.task_instance,
    )


def _content(world: World, instance: Instance, run: Run) -> str:
    """A script's or transfer's output, also while it runs; of SQL what each statement did, warnings, and the error."""
    task = instance.tasks[0]
    control = world.runs.find(instance.id)
    if control is not None and not task.status.is_final:
        return control.output
    parts = [*_statements(task.summary), *task.warnings]
    if task.status is not TaskStatus.SUCCESS or not parts or task.result_kind is ResultKind.TEXT:
        parts.append(task.result_text)
    if run.message and run.message not in "\n".join(parts):
        parts.append(run.message)
    return "\n".join(part for part in parts if part)


def _statements(summary: Mapping[str, object]) -> Iterator[str]:
    """`1 Insert, line 7: 0.05 s, 973 rows read, 973 rows written`."""
    found = summary.get("statements")
    for number, each in enumerate(found if isinstance(found, list) else [], start=1):
        if not isinstance(each, dict):
            continue
        counts = [f"{each[key]:,} rows {word}" for key, word in _COUNTS.items() if isinstance(each.get(key), int)]
        took = each.get("seconds")
        words = [f"{took:.2f} s" if isinstance(took, float) else "", *counts]
        yield f"{number} {each.get('kind', 'Statement')}, line {each.get('line', 1)}: {', '.join(filter(None, words))}"


_COUNTS = {"rows_in": "read", "rows_out": "written"}


def operations_of(
    world: World, actor: Actor, instance: int, *, before: int = 0, limit: int = 50
) -> Sequence[OperationEntry]:
    """The operation log of an instance, the latest first; `before` is the id that a page ended with. Four store calls at most."""
    scene = of_instance(world, actor, instance)
    if instance not in scene.graph.instance_at:
        raise not_found(instance)
    scene.at(instance)
    return world.recurring.operations(instance, before, max(1, min(limit, MAX_OPERATIONS)))
