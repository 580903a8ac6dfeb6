"""The part of the instances that a view looks at, from the book or straight from the store.

The book has the data timestamps that are scheduled, and those that somebody opened whole. For a look at an instance of another date it
would have to load all of it, seconds for a large one; so such a look reads what lies around the instance instead, level by level. Both
give the same value.

A scene is not a snapshot for decisions: states are read when they are shown, and may move on between two reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from taskhouse.domain.graph import Adjacency
from taskhouse.domain.instance_graph import InstanceEdges, InstanceGraph
from taskhouse.domain.neighbourhood import Surroundings
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.operations.priority import instance_priority, shown_priorities
from taskhouse.domain.published import PublishedNode, PublishedTask
from taskhouse.domain.recurring import Environment, Priority, TableKind
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.run_times import NodeTimes, RunTimes, run_times
from taskhouse.domain.snapshot import Snapshot
from taskhouse.ports.recurring_store import GraphRows, InstanceRecord, NodeRecord
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.changed_logic import ChangedFields
from taskhouse.services.recurring.columns import Column
from taskhouse.services.recurring.graph_rows import graph_of
from taskhouse.services.recurring.views.level_by_level import Around, Reading
from taskhouse.services.recurring.views.refusal import About, ViewCode, ViewRefused
from taskhouse.services.world import World

PATIENCE_S = 0.1
"""How long a view waits for a book that is being loaded, seconds for a large one, before it goes to the store."""

_ENVIRONMENTS = (Environment.PROD, Environment.DEV)
"""In the order in which their books are asked for an instance."""


@dataclass(frozen=True, slots=True)
class Scene:
    """By position in `snapshot.graph`: `states` of nodes, `records` of instances, `node_records`. `core[n]`: all edges of node n
    are here; of other nodes only those to core nodes are."""

    environment: Environment
    snapshot: Snapshot
    states: Sequence[NodeState]
    records: Sequence[InstanceRecord]
    node_records: Sequence[NodeRecord]
    versions: Mapping[tuple[str, int], PublishedTask]
    core: Sequence[int]
    now: datetime
    zone: tzinfo

    @property
    def graph(self) -> InstanceGraph:
        return self.snapshot.graph

    @property
    def actor(self) -> Actor:
        return self.snapshot.actor

    def at(self, instance: int) -> int:
        """The position of an instance that the actor may view. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
        place = self.graph.instance_at.get(instance)
        if place is None:
            raise not_found(instance)
        self.require(Action.VIEW, place)
        return place

    def may(self, action: Action, instance: int) -> bool:
        """Whether the actor may: by the instance's project, or by that of one of its metrics."""
        graph, actor = self.graph, self.actor
        row = graph.instances[instance]
        if actor.may(action, row.project):
            return True
        if row.kind is not TableKind.AGGREGATE:
            return False
        return any(actor.may(action, graph.project_of_field(f)) for f in graph.fields_of_instance[instance])

    def may_field(self, action: Action, field: int) -> bool:
        return self.actor.may(action, self.graph.project_of_field(field))

    def require(self, action: Action, instance: int) -> None:
        if not self.may(action, instance):
            row = self.graph.instances[instance]
            raise forbidden(action, row.id, row.name, row.project)

    def field_at(self, instance: int, name: str) -> int:
        """The position of a VALUE field by its name. Raises `ViewRefused` (UNKNOWN_FIELD)."""
        place = self.graph.field_named(instance, name)
        if place is not None:
            return place
        table = self.graph.instances[instance].name
        if name in self.graph.keys_of_instance.get(instance, ()):
            message = (
                f"'{name}' is a key of '{table}': every node writes it, and it has no status and lineage of its own"
            )
        else:
            message = f"'{table}' has no field '{name[:100]}'"
        raise ViewRefused(ViewCode.UNKNOWN_FIELD, message, About(0, name[:100]))

    def task(self, instance: int) -> PublishedTask:
        """The version that the instance was generated with."""
        record = self.records[instance]
        return self.versions[record.row.task, record.version]

    def node_task(self, node: int) -> PublishedTask:
        record = self.node_records[node]
        return self.versions[record.task, record.version]

    def published_node(self, node: int) -> PublishedNode:
        found = self.node_task(node).node(self.node_records[node].node_id)
        assert found is not None, "nodes are generated from what was published"
        return found

    def owner_of(self, node: int) -> int:
        """The position of the (first) instance that a node belongs to."""
        return self.graph.instances_of_node[node][0]

    def times(self, nodes: Iterable[int]) -> RunTimes:
        """Of a table or a field from its nodes (§ D-04, D-05). Dry runs have no times and do not count."""
        states = (self.states[node] for node in nodes)
        return run_times([NodeTimes(s.status, s.started_at, s.ended_at) for s in states], self.now)

    def priority(self, instance: int) -> Priority:
        """The highest of its nodes."""
        return next(iter(shown_priorities(self.snapshot, instance)), instance_priority(self.snapshot, instance))


def not_found(instance: int) -> ViewRefused:
    return ViewRefused(ViewCode.NOT_FOUND, f"there is no instance {instance}", About(instance, ""))


def forbidden(action: Action, id: int, name: str, project: str) -> ViewRefused:
    verb = {Action.VIEW: "see", Action.INSPECT: "look into", Action.OPERATE: "operate"}[action]
    message = f"you may not {verb} '{name}': it takes a role in project '{project}' that may"
    return ViewRefused(ViewCode.FORBIDDEN, message, About(id, name, f"project '{project}'"))


def zone_of(world: World) -> tzinfo:
    """The tenant's zone, in which scheduled times and dates are meant."""
    return ZoneInfo(world.workspace.tenant().time_zone)


def of_instance(world: World, actor: Actor, instance: int) -> Scene:
    """With all edges of the instance's nodes. From the store unless the date is loaded: three calls at most."""
    book = _book_with(world, instance)
    if book is not None:
        book.refresh()
        return of_book(world, actor, book)
    return _of_rows(world, actor, _read(world, [instance]))


def of_instances(world: World, actor: Actor, instances: Sequence[int]) -> Scene:
    """Several of one environment, as `of_instance`: from the book when it has all of them, else from the store in three calls."""
    book = _book_with(world, instances[0])
    if book is not None and all(map(book.has, instances)):
        book.refresh()
        return of_book(world, actor, book)
    return _of_rows(world, actor, _read(world, instances))


def of_node(world: World, actor: Actor, node: int) -> tuple[Scene, int]:
    """The scene of the instance that a node instance belongs to, and the node's position. One store call more where the date is not
    loaded. Raises `ViewRefused` (NOT_FOUND)."""
    for environment in _ENVIRONMENTS:
        book = world.books.of(environment)
        with book.lock:
            at = book.graph.node_at.get(node)
            is_here = at is not None and bool(book.core[at])
        if is_here:
            book.refresh()
            scene = of_book(world, actor, book)
            return scene, scene.graph.node_at[node]
    owner = world.recurring.owners_of([node]).get(node)
    if owner is None:
        raise ViewRefused(ViewCode.NOT_FOUND, f"there is no node instance {node}", About(node, ""))
    scene = of_instance(world, actor, owner)
    return scene, scene.graph.node_at[node]


def of_dates(world: World, actor: Actor, instances: Sequence[int]) -> Scene:
    """With everything of the data timestamps of these instances (of one environment), loading what is missing. Raises `ViewRefused`
    (NOT_FOUND)."""
    book = _book_with(world, instances[0])
    if book is None:
        places = world.recurring.bizdates_of(instances)
        if instances[0] not in places:
            raise not_found(instances[0])
        book = world.books.of(places[instances[0]][0])
    book.cover_instances(instances)
    book.refresh()
    return of_book(world, actor, book)


def around(world: World, actor: Actor, instance: int, wanted: Around) -> tuple[Scene, Surroundings]:
    """An instance with its surroundings, removed dependencies included; everything that is shown comes with all its edges. On a date that
    is not loaded one store call for each level. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    book = _book_with(world, instance)
    if book is not None:
        book.refresh()
        scene = of_book(world, actor, book)
        found = wanted.of(PictureEdges(scene.graph), scene.at(instance), scene.graph.instance_at.get)
        if not _open_ends(scene, found):
            return scene, found
    reading = Reading(world.recurring, instance)
    if not reading.is_there:
        raise not_found(instance)
    _of_rows(world, actor, reading.rows()).at(instance)  # permission, before more is read
    reading.reach(wanted)
    while True:
        scene = _of_rows(world, actor, reading.rows())
        found = wanted.of(PictureEdges(scene.graph), scene.at(instance), scene.graph.instance_at.get)
        missing = _open_ends(scene, found)
        if not missing:
            return scene, found
        reading.read(missing)


def upstream_of(world: World, scene: Scene, instance: int) -> Scene:
    """A scene in which whatever unfinished stands before an instance has its edges, so that the topmost blocking nodes can be told. The
    dates of unfinished nodes are what schedulers have loaded; others are loaded now."""
    graph = scene.graph
    if all(scene.core[node] for node in _unfinished_upstream(scene, graph.instance_at[instance])):
        return scene
    book = world.books.of(scene.environment)
    book.cover_instances([instance])
    while True:
        scene = of_book(world, scene.actor, book)
        above = _unfinished_upstream(scene, scene.graph.instance_at[instance])
        missing = {scene.node_records[node].bizdate for node in above if not scene.core[node]}
        if not missing:
            return scene
        book.cover(missing)


def _unfinished_upstream(scene: Scene, instance: int) -> list[int]:
    """Nodes upstream of an instance that have not succeeded, as far as they are here."""
    found = dict.fromkeys(scene.graph.nodes_of_instance[instance])
    for node in list(found):
        found.update(dict.fromkeys(scene.snapshot.unmet_upstream(node)))
    todo = list(found)
    for node in todo:  # grows
        for up in scene.snapshot.unmet_upstream(node):
            if up not in found:
                found[up] = None
                todo.append(up)
    return todo


class PictureEdges:
    """Edges between instances as pictures show them: with the removed ones, and without all that hangs on the root, which is the
    whole day."""

    def __init__(self, graph: InstanceGraph) -> None:
        edges = InstanceEdges(graph)
        self.up: Adjacency = edges.up
        self.down: Adjacency = _WithoutRoot(edges.down, edges.root)


class _WithoutRoot:
    def __init__(self, edges: Adjacency, root: int) -> None:
        self._edges, self._root = edges, root

    def __getitem__(self, vertex: int, /) -> Iterable[int]:
        return () if vertex == self._root else self._edges[vertex]


def _open_ends(scene: Scene, found: Surroundings) -> list[int]:
    """Ids of instances that are shown without all their nodes or edges."""
    graph = scene.graph
    shown = (each.instance for each in found.neighbours if each.instance < len(graph.instances))
    return [graph.instances[at].id for at in shown if not _is_whole(scene, at)]


def _is_whole(scene: Scene, instance: int) -> bool:
    """Of a table that shares a node with one that was read only that node may be here."""
    nodes = scene.graph.nodes_of_instance[instance]
    return len(nodes) == len(scene.task(instance).nodes) and all(scene.core[node] for node in nodes)


def _book_with(world: World, instance: int) -> Book | None:
    """The book that has the instance with its whole date; that of production is asked first. None, too, while it is being loaded: to
    read what lies around an instance takes less."""
    for environment in _ENVIRONMENTS:
        book = world.books.of(environment)
        if book.has(instance, patience_s=PATIENCE_S):
            return book
    return None


def of_book(world: World, actor: Actor, book: Book) -> Scene:
    """Everything that a book has loaded."""
    with book.lock:
        graph, states = book.graph, book.states
        snapshot = Snapshot(
            graph,
            Column(len(states), lambda at: states[at].status),
            Column(len(states), lambda at: states[at].lock_version),
            actor,
            book.paused,
            book.forced,
            book.removed,
            ChangedFields(world.recurring, book.environment, graph, book.records, book.node_records, book.versions),
            book.manual_priority,
            book.metric_priority,
            settings=book.settings,
        )
        return Scene(
            book.environment,
            snapshot,
            states,
            book.records,
            book.node_records,
            book.versions,
            book.core,
            world.clock.now(),
            zone_of(world),
        )


def _read(world: World, instances: Sequence[int]) -> GraphRows:
    rows = world.recurring.graph_around(instances)
    known = {record.row.id for record in rows.instances}
    for instance in instances:
        if instance not in known:
            raise not_found(instance)
    return rows


def _of_rows(world: World, actor: Actor, rows: GraphRows) -> Scene:
    graph = graph_of(rows)
    known = {state.id: state for state in rows.states}
    states = [known[row.id] for row in graph.nodes]
    environment = rows.instances[0].row.environment
    manual = {at: r.manual_priority for at, r in enumerate(rows.instances) if r.manual_priority is not None}
    snapshot = Snapshot(
        graph,
        [state.status for state in states],
        [state.lock_version for state in states],
        actor,
        frozenset(at for at, state in enumerate(states) if state.paused),
        frozenset(at for at, state in enumerate(states) if state.skip_checks),
        frozenset(graph.edge_at[edge] for edge in rows.removed if edge in graph.edge_at),
        ChangedFields(world.recurring, environment, graph, rows.instances, rows.nodes, rows.versions),
        manual,
        {graph.field_at[f]: p for f, p in rows.metric_priorities.items() if f in graph.field_at},
        settings=world.books.of(environment).settings,
    )
    core = bytearray(row.id in rows.core for row in graph.nodes)
    return Scene(
        environment,
        snapshot,
        states,
        rows.instances,
        rows.nodes,
        rows.versions,
        core,
        world.clock.now(),
        zone_of(world),
    )
