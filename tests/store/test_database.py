"""The writer thread: group commit, isolation of failures, snapshots of readers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection

from taskhouse.ports.instance_store import StoreUnusableError
from taskhouse.store.database import Database, DatabaseClosedError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "meta.db")
    database.write(lambda c: c.exec_driver_sql("create table numbers (n integer primary key)"))
    yield database
    database.close()


def _insert(n: int):
    return lambda c: c.exec_driver_sql("insert into numbers values (?)", (n,)).rowcount


def _count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("select count(*) from numbers").scalar_one())


def test_writes_from_many_threads_all_arrive(database: Database) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda n: database.write(_insert(n)), range(500))) == 500
    assert database.read(_count) == 500


def test_a_failing_write_undoes_only_itself(database: Database) -> None:
    """Closures that wait while the writer is busy share one transaction; the one that raises takes nobody with it."""
    entered, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        entered.set()
        release.wait(10)

    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("insert into numbers values (2)")
        raise ValueError("no")

    with ThreadPoolExecutor(4) as pool:
        blocker = pool.submit(database.write, slow)
        entered.wait(10)
        first, bad, last = (pool.submit(database.write, fn) for fn in (_insert(1), fails, _insert(3)))
        release.set()
        blocker.result(10)
        first.result(10)
        last.result(10)
        with pytest.raises(ValueError, match="no"):
            bad.result(10)
    rows = database.read(lambda c: [r[0] for r in c.exec_driver_sql("select n from numbers order by n")])
    assert rows == [1, 3]


def test_a_reader_keeps_its_snapshot(database: Database) -> None:
    def look_twice(connection: Connection) -> tuple[int, int]:
        before = _count(connection)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(database.write, _insert(7)).result(10)
        return before, _count(connection)

    assert database.read(look_twice) == (0, 0)
    assert database.read(_count) == 1


def test_nested_calls_run_in_the_outer_transaction(database: Database) -> None:
    def outer(connection: Connection) -> int:
        database.write(_insert(1))
        return database.read(_count)

    assert database.write(outer) == 1


def test_durable_and_other_writes_mix(database: Database) -> None:
    for n in range(10):
        database.write(_insert(n), durable=n % 2 == 0)
    assert database.read(_count) == 10


def test_two_databases_on_one_file_wait_for_one_another(database: Database) -> None:
    other = Database(database.path)
    try:
        with ThreadPoolExecutor(8) as pool:
            done = pool.map(lambda n: (database if n % 2 else other).write(_insert(n)), range(100))
            assert sum(done) == 100
    finally:
        other.close()
    assert database.read(_count) == 100


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = Database(tmp_path / "meta.db")
    database.close()
    database.close()
    with pytest.raises(DatabaseClosedError, match=r"meta\.db is closed"):
        database.write(_count)
    with pytest.raises(DatabaseClosedError, match=r"meta\.db is closed"):
        database.read(_count)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "meta.db").write_bytes(b"something else " * 600)
    with pytest.raises(StoreUnusableError, match=r"cannot open .*meta.db: file is not a database"):
        Database(tmp_path / "meta.db")
