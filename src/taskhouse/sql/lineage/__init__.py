"""Column-level lineage of SQL: which columns of which tables each column of a result is computed from.

It reads statements as the parser gives them and needs no data and no complete catalogue: of a table that nobody knows, every name
that could be its column is taken for one. So lineage can be told before anything exists, and is never smaller than the truth; with a
catalogue that knows all tables it is exact, `*` included. Views are tables here: what lies behind them is not looked at.

Two kinds of sources are kept apart. A result column's own `sources` are the columns in its expression. The `conditions` of a query
are columns that decide which rows there are and how they are grouped (WHERE, ON, GROUP BY, HAVING, DISTINCT): they bear on every
column. `reads` has them all, table by table.
"""

from __future__ import annotations

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.sql.lineage.reading import Reading
from taskhouse.sql.lineage.values import (
    WHOLE,
    ColumnsOf,
    ResultColumn,
    ScriptLineage,
    Source,
    StatementLineage,
    nothing_known,
)
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import (
    CreateTableAs,
    CreateView,
    Insert,
    MultiInsert,
    Query,
    Statement,
    TableRef,
    UseProject,
)

__all__ = [
    "WHOLE",
    "ColumnsOf",
    "ResultColumn",
    "ScriptLineage",
    "Source",
    "StatementLineage",
    "nothing_known",
    "script_lineage",
    "statement_lineage",
]


def script_lineage(text: str, project: str, columns_of: ColumnsOf = nothing_known) -> ScriptLineage:
    """Lineage of each statement of a text that runs in `project`. Raises `Fault` (PARSE_ERROR, NOT_SUPPORTED) as the parser does."""
    found: list[StatementLineage] = []
    for statement in parse(text):
        if isinstance(statement, UseProject):
            project = statement.project
        else:
            found += statement_lineage(statement, project, columns_of)
    return ScriptLineage(tuple(found))


def statement_lineage(
    statement: Statement, project: str, columns_of: ColumnsOf = nothing_known
) -> list[StatementLineage]:
    """One for each table written, or one for a query; none for statements that handle no rows."""
    match statement:
        case Query():
            return [Reading(project, columns_of).statement(statement.query)]
        case Insert():
            return [_insert(statement, project, columns_of)]
        case MultiInsert():
            return [_insert(each, project, columns_of) for each in statement.inserts]
        case CreateTableAs() | CreateView():
            target = _resolve(statement.table, project)
            return [Reading(project, columns_of).statement(statement.query, target)]
        case _:
            return []


def _resolve(table: TableRef, project: str) -> TableName:
    return TableName(*table.resolve(project, DEFAULT_SCHEMA, schemas_enabled=False))


def _insert(insert: Insert, project: str, columns_of: ColumnsOf) -> StatementLineage:
    """The columns take the names of the table's columns that they are assigned to, by position."""
    target = _resolve(insert.table, project)
    names: list[str] | None = None
    static = {name for name, value in insert.partition if value is not None}
    dynamic = [name for name, value in insert.partition if value is None]
    if insert.columns:
        names = [*insert.columns, *(name for name in dynamic if name not in insert.columns)]
    else:
        known = columns_of(target)
        if known is not None:
            names = [name for name in known if name not in static]
    return Reading(project, columns_of).statement(insert.query, target, names)
