"""Why an instance does not run, or how it ran: the five checks of the scheduler for each of its nodes, in words and with their evidence.

Nothing about being blocked is stored; it is worked out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.diagnosis import Check, Diagnosis, Verdict, diagnose
from taskhouse.domain.node_state import Run, RunStatus
from taskhouse.domain.prediction import is_slow
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.services.recurring.expected_finish import usual_durations
from taskhouse.services.recurring.views.node_lines import NodeRef, node_ref, node_refs
from taskhouse.services.recurring.views.scene import Scene, of_instance, upstream_of
from taskhouse.services.world import World

SHOWN = 200
"""Upstream nodes, blocking nodes and occupants that are listed; their numbers are told in full."""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """`verdict`: PASSED, BLOCKED, SKIPPED (the attempt is forced) or NOT_CHECKED (an earlier check has not passed, or the node is
    paused). `text` says it in words."""

    check: str
    verdict: str
    text: str


@dataclass(frozen=True, slots=True)
class LatestRun:
    """`usual_s`: how long it usually takes. `slow`: it runs longer than 1.5 times that and by more than 15 minutes."""

    serial: int
    number: int
    trigger: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    reason: str
    message: str
    usual_s: float | None
    slow: bool


@dataclass(frozen=True, slots=True)
class NodeDiagnosis:
    """`blocking`: the initial blocking nodes, the topmost that keep it from starting. `upstream`: its direct upstream nodes, those that have
    not succeeded first. `occupants`: nodes that hold the slots of its resource group while it waits for one."""

    node: NodeRef
    schedule_type: str
    due_at: datetime
    since: datetime | None
    paused: bool
    forced: bool
    checks: tuple[CheckLine, ...]
    blocking: tuple[NodeRef, ...]
    blocking_count: int
    upstream: tuple[NodeRef, ...]
    upstream_count: int
    resource_group: str
    slots: int
    occupants: tuple[NodeRef, ...]
    occupied: int
    latest: LatestRun | None


@dataclass(frozen=True, slots=True)
class DiagnosisPage:
    instance: int
    name: str
    items: tuple[NodeDiagnosis, ...]


def diagnosis_of(world: World, actor: Actor, instance: int) -> DiagnosisPage:
    """For each node. Seven store calls at most where the date is loaded, as it is while anything of it is unfinished: changes, latest
    attempts, what runs, how long nodes take, one for each date, and why. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    scene = of_instance(world, actor, instance)
    scene.at(instance)
    scene = upstream_of(world, scene, instance)
    at = scene.at(instance)
    nodes = list(scene.graph.nodes_of_instance[at])
    statuses = {node: scene.states[node].status for node in nodes}
    attempts = world.recurring.latest_attempts([scene.states[node].id for node in nodes])
    running = [node for node in nodes if statuses[node] is NodeStatus.RUNNING]
    usual = usual_durations(world.recurring, scene.node_records, running) if running else {}
    occupants: dict[str, list[int]] = {}
    if NodeStatus.WAIT_RESOURCE in statuses.values():
        occupants = _occupants(scene, world.recurring.live_runs())
    slots = world.workspace.tenant().resource_groups
    found = []
    for node in nodes:
        run = attempts.get(scene.states[node].id)
        group = scene.node_task(node).resource_group
        busy = occupants.get(group, []) if statuses[node] is NodeStatus.WAIT_RESOURCE else []
        found.append(_node(scene, node, run, usual.get(node), group, slots.get(group, 0), busy))
    return DiagnosisPage(instance, scene.graph.instances[at].name, tuple(found))


def _node(
    scene: Scene, node: int, run: Run | None, usual: timedelta | None, group: str, slots: int, busy: list[int]
) -> NodeDiagnosis:
    graph, snapshot, state = scene.graph, scene.snapshot, scene.states[node]
    found = diagnose(snapshot, node, scene.now)
    upstream = _upstream(scene, node)
    latest = None if run is None else _latest(run, usual, scene.now)
    task = scene.node_task(node)
    texts = _texts(scene, node, found, latest, group, slots, len(busy))
    return NodeDiagnosis(
        node_ref(scene, node),
        task.schedule.type.value,
        graph.nodes[node].due_at,
        state.since,
        found.paused,
        state.skip_checks,
        tuple(CheckLine(check.value, verdict.value, texts[check]) for check, verdict in found.checks.items()),
        node_refs(scene, found.blocking[:SHOWN]),
        len(found.blocking),
        node_refs(scene, upstream[:SHOWN]),
        len(upstream),
        group,
        slots,
        node_refs(scene, busy[:SHOWN]),
        len(busy),
        latest,
    )


def _upstream(scene: Scene, node: int) -> list[int]:
    graph = scene.graph
    ups = dict.fromkeys(up for up in (graph.edge_up[e] for e in scene.snapshot.live_in_edges(node)) if up >= 0)
    return sorted(ups, key=lambda up: CLASS_OF[scene.snapshot.status[up]] is StatusClass.SUCCEEDED)


def _occupants(scene: Scene, live: Iterable[Run]) -> dict[str, list[int]]:
    """Resource group -> nodes with a live run, as far as they are here."""
    found: dict[str, list[int]] = {}
    for run in live:
        at = scene.graph.node_at.get(run.node)
        if at is not None:
            found.setdefault(scene.node_task(at).resource_group, []).append(at)
    return found


def _latest(run: Run, usual: timedelta | None, now: datetime) -> LatestRun:
    is_live = run.status is RunStatus.RUNNING
    end = run.ended_at or (now if is_live else None)
    took = None if run.started_at is None or end is None else max(end - run.started_at, timedelta(0))
    return LatestRun(
        run.serial,
        run.number,
        run.trigger.value,
        run.status.value,
        run.started_at,
        run.ended_at,
        None if took is None else took.total_seconds(),
        run.reason.value if run.reason else "",
        run.message,
        None if usual is None else usual.total_seconds(),
        is_live and usual is not None and took is not None and is_slow(took, usual),
    )


def _texts(
    scene: Scene, node: int, found: Diagnosis, latest: LatestRun | None, group: str, slots: int, busy: int
) -> Mapping[Check, str]:
    state = scene.states[node]
    due = scene.graph.nodes[node].due_at.astimezone(scene.zone)
    texts = {check: _WORDS[found.checks[check]] for check in Check}
    if found.paused and state.status is not NodeStatus.SUCCESS:
        return dict.fromkeys(Check, "it is paused; resume it first")
    if found.checks[Check.UPSTREAM] is Verdict.BLOCKED:
        names = ", ".join(_dated(scene, each, node) for each in found.blocking[:3])
        more = f" and {len(found.blocking) - 3} more" if len(found.blocking) > 3 else ""
        texts[Check.UPSTREAM] = f"{len(found.direct)} upstream not succeeded; it begins at {names}{more}"
    elif found.checks[Check.UPSTREAM] is Verdict.SKIPPED and found.direct:
        texts[Check.UPSTREAM] = f"skipped by a forced rerun; {len(found.direct)} upstream not succeeded"
    if found.checks[Check.SCHEDULED_TIME] is Verdict.BLOCKED:
        texts[Check.SCHEDULED_TIME] = f"waits for {due:%Y-%m-%d %H:%M:%S}"
    if found.checks[Check.THROTTLING] is Verdict.BLOCKED:
        texts[Check.THROTTLING] = "a throttling rule has no room"
    if found.checks[Check.RESOURCES] is Verdict.BLOCKED:
        texts[Check.RESOURCES] = f"no free slot in resource group '{group}': {busy} of {slots} are taken"
    if state.reason is FailReason.SKIPPED:
        texts[Check.EXECUTION] = "its schedule says to skip execution: it fails at its time without running"
    elif latest is not None and found.checks[Check.EXECUTION] is not Verdict.NOT_CHECKED:
        texts[Check.EXECUTION] = _execution(latest)
    return texts


def _dated(scene: Scene, node: int, seen_from: int) -> str:
    """Its label, and the data timestamp where that is not the one that is looked at."""
    bizdate = scene.node_records[node].bizdate
    same = bizdate == scene.node_records[seen_from].bizdate
    return scene.graph.label(node) + ("" if same else f" of {bizdate:%Y%m%d}")


_WORDS = {
    Verdict.PASSED: "passed",
    Verdict.BLOCKED: "not passed",
    Verdict.SKIPPED: "skipped by a forced rerun",
    Verdict.NOT_CHECKED: "not checked yet",
}


def _execution(latest: LatestRun) -> str:
    if latest.status == RunStatus.RUNNING.value:
        return f"attempt {latest.number} runs" + (", slower than usual" if latest.slow else "")
    if latest.status == RunStatus.FAILED.value:
        first = latest.message.splitlines()[0] if latest.message else ""
        return f"attempt {latest.number} failed: {latest.reason}" + (f", {first}" if first else "")
    return f"attempt {latest.number}: {latest.status.lower()}"
