"""The small tenant of `tests.domain.om.fixture` as published tasks, generated into a store, with a scheduler on a clock of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from taskhouse.domain import node_changes
from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.generation import TaskBlueprint
from taskhouse.domain.node_state import NodeState, Run
from taskhouse.domain.operations import decide
from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.operations.request import Request
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Role
from taskhouse.ports.executor import Executor
from taskhouse.ports.recurring_store import OperationEntry, OperationWrite, Perspective, RecurringStore
from taskhouse.scheduler.recurring.core import RecurringScheduler
from taskhouse.services.recurring.book import Book
from taskhouse.services.recurring.generate import generate_date
from taskhouse.services.recurring.held_executor import HeldExecutor
from taskhouse.sim.memory_store import MemoryRecurringStore
from tests.domain.om.fixture import ADMIN, KINDS, RUN_DATE, TASKS, ZONE, clock

DAY_BEFORE = RUN_DATE - timedelta(days=1)


def published(task: TaskBlueprint, policy: RetryPolicy, kind: ProgramKind = ProgramKind.SQL) -> PublishedTask:
    table = KINDS.get(task.id)
    nodes = tuple(
        PublishedNode(n.id, n.id, Program(kind, "select 1;", "shop"), n.values, n.keys, n.reads, n.inner)
        for n in task.nodes
    )
    names = dict.fromkeys((name, Role.KEY) for n in task.nodes for name in n.keys)
    names |= dict.fromkeys((name, Role.VALUE) for n in task.nodes for name in n.values)
    return PublishedTask(
        task.id,
        task.id,
        "shop",
        Environment.PROD,
        BizType.LOGICAL_TABLE if table else BizType.SCRIPT,
        task.schedule,
        nodes,
        kind=table,
        fields=tuple(PublishedField(name, role=role) for name, role in names),
        dependencies=task.dependencies,
        retry=policy,
        published_at=clock("18:00", DAY_BEFORE),
    )  # fmt: skip


@dataclass
class Rooms:
    """A store with one generated date, a book on it, and a scheduler that the test steps."""

    store: RecurringStore = field(default_factory=MemoryRecurringStore)
    now: datetime = field(default_factory=lambda: clock("00:00"))
    held: HeldExecutor = field(default_factory=HeldExecutor)
    policy: RetryPolicy = field(default_factory=lambda: RetryPolicy(retries=0))
    environment: Environment = Environment.PROD
    slots: int = 20
    tasks: Iterable[TaskBlueprint] = tuple(TASKS)

    def __post_init__(self) -> None:
        tasks = [replace(published(t, self.policy), environment=self.environment) for t in self.tasks]
        revision, _ = self.store.published(self.environment)
        self.store.publish(self.environment, tasks, (), clock("18:00", DAY_BEFORE), expected=revision)
        generate_date(self.store, self.environment, RUN_DATE, clock("23:00", DAY_BEFORE), ZONE)
        self.scheduler = self.another("one", self.held)
        self.book: Book = self.scheduler._book

    def another(self, name: str, executor: Executor) -> RecurringScheduler:
        book = Book(self.store, self.environment)
        made = RecurringScheduler(self.store, book, executor, name, lambda: ZONE, slots=lambda: {"shared": self.slots})
        made.open()
        return made

    def id(self, name: str) -> int:
        """Of a node instance."""
        return next(record.row.id for record in self.book.node_records if record.node_id == name)

    def state(self, name: str) -> NodeState:
        return self.store.states([self.id(name)])[0]

    def runs(self, name: str) -> list[Run]:
        """The first one first."""
        return list(reversed(self.store.runs(self.id(name))))

    def instance(self, task: str) -> int:
        return next(record.row.id for record in self.book.records if record.row.task == task)

    def settle(self, *schedulers: RecurringScheduler) -> Rooms:
        for _ in range(200):
            passes = [each.step(self.now) for each in schedulers or (self.scheduler,)]
            if not any(done.changed for done in passes):
                return self
        raise AssertionError("the scheduler does not come to rest")

    def at(self, text: str) -> Rooms:
        """The clock reaches this time, by way of everything that is due before."""
        end = clock(text)
        while True:
            self.settle()
            next_at = self.scheduler.step(self.now).next_at
            if next_at is None or next_at > end:
                break
            self.now = max(self.now, next_at)
        self.now = end
        return self.settle()

    def succeed(self, *names: str) -> Rooms:
        for name in names:
            assert self.held.finish(self.id(name)), f"{name} does not run"
        return self.settle()

    def fail(self, *names: str, reason: FailReason = FailReason.ERROR) -> Rooms:
        for name in names:
            assert self.held.finish(self.id(name), reason, "no"), f"{name} does not run"
        return self.settle()

    def show(self, names: str) -> str:
        """Letters of the nodes named, as in `S R N`."""
        return " ".join(self.state(name).status.status_class.value for name in names.split())

    def do(self, request: Request, *, settle: bool = True) -> Plan:
        """What applying an operation does."""
        self.book.refresh()
        plan = decide(request, self.book.snapshot(ADMIN), self.now)
        assert plan.is_accepted, plan.refusals
        states = self.book.node_states(change.node for change in plan.changes)
        writes = [
            node_changes.operated(state, change, self.now, plan.code)
            for state, change in zip(states, plan.changes, strict=True)
        ]
        entry = OperationEntry(
            self.now, "admin", plan.operation.value, Perspective.TABLE, plan.instance, plan.log_entry()
        )
        assert not self.book.operate(OperationWrite(entry, writes, plan.removed_edges), self.now).conflicts
        if settle:
            self.settle()
        return plan
