"""The DAG: an instance with what is around it, level by level; tables may be opened to show their materialization nodes.

Dependencies that operators removed are drawn and say so (D-57). Instances of projects in which the person asking has no role are named, so
that the picture is whole, and show nothing else. What does not fit is counted where it hangs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from taskhouse.domain.bulk import bulk
from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.instance_graph import ROOT_ID
from taskhouse.domain.neighbourhood import MAX_LIMIT, Direction, Neighbour, Surroundings
from taskhouse.domain.normalise import table_statuses
from taskhouse.domain.recurring import EdgeKind, TableKind
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.status import CLASS_OF, WAITING_ORDER, StatusClass
from taskhouse.services.recurring.views.level_by_level import Around
from taskhouse.services.recurring.views.node_lines import NodeLine, node_line
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.recurring.views.scene import Scene, around
from taskhouse.services.world import World

MAX_LEVELS = 100
ROOT_NAME = "virtual_root_node"
_NAMES = {each: each.name for each in StatusClass}


@dataclass(frozen=True, slots=True)
class DagInstance:
    """`direction` and `level` from the centre, which is 0. `more_up` and `more_down`: how many neighbours are not shown. `nodes` when it
    is opened. `waiting`: for what it waits, node statuses, the furthest first. `visible` False: the person asking has no role in its project; then only name and project are told."""

    id: int
    name: str
    task: str
    project: str
    direction: str
    level: int
    visible: bool
    operable: bool
    biz_type: str
    kind: str | None
    node_type: str
    cycle: str
    description: str
    owners: tuple[str, ...]
    bizdate: str
    due_at: datetime | None
    statuses: tuple[str, ...]
    fields: Mapping[str, int]
    node_statuses: Mapping[str, int]
    waiting: tuple[str, ...]
    paused: int
    priority: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    field_count: int
    node_count: int
    more_up: int
    more_down: int
    nodes: tuple[NodeLine, ...] | None


@dataclass(frozen=True, slots=True)
class DagEdge:
    """Between instances (ids; 0 is the root). `removed`: all dependencies between the two were removed."""

    up: int
    down: int
    removed: bool


@dataclass(frozen=True, slots=True)
class DagNodeEdge:
    """Between nodes of instances that are opened; `up_node` or `down_node` is None where that end's instance is not. `fields`: the
    upstream fields that the dependency stands for, none for the node as a whole."""

    up: int
    up_node: int | None
    down: int
    down_node: int | None
    kind: str
    fields: tuple[str, ...]
    removed: bool


@dataclass(frozen=True, slots=True)
class Dag:
    """`node_edges` touch opened instances. `complete`: there is nothing further in either direction."""

    centre: int
    instances: tuple[DagInstance, ...]
    edges: tuple[DagEdge, ...]
    node_edges: tuple[DagNodeEdge, ...]
    limit: int
    complete: bool


def dag(
    world: World,
    actor: Actor,
    instance: int,
    *,
    up: int = 1,
    down: int = 1,
    limit: int = 500,
    more: Iterable[tuple[int, Direction]] = (),
    expand: Iterable[int] = (),
    expand_all: bool = False,
) -> Dag:
    """`up` and `down` levels around an instance, at most `limit` instances, and the neighbours of `more` of what is shown. One store call where the date is loaded, else one for each
    level and one more. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN, LIMIT_EXCEEDED)."""
    _check(up, down, limit)
    with bulk():
        scene, found = around(world, actor, instance, Around(up, down, limit, tuple(more)))
        return picture(scene, found, limit=limit, expand=set(expand), expand_all=expand_all)


def _check(up: int, down: int, limit: int) -> None:
    for what, value, most in (("up", up, MAX_LEVELS), ("down", down, MAX_LEVELS)):
        if not 0 <= value <= most:
            raise ViewRefused(
                ViewCode.LIMIT_EXCEEDED, f"{what} = {value}: levels lie between 0 and {most}", About(0, what)
            )
    if not 1 <= limit <= MAX_LIMIT:
        message = f"limit = {limit}: a picture has between 1 and {MAX_LIMIT} instances"
        raise ViewRefused(ViewCode.LIMIT_EXCEEDED, message, About(0, "limit"))


def picture(scene: Scene, found: Surroundings, *, limit: int, expand: set[int], expand_all: bool) -> Dag:
    graph = scene.graph
    root = len(graph.instances)
    shown = {each.instance for each in found.neighbours}
    opened = {
        at
        for at in shown
        if at != root and (expand_all or graph.instances[at].id in expand) and scene.may(Action.VIEW, at)
    }
    instances = tuple(
        _root(found, each) if each.instance == root else _instance(scene, found, each, is_open=each.instance in opened)
        for each in found.neighbours
    )
    edges, node_edges = _edges(scene, shown, opened)
    first = found.neighbours[0].instance
    return Dag(graph.instances[first].id, instances, edges, node_edges, limit, found.is_complete)


def _instance(scene: Scene, found: Surroundings, each: Neighbour, *, is_open: bool) -> DagInstance:
    graph, at = scene.graph, each.instance
    row = graph.instances[at]
    visible = scene.may(Action.VIEW, at)
    more_up, more_down = found.more_up.get(at, 0), found.more_down.get(at, 0)
    if not visible:
        return DagInstance(
            row.id, row.name, row.task, row.project, each.direction.value, each.level, False, False, row.biz_type.value,
            None, "", "", "", (), "", None, (), {}, {}, (), 0, "", None, None, None, 0, 0, more_up, more_down, None,
        )  # fmt: skip
    nodes = graph.nodes_of_instance[at]
    fields = graph.fields_of_instance[at]
    by_field = _counted([scene.snapshot.field_status(f) for f in fields])
    by_node = _counted([CLASS_OF[scene.states[node].status] for node in nodes])
    times = scene.times(nodes)
    task = scene.task(at)
    return DagInstance(
        row.id,
        row.name,
        row.task,
        row.project,
        each.direction.value,
        each.level,
        True,
        scene.may(Action.OPERATE, at),
        row.biz_type.value,
        row.kind.value if row.kind else None,
        task.node_type,
        row.cycle.value,
        task.description,
        row.owners,
        bizdate_text(row.bizdate),
        row.due_at,
        tuple([_NAMES[status] for status in table_statuses(by_field or by_node)]),
        {_NAMES[cls]: count for cls, count in by_field.items()},
        {_NAMES[cls]: count for cls, count in by_node.items()},
        _waiting(scene, nodes) if StatusClass.WAITING in by_node else (),
        sum([node in scene.snapshot.paused for node in nodes]),
        scene.priority(at).name,
        times.started_at,
        times.ended_at,
        None if times.duration is None else max(0.0, times.duration.total_seconds()),
        len(fields),
        len(nodes),
        more_up,
        more_down,
        tuple(_node(scene, node, at) for node in nodes) if is_open else None,
    )


def _waiting(scene: Scene, nodes: Iterable[int]) -> tuple[str, ...]:
    found = {scene.states[node].status for node in nodes}
    return tuple(status.value for status in reversed(WAITING_ORDER) if status in found)


def _node(scene: Scene, node: int, instance: int) -> NodeLine:
    """Of an opened instance; of an aggregate table the metrics are shown whose projects may be seen."""
    line = node_line(scene, node)
    if scene.graph.instances[instance].kind is not TableKind.AGGREGATE:
        return line
    graph = scene.graph
    seen = (f for f in graph.incidence.fields_of[node] if scene.may_field(Action.VIEW, f))
    return replace(line, fields=tuple(graph.fields[f].name for f in seen))


def _root(found: Surroundings, each: Neighbour) -> DagInstance:
    """The tenant's root node has always succeeded."""
    return DagInstance(
        ROOT_ID, ROOT_NAME, "", "", each.direction.value, each.level, True, False, "ROOT", None, "VIRTUAL_NODE", "", "",
        (), "", None, (StatusClass.SUCCEEDED.name,), {}, {}, (), 0, "", None, None, None, 0, 0, 0, 0, None,
    )  # fmt: skip


def _counted(classes: Iterable[StatusClass | None]) -> dict[StatusClass, int]:
    found: dict[StatusClass, int] = {}
    for cls in classes:
        if cls is not None:
            found[cls] = found.get(cls, 0) + 1
    return found


def _edges(scene: Scene, shown: set[int], opened: set[int]) -> tuple[tuple[DagEdge, ...], tuple[DagNodeEdge, ...]]:
    """Among what is shown. Internal edges are drawn inside opened tables only."""
    graph, removed = scene.graph, scene.snapshot.removed
    root = len(graph.instances)
    between: dict[tuple[int, int], bool] = {}
    inside: dict[tuple[int, int | None, int, int | None], DagNodeEdge] = {}
    rows, ups, owners = graph.edges, graph.edge_up, graph.instances_of_node
    for at in shown - {root}:
        for node in graph.nodes_of_instance[at]:
            for edge in graph.in_edges[node]:
                source = ups[edge]
                internal = rows[edge].kind is EdgeKind.INTERNAL
                for up in owners[source] if source >= 0 else (root,):
                    if up not in shown or (up == at) is not internal:
                        continue
                    is_removed = edge in removed
                    if not internal:
                        between[up, at] = between.get((up, at), True) and is_removed
                    if up in opened or at in opened:
                        drawn = _node_edge(scene, edge, up, at, opened, removed=is_removed)
                        key = (drawn.up, drawn.up_node, drawn.down, drawn.down_node)
                        known = inside.get(key)
                        inside[key] = drawn if known is None else _joined(known, drawn)
    ids = {at: ROOT_ID if at == root else graph.instances[at].id for at in shown}
    edges = tuple(DagEdge(ids[a], ids[b], gone) for (a, b), gone in sorted(between.items()))
    return edges, tuple(inside.values())


def _node_edge(scene: Scene, edge: int, up: int, down: int, opened: set[int], *, removed: bool) -> DagNodeEdge:
    graph = scene.graph
    source = graph.edge_up[edge]
    return DagNodeEdge(
        ROOT_ID if source < 0 else graph.instances[up].id,
        graph.nodes[source].id if source >= 0 and up in opened else None,
        graph.instances[down].id,
        graph.nodes[graph.edge_down[edge]].id if down in opened else None,
        graph.edges[edge].kind.value,
        tuple(graph.fields[f].name for f in graph.edge_via[edge] if graph.field_instance[f] == up),
        removed,
    )


def _joined(known: DagNodeEdge, other: DagNodeEdge) -> DagNodeEdge:
    """Several edges that end in the same two places of the picture."""
    return DagNodeEdge(
        known.up,
        known.up_node,
        known.down,
        known.down_node,
        known.kind,
        tuple(dict.fromkeys((*known.fields, *other.fields))),
        known.removed and other.removed,
    )
