"""Lists of instances: filters, orders and pages over rows that are kept summed up.

A page is read in one of two ways. If some part of the query leaves few rows (one date, a rare status, the tasks of one owner), those
are read through that part's index and sorted. Otherwise the index of the sort key is walked in order until the page is full, which
ends soon when what matches lies anywhere. When it does not (what is running has no end), the walk is given up after a number of steps,
and the rows of the best part are sorted after all. Which way it is is found out by counting rows and steps, not by guessing and not by
clocks, so the choice is the same on every machine.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def page(self, query: InstanceQuery, marker: str, limit: int, skip: int = 0) -> Page[ListedInstance]:
        after = read_marker(query, marker) if marker else None

        def work(connection: Connection) -> Page[ListedInstance]:
            found = ordered(raw_connection(connection), query, after, limit + 1, skip=skip)
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
            way = where.way(raw).found_by or "INDEXED BY ix_instance_lists_urgency"
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
            way = where.way(raw).found_by or "INDEXED BY ix_instance_lists_urgency"
            statement = f"SELECT count(*) FROM {TABLE} {way} WHERE {where.sql}"
            return int(raw.execute(statement, where.values).fetchone()[0])

        return self._db.read(work)


After = tuple[Any, int] | None
"""The sort value and id of the last row seen."""


def ordered(
    raw: sqlite3.Connection, query: InstanceQuery, after: After, limit: int, columns: str = "", *, skip: int = 0
) -> list[tuple[Any, ...]]:
    """(id, sort value, columns asked for besides) of one page. Those without a value come after all others, by id. `skip` so many first."""
    way = conditions(query).way(raw)
    page = PageStatements(query, after, columns)
    if way.few:
        return raw.execute(*page.sorted(way.found_by, limit, skip)).fetchall()
    if not way.found_by:
        return page.walk(raw, limit, skip)
    raw.set_progress_handler(lambda: 1, _PATIENCE)
    try:
        return page.walk(raw, limit, skip)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        raw.set_progress_handler(None, 0)
    return raw.execute(*page.sorted(way.found_by, limit, skip)).fetchall()


_PATIENCE = 200_000
"""Instructions of SQLite's machine, about ten milliseconds, after which a walk that finds too little is given up."""


class PageStatements:
    """The two ways to read a page. `INDEXED BY` makes SQLite keep to the one that is asked for."""

    def __init__(self, query: InstanceQuery, after: After, columns: str = "") -> None:
        self._where = conditions(query)
        self._after = after
        self._column = f"l.{_SORT_COLUMN[query.sort]}"
        self._index = f"INDEXED BY ix_instance_lists_{_SORT_COLUMN[query.sort]}"
        self._optional = query.sort in _OPTIONAL
        self._by_due = query.sort is SortKey.DUE
        self._order, self._sign = ("DESC", "<") if query.descending else ("ASC", ">")
        self._columns = f"l.id, {self._column}" + (f", {columns}" if columns else "")

    def sorted(self, found_by: str, limit: int, skip: int = 0) -> tuple[str, tuple[Any, ...]]:
        """All rows that match, found by an index, and of these the first."""
        column, sign = self._column, self._sign
        bound, values = "1", tuple[Any, ...]()
        if self._after is not None and self._after[0] is None:
            bound, values = f"{column} IS NULL AND l.id {sign} ?", (self._after[1],)
        elif self._after is not None:
            bound, values = f"(({column}, l.id) {sign} (?, ?) OR {column} IS NULL)", self._after
        absent = f"{column} IS NULL, " if self._optional else ""
        return self._statement(found_by, bound, values, absent, limit, skip)

    def walk(self, raw: sqlite3.Connection, limit: int, skip: int = 0) -> list[tuple[Any, ...]]:
        """Rows in the order of the index until there are enough, those without a value after the others."""
        found: list[tuple[Any, ...]] = []
        for text, values in self.walks(limit):
            if len(found) == limit:
                break
            part = raw.execute(f"{text} OFFSET ?", (*values, skip)).fetchmany(limit - len(found))
            if not part and skip:
                skip -= raw.execute(f"SELECT count(*) FROM ({text})", (*values[:-1], skip)).fetchone()[0]
            else:
                skip = 0
            found += part
        return found

    def walks(self, limit: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
        column, sign = self._column, self._sign
        within, values = self._where.within_due() if self._by_due else ("1", ())
        if self._after is None:
            yield self._statement(self._index, f"{column} IS NOT NULL AND {within}", values, "", limit)
        elif self._after[0] is not None:
            bound = f"({column}, l.id) {sign} (?, ?) AND {within}"
            yield self._statement(self._index, bound, (*self._after, *values), "", limit)
        if self._optional:
            begun = self._after is not None and self._after[0] is None
            bound, values = (f"l.id {sign} ?", self._after[1:]) if begun and self._after else ("1", ())
            yield self._statement(self._index, f"{column} IS NULL AND {bound}", values, "", limit)

    def _statement(
        self, found_by: str, bound: str, values: tuple[Any, ...], absent: str, limit: int, skip: int | None = None
    ) -> tuple[str, tuple[Any, ...]]:
        order = f"{absent}{self._column} {self._order}, l.id {self._order}"
        text = f"SELECT {self._columns} FROM {TABLE} {found_by} WHERE {self._where.sql} AND {bound} ORDER BY {order} LIMIT ?"
        if skip is not None:
            return f"{text} OFFSET ?", (*self._where.values, *values, limit, skip)
        return text, (*self._where.values, *values, limit)


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
