"""Queries: WITH, SELECT and its clauses, relations, joins, lateral views, set operations.

ORDER BY, DISTRIBUTE BY, SORT BY, CLUSTER BY and LIMIT after the last SELECT of a set operation belong to the whole of it, as
in type edition 2.0. Set operations of one rank go from left to right; INTERSECT binds tighter than UNION and EXCEPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from taskhouse.domain.faults import Fault
from taskhouse.sql.dialect import place_of, set_place
from taskhouse.sql.grammar.cursor import MAX_CHAIN, RESERVED, Cursor
from taskhouse.sql.grammar.expressions import Expressions, balanced
from taskhouse.sql.lexer import Token, TokenKind, parse_fault, tokenize

QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES")
_SET_WORDS = ("UNION", "INTERSECT", "EXCEPT", "MINUS")
_JOIN_WORDS = frozenset({"JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "NATURAL"})
_CLAUSE_WORDS = frozenset({"WINDOW", "CLUSTER", "SORT", "LIMIT", "OFFSET", "INSERT"})
_NO_ALIAS = RESERVED | _JOIN_WORDS | _CLAUSE_WORDS | {"PIVOT", "UNPIVOT", "EXCEPT"}
_NO_TABLE_ALIAS = _NO_ALIAS | {"TIMESTAMP", "VERSION", "FOR", "SET", "PARTITION", "LATERAL", "AS"}
_TIME_TRAVEL = (("TIMESTAMP", "AS", "OF"), ("VERSION", "AS", "OF"), ("FOR", "SYSTEM_TIME"), ("FOR", "SYSTEM_VERSION"))


@dataclass(frozen=True, slots=True)
class Relation:
    """A script's table variable: its query, and the table variables that this one uses itself."""

    query: exp.Expression
    used: tuple[str, ...]


class Queries(Expressions):
    """The layer of queries. `relations` are the script's table variables by name (lower case, without `@`); those that
    the statement mentions are collected in `used`."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens)
        self.relations: Mapping[str, Relation] = {}
        self.used: dict[str, None] = {}

    def sees_query(self) -> bool:
        """Whether a query starts here: at its keyword, or at a parenthesis (sequence) in front of one."""
        index = self.at
        while self.tokens[index].kind is TokenKind.OPERATOR and self.tokens[index].text == "(":
            index += 1
        token = self.tokens[index]
        return token.kind is TokenKind.WORD and token.upper in QUERY_WORDS

    # the whole

    def query(self) -> exp.Expression:
        """[WITH ..] operand {UNION .. operand} [ORDER BY ..] [LIMIT ..]."""
        self.enter()
        with_ = self.with_clause()
        found = self.query_after(self._operand())
        if with_ is not None:
            self.attach_with(found, with_)
        self.leave()
        return found

    def query_after(self, first: exp.Expression) -> exp.Expression:
        """The rest of a query whose first operand is read: set operations, then the clauses of the whole."""
        found = self._sets(first)
        if isinstance(found, exp.Subquery):
            if not self._sees_modifier():
                inner: exp.Expression = found.args["this"]
                return inner if isinstance(inner, exp.Select | exp.SetOperation) else found
            found = _select_all(found)
        self._modifiers(found)
        return found

    def attach_with(self, query: exp.Expression, with_: exp.With) -> None:
        """Put `with_` in front of the query's own WITH."""
        own = query.args.get("with_")
        if own is not None:
            with_ = exp.With(
                expressions=[*with_.expressions, *own.expressions],
                recursive=with_.args.get("recursive") or own.args.get("recursive"),
            )
        query.set("with_", with_)

    def complete(self, query: exp.Expression) -> exp.Expression:
        """Give a statement's query the script variables it uses, as common table expressions in front of its own."""
        wanted: dict[str, None] = {}
        waiting = list(reversed(self.used))
        while waiting:
            name = waiting[-1]
            missing = [n for n in self.relations[name].used if n not in wanted]
            if missing:
                waiting.extend(reversed(missing))
                continue
            wanted[name] = None
            waiting.pop()
        if wanted:
            ctes = [exp.CTE(this=self.relations[name].query.copy(), alias=_alias(f"@{name}")) for name in wanted]
            self.attach_with(query, exp.With(expressions=ctes))
        return query

    def with_clause(self) -> exp.With | None:
        if not self.accept("WITH"):
            return None
        recursive = self.accept("RECURSIVE")
        ctes = self.listed(self._cte)
        return exp.With(expressions=ctes, recursive=recursive or None)

    def _cte(self) -> exp.Expression:
        name = self.identifier("the name of a common table expression")
        columns = self.wrapped(self.identifier) if self.sees_operator("(") else None
        self.expect("AS")
        self.expect_operator("(")
        body = self.query()
        self.expect_operator(")")
        return exp.CTE(this=body, alias=exp.TableAlias(this=name, columns=columns))

    def _sets(self, first: exp.Expression) -> exp.Expression:
        left = self._intersections(first)
        count = 0
        while self.sees_any(("UNION", "EXCEPT", "MINUS")):
            token = self.token
            kind, distinct = self._set_operator()
            operands = [left, self._intersections(self._operand())]
            while kind is exp.Union and not distinct and self.sees("UNION", "ALL"):
                self.at += 2
                operands.append(self._intersections(self._operand()))
            if len(operands) > 2:
                left = balanced(exp.Union, operands, distinct=False)
            else:
                left = kind(this=operands[0], expression=operands[1], distinct=distinct)
            count += 1
            if count > MAX_CHAIN:
                raise parse_fault(f"more than {MAX_CHAIN} set operations follow one another", token.place)
        return left

    def _intersections(self, first: exp.Expression) -> exp.Expression:
        left = first
        count = 0
        while self.sees("INTERSECT"):
            token = self.token
            kind, distinct = self._set_operator()
            left = kind(this=left, expression=self._operand(), distinct=distinct)
            count += 1
            if count > MAX_CHAIN:
                raise parse_fault(f"more than {MAX_CHAIN} set operations follow one another", token.place)
        return left

    def _set_operator(self) -> tuple[type[exp.SetOperation], bool]:
        kinds: dict[str, type[exp.SetOperation]] = {
            "UNION": exp.Union,
            "INTERSECT": exp.Intersect,
            "EXCEPT": exp.Except,
            "MINUS": exp.Except,
        }
        kind = kinds[self.advance().upper]
        if self.accept("ALL"):
            return kind, False
        self.accept("DISTINCT")
        return kind, True

    def _operand(self) -> exp.Expression:
        token = self.token
        if self.sees("SELECT") or self.sees("FROM"):
            return self.select()
        if self.sees("VALUES"):
            return _select_all(self._values(alias_allowed=True))
        if self.accept_operator("("):
            self.enter()
            node = exp.Subquery(this=self.query())
            self.leave()
            self.expect_operator(")")
            set_place(node, token.place)
            return node
        if self.sees("WITH"):
            self.fail("SELECT (WITH stands in front of the whole query)")
        return self.fail("a query")

    # SELECT

    def select(self) -> exp.Select:
        """One SELECT without the clauses that would belong to a set operation (`_modifiers`)."""
        node = exp.Select()
        set_place(node, self.token.place)
        if self.sees("FROM"):
            self.from_clause(node)
        return self.select_from(node)

    def select_from(self, node: exp.Select) -> exp.Select:
        """SELECT .. into `node`, which may have its FROM already."""
        self.expect("SELECT")
        if self.token.kind is TokenKind.HINT:
            node.set("hint", _hint(self.advance()))
        if self.accept("DISTINCT"):
            node.set("distinct", exp.Distinct())
        elif self.sees("ALL"):
            self.at += 1
        if self.sees("TRANSFORM") and self.ahead().text == "(":
            self.refuse("SELECT TRANSFORM")
        node.set("expressions", self.listed(self._projection))
        if node.args.get("from_") is None and self.sees("FROM"):
            self.from_clause(node)
        self._laterals_into(node)
        if self.accept("WHERE"):
            node.set("where", exp.Where(this=self.expression()))
        if self.accept("GROUP", "BY"):
            node.set("group", self._group())
        if self.accept("HAVING"):
            node.set("having", exp.Having(this=self.expression()))
        if self.accept("QUALIFY"):
            node.set("qualify", exp.Qualify(this=self.expression()))
        if self.sees("WINDOW") and self.ahead(2).upper == "AS":
            self.at += 1
            node.set("windows", self.listed(self._named_window))
            if self.accept("QUALIFY"):
                node.set("qualify", exp.Qualify(this=self.expression()))
        return node

    def _named_window(self) -> exp.Expression:
        name = self.identifier("a window's name")
        self.expect("AS")
        self.expect_operator("(")
        node = self.window(name)
        self.expect_operator(")")
        return node

    def _projection(self) -> exp.Expression:
        token = self.token
        if self.sees_operator("*"):
            self.at += 1
            return self._star(token)
        if token.kind in (TokenKind.WORD, TokenKind.QUOTED) and self.ahead().text == "." and self.ahead(2).text == "*":
            table = self.identifier("a table's name")
            self.at += 1
            star = self.advance()
            node: exp.Expression = exp.Column(this=self._star(star), table=table)
            set_place(node, token.place)
            return node
        value = self.expression()
        if self.accept("AS"):
            if self.sees_operator("("):
                return exp.Aliases(this=value, expressions=self.wrapped(self.identifier))
            return exp.Alias(this=value, alias=self.identifier("a column's name", reserved=True))
        if self._sees_alias(_NO_ALIAS):
            return exp.Alias(this=value, alias=self.identifier("a column's name"))
        return value

    def _star(self, token: Token) -> exp.Star:
        node = exp.Star()
        set_place(node, token.place)
        if self.sees("EXCEPT") and self.ahead().text == "(":
            self.at += 1
            node.set("except_", self.wrapped(self.identifier))
        if self.sees("REPLACE") and self.ahead().text == "(":
            self.at += 1
            node.set("replace", self.wrapped(self._replacement))
        return node

    def _replacement(self) -> exp.Expression:
        value = self.expression()
        self.expect("AS")
        return exp.Alias(this=value, alias=self.identifier())

    def _sees_alias(self, stop: frozenset[str]) -> bool:
        token = self.token
        if token.kind is TokenKind.WORD:
            return token.upper not in stop and not self.sees("ZORDER", "BY")
        return token.kind is TokenKind.QUOTED

    def _group(self) -> exp.Expression:
        if self.sees("ALL") and self.ahead().text != "(":
            self.at += 1
            return exp.Group(all=True)
        items = self.listed(self._grouping)
        kind: type[exp.Expression] | None = None
        if self.sees("GROUPING", "SETS"):
            return exp.Group(expressions=[self._grouping_sets()])
        if self.sees("WITH") and self.ahead().upper in ("CUBE", "ROLLUP"):
            self.at += 1
            kind = exp.Cube if self.advance().upper == "CUBE" else exp.Rollup
            return exp.Group(expressions=[kind(expressions=items)])
        return exp.Group(expressions=items)

    def _grouping(self) -> exp.Expression:
        if self.sees("GROUPING", "SETS"):
            return self._grouping_sets()
        if self.sees_any(("CUBE", "ROLLUP")) and self.ahead().text == "(":
            kind = exp.Cube if self.advance().upper == "CUBE" else exp.Rollup
            return kind(expressions=self.wrapped(self._grouping_set))
        return self.expression()

    def _grouping_sets(self) -> exp.Expression:
        self.expect("GROUPING", "SETS")
        return exp.GroupingSets(expressions=self.wrapped(self._grouping_set_or_nested))

    def _grouping_set_or_nested(self) -> exp.Expression:
        if self.sees("GROUPING", "SETS") or (self.sees_any(("CUBE", "ROLLUP")) and self.ahead().text == "("):
            self.enter()
            node = self._grouping()
            self.leave()
            return node
        return self._grouping_set()

    def _grouping_set(self) -> exp.Expression:
        if self.sees_operator("(") and self.ahead().text == ")":
            token = self.advance()
            self.at += 1
            node = exp.Tuple(expressions=[])
            set_place(node, token.place)
            return node
        return self.expression()

    # clauses of the whole

    def _sees_modifier(self) -> bool:
        return (
            self.sees("ORDER", "BY")
            or self.sees("DISTRIBUTE", "BY")
            or self.sees("SORT", "BY")
            or self.sees("CLUSTER", "BY")
            or self.sees("LIMIT")
            or self.sees("OFFSET")
        )

    def _modifiers(self, node: exp.Expression) -> None:
        if self.accept("ORDER", "BY"):
            node.set("order", exp.Order(expressions=self.order_items()))
        if self.accept("DISTRIBUTE", "BY"):
            node.set("distribute", exp.Distribute(expressions=self.listed(self.expression)))
        if self.accept("SORT", "BY"):
            node.set("sort", exp.Sort(expressions=self.order_items()))
        if self.accept("CLUSTER", "BY"):
            node.set("cluster", exp.Cluster(expressions=self.order_items()))
        if self.accept("LIMIT"):
            count = self.expression()
            offset = None
            if self.accept_operator(","):
                offset, count = count, self.expression()
            node.set("limit", exp.Limit(expression=count))
            if offset is not None:
                node.set("offset", exp.Offset(expression=offset))
        if self.sees("OFFSET"):
            if node.args.get("offset") is not None:
                self.fail("the end of the query")
            self.at += 1
            node.set("offset", exp.Offset(expression=self.expression()))

    def order_items(self) -> list[exp.Expression]:
        return self.listed(self._ordered)

    def _ordered(self) -> exp.Expression:
        value = self.expression()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        nulls_first = not descending
        if self.accept("NULLS"):
            if self.accept("FIRST"):
                nulls_first = True
            else:
                self.expect("LAST")
                nulls_first = False
        return exp.Ordered(this=value, desc=descending, nulls_first=nulls_first)

    # FROM

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
            return exp.Table(this=identifier, alias=None if self._sees_table_alias() else _alias(f"{name}"))
        if token.kind is TokenKind.STRING:
            self.fail("a table's name")
        if self.sees("LATERAL"):
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
        if self.sees_any(QUERY_WORDS):
            return exp.Subquery(this=self.query())
        inner = self._relation()
        if isinstance(inner, exp.Subquery) and inner.args.get("alias") is None and isinstance(inner.this, exp.Query):
            if self.sees_any(_SET_WORDS) or self._sees_modifier():
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
        return self.sees("AS") or self._sees_alias(_NO_TABLE_ALIAS)

    def _table_alias(self) -> exp.TableAlias | None:
        if self.accept("AS"):
            name = self.identifier("an alias", reserved=True)
        elif self._sees_alias(_NO_TABLE_ALIAS) and not self._sees_modifier():
            name = self.identifier("an alias")
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


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.Identifier(this=name, quoted=True))


def _select_all(relation: exp.Expression) -> exp.Select:
    """`select * from relation`, so that every query is a SELECT or a set operation."""
    place = place_of(relation)
    if relation.args.get("alias") is None:
        relation.set("alias", _alias("_values" if isinstance(relation, exp.Values) else "_query"))
    star = exp.Star()
    node = exp.Select(expressions=[star], from_=exp.From(this=relation))
    if place is not None:
        set_place(node, place)
        set_place(star, place)
    return node


def _hint(token: Token) -> exp.Hint | None:
    """`/*+ name(arguments), name */`: kept as calls; none of them changes a result, so an unreadable one is left out."""
    try:
        inner = Cursor(token.value, tokenize(token.value))
    except Fault:
        return None
    found: list[exp.Expression] = []
    while not inner.at_end():
        name = inner.advance()
        if name.kind not in (TokenKind.WORD, TokenKind.QUOTED):
            continue
        if not inner.sees_operator("("):
            found.append(exp.Var(this=name.upper))
            continue
        arguments: list[exp.Expression] = []
        level = 0
        while not inner.at_end():
            part = inner.advance()
            level += {"(": 1, ")": -1}.get(part.text, 0)
            if level == 0:
                break
            if part.kind in (TokenKind.WORD, TokenKind.QUOTED):
                arguments.append(exp.Var(this=part.value))
        found.append(exp.Anonymous(this=name.upper, expressions=arguments))
    return exp.Hint(expressions=found) if found else None
