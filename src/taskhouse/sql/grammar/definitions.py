"""CREATE and ADD TABLE: tables, views, schemas, functions, resources. What they make is dropped in `removals`.

Source followed: MaxCompute's "Table operations", "View operations", "Materialized view operations", "Schema operations" and
"Function operations" pages, and the statements PyODPS writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskhouse.domain.catalogue import Clustering, Column
from taskhouse.domain.datatypes import STRING
from taskhouse.sql.grammar.names import (
    clustering,
    column_definition,
    if_not_exists,
    lifecycle_days,
    named_columns,
    optional_partition,
    owned_name,
    properties,
    refuse_repeated,
    table_ref,
)
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import Token, TokenKind, parse_fault
from taskhouse.sql.statements import (
    AddTableResource,
    CreateFunction,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateTableLike,
    CreateView,
    SecurityStatement,
    Statement,
    TableRef,
    ViewColumn,
)

REFUSED_OBJECTS = {
    "EXTERNAL": "CREATE EXTERNAL TABLE",
    "TEMPORARY": "CREATE TEMPORARY ..",
    "TEMP": "CREATE TEMPORARY ..",
    "SQL": "CREATE SQL FUNCTION",
    "VECTOR": "CREATE VECTOR INDEX",
    "INDEX": "CREATE INDEX",
    "BLOOMFILTER": "CREATE BLOOMFILTER INDEX",
    "MODEL": "CREATE MODEL",
    "STREAM": "CREATE STREAM",
    "SNAPSHOT": "CREATE SNAPSHOT",
    "OBJECT": "CREATE OBJECT TABLE",
    "FOREIGN": "CREATE FOREIGN SERVER",
    "DATABASE": "CREATE DATABASE",
    "MACRO": "CREATE MACRO",
    "SECRET": "CREATE SECRET",
    "SEQUENCE": "CREATE SEQUENCE",
    "TYPE": "CREATE TYPE",
    "VOLUME": "CREATE VOLUME",
}
SECURITY_OBJECTS = ("ROLE", "PACKAGE", "USER")
"""CREATE and DROP of these are statements of the access rules."""


def create(read: Queries) -> Statement:
    first = read.expect("CREATE")
    or_replace = read.accept("OR", "REPLACE")
    if read.accept("TABLE"):
        return _table(read, first, or_replace)
    if read.accept("VIEW"):
        return _view(read, first, or_replace, materialized=False)
    if read.accept("MATERIALIZED", "VIEW"):
        return _view(read, first, or_replace, materialized=True)
    if read.accept("SCHEMA"):
        return _schema(read, first)
    if read.accept("FUNCTION"):
        return _function(read, first, or_replace)
    if read.sees_any(SECURITY_OBJECTS):
        read.rest()
        return SecurityStatement(place=first.place, text=read.slice(first))
    if read.token.kind is TokenKind.WORD and read.token.upper in REFUSED_OBJECTS:
        read.refuse(REFUSED_OBJECTS[read.token.upper], first.place)
    return read.fail("TABLE, VIEW, MATERIALIZED VIEW, SCHEMA, FUNCTION or ROLE")


# tables


@dataclass(slots=True)
class _Clauses:
    """What may follow a table's column list, in any order."""

    comment: str = ""
    partition_columns: tuple[Column, ...] = ()
    partition_names: tuple[str, ...] = ()
    lifecycle: int | None = None
    properties: tuple[tuple[str, str], ...] = ()
    clustering: Clustering | None = None
    stored_as: str = ""
    shards: int = 0
    hub_lifecycle: int = 0


def _table(read: Queries, first: Token, or_replace: bool) -> Statement:
    absent_only = if_not_exists(read)
    table = table_ref(read)
    if read.accept("LIKE"):
        source = table_ref(read)
        days = lifecycle_days(read) if read.accept("LIFECYCLE") else None
        if or_replace:
            read.refuse("CREATE OR REPLACE TABLE .. LIKE", first.place)
        return CreateTableLike(
            place=first.place,
            text=read.slice(first),
            table=table,
            source=source,
            if_not_exists=absent_only,
            lifecycle=days,
        )
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    opening = read.token
    if read.sees_operator("(") and not read.sees_query():
        columns, primary_key = _columns(read)
    clauses = _table_clauses(read)
    if read.accept("AS") or read.sees_query():
        if columns:
            read.refuse("CREATE TABLE .. AS with a column list", opening.place)
        return _table_as(read, first, or_replace, absent_only, table, clauses)
    if not columns:
        read.fail("'(', LIKE or AS")
    if clauses.partition_names:
        read.fail("a type for each partition column")
    refuse_repeated((*columns, *clauses.partition_columns), opening.place)
    names = {column.name for column in columns}
    for name in primary_key:
        if name not in names:
            raise parse_fault(f"primary key column {name} is not a column of the table", opening.place)
    return CreateTable(
        place=first.place,
        text=read.slice(first),
        table=table,
        columns=columns,
        partition_columns=clauses.partition_columns,
        if_not_exists=absent_only,
        or_replace=or_replace,
        comment=clauses.comment,
        lifecycle=clauses.lifecycle,
        properties=clauses.properties,
        clustering=clauses.clustering,
        primary_key=primary_key,
        stored_as=clauses.stored_as,
        shards=clauses.shards,
        hub_lifecycle=clauses.hub_lifecycle,
    )


def _table_as(
    read: Queries, first: Token, or_replace: bool, absent_only: bool, table: TableRef, clauses: _Clauses
) -> CreateTableAs:
    if clauses.partition_columns or clauses.clustering is not None or clauses.shards:
        read.refuse("CREATE TABLE .. AS with typed partition columns, clustering or shards", first.place)
    query = read.query()
    return CreateTableAs(
        place=first.place,
        text=read.slice(first),
        table=table,
        query=read.complete(query),
        if_not_exists=absent_only,
        or_replace=or_replace,
        comment=clauses.comment,
        lifecycle=clauses.lifecycle,
        properties=clauses.properties,
        partition_columns=clauses.partition_names,
        stored_as=clauses.stored_as,
    )


def _columns(read: Queries) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """`( column {, column} [, PRIMARY KEY (..)] )`"""
    columns: list[Column] = []
    key: tuple[str, ...] = ()
    read.expect_operator("(")
    while True:
        if read.sees("PRIMARY", "KEY"):
            token = read.token
            read.at += 2
            if key:
                read.fail("one PRIMARY KEY", token)
            key = named_columns(read)
            for words in (("NOT", "ENFORCED"), ("DISABLE",), ("NOVALIDATE",), ("RELY",)):
                read.accept(*words)
        elif read.sees("CONSTRAINT") or (read.sees_any(("UNIQUE", "FOREIGN")) and read.ahead().upper in ("KEY", "(")):
            read.refuse(f"{read.token.upper} in CREATE TABLE")
        else:
            columns.append(column_definition(read))
            if read.accept("PRIMARY", "KEY"):
                key = (columns[-1].name,)
        if not read.accept_operator(","):
            break
    read.expect_operator(")")
    return tuple(columns), key


def _table_clauses(read: Queries) -> _Clauses:
    found = _Clauses()
    seen: set[str] = set()
    while True:
        token = read.token
        clause = _table_clause(read, found)
        if clause is None:
            return found
        if clause in seen:
            raise parse_fault(f"{clause} stands twice", token.place)
        seen.add(clause)


def _table_clause(read: Queries, into: _Clauses) -> str | None:
    """Read one clause into `into` and give its name; None when no clause starts here."""
    if read.accept("COMMENT"):
        into.comment = read.string("a comment")
        return "COMMENT"
    if read.accept("AUTO", "PARTITIONED", "BY"):
        into.partition_columns = tuple(read.wrapped(lambda: _auto_partition(read)))
        return "PARTITIONED BY"
    if read.accept("PARTITIONED", "BY"):
        _partitioned_by(read, into)
        return "PARTITIONED BY"
    if read.sees("RANGE", "CLUSTERED", "BY") or read.sees("CLUSTERED", "BY"):
        into.clustering = clustering(read)
        return "CLUSTERED BY"
    if read.accept("TBLPROPERTIES"):
        into.properties = properties(read)
        return "TBLPROPERTIES"
    if read.accept("LIFECYCLE"):
        into.lifecycle = lifecycle_days(read)
        return "LIFECYCLE"
    if read.accept("STORED", "AS"):
        if read.sees("INPUTFORMAT"):
            read.refuse("STORED AS INPUTFORMAT")
        into.stored_as = read.name("a file format").value.lower()
        return "STORED AS"
    if read.accept("INTO"):
        into.shards = read.whole_number("a number of shards")
        read.expect("SHARDS")
        if read.accept("HUBLIFECYCLE"):
            into.hub_lifecycle = lifecycle_days(read)
        return "INTO .. SHARDS"
    for words in (("STORED", "BY"), ("LOCATION",), ("ROW", "FORMAT"), ("WITH", "SERDEPROPERTIES"), ("USING",)):
        if read.sees(*words):
            read.refuse("Table clause " + " ".join(words) + " (external tables)")
    return None


def _partitioned_by(read: Queries, into: _Clauses) -> None:
    opening = read.token
    if read.ahead(2).text in (",", ")"):
        into.partition_names = named_columns(read)
        return
    found = tuple(read.wrapped(lambda: column_definition(read)))
    refuse_repeated(found, opening.place)
    into.partition_columns = found


def _auto_partition(read: Queries) -> Column:
    """`trunc_time(column, 'unit') [AS name]`: a partition column computed from a column of the table, as a STRING."""
    first = read.token
    if not read.sees("TRUNC_TIME"):
        read.refuse(f"AUTO PARTITIONED BY ({first.shown} ..): only trunc_time(column, unit) is")
    read.advance()
    read.expect_operator("(")
    column = read.name("a column's name").value.lower()
    read.expect_operator(",")
    unit = read.string("the unit of trunc_time").lower()
    if unit not in ("year", "month", "day", "hour"):
        raise parse_fault(f"trunc_time unit '{unit}' is not year, month, day or hour", first.place)
    read.expect_operator(")")
    expression = read.slice(first)
    name = f"_pt_col_{column}"
    if read.accept("AS"):
        name = read.name("a column's name").value.lower()
    comment = read.string("a comment") if read.accept("COMMENT") else ""
    return Column(name, STRING, comment=comment, generated=expression)


# views


def _view(read: Queries, first: Token, or_replace: bool, *, materialized: bool) -> CreateView:
    absent_only = if_not_exists(read)
    table = table_ref(read, "a view's name")
    lifecycle = lifecycle_days(read) if read.accept("LIFECYCLE") else None
    columns: tuple[ViewColumn, ...] = ()
    if read.sees_operator("("):
        if read.ahead().text == "@":
            read.refuse("A view with parameters", read.token.place)
        columns = tuple(read.wrapped(lambda: _view_column(read)))
    comment, rewrite = "", True
    partitioned_on: tuple[str, ...] = ()
    clustered: Clustering | None = None
    found: tuple[tuple[str, str], ...] = ()
    while True:
        if read.accept("COMMENT"):
            comment = read.string("a comment")
        elif read.accept("LIFECYCLE"):
            lifecycle = lifecycle_days(read)
        elif read.accept("TBLPROPERTIES"):
            found = properties(read)
        elif materialized and read.accept("BUILD", "DEFERRED"):
            pass
        elif materialized and (read.sees("DISABLE", "REWRITE") or read.sees("ENABLE", "REWRITE")):
            rewrite = read.advance().upper == "ENABLE"
            read.advance()
        elif read.accept("PARTITIONED", "ON") or (materialized and read.accept("PARTITIONED", "BY")):
            partitioned_on = tuple(column.name for column in read.wrapped(lambda: _view_column(read)))
        elif materialized and (read.sees("RANGE", "CLUSTERED") or read.sees("CLUSTERED", "BY")):
            clustered = clustering(read)
        else:
            break
    read.expect("AS")
    if read.sees("BEGIN") or read.sees("RETURN"):
        read.refuse("A view with a body in BEGIN .. END")
    query, text = read.kept_query()
    return CreateView(
        place=first.place,
        text=read.slice(first),
        table=table,
        query=query,
        query_text=text,
        columns=columns,
        comment=comment,
        if_not_exists=absent_only,
        or_replace=or_replace,
        properties=found,
        materialized=materialized,
        rewrite=rewrite,
        partitioned_on=partitioned_on,
        lifecycle=lifecycle,
        clustering=clustered,
    )


def _view_column(read: Queries) -> ViewColumn:
    name = read.name("a column's name").value.lower()
    comment = read.string("a comment") if read.accept("COMMENT") else ""
    return ViewColumn(name, comment)


# schemas, functions


def _schema(read: Queries, first: Token) -> CreateSchema:
    absent_only = if_not_exists(read)
    project, schema = owned_name(read, "a schema's name")
    comment = read.string("a comment") if read.accept("COMMENT") else ""
    return CreateSchema(
        place=first.place,
        text=read.slice(first),
        project=project,
        schema=schema.lower(),
        if_not_exists=absent_only,
        comment=comment,
    )


def _function(read: Queries, first: Token, or_replace: bool) -> CreateFunction:
    project, name = owned_name(read, "a function's name")
    if read.sees_operator("("):
        read.refuse("CREATE FUNCTION with a body in SQL", first.place)
    read.expect("AS")
    if read.token.kind is not TokenKind.STRING:
        read.refuse("CREATE FUNCTION with a body", read.token.place)
    class_name = read.string("a class name")
    resources: tuple[str, ...] = ()
    if read.accept("USING"):
        if read.token.text == "#" or read.sees("CODE"):
            read.refuse("CREATE FUNCTION .. USING with code")
        listed = ",".join(read.listed(lambda: _resource(read)))
        resources = tuple(part.strip() for part in listed.split(",") if part.strip())
    return CreateFunction(
        place=first.place,
        text=read.slice(first),
        project=project,
        name=name.lower(),
        class_name=class_name,
        resources=resources,
        or_replace=or_replace,
    )


def _resource(read: Queries) -> str:
    """[JAR|FILE|PY|ARCHIVE] 'name {, name}'"""
    if read.sees_any(("JAR", "FILE", "PY", "ARCHIVE")):
        read.advance()
    return read.string("the names of resources")


# ADD TABLE (a resource that is a table); other resources are uploaded


def add(read: Queries) -> Statement:
    first = read.expect("ADD")
    if read.sees_any(("USER", "ACCOUNTPROVIDER", "TRUSTEDPROJECT", "TENANT", "RAM")):
        read.rest()
        return SecurityStatement(place=first.place, text=read.slice(first))
    if read.sees_any(("FILE", "PY", "JAR", "ARCHIVE", "VOLUMEFILE", "VOLUMEARCHIVE")):
        read.refuse(
            f"ADD {read.token.upper} (files are uploaded as resources, a statement cannot read them)", first.place
        )
    if read.sees("STATISTIC"):
        read.refuse("ADD STATISTIC", first.place)
    if not read.accept("TABLE"):
        read.fail("TABLE or USER")
    table = table_ref(read)
    partition = optional_partition(read)
    name = read.name("a resource's name").value if read.accept("AS") else ""
    comment = read.string("a comment") if read.accept("COMMENT") else ""
    if read.accept_operator("-"):
        read.name("f", reserved=True)
    return AddTableResource(
        place=first.place, text=read.slice(first), table=table, partition=partition, name=name, comment=comment
    )
