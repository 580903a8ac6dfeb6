"""Conditions: comparisons, IN, BETWEEN, LIKE, EXISTS and what joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from taskhouse.domain.datatypes import BOOLEAN, STRING
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb import identifier, quote_text
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.scope import Scope
from taskhouse.sql.typed import Typed

if TYPE_CHECKING:
    from taskhouse.sql.binder.expressions import Expressions

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


class Conditions:
    def __init__(self, binding: Binding, expressions: Expressions) -> None:
        self.binding = binding
        self.expressions = expressions

    def logical(self, node: exp.Expr, scope: Scope, word: str, cls: type[exp.Expr]) -> Typed:
        parts: list[str] = []
        pending = [node]
        while pending:
            at = pending.pop()
            if isinstance(at, cls):
                pending += [at.args["expression"], at.args["this"]]
            else:
                parts.append(self.expressions.condition(at, scope, word).sql)
        return Typed("(" + f" {word} ".join(parts) + ")", BOOLEAN)

    def negation(self, node: exp.Not, scope: Scope) -> Typed:
        if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
            return Typed(f"({self.expressions.bind(node.this.this, scope).sql} IS NOT NULL)", BOOLEAN)
        inner = self.expressions.condition(node.this, scope, "NOT")
        return Typed(f"(NOT {inner.sql})", BOOLEAN)

    def is_(self, node: exp.Is, scope: Scope) -> Typed:
        left = self.expressions.bind(node.this, scope)
        if isinstance(node.expression, exp.Boolean):
            truth = self.expressions.condition(node.this, scope, "IS TRUE")
            return Typed(f"({truth.sql} IS {'TRUE' if node.expression.this else 'FALSE'})", BOOLEAN)
        return Typed(f"({left.sql} IS NULL)", BOOLEAN)

    def compare(self, node: exp.Binary, scope: Scope) -> Typed:
        operator = COMPARISONS[type(node)]
        if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
            return self._compare_rows(node, operator, scope)
        left, right = self.expressions.bind(node.this, scope), self.expressions.bind(node.expression, scope)
        made = operators.compare(left, operator, right, self.binding.rules)
        if made is None:
            self.binding.incompatible(f"operator {operator}", left, right, node)
        return made

    def _compare_rows(self, node: exp.Binary, operator: str, scope: Scope) -> Typed:
        lefts, rights = node.this.expressions, node.expression.expressions
        if len(lefts) != len(rights) or operator not in ("=", "<>"):
            self.binding.fail("rows can be compared by = and <> with rows of the same width", node)
        parts = []
        for a, b in zip(lefts, rights, strict=True):
            left, right = self.expressions.bind(a, scope), self.expressions.bind(b, scope)
            made = operators.compare(left, operator, right, self.binding.rules)
            if made is None:
                self.binding.incompatible(f"operator {operator}", left, right, node)
            parts.append(made.sql)
        return Typed("(" + (" AND " if operator == "=" else " OR ").join(parts) + ")", BOOLEAN)

    def between(self, node: exp.Between, scope: Scope) -> Typed:
        value = self.expressions.bind(node.this, scope)
        low, high = self.expressions.bind(node.args["low"], scope), self.expressions.bind(node.args["high"], scope)
        if value.is_null:
            return Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
        first = operators.comparable(value, low, self.binding.rules)
        second = operators.comparable(value, high, self.binding.rules)
        if first is None or second is None:
            self.binding.incompatible("BETWEEN", value, low if first is None else high, node)
        if first[0] == second[0]:
            return Typed(f"({first[0]} BETWEEN {first[1]} AND {second[1]})", BOOLEAN)
        return Typed(f"({first[0]} >= {first[1]} AND {second[0]} <= {second[1]})", BOOLEAN)

    def membership(self, node: exp.In, scope: Scope) -> Typed:
        query = node.args.get("query")
        if query is not None:
            return self._in_query(node, query, scope)
        if isinstance(node.this, exp.Tuple):
            rows = [
                self._compare_rows(exp.EQ(this=node.this.copy(), expression=row.copy()), "=", scope)
                for row in node.expressions
            ]
            return Typed("(" + " OR ".join(r.sql for r in rows) + ")", BOOLEAN)
        value = self.expressions.bind(node.this, scope)
        if not node.expressions:
            self.binding.fail("IN needs at least one value", node)
        left: str | None = None
        members = []
        for item in node.expressions:
            other = self.expressions.bind(item, scope)
            pair = operators.comparable(value, other, self.binding.rules)
            if pair is None:
                self.binding.incompatible("IN", value, other, item)
            if other.is_null:
                members.append((value.sql if left is None else left, "NULL"))
                continue
            left = pair[0]
            members.append(pair)
        if len({m[0] for m in members}) == 1:
            return Typed(f"({members[0][0]} IN ({', '.join(m[1] for m in members)}))", BOOLEAN)
        return Typed("(" + " OR ".join(f"{a} = {b}" for a, b in members) + ")", BOOLEAN)

    def _in_query(self, node: exp.In, query: exp.Expr, scope: Scope) -> Typed:
        self._refuse_in_lambda(node)
        outer_uses = scope.outer_uses
        block = self.expressions.queries.bind(query.this if isinstance(query, exp.Subquery) else query, scope)
        correlated = scope.outer_uses > outer_uses
        lefts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        if len(block.columns) != len(lefts):
            self.binding.fail(f"IN compares {len(lefts)} column(s) with a subquery of {len(block.columns)}", node)
        values, items = [], []
        for i, (part, column) in enumerate(zip(lefts, block.columns, strict=True)):
            value = self.expressions.bind(part, scope)
            member = Typed(f"q.{identifier(column.physical)}", column.type)
            pair = operators.comparable(value, member, self.binding.rules)
            if pair is None:
                self.binding.incompatible(f"IN, column {i + 1}", value, member, node)
            values.append(pair[0])
            items.append(pair[1])
        if correlated and len(lefts) > 1:
            return _in_rows(values, items, block.sql)
        plain = all(item == f"q.{identifier(c.physical)}" for item, c in zip(items, block.columns, strict=True))
        body = block.sql if plain else f"SELECT {', '.join(items)} FROM ({block.sql}) AS q"
        left = values[0] if len(values) == 1 else f"({', '.join(values)})"
        return Typed(f"({left} IN ({body}))", BOOLEAN)

    def _refuse_in_lambda(self, node: exp.Expr) -> None:
        if self.expressions.lambda_scopes:
            self.binding.refuse("a subquery in a lambda is not supported", node)

    def exists(self, node: exp.Exists, scope: Scope) -> Typed:
        self._refuse_in_lambda(node)
        query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        return Typed(f"(EXISTS ({self.expressions.queries.bind(query, scope).sql}))", BOOLEAN)

    def scalar_query(self, node: exp.Subquery, scope: Scope) -> Typed:
        self._refuse_in_lambda(node)
        block = self.expressions.queries.bind(node.this, scope)
        if len(block.columns) != 1:
            self.binding.fail(f"a subquery used as a value must have one column, not {len(block.columns)}", node)
        return Typed(f"({block.sql})", block.columns[0].type)

    def like(self, node: exp.Expr, scope: Scope) -> Typed:
        escape = "\\"
        if isinstance(node, exp.Escape):
            escape = str(node.expression.this)
            node = node.this
        if len(escape) > 1:
            self.binding.fail(f"the escape '{escape}' must be one character", node)
        pattern = node.args["expression"]
        value = self.expressions.to(self.expressions.bind(node.this, scope), STRING, node)
        if isinstance(pattern, (exp.Any, exp.All)):
            word = " OR " if isinstance(pattern, exp.Any) else " AND "
            rows = pattern.this.expressions if isinstance(pattern.this, exp.Tuple) else [pattern.this]
            return Typed("(" + word.join(self._like_sql(value, p, escape, scope) for p in rows) + ")", BOOLEAN)
        return Typed(self._like_sql(value, pattern, escape, scope), BOOLEAN)

    def _like_sql(self, value: Typed, pattern: exp.Expr, escape: str, scope: Scope) -> str:
        bound = self.expressions.to(self.expressions.bind(pattern, scope), STRING, pattern)
        text = bound.value
        if isinstance(text, str) and escape not in text:
            return f"({value.sql} LIKE {bound.sql})"
        if isinstance(text, str):
            # An escape in front of an ordinary character is that character; DuckDB would refuse one at the end.
            kept = []
            i = 0
            while i < len(text):
                if text[i] == escape and i + 1 < len(text) and text[i + 1] in ("%", "_", escape):
                    kept.append(text[i : i + 2])
                    i += 2
                elif text[i] == escape:
                    kept.append(escape * 2)
                    i += 1
                else:
                    kept.append(text[i])
                    i += 1
            return f"({value.sql} LIKE {quote_text(''.join(kept))} ESCAPE {quote_text(escape)})"
        return f"({value.sql} LIKE {bound.sql} ESCAPE {quote_text(escape)})"

    def rlike(self, node: exp.RegexpLike, scope: Scope) -> Typed:
        return self.expressions.calls.named("rlike", [node.this, node.expression], scope, node)


def _in_rows(values: list[str], items: list[str], body: str) -> Typed:
    """A row IN a correlated subquery, spelled out, because DuckDB takes one column there: true where a row is equal, else
    NULL where one may be (parts are NULL, the others equal), else false. `items` are columns of `body` as `q`."""
    equal = " AND ".join(f"{a} = {b}" for a, b in zip(values, items, strict=True))
    rows = f"SELECT 1 FROM ({body}) AS q WHERE"
    return Typed(
        f"(CASE WHEN EXISTS ({rows} {equal}) THEN TRUE WHEN EXISTS ({rows} ({equal}) IS NULL) THEN NULL ELSE FALSE END)",
        BOOLEAN,
    )
