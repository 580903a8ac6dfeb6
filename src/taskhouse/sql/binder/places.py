"""Where a node starts, for errors: at the first of its names, `t` in `t.a`."""

from __future__ import annotations

from sqlglot import exp

from taskhouse.domain.faults import Place
from taskhouse.sql import dialect

_FIRST_PARTS = ("catalog", "db", "table")


def place_of(node: exp.Expr | None) -> Place | None:
    """The place of the leftmost name of a column or table, else what the tree knows of the node."""
    if isinstance(node, exp.Dot):
        return place_of(node.this)
    if isinstance(node, (exp.Column, exp.Table)):
        for key in _FIRST_PARTS:
            part = node.args.get(key)
            if part is not None and part.meta.get("line") is not None:
                return dialect.place_of(part)
    return dialect.place_of(node)
