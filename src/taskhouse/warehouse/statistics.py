"""Delta's file statistics, from the footer of a Parquet file.

Used for files whose writer gave none (blocks that came through the tunnel, files linked under another partition).
Texts are cut as Delta does: a minimum to its first 32 characters, a maximum too long to cut is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq

_TEXT_PREFIX = 32
_INDEXED_COLUMNS = 32
"""Columns from the left that get minimum and maximum, Delta's usual number."""


def file_statistics(path: str) -> dict[str, object]:
    """`numRecords`, `minValues`, `maxValues`, `nullCount` of one file; nested columns are left out."""
    meta = pq.read_metadata(path)
    lows: dict[str, Any] = {}
    highs: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for index in range(min(meta.num_columns, _INDEXED_COLUMNS)):
        column = meta.schema.column(index)
        if column.max_repetition_level or "." in column.path:
            continue
        spans = [meta.row_group(g).column(index).statistics for g in range(meta.num_row_groups)]
        if any(s is None or not s.has_null_count for s in spans):
            continue
        nulls[column.path] = sum(s.null_count for s in spans)
        bounded = [s for s in spans if s.has_min_max]
        if not bounded or any(not s.has_min_max and s.num_values for s in spans):
            continue
        low, high = plain(min(s.min for s in bounded)), plain(max(s.max for s in bounded), upper=True)
        if low is not None:
            lows[column.path] = low
        if high is not None:
            highs[column.path] = high
    return statistics(meta.num_rows, lows, highs, nulls)


def statistics(
    rows: int, lows: Mapping[str, object], highs: Mapping[str, object], nulls: Mapping[str, int]
) -> dict[str, object]:
    return {"numRecords": rows, "minValues": dict(lows), "maxValues": dict(highs), "nullCount": dict(nulls)}


def plain(value: object, *, upper: bool = False) -> object:
    """A bound as JSON holds it in a Delta log, or None when it cannot be a bound there."""
    match value:
        case bool():
            return value
        case int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            if len(value) <= _TEXT_PREFIX:
                return value
            return None if upper else value[:_TEXT_PREFIX]
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if value.microsecond % 1000 == 0 else None
        case date():
            return value.isoformat()
        case Decimal():
            return float(value) if value == Decimal(str(float(value))) else None
        case _:
            return None
