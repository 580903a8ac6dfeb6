"""FROM: tables, views, names of WITH, subqueries, VALUES and joins, each as a relation in scope and as engine SQL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from taskhouse.domain.catalogue import Table
from taskhouse.domain.datatypes import DataType
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.block import Block, renamed
from taskhouse.sql.binder.laterals import Laterals
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.pruning import add_tests
from taskhouse.sql.binder.scope import Relation, RelationColumn, Scope
from taskhouse.sql.binder.stars import SelectItem
from taskhouse.sql.binder.views import view_query
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.registry import shown
from taskhouse.sql.typed import Origin, Typed

if TYPE_CHECKING:
    from taskhouse.sql.binder.query import Queries


class Sources:
    def __init__(self, binding: Binding, queries: Queries) -> None:
        self.binding = binding
        self.queries = queries
        self.laterals = Laterals(binding, queries)

    def bind_from(self, node: exp.Expr, scope: Scope) -> str:
        """The FROM clause with joins and lateral views, or '' without one."""
        from_ = node.args.get("from_")
        if from_ is None:
            return ""
        sql = self._relation(from_.this, scope)
        for join in node.args.get("joins") or ():
            sql = self._join(sql, join, scope)
        for lateral in node.args.get("laterals") or ():
            sql += " " + self.laterals.bind(lateral, scope)
        return f" FROM {sql}"

    def table_function_items(self, item: exp.Expr, scope: Scope) -> tuple[str, list[SelectItem]]:
        """A table function alone in the select list, as a lateral view and the columns it gives."""
        relation, sql = self.laterals.bind_select_item(item, scope)
        return sql, [SelectItem(relation.reference(c), c.name, True) for c in relation.columns]

    # --- one relation -------------------------------------------------------------------------------------------------

    def _relation(self, node: exp.Expr, scope: Scope) -> str:
        sql = self._plain_relation(node, scope)
        for lateral in node.args.get("laterals") or ():
            sql += " " + self.laterals.bind(lateral, scope)
        return sql

    def _plain_relation(self, node: exp.Expr, scope: Scope) -> str:
        if isinstance(node, exp.Table):
            return self._table(node, scope)
        if isinstance(node, exp.Subquery):
            if isinstance(node.this, exp.Table) or (
                isinstance(node.this, exp.Subquery) and node.this.args.get("joins")
            ):
                return self._joined(node, scope)
            block = self.queries.bind(node.this, None)
            alias, names = _alias(node)
            return self._derived(block, alias, names, scope, node) + self._sample(node)
        if isinstance(node, exp.Values):
            return self._values(node, scope)
        return self.binding.refuse(f"{type(node).__name__} cannot stand in FROM", node)

    def _joined(self, node: exp.Subquery, scope: Scope) -> str:
        """`(a JOIN b ON ..)`: the relations inside keep their own names."""
        inner = node.this
        sql = self._relation(inner, scope)
        for join in inner.args.get("joins") or ():
            sql = self._join(sql, join, scope)
        return f"({sql})"

    def _add(
        self, name: str, alias: str, columns: list[RelationColumn], qualifiers: set[str], scope: Scope, node: exp.Expr
    ) -> Relation:
        if alias and any(alias in r.qualifiers for r in scope.relations):
            self.binding.fail(f"{alias} stands twice in FROM, give one of them another alias", node)
        relation = Relation(name, columns, frozenset(qualifiers))
        scope.relations.append(relation)
        return relation

    def _table(self, node: exp.Table, scope: Scope) -> str:
        alias, names = _alias(node)
        if not node.args.get("db"):
            common = self.queries.common_table(node.name.lower())
            if common is not None:
                shown_as = alias or node.name.lower()
                if common.block is None:
                    block = self.queries.bind_common(common)
                    return self._derived(block, shown_as, names, scope, node) + self._sample(node)
                common.used = True
                shown_names = self._rename(common.block, names, node)
                columns = [
                    RelationColumn(n, c.type, c.physical)
                    for n, c in zip(shown_names, common.block.columns, strict=True)
                ]
                name = self.binding.alias(shown_as)
                self._add(name, shown_as, columns, {shown_as}, scope, node)
                return f"{identifier(common.sql_name)} AS {identifier(name)}{self._sample(node)}"
        table = self.binding.table(node)
        self.binding.note_table(table)
        written = _written(node)
        shown_as = alias or table.name.name
        qualifiers = {alias} if alias else written | {table.name.name}
        if table.is_view:
            block = self._view(table, node)
            return self._derived(block, shown_as, names, scope, node, qualifiers) + self._sample(node)
        placeholder = self.binding.add_scan(table, node)
        # A sample is taken before any filter, so its partitions cannot be told apart.
        prunable = (
            len(table.columns) if node.args.get("sample") is None else len(table.columns) + len(table.partition_columns)
        )
        every = (*table.columns, *table.partition_columns)
        shown_names = names or tuple(c.name for c in every)
        if len(shown_names) != len(every):
            self.binding.fail(f"{len(shown_names)} column names for {len(every)} columns", node)
        columns = [
            RelationColumn(n, c.type, c.name, Origin(placeholder, c, i >= prunable))
            for i, (n, c) in enumerate(zip(shown_names, every, strict=True))
        ]
        name = self.binding.alias(shown_as)
        self._add(name, alias, columns, qualifiers, scope, node)
        return f"{placeholder} AS {identifier(name)}{self._sample(node)}"

    def _derived(
        self,
        block: Block,
        alias: str,
        names: tuple[str, ...],
        scope: Scope,
        node: exp.Expr,
        qualifiers: set[str] | None = None,
    ) -> str:
        shown_names = self._rename(block, names, node)
        columns = [
            RelationColumn(n, c.type, c.physical, c.origin) for n, c in zip(shown_names, block.columns, strict=True)
        ]
        name = self.binding.alias(alias or "subquery")
        self._add(name, alias, columns, qualifiers or ({alias} if alias else set()), scope, node)
        return f"({block.sql}) AS {identifier(name)}"

    def _rename(self, block: Block, names: tuple[str, ...], node: exp.Expr) -> tuple[str, ...]:
        if names and len(names) != len(block.columns):
            self.binding.fail(f"{len(names)} column names for {len(block.columns)} columns", node)
        return names or tuple(c.name for c in block.columns)

    def _view(self, table: Table, node: exp.Expr) -> Block:
        """A view's query, bound where the view lives, under the view's column names."""
        binding = self.binding
        if table.name in binding.view_stack:
            binding.fail(f"view {table.name} refers to itself", node)
        query = view_query(table, node, binding)
        context, frames = binding.context, self.queries.frames
        binding.view_stack.append(table.name)
        binding.context = replace(context, project=table.name.project, schema=table.name.schema, variables={})
        self.queries.frames = []
        try:
            block = self.queries.bind(query, None)
        finally:
            binding.view_stack.pop()
            binding.context = context
            self.queries.frames = frames
        if len(block.columns) != len(table.columns):
            binding.fail(
                f"view {table.name} has {len(table.columns)} columns, its query gives {len(block.columns)} now", node
            )
        return renamed(binding, block, tuple(c.name for c in table.columns), node)

    def _values(self, node: exp.Values, scope: Scope) -> str:
        rows = [r.expressions if isinstance(r, exp.Tuple) else [r] for r in node.expressions]
        width = len(rows[0])
        for row, written in zip(rows, node.expressions, strict=True):
            if len(row) != width:
                self.binding.fail(f"this row of VALUES has {len(row)} values, the first has {width}", written)
        bound = [[self.queries.expressions.bind(v, Scope()) for v in row] for row in rows]
        types: list[DataType] = []
        for column in range(width):
            wide = bound[0][column].type
            for i, row in enumerate(bound):
                found = common_type(wide, row[column].type)
                if found is None:
                    self.binding.fail(
                        f"column {column + 1} of VALUES is {shown(wide)} and {shown(row[column].type)}", rows[i][column]
                    )
                wide = found
            types.append(wide)
        texts = []
        for i, row in enumerate(bound):
            cells = [self.queries.expressions.to(cell, types[c], rows[i][c]) for c, cell in enumerate(row)]
            if i == 0:
                texts.append(", ".join(f"CAST({t.sql} AS {engine_type(t.type)})" for t in cells))
            else:
                texts.append(", ".join(t.sql if not t.is_null else "NULL" for t in cells))
        alias, names = _alias(node)
        shown_names = names or tuple(f"_c{i}" for i in range(width))
        if len(shown_names) != width:
            self.binding.fail(f"{len(shown_names)} column names for {width} columns", node)
        physical = [f"c{i}" for i in range(width)]
        name = self.binding.alias(alias or "values")
        columns = [RelationColumn(n, t, p) for n, t, p in zip(shown_names, types, physical, strict=True)]
        self._add(name, alias, columns, {alias} if alias else set(), scope, node)
        body = ", ".join(f"({t})" for t in texts)
        return f"(VALUES {body}) AS {identifier(name)}({', '.join(map(identifier, physical))})"

    def _sample(self, node: exp.Expr) -> str:
        sample = node.args.get("sample")
        if sample is None:
            return ""
        percent, size = sample.args.get("percent"), sample.args.get("size") or sample.args.get("rows")
        amount = percent if percent is not None else size
        numerator, denominator = sample.args.get("bucket_numerator"), sample.args.get("bucket_denominator")
        if numerator is not None and denominator is not None:
            x, y = (self._number(n, sample) for n in (numerator, denominator))
            if not 1 <= x <= y:
                self.binding.fail("TABLESAMPLE BUCKET x OUT OF y needs 1 <= x <= y", sample)
            return f" TABLESAMPLE bernoulli({100 * 1 / y:.10f} PERCENT) REPEATABLE ({int(x)})"
        if amount is None:
            self.binding.refuse("this form of TABLESAMPLE is not supported", sample)
        number = self._number(amount, sample)
        if percent is not None:
            if not 0 <= number <= 100:
                self.binding.fail("TABLESAMPLE takes 0 to 100 PERCENT", sample)
            return f" TABLESAMPLE bernoulli({number:.10f} PERCENT)"
        return f" TABLESAMPLE reservoir({int(number)} ROWS)"

    def _number(self, node: exp.Expr, at: exp.Expr) -> float:
        typed = self.queries.expressions.bind(node, Scope())
        value = typed.value
        if not isinstance(value, (int, float)):
            self.binding.fail("TABLESAMPLE needs a constant number", at)
        return float(value)

    # --- joins --------------------------------------------------------------------------------------------------------

    def _join(self, left_sql: str, join: exp.Join, scope: Scope) -> str:
        side, kind = (str(join.args.get(k) or "").upper() for k in ("side", "kind"))
        method = str(join.args.get("method") or "").upper()
        before = list(scope.relations)
        right_sql = self._relation(join.this, scope)
        added = scope.relations[len(before) :]
        if kind in ("SEMI", "ANTI"):
            condition = self._condition(join, before, added, method, scope)
            self._prune(join, added)
            scope.relations = before
            return f"{left_sql} {kind} JOIN {right_sql} ON {condition}"
        on, using = join.args.get("on"), join.args.get("using")
        if kind == "CROSS" or (not side and not using and method != "NATURAL" and _is_true(on)):
            return f"{left_sql} CROSS JOIN {right_sql}"
        condition = self._condition(join, before, added, method, scope, side)
        # A row that ON turns away is gone from an inner join, and from the side of an outer join that may be missing.
        self._prune(join, {"": scope.relations, "LEFT": added, "RIGHT": before}.get(side, []))
        if side in ("LEFT", "FULL"):
            for relation in added:
                relation.nullable = True
        if side in ("RIGHT", "FULL"):
            for relation in before:
                relation.nullable = True
        word = f"{side} JOIN" if side else "JOIN"
        return f"{left_sql} {word} {right_sql} ON {condition}"

    def _prune(self, join: exp.Join, relations: list[Relation]) -> None:
        on = join.args.get("on")
        if on is not None and relations:
            add_tests(on, Scope(relations=relations), self.queries.expressions)

    def _condition(
        self, join: exp.Join, before: list[Relation], added: list[Relation], method: str, scope: Scope, side: str = ""
    ) -> str:
        using = [i.name.lower() for i in join.args.get("using") or ()]
        if method == "NATURAL":
            right = {c.name for r in added for c in r.columns}
            using = [c.name for r in before for c in r.columns if c.name in right]
        if using:
            return self._using(using, join, before, added, scope, side)
        on = join.args.get("on")
        if on is None or method == "NATURAL":
            return "true"
        scope.clause = "ON"
        typed = self.queries.expressions.condition(on, scope, "ON")
        scope.clause = ""
        if scope.aggregated:
            self.binding.fail("an aggregate function cannot stand in ON", on)
        scope.ungrouped.clear()
        return typed.sql

    def _using(
        self, names: list[str], join: exp.Join, before: list[Relation], added: list[Relation], scope: Scope, side: str
    ) -> str:
        parts = []
        left_scope, right_scope = Scope(relations=before, merged=dict(scope.merged)), Scope(relations=added)
        for name in dict.fromkeys(names):
            place = place_of(join)
            left, right = left_scope.find(name, None, place), right_scope.find(name, None, place)
            if left is None or right is None:
                self.binding.fail(f"column {name} in USING cannot be resolved on both sides", join)
            left, right = self.binding.use(left), self.binding.use(right)
            made = operators.compare(left, "=", right, self.binding.rules)
            if made is None:
                self.binding.incompatible("USING", left, right, join)
            parts.append(made.sql)
            for relation in (*before, *added):
                column = relation.by_name.get(name)
                if column is not None:
                    scope.hidden.add((relation.alias, column.physical))
            if side == "RIGHT":
                scope.merged[name] = right
            elif side == "FULL":
                both, wide = self.queries.expressions.unify([left, right], [join, join], "USING")
                scope.merged[name] = Typed(f"coalesce({both[0].sql}, {both[1].sql})", wide, origin=_merged(left, right))
            else:
                scope.merged[name] = left
        return "(" + " AND ".join(parts) + ")"


def _merged(left: Typed, right: Typed) -> Origin | None:
    """Where a USING column of a full join is from: like a UNION's, each row has it from one side or the same from both."""
    if left.origin is None or right.origin is None or left.type != right.type:
        return None
    others = (*left.origin.others, *right.origin.all())
    return replace(left.origin, others=tuple(replace(origin, others=()) for origin in others))


def _alias(node: exp.Expr) -> tuple[str, tuple[str, ...]]:
    """Alias and column names as written, lower case."""
    alias = node.args.get("alias")
    if not isinstance(alias, exp.TableAlias):
        return "", ()
    name = alias.this.name.lower() if alias.this is not None else ""
    return name, tuple(c.name.lower() for c in alias.args.get("columns") or ())


def _written(node: exp.Table) -> set[str]:
    """How a table without alias may be named in front of its columns."""
    name, db = node.name.lower(), node.text("db").lower()
    return {name, f"{db}.{name}"} if db else {name}


def _is_true(node: exp.Expr | None) -> bool:
    return node is None or (isinstance(node, exp.Boolean) and bool(node.this))
