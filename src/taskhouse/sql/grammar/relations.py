"""FROM: tables, subqueries, VALUES, samples, joins, lateral views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from taskhouse.sql.dialect import place_of, set_place
from taskhouse.sql.grammar.cursor import MAX_CHAIN, NO_ALIAS
from taskhouse.sql.grammar.expressions import Expressions
from taskhouse.sql.lexer import Token, TokenKind, parse_fault

QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES")
SET_WORDS = ("UNION", "INTERSECT", "EXCEPT", "MINUS")
_JOIN_WORDS = frozenset({"JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "NATURAL"})
_NO_TABLE_ALIAS = NO_ALIAS | {"TIMESTAMP", "VERSION", "FOR", "SET", "PARTITION"}
_TIME_TRAVEL = (("TIMESTAMP", "AS", "OF"), ("VERSION", "AS", "OF"), ("FOR", "SYSTEM_TIME"), ("FOR", "SYSTEM_VERSION"))
_MODIFIER_WORDS = ("ORDER", "DISTRIBUTE", "SORT", "CLUSTER")


@dataclass(frozen=True, slots=True)
class Relation:
    """A script's table variable: its query, the table variables that this one uses itself, and the size of its tree."""

    query: exp.Expression
    used: tuple[str, ...]
    nodes: int


@dataclass(slots=True)
class Carried:
    """How much of table variables' trees one text has carried into its statements so far."""

    nodes: int = 0


class Relations(Expressions):
    """The layer of FROM. `relations` are the script's table variables by name (lower case, without `@`); those that the
    statement mentions are collected in `used`."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens)
        self.relations: Mapping[str, Relation] = {}
        self.used: dict[str, None] = {}
        self.carried = Carried()

    def sees_modifier(self) -> bool:
        """Whether a clause of a whole query starts here: ORDER BY, DISTRIBUTE BY, SORT BY, CLUSTER BY, LIMIT, OFFSET."""
        if self.sees_any(_MODIFIER_WORDS):
            return self.ahead().upper == "BY"
        return self.sees("LIMIT") or self.sees("OFFSET")

    def sees_alias(self, stop: frozenset[str] = NO_ALIAS) -> bool:
        token = self.token
        if token.kind is TokenKind.WORD:
            return token.upper not in stop and not self.sees("ZORDER", "BY")
        return token.kind is TokenKind.QUOTED or (token.kind is TokenKind.STRING and token.text[0] == '"')

    def alias(self, what: str = "an alias") -> exp.Identifier:
        """A name, or a string in double quotes, which is one here."""
        token = self.token
        if token.kind is TokenKind.STRING and token.text[0] == '"' and token.value:
            self.advance()
            node = exp.Identifier(this=token.value, quoted=True)
            set_place(node, token.place)
            return node
        return self.identifier(what)

    def from_clause(self, node: exp.Expression) -> None:
        """FROM relation {join}: into `from_`, `joins` and `laterals` of `node`."""
        self.expect("FROM")
        first = self._relation()
        joins, laterals = self._joins_after(first)
        node.set("from_", exp.From(this=first))
        node.set("joins", joins or None)
        node.set("laterals", laterals or None)

    def _joins_after(self, first: exp.Expression) -> tuple[list[exp.Expression], list[exp.Expression]]:
        """Joins, and the lateral views after the last of them."""
        joins: list[exp.Expression] = []
        latest = first
        laterals = self._laterals()
        while True:
            join = self._join()
            if join is None:
                return joins, laterals
            if laterals:
                latest.set("laterals", laterals)
            joins.append(join)
            latest = join.this
            laterals = self._laterals()
            if len(joins) > MAX_CHAIN:
                raise parse_fault(f"more than {MAX_CHAIN} joins follow one another", self.token.place)

    def _join(self) -> exp.Join | None:
        token = self.token
        if self.accept_operator(","):
            node = exp.Join(this=self._relation(), kind="CROSS")
            set_place(node, token.place)
            return node
        if not self.sees_any(_JOIN_WORDS):
            return None
        method = "NATURAL" if self.accept("NATURAL") else None
        side = kind = None
        if self.sees_any(("LEFT", "RIGHT", "FULL")):
            side = self.advance().upper
        if self.sees_any(("OUTER", "SEMI", "ANTI", "INNER", "CROSS")):
            kind = self.advance().upper
        if kind in ("SEMI", "ANTI") and side is None:
            side = "LEFT"
        if (side is not None and kind in ("INNER", "CROSS")) or (kind == "OUTER" and side is None):
            self.fail("'JOIN'", self.previous)
        if side in ("RIGHT", "FULL") and kind in ("SEMI", "ANTI"):
            self.refuse(f"{side} {kind} JOIN", token.place)
        self.expect("JOIN")
        relation = self._relation()
        node = exp.Join(this=relation, side=side, kind=kind, method=method)
        set_place(node, token.place)
        if self.accept("ON"):
            node.set("on", self.expression())
        elif self.accept("USING"):
            node.set("using", self.wrapped(self.identifier))
        elif method is None and kind != "CROSS":
            node.set("on", exp.Boolean(this=True))
        return node

    def _laterals_into(self, node: exp.Expression) -> None:
        """Lateral views behind a SELECT that has its FROM in front."""
        laterals = self._laterals()
        if laterals:
            node.set("laterals", [*(node.args.get("laterals") or []), *laterals])

    def _laterals(self) -> list[exp.Expression]:
        found: list[exp.Expression] = []
        while self.sees("LATERAL"):
            token = self.advance()
            if not self.accept("VIEW"):
                self.refuse("LATERAL without VIEW", token.place)
            outer = self.accept("OUTER")
            call = self._postfix(self._named()) if self.sees_name() else self.fail("a table function")
            function = call.expression if isinstance(call, exp.Dot) else call
            if not isinstance(function, exp.Anonymous):
                self.fail("a table function", token)
            name = self.identifier("the lateral view's name") if not self.sees("AS") else None
            columns: list[exp.Expression] = []
            if self.accept("AS"):
                columns = self.wrapped(self.identifier) if self.sees_operator("(") else self._lateral_columns()
            node = exp.Lateral(
                this=call, view=True, outer=outer, alias=exp.TableAlias(this=name, columns=columns or None)
            )
            set_place(node, token.place)
            found.append(node)
            if len(found) > MAX_CHAIN:
                raise parse_fault(f"more than {MAX_CHAIN} lateral views follow one another", token.place)
        return found

    def _lateral_columns(self) -> list[exp.Expression]:
        """`a, b`: every name after a comma is one more column, never the next relation."""
        columns: list[exp.Expression] = [self.identifier("a column's name")]
        while self.sees_operator(",") and self.ahead().kind in (TokenKind.WORD, TokenKind.QUOTED):
            self.at += 1
            columns.append(self.identifier("a column's name"))
        return columns

    def _relation(self) -> exp.Expression:
        token = self.token
        self.enter()
        node = self._relation_source(token)
        self.leave()
        if node.args.get("alias") is None:
            for words in _TIME_TRAVEL:
                if self.sees(*words):
                    self.refuse("Time travel (" + " ".join(words) + ")")
            if self.sees("TABLESAMPLE"):
                node.set("sample", self._sample())
            alias = self._table_alias()
            if alias is not None:
                node.set("alias", alias)
            if self.sees("TABLESAMPLE"):
                node.set("sample", self._sample())
        if self.sees_any(("PIVOT", "UNPIVOT")) and self.ahead().text == "(":
            self.refuse(self.token.upper)
        return node

    def _relation_source(self, token: Token) -> exp.Expression:
        if self.sees("VALUES") and self.ahead().text == "(":
            return self._values(alias_allowed=True)
        if self.sees_operator("("):
            self.at += 1
            node = self._parenthesised_relation()
            self.expect_operator(")")
            set_place(node, token.place)
            return node
        if self.accept_operator("@"):
            name = self.name("a variable's name", reserved=True).value.lower()
            if name not in self.relations:
                raise parse_fault(f"table variable @{name} is not defined", token.place)
            self.used[name] = None
            identifier = exp.Identifier(this=f"@{name}", quoted=True)
            set_place(identifier, token.place)
            return exp.Table(this=identifier, alias=None if self._sees_table_alias() else named(f"{name}"))
        if token.kind is TokenKind.STRING:
            self.fail("a table's name")
        if self.sees("LATERAL"):
            if self.ahead().text == "(":
                self.refuse("LATERAL without VIEW")
            self.fail("a table before LATERAL VIEW")
        return self.table()

    def table(self) -> exp.Table:
        """`t`, `s.t`, `p.t`, `p:t`, `p.s.t`."""
        parts = [self.identifier("a table's name")]
        while (self.sees_operator(".") or (len(parts) == 1 and self.sees_operator(":"))) and len(parts) < 3:
            self.at += 1
            parts.append(self.identifier("a table's name"))
        if self.sees_operator("("):
            self.refuse(f"Table function {parts[-1].name}", place_of(parts[-1]))
        if self.sees_operator("."):
            self.fail("at most project.schema.table")
        return exp.Table(
            this=parts[-1],
            db=parts[-2] if len(parts) > 1 else None,
            catalog=parts[-3] if len(parts) > 2 else None,
        )

    def _parenthesised_relation(self) -> exp.Expression:
        """After `(`: a query, or relations and joins."""
        if self.sees("VALUES"):
            values = self._values(alias_allowed=True)
            if values.args.get("alias") is None and self.sees_operator(")"):
                return values
            return exp.Subquery(this=self.query_after(select_all(values)))
        if self.sees_any(QUERY_WORDS):
            return exp.Subquery(this=self.query())
        inner = self._relation()
        if isinstance(inner, exp.Subquery) and inner.args.get("alias") is None and isinstance(inner.this, exp.Query):
            if self.sees_any(SET_WORDS) or self.sees_modifier():
                return exp.Subquery(this=self.query_after(inner))
            if self.sees_operator(")"):
                return inner
        joins, laterals = self._joins_after(inner)
        if joins:
            inner.set("joins", joins)
        if laterals:
            (joins[-1].this if joins else inner).set("laterals", laterals)
        return exp.Subquery(this=inner)

    def _values(self, *, alias_allowed: bool) -> exp.Values:
        token = self.expect("VALUES")
        rows = self.listed(self._row)
        node = exp.Values(expressions=rows)
        set_place(node, token.place)
        if alias_allowed and (alias := self._table_alias()) is not None:
            node.set("alias", alias)
        return node

    def _row(self) -> exp.Expression:
        token = self.token
        if not self.sees_operator("("):
            self.fail("'(' of a row of values")
        node = exp.Tuple(expressions=self.wrapped(self.expression))
        set_place(node, token.place)
        return node

    def _sees_table_alias(self) -> bool:
        return self.sees("AS") or self.sees_alias(_NO_TABLE_ALIAS)

    def _table_alias(self) -> exp.TableAlias | None:
        if self.accept("AS") or (self.sees_alias(_NO_TABLE_ALIAS) and not self.sees_modifier()):
            name = self.alias()
        else:
            return None
        columns = self.wrapped(self.identifier) if self.sees_operator("(") else None
        return exp.TableAlias(this=name, columns=columns)

    def _sample(self) -> exp.Expression:
        """TABLESAMPLE (n PERCENT | n ROWS | BUCKET x OUT OF y [ON expression])."""
        token = self.expect("TABLESAMPLE")
        self.expect_operator("(")
        node = exp.TableSample()
        if self.accept("BUCKET"):
            node.set("bucket_numerator", exp.Literal.number(self.whole_number()))
            self.expect("OUT", "OF")
            node.set("bucket_denominator", exp.Literal.number(self.whole_number()))
            if self.accept("ON"):
                node.set("bucket_field", self.expression())
        else:
            number = self._primary()
            if self.accept("ROWS") or self.accept("ROW"):
                node.set("size", number)
            elif self.accept("PERCENT"):
                node.set("percent", number)
            else:
                self.fail("PERCENT or ROWS")
        self.expect_operator(")")
        if self.sees_any(("REPEATABLE", "SEED")) and self.ahead().text == "(":
            self.at += 2
            node.set("seed", exp.Literal.number(self.whole_number()))
            self.expect_operator(")")
        set_place(node, token.place)
        return node


def named(name: str) -> exp.TableAlias:
    """An alias that the text does not have."""
    return exp.TableAlias(this=exp.Identifier(this=name, quoted=True))


def select_all(relation: exp.Expression) -> exp.Select:
    """`select * from relation`, so that every query is a SELECT or a set operation."""
    place = place_of(relation)
    if relation.args.get("alias") is None:
        relation.set("alias", named("_values" if isinstance(relation, exp.Values) else "_query"))
    star = exp.Star()
    node = exp.Select(expressions=[star], from_=exp.From(this=relation))
    if place is not None:
        set_place(node, place)
        set_place(star, place)
    return node
