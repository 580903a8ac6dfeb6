"""Lists of instances: filters, orders and pages over rows that are kept summed up.

A page is read in one of two ways. If some part of the query leaves few rows (one date, a rare status, the tasks of one owner), those
are read through that part's index and sorted. Otherwise the index of the sort key is walked in order until the page is full, which
ends soon because much matches. Which it is is found out by counting, not by guessing: counting stops at a bound, so it costs a
millisecond, and the choice is the same on every machine.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance_summary import ALL_BITS, BIT
from taskhouse.domain.paging import Page
from taskhouse.domain.recurring import Priority
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery, ListedInstance, SortKey
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.conditions import TABLE, conditions
from taskhouse.store.recurring.publications import Publications, id_list
from taskhouse.store.recurring.records import INSTANCE_COLUMNS, instance_record
from taskhouse.store.recurring.summaries import SUMMARY_COLUMNS, summary_value

_SORT_COLUMN = {
    SortKey.NAME: "name",
    SortKey.DUE: "due_at",
    SortKey.START: "started_at",
    SortKey.END: "ended_at",
    SortKey.DURATION: "duration",
    SortKey.STATUS: "urgency",
}
_OPTIONAL = frozenset({SortKey.START, SortKey.END, SortKey.DURATION})
_LISTED = f"""SELECT l.priority, {", ".join("l." + name for name in SUMMARY_COLUMNS.split(", "))},
    {", ".join("i." + name for name in INSTANCE_COLUMNS.split(", "))}
    FROM json_each(?) AS wanted CROSS JOIN recurring_instances AS i ON i.id = wanted.value
    CROSS JOIN instance_lists AS l ON l.id = i.id
    ORDER BY wanted.key"""
_SUMMARY_AT = 1
_RECORD_AT = 1 + len(SUMMARY_COLUMNS.split(", "))


class ListVerbs:
    _db: Database
    _publications: Publications

    def instances(self, ids: Iterable[int]) -> Sequence[ListedInstance]:
        wanted = list(ids)
        return self._db.read(lambda c: self._listed(c, wanted))

    def _listed(self, connection: Connection, ids: Sequence[int]) -> list[ListedInstance]:
        rows = raw_connection(connection).execute(_LISTED, (id_list(ids),)).fetchall()
        known = self._publications.of(connection, (row[_RECORD_AT + 1] for row in rows))
        return [
            ListedInstance(
                instance_record(row[_RECORD_AT:], known[row[_RECORD_AT + 1]]),
                summary_value(row[_SUMMARY_AT:_RECORD_AT]),
                Priority(row[0]),
            )
            for row in rows
        ]

    def page(self, query: InstanceQuery, marker: str, limit: int) -> Page[ListedInstance]:
        after = read_marker(query, marker) if marker else None

        def work(connection: Connection) -> Page[ListedInstance]:
            found = ordered(raw_connection(connection), query, after, limit + 1)
            shown = found[:limit]
            more = len(found) > limit and shown
            return Page(
                tuple(self._listed(connection, [row[0] for row in shown])),
                write_marker(query, shown[-1]) if more else "",
            )

        return self._db.read(work)

    def counts(self, query: InstanceQuery) -> Mapping[StatusClass, int]:
        where = conditions(query, any_status=True)

        def work(connection: Connection) -> list[Any]:
            raw = raw_connection(connection)
            way = where.way_to_few(raw) or "INDEXED BY ix_instance_lists_urgency"
            statement = f"SELECT l.urgency, count(*) FROM {TABLE} {way} WHERE {where.sql} GROUP BY l.urgency"
            return raw.execute(statement, where.values).fetchall()

        found = dict.fromkeys(StatusClass, 0)
        for urgency, count in self._db.read(work):
            for cls, bit in BIT.items():
                if (ALL_BITS - urgency) & bit:
                    found[cls] += count
        return {cls: count for cls, count in found.items() if count}

    def count(self, query: InstanceQuery) -> int:
        where = conditions(query)

        def work(connection: Connection) -> int:
            raw = raw_connection(connection)
            way = where.way_to_few(raw) or "INDEXED BY ix_instance_lists_urgency"
            statement = f"SELECT count(*) FROM {TABLE} {way} WHERE {where.sql}"
            return int(raw.execute(statement, where.values).fetchone()[0])

        return self._db.read(work)


class PageStatement:
    """The statement of a page. `INDEXED BY` makes SQLite keep to the way that was chosen."""

    def __init__(self, raw: sqlite3.Connection, query: InstanceQuery, columns: str = "") -> None:
        where = conditions(query)
        column, order = _SORT_COLUMN[query.sort], "DESC" if query.descending else "ASC"
        way = where.way_to_few(raw)
        dates, values = where.within_due() if query.sort is SortKey.DUE and not way else ("1", ())
        way = way or f"INDEXED BY ix_instance_lists_{column}"
        self._values = (*where.values, *values)
        more = f", {columns}" if columns else ""
        self._head = f"SELECT l.id, l.{column}{more} FROM {TABLE} {way} WHERE {where.sql} AND {dates}"
        self._tail = f"ORDER BY l.{column} {order}, l.id {order} LIMIT ?"

    def limited(self, bound: str, values: tuple[Any, ...], limit: int) -> tuple[str, tuple[Any, ...]]:
        """Text and values, with one more condition."""
        return f"{self._head} AND {bound} {self._tail}", (*self._values, *values, limit)


def ordered(
    raw: sqlite3.Connection, query: InstanceQuery, after: tuple[Any, int] | None, limit: int, columns: str = ""
) -> list[tuple[Any, ...]]:
    """(id, sort value, columns asked for besides) of one page. Those without a value come after all others, by id."""
    statement = PageStatement(raw, query, columns)
    column, sign = f"l.{_SORT_COLUMN[query.sort]}", "<" if query.descending else ">"
    found: list[tuple[Any, ...]] = []
    if after is None:
        found += raw.execute(*statement.limited(f"{column} IS NOT NULL", (), limit))
    elif after[0] is not None:
        found += raw.execute(*statement.limited(f"({column}, l.id) {sign} (?, ?)", after, limit))
    if query.sort in _OPTIONAL and len(found) < limit:
        bound, values = ("1", ()) if after is None or after[0] is not None else (f"l.id {sign} ?", (after[1],))
        found += raw.execute(*statement.limited(f"{column} IS NULL AND {bound}", values, limit - len(found)))
    return found


# Markers


def write_marker(query: InstanceQuery, last: tuple[Any, ...]) -> str:
    id, value = last
    return base64.urlsafe_b64encode(msgspec.json.encode([_order(query), value, id])).decode().rstrip("=")


def read_marker(query: InstanceQuery, marker: str) -> tuple[Any, int]:
    """The last value and id. Raises `Fault` (INVALID_PARAMETER)."""
    try:
        text = base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4))
        order, value, id = msgspec.json.decode(text, type=tuple[str, int | str | None, int])
        expected: tuple[type, ...] = (str,) if query.sort is SortKey.NAME else (int,)
        if query.sort in _OPTIONAL:
            expected += (type(None),)
        if order != _order(query) or not isinstance(value, expected):
            raise ValueError
    except (ValueError, msgspec.MsgspecError):
        message = f"'{marker}' is no marker of this list in this order; leave it out to begin with the first page"
        raise Fault(FaultCode.INVALID_PARAMETER, message) from None
    return value, id


def _order(query: InstanceQuery) -> str:
    return ("-" if query.descending else "+") + query.sort.value
