"""The stored form: how a value of each MaxCompute type looks in Arrow and Parquet inside Taskhouse.

One form is used everywhere that bytes rest or move between rooms: in the tables' Parquet files, in result files, and
in staged tunnel blocks. The engine converts to and from its own types at its borders; the tunnel converts to and
from the client's wire forms at its own. See docs/adr/0003-stored-form.md.

| MaxCompute | stored form | why |
|---|---|---|
| TINYINT .. BIGINT, FLOAT, DOUBLE, BOOLEAN, DATE, BINARY | int8 .. int64, float32, float64, bool, date32, binary | native |
| DECIMAL(p,s) | decimal128(p,s); the legacy (54,18) as decimal128(38,18) | Delta and DuckDB end at 38 digits |
| STRING, CHAR, VARCHAR, JSON | utf8; bytes that are not UTF-8 as private characters | see `domain.raw_text` |
| DATETIME | timestamp[us, UTC], whole milliseconds | an instant; Delta's timestamp |
| TIMESTAMP, TIMESTAMP_NTZ | int64: nanoseconds since 1970-01-01 (UTC, or as if it were UTC) | Delta ends at microseconds |
| INTERVAL_YEAR_MONTH, INTERVAL_DAY_TIME | int32 months, int64 nanoseconds | Delta has no intervals |
| ARRAY, MAP, STRUCT | list, map, struct of stored forms | native |
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import LEGACY_DECIMAL, DataType, Kind

_PLAIN: dict[Kind, pa.DataType] = {
    Kind.TINYINT: pa.int8(),
    Kind.SMALLINT: pa.int16(),
    Kind.INT: pa.int32(),
    Kind.BIGINT: pa.int64(),
    Kind.FLOAT: pa.float32(),
    Kind.DOUBLE: pa.float64(),
    Kind.STRING: pa.utf8(),
    Kind.CHAR: pa.utf8(),
    Kind.VARCHAR: pa.utf8(),
    Kind.JSON: pa.utf8(),
    Kind.BINARY: pa.binary(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("us", tz="UTC"),
    Kind.TIMESTAMP: pa.int64(),
    Kind.TIMESTAMP_NTZ: pa.int64(),
    Kind.INTERVAL_YEAR_MONTH: pa.int32(),
    Kind.INTERVAL_DAY_TIME: pa.int64(),
    Kind.VOID: pa.utf8(),
}


def stored_type(type_: DataType) -> pa.DataType:
    """The Arrow type of the stored form of `type_`."""
    match type_.kind:
        case Kind.DECIMAL:
            if type_ == LEGACY_DECIMAL:
                return pa.decimal128(38, 18)
            return pa.decimal128(type_.precision, type_.scale)
        case Kind.ARRAY:
            assert type_.element is not None
            return pa.list_(stored_type(type_.element))
        case Kind.MAP:
            assert type_.key is not None and type_.element is not None
            return pa.map_(stored_type(type_.key), stored_type(type_.element))
        case Kind.STRUCT:
            return pa.struct([pa.field(f.name, stored_type(f.type)) for f in type_.fields])
        case kind:
            return _PLAIN[kind]


def stored_schema(columns: Iterable[tuple[str, DataType]]) -> pa.Schema:
    """Schema of a result file or data file: every field nullable, the type's text kept in field metadata `taskhouse.type`."""
    return pa.schema([pa.field(name, stored_type(t), metadata={"taskhouse.type": str(t)}) for name, t in columns])


def table_schema(columns: Iterable[Column]) -> pa.Schema:
    """`stored_schema` of a table's columns under their physical names."""
    return stored_schema((c.stored_as, c.type) for c in columns)
