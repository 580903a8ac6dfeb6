"""Recurring instances: what was generated, the states of its nodes, runs, operations, and the feed of changes.

Every method is one transaction and takes times as arguments. Rules live in the domain: a store compares, writes and reads. Whatever
changes gets the next number of one *sequence*; `changes` reads what happened after a number, so that caches in several processes
and streams to clients follow along with one query, coalesced to the latest state of each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import NamedTuple, Protocol

from taskhouse.domain.generation import Generated
from taskhouse.domain.instance_graph import EdgeRow, InstanceRow, NodeRow
from taskhouse.domain.instance_summary import Summary as Summary
from taskhouse.domain.node_state import NodeState, NodeWrite, Run, Transition
from taskhouse.domain.paging import Page
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Origin, Priority, TableKind
from taskhouse.domain.schedule import Cycle
from taskhouse.domain.status import NodeStatus, StatusClass


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """A recurring instance as stored. Its fields' ids are `first_field + k` for the k-th field of version `version` of the task
    (KEY fields included). `index` is the serial number within the day. `marks` of generation: DRY_RUN for an off-cycle day,
    LATENCY. `dry_run`: off-cycle. `manual_priority` is what an operator set. `notices`: for people (D-03, D-40)."""

    row: InstanceRow
    version: int
    first_field: int
    index: int
    origin: Origin = Origin.RECURRING
    backfill: str = ""
    dry_run: bool = False
    manual_priority: Priority | None = None
    generated_at: datetime | None = None
    notices: tuple[str, ...] = ()


class NodeRecord(NamedTuple):
    """`node_id` is the materialization node's id; `row.name` the short one. `task` and `version` say whose program it runs
    (for a shared node: the first of the tasks in order of id). `dry_run`: all its instances are off-cycle."""

    row: NodeRow
    node_id: str
    task: str
    version: int
    bizdate: date
    environment: Environment
    origin: Origin = Origin.RECURRING
    backfill: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class GraphRows:
    """A part of the instances, complete with what lies next to it: every node of `nodes` that is in `core` comes with all its edges, and
    the nodes at their other ends are in `nodes`, too. `versions` has the publication that each instance was generated with, by
    (task, version). `removed` are ids of removed edges, `metric_priorities` by field id. `cursor` is the number of the change up to which
    the states are."""

    instances: Sequence[InstanceRecord]
    nodes: Sequence[NodeRecord]
    states: Sequence[NodeState]
    links: Sequence[tuple[int, int]]
    edges: Sequence[EdgeRow]
    versions: Mapping[tuple[str, int], PublishedTask]
    core: frozenset[int]
    removed: frozenset[int] = frozenset()
    metric_priorities: Mapping[int, Priority] = field(default_factory=dict)
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed after a number, up to `cursor`. `nodes` in the order of change. `generated`: (environment, bizdate) that have new
    instances. `cut_short`: there is more, ask again from `cursor`."""

    cursor: int
    nodes: Sequence[NodeState] = ()
    removed_edges: Sequence[int] = ()
    priorities: Sequence[tuple[int, Priority]] = ()
    metric_priorities: Sequence[tuple[int, Priority]] = ()
    generated: Sequence[tuple[Environment, date]] = ()
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class WriteResult:
    """`refused` are nodes whose row had moved on: nothing of theirs was written. `cursor` is the number of this transaction's
    changes; `first` that of the transaction before it, so that a cache that was at `first` is up to date with what it wrote."""

    refused: Sequence[int]
    cursor: int
    first: int


class Perspective(Enum):
    TABLE = "TABLE"
    FIELD = "FIELD"
    BATCH = "BATCH"
    DAG = "DAG"


@dataclass(frozen=True, slots=True)
class OperationEntry:
    """A line of the operation log, written for accepted and refused operations alike. `document` is `Plan.log_entry()`. `request_id`
    is the client's, empty for none; `batch` the batch's id. `id` is given by the store. `instances`: those that the operation touched."""

    at: datetime
    operator: str
    operation: str
    perspective: Perspective
    instance: int
    document: Mapping[str, object]
    outcome: str = "ACCEPTED"
    error_code: str | None = None
    reason: str = ""
    batch: str = ""
    instances: tuple[int, ...] = ()
    id: int = 0
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class OperationWrite:
    """An accepted operation: all of it or nothing. `writes` carry transitions with operation 0; the store puts the entry's id in."""

    entry: OperationEntry
    writes: Sequence[NodeWrite] = ()
    removed_edges: Sequence[int] = ()
    priorities: Sequence[tuple[int, Priority]] = ()
    metric_priorities: Sequence[tuple[int, Priority]] = ()


@dataclass(frozen=True, slots=True)
class OperationResult:
    """`conflicts`: nodes whose row had moved on; nothing was written then, and `winner` is the id of the latest operation on one of
    them (0 when it was the scheduler)."""

    id: int
    cursor: int
    first: int
    conflicts: Sequence[int] = ()
    winner: int = 0


REMEMBERED_FOR = timedelta(days=1)
"""How long a request id stands for the request that it came with."""


class Remembered(NamedTuple):
    """The answer once given to a client's request id. `request` is the digest of what was asked."""

    request: str
    status: int
    body: bytes


class SortKey(Enum):
    NAME = "name"
    DUE = "due"
    START = "start"
    END = "end"
    DURATION = "duration"
    STATUS = "status"
    """The most urgent first: F R W N S; among instances with the same most urgent status by the next one."""


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """A list of instances; every part that is set must hold, several values of one part are alternatives.

    `statuses` match if any field has one (D-14), of a script its node. `waiting` narrows W to the node statuses given. `text`: part of a
    name in any case, or exactly an id. `projects` None: all; a table is of its own project and of those of its metrics. `started`
    bounds the start of the run, `due` the scheduled time (UTC, inclusive, exclusive). With `waiting`, status W is asked for, too, and
    matches only instances that have a node with one of those statuses. `late_before`: those that were due before it and have not
    started, though nothing of them failed.

    Default order: scheduled time descending. Ties go by id, in the direction of the order; instances without the value that is
    sorted by (not started, not ended) come last in both directions.
    """

    environment: Environment = Environment.PROD
    biz_type: BizType | None = None
    bizdates: tuple[date, ...] = ()
    bizdate_from: date | None = None
    bizdate_to: date | None = None
    text: str = ""
    statuses: frozenset[StatusClass] = frozenset()
    waiting: frozenset[NodeStatus] = frozenset()
    paused: bool | None = None
    cycles: frozenset[Cycle] = frozenset()
    owners: frozenset[str] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    kinds: frozenset[TableKind] = frozenset()
    projects: frozenset[str] | None = None
    tags: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    origins: frozenset[Origin] = frozenset()
    started: tuple[datetime | None, datetime | None] = (None, None)
    due: tuple[datetime | None, datetime | None] = (None, None)
    late_before: datetime | None = None
    ids: frozenset[int] | None = None
    sort: SortKey = SortKey.DUE
    descending: bool = True


class ListedInstance(NamedTuple):
    record: InstanceRecord
    summary: Summary
    priority: Priority
    """The effective one: of an aggregate table the highest of its metrics."""


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """What an instance shows of its inside, as in `Summary`. Those that are alike are mostly one object, so that what is made of them can be
    remembered."""

    fields: Mapping[StatusClass, int]
    nodes: Mapping[StatusClass, int]
    waiting: frozenset[NodeStatus]
    is_paused: bool


class BriefPage(NamedTuple):
    """Lines of a list reduced to what a table of all of them shows, as columns: of a hundred thousand each microsecond counts.
    `publications` are (environment, task, version); times are microseconds since 1970 in UTC."""

    ids: Sequence[int]
    names: Sequence[str]
    publications: Sequence[tuple[Environment, str, int]]
    bizdates: Sequence[date]
    due_us: Sequence[int]
    started_us: Sequence[int | None]
    ended_us: Sequence[int | None]
    priorities: Sequence[Priority]
    insides: Sequence[Inside]
    retried: Sequence[int]
    marker: str = ""


class Tally(NamedTuple):
    """How many instances of a query are alike. `project` is the task's own. `due` and `finished` are the beginnings of the slots in which
    they are due and ended; `finished` None unless all of their fields succeeded. `status` is the most urgent one, None without any.
    `is_late`: not started although it was due before the time asked for."""

    bizdate: date
    project: str
    biz_type: BizType
    due: datetime
    status: StatusClass | None
    is_paused: bool
    is_late: bool
    finished: datetime | None
    number: int


class RecurringStore(Protocol):
    # What was published

    def publish(
        self,
        environment: Environment,
        tasks: Sequence[PublishedTask],
        retired: Sequence[str],
        now: datetime,
        *,
        expected: int,
    ) -> int:
        """Make these the current versions and end the tasks in `retired`. Versions of tasks are given by the store, one more than
        the last (what `tasks` say is ignored). `expected` is the environment's revision that the plan was made against; raises
        `Fault` (INVALID_STATE) for another. Returns the new revision."""
        ...

    def published(self, environment: Environment) -> tuple[int, Mapping[str, PublishedTask]]:
        """The revision and the current version of each task that is not retired."""
        ...

    def current(self, environment: Environment, tasks: Iterable[str]) -> Mapping[str, PublishedTask]:
        """The current versions of these tasks; retired and unknown ones are left out."""
        ...

    def task_version(self, environment: Environment, task: str, version: int) -> PublishedTask | None: ...

    def task_versions(self, environment: Environment, task: str) -> Sequence[PublishedTask]:
        """All versions, the latest first."""
        ...

    def versions(
        self, environment: Environment, wanted: Iterable[tuple[str, int]]
    ) -> Mapping[tuple[str, int], PublishedTask]:
        """By (task, version); those that do not exist are left out."""
        ...

    # Generation

    def generated(self, environment: Environment, since: date) -> Mapping[date, datetime]:
        """Run dates from `since` on whose generation is complete, with the time of it."""
        ...

    def earlier(
        self, environment: Environment, task: str, run_date: date
    ) -> Sequence[tuple[InstanceRecord, PublishedTask]]:
        """The recurring instances of a task on a run date, by scheduled time."""
        ...

    def insert(
        self,
        generated: Generated,
        tasks: Mapping[str, PublishedTask],
        environment: Environment,
        now: datetime,
        *,
        complete: bool = True,
    ) -> int:
        """Store what is missing of a generated date: natural keys that exist are left alone, with their edges. `complete` marks the run
        date as generated. Returns how many instances were new. Dry-run nodes are born SUCCESS with a DRY run and a GENERATION
        transition, in the development environment nodes are born with `released` False."""
        ...

    # Reading

    def cursor(self) -> int: ...

    def changes(self, since: int, limit: int = 10_000) -> Changes: ...

    def graph(self, environment: Environment, bizdates: Iterable[date]) -> GraphRows:
        """Everything of these data timestamps: all origins; `core` are their nodes."""
        ...

    def graph_around(self, instances: Iterable[int]) -> GraphRows:
        """The nodes of these instances, which are `core`, and what lies next to them, of the same environment; a number of queries that
        does not grow. For a look at a date that nobody has loaded."""
        ...

    def unfinished(self, environment: Environment) -> Sequence[date]:
        """Data timestamps that have a node which may still move by itself (`NodeState.may_move`)."""
        ...

    def bizdates_of(self, instances: Iterable[int]) -> Mapping[int, tuple[Environment, date]]:
        """Of those that exist."""
        ...

    def owners_of(self, nodes: Iterable[int]) -> Mapping[int, int]:
        """Node instance -> the (first) instance that it belongs to; those that do not exist are left out."""
        ...

    def states(self, nodes: Iterable[int]) -> Sequence[NodeState]: ...

    def instances(self, ids: Iterable[int]) -> Sequence[ListedInstance]:
        """In the order asked; those that do not exist are left out."""
        ...

    def page(self, query: InstanceQuery, marker: str, limit: int, skip: int = 0) -> Page[ListedInstance]:
        """Keyset paging: `marker` is the previous page's, empty for the first. `skip` leaves out so many behind it."""
        ...

    def brief(self, query: InstanceQuery, marker: str, limit: int) -> BriefPage:
        """As `page`, with the same markers, for whoever wants all of a list."""
        ...

    def counts(self, query: InstanceQuery) -> Mapping[StatusClass, int]:
        """Instances by each status that they show (one with two statuses counts in both); the query's own `statuses` are ignored."""
        ...

    def count(self, query: InstanceQuery) -> int: ...

    def tally(self, query: InstanceQuery, slot: timedelta, late_before: datetime) -> Sequence[Tally]:
        """What matches, counted by what is in a `Tally`, in any order. Slots begin at whole multiples of `slot` since 1970 in UTC. An instance
        that succeeded without ever running finished when it was due."""
        ...

    def runs(self, node: int, limit: int = 100) -> Sequence[Run]:
        """The latest first."""
        ...

    def latest_attempts(self, nodes: Iterable[int]) -> Mapping[int, Run]:
        """The latest real attempt of each node instance (`number` more than 0); nodes that never ran are left out."""
        ...

    def live_runs(self, owner: str | None = None) -> Sequence[Run]:
        """Runs with status RUNNING, of one owner or of all."""
        ...

    def transitions(self, nodes: Iterable[int]) -> Sequence[Transition]: ...

    def durations(self, environment: Environment, nodes: Iterable[str], before: date) -> Mapping[str, Sequence[float]]:
        """For each materialization node that has any: the seconds of its latest successful real runs, at most `RUNS_CONSIDERED`, on run
        dates before `before` of the same class of days (`prediction.is_weekend`), the latest first."""
        ...

    def ran_versions(self, environment: Environment, nodes: Iterable[int]) -> Mapping[int, int]:
        """Node instance -> version of the task whose code its last successful real run ran; those that never ran are left out."""
        ...

    # Writing

    def write(self, writes: Sequence[NodeWrite], now: datetime, *, at: int | None = None) -> WriteResult:
        """Each a compare-and-set of its own, all in one transaction. Summaries of the touched instances follow in it. With `at`, the
        number of the change up to which the writer had read, all are refused when anything at all has changed since: for decisions that
        rest on more than the rows that they write, such as who gets the last free slot."""
        ...

    def operate(self, operation: OperationWrite, now: datetime) -> OperationResult: ...

    def operate_each(self, operations: Sequence[OperationWrite], now: datetime) -> Sequence[OperationResult]:
        """Each as `operate` does, in this order, in one transaction: what conflicts is left out, the others are written."""
        ...

    def log_refusal(self, entry: OperationEntry) -> int: ...

    def log_refusals(self, entries: Sequence[OperationEntry]) -> Sequence[int]:
        """The same for many, in one transaction."""
        ...

    def set_task_instance(self, node: int, serial: int, task_instance: str) -> bool:
        """Record which task instance does a run's work. False when the run is not live any more."""
        ...

    def operations(self, instance: int, before: int, limit: int) -> Sequence[OperationEntry]:
        """Entries that touched an instance with an id less than `before` (0: the latest), the latest first."""
        ...

    def operation(self, id: int) -> OperationEntry | None: ...

    def operations_of_request(self, operator: str, request_id: str) -> Sequence[OperationEntry]:
        """Accepted entries of an operator with a client's request id (not empty), the earliest first: what a request that is repeated
        after a crash has already done."""
        ...

    # Leases of schedulers

    def hold(self, owner: str, until: datetime, now: datetime) -> bool:
        """Take or renew the lease of a scheduler. False when it had expired and was taken from it (`expired_owners`): it must
        begin anew under another name."""
        ...

    def release(self, owner: str) -> None: ...

    def expired_owners(self, now: datetime) -> Sequence[str]:
        """Owners of live runs whose lease is over or who have none; from this call on they cannot renew it."""
        ...

    # Retention

    def forget(self, environment: Environment, before: date) -> int:
        """Delete the oldest data timestamp before `before` with everything that belongs to it; how many instances it had, 0 when there is
        none to delete. One stays while something of it may still move (`NodeState.may_move`), and while a node of another date that is not
        final waits for a node of it that has not succeeded. That a run date was generated stays known, so nothing comes back."""
        ...

    # Requests of clients

    def remembered(self, user: str, request_id: str) -> Remembered | None: ...

    def remember(self, user: str, request_id: str, answer: Remembered, now: datetime) -> Remembered:
        """Returns what is stored: the first answer wins."""
        ...
