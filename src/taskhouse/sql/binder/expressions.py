"""Expressions: from a tree's node to typed engine SQL, in one recursive pass.

`Expressions.bind(node, scope)` never gives a node's text through: names are resolved and quoted anew, literals are
re-made from their values, functions come from the registry, operators from `sql.operators`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, DOUBLE, INT, STRING, DataType, Kind
from taskhouse.domain.faults import Place
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb import engine_type, identifier, quote_text
from taskhouse.sql.binder.binding import MAX_EXPRESSION_DEPTH, Binding
from taskhouse.sql.binder.calls import CallBinder
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.scope import Scope, unresolved_column
from taskhouse.sql.casts import convert
from taskhouse.sql.coercion import common_type
from taskhouse.sql.dialect import type_of
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.typed import (
    NULL,
    Typed,
    boolean_constant,
    decimal_constant,
    double_constant,
    integer_constant,
    text_constant,
)

if TYPE_CHECKING:
    from taskhouse.sql.binder.query import Queries

_COMPARE: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "DIV",
}
_BITS: dict[type[exp.Expr], str] = {exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "^"}
_UNIT_US = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}


class Expressions:
    def __init__(self, binding: Binding, queries: Queries) -> None:
        self.binding = binding
        self.queries = queries
        self.calls = CallBinder(binding, self)
        self.lambda_scopes: list[dict[str, Typed]] = []
        self._depth = 0
        self._handlers: dict[type[Any], Callable[[Any, Scope], Typed]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: lambda node, _: boolean_constant(bool(node.this)),
            exp.Null: lambda node, _: NULL,
            exp.Paren: lambda node, scope: self.bind(node.this, scope),
            exp.Alias: lambda node, scope: self.bind(node.this, scope),
            exp.And: lambda node, scope: self._logical(node, scope, "AND", exp.And),
            exp.Or: lambda node, scope: self._logical(node, scope, "OR", exp.Or),
            exp.Not: self._not,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Escape: self._like,
            exp.RegexpLike: self._rlike,
            exp.Neg: self._negative,
            exp.DPipe: self._concat,
            exp.BitwiseNot: self._bit_not,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Interval: self._interval,
            exp.Extract: self._extract,
            exp.Trim: self._trim,
            exp.Bracket: self._bracket,
            exp.Dot: self._dot,
            exp.Anonymous: self.calls.bind,
            exp.Window: self.calls.bind_window,
            exp.WithinGroup: self.calls.bind,
            exp.Filter: self.calls.bind,
            exp.IgnoreNulls: self.calls.bind,
            exp.RespectNulls: self.calls.bind,
            exp.Exists: self._exists,
            exp.Subquery: self._scalar_query,
            exp.Tuple: self._tuple,
            **dict.fromkeys(_COMPARE, self._compare),
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
            **dict.fromkeys(_BITS, self._bits),
        }

    def bind(self, node: exp.Expr, scope: Scope) -> Typed:
        handler = self._handlers.get(type(node))
        if handler is None:
            self.binding.refuse(f"{type(node).__name__} is not supported here", node)
        self._depth += 1
        if self._depth > MAX_EXPRESSION_DEPTH:
            self.binding.fail("the expression is nested too deeply", node)
        noted = len(scope.ungrouped)
        try:
            typed = handler(node, scope)
        finally:
            self._depth -= 1
        if len(scope.ungrouped) > noted and typed.sql in scope.keys:
            del scope.ungrouped[noted:]
        return typed

    def condition(self, node: exp.Expr, scope: Scope, clause: str) -> Typed:
        """A BOOLEAN expression; a fault for any other type."""
        typed = self.bind(node, scope)
        if typed.type != BOOLEAN:
            if typed.is_null:
                return Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
            self.binding.fail(f"expect a BOOLEAN expression in {clause}, not {shown(typed.type)}", node)
        return typed

    def to(self, typed: Typed, target: DataType, node: exp.Expr) -> Typed:
        made = convert(typed, target, self.binding.rules)
        if made is None:
            self.binding.fail(f"cannot convert {shown(typed.type)} to {shown(target)}", node)
        return made

    def unify(self, parts: list[Typed], nodes: list[exp.Expr], what: str) -> tuple[list[Typed], DataType]:
        """All brought to their common type; a fault if there is none."""
        wide = parts[0].type
        for part, node in zip(parts[1:], nodes[1:], strict=True):
            found = common_type(wide, part.type)
            if found is None:
                self.binding.fail(f"{what} has incompatible types {shown(wide)} and {shown(part.type)}", node)
            wide = found
        return [self.to(p, wide, n) for p, n in zip(parts, nodes, strict=True)], wide

    # --- names --------------------------------------------------------------------------------------------------------

    def _column(self, node: exp.Column, scope: Scope) -> Typed:
        if isinstance(node.this, exp.Star):
            self.binding.fail("* can stand only in the select list and in COUNT", node)
        name = node.name.lower()
        table = node.text("table").lower()
        database = node.text("db").lower()
        place = place_of(node)
        if not table:
            for frame in reversed(self.lambda_scopes):
                if name in frame:
                    return frame[name]
        found = self.resolve(name, f"{database}.{table}" if database else table or None, scope, place)
        if found is not None:
            return found
        if table:
            holder = self.resolve(table, database or None, scope, place)
            if holder is None and not database:
                holder = next((f[table] for f in reversed(self.lambda_scopes) if table in f), None)
            if holder is not None:
                return self._member(holder, name, node)
            if database:
                outer = self.resolve(database, None, scope, place)
                if outer is not None:
                    return self._member(self._member(outer, table, node), name, node)
        if name == "grouping__id" and not table:
            return self.calls.grouping_id(scope, node)
        raise unresolved_column(name, table or None, scope, place)

    def resolve(self, name: str, qualifier: str | None, scope: Scope, place: Place | None) -> Typed | None:
        """A column in this scope or an enclosing one; output names where the clause allows them."""
        current: Scope | None = scope
        level = 0
        while current is not None:
            if qualifier is None and not current.inside_aggregate and name in current.aliases:
                return current.aliases[name]
            found = current.find(name, qualifier, place)
            if found is not None:
                current.note_use(found, name, place)
                if level:
                    scope.correlated = True
                return self.binding.use(found)
            current = current.parent
            level += 1
        return None

    def _member(self, holder: Typed, name: str, node: exp.Expr) -> Typed:
        """A field of a STRUCT, or a member of JSON or of a MAP with STRING keys."""
        if holder.kind is Kind.STRUCT:
            for field in holder.type.fields:
                if field.name == name:
                    return Typed(f"struct_extract({holder.sql}, {quote_text(field.name)})", field.type)
            self.binding.fail(
                f"struct has no field {name}, its fields are {', '.join(f.name for f in holder.type.fields)}", node
            )
        if holder.kind is Kind.ARRAY and holder.type.element is not None and holder.type.element.kind is Kind.STRUCT:
            inner = self._member(Typed("e", holder.type.element), name, node)
            return Typed(
                f"list_transform({holder.sql}, lambda e: {inner.sql})", DataType(Kind.ARRAY, element=inner.type)
            )
        return self.binding.fail(f"{shown(holder.type)} has no field {name}", node)

    def _dot(self, node: exp.Dot, scope: Scope) -> Typed:
        if isinstance(node.expression, exp.Anonymous):
            self.binding.refuse("running user functions of other projects is not supported", node)
        if not isinstance(node.expression, exp.Identifier):
            self.binding.refuse("this access is not supported", node)
        return self._member(self.bind(node.this, scope), node.expression.name.lower(), node)

    # --- constants ----------------------------------------------------------------------------------------------------

    def _literal(self, node: exp.Literal, scope: Scope) -> Typed:
        text = str(node.this)
        if node.is_string:
            return text_constant(text)
        if text.isdecimal():
            value = int(text)
            if value < 2**63:
                small = self.binding.context.flag("odps.sql.type.system.odps2", True)
                return integer_constant(value) if small else integer_constant(value, BIGINT)
        try:
            number = float(text)
        except ValueError:
            self.binding.fail(f"'{text}' is no number", node)
        return double_constant(number)

    def _interval(self, node: exp.Interval, scope: Scope) -> Typed:
        unit = node.args.get("unit")
        amount = self.bind(node.this, scope) if node.this is not None else NULL
        if isinstance(unit, exp.IntervalSpan):
            return self._interval_span(amount, unit, node)
        name = (unit.name if unit is not None else "").lower().removesuffix("s")
        if amount.is_constant and not amount.is_null:
            try:
                number = Decimal(str(amount.value).strip())
            except InvalidOperation:
                self.binding.fail(f"'{amount.value}' is no interval of {name or 'any unit'}", node)
            if abs(number) > 10**9:
                self.binding.fail(f"the interval {number} is too large", node)
            if name in ("year", "month", "quarter"):
                return operators.interval_constant(int(number) * {"year": 12, "quarter": 3, "month": 1}[name], None)
            if name == "week":
                return operators.interval_constant(None, int(number * 7 * _UNIT_US["day"]))
            if name in _UNIT_US:
                return operators.interval_constant(None, int(number * _UNIT_US[name]))
            self.binding.fail(f"interval unit {name} is not known", node)
        count = self.to(amount, BIGINT, node)
        if name in ("year", "month", "quarter"):
            factor = {"year": 12, "quarter": 3, "month": 1}[name]
            return Typed(f"to_months(CAST({count.sql} * {factor} AS INTEGER))", _YEAR_MONTH)
        if name in _UNIT_US or name == "week":
            factor = _UNIT_US["day"] * 7 if name == "week" else _UNIT_US[name]
            return Typed(f"to_microseconds({count.sql} * {factor})", _DAY_TIME)
        return self.binding.fail(f"interval unit {name} is not known", node)

    def _interval_span(self, amount: Typed, unit: exp.IntervalSpan, node: exp.Expr) -> Typed:
        text = amount.value
        start, end = unit.this.name.lower(), unit.expression.name.lower()
        if not isinstance(text, str):
            self.binding.fail("an interval from unit to unit is written as a text", node)
        negative = text.strip().startswith("-")
        body = text.strip().lstrip("+-")
        try:
            if start.startswith("year"):
                years, months = body.split("-")
                total = int(years) * 12 + int(months)
                return operators.interval_constant(-total if negative else total, None)
            units = ["day", "hour", "minute", "second"]
            first, last = units.index(start.removesuffix("s")), units.index(end.removesuffix("s"))
            pieces = body.replace(" ", ":").split(":")
            if len(pieces) != last - first + 1:
                raise ValueError
            total = sum(
                int(Decimal(piece) * _UNIT_US[name])
                for piece, name in zip(pieces, units[first : last + 1], strict=True)
            )
            return operators.interval_constant(None, -total if negative else total)
        except (ValueError, InvalidOperation, OverflowError):
            self.binding.fail(f"'{text}' is no interval from {start} to {end}", node)

    # --- conditions ---------------------------------------------------------------------------------------------------

    def _logical(self, node: exp.Expr, scope: Scope, word: str, cls: type[exp.Expr]) -> Typed:
        parts: list[str] = []
        pending = [node]
        while pending:
            at = pending.pop()
            if isinstance(at, cls):
                pending += [at.args["expression"], at.args["this"]]
            else:
                parts.append(self.condition(at, scope, word).sql)
        return Typed("(" + f" {word} ".join(parts) + ")", BOOLEAN)

    def _not(self, node: exp.Not, scope: Scope) -> Typed:
        if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
            return Typed(f"({self.bind(node.this.this, scope).sql} IS NOT NULL)", BOOLEAN)
        inner = self.condition(node.this, scope, "NOT")
        return Typed(f"(NOT {inner.sql})", BOOLEAN)

    def _is(self, node: exp.Is, scope: Scope) -> Typed:
        left = self.bind(node.this, scope)
        if isinstance(node.expression, exp.Boolean):
            truth = self.condition(node.this, scope, "IS TRUE")
            return Typed(f"({truth.sql} IS {'TRUE' if node.expression.this else 'FALSE'})", BOOLEAN)
        return Typed(f"({left.sql} IS NULL)", BOOLEAN)

    def _compare(self, node: exp.Binary, scope: Scope) -> Typed:
        operator = _COMPARE[type(node)]
        if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
            return self._compare_rows(node, operator, scope)
        left, right = self.bind(node.this, scope), self.bind(node.expression, scope)
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
            left, right = self.bind(a, scope), self.bind(b, scope)
            made = operators.compare(left, operator, right, self.binding.rules)
            if made is None:
                self.binding.incompatible(f"operator {operator}", left, right, node)
            parts.append(made.sql)
        return Typed("(" + (" AND " if operator == "=" else " OR ").join(parts) + ")", BOOLEAN)

    def _between(self, node: exp.Between, scope: Scope) -> Typed:
        value = self.bind(node.this, scope)
        low, high = self.bind(node.args["low"], scope), self.bind(node.args["high"], scope)
        if value.is_null:
            return Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
        first = operators.comparable(value, low, self.binding.rules)
        second = operators.comparable(value, high, self.binding.rules)
        if first is None or second is None:
            self.binding.incompatible("BETWEEN", value, low if first is None else high, node)
        if first[0] == second[0]:
            return Typed(f"({first[0]} BETWEEN {first[1]} AND {second[1]})", BOOLEAN)
        return Typed(f"({first[0]} >= {first[1]} AND {second[0]} <= {second[1]})", BOOLEAN)

    def _in(self, node: exp.In, scope: Scope) -> Typed:
        query = node.args.get("query")
        if query is not None:
            return self._in_query(node, query, scope)
        if isinstance(node.this, exp.Tuple):
            rows = [
                self._compare_rows(exp.EQ(this=node.this.copy(), expression=row.copy()), "=", scope)
                for row in node.expressions
            ]
            return Typed("(" + " OR ".join(r.sql for r in rows) + ")", BOOLEAN)
        value = self.bind(node.this, scope)
        if not node.expressions:
            self.binding.fail("IN needs at least one value", node)
        left: str | None = None
        members = []
        for item in node.expressions:
            other = self.bind(item, scope)
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
        block = self.queries.bind(query.this if isinstance(query, exp.Subquery) else query, scope)
        lefts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        if len(block.columns) != len(lefts):
            self.binding.fail(f"IN compares {len(lefts)} column(s) with a subquery of {len(block.columns)}", node)
        values, items = [], []
        for i, (part, column) in enumerate(zip(lefts, block.columns, strict=True)):
            value = self.bind(part, scope)
            member = Typed(f"q.{identifier(column.physical)}", column.type)
            pair = operators.comparable(value, member, self.binding.rules)
            if pair is None:
                self.binding.incompatible(f"IN, column {i + 1}", value, member, node)
            values.append(pair[0])
            items.append(pair[1])
        plain = all(item == f"q.{identifier(c.physical)}" for item, c in zip(items, block.columns, strict=True))
        body = block.sql if plain else f"SELECT {', '.join(items)} FROM ({block.sql}) AS q"
        left = values[0] if len(values) == 1 else f"({', '.join(values)})"
        return Typed(f"({left} IN ({body}))", BOOLEAN)

    def _refuse_in_lambda(self, node: exp.Expr) -> None:
        if self.lambda_scopes:
            self.binding.refuse("a subquery in a lambda is not supported", node)

    def _exists(self, node: exp.Exists, scope: Scope) -> Typed:
        self._refuse_in_lambda(node)
        query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        return Typed(f"(EXISTS ({self.queries.bind(query, scope).sql}))", BOOLEAN)

    def _scalar_query(self, node: exp.Subquery, scope: Scope) -> Typed:
        self._refuse_in_lambda(node)
        block = self.queries.bind(node.this, scope)
        if len(block.columns) != 1:
            self.binding.fail(f"a subquery used as a value must have one column, not {len(block.columns)}", node)
        return Typed(f"({block.sql})", block.columns[0].type)

    def _tuple(self, node: exp.Tuple, scope: Scope) -> Typed:
        return self.binding.fail("a row of values cannot stand here", node)

    def _like(self, node: exp.Expr, scope: Scope) -> Typed:
        escape = "\\"
        if isinstance(node, exp.Escape):
            escape = str(node.expression.this)
            node = node.this
        if len(escape) > 1:
            self.binding.fail(f"the escape '{escape}' must be one character", node)
        pattern = node.args["expression"]
        value = self.to(self.bind(node.this, scope), STRING, node)
        if isinstance(pattern, (exp.Any, exp.All)):
            word = " OR " if isinstance(pattern, exp.Any) else " AND "
            rows = pattern.this.expressions if isinstance(pattern.this, exp.Tuple) else [pattern.this]
            return Typed("(" + word.join(self._like_sql(value, p, escape, scope) for p in rows) + ")", BOOLEAN)
        return Typed(self._like_sql(value, pattern, escape, scope), BOOLEAN)

    def _like_sql(self, value: Typed, pattern: exp.Expr, escape: str, scope: Scope) -> str:
        bound = self.to(self.bind(pattern, scope), STRING, pattern)
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

    def _rlike(self, node: exp.RegexpLike, scope: Scope) -> Typed:
        return self.calls.named("rlike", [node.this, node.expression], scope, node)

    # --- operators ----------------------------------------------------------------------------------------------------

    def _arithmetic(self, node: exp.Binary, scope: Scope) -> Typed:
        left, right = self.bind(node.this, scope), self.bind(node.expression, scope)
        operator = _ARITHMETIC[type(node)]
        made = operators.arithmetic(left, operator, right, self.binding.rules, wide=self.binding.context.wide_decimals)
        if made is None:
            self.binding.incompatible(f"operator {operator}", left, right, node)
        return made

    def _negative(self, node: exp.Neg, scope: Scope) -> Typed:
        inner = self.bind(node.this, scope)
        value = inner.value
        if type(value) is int:
            return integer_constant(
                -value, None if inner.type == INT or (inner.type == BIGINT and value > 2**31) else inner.type
            )
        if isinstance(value, float):
            return double_constant(-value)
        if isinstance(value, Decimal):
            return decimal_constant(-value, inner.type)
        if inner.months is not None or inner.microseconds is not None:
            return operators.interval_constant(
                None if inner.months is None else -inner.months,
                None if inner.microseconds is None else -inner.microseconds,
            )
        operand = operators.as_operand(inner, self.binding.rules)
        if operand is None and inner.kind not in operators.INTERVALS:
            self.binding.fail(f"invalid operand type {shown(inner.type)} for operator -", node)
        made = operand or inner
        return Typed(f"(-{made.sql})", made.type if not made.is_null else DOUBLE)

    def _bits(self, node: exp.Binary, scope: Scope) -> Typed:
        left, right = self.bind(node.this, scope), self.bind(node.expression, scope)
        operator = _BITS[type(node)]
        wide = common_type(left.type, right.type)
        if wide is None or not (wide.is_integer or wide.kind is Kind.VOID):
            self.binding.incompatible(f"operator {operator}", left, right, node)
        wide = wide if wide.is_integer else BIGINT
        a, b = (f"CAST({t.sql} AS {engine_type(wide)})" for t in (left, right))
        return Typed(f"xor({a}, {b})" if operator == "^" else f"({a} {operator} {b})", wide)

    def _bit_not(self, node: exp.BitwiseNot, scope: Scope) -> Typed:
        inner = self.bind(node.this, scope)
        if not inner.type.is_integer:
            self.binding.fail(f"invalid operand type {shown(inner.type)} for operator ~", node)
        return Typed(f"(~CAST({inner.sql} AS {engine_type(inner.type)}))", inner.type)

    def _concat(self, node: exp.DPipe, scope: Scope) -> Typed:
        parts: list[exp.Expr] = []
        pending: list[exp.Expr] = [node]
        while pending:
            at = pending.pop()
            if isinstance(at, exp.DPipe):
                pending += [at.expression, at.this]
            else:
                parts.append(at)
        return self.calls.named("concat", parts, scope, node)

    # --- forms --------------------------------------------------------------------------------------------------------

    def _case(self, node: exp.Case, scope: Scope) -> Typed:
        base = self.bind(node.this, scope) if node.this is not None else None
        conditions, results, nodes = [], [], []
        for branch in node.args["ifs"]:
            if base is None:
                conditions.append(self.condition(branch.this, scope, "CASE").sql)
            else:
                value = self.bind(branch.this, scope)
                made = operators.compare(base, "=", value, self.binding.rules)
                if made is None:
                    self.binding.incompatible("CASE", base, value, branch)
                conditions.append(made.sql)
            results.append(self.bind(branch.args["true"], scope))
            nodes.append(branch.args["true"])
        default = node.args.get("default")
        if default is not None:
            results.append(self.bind(default, scope))
            nodes.append(default)
        results, wide = self.unify(results, nodes, "CASE")
        whens = " ".join(f"WHEN {c} THEN {r.sql}" for c, r in zip(conditions, results, strict=False))
        otherwise = f" ELSE {results[-1].sql}" if default is not None else ""
        return Typed(f"(CASE {whens}{otherwise} END)", wide)

    def _cast(self, node: exp.Cast, scope: Scope) -> Typed:
        target = type_of(node.args["to"])
        given = self.bind(node.this, scope)
        made = convert(given, target, self.binding.rules)
        if made is None:
            self.binding.fail(f"cannot cast {shown(given.type)} to {shown(target)}", node)
        if made is given and given.value is None:
            return given
        return made

    def _extract(self, node: exp.Extract, scope: Scope) -> Typed:
        part = exp.Literal.string(node.name.lower())
        return self.calls.named("extract", [part, node.expression], scope, node)

    def _trim(self, node: exp.Trim, scope: Scope) -> Typed:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        args = [node.this] + ([node.expression] if node.expression is not None else [])
        return self.calls.named(name, args, scope, node)

    def _bracket(self, node: exp.Bracket, scope: Scope) -> Typed:
        holder, index = self.bind(node.this, scope), self.bind(node.expressions[0], scope)
        if holder.kind is Kind.ARRAY:
            assert holder.type.element is not None
            if not index.type.is_integer and not index.is_null:
                self.binding.fail(f"the index of an ARRAY must be an integer, not {shown(index.type)}", node)
            if type(index.value) is int:
                place = str(index.value + 1) if index.value >= 0 else "NULL"
                return Typed(f"list_extract({holder.sql}, {place})", holder.type.element)
            return Typed(
                f"list_extract({holder.sql}, CASE WHEN {index.sql} >= 0 THEN {index.sql} + 1 END)", holder.type.element
            )
        if holder.kind is Kind.MAP:
            assert holder.type.key is not None and holder.type.element is not None
            key = self.to(index, holder.type.key, node)
            return Typed(f"map_extract_value({holder.sql}, {key.sql})", holder.type.element)
        if holder.kind is Kind.JSON:
            path = (
                f"'$[' || CAST({index.sql} AS VARCHAR) || ']'"
                if index.type.is_integer
                else f"'$.\"' || {index.sql} || '\"'"
            )
            return Typed(f"CAST(json_extract({holder.sql}, {path}) AS VARCHAR)", holder.type)
        return self.binding.fail(f"{shown(holder.type)} cannot be indexed", node)


_YEAR_MONTH = DataType(Kind.INTERVAL_YEAR_MONTH)
_DAY_TIME = DataType(Kind.INTERVAL_DAY_TIME)
