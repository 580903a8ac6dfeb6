"""Column-level lineage of SQL: which columns of which tables each column of a result is computed from.

It reads statements as the parser gives them and needs no data and no complete catalogue: of a table that nobody knows, every name
that could be its column is taken for one. So lineage can be told before anything exists, and is never smaller than the truth; with a
catalogue that knows all tables it is exact, `*` included. Views are tables here: what lies behind them is not looked at.

Two kinds of sources are kept apart. A result column's own `sources` are the columns in its expression. The `conditions` of a query
are columns that decide which rows there are and how they are grouped (WHERE, ON, GROUP BY, HAVING, DISTINCT): they bear on every
column. `reads` has them all, table by table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from sqlglot import exp

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, TableName
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import (
    CreateTableAs,
    CreateView,
    Insert,
    MultiInsert,
    Query,
    Statement,
    TableRef,
    UseProject,
)

WHOLE = "*"
"""As a column: any column of the table, when the table is unknown and the query says `*`."""

ColumnsOf: TypeAlias = Callable[[TableName], Sequence[str] | None]
"""The columns of a table in order, data before partition columns, lower case; None when the table is not known."""


class Source(NamedTuple):
    """One column of one table."""

    table: TableName
    column: str


NONE: frozenset[Source] = frozenset()


class ResultColumn(NamedTuple):
    """`name` is that of the table's column when a table is written, else the result's."""

    name: str
    sources: frozenset[Source]


@dataclass(frozen=True, slots=True)
class StatementLineage:
    """Of one query or write. `writes` is None for a SELECT. `columns` lacks what `*` gives of unknown tables; then `is_complete` is
    False. `reads`: every column read of every table, for whatever purpose; a table may stand there without columns. `unknown`: names of
    columns that nothing in FROM has, as far as all columns of everything in FROM are known."""

    writes: TableName | None
    columns: tuple[ResultColumn, ...]
    conditions: frozenset[Source]
    reads: Mapping[TableName, frozenset[str]]
    is_complete: bool = True
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ScriptLineage:
    """Of a text with several statements; those that neither query nor write rows have no entry."""

    statements: tuple[StatementLineage, ...]

    @property
    def writes(self) -> tuple[TableName, ...]:
        """In the order of the first write, each once."""
        return tuple(dict.fromkeys(s.writes for s in self.statements if s.writes is not None))

    @property
    def reads(self) -> dict[TableName, frozenset[str]]:
        """What the text reads of others: a table that it has written before counts as its own."""
        found: dict[TableName, frozenset[str]] = {}
        own: set[TableName] = set()
        for statement in self.statements:
            for table, columns in statement.reads.items():
                if table not in own:
                    found[table] = found.get(table, frozenset()) | columns
            if statement.writes is not None:
                own.add(statement.writes)
        return found


def nothing_known(table: TableName) -> None:
    """A catalogue without tables."""
    return


def script_lineage(text: str, project: str, columns_of: ColumnsOf = nothing_known) -> ScriptLineage:
    """Lineage of each statement of a text that runs in `project`. Raises `Fault` (PARSE_ERROR, NOT_SUPPORTED) as the parser does."""
    found: list[StatementLineage] = []
    for statement in parse(text):
        if isinstance(statement, UseProject):
            project = statement.project
        else:
            found += statement_lineage(statement, project, columns_of)
    return ScriptLineage(tuple(found))


def statement_lineage(
    statement: Statement, project: str, columns_of: ColumnsOf = nothing_known
) -> list[StatementLineage]:
    """One for each table written, or one for a query; none for statements that handle no rows."""
    match statement:
        case Query():
            return [_Reading(project, columns_of).statement(statement.query)]
        case Insert():
            return [_insert(statement, project, columns_of)]
        case MultiInsert():
            return [_insert(each, project, columns_of) for each in statement.inserts]
        case CreateTableAs() | CreateView():
            target = _resolve(statement.table, project)
            return [_Reading(project, columns_of).statement(statement.query, target)]
        case _:
            return []


def _resolve(table: TableRef, project: str) -> TableName:
    return TableName(*table.resolve(project, DEFAULT_SCHEMA, schemas_enabled=False))


def _insert(insert: Insert, project: str, columns_of: ColumnsOf) -> StatementLineage:
    """The columns take the names of the table's columns that they are assigned to, by position."""
    target = _resolve(insert.table, project)
    names: list[str] | None = None
    static = {name for name, value in insert.partition if value is not None}
    dynamic = [name for name, value in insert.partition if value is None]
    if insert.columns:
        names = [*insert.columns, *(name for name in dynamic if name not in insert.columns)]
    else:
        known = columns_of(target)
        if known is not None:
            names = [name for name in known if name not in static]
    return _Reading(project, columns_of).statement(insert.query, target, names)


@dataclass(slots=True)
class _Block:
    """A query's result. `rest` are the tables of which `*` gives columns that nobody knows."""

    columns: list[ResultColumn]
    rest: tuple[TableName, ...] = ()
    conditions: frozenset[Source] = NONE


@dataclass(slots=True)
class _Relation:
    """Something in FROM. `columns` are known; others may come from `rest`."""

    qualifiers: frozenset[str]
    columns: dict[str, frozenset[Source]]
    rest: tuple[TableName, ...] = ()

    def find(self, name: str) -> frozenset[Source]:
        """The sources of a column that is not among `columns`."""
        return frozenset(Source(table, name) for table in self.rest)


@dataclass(slots=True)
class _Scope:
    relations: list[_Relation] = field(default_factory=list)
    parent: _Scope | None = None
    merged: list[str] = field(default_factory=list)
    """Columns of USING, which `*` gives once, first."""
    aliases: dict[str, frozenset[Source]] = field(default_factory=dict)

    def qualified(self, qualifier: str) -> _Relation | None:
        """Here or around; None when there is no such relation."""
        for relation in self.relations:
            if qualifier in relation.qualifiers:
                return relation
        return self.parent.qualified(qualifier) if self.parent else None

    def plain(self, name: str) -> frozenset[Source] | None:
        """A column without a qualifier: of the relations that are known to have it, else of all that may, here and around. Two that
        have it mean USING (or an error that the binder tells)."""
        known = [relation.columns[name] for relation in self.relations if name in relation.columns]
        if known:
            return NONE.union(*known)
        if name in self.aliases:
            return self.aliases[name]
        possible = NONE.union(*(relation.find(name) for relation in self.relations))
        around = self.parent.plain(name) if self.parent else None
        return possible | (around or NONE) if possible or around is not None else None


class _Reading:
    """The walk through one statement. `reads` collects whatever column is looked at."""

    def __init__(self, project: str, columns_of: ColumnsOf) -> None:
        self.project = project
        self.columns_of = columns_of
        self.reads: dict[TableName, set[str]] = {}
        self.frames: list[dict[str, _Block]] = []
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

    def _query(self, node: exp.Expr, parent: _Scope | None) -> _Block:
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

    def _body(self, node: exp.Expr, parent: _Scope | None) -> _Block:
        if isinstance(node, exp.Select):
            return self._select(node, parent)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent)
        if isinstance(node, exp.Subquery):
            return self._query(node.this, parent)
        return _Block([])

    def _common(self, cte: exp.Expr, *, is_recursive: bool) -> None:
        alias = cte.args["alias"]
        names = [column.name.lower() for column in alias.args.get("columns") or ()]
        name = cte.alias.lower()
        if is_recursive and isinstance(cte.this, exp.SetOperation):
            block = _renamed(self._query(cte.this.this, None), names)
            while True:  # sources only grow, and there are finitely many
                self.frames[-1][name] = block
                step = self._query(cte.this.expression, None)
                grown = _united(block, step)
                if grown == block:
                    return
                block = grown
        self.frames[-1][name] = _renamed(self._query(cte.this, None), names)

    def _set_operation(self, node: exp.SetOperation, parent: _Scope | None) -> _Block:
        left, right = self._query(node.this, parent), self._query(node.expression, parent)
        if isinstance(node, exp.Union):
            return _united(left, right)
        deciding = [column.sources for column in (*left.columns, *right.columns)]
        return _Block(left.columns, left.rest, left.conditions.union(right.conditions, *deciding))

    def _select(self, node: exp.Select, parent: _Scope | None) -> _Block:
        scope = _Scope(parent=parent)
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
        return _Block(columns, tuple(dict.fromkeys(rest)), conditions)

    def _groups(self, node: exp.Select, columns: list[ResultColumn], scope: _Scope) -> frozenset[Source]:
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

    def _item(self, item: exp.Expr, scope: _Scope, index: int, rest: list[TableName]) -> Iterator[ResultColumn]:
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            qualifier = _qualifier(item) if isinstance(item, exp.Column) else ""
            yield from self._star(star, qualifier, scope, rest)
        elif _is_pattern(item):
            yield from self._matching(item, scope, rest)
        elif isinstance(item, exp.Aliases):
            sources = self._sources(item.this, scope)
            for name in item.expressions:
                yield ResultColumn(name.name.lower(), sources)
        else:
            yield ResultColumn(_name(item, index), self._sources(item, scope))

    def _star(self, star: exp.Star, qualifier: str, scope: _Scope, rest: list[TableName]) -> Iterator[ResultColumn]:
        left_out = {column.name.lower() for column in star.args.get("except_") or ()}
        replaced = {alias.alias.lower(): alias.this for alias in star.args.get("replace") or ()}
        for name, sources in self._all_columns(qualifier, scope, rest):
            if name in left_out:
                continue
            if name in replaced:
                sources = self._sources(replaced[name], scope)
            yield ResultColumn(name, sources)

    def _all_columns(
        self, qualifier: str, scope: _Scope, rest: list[TableName]
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

    def _matching(self, item: exp.Expr, scope: _Scope, rest: list[TableName]) -> Iterator[ResultColumn]:
        try:
            pattern = re.compile(item.name, re.IGNORECASE)
        except re.error:
            return
        for name, sources in self._all_columns(item.text("table").lower(), scope, rest):
            if pattern.fullmatch(name):
                yield ResultColumn(name, sources)

    # --- FROM ---------------------------------------------------------------------------------------------------------

    def _from(self, node: exp.Expr, scope: _Scope) -> frozenset[Source]:
        from_ = node.args.get("from_")
        if from_ is None:
            return NONE
        conditions = self._relation(from_.this, scope)
        for join in node.args.get("joins") or ():
            conditions |= self._join(join, scope)
        for lateral in node.args.get("laterals") or ():
            self._lateral(lateral, scope)
        return conditions

    def _relation(self, node: exp.Expr, scope: _Scope) -> frozenset[Source]:
        conditions = NONE
        alias, names = _alias(node)
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
            scope.relations.append(_Relation(_qualifiers(alias), dict.fromkeys(columns, NONE)))
        for lateral in node.args.get("laterals") or ():
            self._lateral(lateral, scope)
        return conditions

    def _derived(self, block: _Block, alias: str, names: list[str], scope: _Scope) -> frozenset[Source]:
        shown = _renamed(block, names)
        columns: dict[str, frozenset[Source]] = {}
        for column in shown.columns:
            columns.setdefault(column.name, column.sources)
        scope.relations.append(_Relation(_qualifiers(alias), columns, shown.rest))
        return shown.conditions

    def _table(self, node: exp.Table, alias: str, names: list[str], scope: _Scope) -> frozenset[Source]:
        written = node.name.lower()
        if not node.args.get("db"):
            for frame in reversed(self.frames):
                if written in frame:
                    return self._derived(frame[written], alias or written, names, scope)
        table = self._table_name(node)
        self.reads.setdefault(table, set())
        known = self.columns_of(table)
        db = node.text("db").lower()
        qualifiers = _qualifiers(alias) if alias else frozenset({written, f"{db}.{written}"} if db else {written})
        if known is None:
            scope.relations.append(_Relation(qualifiers, {}, (table,)))
        else:
            shown = names if len(names) == len(known) else known
            columns = {name: frozenset({Source(table, column)}) for name, column in zip(shown, known, strict=True)}
            scope.relations.append(_Relation(qualifiers, columns))
        return NONE

    def _table_name(self, node: exp.Table) -> TableName:
        first, second, name = node.text("catalog").lower(), node.text("db").lower(), node.name.lower()
        if first:
            return TableName(first, second, name)
        return TableName(second or self.project, DEFAULT_SCHEMA, name)

    def _join(self, join: exp.Join, scope: _Scope) -> frozenset[Source]:
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

    def _lateral(self, lateral: exp.Expr, scope: _Scope) -> None:
        """The columns of a table function all come from its arguments."""
        alias, names = _alias(lateral)
        sources = self._sources(lateral.this, scope)
        self._note(sources)
        scope.relations.append(_Relation(_qualifiers(alias), dict.fromkeys(names, sources)))

    # --- expressions --------------------------------------------------------------------------------------------------

    def _sources(self, node: exp.Expr, scope: _Scope) -> frozenset[Source]:
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

    def _column(self, node: exp.Column, scope: _Scope, bound: frozenset[str]) -> frozenset[Source]:
        name = node.name.lower()
        qualifier = _qualifier(node)
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

    def _plain(self, name: str, scope: _Scope) -> frozenset[Source]:
        found = scope.plain(name)
        if found is None:
            self.unknown.add(name)
        return found or NONE

    def _of(self, relation: _Relation, name: str, qualifier: str) -> frozenset[Source]:
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


def _united(left: _Block, right: _Block) -> _Block:
    """UNION: by position, under the names of the left side."""
    columns = [
        ResultColumn(a.name, a.sources | (right.columns[i].sources if i < len(right.columns) else NONE))
        for i, a in enumerate(left.columns)
    ]
    return _Block(columns, tuple(dict.fromkeys((*left.rest, *right.rest))), left.conditions | right.conditions)


def _renamed(block: _Block, names: Sequence[str]) -> _Block:
    if not names or len(names) != len(block.columns):
        return block
    columns = [ResultColumn(name, column.sources) for name, column in zip(names, block.columns, strict=True)]
    return _Block(columns, block.rest, block.conditions)


def _alias(node: exp.Expr) -> tuple[str, list[str]]:
    alias = node.args.get("alias")
    if not isinstance(alias, exp.TableAlias):
        return "", []
    name = alias.this.name.lower() if alias.this is not None else ""
    return name, [column.name.lower() for column in alias.args.get("columns") or ()]


def _qualifiers(alias: str) -> frozenset[str]:
    return frozenset({alias} if alias else ())


def _qualifier(node: exp.Expr) -> str:
    parts = (node.text("catalog"), node.text("db"), node.text("table"))
    return ".".join(part.lower() for part in parts if part)


def _name(item: exp.Expr, index: int) -> str:
    """The name of a result column, as the binder gives it."""
    if isinstance(item, exp.Alias):
        return item.alias.lower()
    if isinstance(item, exp.Paren):
        return _name(item.this, index)
    if isinstance(item, exp.Column):
        return item.name.lower()
    if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Identifier):
        return item.expression.name.lower()
    return f"_c{index}"


def _is_pattern(item: exp.Expr) -> bool:
    """A quoted name that is no plain word stands for all columns that it matches."""
    if not isinstance(item, exp.Column) or item.args.get("db"):
        return False
    name = item.this
    return isinstance(name, exp.Identifier) and bool(name.args.get("quoted")) and not re.fullmatch(r"\w+", name.name)
