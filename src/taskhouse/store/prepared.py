"""Statements of the hot paths: written with SQLAlchemy like all others, but turned into text once, at import.

Running a small statement through SQLAlchemy costs several times what SQLite itself needs for it. The verbs that every instance
passes through several times (submit, claim, look, record) use these. Values must be what SQLite knows: text, numbers, None.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")


class Prepared:
    """A statement with named parameters. `columns`: of an INSERT, those that get values."""

    __slots__ = ("_defaults", "_names", "_row", "sql")

    def __init__(self, statement: ClauseElement, columns: Iterable[str] | None = None) -> None:
        kept = None if columns is None else list(columns)
        compiled = cast(Any, statement.compile(dialect=_DIALECT, column_keys=kept))
        self.sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._defaults: dict[str, Any] = dict(compiled.params)
        self._row: Any = None

    def run(self, connection: Connection, values: Mapping[str, Any] | None = None) -> int:
        """Execute; how many rows it changed."""
        return raw_connection(connection).execute(self.sql, self._values(values)).rowcount

    def run_many(self, connection: Connection, values: Iterable[Mapping[str, Any]]) -> None:
        raw_connection(connection).executemany(self.sql, [self._values(each) for each in values])

    def rows(self, connection: Connection, values: Mapping[str, Any] | None = None) -> list[Any]:
        """All rows, each with its columns as attributes."""
        cursor = raw_connection(connection).execute(self.sql, self._values(values))
        found = cursor.fetchall()
        if not found:
            return []
        if self._row is None:
            make: Any = namedtuple
            self._row = make("Row", [column[0] for column in cursor.description], rename=True)._make
        return [self._row(each) for each in found]

    def first(self, connection: Connection, values: Mapping[str, Any] | None = None) -> Any:
        """The first row, or None."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def scalar(self, connection: Connection, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        found = raw_connection(connection).execute(self.sql, self._values(values)).fetchone()
        return None if found is None else found[0]

    def _values(self, values: Mapping[str, Any] | None) -> list[Any]:
        if values is None:
            return [self._defaults[name] for name in self._names]
        defaults = self._defaults
        return [values[name] if name in values else defaults[name] for name in self._names]


def raw_connection(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under SQLAlchemy's."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)
