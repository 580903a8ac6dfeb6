"""JSON. A JSON value is kept as its text; text that is no JSON gives NULL."""

from __future__ import annotations

import re
from dataclasses import replace

from taskhouse.domain.datatypes import BOOLEAN, JSON, STRING, TIMES, DataType, Kind, parse_type
from taskhouse.domain.faults import Fault
from taskhouse.sql.backends.duckdb import engine_type, quote_text
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.casts import convert
from taskhouse.sql.functions.json_paths import json_path
from taskhouse.sql.functions.registry import Call, Group
from taskhouse.sql.typed import Typed

json = Group("JSON")

macro(
    "mc_json_wild(j, p) AS CASE WHEN len(json_extract(CASE WHEN json_valid(j) THEN j END, p)) > 0 THEN CAST(to_json(json_extract(CASE WHEN json_valid(j) THEN j END, p)) AS VARCHAR) END"
)
macro("mc_json_part(j, p) AS CAST(json_extract(CASE WHEN json_valid(j) THEN j END, p) AS VARCHAR)")


def _path(call: Call, index: int) -> str | None:
    """A constant path in DuckDB's form, or None when it is no constant."""
    value = call.args[index].value
    return json_path(value) if isinstance(value, str) else None


def _get(call: Call) -> Typed:
    source = call.args[0].sql
    path = _path(call, 1)
    if path is None:
        return Typed(f"mc_json_path({source}, {call.args[1].sql})", STRING)
    if not str(call.args[1].value).startswith("$"):
        return Typed("CAST(NULL AS VARCHAR)", STRING)
    if "*" in path:
        return Typed(f"mc_json_wild({source}, {quote_text(path)})", STRING)
    return Typed(f"mc_json_path({source}, {quote_text(path)})", STRING)


def _extract(call: Call) -> Typed:
    path = _path(call, 1)
    text = quote_text(path) if path is not None else call.args[1].sql
    return Typed(f"mc_json_part({call.args[0].sql}, {text})", JSON)


def _exists(call: Call) -> Typed:
    path = _path(call, 1)
    text = quote_text(path) if path is not None else call.args[1].sql
    return Typed(
        f"(CASE WHEN json_valid({call.args[0].sql}) THEN json_exists({call.args[0].sql}, {text}) END)", BOOLEAN
    )


_WRITTEN_AS_TEXT = TIMES | {Kind.BINARY, Kind.INTERVAL_YEAR_MONTH, Kind.INTERVAL_DAY_TIME}


def _shown_type(type_: DataType) -> DataType:
    """The type with STRING for what JSON has no form of, as DuckDB's own texts of times are not MaxCompute's."""
    if type_.kind in _WRITTEN_AS_TEXT:
        return STRING
    return replace(
        type_,
        key=_shown_type(type_.key) if type_.key is not None else None,
        element=_shown_type(type_.element) if type_.element is not None else None,
        fields=tuple(replace(field, type=_shown_type(field.type)) for field in type_.fields),
    )


def _to_json(call: Call) -> Typed:
    return Typed(f"CAST(to_json({_item(call.args[0], call)}) AS VARCHAR)", STRING)


def _json_array(call: Call) -> Typed:
    return Typed(f"CAST(json_array({', '.join(_item(a, call) for a in call.args)}) AS VARCHAR)", JSON)


def _json_object(call: Call) -> Typed:
    if len(call.args) % 2:
        call.fail("function json_object takes names and values in pairs")
    return Typed(f"CAST(json_object({', '.join(_item(a, call) for a in call.args)}) AS VARCHAR)", JSON)


def _item(typed: Typed, call: Call) -> str:
    if typed.kind is Kind.JSON:
        return f"CAST({typed.sql} AS JSON)"
    shown = convert(typed, _shown_type(typed.type), call.rules)
    return shown.sql if shown is not None else typed.sql


def _schema_type(text: str) -> DataType:
    """The type that FROM_JSON names: `array<bigint>`, or the fields of a STRUCT as columns, `a int, b array<string>`."""
    if re.match(r"\s*(array|map|struct)\s*<", text, re.IGNORECASE):
        return parse_type(text)
    columns, depth = [""], 0
    for c in text:
        depth += (c in "<(") - (c in ">)")
        if c == "," and depth == 0:
            columns.append("")
        else:
            columns[-1] += c
    return parse_type(f"struct<{','.join(re.sub(r'[ :]+', ':', column.strip(), count=1) for column in columns)}>")


def _from_json(call: Call) -> Typed:
    text = call.text(1, "the schema")
    try:
        type_ = _schema_type(text)
    except Fault as fault:
        call.fail(f"function from_json: {fault.message}")
    shape = engine_type(type_)
    return Typed(
        f"TRY_CAST(CAST(CASE WHEN json_valid({call.args[0].sql}) THEN {call.args[0].sql} END AS JSON) AS {shape})",
        type_,
    )


json.scalar(
    "get_json_object(string, string) -> string; get_json_object(json, string) -> string",
    _get,
    "The value at a path `$.a.b[0]`, a text without quotes; `[*]` gives all.",
    ("get_json_object('{\"a\": {\"b\": 5}}', '$.a.b')", "5"),
    ("get_json_object('{\"a\": [1, 2]}', '$.a[1]')", "2"),
    ("get_json_object('{\"a\": \"x\"}', '$.a')", "x"),
    ("get_json_object('no json', '$.a')", None),
    ("get_json_object('{\"a\": 1}', '$.z')", None),
    ("get_json_object('[{\"a\":1},{\"a\":2}]', '$[*].a')", "[1,2]"),
)
json.scalar(
    "json_extract(json, string) -> json; json_extract(string, string) -> json",
    _extract,
    "The JSON at a path.",
    ("json_extract(json_parse('{\"a\": [1]}'), '$.a')", "[1]"),
)
json.scalar(
    "json_exists(json, string) -> boolean; json_exists(string, string) -> boolean",
    _exists,
    "Whether there is something at a path.",
    ("json_exists(json_parse('{\"a\": 1}'), '$.a')", True),
)
json.scalar(
    "json_parse(string) -> json",
    "CAST(json(CASE WHEN json_valid({0}) THEN {0} END) AS VARCHAR)",
    "Text as JSON.",
    ("json_parse('{\"a\" : 1}')", '{"a":1}'),
)
json.scalar("json_format(json) -> string", "{0}", "JSON as text.", ("json_format(json_parse('[1, 2]'))", "[1,2]"))
json.scalar("json_valid(string) -> boolean", "json_valid({0})", "Whether a text is JSON.", ("json_valid('{')", False))
json.scalar(
    "json_type(json) -> string",
    "lower(json_type({0}))",
    "Kind of the JSON value.",
    ("json_type(json_parse('[1]'))", "array"),
)
json.scalar(
    "json_array([any...]) -> json", _json_array, "A JSON array of the values.", ("json_array(1, 'a')", '[1,"a"]')
)
json.scalar(
    "json_object([any...]) -> json",
    _json_object,
    "A JSON object of names and values.",
    ("json_object('a', 1)", '{"a":1}'),
)
json.scalar(
    "to_json(any) -> string",
    _to_json,
    "A value as JSON text.",
    ("to_json(array(1, 2))", "[1,2]"),
    ("to_json(named_struct('a', 1))", '{"a":1}'),
)
json.scalar(
    "from_json(string, string) -> any",
    _from_json,
    "JSON text as a value of a type.",
    ("from_json('{\"a\":1}', 'a int').a", 1),
    ("from_json('[1,2]', 'array<bigint>')", [1, 2]),
    ('from_json(\'{"a":1,"b":["x"]}\', \'a int, b array<string>\').b', ["x"]),
)
json.missing("not part of Taskhouse yet", "json_pretty json_explode")
