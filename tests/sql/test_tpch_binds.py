"""The 22 TPC-H queries, as the benchmark has them, bind and run (on empty tables; the benchmark compares rows)."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskhouse.sql.bound import BoundQuery
from tests.sql.house import House

QUERIES = Path(__file__).parents[2] / "benchmarks" / "tpch" / "maxcompute"
MONEY = "decimal(15,2)"
TABLES = {
    "region": "r_regionkey bigint, r_name string, r_comment string",
    "nation": "n_nationkey bigint, n_name string, n_regionkey bigint, n_comment string",
    "supplier": f"s_suppkey bigint, s_name string, s_address string, s_nationkey bigint, s_phone string, s_acctbal {MONEY}, s_comment string",
    "customer": "c_custkey bigint, c_name string, c_address string, c_nationkey bigint, c_phone string, "
    f"c_acctbal {MONEY}, c_mktsegment string, c_comment string",
    "part": "p_partkey bigint, p_name string, p_mfgr string, p_brand string, p_type string, p_size int, p_container string, "
    f"p_retailprice {MONEY}, p_comment string",
    "partsupp": f"ps_partkey bigint, ps_suppkey bigint, ps_availqty int, ps_supplycost {MONEY}, ps_comment string",
    "orders": f"o_orderkey bigint, o_custkey bigint, o_orderstatus string, o_totalprice {MONEY}, o_orderdate date, "
    "o_orderpriority string, o_clerk string, o_shippriority int, o_comment string",
    "lineitem": f"l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber int, l_quantity {MONEY}, "
    f"l_extendedprice {MONEY}, l_discount {MONEY}, l_tax {MONEY}, l_returnflag string, l_linestatus string, l_shipdate date, "
    "l_commitdate date, l_receiptdate date, l_shipinstruct string, l_shipmode string, l_comment string",
}


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    for name, columns in TABLES.items():
        made.table(name, columns)
    return made


@pytest.mark.parametrize("number", range(1, 23))
def test_binds_without_touching_columns(house: House, number: int) -> None:
    bound = house.bind((QUERIES / f"q{number:02}.sql").read_text(encoding="utf-8"))
    assert isinstance(bound, BoundQuery)
    house.run(bound)
    # Filters must reach the scans: nothing converts a column, and every date is a constant.
    assert "mc_" not in bound.sql
    assert "TIMESTAMPTZ" not in bound.sql
