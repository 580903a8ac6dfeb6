"""INSERT INTO, INSERT OVERWRITE, and FROM .. INSERT .. INSERT.

Source followed: MaxCompute's "INSERT INTO | INSERT OVERWRITE", "Dynamic partition" and "MULTI INSERT" pages.
"""

from __future__ import annotations

from sqlglot import exp

from taskhouse.sql.dialect import set_place
from taskhouse.sql.grammar.names import column_name, if_not_exists, partition_spec, table_ref
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import Token, parse_fault
from taskhouse.sql.statements import Insert, MultiInsert, PartitionSpec, Query, Statement, TableRef

MAX_INSERTS = 255
"""Outputs of one multi-insert, MaxCompute's own limit."""


def query_or_write(read: Queries) -> Statement:
    """A statement that starts with SELECT, WITH, FROM, VALUES, `(` or INSERT."""
    first = read.token
    if read.sees("INSERT"):
        return _insert(read, None)
    if not read.sees("WITH") and not read.sees("FROM"):
        query = read.complete(read.query())
        return Query(place=first.place, text=read.slice(first), query=query)
    with_ = read.with_clause()
    if read.sees("INSERT"):
        return _insert(read, with_, first)
    if read.sees("FROM"):
        return _from_first(read, with_, first)
    query = read.query()
    if with_ is not None:
        read.attach_with(query, with_)
    return Query(place=first.place, text=read.slice(first), query=read.complete(query))


def _insert(read: Queries, with_: exp.With | None, first: Token | None = None) -> Insert:
    first = first or read.token
    overwrite, table, partition, absent_only, columns = _target(read)
    query = read.query()
    if with_ is not None:
        read.attach_with(query, with_)
    _skip_zorder(read)
    return Insert(
        place=first.place,
        text=read.slice(first),
        table=table,
        overwrite=overwrite,
        query=read.complete(query),
        partition=partition,
        columns=columns,
        if_not_exists=absent_only,
    )


def _target(read: Queries) -> tuple[bool, TableRef, PartitionSpec, bool, tuple[str, ...]]:
    """INSERT INTO|OVERWRITE [TABLE] t [PARTITION (..) [IF NOT EXISTS]] [(columns)]"""
    read.expect("INSERT")
    if read.accept("OVERWRITE"):
        overwrite = True
    else:
        overwrite = False
        if not read.accept("INTO"):
            read.fail("INTO or OVERWRITE")
    if read.sees("LOCAL", "DIRECTORY") or (read.sees("DIRECTORY") and read.ahead().text[:1] in "'\""):
        read.refuse("INSERT OVERWRITE DIRECTORY (writing files of the host)")
    read.accept("TABLE")
    table = table_ref(read)
    partition = partition_spec(read, dynamic=True) if read.accept("PARTITION") else ()
    absent_only = if_not_exists(read)
    columns: tuple[str, ...] = ()
    if read.sees_operator("(") and not read.sees_query():
        opening = read.token
        names = read.wrapped(lambda: column_name(read))
        if len(set(names)) != len(names):
            raise parse_fault("a column stands twice", opening.place)
        columns = tuple(names)
    return overwrite, table, partition, absent_only, columns


def _skip_zorder(read: Queries) -> None:
    """ZORDER BY a, b: where rows lie in the files; it never changes a result."""
    if read.accept("ZORDER", "BY"):
        read.listed(lambda: column_name(read))


def _from_first(read: Queries, with_: exp.With | None, first: Token) -> Statement:
    """FROM source SELECT .. | FROM source INSERT .. SELECT .. [INSERT .. SELECT ..]"""
    holder = exp.Select()
    set_place(holder, read.token.place)
    read.from_clause(holder)
    if not read.sees("INSERT"):
        query = read.query_after(read.select_from(holder))
        if with_ is not None:
            read.attach_with(query, with_)
        return Query(place=first.place, text=read.slice(first), query=read.complete(query))
    inserts: list[Insert] = []
    while read.sees("INSERT"):
        start = read.token
        if len(inserts) >= MAX_INSERTS:
            raise parse_fault(f"more than {MAX_INSERTS} INSERTs share one FROM", start.place)
        overwrite, table, partition, absent_only, columns = _target(read)
        branch = holder.copy()
        set_place(branch, read.token.place)
        query = read.query_after(read.select_from(branch))
        _skip_zorder(read)
        if with_ is not None:
            read.attach_with(query, with_.copy())
        inserts.append(
            Insert(
                place=start.place,
                text=read.slice(start),
                table=table,
                overwrite=overwrite,
                query=query,
                partition=partition,
                columns=columns,
                if_not_exists=absent_only,
            )
        )
    for insert in inserts:
        read.complete(insert.query)
    source: exp.Expression = holder.args["from_"].this
    for key in ("joins", "laterals"):
        if holder.args.get(key):
            source.set(key, [*(source.args.get(key) or []), *(node.copy() for node in holder.args[key])])
    if len(inserts) == 1:
        only = inserts[0]
        return Insert(
            place=first.place,
            text=read.slice(first),
            table=only.table,
            overwrite=only.overwrite,
            query=only.query,
            partition=only.partition,
            columns=only.columns,
            if_not_exists=only.if_not_exists,
        )
    return MultiInsert(place=first.place, text=read.slice(first), source=source, inserts=tuple(inserts))
