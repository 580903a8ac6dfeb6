"""The functions of MaxCompute SQL, as a registry of data (`registry.FUNCTIONS`); importing this loads all of it."""

from taskhouse.sql.functions import (
    aggregates,
    regex,
    strings,
    tables,
    urls,
)

__all__ = ["aggregates", "regex", "strings", "tables", "urls"]
