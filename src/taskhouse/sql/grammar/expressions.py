"""Expressions: operators by rank, literals, names, calls with their windows, CASE, CAST, lambdas.

The shapes of the trees are those of `taskhouse.sql.dialect`. Ranks from loosest: OR, AND, NOT, comparisons (with IS, IN,
LIKE, BETWEEN), `|`, `&`, `||`, `+ -`, `* / % DIV`, `^`, signs. Long chains of AND, OR and `||` become balanced trees.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from taskhouse.domain.datatypes import parse_type
from taskhouse.sql.casts import read_moment
from taskhouse.sql.dialect import set_place, type_node
from taskhouse.sql.grammar.calls import Calls
from taskhouse.sql.grammar.cursor import MAX_CHAIN
from taskhouse.sql.grammar.literals import UNIT_WORDS
from taskhouse.sql.lexer import Token, TokenKind, parse_fault

_OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_AND, _CONCAT, _SUM, _PRODUCT, _XOR = range(1, 11)

_OPERATORS: Mapping[str, tuple[int, type[exp.Expression]]] = {
    "=": (_COMPARE, exp.EQ),
    "==": (_COMPARE, exp.EQ),
    "<>": (_COMPARE, exp.NEQ),
    "!=": (_COMPARE, exp.NEQ),
    "<": (_COMPARE, exp.LT),
    "<=": (_COMPARE, exp.LTE),
    ">": (_COMPARE, exp.GT),
    ">=": (_COMPARE, exp.GTE),
    "<=>": (_COMPARE, exp.NullSafeEQ),
    "|": (_BIT_OR, exp.BitwiseOr),
    "&": (_BIT_AND, exp.BitwiseAnd),
    "||": (_CONCAT, exp.DPipe),
    "+": (_SUM, exp.Add),
    "-": (_SUM, exp.Sub),
    "*": (_PRODUCT, exp.Mul),
    "/": (_PRODUCT, exp.Div),
    "%": (_PRODUCT, exp.Mod),
    "^": (_XOR, exp.BitwiseXor),
}
_WORD_OPERATORS: Mapping[str, tuple[int, type[exp.Expression]]] = {
    "OR": (_OR, exp.Or),
    "AND": (_AND, exp.And),
    "DIV": (_PRODUCT, exp.IntDiv),
}
_PREDICATES = frozenset({"IS", "IN", "LIKE", "RLIKE", "REGEXP", "BETWEEN", "NOT", "ILIKE"})
_BALANCED: frozenset[type[exp.Expression]] = frozenset({exp.Or, exp.And, exp.DPipe})

_CALLS_WITHOUT_PARENTHESES = frozenset({"CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP"})
_LITERAL_TYPES = frozenset({"DATE", "DATETIME", "TIMESTAMP", "TIMESTAMP_NTZ"})
"""`TYPE 'text'` is the text as that type; `JSON 'text'` is JSON_PARSE of it."""
_QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES")
_FIRST_WORDS_OF_EXPRESSIONS = frozenset({"CASE", "CAST", "EXISTS", "INTERVAL", "NOT", "NULL", "TRUE", "FALSE"})
_SET_WORDS = ("UNION", "INTERSECT", "EXCEPT", "MINUS")


def balanced(kind: type[exp.Expression], operands: list[exp.Expression], **fixed: Any) -> exp.Expression:
    """`a op b op c ...` of an operator whose grouping does not matter, as a tree of logarithmic depth."""
    while len(operands) > 1:
        pairs = [kind(this=operands[i], expression=operands[i + 1], **fixed) for i in range(0, len(operands) - 1, 2)]
        if len(operands) % 2:
            pairs.append(operands[-1])
        operands = pairs
    return operands[0]


class Expressions(Calls):
    """The layer of expressions. `values` are the script's scalar variables by name (lower case, without `@`)."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens)
        self.values: Mapping[str, exp.Expression] = {}
        self.uses_values = False

    @abstractmethod
    def query(self) -> exp.Expression: ...

    @abstractmethod
    def query_after(self, first: exp.Expression) -> exp.Expression: ...

    # operators

    def expression(self) -> exp.Expression:
        self.enter()
        found = self._binary(_OR)
        self.leave()
        return found

    def operand(self) -> exp.Expression:
        """An expression without comparisons and logic, so that `DEFAULT 1 NOT NULL` ends where it should."""
        self.enter()
        found = self._binary(_BIT_OR)
        self.leave()
        return found

    def _binary(self, lowest: int) -> exp.Expression:
        left = self._prefix(lowest)
        chain = 0
        while True:
            token = self.token
            if token.kind is TokenKind.OPERATOR:
                entry = _OPERATORS.get(token.text)
            elif token.kind is TokenKind.WORD:
                entry = _WORD_OPERATORS.get(token.upper)
                if entry is None and token.upper in _PREDICATES and lowest <= _COMPARE:
                    changed = self._predicate(left)
                    if changed is None:
                        return left
                    left = changed
                    continue
            else:
                return left
            if entry is None or entry[0] < lowest:
                return left
            rank, kind = entry
            self.at += 1
            if kind in _BALANCED:
                operands = [left, self._binary(rank + 1)]
                while self._sees_same(token):
                    self.at += 1
                    operands.append(self._binary(rank + 1))
                left = balanced(kind, operands, **({"safe": False} if kind is exp.DPipe else {}))
                continue
            chain += 1
            if chain > MAX_CHAIN:
                raise parse_fault(f"more than {MAX_CHAIN} operators follow one another", token.place)
            left = kind(this=left, expression=self._binary(rank + 1))
            if kind is exp.Div:
                left.set("typed", False)
                left.set("safe", True)

    def _sees_same(self, operator: Token) -> bool:
        token = self.token
        return token.kind is operator.kind and token.upper == operator.upper

    def _prefix(self, lowest: int) -> exp.Expression:
        token = self.token
        if token.kind is TokenKind.WORD and token.upper == "NOT" and lowest <= _NOT:
            return self._signed(exp.Not, _NOT)
        if token.kind is TokenKind.OPERATOR:
            if token.text == "-":
                return self._signed(exp.Neg, _XOR)
            if token.text == "+":
                self.at += 1
                self.enter()
                found = self._binary(_XOR)
                self.leave()
                return found
            if token.text == "~":
                return self._signed(exp.BitwiseNot, _XOR)
            if token.text == "!":
                return self._signed(exp.Not, _NOT)
        return self._postfix(self._primary())

    def _signed(self, kind: type[exp.Expression], rank: int) -> exp.Expression:
        token = self.advance()
        self.enter()
        node = kind(this=self._binary(rank))
        self.leave()
        set_place(node, token.place)
        return node

    def _predicate(self, left: exp.Expression) -> exp.Expression | None:
        """IS, [NOT] IN, LIKE, RLIKE, BETWEEN after `left`; None when a NOT here belongs to something else."""
        token = self.token
        negated = False
        if token.upper == "NOT":
            following = self.ahead()
            if following.kind is not TokenKind.WORD or following.upper not in _PREDICATES - {"IS", "NOT"}:
                return None
            self.at += 1
            negated = True
        word = self.advance().upper
        found: exp.Expression
        match word:
            case "IS":
                return self._is(left)
            case "IN":
                found = self._in(left)
            case "BETWEEN":
                low = self._binary(_BIT_OR)
                self.expect("AND")
                found = exp.Between(this=left, low=low, high=self._binary(_BIT_OR))
            case "LIKE":
                found = self._like(left)
            case "ILIKE":
                self.refuse("ILIKE", token.place)
            case _:
                found = exp.RegexpLike(this=left, expression=self._binary(_BIT_OR))
        return exp.Not(this=found) if negated else found

    def _is(self, left: exp.Expression) -> exp.Expression:
        negated = self.accept("NOT")
        if self.accept("DISTINCT", "FROM"):
            right = self._binary(_BIT_OR)
            kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return kind(this=left, expression=right)
        token = self.advance()
        if token.upper == "NULL":
            right = exp.Null()
        elif token.upper in ("TRUE", "FALSE"):
            right = exp.Boolean(this=token.upper == "TRUE")
        else:
            self.fail("NULL, TRUE, FALSE or DISTINCT FROM", token)
        found = exp.Is(this=left, expression=right)
        return exp.Not(this=found) if negated else found

    def _in(self, left: exp.Expression) -> exp.Expression:
        self.expect_operator("(")
        if self.sees_any(_QUERY_WORDS):
            found = exp.In(this=left, query=exp.Subquery(this=self.query()))
        else:
            items = self.listed(self.expression)
            if len(items) == 1 and isinstance(items[0], exp.Subquery) and self.sees_any(_SET_WORDS):
                found = exp.In(this=left, query=exp.Subquery(this=self.query_after(items[0])))
            elif len(items) == 1 and isinstance(items[0], exp.Subquery):
                found = exp.In(this=left, query=items[0])
            else:
                found = exp.In(this=left, expressions=items)
        self.expect_operator(")")
        return found

    def _like(self, left: exp.Expression) -> exp.Expression:
        if self.sees_any(("ANY", "ALL", "SOME")) and self.ahead().text == "(":
            kind = exp.All if self.advance().upper == "ALL" else exp.Any
            found: exp.Expression = exp.Like(
                this=left, expression=kind(this=exp.Tuple(expressions=self.wrapped(self.expression)))
            )
        else:
            found = exp.Like(this=left, expression=self._binary(_BIT_OR))
        if self.accept("ESCAPE"):
            found = exp.Escape(this=found, expression=exp.Literal.string(self.string("the escape character")))
        return found

    # values

    def _primary(self) -> exp.Expression:
        token = self.token
        match token.kind:
            case TokenKind.NUMBER:
                return self._number()
            case TokenKind.STRING:
                node: exp.Expression = exp.Literal.string(self.string())
                set_place(node, token.place)
                return node
            case TokenKind.WORD:
                return self._word()
            case TokenKind.QUOTED:
                return self._named()
            case TokenKind.OPERATOR if token.text == "(":
                return self._parenthesised()
            case TokenKind.OPERATOR if token.text == "@":
                return self._variable()
        return self.fail("an expression")

    def _word(self) -> exp.Expression:
        token = self.token
        following = self.ahead()
        node: exp.Expression
        word = token.upper
        if word in _FIRST_WORDS_OF_EXPRESSIONS:
            match word:
                case "NULL":
                    self.at += 1
                    node = exp.Null()
                    set_place(node, token.place)
                    return node
                case "TRUE" | "FALSE":
                    self.at += 1
                    node = exp.Boolean(this=word == "TRUE")
                    set_place(node, token.place)
                    return node
                case "CASE":
                    return self._case()
                case "CAST" if following.text == "(":
                    return self._cast()
                case "EXISTS" if following.text == "(":
                    return self._exists()
                case "INTERVAL" if self._starts_interval():
                    return self._interval()
                case "NOT":
                    self.fail("an expression")
        if following.kind is TokenKind.STRING and word in _LITERAL_TYPES:
            self.at += 1
            text = self.string()
            if read_moment(text) is None:
                raise parse_fault(
                    f"'{text}' is no {word}: yyyy-mm-dd[ hh:mi:ss[.fraction]] is expected", following.place
                )
            node = exp.Cast(this=exp.Literal.string(text), to=type_node(parse_type(word.lower())))
            set_place(node, token.place)
            return node
        if following.kind is TokenKind.STRING and word == "JSON":
            self.at += 1
            parse = exp.Anonymous(this="json_parse", expressions=[exp.Literal.string(self.string())])
            set_place(parse, token.place)
            return parse
        if following.text == "(":
            if word == "EXTRACT" and self.ahead(3).upper == "FROM":
                return self._extract()
            if word == "TRIM":
                return self._trim()
            if word == "SUBSTRING":
                return self._substring()
            if word in ("LEFT", "RIGHT", "ALL", "VALUES"):
                return self._call()
        if following.text == "->" and following.kind is TokenKind.OPERATOR and self.sees_name():
            return self._lambda([self._identifier(self.advance())])
        if word == "NEW" and following.kind is TokenKind.WORD and following.upper not in ("FROM", "AS"):
            self.refuse("NEW (user-defined types)", token.place)
        if not self.sees_name():
            self.fail("an expression")
        if word in _CALLS_WITHOUT_PARENTHESES and following.text not in ("(", "."):
            self.at += 1
            node = exp.Anonymous(this=token.value, expressions=[])
            set_place(node, token.place)
            return node
        return self._named()

    def _named(self) -> exp.Expression:
        """A column, with its qualifiers, or a call."""
        first = self.token
        if self.ahead().text == "(":
            return self._call()
        parts = [self._identifier(self.advance())]
        if self.sees_operator(":") and self.ahead().kind in (TokenKind.WORD, TokenKind.QUOTED):
            self.at += 1
            if self.ahead().text != "(":
                self.fail("a function call after 'project:'")
            return self._qualified_call(parts)
        while self.sees_operator(".") and self.ahead().kind in (TokenKind.WORD, TokenKind.QUOTED):
            self.at += 1
            if self.ahead().text == "(":
                return self._qualified_call(parts)
            parts.append(self._identifier(self.advance()))
            if len(parts) > MAX_CHAIN:
                raise parse_fault(f"a name has more than {MAX_CHAIN} parts", first.place)
        head, tail = parts[:3], parts[3:]
        node: exp.Expression = exp.Column(
            this=head[-1], table=head[-2] if len(head) > 1 else None, db=head[-3] if len(head) > 2 else None
        )
        for part in tail:
            node = exp.Dot(this=node, expression=part)
        return node

    def _postfix(self, node: exp.Expression) -> exp.Expression:
        count = 0
        while self.token.kind is TokenKind.OPERATOR:
            token = self.token
            if token.text == "[":
                self.at += 1
                node = exp.Bracket(this=node, expressions=[self.expression()])
                self.expect_operator("]")
            elif token.text == "." and self.ahead().kind in (TokenKind.WORD, TokenKind.QUOTED):
                self.at += 1
                if self.ahead().text == "(":
                    self.refuse("Calling a method of a value", self.token.place)
                node = exp.Dot(this=node, expression=self._identifier(self.advance()))
            else:
                break
            count += 1
            if count > MAX_CHAIN:
                raise parse_fault(f"more than {MAX_CHAIN} accesses follow one another", token.place)
        return node

    def _parenthesised(self) -> exp.Expression:
        opening = self.advance()
        if self._starts_lambda():
            names = [self.identifier("a parameter")]
            while self.accept_operator(","):
                names.append(self.identifier("a parameter"))
            self.expect_operator(")")
            return self._lambda(names)
        node: exp.Expression
        if self.sees_any(_QUERY_WORDS) and not (self.sees("VALUES") and self.ahead().text != "("):
            node = exp.Subquery(this=self.query())
        else:
            node = self.expression()
            if self.sees_operator(","):
                items = [node]
                while self.accept_operator(","):
                    items.append(self.expression())
                node = exp.Tuple(expressions=items)
            elif isinstance(node, exp.Subquery):
                if self.sees_any((*_SET_WORDS, "ORDER", "LIMIT")):
                    node = exp.Subquery(this=self.query_after(node))
            else:
                node = exp.Paren(this=node)
        self.expect_operator(")")
        set_place(node, opening.place)
        return node

    def _variable(self) -> exp.Expression:
        at = self.advance()
        token = self.name("a variable's name", reserved=True)
        value = self.values.get(token.value.lower())
        if value is None and self.sees_operator("."):
            self.at += 1
            return exp.Column(this=self.identifier("a column's name"), table=self._identifier(token))
        if value is None:
            raise parse_fault(f"variable @{token.value} is not defined, or not a single value", at.place)
        self.uses_values = True
        node = exp.Paren(this=value.copy())
        set_place(node, at.place)
        return node

    # lambdas

    def _starts_lambda(self) -> bool:
        """After `(`: whether `name {, name} ) ->` follows."""
        index = self.at
        while self.tokens[index].kind in (TokenKind.WORD, TokenKind.QUOTED):
            following = self.tokens[index + 1]
            if following.text == ",":
                index += 2
                continue
            return following.text == ")" and index + 2 < len(self.tokens) and self.tokens[index + 2].text == "->"
        return False

    def _lambda(self, names: list[exp.Identifier]) -> exp.Expression:
        self.expect_operator("->")
        return exp.Lambda(this=self.expression(), expressions=names)

    # forms with words inside

    def _case(self) -> exp.Expression:
        token = self.expect("CASE")
        subject = None if self.sees("WHEN") else self.expression()
        branches: list[exp.Expression] = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            branches.append(exp.If(this=condition, true=self.expression()))
        if not branches:
            self.fail("'WHEN'")
        default = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        node = exp.Case(this=subject, ifs=branches, default=default)
        set_place(node, token.place)
        return node

    def _cast(self) -> exp.Expression:
        token = self.advance()
        self.expect_operator("(")
        value = self.expression()
        self.expect("AS")
        type_ = self.data_type()
        self.expect_operator(")")
        node = exp.Cast(this=value, to=type_node(type_))
        set_place(node, token.place)
        return node

    def _exists(self) -> exp.Expression:
        token = self.advance()
        self.expect_operator("(")
        node = exp.Exists(this=self.query())
        self.expect_operator(")")
        set_place(node, token.place)
        return node

    def _starts_interval(self) -> bool:
        following = self.ahead()
        if following.kind in (TokenKind.STRING, TokenKind.NUMBER) or following.text == "(":
            return True
        if following.text == "-":
            return self.ahead(2).kind is TokenKind.NUMBER
        return following.kind is TokenKind.WORD and self.ahead(2).upper in UNIT_WORDS

    def _interval(self) -> exp.Expression:
        token = self.advance()
        value = self._prefix(_XOR)
        unit: exp.Expression = self._unit()
        if self.accept("TO"):
            unit = exp.IntervalSpan(this=unit, expression=self._unit())
        node = exp.Interval(this=value, unit=unit)
        set_place(node, token.place)
        return node
