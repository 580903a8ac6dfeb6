"""The binder: from MaxCompute trees to typed engine SQL, in one pass over the tree.

`bind_query` and `bind_insert` resolve names through the context's catalogue, give every expression a MaxCompute type,
insert MaxCompute's implicit conversions, and emit DuckDB SQL in which nothing of the user's text stands: names are
quoted anew, literals re-made, functions come from the registry. All errors are `Fault`s with a place in the query.
"""

from __future__ import annotations

import re

from sqlglot import exp

import taskhouse.sql.functions  # noqa: F401  (fills the registry)
from taskhouse.domain.catalogue import OutputColumn
from taskhouse.domain.datatypes import STRING, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.sql.binder.binding import Binding, ScanUse
from taskhouse.sql.binder.block import Block
from taskhouse.sql.binder.insert import bind_insert_into
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.query import Queries
from taskhouse.sql.bound import BoundInsert, BoundQuery
from taskhouse.sql.catalogue import BindContext
from taskhouse.sql.statements import Insert

__all__ = ["bind_insert", "bind_query"]


def bind_query(query: exp.Expr, context: BindContext) -> BoundQuery:
    """Bind a query. Output names are unique: a repeated or unnamed column is `_c` and its place from 0. A bare NULL is STRING.

    Raises `Fault`: NO_SUCH_TABLE, SEMANTIC (names, types), NOT_SUPPORTED (what Taskhouse does not have), with a place.
    """
    binding = Binding(context)
    try:
        block = Queries(binding).bind(query, None)
        return finish(binding, block)
    except RecursionError:
        raise Fault(
            FaultCode.SEMANTIC, "Semantic analysis exception - the query is nested too deeply", place_of(query)
        ) from None


def bind_insert(insert: Insert, context: BindContext) -> BoundInsert:
    """Bind an INSERT. Raises as `bind_query` does, also for columns that do not fit the table."""
    binding = Binding(context)
    try:
        return bind_insert_into(insert, binding, finish_with=finish)
    except RecursionError:
        raise Fault(
            FaultCode.SEMANTIC, "Semantic analysis exception - the query is nested too deeply", insert.place
        ) from None


def finish(binding: Binding, block: Block) -> BoundQuery:
    """The block as a result: unique names, exact engine types, the scans that are still read, and policies checked."""
    taken: set[str] = set()
    columns = []
    for i, column in enumerate(block.columns):
        name = column.name
        if name in taken:
            name = f"_c{i}"
        while name in taken:
            name += "_"
        taken.add(name)
        columns.append(OutputColumn(name, STRING if column.type.kind is Kind.VOID else column.type))
    sql = _with_output(block, columns)
    mentioned = set(re.findall(r"\bscan_\d+\b", sql))
    scans = {name: use for name, use in binding.scans.items() if name in mentioned}
    _check_full_scans(binding, scans)
    return BoundQuery(
        sql,
        tuple(columns),
        {name: use.bound() for name, use in scans.items()},
        tuple(binding.tables),
        binding.context.time_zone,
    )


_PLAIN = re.compile(r'"(?:[^"]|"")+"\."(?:[^"]|"")+"')
"""A column of a relation, as it is."""


def _with_output(block: Block, columns: list[OutputColumn]) -> str:
    """The block's text with its columns named and typed as the result promises."""
    if block.parts is None:
        if all(c.physical == o.name and not _may_differ(o) for c, o in zip(block.columns, columns, strict=True)):
            return block.sql
        before, behind = "SELECT ", f" FROM ({block.sql}) AS q"
        sources, head = [f"q.{identifier(c.physical)}" for c in block.columns], ""
    else:
        before, sources, behind = block.parts
        head = block.head
    items = []
    for source, output in zip(sources, columns, strict=True):
        plain = output.type.kind is not Kind.DECIMAL and not output.type.is_complex and _PLAIN.fullmatch(source)
        target = engine_type(output.type)
        exact = source.startswith("CAST(") and source.endswith(f" AS {target})")
        sql = source if plain or exact or not _may_differ(output) else f"CAST({source} AS {target})"
        items.append(f"{sql} AS {identifier(output.name)}")
    return f"{head}{before}{', '.join(items)}{behind}"


def _may_differ(output: OutputColumn) -> bool:
    """Types that DuckDB may compute in a narrower or wider form than the output promises."""
    return output.type.is_number or output.type.is_complex


def _check_full_scans(binding: Binding, scans: dict[str, ScanUse]) -> None:
    if binding.context.flag("odps.sql.allow.fullscan", True):
        return
    for use in scans.values():
        if use.table.is_partitioned and not use.tests:
            raise Fault(
                FaultCode.SEMANTIC,
                f"Semantic analysis exception - physical plan generation failed: Table({use.table.name}) is full scan "
                "with all partitions, please specify partition predicates.",
                use.place,
            )
