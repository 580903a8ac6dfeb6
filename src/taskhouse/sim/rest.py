"""What must hold when the schedulers have come to rest, and in the end, when nothing can happen any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, time

from taskhouse.domain.calendar import run_date_of, wall_clock
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.published import ProgramKind
from taskhouse.domain.recurring import EdgeKind, Environment
from taskhouse.domain.schedule import ScheduleType
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass
from taskhouse.sim.naive import check_statuses
from taskhouse.sim.process import Process
from taskhouse.sim.witness import ACTOR, Witness


def check_rest(witness: Witness, processes: Iterable[Process], slots: Mapping[str, int], now: datetime) -> list[str]:
    """At one moment of time nobody has anything to do: books tell the truth, nothing that may move stands still, and what waits for room
    waits because there is none."""
    wrong: list[str] = []
    alive = list(processes)
    owners = {scheduler.owner for process in alive for scheduler in process.schedulers.values()}
    for process in alive:
        for environment in process.schedulers:
            wrong += _check_book(witness, process, environment)
    for node, state in witness.rows.items():
        why = overdue(witness, state, slots, owners, now)
        if why:
            wrong.append(f"{witness.name(node)} is {state.status.value}, nobody has more to do, and {why}")
    return wrong


def _check_book(witness: Witness, process: Process, environment: Environment) -> list[str]:
    book = process.books.of(environment)
    wrong = [
        f"the book of {process.name} has {state} for {witness.name(state.id)}, which is {witness.rows[state.id]}"
        for state in book.states
        if state != witness.rows[state.id]
    ]
    loaded = {state.id for state in book.states}
    wrong += [
        f"{witness.name(node)} may move, and the book of {process.name} does not have it"
        for node, state in witness.rows.items()
        if witness.where[node] is environment and state.may_move and node not in loaded
    ]
    return wrong + check_statuses(book.snapshot(ACTOR), range(len(book.graph.fields)))


def overdue(
    witness: Witness, state: NodeState, slots: Mapping[str, int], owners: AbstractSet[str], now: datetime
) -> str:
    """Why the node should have moved; empty when it rightly stays. `owners` are the schedulers that live."""
    cls = CLASS_OF[state.status]
    if state.cancelling_until is not None:
        return ""  # who was started later has only begun to wait for an answer
    if cls is StatusClass.FAILED:
        return "its retry is due" if state.retry_at is not None and state.retry_at <= now else ""
    if cls is StatusClass.RUNNING:
        policy = witness.task(state.id).retry
        late = state.started_at is not None and policy.deadline(state.started_at) <= now
        return "it is over its time" if late and state.owner in owners else ""
    if cls is StatusClass.SUCCEEDED or state.paused:
        return ""
    if not state.released:
        return ""
    truth, record = witness.truth_of(state.id), witness.record(state.id)
    unmet = [up for up, _ in truth.ups(state.id) if witness.rows[up].status is not NodeStatus.SUCCESS]
    if unmet and not state.skip_checks:
        return f"{witness.name(unmet[0])} upstream has not succeeded" if cls is StatusClass.WAITING else ""
    if record.row.due_at > now and not state.skip_checks:
        opens = wall_clock(run_date_of(record.bizdate), time(), witness.zone) if truth.hangs_on_root(state.id) else now
        return "its upstream has succeeded" if cls is StatusClass.NOT_RUNNING and opens <= now else ""
    task = witness.task(state.id)
    if task.schedule.type is not ScheduleType.NORMAL or record.dry_run:
        return "it needs no room"
    if state.skip_checks and unmet_inner(witness, state.id):
        return ""
    if witness.kind(state.id) is ProgramKind.VIRTUAL:
        return "it takes no room"
    if any(witness.throttled(rule) >= rule.max_running for rule in witness.rules_for(state.id)):
        return "" if state.status is NodeStatus.DISPATCH_BLOCKED else "a throttling rule blocks it"
    group = task.resource_group
    if witness.occupied(group, witness.where[state.id]) < slots[group]:
        return f"resource group '{group}' has room"
    return "" if state.status is NodeStatus.WAIT_RESOURCE else f"it waits for room in '{group}'"


def unmet_inner(witness: Witness, node: int) -> bool:
    """Whether a node of its own table that it reads is forced along and has not succeeded."""
    for up, kind in witness.truth_of(node).ups(node):
        state = witness.rows[up]
        if kind is EdgeKind.INTERNAL and state.skip_checks and state.status is not NodeStatus.SUCCESS:
            return True
    return False


def unexplained(witness: Witness) -> list[str]:
    """In the end, when no fault happens any more and all time has passed: every node is final, or the reason why it is not is a
    person's, or lies upstream."""
    wrong = []
    for node, state in witness.rows.items():
        cls = CLASS_OF[state.status]
        if state.cancelling_until is not None:
            wrong.append(f"in the end {witness.name(node)} still waits for its executor: {state}")
        if cls.is_final and state.retry_at is None:
            continue
        if cls in (StatusClass.NOT_RUNNING, StatusClass.WAITING) and (state.paused or not state.released):
            continue
        unmet = [up for up, _ in witness.truth_of(node).ups(node) if witness.rows[up].status is not NodeStatus.SUCCESS]
        if cls is StatusClass.NOT_RUNNING and unmet and not state.skip_checks:
            continue
        if state.skip_checks and unmet_inner(witness, node):
            continue
        wrong.append(f"in the end {witness.name(node)} is still {state.status.value}: {state}")
    return wrong
