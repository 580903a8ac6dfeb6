"""Leases of schedulers, and the answers given to clients' requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from taskhouse.ports.recurring_store import REMEMBERED_FOR, Remembered
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.schema import to_micros

_HOLD = """INSERT INTO scheduler_leases VALUES (?, ?, 0)
    ON CONFLICT (owner) DO UPDATE SET until = excluded.until WHERE expired = 0"""
_RELEASE = "DELETE FROM scheduler_leases WHERE owner = ? AND expired = 0"
_OVER = """SELECT owner FROM (SELECT DISTINCT owner FROM node_runs WHERE status = 0) AS live
    LEFT JOIN scheduler_leases USING (owner) WHERE expired IS NULL OR expired = 1 OR until <= ? ORDER BY owner"""
_EXPIRE = """INSERT INTO scheduler_leases VALUES (?, ?, 1) ON CONFLICT (owner) DO UPDATE SET expired = 1"""


class LeaseVerbs:
    _db: Database

    def hold(self, owner: str, until: datetime, now: datetime) -> bool:
        values = (owner, to_micros(until))
        return self._db.write(lambda c: raw_connection(c).execute(_HOLD, values).rowcount > 0, durable=False)

    def release(self, owner: str) -> None:
        self._db.write(lambda c: raw_connection(c).execute(_RELEASE, (owner,)).close())

    def expired_owners(self, now: datetime) -> Sequence[str]:
        at = to_micros(now)
        over = "SELECT 1 FROM node_runs WHERE status = 0 LIMIT 1"

        def work(connection: Connection) -> list[str]:
            raw = raw_connection(connection)
            owners = [owner for (owner,) in raw.execute(_OVER, (at,))]
            raw.executemany(_EXPIRE, [(owner, at) for owner in owners])
            return owners

        if self._db.read(lambda c: raw_connection(c).execute(over).fetchone()) is None:
            return []
        return self._db.write(work)

    def remembered(self, user: str, request_id: str) -> Remembered | None:
        return self._db.read(lambda c: _answer(c, user, request_id))

    def remember(self, user: str, request_id: str, answer: Remembered, now: datetime) -> Remembered:
        def work(connection: Connection) -> Remembered:
            raw = raw_connection(connection)
            raw.execute("DELETE FROM request_answers WHERE at < ?", (to_micros(now - REMEMBERED_FOR),))
            values = (user, request_id, *answer, to_micros(now))
            raw.execute("INSERT OR IGNORE INTO request_answers VALUES (?, ?, ?, ?, ?, ?)", values)
            return _answer(connection, user, request_id) or answer

        return self._db.write(work)


def _answer(connection: Connection, user: str, request_id: str) -> Remembered | None:
    statement = "SELECT request, status, body FROM request_answers WHERE user = ? AND request_id = ?"
    row = raw_connection(connection).execute(statement, (user, request_id)).fetchone()
    return None if row is None else Remembered(*row)
