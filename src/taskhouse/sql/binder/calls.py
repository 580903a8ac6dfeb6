"""Calls: functions of the registry with their DISTINCT, WITHIN GROUP, FILTER, OVER and lambda arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from taskhouse.domain.datatypes import BIGINT, DOUBLE, DataType
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.scope import Scope
from taskhouse.sql.dialect import refuse_forbidden_function
from taskhouse.sql.functions.registry import Call, Function, FunctionKind, bind_call, find
from taskhouse.sql.typed import NULL, Typed, boolean_constant, text_constant

if TYPE_CHECKING:
    from taskhouse.sql.binder.expressions import Expressions

_ROWS_BY_DEFAULT = frozenset("avg count max min stddev stddev_pop stddev_samp sum variance var_samp var_pop".split())
"""With ORDER BY and no frame these run over rows, not peers, unless odps.sql.hive.compatible is on."""
_NO_FRAME = frozenset("row_number rank dense_rank percent_rank cume_dist ntile lag lead cluster_sample".split())


_IN_WINDOW = "another window function"


class _Lambda:
    """A lambda argument, waiting for the types of its parameters."""

    def __init__(self, node: exp.Lambda, expressions: Expressions, scope: Scope) -> None:
        self.node, self.expressions, self.scope = node, expressions, scope

    @property
    def arity(self) -> int:
        return len(self.node.expressions)

    def bind(self, types: list[DataType]) -> Typed:
        depth = len(self.expressions.lambda_scopes)
        names = [f"l{depth}_{i}" for i in range(len(types))]
        written = [p.name.lower() for p in self.node.expressions]
        frame = {w: Typed(n, t) for w, n, t in zip(written, names, types, strict=True)}
        self.expressions.lambda_scopes.append(frame)
        try:
            body = self.expressions.bind(self.node.this, self.scope)
        finally:
            self.expressions.lambda_scopes.pop()
        head = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return Typed(f"lambda {', '.join(names)}: {body.sql}" if head else body.sql, body.type)


class CallBinder:
    def __init__(self, binding: Binding, expressions: Expressions) -> None:
        self.binding = binding
        self.expressions = expressions

    def named(self, name: str, args: list[exp.Expr], scope: Scope, node: exp.Expr) -> Typed:
        """A call that the grammar writes as an operator or a form of its own."""
        bound = [self.expressions.bind(a, scope) for a in args]
        call = Call(name, bound, self.binding.context, self.binding.rules, place_of(node))
        return bind_call(find(name, call.place, self.binding.context), call)

    def bind(self, node: exp.Expr, scope: Scope) -> Typed:
        return self._bind(node, scope, None)

    def bind_window(self, node: exp.Window, scope: Scope) -> Typed:
        return self._bind(node.this, scope, node)

    def _bind(self, node: exp.Expr, scope: Scope, window: exp.Window | None) -> Typed:
        order: exp.Order | None = None
        condition: exp.Expr | None = None
        ignore_nulls = False
        while not isinstance(node, exp.Anonymous):
            if isinstance(node, exp.WithinGroup):
                order = node.expression
            elif isinstance(node, exp.Filter):
                condition = node.expression.this
            elif isinstance(node, exp.IgnoreNulls):
                ignore_nulls = True
            elif not isinstance(node, exp.RespectNulls):
                self.binding.refuse("OVER goes with a function call", node)
            node = node.this
        name = node.name.lower()
        place = place_of(node)
        assert place is not None
        refuse_forbidden_function(name, place)
        if name == "max_pt":
            return self._max_pt(node, scope)
        if name == "table_exists":
            return self._table_exists(node)
        if name in ("grouping", "grouping_id"):
            return self._grouping(node, scope)
        function = find(name, place, self.binding.context)
        self._check_use(function, node, window, condition, order, scope)
        if window is not None:
            if scope.clause or scope.inside_aggregate:
                self.binding.fail(f"a window function cannot stand in {scope.clause or 'an aggregate function'}", node)
            scope.clause = _IN_WINDOW
            try:
                return self._call(function, node, window, condition, order, ignore_nulls, scope)
            finally:
                scope.clause = ""
        return self._call(function, node, None, condition, order, ignore_nulls, scope)

    def _call(
        self,
        function: Function,
        node: exp.Anonymous,
        window: exp.Window | None,
        condition: exp.Expr | None,
        order: exp.Order | None,
        ignore_nulls: bool,
        scope: Scope,
    ) -> Typed:
        name = function.name
        if name == "rand" and scope.clause == _IN_WINDOW:
            return self.row_random(scope)
        if name in ("uuid", "unique_id") and scope.clause == _IN_WINDOW:
            self.binding.refuse(f"function {name} in a window is not supported", node)
        aggregating = function.kind is FunctionKind.AGGREGATE and window is None
        if aggregating:
            if scope.inside_aggregate:
                self.binding.fail(f"aggregate function {name} cannot stand inside another one", node)
            scope.inside_aggregate += 1
            scope.aggregated = True
        try:
            call = self._arguments(function, node, scope)
            if order is not None:
                call.order = " ORDER BY " + self.order_items(order, scope)
            tail = ""
            if condition is not None:
                tail = f" FILTER (WHERE {self.expressions.condition(condition, scope, 'FILTER').sql})"
        finally:
            if aggregating:
                scope.inside_aggregate -= 1
        if window is not None:
            if name == "cluster_sample":
                call.random = self.row_random(scope).sql
            tail += " OVER " + self._over(window, function, scope)
        call.tail = tail
        call.ignore_nulls = ignore_nulls
        return bind_call(function, call)

    def _check_use(
        self,
        function: Function,
        node: exp.Anonymous,
        window: exp.Window | None,
        condition: exp.Expr | None,
        order: exp.Order | None,
        scope: Scope,
    ) -> None:
        kind = function.kind
        if kind is FunctionKind.WINDOW and window is None:
            self.binding.fail(f"window function {function.name} needs OVER", node)
        if window is not None and kind not in (FunctionKind.WINDOW, FunctionKind.AGGREGATE):
            self.binding.fail(f"function {function.name} cannot have OVER", node)
        if kind is FunctionKind.TABLE:
            self.binding.fail(
                f"table function {function.name} can stand only in LATERAL VIEW or alone in the select list", node
            )
        if kind is not FunctionKind.AGGREGATE and (condition is not None or order is not None):
            self.binding.fail(f"FILTER and WITHIN GROUP go with aggregate functions, {function.name} is none", node)

    def _arguments(self, function: Function, node: exp.Anonymous, scope: Scope) -> Call:
        args: list[exp.Expr] = list(node.expressions)
        call = Call(node.name.lower(), [], self.binding.context, self.binding.rules, place_of(node))
        if len(args) == 1 and isinstance(args[0], exp.Distinct):
            call.distinct = True
            args = list(args[0].expressions)
            if function.kind is not FunctionKind.AGGREGATE:
                self.binding.fail(f"DISTINCT goes with aggregate functions, {function.name} is none", node)
        if len(args) == 1 and _is_star(args[0]):
            if function.name != "count":
                self.binding.fail(f"* cannot be an argument of {function.name}", node)
            args = []
        for i, arg in enumerate(args):
            if isinstance(arg, exp.Lambda):
                call.lambdas[i] = _Lambda(arg, self.expressions, scope)
                call.args.append(NULL)
            else:
                call.args.append(self.expressions.bind(arg, scope))
        return call

    def order_items(self, order: exp.Order, scope: Scope) -> str:
        """The items of an ORDER BY inside a call or a window."""
        items = []
        for item in order.expressions:
            ordered = item if isinstance(item, exp.Ordered) else exp.Ordered(this=item)
            items.append(self.expressions.bind(ordered.this, scope).sql + direction(ordered))
        return ", ".join(items)

    def _over(self, window: exp.Window, function: Function, scope: Scope) -> str:
        aliases = scope.aliases
        scope.aliases = {}
        try:
            return self._over_sql(window, function, scope)
        finally:
            scope.aliases = aliases

    def _over_sql(self, window: exp.Window, function: Function, scope: Scope) -> str:
        name = window.args.get("alias")
        if name is not None:
            named = scope.windows.get(name.name.lower())
            if named is None:
                self.binding.fail(f"window {name.name.lower()} cannot be resolved", window)
            if not (window.args.get("partition_by") or window.args.get("order") or window.args.get("spec")):
                return self._over_sql(named, function, scope)
            merged = {k: window.args.get(k) or named.args.get(k) for k in ("partition_by", "order", "spec")}
            window = exp.Window(
                this=window.this, **{k: v.copy() if isinstance(v, exp.Expr) else v for k, v in merged.items()}
            )
        parts = []
        partition = window.args.get("partition_by") or []
        if partition:
            parts.append("PARTITION BY " + ", ".join(self.expressions.bind(p, scope).sql for p in partition))
        order = window.args.get("order")
        if order is not None:
            parts.append("ORDER BY " + self.order_items(order, scope))
        spec = window.args.get("spec")
        if spec is not None and function.name not in _NO_FRAME:
            parts.append(self._frame(spec, scope))
        elif order is not None and function.name in _ROWS_BY_DEFAULT and not self.binding.hive:
            parts.append("ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")
        return "(" + " ".join(parts) + ")"

    def _frame(self, spec: exp.WindowSpec, scope: Scope) -> str:
        kind = str(spec.args.get("kind") or "ROWS").upper()
        if kind not in ("ROWS", "RANGE", "GROUPS"):
            self.binding.refuse(f"a frame of {kind} is not supported", spec)
        start = self._bound(spec.args.get("start"), spec.args.get("start_side"), spec, scope)
        end = self._bound(spec.args.get("end") or "CURRENT ROW", spec.args.get("end_side"), spec, scope)
        return f"{kind} BETWEEN {start} AND {end}"

    def _bound(self, bound: Any, side: Any, spec: exp.WindowSpec, scope: Scope) -> str:
        word = str(side or "PRECEDING").upper()
        if bound == "CURRENT ROW":
            return "CURRENT ROW"
        if bound == "UNBOUNDED":
            return f"UNBOUNDED {'FOLLOWING' if word == 'FOLLOWING' else 'PRECEDING'}"
        if not isinstance(bound, exp.Expr):
            self.binding.refuse("this frame is not supported", spec)
        typed = self.expressions.bind(bound, scope)
        if not typed.type.is_number and typed.kind.value not in ("interval_year_month", "interval_day_time"):
            self.binding.fail("a frame's bound must be a number", spec)
        return f"{typed.sql} {'FOLLOWING' if word == 'FOLLOWING' else 'PRECEDING'}"

    def row_random(self, scope: Scope) -> Typed:
        """A number that looks random for each row, for windows, whose order DuckDB wants repeatable: a hash of the row's values
        and the statement's moment. Equal rows have equal numbers, and which of them comes first nobody can tell."""
        if scope.grouping_keys:
            parts = [k.sql for k in scope.grouping_keys]
        else:
            found = [r.reference(c) for r in scope.relations for c in r.columns if not c.type.is_complex]
            parts = [self.binding.use(t).sql for t in found]
        seed = int(self.binding.context.now.timestamp() * 1_000_000)
        return Typed(f"(hash(row({', '.join([str(seed), *parts])})) / 18446744073709551616)", DOUBLE)

    # --- forms with a meaning of their own ----------------------------------------------------------------------------

    def _max_pt(self, node: exp.Anonymous, scope: Scope) -> Typed:
        """MAX_PT('table'): the greatest first-level partition with data, folded to a constant so that it prunes."""
        args = node.expressions
        if len(args) != 1 or not isinstance(args[0], exp.Literal) or not args[0].is_string:
            self.binding.fail("function max_pt takes one STRING constant, a table's name", node)
        table = self.binding.table(self._named_table(str(args[0].this), node))
        self.binding.note_table(table)
        if not table.is_partitioned:
            self.binding.fail(f"function max_pt: table {table.name} is not partitioned", node)
        value = self.binding.context.catalogue.max_partition(table)
        if value is None:
            self.binding.fail(f"function max_pt: table {table.name} has no partition with data", node)
        return text_constant(value)

    def _table_exists(self, node: exp.Anonymous) -> Typed:
        """TABLE_EXISTS('table'): known when the query is bound."""
        args = node.expressions
        if len(args) != 1 or not isinstance(args[0], exp.Literal) or not args[0].is_string:
            self.binding.fail("function table_exists takes one STRING constant, a table's name", node)
        names = self.binding.table_names(self._named_table(str(args[0].this), node))
        return boolean_constant(any(self.binding.look_up(n) is not None for n in names))

    def _named_table(self, text: str, node: exp.Anonymous) -> exp.Table:
        """The table that a text constant names, as a node at the call's place."""
        parts = [p.strip("` ") for p in text.lower().split(".")]
        if not 1 <= len(parts) <= 3 or not all(parts):
            self.binding.fail(f"function {node.name.lower()}: '{text}' is no table's name", node)
        identifiers = [exp.to_identifier(p, quoted=True) for p in parts]
        written = exp.Table(
            this=identifiers[-1],
            db=identifiers[-2] if len(parts) > 1 else None,
            catalog=identifiers[-3] if len(parts) > 2 else None,
        )
        place = place_of(node)
        if place is not None:
            written.meta["line"], written.meta["col"] = place.line, place.column
        return written

    def _grouping(self, node: exp.Anonymous, scope: Scope) -> Typed:
        if not scope.grouping_keys:
            self.binding.fail(f"function {node.name.lower()} needs GROUP BY", node)
        args = node.expressions
        if not args:
            return self.grouping_id(scope, node)
        parts = []
        for arg in args:
            scope.inside_aggregate += 1
            try:
                typed = self.expressions.bind(arg, scope)
            finally:
                scope.inside_aggregate -= 1
            if typed.sql not in scope.keys:
                self.binding.fail("an argument of grouping must be a key of GROUP BY", arg)
            parts.append(typed.sql)
        return Typed(f"CAST(grouping({', '.join(parts)}) AS BIGINT)", BIGINT)

    def grouping_id(self, scope: Scope, node: exp.Expr) -> Typed:
        """GROUPING__ID: one bit per key of GROUP BY, the first key highest, 1 where the key is rolled up."""
        if not scope.grouping_keys:
            self.binding.fail("grouping__id needs GROUP BY", node)
        return Typed(f"CAST(grouping({', '.join(k.sql for k in scope.grouping_keys)}) AS BIGINT)", BIGINT)


def direction(ordered: exp.Ordered) -> str:
    """` DESC NULLS LAST` and the like; NULL is the smallest value unless it is written otherwise."""
    descending = bool(ordered.args.get("desc"))
    nulls_first = ordered.args.get("nulls_first")
    if nulls_first is None:
        nulls_first = not descending
    return f"{' DESC' if descending else ''} NULLS {'FIRST' if nulls_first else 'LAST'}"


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))
