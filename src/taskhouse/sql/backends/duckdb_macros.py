"""Leaf macros of the DuckDB backend: pieces of MaxCompute's meaning that DuckDB has no single function for.

They are inlined by DuckDB's binder, so they cost nothing at run time. A macro never calls an overloaded macro and takes
no lambda, two limits of DuckDB 2.0.
"""

from __future__ import annotations

MACROS: list[str] = [
    "CREATE OR REPLACE MACRO mc_interval_months(i) AS datepart('year', i) * 12 + datepart('month', i)",
]
