"""Calls: arguments, DISTINCT, windows, WITHIN GROUP, FILTER, and the functions with words between their arguments.

Every call becomes an `Anonymous` node with the name as written; which functions there are is the registry's matter, except
for those that no query may ever call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sqlglot import exp

from taskhouse.sql.dialect import refuse_forbidden_function, set_place
from taskhouse.sql.grammar.literals import Literals
from taskhouse.sql.lexer import TokenKind


class Calls(Literals, ABC):
    """Needs the layer of expressions above it."""

    @abstractmethod
    def expression(self) -> exp.Expression: ...

    @abstractmethod
    def operand(self) -> exp.Expression: ...

    @abstractmethod
    def order_items(self) -> list[exp.Expression]: ...

    def _qualified_call(self, parts: list[exp.Identifier]) -> exp.Expression:
        node: exp.Expression = parts[0]
        for part in parts[1:]:
            node = exp.Dot(this=node, expression=part)
        call = self._bare_call(())
        return self._after_call(exp.Dot(this=node, expression=call))

    def _call(self, separators: tuple[str, ...] = ()) -> exp.Expression:
        return self._after_call(self._bare_call(separators))

    def _bare_call(self, separators: tuple[str, ...]) -> exp.Expression:
        token = self.advance()
        refuse_forbidden_function(token.value, token.place)
        self.expect_operator("(")
        arguments: list[exp.Expression] = []
        if self.accept("DISTINCT"):
            arguments.append(exp.Distinct(expressions=self.listed(self.expression)))
        elif not self.sees_operator(")"):
            if self.sees("ALL") and self.ahead().text not in (",", ")", "("):
                self.at += 1
            arguments.append(self._argument())
            while self.accept_operator(",") or (separators and self._accept_any(separators)):
                arguments.append(self._argument())
        if self.accept("ORDER", "BY"):
            if not arguments:
                self.fail("an argument")
            arguments[-1] = exp.Order(this=arguments[-1], expressions=self.order_items())
        nulls = self._nulls()
        self.expect_operator(")")
        node: exp.Expression = exp.Anonymous(this=token.value, expressions=arguments)
        set_place(node, token.place)
        return nulls(this=node) if nulls else node

    def _accept_any(self, words: tuple[str, ...]) -> bool:
        return any(self.accept(word) for word in words)

    def _argument(self) -> exp.Expression:
        if self.sees_operator("*") and self.ahead().text in (")", ","):
            token = self.advance()
            node = exp.Star()
            set_place(node, token.place)
            return node
        if (
            self.token.kind in (TokenKind.WORD, TokenKind.QUOTED)
            and self.ahead().text == "."
            and self.ahead(2).text == "*"
        ):
            table = self.identifier()
            self.at += 2
            return exp.Column(this=exp.Star(), table=table)
        return self.expression()

    def _nulls(self) -> type[exp.Expression] | None:
        if self.accept("IGNORE", "NULLS"):
            return exp.IgnoreNulls
        if self.accept("RESPECT", "NULLS"):
            return exp.RespectNulls
        return None

    def _after_call(self, node: exp.Expression) -> exp.Expression:
        """WITHIN GROUP, FILTER, IGNORE NULLS, OVER."""
        if self.accept("WITHIN", "GROUP"):
            self.expect_operator("(")
            self.expect("ORDER", "BY")
            node = exp.WithinGroup(this=node, expression=exp.Order(expressions=self.order_items()))
            self.expect_operator(")")
        if self.sees("FILTER") and self.ahead().text == "(":
            self.at += 2
            self.expect("WHERE")
            node = exp.Filter(this=node, expression=exp.Where(this=self.expression()))
            self.expect_operator(")")
        nulls = self._nulls()
        if nulls:
            node = nulls(this=node)
        if self.accept("OVER"):
            if self.accept_operator("("):
                node = self.window(node)
                self.expect_operator(")")
            else:
                node = exp.Window(this=node, alias=self.identifier("a window's name"), over="OVER")
        return node

    def spread(self) -> list[exp.Expression]:
        """`a, b` or `(a, b)`."""
        items = self.listed(self.expression)
        if len(items) == 1 and isinstance(items[0], exp.Tuple):
            return list(items[0].expressions)
        return items

    def window(self, of: exp.Expression) -> exp.Window:
        """The inside of `OVER ( .. )`, or of a WINDOW clause's definition."""
        alias = None
        if self.sees_name() and self.ahead().upper != "BY" and not self.sees_any(("ROWS", "RANGE", "GROUPS")):
            alias = self.identifier()
        partition: list[exp.Expression] = []
        if self.accept("PARTITION", "BY") or self.accept("DISTRIBUTE", "BY"):
            partition = self.spread()
        order = None
        if self.accept("ORDER", "BY") or self.accept("SORT", "BY"):
            order = exp.Order(expressions=self.order_items())
        spec = self._frame()
        return exp.Window(this=of, partition_by=partition, order=order, spec=spec, alias=alias, over="OVER")

    def _frame(self) -> exp.Expression | None:
        if not self.sees_any(("ROWS", "RANGE", "GROUPS")):
            return None
        token = self.advance()
        end: exp.Expression | str | None = None
        end_side: str | None = None
        if self.accept("BETWEEN"):
            start, start_side = self._bound()
            self.expect("AND")
            end, end_side = self._bound()
        else:
            start, start_side = self._bound()
        exclude = None
        if self.accept("EXCLUDE"):
            for words in (("CURRENT", "ROW"), ("GROUP",), ("TIES",), ("NO", "OTHERS")):
                if self.accept(*words):
                    exclude = exp.Var(this=" ".join(words))
                    break
            else:
                self.fail("CURRENT ROW, GROUP, TIES or NO OTHERS")
        node = exp.WindowSpec(
            kind=token.upper, start=start, start_side=start_side, end=end, end_side=end_side, exclude=exclude
        )
        set_place(node, token.place)
        return node

    def _bound(self) -> tuple[exp.Expression | str, str | None]:
        if self.accept("CURRENT", "ROW"):
            return "CURRENT ROW", None
        value: exp.Expression | str = "UNBOUNDED" if self.accept("UNBOUNDED") else self.operand()
        if not self.sees_any(("PRECEDING", "FOLLOWING")):
            self.fail("PRECEDING or FOLLOWING")
        return value, self.advance().upper

    def _extract(self) -> exp.Expression:
        token = self.advance()
        self.expect_operator("(")
        part = self.name("a part of a date", reserved=True)
        self.expect("FROM")
        node = exp.Extract(this=exp.Var(this=part.upper), expression=self.expression())
        self.expect_operator(")")
        set_place(node, token.place)
        return node

    def _trim(self) -> exp.Expression:
        if self.ahead(2).upper not in ("BOTH", "LEADING", "TRAILING") or self.ahead(3).text in (",", ")", "."):
            return self._call()
        token = self.advance()
        self.expect_operator("(")
        position = self.advance().upper
        characters = None if self.sees("FROM") else self.expression()
        self.expect("FROM")
        node = exp.Trim(this=self.expression(), expression=characters, position=position)
        self.expect_operator(")")
        set_place(node, token.place)
        return node

    def _substring(self) -> exp.Expression:
        """SUBSTRING(x FROM a [FOR b]) is the call substring(x, a, b)."""
        return self._call(separators=("FROM", "FOR"))
