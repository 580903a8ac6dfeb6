"""Forgetting dates: a data timestamp with all that belongs to it, block by block, in one transaction.

A date stays while something of it may still move, and while a kept node waits for one of its nodes, which would otherwise seem to have
succeeded. Edges from what is forgotten to what is kept become edges of the root: they counted as satisfied, and still do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from taskhouse.domain.recurring import EdgeKind, Environment
from taskhouse.domain.status import NodeStatus
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring.codes import EDGE, ENVIRONMENT, STATUS
from taskhouse.store.recurring.tables import MAY_MOVE

_SUCCESS = STATUS.code[NodeStatus.SUCCESS]
_ROOT = EDGE.code[EdgeKind.ROOT]

_OLD = """SELECT DISTINCT bizdate FROM generation_blocks WHERE environment = ? AND bizdate < ? ORDER BY bizdate"""
_BLOCKS = """SELECT first_instance, last_instance, first_node, last_node, first_edge, last_edge, first_field, last_field
    FROM generation_blocks WHERE environment = ? AND bizdate = ?"""
_MOVES = f"SELECT 1 FROM node_states WHERE environment = ? AND bizdate = ? AND ({MAY_MOVE}) LIMIT 1"
_AWAITED = f"""SELECT 1 FROM node_edges AS e CROSS JOIN node_states AS u ON u.id = e.up CROSS JOIN node_states AS d ON d.id = e.down
    WHERE e.crosses = 1 AND e.up BETWEEN ? AND ? AND e.removed IS NULL AND u.status <> {_SUCCESS} AND d.status < {_SUCCESS}
    AND d.bizdate <> u.bizdate LIMIT 1"""
_BY_NODE = (
    "DELETE FROM node_transitions WHERE node BETWEEN ? AND ?",
    "DELETE FROM node_runs WHERE node BETWEEN ? AND ?",
    "DELETE FROM node_states WHERE id BETWEEN ? AND ?",
    "DELETE FROM node_instances WHERE id BETWEEN ? AND ?",
    f"UPDATE node_edges SET up = NULL, via = '', crosses = 0, kind = {_ROOT} WHERE crosses = 1 AND up BETWEEN ? AND ?",
)
_OPERATIONS = """DELETE FROM operation_log
    WHERE id IN (SELECT operation FROM operation_instances WHERE instance BETWEEN :first AND :last)
    AND NOT EXISTS (SELECT 1 FROM json_each(operation_log.instances) AS kept CROSS JOIN recurring_instances AS i ON i.id = kept.value
                    WHERE i.environment <> :environment OR i.bizdate <> :day)"""
"""Those that touched nothing that is kept."""
_BY_INSTANCE = (
    "DELETE FROM operation_instances WHERE instance BETWEEN ? AND ?",
    "DELETE FROM instance_nodes WHERE instance BETWEEN ? AND ?",
    "DELETE FROM instance_lists WHERE id BETWEEN ? AND ?",
    "DELETE FROM recurring_instances WHERE id BETWEEN ? AND ?",
)


class RetentionVerbs:
    _db: Database

    def forget(self, environment: Environment, before: date) -> int:
        where = ENVIRONMENT.code[environment]

        def work(connection: Connection) -> int:
            raw = raw_connection(connection)
            for (day,) in raw.execute(_OLD, (where, before.toordinal())).fetchall():
                blocks = raw.execute(_BLOCKS, (where, day)).fetchall()
                if _may_go(raw, where, day, blocks):
                    return _forget(raw, where, day, blocks)
            return 0

        return self._db.write(work)


def _may_go(raw: sqlite3.Connection, environment: int, day: int, blocks: Sequence[Any]) -> bool:
    if raw.execute(_MOVES, (environment, day)).fetchone() is not None:
        return False
    return all(raw.execute(_AWAITED, block[2:4]).fetchone() is None for block in blocks)


def _forget(raw: sqlite3.Connection, environment: int, day: int, blocks: Sequence[Any]) -> int:
    """How many instances."""
    count = 0
    for block in blocks:
        instances, nodes, edges, fields = block[0:2], block[2:4], block[4:6], block[6:8]
        count += instances[1] - instances[0] + 1
        for statement in _BY_NODE:
            raw.execute(statement, nodes).close()
        raw.execute("DELETE FROM node_edges WHERE id BETWEEN ? AND ?", edges).close()
        raw.execute("DELETE FROM metric_priorities WHERE field BETWEEN ? AND ?", fields).close()
        values = {"first": instances[0], "last": instances[1], "environment": environment, "day": day}
        raw.execute(_OPERATIONS, values).close()
        for statement in _BY_INSTANCE:
            raw.execute(statement, instances).close()
    raw.execute("DELETE FROM generation_blocks WHERE environment = ? AND bizdate = ?", (environment, day)).close()
    return count
