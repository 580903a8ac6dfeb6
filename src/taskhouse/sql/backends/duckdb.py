"""The DuckDB backend: engine types, the stored form's conversions, quoting, and the leaf macros bound SQL may use.

Engine types are what expressions have while DuckDB works on them; the stored form (`sql.arrow`) is what rests in files.
| MaxCompute | engine type |
|---|---|
| integers, FLOAT, DOUBLE, BOOLEAN, DATE, DECIMAL(p,s) | the DuckDB type of the same meaning |
| legacy DECIMAL | DECIMAL(38,18) |
| STRING, CHAR, VARCHAR, JSON | VARCHAR |
| BINARY | BLOB |
| DATETIME | TIMESTAMPTZ |
| TIMESTAMP, TIMESTAMP_NTZ | TIMESTAMPTZ_NS, TIMESTAMP_NS |
| INTERVAL_YEAR_MONTH, INTERVAL_DAY_TIME | INTEGER months, BIGINT nanoseconds: as at rest, since DuckDB's INTERVAL ends at microseconds |
| ARRAY, MAP, STRUCT | LIST, MAP, STRUCT of engine types |
"""

from __future__ import annotations

from taskhouse.domain.datatypes import LEGACY_DECIMAL, DataType, Kind

__all__ = [
    "engine_type",
    "from_stored",
    "identifier",
    "is_decimal_overflow",
    "quote_text",
    "to_stored",
]

_PLAIN: dict[Kind, str] = {
    Kind.TINYINT: "TINYINT",
    Kind.SMALLINT: "SMALLINT",
    Kind.INT: "INTEGER",
    Kind.BIGINT: "BIGINT",
    Kind.FLOAT: "FLOAT",
    Kind.DOUBLE: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.CHAR: "VARCHAR",
    Kind.VARCHAR: "VARCHAR",
    Kind.JSON: "VARCHAR",
    Kind.VOID: "VARCHAR",
    Kind.BINARY: "BLOB",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.DATETIME: "TIMESTAMPTZ",
    Kind.TIMESTAMP: "TIMESTAMPTZ_NS",
    Kind.TIMESTAMP_NTZ: "TIMESTAMP_NS",
    Kind.INTERVAL_YEAR_MONTH: "INTEGER",
    Kind.INTERVAL_DAY_TIME: "BIGINT",
}

_RESTING: dict[Kind, str] = {
    Kind.TIMESTAMP: "BIGINT",
    Kind.TIMESTAMP_NTZ: "BIGINT",
}
"""DuckDB types of the stored form, where they differ from the engine type."""


def identifier(name: str) -> str:
    """A name as a DuckDB identifier; always quoted, so no name can be read as anything else."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text as a DuckDB literal. NUL cannot stand in a DuckDB statement's text, so it becomes `chr(0)`."""
    quoted = "'" + text.replace("'", "''") + "'"
    if "\0" in quoted:
        return "(" + quoted.replace("\0", "' || chr(0) || '") + ")"
    return quoted


def engine_type(type_: DataType) -> str:
    """The DuckDB type that a value of this type has inside bound SQL."""
    return _type_text(type_, {})


def stored_engine_type(type_: DataType) -> str:
    """The DuckDB type with which the stored form of this type is read and written."""
    return _type_text(type_, _RESTING)


def _type_text(type_: DataType, override: dict[Kind, str]) -> str:
    match type_.kind:
        case Kind.DECIMAL:
            if type_ == LEGACY_DECIMAL:
                return "DECIMAL(38,18)"
            return f"DECIMAL({type_.precision},{type_.scale})"
        case Kind.ARRAY:
            assert type_.element is not None
            return _type_text(type_.element, override) + "[]"
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            return f"MAP({_type_text(type_.key, override)}, {_type_text(type_.element, override)})"
        case Kind.STRUCT:
            inner = ", ".join(f"{identifier(f.name)} {_type_text(f.type, override)}" for f in type_.fields)
            return f"STRUCT({inner})"
        case kind:
            return override.get(kind) or _PLAIN[kind]


def needs_conversion(type_: DataType) -> bool:
    """Whether the stored form of this type differs from its engine form."""
    match type_.kind:
        case Kind.ARRAY:
            assert type_.element is not None
            return needs_conversion(type_.element)
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            return needs_conversion(type_.key) or needs_conversion(type_.element)
        case Kind.STRUCT:
            return any(needs_conversion(f.type) for f in type_.fields)
        case kind:
            return kind in _RESTING


def to_stored(sql: str, type_: DataType) -> str:
    """An expression of engine type as its stored form. Gives `sql` back unchanged where the two are the same."""
    return _convert(sql, type_, _LEAVES_TO_STORED, 0)


def from_stored(sql: str, type_: DataType) -> str:
    """An expression in stored form as its engine type. Gives `sql` back unchanged where the two are the same."""
    return _convert(sql, type_, _LEAVES_FROM_STORED, 0)


_LEAVES_TO_STORED: dict[Kind, str] = {
    Kind.TIMESTAMP: "epoch_ns({0})",
    Kind.TIMESTAMP_NTZ: "epoch_ns({0})",
}
_LEAVES_FROM_STORED: dict[Kind, str] = {
    Kind.TIMESTAMP: "timezone('UTC', make_timestamp_ns({0}))",
    Kind.TIMESTAMP_NTZ: "make_timestamp_ns({0})",
}


def _convert(sql: str, type_: DataType, leaves: dict[Kind, str], depth: int) -> str:
    if not needs_conversion(type_):
        return sql
    name = f"v{depth}"
    match type_.kind:
        case Kind.ARRAY:
            assert type_.element is not None
            return f"list_transform({sql}, lambda {name}: {_convert(name, type_.element, leaves, depth + 1)})"
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            key = _convert(f"{name}.key", type_.key, leaves, depth + 1)
            value = _convert(f"{name}.value", type_.element, leaves, depth + 1)
            entry = f"struct_pack(key := {key}, value := {value})"
            return f"map_from_entries(list_transform(map_entries({sql}), lambda {name}: {entry}))"
        case Kind.STRUCT:
            # A one-element list gives the struct a name, so that `sql` is evaluated once however many fields it has.
            fields = ", ".join(
                f"{identifier(f.name)} := "
                + _convert(f"struct_extract({name}, {quote_text(f.name)})", f.type, leaves, depth + 1)
                for f in type_.fields
            )
            pack = f"CASE WHEN {name} IS NULL THEN NULL ELSE struct_pack({fields}) END"
            return f"list_transform([{sql}], lambda {name}: {pack})[1]"
        case kind:
            return leaves[kind].replace("{0}", sql)


def is_decimal_overflow(message: str) -> bool:
    """Whether an engine error says that a product or sum of narrow decimals left its 18 digits; see `BindContext.wide_decimals`."""
    return "Overflow in " in message and "DECIMAL" in message
