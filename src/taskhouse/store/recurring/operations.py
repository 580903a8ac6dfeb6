"""Operations of people: all of one or nothing, and a line of the log either way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from taskhouse.domain.instance_summary import shown_priority
from taskhouse.domain.recurring import Priority
from taskhouse.ports.recurring_store import OperationEntry, OperationResult, OperationWrite, Perspective
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring import summaries
from taskhouse.store.recurring.graph import metrics_of
from taskhouse.store.recurring.publications import Publications, id_list
from taskhouse.store.recurring.rows import counter, next_change
from taskhouse.store.recurring.writes import apply_writes, read_heads, stale
from taskhouse.store.schema import from_micros, to_micros

_COLUMNS = "id, at, operator, operation, perspective, instance, outcome, error_code, reason, batch, request_id, instances, document"
_NEW = f"""INSERT INTO operation_log ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_IDS = "IN (SELECT value FROM json_each(?))"
_REMOVE = "UPDATE node_edges SET removed = ?, operation = ? WHERE id = ? AND removed IS NULL"
_SET_PRIORITY = "UPDATE recurring_instances SET manual_priority = ?, priority_changed = ? WHERE id = ?"
_SET_METRIC = "INSERT OR REPLACE INTO metric_priorities VALUES (?, ?, ?)"
_SHOW_PRIORITY = "UPDATE instance_lists SET priority = ? WHERE id = ?"


class OperationVerbs:
    _db: Database
    _publications: Publications

    def operate(self, operation: OperationWrite, now: datetime) -> OperationResult:
        return self._db.write(lambda connection: self._operate(connection, operation, now))

    def operate_each(self, operations: Sequence[OperationWrite], now: datetime) -> Sequence[OperationResult]:
        return self._db.write(lambda connection: [self._operate(connection, each, now) for each in operations])

    def _operate(self, connection: Connection, operation: OperationWrite, now: datetime) -> OperationResult:
        raw = raw_connection(connection)
        first = counter(raw, "change")
        heads = read_heads(raw, operation.writes)
        conflicts = stale(heads, operation.writes)
        if conflicts:
            return OperationResult(0, first, first, list(conflicts), _winner(raw, conflicts))
        id = _log(raw, operation.entry)
        moves = operation.writes or operation.removed_edges or operation.priorities or operation.metric_priorities
        if not moves:
            return OperationResult(id, first, first)
        change = next_change(raw)
        apply_writes(connection, self._publications, operation.writes, now, operation=id, change=change, heads=heads)
        if operation.removed_edges:
            self._remove(raw, operation.removed_edges, change, id)
        if operation.priorities or operation.metric_priorities:
            self._prioritise(connection, operation, change)
        return OperationResult(id, change, first)

    def _remove(self, raw: sqlite3.Connection, edges: Sequence[int], change: int, operation: int) -> None:
        raw.executemany(_REMOVE, [(change, operation, edge) for edge in edges])
        statement = f"""SELECT DISTINCT l.instance FROM node_edges AS e
            CROSS JOIN instance_nodes AS l ON l.node = e.down WHERE e.id {_IDS}"""
        touched = raw.execute(statement, (id_list(edges),)).fetchall()
        summaries.put_marks(raw, (instance for (instance,) in touched))

    def _prioritise(self, connection: Connection, operation: OperationWrite, change: int) -> None:
        raw = raw_connection(connection)
        raw.executemany(_SET_PRIORITY, [(int(p), change, instance) for instance, p in operation.priorities])
        raw.executemany(_SET_METRIC, [(field, int(p), change) for field, p in operation.metric_priorities])
        touched = {instance for instance, _ in operation.priorities}
        touched.update(_instances_of_fields(raw, (field for field, _ in operation.metric_priorities)))
        statement = f"""SELECT id, publication, first_field, manual_priority
            FROM recurring_instances WHERE id {_IDS}"""
        rows = raw.execute(statement, (id_list(touched),)).fetchall()
        known = self._publications.of(connection, (row[1] for row in rows))
        metrics = metrics_of(raw, [(row[2], row[2] + len(known[row[1]].task.fields)) for row in rows])
        shown = []
        for id, publication, first_field, manual in rows:
            by_hand = None if manual is None else Priority(manual)
            shown.append((int(shown_priority(known[publication].task, by_hand, first_field, metrics)), id))
        raw.executemany(_SHOW_PRIORITY, shown)

    def log_refusal(self, entry: OperationEntry) -> int:
        return self._db.write(lambda c: _log(raw_connection(c), entry))

    def log_refusals(self, entries: Sequence[OperationEntry]) -> Sequence[int]:
        return self._db.write(lambda c: [_log(raw_connection(c), entry) for entry in entries])

    def operations(self, instance: int, before: int, limit: int) -> Sequence[OperationEntry]:
        chosen = """id IN (SELECT operation FROM operation_instances
            WHERE instance = ? AND (? = 0 OR operation < ?) ORDER BY operation DESC LIMIT ?) ORDER BY id DESC"""
        return self._entries(chosen, (instance, before, before, limit))

    def operation(self, id: int) -> OperationEntry | None:
        return next(iter(self._entries("id = ?", (id,))), None)

    def operations_of_request(self, operator: str, request_id: str) -> Sequence[OperationEntry]:
        chosen = "operator = ? AND request_id = ? AND request_id <> '' AND outcome = 'ACCEPTED' ORDER BY id"
        return self._entries(chosen, (operator, request_id))

    def _entries(self, chosen: str, values: tuple[object, ...]) -> list[OperationEntry]:
        statement = f"SELECT {_COLUMNS} FROM operation_log WHERE {chosen}"
        found = self._db.read(lambda c: raw_connection(c).execute(statement, values).fetchall())
        return [_entry(row) for row in found]


def _log(raw: sqlite3.Connection, entry: OperationEntry) -> int:
    values = (
        to_micros(entry.at),
        entry.operator,
        entry.operation,
        entry.perspective.value,
        entry.instance,
        entry.outcome,
        entry.error_code,
        entry.reason,
        entry.batch,
        entry.request_id,
        msgspec.json.encode(entry.instances).decode(),
        msgspec.json.encode(entry.document).decode(),
    )
    id = raw.execute(_NEW, values).lastrowid
    assert id is not None
    every = id_list(dict.fromkeys((*entry.instances, entry.instance)))
    raw.execute("INSERT INTO operation_instances SELECT value, ? FROM json_each(?)", (id, every)).close()
    return id


def _entry(row: Any) -> OperationEntry:
    id, at, operator, operation, perspective, instance, outcome, error, reason, batch, request, touched, document = row
    return OperationEntry(
        from_micros(at),
        operator,
        operation,
        Perspective(perspective),
        instance,
        msgspec.json.decode(document),
        outcome,
        error,
        reason,
        batch,
        tuple(msgspec.json.decode(touched)),
        id,
        request,
    )


def _winner(raw: sqlite3.Connection, expected: Mapping[int, int]) -> int:
    """The latest operation that wrote one of the nodes after the version that was expected of it."""
    statement = f"SELECT id, operation, operated FROM node_states WHERE id {_IDS}"
    rows = raw.execute(statement, (id_list(expected),)).fetchall()
    return max((operation for id, operation, operated in rows if operated > expected[id]), default=0)


def _instances_of_fields(raw: sqlite3.Connection, fields: Iterable[int]) -> set[int]:
    """Fields of an insertion are numbered in the order of its instances, and blocks do not overlap."""
    statement = """SELECT DISTINCT (SELECT i.id FROM generation_blocks AS b CROSS JOIN recurring_instances AS i
            ON i.id BETWEEN b.first_instance AND b.last_instance AND i.first_field <= wanted.value
        WHERE wanted.value BETWEEN b.first_field AND b.last_field ORDER BY i.id DESC LIMIT 1)
        FROM json_each(?) AS wanted"""
    return {id for (id,) in raw.execute(statement, (id_list(fields),)) if id is not None}
