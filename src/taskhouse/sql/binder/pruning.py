"""Partition pruning: which partitions a condition can never take, told from the partition's values alone.

A condition's parts that compare partition columns with constants become tests on partition values. A test answers
True, False, or None for "cannot tell"; only a certain False (or NULL) drops a partition, and the whole condition stays in
the query, so pruning can only save work.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import Kind
from taskhouse.domain.faults import Fault
from taskhouse.sql.binder.scope import Relation, RelationColumn, Scope
from taskhouse.sql.casts import read_moment, read_number

if TYPE_CHECKING:
    from taskhouse.sql.binder.expressions import Expressions

UNKNOWN = object()
"""The answer "cannot tell", beside True, False and None (SQL's NULL)."""
Test = Callable[[dict[str, str | None]], Any]


def add_tests(condition: exp.Expr, scope: Scope, expressions: Expressions) -> None:
    """Give each scan of `scope` the tests that `condition` (of WHERE or an inner join's ON) implies."""
    partitioned = _partition_columns(scope)
    if not partitioned:
        return
    binding = expressions.binding
    for part in _conjuncts(condition):
        mentioned = {c.name.lower() for c in part.find_all(exp.Column)}
        if not mentioned & partitioned.keys() or part.find(exp.Query) is not None:
            continue
        for scan in _scans(partitioned[name] for name in mentioned & partitioned.keys()):
            pruner = _Pruner(scope, expressions, scan)
            test = pruner.test(part)
            if test is None or pruner.mixed:
                continue
            use = binding.scans[scan]
            names = [c.name for c in use.table.partition_columns]
            if pruner.nullable and test(dict.fromkeys(names)) not in (False, None):
                continue
            use.tests.append(_partition_test(test, names))


def _scans(columns: Iterable[list[RelationColumn]]) -> list[str]:
    """The scans that partition columns come from, in order; several of one column when it is a UNION's."""
    found = {o.scan: None for group in columns for c in group if c.origin for o in c.origin.all() if o.partition}
    return list(found)


def _partition_test(test: Test, names: list[str]) -> Callable[[tuple[str, ...]], bool]:
    def keeps(values: tuple[str, ...]) -> bool:
        answer = test(dict(zip(names, values, strict=True)))
        return answer is True or answer is UNKNOWN

    return keeps


def _partition_columns(scope: Scope) -> dict[str, list[RelationColumn]]:
    found: dict[str, list[RelationColumn]] = {}
    for relation in scope.relations:
        for column in relation.columns:
            if column.origin is not None and any(origin.partition for origin in column.origin.all()):
                found.setdefault(column.name, []).append(column)
    return found


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    found, pending = [], [node]
    while pending:
        at = pending.pop()
        if isinstance(at, exp.And):
            pending += [at.this, at.expression]
        elif isinstance(at, exp.Paren):
            pending.append(at.this)
        else:
            found.append(at)
    return found


class _Pruner:
    """Tests for one scan. `mixed`: the condition also speaks of partition columns of other scans."""

    def __init__(self, scope: Scope, expressions: Expressions, scan: str) -> None:
        self.scope, self.expressions, self.scan = scope, expressions, scan
        self.mixed = False
        self.nullable = False

    def test(self, node: exp.Expr) -> Test | None:
        """A test for `node`, or None when it says nothing about partitions."""
        if isinstance(node, exp.Paren):
            return self.test(node.this)
        if isinstance(node, (exp.And, exp.Or)):
            left, right = self.test(node.this), self.test(node.expression)
            if left is None and right is None:
                return None
            return _both(left or _unknown, right or _unknown, isinstance(node, exp.And))
        if isinstance(node, exp.Not):
            inner = self.test(node.this)
            return _negated(inner) if inner is not None else None
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            column = self.column(node.this)
            return (lambda values: values[column.name] is None) if column is not None else None
        if isinstance(node, exp.Between):
            low = self.comparison(node.this, ">=", node.args["low"])
            high = self.comparison(node.this, "<=", node.args["high"])
            if low is None and high is None:
                return None
            return _both(low or _unknown, high or _unknown, True)
        if isinstance(node, exp.In) and node.args.get("query") is None and node.expressions:
            return self.membership(node)
        operator = _OPERATORS.get(type(node))
        if operator is not None:
            assert isinstance(node, exp.Binary)
            found = self.comparison(node.this, operator, node.expression)
            return found if found is not None else self.comparison(node.expression, _SWAPPED[operator], node.this)
        return None

    def membership(self, node: exp.In) -> Test | None:
        tests = [self.comparison(node.this, "=", value) for value in node.expressions]
        known = [t for t in tests if t is not None]
        if not known:
            return None
        every = [t or _unknown for t in tests]
        test = every[0]
        if len(every) > 64:
            return lambda values: _any(t(values) for t in every)
        for other in every[1:]:
            test = _both(test, other, False)
        return test

    def column(self, node: exp.Expr) -> Column | None:
        """The scan's partition column that `node` is."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star) or node.args.get("db"):
            return None
        name, qualifier = node.name.lower(), node.text("table").lower() or None
        found: tuple[Relation, RelationColumn] | None = None
        for relation in self.scope.relations:
            if qualifier is None or qualifier in relation.qualifiers:
                column = relation.by_name.get(name)
                if column is not None:
                    if found is not None:
                        return None
                    found = (relation, column)
        if found is None or found[1].origin is None:
            return None
        origins = [origin for origin in found[1].origin.all() if origin.partition]
        own = next((origin.column for origin in origins if origin.scan == self.scan), None)
        if own is None:
            self.mixed = self.mixed or bool(origins)
            return None
        self.nullable = self.nullable or found[0].nullable
        return own

    def constant(self, node: exp.Expr) -> Any:
        """The node's constant value, or UNKNOWN."""
        if node.find(exp.Column) is not None:
            return UNKNOWN
        try:
            typed = self.expressions.bind(node, Scope())
        except Fault:
            return UNKNOWN
        return typed.value if typed.value is not None else UNKNOWN

    def comparison(self, side: exp.Expr, operator: str, other: exp.Expr) -> Test | None:
        column = self.column(side)
        if column is None:
            return None
        constant = self.constant(other)
        if constant is UNKNOWN:
            return None
        kind = column.type.kind

        def test(values: dict[str, str | None]) -> Any:
            text = values[column.name]
            if text is None:
                return None
            pair = _pair(text, column, kind, constant)
            return UNKNOWN if pair is None else _COMPARE[operator](*pair)

        return test


def _pair(text: str, column: Column, kind: Kind, constant: Any) -> tuple[Any, Any] | None:
    """A partition's value and a constant as two comparable values, the way the engine compares them."""
    if isinstance(constant, bool):
        return None
    if column.type.is_text:
        if isinstance(constant, str):
            return (text.rstrip(" "), constant.rstrip(" ")) if kind is Kind.CHAR else (text, constant)
        if isinstance(constant, (int, float, Decimal)):
            number = read_number(text)
            return (float(number), float(constant)) if number is not None else None
        if isinstance(constant, dt.date) and not isinstance(constant, dt.datetime):
            moment = read_moment(text)
            return (moment.date(), constant) if moment is not None else None
        return None
    if column.type.is_integer:
        if not re.fullmatch(r"-?\d{1,19}", text):
            return None
        if isinstance(constant, (int, float, Decimal)):
            return int(text), constant
        if isinstance(constant, str):
            number = read_number(constant)
            return (Decimal(int(text)), number) if number is not None else None
        return None
    if kind is Kind.DATE:
        moment = read_moment(text)
        if moment is None:
            return None
        if isinstance(constant, str):
            other = read_moment(constant)
            return (moment, other) if other is not None else None
        if isinstance(constant, dt.date) and not isinstance(constant, dt.datetime):
            return moment.date(), constant
    return None


def _unknown(values: dict[str, str | None]) -> Any:
    return UNKNOWN


def _both(left: Test, right: Test, conjunction: bool) -> Test:
    """AND or OR of two tests in SQL's logic with "cannot tell" added."""
    decisive = not conjunction

    def test(values: dict[str, str | None]) -> Any:
        a, b = left(values), right(values)
        if a is decisive or b is decisive:
            return decisive
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        if a is None or b is None:
            return None
        return conjunction

    return test


def _any(answers: Any) -> Any:
    result: Any = False
    for answer in answers:
        if answer is True:
            return True
        if answer is UNKNOWN or (answer is None and result is False):
            result = answer
    return result


def _negated(inner: Test) -> Test:
    def test(values: dict[str, str | None]) -> Any:
        answer = inner(values)
        return (not answer) if isinstance(answer, bool) else answer

    return test


_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_SWAPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
