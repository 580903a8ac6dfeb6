"""Run logs, histories and durations of nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
from sqlalchemy import Connection

from taskhouse.domain.calendar import bizdate_of, run_date_of
from taskhouse.domain.node_state import Run, RunStatus, Transition
from taskhouse.domain.prediction import RUNS_CONSIDERED, is_weekend
from taskhouse.domain.recurring import Environment
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import ENVIRONMENT, RUN_STATUS
from taskhouse.store.recurring.publications import id_list
from taskhouse.store.recurring.rows import RUN_COLUMNS, run_value, transition_value

_IDS = "IN (SELECT value FROM json_each(?))"
_LOG = f"SELECT {RUN_COLUMNS} FROM node_runs WHERE node = ? ORDER BY serial DESC LIMIT ?"
_LIVE = f"SELECT {RUN_COLUMNS} FROM node_runs WHERE status = 0"
_SUCCESS = RUN_STATUS.code[RunStatus.SUCCESS]
_DAYS = 60
"""Dates on which something ran, back to which usual durations are looked for."""

_RAN = f"""SELECT DISTINCT bizdate FROM generation_blocks AS b WHERE environment = ? AND bizdate < ?
    AND EXISTS (SELECT 1 FROM node_runs WHERE node BETWEEN b.first_node AND b.last_node)
    ORDER BY bizdate DESC LIMIT {_DAYS}"""

_RUNS_OF_DAY = f"""SELECT n.node, r.ended_at - r.started_at FROM json_each(?) AS wanted
    CROSS JOIN node_instances AS n ON n.environment = ? AND n.bizdate = ? AND n.node = wanted.value
    CROSS JOIN node_runs AS r ON r.node = n.id
    WHERE r.status = {_SUCCESS} AND r.number > 0 AND r.started_at IS NOT NULL AND r.ended_at IS NOT NULL
    ORDER BY n.due_at DESC, r.serial DESC"""

_RAN_VERSIONS = f"""SELECT r.node, r.version, max(r.serial) FROM json_each(?) AS wanted
    CROSS JOIN node_instances AS n ON n.id = wanted.value AND n.environment = ?
    CROSS JOIN node_runs AS r ON r.node = n.id
    WHERE r.status = {_SUCCESS} AND r.number > 0 GROUP BY r.node"""


class RunVerbs:
    _db: Database

    def runs(self, node: int, limit: int = 100) -> Sequence[Run]:
        found = self._db.read(lambda c: raw_connection(c).execute(_LOG, (node, limit)).fetchall())
        return [run_value(row) for row in found]

    def live_runs(self, owner: str | None = None) -> Sequence[Run]:
        statement = _LIVE if owner is None else f"{_LIVE} AND owner = ?"
        values = () if owner is None else (owner,)
        found = self._db.read(lambda c: raw_connection(c).execute(statement, values).fetchall())
        return [run_value(row) for row in found]

    def latest_attempts(self, nodes: Iterable[int]) -> Mapping[int, Run]:
        statement = f"""SELECT {", ".join("r." + name for name in RUN_COLUMNS.split(", "))} FROM json_each(?) AS wanted
            CROSS JOIN node_runs AS r ON r.node = wanted.value AND r.serial =
                (SELECT max(serial) FROM node_runs WHERE node = wanted.value AND number > 0)"""
        ids = (id_list(nodes),)
        found = self._db.read(lambda c: raw_connection(c).execute(statement, ids).fetchall())
        return {row[0]: run_value(row) for row in found}

    def set_task_instance(self, node: int, serial: int, task_instance: str) -> bool:
        statement = "UPDATE node_runs SET task_instance = ? WHERE node = ? AND serial = ? AND status = 0"
        values = (task_instance, node, serial)
        return self._db.write(lambda c: raw_connection(c).execute(statement, values).rowcount > 0)

    def transitions(self, nodes: Iterable[int]) -> Sequence[Transition]:
        """Of each node in the order in which they happened."""
        statement = f"""SELECT node, at, source, target, cause, run, operation FROM node_transitions WHERE node {_IDS}
            ORDER BY node, lock_version, place"""
        ids = (id_list(nodes),)
        found = self._db.read(lambda c: raw_connection(c).execute(statement, ids).fetchall())
        return [transition_value(row) for row in found]

    def durations(self, environment: Environment, nodes: Iterable[str], before: date) -> Mapping[str, Sequence[float]]:
        code, weekend = ENVIRONMENT.code[environment], is_weekend(before)
        found: defaultdict[str, list[float]] = defaultdict(list)

        def work(connection: Connection) -> None:
            raw = raw_connection(connection)
            wanted = sorted(set(nodes))
            for (bizdate,) in raw.execute(_RAN, (code, bizdate_of(before).toordinal())).fetchall():
                if is_weekend(run_date_of(date.fromordinal(bizdate))) != weekend:
                    continue
                for node, micros in raw.execute(_RUNS_OF_DAY, (msgspec.json.encode(wanted).decode(), code, bizdate)):
                    found[node].append(micros / 1_000_000)
                wanted = [node for node in wanted if len(found.get(node, ())) < RUNS_CONSIDERED]
                if not wanted:
                    break

        self._db.read(work)
        return {node: seconds[:RUNS_CONSIDERED] for node, seconds in found.items()}

    def ran_versions(self, environment: Environment, nodes: Iterable[int]) -> Mapping[int, int]:
        values = (id_list(nodes), ENVIRONMENT.code[environment])
        found = self._db.read(lambda c: raw_connection(c).execute(_RAN_VERSIONS, values).fetchall())
        return {node: version for node, version, _ in found}
