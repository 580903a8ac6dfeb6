"""A home with a million recurring instances, in a minute: one date is generated for real, the others are copies of its rows.

    python -m benchmarks.seeded_instances HOME [--instances 1000000] [--tasks 10000] [--last 20260301]

Seven in ten tasks are scripts, the others logical tables of three nodes; four projects, a hundred owners, some tags. Of each date nine in ten
instances have succeeded, the others failed or wait, run or have not run; of the last date a third has not run. All nodes of an instance have
fared alike, so that what lists keep of it is right.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import time as clock
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from taskhouse.domain.calendar import read_bizdate, run_date_of
from taskhouse.domain.dependency import ROOT, Dependency
from taskhouse.domain.generation import generate
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Priority, TableKind
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from taskhouse.home import DATABASE
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.recurring import SqlRecurringStore
from taskhouse.store.recurring.codes import STATUS
from taskhouse.store.recurring.summaries import CLASSES, STATUS_ORDERS, WAITING_BIT

PROJECTS = ("shop", "pay", "ads", "web")
NODES_OF_A_TABLE = 3
_DAY = 86_400_000_000
_EXECUTABLE = (NodeStatus.FAILED, NodeStatus.RUNNING, NodeStatus.WAIT_RESOURCE, NodeStatus.INIT)


def tasks(count: int, seed: int = 1) -> list[PublishedTask]:
    """Each depends on up to three earlier ones."""
    chance = random.Random(seed)
    found: list[PublishedTask] = []
    for at in range(count):
        project = chance.choice(PROJECTS)
        name, id = f"t{at:05}", f"{project}.t{at:05}"
        ups = [found[n] for n in chance.sample(range(max(0, at - 500), at), min(at, 3))] if at >= 20 else []
        dependencies = tuple(Dependency(up.id) for up in ups) or (Dependency(ROOT),)
        is_script = chance.random() < 0.7
        program = Program(ProgramKind.SQL, f"insert overwrite table {name} select 1 as x", project)
        parts = 1 if is_script else NODES_OF_A_TABLE
        reads = {up.id: frozenset[str]() for up in ups}
        nodes = tuple(
            PublishedNode(
                id if is_script else f"{id}_{n}",
                name if is_script else f"{name}_{n}",
                program,
                () if is_script else (f"a{n}", f"b{n}"),
                reads=reads,
            )
            for n in range(parts)
        )
        found.append(
            PublishedTask(
                id,
                name,
                project,
                Environment.PROD,
                BizType.SCRIPT if is_script else BizType.LOGICAL_TABLE,
                Schedule(Cycle.DAY, time(chance.randrange(6), chance.randrange(60))),
                nodes,
                kind=None if is_script else chance.choice(list(TableKind)),
                fields=tuple(PublishedField(name) for node in nodes for name in node.values),
                dependencies=dependencies,
                priority=chance.choice(list(Priority)),
                owners=(f"user{chance.randrange(100):02}",),
                tags=(f"tag{chance.randrange(10)}",) if chance.random() < 0.3 else (),
            )
        )
    return found


def seed(database: Database, instances: int, task_count: int, last: date) -> None:
    """The first of the data timestamps up to `last` that `instances` of `task_count` tasks need."""
    store = SqlRecurringStore(database)
    dates = max(1, round(instances / task_count))
    first = last - timedelta(days=dates - 1)
    published_at = datetime.combine(first, time(), UTC) - timedelta(days=1)
    store.publish(Environment.PROD, tasks(task_count), (), published_at, expected=0)
    _, published = store.published(Environment.PROD)
    made = generate(run_date_of(first), [task.blueprint() for task in published.values()], UTC)
    store.insert(made, published, Environment.PROD, published_at)


def multiply(path: Path, instances: int, task_count: int, last: date) -> None:
    """Make the other dates, in a file that nobody else has open: without a journal, and indexes last."""
    raw = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=MEMORY", "cache_size=-200000"):
        raw.execute(f"PRAGMA {pragma}")
    names = ", ".join(f"'{table}'" for table in _COPIED)
    chosen = f"type = 'index' AND sql IS NOT NULL AND tbl_name IN ({names})"
    indexes = raw.execute(f"SELECT name, sql FROM sqlite_master WHERE {chosen}").fetchall()
    raw.execute("BEGIN")
    for name, _ in indexes:
        raw.execute(f"DROP INDEX {name}")
    _copy(raw, max(1, round(instances / task_count)))
    raw.execute("CREATE INDEX of_node ON instance_nodes (node)")
    _fare(raw, last)
    raw.execute("DROP INDEX of_node")
    for _, text in indexes:
        raw.execute(text)
    raw.execute("COMMIT")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.close()


_COPIED = (
    "recurring_instances",
    "instance_lists",
    "node_instances",
    "node_states",
    "instance_nodes",
    "node_edges",
    "node_runs",
)


def _copy(raw: sqlite3.Connection, dates: int) -> None:
    """The first date again, `dates - 1` times, each a day later and with ids of its own. Edges stay inside their date."""
    counts = dict(raw.execute("SELECT name, value FROM recurring_counters").fetchall())
    node, edge, instance, field = (counts[name] for name in ("node", "edge", "instance", "field"))
    for k in range(1, dates):
        shift = {"i": k * instance, "n": k * node, "e": k * edge, "f": k * field, "d": k, "t": k * _DAY}
        last = {"last_i": instance, "last_n": node, "last_e": edge}
        for statement in _COPIES:
            raw.execute(statement, shift | last)
    for name in ("node", "edge", "instance", "field"):
        raw.execute("UPDATE recurring_counters SET value = value * ? WHERE name = ?", (dates, name))


_COPIES = (
    """INSERT INTO recurring_instances SELECT id + :i, environment, bizdate + :d, task, due_at + :t, origin, backfill, publication,
    idx, first_field + :f, dry_run, NULL, NULL, generated_at + :t, notices FROM recurring_instances WHERE id <= :last_i""",
    """INSERT INTO instance_lists SELECT id + :i, environment, bizdate + :d, publication, name, due_at + :t, biz_type, origin, priority,
    urgency, 0, 0, NULL, NULL, NULL, fields, nodes, 0, retries, 0 FROM instance_lists WHERE id <= :last_i""",
    """INSERT INTO node_instances SELECT id + :n, environment, bizdate + :d, node, due_at + :t, origin, backfill, publication, place,
    dry_run, first_edge + :e, last_edge + :e FROM node_instances WHERE id <= :last_n""",
    """INSERT INTO node_states SELECT id + :n, environment, bizdate + :d, CASE alone WHEN 0 THEN 0 ELSE alone + :i END, status, 0, flags,
    0, 0, NULL, NULL, 0, NULL, NULL, '', NULL, NULL, since + :t, "trigger", code, 0, 0, 0 FROM node_states WHERE id <= :last_n""",
    """INSERT INTO instance_nodes SELECT instance + :i, place, node + :n FROM instance_nodes WHERE instance <= :last_i""",
    """INSERT INTO node_edges SELECT id + :e, up + :n, down + :n, kind, 0, '', NULL, NULL FROM node_edges WHERE id <= :last_e""",
    """INSERT INTO generation_blocks SELECT environment, bizdate + :d, first_instance + :i, last_instance + :i, first_node + :n,
    last_node + :n, first_edge + :e, last_edge + :e, first_field + :f, last_field + :f, first_due + :t, last_due + :t, changed
    FROM generation_blocks WHERE first_instance = 1""",
    "INSERT INTO generation_dates SELECT environment, run_date + :d, at + :t FROM generation_dates ORDER BY run_date LIMIT 1",
)


def _fare(raw: sqlite3.Connection, last: date) -> None:
    """How each instance fared, by a number from 0 to 999 that its id gives."""
    raw.execute(
        "CREATE TEMP TABLE fates (least INTEGER, below INTEGER, status INTEGER, urgency INTEGER, waiting INTEGER, one TEXT)"
    )
    bounds = [(900, 970), (970, 980), (980, 990), (990, 1000)]
    rows = [(0, 900, NodeStatus.SUCCESS), *((*span, status) for span, status in zip(bounds, _EXECUTABLE, strict=True))]
    for least, below, status in rows:
        code = STATUS.code[status]
        one = "".join("1" if cls is status.status_class else "0" for cls in CLASSES)
        raw.execute(
            "INSERT INTO fates VALUES (?, ?, ?, ?, ?, ?)",
            (least, below, code, STATUS_ORDERS[code], WAITING_BIT[status], one),
        )
    raw.execute(
        "CREATE TEMP TABLE fared (id INTEGER PRIMARY KEY, status INTEGER, urgency INTEGER, waiting INTEGER, one TEXT, started_at INTEGER, ended_at INTEGER)"
    )
    values = {"last": last.toordinal(), "init": STATUS.code[NodeStatus.INIT], "minute": 60_000_000}
    raw.execute(
        """INSERT INTO fared SELECT id, status, urgency, waiting, one,
        CASE WHEN status >= 5 THEN due_at + (id * 7919 % 3600) * 1000003 END,
        CASE WHEN status >= 6 THEN due_at + (id * 7919 % 3600) * 1000003 + (1 + id * 104729 % 40) * :minute END
        FROM (SELECT r.id, r.due_at, f.* FROM recurring_instances AS r JOIN fates AS f
              ON (CASE WHEN r.bizdate = :last AND r.id % 3 = 0 THEN 999 ELSE r.id * 2654435761 / 65536 % 1000 END) >= f.least
              AND (CASE WHEN r.bizdate = :last AND r.id % 3 = 0 THEN 999 ELSE r.id * 2654435761 / 65536 % 1000 END) < f.below)""",
        values,
    )  # fmt: skip
    digits = [f"(substr(one, {n}, 1) * {{many}})" for n in range(1, len(CLASSES) + 1)]
    text = " || ',' || ".join(digits)
    raw.execute(
        f"""UPDATE instance_lists SET urgency = f.urgency, waiting = f.waiting, started_at = f.started_at, ended_at = f.ended_at,
        duration = f.ended_at - f.started_at,
        fields = CASE biz_type WHEN 0 THEN '' ELSE {text.format(many=2 * NODES_OF_A_TABLE)} END,
        nodes = CASE biz_type WHEN 0 THEN {text.format(many=1)} ELSE {text.format(many=NODES_OF_A_TABLE)} END
        FROM fared AS f WHERE f.id = instance_lists.id"""
    )
    raw.execute(
        """UPDATE node_states SET status = f.status, lock_version = (f.status >= 5) + (f.status >= 6), attempt = f.status >= 5,
        run = f.status >= 5, ran = CASE WHEN f.status >= 5 THEN 0 END, owner = CASE f.status WHEN 5 THEN 'bench' ELSE '' END,
        reason = CASE f.status WHEN 7 THEN 0 END, started_at = f.started_at, ended_at = f.ended_at
        FROM instance_nodes AS l JOIN fared AS f ON f.id = l.instance WHERE l.node = node_states.id"""
    )
    raw.execute(
        """INSERT INTO node_runs SELECT id, 1, 1, 0, CASE status WHEN 5 THEN 0 WHEN 6 THEN 1 ELSE 2 END, started_at, ended_at,
        reason, '', owner, '', 1, code, '' FROM node_states WHERE run = 1"""
    )
    raw.execute("DROP TABLE fared")
    raw.execute("DROP TABLE fates")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--last", type=read_bizdate, default=date(2026, 3, 1), help="the last data timestamp")
    options = parser.parse_args(arguments)
    options.home.mkdir(parents=True, exist_ok=True)
    began = clock.perf_counter()
    database = Database(options.home / DATABASE)
    try:
        migrate(database)
        seed(database, options.instances, options.tasks, options.last)
    finally:
        database.close()
    multiply(options.home / DATABASE, options.instances, options.tasks, options.last)
    print(f"{options.instances} instances in {clock.perf_counter() - began:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
