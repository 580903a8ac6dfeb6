"""Functions that take lambdas."""

from __future__ import annotations

import re

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, array, map_of
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.casts import convert
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.collection_types import bind_lambda, collections, element_of, map_types
from taskhouse.sql.functions.registry import Call, Rule
from taskhouse.sql.typed import Typed


def _transform(call: Call) -> Typed:
    element = element_of(call, 0)
    given = call.lambdas.get(1)
    if given is not None and given.arity == 2:
        body = given.bind([element, BIGINT])
        # DuckDB counts from 1, MaxCompute from 0.
        names, _, rest = body.sql.removeprefix("lambda ").partition(": ")
        index = names.split(", ")[1]
        return Typed(
            f"list_transform({call.args[0].sql}, lambda {names}: {_shift_index(rest, index)})", array(body.type)
        )
    body = bind_lambda(call, 1, [element])
    return Typed(f"list_transform({call.args[0].sql}, {body.sql})", array(body.type))


def _shift_index(sql: str, name: str) -> str:

    return re.sub(rf"\b{name}\b", f"({name} - 1)", sql)


def _filter(call: Call) -> Typed:
    element = element_of(call, 0)
    body = bind_lambda(call, 1, [element])
    return Typed(f"list_filter({call.args[0].sql}, {body.sql})", array(element))


def _any_match(call: Call) -> Typed:
    body = bind_lambda(call, 1, [element_of(call, 0)])
    return Typed(
        f"coalesce(list_bool_or(list_transform({call.args[0].sql}, {body.sql})), CASE WHEN {call.args[0].sql} IS NOT NULL THEN false END)",
        BOOLEAN,
    )


def _all_match(call: Call) -> Typed:
    body = bind_lambda(call, 1, [element_of(call, 0)])
    return Typed(
        f"coalesce(list_bool_and(list_transform({call.args[0].sql}, {body.sql})), CASE WHEN {call.args[0].sql} IS NOT NULL THEN true END)",
        BOOLEAN,
    )


def _aggregate(call: Call) -> Typed:
    """AGGREGATE(array, start, (sum, x) -> e[, sum -> e])."""
    element = element_of(call, 0)
    state = call.args[1].type
    merge = bind_lambda(call, 2, [state, element])
    wide = common_type(state, merge.type) or state
    if wide != state:
        call.args[1] = call.to(1, wide)
        merge = bind_lambda(call, 2, [wide, element])
    source = convert(Typed("e", element), wide, call.rules)
    if source is None:
        call.refuse("function aggregate: a state of another type than the elements is not supported")
    if element != wide:
        call.args[0] = call.to(0, array(wide))
        merge = bind_lambda(call, 2, [wide, wide])
    sql = f"list_reduce({call.args[0].sql}, {merge.sql}, CAST({call.args[1].sql} AS {engine_type(wide)}))"
    if 3 in call.lambdas:
        last = bind_lambda(call, 3, [wide])
        return Typed(f"list_extract(list_transform([{sql}], {last.sql}), 1)", last.type)
    return Typed(sql, wide)


def _zip_with(call: Call) -> Typed:
    a, b = element_of(call, 0), element_of(call, 1)
    body = bind_lambda(call, 2, [a, b])
    names, _, rest = body.sql.removeprefix("lambda ").partition(": ")
    first, second = names.split(", ")

    rest = re.sub(rf"\b{first}\b", "z.a", rest)
    rest = re.sub(rf"\b{second}\b", "z.b", rest)
    pairs = f"list_transform(range(greatest(len({call.args[0].sql}), len({call.args[1].sql}))), lambda i: struct_pack(a := list_extract({call.args[0].sql}, i + 1), b := list_extract({call.args[1].sql}, i + 1)))"
    return Typed(f"list_transform({pairs}, lambda z: {rest})", array(body.type))


def _map_lambda(kind: str) -> Rule:
    """MAP_FILTER, TRANSFORM_KEYS, TRANSFORM_VALUES: a lambda of key and value."""

    def rule(call: Call) -> Typed:

        key, value = map_types(call)
        body = bind_lambda(call, 1, [key, value])
        names, _, rest = body.sql.removeprefix("lambda ").partition(": ")
        first, second = names.split(", ")
        rest = re.sub(rf"\b{first}\b", "e.key", rest)
        rest = re.sub(rf"\b{second}\b", "e.value", rest)
        entries = f"map_entries({call.args[0].sql})"
        if kind == "filter":
            return Typed(f"map_from_entries(list_filter({entries}, lambda e: {rest}))", call.args[0].type)
        k, v = (rest, "e.value") if kind == "keys" else ("e.key", rest)
        type_ = map_of(body.type, value) if kind == "keys" else map_of(key, body.type)
        return Typed(
            f"map_from_entries(list_transform({entries}, lambda e: struct_pack(key := {k}, value := {v})))", type_
        )

    return rule


collections.scalar(
    "transform(any, lambda) -> any",
    _transform,
    "Each element changed by a lambda of it, or of it and its place from 0.",
    ("transform(array(1, 2), x -> x + 1)", [2, 3]),
    ("transform(array(5, 5), (x, i) -> x + i)", [5, 6]),
)


collections.scalar(
    "filter(any, lambda) -> same",
    _filter,
    "The elements for which the lambda is true.",
    ("filter(array(1, 2, 3), x -> x > 1)", [2, 3]),
)


collections.scalar(
    "any_match(any, lambda) -> boolean",
    _any_match,
    "Whether the lambda is true of one element.",
    ("any_match(array(1, 2), x -> x > 1)", True),
    ("any_match(array(1), x -> x > 1)", False),
)


collections.scalar(
    "all_match(any, lambda) -> boolean",
    _all_match,
    "Whether the lambda is true of every element.",
    ("all_match(array(1, 2), x -> x > 0)", True),
)


collections.scalar(
    "aggregate(any, any, lambda[, lambda]) -> any",
    _aggregate,
    "Elements folded into one value.",
    ("aggregate(array(1, 2, 3), 0L, (s, x) -> s + x)", 6),
    ("aggregate(array(1, 2), 0L, (s, x) -> s + x, s -> s * 10)", 30),
    aliases="reduce array_reduce",
    difference="the elements take the state's type",
)


collections.scalar(
    "zip_with(any, any, lambda) -> any",
    _zip_with,
    "Elements of two ARRAYs at each place, joined by a lambda.",
    ("zip_with(array(1, 2), array(10, 20), (x, y) -> x + y)", [11, 22]),
)


collections.scalar(
    "map_filter(any, lambda) -> same",
    _map_lambda("filter"),
    "Entries for which the lambda is true.",
    ("map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)", {"b": 2}),
)


collections.scalar(
    "transform_keys(any, lambda) -> any",
    _map_lambda("keys"),
    "Keys changed by a lambda.",
    ("transform_keys(map('a', 1), (k, v) -> concat(k, v))", {"a1": 1}),
)


collections.scalar(
    "transform_values(any, lambda) -> any",
    _map_lambda("values"),
    "Values changed by a lambda.",
    ("transform_values(map('a', 1), (k, v) -> v + 1)", {"a": 2}),
)
