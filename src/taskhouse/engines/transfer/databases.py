"""SQLite and PostgreSQL through ADBC: rows come and go as Arrow batches, a write is one transaction.

The drivers are an optional extra of the package, `taskhouse[transfer]`, and are imported when a task needs them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

import pyarrow as pa

from taskhouse.domain.definition.tasks import TransferEnd, WriteMode
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.transfer.connections import Connection
from taskhouse.ports.engine import RunControl
from taskhouse.ports.transfers import BeforeVisible, Source


@contextlib.contextmanager
def read(end: TransferEnd, connection: Connection, control: RunControl) -> Iterator[Source]:
    if bool(end.name) == bool(end.query):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{connection.shown}: name either a table (name) or a query")
    query = end.query or f"SELECT * FROM {_quoted(end.name)}"
    with _connected(connection, control) as (_, cursor):
        cursor.execute(query)
        with contextlib.closing(cursor.fetch_record_batch()) as reader:
            yield _Rows(reader, control)


def write(
    end: TransferEnd,
    connection: Connection,
    mode: WriteMode,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    control: RunControl,
    before_visible: BeforeVisible,
) -> int:
    """Rows into an existing table; OVERWRITE empties it first, in the same transaction."""
    if not end.name or end.query:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"{connection.shown}: name the table to write to (name)")
    counted = _Counted(batches, control)
    space, _, table = end.name.rpartition(".")
    with _connected(connection, control) as (database, cursor):
        if mode is WriteMode.OVERWRITE:
            cursor.execute(f"DELETE FROM {_quoted(end.name)}")
        shaped = _shape(connection, schema)
        rows = pa.RecordBatchReader.from_batches(shaped, (batch.cast(shaped) for batch in counted))
        options = {"db_schema_name": space} if space else {}
        try:
            cursor.adbc_ingest(table, rows, mode="append", **options)
        except Exception:
            if counted.error is not None:
                raise counted.error from None
            raise
        control.check()
        before_visible(counted.rows)
        database.commit()
    return counted.rows


class _Rows:
    """See `ports.transfers.Source`."""

    def __init__(self, reader: pa.RecordBatchReader, control: RunControl) -> None:
        self._reader = reader
        self._control = control

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._reader.schema.names)

    def batches(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in self._reader:
            self._control.check()
            yield batch.select(list(wanted))


class _Counted:
    """Counts rows as the driver takes them, and keeps what they raise: a driver reports it as text only."""

    def __init__(self, batches: Iterable[pa.RecordBatch], control: RunControl) -> None:
        self._batches = batches
        self._control = control
        self.rows = 0
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self._control.check()
                self.rows += batch.num_rows
                yield batch
        except Exception as error:
            self.error = error
            raise


def _shape(connection: Connection, schema: pa.Schema) -> pa.Schema:
    """What the driver takes: SQLite has no decimals, which it is given as texts that its columns' affinity reads."""
    if connection.driver != "sqlite":
        return schema
    return pa.schema([field.with_type(pa.utf8()) if pa.types.is_decimal(field.type) else field for field in schema])


@contextlib.contextmanager
def _connected(connection: Connection, control: RunControl) -> Iterator[tuple[Any, Any]]:
    """A connection and a cursor; without a commit, leaving rolls back. A stop interrupts what runs."""
    driver = _driver(connection)
    error_type = import_module("adbc_driver_manager").dbapi.Error
    try:
        with (
            contextlib.closing(driver.connect(connection.target)) as database,
            contextlib.closing(database.cursor()) as cursor,
        ):
            control.on_cancel(cursor.adbc_cancel)
            try:
                yield database, cursor
            finally:
                control.on_cancel(None)
    except Fault:
        raise
    except (error_type, pa.ArrowException, OSError, ValueError) as error:
        control.check()
        raise Fault(FaultCode.RUNTIME, f"{connection.shown}: {_message(error, connection)}") from None


def _driver(connection: Connection) -> Any:
    try:
        import_module("adbc_driver_manager.dbapi")
        return import_module(f"adbc_driver_{connection.driver}.dbapi")
    except ImportError:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"{connection.shown}: the server has no driver for {connection.driver}; install taskhouse[transfer]",
        ) from None


def _message(error: Exception, connection: Connection) -> str:
    """Without what the connection is made of: it may hold a password."""
    return str(error).replace(connection.target, connection.shown).strip()


def _quoted(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
