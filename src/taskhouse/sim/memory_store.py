"""Recurring instances in memory: an implementation of `ports.recurring_store` for simulation and tests.

Dictionaries and no disk, so that a world of a few dozen nodes can be driven through millions of steps. Every verb is one
transaction: a lock makes it whole, and nothing in it waits or fails half way. It keeps the same promises as the real store and passes
the same suite; lists are worked out naively.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar, cast

from taskhouse.domain.calendar import bizdate_of, run_date_of
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.generation import Generated
from taskhouse.domain.instance_graph import EdgeRow
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, RunStatus, Transition
from taskhouse.domain.paging import Page
from taskhouse.domain.prediction import RUNS_CONSIDERED, is_weekend
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import EdgeKind, Environment, InstanceKey, NodeKey, Origin, Priority
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.ports.recurring_store import (
    REMEMBERED_FOR,
    BriefPage,
    Changes,
    GraphRows,
    InstanceQuery,
    InstanceRecord,
    ListedInstance,
    NodeRecord,
    OperationEntry,
    OperationResult,
    OperationWrite,
    Remembered,
    Tally,
    WriteResult,
)
from taskhouse.sim.memory_lists import brief_page, matches, page_of, priority_of, projects_of, summary_of, tallies
from taskhouse.sim.memory_rows import BirthRows, Counters, birth_rows

P = ParamSpec("P")
T = TypeVar("T")


def _transaction(verb: Callable[P, T]) -> Callable[P, T]:
    @wraps(verb)
    def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        with cast(MemoryRecurringStore, args[0])._lock:
            return verb(*args, **kwargs)

    return whole


class MemoryRecurringStore:
    """Implements `ports.recurring_store.RecurringStore`."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._revision: dict[Environment, int] = defaultdict(int)
        self._versions: dict[tuple[Environment, str], list[PublishedTask]] = defaultdict(list)
        self._current: dict[Environment, dict[str, PublishedTask]] = defaultdict(dict)
        self._generated: dict[Environment, dict[date, datetime]] = defaultdict(dict)
        self._counters = Counters()
        self._instances: dict[int, InstanceRecord] = {}
        self._instance_keys: dict[InstanceKey, InstanceRecord] = {}
        self._instances_on: dict[tuple[Environment, date], list[int]] = defaultdict(list)
        self._nodes: dict[int, NodeRecord] = {}
        self._node_keys: dict[NodeKey, NodeRecord] = {}
        self._nodes_on: dict[tuple[Environment, date], list[int]] = defaultdict(list)
        self._nodes_of: dict[int, list[int]] = defaultdict(list)
        self._instances_of: dict[int, list[int]] = defaultdict(list)
        self._edges: dict[int, EdgeRow] = {}
        self._edges_in: dict[int, list[int]] = defaultdict(list)
        self._edges_out: dict[int, list[int]] = defaultdict(list)
        self._removed: set[int] = set()
        self._metrics: dict[int, Priority] = {}
        self._states: dict[int, NodeState] = {}
        self._runs: dict[int, dict[int, Run]] = defaultdict(dict)
        self._live: dict[tuple[int, int], Run] = {}
        self._transitions: dict[int, list[Transition]] = defaultdict(list)
        self._operations: list[OperationEntry] = []
        self._last_operation: dict[int, int] = {}
        self._leases: dict[str, datetime] = {}
        self._taken: set[str] = set()
        self._answers: dict[tuple[str, str], tuple[Remembered, datetime]] = {}
        self._log: list[tuple[str, object]] = []
        """What changed, by its number less one."""
        self._latest: dict[tuple[str, object], int] = {}

    # ---- what was published

    @_transaction
    def publish(
        self,
        environment: Environment,
        tasks: Sequence[PublishedTask],
        retired: Sequence[str],
        now: datetime,
        *,
        expected: int,
    ) -> int:
        revision = self._revision[environment]
        if revision != expected:
            message = f"the definitions of {environment.value} were published again meanwhile (revision {revision}, not {expected}); plan anew"
            raise Fault(FaultCode.INVALID_STATE, message)
        current = self._current[environment]
        for task in tasks:
            versions = self._versions[environment, task.id]
            versions.append(replace(task, version=len(versions) + 1))
            current[task.id] = versions[-1]
        for id in retired:
            current.pop(id, None)
        self._revision[environment] = revision + 1
        return revision + 1

    @_transaction
    def published(self, environment: Environment) -> tuple[int, Mapping[str, PublishedTask]]:
        return self._revision[environment], dict(self._current[environment])

    @_transaction
    def current(self, environment: Environment, tasks: Iterable[str]) -> Mapping[str, PublishedTask]:
        current = self._current[environment]
        return {task: current[task] for task in tasks if task in current}

    @_transaction
    def task_version(self, environment: Environment, task: str, version: int) -> PublishedTask | None:
        versions = self._versions.get((environment, task), [])
        return versions[version - 1] if 1 <= version <= len(versions) else None

    @_transaction
    def task_versions(self, environment: Environment, task: str) -> Sequence[PublishedTask]:
        return self._versions.get((environment, task), [])[::-1]

    @_transaction
    def versions(
        self, environment: Environment, wanted: Iterable[tuple[str, int]]
    ) -> Mapping[tuple[str, int], PublishedTask]:
        found = {(task, version): self.task_version(environment, task, version) for task, version in wanted}
        return {key: task for key, task in found.items() if task is not None}

    # ---- generation

    @_transaction
    def generated(self, environment: Environment, since: date) -> Mapping[date, datetime]:
        return {day: at for day, at in self._generated[environment].items() if day >= since}

    @_transaction
    def earlier(
        self, environment: Environment, task: str, run_date: date
    ) -> Sequence[tuple[InstanceRecord, PublishedTask]]:
        records = (self._instances[id] for id in self._instances_on.get((environment, bizdate_of(run_date)), ()))
        found = [r for r in records if r.row.task == task and r.origin is Origin.RECURRING]
        return [(r, self._version_of(r)) for r in sorted(found, key=lambda r: r.row.due_at)]

    @_transaction
    def insert(
        self,
        generated: Generated,
        tasks: Mapping[str, PublishedTask],
        environment: Environment,
        now: datetime,
        *,
        complete: bool = True,
    ) -> int:
        def version_of(task: str, version: int) -> PublishedTask:
            stored = self.task_version(environment, task, version)
            return tasks[task] if stored is None else stored

        born = birth_rows(
            generated, tasks, environment, now, self._counters, self._instance_keys, self._node_keys, version_of
        )
        self._take_in(born)
        if born.instances:
            self._note("generated", (environment, bizdate_of(generated.run_date)))
        if complete:
            self._generated[environment].setdefault(generated.run_date, now)
        return len(born.instances)

    def _take_in(self, born: BirthRows) -> None:
        for instance_key, record in born.instances.items():
            self._instances[record.row.id] = record
            self._instance_keys[instance_key] = record
            self._instances_on[record.row.environment, record.row.bizdate].append(record.row.id)
        for node_key, node in born.nodes.items():
            self._nodes[node.row.id] = node
            self._node_keys[node_key] = node
            self._nodes_on[node.environment, node.bizdate].append(node.row.id)
        for instance, id in born.links:
            self._nodes_of[instance].append(id)
            self._instances_of[id].append(instance)
        for edge in born.edges:
            self._edges[edge.id] = edge
            self._edges_in[edge.down].append(edge.id)
            if edge.up is not None:
                self._edges_out[edge.up].append(edge.id)
        self._states.update((state.id, state) for state in born.states)
        for run in born.runs:
            self._runs[run.node][run.serial] = run
        for transition in born.transitions:
            self._transitions[transition.node].append(transition)

    # ---- reading

    @_transaction
    def cursor(self) -> int:
        return len(self._log)

    @_transaction
    def changes(self, since: int, limit: int = 10_000) -> Changes:
        cursor, count, cut = len(self._log), 0, False
        nodes: list[NodeState] = []
        edges: list[int] = []
        priorities: list[tuple[int, Priority]] = []
        metrics: list[tuple[int, Priority]] = []
        dates: list[tuple[Environment, date]] = []
        for at in range(since, cursor):
            what = self._log[at]
            if self._latest.get(what) != at:
                continue
            if count == limit:
                cursor, cut = at, True
                break
            count += 1
            kind, key = what
            if kind == "node":
                nodes.append(self._states[cast(int, key)])
            elif kind == "edge":
                edges.append(cast(int, key))
            elif kind == "priority":
                manual = self._instances[cast(int, key)].manual_priority
                assert manual is not None
                priorities.append((cast(int, key), manual))
            elif kind == "metric":
                metrics.append((cast(int, key), self._metrics[cast(int, key)]))
            else:
                dates.append(cast("tuple[Environment, date]", key))
        return Changes(cursor, nodes, edges, priorities, metrics, dates, cut)

    def _note(self, kind: str, key: object) -> None:
        self._latest[kind, key] = len(self._log)
        self._log.append((kind, key))

    @_transaction
    def graph(self, environment: Environment, bizdates: Iterable[date]) -> GraphRows:
        days = [(environment, day) for day in dict.fromkeys(bizdates)]
        return self._around(
            dict.fromkeys(node for day in days for node in self._nodes_on.get(day, ())),
            dict.fromkeys(i for day in days for i in self._instances_on.get(day, ())),
        )

    @_transaction
    def graph_around(self, instances: Iterable[int]) -> GraphRows:
        known = dict.fromkeys(i for i in instances if i in self._instances)
        return self._around(dict.fromkeys(node for i in known for node in self._nodes_of[i]), known)

    def _around(self, core: dict[int, None], instances: dict[int, None]) -> GraphRows:
        """`instances` besides those of the nodes that are found."""
        edges: dict[int, None] = {}
        nodes = dict(core)
        for node in core:
            for edge in self._edges_in[node]:
                edges[edge] = None
                up = self._edges[edge].up
                if up is not None:
                    nodes[up] = None
            for edge in self._edges_out[node]:
                edges[edge] = None
                nodes[self._edges[edge].down] = None
        instances.update(dict.fromkeys(i for node in nodes for i in self._instances_of[node]))
        records = [self._instances[i] for i in instances]
        fields = {f for r in records for f in range(r.first_field, r.first_field + len(self._version_of(r).fields))}
        return GraphRows(
            records,
            [self._nodes[node] for node in nodes],
            [self._states[node] for node in nodes],
            [(i, node) for i in instances for node in self._nodes_of[i] if node in nodes],
            [self._edges[edge] for edge in edges],
            {(r.row.task, r.version): self._version_of(r) for r in records},
            frozenset(core),
            frozenset(edge for edge in edges if edge in self._removed),
            {f: p for f, p in self._metrics.items() if f in fields},
            len(self._log),
        )

    def _version_of(self, record: InstanceRecord) -> PublishedTask:
        return self._versions[record.row.environment, record.row.task][record.version - 1]

    @_transaction
    def unfinished(self, environment: Environment) -> Sequence[date]:
        return sorted(
            day
            for (where, day), nodes in self._nodes_on.items()
            if where is environment and any(self._states[node].may_move for node in nodes)
        )

    @_transaction
    def bizdates_of(self, instances: Iterable[int]) -> Mapping[int, tuple[Environment, date]]:
        found = (self._instances[id].row for id in instances if id in self._instances)
        return {row.id: (row.environment, row.bizdate) for row in found}

    @_transaction
    def owners_of(self, nodes: Iterable[int]) -> Mapping[int, int]:
        return {node: min(self._instances_of[node]) for node in nodes if node in self._nodes}

    @_transaction
    def states(self, nodes: Iterable[int]) -> Sequence[NodeState]:
        return [self._states[node] for node in nodes if node in self._states]

    @_transaction
    def instances(self, ids: Iterable[int]) -> Sequence[ListedInstance]:
        return [self._listed(self._instances[id]) for id in ids if id in self._instances]

    def _listed(self, record: InstanceRecord) -> ListedInstance:
        task = self._version_of(record)
        nodes = self._nodes_of[record.row.id]
        states = {self._nodes[node].node_id: self._states[node] for node in nodes}
        last = {id: self._runs[state.id].get(state.run) for id, state in states.items()}
        triggers = {id: run.trigger for id, run in last.items() if run is not None}
        removed = any(edge in self._removed for node in nodes for edge in self._edges_in[node])
        summary = summary_of(task, states, triggers, upstream_removed=removed)
        return ListedInstance(record, summary, priority_of(record, task, self._metrics))

    def _matching(self, query: InstanceQuery, *, any_status: bool = False) -> list[ListedInstance]:
        every = [(self._listed(record), projects_of(self._version_of(record))) for record in self._instances.values()]
        return [listed for listed, projects in every if matches(query, listed, projects, any_status=any_status)]

    @_transaction
    def page(self, query: InstanceQuery, marker: str, limit: int, skip: int = 0) -> Page[ListedInstance]:
        return page_of(self._matching(query), query, marker, limit, skip)

    @_transaction
    def brief(self, query: InstanceQuery, marker: str, limit: int) -> BriefPage:
        found = self.page(query, marker, limit)
        return brief_page(found.items, found.marker)

    @_transaction
    def counts(self, query: InstanceQuery) -> Mapping[StatusClass, int]:
        found: dict[StatusClass, int] = defaultdict(int)
        for listed in self._matching(query, any_status=True):
            for cls in listed.summary.statuses:
                found[cls] += 1
        return dict(found)

    @_transaction
    def count(self, query: InstanceQuery) -> int:
        return len(self._matching(query))

    @_transaction
    def tally(self, query: InstanceQuery, slot: timedelta, late_before: datetime) -> Sequence[Tally]:
        return tallies(
            ((listed, self._version_of(listed.record).project) for listed in self._matching(query)), slot, late_before
        )

    @_transaction
    def runs(self, node: int, limit: int = 100) -> Sequence[Run]:
        runs = self._runs.get(node, {})
        return [runs[serial] for serial in sorted(runs, reverse=True)[:limit]]

    @_transaction
    def latest_attempts(self, nodes: Iterable[int]) -> Mapping[int, Run]:
        attempts = {node: [run for run in self.runs(node, len(self._runs[node])) if run.number > 0] for node in nodes}
        return {node: runs[0] for node, runs in attempts.items() if runs}

    @_transaction
    def live_runs(self, owner: str | None = None) -> Sequence[Run]:
        return [run for run in self._live.values() if owner is None or run.owner == owner]

    @_transaction
    def transitions(self, nodes: Iterable[int]) -> Sequence[Transition]:
        return [line for node in nodes for line in self._transitions.get(node, ())]

    @_transaction
    def durations(self, environment: Environment, nodes: Iterable[str], before: date) -> Mapping[str, Sequence[float]]:
        wanted, weekend = set(nodes), is_weekend(before)
        found: dict[str, list[float]] = defaultdict(list)
        for record in sorted(self._nodes.values(), key=lambda r: (r.bizdate, r.row.due_at), reverse=True):
            run_date = run_date_of(record.bizdate)
            if record.node_id not in wanted or record.environment is not environment:
                continue
            if run_date >= before or is_weekend(run_date) != weekend:
                continue
            for run in self._real_successes(record.row.id):
                if run.started_at is not None and run.ended_at is not None:
                    found[record.node_id].append((run.ended_at - run.started_at).total_seconds())
        return {node: seconds[:RUNS_CONSIDERED] for node, seconds in found.items()}

    def _real_successes(self, node: int) -> list[Run]:
        """The latest first."""
        return [r for r in self.runs(node, len(self._runs[node])) if r.number > 0 and r.status is RunStatus.SUCCESS]

    @_transaction
    def ran_versions(self, environment: Environment, nodes: Iterable[int]) -> Mapping[int, int]:
        successes = {
            node: self._real_successes(node)
            for node in nodes
            if node in self._nodes and self._nodes[node].environment is environment
        }
        return {node: runs[0].version for node, runs in successes.items() if runs}

    # ---- writing

    @_transaction
    def write(self, writes: Sequence[NodeWrite], now: datetime, *, at: int | None = None) -> WriteResult:
        first = len(self._log)
        if at is not None and at != first:
            return WriteResult([write.after.id for write in writes], first, first)
        refused = []
        for write in writes:
            if self._is_current(write):
                self._apply(write, 0)
            else:
                refused.append(write.after.id)
        return WriteResult(refused, len(self._log), first)

    def _is_current(self, write: NodeWrite) -> bool:
        state = self._states.get(write.after.id)
        return state is not None and state.lock_version == write.expected

    def _apply(self, write: NodeWrite, operation: int) -> None:
        state = write.after
        if state.lock_version != write.expected + 1:
            raise ValueError(f"a write of node {state.id} goes from version {write.expected} to {state.lock_version}")
        if not write.runs and _attempts(state) != _attempts(self._states[state.id]):
            raise ValueError(f"a write of node {state.id} changes its attempts and brings no run")
        self._states[state.id] = state
        for run in write.runs:
            self._put_run(run)
        for line in write.transitions:
            self._transitions[line.node].append(line._replace(operation=operation) if operation else line)
        self._last_operation[state.id] = operation
        self._note("node", state.id)

    def _put_run(self, run: Run) -> None:
        before = self._runs[run.node].get(run.serial)
        if before is not None:
            run = run._replace(
                task_instance=run.task_instance or before.task_instance,
                version=run.version or before.version,
                parameters=run.parameters or before.parameters,
            )
        self._runs[run.node][run.serial] = run
        if run.status is RunStatus.RUNNING:
            self._live[run.node, run.serial] = run
        else:
            self._live.pop((run.node, run.serial), None)

    @_transaction
    def operate(self, operation: OperationWrite, now: datetime) -> OperationResult:
        first = len(self._log)
        conflicts = [write.after.id for write in operation.writes if not self._is_current(write)]
        if conflicts:
            winner = max(self._last_operation.get(node, 0) for node in conflicts)
            return OperationResult(0, first, first, conflicts, winner)
        id = self.log_refusal(operation.entry)
        for write in operation.writes:
            self._apply(write, id)
        for edge in operation.removed_edges:
            self._removed.add(edge)
            self._note("edge", edge)
        for instance, priority in operation.priorities:
            self._set_record(replace(self._instances[instance], manual_priority=priority))
            self._note("priority", instance)
        for field, priority in operation.metric_priorities:
            self._metrics[field] = priority
            self._note("metric", field)
        return OperationResult(id, len(self._log), first)

    @_transaction
    def operate_each(self, operations: Sequence[OperationWrite], now: datetime) -> Sequence[OperationResult]:
        return [self.operate(each, now) for each in operations]

    @_transaction
    def log_refusals(self, entries: Sequence[OperationEntry]) -> Sequence[int]:
        return [self.log_refusal(entry) for entry in entries]

    def _set_record(self, record: InstanceRecord) -> None:
        row = record.row
        self._instances[row.id] = record
        key = InstanceKey(row.task, row.bizdate, row.due_at, row.environment, record.origin, record.backfill)
        self._instance_keys[key] = record

    @_transaction
    def log_refusal(self, entry: OperationEntry) -> int:
        id = len(self._operations) + 1
        self._operations.append(replace(entry, id=id))
        return id

    @_transaction
    def set_task_instance(self, node: int, serial: int, task_instance: str) -> bool:
        run = self._live.get((node, serial))
        if run is None:
            return False
        self._put_run(run._replace(task_instance=task_instance))
        return True

    @_transaction
    def operations(self, instance: int, before: int, limit: int) -> Sequence[OperationEntry]:
        end = bisect_right(self._operations, before - 1, key=lambda e: e.id) if before else len(self._operations)
        touching = (e for e in reversed(self._operations[:end]) if instance == e.instance or instance in e.instances)
        return [entry for entry, _ in zip(touching, range(limit), strict=False)]

    @_transaction
    def operation(self, id: int) -> OperationEntry | None:
        return self._operations[id - 1] if 0 < id <= len(self._operations) else None

    @_transaction
    def operations_of_request(self, operator: str, request_id: str) -> Sequence[OperationEntry]:
        wanted = (operator, request_id, "ACCEPTED")
        return [e for e in self._operations if (e.operator, e.request_id, e.outcome) == wanted]

    # ---- leases of schedulers

    @_transaction
    def hold(self, owner: str, until: datetime, now: datetime) -> bool:
        if owner in self._taken:
            return False
        self._leases[owner] = until
        return True

    @_transaction
    def release(self, owner: str) -> None:
        self._leases.pop(owner, None)

    @_transaction
    def expired_owners(self, now: datetime) -> Sequence[str]:
        owners = dict.fromkeys(run.owner for run in self._live.values())
        found = [owner for owner in owners if owner not in self._leases or self._leases[owner] <= now]
        self._taken.update(found)
        return found

    # ---- retention

    @_transaction
    def forget(self, environment: Environment, before: date) -> int:
        for where, day in sorted(self._instances_on, key=lambda key: key[1]):
            nodes = self._nodes_on[where, day]
            if where is environment and day < before and self._may_go(nodes):
                return self._forget(environment, day, nodes)
        return 0

    def _may_go(self, nodes: Sequence[int]) -> bool:
        if any(self._states[node].may_move for node in nodes):
            return False
        unmet = [node for node in nodes if self._states[node].status is not NodeStatus.SUCCESS]
        fed = {self._edges[edge].down for node in unmet for edge in self._edges_out[node] if edge not in self._removed}
        return all(CLASS_OF[self._states[down].status].is_final for down in fed.difference(nodes))

    def _forget(self, environment: Environment, day: date, nodes: Sequence[int]) -> int:
        gone = self._instances_on.pop((environment, day))
        for node in nodes:
            for edge in self._edges_in.pop(node, []):
                up = self._edges.pop(edge).up
                if up is not None and up in self._edges_out:
                    self._edges_out[up].remove(edge)
            for edge in self._edges_out.pop(node, []):
                self._edges[edge] = EdgeRow(edge, None, self._edges[edge].down, EdgeKind.ROOT)
            for kept in (self._states, self._runs, self._transitions, self._instances_of, self._last_operation):
                cast("dict[int, object]", kept).pop(node, None)
            was = self._nodes.pop(node)
            del self._node_keys[NodeKey(was.node_id, day, was.row.due_at, environment, was.origin, was.backfill)]
            self._latest.pop(("node", node), None)
        for instance in gone:
            self._nodes_of.pop(instance, None)
            record = self._instances.pop(instance)
            for place in range(len(self._version_of(record).fields)):
                self._metrics.pop(record.first_field + place, None)
                self._latest.pop(("metric", record.first_field + place), None)
            self._latest.pop(("priority", instance), None)
            row = record.row
            del self._instance_keys[InstanceKey(row.task, day, row.due_at, environment, record.origin, record.backfill)]
        del self._nodes_on[environment, day]
        return len(gone)

    # ---- requests of clients

    @_transaction
    def remembered(self, user: str, request_id: str) -> Remembered | None:
        found = self._answers.get((user, request_id))
        return None if found is None else found[0]

    @_transaction
    def remember(self, user: str, request_id: str, answer: Remembered, now: datetime) -> Remembered:
        self._answers = {key: kept for key, kept in self._answers.items() if kept[1] >= now - REMEMBERED_FOR}
        return self._answers.setdefault((user, request_id), (answer, now))[0]


def _attempts(state: NodeState) -> tuple[object, ...]:
    return state.attempt, state.run, state.started_at, state.ended_at
