"""A bound expression: engine SQL with its MaxCompute type and, where it is a constant, its value.

`sql` is always an atom: it can stand as an argument or operand anywhere without more parentheses.
Constants keep their Python value, so that a literal can be given again in the form its neighbour needs (a DATE column
compared with the text '1994-01-01' meets a DATE constant, not a cast of the column), which keeps filters pushable.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    STRING,
    VOID,
    DataType,
    Kind,
)
from taskhouse.sql.backends.duckdb import engine_type, quote_text

Value: TypeAlias = bool | int | float | str | Decimal | dt.date | dt.datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """The table column that an expression is, unchanged: which scan and which column. Used to prune partitions."""

    scan: str
    column: Column
    partition: bool = False
    others: tuple[Origin, ...] = ()
    """Of a column of a UNION: where the rows of the other sides have it from."""

    def all(self) -> tuple[Origin, ...]:
        return (self, *self.others)


@dataclass(frozen=True, slots=True)
class Typed:
    sql: str
    type: DataType
    value: Value | None = None
    """The constant's value; None for NULL (then the type is VOID) and for everything that is not a constant."""
    origin: Origin | None = None
    months: int | None = None
    """A constant INTERVAL_YEAR_MONTH's months."""
    nanoseconds: int | None = None
    """A constant INTERVAL_DAY_TIME's length."""

    @property
    def is_null(self) -> bool:
        return self.type.kind is Kind.VOID

    @property
    def is_constant(self) -> bool:
        return self.value is not None or self.is_null

    @property
    def kind(self) -> Kind:
        return self.type.kind


NULL = Typed("NULL", VOID)
TRUE = Typed("true", BOOLEAN, True)
FALSE = Typed("false", BOOLEAN, False)

INT_LIMIT = 2**31
BIGINT_LIMIT = 2**63


def text_constant(text: str) -> Typed:
    return Typed(quote_text(text), STRING, text)


def boolean_constant(value: bool) -> Typed:
    return TRUE if value else FALSE


def integer_constant(value: int, type_: DataType | None = None) -> Typed:
    """An integer literal: INT when it fits, else BIGINT, unless the type is given.

    Small INTs stand bare: DuckDB gives a bare literal the type of what it meets, which keeps columns uncast."""
    if type_ is None:
        type_ = INT if -INT_LIMIT <= value < INT_LIMIT else BIGINT
    bare = str(value) if value >= 0 else f"({value})"
    if type_ == INT or (type_ == BIGINT and not -INT_LIMIT <= value < INT_LIMIT):
        return Typed(bare, type_, value)
    return Typed(f"CAST({value} AS {engine_type(type_)})", type_, value)


def double_constant(value: float) -> Typed:
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return Typed(f"CAST('{text}' AS DOUBLE)", DOUBLE, value)
    if "e" not in text:
        text += "e0"
    return Typed(text if value >= 0 else f"({text})", DOUBLE, value)


def decimal_constant(value: Decimal, type_: DataType) -> Typed:
    return Typed(f"CAST('{value:f}' AS {engine_type(type_)})", type_, value)


def date_constant(value: dt.date) -> Typed:
    return Typed(f"DATE '{value.isoformat()}'", DATE, value)


def bare_number(typed: Typed) -> str:
    """A numeric constant as a bare literal, which DuckDB types as narrowly as its digits allow."""
    value = typed.value
    match value:
        case bool():
            return typed.sql
        case int():
            return str(value) if value >= 0 else f"({value})"
        case Decimal():
            return f"{value:f}" if value >= 0 else f"({value:f})"
        case float():
            text = format(Decimal(repr(value)), "f")
            return text if value >= 0 else f"({text})"
        case _:
            return typed.sql
