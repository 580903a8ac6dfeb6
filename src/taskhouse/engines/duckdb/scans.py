"""Source tables as relations of DuckDB SQL.

Each scan becomes a common table expression that is always inlined, so filters, column lists and partition pruning reach the
Parquet reader as if the query had been written over the files. Columns leave it in engine types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from taskhouse.domain.catalogue import Column, PartitionValues, Table
from taskhouse.domain.datatypes import STRING, Kind
from taskhouse.ports.engine import Scan
from taskhouse.ports.warehouse import DataFile
from taskhouse.sql.backends.duckdb import engine_type, from_stored, identifier, quote_text, stored_engine_type

_PATH_TYPES = frozenset({Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT, Kind.DATE})
"""Types that a partition's folder name may be read as at once, so that comparing them still skips whole files."""


def with_clause(scans: Mapping[str, Scan]) -> str:
    """`WITH "a" AS NOT MATERIALIZED (...), ... `, or nothing when there are no scans."""
    if not scans:
        return ""
    parts = (f"{identifier(name)} AS NOT MATERIALIZED ({relation(scan)})" for name, scan in scans.items())
    return "WITH " + ", ".join(parts) + " "


def relation(scan: Scan) -> str:
    """A SELECT that yields the scan's columns, by name and in engine types."""
    files, table = scan.snapshot.files, scan.snapshot.table
    if not files:
        nulls = (f"CAST(NULL AS {engine_type(c.type)}) AS {identifier(c.name)}" for c in scan.columns)
        return f"SELECT {', '.join(nulls)} WHERE false"
    partition_columns = [c.stored_as for c in table.partition_columns]
    if all(_in_own_folder(f, partition_columns) for f in files):
        return _select(scan, _source(table, scan.columns, files, table.partition_columns), {})
    return " UNION ALL ".join(
        _select(scan, _source(table, scan.columns, group, ()), dict(zip(partition_columns, values, strict=True)))
        for values, group in _by_partition(files).items()
    )


def _select(scan: Scan, source: str, constants: Mapping[str, str]) -> str:
    partition = {c.stored_as for c in scan.snapshot.table.partition_columns}
    items: list[str] = []
    for column in scan.columns:
        name = identifier(column.stored_as)
        if column.stored_as not in partition:
            value = from_stored(name, column.type)
        elif column.stored_as in constants:
            value = f"CAST({quote_text(constants[column.stored_as])} AS {engine_type(column.type)})"
        elif column.type.is_text or column.type.kind in _PATH_TYPES:
            value = name
        else:
            value = f"CAST({name} AS {engine_type(column.type)})"
        items.append(f"{value} AS {identifier(column.name)}")
    return f"SELECT {', '.join(items)} FROM {source}"


def _source(table: Table, wanted: Sequence[Column], files: Sequence[DataFile], in_path: Sequence[Column]) -> str:
    """`read_parquet` over the files; for a table whose files differ in their columns, with every wanted column present.
    `in_path`: partition columns to be read from the files' paths."""
    paths = ", ".join(quote_text(f.path) for f in files)
    options = ["hive_partitioning = false"]
    if in_path:
        types = (f"{identifier(c.stored_as)}: {_path_type(c)}" for c in in_path)
        options = ["hive_partitioning = true", f"hive_types = {{{', '.join(types)}}}"]
    if not table.mixed_files:
        return f"read_parquet([{paths}], {', '.join(options)})"
    options.append("union_by_name = true")
    partition = {c.stored_as for c in table.partition_columns}
    nulls = [
        f"CAST(NULL AS {stored_engine_type(c.type)}) AS {identifier(c.stored_as)}"
        for c in wanted
        if c.stored_as not in partition
    ]
    scan = f"SELECT * FROM read_parquet([{paths}], {', '.join(options)})"
    if not nulls:
        return f"({scan})"
    return f"({scan} UNION ALL BY NAME SELECT {', '.join(nulls)} WHERE false)"


def _path_type(column: Column) -> str:
    return engine_type(column.type) if column.type.kind in _PATH_TYPES else engine_type(STRING)


def _in_own_folder(file: DataFile, columns: Sequence[str]) -> bool:
    """Whether the path itself says the file's partition, in the warehouse's way of writing it."""
    if not columns:
        return True
    folder = "/".join(f"{quote(c, safe='')}={quote(v, safe='')}" for c, v in zip(columns, file.partition, strict=True))
    return file.path.rsplit("/", 1)[0].endswith("/" + folder)


def _by_partition(files: Sequence[DataFile]) -> dict[PartitionValues, list[DataFile]]:
    found: defaultdict[PartitionValues, list[DataFile]] = defaultdict(list)
    for file in files:
        found[file.partition].append(file)
    return dict(found)
