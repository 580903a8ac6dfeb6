"""MaxCompute data types as values.

One frozen value per type, parsed from and printed to the text that the protocol and SQL use
(`decimal(10,2)`, `map<string,bigint>`). Everything that needs to know a column's type (catalogue,
binder, tunnel, CSV writer) shares these values, so that no room invents its own reading of a type's text.

Source followed: MaxCompute "Data type edition 2.0" as summarised by the protocol guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from taskhouse.domain.faults import Fault, FaultCode


class Kind(Enum):
    """The kinds of types; the value is the lower-case name used in type texts."""

    TINYINT = "tinyint"
    SMALLINT = "smallint"
    INT = "int"
    BIGINT = "bigint"
    FLOAT = "float"
    DOUBLE = "double"
    DECIMAL = "decimal"
    STRING = "string"
    CHAR = "char"
    VARCHAR = "varchar"
    BINARY = "binary"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIMESTAMP = "timestamp"
    TIMESTAMP_NTZ = "timestamp_ntz"
    INTERVAL_YEAR_MONTH = "interval_year_month"
    INTERVAL_DAY_TIME = "interval_day_time"
    JSON = "json"
    ARRAY = "array"
    MAP = "map"
    STRUCT = "struct"
    VOID = "void"
    """The type of a bare NULL; never the type of a table's column."""


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a STRUCT."""

    name: str
    type: DataType


@dataclass(frozen=True, slots=True)
class DataType:
    """A type. Which attributes are set depends on `kind`.

    DECIMAL: `precision`, `scale`; a bare DECIMAL of type edition 1.0 is (54,18) and prints as `decimal`.
    CHAR, VARCHAR: `length` in characters. ARRAY: `element`. MAP: `key` and `element` (the value). STRUCT: `fields`.
    """

    kind: Kind
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    key: DataType | None = None
    element: DataType | None = None
    fields: tuple[Field, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case Kind.DECIMAL:
                if (self.precision, self.scale) == (LEGACY_PRECISION, LEGACY_SCALE):
                    return "decimal"
                return f"decimal({self.precision},{self.scale})"
            case Kind.CHAR | Kind.VARCHAR:
                return f"{self.kind.value}({self.length})"
            case Kind.ARRAY:
                return f"array<{self.element}>"
            case Kind.MAP:
                return f"map<{self.key},{self.element}>"
            case Kind.STRUCT:
                inner = ",".join(f"{_quote_field(f.name)}:{f.type}" for f in self.fields)
                return f"struct<{inner}>"
            case _:
                return str(self.kind.value)

    def in_capitals(self) -> str:
        """The type as CREATE statements and messages show it; names of fields stay as they are."""
        match self.kind:
            case Kind.ARRAY if self.element is not None:
                return f"ARRAY<{self.element.in_capitals()}>"
            case Kind.MAP if self.key is not None and self.element is not None:
                return f"MAP<{self.key.in_capitals()},{self.element.in_capitals()}>"
            case Kind.STRUCT:
                return f"STRUCT<{','.join(f'{_quote_field(f.name)}:{f.type.in_capitals()}' for f in self.fields)}>"
            case _:
                return str(self).upper()

    @property
    def is_integer(self) -> bool:
        return self.kind in INTEGERS

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def is_text(self) -> bool:
        return self.kind in TEXTS

    @property
    def is_complex(self) -> bool:
        return self.kind in (Kind.ARRAY, Kind.MAP, Kind.STRUCT)


LEGACY_PRECISION, LEGACY_SCALE = 54, 18
MAX_PRECISION, MAX_SCALE = 38, 18

INTEGERS = frozenset({Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT})
NUMBERS = INTEGERS | {Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL}
TEXTS = frozenset({Kind.STRING, Kind.CHAR, Kind.VARCHAR})
TIMES = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMP_NTZ})

TINYINT = DataType(Kind.TINYINT)
SMALLINT = DataType(Kind.SMALLINT)
INT = DataType(Kind.INT)
BIGINT = DataType(Kind.BIGINT)
FLOAT = DataType(Kind.FLOAT)
DOUBLE = DataType(Kind.DOUBLE)
STRING = DataType(Kind.STRING)
BINARY = DataType(Kind.BINARY)
BOOLEAN = DataType(Kind.BOOLEAN)
DATE = DataType(Kind.DATE)
DATETIME = DataType(Kind.DATETIME)
TIMESTAMP = DataType(Kind.TIMESTAMP)
TIMESTAMP_NTZ = DataType(Kind.TIMESTAMP_NTZ)
INTERVAL_YEAR_MONTH = DataType(Kind.INTERVAL_YEAR_MONTH)
INTERVAL_DAY_TIME = DataType(Kind.INTERVAL_DAY_TIME)
JSON = DataType(Kind.JSON)
VOID = DataType(Kind.VOID)
LEGACY_DECIMAL = DataType(Kind.DECIMAL, precision=LEGACY_PRECISION, scale=LEGACY_SCALE)


def decimal(precision: int, scale: int = 0) -> DataType:
    """DECIMAL(precision, scale). Raises `Fault` (InvalidArgument) outside 1..38 and 0..18."""
    if (precision, scale) == (LEGACY_PRECISION, LEGACY_SCALE):
        return LEGACY_DECIMAL
    if not 1 <= precision <= MAX_PRECISION or not 0 <= scale <= min(MAX_SCALE, precision):
        raise _bad(f"decimal({precision},{scale}): precision must be 1 to 38, scale 0 to 18 and not above precision")
    return DataType(Kind.DECIMAL, precision=precision, scale=scale)


def array(element: DataType) -> DataType:
    return DataType(Kind.ARRAY, element=element)


def map_of(key: DataType, value: DataType) -> DataType:
    return DataType(Kind.MAP, key=key, element=value)


def struct(*fields: tuple[str, DataType]) -> DataType:
    return DataType(Kind.STRUCT, fields=tuple(Field(n, t) for n, t in fields))


_SIMPLE = {
    k.value: DataType(k)
    for k in Kind
    if k not in {Kind.DECIMAL, Kind.CHAR, Kind.VARCHAR, Kind.ARRAY, Kind.MAP, Kind.STRUCT, Kind.VOID}
}
_ALIASES = {"integer": "int", "bool": "boolean", "timestampntz": "timestamp_ntz", "void": "void"}
REFUSED_TYPES = frozenset({"vector", "geography", "blob", "variant"})
"""Types of MaxCompute that Taskhouse does not have; `parse_type` names them in its refusal."""
_TOKEN = re.compile(r"\s*(?:(`(?:[^`]|``)+`)|([^\s<>(),:`]+)|([<>(),:]))")
_PLAIN_FIELD = re.compile(r"\w+\Z")


def parse_type(text: str) -> DataType:
    """Read a type's text, in any case and spacing.

    Raises `Fault` (InvalidArgument) naming the text for anything unknown, and NotSupported-like
    InvalidArgument for VECTOR, GEOGRAPHY, BLOB and VARIANT, which Taskhouse does not have.
    """
    tokens: list[str] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        m = _TOKEN.match(stripped, at)
        if m is None:
            raise _bad(f"type '{text}' cannot be read")
        tokens.append(m.group(0).strip())
        at = m.end()
    parser = _TypeTokens(text, tokens)
    found = parser.type(0)
    parser.end()
    return found


class _TypeTokens:
    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text, self.tokens, self.at = text, tokens, 0

    def next(self) -> str:
        if self.at >= len(self.tokens):
            raise _bad(f"type '{self.text}' ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def expect(self, token: str) -> None:
        if self.next() != token:
            raise _bad(f"type '{self.text}': '{token}' expected")

    def number(self) -> int:
        word = self.next()
        if not word.isdecimal() or len(word) > 9:
            raise _bad(f"type '{self.text}': a number is expected, not '{word}'")
        return int(word)

    def end(self) -> None:
        if self.at != len(self.tokens):
            raise _bad(f"type '{self.text}': '{self.peek()}' is not expected")

    def type(self, depth: int) -> DataType:
        if depth > 16:
            raise _bad("a type nests deeper than 16 levels")
        word = self.next().lower()
        word = _ALIASES.get(word, word)
        if word in REFUSED_TYPES:
            raise _bad(f"type {word.upper()} is not supported")
        if word == "void":
            return VOID
        if word in _SIMPLE:
            return _SIMPLE[word]
        if word == "decimal":
            if self.peek() != "(":
                return LEGACY_DECIMAL
            self.expect("(")
            precision, scale = self.number(), 0
            if self.peek() == ",":
                self.expect(",")
                scale = self.number()
            self.expect(")")
            return decimal(precision, scale)
        if word in ("char", "varchar"):
            self.expect("(")
            length = self.number()
            self.expect(")")
            limit = 255 if word == "char" else 65535
            if not 1 <= length <= limit:
                raise _bad(f"{word}({length}): length must be 1 to {limit}")
            return DataType(Kind(word), length=length)
        if word == "array":
            self.expect("<")
            element = self.type(depth + 1)
            self.expect(">")
            return array(element)
        if word == "map":
            self.expect("<")
            key = self.type(depth + 1)
            self.expect(",")
            value = self.type(depth + 1)
            self.expect(">")
            return map_of(key, value)
        if word == "struct":
            self.expect("<")
            fields: list[tuple[str, DataType]] = []
            while True:
                name = self.next()
                if name.startswith("`"):
                    name = name[1:-1].replace("``", "`")
                self.expect(":")
                fields.append((name.lower(), self.type(depth + 1)))
                if self.peek() != ",":
                    break
                self.expect(",")
            self.expect(">")
            return struct(*fields)
        raise _bad(f"type '{word}' is not known")


def _quote_field(name: str) -> str:
    return name if _PLAIN_FIELD.match(name) else "`" + name.replace("`", "``") + "`"


def _bad(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, message)
