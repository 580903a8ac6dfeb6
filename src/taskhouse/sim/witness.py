"""A witness of every commit: it stands before the store, keeps a copy of what is true, and holds each change against the rules.

What is checked here is checked at the moment of the commit and against the truth, not against what the writer believed. Rules are
written out anew, naively, from the specification of the status machine; only the graph's index is shared with what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, cast

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.generation import Generated
from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, RunStatus, Transition
from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.published import ProgramKind, PublishedTask
from taskhouse.domain.readiness import ThrottleRule
from taskhouse.domain.recurring import EdgeKind, Environment
from taskhouse.domain.roles import Actor
from taskhouse.domain.schedule import ScheduleType
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause, is_legal
from taskhouse.ports.recurring_store import (
    GraphRows,
    NodeRecord,
    OperationResult,
    OperationWrite,
    RecurringStore,
    Summary,
    WriteResult,
)
from taskhouse.services.recurring.graph_rows import graph_of
from taskhouse.sim.cluster import Cluster
from taskhouse.sim.memory_lists import summary_of

_BY_ITSELF = frozenset({Cause.SCHEDULER, Cause.WORKER, Cause.RETRY, Cause.UPSTREAM_RERUN, Cause.STOP})
_BY_OPERATORS = frozenset(
    {
        Cause.STOP,
        Cause.RERUN,
        Cause.FORCE_RERUN,
        Cause.DRY_RUN,
        Cause.SET_SUCCESS,
        Cause.PAUSE,
        Cause.RESUME,
        Cause.UPSTREAM_RERUN,
    }
)


ACTOR = Actor("witness", super_admin=True)


@dataclass
class Truth:
    """Of one environment: the graph of everything, and the present state of each node, by id."""

    graph: InstanceGraph
    records: dict[int, NodeRecord] = field(default_factory=dict)
    tasks: dict[int, PublishedTask] = field(default_factory=dict)
    """Of each node: the version with which it was generated."""
    versions: dict[int, PublishedTask] = field(default_factory=dict)
    """Of each instance."""
    removed: set[int] = field(default_factory=set)
    """Positions of edges."""

    def hangs_on_root(self, node: int) -> bool:
        graph = self.graph
        return any(graph.edge_up[edge] < 0 for edge in graph.in_edges[graph.node_at[node]])

    def ups(self, node: int) -> list[tuple[int, EdgeKind]]:
        """Ids of what lies upstream by edges that are not removed, the root left out."""
        graph = self.graph
        found = []
        for edge in graph.in_edges[graph.node_at[node]]:
            up = graph.edge_up[edge]
            if up >= 0 and edge not in self.removed:
                found.append((graph.nodes[up].id, graph.edges[edge].kind))
        return found


class Witness:
    """A `RecurringStore`: what it does not have itself is the store's. `wrong` are the violations found so far."""

    def __init__(
        self,
        store: RecurringStore,
        cluster: Cluster,
        slots: Mapping[str, int],
        rules: Sequence[ThrottleRule],
        zone: tzinfo,
    ) -> None:
        self.store = store
        self.rules = rules
        self.cluster = cluster
        self.slots = slots
        self.zone = zone
        self.wrong: list[str] = []
        self.rows: dict[int, NodeState] = {}
        self.known_runs: dict[tuple[int, int], Run] = {}
        self.live: dict[int, Run] = {}
        self.truths: dict[Environment, Truth] = {}
        self.where: dict[int, Environment] = {}
        self.log: list[tuple[datetime, str | Transition]] = []
        """What was committed, for people: see `told`."""
        self.touched: set[int] = set()
        """Nodes whose row was written since somebody emptied it."""
        self._shown: dict[str, tuple[int, ...]] = {}
        self._dates: dict[Environment, set[date]] = {}

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self.store, verb)
        setattr(self, verb, method)
        return method

    @property
    def as_store(self) -> RecurringStore:
        return cast(RecurringStore, self)

    # ---- commits

    def insert(
        self,
        generated: Generated,
        tasks: Mapping[str, PublishedTask],
        environment: Environment,
        now: datetime,
        *,
        complete: bool = True,
    ) -> int:
        count = self.store.insert(generated, tasks, environment, now, complete=complete)
        dates = self._dates.setdefault(environment, set())
        dates.add(bizdate_of(generated.run_date))
        self._learn(environment, self.store.graph(environment, sorted(dates)))
        self.log.append((now, f"generated {generated.run_date} in {environment.value}: {count} new instances"))
        return count

    def _learn(self, environment: Environment, rows: GraphRows) -> None:
        graph = graph_of(rows)
        truth = Truth(graph, {record.row.id: record for record in rows.nodes})
        truth.tasks = {n.row.id: rows.versions[n.task, n.version] for n in rows.nodes}
        truth.versions = {r.row.id: rows.versions[r.row.task, r.version] for r in rows.instances}
        truth.removed = {graph.edge_at[edge] for edge in rows.removed}
        before = self.truths.get(environment)
        if before is not None:
            self._check_same(before, truth)
        self.truths[environment] = truth
        for state in rows.states:
            known = self.rows.get(state.id)
            if known is None:
                self.rows[state.id] = state
                self.where[state.id] = environment
            elif known != state:
                self.wrong.append(f"generation changed {self.name(state.id)}")

    def _check_same(self, before: Truth, after: Truth) -> None:
        """Generation adds; what was there keeps its edges."""
        for row in before.graph.nodes:
            if {up for up, _ in before.ups(row.id)} != {up for up, _ in after.ups(row.id)}:
                self.wrong.append(f"generation changed what lies upstream of {self.name(row.id)}")

    def write(self, writes: Sequence[NodeWrite], now: datetime, *, at: int | None = None) -> WriteResult:
        before = self.store.cursor()
        result = self.store.write(writes, now, at=at)
        if at is not None and at != before:
            if sorted(result.refused) != sorted(write.after.id for write in writes):
                self.wrong.append("the store writes what was decided before the latest change")
            return result
        taken, refused = [], []
        versions = {write.after.id: self.rows[write.after.id].lock_version for write in writes}
        for write in writes:
            if versions[write.after.id] == write.expected:
                versions[write.after.id] += 1
                taken.append(write)
            else:
                refused.append(write.after.id)
        if sorted(refused) != sorted(result.refused):
            self.wrong.append(f"the store refused {sorted(result.refused)}, and should have refused {sorted(refused)}")
        self._commit(taken, now, _BY_ITSELF)
        return result

    def operate(self, operation: OperationWrite, now: datetime) -> OperationResult:
        result = self.store.operate(operation, now)
        self._operated(operation, result, now)
        return result

    def operate_each(self, operations: Sequence[OperationWrite], now: datetime) -> Sequence[OperationResult]:
        results = self.store.operate_each(operations, now)
        for operation, result in zip(operations, results, strict=True):
            self._operated(operation, result, now)
        return results

    def _operated(self, operation: OperationWrite, result: OperationResult, now: datetime) -> None:
        stale = [w.after.id for w in operation.writes if self.rows[w.after.id].lock_version != w.expected]
        if sorted(stale) != sorted(result.conflicts):
            self.wrong.append(f"the store found conflicts at {sorted(result.conflicts)}, there were {sorted(stale)}")
        if result.conflicts:
            return
        entry = operation.entry
        self.log.append((now, f"{entry.operator} {entry.operation} on instance {entry.instance}"))
        self._check_log(operation)
        for edge in operation.removed_edges:
            for truth in self.truths.values():
                at = truth.graph.edge_at.get(edge)
                if at is not None:
                    truth.removed.add(at)
        self._commit(operation.writes, now, _BY_OPERATORS)
        self._check_unchanged(operation)
        for edge in operation.removed_edges:
            self._check_one_upstream_left(edge)

    def _check_log(self, operation: OperationWrite) -> None:
        """No operation changes a node outside its logged list, and the log says what was."""
        document = operation.entry.document
        before, after = document.get("node_before"), document.get("node_after")
        if not isinstance(before, Mapping) or not isinstance(after, Mapping):
            self.wrong.append(f"{operation.entry.operation} is logged without the statuses of its nodes")
            return
        for write in operation.writes:
            node, state = write.after.id, self.rows[write.after.id]
            if not write.transitions and write.after.paused == state.paused:
                continue
            if before.get(str(node)) != state.status.value:
                name = self.name(node)
                self.wrong.append(f"{operation.entry.operation} changes {name}, logged as {before.get(str(node))}")

    def was_shown(self, plan: Plan) -> None:
        """Somebody was shown this plan; what is applied with its digest must be this."""
        self._shown[plan.digest] = plan.unchanged

    def _check_unchanged(self, operation: OperationWrite) -> None:
        """Members that had not run, and so do not change, have not begun between decision and commit; in development they run now."""
        entry = operation.entry
        for node in self._shown.get(str(entry.document.get("digest")), ()):
            state = self.rows[node]
            if state.status is not NodeStatus.INIT:
                self.wrong.append(
                    f"{entry.operation} leaves {self.name(node)} Not Running, which is {state.status.value}"
                )
            if not state.released:
                self.wrong.append(f"{entry.operation} takes {self.name(node)} along, and does not release it")

    def _check_one_upstream_left(self, edge: int) -> None:
        for truth in self.truths.values():
            at = truth.graph.edge_at.get(edge)
            if at is None:
                continue
            graph = truth.graph
            down = graph.edge_down[at]
            for instance in graph.instances_of_node[down]:
                edges = [e for n in graph.nodes_of_instance[instance] for e in graph.in_edges[n]]
                outside = [e for e in edges if graph.edges[e].kind is not EdgeKind.INTERNAL]
                if outside and all(e in truth.removed for e in outside):
                    self.wrong.append(f"'{graph.instances[instance].name}' has no upstream left")

    def _commit(self, writes: Sequence[NodeWrite], now: datetime, causes: frozenset[Cause]) -> None:
        begun: list[tuple[int, NodeState]] = []
        for write in writes:
            before = self.rows[write.after.id]
            self._check_write(write, before, now, causes)
            self.rows[write.after.id] = write.after
            self.touched.add(write.after.id)
            if any(line.target is NodeStatus.RUNNING for line in write.transitions):
                begun.append((write.after.id, before))
            self.log.extend((line.at, line) for line in write.transitions)
        for write in writes:
            self._check_after(write.after)
        for node, before in begun:
            self._check_begin(node, before, now)

    # ---- one change

    def _check_write(self, write: NodeWrite, before: NodeState, now: datetime, causes: frozenset[Cause]) -> None:
        name, status, begun = self.name(before.id), before.status, 0
        for line in write.transitions:
            if line.node != before.id or line.source is not status:
                self.wrong.append(f"{name} is {status.value}, and its history goes on from {line.source}")
            if not is_legal(status, line.target, line.cause):
                self.wrong.append(f"{name} goes from {status.value} to {line.target.value} by {line.cause.value}")
            if line.cause not in causes:
                self.wrong.append(f"{name} is changed by {line.cause.value}, which is not for who wrote it")
            status = line.target
            begun += line.target is NodeStatus.RUNNING
        after = write.after
        if status is not after.status:
            self.wrong.append(f"{name} is {after.status.value} now, and its history ends with {status.value}")
        if after.attempt != before.attempt + begun:
            self.wrong.append(f"{name} goes from attempt {before.attempt} to {after.attempt} with {begun} begun")
        if after.lock_version != before.lock_version + 1:
            self.wrong.append(f"{name} goes from version {before.lock_version} to {after.lock_version}")
        serial = before.run
        for run in write.runs:
            serial = self._check_run(run, serial, name)
        if after.run != serial:
            self.wrong.append(f"{name} is at run {after.run}, its latest is {serial}")
        for line in write.transitions:
            self._check_cause(line, before, after, now)

    def _check_run(self, run: Run, serial: int, name: str) -> int:
        key = (run.node, run.serial)
        known = self.known_runs.get(key)
        if known is None:
            if run.serial != serial + 1:
                self.wrong.append(f"{name} gets run {run.serial} after run {serial}")
            serial = run.serial
        elif known.status is not RunStatus.RUNNING and known.status is not run.status:
            self.wrong.append(f"run {run.serial} of {name} was {known.status.value} and becomes {run.status.value}")
        self.known_runs[key] = run
        if run.status is RunStatus.RUNNING:
            other = self.live.get(run.node)
            if other is not None and other.serial != run.serial:
                self.wrong.append(f"{name} runs twice: run {other.serial} and run {run.serial}")
            self.live[run.node] = run
        elif run.node in self.live and self.live[run.node].serial == run.serial:
            del self.live[run.node]
        return serial

    def _check_cause(self, line: Transition, before: NodeState, after: NodeState, now: datetime) -> None:
        """Who says that a worker ended must have heard of it; who says that time is over must see it on the clock."""
        name = self.name(line.node)
        outcome = self.cluster.outcome_of(line.node, line.run)
        if line.cause is Cause.WORKER and line.target is NodeStatus.SUCCESS:
            if outcome is None or outcome.reason is not None or outcome.cancelled:
                self.wrong.append(f"{name} succeeds by run {line.run}, whose outcome is {outcome}")
        elif line.cause is Cause.WORKER and after.reason is FailReason.ERROR:
            if outcome is None or outcome.reason is not FailReason.ERROR:
                self.wrong.append(f"{name} fails by run {line.run}, whose outcome is {outcome}")
        elif line.cause is Cause.WORKER and after.reason is FailReason.TIMEOUT:
            policy = self.task(line.node).retry
            if before.started_at is None or policy.deadline(before.started_at) > now:
                self.wrong.append(f"{name} times out before its time")
        elif line.cause is Cause.RETRY:
            if before.retry_at is None or before.retry_at > now:
                self.wrong.append(f"{name} is tried again before its time")
            if before.reason in (FailReason.STOPPED, FailReason.SKIPPED):
                self.wrong.append(f"{name} is tried again, though {before.reason.value}")
        if line.cause is Cause.UPSTREAM_RERUN and before.skip_checks:
            self.wrong.append(f"{name} is sent back, though its attempt is a forced one")

    def _check_after(self, state: NodeState) -> None:
        name, cls = self.name(state.id), CLASS_OF[state.status]
        live = self.live.get(state.id)
        if (state.status is NodeStatus.RUNNING) != (live is not None):
            self.wrong.append(f"{name} is {state.status.value} with {'a' if live else 'no'} live run")
        if live is not None and (live.serial, live.owner) != (state.run, state.owner):
            self.wrong.append(
                f"{name} is at run {state.run} of '{state.owner}', run {live.serial} of '{live.owner}' is live"
            )
        if state.paused and (cls.is_final or cls is StatusClass.RUNNING):
            self.wrong.append(f"{name} is paused and {state.status.value}")

    def _check_begin(self, node: int, before: NodeState, now: datetime) -> None:
        """A real attempt begins: against the state of everything after the whole transaction."""
        name, truth = self.name(node), self.truths[self.where[node]]
        record, task = truth.records[node], self.task(node)
        if before.paused:
            self.wrong.append(f"{name} starts although it is paused")
        if before.cancelling_until is not None:
            self.wrong.append(f"{name} starts before an earlier attempt has ended")
        if self.where[node] is Environment.DEV and not before.released:
            self.wrong.append(f"{name} starts in the development environment, and nobody asked for it")
        if task.schedule.type is not ScheduleType.NORMAL or record.dry_run:
            self.wrong.append(f"{name} really starts, which its schedule forbids")
        for up, kind in truth.ups(node):
            met = self.rows[up].status is NodeStatus.SUCCESS
            if not met and not before.skip_checks:
                self.wrong.append(f"{name} starts before {self.name(up)} has succeeded")
            if not met and before.skip_checks and kind is EdgeKind.INTERNAL and self.rows[up].skip_checks:
                self.wrong.append(f"{name} starts before {self.name(up)} of its own table, which is forced along")
        if not before.skip_checks and record.row.due_at > now:
            self.wrong.append(f"{name} starts before its scheduled time")
        for rule in self.rules_for(node):
            if self.throttled(rule) > rule.max_running:
                self.wrong.append(f"{name} starts although throttling rule '{rule.name}' has no room")
        group = task.resource_group
        if self.kind(node) is not ProgramKind.VIRTUAL and self.occupied(group, self.where[node]) > self.slots[group]:
            self.wrong.append(f"{name} starts in resource group '{group}', which is full")

    # ---- looking

    def told(self, line: str | Transition) -> str:
        if isinstance(line, str):
            return line
        source = line.source.value if line.source else "-"
        return f"{self.name(line.node)} {source} -> {line.target.value} ({line.cause.value}, run {line.run})"

    def occupied(self, group: str, environment: Environment) -> int:
        """Live attempts that take room in a resource group."""
        nodes = [node for node in self.live if self.where[node] is environment]
        return sum(self.task(n).resource_group == group and self.kind(n) is not ProgramKind.VIRTUAL for n in nodes)

    def rules_for(self, node: int) -> list[ThrottleRule]:
        """Throttling rules that concern a node; a virtual one takes no room of theirs."""
        task = self.task(node)
        if self.kind(node) is ProgramKind.VIRTUAL:
            return []
        return [
            rule
            for rule in self.rules
            if rule.environment is self.where[node]
            and (not rule.projects or task.project in rule.projects)
            and (not rule.biz_types or task.biz_type in rule.biz_types)
        ]

    def throttled(self, rule: ThrottleRule) -> int:
        """Live attempts that a rule counts."""
        return sum(rule in self.rules_for(node) for node in self.live)

    def truth_of(self, node: int) -> Truth:
        return self.truths[self.where[node]]

    def record(self, node: int) -> NodeRecord:
        return self.truth_of(node).records[node]

    def task(self, node: int) -> PublishedTask:
        return self.truths[self.where[node]].tasks[node]

    def kind(self, node: int) -> ProgramKind:
        published = self.task(node).node(self.truths[self.where[node]].records[node].node_id)
        assert published is not None
        return published.program.kind

    def check_summaries(self, nodes: Iterable[int]) -> list[str]:
        """What the store keeps of the insides of instances with these nodes is what the states say."""
        wrong = []
        for environment, truth in self.truths.items():
            graph = truth.graph
            mine = (graph.node_at[node] for node in nodes if self.where[node] is environment)
            instances = dict.fromkeys(i for at in mine for i in graph.instances_of_node[at])
            listed = self.store.instances(graph.instances[i].id for i in instances)
            for instance, found in zip(instances, listed, strict=True):
                expected = self._summary(truth, instance)
                if found.summary != expected:
                    wrong.append(
                        f"'{graph.instances[instance].name}' is summed up as {found.summary}, not as {expected}"
                    )
        return wrong

    def _summary(self, truth: Truth, instance: int) -> Summary:
        graph = truth.graph
        ids = [graph.nodes[at].id for at in graph.nodes_of_instance[instance]]
        runs = {id: self.known_runs.get((id, self.rows[id].run)) for id in ids}
        removed = any(e in truth.removed for at in graph.nodes_of_instance[instance] for e in graph.in_edges[at])
        return summary_of(
            truth.versions[graph.instances[instance].id],
            {truth.records[id].node_id: self.rows[id] for id in ids},
            {truth.records[id].node_id: run.trigger for id, run in runs.items() if run is not None},
            upstream_removed=removed,
        )

    def name(self, node: int) -> str:
        environment = self.where.get(node)
        if environment is None:
            return f"node {node}"
        truth = self.truths[environment]
        return f"{truth.graph.label(truth.graph.node_at[node])}@{truth.records[node].bizdate}#{node}"
