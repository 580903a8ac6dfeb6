"""Storing a generated date: what is missing of it, as one block of consecutive ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.generation import Generated, GeneratedInstance
from taskhouse.domain.instance_summary import NodeView, shown_priority, summarise
from taskhouse.domain.node_state import RunStatus, RunTrigger
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import EdgeKind, Environment, InstanceKey, NodeKey, Origin
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.ports.recurring_store import InstanceRecord
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring import summaries
from taskhouse.store.recurring.codes import (
    BIZ_TYPE,
    CAUSE,
    CODE,
    EDGE,
    ENVIRONMENT,
    ORIGIN,
    RELEASED,
    RUN_STATUS,
    STATUS,
    TRIGGER,
)
from taskhouse.store.recurring.publications import Publication, Publications, id_list
from taskhouse.store.recurring.records import INSTANCE_COLUMNS, instance_record
from taskhouse.store.recurring.rows import counter, next_change, take_ids
from taskhouse.store.schema import from_micros, to_micros

_NEW_INSTANCE = f"INSERT INTO recurring_instances VALUES ({', '.join('?' * 15)})"
_NEW_LIST = f"INSERT INTO instance_lists VALUES ({', '.join('?' * 20)})"
_NEW_NODE = f"INSERT INTO node_instances VALUES ({', '.join('?' * 12)})"
_NEW_STATE = f"INSERT INTO node_states VALUES ({', '.join('?' * 23)})"
_NEW_RUN = f"INSERT INTO node_runs VALUES ({', '.join('?' * 14)})"
_NEW_TRANSITION = "INSERT INTO node_transitions VALUES (?, 0, 0, ?, NULL, ?, ?, 1, 0)"
_NEW_LINK = "INSERT INTO instance_nodes VALUES (?, ?, ?)"
_NEW_EDGE = "INSERT INTO node_edges VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)"
_NEW_BLOCK = f"INSERT INTO generation_blocks VALUES ({', '.join('?' * 11)})"
_SHARED = "UPDATE node_states SET alone = 0 WHERE id = ? AND alone <> 0"

_INIT, _SUCCESS = STATUS.code[NodeStatus.INIT], STATUS.code[NodeStatus.SUCCESS]
_SCHEDULE, _DRY = TRIGGER.code[RunTrigger.SCHEDULE], TRIGGER.code[RunTrigger.DRY]
_FIRST = itemgetter(0)
_RAN_WELL = RUN_STATUS.code[RunStatus.SUCCESS]


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
        def work(connection: Connection) -> int:
            used = {name: tasks[name] for name in dict.fromkeys(i.key.task for i in generated.instances)}
            publications = self._publications.by_version(connection, environment, used)
            birth = _Birth(connection, self._publications, generated, publications, environment, now)
            added = birth.store()
            if complete:
                day = (ENVIRONMENT.code[environment], generated.run_date.toordinal(), to_micros(now))
                raw_connection(connection).execute("INSERT OR IGNORE INTO generation_dates VALUES (?, ?, ?)", day)
            return added

        return self._db.write(work)


class _Birth:
    """One insertion. Everything that exists of the date is read once, everything new is written by one statement a table."""

    def __init__(
        self,
        connection: Connection,
        publications: Publications,
        generated: Generated,
        tasks: Mapping[str, Publication],
        environment: Environment,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._raw: sqlite3.Connection = raw_connection(connection)
        self._publications = publications
        self._generated = generated
        self._tasks = tasks
        self._environment = ENVIRONMENT.code[environment]
        self._released = RELEASED if environment is Environment.PROD else 0
        self._bizdate = bizdate_of(generated.run_date).toordinal()
        self._now = to_micros(now)
        self._micros: dict[datetime, int] = {}
        self._instances: dict[InstanceKey, tuple[int, int, Publication]] = {}
        """Of new instances: id, first field, publication; filled with earlier ones as edges ask for them."""
        self._nodes: dict[NodeKey, int] = {}
        self._born: dict[tuple[int, tuple[NodeStatus, ...]], tuple[Any, ...]] = {}
        """Summaries by publication and statuses of the nodes."""

    def store(self) -> int:
        new = self._new_instances()
        if not new:
            return 0
        new_nodes = self._new_nodes(new)
        self._put_instances(new)
        first_edge, spans = self._put_edges(new_nodes)
        self._put_nodes(new_nodes, new, spans)
        ids = [self._instances[instance.key] for instance in new]
        fields = [(first, first + len(p.task.fields) - 1) for _, first, p in ids]
        block = (
            self._environment,
            self._bizdate,
            min(id for id, _, _ in ids),
            max(id for id, _, _ in ids),
            min(new_nodes.values(), default=counter(self._raw, "node") + 1),
            counter(self._raw, "node"),
            first_edge,
            counter(self._raw, "edge"),
            min(first for first, _ in fields),
            max(last for _, last in fields),
            next_change(self._raw),
        )
        self._raw.execute(_NEW_BLOCK, block)
        return len(new)

    # ---- what is new

    def _new_instances(self) -> list[GeneratedInstance]:
        """In order of id, which is that of generation."""
        known = self._known("recurring_instances", "task")
        new = [i for i in self._generated.instances if self._key(i.key) not in known] if known else None
        chosen = list(self._generated.instances) if new is None else new
        first = take_ids(self._raw, "instance", len(chosen))
        fields = sum(len(self._tasks[i.key.task].task.fields) for i in chosen)
        field = take_ids(self._raw, "field", fields)
        for id, instance in enumerate(chosen, start=first):
            publication = self._tasks[instance.key.task]
            self._instances[instance.key] = (id, field, publication)
            field += len(publication.task.fields)
        return chosen

    def _new_nodes(self, new: Sequence[GeneratedInstance]) -> dict[NodeKey, int]:
        known = self._known("node_instances", "node")
        chosen = []
        for instance in new:
            for node in instance.task.nodes:
                key = instance.node_key(node.id)
                if key not in self._nodes:
                    existing = known.get(self._key(key)) if known else None
                    self._nodes[key] = existing or 0
                    if existing is None:
                        chosen.append(key)
        first = take_ids(self._raw, "node", len(chosen))
        found = {key: id for id, key in enumerate(chosen, start=first)}
        self._nodes.update(found)
        return found

    def _known(self, table: str, name: str) -> dict[tuple[str, int, int, str], int]:
        """Natural keys of the date that exist, with their ids."""
        statement = f"SELECT {name}, due_at, origin, backfill, id FROM {table} WHERE environment = ? AND bizdate = ?"
        rows = self._raw.execute(statement, (self._environment, self._bizdate))
        return {(what, due, origin, backfill): id for what, due, origin, backfill, id in rows}

    def _key(self, key: InstanceKey | NodeKey) -> tuple[str, int, int, str]:
        return (key[0], self._due(key.due_at), ORIGIN.code[key.origin], key.backfill)

    def _due(self, at: datetime) -> int:
        found = self._micros.get(at)
        if found is None:
            found = self._micros[at] = to_micros(at)
        return found

    # ---- writing

    def _put_instances(self, new: Sequence[GeneratedInstance]) -> None:
        notices: dict[InstanceKey, list[str]] = {}
        for warning in self._generated.warnings:
            notices.setdefault(warning.instance, []).append(warning.text)
        rows, lists = [], []
        for instance in new:
            key = instance.key
            id, first_field, publication = self._instances[key]
            words = notices.get(key)
            place = (self._environment, self._bizdate)
            origin = ORIGIN.code[key.origin]
            due = self._due(key.due_at)
            rows.append(
                (
                    id,
                    *place,
                    key.task,
                    due,
                    origin,
                    key.backfill,
                    publication.id,
                    instance.index,
                    first_field,
                    int(instance.dry_run),
                    None,
                    None,
                    self._now,
                    msgspec.json.encode(words).decode() if words else "",
                )
            )
            task = publication.task
            lists.append(
                (
                    *place,
                    id,
                    publication.id,
                    task.name,
                    due,
                    BIZ_TYPE.code[task.biz_type],
                    origin,
                    int(shown_priority(task, None, first_field, {})),
                    *self._summary(instance, publication),
                )
            )
        self._raw.executemany(_NEW_INSTANCE, rows)
        self._raw.executemany(_NEW_LIST, lists)

    def _summary(self, instance: GeneratedInstance, publication: Publication) -> tuple[Any, ...]:
        views = []
        for node in instance.task.nodes:
            key = instance.node_key(node.id)
            status = self._generated.nodes[key]
            views.append(NodeView(status, ran=RunTrigger.DRY if status is NodeStatus.SUCCESS else None))
        kept = (publication.id, tuple(view.status for view in views))
        found = self._born.get(kept)
        if found is None:
            summary = summarise(publication.shape, views, from_micros(self._now))
            found = self._born[kept] = summaries.columns(summary)
        return found

    def _put_nodes(
        self,
        new_nodes: Mapping[NodeKey, int],
        new: Sequence[GeneratedInstance],
        spans: Mapping[int, tuple[int, int]],
    ) -> None:
        runner: dict[int, tuple[Publication, int]] = {}
        alone: dict[int, int] = {}
        links = []
        for instance in new:
            id, _, publication = self._instances[instance.key]
            solitary = len(instance.task.nodes) == 1 and not publication.task.fields
            for node in instance.task.nodes:
                place = publication.node_places[node.id]
                at = self._nodes[instance.node_key(node.id)]
                links.append((id, place, at))
                if at in alone:
                    alone[at] = 0
                else:
                    alone[at] = id if solitary else 0
                first = runner.get(at)
                if first is None or publication.task.id < first[0].task.id:
                    runner[at] = (publication, place)
        states, rows, runs, transitions = [], [], [], []
        prefix = (self._environment, self._bizdate)
        current = CODE.code[CodeChoice.CURRENT]
        for key, id in new_nodes.items():
            publication, place = runner[id]
            dry = self._generated.nodes[key] is NodeStatus.SUCCESS
            due, origin = self._due(key.due_at), ORIGIN.code[key.origin]
            edges = spans.get(id, (1, 0))
            rows.append((id, *prefix, key.node, due, origin, key.backfill, publication.id, place, int(dry), *edges))
            status, run, ran = (_SUCCESS, 1, _DRY) if dry else (_INIT, 0, None)
            flags, current_state = self._released, (self._now, _SCHEDULE, current, 0, 0, 0)
            state = (id, *prefix, alone[id], status, 0, flags, 0, 0, None, None, run, ran, None, "", None, None)
            states.append((*state, *current_state))
            if dry:
                runs.append((id, 1, 0, _DRY, _RAN_WELL, None, None, None, "", "", "", 0, current, ""))
                transitions.append((id, self._now, _SUCCESS, CAUSE.code[Cause.GENERATION]))
        new_ids = set(new_nodes.values())
        shared_before = [(at,) for at in alone if at not in new_ids]
        self._raw.executemany(_NEW_NODE, rows)
        self._raw.executemany(_NEW_STATE, states)
        self._raw.executemany(_NEW_RUN, runs)
        self._raw.executemany(_NEW_TRANSITION, transitions)
        self._raw.executemany(_NEW_LINK, links)
        self._raw.executemany(_SHARED, shared_before)
        if shared_before:
            self._follow(at for (at,) in shared_before)

    def _follow(self, shared: Iterable[int]) -> None:
        """New instances of nodes that existed show what became of those since."""
        statement = "SELECT DISTINCT instance FROM instance_nodes WHERE node IN (SELECT value FROM json_each(?))"
        found = self._raw.execute(statement, (id_list(shared),)).fetchall()
        summaries.refresh(self._connection, self._publications, (id for (id,) in found), from_micros(self._now))

    def _put_edges(self, new_nodes: Mapping[NodeKey, int]) -> tuple[int, dict[int, tuple[int, int]]]:
        """In the order of the lower nodes. Returns the first id, and the first and last of each node."""
        chosen = [(new_nodes[edge.down], edge) for edge in self._generated.edges if edge.down in new_nodes]
        chosen.sort(key=_FIRST)
        self._look_up(key for _, edge in chosen if (key := edge.up) is not None and not self._nodes.get(key))
        first = take_ids(self._raw, "edge", len(chosen))
        nodes = self._nodes
        rows = []
        spans: dict[int, tuple[int, int]] = {}
        for id, (down, (up, _, kind, via)) in enumerate(chosen, start=first):
            above = None if up is None else nodes.get(up)
            code = EDGE.code[EdgeKind.ROOT if above is None else kind]
            crosses = int(above is not None and up not in new_nodes)
            text = ",".join(map(str, self._fields(up, via))) if via and up is not None and above is not None else ""
            rows.append((id, above, down, code, crosses, text))
            spans[down] = (spans[down][0] if down in spans else id, id)
        self._raw.executemany(_NEW_EDGE, rows)
        return first, spans

    def _look_up(self, keys: Iterable[NodeKey]) -> None:
        """Nodes of other dates, and of this one that existed. One whose instance is not kept any more counts as satisfied: its edge
        comes from the root."""
        statement = """SELECT id FROM node_instances
            WHERE environment = ? AND bizdate = ? AND node = ? AND due_at = ? AND origin = ? AND backfill = ?"""
        for key in dict.fromkeys(keys):
            values = (
                ENVIRONMENT.code[key.environment],
                key.bizdate.toordinal(),
                key.node,
                self._due(key.due_at),
                ORIGIN.code[key.origin],
                key.backfill,
            )
            found = self._raw.execute(statement, values).fetchone()
            if found is not None:
                self._nodes[key] = found[0]

    def _fields(self, up: NodeKey, via: Iterable[tuple[str, str]]) -> list[int]:
        found = []
        for task, name in via:
            key = InstanceKey(task, *up[1:])
            instance = self._instances.get(key) or self._earlier_instance(key)
            if instance is not None:
                _, first_field, publication = instance
                place = publication.field_places.get(name)
                if place is not None:
                    found.append(first_field + place)
        return found

    def _earlier_instance(self, key: InstanceKey) -> tuple[int, int, Publication] | None:
        statement = """SELECT id, first_field, publication FROM recurring_instances
            WHERE environment = ? AND bizdate = ? AND task = ? AND due_at = ? AND origin = ? AND backfill = ?"""
        environment, origin = ENVIRONMENT.code[key.environment], ORIGIN.code[key.origin]
        due = self._due(key.due_at)
        values = (environment, key.bizdate.toordinal(), key.task, due, origin, key.backfill)
        row = self._raw.execute(statement, values).fetchone()
        if row is None:
            return None
        publication = self._publications.of(self._connection, [row[2]])[row[2]]
        self._instances[key] = (row[0], row[1], publication)
        return self._instances[key]
