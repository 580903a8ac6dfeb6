"""The Gantt chart of the critical path between two instances: which chain decided when the end was through, and where its time went.

Works on table instances; the nodes of each are shown under it, the decisive one marked: that which ended last. What is not over is
predicted (D-49). What stands behind a failed or paused node has no expected end; such times are the earliest possible, as if it were set to
success now, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from taskhouse.domain.calendar import run_date_of, wall_clock
from taskhouse.domain.critical_path import Link, Span, critical_path
from taskhouse.domain.graph import Adjacency
from taskhouse.domain.instance_graph import ROOT_ID, InstanceEdges
from taskhouse.domain.node_state import NodeState, Transition
from taskhouse.domain.normalise import table_statuses
from taskhouse.domain.prediction import Times, predict
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.snapshot import Snapshot
from taskhouse.domain.status import CLASS_OF, NodeStatus
from taskhouse.domain.waiting_times import Phase, Segment, latest_stretch, totals, within
from taskhouse.services.recurring.columns import Column
from taskhouse.services.recurring.expected_finish import usual_durations
from taskhouse.services.recurring.views.dag import ROOT_NAME
from taskhouse.services.recurring.views.node_lines import NodeRef, node_ref
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.scene import Scene, not_found, of_dates
from taskhouse.services.world import World


@dataclass(frozen=True, slots=True)
class GanttSegment:
    """`phase`: WAIT_UPSTREAM, WAIT_SCHEDULE, THROTTLED, WAIT_RESOURCE or RUN."""

    phase: str
    start: datetime
    end: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class GanttNode:
    """`decisive`: it ended last. `start` and `end` are expected ones when `predicted`."""

    node: NodeRef
    start: datetime | None
    end: datetime | None
    predicted: bool
    decisive: bool
    segments: tuple[GanttSegment, ...]


@dataclass(frozen=True, slots=True)
class GanttLink:
    """One instance of the path. `label` is `name(id, scheduled time)`. `contribution_s` is what it added, `gap_s` of it while nothing of
    the path ran, `run_s` by running; `gaps` say what the gap was spent on, by phase. `blocked`: it cannot end before somebody acts, and its
    times are the earliest possible. The root begins and ends at 00:00 of the scheduled day of the end."""

    instance: int
    name: str
    label: str
    task: str
    project: str
    visible: bool
    statuses: tuple[str, ...]
    due_at: datetime | None
    start: datetime
    end: datetime
    predicted: bool
    blocked: bool
    gap_s: float
    run_s: float
    contribution_s: float
    gaps: Mapping[str, float]
    nodes: tuple[GanttNode, ...]


@dataclass(frozen=True, slots=True)
class GanttOther:
    """An instance between start and end that decided nothing. Its `segments` are what its first node waited for, then the time from its
    first node's start to its last node's end, as RUN."""

    instance: int
    name: str
    project: str
    visible: bool
    statuses: tuple[str, ...]
    due_at: datetime
    start: datetime
    end: datetime
    predicted: bool
    segments: tuple[GanttSegment, ...]


@dataclass(frozen=True, slots=True)
class Gantt:
    """The path from `start` (0 is the root) to `end`, both included. `total_s` is the sum of the contributions: from the end of the start to
    the end of the end. `others` when they are asked for: what else lies between, by start, at most 500, those that ended last;
    `others_count` counts all of it."""

    start: int
    end: int
    total_s: float
    predicted: bool
    path: tuple[GanttLink, ...]
    others: tuple[GanttOther, ...]
    others_count: int


MAX_OTHERS = 500


def gantt(world: World, actor: Actor, end: int, start: int = ROOT_ID, *, others: bool = False) -> Gantt:
    """Loads the dates of both instances. Six store calls at most where they are loaded, and one for each run date whose nodes are
    predicted. Raises `ViewRefused`: NOT_FOUND, FORBIDDEN, NO_PATH, FEATURE_OFF."""
    if not world.features.aiops:
        raise ViewRefused(ViewCode.FEATURE_OFF, "the Gantt chart is switched off by the setting features.aiops")
    scene = of_dates(world, actor, [end] if start == ROOT_ID else [end, start])
    graph = scene.graph
    last = scene.at(end)
    first = len(graph.instances) if start == ROOT_ID else graph.instance_at.get(start)
    if first is None:
        raise not_found(start)
    if start != ROOT_ID:
        scene.require(Action.VIEW, first)
    spans = _Spans(world, scene, last)
    edges = InstanceEdges(graph, scene.snapshot.removed)
    path = critical_path(edges.up, spans, first, last, name=lambda at: _id(scene, at))
    if not path:
        raise _no_path(scene, start, end)
    between = _between(edges, first, last) - {link.instance for link in path} if others else set()
    return _chart(world, scene, spans, path, between, start, end)


def _between(edges: InstanceEdges, first: int, last: int) -> set[int]:
    """What lies upstream of the end and, unless that is the root, downstream of the start."""
    above = _reached(edges.up, last)
    above.discard(edges.root)
    return above if first == edges.root else above & _reached(edges.down, first)


def _reached(edges: Adjacency, start: int) -> set[int]:
    found = {start}
    todo = [start]
    for at in todo:  # grows
        for other in edges[at]:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _id(scene: Scene, at: int) -> int:
    rows = scene.graph.instances
    return rows[at].id if at < len(rows) else ROOT_ID


def _no_path(scene: Scene, start: int, end: int) -> ViewRefused:
    rows, at = scene.graph.instances, scene.graph.instance_at
    name = ROOT_NAME if start == ROOT_ID else rows[at[start]].name
    message = f"nothing leads from '{name}' ({start}) to '{rows[at[end]].name}' ({end})"
    return ViewRefused(ViewCode.NO_PATH, message, About(start, name), About(end, rows[at[end]].name))


class _Spans:
    """When each instance ran or is expected to, worked out when asked. Predictions are made once, for what is unfinished before the
    end."""

    def __init__(self, world: World, scene: Scene, last: int) -> None:
        self._scene = scene
        row = scene.graph.instances[last]
        self._midnight = wall_clock(run_date_of(row.bizdate), time(), scene.zone)
        self._found: dict[int, Span] = {}
        self._usual: Mapping[int, timedelta] = {}
        self.expected: dict[int, datetime] = {}
        """Node -> expected end, of nodes that are not final."""
        self.blocked: set[int] = set()
        """Nodes that cannot end before somebody acts."""
        unfinished = _unfinished(scene, last)
        if unfinished:
            self._predict(world, unfinished)

    def __call__(self, instance: int) -> Span:
        span = self._found.get(instance)
        if span is None:
            span = self._found[instance] = self._span(instance)
        return span

    def node_start(self, node: int) -> datetime | None:
        """The actual start of the latest attempt; of what is yet to run the expected one."""
        state = self._scene.states[node]
        if node in self.expected and state.status is not NodeStatus.RUNNING:
            return self.expected[node] - self._usual[node]
        return state.started_at

    def node_end(self, node: int) -> datetime | None:
        return self.expected.get(node) or self._scene.states[node].ended_at

    def _span(self, instance: int) -> Span:
        rows = self._scene.graph.instances
        if instance >= len(rows):
            return Span(self._midnight, self._midnight)
        nodes = self._scene.graph.nodes_of_instance[instance]
        starts = [at for at in map(self.node_start, nodes) if at is not None]
        ends = [at for at in map(self.node_end, nodes) if at is not None]
        if not starts or not ends:
            # It never ran: a dry run, or set to success. It was through when its last status was entered.
            moments = [at for at in (self._scene.states[node].since for node in nodes) if at is not None]
            at = max(moments, default=rows[instance].due_at)
            return Span(at, at)
        return Span(min(starts), max(*ends, min(starts)), any(node in self.expected for node in nodes))

    def _predict(self, world: World, unfinished: Sequence[int]) -> None:
        scene = self._scene
        self._usual = usual_durations(world.recurring, scene.node_records, unfinished)
        size = len(scene.states)
        states: Sequence[NodeState] = scene.states
        retries = {node: at for node in unfinished for at in (states[node].retry_at,) if at is not None}
        times = Times(
            Column(size, lambda node: states[node].started_at),
            Column(size, lambda node: states[node].ended_at),
            Column(size, lambda node: self._usual.get(node, timedelta(0))),
            retries,
        )
        # In the development environment nothing begins before somebody asks for it.
        held = scene.snapshot.paused | {node for node in unfinished if not states[node].released}
        found = predict(replace(scene.snapshot, paused=held), times, unfinished, scene.now)
        self.blocked = {
            node for node in unfinished if found[node] is None and not CLASS_OF[states[node].status].is_final
        }
        if self.blocked:
            found = predict(_as_if_released(scene.snapshot, retries), times, unfinished, scene.now)
        for node in unfinished:
            status = states[node].status
            at = found[node]
            if at is not None and (not CLASS_OF[status].is_final or node in retries):
                self.expected[node] = at


def _unfinished(scene: Scene, last: int) -> list[int]:
    """Nodes of an instance and what is upstream of them, as far as it has not succeeded."""
    graph, snapshot = scene.graph, scene.snapshot
    found = dict.fromkeys(
        node for node in graph.nodes_of_instance[last] if snapshot.status[node] is not NodeStatus.SUCCESS
    )
    todo = list(found)
    for node in todo:  # grows
        for up in snapshot.unmet_upstream(node):
            # Instances are wholes: with one node of a table the others count, too.
            for owner in graph.instances_of_node[up]:
                for other in graph.nodes_of_instance[owner]:
                    if other not in found and snapshot.status[other] is not NodeStatus.SUCCESS:
                        found[other] = None
                        todo.append(other)
    return todo


def _as_if_released(snapshot: Snapshot, retries: Mapping[int, datetime]) -> Snapshot:
    """As if everything that failed for good were set to success now and nothing were paused."""
    status = snapshot.status

    def released(node: int) -> NodeStatus:
        is_final_failure = status[node] is NodeStatus.FAILED and node not in retries
        return NodeStatus.SUCCESS if is_final_failure else status[node]

    return replace(snapshot, status=Column(len(status), released), paused=frozenset())


def _chart(
    world: World, scene: Scene, spans: _Spans, path: Sequence[Link], between: set[int], start: int, end: int
) -> Gantt:
    graph = scene.graph
    others = sorted(between, key=lambda at: (spans(at).end, at), reverse=True)[:MAX_OTHERS]
    others.sort(key=lambda at: (spans(at).start, at))
    real = [link.instance for link in path if link.instance < len(graph.instances)] + others
    nodes = [node for at in real for node in graph.nodes_of_instance[at]]
    history: dict[int, list[Transition]] = {}
    for line in world.recurring.transitions([scene.states[node].id for node in nodes]):
        history.setdefault(line.node, []).append(line)
    stretches = {
        node: latest_stretch(
            history.get(scene.states[node].id, ()), scene.now, scene.records[scene.owner_of(node)].generated_at
        )
        for node in nodes
    }
    links = []
    before: Span | None = None
    for link in path:
        links.append(_link(scene, spans, link, before, stretches))
        before = spans(link.instance)
    total = sum((link.contribution for link in path), timedelta(0))
    predicted = any(link.predicted for link in links)
    rest = tuple(_other(scene, spans, at, stretches) for at in others)
    return Gantt(start, end, total.total_seconds(), predicted, tuple(links), rest, len(between))


def _other(scene: Scene, spans: _Spans, at: int, stretches: Mapping[int, list[Segment]]) -> GanttOther:
    row, span, visible = scene.graph.instances[at], spans(at), scene.may(Action.VIEW, at)
    nodes = scene.graph.nodes_of_instance[at]
    first = min(nodes, key=lambda node: spans.node_start(node) or span.end)
    waits = [s for s in stretches[first] if s.phase is not Phase.RUN and s.start < span.start]
    segments = [Segment(s.phase, s.start, min(s.end, span.start)) for s in waits]
    segments.append(Segment(Phase.RUN, span.start, span.end))
    return GanttOther(
        row.id,
        row.name,
        row.project,
        visible,
        _statuses(scene, at) if visible else (),
        row.due_at,
        span.start,
        span.end,
        span.predicted,
        tuple(map(_segment, segments)) if visible else (),
    )


def _statuses(scene: Scene, at: int) -> tuple[str, ...]:
    """The most urgent first, as lists have them."""
    return tuple(status.name for status in table_statuses(scene.snapshot.instance_statuses(at)))


def _segment(segment: Segment) -> GanttSegment:
    return GanttSegment(segment.phase.value, segment.start, segment.end, (segment.end - segment.start).total_seconds())


def _link(
    scene: Scene, spans: _Spans, link: Link, before: Span | None, stretches: Mapping[int, list[Segment]]
) -> GanttLink:
    graph, at = scene.graph, link.instance
    span = spans(at)
    if at >= len(graph.instances):
        label = f"{ROOT_NAME}({ROOT_ID}, {_local(scene, span.start)})"
        return GanttLink(
            ROOT_ID, ROOT_NAME, label, "", "", True, ("SUCCEEDED",), None, span.start, span.end, False, False, 0.0, 0.0, 0.0, {}, ()
        )  # fmt: skip
    row = graph.instances[at]
    nodes = list(graph.nodes_of_instance[at])
    visible = scene.may(Action.VIEW, at)
    ends = {node: spans.node_end(node) for node in nodes}
    decisive = max(
        (node for node in nodes if ends[node] is not None), key=lambda n: (ends[n], -graph.nodes[n].id), default=None
    )
    gaps: dict[str, float] = {}
    if before is not None and link.gap:
        first = min(nodes, key=lambda node: spans.node_start(node) or span.end)
        lost = within(stretches[first], before.end, before.end + link.gap)
        gaps = {phase.value: spent.total_seconds() for phase, spent in totals(lost).items() if phase is not Phase.RUN}
    return GanttLink(
        row.id,
        row.name,
        f"{row.name}({row.id}, {_local(scene, row.due_at)})",
        row.task,
        row.project,
        visible,
        _statuses(scene, at) if visible else (),
        row.due_at,
        span.start,
        span.end,
        span.predicted,
        any(node in spans.blocked for node in nodes),
        link.gap.total_seconds(),
        link.run.total_seconds(),
        link.contribution.total_seconds(),
        gaps,
        tuple(_node(scene, spans, node, stretches[node], node == decisive) for node in nodes) if visible else (),
    )


def _node(scene: Scene, spans: _Spans, node: int, stretch: Sequence[Segment], decisive: bool) -> GanttNode:
    return GanttNode(
        node_ref(scene, node),
        spans.node_start(node),
        spans.node_end(node),
        node in spans.expected,
        decisive,
        tuple(map(_segment, stretch)),
    )


def _local(scene: Scene, at: datetime) -> str:
    return f"{at.astimezone(scene.zone):%Y-%m-%d %H:%M:%S}"
