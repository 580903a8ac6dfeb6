"""Reading dates whole: ranges of ids, block by block, straight into tuples."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from taskhouse.domain.bulk import bulk
from taskhouse.domain.instance_graph import EdgeRow
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.recurring import Environment, Priority
from taskhouse.ports.recurring_store import Changes, GraphRows
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import EDGE, ENVIRONMENT
from taskhouse.store.recurring.publications import Publications, id_list
from taskhouse.store.recurring.records import INSTANCE_COLUMNS, NODE_COLUMNS, instance_record, node_record
from taskhouse.store.recurring.rows import STATE_COLUMNS, counter, state_value
from taskhouse.store.recurring.tables import MAY_MOVE

_BLOCKS = """SELECT first_instance, last_instance, first_node, last_node, first_edge, last_edge
    FROM generation_blocks WHERE environment = ? AND bizdate IN (SELECT value FROM json_each(?)) ORDER BY bizdate, first_instance"""
_EDGE_COLUMNS = "id, up, down, kind, via, removed"
_IDS = "IN (SELECT value FROM json_each(?))"


class _Graph:
    """What one reading has found so far."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.instances: list[Any] = []
        self.nodes: list[Any] = []
        self.states: list[NodeState] = []
        self.links: list[tuple[int, int]] = []
        self.edges: list[EdgeRow] = []
        self.removed: list[int] = []
        self.core: frozenset[int] = frozenset()

    def add_block(self, block: Sequence[int]) -> None:
        first_instance, last_instance, first_node, last_node, first_edge, last_edge = block
        instances, nodes, edges = (first_instance, last_instance), (first_node, last_node), (first_edge, last_edge)
        between = "BETWEEN ? AND ?"
        self._add_instances(between, instances)
        self._add_nodes(between, nodes)
        self.links += self.raw.execute(f"SELECT instance, node FROM instance_nodes WHERE instance {between}", instances)
        self._add_edges(f"id {between}", edges)

    def add_outside(self, blocks: Iterable[Sequence[int]]) -> None:
        """Edges that leave the dates, and the nodes at their other ends."""
        core = self.core = frozenset(row[0] for row in self.nodes)
        for _, _, first_node, last_node, _, _ in blocks:
            self._add_edges("crosses = 1 AND up BETWEEN ? AND ?", (first_node, last_node), core)
        self._add_ends()

    def add_around(self, instances: Iterable[int]) -> None:
        """The nodes of these instances with all their edges, and the nodes at the other ends."""
        wanted = (id_list(sorted(set(instances))),)
        self._add_instances(_IDS, wanted)
        statement = f"SELECT DISTINCT node FROM instance_nodes WHERE instance {_IDS}"
        self.core = frozenset(node for (node,) in self.raw.execute(statement, wanted))
        core = (id_list(sorted(self.core)),)
        self._add_nodes(_IDS, core)
        self._add_edges(
            f"id IN (SELECT e.id FROM node_instances AS n CROSS JOIN node_edges AS e "
            f"ON e.id BETWEEN n.first_edge AND n.last_edge WHERE n.id {_IDS})",
            core,
        )
        self._add_edges(f"crosses IN (0, 1) AND up {_IDS}", core, self.core)
        self._add_links(core)
        self._add_ends()

    def _add_ends(self) -> None:
        """What is at the other ends of edges and not read yet."""
        ends = {edge.down for edge in self.edges}
        ends.update(edge.up for edge in self.edges if edge.up is not None)
        outside = ends - self.core
        if outside:
            ids = (id_list(sorted(outside)),)
            self._add_nodes(_IDS, ids)
            self._add_links(ids)

    def _add_links(self, nodes: tuple[str]) -> None:
        """Links of these nodes, and their instances that are not read yet."""
        links = self.raw.execute(f"SELECT instance, node FROM instance_nodes WHERE node {_IDS}", nodes).fetchall()
        self.links += links
        others = {instance for instance, _ in links}.difference(row[0] for row in self.instances)
        self._add_instances(_IDS, (id_list(sorted(others)),))

    def _add_instances(self, where: str, values: tuple[Any, ...]) -> None:
        statement = f"SELECT {INSTANCE_COLUMNS} FROM recurring_instances WHERE id {where}"
        self.instances += self.raw.execute(statement, values)

    def _add_nodes(self, where: str, values: tuple[Any, ...]) -> None:
        self.nodes += self.raw.execute(f"SELECT {NODE_COLUMNS} FROM node_instances WHERE id {where}", values)
        statement = f"SELECT {STATE_COLUMNS} FROM node_states WHERE id {where}"
        self.states += map(state_value, self.raw.execute(statement, values))

    def _add_edges(self, where: str, values: tuple[Any, ...], core: frozenset[int] = frozenset()) -> None:
        kinds, nothing = EDGE.members, ()
        found = self.edges
        for id, up, down, kind, via, removed in self.raw.execute(
            f"SELECT {_EDGE_COLUMNS} FROM node_edges WHERE {where}", values
        ):
            if down in core:
                continue
            found.append(EdgeRow(id, up, down, kinds[kind], tuple(map(int, via.split(","))) if via else nothing))
            if removed is not None:
                self.removed.append(id)


class GraphVerbs:
    _db: Database
    _publications: Publications

    def graph(self, environment: Environment, bizdates: Iterable[date]) -> GraphRows:
        days = (ENVIRONMENT.code[environment], id_list(sorted({day.toordinal() for day in bizdates})))

        def work(found: _Graph) -> None:
            blocks = found.raw.execute(_BLOCKS, days).fetchall()
            for block in blocks:
                found.add_block(block)
            found.add_outside(blocks)

        return self._graph(work)

    def graph_around(self, instances: Iterable[int]) -> GraphRows:
        wanted = list(instances)
        return self._graph(lambda found: found.add_around(wanted))

    def _graph(self, gather: Callable[[_Graph], None]) -> GraphRows:
        @bulk()
        def work(connection: Connection) -> GraphRows:
            raw = raw_connection(connection)
            found = _Graph(raw)
            gather(found)
            known = self._publications.of(
                connection, {row[1] for row in found.instances} | {row[1] for row in found.nodes}
            )
            return GraphRows(
                [instance_record(row, known[row[1]]) for row in found.instances],
                [node_record(row, known[row[1]]) for row in found.nodes],
                found.states,
                found.links,
                found.edges,
                {(p.task.id, p.task.version): p.task for p in known.values()},
                found.core,
                frozenset(found.removed),
                metrics_of(raw, [(row[8], row[8] + len(known[row[1]].task.fields)) for row in found.instances]),
                counter(raw, "change"),
            )

        return self._db.read(work)

    def unfinished(self, environment: Environment) -> Sequence[date]:
        statement = f"""WITH RECURSIVE days (day) AS (
            SELECT min(bizdate) FROM node_states WHERE environment = :e AND ({MAY_MOVE})
            UNION ALL
            SELECT (SELECT min(bizdate) FROM node_states WHERE environment = :e AND ({MAY_MOVE}) AND bizdate > day)
            FROM days WHERE day IS NOT NULL)
            SELECT day FROM days WHERE day IS NOT NULL"""
        values = {"e": ENVIRONMENT.code[environment]}
        found = self._db.read(lambda c: raw_connection(c).execute(statement, values).fetchall())
        return [date.fromordinal(day) for (day,) in found]

    def bizdates_of(self, instances: Iterable[int]) -> Mapping[int, tuple[Environment, date]]:
        statement = f"SELECT id, environment, bizdate FROM recurring_instances WHERE id {_IDS}"
        ids = (id_list(instances),)
        found = self._db.read(lambda c: raw_connection(c).execute(statement, ids).fetchall())
        return {id: (ENVIRONMENT.members[where], date.fromordinal(day)) for id, where, day in found}

    def owners_of(self, nodes: Iterable[int]) -> Mapping[int, int]:
        statement = f"SELECT node, min(instance) FROM instance_nodes WHERE node {_IDS} GROUP BY node"
        ids = (id_list(nodes),)
        return dict(self._db.read(lambda c: raw_connection(c).execute(statement, ids).fetchall()))

    def states(self, nodes: Iterable[int]) -> Sequence[NodeState]:
        """In the order asked; those that do not exist are left out."""
        wanted = list(nodes)
        statement = f"SELECT {STATE_COLUMNS} FROM node_states WHERE id {_IDS}"
        rows = self._db.read(lambda c: raw_connection(c).execute(statement, (id_list(wanted),)).fetchall())
        found = {row[0]: row for row in rows}
        return [state_value(found[node]) for node in wanted if node in found]

    # ---- the feed of changes

    def cursor(self) -> int:
        return self._db.read(lambda c: counter(raw_connection(c), "change"))

    def changes(self, since: int, limit: int = 10_000) -> Changes:
        """A transaction's changes come together: the last one taken comes whole, even beyond `limit`."""

        def work(connection: Connection) -> Changes:
            raw = raw_connection(connection)
            last = counter(raw, "change")
            if since >= last:
                return Changes(last)
            end = _end(raw, since, limit)
            cursor = last if end is None else end
            span = (since, cursor)
            states = f"""SELECT {STATE_COLUMNS} FROM node_states WHERE changed > ? AND changed > 0 AND changed <= ?
                ORDER BY changed, id"""
            return Changes(
                cursor,
                [state_value(row) for row in raw.execute(states, span)],
                [id for (id,) in raw.execute(_REMOVED, span)],
                [(id, Priority(value)) for id, value in raw.execute(_PRIORITIES, span)],
                [(id, Priority(value)) for id, value in raw.execute(_METRICS, span)],
                [(ENVIRONMENT.members[e], date.fromordinal(day)) for e, day in raw.execute(_GENERATED, span)],
                cursor < last,
            )

        return self._db.read(work)


_REMOVED = "SELECT id FROM node_edges WHERE removed IS NOT NULL AND removed > ? AND removed <= ? ORDER BY removed, id"
_PRIORITIES = """SELECT id, manual_priority FROM recurring_instances
    WHERE priority_changed IS NOT NULL AND priority_changed > ? AND priority_changed <= ? ORDER BY priority_changed, id"""
_METRICS = "SELECT field, priority FROM metric_priorities WHERE changed > ? AND changed <= ? ORDER BY changed, field"
_GENERATED = """SELECT DISTINCT environment, bizdate FROM generation_blocks WHERE changed > ? AND changed <= ?
    ORDER BY environment, bizdate"""


def _end(raw: sqlite3.Connection, since: int, limit: int) -> int | None:
    """The number of the change with which `limit` rows of nodes are reached; None when there are not so many."""
    statement = "SELECT changed FROM node_states WHERE changed > ? AND changed > 0 ORDER BY changed LIMIT 1 OFFSET ?"
    found = raw.execute(statement, (since, max(limit, 1) - 1)).fetchone()
    return None if found is None else int(found[0])


def metrics_of(raw: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> dict[int, Priority]:
    """What operators set on metrics, which is little, by field, of the fields in `spans` (first, beyond)."""
    if not spans:
        return {}
    ordered = sorted(spans)
    bounds = (ordered[0][0], ordered[-1][1])
    found: dict[int, Priority] = {}
    for field, value in raw.execute(
        "SELECT field, priority FROM metric_priorities WHERE field >= ? AND field < ?", bounds
    ):
        at = bisect_right(ordered, field, key=lambda span: span[0]) - 1
        if field < ordered[at][1]:
            found[field] = Priority(value)
    return found
