"""The 22 TPC-H queries, in MaxCompute SQL through the client and in DuckDB SQL over the very same Parquet files.

Data comes from `tpchgen-cli` and goes in through the tunnel. Results are compared row by row: text and dates exactly, numbers to six digits
(the two dialects average and divide decimals in different types).
"""

from benchmarks.tpch.compare import run

__all__ = ["run"]
