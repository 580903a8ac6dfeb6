"""INSERT: a query's rows brought to a table's columns and partitions, by the rules of assignment.

Numbers convert among one another, text to numbers and times, anything plain to text; BOOLEAN only to and from itself and text.
A decimal loses digits behind the point by truncation in integers and rounding in DECIMALs; a number out of range, a
NULL for a NOT NULL column and an empty partition value fail when the statement runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from sqlglot import exp

from taskhouse.domain.catalogue import Column, Table, TableName
from taskhouse.domain.datatypes import STRING, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.backends.duckdb import engine_type, identifier, quote_text
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.block import Block, BlockColumn
from taskhouse.sql.binder.query import Queries
from taskhouse.sql.binder.scope import Relation, RelationColumn, Scope
from taskhouse.sql.bound import BoundInsert, BoundQuery
from taskhouse.sql.casts import convert
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import Insert, Query, TableRef
from taskhouse.sql.typed import Typed, text_constant

Finish = Callable[[Binding, Block], BoundQuery]


def bind_insert_into(insert: Insert, binding: Binding, *, finish_with: Finish) -> BoundInsert:
    table = target_table(insert.table, binding)
    if table.is_view:
        _fail(insert, f"{table.name} is a view, it cannot be written")
    static, dynamic = _partition(insert, table, binding)
    queries = Queries(binding)
    block = queries.bind(insert.query, None)
    named = _incoming(insert, table, dynamic)
    if len(named) != len(block.columns):
        _fail(
            insert,
            f"wrong columns count {len(block.columns)} in data source, requires {len(named)} columns "
            "(includes dynamic partitions if any)",
        )
    sources = {
        name: (Typed(f"s.{identifier(c.physical)}", c.type), c.name)
        for name, c in zip(named, block.columns, strict=True)
    }
    items: list[tuple[str, BlockColumn]] = []
    assigned: dict[str, Typed] = {}
    for column in table.columns:
        typed = _value(column, sources, insert, table, binding, queries)
        assigned[column.name] = typed
        items.append((typed.sql, BlockColumn(column.name, column.name, column.type)))
    for column in dynamic:
        text = _partition_value(column, sources, assigned, insert, binding, queries)
        items.append((text, BlockColumn(column.name, column.name, STRING)))
    texts = [f"{sql} AS {identifier(c.physical)}" for sql, c in items]
    whole = Block(f"SELECT {', '.join(texts)} FROM ({block.sql}) AS s", [c for _, c in items])
    return BoundInsert(
        table,
        finish_with(binding, whole),
        insert.overwrite,
        static,
        tuple(c.name for c in dynamic),
        insert.if_not_exists,
    )


def target_table(reference: TableRef, binding: Binding) -> Table:
    """The table a statement writes. Raises `Fault` (NO_SUCH_TABLE)."""
    context = binding.context
    project, schema, name = reference.resolve(context.project, context.schema, schemas_enabled=binding.schemas_enabled)
    wanted = TableName(project.lower(), schema.lower(), name.lower())
    found = binding.look_up(wanted)
    if found is None:
        raise Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - table {wanted} cannot be resolved", reference.place)
    context.admit("Update", found)
    return found


def _partition(insert: Insert, table: Table, binding: Binding) -> tuple[tuple[str, ...], list[Column]]:
    """Values of the leading static partition columns, and the dynamic columns behind them."""
    written = dict(insert.partition)
    known = {c.name: c for c in table.partition_columns}
    if written and not known:
        _fail(insert, f"table {table.name} is not partitioned")
    if len(written) != len(insert.partition):
        _fail(insert, "a partition column stands twice in PARTITION")
    for name in written:
        if name not in known:
            _fail(insert, f"{name} is no partition column of table {table.name}, which has {', '.join(known)}")
    if written and len(written) != len(known):
        missing = [n for n in known if n not in written]
        _fail(insert, f"partition column {', '.join(missing)} is not given a value in PARTITION")
    static: list[str] = []
    dynamic: list[Column] = []
    for column in table.partition_columns:
        value = written.get(column.name)
        if value is None:
            dynamic.append(column)
        elif dynamic:
            _fail(insert, f"static partition column {column.name} cannot stand behind dynamic {dynamic[0].name}")
        else:
            static.append(_static_value(value, column, insert, binding))
    return tuple(static), dynamic


def _static_value(value: str, column: Column, insert: Insert, binding: Binding) -> str:
    if value == "":
        _fail(insert, f"the value of partition column {column.name} is empty")
    if column.type.is_text:
        return value
    made = convert(text_constant(value), column.type, binding.rules)
    if made is None or made.value is None:
        _fail(insert, f"'{value}' is no value of partition column {column.name}, which is {shown(column.type)}")
    return str(made.value)


def _incoming(insert: Insert, table: Table, dynamic: list[Column]) -> list[str]:
    """Names of the table's columns that the query's columns go to, in the query's order."""
    asked = [c.name for c in dynamic if c.generated is None or c.name in insert.columns]
    if not insert.columns:
        return [c.name for c in table.columns] + asked
    data = {c.name for c in table.columns}
    seen: set[str] = set()
    for name in insert.columns:
        if name not in data and name not in {c.name for c in table.partition_columns}:
            _fail(insert, f"column {name} cannot be resolved in table {table.name}")
        if name in seen:
            _fail(insert, f"column {name} stands twice in the column list")
        if name not in data and name not in asked:
            _fail(insert, f"partition column {name} has a value in PARTITION already")
        seen.add(name)
    return [*insert.columns, *(n for n in asked if n not in seen)]


def _value(
    column: Column,
    sources: dict[str, tuple[Typed, str]],
    insert: Insert,
    table: Table,
    binding: Binding,
    queries: Queries,
) -> Typed:
    """A data column's value: from the query, else the column's default, else NULL."""
    if column.name in sources:
        typed, written = sources[column.name]
        value = _assign(typed, written, column, insert, binding)
    elif column.default is not None:
        value = _assign(_expression(column.default, Scope(), insert, queries), "DEFAULT", column, insert, binding)
    else:
        if not column.nullable:
            _fail(insert, f"column {column.name} of table {table.name} is NOT NULL and is given no value")
        value = Typed(f"CAST(NULL AS {engine_type(column.type)})", column.type)
    if column.nullable:
        return value
    message = f"ODPS-0121095:Invalid argument - column {column.name} of table {table.name} is NOT NULL, NULL cannot be written to it"
    return Typed(f"(CASE WHEN {value.sql} IS NULL THEN error({quote_text(message)}) ELSE {value.sql} END)", value.type)


def _assign(typed: Typed, written: str, column: Column, insert: Insert, binding: Binding) -> Typed:
    made = None
    if _assignable(typed, column):
        source = Typed("NULL", typed.type) if typed.is_null else typed
        made = convert(source, column.type, binding.rules)
    if made is None:
        _fail(
            insert,
            f"column {written} in source has incompatible type {shown(typed.type)} with destination column "
            f"{column.name}, which has type {shown(column.type)}",
        )
    return made


def _assignable(typed: Typed, column: Column) -> bool:
    """BOOLEAN takes BOOLEAN only and gives itself to text only; everything else as far as a conversion exists."""
    given, target = typed.kind, column.type.kind
    if given is Kind.BOOLEAN or target is Kind.BOOLEAN:
        return given is target or given is Kind.VOID or (given is Kind.BOOLEAN and column.type.is_text)
    return True


def _partition_value(
    column: Column,
    sources: dict[str, tuple[Typed, str]],
    assigned: dict[str, Typed],
    insert: Insert,
    binding: Binding,
    queries: Queries,
) -> str:
    """A dynamic partition column's value as text; NULL or empty fails when the statement runs."""
    if column.name in sources:
        typed, written = sources[column.name]
    else:
        assert column.generated is not None
        relation = Relation("s", [RelationColumn(n, t.type, n) for n, t in assigned.items()], frozenset())
        typed, written = _expression(column.generated, Scope(relations=[relation]), insert, queries), column.generated
        for name, value in assigned.items():
            typed = Typed(
                typed.sql.replace(f"{identifier('s')}.{identifier(name)}", value.sql), typed.type, typed.value
            )
    value = _assign(typed, written, column, insert, binding)
    text = convert(value, STRING, binding.rules) if value.type != STRING else value
    if text is None:
        _fail(insert, f"{shown(column.type)} cannot be the type of partition column {column.name}")
    message = f"ODPS-0123031:Partition exception - invalid dynamic partition value: {column.name} is NULL or empty"
    return f"coalesce(NULLIF({text.sql}, ''), error({quote_text(message)}))"


def _expression(text: str, scope: Scope, insert: Insert, queries: Queries) -> Typed:
    """A default's or a generated column's expression, kept by the catalogue as text."""
    statements = parse(f"SELECT {text}")
    if len(statements) == 1 and isinstance(statements[0], Query):
        select = statements[0].query
        if isinstance(select, exp.Select) and len(select.expressions) == 1 and select.args.get("from_") is None:
            item = select.expressions[0]
            return queries.expressions.bind(item.this if isinstance(item, exp.Alias) else item, scope)
    return _fail(insert, f"'{text}' in the table's definition is no expression")


def _fail(insert: Insert, message: str) -> NoReturn:
    raise Fault(FaultCode.SEMANTIC, f"Semantic analysis exception - {message}", insert.place)
