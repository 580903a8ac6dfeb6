"""The walk through one query: what each of its columns comes from, and what it reads on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.sql.lineage.scope import (
    Block,
    Relation,
    Scope,
    alias_of,
    is_pattern,
    name_of,
    qualifier_of,
    qualifiers,
    renamed,
    united,
)
from taskhouse.sql.lineage.values import NONE, WHOLE, ColumnsOf, ResultColumn, Source, StatementLineage


class Reading:
    """The walk through one statement. `reads` collects whatever column is looked at."""

    def __init__(self, project: str, columns_of: ColumnsOf) -> None:
        self.project = project
        self.columns_of = columns_of
        self.reads: dict[TableName, set[str]] = {}
        self.frames: list[dict[str, Block]] = []
        self.unknown: set[str] = set()

    def statement(
        self, query: exp.Expr, target: TableName | None = None, names: Sequence[str] | None = None
    ) -> StatementLineage:
        block = self._query(query, None)
        columns = block.columns
        if names is not None and len(names) == len(columns):
            columns = [ResultColumn(name, column.sources) for name, column in zip(names, columns, strict=True)]
        for column in columns:
            self._note(column.sources)
        self._note(block.conditions)
        reads = {table: frozenset(found) for table, found in self.reads.items()}
        complete = not block.rest
        return StatementLineage(target, tuple(columns), block.conditions, reads, complete, frozenset(self.unknown))

    def _note(self, sources: Iterable[Source]) -> None:
        for table, column in sources:
            self.reads.setdefault(table, set()).add(column)

    # --- queries ------------------------------------------------------------------------------------------------------

    def _query(self, node: exp.Expr, parent: Scope | None) -> Block:
        with_ = node.args.get("with_")
        if with_ is None:
            return self._body(node, parent)
        self.frames.append({})
        try:
            for cte in with_.expressions:
                self._common(cte, is_recursive=bool(with_.args.get("recursive")))
            return self._body(node, parent)
        finally:
            self.frames.pop()

    def _body(self, node: exp.Expr, parent: Scope | None) -> Block:
        if isinstance(node, exp.Select):
            return self._select(node, parent)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent)
        if isinstance(node, exp.Subquery):
            return self._query(node.this, parent)
        return Block([])

    def _common(self, cte: exp.Expr, *, is_recursive: bool) -> None:
        alias = cte.args["alias"]
        names = [column.name.lower() for column in alias.args.get("columns") or ()]
        name = cte.alias.lower()
        if is_recursive and isinstance(cte.this, exp.SetOperation):
            block = renamed(self._query(cte.this.this, None), names)
            while True:  # sources only grow, and there are finitely many
                self.frames[-1][name] = block
                step = self._query(cte.this.expression, None)
                grown = united(block, step)
                if grown == block:
                    return
                block = grown
        self.frames[-1][name] = renamed(self._query(cte.this, None), names)

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None) -> Block:
        left, right = self._query(node.this, parent), self._query(node.expression, parent)
        if isinstance(node, exp.Union):
            return united(left, right)
        deciding = [column.sources for column in (*left.columns, *right.columns)]
        return Block(left.columns, left.rest, left.conditions.union(right.conditions, *deciding))

    def _select(self, node: exp.Select, parent: Scope | None) -> Block:
        scope = Scope(parent=parent)
        conditions = self._from(node, scope)
        where = node.args.get("where")
        if where is not None:
            conditions |= self._sources(where.this, scope)
        columns: list[ResultColumn] = []
        rest: list[TableName] = []
        for item in node.expressions:
            columns += self._item(item, scope, len(columns), rest)
        for written in columns:
            scope.aliases.setdefault(written.name, written.sources)
        conditions |= self._groups(node, columns, scope)
        for window in node.args.get("windows") or ():
            conditions |= self._sources(window, scope)
        for clause in ("having", "qualify"):
            part = node.args.get(clause)
            if part is not None:
                conditions |= self._sources(part.this, scope)
        if node.args.get("distinct") is not None:
            conditions = conditions.union(*(column.sources for column in columns))
        order = node.args.get("order") or node.args.get("sort") or node.args.get("cluster")
        if order is not None:
            sorting = self._sources(order, scope)
            self._note(sorting)
            if node.args.get("limit") is not None:
                conditions |= sorting
        self._note(conditions)
        return Block(columns, tuple(dict.fromkeys(rest)), conditions)

    def _groups(self, node: exp.Select, columns: list[ResultColumn], scope: Scope) -> frozenset[Source]:
        group = node.args.get("group")
        if group is None:
            return NONE
        found = self._sources(group, scope)
        for key in group.expressions:
            if isinstance(key, exp.Literal) and not key.is_string and key.name.isdecimal():
                position = int(key.name)
                if 1 <= position <= len(columns):
                    found |= columns[position - 1].sources
        return found

    # --- select list --------------------------------------------------------------------------------------------------

    def _item(self, item: exp.Expr, scope: Scope, index: int, rest: list[TableName]) -> Iterator[ResultColumn]:
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            qualifier = qualifier_of(item) if isinstance(item, exp.Column) else ""
            yield from self._star(star, qualifier, scope, rest)
        elif is_pattern(item):
            yield from self._matching(item, scope, rest)
        elif isinstance(item, exp.Aliases):
            sources = self._sources(item.this, scope)
            for name in item.expressions:
                yield ResultColumn(name.name.lower(), sources)
        else:
            yield ResultColumn(name_of(item, index), self._sources(item, scope))

    def _star(self, star: exp.Star, qualifier: str, scope: Scope, rest: list[TableName]) -> Iterator[ResultColumn]:
        left_out = {column.name.lower() for column in star.args.get("except_") or ()}
        replaced = {alias.alias.lower(): alias.this for alias in star.args.get("replace") or ()}
        for name, sources in self._all_columns(qualifier, scope, rest):
            if name in left_out:
                continue
            if name in replaced:
                sources = self._sources(replaced[name], scope)
            yield ResultColumn(name, sources)

    def _all_columns(
        self, qualifier: str, scope: Scope, rest: list[TableName]
    ) -> Iterator[tuple[str, frozenset[Source]]]:
        if not qualifier:
            for name in scope.merged:
                yield name, scope.plain(name) or NONE
        for relation in scope.relations:
            if qualifier and qualifier not in relation.qualifiers:
                continue
            for name, sources in relation.columns.items():
                if qualifier or name not in scope.merged:
                    yield name, sources
            rest += relation.rest
            self._note(Source(table, WHOLE) for table in relation.rest)

    def _matching(self, item: exp.Expr, scope: Scope, rest: list[TableName]) -> Iterator[ResultColumn]:
        try:
            pattern = re.compile(item.name, re.IGNORECASE)
        except re.error:
            return
        for name, sources in self._all_columns(item.text("table").lower(), scope, rest):
            if pattern.fullmatch(name):
                yield ResultColumn(name, sources)

    # --- FROM ---------------------------------------------------------------------------------------------------------

    def _from(self, node: exp.Expr, scope: Scope) -> frozenset[Source]:
        from_ = node.args.get("from_")
        if from_ is None:
            return NONE
        conditions = self._relation(from_.this, scope)
        for join in node.args.get("joins") or ():
            conditions |= self._join(join, scope)
        for lateral in node.args.get("laterals") or ():
            self._lateral(lateral, scope)
        return conditions

    def _relation(self, node: exp.Expr, scope: Scope) -> frozenset[Source]:
        conditions = NONE
        alias, names = alias_of(node)
        if isinstance(node, exp.Table):
            conditions = self._table(node, alias, names, scope)
        elif isinstance(node, exp.Subquery) and (
            isinstance(node.this, exp.Table) or (isinstance(node.this, exp.Subquery) and node.this.args.get("joins"))
        ):
            conditions = self._relation(node.this, scope)
            for join in node.this.args.get("joins") or ():
                conditions |= self._join(join, scope)
        elif isinstance(node, exp.Subquery):
            conditions = self._derived(self._query(node.this, None), alias, names, scope)
        elif isinstance(node, exp.Values):
            row = node.expressions[0]
            width = len(row.expressions) if isinstance(row, exp.Tuple) else 1
            columns = names or [f"_c{i}" for i in range(width)]
            scope.relations.append(Relation(qualifiers(alias), dict.fromkeys(columns, NONE)))
        for lateral in node.args.get("laterals") or ():
            self._lateral(lateral, scope)
        return conditions

    def _derived(self, block: Block, alias: str, names: list[str], scope: Scope) -> frozenset[Source]:
        shown = renamed(block, names)
        columns: dict[str, frozenset[Source]] = {}
        for column in shown.columns:
            columns.setdefault(column.name, column.sources)
        scope.relations.append(Relation(qualifiers(alias), columns, shown.rest))
        return shown.conditions

    def _table(self, node: exp.Table, alias: str, names: list[str], scope: Scope) -> frozenset[Source]:
        written = node.name.lower()
        if not node.args.get("db"):
            for frame in reversed(self.frames):
                if written in frame:
                    return self._derived(frame[written], alias or written, names, scope)
        table = self._table_name(node)
        self.reads.setdefault(table, set())
        known = self.columns_of(table)
        db = node.text("db").lower()
        known_as = qualifiers(alias) if alias else frozenset({written, f"{db}.{written}"} if db else {written})
        if known is None:
            scope.relations.append(Relation(known_as, {}, (table,)))
        else:
            shown = names if len(names) == len(known) else known
            columns = {name: frozenset({Source(table, column)}) for name, column in zip(shown, known, strict=True)}
            scope.relations.append(Relation(known_as, columns))
        return NONE

    def _table_name(self, node: exp.Table) -> TableName:
        first, second, name = node.text("catalog").lower(), node.text("db").lower(), node.name.lower()
        if first:
            return TableName(first, second, name)
        return TableName(second or self.project, DEFAULT_SCHEMA, name)

    def _join(self, join: exp.Join, scope: Scope) -> frozenset[Source]:
        before = {name for relation in scope.relations for name in relation.columns}
        at = len(scope.relations)
        conditions = self._relation(join.this, scope)
        on = join.args.get("on")
        if on is not None:
            conditions |= self._sources(on, scope)
        using = [column.name.lower() for column in join.args.get("using") or ()]
        if join.args.get("method") == "NATURAL":
            using = [name for relation in scope.relations[at:] for name in relation.columns if name in before]
        for name in using:
            if name not in scope.merged:
                scope.merged.append(name)
            conditions |= NONE.union(
                *(relation.columns.get(name) or relation.find(name) for relation in scope.relations)
            )
        if join.args.get("kind") in ("SEMI", "ANTI"):
            del scope.relations[at:]
        return conditions

    def _lateral(self, lateral: exp.Expr, scope: Scope) -> None:
        """The columns of a table function all come from its arguments."""
        alias, names = alias_of(lateral)
        sources = self._sources(lateral.this, scope)
        self._note(sources)
        scope.relations.append(Relation(qualifiers(alias), dict.fromkeys(names, sources)))

    # --- expressions --------------------------------------------------------------------------------------------------

    def _sources(self, node: exp.Expr, scope: Scope) -> frozenset[Source]:
        """Columns that an expression uses, those of subqueries in it included."""
        found: set[Source] = set()
        todo: list[tuple[exp.Expr, frozenset[str]]] = [(node, frozenset())]
        while todo:
            at, bound = todo.pop()
            if isinstance(at, exp.Query):
                block = self._query(at, scope)
                found |= block.conditions.union(*(column.sources for column in block.columns))
                continue
            if isinstance(at, exp.Column):
                if not isinstance(at.this, exp.Star):
                    found |= self._column(at, scope, bound)
                continue
            if isinstance(at, exp.Lambda):
                bound = bound | {parameter.name.lower() for parameter in at.expressions}
                todo.append((at.this, bound))
                continue
            if isinstance(at, exp.Anonymous) and at.name.lower() == "max_pt":
                self._max_pt(at)
            todo += [(child, bound) for child in at.iter_expressions()]
        return frozenset(found)

    def _column(self, node: exp.Column, scope: Scope, bound: frozenset[str]) -> frozenset[Source]:
        name = node.name.lower()
        qualifier = qualifier_of(node)
        if not qualifier:
            return NONE if name in bound else self._plain(name, scope)
        relation = scope.qualified(qualifier)
        if relation is not None:
            return self._of(relation, name, qualifier)
        # `a.b` where a is no table: field b of column a; `a.b.c`: field c of column b of table a.
        parts = [*qualifier.split("."), name]
        relation = scope.qualified(parts[0])
        if relation is not None:
            return self._of(relation, parts[1], parts[0])
        return NONE if parts[0] in bound else self._plain(parts[0], scope)

    def _plain(self, name: str, scope: Scope) -> frozenset[Source]:
        found = scope.plain(name)
        if found is None:
            self.unknown.add(name)
        return found or NONE

    def _of(self, relation: Relation, name: str, qualifier: str) -> frozenset[Source]:
        if name in relation.columns:
            return relation.columns[name]
        found = relation.find(name)
        if not found:
            self.unknown.add(f"{qualifier}.{name}")
        return found

    def _max_pt(self, call: exp.Anonymous) -> None:
        """Depends on the table's partitions, so on the table."""
        argument = call.expressions[0] if call.expressions else None
        if isinstance(argument, exp.Literal) and argument.is_string:
            parts = [part.strip().lower() for part in argument.name.split(".")]
            project = parts[0] if len(parts) > 1 else self.project
            schema = parts[1] if len(parts) > 2 else DEFAULT_SCHEMA
            self.reads.setdefault(TableName(project, schema, parts[-1]), set())
