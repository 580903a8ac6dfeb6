"""ARRAY, MAP and STRUCT, with lambdas."""

from __future__ import annotations

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, STRING, VOID, DataType, Kind, array, map_of, struct
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.casts import convert
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.registry import Call, Group, shown
from taskhouse.sql.typed import Typed

collections = Group("arrays, maps and structs")

macro(
    "mc_sort_array(a, up) AS CASE WHEN up THEN list_sort(a, 'ASC', 'NULLS FIRST') ELSE list_sort(a, 'DESC', 'NULLS LAST') END"
)
macro(
    "mc_str_to_map(s, p, q) AS CASE WHEN s IS NOT NULL THEN map_from_entries(list_distinct(list_transform(string_split(s, p), "
    "lambda e: struct_pack(k := split_part(e, q, 1), v := CASE WHEN contains(e, q) THEN substr(e, length(split_part(e, q, 1)) + length(q) + 1) END)))) END"
)
macro("mc_keep_order(a) AS list_filter(a, lambda x, i: list_position(a, x) = i)")


def _element(call: Call, index: int) -> DataType:
    type_ = call.args[index].type
    if type_.kind is not Kind.ARRAY or type_.element is None:
        call.fail(f"function {call.name}: argument {index + 1} must be an ARRAY, not {shown(type_)}")
    return type_.element


def _map_types(call: Call, index: int = 0) -> tuple[DataType, DataType]:
    type_ = call.args[index].type
    if type_.kind is not Kind.MAP or type_.key is None or type_.element is None:
        call.fail(f"function {call.name}: argument {index + 1} must be a MAP, not {shown(type_)}")
    return type_.key, type_.element


def _common(call: Call, indexes: range | list[int], what: str) -> DataType:
    wide = VOID
    for i in indexes:
        found = common_type(wide, call.args[i].type)
        if found is None:
            call.fail(f"function {call.name}: {what} have the types {shown(wide)} and {shown(call.args[i].type)}")
        wide = found
    return wide if wide != VOID else STRING


def _array(call: Call) -> Typed:
    if not call.args:
        return Typed("CAST([] AS VARCHAR[])", array(STRING))
    wide = _common(call, range(len(call.args)), "elements")
    items = ", ".join(call.to(i, wide).sql for i in range(len(call.args)))
    return Typed(f"CAST([{items}] AS {engine_type(wide)}[])", array(wide))


def _map(call: Call) -> Typed:
    if len(call.args) % 2:
        call.fail("function map takes keys and values in pairs")
    if not call.args:
        return Typed("CAST(map() AS MAP(VARCHAR, VARCHAR))", map_of(STRING, STRING))
    keys, values = list(range(0, len(call.args), 2)), list(range(1, len(call.args), 2))
    k, v = _common(call, keys, "keys"), _common(call, values, "values")
    left = ", ".join(call.to(i, k).sql for i in keys)
    right = ", ".join(call.to(i, v).sql for i in values)
    return Typed(f"CAST(map([{left}], [{right}]) AS {engine_type(map_of(k, v))})", map_of(k, v))


def _struct(call: Call) -> Typed:
    fields = [(f"col{i + 1}", a.type if not a.is_null else STRING) for i, a in enumerate(call.args)]
    return _packed(call, fields, [call.to(i, t).sql for i, (_, t) in enumerate(fields)])


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
    return _packed(call, fields, values)


def _packed(call: Call, fields: list[tuple[str, DataType]], values: list[str]) -> Typed:
    type_ = struct(*fields)
    body = ", ".join(f"{identifier(n)} := {v}" for (n, _), v in zip(fields, values, strict=True))
    return Typed(f"CAST(struct_pack({body}) AS {engine_type(type_)})", type_)


def _size(call: Call) -> Typed:
    value = call.args[0]
    if value.kind is Kind.MAP:
        return Typed(f"CAST(cardinality({value.sql}) AS BIGINT)", BIGINT)
    _element(call, 0)
    return Typed(f"CAST(len({value.sql}) AS BIGINT)", BIGINT)


def _sort_array(call: Call) -> Typed:
    element = _element(call, 0)
    value = call.args[0].sql
    if len(call.args) > 1 and 1 not in call.lambdas:
        return Typed(f"mc_sort_array({value}, {call.to(1, BOOLEAN).sql})", array(element))
    if 1 in call.lambdas:
        call.refuse(f"function {call.name} with a comparing lambda is not supported")
    return Typed(f"list_sort({value}, 'ASC', 'NULLS FIRST')", array(element))


def _contains(call: Call) -> Typed:
    element = _element(call, 0)
    wide = common_type(element, call.args[1].type)
    if wide is None:
        call.fail(f"function {call.name}: {shown(call.args[1].type)} cannot be in ARRAY<{shown(element)}>")
    return Typed(f"list_contains({call.to(0, array(wide)).sql}, {call.to(1, wide).sql})", BOOLEAN)


def _position(call: Call) -> Typed:
    element = _element(call, 0)
    value, item = call.args[0].sql, call.to(1, element).sql
    return Typed(
        f"(CASE WHEN {value} IS NOT NULL AND {item} IS NOT NULL THEN coalesce(CAST(list_position({value}, {item}) AS BIGINT), 0) END)",
        BIGINT,
    )


def _pair_of_arrays(template: str, *, boolean: bool = False):  # type: ignore[no-untyped-def]
    def rule(call: Call) -> Typed:
        wide = common_type(call.args[0].type, call.args[1].type)
        if wide is None or wide.kind is not Kind.ARRAY:
            call.fail(f"function {call.name} takes two ARRAYs of one type")
        sql = template.format(call.to(0, wide).sql, call.to(1, wide).sql)
        return Typed(sql, BOOLEAN if boolean else wide)

    return rule


def _one_array(template: str, *, gives_element: bool = False):  # type: ignore[no-untyped-def]
    def rule(call: Call) -> Typed:
        element = _element(call, 0)
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
    return Typed(f"list_transform(range(greatest({count}, 0)), lambda i: {call.to(0, type_).sql})", array(type_))


def _slice(call: Call) -> Typed:
    element = _element(call, 0)
    value, start, count = call.args[0].sql, call.to(1, BIGINT).sql, call.to(2, BIGINT).sql
    first = f"(CASE WHEN {start} < 0 THEN len({value}) + {start} + 1 ELSE {start} END)"
    return Typed(f"list_slice({value}, {first}, {first} + {count} - 1)", array(element))


def _element_at(call: Call) -> Typed:
    value = call.args[0]
    if value.kind is Kind.MAP:
        key, element = _map_types(call)
        return Typed(f"map_extract_value({value.sql}, {call.to(1, key).sql})", element)
    element = _element(call, 0)
    return Typed(f"list_extract({value.sql}, {call.to(1, BIGINT).sql})", element)


def _sequence(call: Call) -> Typed:
    start, end = call.args[0], call.args[1]
    if start.kind is Kind.DATE and end.kind is Kind.DATE:
        step = call.args[2].sql if len(call.args) > 2 else "to_days(1)"
        return Typed(f"CAST(generate_series({start.sql}, {end.sql}, {step}) AS DATE[])", array(start.type))
    a, b = call.to(0, BIGINT).sql, call.to(1, BIGINT).sql
    step = call.to(2, BIGINT).sql if len(call.args) > 2 else f"(CASE WHEN {a} <= {b} THEN 1 ELSE -1 END)"
    return Typed(f"CAST(generate_series({a}, {b}, {step}) AS BIGINT[])", array(BIGINT))


def _flatten(call: Call) -> Typed:
    inner = _element(call, 0)
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
        from taskhouse.sql.backends.duckdb import quote_text

        sql = f"string_split({text}, {quote_text(value[1])})"
    else:
        sql = f"string_split_regex({text}, {pattern.sql})"
    return Typed(sql, array(STRING))


# --- lambdas ----------------------------------------------------------------------------------------------------------


def _lambda(call: Call, index: int, types: list[DataType]) -> Typed:
    given = call.lambdas.get(index)
    if given is None:
        call.fail(f"function {call.name}: argument {index + 1} must be a lambda, x -> ..")
    if given.arity != len(types):
        call.fail(f"function {call.name}: the lambda must have {len(types)} parameter(s), it has {given.arity}")
    return given.bind(types)


def _transform(call: Call) -> Typed:
    element = _element(call, 0)
    given = call.lambdas.get(1)
    if given is not None and given.arity == 2:
        body = given.bind([element, BIGINT])
        # DuckDB counts from 1, MaxCompute from 0.
        names, _, rest = body.sql.removeprefix("lambda ").partition(": ")
        index = names.split(", ")[1]
        return Typed(
            f"list_transform({call.args[0].sql}, lambda {names}: {_shift_index(rest, index)})", array(body.type)
        )
    body = _lambda(call, 1, [element])
    return Typed(f"list_transform({call.args[0].sql}, {body.sql})", array(body.type))


def _shift_index(sql: str, name: str) -> str:
    import re

    return re.sub(rf"\b{name}\b", f"({name} - 1)", sql)


def _filter(call: Call) -> Typed:
    element = _element(call, 0)
    body = _lambda(call, 1, [element])
    return Typed(f"list_filter({call.args[0].sql}, {body.sql})", array(element))


def _any_match(call: Call) -> Typed:
    body = _lambda(call, 1, [_element(call, 0)])
    return Typed(
        f"coalesce(list_bool_or(list_transform({call.args[0].sql}, {body.sql})), CASE WHEN {call.args[0].sql} IS NOT NULL THEN false END)",
        BOOLEAN,
    )


def _all_match(call: Call) -> Typed:
    body = _lambda(call, 1, [_element(call, 0)])
    return Typed(
        f"coalesce(list_bool_and(list_transform({call.args[0].sql}, {body.sql})), CASE WHEN {call.args[0].sql} IS NOT NULL THEN true END)",
        BOOLEAN,
    )


def _aggregate(call: Call) -> Typed:
    """AGGREGATE(array, start, (sum, x) -> e[, sum -> e])."""
    element = _element(call, 0)
    state = call.args[1].type
    merge = _lambda(call, 2, [state, element])
    wide = common_type(state, merge.type) or state
    if wide != state:
        call.args[1] = call.to(1, wide)
        merge = _lambda(call, 2, [wide, element])
    source = convert(Typed("e", element), wide, call.rules)
    if source is None:
        call.refuse("function aggregate: a state of another type than the elements is not supported")
    if element != wide:
        call.args[0] = call.to(0, array(wide))
        merge = _lambda(call, 2, [wide, wide])
    sql = f"list_reduce({call.args[0].sql}, {merge.sql}, CAST({call.args[1].sql} AS {engine_type(wide)}))"
    if 3 in call.lambdas:
        last = _lambda(call, 3, [wide])
        return Typed(f"list_extract(list_transform([{sql}], {last.sql}), 1)", last.type)
    return Typed(sql, wide)


def _zip_with(call: Call) -> Typed:
    a, b = _element(call, 0), _element(call, 1)
    body = _lambda(call, 2, [a, b])
    names, _, rest = body.sql.removeprefix("lambda ").partition(": ")
    first, second = names.split(", ")
    import re

    rest = re.sub(rf"\b{first}\b", "z.a", rest)
    rest = re.sub(rf"\b{second}\b", "z.b", rest)
    pairs = f"list_transform(range(greatest(len({call.args[0].sql}), len({call.args[1].sql}))), lambda i: struct_pack(a := list_extract({call.args[0].sql}, i + 1), b := list_extract({call.args[1].sql}, i + 1)))"
    return Typed(f"list_transform({pairs}, lambda z: {rest})", array(body.type))


def _map_lambda(kind: str):  # type: ignore[no-untyped-def]
    """MAP_FILTER, TRANSFORM_KEYS, TRANSFORM_VALUES: a lambda of key and value."""

    def rule(call: Call) -> Typed:
        import re

        key, value = _map_types(call)
        body = _lambda(call, 1, [key, value])
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


def _map_concat(call: Call) -> Typed:
    wide = call.args[0].type
    for arg in call.args[1:]:
        found = common_type(wide, arg.type)
        if found is None:
            call.fail("function map_concat: the MAPs have different types")
        wide = found
    _map_types(call)
    return Typed(f"map_concat({', '.join(call.to(i, wide).sql for i in range(len(call.args)))})", wide)


def _map_part(template: str, what: str):  # type: ignore[no-untyped-def]
    def rule(call: Call) -> Typed:
        key, value = _map_types(call)
        result = array(key if what == "key" else value)
        if what == "entries":
            result = array(struct(("key", key), ("value", value)))
        return Typed(template.format(call.args[0].sql), result)

    return rule


def _map_from_entries(call: Call) -> Typed:
    element = _element(call, 0)
    if element.kind is not Kind.STRUCT or len(element.fields) != 2:
        call.fail("function map_from_entries takes an ARRAY of STRUCTs with two fields")
    return Typed(f"map_from_entries({call.args[0].sql})", map_of(element.fields[0].type, element.fields[1].type))


def _map_from_arrays(call: Call) -> Typed:
    return Typed(f"map({call.args[0].sql}, {call.args[1].sql})", map_of(_element(call, 0), _element(call, 1)))


def _arrays_zip(call: Call) -> Typed:
    types = [_element(call, i) for i in range(len(call.args))]
    type_ = array(struct(*((str(i), t) for i, t in enumerate(types))))
    return Typed(f"CAST(list_zip({', '.join(a.sql for a in call.args)}) AS {engine_type(type_)})", type_)


add = collections.scalar
add(
    "array([any...]) -> any",
    _array,
    "An ARRAY of the values.",
    ("array(1, 2)", [1, 2]),
    ("array('a', NULL)", ["a", None]),
    ("array(1, 1.5)", [1.0, 1.5]),
)
add("map([any...]) -> any", _map, "A MAP of keys and values.", ("map('a', 1, 'b', 2)", {"a": 1, "b": 2}))
add("struct(any...) -> any", _struct, "A STRUCT with the fields col1, col2, ...", ("struct('a', 1).col2", 1))
add(
    "named_struct(any...) -> any",
    _named_struct,
    "A STRUCT of names and values.",
    ("named_struct('x', 10, 'y', 'b').y", "b"),
)
add(
    "size(any) -> bigint",
    _size,
    "Number of elements.",
    ("size(array('a', 'b'))", 2),
    ("size(map('a', 1))", 1),
    aliases="cardinality",
)
add(
    "split(any, any) -> array<string>",
    _split,
    "Parts between matches of a pattern.",
    ("split('a, b, c', ', ')", ["a", "b", "c"]),
    ("split('a1b2c', '[0-9]')", ["a", "b", "c"]),
    ("split('a|b', '\\\\|')", ["a", "b"]),
)
add(
    "sort_array(any[, any]) -> any",
    _sort_array,
    "Sorted, NULLs first; with false, descending.",
    ("sort_array(array(3, NULL, 1))", [None, 1, 3]),
    ("sort_array(array(1, 3, 2), false)", [3, 2, 1]),
    aliases="array_sort",
)
add(
    "array_contains(any, any) -> boolean",
    _contains,
    "Whether an element is there.",
    ("array_contains(array(1, 2), 2)", True),
    ("array_contains(array('a'), 'b')", False),
)
add(
    "array_position(any, any) -> bigint",
    _position,
    "Place of the first such element from 1, 0 if absent.",
    ("array_position(array('a', 'b'), 'b')", 2),
    ("array_position(array(1), 5)", 0),
)
add(
    "array_distinct(any) -> same",
    _one_array("mc_keep_order({0})"),
    "Without repeats.",
    ("array_distinct(array(3, 1, 3))", [3, 1]),
)
add(
    "array_union(any, any) -> same",
    _pair_of_arrays("mc_keep_order(list_concat({0}, {1}))"),
    "Elements of both without repeats.",
    ("array_union(array(1, 2), array(2, 3))", [1, 2, 3]),
)
add(
    "array_intersect(any, any) -> same",
    _pair_of_arrays("list_filter(mc_keep_order({0}), lambda x: list_contains({1}, x))"),
    "Elements that both have.",
    ("array_intersect(array(1, 2), array(2, 3))", [2]),
)
add(
    "array_except(any, any) -> same",
    _pair_of_arrays("list_filter(mc_keep_order({0}), lambda x: NOT list_contains({1}, x))"),
    "Elements of the first that the second has not.",
    ("array_except(array(1, 2), array(2, 3))", [1]),
)
add(
    "arrays_overlap(any, any) -> boolean",
    _pair_of_arrays("list_has_any({0}, {1})", boolean=True),
    "Whether they share an element.",
    ("arrays_overlap(array(1, 2), array(2))", True),
)
add(
    "array_concat(any, any) -> same",
    _pair_of_arrays("({0} || {1})"),
    "One behind the other.",
    ("array_concat(array(1), array(2))", [1, 2]),
)
add(
    "array_remove(any, any) -> same",
    lambda call: Typed(
        f"list_filter({call.args[0].sql}, lambda x: x IS DISTINCT FROM {call.to(1, _element(call, 0)).sql})",
        call.args[0].type,
    ),
    "Without an element.",
    ("array_remove(array(3, 2, 3), 3)", [2]),
)
add(
    "array_max(any) -> any",
    _one_array("list_max({0})", gives_element=True),
    "Greatest element.",
    ("array_max(array(1, 3, 2))", 3),
)
add(
    "array_min(any) -> any",
    _one_array("list_min({0})", gives_element=True),
    "Smallest element.",
    ("array_min(array(1, 3, 2))", 1),
)
add(
    "array_reverse(any) -> same",
    _one_array("list_reverse({0})"),
    "In reverse order.",
    ("array_reverse(array(1, 2))", [2, 1]),
)
add(
    "array_join(any, any[, any]) -> string",
    _array_join,
    "Elements as one text; NULLs left out or replaced.",
    ("array_join(array(1, NULL, 2), ',')", "1,2"),
    ("array_join(array(1, NULL), ',', '-')", "1,-"),
)
add("array_repeat(any, any) -> any", _array_repeat, "The value n times.", ("array_repeat('a', 2)", ["a", "a"]))
add(
    "slice(any, any, any) -> same",
    _slice,
    "Part of an ARRAY from a place counted from 1.",
    ("slice(array(10, 20, 30), 2, 2)", [20, 30]),
    ("slice(array(10, 20, 30), -2, 1)", [20]),
)
add(
    "element_at(any, any) -> any",
    _element_at,
    "The element at a place from 1, or of a key.",
    ("element_at(array('a', 'b'), 2)", "b"),
    ("element_at(map('k', 1), 'k')", 1),
)
add(
    "index(any, any) -> any",
    lambda call: _index(call),
    "The element at a place from 0, or of a key.",
    ("index(array('a', 'b', 'c'), 2)", "c"),
)
add(
    "sequence(any, any[, any]) -> any",
    _sequence,
    "Numbers or dates from one to another.",
    ("sequence(1, 3)", [1, 2, 3]),
    ("sequence(5, 1, -2)", [5, 3, 1]),
)
add(
    "flatten(any) -> any",
    _flatten,
    "ARRAYs of an ARRAY as one.",
    ("flatten(array(array(1), array(2, 3)))", [1, 2, 3]),
)
add("arrays_zip(any...) -> any", _arrays_zip, "An ARRAY of STRUCTs of the elements at each place.")
add(
    "transform(any, lambda) -> any",
    _transform,
    "Each element changed by a lambda of it, or of it and its place from 0.",
    ("transform(array(1, 2), x -> x + 1)", [2, 3]),
    ("transform(array(5, 5), (x, i) -> x + i)", [5, 6]),
)
add(
    "filter(any, lambda) -> same",
    _filter,
    "The elements for which the lambda is true.",
    ("filter(array(1, 2, 3), x -> x > 1)", [2, 3]),
)
add(
    "any_match(any, lambda) -> boolean",
    _any_match,
    "Whether the lambda is true of one element.",
    ("any_match(array(1, 2), x -> x > 1)", True),
    ("any_match(array(1), x -> x > 1)", False),
)
add(
    "all_match(any, lambda) -> boolean",
    _all_match,
    "Whether the lambda is true of every element.",
    ("all_match(array(1, 2), x -> x > 0)", True),
)
add(
    "aggregate(any, any, lambda[, lambda]) -> any",
    _aggregate,
    "Elements folded into one value.",
    ("aggregate(array(1, 2, 3), 0L, (s, x) -> s + x)", 6),
    ("aggregate(array(1, 2), 0L, (s, x) -> s + x, s -> s * 10)", 30),
    aliases="reduce",
    difference="the elements take the state's type",
)
add(
    "zip_with(any, any, lambda) -> any",
    _zip_with,
    "Elements of two ARRAYs at each place, joined by a lambda.",
    ("zip_with(array(1, 2), array(10, 20), (x, y) -> x + y)", [11, 22]),
)
add("map_keys(any) -> any", _map_part("map_keys({0})", "key"), "Keys of a MAP.", ("map_keys(map('a', 1))", ["a"]))
add(
    "map_values(any) -> any",
    _map_part("map_values({0})", "value"),
    "Values of a MAP.",
    ("map_values(map('a', 1))", [1]),
)
add(
    "map_entries(any) -> any",
    _map_part("map_entries({0})", "entries"),
    "Entries of a MAP as STRUCTs.",
    ("map_entries(map('a', 1))", [{"key": "a", "value": 1}]),
)
add(
    "map_concat(any...) -> same",
    _map_concat,
    "MAPs joined; the last value of a key counts.",
    ("map_concat(map('a', 1), map('a', 2))", {"a": 2}),
)
add(
    "map_from_entries(any) -> any",
    _map_from_entries,
    "A MAP of STRUCTs of key and value.",
    ("map_from_entries(array(struct('a', 1)))", {"a": 1}),
)
add(
    "map_from_arrays(any, any) -> any",
    _map_from_arrays,
    "A MAP of keys and values.",
    ("map_from_arrays(array('a'), array(1))", {"a": 1}),
)
add(
    "map_filter(any, lambda) -> same",
    _map_lambda("filter"),
    "Entries for which the lambda is true.",
    ("map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)", {"b": 2}),
)
add(
    "transform_keys(any, lambda) -> any",
    _map_lambda("keys"),
    "Keys changed by a lambda.",
    ("transform_keys(map('a', 1), (k, v) -> concat(k, v))", {"a1": 1}),
)
add(
    "transform_values(any, lambda) -> any",
    _map_lambda("values"),
    "Values changed by a lambda.",
    ("transform_values(map('a', 1), (k, v) -> v + 1)", {"a": 2}),
)
add(
    "str_to_map(string[, string, string]) -> map<string,string>",
    lambda call: _str_to_map(call),
    "A MAP of text `k:v,k:v`; other separators can be given.",
    ("str_to_map('a:1,b:2')", {"a": "1", "b": "2"}),
    ("str_to_map('a=1&b=2', '&', '=')", {"a": "1", "b": "2"}),
)
collections.missing(
    "not part of Taskhouse yet",
    "combinations ngrams array_normalize multimap_from_entries map_zip_with shuffle array_reduce field",
)


def _index(call: Call) -> Typed:
    value = call.args[0]
    if value.kind is Kind.MAP:
        return _element_at(call)
    return Typed(f"list_extract({value.sql}, {call.to(1, BIGINT).sql} + 1)", _element(call, 0))


def _str_to_map(call: Call) -> Typed:
    pair = call.args[1].sql if len(call.args) > 1 else "','"
    between = call.args[2].sql if len(call.args) > 2 else "':'"
    return Typed(f"mc_str_to_map({call.args[0].sql}, {pair}, {between})", map_of(STRING, STRING))
