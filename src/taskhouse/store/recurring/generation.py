"""Generated dates: what is missing of one is stored as one block of consecutive ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection

from taskhouse.domain.bulk import bulk
from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.generation import Generated
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment, Origin
from taskhouse.ports.recurring_store import InstanceRecord
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.birth import Birth
from taskhouse.store.recurring.codes import ENVIRONMENT, ORIGIN
from taskhouse.store.recurring.publications import Publications
from taskhouse.store.recurring.records import INSTANCE_COLUMNS, instance_record
from taskhouse.store.schema import from_micros, to_micros


class GenerationVerbs:
    _db: Database
    _publications: Publications

    def generated(self, environment: Environment, since: date) -> Mapping[date, datetime]:
        statement = (
            "SELECT run_date, at FROM generation_dates WHERE environment = ? AND run_date >= ? ORDER BY run_date"
        )
        values = (ENVIRONMENT.code[environment], since.toordinal())
        found = self._db.read(lambda c: raw_connection(c).execute(statement, values).fetchall())
        return {date.fromordinal(day): from_micros(at) for day, at in found}

    def earlier(
        self, environment: Environment, task: str, run_date: date
    ) -> Sequence[tuple[InstanceRecord, PublishedTask]]:
        statement = f"""SELECT {INSTANCE_COLUMNS} FROM recurring_instances
            WHERE environment = ? AND bizdate = ? AND task = ? AND origin = ? ORDER BY due_at"""
        bizdate = bizdate_of(run_date).toordinal()
        values = (ENVIRONMENT.code[environment], bizdate, task, ORIGIN.code[Origin.RECURRING])

        def work(connection: Connection) -> list[tuple[InstanceRecord, PublishedTask]]:
            rows = raw_connection(connection).execute(statement, values).fetchall()
            known = self._publications.of(connection, (row[1] for row in rows))
            return [(instance_record(row, known[row[1]]), known[row[1]].task) for row in rows]

        return self._db.read(work)

    def insert(
        self,
        generated: Generated,
        tasks: Mapping[str, PublishedTask],
        environment: Environment,
        now: datetime,
        *,
        complete: bool = True,
    ) -> int:
        used = {name: tasks[name] for name in dict.fromkeys(i.key.task for i in generated.instances)}
        day = (ENVIRONMENT.code[environment], generated.run_date.toordinal(), to_micros(now))

        def choose(connection: Connection) -> Birth:
            publications = self._publications.by_version(connection, environment, used)
            return Birth(connection, self._publications, generated, publications, environment, now)

        def put(connection: Connection, birth: Birth) -> bool:
            if birth.count and not birth.put(connection):
                return False
            if complete:
                raw_connection(connection).execute("INSERT OR IGNORE INTO generation_dates VALUES (?, ?, ?)", day)
            return True

        with bulk():
            while True:
                birth = self._db.read(choose)
                if birth.count:
                    self._db.write(birth.reserve, durable=False)
                    self._db.read(birth.build)
                if self._db.write(partial(put, birth=birth)):
                    return birth.count
