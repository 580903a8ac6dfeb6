"""Constants: literals, their negatives, and intervals."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from sqlglot import exp

from taskhouse.domain.datatypes import BIGINT, DOUBLE, INT, DataType, Kind
from taskhouse.sql import operators
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.scope import Scope
from taskhouse.sql.dialect import type_of
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.typed import NULL, Typed, decimal_constant, double_constant, integer_constant, text_constant

if TYPE_CHECKING:
    from taskhouse.sql.binder.expressions import Expressions

_UNIT_NS = {"day": 86_400_000_000_000, "hour": 3_600_000_000_000, "minute": 60_000_000_000, "second": 1_000_000_000}
_YEAR_MONTH = DataType(Kind.INTERVAL_YEAR_MONTH)
_DAY_TIME = DataType(Kind.INTERVAL_DAY_TIME)


class Constants:
    def __init__(self, binding: Binding, expressions: Expressions) -> None:
        self.binding = binding
        self.expressions = expressions

    def literal(self, node: exp.Literal, scope: Scope) -> Typed:
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

    def interval(self, node: exp.Interval, scope: Scope) -> Typed:
        unit = node.args.get("unit")
        amount = self.expressions.bind(node.this, scope) if node.this is not None else NULL
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
                return operators.interval_constant(None, int(number * 7 * _UNIT_NS["day"]))
            if name in _UNIT_NS:
                return operators.interval_constant(None, int(number * _UNIT_NS[name]))
            self.binding.fail(f"interval unit {name} is not known", node)
        count = self.expressions.to(amount, BIGINT, node)
        if name in ("year", "month", "quarter"):
            factor = {"year": 12, "quarter": 3, "month": 1}[name]
            return Typed(f"CAST({count.sql} * {factor} AS INTEGER)", _YEAR_MONTH)
        if name in _UNIT_NS or name == "week":
            factor = _UNIT_NS["day"] * 7 if name == "week" else _UNIT_NS[name]
            return Typed(f"({count.sql} * {factor})", _DAY_TIME)
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
                int(Decimal(piece) * _UNIT_NS[name])
                for piece, name in zip(pieces, units[first : last + 1], strict=True)
            )
            return operators.interval_constant(None, -total if negative else total)
        except (ValueError, InvalidOperation, OverflowError):
            self.binding.fail(f"'{text}' is no interval from {start} to {end}", node)

    def negative(self, node: exp.Neg, scope: Scope) -> Typed:
        cast = node.this
        if isinstance(cast, exp.Cast) and isinstance(cast.this, exp.Literal) and type_of(cast.args["to"]).is_integer:
            # -128Y is the least TINYINT, though 128Y is none.
            return self.expressions.bind(
                exp.Cast(this=exp.Neg(this=cast.this.copy()), to=cast.args["to"].copy()), scope
            )
        inner = self.expressions.bind(node.this, scope)
        value = inner.value
        if type(value) is int:
            return integer_constant(
                -value, None if inner.type == INT or (inner.type == BIGINT and value > 2**31) else inner.type
            )
        if isinstance(value, float):
            return double_constant(-value)
        if isinstance(value, Decimal):
            return decimal_constant(-value, inner.type)
        if inner.months is not None or inner.nanoseconds is not None:
            return operators.interval_constant(
                None if inner.months is None else -inner.months,
                None if inner.nanoseconds is None else -inner.nanoseconds,
            )
        operand = operators.as_operand(inner, self.binding.rules)
        if operand is None and inner.kind not in operators.INTERVALS:
            self.binding.fail(f"invalid operand type {shown(inner.type)} for operator -", node)
        made = operand or inner
        return Typed(f"(-{made.sql})", made.type if not made.is_null else DOUBLE)
