"""Table functions: LATERAL VIEW, and a table function alone in the select list.

Each becomes `CROSS JOIN LATERAL (SELECT unnest(..))` (LEFT with OUTER), which DuckDB turns into a plain unnest without a join.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from taskhouse.domain.datatypes import BIGINT, STRING, DataType, Kind
from taskhouse.sql.backends.duckdb import engine_type, identifier, quote_text
from taskhouse.sql.binder.binding import Binding
from taskhouse.sql.binder.places import place_of
from taskhouse.sql.binder.scope import Relation, RelationColumn, Scope
from taskhouse.sql.functions.json_paths import json_path
from taskhouse.sql.functions.registry import FUNCTIONS, FunctionKind, find, shown
from taskhouse.sql.typed import Typed

if TYPE_CHECKING:
    from taskhouse.sql.binder.query import Queries


@dataclass(frozen=True, slots=True)
class Rows:
    """What a table function gives: one SQL item per column (unnested together), with default names and types.
    `body` replaces the items where they do not suffice: a whole SELECT giving the columns `r0`, `r1`, ...."""

    items: list[str]
    names: list[str]
    types: list[DataType]
    body: str = ""


class Laterals:
    def __init__(self, binding: Binding, queries: Queries) -> None:
        self.binding = binding
        self.queries = queries
        self._makers: dict[str, Callable[[list[Typed], exp.Anonymous], Rows]] = {
            "explode": self._explode,
            "posexplode": self._posexplode,
            "inline": self._inline,
            "stack": self._stack,
            "json_tuple": self._json_tuple,
            "keyvalue_tuple": self._keyvalue_tuple,
            "parse_url_tuple": self._url_tuple,
            "trans_array": self._trans_array,
            "trans_cols": self._trans_cols,
        }

    def bind(self, node: exp.Lateral, scope: Scope) -> str:
        """A LATERAL VIEW: its SQL, to stand behind the relations before it; its columns come into scope."""
        alias = node.args.get("alias")
        name = alias.this.name.lower() if alias is not None and alias.this is not None else ""
        columns = [c.name.lower() for c in (alias.args.get("columns") or ())] if alias is not None else []
        call = node.this
        if not isinstance(call, exp.Anonymous):
            self.binding.refuse("LATERAL VIEW takes a call of a table function", node)
        _, sql = self._lateral(call, name, columns, bool(node.args.get("outer")), scope)
        return sql

    def bind_select_item(self, item: exp.Expr, scope: Scope) -> tuple[Relation, str]:
        """A table function alone in the select list, with `AS a` or `AS (a, b)`."""
        names: list[str] = []
        call = item
        if isinstance(item, exp.Alias):
            names, call = [item.alias.lower()], item.this
        elif isinstance(item, exp.Aliases):
            names, call = [i.name.lower() for i in item.expressions], item.this
        assert isinstance(call, exp.Anonymous)
        return self._lateral(call, "", names, False, scope)

    def _lateral(
        self, call: exp.Anonymous, alias: str, names: list[str], outer: bool, scope: Scope
    ) -> tuple[Relation, str]:
        function = find(call.name, place_of(call), self.binding.context)
        if function.kind is not FunctionKind.TABLE:
            self.binding.fail(f"function {function.name} is no table function", call)
        args = [self.queries.expressions.bind(a, scope) for a in call.expressions]
        scope.ungrouped.clear()
        rows = self._makers[function.name](args, call)
        if names and len(names) != len(rows.types):
            self.binding.fail(f"{function.name} gives {len(rows.types)} columns, {len(names)} names are written", call)
        if alias and any(alias in r.qualifiers for r in scope.relations):
            self.binding.fail(f"{alias} stands twice in FROM, give one of them another alias", call)
        physical = [f"r{i}" for i in range(len(rows.types))]
        columns = [RelationColumn(n, t, p) for n, t, p in zip(names or rows.names, rows.types, physical, strict=True)]
        name = self.binding.alias(alias or "rows")
        relation = Relation(name, columns, frozenset({alias} if alias else ()), nullable=outer)
        scope.relations.append(relation)
        items = ", ".join(f"{i} AS {p}" for i, p in zip(rows.items, physical, strict=False))
        body = rows.body or f"SELECT {items}"
        if outer:
            return relation, f"LEFT JOIN LATERAL ({body}) AS {identifier(name)} ON true"
        return relation, f"CROSS JOIN LATERAL ({body}) AS {identifier(name)}"

    def _count(self, args: list[Typed], at_least: int, call: exp.Anonymous, at_most: int | None = None) -> None:
        if len(args) < at_least or (at_most is not None and len(args) > at_most):
            wanted = FUNCTIONS[call.name.lower()].overloads[0].signature.text
            self.binding.fail(f"invalid number of arguments for {wanted}, {len(args)} given", call)

    def _explode(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 1, call, 1)
        (value,) = args
        if value.kind is Kind.ARRAY and value.type.element is not None:
            return Rows([f"unnest({value.sql})"], ["col"], [value.type.element])
        if value.kind is Kind.MAP and value.type.key is not None and value.type.element is not None:
            items = [f"unnest(map_keys({value.sql}))", f"unnest(map_values({value.sql}))"]
            return Rows(items, ["key", "value"], [value.type.key, value.type.element])
        return self.binding.fail(f"explode takes an ARRAY or a MAP, not {shown(value.type)}", call)

    def _posexplode(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 1, call, 1)
        (value,) = args
        if value.kind is not Kind.ARRAY or value.type.element is None:
            self.binding.fail(f"posexplode takes an ARRAY, not {shown(value.type)}", call)
        items = [f"unnest(range(len({value.sql})))", f"unnest({value.sql})"]
        return Rows(items, ["pos", "val"], [BIGINT, value.type.element])

    def _inline(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 1, call, 1)
        element = args[0].type.element
        if args[0].kind is not Kind.ARRAY or element is None or element.kind is not Kind.STRUCT:
            self.binding.fail(f"inline takes an ARRAY of STRUCT, not {shown(args[0].type)}", call)
        picks = ", ".join(f"struct_extract(s, {quote_text(f.name)}) AS r{i}" for i, f in enumerate(element.fields))
        body = f"SELECT {picks} FROM (SELECT unnest({args[0].sql}) AS s)"
        return Rows([], [f.name for f in element.fields], [f.type for f in element.fields], body)

    def _stack(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 2, call)
        count = args[0].value
        if type(count) is not int or count < 1:
            self.binding.fail("stack needs a constant number of rows of at least 1", call)
        values = args[1:]
        width = -(-len(values) // count)
        nodes = list(call.expressions[1:])
        items, types = [], []
        for column in range(width):
            cells = values[column::width]
            written = nodes[column::width]
            unified, wide = self.queries.expressions.unify(cells, written, f"column {column + 1} of stack")
            texts = [c.sql for c in unified] + ["NULL"] * (count - len(unified))
            items.append(f"unnest(CAST([{', '.join(texts)}] AS {engine_type(wide)}[]))")
            types.append(wide)
        return Rows(items, [f"col{i}" for i in range(width)], types)

    def _json_tuple(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 2, call)
        source = self.queries.expressions.to(args[0], STRING, call) if args[0].kind is not Kind.JSON else args[0]
        items = []
        for key in args[1:]:
            text = self.queries.expressions.to(key, STRING, call)
            path = text.value
            if isinstance(path, str):
                path = path if path.startswith("$") else f"$.{path}"
                items.append(f"mc_json_path({source.sql}, {quote_text(json_path(path))})")
            else:
                items.append(f"mc_json_path({source.sql}, '$.\"' || {text.sql} || '\"')")
        return Rows(items, [f"c{i}" for i in range(len(items))], [STRING] * len(items))

    def _keyvalue_tuple(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 4, call)
        texts = [self.queries.expressions.to(a, STRING, call).sql for a in args]
        items = [f"mc_keyvalue({texts[0]}, {texts[1]}, {texts[2]}, {key})" for key in texts[3:]]
        return Rows(items, [f"c{i}" for i in range(len(items))], [STRING] * len(items))

    def _url_tuple(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        self._count(args, 2, call)
        url = self.queries.expressions.to(args[0], STRING, call)
        items = []
        for part in args[1:]:
            text = part.value
            if not isinstance(text, str):
                self.binding.fail("parse_url_tuple takes constant parts", call)
            name, _, key = text.partition(":")
            if key and name.upper() == "QUERY":
                items.append(f"mc_query_value({url.sql}, {quote_text(key)})")
            else:
                items.append(f"mc_url_part({url.sql}, {quote_text(name.upper())})")
        return Rows(items, [f"c{i}" for i in range(len(items))], [STRING] * len(items))

    def _trans_array(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        """Texts of values with a separator turned into rows, beside keys that repeat."""
        self._count(args, 3, call)
        keys, separator = args[0].value, args[1]
        columns = args[2:]
        if type(keys) is not int or not 0 <= keys < len(columns):
            self.binding.fail("trans_array needs a constant number of keys, less than its columns", call)
        types = [c.type for c in columns[:keys]] + [STRING] * (len(columns) - keys)
        split = [
            f"string_split({self.queries.expressions.to(c, STRING, call).sql}, {separator.sql})" for c in columns[keys:]
        ]
        items = [c.sql for c in columns[:keys]] + [f"unnest({s})" for s in split]
        return Rows(items, [f"c{i}" for i in range(len(items))], types)

    def _trans_cols(self, args: list[Typed], call: exp.Anonymous) -> Rows:
        """Columns turned into rows, beside keys that repeat and a row number from 1."""
        self._count(args, 2, call)
        keys, columns = args[0].value, args[1:]
        if type(keys) is not int or not 0 <= keys < len(columns):
            self.binding.fail("trans_cols needs a constant number of keys, less than its columns", call)
        nodes = list(call.expressions[1:])
        unified, wide = self.queries.expressions.unify(columns[keys:], nodes[keys:], "trans_cols")
        items = [
            f"unnest(range(1, {len(unified) + 1}))",
            *(c.sql for c in columns[:keys]),
            f"unnest(CAST([{', '.join(c.sql for c in unified)}] AS {engine_type(wide)}[]))",
        ]
        types = [BIGINT, *(c.type for c in columns[:keys]), wide]
        return Rows(items, [f"c{i}" for i in range(len(items))], types)
