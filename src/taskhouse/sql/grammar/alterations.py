"""ALTER TABLE and ALTER VIEW.

Source followed: MaxCompute's "Table operations", "Partition and column operations", "Merge partitions", "Merge small files"
pages, and the statements PyODPS writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypedDict

from taskhouse.domain.catalogue import Column
from taskhouse.domain.faults import Place
from taskhouse.sql.grammar.names import (
    clustering,
    column_definition,
    column_name,
    default_text,
    if_exists,
    if_not_exists,
    lifecycle_days,
    partition_filters,
    partition_spec,
    properties,
    property_text,
    refuse_repeated,
    table_ref,
)
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import Token, TokenKind, parse_fault
from taskhouse.sql.statements import (
    AddColumns,
    AddPartitions,
    AlterTable,
    AlterViewQuery,
    ChangeColumn,
    ChangeOwner,
    DropColumns,
    DropPartitions,
    EnableLifecycle,
    MergePartitions,
    MergeSmallFiles,
    PartitionSpec,
    RebuildView,
    RenamePartition,
    RenameTable,
    SetClustering,
    SetLifecycle,
    SetProperties,
    SetRewrite,
    SetTableComment,
    Statement,
    TableRef,
    TouchTable,
    UnsetProperties,
)

_REFUSED_ACTIONS = {
    "ARCHIVE": "ALTER TABLE .. ARCHIVE",
    "FREEZE": "ALTER TABLE .. FREEZE",
    "RESTORE": "ALTER TABLE .. RESTORE",
    "EXSTORE": "ALTER TABLE .. EXSTORE",
    "UNDO": "ALTER TABLE .. UNDO",
    "REPLACE": "ALTER TABLE .. REPLACE COLUMNS",
    "EXCHANGE": "ALTER TABLE .. EXCHANGE PARTITION",
    "RECOVER": "ALTER TABLE .. RECOVER PARTITIONS",
    "REWRITE": "ALTER TABLE .. REWRITE",
}


class _Base(TypedDict):
    place: Place
    text: str
    table: TableRef
    view: bool


_Giver: TypeAlias = Callable[[], _Base]
"""Gives a statement's common parts; called when all its tokens are read, so that its text is whole."""


def alter(read: Queries) -> Statement:
    first = read.expect("ALTER")
    if read.accept("TABLE"):
        table = table_ref(read)
        return _action(read, first, table, view=False)
    if read.sees("VIEW") or read.sees("MATERIALIZED", "VIEW"):
        materialized = read.accept("MATERIALIZED")
        read.expect("VIEW")
        table = table_ref(read, "a view's name")
        if read.accept("AS") or read.sees_query():
            query, text = read.kept_query()
            return AlterViewQuery(place=first.place, text=read.slice(first), table=table, query=query, query_text=text)
        if materialized and read.accept("REBUILD"):
            filters = partition_filters(read) if read.sees("PARTITION") else ()
            return RebuildView(place=first.place, text=read.slice(first), table=table, view=True, partitions=filters)
        if materialized and (read.sees("ENABLE", "REWRITE") or read.sees("DISABLE", "REWRITE")):
            enabled = read.advance().upper == "ENABLE"
            read.advance()
            return SetRewrite(place=first.place, text=read.slice(first), table=table, view=True, enabled=enabled)
        return _action(read, first, table, view=True)
    if read.sees_any(("SCHEMA", "USER", "ROLE", "PROJECT", "FUNCTION", "RESOURCE", "DATABASE", "QUOTA", "STREAM")):
        read.refuse(f"ALTER {read.token.upper}", first.place)
    return read.fail("TABLE or VIEW")


def _action(read: Queries, first: Token, table: TableRef, *, view: bool) -> AlterTable:
    def base() -> _Base:
        return {"place": first.place, "text": read.slice(first), "table": table, "view": view}

    if read.sees("PARTITION"):
        return _partition_action(read, first, table, view=view)
    token = read.token
    if read.accept("ADD"):
        return _add(read, base)
    if read.accept("DROP"):
        return _drop(read, base)
    if read.accept("CHANGE") or (read.sees("ALTER", "COLUMN") and read.accept("ALTER")):
        return _change_column(read, base)
    if read.accept("RENAME"):
        return _rename(read, table, base)
    if read.accept("SET"):
        return _set(read, base, ())
    if read.accept("UNSET"):
        read.expect("TBLPROPERTIES")
        exists_only = if_exists(read)
        names = read.wrapped(lambda: property_text(read))
        return UnsetProperties(**base(), names=tuple(names), if_exists=exists_only)
    if read.accept("COMMENT"):
        comment = read.string("a comment")
        return SetTableComment(**base(), comment=comment)
    if read.sees("ENABLE") or read.sees("DISABLE"):
        return _enable(read, base, ())
    if read.accept("CHANGEOWNER"):
        read.expect("TO")
        owner = read.string("an account")
        return ChangeOwner(**base(), owner=owner)
    if read.accept("TOUCH"):
        spec = partition_spec(read) if read.accept("PARTITION") else ()
        return TouchTable(**base(), partition=spec)
    if read.sees("CLUSTERED") or read.sees("RANGE"):
        how = clustering(read)
        return SetClustering(**base(), clustering=how)
    if read.accept("NOT", "CLUSTERED"):
        return SetClustering(**base(), clustering=None)
    if read.accept("MERGE"):
        return _merge(read, base, ())
    if read.accept("COMPACT"):
        return _compact(read, base, ())
    if read.sees_any(tuple(_REFUSED_ACTIONS)):
        read.refuse(_REFUSED_ACTIONS[token.upper], token.place)
    return read.fail("an action of ALTER TABLE")


def _partition_action(read: Queries, first: Token, table: TableRef, *, view: bool) -> AlterTable:
    """ALTER TABLE t PARTITION (..) action."""
    token = read.expect("PARTITION")
    spec = partition_spec(read)

    def base() -> _Base:
        return {"place": first.place, "text": read.slice(first), "table": table, "view": view}

    action = read.token
    if read.accept("RENAME", "TO"):
        read.expect("PARTITION")
        new = partition_spec(read)
        if [column for column, _ in new] != [column for column, _ in spec]:
            raise parse_fault("the new partition must name the same columns in the same order", token.place)
        return RenamePartition(**base(), partition=spec, new=new)
    if read.sees("ENABLE") or read.sees("DISABLE"):
        return _enable(read, base, spec)
    if read.accept("SET"):
        return _set(read, base, spec)
    if read.accept("TOUCH"):
        return TouchTable(**base(), partition=spec)
    if read.accept("MERGE"):
        return _merge(read, base, spec)
    if read.accept("COMPACT"):
        return _compact(read, base, spec)
    if read.sees_any(tuple(_REFUSED_ACTIONS)):
        read.refuse(_REFUSED_ACTIONS[action.upper], action.place)
    return read.fail("RENAME TO, ENABLE LIFECYCLE, DISABLE LIFECYCLE, SET, TOUCH, MERGE SMALLFILES or COMPACT")


def _add(read: Queries, give: _Giver) -> AlterTable:
    if read.sees("COLUMNS") or read.sees("COLUMN"):
        opening = read.advance()
        absent_only = if_not_exists(read)
        if read.sees_operator("("):
            found = tuple(read.wrapped(lambda: column_definition(read)))
        else:
            found = tuple(read.listed(lambda: column_definition(read)))
        refuse_repeated(found, opening.place)
        return AddColumns(**give(), columns=found, if_not_exists=absent_only)
    absent_only = if_not_exists(read)
    if not read.sees("PARTITION"):
        read.fail("COLUMNS or PARTITION")
    partitions: list[PartitionSpec] = []
    while read.accept("PARTITION"):
        partitions.append(partition_spec(read))
        if read.sees("LOCATION"):
            read.refuse("ADD PARTITION .. LOCATION")
        read.accept_operator(",")
    return AddPartitions(**give(), partitions=tuple(partitions), if_not_exists=absent_only)


def _drop(read: Queries, give: _Giver) -> AlterTable:
    if read.accept("COLUMNS") or read.accept("COLUMN"):
        exists_only = if_exists(read)
        names = (
            read.wrapped(lambda: column_name(read))
            if read.sees_operator("(")
            else read.listed(lambda: column_name(read))
        )
        return DropColumns(**give(), columns=tuple(names), if_exists=exists_only)
    exists_only = if_exists(read)
    if not read.sees("PARTITION"):
        read.fail("COLUMNS or PARTITION")
    filters = partition_filters(read)
    read.accept("PURGE")
    return DropPartitions(**give(), filters=filters, if_exists=exists_only)


def _rename(read: Queries, table: TableRef, give: _Giver) -> AlterTable:
    if read.accept("COLUMN"):
        token = read.token
        old = column_name(read)
        read.expect("TO")
        new = column_name(read)
        return ChangeColumn(**give(), column=old, column_place=token.place, new_name=new)
    read.expect("TO")
    new_table = table_ref(read)
    if (new_table.project, new_table.schema, new_table.qualifier) not in (
        (None, None, None),
        (table.project, table.schema, table.qualifier),
    ):
        read.refuse("Moving a table to another project or schema", new_table.place)
    return RenameTable(**give(), new_name=new_table.name)


def _set(read: Queries, give: _Giver, spec: PartitionSpec) -> AlterTable:
    if read.accept("TBLPROPERTIES") or read.accept("PARTITIONPROPERTIES"):
        found = properties(read)
        return SetProperties(**give(), properties=found, partition=spec)
    if spec:
        read.fail("TBLPROPERTIES or PARTITIONPROPERTIES")
    if read.accept("LIFECYCLE"):
        days = lifecycle_days(read)
        return SetLifecycle(**give(), days=days)
    if read.accept("COMMENT"):
        comment = read.string("a comment")
        return SetTableComment(**give(), comment=comment)
    if read.sees_any(("FILEFORMAT", "SERDE", "SERDEPROPERTIES", "LOCATION", "CHANGELOGS")):
        read.refuse(f"ALTER TABLE .. SET {read.token.upper}")
    return read.fail("TBLPROPERTIES, LIFECYCLE or COMMENT")


def _enable(read: Queries, give: _Giver, spec: PartitionSpec) -> AlterTable:
    enabled = read.advance().upper == "ENABLE"
    read.expect("LIFECYCLE")
    return EnableLifecycle(**give(), enabled=enabled, partition=spec)


def _merge(read: Queries, give: _Giver, spec: PartitionSpec) -> AlterTable:
    """MERGE SMALLFILES, or MERGE [IF EXISTS] PARTITION (..) [, ..] OVERWRITE PARTITION (..) [PURGE]."""
    if read.accept("SMALLFILES"):
        return MergeSmallFiles(**give(), partition=spec)
    if spec:
        read.fail("SMALLFILES")
    exists_only = if_exists(read)
    filters = partition_filters(read)
    read.expect("OVERWRITE", "PARTITION")
    target = partition_spec(read)
    purge = read.accept("PURGE")
    return MergePartitions(**give(), filters=filters, target=target, if_exists=exists_only, purge=purge)


def _compact(read: Queries, give: _Giver, spec: PartitionSpec) -> AlterTable:
    """COMPACT MAJOR|MINOR [-f] [-h hours]: the switches of the console mean nothing here."""
    if not read.sees_any(("MAJOR", "MINOR")):
        read.fail("MAJOR or MINOR")
    kind = read.advance().upper.lower()
    while read.accept_operator("-"):
        if read.name("a switch (-f or -h)").value.lower() == "h":
            read.whole_number("hours")
    return MergeSmallFiles(**give(), partition=spec, compact=kind)


def _change_column(read: Queries, give: _Giver) -> AlterTable:
    """CHANGE [COLUMN] in its forms: RENAME TO, COMMENT, [NOT] NULL, a new definition, FIRST or AFTER, DEFAULT."""
    read.accept("COLUMN")
    token = read.token
    column = column_name(read)
    new_name: str | None = None
    definition: Column | None = None
    comment: str | None = None
    nullable: bool | None = None
    default: str | None = None
    drop_default = False
    if read.accept("RENAME", "TO"):
        new_name = column_name(read)
    elif read.sees("COMMENT") and read.ahead().kind is TokenKind.STRING:
        read.advance()
        comment = read.string("a comment")
    elif read.accept("NULL") or read.accept("DROP", "NOT", "NULL"):
        nullable = True
    elif read.accept("NOT", "NULL") or read.accept("SET", "NOT", "NULL"):
        nullable = False
    elif read.accept("SET", "DEFAULT") or read.accept("DEFAULT"):
        default = default_text(read)
    elif read.accept("DROP", "DEFAULT"):
        drop_default = True
    elif read.sees("FIRST") or read.sees("AFTER"):
        pass
    else:
        start = read.at
        definition = column_definition(read)
        written = {token.upper for token in read.tokens[start + 1 : read.at]}
        new_name = definition.name
        comment = definition.comment if "COMMENT" in written else None
        nullable = definition.nullable if "NULL" in written else None
    first = read.accept("FIRST")
    after = column_name(read) if not first and read.accept("AFTER") else None
    return ChangeColumn(
        **give(),
        column=column,
        column_place=token.place,
        new_name=new_name,
        definition=definition,
        comment=comment,
        nullable=nullable,
        first=first,
        after=after,
        default=default,
        drop_default=drop_default,
    )
