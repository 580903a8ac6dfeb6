"""ARRAY."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, STRING, Kind, array, struct
from taskhouse.sql.backends.duckdb import engine_type, quote_text
from taskhouse.sql.backends.duckdb_macros import MAX_ELEMENTS, macro, too_large
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.collection_types import collections, common_of, element_of
from taskhouse.sql.functions.registry import Call, Rule, shown
from taskhouse.sql.typed import Typed

macro(
    "mc_sort_array(a, up) AS CASE WHEN up THEN list_sort(a, 'ASC', 'NULLS FIRST') ELSE list_sort(a, 'DESC', 'NULLS LAST') END"
)


macro("mc_keep_order(a) AS list_filter(a, lambda x, i: list_position(a, x) = i)")
_TOO_MANY = too_large(f"{MAX_ELEMENTS} elements")
macro(f"mc_count_to(n) AS range(CASE WHEN n > {MAX_ELEMENTS} THEN {_TOO_MANY} ELSE greatest(n, 0) END)")
macro(
    f"mc_series(a, b, s) AS CAST(generate_series(a, CASE WHEN (CAST(b AS DOUBLE) - a) / nullif(s, 0) >= {MAX_ELEMENTS} "
    f"THEN {_TOO_MANY} ELSE b END, s) AS BIGINT[])"
)
macro(
    f"mc_day_series(a, b, s) AS CAST(generate_series(a, CASE WHEN (b - a) * 86400 / nullif(epoch(s), 0) >= {MAX_ELEMENTS} "
    f"THEN {_TOO_MANY} ELSE b END, s) AS DATE[])"
)


def _array(call: Call) -> Typed:
    if not call.args:
        return Typed("CAST([] AS VARCHAR[])", array(STRING))
    wide = common_of(call, range(len(call.args)), "elements")
    items = ", ".join(call.to(i, wide).sql for i in range(len(call.args)))
    return Typed(f"CAST([{items}] AS {engine_type(wide)}[])", array(wide))


def _sort_array(call: Call) -> Typed:
    element = element_of(call, 0)
    value = call.args[0].sql
    if len(call.args) > 1 and 1 not in call.lambdas:
        return Typed(f"mc_sort_array({value}, {call.to(1, BOOLEAN).sql})", array(element))
    if 1 in call.lambdas:
        call.refuse(f"function {call.name} with a comparing lambda is not supported")
    return Typed(f"list_sort({value}, 'ASC', 'NULLS FIRST')", array(element))


def _contains(call: Call) -> Typed:
    element = element_of(call, 0)
    wide = common_type(element, call.args[1].type)
    if wide is None:
        call.fail(f"function {call.name}: {shown(call.args[1].type)} cannot be in ARRAY<{shown(element)}>")
    return Typed(f"list_contains({call.to(0, array(wide)).sql}, {call.to(1, wide).sql})", BOOLEAN)


def _position(call: Call) -> Typed:
    element = element_of(call, 0)
    value, item = call.args[0].sql, call.to(1, element).sql
    return Typed(
        f"(CASE WHEN {value} IS NOT NULL AND {item} IS NOT NULL THEN coalesce(CAST(list_position({value}, {item}) AS BIGINT), 0) END)",
        BIGINT,
    )


def _pair_of_arrays(template: str, *, boolean: bool = False) -> Rule:
    def rule(call: Call) -> Typed:
        wide = common_type(call.args[0].type, call.args[1].type)
        if wide is None or wide.kind is not Kind.ARRAY:
            call.fail(f"function {call.name} takes two ARRAYs of one type")
        sql = template.format(call.to(0, wide).sql, call.to(1, wide).sql)
        return Typed(sql, BOOLEAN if boolean else wide)

    return rule


def _one_array(template: str, *, gives_element: bool = False) -> Rule:
    def rule(call: Call) -> Typed:
        element = element_of(call, 0)
        return Typed(template.format(call.args[0].sql), element if gives_element else call.args[0].type)

    return rule


def _array_join(call: Call) -> Typed:
    texts = call.to(0, array(STRING)).sql
    if len(call.args) > 2:
        texts = f"list_transform({texts}, lambda e: coalesce(e, {call.to(2, STRING).sql}))"
    separator = call.to(1, STRING)
    name = "array_to_string" if separator.value is not None else "mc_join"
    return Typed(f"{name}({texts}, {separator.sql})", STRING)


def _array_repeat(call: Call) -> Typed:
    value = call.args[0]
    type_ = value.type if not value.is_null else STRING
    count = call.to(1, BIGINT).sql
    return Typed(f"list_transform(mc_count_to({count}), lambda i: {call.to(0, type_).sql})", array(type_))


def _slice(call: Call) -> Typed:
    element = element_of(call, 0)
    value, start, count = call.args[0].sql, call.to(1, BIGINT).sql, call.to(2, BIGINT).sql
    first = f"(CASE WHEN {start} < 0 THEN len({value}) + {start} + 1 ELSE {start} END)"
    return Typed(f"list_slice({value}, {first}, {first} + {count} - 1)", array(element))


def _sequence(call: Call) -> Typed:
    start, end = call.args[0], call.args[1]
    if start.kind is Kind.DATE and end.kind is Kind.DATE:
        step = call.args[2].sql if len(call.args) > 2 else "to_days(1)"
        return Typed(f"mc_day_series({start.sql}, {end.sql}, {step})", array(start.type))
    a, b = call.to(0, BIGINT).sql, call.to(1, BIGINT).sql
    step = call.to(2, BIGINT).sql if len(call.args) > 2 else f"(CASE WHEN {a} <= {b} THEN 1 ELSE -1 END)"
    return Typed(f"mc_series({a}, {b}, {step})", array(BIGINT))


def _flatten(call: Call) -> Typed:
    inner = element_of(call, 0)
    if inner.kind is not Kind.ARRAY:
        call.fail(f"function flatten takes an ARRAY of ARRAYs, not {shown(call.args[0].type)}")
    return Typed(f"flatten({call.args[0].sql})", inner)


def _split(call: Call) -> Typed:
    """SPLIT(text, pattern[, trim empty at the end])."""
    text, pattern = call.to(0, STRING).sql, call.to(1, STRING)
    value = pattern.value
    special = set(".^$*+?()[]{}|\\")
    if isinstance(value, str) and value and not special & set(value):
        sql = f"string_split({text}, {pattern.sql})"
    elif isinstance(value, str) and len(value) == 2 and value[0] == "\\" and value[1] in special:
        sql = f"string_split({text}, {quote_text(value[1])})"
    else:
        sql = f"string_split_regex({text}, {pattern.sql})"
    return Typed(sql, array(STRING))


def _arrays_zip(call: Call) -> Typed:
    types = [element_of(call, i) for i in range(len(call.args))]
    type_ = array(struct(*((str(i), t) for i, t in enumerate(types))))
    return Typed(f"CAST(list_zip({', '.join(a.sql for a in call.args)}) AS {engine_type(type_)})", type_)


collections.scalar(
    "array([any...]) -> any",
    _array,
    "An ARRAY of the values.",
    ("array(1, 2)", [1, 2]),
    ("array('a', NULL)", ["a", None]),
    ("array(1, 1.5)", [1.0, 1.5]),
)


collections.scalar(
    "split(any, any) -> array<string>",
    _split,
    "Parts between matches of a pattern.",
    ("split('a, b, c', ', ')", ["a", "b", "c"]),
    ("split('a1b2c', '[0-9]')", ["a", "b", "c"]),
    ("split('a|b', '\\\\|')", ["a", "b"]),
)


collections.scalar(
    "sort_array(any[, any]) -> any",
    _sort_array,
    "Sorted, NULLs first; with false, descending.",
    ("sort_array(array(3, NULL, 1))", [None, 1, 3]),
    ("sort_array(array(1, 3, 2), false)", [3, 2, 1]),
    aliases="array_sort",
)


collections.scalar(
    "array_contains(any, any) -> boolean",
    _contains,
    "Whether an element is there.",
    ("array_contains(array(1, 2), 2)", True),
    ("array_contains(array('a'), 'b')", False),
)


collections.scalar(
    "array_position(any, any) -> bigint",
    _position,
    "Place of the first such element from 1, 0 if absent.",
    ("array_position(array('a', 'b'), 'b')", 2),
    ("array_position(array(1), 5)", 0),
)


collections.scalar(
    "array_distinct(any) -> same",
    _one_array("mc_keep_order({0})"),
    "Without repeats.",
    ("array_distinct(array(3, 1, 3))", [3, 1]),
)


collections.scalar(
    "array_union(any, any) -> same",
    _pair_of_arrays("mc_keep_order(list_concat({0}, {1}))"),
    "Elements of both without repeats.",
    ("array_union(array(1, 2), array(2, 3))", [1, 2, 3]),
)


collections.scalar(
    "array_intersect(any, any) -> same",
    _pair_of_arrays("list_filter(mc_keep_order({0}), lambda x: list_contains({1}, x))"),
    "Elements that both have.",
    ("array_intersect(array(1, 2), array(2, 3))", [2]),
)


collections.scalar(
    "array_except(any, any) -> same",
    _pair_of_arrays("list_filter(mc_keep_order({0}), lambda x: NOT list_contains({1}, x))"),
    "Elements of the first that the second has not.",
    ("array_except(array(1, 2), array(2, 3))", [1]),
)


collections.scalar(
    "arrays_overlap(any, any) -> boolean",
    _pair_of_arrays("list_has_any({0}, {1})", boolean=True),
    "Whether they share an element.",
    ("arrays_overlap(array(1, 2), array(2))", True),
)


collections.scalar(
    "array_concat(any, any) -> same",
    _pair_of_arrays("({0} || {1})"),
    "One behind the other.",
    ("array_concat(array(1), array(2))", [1, 2]),
)


collections.scalar(
    "array_remove(any, any) -> same",
    lambda call: Typed(
        f"list_filter({call.args[0].sql}, lambda x: x IS DISTINCT FROM {call.to(1, element_of(call, 0)).sql})",
        call.args[0].type,
    ),
    "Without an element.",
    ("array_remove(array(3, 2, 3), 3)", [2]),
)


collections.scalar(
    "array_max(any) -> any",
    _one_array("list_max({0})", gives_element=True),
    "Greatest element.",
    ("array_max(array(1, 3, 2))", 3),
)


collections.scalar(
    "array_min(any) -> any",
    _one_array("list_min({0})", gives_element=True),
    "Smallest element.",
    ("array_min(array(1, 3, 2))", 1),
)


collections.scalar(
    "array_reverse(any) -> same",
    _one_array("list_reverse({0})"),
    "In reverse order.",
    ("array_reverse(array(1, 2))", [2, 1]),
)


collections.scalar(
    "array_join(any, any[, any]) -> string",
    _array_join,
    "Elements as one text; NULLs left out or replaced.",
    ("array_join(array(1, NULL, 2), ',')", "1,2"),
    ("array_join(array(1, NULL), ',', '-')", "1,-"),
)


collections.scalar(
    "array_repeat(any, any) -> any", _array_repeat, "The value n times.", ("array_repeat('a', 2)", ["a", "a"])
)


collections.scalar(
    "slice(any, any, any) -> same",
    _slice,
    "Part of an ARRAY from a place counted from 1.",
    ("slice(array(10, 20, 30), 2, 2)", [20, 30]),
    ("slice(array(10, 20, 30), -2, 1)", [20]),
)


collections.scalar(
    "sequence(any, any[, any]) -> any",
    _sequence,
    "Numbers or dates from one to another.",
    ("sequence(1, 3)", [1, 2, 3]),
    ("sequence(5, 1, -2)", [5, 3, 1]),
)


collections.scalar(
    "flatten(any) -> any",
    _flatten,
    "ARRAYs of an ARRAY as one.",
    ("flatten(array(array(1), array(2, 3)))", [1, 2, 3]),
)


collections.scalar("arrays_zip(any...) -> any", _arrays_zip, "An ARRAY of STRUCTs of the elements at each place.")


collections.missing(
    "not part of Taskhouse yet",
    "combinations array_normalize multimap_from_entries map_zip_with shuffle",
)


def _ngrams(call: Call) -> Typed:
    element_of(call, 0)
    n = call.constant(1, "the length")
    if not isinstance(n, int) or n < 1:
        call.fail("function ngrams: the length must be a whole number of at least 1")
    value = call.args[0].sql
    sql = (
        f"list_transform(range(1, greatest(len({value}) - {n - 2}, 1)), lambda i: list_slice({value}, i, i + {n - 1}))"
    )
    return Typed(sql, array(call.args[0].type))


collections.scalar(
    "ngrams(any, any) -> any", _ngrams, "Every run of n elements.", ("ngrams(array(1, 2, 3), 2)", [[1, 2], [2, 3]])
)
