"""Rows to values and back, for what comes by the hundred thousand: positions instead of names, tuples instead of objects."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from taskhouse.domain.node_state import NodeState, Run, Transition
from taskhouse.store.recurring.codes import (
    CAUSE,
    CODE,
    PAUSED,
    REASON,
    RELEASED,
    RUN_STATUS,
    SKIP_CHECKS,
    STATUS,
    TRIGGER,
)
from taskhouse.store.schema import from_micros, optional_time, to_micros

STATE_COLUMNS = (
    "id, status, lock_version, flags, attempt, retried, retry_at, reason, run, cancelling_until, owner, "
    "started_at, ended_at, since, trigger, code"
)
RUN_COLUMNS = (
    "node, serial, number, trigger, status, started_at, ended_at, reason, message, owner, task_instance, "
    "version, code, parameters"
)
AMONG = "IN (SELECT value FROM json_each(?))"
"""Ids as JSON text (`publications.id_list`): one statement for any number of rows."""
_STATUSES, _REASONS, _TRIGGERS, _CODES = STATUS.members, REASON.members, TRIGGER.members, CODE.members
_STATUS_CODE, _TRIGGER_CODE, _CODE_CODE = STATUS.code, TRIGGER.code, CODE.code


def state_value(row: Any) -> NodeState:
    """From a row of `STATE_COLUMNS`."""
    id, status, lock, flags, attempt, retried, retry, reason, run, until, owner, start, end, since, trigger, code = row
    return NodeState(
        id,
        _STATUSES[status],
        lock,
        flags & PAUSED != 0,
        flags & SKIP_CHECKS != 0,
        flags & RELEASED != 0,
        attempt,
        retried,
        None if retry is None else from_micros(retry),
        None if reason is None else _REASONS[reason],
        run,
        None if until is None else from_micros(until),
        owner,
        None if start is None else from_micros(start),
        None if end is None else from_micros(end),
        None if since is None else from_micros(since),
        _TRIGGERS[trigger],
        _CODES[code],
    )


def run_value(row: Any) -> Run:
    """From a row of `RUN_COLUMNS`."""
    node, serial, number, trigger, status, start, end, reason, message, owner, task, version, code, parameters = row
    return Run(
        node,
        serial,
        number,
        _TRIGGERS[trigger],
        RUN_STATUS.members[status],
        optional_time(start),
        optional_time(end),
        REASON.member(reason),
        message,
        owner,
        task,
        version,
        _CODES[code],
        parameters,
    )


class Clock:
    """Times as microseconds. In a batch nearly all of them are the moment of the batch, or the same as the one before."""

    __slots__ = ("_last", "_last_micros", "_micros", "_now")

    def __init__(self, now: datetime) -> None:
        self._now = self._last = now
        self._micros = self._last_micros = to_micros(now)

    def __call__(self, time: datetime | None) -> int | None:
        if time is self._now:
            return self._micros
        if time is None:
            return None
        if time is not self._last:
            self._last, self._last_micros = time, to_micros(time)
        return self._last_micros


def state_values(state: NodeState, clock: Clock) -> tuple[Any, ...]:
    """What every write may change."""
    return (
        _STATUS_CODE[state.status],
        state.lock_version,
        PAUSED * state.paused + SKIP_CHECKS * state.skip_checks + RELEASED * state.released,
        state.retried,
        None if state.retry_at is None else clock(state.retry_at),
        None if state.reason is None else REASON.code[state.reason],
        None if state.cancelling_until is None else clock(state.cancelling_until),
        state.owner,
        clock(state.since),
        _TRIGGER_CODE[state.trigger],
        _CODE_CODE[state.code],
    )


def attempt_values(state: NodeState, ran: int | None, clock: Clock) -> tuple[Any, ...]:
    """What only writes with runs change."""
    return state.attempt, state.run, ran, clock(state.started_at), clock(state.ended_at)


def _update(columns: str, which: str, *, operated: bool) -> str:
    """In an UPDATE, columns on the right have the values of before."""
    names = f"{columns}, changed, operation" if operated else f"{columns}, changed"
    settings = ", ".join(f"{name} = ?" for name in names.split(", "))
    return f"UPDATE node_states SET {settings}{', operated = lock_version + 1' if operated else ''} WHERE id {which}"


_STATE = "status, lock_version, flags, retried, retry_at, reason, cancelling_until, owner, since, trigger, code"
_ATTEMPT = "attempt, run, ran, started_at, ended_at"
UPDATE_ATTEMPTS = tuple(_update(f"{_STATE}, {_ATTEMPT}", "= ?", operated=operated) for operated in (False, True))
"""Of one node: its `state_values`, its `attempt_values`, the number of the change, and the operation when one does it (the second)."""
UPDATE_ALIKE = tuple(_update(_STATE, AMONG, operated=operated) for operated in (False, True))
"""Of all nodes that come to have the same `state_values`, and whose attempts stay as they are."""


def run_values(run: Run, clock: Clock) -> tuple[Any, ...]:
    """For `PUT_RUN`."""
    return (
        run.node,
        run.serial,
        run.number,
        _TRIGGER_CODE[run.trigger],
        RUN_STATUS.code[run.status],
        clock(run.started_at),
        clock(run.ended_at),
        None if run.reason is None else REASON.code[run.reason],
        run.message,
        run.owner,
        run.task_instance,
        run.version,
        _CODE_CODE[run.code],
        run.parameters,
    )


PUT_RUN = f"""INSERT INTO node_runs ({RUN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (node, serial) DO UPDATE SET number = excluded.number, trigger = excluded.trigger, status = excluded.status,
    started_at = excluded.started_at, ended_at = excluded.ended_at, reason = excluded.reason, message = excluded.message,
    owner = excluded.owner, code = excluded.code,
    task_instance = CASE excluded.task_instance WHEN '' THEN task_instance ELSE excluded.task_instance END,
    version = CASE excluded.version WHEN 0 THEN version ELSE excluded.version END,
    parameters = CASE excluded.parameters WHEN '' THEN parameters ELSE excluded.parameters END"""
"""What whoever ends a run does not know of it (its task instance, version, parameters) stays."""

ADD_TRANSITIONS = "INSERT INTO node_transitions SELECT value, ?, ?, ?, ?, ?, ?, ?, ? FROM json_each(?)"
"""The same line of many nodes."""


def transition_values(line: Transition, lock_version: int, place: int, operation: int, clock: Clock) -> tuple[Any, ...]:
    """All but the node."""
    return (
        lock_version,
        place,
        clock(line.at),
        None if line.source is None else _STATUS_CODE[line.source],
        _STATUS_CODE[line.target],
        CAUSE.code[line.cause],
        line.run,
        operation or line.operation,
    )


def transition_value(row: Any) -> Transition:
    node, at, source, target, cause, run, operation = row
    return Transition(
        node,
        from_micros(at),
        None if source is None else _STATUSES[source],
        _STATUSES[target],
        CAUSE.members[cause],
        run,
        operation,
    )


def take_ids(raw: sqlite3.Connection, name: str, count: int) -> int:
    """The first of `count` new consecutive ids, from 1 on. Ids of rows that are gone are not given again."""
    last = counter(raw, name)
    if count:
        raw.execute("INSERT OR REPLACE INTO recurring_counters VALUES (?, ?)", (name, last + count)).close()
    return last + 1


def counter(raw: sqlite3.Connection, name: str) -> int:
    """The last number given, 0 for none."""
    found = raw.execute("SELECT value FROM recurring_counters WHERE name = ?", (name,)).fetchone()
    return 0 if found is None else int(found[0])


def next_change(raw: sqlite3.Connection) -> int:
    """The number of the change that the transaction under way is."""
    return take_ids(raw, "change", 1)
