"""What the functions of arrays, maps and structs share: reading their arguments' types."""

from __future__ import annotations

from taskhouse.domain.datatypes import STRING, VOID, DataType, Kind, struct
from taskhouse.sql.backends.duckdb import engine_type, identifier
from taskhouse.sql.coercion import common_type
from taskhouse.sql.functions.registry import Call, Group, shown
from taskhouse.sql.typed import Typed

collections = Group("arrays, maps and structs")


def element_of(call: Call, index: int) -> DataType:
    type_ = call.args[index].type
    if type_.kind is not Kind.ARRAY or type_.element is None:
        call.fail(f"function {call.name}: argument {index + 1} must be an ARRAY, not {shown(type_)}")
    return type_.element


def map_types(call: Call, index: int = 0) -> tuple[DataType, DataType]:
    type_ = call.args[index].type
    if type_.kind is not Kind.MAP or type_.key is None or type_.element is None:
        call.fail(f"function {call.name}: argument {index + 1} must be a MAP, not {shown(type_)}")
    return type_.key, type_.element


def common_of(call: Call, indexes: range | list[int], what: str) -> DataType:
    wide = VOID
    for i in indexes:
        found = common_type(wide, call.args[i].type)
        if found is None:
            call.fail(f"function {call.name}: {what} have the types {shown(wide)} and {shown(call.args[i].type)}")
        wide = found
    return wide if wide != VOID else STRING


def packed(call: Call, fields: list[tuple[str, DataType]], values: list[str]) -> Typed:
    type_ = struct(*fields)
    body = ", ".join(f"{identifier(n)} := {v}" for (n, _), v in zip(fields, values, strict=True))
    return Typed(f"CAST(struct_pack({body}) AS {engine_type(type_)})", type_)


def bind_lambda(call: Call, index: int, types: list[DataType]) -> Typed:
    given = call.lambdas.get(index)
    if given is None:
        call.fail(f"function {call.name}: argument {index + 1} must be a lambda, x -> ..")
    if given.arity != len(types):
        call.fail(f"function {call.name}: the lambda must have {len(types)} parameter(s), it has {given.arity}")
    return given.bind(types)
