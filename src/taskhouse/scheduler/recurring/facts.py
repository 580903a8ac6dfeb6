"""What a node's generation fixed and the scheduler asks for in every pass, gathered once when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.operations.priority import effective_priority
from taskhouse.domain.published import ProgramKind
from taskhouse.domain.readiness import Candidate
from taskhouse.domain.recurring import BizType, Environment, Origin
from taskhouse.domain.schedule import ScheduleType
from taskhouse.domain.snapshot import Snapshot
from taskhouse.ports.executor import AttemptOrder
from taskhouse.services.recurring.book import Book


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one node instance. `instance` is the id of the first recurring instance that it belongs to."""

    id: int
    node_id: str
    task: str
    version: int
    kind: ProgramKind
    instance: int
    bizdate: date
    due_at: datetime
    policy: RetryPolicy
    group: str
    project: str
    environment: Environment
    origin: Origin
    biz_type: BizType
    schedule_type: ScheduleType

    @classmethod
    def of(cls, book: Book, position: int) -> Facts:
        graph, record = book.graph, book.node_records[position]
        task = book.task_of(position)
        owners = graph.instances_of_node[position]
        return cls(
            record.row.id,
            record.node_id,
            record.task,
            record.version,
            book.published_node(position).program.kind,
            graph.instances[owners[0]].id if len(owners) else 0,
            record.bizdate,
            record.row.due_at,
            task.retry,
            task.resource_group,
            task.project,
            record.environment,
            record.origin,
            task.biz_type,
            ScheduleType.DRY_RUN if record.dry_run else task.schedule.type,
        )

    def candidate(self, state: NodeState, view: Snapshot, position: int, *, upstream_met: bool) -> Candidate:
        forced = state.skip_checks
        return Candidate(
            self.id,
            state.status,
            self.due_at,
            self.bizdate,
            upstream_met,
            effective_priority(view, position),
            state.paused,
            forced,
            not view.unmet_inner(position) if forced else True,
            state.cancelling_until is not None,
            retry_at=state.retry_at,
            schedule_type=self.schedule_type,
            group=self.group,
            project=self.project,
            environment=self.environment,
            origin=self.origin,
            biz_type=self.biz_type,
        )

    def order(self, state: NodeState, candidate: Candidate) -> AttemptOrder:
        """For the attempt that begins next."""
        return AttemptOrder(
            self.id,
            state.run + 1,
            state.attempt + 1,
            self.environment,
            self.node_id,
            self.task,
            self.version,
            self.kind,
            self.instance,
            self.bizdate,
            self.due_at,
            state.code,
            candidate.priority,
        )
