"""How the SQLite store reads and writes: by which indexes, and by how many statements. Counts, not clocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from taskhouse.domain.node_changes import starts, waits
from taskhouse.domain.recurring import BizType
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.ports.recurring_store import InstanceQuery, OperationEntry, OperationWrite, Perspective, SortKey
from taskhouse.store.database import Database
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring import SqlRecurringStore
from taskhouse.store.recurring.conditions import conditions
from taskhouse.store.recurring.lists import PageStatements
from tests.store.recurring.tenant import BIZDATE, DAY, NOW, PROD, at, bear, desk, publish, script
from tests.store.recurring.test_recurring_lists import QUERIES, busy

F = frozenset({StatusClass.FAILED})


def plan(database: Database, query: InstanceQuery) -> str:
    """SQLite's plan of a first page."""

    def work(connection: Connection) -> str:
        raw = raw_connection(connection)
        way = conditions(query).way(raw)
        page = PageStatements(query, None)
        parts = [page.sorted(way.found_by, 50)] if way.few else page.walks(50)
        rows = [row for text, values in parts for row in raw.execute(f"EXPLAIN QUERY PLAN {text}", values)]
        return " / ".join(row[3] for row in rows)

    return database.read(work)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What the writer executes, without the transactions around it."""
    seen: list[str] = []

    def listen(text: str) -> None:
        if not text.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")):
            seen.append(text.split("\n")[0])

    def hook(function: object) -> None:
        database.write(lambda c: raw_connection(c).set_trace_callback(function))

    hook(listen)
    try:
        yield seen
    finally:
        hook(None)


COLUMNS = dict(zip(SortKey, ("name", "due_at", "started_at", "ended_at", "duration", "urgency"), strict=True))


@pytest.mark.parametrize("sort", SortKey)
@pytest.mark.parametrize("descending", [True, False])
def test_an_open_list_walks_the_index_of_its_order(
    sqlite: SqlRecurringStore, database: Database, sort: SortKey, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk(sqlite)
    monkeypatch.setattr("taskhouse.store.recurring.conditions._FEW_IN_A_ROW", 0)
    for query in (InstanceQuery(), InstanceQuery(bizdates=(BIZDATE,)), InstanceQuery(biz_type=BizType.SCRIPT)):
        shown = plan(database, replace(query, sort=sort, descending=descending))
        assert f"INDEX ix_instance_lists_{COLUMNS[sort]} (environment=?" in shown
        assert "USE TEMP B-TREE" not in shown and "SCAN l" not in shown


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (InstanceQuery(bizdates=(BIZDATE,)), "ix_instance_lists_bizdate"),
        (InstanceQuery(bizdate_from=BIZDATE, bizdate_to=DAY), "ix_instance_lists_bizdate"),
        (InstanceQuery(statuses=F), "ix_instance_lists_urgency"),
        (InstanceQuery(paused=True), "ix_instance_lists_paused"),
        (InstanceQuery(owners=frozenset({"eve"})), "ix_instance_lists_publication"),
        (InstanceQuery(text="H"), "ix_instance_lists_publication"),
        (InstanceQuery(text="17"), "ix_instance_lists_publication"),
        (InstanceQuery(started=(NOW, None)), "ix_instance_lists_started_at"),
        (InstanceQuery(due=(NOW, NOW + timedelta(minutes=1))), "ix_instance_lists_due_at"),
        (InstanceQuery(ids=frozenset({1, 2})), "USING INTEGER PRIMARY KEY"),
    ],
)
def test_what_leaves_few_rows_leads_to_them(
    sqlite: SqlRecurringStore, database: Database, query: InstanceQuery, index: str
) -> None:
    desk(sqlite)
    bear(sqlite, DAY + timedelta(days=1))
    shown = plan(database, query)
    assert index in shown
    assert "SCAN l" not in shown


@pytest.mark.parametrize(("few", "patience"), [(0, 10**9), (0, 1)])
def test_each_way_to_read_gives_the_same_pages(
    sqlite: SqlRecurringStore, few: int, patience: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk along the order, and rows that are sorted after a walk was given up, against rows sorted at once."""
    busy(sqlite)
    every = [replace(query, sort=sort) for query in QUERIES for sort in (SortKey.DUE, SortKey.START)]
    sorted_at_once = [read(sqlite, query) for query in every]
    monkeypatch.setattr("taskhouse.store.recurring.conditions._FEW", few)
    monkeypatch.setattr("taskhouse.store.recurring.conditions._FEW_IN_A_ROW", few)
    monkeypatch.setattr("taskhouse.store.recurring.lists._PATIENCE", patience)
    assert [read(sqlite, query) for query in every] == sorted_at_once


def read(store: SqlRecurringStore, query: InstanceQuery) -> list[int]:
    page = store.page(query, "", 4)
    found = list(page.items)
    while page.marker:
        page = store.page(query, page.marker, 4)
        found += page.items
    return [listed.record.row.id for listed in found]


def test_a_batch_of_any_size_takes_the_same_statements(sqlite: SqlRecurringStore, database: Database) -> None:
    publish(sqlite, [script(f"S{n}") for n in range(60)])
    bear(sqlite)
    states = list(sqlite.graph(PROD, [BIZDATE]).states)
    counts = []
    for batch in (states[:2], states[2:60]):
        with statements(database) as seen:
            sqlite.write([starts(state, "one", at(1)) for state in batch], NOW)
        reads = [text for text in seen if text.startswith("SELECT")]
        tables = {text.split()[1 if text.startswith("UPDATE") else 2] for text in seen if not text.startswith("SELECT")}
        counts.append((len(reads), sorted(tables)))
        assert len(seen) <= 4 * len(batch) + len(reads) + 2
    assert counts[0] == counts[1]
    assert counts[0][0] == 3  # where the sequence stands, the rows, and the number taken


def test_summaries_of_tables_are_worked_out_once_a_batch(sqlite: SqlRecurringStore, database: Database) -> None:
    at_desk = desk(sqlite)
    with statements(database) as seen:
        at_desk.write(*(starts(at_desk.state(name), "one", at(1)) for name in "BCDPQK"))
    assert sum("FROM instance_nodes" in text or "FROM recurring_instances" in text for text in seen) <= 3
    assert sum(text.startswith("UPDATE instance_lists") for text in seen) == 3  # A, E and G


def test_an_operation_reads_the_same_however_many_nodes_it_has(sqlite: SqlRecurringStore, database: Database) -> None:
    publish(sqlite, [script(f"S{n}") for n in range(40)])
    bear(sqlite)
    states = list(sqlite.graph(PROD, [BIZDATE]).states)
    reads = []
    for batch in (states[:2], states[2:]):
        logged = OperationEntry(NOW, "ann", "RERUN", Perspective.BATCH, 1, {}, instances=(1, 2))
        with statements(database) as seen:
            sqlite.operate(OperationWrite(logged, [starts(state, "one", at(1)) for state in batch]), NOW)
        reads.append(sum(text.startswith("SELECT") for text in seen))
    assert reads[0] == reads[1] <= 6


def test_nodes_that_come_to_be_alike_are_written_at_once(sqlite: SqlRecurringStore, database: Database) -> None:
    publish(sqlite, [script(f"S{n}") for n in range(40)])
    bear(sqlite)
    states = list(sqlite.graph(PROD, [BIZDATE]).states)
    counts = []
    for batch in (states[:2], states[2:]):
        logged = OperationEntry(NOW, "ann", "RERUN", Perspective.BATCH, 1, {}, instances=tuple(s.id for s in batch))
        with statements(database) as seen:
            sqlite.operate(OperationWrite(logged, [waits(s, NodeStatus.WAIT_SCHEDULE, at(1)) for s in batch]), NOW)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 10


def test_the_feed_and_dates_at_work_are_index_ranges(sqlite: SqlRecurringStore, database: Database) -> None:
    desk(sqlite)

    def explain(connection: Connection, statement: str, values: tuple[object, ...]) -> str:
        raw: sqlite3.Connection = raw_connection(connection)
        return " / ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values))

    feed = "SELECT id FROM node_states WHERE changed > ? AND changed > 0 AND changed <= ? ORDER BY changed, id"
    shown = database.read(lambda c: explain(c, feed, (0, 9)))
    assert "ix_node_states_changed" in shown and "TEMP B-TREE" not in shown
    live = "SELECT node FROM node_runs WHERE status = 0"
    assert "ix_node_runs_live" in database.read(lambda c: explain(c, live, ()))
