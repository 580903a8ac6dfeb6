"""A small tenant in pure values, for the scenarios: run date 2026-03-02, data timestamp 20260301.

Script S0 due 00:10. Logical dimension table A due 00:30 with key id and fields t1..t4 in nodes B{t1,t2}, C{t2,t3}, D{t4}. Aggregate
table E due 01:00 with metrics m1..m3 in nodes P, Q, V. Scripts X, Z due 02:00 and Y due 00:45.
Edges: root -> S0; S0 -> B, C, D; B -> P (t1), D -> Q (t4), C -> V (t3), D -> Y (t4); P -> X (m1), V -> Z (m3).

The graph is made by generation from task blueprints, so that what operations are tested on is what would be generated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.generation import Generated, NodeBlueprint, TaskBlueprint, generate
from taskhouse.domain.instance_graph import EdgeRow, FieldRow, InstanceGraph, InstanceRow, NodeRow
from taskhouse.domain.operations import decide
from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.operations.request import Request
from taskhouse.domain.recurring import BizType, Priority, Role, TableKind
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.snapshot import OperationSettings, Snapshot
from taskhouse.domain.status import NodeStatus, StatusClass

ZONE = ZoneInfo("Asia/Shanghai")
RUN_DATE = date(2026, 3, 2)
ADMIN = Actor("admin", super_admin=True)
VISITOR = Actor("visitor", roles={"shop": frozenset({ProjectRole.VISITOR})})


def clock(text: str, day: date = RUN_DATE) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), ZONE).astimezone(UTC)


def task(
    name: str, at: str, nodes: Iterable[NodeBlueprint], *dependencies: Dependency, schedule: Schedule | None = None
) -> TaskBlueprint:
    return TaskBlueprint(name, schedule or Schedule(Cycle.DAY, time.fromisoformat(at)), tuple(nodes), dependencies)


def script(name: str, at: str, **reads: str) -> TaskBlueprint:
    """`reads` as task="field field", empty for the task as a whole."""
    dependencies = [Dependency(up, up_fields=tuple(fields.split())) for up, fields in reads.items()]
    needs = {up: frozenset(fields.split()) for up, fields in reads.items()}
    return task(name, at, [NodeBlueprint(name, reads=needs)], *(dependencies or [Dependency(ROOT)]))


def node(name: str, values: str, keys: str = "", **reads: str) -> NodeBlueprint:
    needs = {up: frozenset(fields.split()) for up, fields in reads.items()}
    return NodeBlueprint(name, tuple(values.split()), tuple(keys.split()), needs)


TASKS = [
    script("S0", "00:10"),
    task("A", "00:30", [node(n, v, "id", S0="") for n, v in (("B", "t1 t2"), ("C", "t2 t3"), ("D", "t4"))], Dependency("S0")),
    task("E", "01:00", [node("P", "m1", A="t1"), node("Q", "m2", A="t4"), node("V", "m3", A="t3")], Dependency("A")),
    script("X", "02:00", E="m1"),
    script("Y", "00:45", A="t4"),
    script("Z", "02:00", E="m3"),
]  # fmt: skip
KINDS: Mapping[str, TableKind] = {"A": TableKind.DIMENSION, "E": TableKind.AGGREGATE}


@dataclass
class House:
    """Mutable state of one date: what a store would keep, small enough for tests."""

    graph: InstanceGraph
    generated: Generated
    ids: dict[str, int]
    """Instances by task, nodes by node, fields as `A.t1`."""
    status: list[NodeStatus]
    actor: Actor = ADMIN
    attempts: dict[int, int] = field(default_factory=dict)
    lock: list[int] = field(default_factory=list)
    paused: set[int] = field(default_factory=set)
    forced: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    changed: dict[int, str] = field(default_factory=dict)
    manual: dict[int, Priority] = field(default_factory=dict)
    metric: dict[int, Priority] = field(default_factory=dict)
    baseline: dict[int, Priority] = field(default_factory=dict)
    settings: OperationSettings = field(default_factory=OperationSettings)

    def at(self, name: str) -> int:
        """The position of a node."""
        return self.graph.node_at[self.ids[name]]

    def field_at(self, name: str) -> int:
        return self.graph.field_at[self.ids[name]]

    def instance_at(self, name: str) -> int:
        return self.graph.instance_at[self.ids["instance " + name]]

    def instance(self, name: str) -> int:
        """The id of an instance."""
        return self.ids["instance " + name]

    def set(self, **statuses: str) -> House:
        """`B="SUCCESS"`, or a class letter: `B="S"`; `every="S"` for all."""
        letters = {"N": "INIT", "W": "WAIT_SCHEDULE", "R": "RUNNING", "S": "SUCCESS", "F": "FAILED"}
        for name, word in statuses.items():
            value = NodeStatus(letters.get(word, word))
            for at in range(len(self.status)) if name == "every" else (self.at(name),):
                self.status[at] = value
        return self

    def pause(self, *names: str) -> House:
        self.paused.update(map(self.at, names))
        return self

    def snapshot(self) -> Snapshot:
        return Snapshot(
            self.graph,
            list(self.status),
            list(self.lock),
            self.actor,
            frozenset(self.paused),
            frozenset(self.forced),
            frozenset(self.removed),
            dict(self.changed),
            dict(self.manual),
            dict(self.metric),
            dict(self.baseline),
            self.settings,
        )

    def decide(self, request: Request) -> Plan:
        return decide(request, self.snapshot(), clock("12:00"))

    def apply(self, plan: Plan) -> None:
        """What a store does with an accepted plan; cancellations are acknowledged at once."""
        assert plan.is_accepted, plan.refusals
        for change in plan.changes:
            at = self.graph.node_at[change.node]
            assert (self.status[at], self.lock[at]) == (change.source, change.lock_version)
            self.status[at] = change.target
            self.lock[at] += 1
            self.forced.discard(at)
            if change.skip_checks:
                self.forced.add(at)
            if change.sets_paused is not None:
                (self.paused.add if change.sets_paused else self.paused.discard)(at)
        self.removed.update(self.graph.edge_at[edge] for edge in plan.removed_edges)
        for priority in plan.priorities:
            if priority.field is None:
                self.manual[self.graph.instance_at[priority.instance]] = priority.after
            else:
                self.metric[self.graph.field_at[priority.field]] = priority.after

    def do(self, request: Request) -> Plan:
        plan = self.decide(request)
        self.apply(plan)
        return plan

    def names(self, plan: Plan) -> str:
        """The changed nodes with their new statuses' letters: `B:N C:N`; `+` the paused flag, `!` skips checks, `x` cancels."""
        words = []
        for change in plan.changes:
            mark = {True: "+", False: "-", None: ""}[change.sets_paused]
            mark += "!" * change.skip_checks + "x" * (change.cancels is not None)
            name = self.graph.nodes[self.graph.node_at[change.node]].name
            words.append(f"{name}:{change.target.status_class.value}{mark}")
        return " ".join(sorted(words))

    def fields(self, instance: str) -> dict[str, str]:
        """Field -> letter of its normalised status."""
        snapshot = self.snapshot()
        found: dict[str, str] = {}
        for f in self.graph.fields_of_instance[self.instance_at(instance)]:
            status: StatusClass | None = snapshot.field_status(f)
            found[self.graph.fields[f].name] = status.value if status else "-"
        return found


def house(
    tasks: Iterable[TaskBlueprint] = TASKS,
    kinds: Mapping[str, TableKind] = KINDS,
    projects: Mapping[str, str] | None = None,
    lineage: Iterable[tuple[str, str]] = (),
) -> House:
    """A generated date as a graph with small ids. `projects` of instances (`A`) and metrics (`E.m1`); default `shop`.
    `lineage` as (`E.m1`, `A.t1`)."""
    projects = projects or {}
    made = generate(RUN_DATE, tasks, ZONE)
    ids: dict[str, int] = {}
    instances, nodes, fields, incidence = [], [], [], []
    for number, instance in enumerate(made.instances, start=1):
        name = instance.key.task
        ids["instance " + name] = number
        kind = kinds.get(name)
        biz = BizType.LOGICAL_TABLE if kind else BizType.SCRIPT
        instances.append(
            InstanceRow(
                number, name, projects.get(name, "shop"), biz, instance.key.bizdate, instance.due_at, name, kind
            )
        )
    for number, key in enumerate(made.nodes, start=101):
        ids[key.node] = number
        nodes.append(NodeRow(number, key.node, key.due_at))
    number = 1000
    for instance in made.instances:
        for blueprint in instance.task.nodes:
            for role, names in ((Role.KEY, blueprint.keys), (Role.VALUE, blueprint.values)):
                for name in names:
                    full = f"{instance.key.task}.{name}"
                    if full not in ids:
                        number += 1
                        ids[full] = number
                        own = projects.get(full)
                        fields.append(FieldRow(number, ids["instance " + instance.key.task], name, role, own))
                    incidence.append((ids[full], ids[blueprint.id]))
    edges = [
        EdgeRow(
            n,
            None if edge.up is None else ids[edge.up.node],
            ids[edge.down.node],
            edge.kind,
            tuple(ids[f"{t}.{f}"] for t, f in edge.via),
        )
        for n, edge in enumerate(made.edges, start=5001)
    ]
    links = [(ids["instance " + i.task], ids[n.node]) for i, n in made.links]
    graph = InstanceGraph(
        instances, nodes, links, fields, incidence, edges, [(ids[down], ids[up]) for down, up in lineage]
    )
    status = [NodeStatus.INIT] * len(nodes)
    return House(graph, made, ids, status, lock=[0] * len(nodes))
