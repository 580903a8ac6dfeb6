"""Tables, views and their partitions: lists, definitions, previews. They are made and changed by SQL."""

from __future__ import annotations

from functools import partial

from taskhouse.domain.catalogue import Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.lists import asked, page_reply
from taskhouse.protocols.odps.locating import number, project_of, schema_of, table_of
from taskhouse.protocols.odps.table_documents import (
    partition_element,
    partition_summary,
    table_element,
    table_summary,
)
from taskhouse.protocols.odps.web import FORK_SAFE, Reply, Request, Routes
from taskhouse.services.catalogue import names, tables
from taskhouse.services.catalogue.preview import preview
from taskhouse.services.world import World

routes = Routes()

_ONE = "/projects/{project}/tables/{table}"
_IN_SCHEMA = "/projects/{project}/schemas/{schema}/tables/{table}"


def _found(world: World, request: Request, action: str = "Describe") -> Table:
    return tables.find(world, request.caller, table_of(request), action)


@routes.get("/projects/{project}/tables")
@routes.get("/projects/{project}/schemas/{schema}/tables")
def list_tables(world: World, request: Request) -> Reply:
    page = tables.page(
        world,
        request.caller,
        project_of(request),
        schema_of(request),
        kind=request.query.get("type", ""),
        **asked(world, request),
    )
    return page_reply("Tables", page, partial(table_summary, extended=request.has("extended")))


@routes.get(_ONE)
@routes.get(_IN_SCHEMA)
def get_table(world: World, request: Request) -> Reply:
    found = _found(world, request)
    return Reply(200, xml.document(table_element(found, tables.totals(world, found), extended=False)), FORK_SAFE)


@routes.get(_ONE, "extended")
@routes.get(_IN_SCHEMA, "extended")
def get_extended(world: World, request: Request) -> Reply:
    found = _found(world, request)
    return Reply(200, xml.document(table_element(found, tables.totals(world, found), extended=True)), FORK_SAFE)


@routes.get(_ONE, "data")
@routes.get(_IN_SCHEMA, "data")
def get_rows(world: World, request: Request) -> Reply:
    found = _found(world, request, "Select")
    partition = request.query.get("partition", "")
    columns = [name.strip().strip("`") for name in request.query.get("cols", "").split(",") if name.strip()]
    text = preview(
        world,
        found,
        number(request, "linenum", world.limits.preview_rows),
        partition=names.values_of(found, names.read_spec(partition)) if partition else None,
        columns=columns,
    )
    return Reply(200, text, media_type="text/csv; charset=UTF-8")


@routes.get(_ONE, "partitions")
@routes.get(_IN_SCHEMA, "partitions")
def list_partitions(world: World, request: Request) -> Reply:
    found = _found(world, request)
    page = tables.partition_page(
        world,
        found,
        prefix=request.query.get("partition", ""),
        reverse=request.has("reverse"),
        marker=request.query.get("marker", ""),
        limit=number(request, "maxitems", world.limits.page_items),
    )
    return page_reply("Partitions", page, partial(partition_summary, found.partition_columns))


@routes.get(_ONE, "partition")
@routes.get(_IN_SCHEMA, "partition")
def get_partition(world: World, request: Request) -> Reply:
    return _partition(world, request, extended=False)


@routes.get(_ONE, "partition", "extended")
@routes.get(_IN_SCHEMA, "partition", "extended")
def get_extended_partition(world: World, request: Request) -> Reply:
    return _partition(world, request, extended=True)


@routes.get(_ONE, "partition", "data")
@routes.get(_IN_SCHEMA, "partition", "data")
def get_partition_rows(world: World, request: Request) -> Reply:
    return get_rows(world, request)


@routes.get(_ONE, "partition", "partitions")
@routes.get(_IN_SCHEMA, "partition", "partitions")
def list_partitions_under(world: World, request: Request) -> Reply:
    return list_partitions(world, request)


def _partition(world: World, request: Request, *, extended: bool) -> Reply:
    found = _found(world, request)
    values = names.values_of(found, names.read_spec(request.query["partition"]))
    partition = tables.find_partition(world, found, values)
    return Reply(200, xml.document(partition_element(found, partition, extended=extended)))


@routes.delete(_ONE)
@routes.delete(_IN_SCHEMA)
def delete_table(world: World, request: Request) -> Reply:
    found = _found(world, request, "Drop")
    tables.drop(world, found)
    return Reply()


@routes.post("/projects/{project}/tables")
def create_table(world: World, request: Request) -> Reply:
    raise Fault(FaultCode.METHOD_NOT_ALLOWED, "tables are created by SQL: submit CREATE TABLE as an instance")
