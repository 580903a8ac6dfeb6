"""The functions of MaxCompute SQL, as a registry of data (`registry.FUNCTIONS`); importing this loads all of it."""

from typing import Any

from taskhouse.sql.backends.duckdb_macros import MACROS
from taskhouse.sql.functions import (
    aggregates,
    arrays,
    clocks,
    conditional,
    dates,
    intervals,
    json,
    lambdas,
    maps,
    math,
    other,
    regex,
    strings,
    tables,
    urls,
    windows,
)

__all__ = [
    "aggregates",
    "arrays",
    "clocks",
    "conditional",
    "dates",
    "intervals",
    "json",
    "lambdas",
    "maps",
    "math",
    "other",
    "prepare",
    "regex",
    "strings",
    "tables",
    "urls",
    "windows",
]


def prepare(connection: Any) -> None:
    """Create the leaf macros of all functions in the connection's database. Done once per database, before it is locked; repeating is
    harmless."""
    for statement in MACROS:
        connection.execute(statement)
