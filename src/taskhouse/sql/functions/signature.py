"""Signatures of functions as text, `substr(string, bigint[, bigint]) -> string`, and how arguments fit them.

A parameter is a MaxCompute type, or one of
- `T`, `K`, `V`, `U`: any type, the same wherever the letter stands (arguments are brought to their common type);
- `array<T>`, `map<K,V>`: those with any element;
- `any`, `number`, `integer`, `decimal`, `time` (DATE to TIMESTAMP), `text`, `struct`, `complex`: taken as given;
- `civil`: a time as local wall clock, a DATE or a DuckDB TIMESTAMP; `clock`: always a TIMESTAMP;
- `lambda`: a lambda expression, bound by the function's rule.
`[, x]` is optional, `x...` repeats (at least once unless in brackets). The result is written likewise; `same` is the first
argument's type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from taskhouse.domain.datatypes import BIGINT, DATETIME, DOUBLE, STRING, TIMES, VOID, DataType, Kind, parse_type
from taskhouse.sql.coercion import common_type, conversion_cost

CLASSES = frozenset(
    {"any", "number", "integer", "decimal", "time", "text", "struct", "complex", "civil", "clock", "lambda"}
)
VARIABLES = frozenset({"T", "K", "V", "U"})
_NESTED = re.compile(r"(array|map)<(.*)>\Z")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One parameter: exactly one of `type`, `name` (a class or variable) or `outer` with `inner` is set."""

    name: str = ""
    type: DataType | None = None
    outer: str = ""
    inner: tuple[Pattern, ...] = ()

    def __str__(self) -> str:
        if self.type is not None:
            return str(self.type)
        if self.outer:
            return f"{self.outer}<{','.join(map(str, self.inner))}>"
        return self.name


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    text: str
    parameters: tuple[Pattern, ...]
    required: int
    repeats: bool
    """The last parameter may come any number of times."""
    result: Pattern

    def pattern_at(self, index: int) -> Pattern:
        return self.parameters[min(index, len(self.parameters) - 1)]

    def takes(self, count: int) -> bool:
        return count >= self.required and (self.repeats or count <= len(self.parameters))


@dataclass(slots=True)
class Fit:
    """How arguments fit a signature: the cost, and the type each argument is to be brought to (None: as given)."""

    cost: int
    targets: list[DataType | None]
    variables: dict[str, DataType] = field(default_factory=dict)


def read_signature(text: str) -> Signature:
    """Raises ValueError for a malformed one: a defect in the registry."""
    head, _, result = text.partition("->")
    name, _, rest = head.partition("(")
    inside = rest.strip()
    if not inside.endswith(")"):
        raise ValueError(text)
    inside = inside[:-1]
    needed, _, optional = inside.partition("[")
    optional = optional.replace("[", "").replace("]", "").strip(" ,")
    must = _split(needed.strip(" ,"))
    may = _split(optional)
    repeats = bool((must + may) and (must + may)[-1].endswith("..."))
    words = [w.removesuffix("...") for w in must + may]
    return Signature(
        name.strip(), text, tuple(_pattern(w) for w in words), len(must), repeats, _pattern(result.strip())
    )


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        if c in "<(":
            depth += 1
        elif c in ">)":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [p for p in parts if p]


def _pattern(text: str) -> Pattern:
    if text in CLASSES or text in VARIABLES or text == "same":
        return Pattern(name=text)
    nested = _NESTED.match(text)
    if nested:
        inner = tuple(_pattern(p) for p in _split(nested.group(2)))
        if any(p.type is None for p in inner):
            return Pattern(outer=nested.group(1), inner=inner)
    return Pattern(type=parse_type(text))


def fit(signature: Signature, given: list[DataType | None]) -> Fit | None:
    """How `given` (None for a lambda) fits; None if it does not."""
    if not signature.takes(len(given)):
        return None
    variables: dict[str, DataType] = {}
    cost = 0
    for i, type_ in enumerate(given):
        step = _bind(signature.pattern_at(i), type_, variables)
        if step is None:
            return None
        cost += step
    targets: list[DataType | None] = []
    for i, type_ in enumerate(given):
        pattern = signature.pattern_at(i)
        targets.append(None if type_ is None else _target(pattern, type_, variables))
    return Fit(cost, targets, variables)


def _bind(pattern: Pattern, given: DataType | None, variables: dict[str, DataType]) -> int | None:
    if given is None or pattern.name == "lambda":
        return 0 if given is None and pattern.name == "lambda" else None
    if pattern.type is not None:
        return conversion_cost(given, pattern.type)
    if pattern.outer:
        if given.kind is Kind.VOID:
            return 1
        if given.kind is not Kind[pattern.outer.upper()]:
            return None
        inner = [given.element] if given.kind is Kind.ARRAY else [given.key, given.element]
        cost = 0
        for p, t in zip(pattern.inner, inner, strict=True):
            step = _bind(p, t, variables)
            if step is None:
                return None
            cost += step
        return cost
    if pattern.name in VARIABLES:
        held = variables.get(pattern.name, VOID)
        wide = common_type(held, given)
        if wide is None:
            return None
        variables[pattern.name] = wide
        return 0 if held in (VOID, given) else 1
    return _class_cost(pattern.name, given)


def _class_cost(name: str, given: DataType) -> int | None:
    kind = given.kind
    if kind is Kind.VOID or name == "any":
        return 1
    match name:
        case "number":
            fits, text_cost = given.is_number, 30
        case "integer":
            fits, text_cost = given.is_integer, 32
        case "decimal":
            fits, text_cost = kind is Kind.DECIMAL, 0
        case "time" | "civil" | "clock":
            fits, text_cost = kind in TIMES, 31
        case "text":
            fits, text_cost = given.is_text, 0
        case "struct":
            fits, text_cost = kind is Kind.STRUCT, 0
        case _:
            fits, text_cost = given.is_complex, 0
    if fits:
        return 1
    return text_cost if given.is_text and text_cost else None


def _target(pattern: Pattern, given: DataType, variables: dict[str, DataType]) -> DataType | None:
    if pattern.type is not None:
        return pattern.type
    if pattern.outer:
        if given.kind is Kind.VOID:
            return None
        made = result_type(pattern, variables, given)
        return made if made is not None and made != given else None
    if pattern.name in VARIABLES:
        return variables[pattern.name]
    if given.is_text:
        return {"number": DOUBLE, "integer": BIGINT, "time": DATETIME, "civil": DATETIME, "clock": DATETIME}.get(
            pattern.name
        )
    return None


def result_type(pattern: Pattern, variables: dict[str, DataType], first: DataType | None) -> DataType:
    """The type a result pattern stands for."""
    if pattern.type is not None:
        return pattern.type
    if pattern.outer:
        inner = [result_type(p, variables, first) for p in pattern.inner]
        if pattern.outer == "array":
            return DataType(Kind.ARRAY, element=inner[0])
        return DataType(Kind.MAP, key=inner[0], element=inner[1])
    if pattern.name in VARIABLES:
        return variables.get(pattern.name, STRING)
    assert first is not None
    return first
