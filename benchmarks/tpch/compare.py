"""Load, run, compare, print."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

HERE = Path(__file__).parent
QUERIES = range(1, 23)
AIM = 1.15
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
HINTS = {
    "odps.sql.validate.orderby.limit": "false",
    "odps.sql.type.system.odps2": "true",
    "odps.sql.decimal.odps2": "true",
}
RELATIVE = 1e-6
ABSOLUTE = 1e-6
"""MaxCompute's average and quotient of decimals have six digits after the point."""


def run(client: Any, home: Path, folder: Path, scale: float, rounds: int) -> None:
    """Print one line a query and the total. Raises `SystemExit` when a result differs."""
    _generate(folder, scale)
    began = time.perf_counter()
    for name in TABLES:
        _load(client, name, folder / f"{name}.parquet")
    print(f"\nTPC-H at scale {scale:g}; loaded through the tunnel in {time.perf_counter() - began:.1f} s")
    bare = _duckdb(home)
    print("query   rows   DuckDB s   Taskhouse s   ratio   result")
    total_bare = total_served = 0.0
    wrong = []
    for number in QUERIES:
        bare_s, expected = _time_bare(bare, _text("duckdb", number), rounds)
        served_s, found = _time_served(client, _text("maxcompute", number), rounds)
        total_bare, total_served = total_bare + bare_s, total_served + served_s
        trouble = difference(expected, found)
        if trouble:
            wrong.append(number)
        verdict = trouble or "same"
        print(f"{number:5} {len(expected):6} {bare_s:10.3f} {served_s:13.3f} {served_s / bare_s:7.2f}   {verdict}")
    print(f"total        {total_bare:10.3f} {total_served:13.3f} {total_served / total_bare:7.2f}   aim: at most {AIM}")
    if wrong:
        raise SystemExit(f"results differ: {wrong}")


def _text(dialect: str, number: int) -> str:
    return (HERE / dialect / f"q{number:02d}.sql").read_text(encoding="utf-8").strip().rstrip(";")


def _generate(folder: Path, scale: float) -> None:
    if not all((folder / f"{name}.parquet").exists() for name in TABLES):
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(Path(sys.executable).parent / "tpchgen-cli"),
            "parquet",
            "-s",
            f"{scale:g}",
            f"--output-dir={folder}",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


_TYPES = {pa.int64(): "bigint", pa.int32(): "int", pa.date32(): "date"}


def _type(type_: pa.DataType) -> str:
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    return _TYPES.get(type_, "string")


def _load(client: Any, name: str, path: Path) -> None:
    from odps.tunnel import TableTunnel

    file = pyarrow.parquet.ParquetFile(path)
    columns = [(field.name, _type(field.type)) for field in file.schema_arrow]
    client.execute_sql(f"drop table if exists {name}")
    client.execute_sql(f"create table {name} ({', '.join(f'{n} {t}' for n, t in columns)})", hints=HINTS)
    session = TableTunnel(client).create_upload_session(name)
    wanted = pa.schema(
        [
            pa.field(f.name, pa.string() if t == "string" else f.type)
            for f, (_, t) in zip(file.schema_arrow, columns, strict=True)
        ]
    )
    with session.open_arrow_writer(0) as writer:
        for batch in file.iter_batches(65_536):
            writer.write(
                pa.RecordBatch.from_arrays(
                    [a.cast(f.type) for a, f in zip(batch.columns, wanted, strict=True)], schema=wanted
                )
            )
    session.commit([0])


def _duckdb(home: Path) -> Any:
    """DuckDB with a view on each table's live files, read from the tables' logs."""
    import duckdb
    from deltalake import DeltaTable

    connection = duckdb.connect()
    for log in (home / "warehouse").rglob("_delta_log"):
        table = DeltaTable(str(log.parent))
        names = [field.name for field in table.schema().fields]
        found = next((t for t in TABLES if f"{_PREFIX[t]}_comment" in names), None)
        if found is not None:
            files = json.dumps(list(table.file_uris())).replace('"', "'")
            connection.execute(f"create view {found} as select * from read_parquet({files})")
    return connection


_PREFIX = {
    "region": "r", "nation": "n", "supplier": "s", "customer": "c", "part": "p", "partsupp": "ps", "orders": "o", "lineitem": "l",
}  # fmt: skip

Rows = list[tuple[Any, ...]]


def _time_bare(connection: Any, text: str, rounds: int) -> tuple[float, Rows]:
    best, rows = math.inf, []
    for _ in range(rounds):
        began = time.perf_counter()
        table = connection.sql(text).to_arrow_table()
        best = min(best, time.perf_counter() - began)
        rows = _rows(table)
    return best, rows


def _time_served(client: Any, text: str, rounds: int) -> tuple[float, Rows]:
    best, instance = math.inf, None
    for _ in range(rounds):
        began = time.perf_counter()
        instance = client.execute_sql(text, hints=HINTS)
        best = min(best, time.perf_counter() - began)
    assert instance is not None
    with instance.open_reader(tunnel=True, arrow=True) as reader:
        return best, _rows(reader.read_all() if hasattr(reader, "read_all") else pa.Table.from_batches(list(reader)))


def _rows(table: pa.Table) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_columns else []


def difference(expected: Rows, found: Rows) -> str:
    """Empty when the rows are the same; else what differs first."""
    if len(expected) != len(found):
        return f"{len(expected)} rows expected, {len(found)} found"
    for number, (left, right) in enumerate(zip(expected, found, strict=True), 1):
        if len(left) != len(right) or not all(_same(a, b) for a, b in zip(left, right, strict=True)):
            return f"row {number}: {_shown(left)} expected, {_shown(right)} found"
    return ""


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str | date) or left is None:
        return bool(left == right)
    if right is None or not isinstance(right, int | float | Decimal):
        return False
    return math.isclose(float(left), float(right), rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _shown(row: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in row)[:120]
