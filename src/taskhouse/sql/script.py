"""From a submitted text to single statements, and the variables of script mode.

The text is cut at `;` outside of strings, names and comments, before anything is read: a statement's place and text are
exact, and an error in the third statement names its own line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from taskhouse.domain.faults import Place
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.grammar.relations import Carried, Relation
from taskhouse.sql.lexer import Token, TokenKind, parse_fault, tokenize

MAX_VARIABLES = 256
"""Variables of one script, and so how often a query may be carried from one statement to the next."""
MAX_VALUE_NODES = 1_000
"""Size of a scalar variable's expression with all it contains, so that doubling it again and again ends."""
MAX_RELATION_NODES = 200_000
"""Size of all table variables' queries together."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The tokens of one statement, an END token last; never empty otherwise."""

    tokens: list[Token]

    @property
    def place(self) -> Place:
        return self.tokens[0].place


def split(text: str) -> Iterator[Piece]:
    """The statements of `text` in order. Raises `Fault` (PARSE_ERROR) for unclosed strings, names or comments."""
    current: list[Token] = []
    for token in tokenize(text):
        closes = token.kind is TokenKind.END or (token.kind is TokenKind.OPERATOR and token.text == ";")
        if not closes:
            current.append(token)
            continue
        if current:
            end = Token(TokenKind.END, "", "", token.start, token.line, token.column)
            yield Piece([*current, end])
        current = []


@dataclass(slots=True)
class Variables:
    """What `@name := ..` has defined so far. Names are lower case, without `@`; each may be defined once."""

    relations: dict[str, Relation] = field(default_factory=dict)
    values: dict[str, exp.Expression] = field(default_factory=dict)
    nodes: int = 0
    carried: Carried = field(default_factory=Carried)

    def give_to(self, read: Queries) -> None:
        read.relations = self.relations
        read.values = self.values
        read.carried = self.carried

    def assign(self, read: Queries) -> None:
        """`@name [type] := query | expression`. A query becomes a table variable, all else a single value."""
        at = read.expect_operator("@")
        name = read.name("a variable's name", reserved=True).value.lower()
        if name in self.relations or name in self.values:
            raise parse_fault(f"variable @{name} is defined already", at.place)
        if len(self.relations) + len(self.values) >= MAX_VARIABLES:
            raise parse_fault(f"a script may have {MAX_VARIABLES} variables", at.place)
        is_table = read.sees("TABLE")
        type_ = None
        if is_table:
            read.refuse("A table variable with declared columns")
        elif read.sees_name():
            type_ = read.data_type()
        read.expect_operator(":=")
        if read.sees("CACHE", "ON"):
            read.at += 2
        if type_ is None and read.sees_operator("@") and read.ahead(2).kind is TokenKind.END:
            read.advance()
            self._alias(name, read, at.place)
        elif type_ is None and read.sees_query():
            query = read.query()
            nodes = sum(1 for _ in query.walk())
            self.nodes += nodes
            if self.nodes > MAX_RELATION_NODES:
                raise parse_fault("the script's table variables are too large", at.place)
            self.relations[name] = Relation(query, tuple(read.used), nodes)
        else:
            value = read.expression()
            if sum(1 for _ in value.walk()) > MAX_VALUE_NODES:
                raise parse_fault(f"variable @{name} is too large", at.place)
            self.values[name] = value if type_ is None else read.cast_to(value, type_)
        read.expect_end()

    def _alias(self, name: str, read: Queries, place: Place) -> None:
        """`@b := @a`"""
        source = read.name("a variable's name", reserved=True).value.lower()
        if source in self.relations:
            self.relations[name] = self.relations[source]
        elif source in self.values:
            self.values[name] = self.values[source]
        else:
            raise parse_fault(f"variable @{source} is not defined", place)
