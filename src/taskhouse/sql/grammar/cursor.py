"""A place in a list of tokens, and the small steps every rule of the grammar is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.sql.lexer import Token, TokenKind, parse_fault

T = TypeVar("T")

MAX_DEPTH = 150
"""How deep parentheses, subqueries, calls and types may nest. The interpreter's recursion limit is set to fit, see `parser`."""
MAX_CHAIN = 500
"""How many operators of one rank may follow one another where order matters (`a + b - c ...`)."""

RESERVED = frozenset(
    "ALL AND AS BETWEEN BY CASE CROSS DISTINCT ELSE END EXCEPT FALSE FROM FULL GROUP HAVING IN INNER INTERSECT INTO IS JOIN "
    "LATERAL LEFT LIKE NATURAL NOT NULL ON OR ORDER OUTER RIGHT SELECT TABLESAMPLE THEN TRUE UNION USING VALUES WHEN WHERE "
    "WITH".split()
)
"""Words that are no name unless in back-ticks."""
NO_ALIAS = RESERVED | frozenset(
    "ANTI ASC CLUSTER DESC DISTRIBUTE INSERT LIMIT MINUS OFFSET OVER OVERWRITE PIVOT QUALIFY REGEXP RLIKE SEMI SORT UNPIVOT "
    "WINDOW".split()
)
"""Words that are no alias unless after AS: a clause starts there."""


class Cursor:
    """Reads the tokens of one statement. `text` is the whole submitted text: tokens hold offsets into it."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    # looking

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        index = self.at + count
        return self.tokens[index] if index < len(self.tokens) else self.tokens[-1]

    @property
    def previous(self) -> Token:
        return self.tokens[self.at - 1]

    def at_end(self) -> bool:
        return self.token.kind is TokenKind.END

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these keywords, in this order."""
        for offset, word in enumerate(words):
            token = self.ahead(offset) if offset else self.token
            if token.kind is not TokenKind.WORD or token.upper != word:
                return False
        return True

    def sees_any(self, words: frozenset[str] | tuple[str, ...]) -> bool:
        token = self.token
        return token.kind is TokenKind.WORD and token.upper in words

    def sees_operator(self, operator: str) -> bool:
        token = self.token
        return token.kind is TokenKind.OPERATOR and token.text == operator

    def sees_name(self, *, reserved: bool = False) -> bool:
        token = self.token
        if token.kind is TokenKind.WORD:
            return reserved or token.upper not in RESERVED
        return token.kind is TokenKind.QUOTED

    # taking

    def advance(self) -> Token:
        token = self.tokens[self.at]
        if token.kind is not TokenKind.END:
            self.at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these keywords, all or none."""
        if self.sees(*words):
            self.at += len(words)
            return True
        return False

    def accept_operator(self, operator: str) -> bool:
        if self.sees_operator(operator):
            self.at += 1
            return True
        return False

    def expect(self, *words: str) -> Token:
        """Take these keywords or fail; the first of them is returned."""
        first = self.token
        for word in words:
            if not self.accept(word):
                self.fail(f"'{word}'")
        return first

    def expect_operator(self, operator: str) -> Token:
        token = self.token
        if not self.accept_operator(operator):
            self.fail(f"'{operator}'")
        return token

    def expect_end(self) -> None:
        if not self.at_end():
            self.fail("the end of the statement")

    def name(self, what: str = "a name", *, reserved: bool = False) -> Token:
        """Take a name, quoted or not. `reserved` lets keywords through where no keyword can stand."""
        token = self.token
        if not self.sees_name(reserved=reserved):
            self.fail(what)
        self.at += 1
        return token

    def string(self, what: str = "a string") -> str:
        token = self.token
        if token.kind is not TokenKind.STRING:
            self.fail(what)
        parts = []
        while self.token.kind is TokenKind.STRING:
            parts.append(self.advance().value)
        return "".join(parts)

    def whole_number(self, what: str = "a whole number") -> int:
        token = self.token
        if token.kind is not TokenKind.NUMBER or token.suffix or not token.value.isdecimal() or len(token.value) > 9:
            self.fail(what)
        self.at += 1
        return int(token.value)

    def listed(self, item: Callable[[], T]) -> list[T]:
        """`item {, item}`."""
        items = [item()]
        while self.accept_operator(","):
            items.append(item())
        return items

    def wrapped(self, item: Callable[[], T]) -> list[T]:
        """`( item {, item} )`."""
        self.expect_operator("(")
        items = self.listed(item)
        self.expect_operator(")")
        return items

    # text

    def slice(self, start: Token, end: Token | None = None) -> str:
        """The text from `start` to the end of `end` (default: the last token taken)."""
        last = end or self.previous
        return self.text[start.start : max(last.end, start.start)]

    def rest(self) -> str:
        """Take all that is left and give its text."""
        start = self.token
        if start.kind is TokenKind.END:
            return ""
        self.at = len(self.tokens) - 1
        return self.slice(start).strip()

    # failing

    def fail(self, expected: str, token: Token | None = None) -> NoReturn:
        token = token or self.token
        raise parse_fault(f"invalid token '{token.shown}', expect {expected}", token.place)

    def refuse(self, feature: str, place: Place | None = None) -> NoReturn:
        """A construct of MaxCompute, or of an engine, that Taskhouse does not have."""
        raise Fault(FaultCode.NOT_SUPPORTED, f"{feature} is not supported", place or self.token.place)

    def enter(self) -> None:
        """One level deeper; every `enter` has its `leave`, a fault ends the whole parse anyway."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise parse_fault(f"the statement nests deeper than {MAX_DEPTH} levels", self.token.place)

    def leave(self) -> None:
        self.depth -= 1
