"""MAP and STRUCT."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, STRING, Kind, array, map_of, struct
from taskhouse.sql.backends.duckdb import engine_type, quote_text
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.collection_types import collections, common_of, element_of, map_types, packed
from taskhouse.sql.functions.registry import Call, Rule, shown
from taskhouse.sql.typed import Typed

macro(
    "mc_str_to_map(s, p, q) AS CASE WHEN s IS NOT NULL THEN map_from_entries(list_distinct(list_transform(string_split(s, p), "
    "lambda e: struct_pack(k := split_part(e, q, 1), v := CASE WHEN contains(e, q) THEN substr(e, length(split_part(e, q, 1)) + length(q) + 1) END)))) END"
)


def _map(call: Call) -> Typed:
    if len(call.args) % 2:
        call.fail("function map takes keys and values in pairs")
    if not call.args:
        return Typed("CAST(map() AS MAP(VARCHAR, VARCHAR))", map_of(STRING, STRING))
    keys, values = list(range(0, len(call.args), 2)), list(range(1, len(call.args), 2))
    k, v = common_of(call, keys, "keys"), common_of(call, values, "values")
    left = ", ".join(call.to(i, k).sql for i in keys)
    right = ", ".join(call.to(i, v).sql for i in values)
    return Typed(f"CAST(map([{left}], [{right}]) AS {engine_type(map_of(k, v))})", map_of(k, v))


def _struct(call: Call) -> Typed:
    fields = [(f"col{i + 1}", a.type if not a.is_null else STRING) for i, a in enumerate(call.args)]
    return packed(call, fields, [call.to(i, t).sql for i, (_, t) in enumerate(fields)])


def _named_struct(call: Call) -> Typed:
    if len(call.args) % 2 or not call.args:
        call.fail("function named_struct takes names and values in pairs")
    fields, values = [], []
    for i in range(0, len(call.args), 2):
        name = call.text(i, "a field's name").lower()
        value = call.args[i + 1]
        fields.append((name, value.type if not value.is_null else STRING))
        values.append(call.to(i + 1, fields[-1][1]).sql)
    if len({n for n, _ in fields}) != len(fields):
        call.fail("function named_struct: a field stands twice")
    return packed(call, fields, values)


def _size(call: Call) -> Typed:
    value = call.args[0]
    if value.kind is Kind.MAP:
        return Typed(f"CAST(cardinality({value.sql}) AS BIGINT)", BIGINT)
    element_of(call, 0)
    return Typed(f"CAST(len({value.sql}) AS BIGINT)", BIGINT)


def _element_at(call: Call) -> Typed:
    value = call.args[0]
    if value.kind is Kind.MAP:
        key, element = map_types(call)
        return Typed(f"map_extract_value({value.sql}, {call.to(1, key).sql})", element)
    element = element_of(call, 0)
    return Typed(f"list_extract({value.sql}, {call.to(1, BIGINT).sql})", element)


def _map_concat(call: Call) -> Typed:
    wide = call.args[0].type
    for arg in call.args[1:]:
        found = common_type(wide, arg.type)
        if found is None:
            call.fail("function map_concat: the MAPs have different types")
        wide = found
    map_types(call)
    return Typed(f"map_concat({', '.join(call.to(i, wide).sql for i in range(len(call.args)))})", wide)


def _map_part(template: str, what: str) -> Rule:
    def rule(call: Call) -> Typed:
        key, value = map_types(call)
        result = array(key if what == "key" else value)
        if what == "entries":
            result = array(struct(("key", key), ("value", value)))
        return Typed(template.format(call.args[0].sql), result)

    return rule


def _map_from_entries(call: Call) -> Typed:
    element = element_of(call, 0)
    if element.kind is not Kind.STRUCT or len(element.fields) != 2:
        call.fail("function map_from_entries takes an ARRAY of STRUCTs with two fields")
    return Typed(f"map_from_entries({call.args[0].sql})", map_of(element.fields[0].type, element.fields[1].type))


def _map_from_arrays(call: Call) -> Typed:
    return Typed(f"map({call.args[0].sql}, {call.args[1].sql})", map_of(element_of(call, 0), element_of(call, 1)))


collections.scalar("map([any...]) -> any", _map, "A MAP of keys and values.", ("map('a', 1, 'b', 2)", {"a": 1, "b": 2}))


collections.scalar(
    "struct(any...) -> any", _struct, "A STRUCT with the fields col1, col2, ...", ("struct('a', 1).col2", 1)
)


collections.scalar(
    "named_struct(any...) -> any",
    _named_struct,
    "A STRUCT of names and values.",
    ("named_struct('x', 10, 'y', 'b').y", "b"),
)


collections.scalar(
    "size(any) -> bigint",
    _size,
    "Number of elements.",
    ("size(array('a', 'b'))", 2),
    ("size(map('a', 1))", 1),
    aliases="cardinality",
)


collections.scalar(
    "element_at(any, any) -> any",
    _element_at,
    "The element at a place from 1, or of a key.",
    ("element_at(array('a', 'b'), 2)", "b"),
    ("element_at(map('k', 1), 'k')", 1),
)


collections.scalar(
    "index(any, any) -> any",
    lambda call: _index(call),
    "The element at a place from 0, or of a key.",
    ("index(array('a', 'b', 'c'), 2)", "c"),
)


collections.scalar(
    "map_keys(any) -> any", _map_part("map_keys({0})", "key"), "Keys of a MAP.", ("map_keys(map('a', 1))", ["a"])
)


collections.scalar(
    "map_values(any) -> any",
    _map_part("map_values({0})", "value"),
    "Values of a MAP.",
    ("map_values(map('a', 1))", [1]),
)


collections.scalar(
    "map_entries(any) -> any",
    _map_part("map_entries({0})", "entries"),
    "Entries of a MAP as STRUCTs.",
    ("map_entries(map('a', 1))", [{"key": "a", "value": 1}]),
)


collections.scalar(
    "map_concat(any...) -> same",
    _map_concat,
    "MAPs joined; the last value of a key counts.",
    ("map_concat(map('a', 1), map('a', 2))", {"a": 2}),
)


collections.scalar(
    "map_from_entries(any) -> any",
    _map_from_entries,
    "A MAP of STRUCTs of key and value.",
    ("map_from_entries(array(struct('a', 1)))", {"a": 1}),
)


collections.scalar(
    "map_from_arrays(any, any) -> any",
    _map_from_arrays,
    "A MAP of keys and values.",
    ("map_from_arrays(array('a'), array(1))", {"a": 1}),
)


collections.scalar(
    "str_to_map(string[, string, string]) -> map<string,string>",
    lambda call: _str_to_map(call),
    "A MAP of text `k:v,k:v`; other separators can be given.",
    ("str_to_map('a:1,b:2')", {"a": "1", "b": "2"}),
    ("str_to_map('a=1&b=2', '&', '=')", {"a": "1", "b": "2"}),
)


def _index(call: Call) -> Typed:
    value = call.args[0]
    if value.kind is Kind.MAP:
        return _element_at(call)
    return Typed(f"list_extract({value.sql}, {call.to(1, BIGINT).sql} + 1)", element_of(call, 0))


def _str_to_map(call: Call) -> Typed:
    pair = call.args[1].sql if len(call.args) > 1 else "','"
    between = call.args[2].sql if len(call.args) > 2 else "':'"
    return Typed(f"mc_str_to_map({call.args[0].sql}, {pair}, {between})", map_of(STRING, STRING))


def _field(call: Call) -> Typed:
    name = call.text(1, "the field").lower()
    for member in call.args[0].type.fields:
        if member.name == name:
            return Typed(f"struct_extract({call.args[0].sql}, {quote_text(name)})", member.type)
    return call.fail(f"function field: {shown(call.args[0].type)} has no field {name}")


collections.scalar(
    "field(any, string) -> any", _field, "A field of a STRUCT.", ("field(named_struct('x', 10), 'x')", 10)
)
