"""Whole lists: the same order as pages, from the narrow rows alone and without building what a page shows."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection

from taskhouse.domain.recurring import Environment, Priority
from taskhouse.ports.recurring_store import BriefPage, Inside, InstanceQuery
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import ENVIRONMENT, day
from taskhouse.store.recurring.lists import ordered, read_marker, write_marker
from taskhouse.store.recurring.summaries import WAITING_BIT, counts_of

_COLUMNS = """l.name, l.publication, l.bizdate, l.due_at, l.started_at, l.ended_at, l.priority, l.fields, l.nodes, l.waiting,
    l.paused > 0, l.retried"""
_PUBLICATIONS = "SELECT id, environment, task, version FROM published_tasks WHERE id >= ? AND id <= ?"
_PRIORITIES = {priority.value: priority for priority in Priority}


class ExportVerbs:
    _db: Database
    _keys: dict[int, tuple[Environment, str, int]]
    """Publication -> environment, task and version."""

    def brief(self, query: InstanceQuery, marker: str, limit: int) -> BriefPage:
        after = read_marker(query, marker) if marker else None

        def work(connection: Connection) -> list[tuple[Any, ...]]:
            raw = raw_connection(connection)
            rows = ordered(raw, query, after, limit + 1, _COLUMNS)
            missing = {row[3] for row in rows} - self._keys.keys()
            if missing:
                found = raw.execute(_PUBLICATIONS, (min(missing), max(missing)))
                # Never changed and never removed, so whoever is first may fill it in.
                self._keys.update(
                    (id, (ENVIRONMENT.members[where], task, version)) for id, where, task, version in found
                )
            return rows

        rows = self._db.read(work)
        more = len(rows) > limit
        if more:
            rows.pop()
        if not rows:
            return BriefPage((), (), (), (), (), (), (), (), (), ())
        ids, _, names, publications, bizdates, due, started, ended, priorities, *inside, retried = zip(
            *rows, strict=True
        )
        return BriefPage(
            ids,
            names,
            list(map(self._keys.__getitem__, publications)),
            list(map(_Days().__getitem__, bizdates)),
            due,
            started,
            ended,
            list(map(_PRIORITIES.__getitem__, priorities)),
            list(map(_Insides().__getitem__, zip(*inside, strict=True))),
            retried,
            write_marker(query, rows[-1][:2]) if more else "",
        )


class _Days(dict[int, date]):
    def __missing__(self, ordinal: int) -> date:
        found = self[ordinal] = day(ordinal)
        return found


class _Insides(dict[tuple[Any, ...], Inside]):
    """By (fields, nodes, waiting, paused) as stored: a list of many instances has few."""

    def __missing__(self, row: tuple[Any, ...]) -> Inside:
        fields, nodes, waiting, paused = row
        statuses = frozenset(status for status, bit in WAITING_BIT.items() if bit & waiting)
        found = self[row] = Inside(counts_of(fields), counts_of(nodes), statuses, bool(paused))
        return found
