"""Changes of nodes: compare, write, and whatever follows from them, by a few statements for any number of changes.

The rows of a batch are read once. Each change is compared with what was read, or with the change before it in the same batch; what is
accepted is written by one statement a table. Summaries follow: a script's from its node alone, others from all their nodes as
they are then.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from taskhouse.domain.node_state import NodeState, NodeWrite
from taskhouse.ports.recurring_store import WriteResult
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring import summaries
from taskhouse.store.recurring.codes import TRIGGER
from taskhouse.store.recurring.publications import Publications, id_list
from taskhouse.store.recurring.rows import (
    ADD_TRANSITIONS,
    AMONG,
    PUT_RUN,
    UPDATE_ALIKE,
    UPDATE_ATTEMPTS,
    Clock,
    attempt_values,
    counter,
    next_change,
    run_values,
    state_values,
    transition_values,
)

HEAD_COLUMNS = "id, lock_version, alone, status, ran, started_at, ended_at"
_HEAD = f"SELECT {HEAD_COLUMNS} FROM node_states WHERE id = ?"
_MANY_HEADS = f"SELECT {HEAD_COLUMNS} FROM node_states WHERE id {AMONG}"

Heads = dict[int, Any]
"""Rows of `HEAD_COLUMNS` by node."""


class Accepted(NamedTuple):
    """What became of a batch. `change` is its number, 0 when nothing was accepted."""

    refused: list[int]
    change: int


class WriteVerbs:
    _db: Database
    _publications: Publications

    def write(self, writes: Sequence[NodeWrite], now: datetime, *, at: int | None = None) -> WriteResult:
        def work(connection: Connection) -> WriteResult:
            first = counter(raw_connection(connection), "change")
            if at is not None and at != first:
                return WriteResult([write.after.id for write in writes], first, first)
            refused, change = apply_writes(connection, self._publications, writes, now)
            return WriteResult(refused, change or first, first)

        return self._db.write(work)


def apply_writes(
    connection: Connection,
    publications: Publications,
    writes: Sequence[NodeWrite],
    now: datetime,
    *,
    operation: int = 0,
    change: int = 0,
    heads: Heads | None = None,
) -> Accepted:
    """Write those that may be, refuse the others. `change` is the transaction's number, if it has one already, `heads` the rows of the nodes
    if they were read in it. The history of what an operation does carries its id."""
    raw = raw_connection(connection)
    if heads is None:
        heads = read_heads(raw, writes)
    refused: list[int] = []
    latest: dict[int, tuple[NodeState, int | None]] = {}
    attempted: set[int] = set()
    clock = Clock(now)
    runs: list[tuple[Any, ...]] = []
    lines: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    """Nodes by line."""
    for expected, after, its_runs, transitions in writes:
        id = after.id
        head = heads.get(id)
        before = latest.get(id)
        if head is None or expected != (head[1] if before is None else before[0].lock_version):
            refused.append(id)
            continue
        if after.lock_version != expected + 1:
            raise ValueError(f"a write of node {id} goes from version {expected} to {after.lock_version}")
        ran = head[4] if before is None else before[1]
        for run in its_runs:
            runs.append(run_values(run, clock))
            if run.serial == after.run:
                ran = TRIGGER.code[run.trigger]
        if its_runs:
            attempted.add(id)
        latest[id] = (after, ran)
        for place, line in enumerate(transitions):
            lines[transition_values(line, after.lock_version, place, operation, clock)].append(id)
    if not latest:
        return Accepted(refused, change)
    change = change or next_change(raw)
    _states(raw, latest, attempted, clock, (change, operation) if operation else (change,))
    if runs:
        raw.executemany(PUT_RUN, runs)
    if lines:
        raw.executemany(ADD_TRANSITIONS, [(*line, id_list(nodes)) for line, nodes in lines.items()])
    _summaries(connection, publications, heads, latest, clock, now)
    return Accepted(refused, change)


def _states(
    raw: sqlite3.Connection,
    latest: dict[int, tuple[NodeState, int | None]],
    attempted: set[int],
    clock: Clock,
    who: tuple[int, ...],
) -> None:
    """One statement for all nodes that come to be alike: what an operation resets, what a scheduler finds ready. Rows of
    nodes with an attempt that begins or ends differ, and are written one by one. `who` is the change, and the operation if one does it."""
    alike: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    apart = []
    for id, (state, ran) in latest.items():
        if id in attempted:
            apart.append((*state_values(state, clock), *attempt_values(state, ran, clock), *who, id))
        else:
            alike[state_values(state, clock)].append(id)
    operated = len(who) - 1
    raw.executemany(UPDATE_ATTEMPTS[operated], apart)
    raw.executemany(UPDATE_ALIKE[operated], [(*values, *who, id_list(ids)) for values, ids in alike.items()])


def stale(heads: Heads, writes: Iterable[NodeWrite]) -> dict[int, int]:
    """Node -> expected version, of those whose row has moved on, or is not there."""
    found = {}
    for write in writes:
        head = heads.get(write.after.id)
        if head is None or head[1] != write.expected:
            found[write.after.id] = write.expected
    return found


def read_heads(raw: sqlite3.Connection, writes: Sequence[NodeWrite]) -> Heads:
    ids = [write.after.id for write in writes]
    if len(ids) == 1:
        row = raw.execute(_HEAD, ids).fetchone()
        return {} if row is None else {row[0]: row}
    return {row[0]: row for row in raw.execute(_MANY_HEADS, (id_list(ids),))}


def _summaries(
    connection: Connection,
    publications: Publications,
    heads: Heads,
    latest: dict[int, tuple[NodeState, int | None]],
    clock: Clock,
    now: datetime,
) -> None:
    raw = raw_connection(connection)
    scripts = summaries.ScriptUpdates()
    together: list[int] = []
    for id, (state, ran) in latest.items():
        head = heads[id]
        if head[2]:
            scripts.add(head, state, ran, clock(state.started_at), clock(state.ended_at))
        else:
            together.append(id)
    scripts.write(raw)
    if together:
        found = raw.execute(
            "SELECT DISTINCT instance FROM instance_nodes WHERE node IN (SELECT value FROM json_each(?))",
            (id_list(together),),
        ).fetchall()
        summaries.refresh(connection, publications, (instance for (instance,) in found), now)
