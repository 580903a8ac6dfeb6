"""Conditions and NULLs."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, VOID, DataType
from taskhouse.sql import operators
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.registry import Call, Group, shown
from taskhouse.sql.typed import Typed

conditional = Group("conditions")


def _unified(call: Call, indexes: list[int]) -> DataType:
    """The common type of some arguments, which are brought to it; a fault if there is none."""
    wide = VOID
    for i in indexes:
        found = common_type(wide, call.args[i].type)
        if found is None:
            call.fail(f"function {call.name}: {shown(wide)} and {shown(call.args[i].type)} have no common type")
        wide = found
    for i in indexes:
        call.args[i] = call.to(i, wide) if wide != VOID else call.args[i]
    return wide


def _if(call: Call) -> Typed:
    condition = call.args[0]
    if condition.is_null:
        condition = Typed("CAST(NULL AS BOOLEAN)", BOOLEAN)
    if condition.type != BOOLEAN:
        call.fail(f"function if: the condition must be BOOLEAN, not {shown(condition.type)}")
    if len(call.args) == 2:
        return Typed(f"(CASE WHEN {condition.sql} THEN {call.args[1].sql} END)", call.args[1].type)
    wide = _unified(call, [1, 2])
    return Typed(f"(CASE WHEN {condition.sql} THEN {call.args[1].sql} ELSE {call.args[2].sql} END)", wide)


def _coalesce(call: Call) -> Typed:
    wide = _unified(call, list(range(len(call.args))))
    if wide == VOID:
        return call.args[0]
    return Typed(f"coalesce({', '.join(a.sql for a in call.args)})", wide)


def _nvl2(call: Call) -> Typed:
    wide = _unified(call, [1, 2])
    return Typed(
        f"(CASE WHEN {call.args[0].sql} IS NOT NULL THEN {call.args[1].sql} ELSE {call.args[2].sql} END)", wide
    )


def _nullif(call: Call) -> Typed:
    made = operators.compare(call.args[0], "=", call.args[1], call.rules)
    if made is None:
        call.fail(f"function nullif: {shown(call.args[0].type)} and {shown(call.args[1].type)} cannot be compared")
    return Typed(f"(CASE WHEN {made.sql} THEN NULL ELSE {call.args[0].sql} END)", call.args[0].type)


def _decode(call: Call) -> Typed:
    """DECODE(x, a, result, .., [default]): NULL equals NULL."""
    if len(call.args) < 3:
        call.fail("function decode takes at least 3 arguments")
    rest = list(range(1, len(call.args)))
    searches, results = rest[:-1:2] if len(rest) % 2 else rest[::2], rest[1::2]
    default = rest[-1] if len(rest) % 2 else None
    wide = _unified(call, results + ([default] if default is not None else []))
    branches = []
    for search, result in zip(searches, results, strict=True):
        made = operators.compare(call.args[0], "<=>", call.args[search], call.rules)
        if made is None:
            call.fail(
                f"function decode: {shown(call.args[0].type)} and {shown(call.args[search].type)} cannot be compared"
            )
        branches.append(f"WHEN {made.sql} THEN {call.args[result].sql}")
    otherwise = f" ELSE {call.args[default].sql}" if default is not None else ""
    return Typed(f"(CASE {' '.join(branches)}{otherwise} END)", wide)


def _greatest(call: Call) -> Typed:
    """NULL is the least value, so it never wins; in Hive mode any NULL gives NULL."""
    wide = _unified(call, list(range(len(call.args))))
    values = [a.sql for a in call.args]
    sql = f"greatest({', '.join(values)})"
    return Typed(_null_if_any(sql, values) if call.hive else sql, wide)


def _least(call: Call) -> Typed:
    """NULL is the least value, so any NULL gives NULL."""
    wide = _unified(call, list(range(len(call.args))))
    values = [a.sql for a in call.args]
    return Typed(_null_if_any(f"least({', '.join(values)})", values), wide)


def _null_if_any(sql: str, values: list[str]) -> str:
    return f"(CASE WHEN {' AND '.join(f'{v} IS NOT NULL' for v in values)} THEN {sql} END)"


def _ordinal(call: Call) -> Typed:
    """The n-th smallest of the values."""
    place = call.to(0, BIGINT)
    rest = list(range(1, len(call.args)))
    wide = _unified(call, rest)
    items = ", ".join(call.args[i].sql for i in rest)
    return Typed(
        f"list_extract(list_sort(CAST([{items}] AS {engine_type(wide)}[]), 'ASC', 'NULLS FIRST'), {place.sql})", wide
    )


conditional.scalar(
    "if(any, any[, any]) -> any",
    _if,
    "The second argument if the condition is true, else the third.",
    ("if(1 = 2, 100, 200)", 200),
    ("if(NULL, 1, 2)", 2),
    ("if(true, 1, 'a')", "1"),
)
conditional.scalar(
    "nvl(any, any) -> any",
    _coalesce,
    "The first argument, or the second where it is NULL.",
    ("nvl(NULL, 0)", 0),
    ("nvl('a', 'b')", "a"),
    aliases="ifnull",
)
conditional.scalar(
    "nvl2(any, any, any) -> any",
    _nvl2,
    "The second argument unless the first is NULL, else the third.",
    ("nvl2(1, 'a', 'b')", "a"),
)
conditional.scalar(
    "coalesce(any...) -> any",
    _coalesce,
    "The first argument that is not NULL.",
    ("coalesce(NULL, NULL, 1, 3)", 1),
    ("coalesce(NULL, NULL)", None),
)
conditional.scalar(
    "nullif(any, any) -> same",
    _nullif,
    "NULL if the arguments are equal, else the first.",
    ("nullif(2, 3)", 2),
    ("nullif(2, 2)", None),
)
conditional.scalar(
    "decode(any, any, any[, any...]) -> any",
    _decode,
    "The result behind the first equal value, else the default.",
    ("decode(2, 1, 'a', 2, 'b', 'c')", "b"),
    ("decode(NULL, NULL, 'n', 'x')", "n"),
    ("decode(9, 1, 'a')", None),
)
conditional.scalar(
    "greatest(any, any[, any...]) -> any",
    _greatest,
    "The greatest; NULL is the least value.",
    ("greatest(1, 3, 2)", 3),
    ("greatest(1, NULL)", 1),
)
conditional.scalar(
    "least(any, any[, any...]) -> any",
    _least,
    "The least; NULL is the least value.",
    ("least(5, 2, 7)", 2),
    ("least(1, NULL)", None),
)
conditional.scalar(
    "ordinal(any, any, any[, any...]) -> any",
    _ordinal,
    "The n-th smallest value.",
    ("ordinal(3, 1, 3, 7, 5, 2, 4, 6)", 3),
)
conditional.scalar("isnull(any) -> boolean", "({0} IS NULL)", "Whether it is NULL.", ("isnull(NULL)", True))
conditional.scalar("isnotnull(any) -> boolean", "({0} IS NOT NULL)", "Whether it is not NULL.", ("isnotnull(1)", True))
