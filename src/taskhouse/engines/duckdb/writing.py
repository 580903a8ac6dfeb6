"""Rows of a query into Parquet files in the stored form, with the statistics that a table's log keeps of them.

A write to one partition is one file, or several when rows are many. A dynamic write is a folder per partition, made by DuckDB itself, which
also reports each file's rows, size, partition and the bounds of its columns, so no file is opened again.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from taskhouse.domain.catalogue import Column, PartitionValues
from taskhouse.domain.datatypes import INTEGERS, DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.engine import EngineQuery, WriteTarget
from taskhouse.ports.warehouse import DataFile
from taskhouse.sql.backends.duckdb import identifier, quote_text, to_stored

_FILE_BYTES = 512 * 1024 * 1024
_ROW_GROUP_ROWS = 122_880
_TEXT_PREFIX = 32
_INDEXED_COLUMNS = 32
_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
_FLUSHERS = 8


def copy_statement(query: EngineQuery, target: WriteTarget, with_clause: str) -> str:
    """The COPY that runs the query. Columns get their physical names; trailing ones are the dynamic partition columns."""
    dynamic = dynamic_columns(target)
    names = [c.stored_as for c in (*target.columns, *dynamic)]
    if len(names) != len(query.columns):
        raise ValueError(f"the query yields {len(query.columns)} columns, the table takes {len(names)}")
    inner = ", ".join(f"c{n}" for n in range(len(names)))
    items = [
        f"{to_stored(f'c{n}', column.type)} AS {identifier(column.stored_as)}"
        for n, column in enumerate(target.columns)
    ]
    items += [
        f"CAST(c{n} AS VARCHAR) AS {identifier(column.stored_as)}"
        for n, column in enumerate(dynamic, start=len(target.columns))
    ]
    options = ["FORMAT parquet", "COMPRESSION zstd", f"ROW_GROUP_SIZE {_ROW_GROUP_ROWS}", "RETURN_STATS"]
    if dynamic:
        options.append("PARTITION_BY (" + ", ".join(identifier(c.stored_as) for c in dynamic) + ")")
    else:
        options.append(f"FILE_SIZE_BYTES {_FILE_BYTES}")
    select = f"{with_clause}SELECT {', '.join(items)} FROM ({query.sql}) AS q({inner})"
    return f"COPY ({select}) TO {quote_text(target.folder)} ({', '.join(options)})"


def dynamic_columns(target: WriteTarget) -> tuple[Column, ...]:
    return target.partition_columns[len(target.static_partition) :]


def written_files(connection: duckdb.DuckDBPyConnection, target: WriteTarget) -> tuple[DataFile, ...]:
    """The files that the COPY just run on this connection reports, flushed to disk. Files without rows are deleted.

    Raises `Fault`: Partition exception for a NULL or empty dynamic value; too many partitions.
    """
    dynamic = [c.stored_as for c in dynamic_columns(target)]
    types = {c.stored_as: c.type for c in target.columns[:_INDEXED_COLUMNS]}
    files: list[DataFile] = []
    for path, rows, size, _footer, bounds, keys, *_ in connection.fetchall():
        if not rows:
            os.unlink(path)
            continue
        values = tuple(_partition_value(name, keys[name]) for name in dynamic)
        partition: PartitionValues = (*target.static_partition, *values)
        files.append(DataFile(path, rows, size, partition, _statistics(rows, bounds, types)))
    partitions = len({f.partition for f in files})
    if partitions > target.max_partitions:
        raise Fault(
            FaultCode.INVALID_PARTITION,
            f"Partition exception - {partitions} dynamic partitions in one statement, at most {target.max_partitions}",
        )
    _flush([f.path for f in files])
    return tuple(files)


def _partition_value(column: str, value: str | None) -> str:
    if value is None or value in ("", _NULL_FOLDER):
        shown = "NULL" if value is None else f"'{value}'"
        raise Fault(
            FaultCode.INVALID_PARTITION,
            f"Partition exception - a value of dynamic partition column {column} is {shown}",
        )
    return value


def _statistics(rows: int, bounds: Mapping[str, Mapping[str, str]], types: Mapping[str, DataType]) -> dict[str, object]:
    """Delta's statistics out of DuckDB's, which are texts; nested columns are left out."""
    lows: dict[str, object] = {}
    highs: dict[str, object] = {}
    nulls: dict[str, int] = {}
    for quoted, found in bounds.items():
        name = quoted[1:-1].replace('""', '"')
        type_ = types.get(name)
        if type_ is None or type_.is_complex or "null_count" not in found:
            continue
        nulls[name] = int(found["null_count"])
        low, high = bound(found.get("min"), type_, upper=False), bound(found.get("max"), type_, upper=True)
        if low is not None and found.get("min_is_exact", "true") == "true":
            lows[name] = low
        if high is not None and found.get("max_is_exact", "true") == "true":
            highs[name] = high
    return {"numRecords": rows, "minValues": lows, "maxValues": highs, "nullCount": nulls}


def bound(text: str | None, type_: DataType, *, upper: bool) -> Any:
    """A bound as JSON holds it in a Delta log, or None when the text cannot be one. A text that is too long is cut for a minimum
    and left out for a maximum."""
    if text is None:
        return None
    match type_.kind:
        case kind if kind in INTEGERS or kind in (Kind.TIMESTAMP, Kind.TIMESTAMP_NTZ):
            return int(text) if text.lstrip("-").isdecimal() else None
        case Kind.FLOAT | Kind.DOUBLE:
            value = float(text)
            return value if math.isfinite(value) else None
        case Kind.DECIMAL:
            try:
                exact = Decimal(text)
            except InvalidOperation:
                return None
            return float(exact) if Decimal(str(float(exact))) == exact else None
        case Kind.STRING | Kind.CHAR | Kind.VARCHAR | Kind.JSON:
            if len(text) <= _TEXT_PREFIX:
                return text
            return None if upper else text[:_TEXT_PREFIX]
        case Kind.DATE:
            return text
        case _:
            return None


def _flush(paths: Sequence[str]) -> None:
    if len(paths) < _FLUSHERS:
        for path in paths:
            _flush_one(path)
        return
    with ThreadPoolExecutor(_FLUSHERS, thread_name_prefix="flush") as pool:
        for _ in pool.map(_flush_one, paths):
            pass


def _flush_one(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
