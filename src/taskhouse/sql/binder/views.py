"""A view's query, read again from the text that the catalogue keeps."""

from __future__ import annotations

from sqlglot import exp

from taskhouse.domain.catalogue import Table
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import Query


def view_query(table: Table, node: exp.Expr, binding: Binding) -> exp.Expr:
    """Raises `Fault` (SEMANTIC) at the place where the view is mentioned if its text is a query no more."""
    try:
        statements = parse(table.view_text)
    except Fault as fault:
        raise Fault(
            FaultCode.SEMANTIC,
            f"Semantic analysis exception - view {table.name} cannot be read: {fault.message}",
            place_of(node),
        ) from fault
    if len(statements) != 1 or not isinstance(statements[0], Query):
        binding.fail(f"view {table.name} is not one query", node)
    return statements[0].query
