"""Why an instance does not run, or how it ran: the five checks of the scheduler for each of its nodes, in words and with their evidence.

Nothing about being blocked is stored; it is worked out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.diagnosis import Check, Diagnosis, Verdict, chain_to, diagnose
from taskhouse.domain.node_state import NodeState, Run, RunStatus, RunTrigger
from taskhouse.domain.prediction import is_slow
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.services.recurring.expected_finish import usual_durations
from taskhouse.services.recurring.views.diagnosis_words import Finding, Found, Value, at
from taskhouse.services.recurring.views.node_lines import NodeRef, node_ref, node_refs
from taskhouse.services.recurring.views.scene import Scene, of_instance, upstream_of
from taskhouse.services.world import World

SHOWN = 200
"""Upstream nodes, blocking nodes and occupants that are listed; their numbers are told in full."""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """`verdict`: PASSED, BLOCKED, SKIPPED (the attempt is forced) or NOT_CHECKED (an earlier check has not passed, or the node is
    paused). `code` says what was found, with `values`; `text` is the English sentence of it."""

    check: str
    verdict: str
    code: str
    values: Mapping[str, Value]
    text: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """An initial blocking node, and why it stands where it is: `code` with `values` as of the checks. No code for a node that may not be
    seen."""

    node: NodeRef
    bizdate: str
    code: str
    values: Mapping[str, Value]
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
    """`blocking`: the initial blocking nodes, the topmost that keep it from starting, first those on which somebody must act. `chain`: the
    nodes from this one up to the first of them, without the two. `upstream`: its direct upstream nodes, those that have not succeeded
    first; `removed`: how many dependencies were removed. `occupants`: nodes that hold the slots of its resource group while it waits for one."""

    node: NodeRef
    schedule_type: str
    due_at: datetime
    since: datetime | None
    paused: bool
    forced: bool
    checks: tuple[CheckLine, ...]
    blocking: tuple[Blocker, ...]
    blocking_count: int
    chain: tuple[NodeRef, ...]
    upstream: tuple[NodeRef, ...]
    upstream_count: int
    removed: int
    resource_group: str
    slots: int
    occupants: tuple[NodeRef, ...]
    occupied: int
    latest: LatestRun | None


@dataclass(frozen=True, slots=True)
class DiagnosisPage:
    """`notices`: what was found when the instance was generated, as dependencies on what had no instance."""

    instance: int
    name: str
    notices: tuple[str, ...]
    items: tuple[NodeDiagnosis, ...]


def diagnosis_of(world: World, actor: Actor, instance: int) -> DiagnosisPage:
    """For each node. Seven store calls at most where the date is loaded, as it is while anything of it is unfinished: changes, latest
    attempts, what runs, how long nodes take, one for each date, and why. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    scene = of_instance(world, actor, instance)
    scene.at(instance)
    scene = upstream_of(world, scene, instance)
    place = scene.at(instance)
    nodes = list(scene.graph.nodes_of_instance[place])
    statuses = {node: scene.states[node].status for node in nodes}
    found = {node: _diagnosed(scene, node) for node in nodes}
    blockers = {node: sorted(each.blocking, key=lambda up: _rank(scene, up)) for node, each in found.items()}
    told = dict.fromkeys(nodes) | dict.fromkeys(up for ups in blockers.values() for up in ups[:SHOWN])
    attempts = world.recurring.latest_attempts([scene.states[node].id for node in told])
    running = [node for node in nodes if statuses[node] is NodeStatus.RUNNING]
    usual = usual_durations(world.recurring, scene.node_records, running) if running else {}
    occupants: dict[str, list[int]] = {}
    if any(scene.states[node].status is NodeStatus.WAIT_RESOURCE for node in told):
        occupants = _occupants(scene, world.recurring.live_runs())
    slots = world.workspace.tenant().resource_groups
    known = _Known(scene, attempts, occupants, slots)
    items = tuple(_node(known, node, found[node], blockers[node], usual.get(node)) for node in nodes)
    return DiagnosisPage(instance, scene.graph.instances[place].name, scene.records[place].notices, items)


def _diagnosed(scene: Scene, node: int) -> Diagnosis:
    return diagnose(scene.snapshot, node, scene.now, released=scene.states[node].released)


def _rank(scene: Scene, node: int) -> tuple[int, int]:
    """Those on which somebody must act first, then those that run, then those that wait."""
    status = CLASS_OF[scene.snapshot.status[node]]
    stuck = status is StatusClass.FAILED or node in scene.snapshot.paused
    return (0 if stuck else 1 if status is StatusClass.RUNNING else 2, scene.graph.nodes[node].id)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was asked for once for all nodes of the page and what blocks them."""

    scene: Scene
    attempts: Mapping[int, Run]
    occupants: Mapping[str, list[int]]
    slots: Mapping[str, int]

    def run_of(self, node: int) -> Run | None:
        return self.attempts.get(self.scene.states[node].id)

    def group_of(self, node: int) -> str:
        return self.scene.node_task(node).resource_group


def _node(known: _Known, node: int, found: Diagnosis, blockers: list[int], usual: timedelta | None) -> NodeDiagnosis:
    scene, run, group = known.scene, known.run_of(node), known.group_of(node)
    state = scene.states[node]
    upstream = _upstream(scene, node)
    latest = None if run is None else _latest(run, usual, scene.now)
    chain = chain_to(scene.snapshot, node, blockers[0])[:-1] if blockers else []
    busy = known.occupants.get(group, []) if state.status is NodeStatus.WAIT_RESOURCE else []
    return NodeDiagnosis(
        node_ref(scene, node),
        scene.node_task(node).schedule.type.value,
        scene.graph.nodes[node].due_at,
        state.since,
        node in scene.snapshot.paused,
        state.skip_checks,
        tuple(
            _line(scene, check, verdict, _found(known, node, found, check, latest))
            for check, verdict in found.checks.items()
        ),
        tuple(_blocker(known, up) for up in blockers[:SHOWN]),
        len(blockers),
        node_refs(scene, chain[:SHOWN]),
        node_refs(scene, upstream[:SHOWN]),
        len(upstream),
        sum(edge in scene.snapshot.removed for edge in scene.graph.in_edges[node]),
        group,
        known.slots.get(group, 0),
        node_refs(scene, busy[:SHOWN]),
        len(busy),
        latest,
    )


def _line(scene: Scene, check: Check, verdict: Verdict, found: Found) -> CheckLine:
    return CheckLine(check.value, verdict.value, found.finding.name, found.values, found.text(scene.zone))


def _blocker(known: _Known, node: int) -> Blocker:
    """Why it stands where it is: what its first check that has not passed found."""
    scene = known.scene
    ref, bizdate = node_ref(scene, node), f"{scene.node_records[node].bizdate:%Y%m%d}"
    if not ref.visible:
        return Blocker(ref, bizdate, "", {}, "")
    diagnosis = _diagnosed(scene, node)
    run = known.run_of(node)
    latest = None if run is None else _latest(run, None, scene.now)
    stop = next((check for check, verdict in diagnosis.checks.items() if verdict is Verdict.BLOCKED), None)
    if stop is None and scene.states[node].status is not NodeStatus.RUNNING and diagnosis.hold is None:
        found = Found(Finding.NEXT)
    else:
        found = _found(known, node, diagnosis, stop or Check.EXECUTION, latest)
    return Blocker(ref, bizdate, found.finding.name, found.values, found.text(scene.zone))


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


def _found(known: _Known, node: int, diagnosis: Diagnosis, check: Check, latest: LatestRun | None) -> Found:
    """What one check of a node found."""
    state, verdict = known.scene.states[node], diagnosis.checks[check]
    if diagnosis.hold is not None:
        return Found(Finding[diagnosis.hold.name])
    if check is Check.EXECUTION and state.reason is FailReason.SKIPPED:
        return Found(Finding.SKIPPED)
    if verdict is Verdict.NOT_CHECKED:
        return Found(Finding.NOT_CHECKED)
    if verdict is Verdict.SKIPPED:
        return Found(Finding.FORCED, {"count": len(diagnosis.direct)})
    blocked = verdict is Verdict.BLOCKED
    if check is Check.UPSTREAM:
        return (
            Found(Finding.UPSTREAM_UNMET, {"count": len(diagnosis.direct)}) if blocked else Found(Finding.UPSTREAM_MET)
        )
    if check is Check.SCHEDULED_TIME:
        return Found(Finding.NOT_DUE if blocked else Finding.DUE, at(known.scene.graph.nodes[node].due_at))
    if check is Check.THROTTLING:
        return Found(Finding.NO_ROOM if blocked else Finding.ROOM)
    if check is Check.RESOURCES:
        group = known.group_of(node)
        taken, slots = len(known.occupants.get(group, [])), known.slots.get(group, 0)
        return (
            Found(Finding.NO_SLOT, {"group": group, "taken": taken, "slots": slots})
            if blocked
            else Found(Finding.SLOT, {"group": group})
        )
    return _execution(state, latest)


def _execution(state: NodeState, latest: LatestRun | None) -> Found:
    if state.status is NodeStatus.SUCCESS and state.run > (latest.serial if latest else 0):
        return Found(Finding.SET_TO_SUCCESS if state.trigger is RunTrigger.MANUAL_SUCCESS else Finding.DRY_RUN)
    if latest is None:
        return Found(Finding.NEVER_RAN, {"reason": state.reason.value if state.reason else ""})
    values: dict[str, Value] = {"attempt": latest.number}
    if latest.status == RunStatus.RUNNING.value:
        return Found(Finding.RUNNING_SLOWLY if latest.slow else Finding.RUNNING, values)
    if state.status is NodeStatus.SUCCESS:
        return Found(Finding.SUCCEEDED, values)
    values |= {"reason": latest.reason, "detail": latest.message.splitlines()[0] if latest.message else ""}
    if state.retry_at is not None:
        return Found(Finding.RETRY_COMES, values | at(state.retry_at))
    return Found(Finding.FAILED, values)
