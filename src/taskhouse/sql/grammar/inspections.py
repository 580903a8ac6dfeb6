"""SHOW, LIST, DESC, ANALYZE, and the statements of a session: SET, SETPROJECT, USE.

Source followed: MaxCompute's "Common commands" pages and what PyODPS and its DB-API send.
"""

from __future__ import annotations

from taskhouse.sql.grammar.names import named_columns, optional_partition, owned_name, table_ref
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import Token, TokenKind
from taskhouse.sql.statements import (
    Analyze,
    Describe,
    DescribeFunction,
    DescribeProject,
    DescribeResource,
    DescribeSchema,
    PartitionSpec,
    SecurityStatement,
    SetFlag,
    SetProject,
    ShowColumns,
    ShowCreateTable,
    ShowFlags,
    ShowFunctions,
    ShowInstances,
    ShowPartitions,
    ShowProjects,
    ShowResources,
    ShowSchemas,
    ShowTables,
    Statement,
    UseProject,
    UseSchema,
)

_SECURITY_SHOWN = frozenset(
    "GRANT GRANTS ACL ROLES ROLE USERS USER PRINCIPALS PRIV PRIVS LABEL PACKAGES PACKAGE SECURITYCONFIGURATION "
    "TRUSTEDPROJECTS ACCOUNTPROVIDERS".split()
)
_SECURITY_FLAGS = frozenset(
    "PROJECTPROTECTION CHECKPERMISSIONUSINGACL CHECKPERMISSIONUSINGPOLICY OBJECTCREATORHASACCESSPERMISSION "
    "OBJECTCREATORHASGRANTPERMISSION LABELSECURITY EXTERNALRESOURCEACCESSCONTROL".split()
)
_REFUSED_SHOWN = {
    "HISTORY": "SHOW HISTORY (time travel)",
    "CHANGELOGS": "SHOW CHANGELOGS",
    "MODELS": "SHOW MODELS",
    "STREAMS": "SHOW STREAMS",
    "INDEXES": "SHOW INDEXES",
    "STATISTIC": "SHOW STATISTIC",
    "STATISTICS": "SHOW STATISTICS",
    "DATABASES": "SHOW DATABASES",
    "VOLUMES": "SHOW VOLUMES",
    "JOBS": "SHOW JOBS",
    "JOB": "SHOW JOB",
    "TBLPROPERTIES": "SHOW TBLPROPERTIES",
    "TABLE": "SHOW TABLE EXTENDED",
    "LOCKS": "SHOW LOCKS",
    "TRANSACTIONS": "SHOW TRANSACTIONS",
    "COMPACTIONS": "SHOW COMPACTIONS",
    "RECYCLEBIN": "SHOW RECYCLEBIN",
    "VARIABLES": "SHOW VARIABLES",
    "CONF": "SHOW CONF",
    "INDEX": "SHOW INDEX",
}


# session


def set_flag(read: Queries) -> Statement:
    """SET name = value: the value is the rest of the statement, as written."""
    first = read.expect("SET")
    if read.at_end():
        return ShowFlags(place=first.place, text=read.slice(first))
    if read.token.upper in ("LABEL",) or (read.token.upper in _SECURITY_FLAGS):
        read.rest()
        return SecurityStatement(place=first.place, text=read.slice(first))
    start = read.token
    while not read.at_end() and not read.sees_operator("="):
        read.advance()
    equals = read.token
    if read.at_end():
        read.fail("'='")
    name = read.text[start.start : equals.start].strip()
    if not name or any(char.isspace() for char in name):
        read.fail("the name of a flag", start)
    read.advance()
    value = read.rest()
    return SetFlag(place=first.place, text=read.slice(first), name=name, value=value)


def set_project(read: Queries) -> SetProject:
    """SETPROJECT name=value [name=value ..]"""
    first = read.expect("SETPROJECT")
    start = read.token
    settings: list[tuple[str, str]] = []
    for part in read.rest().split():
        name, equals, value = part.partition("=")
        if not equals or not name:
            read.fail("name=value", start)
        settings.append((name, value))
    return SetProject(place=first.place, text=read.slice(first), settings=tuple(settings))


def use(read: Queries) -> Statement:
    first = read.expect("USE")
    if read.accept("SCHEMA"):
        schema = read.name("a schema's name").value.lower()
        return UseSchema(place=first.place, text=read.slice(first), schema=schema)
    read.accept("PROJECT")
    project = read.name("a project's name").value.lower()
    return UseProject(place=first.place, text=read.slice(first), project=project)


# SHOW, LIST


def show(read: Queries) -> Statement:
    """SHOW .. and LIST .., which are one to MaxCompute."""
    first = read.advance()
    word = read.token
    if word.kind is not TokenKind.WORD:
        read.fail("what to show")
    match word.upper:
        case "TABLES" | "VIEWS":
            read.advance()
            return _show_tables(read, first, views=word.upper == "VIEWS")
        case "MATERIALIZED":
            read.expect("MATERIALIZED", "VIEWS")
            return _show_tables(read, first, views=True)
        case "PARTITIONS":
            read.advance()
            table = table_ref(read)
            spec = optional_partition(read)
            return ShowPartitions(place=first.place, text=read.slice(first), table=table, partition=spec)
        case "CREATE":
            read.advance()
            if not (read.accept("TABLE") or read.accept("VIEW") or read.accept("MATERIALIZED", "VIEW")):
                read.fail("TABLE")
            table = table_ref(read)
            return ShowCreateTable(place=first.place, text=read.slice(first), table=table)
        case "COLUMNS":
            read.advance()
            if not read.accept("IN"):
                read.expect("FROM")
            table = table_ref(read)
            return ShowColumns(place=first.place, text=read.slice(first), table=table)
        case "FUNCTIONS" | "BUILTIN":
            builtin = read.accept("BUILTIN")
            read.expect("FUNCTIONS")
            like = _like(read)
            return ShowFunctions(place=first.place, text=read.slice(first), builtin=builtin, like=like)
        case "RESOURCES":
            read.advance()
            like = _like(read)
            return ShowResources(place=first.place, text=read.slice(first), like=like)
        case "SCHEMAS":
            read.advance()
            project = read.name("a project's name").value.lower() if _in(read) else None
            return ShowSchemas(place=first.place, text=read.slice(first), project=project)
        case "PROJECTS":
            read.advance()
            return ShowProjects(place=first.place, text=read.slice(first))
        case "FLAGS":
            read.advance()
            return ShowFlags(place=first.place, text=read.slice(first))
        case "P" | "PROC" | "INSTANCES" | "PROCESSLIST":
            read.advance()
            if read.sees("FROM"):
                read.refuse(f"SHOW {word.upper} FROM .. TO")
            limit = read.whole_number() if read.token.kind is TokenKind.NUMBER else None
            return ShowInstances(place=first.place, text=read.slice(first), limit=limit)
        case other if other in _SECURITY_SHOWN:
            read.rest()
            return SecurityStatement(place=first.place, text=read.slice(first))
        case other if other in _REFUSED_SHOWN:
            read.refuse(_REFUSED_SHOWN[other], first.place)
    return read.fail("TABLES, VIEWS, PARTITIONS, CREATE TABLE, COLUMNS, FUNCTIONS, RESOURCES, SCHEMAS, FLAGS or GRANTS")


def _in(read: Queries) -> bool:
    return read.accept("IN") or read.accept("FROM")


def _show_tables(read: Queries, first: Token, *, views: bool) -> ShowTables:
    project = schema = None
    if _in(read):
        project = read.name("a project's name").value.lower()
        if read.accept_operator("."):
            schema = read.name("a schema's name").value.lower()
    like = _like(read)
    return ShowTables(place=first.place, text=read.slice(first), project=project, schema=schema, like=like, views=views)


def _like(read: Queries) -> str | None:
    """[LIKE 'pattern']; a bare string is taken for the pattern too."""
    if read.accept("LIKE"):
        return read.string("a pattern")
    return read.string() if read.token.kind is TokenKind.STRING else None


# DESC, ANALYZE


def describe(read: Queries) -> Statement:
    first = read.advance()
    extended = read.accept("EXTENDED") or read.accept("FORMATTED") or read.accept("PRETTY")
    if read.sees("SCHEMA") and read.ahead().kind is not TokenKind.END:
        read.advance()
        project, schema = owned_name(read, "a schema's name")
        return DescribeSchema(place=first.place, text=read.slice(first), project=project, schema=schema.lower())
    if read.accept("PROJECT"):
        extended = read.accept("EXTENDED") or extended
        found = None if read.at_end() else read.name("a project's name").value.lower()
        return DescribeProject(place=first.place, text=read.slice(first), project=found, extended=extended)
    if read.sees("FUNCTION") and read.ahead().kind is not TokenKind.END:
        read.advance()
        project, name = owned_name(read, "a function's name")
        return DescribeFunction(place=first.place, text=read.slice(first), project=project, name=name.lower())
    if read.sees("RESOURCE") and read.ahead().kind is not TokenKind.END:
        read.advance()
        start = read.token
        text = read.rest().strip("`")
        if not text:
            read.fail("a resource's name", start)
        owner, colon, own = text.partition(":")
        return DescribeResource(
            place=first.place,
            text=read.slice(first),
            project=owner.lower() if colon else None,
            name=own if colon else text,
        )
    if read.sees_any(("ROLE", "PACKAGE", "USER")) and read.ahead().kind is not TokenKind.END:
        read.rest()
        return SecurityStatement(place=first.place, text=read.slice(first))
    if not read.accept("TABLE"):
        read.accept("VIEW")
    table = table_ref(read)
    spec: PartitionSpec = optional_partition(read)
    return Describe(
        place=first.place,
        text=read.slice(first),
        table=table,
        extended=extended or read.accept("EXTENDED"),
        partition=spec,
    )


def analyze(read: Queries) -> Analyze:
    """ANALYZE TABLE t [PARTITION (..)] COMPUTE STATISTICS [FOR COLUMNS [(..)]]"""
    first = read.expect("ANALYZE")
    read.expect("TABLE")
    table = table_ref(read)
    spec = optional_partition(read)
    read.expect("COMPUTE", "STATISTICS")
    read.accept("NOSCAN")
    for_columns = read.accept("FOR", "COLUMNS")
    columns = named_columns(read) if for_columns and read.sees_operator("(") else ()
    return Analyze(
        place=first.place,
        text=read.slice(first),
        table=table,
        partition=spec,
        columns=columns,
        for_columns=for_columns,
    )


def unset(read: Queries) -> SecurityStatement:
    """UNSET LABEL ..; a flag that is set stays set until the end of its text."""
    if read.ahead().upper != "LABEL":
        read.refuse("UNSET")
    return security(read)


def security(read: Queries) -> SecurityStatement:
    """The whole text, for the access service's own parser."""
    first = read.advance()
    read.rest()
    return SecurityStatement(place=first.place, text=read.slice(first))
