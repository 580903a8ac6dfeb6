"""The select list: expressions with their output names, and `*` in all its forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.scope import Relation, Scope
from taskhouse.sql.typed import Typed

if TYPE_CHECKING:
    from taskhouse.sql.binder.query import Queries

_NAME = re.compile(r"\w+\Z")


@dataclass(frozen=True, slots=True)
class SelectItem:
    """`named`: the name was written (an alias or a column's), so other clauses may use it."""

    typed: Typed
    name: str
    named: bool


def select_items(node: exp.Select, scope: Scope, queries: Queries) -> list[SelectItem]:
    items: list[SelectItem] = []
    for expression in node.expressions:
        if isinstance(expression, exp.Star):
            items += _star(expression, None, scope, queries)
        elif isinstance(expression, exp.Column) and isinstance(expression.this, exp.Star):
            qualifier = ".".join(p for p in (expression.text("db").lower(), expression.text("table").lower()) if p)
            items += _star(expression.this, (qualifier, expression), scope, queries)
        elif _is_pattern(expression, scope):
            items += _matching(expression, scope, queries)
        else:
            typed = queries.expressions.bind(expression, scope)
            name, named = output_name(expression, len(items))
            items.append(SelectItem(typed, name, named))
    if not items:
        queries.binding.fail("the select list is empty", node)
    return items


def output_name(node: exp.Expr, index: int) -> tuple[str, bool]:
    """The output name of a select item and whether it was written: the alias, a column's or field's own name, else `_c0`."""
    if isinstance(node, exp.Alias):
        return node.alias.lower(), True
    if isinstance(node, exp.Paren):
        return output_name(node.this, index)
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return node.name.lower(), True
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        return node.expression.name.lower(), True
    return f"_c{index}", False


def _columns(relation: Relation, scope: Scope) -> list[SelectItem]:
    return [
        SelectItem(relation.reference(c), c.name, True)
        for c in relation.columns
        if (relation.alias, c.physical) not in scope.hidden
    ]


def _star(star: exp.Star, qualified: tuple[str, exp.Expr] | None, scope: Scope, queries: Queries) -> list[SelectItem]:
    binding = queries.binding
    if qualified is not None:
        qualifier, node = qualified
        chosen = [r for r in scope.relations if qualifier in r.qualifiers]
        if not chosen:
            binding.fail(f"table {qualifier} in {qualifier}.* cannot be resolved", node)
        items = [SelectItem(r.reference(c), c.name, True) for r in chosen for c in r.columns]
    else:
        if not scope.relations:
            binding.fail("* needs a FROM clause", star)
        items = [SelectItem(typed, name, True) for name, typed in scope.merged.items()]
        for relation in scope.relations:
            items += _columns(relation, scope)
    left_out = {c.name.lower() for c in star.args.get("except_") or ()}
    for name in left_out:
        if all(i.name != name for i in items):
            binding.fail(f"column {name} in EXCEPT cannot be resolved", star)
    replaced = {a.alias.lower(): a.this for a in star.args.get("replace") or ()}
    result = []
    for item in items:
        if item.name in left_out:
            continue
        if item.name in replaced:
            result.append(SelectItem(queries.expressions.bind(replaced[item.name], scope), item.name, True))
            continue
        binding.use(item.typed)
        scope.note_use(item.typed, item.name, place_of(star))
        result.append(item)
    return result


def _is_pattern(node: exp.Expr, scope: Scope) -> bool:
    """A quoted name that is no column and no plain word is a regular expression over column names."""
    if not isinstance(node, exp.Column) or node.args.get("db"):
        return False
    name = node.this
    if not isinstance(name, exp.Identifier) or not name.args.get("quoted") or _NAME.match(name.name):
        return False
    return scope.find(name.name.lower(), node.text("table").lower() or None, None) is None


def _matching(node: exp.Expr, scope: Scope, queries: Queries) -> list[SelectItem]:
    binding = queries.binding
    qualifier = node.text("table").lower()
    text = node.name
    # Usually written with a possessive quantifier, `(ds)?+.+`: every column but ds.
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error:
        binding.fail(f"`{text}` is neither a column nor a regular expression", node)
    chosen = []
    for relation in scope.relations:
        if qualifier and qualifier not in relation.qualifiers:
            continue
        chosen += [i for i in _columns(relation, scope) if len(i.name) <= 128 and pattern.fullmatch(i.name)]
    if not chosen:
        binding.fail(f"no column matches `{text}`", node)
    for item in chosen:
        binding.use(item.typed)
        scope.note_use(item.typed, item.name, place_of(node))
    return chosen
