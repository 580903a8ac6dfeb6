"""Instances of several dates counted by project, hour, status and time of their end: what an overview draws, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from taskhouse.domain.instance_summary import ALL_BITS, BIT
from taskhouse.domain.normalise import URGENCY
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery, Tally
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import BIZ_TYPE, day
from taskhouse.store.recurring.conditions import LEAST_WAITING, TABLE, conditions
from taskhouse.store.schema import from_micros, to_micros

_SUCCEEDED = ALL_BITS - BIT[StatusClass.SUCCEEDED]
_GROUPED = """SELECT l.bizdate, substr(p.task, 1, instr(p.task, '.') - 1), l.biz_type, l.due_at / ?, l.urgency, l.paused > 0,
    l.due_at < ? AND l.started_at IS NULL AND l.urgency >= ? AND l.urgency < ?,
    CASE WHEN l.urgency = ? THEN coalesce(l.ended_at, l.due_at) / ? END, count(*)
    FROM {table} {way} CROSS JOIN published_tasks AS p ON p.id = l.publication
    WHERE {where} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""


class TallyVerbs:
    _db: Database

    def tally(self, query: InstanceQuery, slot: timedelta, late_before: datetime) -> Sequence[Tally]:
        where = conditions(query)
        size = slot // timedelta(microseconds=1)

        def work(connection: Connection) -> list[Any]:
            raw = raw_connection(connection)
            way = where.way(raw).found_by or "INDEXED BY ix_instance_lists_bizdate"
            statement = _GROUPED.format(table=TABLE, way=way, where=where.sql)
            values = (size, to_micros(late_before), LEAST_WAITING, _SUCCEEDED, _SUCCEEDED, size)
            return raw.execute(statement, (*values, *where.values)).fetchall()

        return [
            Tally(
                day(bizdate),
                project,
                BIZ_TYPE.members[biz_type],
                from_micros(due * size),
                _most_urgent(urgency),
                bool(paused),
                bool(late),
                None if finished is None else from_micros(finished * size),
                count,
            )
            for bizdate, project, biz_type, due, urgency, paused, late, finished, count in self._db.read(work)
        ]


def _most_urgent(urgency: int) -> StatusClass | None:
    bits = ALL_BITS - urgency
    return next((cls for cls in URGENCY if bits & BIT[cls]), None)
