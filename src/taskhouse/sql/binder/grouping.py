"""GROUP BY: keys, positions, aliases of the select list, GROUPING SETS, CUBE and ROLLUP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from taskhouse.domain.datatypes import Kind
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.binder.scope import Scope
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.typed import Typed

if TYPE_CHECKING:
    from taskhouse.sql.binder.query import Queries

_AGGREGATE = "an aggregate function cannot stand in GROUP BY"


def bind_group(node: exp.Select, scope: Scope, queries: Queries) -> str:
    """The GROUP BY clause's SQL, or ''. Fills the scope's keys."""
    group = node.args.get("group")
    if group is None:
        return ""
    if group.args.get("all"):
        return _group_all(node, scope, queries)
    texts: list[str] = []
    for part in group.expressions:
        if isinstance(part, exp.GroupingSets):
            sets = [_set(s, node, scope, queries) for s in part.expressions]
            texts.append(f"GROUPING SETS ({', '.join(sets)})")
        elif isinstance(part, (exp.Cube, exp.Rollup)):
            word = "CUBE" if isinstance(part, exp.Cube) else "ROLLUP"
            if len(part.expressions) > 12 and word == "CUBE":
                queries.binding.fail("CUBE takes at most 12 keys", part)
            keys = [
                _set(e, node, scope, queries) if isinstance(e, exp.Tuple) else _key(e, node, scope, queries)
                for e in part.expressions
            ]
            texts.append(f"{word} ({', '.join(keys)})")
        else:
            texts.append(_key(part, node, scope, queries))
    return f" GROUP BY {', '.join(texts)}"


def _set(part: exp.Expr, node: exp.Select, scope: Scope, queries: Queries) -> str:
    if isinstance(part, (exp.Cube, exp.Rollup)):
        word = "CUBE" if isinstance(part, exp.Cube) else "ROLLUP"
        return f"{word} ({', '.join(_key(e, node, scope, queries) for e in part.expressions)})"
    members = part.expressions if isinstance(part, exp.Tuple) else [part.this if isinstance(part, exp.Paren) else part]
    return f"({', '.join(_key(e, node, scope, queries) for e in members)})"


def _key(part: exp.Expr, node: exp.Select, scope: Scope, queries: Queries) -> str:
    typed = _key_expression(part, node, scope, queries)
    if scope.aggregated:
        queries.binding.fail(_AGGREGATE, part)
    if typed.kind is Kind.MAP:
        queries.binding.fail(f"GROUP BY cannot group {shown(typed.type)}", part)
    if typed.sql not in scope.keys:
        scope.keys.add(typed.sql)
        scope.grouping_keys.append(typed)
    if typed.is_constant:
        # A bare number would be read as a position.
        return f"CAST({typed.sql} AS {engine_type(typed.type)})"
    return typed.sql


def _key_expression(part: exp.Expr, node: exp.Select, scope: Scope, queries: Queries) -> Typed:
    flag = queries.binding.context.flag
    if isinstance(part, exp.Literal) and not part.is_string and str(part.this).isdecimal():
        positions = (
            flag("odps.sql.groupby.position.alias", False)
            or flag("odps.sql.groupby.orderby.position.alias", False)
            or flag("hive.groupby.position.alias", False)
            or queries.binding.hive
        )
        if positions:
            place = int(part.this)
            if not 1 <= place <= len(node.expressions):
                queries.binding.fail(f"GROUP BY position {place} is not in the select list", part)
            return queries.expressions.bind(node.expressions[place - 1], scope)
    if isinstance(part, exp.Column) and not part.args.get("table"):
        name = part.name.lower()
        if scope.find(name, None, None) is None:
            for item in node.expressions:
                if isinstance(item, exp.Alias) and item.alias.lower() == name:
                    return queries.expressions.bind(item.this, scope)
    return queries.expressions.bind(part, scope)


def _group_all(node: exp.Select, scope: Scope, queries: Queries) -> str:
    """GROUP BY ALL: every select item without an aggregate function is a key."""
    keys = []
    for item in node.expressions:
        typed = queries.expressions.bind(item, scope)
        if scope.aggregated:
            scope.aggregated = False
            continue
        if not typed.is_constant and typed.sql not in scope.keys:
            scope.keys.add(typed.sql)
            scope.grouping_keys.append(typed)
            keys.append(typed.sql)
    return f" GROUP BY {', '.join(keys)}" if keys else ""
