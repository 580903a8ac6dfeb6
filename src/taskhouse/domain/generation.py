"""The instances of one run date: from published tasks to instances, node instances and the edges between them.

Dependencies are configured between tasks. Here they are compiled once more to edges between *node instances*, which is all that
triggering looks at: a node starts when the nodes it reads have succeeded, never because of a field's normalised status (D-16).

- A script upstream leads to each node that reads it; when nobody is known to, to all nodes of the table (D-15).
- A field of a logical upstream leads to the nodes that read it, from one chosen node that writes it: the one that writes the
  fewest fields beyond those needed, then the lowest id (D-16). The edge keeps the fields it stands for.
- Nodes of one table that read one another have internal edges. A node with nothing upstream hangs on the root.

Pure and deterministic: generating a date twice gives equal values with equal keys, so a store may insert what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import partial
from typing import NamedTuple

from taskhouse.domain.bulk import bulk
from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.dependency import ROOT, Dependency, resolve
from taskhouse.domain.graph import Digraph, find_cycle
from taskhouse.domain.recurring import EdgeKind, Environment, InstanceKey, NodeKey, Origin
from taskhouse.domain.schedule import Schedule
from taskhouse.domain.status import NodeStatus


@dataclass(frozen=True, slots=True)
class NodeBlueprint:
    """A materialization node (a script's only node) as generation needs it.

    `reads` maps upstream tasks to the fields read of them (empty for all, and for scripts); None when nothing is known.
    `inner` names nodes of the same task that this one reads.
    """

    id: str
    values: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reads: Mapping[str, frozenset[str]] | None = None
    inner: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskBlueprint:
    """A published task. `first_run_date` is the first for which it has instances. At least one node."""

    id: str
    schedule: Schedule
    nodes: tuple[NodeBlueprint, ...]
    dependencies: tuple[Dependency, ...] = ()
    first_run_date: date = date.min


@dataclass(frozen=True, slots=True)
class GeneratedInstance:
    """`index` is the serial number within the day. `dry_run`: an off-cycle day, Succeeded from birth."""

    key: InstanceKey
    index: int
    dry_run: bool
    task: TaskBlueprint = field(repr=False)

    @property
    def due_at(self) -> datetime:
        return self.key.due_at

    @property
    def status(self) -> NodeStatus:
        """What its nodes are born with."""
        return NodeStatus.SUCCESS if self.dry_run else NodeStatus.INIT

    def node_key(self, node: str) -> NodeKey:
        return NodeKey.of(node, self.key)


class Edge(NamedTuple):
    """`up` is None for the root. `via` are (task, field) that the downstream node reads through this edge, in order; empty when
    it depends on the upstream node as a whole."""

    up: NodeKey | None
    down: NodeKey
    kind: EdgeKind
    via: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EmptyWindow:
    """A dependency whose window held no upstream instance; its edge counts as satisfied (D-40)."""

    instance: InstanceKey
    up_task: str

    @property
    def text(self) -> str:
        return (
            f"no instance of upstream task '{self.up_task}' in the dependency cycle; the dependency counts as satisfied"
        )


@dataclass(frozen=True, slots=True)
class Generated:
    """All rows of one run date. `links` pair instances with their nodes; a shared node occurs once among `nodes`."""

    run_date: date
    instances: tuple[GeneratedInstance, ...]
    nodes: Mapping[NodeKey, NodeStatus]
    links: tuple[tuple[InstanceKey, NodeKey], ...]
    edges: tuple[Edge, ...]
    warnings: tuple[EmptyWindow, ...]


@bulk()
def generate(
    run_date: date,
    tasks: Iterable[TaskBlueprint],
    zone: tzinfo,
    *,
    earlier: Callable[[str, date], Sequence[GeneratedInstance]] = lambda task, day: (),
    environment: Environment = Environment.PROD,
    origin: Origin = Origin.RECURRING,
    backfill: str = "",
) -> Generated:
    """Instances of `run_date`. `earlier(task, run date)` gives the instances that exist of an earlier date, ordered by scheduled
    time and with the blueprint of then: dependencies reach back to what was really generated."""
    bizdate = bizdate_of(run_date)
    today: dict[str, list[GeneratedInstance]] = {}
    for task in tasks:
        if task.first_run_date <= run_date:
            today[task.id] = [
                GeneratedInstance(
                    InstanceKey(task.id, bizdate, at.due_at, environment, origin, backfill), at.index, at.dry_run, task
                )
                for at in task.schedule.occurrences(run_date, zone)
            ]

    def instances_of(task: str, day: date) -> Sequence[GeneratedInstance]:
        return today.get(task, ()) if day == run_date else earlier(task, day)

    instances = tuple(instance for placed in today.values() for instance in placed)
    nodes: dict[NodeKey, NodeStatus] = {}
    links: list[tuple[InstanceKey, NodeKey]] = []
    warnings: list[EmptyWindow] = []
    weaver = _Weaver()
    for instance in instances:
        for node in instance.task.nodes:
            key = instance.node_key(node.id)
            # A node shared by a task on its day and another on an off day runs for real.
            if instance.status is NodeStatus.INIT or key not in nodes:
                nodes[key] = instance.status
            links.append((instance.key, key))
        for dependency in instance.task.dependencies:
            if dependency.up_task == ROOT:
                weaver.root(instance)
                continue
            picked = resolve(
                dependency,
                run_date,
                instance.due_at,
                partial(instances_of, dependency.up_task),
                is_self=dependency.up_task == instance.task.id,
            )
            for up in picked:
                weaver.connect(up, instance, dependency)
            if not picked:
                warnings.append(EmptyWindow(instance.key, dependency.up_task))
        weaver.inside(instance)
    edges = weaver.edges(nodes)
    return Generated(run_date, instances, nodes, tuple(links), edges, tuple(warnings))


def node_cycle(generated: Generated) -> list[NodeKey]:
    """A cycle among the node instances of the date, each upstream of the next; empty when there is none, as it must be.

    Tasks without a cycle of this-cycle dependencies may still have one of nodes, through windows of 24 hours or shared nodes;
    publishing generates a date and asks here before it accepts definitions (D-43)."""
    keys = list(generated.nodes)
    at = {key: n for n, key in enumerate(keys)}
    edges = [(at[e.up], at[e.down]) for e in generated.edges if e.up is not None and e.up in at]
    return [keys[n] for n in find_cycle(Digraph.from_edges(len(keys), edges)) or ()]


class _Weaver:
    """Collects edges; several dependencies between the same two nodes become one edge."""

    def __init__(self) -> None:
        self._via: dict[tuple[NodeKey | None, NodeKey], dict[tuple[str, str], None]] = {}
        self._kind: dict[tuple[NodeKey | None, NodeKey], EdgeKind] = {}
        self._whole: set[tuple[NodeKey | None, NodeKey]] = set()
        self._choices: dict[tuple[int, frozenset[str]], dict[str, list[str]]] = {}
        self._writers: dict[int, dict[str, list[NodeBlueprint]]] = {}

    def root(self, instance: GeneratedInstance) -> None:
        for node in instance.task.nodes:
            self._add(None, instance.node_key(node.id), EdgeKind.ROOT, ())

    def inside(self, instance: GeneratedInstance) -> None:
        for node in instance.task.nodes:
            for other in node.inner:
                self._add(instance.node_key(other), instance.node_key(node.id), EdgeKind.INTERNAL, ())

    def connect(self, up: GeneratedInstance, down: GeneratedInstance, dependency: Dependency) -> None:
        if up.key.task == down.key.task:
            kind = EdgeKind.SELF
        else:
            kind = EdgeKind.SAME if up.key.bizdate == down.key.bizdate else EdgeKind.CROSS
        asked = frozenset(dependency.up_fields)
        for node, need in _readers(down.task, up.task, dependency):
            key = down.node_key(node.id)
            wanted = (need & asked or asked) if need and asked else need or asked
            for up_node, fields in self._sources(up.task, wanted).items():
                self._add(up.node_key(up_node), key, kind, [(up.task.id, name) for name in fields])

    def _sources(self, up: TaskBlueprint, need: frozenset[str]) -> Mapping[str, list[str]]:
        """Node -> fields taken from it, so that every needed field has one source; no fields: the node as a whole."""
        cached = self._choices.get((id(up), need))
        if cached is None:
            writers = self._writers.get(id(up))
            if writers is None:
                writers = self._writers[id(up)] = _writers(up)
            useful = {node.id: node for name in need for node in writers.get(name, ())}
            cached = choose_sources(tuple(useful.values()) or up.nodes, need)
            self._choices[(id(up), need)] = cached
        return cached

    def _add(self, up: NodeKey | None, down: NodeKey, kind: EdgeKind, via: Sequence[tuple[str, str]]) -> None:
        if up == down:
            return  # a node shared by two tables that reads what it writes itself
        pair = (up, down)
        self._kind.setdefault(pair, kind)
        fields = self._via.setdefault(pair, {})
        if via:
            fields.update(dict.fromkeys(via))
        else:
            self._whole.add(pair)

    def edges(self, nodes: Iterable[NodeKey]) -> tuple[Edge, ...]:
        """In a stable order. Nodes with nothing upstream are hung on the root."""
        found = [
            Edge(up, down, self._kind[up, down], () if (up, down) in self._whole else tuple(via))
            for (up, down), via in self._via.items()
        ]
        hanging = {edge.down for edge in found}
        found += [Edge(None, key, EdgeKind.ROOT) for key in nodes if key not in hanging]
        return tuple(found)


def _writers(task: TaskBlueprint) -> dict[str, list[NodeBlueprint]]:
    """Field, key or not -> the nodes that write it."""
    found: dict[str, list[NodeBlueprint]] = {}
    for node in task.nodes:
        for name in (*node.values, *node.keys):
            found.setdefault(name, []).append(node)
    return found


def _readers(
    down: TaskBlueprint, up: TaskBlueprint, dependency: Dependency
) -> Iterable[tuple[NodeBlueprint, frozenset[str]]]:
    """The nodes of `down` that read `up`, each with the fields it reads (empty: whatever the dependency names, or all)."""
    chosen = set(dependency.down_fields)
    nodes = [node for node in down.nodes if not chosen or chosen & set(node.values)] or list(down.nodes)
    known = [(node, node.reads[up.id]) for node in nodes if node.reads is not None and up.id in node.reads]
    unknown = [(node, frozenset[str]()) for node in nodes if node.reads is None]
    return known + unknown or [(node, frozenset()) for node in nodes]


def choose_sources(nodes: Sequence[NodeBlueprint], need: frozenset[str]) -> dict[str, list[str]]:
    """From which node each needed field is taken (D-16). Key fields, which many nodes write, ask for a node as a whole only when
    no other field takes from one that has them. With nothing needed by name every value field is."""
    if not any(node.values for node in nodes):
        return {node.id: [] for node in nodes}
    values = {name for node in nodes for name in node.values}
    wanted = need or values
    by_cost = sorted(nodes, key=lambda node: (len(set(node.values) - wanted), node.id))
    taken: dict[str, list[str]] = {}
    for name in sorted(wanted & values):
        source = next(node for node in by_cost if name in node.values)
        taken.setdefault(source.id, []).append(name)
    for name in sorted(wanted - values):
        holders = [node.id for node in by_cost if name in node.keys]
        if holders and not any(holder in taken for holder in holders):
            taken[holders[0]] = []
    return taken or {node.id: [] for node in nodes}
