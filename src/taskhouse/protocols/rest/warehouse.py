"""Routes of the warehouse's own names, for whoever writes SQL: schemas, tables with columns and partitions, functions.

What is there is told with the privileges that the MaxCompute protocol checks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Table, TableName
from taskhouse.protocols.rest.errors import bad_request
from taskhouse.protocols.rest.routing import Call, Nothing, Routes
from taskhouse.services.catalogue import names, projects, tables
from taskhouse.services.recurring.permissions import bare_name, caller_of
from taskhouse.sql.functions.registry import FUNCTIONS

routes = Routes("warehouse")

MAX_LINES = 1_000
_TABLE = "/warehouse/{project}/tables/{table}"
_NAMES = ("project", "table")


class SchemaNames(msgspec.Struct, frozen=True):
    """Schemas of a project by name. A project without schemas has only `default`."""

    items: list[str]
    next_marker: str = ""


class TableFilters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`q`: a part of the name. `marker` is the `next_marker` of the page before, `limit` at most 1000."""

    schema: str = DEFAULT_SCHEMA
    q: str = ""
    marker: str = ""
    limit: int = 200


class TableLine(msgspec.Struct, frozen=True):
    """`kind`: MANAGED_TABLE, VIRTUAL_VIEW or MATERIALIZED_VIEW."""

    name: str
    schema: str
    kind: str
    comment: str
    is_partitioned: bool


class TablePage(msgspec.Struct, frozen=True):
    """Tables and views by name."""

    items: list[TableLine]
    next_marker: str = ""


class SchemaQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The schema in which the table lies."""

    schema: str = DEFAULT_SCHEMA


class ColumnLine(msgspec.Struct, frozen=True):
    name: str
    type: str
    comment: str
    is_nullable: bool
    is_partition: bool


class TableView(msgspec.Struct, frozen=True):
    """`columns` end with those that the table is partitioned by. `rows`, `bytes` and `partitions` are sums as of the last commit; a view has none."""

    line: TableLine
    owner: str
    columns: list[ColumnLine]
    rows: int
    bytes: int
    partitions: int
    modified_at: datetime


class PartitionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`marker` is the `next_marker` of the page before, `limit` at most 1000."""

    schema: str = DEFAULT_SCHEMA
    marker: str = ""
    limit: int = 50


class PartitionLine(msgspec.Struct, frozen=True):
    """`spec` as SQL takes it: `ds='20260301'`."""

    spec: str
    rows: int
    bytes: int
    modified_at: datetime


class PartitionPage(msgspec.Struct, frozen=True):
    """The greatest values first."""

    items: list[PartitionLine]
    next_marker: str = ""


class FunctionLine(msgspec.Struct, frozen=True):
    """`kind`: scalar, aggregate, window or table. `signatures` as docs/functions.md has them."""

    name: str
    kind: str
    signatures: list[str]
    summary: str


class FunctionLines(msgspec.Struct, frozen=True):
    """Built-in functions by name, aliases included."""

    items: list[FunctionLine]


@routes.get("/warehouse/functions", reply=FunctionLines)
def list_functions(call: Call[Nothing, None]) -> FunctionLines:
    """Built-in functions of SQL."""
    return FunctionLines(
        [
            FunctionLine(name, each.kind.value, [overload.signature.text for overload in each.overloads], each.summary)
            for name, each in sorted(FUNCTIONS.items())
        ]
    )


@routes.get("/warehouse/{project}/schemas", texts=("project",), reply=SchemaNames, errors=(403, 404))
def list_schemas(call: Call[Nothing, None]) -> SchemaNames:
    """Schemas of a project of the warehouse."""
    found = projects.schema_page(call.world, caller_of(call.world, call.actor), call.text("project").lower())
    return SchemaNames([each.name for each in found.items], found.marker)


@routes.get("/warehouse/{project}/tables", query=TableFilters, texts=("project",), reply=TablePage, errors=(403, 404))
def list_tables(call: Call[TableFilters, None]) -> TablePage:
    """Tables and views of a schema, by name."""
    given = call.query
    found = tables.page(
        call.world,
        caller_of(call.world, call.actor),
        call.text("project").lower(),
        given.schema.lower(),
        containing=given.q.strip(),
        marker=given.marker,
        limit=_limit(given.limit),
    )
    return TablePage([_line(each) for each in found.items], found.marker)


@routes.get(_TABLE, query=SchemaQuery, texts=_NAMES, reply=TableView, errors=(403, 404))
def show_table(call: Call[SchemaQuery, None]) -> TableView:
    """One table with its columns."""
    found = _table(call)
    totals = tables.totals(call.world, found)
    return TableView(
        _line(found),
        bare_name(found.owner),
        [
            ColumnLine(column.name, str(column.type), column.comment, column.nullable, is_partition)
            for columns, is_partition in ((found.columns, False), (found.partition_columns, True))
            for column in columns
        ],
        totals.rows,
        totals.bytes,
        totals.partitions,
        found.modified_at,
    )


@routes.get(_TABLE + "/partitions", query=PartitionsQuery, texts=_NAMES, reply=PartitionPage, errors=(400, 403, 404))
def list_partitions(call: Call[PartitionsQuery, None]) -> PartitionPage:
    """Partitions of a table, the greatest values first."""
    given, found = call.query, _table(call)
    page = tables.partition_page(call.world, found, reverse=True, marker=given.marker, limit=_limit(given.limit))
    return PartitionPage(
        [
            PartitionLine(
                names.quoted_spec(found.partition_columns, each.values), each.rows, each.bytes, each.modified_at
            )
            for each in page.items
        ],
        page.marker,
    )


def _table(call: Call[Any, None]) -> Table:
    name = TableName(call.text("project").lower(), call.query.schema.lower(), call.text("table").lower())
    return tables.find(call.world, caller_of(call.world, call.actor), name)


def _line(table: Table) -> TableLine:
    return TableLine(table.name.name, table.name.schema, table.kind.value, table.comment, table.is_partitioned)


def _limit(given: int) -> int:
    if not 1 <= given <= MAX_LINES:
        raise bad_request(f"limit = {given}: it lies between 1 and {MAX_LINES}", "limit")
    return given
