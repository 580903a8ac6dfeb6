"""The rows of an insertion: which instances, nodes and edges of a generated date are new, and what is written for them.

Working them out takes longer than writing them, so it is done on a snapshot, beside other writers; only then the writer is asked,
twice: for ids, and to write. If the date was changed in between, the second time comes to nothing and all begins anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.generation import Edge, Generated, GeneratedInstance
from taskhouse.domain.instance_summary import NodeView, shown_priority, summarise
from taskhouse.domain.node_state import RunStatus, RunTrigger
from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.recurring import EdgeKind, Environment, InstanceKey, NodeKey
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
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
from taskhouse.store.recurring.rows import next_change, take_ids
from taskhouse.store.schema import from_micros, to_micros

_NEW_INSTANCE = f"INSERT INTO recurring_instances VALUES ({', '.join('?' * 15)})"
_NEW_LIST = f"INSERT INTO instance_lists VALUES ({', '.join('?' * 20)})"
_NEW_NODE = f"INSERT INTO node_instances VALUES ({', '.join('?' * 12)})"
_NEW_STATE = f"INSERT INTO node_states VALUES ({', '.join('?' * 23)})"
_NEW_RUN = f"INSERT INTO node_runs VALUES ({', '.join('?' * 14)})"
_NEW_TRANSITION = "INSERT INTO node_transitions VALUES (?, 0, 0, ?, NULL, ?, ?, 1, 0)"
_NEW_LINK = "INSERT INTO instance_nodes VALUES (?, ?, ?)"
_NEW_EDGE = "INSERT INTO node_edges VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)"
_NEW_BLOCK = f"INSERT INTO generation_blocks VALUES ({', '.join('?' * 13)})"
_SHARED = "UPDATE node_states SET alone = 0 WHERE id = ? AND alone <> 0"

_INIT, _SUCCESS = STATUS.code[NodeStatus.INIT], STATUS.code[NodeStatus.SUCCESS]
_SCHEDULE, _DRY = TRIGGER.code[RunTrigger.SCHEDULE], TRIGGER.code[RunTrigger.DRY]
_LOWER = itemgetter(0)
_RAN_WELL = RUN_STATUS.code[RunStatus.SUCCESS]


class _Span(NamedTuple):
    """Consecutive ids, both ends included."""

    first: int
    last: int


_NO_EDGES = _Span(1, 0)


class Birth:
    """One insertion: choose (on a snapshot), `reserve` (the writer), `build` (on a snapshot), `put` (the writer)."""

    def __init__(
        self,
        connection: Connection,
        publications: Publications,
        generated: Generated,
        tasks: Mapping[str, Publication],
        environment: Environment,
        now: datetime,
    ) -> None:
        self._publications = publications
        self._generated = generated
        self._tasks = tasks
        self._environment = ENVIRONMENT.code[environment]
        self._released = RELEASED if environment is Environment.PROD else 0
        self._bizdate = bizdate_of(generated.run_date).toordinal()
        self._now = to_micros(now)
        self._micros: dict[datetime, int] = {}
        self._spans: dict[str, _Span] = {}
        self._instances: dict[tuple[object, ...], tuple[int, int, Publication]] = {}
        """Of new instances: id, first field, publication; filled with earlier ones as edges ask for them."""
        self._nodes: dict[NodeKey, int] = {}
        self._new_nodes: dict[NodeKey, int] = {}
        self._rows: list[tuple[str, list[tuple[Any, ...]]]] = []
        self._shared: list[int] = []
        """Nodes that existed and belong to new instances, too."""
        self._born: dict[tuple[int, tuple[NodeStatus, ...]], tuple[Any, ...]] = {}
        """Summaries by publication and statuses of the nodes."""
        raw = raw_connection(connection)
        self._seen = self._blocks(raw)
        self._new = self._missing_instances(raw)
        self._missing = self._missing_nodes(raw)
        missing = set(self._missing)
        self._edges: list[Edge] = [edge for edge in generated.edges if edge.down in missing]

    @property
    def count(self) -> int:
        """How many instances are new."""
        return len(self._new)

    # ---- what is new

    def _blocks(self, raw: sqlite3.Connection) -> list[Any]:
        """Changes when something is added to the date."""
        statement = "SELECT changed FROM generation_blocks WHERE environment = ? AND bizdate = ?"
        return raw.execute(statement, (self._environment, self._bizdate)).fetchall()

    def _missing_instances(self, raw: sqlite3.Connection) -> list[GeneratedInstance]:
        known = self._known(raw, "recurring_instances", "task")
        every = self._generated.instances
        return [i for i in every if self._key(i.key) not in known] if known else list(every)

    def _missing_nodes(self, raw: sqlite3.Connection) -> list[NodeKey]:
        known = self._known(raw, "node_instances", "node")
        found = []
        for instance in self._new:
            for node in instance.task.nodes:
                key = instance.node_key(node.id)
                if key not in self._nodes:
                    existing = known.get(self._key(key)) if known else None
                    self._nodes[key] = existing or 0
                    if existing is None:
                        found.append(key)
        return found

    def _known(self, raw: sqlite3.Connection, table: str, name: str) -> dict[tuple[str, int, int, str], int]:
        """Natural keys of the date that exist, with their ids."""
        statement = f"SELECT {name}, due_at, origin, backfill, id FROM {table} WHERE environment = ? AND bizdate = ?"
        rows = raw.execute(statement, (self._environment, self._bizdate))
        return {(what, due, origin, backfill): id for what, due, origin, backfill, id in rows}

    def _key(self, key: InstanceKey | NodeKey) -> tuple[str, int, int, str]:
        return (key[0], self._due(key.due_at), ORIGIN.code[key.origin], key.backfill)

    def _due(self, at: datetime) -> int:
        found = self._micros.get(at)
        if found is None:
            found = self._micros[at] = to_micros(at)
        return found

    # ---- ids

    def reserve(self, connection: Connection) -> None:
        raw = raw_connection(connection)
        fields = sum(len(self._tasks[i.key.task].task.fields) for i in self._new)
        counts = {"instance": len(self._new), "node": len(self._missing), "edge": len(self._edges), "field": fields}
        for name, count in counts.items():
            first = take_ids(raw, name, count)
            self._spans[name] = _Span(first, first + count - 1)

    def _number(self) -> None:
        """Ids go by the order of generation."""
        field = self._spans["field"].first
        for id, instance in enumerate(self._new, start=self._spans["instance"].first):
            publication = self._tasks[instance.key.task]
            self._instances[instance.key] = (id, field, publication)
            field += len(publication.task.fields)
        self._new_nodes = {key: id for id, key in enumerate(self._missing, start=self._spans["node"].first)}
        self._nodes.update(self._new_nodes)

    # ---- rows

    def build(self, connection: Connection) -> None:
        self._number()
        self._build_instances()
        self._build_nodes(self._build_edges(connection))

    def put(self, connection: Connection) -> bool:
        """False when the date has changed since it was looked at."""
        raw = raw_connection(connection)
        if self._blocks(raw) != self._seen:
            return False
        for statement, rows in self._rows:
            if rows:
                raw.executemany(statement, rows)
        spans = [at for name in ("instance", "node", "edge", "field") for at in self._spans[name]]
        due = [self._due(instance.due_at) for instance in self._new]
        block = (self._environment, self._bizdate, *spans, min(due), max(due), next_change(raw))
        raw.execute(_NEW_BLOCK, block)
        if self._shared:
            self._follow(connection)
        return True

    def _follow(self, connection: Connection) -> None:
        """New instances of nodes that existed show what became of those since."""
        statement = "SELECT DISTINCT instance FROM instance_nodes WHERE node IN (SELECT value FROM json_each(?))"
        found = raw_connection(connection).execute(statement, (id_list(self._shared),)).fetchall()
        summaries.refresh(connection, self._publications, (id for (id,) in found), from_micros(self._now))

    def _build_instances(self) -> None:
        notices: dict[InstanceKey, list[str]] = {}
        for warning in self._generated.warnings:
            notices.setdefault(warning.instance, []).append(warning.text)
        rows, lists = [], []
        for instance in self._new:
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
                    id,
                    *place,
                    publication.id,
                    task.name,
                    due,
                    BIZ_TYPE.code[task.biz_type],
                    origin,
                    int(shown_priority(task, None, first_field, {})),
                    *self._summary(instance, publication),
                )
            )
        self._rows += [(_NEW_INSTANCE, rows), (_NEW_LIST, lists)]

    def _summary(self, instance: GeneratedInstance, publication: Publication) -> tuple[Any, ...]:
        """Of an instance that runs nothing has begun; of a dry run, nodes that it shares with one that runs have not."""
        statuses: tuple[NodeStatus, ...] = ()
        if instance.dry_run:
            nodes = self._generated.nodes
            statuses = tuple(nodes[instance.node_key(node.id)] for node in instance.task.nodes)
        found = self._born.get((publication.id, statuses))
        if found is None:
            each = statuses or (NodeStatus.INIT,) * len(instance.task.nodes)
            views = [NodeView(status, ran=RunTrigger.DRY if status is NodeStatus.SUCCESS else None) for status in each]
            summary = summarise(publication.shape, views, from_micros(self._now))
            found = self._born[publication.id, statuses] = summaries.columns(summary)
        return found

    def _build_nodes(self, spans: Mapping[int, _Span]) -> None:
        runner: dict[int, tuple[Publication, int]] = {}
        alone: dict[int, int] = {}
        links = []
        for instance in self._new:
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
        for key, id in self._new_nodes.items():
            publication, place = runner[id]
            dry = self._generated.nodes[key] is NodeStatus.SUCCESS
            due, origin = self._due(key.due_at), ORIGIN.code[key.origin]
            edges = spans.get(id, _NO_EDGES)
            rows.append((id, *prefix, key.node, due, origin, key.backfill, publication.id, place, int(dry), *edges))
            status, run, ran = (_SUCCESS, 1, _DRY) if dry else (_INIT, 0, None)
            flags, current_state = self._released, (self._now, _SCHEDULE, current, 0, 0, 0)
            state = (id, *prefix, alone[id], status, 0, flags, 0, 0, None, None, run, ran, None, "", None, None)
            states.append((*state, *current_state))
            if dry:
                runs.append((id, 1, 0, _DRY, _RAN_WELL, None, None, None, "", "", "", 0, current, ""))
                transitions.append((id, self._now, _SUCCESS, CAUSE.code[Cause.GENERATION]))
        first_new = self._spans["node"].first
        self._shared = [at for at in alone if at < first_new]
        self._rows += [
            (_NEW_NODE, rows),
            (_NEW_STATE, states),
            (_NEW_RUN, runs),
            (_NEW_TRANSITION, transitions),
            (_NEW_LINK, links),
            (_SHARED, [(at,) for at in self._shared]),
        ]

    def _build_edges(self, connection: Connection) -> dict[int, _Span]:
        """In the order of the lower nodes. Returns the first and last edge of each node."""
        lower = self._new_nodes
        chosen = sorted(((lower[edge.down], edge) for edge in self._edges), key=_LOWER)
        self._look_up(connection, (edge.up for _, edge in chosen))
        nodes = self._nodes
        rows: list[tuple[Any, ...]] = []
        spans: dict[int, _Span] = {}
        for id, (down, (up, _, kind, via)) in enumerate(chosen, start=self._spans["edge"].first):
            above = None if up is None else nodes.get(up)
            code = EDGE.code[EdgeKind.ROOT if above is None else kind]
            crosses = int(above is not None and up not in lower)
            text = ",".join(map(str, self._fields(connection, up, via))) if via and up is not None and above else ""
            rows.append((id, above, down, code, crosses, text))
            spans[down] = _Span(spans[down].first if down in spans else id, id)
        self._rows.append((_NEW_EDGE, rows))
        return spans

    def _look_up(self, connection: Connection, keys: Iterable[NodeKey | None]) -> None:
        """Nodes of other dates, and of this one that existed. One whose instance is not kept any more counts as satisfied: its edge
        comes from the root."""
        statement = """SELECT id FROM node_instances
            WHERE environment = ? AND bizdate = ? AND node = ? AND due_at = ? AND origin = ? AND backfill = ?"""
        raw = raw_connection(connection)
        for key in dict.fromkeys(keys):
            if key is None or self._nodes.get(key):
                continue
            values = (
                ENVIRONMENT.code[key.environment],
                key.bizdate.toordinal(),
                key.node,
                self._due(key.due_at),
                ORIGIN.code[key.origin],
                key.backfill,
            )
            found = raw.execute(statement, values).fetchone()
            if found is not None:
                self._nodes[key] = found[0]

    def _fields(self, connection: Connection, up: NodeKey, via: Iterable[tuple[str, str]]) -> list[int]:
        found = []
        for task, name in via:
            key = (task, *up[1:])  # equals the InstanceKey and is quicker to make
            instance = self._instances.get(key) or self._earlier_instance(connection, InstanceKey(*key))
            if instance is not None:
                _, first_field, publication = instance
                place = publication.field_places.get(name)
                if place is not None:
                    found.append(first_field + place)
        return found

    def _earlier_instance(self, connection: Connection, key: InstanceKey) -> tuple[int, int, Publication] | None:
        statement = """SELECT id, first_field, publication FROM recurring_instances
            WHERE environment = ? AND bizdate = ? AND task = ? AND due_at = ? AND origin = ? AND backfill = ?"""
        environment, origin = ENVIRONMENT.code[key.environment], ORIGIN.code[key.origin]
        due = self._due(key.due_at)
        values = (environment, key.bizdate.toordinal(), key.task, due, origin, key.backfill)
        row = raw_connection(connection).execute(statement, values).fetchone()
        if row is None:
            return None
        publication = self._publications.of(connection, [row[2]])[row[2]]
        self._instances[key] = (row[0], row[1], publication)
        return self._instances[key]
