"""Whole lists: the same order as pages, from the narrow rows alone and without building what a page shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from taskhouse.domain.paging import Page
from taskhouse.domain.recurring import Environment, Priority
from taskhouse.ports.recurring_store import BriefInstance, Inside, InstanceQuery
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import ENVIRONMENT, day
from taskhouse.store.recurring.lists import ordered, read_marker, write_marker
from taskhouse.store.recurring.summaries import WAITING_BIT, counts_of

_COLUMNS = """l.name, l.publication, l.bizdate, l.due_at, l.started_at, l.ended_at, l.priority, l.fields, l.nodes, l.waiting,
    l.paused > 0, l.retried"""
_PUBLICATIONS = "SELECT id, environment, task, version FROM published_tasks WHERE id >= ? AND id <= ?"


class ExportVerbs:
    _db: Database
    _keys: dict[int, tuple[Environment, str, int]]
    """Publication -> environment, task and version."""

    def brief(self, query: InstanceQuery, marker: str, limit: int) -> Page[BriefInstance]:
        after = read_marker(query, marker) if marker else None

        def work(connection: Connection) -> Page[BriefInstance]:
            raw = raw_connection(connection)
            rows = ordered(raw, query, after, limit + 1, _COLUMNS)
            shown = rows[:limit]
            if not shown:
                return Page(())
            known = self._keys
            missing = {row[3] for row in shown} - known.keys()
            if missing:
                found = raw.execute(_PUBLICATIONS, (min(missing), max(missing)))
                # Never changed and never removed, so whoever is first may fill it in.
                known.update((id, (ENVIRONMENT.members[where], task, version)) for id, where, task, version in found)
            insides = _Insides()
            days = {ordinal: day(ordinal) for ordinal in {row[4] for row in shown}}
            items = tuple(
                BriefInstance(
                    row[0],
                    row[2],
                    known[row[3]],
                    days[row[4]],
                    row[5],
                    row[6],
                    row[7],
                    _PRIORITIES[row[8]],
                    insides[row[9:13]],
                    row[13],
                )
                for row in shown
            )
            more = len(rows) > limit
            return Page(items, write_marker(query, shown[-1][:2]) if more else "")

        return self._db.read(work)


_PRIORITIES = {priority.value: priority for priority in Priority}


class _Insides(dict[tuple[Any, ...], Inside]):
    """By (fields, nodes, waiting, paused) as stored: a list of many instances has few."""

    def __missing__(self, row: tuple[Any, ...]) -> Inside:
        fields, nodes, waiting, paused = row
        statuses = frozenset(status for status, bit in WAITING_BIT.items() if bit & waiting)
        found = self[row] = Inside(counts_of(fields), counts_of(nodes), statuses, bool(paused))
        return found
