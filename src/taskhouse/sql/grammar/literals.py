"""The smallest parts of expressions: numbers with their suffixes, names, data types, units of intervals."""

from __future__ import annotations

from sqlglot import exp

from taskhouse.domain.datatypes import REFUSED_TYPES, DataType, parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.dialect import set_place, type_node
from taskhouse.sql.grammar.cursor import Cursor
from taskhouse.sql.lexer import Token, TokenKind, parse_fault

_SUFFIX_TYPES = {"Y": "tinyint", "S": "smallint", "L": "bigint", "F": "float", "D": "double"}
_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
UNIT_WORDS = _UNITS | {unit + "S" for unit in _UNITS}


class Literals(Cursor):
    def _number(self) -> exp.Expression:
        token = self.advance()
        value = token.value
        if value.startswith("."):
            value = "0" + value
        node: exp.Expression = exp.Literal.number(value)
        if token.suffix == "BD":
            node = exp.Cast(this=exp.Literal.string(token.value), to=type_node(self._decimal_type(token)))
        elif token.suffix:
            node = exp.Cast(this=node, to=type_node(parse_type(_SUFFIX_TYPES[token.suffix])))
        set_place(node, token.place)
        return node

    def _decimal_type(self, token: Token) -> DataType:
        """DECIMAL just wide enough for the digits of `token`."""
        if "e" in token.value.lower():
            self.fail("a decimal literal without an exponent", token)
        whole, _, fraction = token.value.partition(".")
        digits = len(whole.lstrip("0")) + len(fraction)
        return self._typed(f"decimal({max(digits, len(fraction), 1)},{len(fraction)})", token)

    def _typed(self, text: str, token: Token) -> DataType:
        try:
            return parse_type(text)
        except Fault as fault:
            if "not supported" in fault.message:
                raise Fault(FaultCode.NOT_SUPPORTED, fault.message, token.place) from None
            raise parse_fault(fault.message, token.place) from None

    def _identifier(self, token: Token) -> exp.Identifier:
        node = exp.Identifier(this=token.value, quoted=token.kind is TokenKind.QUOTED)
        set_place(node, token.place)
        return node

    def identifier(self, what: str = "a name", *, reserved: bool = False) -> exp.Identifier:
        return self._identifier(self.name(what, reserved=reserved))

    def cast_to(self, value: exp.Expression, type_: DataType) -> exp.Expression:
        return exp.Cast(this=value, to=type_node(type_))

    def data_type(self) -> DataType:
        """A type as written in CAST or a column's definition."""
        first = self.token
        text = self._type_text()
        return self._typed(text, first)

    def _type_text(self) -> str:
        self.enter()
        token = self.name("a data type", reserved=True)
        word = token.text.lower()
        if word in REFUSED_TYPES:
            self._typed(word, token)
        if self.sees_operator("("):
            self.at += 1
            numbers = [str(self.whole_number("a length or precision"))]
            while self.accept_operator(","):
                numbers.append(str(self.whole_number("a scale")))
            self.expect_operator(")")
            word += f"({','.join(numbers)})"
        if self.sees_operator("<"):
            self.at += 1
            parts: list[str] = []
            while True:
                parts.append(self._struct_field() if word == "struct" else self._type_text())
                if not self.accept_operator(","):
                    break
            self.expect_operator(">")
            word += f"<{','.join(parts)}>"
        self.leave()
        return word

    def _struct_field(self) -> str:
        name = self.name("a field's name", reserved=True).value.replace("`", "``")
        self.expect_operator(":")
        text = f"`{name}`:{self._type_text()}"
        if self.accept("COMMENT"):
            self.string("a comment")
        return text

    def _unit(self) -> exp.Expression:
        if not self.sees_any(UNIT_WORDS):
            self.fail("a unit (YEAR, MONTH, DAY, HOUR, MINUTE, SECOND)")
        return exp.Var(this=self.advance().upper.removesuffix("S"))
