"""The SQLite database behind all stores: many readers, one writer thread, group commit.

SQLite allows one writer at a time, and a durable commit costs a disk flush. So every write is a closure that runs
on one thread; closures that are waiting when a transaction begins share it, each inside a savepoint of its own.
One flush then serves them all, and one that raises undoes only itself. Readers use connections of their own and see
one consistent snapshot for as long as their closure runs (WAL mode), never waiting for the writer.

Another process (the command line, on a home whose server runs) may open the same file: transactions begin IMMEDIATE
and wait up to `BUSY_TIMEOUT_MS` for one another.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from taskhouse.ports.instance_store import StoreClosedError, StoreUnusableError
from taskhouse.store.prepared import raw_connection

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
_GROUP = 256
"""Closures that share one transaction at most: bounds how long the first of them waits for the last."""
_IDLE_READERS = 32
"""Read connections kept open for the next reader; more are opened as needed and closed after use."""


class DatabaseClosedError(StoreClosedError):
    """A read or write was asked of a database that was closed."""


class _Job:
    __slots__ = ("durable", "fn", "future")

    def __init__(self, fn: Callable[[Connection], Any], durable: bool) -> None:
        self.fn = fn
        self.durable = durable
        self.future: Future[Any] = Future()


class Database:
    """`path` is created when missing; its schema is `store.migrations`' concern. Safe from any thread. Raises `StoreUnusableError`."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._reading = self._engine("BEGIN")
        self._writing = self._engine("BEGIN IMMEDIATE")
        self._readers: list[Connection] = []
        self._readers_lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._write_loop, name="taskhouse-writer", daemon=True)
        opened: Future[None] = Future()
        self._opened = opened
        self._thread.start()
        opened.result()

    @property
    def path(self) -> Path:
        return self._path

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a read connection, in the caller's thread, inside one snapshot. Called from within a write's closure
        it sees that write's own changes."""
        if threading.current_thread() is self._thread and self._connection is not None:
            return fn(self._connection)
        connection = self._take_reader()
        keep = False
        try:
            raw_connection(connection).execute("BEGIN").close()
            try:
                result = fn(connection)
            finally:
                _roll_back(connection)
            keep = True
            return result
        finally:
            self._return_reader(connection, keep)

    def write(self, fn: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Run `fn` on the writer thread inside a transaction and return its value after the commit.

        An exception from `fn` undoes what it wrote, nothing else, and is raised here. `fn` should only talk to the
        database: whatever is slow in it holds up every other writer. With `durable=False` the commit survives the death
        of the process at once, and that of the machine when the next durable commit returns.
        """
        if threading.current_thread() is self._thread and self._connection is not None:
            return fn(self._connection)
        job = _Job(fn, durable)
        with self._gate:
            if self._closed:
                raise DatabaseClosedError(f"the metadata store {self._path} is closed")
            self._queue.put(job)
        return cast(T, job.future.result())

    def close(self) -> None:
        """Finish the writes that were asked for, then close every connection. Idempotent."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        with self._readers_lock:
            readers, self._readers = self._readers, []
        for connection in readers:
            connection.close()
        self._reading.dispose()
        self._writing.dispose()

    def _engine(self, begin: str) -> Engine:
        engine = create_engine(
            f"sqlite:///{self._path}",
            poolclass=NullPool,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": 512},
        )

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            for pragma in (
                f"busy_timeout={BUSY_TIMEOUT_MS}",
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "temp_store=MEMORY",
                "cache_size=-16000",
                "journal_size_limit=67108864",
            ):
                connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            """SQLAlchemy begins a transaction of its own for its first statement; ours is under way already."""
            raw = raw_connection(connection)
            if not raw.in_transaction:
                raw.execute(begin).close()

        return engine

    def _take_reader(self) -> Connection:
        with self._readers_lock:
            if self._closed:
                raise DatabaseClosedError(f"the metadata store {self._path} is closed")
            if self._readers:
                return self._readers.pop()
        return self._reading.connect()

    def _return_reader(self, connection: Connection, keep: bool) -> None:
        if keep:
            with self._readers_lock:
                if not self._closed and len(self._readers) < _IDLE_READERS:
                    self._readers.append(connection)
                    return
        connection.close()

    def _write_loop(self) -> None:
        try:
            connection = self._writing.connect()
        except DBAPIError as error:
            why = f"cannot open {self._path}: {error.orig}; it must be a database of Taskhouse in a folder that can be written"
            self._opened.set_exception(StoreUnusableError(why))
            return
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._connection = connection
        self._opened.set_result(None)
        full = True
        more = True
        while more:
            batch, more = self._next_batch()
            if not batch:
                continue
            durable = any(job.durable for job in batch)
            try:
                if durable != full:
                    raw_connection(connection).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}").close()
                    full = durable
                outcomes = self._run_batch(connection, batch)
            except BaseException as error:
                for job in batch:
                    job.future.set_exception(error)
                continue
            for job, (value, failure) in zip(batch, outcomes, strict=True):
                if failure is not None:
                    job.future.set_exception(failure)
                else:
                    job.future.set_result(value)
            del batch, outcomes
        self._connection = None
        connection.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Wait for a closure, then take those that queued behind it. False ends the loop."""
        batch: list[_Job] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) >= _GROUP:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    @staticmethod
    def _run_batch(connection: Connection, batch: list[_Job]) -> list[tuple[Any, BaseException | None]]:
        outcomes: list[tuple[Any, BaseException | None]] = []
        raw = raw_connection(connection)
        raw.execute("BEGIN IMMEDIATE").close()
        try:
            for job in batch:
                raw.execute("SAVEPOINT job").close()
                try:
                    value = job.fn(connection)
                except BaseException as error:
                    raw.execute("ROLLBACK TO job").close()
                    outcomes.append((None, error))
                else:
                    outcomes.append((value, None))
                raw.execute("RELEASE job").close()
            if connection.in_transaction():
                connection.commit()
            else:
                raw.commit()
        finally:
            _roll_back(connection)
        return outcomes


def _roll_back(connection: Connection) -> None:
    """End whatever transaction is still open; does nothing after a commit."""
    if connection.in_transaction():
        connection.rollback()
    raw = raw_connection(connection)
    if raw.in_transaction:
        raw.rollback()
