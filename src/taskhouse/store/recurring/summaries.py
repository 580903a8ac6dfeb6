"""Summaries of instances as columns of `instance_lists`, kept up in the transaction that changes a node."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from taskhouse.domain.instance_summary import (
    NodeView,
    Summary,
    status_order,
    summarise,
)
from taskhouse.domain.node_state import NodeState, RunTrigger
from taskhouse.domain.status import CLASS_OF, WAITING_STATUSES, NodeStatus, StatusClass
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import (
    FORCED,
    MANUAL_SUCCESS,
    PAUSED,
    SKIP_CHECKS,
    STATUS,
    TRIGGER,
    UPSTREAM_REMOVED,
)
from taskhouse.store.recurring.publications import Publications, id_list
from taskhouse.store.recurring.rows import AMONG
from taskhouse.store.schema import optional_micros, optional_time

CLASSES: tuple[StatusClass, ...] = tuple(StatusClass)

SUMMARY_COLUMNS = "urgency, waiting, paused, started_at, ended_at, duration, fields, nodes, retried, retries, marks"

_UPDATE = """UPDATE instance_lists SET urgency = ?, waiting = ?, paused = ?, started_at = ?, ended_at = ?, duration = ?,
    fields = ?, nodes = ?, retried = ?, retries = ?, marks = ? | (marks & 4) WHERE id = ?"""

WAITING_BIT = {status: 1 << STATUS.code[status] if status in WAITING_STATUSES else 0 for status in NodeStatus}


def columns(summary: Summary) -> tuple[Any, ...]:
    """In the order of `SUMMARY_COLUMNS`."""
    started, ended = optional_micros(summary.started_at), optional_micros(summary.ended_at)
    return (
        status_order(summary.statuses),
        sum(WAITING_BIT[status] for status in summary.waiting),
        summary.paused,
        started,
        ended,
        None if started is None or ended is None else ended - started,
        _counts_text(summary.fields),
        _counts_text(summary.nodes),
        summary.retried,
        summary.retries,
        FORCED * summary.forced + MANUAL_SUCCESS * summary.manual_success + UPSTREAM_REMOVED * summary.upstream_removed,
    )


def summary_value(row: Any) -> Summary:
    """From a row of `SUMMARY_COLUMNS`."""
    _, waiting, paused, started, ended, _, fields, nodes, retried, retries, marks = row
    return Summary(
        counts_of(fields),
        counts_of(nodes),
        frozenset(status for status, bit in WAITING_BIT.items() if bit & waiting),
        paused,
        optional_time(started),
        optional_time(ended),
        retried,
        retries,
        marks & FORCED != 0,
        marks & MANUAL_SUCCESS != 0,
        marks & UPSTREAM_REMOVED != 0,
    )


def _counts_text(counts: Mapping[StatusClass, int]) -> str:
    return ",".join(str(counts.get(cls, 0)) for cls in CLASSES) if counts else ""


@lru_cache(4096)
def counts_of(text: str) -> Mapping[StatusClass, int]:
    """From the stored form; the same object for the same text."""
    if not text:
        return {}
    return {cls: int(count) for cls, count in zip(CLASSES, text.split(","), strict=True) if count != "0"}


def refresh(connection: Connection, publications: Publications, instances: Iterable[int], now: datetime) -> None:
    """Work out the summaries of these instances from their nodes as they are now: two reads and one update for any number."""
    raw = raw_connection(connection)
    wanted = id_list(instances)
    if wanted == "[]":
        return
    heads = raw.execute(
        "SELECT id, publication FROM recurring_instances WHERE id IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).fetchall()
    views: defaultdict[int, list[NodeView]] = defaultdict(list)
    rows = raw.execute(
        """SELECT l.instance, s.status, s.flags, s.retried, s.started_at, s.ended_at, s.ran FROM instance_nodes AS l
        CROSS JOIN node_states AS s ON s.id = l.node
        WHERE l.instance IN (SELECT value FROM json_each(?)) ORDER BY l.instance, l.place""",
        (wanted,),
    )
    for instance, status, flags, retried, started, ended, ran in rows:
        views[instance].append(
            NodeView(
                STATUS.members[status],
                flags & PAUSED != 0,
                flags & SKIP_CHECKS != 0,
                retried,
                optional_time(started),
                optional_time(ended),
                TRIGGER.member(ran),
            )
        )
    known = publications.of(connection, (publication for _, publication in heads))
    changed = []
    for id, publication in heads:
        summary = summarise(known[publication].shape, views[id], now)
        changed.append((*columns(summary), id))
    raw.executemany(_UPDATE, changed)


# Scripts, whose only node says everything, by the thousand: the same as `summarise`, without objects

STATUS_ORDERS = tuple(status_order([CLASS_OF[status]]) for status in STATUS.members)
_ACTIVE = tuple(CLASS_OF[status].is_active for status in STATUS.members)
_NODES = tuple(_counts_text({CLASS_OF[status]: 1}) for status in STATUS.members)
_WAITING = tuple(WAITING_BIT[status] for status in STATUS.members)
_FORCE, _BY_HAND = TRIGGER.code[RunTrigger.FORCE], TRIGGER.code[RunTrigger.MANUAL_SUCCESS]
_SUCCESS = STATUS.code[NodeStatus.SUCCESS]

_STATUS_MOVES, _START_MOVES, _END_MOVES = 1, 2, 4


def _script_update(moves: int) -> str:
    """SQLite rewrites the entries of every index that an UPDATE names a column of, changed or not: so it names those that change."""
    indexed = ["urgency"] if moves & _STATUS_MOVES else []
    indexed += ["started_at"] if moves & _START_MOVES else []
    indexed += ["ended_at", "duration"] if moves & _END_MOVES else []
    words = [
        *(f"{name} = ?" for name in (*indexed, "waiting", "paused", "nodes", "retried")),
        "marks = ? | (marks & 4)",
    ]
    return f"UPDATE instance_lists SET {', '.join(words)} WHERE id"


_SCRIPT_UPDATES = tuple(_script_update(moves) for moves in range(8))


class ScriptUpdates:
    """Collects the changes of scripts' nodes. Those that come to be alike are written by one statement, others one by one."""

    __slots__ = ("_alike",)

    def __init__(self) -> None:
        self._alike: defaultdict[tuple[int, tuple[Any, ...]], list[int]] = defaultdict(list)
        """Instances by index columns that move and new values."""

    def add(self, head: Any, state: NodeState, ran: int | None, started: int | None, ended: int | None) -> None:
        """`head` is the row as it was (`writes.HEAD_COLUMNS`)."""
        _, _, instance, before, _, started_before, ended_before = head
        status = STATUS.code[state.status]
        ended_before = None if _ACTIVE[before] or started_before is None else ended_before
        ended = None if _ACTIVE[status] or started is None else ended
        moves = 0
        values: tuple[Any, ...] = ()
        if STATUS_ORDERS[status] != STATUS_ORDERS[before]:
            moves, values = _STATUS_MOVES, (STATUS_ORDERS[status],)
        if started != started_before:
            moves |= _START_MOVES
            values += (started,)
        if ended != ended_before or started != started_before:
            moves |= _END_MOVES
            values += (ended, None if ended is None or started is None else ended - started)
        marks = FORCED if state.skip_checks or ran == _FORCE else 0
        if ran == _BY_HAND and status == _SUCCESS:
            marks |= MANUAL_SUCCESS
        tail = (
            _WAITING[status],
            int(state.paused),
            _NODES[status],
            state.retried,
            marks,
        )
        self._alike[moves, values + tail].append(instance)

    def write(self, raw: sqlite3.Connection) -> None:
        apart: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for (moves, values), instances in self._alike.items():
            if len(instances) == 1:
                apart[moves].append((*values, instances[0]))
            else:
                raw.execute(f"{_SCRIPT_UPDATES[moves]} {AMONG}", (*values, id_list(instances))).close()
        for moves, rows in apart.items():
            raw.executemany(f"{_SCRIPT_UPDATES[moves]} = ?", rows)


def put_marks(raw: sqlite3.Connection, instances: Iterable[int]) -> None:
    """Mark that something upstream of these instances was removed."""
    raw.execute(
        """UPDATE instance_lists SET marks = marks | 4 WHERE id IN (SELECT value FROM json_each(?))""",
        (id_list(instances),),
    ).close()
