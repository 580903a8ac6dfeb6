"""The functions of MaxCompute SQL, as a registry of data (`registry.FUNCTIONS`); importing this loads all of it."""

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
    "regex",
    "strings",
    "tables",
    "urls",
    "windows",
]
