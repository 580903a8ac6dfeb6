"""Queries: WITH, SELECT and its clauses, relations, joins, lateral views, set operations.

ORDER BY, DISTRIBUTE BY, SORT BY, CLUSTER BY and LIMIT after the last SELECT of a set operation belong to the whole of it, as
in type edition 2.0. Set operations of one rank go from left to right; INTERSECT binds tighter than UNION and EXCEPT.
"""

from __future__ import annotations

from sqlglot import exp

from taskhouse.domain.faults import Fault
from taskhouse.sql.dialect import set_place
from taskhouse.sql.grammar.cursor import MAX_CHAIN, Cursor
from taskhouse.sql.grammar.expressions import balanced
from taskhouse.sql.grammar.relations import QUERY_WORDS, Relations, named, select_all
from taskhouse.sql.lexer import Token, TokenKind, parse_fault, tokenize

MAX_CARRIED_NODES = 200_000
"""Nodes of table variables' queries that the statements of one text may carry together."""


class Queries(Relations):
    """The layer of queries."""

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
            if not self.sees_modifier():
                inner: exp.Expression = found.args["this"]
                return inner if isinstance(inner, exp.Select | exp.SetOperation) else found
            found = select_all(found)
        self._modifiers(found)
        return found

    def kept_query(self) -> tuple[exp.Expression, str]:
        """A view's query, with its text. It outlives the script, so it cannot hold the script's variables."""
        start = self.token
        query = self.query()
        if self.used or self.uses_values:
            self.refuse("A view over script variables", start.place)
        return query, self.slice(start)

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
            self.carried.nodes += sum(self.relations[name].nodes for name in wanted)
            if self.carried.nodes > MAX_CARRIED_NODES:
                raise parse_fault(
                    "the script's table variables are used too often for their size", self.tokens[0].place
                )
            ctes = [exp.CTE(this=self.relations[name].query.copy(), alias=named(f"@{name}")) for name in wanted]
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
            while kind is exp.Union and self.sees("UNION") and self.sees("UNION", "ALL") != distinct:
                self._set_operator()
                operands.append(self._intersections(self._operand()))
            if len(operands) > 2:
                left = balanced(exp.Union, operands, distinct=distinct)
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
            return select_all(self._values(alias_allowed=True))
        if self.accept_operator("("):
            node = exp.Subquery(this=self.query())
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
        first = self.token
        node.set("expressions", self.listed(self._projection))
        if first.upper in ("TRANSFORM", "MAP", "REDUCE") and (self.sees("USING") or self.sees("FORMAT", "DELIMITED")):
            self.refuse("SELECT TRANSFORM .. USING (running a command of the host)", first.place)
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
                return exp.Aliases(this=value, expressions=self.wrapped(self.alias))
            return exp.Alias(this=value, alias=self.alias("a column's name"))
        if self.sees_alias():
            return exp.Alias(this=value, alias=self.alias("a column's name"))
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

    def _modifiers(self, node: exp.Expression) -> None:
        if self.accept("ORDER", "BY"):
            node.set("order", exp.Order(expressions=self.order_items()))
        if self.accept("DISTRIBUTE", "BY"):
            node.set("distribute", exp.Distribute(expressions=self.spread()))
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
