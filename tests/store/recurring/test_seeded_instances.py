"""The home that benchmarks make by copying rows is one that the store could have written itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from benchmarks import seeded_instances
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import InstanceQuery
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.prepared import raw_connection
from taskhouse.store.recurring import SqlRecurringStore, summaries
from taskhouse.store.recurring.publications import Publications
from tests.store.recurring.tenant import PROD

LAST = date(2026, 3, 1)


def test_copies_are_whole(tmp_path: Path) -> None:
    database = Database(tmp_path / "meta.db")
    migrate(database)
    seeded_instances.seed(database, 2000, 200, LAST)
    database.close()
    seeded_instances.multiply(tmp_path / "meta.db", 2000, 200, LAST)
    database = Database(tmp_path / "meta.db")
    try:
        database.write(summaries_agree)
        store = SqlRecurringStore(database)
        assert store.count(InstanceQuery()) == 2000
        assert store.count(InstanceQuery(bizdates=(LAST,))) == 200
        assert set(store.counts(InstanceQuery())) == set(StatusClass)
        first, last = (store.graph(PROD, [day]) for day in (date(2026, 2, 20), LAST))
        assert len(first.edges) == len(last.edges) and first.core.isdisjoint(last.core)
        assert [(n.node_id, n.row.due_at.time()) for n in first.nodes] == [
            (n.node_id, n.row.due_at.time()) for n in last.nodes
        ]
        assert last.core == {node for edge in last.edges for node in (edge.up, edge.down) if node is not None}
        assert len({n.row.id for n in last.nodes} | {r.row.id for r in last.instances}) > 200
        every = store.graph(PROD, [LAST - timedelta(days=back) for back in range(10)])
        assert len(every.instances) == 2000
        assert len(store.live_runs()) == sum(state.has_live_run for state in every.states) > 0
    finally:
        database.close()


def summaries_agree(connection: Connection) -> None:
    raw = raw_connection(connection)
    before = rows(raw)
    ids = [id for (id,) in raw.execute("SELECT id FROM recurring_instances")]
    summaries.refresh(connection, Publications(), ids, datetime(2026, 3, 2, tzinfo=UTC))
    assert rows(raw) == before


def rows(raw: Any) -> list[Any]:
    return list(raw.execute("SELECT * FROM instance_lists ORDER BY id"))
