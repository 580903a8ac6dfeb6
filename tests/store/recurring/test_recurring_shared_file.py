"""Two stores on one file, as the server's and a command's are: they see one another's changes and never both win."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from taskhouse.domain.faults import Fault
from taskhouse.domain.node_changes import starts
from taskhouse.ports.recurring_store import InstanceQuery
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.recurring import SqlRecurringStore
from tests.store.recurring.tenant import BIZDATE, NOW, PROD, Desk, at, bear, desk, publish, script, tasks


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[SqlRecurringStore, SqlRecurringStore]]:
    opened = [Database(tmp_path / "meta.db") for _ in range(2)]
    migrate(opened[0])
    yield SqlRecurringStore(opened[0]), SqlRecurringStore(opened[1])
    for database in opened:
        database.close()


def test_of_two_who_write_the_same_row_one_wins(both: tuple[SqlRecurringStore, SqlRecurringStore]) -> None:
    publish(both[0], [script(f"S{n}") for n in range(30)])
    bear(both[0])
    states = both[1].graph(PROD, [BIZDATE]).states
    gate = Barrier(2)

    def take(store: SqlRecurringStore, owner: str) -> list[int]:
        gate.wait()
        return [state.id for state in states if not store.write([starts(state, owner, at(1))], NOW).refused]

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(take, both, ("one", "two"))
    assert sorted([*one, *two]) == sorted(state.id for state in states)
    assert {run.node for run in both[0].live_runs("two")} == set(two)
    assert both[0].cursor() == both[1].cursor()
    assert {s.id for s in both[1].changes(0).nodes} == {s.id for s in states}


def test_what_one_publishes_the_other_knows_at_once(both: tuple[SqlRecurringStore, SqlRecurringStore]) -> None:
    server, command = both
    desk(server)
    assert command.published(PROD)[0] == 1
    publish(command, [replace(tasks()[0], description="new")])
    revision, current = server.published(PROD)
    assert (revision, current["shop.S0"].description, current["shop.S0"].version) == (2, "new", 2)
    with pytest.raises(Fault, match="published again"):
        server.publish(PROD, [], (), NOW, expected=1)


def test_both_may_generate_a_date(both: tuple[SqlRecurringStore, SqlRecurringStore]) -> None:
    publish(both[0], tasks())
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(bear, both)) == 9
    rows = both[1].graph(PROD, [BIZDATE])
    assert len(rows.instances) == both[0].count(InstanceQuery()) == 9
    ids = [n.row.id for n in rows.nodes]
    assert len(set(ids)) == len(ids) == 12


def test_what_was_written_is_there_after_the_end(tmp_path: Path) -> None:
    database = Database(tmp_path / "meta.db")
    migrate(database)
    at_desk: Desk = desk(SqlRecurringStore(database))
    at_desk.run("S0", 1, 2)
    before = at_desk.graph()
    database.close()
    database = Database(tmp_path / "meta.db")
    migrate(database)
    store = SqlRecurringStore(database)
    assert store.graph(PROD, [BIZDATE]) == before
    assert store.published(PROD) == (1, {task.id: replace(task, version=1) for task in tasks()})
    database.close()
