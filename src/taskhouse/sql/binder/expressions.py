"""Expressions: from a tree's node to typed engine SQL, in one recursive pass.

`Expressions.bind(node, scope)` never gives a node's text through: names are resolved and quoted anew, literals are
re-made from their values, functions come from the registry, operators from `sql.operators`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, DataType, Kind
from taskhouse.domain.faults import Place
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb import engine_type, quote_text
from taskhouse.sql.binder.binding import MAX_EXPRESSION_DEPTH, Binding
from taskhouse.sql.binder.calls import CallBinder
from taskhouse.sql.binder.conditions import COMPARISONS, Conditions
from taskhouse.sql.binder.constants import Constants
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.scope import Scope, unresolved_column
from taskhouse.sql.casts import convert, explicit, holds
from taskhouse.sql.coercion import common_type
from taskhouse.sql.dialect import type_of
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.typed import (
    NULL,
    Typed,
    boolean_constant,
)

if TYPE_CHECKING:
    from taskhouse.sql.binder.query import Queries

_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "DIV",
}
_BITS: dict[type[exp.Expr], str] = {exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "^"}


class Expressions:
    def __init__(self, binding: Binding, queries: Queries) -> None:
        self.binding = binding
        self.queries = queries
        self.calls = CallBinder(binding, self)
        self.conditions = Conditions(binding, self)
        self.constants = Constants(binding, self)
        self.lambda_scopes: list[dict[str, Typed]] = []
        self._depth = 0
        self._handlers: dict[type[Any], Callable[[Any, Scope], Typed]] = {
            exp.Column: self._column,
            exp.Literal: self.constants.literal,
            exp.Boolean: lambda node, _: boolean_constant(bool(node.this)),
            exp.Null: lambda node, _: NULL,
            exp.Paren: lambda node, scope: self.bind(node.this, scope),
            exp.Alias: lambda node, scope: self.bind(node.this, scope),
            exp.And: lambda node, scope: self.conditions.logical(node, scope, "AND", exp.And),
            exp.Or: lambda node, scope: self.conditions.logical(node, scope, "OR", exp.Or),
            exp.Not: self.conditions.negation,
            exp.Is: self.conditions.is_,
            exp.In: self.conditions.membership,
            exp.Between: self.conditions.between,
            exp.Like: self.conditions.like,
            exp.Escape: self.conditions.like,
            exp.RegexpLike: self.conditions.rlike,
            exp.Neg: self.constants.negative,
            exp.DPipe: self._concat,
            exp.BitwiseNot: self._bit_not,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Interval: self.constants.interval,
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
            exp.Exists: self.conditions.exists,
            exp.Subquery: self.conditions.scalar_query,
            exp.Tuple: self._tuple,
            **dict.fromkeys(COMPARISONS, self.conditions.compare),
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
        climbed: list[Scope] = []
        while current is not None:
            if qualifier is None and not current.inside_aggregate and name in current.aliases:
                return current.aliases[name]
            found = current.find(name, qualifier, place)
            if found is not None:
                current.note_use(found, name, place)
                for passed in climbed:
                    passed.outer_uses += 1
                return self.binding.use(found)
            current = current.parent
            if current is not None:
                climbed.append(current)
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
        if holder.kind is Kind.JSON:
            return self._json_member(holder, quote_text(name))
        return self.binding.fail(f"{shown(holder.type)} has no field {name}", node)

    def _json_member(self, holder: Typed, name: str) -> Typed:
        """The value of a name of a JSON object; `name` is SQL of text."""
        path = f"'$.\"' || {name} || '\"'"
        return Typed(f"CAST(json_extract({holder.sql}, {path}) AS VARCHAR)", holder.type)

    def _dot(self, node: exp.Dot, scope: Scope) -> Typed:
        if isinstance(node.expression, exp.Anonymous):
            self.binding.refuse("running user functions of other projects is not supported", node)
        if not isinstance(node.expression, exp.Identifier):
            self.binding.refuse("this access is not supported", node)
        return self._member(self.bind(node.this, scope), node.expression.name.lower(), node)

    def _tuple(self, node: exp.Tuple, scope: Scope) -> Typed:
        return self.binding.fail("a row of values cannot stand here", node)

    # --- operators ----------------------------------------------------------------------------------------------------

    def _arithmetic(self, node: exp.Binary, scope: Scope) -> Typed:
        """`a + b - c ...` from left to right in a loop, as such chains may be longer than expressions may be deep."""
        chain: list[exp.Binary] = []
        first: exp.Expr = node
        while isinstance(first, exp.Binary) and type(first) in _ARITHMETIC:
            chain.append(first)
            first = first.this
        left = self.bind(first, scope)
        for step in reversed(chain):
            right = self.bind(step.expression, scope)
            operator = _ARITHMETIC[type(step)]
            made = operators.arithmetic(
                left, operator, right, self.binding.rules, wide=self.binding.context.wide_decimals
            )
            if made is None:
                self.binding.incompatible(f"operator {operator}", left, right, step)
            left = made
        return left

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
        made = explicit(given, target, self.binding.rules)
        if made is None:
            self.binding.fail(f"cannot cast {shown(given.type)} to {shown(target)}", node)
        if isinstance(given.value, str) and not holds(given.value, target):
            self.binding.fail(f"'{given.value}' is outside the years 1677 to 2262 of {shown(target)}", node)
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
            if not index.type.is_integer:
                return self._json_member(holder, index.sql)
            path = f"'$[' || CAST({index.sql} AS VARCHAR) || ']'"
            return Typed(f"CAST(json_extract({holder.sql}, {path}) AS VARCHAR)", holder.type)
        return self.binding.fail(f"{shown(holder.type)} cannot be indexed", node)
