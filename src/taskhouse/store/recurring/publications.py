"""Published tasks: one JSON document a version, written once and read once for as long as it stays in the cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance_summary import TaskShape, owners_of, projects_of
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import BIZ_TYPE, CYCLE, ENVIRONMENT, KIND
from taskhouse.store.schema import to_micros

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(PublishedTask)
CACHED = 20_000
"""Publications kept in memory, the least recently used go first."""

_NEW = """INSERT INTO published_tasks
    (environment, task, version, search_name, biz_type, kind, cycle, current, published_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)"""
_LAST_VERSIONS = """SELECT task, max(version) FROM published_tasks
    WHERE environment = ? AND task IN (SELECT value FROM json_each(?)) GROUP BY task"""
_END = "UPDATE published_tasks SET current = 0 WHERE environment = ? AND task = ? AND current = 1"


def task_text(task: PublishedTask) -> str:
    return _ENCODER.encode(task).decode()


def read_task(text: str) -> PublishedTask:
    return _DECODER.decode(text)


class Publication:
    """A version of a task with what rows of its instances are made from. `id` is the number that they refer to."""

    __slots__ = ("field_places", "id", "node_places", "owners", "shape", "task")

    def __init__(self, id: int, task: PublishedTask) -> None:
        self.id = id
        self.task = task
        self.shape = TaskShape(task)
        self.owners = owners_of(task)
        self.field_places = {f.name: place for place, f in enumerate(task.fields)}
        self.node_places = {node.id: place for place, node in enumerate(task.nodes)}


class Publications:
    """The cache. A publication never changes, so what is in it is never stale. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[int, Publication] = OrderedDict()

    def of(self, connection: Connection, ids: Iterable[int]) -> dict[int, Publication]:
        wanted = set(ids)
        found: dict[int, Publication] = {}
        with self._lock:
            for id in wanted:
                known = self._found.get(id)
                if known is not None:
                    self._found.move_to_end(id)
                    found[id] = known
        missing = wanted - found.keys()
        if missing:
            statement = "SELECT id, document FROM published_documents WHERE id IN (SELECT value FROM json_each(?))"
            for id, document in raw_connection(connection).execute(statement, (id_list(missing),)):
                found[id] = Publication(id, read_task(document))
            self._keep(found[id] for id in missing if id in found)
        return found

    def _keep(self, publications: Iterable[Publication]) -> None:
        with self._lock:
            for publication in publications:
                self._found[publication.id] = publication
            while len(self._found) > CACHED:
                self._found.popitem(last=False)

    def by_version(
        self, connection: Connection, environment: Environment, tasks: Mapping[str, PublishedTask]
    ) -> dict[str, Publication]:
        """The publications of tasks at the versions that they carry. Raises `Fault` (INVALID_STATE) for one that was never published."""
        statement = """SELECT p.task, p.id FROM json_each(?) AS wanted CROSS JOIN published_tasks AS p
            ON p.environment = ? AND p.task = wanted.key AND p.version = wanted.value"""
        versions = msgspec.json.encode({name: task.version for name, task in tasks.items()}).decode()
        ids = dict(raw_connection(connection).execute(statement, (versions, ENVIRONMENT.code[environment])).fetchall())
        for name, task in tasks.items():
            if name not in ids:
                message = f"version {task.version} of task '{name}' was never published in {environment.value}"
                raise Fault(FaultCode.INVALID_STATE, f"{message}; publish it before its instances are generated")
        known = self.of(connection, ids.values())
        return {name: known[id] for name, id in ids.items()}


class PublicationVerbs:
    _db: Database
    _publications: Publications
    _current: dict[Environment, tuple[int, Mapping[str, PublishedTask]]]

    def publish(
        self,
        environment: Environment,
        tasks: Sequence[PublishedTask],
        retired: Sequence[str],
        now: datetime,
        *,
        expected: int,
    ) -> int:
        where = ENVIRONMENT.code[environment]

        def work(connection: Connection) -> int:
            raw = raw_connection(connection)
            revision = _revision(connection, where)
            if revision != expected:
                message = f"the definitions of {environment.value} were published again meanwhile (revision {revision}, not {expected}); plan anew"
                raise Fault(FaultCode.INVALID_STATE, message)
            names = msgspec.json.encode([task.id for task in tasks]).decode()
            last = dict(raw.execute(_LAST_VERSIONS, (where, names)).fetchall())
            raw.executemany(_END, [(where, name) for name in last])
            for task in tasks:
                version = last[task.id] = last.get(task.id, 0) + 1
                _insert(connection, replace(task, version=version), where, to_micros(now))
            raw.executemany(_END, [(where, name) for name in retired])
            raw.execute("INSERT OR REPLACE INTO published_revisions VALUES (?, ?)", (where, revision + 1))
            return revision + 1

        return self._db.write(work)

    def published(self, environment: Environment) -> tuple[int, Mapping[str, PublishedTask]]:
        where = ENVIRONMENT.code[environment]

        def work(connection: Connection) -> tuple[int, Mapping[str, PublishedTask]]:
            revision = _revision(connection, where)
            kept = self._current.get(environment)
            if kept is not None and kept[0] == revision:
                return kept
            statement = "SELECT id FROM published_tasks WHERE environment = ? AND current = 1"
            ids = [id for (id,) in raw_connection(connection).execute(statement, (where,))]
            tasks = (p.task for p in self._publications.of(connection, ids).values())
            kept = (revision, {task.id: task for task in sorted(tasks, key=lambda task: task.id)})
            self._current[environment] = kept
            return kept

        return self._db.read(work)

    def current(self, environment: Environment, tasks: Iterable[str]) -> Mapping[str, PublishedTask]:
        statement = """SELECT p.id FROM json_each(?) AS wanted CROSS JOIN published_tasks AS p
            ON p.environment = ? AND p.task = wanted.value AND p.current = 1"""
        names = msgspec.json.encode(list(dict.fromkeys(tasks))).decode()
        found = self._read(statement, (names, ENVIRONMENT.code[environment]))
        return {task.id: task for task in found}

    def versions(
        self, environment: Environment, wanted: Iterable[tuple[str, int]]
    ) -> Mapping[tuple[str, int], PublishedTask]:
        statement = """SELECT p.id FROM json_each(?) AS wanted CROSS JOIN published_tasks AS p
            ON p.environment = ? AND p.task = json_extract(wanted.value, '$[0]') AND p.version = json_extract(wanted.value, '$[1]')"""
        pairs = msgspec.json.encode(list(dict.fromkeys(wanted))).decode()
        found = self._read(statement, (pairs, ENVIRONMENT.code[environment]))
        return {(task.id, task.version): task for task in found}

    def task_version(self, environment: Environment, task: str, version: int) -> PublishedTask | None:
        return next((found for found in self._versions(environment, task, version)), None)

    def task_versions(self, environment: Environment, task: str) -> Sequence[PublishedTask]:
        return self._versions(environment, task, None)

    def _versions(self, environment: Environment, task: str, version: int | None) -> list[PublishedTask]:
        statement = """SELECT id FROM published_tasks WHERE environment = ? AND task = ? AND (? IS NULL OR version = ?)
            ORDER BY version DESC"""
        return self._read(statement, (ENVIRONMENT.code[environment], task, version, version))

    def _read(self, statement: str, values: tuple[object, ...]) -> list[PublishedTask]:
        """The publications whose ids `statement` selects, in its order."""

        def work(connection: Connection) -> list[PublishedTask]:
            ids = [id for (id,) in raw_connection(connection).execute(statement, values)]
            known = self._publications.of(connection, ids)
            return [known[id].task for id in ids]

        return self._db.read(work)


def _revision(connection: Connection, environment: int) -> int:
    statement = "SELECT revision FROM published_revisions WHERE environment = ?"
    found = raw_connection(connection).execute(statement, (environment,)).fetchone()
    return 0 if found is None else int(found[0])


def _insert(connection: Connection, task: PublishedTask, environment: int, now: int) -> None:
    values = (
        environment,
        task.id,
        task.version,
        task.name.lower(),
        BIZ_TYPE.code[task.biz_type],
        KIND.optional(task.kind),
        CYCLE.code[task.schedule.cycle],
        now,
    )
    raw = raw_connection(connection)
    id = raw.execute(_NEW, values).lastrowid
    raw.execute("INSERT INTO published_documents VALUES (?, ?)", (id, task_text(task)))
    labels = [("owner", owner) for owner in owners_of(task)]
    labels += [("project", project) for project in projects_of(task)]
    labels += [("tag", tag) for tag in dict.fromkeys(task.tags)]
    raw.executemany("INSERT INTO published_labels VALUES (?, ?, ?)", [(*label, id) for label in labels])


def id_list(ids: Iterable[int]) -> str:
    """Ids as a JSON array, for `IN (SELECT value FROM json_each(?))`: one statement for any number of them."""
    return "[" + ",".join(map(str, ids)) + "]"
