"""Queries: SELECT, set operations and WITH, each as a block of engine SQL with named, typed columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from taskhouse.domain.datatypes import DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.block import Block, BlockColumn, renamed, select_block
from taskhouse.sql.binder.calls import direction
from taskhouse.sql.binder.expressions import Expressions
from taskhouse.sql.binder.grouping import bind_group
from taskhouse.sql.binder.pruning import add_tests
from taskhouse.sql.binder.scope import Relation, RelationColumn, Scope
from taskhouse.sql.binder.sources import Sources
from taskhouse.sql.binder.stars import SelectItem, select_items
from taskhouse.sql.casts import convert
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.registry import FUNCTIONS, FunctionKind, shown
from taskhouse.sql.typed import Origin, Typed

_SET_WORDS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


@dataclass(slots=True)
class CommonTable:
    """A name of WITH. `query` is bound at each mention when there is only one, else once, and `sql_name` names it."""

    query: exp.Expr
    column_names: tuple[str, ...]
    mentions: int
    frames: int
    """How many frames of names the query itself may see."""
    block: Block | None = None
    sql_name: str = ""
    used: bool = False


@dataclass(slots=True)
class Frame:
    tables: dict[str, CommonTable] = field(default_factory=dict)


class Queries:
    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.frames: list[Frame] = []
        self.expressions = Expressions(binding, self)
        self.sources = Sources(binding, self)

    def bind(self, node: exp.Expr, parent: Scope | None) -> Block:
        """Any query. `parent` is the scope a subquery may correlate with."""
        self.binding.enter(node)
        try:
            with_ = node.args.get("with_")
            if with_ is None:
                return self._bind(node, parent)
            head, frame = self._with(with_, node)
            try:
                block = self._bind(node, parent)
            finally:
                self.frames.pop()
            texts = [text for name, text in head if frame.tables[name].used]
            if texts:
                word = "WITH RECURSIVE" if with_.args.get("recursive") else "WITH"
                block.head = f"{word} {', '.join(texts)} "
                block.sql = block.head + block.sql
            return block
        finally:
            self.binding.leave()

    def _bind(self, node: exp.Expr, parent: Scope | None) -> Block:
        if isinstance(node, exp.Select):
            return self._select(node, parent)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent)
        if isinstance(node, exp.Subquery):
            inner = self.bind(node.this, parent)
            return self._ordered(inner, node) if _has_tail(node) else inner
        return self.binding.refuse(f"{type(node).__name__} is not a query that is supported", node)

    # --- WITH ---------------------------------------------------------------------------------------------------------

    def _with(self, with_: exp.With, node: exp.Expr) -> tuple[list[tuple[str, str]], Frame]:
        counts: dict[str, int] = {}
        for table in node.find_all(exp.Table):
            if not table.args.get("db"):
                counts[table.name.lower()] = counts.get(table.name.lower(), 0) + 1
        frame = Frame()
        self.frames.append(frame)
        head: list[tuple[str, str]] = []
        recursive = bool(with_.args.get("recursive"))
        try:
            for cte in with_.expressions:
                name = cte.alias.lower()
                if name in frame.tables:
                    self.binding.fail(f"{name} stands twice in WITH", cte)
                alias = cte.args["alias"]
                names = tuple(c.name.lower() for c in alias.args.get("columns") or ())
                common = CommonTable(cte.this, names, counts.get(name, 0), len(self.frames))
                if recursive and _mentions(cte.this, name):
                    head.append((name, self._recursive(name, common, frame, cte)))
                    continue
                if common.mentions != 1:
                    common.block = renamed(self.binding, self.bind(cte.this, None), names, cte)
                    common.sql_name = self.binding.alias(name.lstrip("@"))
                    head.append((name, f"{identifier(common.sql_name)} AS ({common.block.sql})"))
                frame.tables[name] = common
        except BaseException:
            self.frames.pop()
            raise
        return head, frame

    def _recursive(self, name: str, common: CommonTable, frame: Frame, cte: exp.CTE) -> str:
        query = cte.this
        if not isinstance(query, exp.Union) or _mentions(query.this, name):
            self.binding.fail(f"recursive {name} must be a start, UNION ALL, and a step that names it", cte)
        start = renamed(self.binding, self.bind(query.this, None), common.column_names, cte)
        columns = [BlockColumn(c.name, c.physical, c.type) for c in start.columns]
        common.block, common.sql_name, common.used = Block("", columns), self.binding.alias(name), True
        frame.tables[name] = common
        step = self.bind(query.expression, None)
        if len(step.columns) != len(columns):
            self.binding.fail(f"the parts of {name} have {len(columns)} and {len(step.columns)} columns", cte)
        body = self.cast_block(step, [c.type for c in columns], cte)
        names = ", ".join(identifier(c.physical) for c in columns)
        word = "UNION" if query.args.get("distinct") else "UNION ALL"
        return f"{identifier(common.sql_name)}({names}) AS (({self._typed_start(start)}) {word} ({body}))"

    def _typed_start(self, start: Block) -> str:
        items = ", ".join(
            f"CAST({identifier(c.physical)} AS {engine_type(c.type)}) AS {identifier(c.physical)}"
            for c in start.columns
        )
        return f"SELECT {items} FROM ({start.sql}) AS s"

    def common_table(self, name: str) -> CommonTable | None:
        for frame in reversed(self.frames):
            if name in frame.tables:
                return frame.tables[name]
        return None

    def bind_common(self, common: CommonTable) -> Block:
        """A name of WITH that is mentioned once, bound in its place among the names it may see."""
        later = self.frames[common.frames - 1 :]
        own = Frame({k: v for k, v in later[0].tables.items() if v is not common} if later else {})
        kept, self.frames = self.frames, [*self.frames[: common.frames - 1], own]
        try:
            return renamed(self.binding, self.bind(common.query, None), common.column_names, common.query)
        finally:
            self.frames = kept

    # --- SELECT -------------------------------------------------------------------------------------------------------

    def _select(self, node: exp.Select, parent: Scope | None) -> Block:
        scope = Scope(parent=parent)
        for window in node.args.get("windows") or ():
            name = window.name.lower()
            if name in scope.windows:
                self.binding.fail(f"{name} stands twice in WINDOW", window)
            scope.windows[name] = window
        from_sql = self.sources.bind_from(node, scope)
        where_sql = ""
        where = node.args.get("where")
        if where is not None:
            where_sql = self._where(where.this, scope)
        table_function = _table_function(node)
        if table_function is not None:
            lateral_sql, items = self.sources.table_function_items(table_function, scope)
            from_sql = f"{from_sql} {lateral_sql}" if from_sql else f" FROM (SELECT 1) AS one {lateral_sql}"
            group_sql = ""
        else:
            scope.clause = "GROUP BY"
            group_sql = bind_group(node, scope, self)
            scope.clause = ""
            scope.ungrouped.clear()
            items = select_items(node, scope, self)
        grouped = bool(group_sql)
        scope.aliases = {i.name: i.typed for i in items if i.named}
        having_sql = self._clause(node, "having", "HAVING", scope)
        qualify_sql = self._clause(node, "qualify", "QUALIFY", scope)
        distinct = node.args.get("distinct") is not None
        order_sql = self._order(node, items, scope, distinct=distinct)
        if (grouped or scope.aggregated) and scope.ungrouped:
            name, place = scope.ungrouped[0]
            raise Fault(
                FaultCode.SEMANTIC,
                f"Semantic analysis exception - column reference {name} should appear in GROUP BY key or in an aggregate function",
                place,
            )
        limit_sql = self._limit(node)
        group = node.args.get("group")
        levels = group is not None and group.find(exp.GroupingSets, exp.Cube, exp.Rollup) is not None
        simple = not (limit_sql or levels or qualify_sql or node.find(exp.Window))
        columns, texts = self._outputs(items, scope, keep_origin=simple)
        behind = f"{from_sql}{where_sql}{group_sql}{having_sql}{qualify_sql}{order_sql}{limit_sql}"
        before = f"SELECT {'DISTINCT ' if distinct else ''}"
        return select_block(before, texts, behind, columns, ordered=bool(order_sql))

    def _where(self, condition: exp.Expr, scope: Scope) -> str:
        scope.clause = "WHERE"
        typed = self.expressions.condition(condition, scope, "WHERE")
        scope.clause = ""
        if scope.aggregated:
            self.binding.fail("an aggregate function cannot stand in WHERE", condition)
        add_tests(condition, scope, self.expressions)
        scope.ungrouped.clear()
        return f" WHERE {typed.sql}"

    def _clause(self, node: exp.Select, key: str, word: str, scope: Scope) -> str:
        clause = node.args.get(key)
        if clause is None:
            return ""
        scope.clause = word if word == "HAVING" else ""
        typed = self.expressions.condition(clause.this, scope, word)
        scope.clause = ""
        return f" {word} {typed.sql}"

    def _outputs(
        self, items: list[SelectItem], scope: Scope, *, keep_origin: bool
    ) -> tuple[list[BlockColumn], list[str]]:
        missing = {r.alias for r in scope.relations if r.nullable}
        columns: list[BlockColumn] = []
        texts: list[str] = []
        taken: set[str] = set()
        for item in items:
            physical = item.name
            while physical in taken:
                physical = f"{physical}_{len(columns)}"
            taken.add(physical)
            typed = item.typed
            origin = typed.origin
            if origin is not None and (
                not keep_origin or any(typed.sql.startswith(identifier(a) + ".") for a in missing)
            ):
                origin = None
            columns.append(BlockColumn(item.name, physical, typed.type, origin))
            sql = typed.sql
            if typed.kind is Kind.VOID:
                sql = "CAST(NULL AS VARCHAR)"
            texts.append(sql)
        return columns, texts

    def _order(self, node: exp.Expr, items: list[SelectItem], scope: Scope, *, distinct: bool) -> str:
        order = node.args.get("order") or node.args.get("sort") or node.args.get("cluster")
        distribute = node.args.get("distribute")
        if distribute is not None:
            for part in distribute.expressions:
                self.expressions.bind(part, scope)
        if order is None:
            return ""
        flag = self.binding.context.flag
        positions = (
            flag("odps.sql.orderby.position.alias", False)
            or flag("odps.sql.groupby.orderby.position.alias", False)
            or flag("hive.orderby.position.alias", False)
            or self.binding.hive
        )
        strict = flag("odps.sql.validate.orderby.limit", False)
        if strict and isinstance(order, exp.Order) and node.args.get("limit") is None:
            self.binding.fail("ORDER BY must be used with a LIMIT clause", order)
        by_sql = {item.typed.sql: i for i, item in reversed(list(enumerate(items, 1)))}
        texts = []
        for item in order.expressions:
            ordered = item if isinstance(item, exp.Ordered) else exp.Ordered(this=item)
            inner = ordered.this
            if isinstance(inner, exp.Literal) and not inner.is_string:
                if not positions:
                    continue
                place = int(inner.this) if str(inner.this).isdecimal() else 0
                if not 1 <= place <= len(items):
                    self.binding.fail(f"ORDER BY position {inner.this} is not in the select list", inner)
                texts.append(f"{place}{direction(ordered)}")
                continue
            typed = self.expressions.bind(inner, scope)
            if typed.is_constant:
                continue
            position = by_sql.get(typed.sql)
            if position is None and distinct:
                self.binding.fail("with SELECT DISTINCT, ORDER BY takes expressions of the select list only", inner)
            if typed.kind in (Kind.MAP,):
                self.binding.fail(f"ORDER BY cannot sort {shown(typed.type)}", inner)
            texts.append(f"{position or typed.sql}{direction(ordered)}")
        return f" ORDER BY {', '.join(texts)}" if texts else ""

    def _limit(self, node: exp.Expr) -> str:
        text = ""
        for key, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
            clause = node.args.get(key)
            if clause is None:
                continue
            typed = self.expressions.bind(clause.expression, Scope())
            if type(typed.value) is not int or typed.value < 0:
                self.binding.fail(f"{word} must be a whole number of at least 0", clause)
            text += f" {word} {typed.value}"
        return text

    # --- set operations -----------------------------------------------------------------------------------------------

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None) -> Block:
        left, right = self.bind(node.this, parent), self.bind(node.expression, parent)
        word = _SET_WORDS[type(node)]
        if len(left.columns) != len(right.columns):
            self.binding.fail(
                f"{word} needs the same number of columns on both sides, not {len(left.columns)} and {len(right.columns)}",
                node.expression,
            )
        types: list[DataType] = []
        for a, b in zip(left.columns, right.columns, strict=True):
            wide = common_type(a.type, b.type)
            if wide is None:
                self.binding.fail(
                    f"{word}: column {a.name} is {shown(a.type)} on one side and {shown(b.type)} on the other",
                    node.expression,
                )
            types.append(wide)
        one, two = self.cast_block(left, types, node), self.cast_block(right, types, node)
        all_ = "" if node.args.get("distinct") else " ALL"
        columns = [
            BlockColumn(a.name, a.physical, t, _either(a, b) if word == "UNION" else None)
            for a, b, t in zip(left.columns, right.columns, types, strict=True)
        ]
        block = Block(f"({one}) {word}{all_} ({two})", columns)
        return self._ordered(block, node) if _has_tail(node) else Block(block.sql, columns)

    def cast_block(self, block: Block, types: list[DataType], node: exp.Expr) -> str:
        """The block's text with its columns brought to `types`; unchanged where they are that already."""
        if all(c.type == t for c, t in zip(block.columns, types, strict=True)):
            return block.sql
        items = []
        for column, target in zip(block.columns, types, strict=True):
            name = identifier(column.physical)
            source = Typed(f"u.{name}", column.type)
            typed = convert(source, target, self.binding.rules) if not source.is_null else source
            if typed is None:
                self.binding.fail(f"column {column.name} cannot become {shown(target)}", node)
            sql = typed.sql if not source.is_null else f"CAST(u.{name} AS {engine_type(target)})"
            items.append(f"{sql} AS {name}")
        return f"SELECT {', '.join(items)} FROM ({block.sql}) AS u"

    def _ordered(self, block: Block, node: exp.Expr) -> Block:
        """ORDER BY and LIMIT behind a set operation or a query in parentheses: they see the output columns only."""
        alias = self.binding.alias("u")
        relation = Relation(alias, [RelationColumn(c.name, c.type, c.physical) for c in block.columns], frozenset())
        scope = Scope(relations=[relation])
        items = [SelectItem(relation.reference(c), c.name, True) for c in relation.columns]
        order = ""
        if node.args.get("order") is not None:
            order = self._order(node, items, scope, distinct=False)
        columns = [BlockColumn(c.name, c.physical, c.type) for c in block.columns]
        behind = f" FROM ({block.sql}) AS {identifier(alias)}{order}{self._limit(node)}"
        return select_block("SELECT ", [i.typed.sql for i in items], behind, columns, ordered=bool(order))


def _either(a: BlockColumn, b: BlockColumn) -> Origin | None:
    """Where a column of a UNION is from, if neither side is converted. A side of unknown origin just cannot be pruned."""
    found = [origin for column in (a, b) if column.origin is not None for origin in column.origin.all()]
    if a.type != b.type or not found:
        return None
    return replace(found[0], others=tuple(replace(origin, others=()) for origin in found[1:]))


def _has_tail(node: exp.Expr) -> bool:
    return any(node.args.get(k) is not None for k in ("order", "limit", "offset", "sort"))


def _mentions(node: exp.Expr, name: str) -> bool:
    return any(t.name.lower() == name and not t.args.get("db") for t in node.find_all(exp.Table))


def _table_function(node: exp.Select) -> exp.Expr | None:
    """The only item of a select list that is a call of a table function, with its aliases."""
    if len(node.expressions) != 1:
        return None
    item = node.expressions[0]
    call = item.this if isinstance(item, (exp.Alias, exp.Aliases)) else item
    if isinstance(call, exp.Anonymous):
        function = FUNCTIONS.get(call.name.lower())
        if function is not None and function.kind is FunctionKind.TABLE:
            found: exp.Expr = item
            return found
    return None
