"""DROP and TRUNCATE: tables, views, schemas, functions, resources.

Source followed: as for `definitions`, which makes them.
"""

from __future__ import annotations

from taskhouse.sql.grammar.definitions import REFUSED_OBJECTS, SECURITY_OBJECTS
from taskhouse.sql.grammar.names import if_exists, owned_name, partition_filters, table_ref
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import TokenKind
from taskhouse.sql.statements import (
    DropFunction,
    DropResource,
    DropSchema,
    DropTable,
    DropView,
    SecurityStatement,
    Statement,
    TruncateTable,
)


def drop(read: Queries) -> Statement:
    first = read.expect("DROP")
    if read.accept("TABLE"):
        exists_only = if_exists(read)
        table = table_ref(read)
        read.accept("PURGE")
        return DropTable(place=first.place, text=read.slice(first), table=table, if_exists=exists_only)
    if read.sees("VIEW") or read.sees("MATERIALIZED", "VIEW"):
        materialized = read.accept("MATERIALIZED")
        read.expect("VIEW")
        exists_only = if_exists(read)
        table = table_ref(read, "a view's name")
        return DropView(
            place=first.place,
            text=read.slice(first),
            table=table,
            if_exists=exists_only,
            materialized=materialized,
        )
    if read.accept("SCHEMA"):
        exists_only = if_exists(read)
        project, schema = owned_name(read, "a schema's name")
        if read.accept("CASCADE"):
            read.refuse("DROP SCHEMA .. CASCADE", first.place)
        read.accept("RESTRICT")
        return DropSchema(
            place=first.place, text=read.slice(first), project=project, schema=schema.lower(), if_exists=exists_only
        )
    if read.accept("FUNCTION"):
        exists_only = if_exists(read)
        project, name = owned_name(read, "a function's name")
        return DropFunction(
            place=first.place, text=read.slice(first), project=project, name=name.lower(), if_exists=exists_only
        )
    if read.accept("RESOURCE"):
        project, name = _resource_name(read)
        return DropResource(place=first.place, text=read.slice(first), project=project, name=name)
    if read.sees_any(SECURITY_OBJECTS):
        read.rest()
        return SecurityStatement(place=first.place, text=read.slice(first))
    if read.token.kind is TokenKind.WORD and read.token.upper in REFUSED_OBJECTS:
        read.refuse(REFUSED_OBJECTS[read.token.upper].replace("CREATE", "DROP"), first.place)
    return read.fail("TABLE, VIEW, MATERIALIZED VIEW, SCHEMA, FUNCTION, RESOURCE or ROLE")


def _resource_name(read: Queries) -> tuple[str | None, str]:
    """A resource's name has dots of its own: `udf.py`. `project:name` names another project's."""
    first = read.token
    if first.kind is TokenKind.STRING:
        return None, read.string()
    text = read.rest().strip("`")
    if not text or any(char.isspace() for char in text):
        read.fail("a resource's name", first)
    project, colon, name = text.partition(":")
    return (project.lower(), name) if colon else (None, text)


def truncate(read: Queries) -> TruncateTable:
    first = read.expect("TRUNCATE")
    read.accept("TABLE")
    table = table_ref(read)
    partitions = partition_filters(read) if read.sees("PARTITION") else ()
    return TruncateTable(place=first.place, text=read.slice(first), table=table, partitions=partitions)
