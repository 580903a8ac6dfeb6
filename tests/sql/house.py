"""A small house for the binder's tests: tables in a real DuckDB, a catalogue over them, and bound SQL run on both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import duckdb

from taskhouse.domain.catalogue import Column, Table, TableKind, TableName
from taskhouse.domain.datatypes import parse_type
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.sql.binder import bind_insert, bind_query
from taskhouse.sql.bound import BoundInsert, BoundQuery, BoundScan
from taskhouse.sql.catalogue import BindContext
from taskhouse.sql.functions import prepare
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import Insert, Query, SetFlag

NOW = dt.datetime(2026, 11, 20, 4, 5, 6, 789000, tzinfo=dt.UTC)


class House:
    """Project `p`. `table()` makes a table with rows given as engine SQL; `query()` binds and runs a MaxCompute query."""

    def __init__(self, **settings: str) -> None:
        self.connection = duckdb.connect()
        prepare(self.connection)
        self.tables_by_name: dict[TableName, Table] = {}
        self.functions: set[str] = set()
        self.max_partitions: dict[str, str] = {}
        self.settings = dict(settings)
        self.time_zone = "Asia/Shanghai"
        self.wide = False

    def table(
        self,
        name: str,
        columns: str,
        rows: str = "",
        *,
        partitions: str = "",
        project: str = "p",
        schema: str = "default",
    ) -> Table:
        """`columns` and `partitions` as `a bigint, b string not null`; `rows` a VALUES list in engine SQL."""
        data, parts = _columns(columns), _columns(partitions)
        full = TableName(project, schema, name)
        table = Table(f"id_{name}", full, TableKind.MANAGED, data, "owner", NOW, NOW, NOW, partition_columns=parts)
        self.tables_by_name[full] = table
        body = ", ".join(f"{identifier(c.name)} {engine_type(c.type)}" for c in (*data, *parts))
        self.connection.execute(f"CREATE OR REPLACE TABLE {identifier('t_' + name)} ({body})")
        if rows:
            self.connection.execute(f"SET TimeZone='{self.time_zone}'")
            self.connection.execute(f"INSERT INTO {identifier('t_' + name)} VALUES {rows}")
        return table

    def view(self, name: str, text: str, columns: str) -> Table:
        full = TableName("p", "default", name)
        table = Table(f"id_{name}", full, TableKind.VIEW, _columns(columns), "owner", NOW, NOW, NOW, view_text=text)
        self.tables_by_name[full] = table
        return table

    # CatalogueReader

    def get(self, name: TableName) -> Table | None:
        return self.tables_by_name.get(name)

    def tables(self, project: str, schema: str) -> tuple[str, ...]:
        return tuple(n.name for n in self.tables_by_name if n.project == project and n.schema == schema)

    def max_partition(self, table: Table) -> str | None:
        return self.max_partitions.get(table.name.name)

    def function_exists(self, project: str, name: str) -> bool:
        return name in self.functions

    def context(self, settings: dict[str, str]) -> BindContext:
        return BindContext(
            "p",
            _Reader(self),
            NOW,
            settings={**self.settings, **settings},
            time_zone=self.time_zone,
            user="u",
            wide_decimals=self.wide,
        )

    def bind(self, text: str) -> BoundQuery | BoundInsert:
        """The last statement of a text, with the flags set before it."""
        flags: dict[str, str] = {}
        for statement in parse(text):
            if isinstance(statement, SetFlag):
                flags[statement.name.lower()] = statement.value
            elif isinstance(statement, Query):
                return bind_query(statement.query, self.context(flags))
            elif isinstance(statement, Insert):
                return bind_insert(statement, self.context(flags))
        raise AssertionError("no query")

    def query(self, text: str) -> list[tuple[Any, ...]]:
        bound = self.bind(text)
        return self.run(bound.query if isinstance(bound, BoundInsert) else bound)

    def value(self, expression: str, flags: str = "") -> Any:
        (row,) = self.query(f"{flags} SELECT {expression}")
        (value,) = row
        return value

    def _kept(self, scan: BoundScan) -> str:
        """The condition that leaves only rows of partitions which the scan asks for."""
        if scan.partition_filter is None:
            return "true"
        columns = ", ".join(identifier(c.name) for c in scan.table.partition_columns)
        source = identifier("t_" + scan.table.name.name)
        found = self.connection.execute(f"SELECT DISTINCT {columns} FROM {source}").fetchall()
        wanted = [row for row in found if scan.partition_filter(tuple(str(v) for v in row))]
        rows = ", ".join("(" + ", ".join(f"'{v}'" for v in row) + ")" for row in wanted)
        return f"({columns}) IN ({rows})" if wanted else "false"

    def run(self, bound: BoundQuery, *, prune: bool = True) -> list[tuple[Any, ...]]:
        """Runs bound SQL with each placeholder a view, and checks that the types are the promised ones."""
        cursor = self.connection.cursor()
        cursor.execute(f"SET TimeZone='{bound.time_zone}'")
        for placeholder, scan in bound.scans.items():
            names = ", ".join(identifier(c.name) for c in scan.columns)
            source = identifier("t_" + scan.table.name.name)
            kept = self._kept(scan) if prune else "true"
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW {placeholder} AS SELECT {names} FROM {source} WHERE {kept}")
        cursor.execute(bound.sql)
        given = [str(d[1]) for d in cursor.description or ()]
        cursor.execute(f"DESCRIBE {bound.sql}")
        described = [(row[0], row[1]) for row in cursor.fetchall()]
        wanted = cursor.execute(
            "DESCRIBE SELECT "
            + ", ".join(f"CAST(NULL AS {engine_type(c.type)}) AS {identifier(c.name)}" for c in bound.columns)
        ).fetchall()
        assert described == [(row[0], row[1]) for row in wanted], (described, wanted, given, bound.sql)
        return cursor.execute(bound.sql).fetchall()


class _Reader:
    def __init__(self, house: House) -> None:
        self.house = house
        self.max_partition = house.max_partition
        self.function_exists = house.function_exists
        self.tables = house.tables

    def table(self, name: TableName) -> Table | None:
        return self.house.get(name)


def _columns(text: str) -> tuple[Column, ...]:
    return tuple(_column(part) for part in _split(text))


def _column(text: str) -> Column:
    name, _, rest = text.strip().partition(" ")
    rest, _, default = rest.partition(" default ")
    nullable = not rest.endswith(" not null")
    return Column(name, parse_type(rest.removesuffix(" not null")), nullable=nullable, default=default or None)


def _split(text: str) -> Iterable[str]:
    depth, start = 0, 0
    for i, c in enumerate(text):
        depth += (c in "<(") - (c in ">)")
        if c == "," and depth == 0:
            yield text[start:i]
            start = i + 1
    if text[start:].strip():
        yield text[start:]
