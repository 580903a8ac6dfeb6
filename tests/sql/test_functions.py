"""Every example in the function registry, run."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from taskhouse.sql.functions.registry import FUNCTIONS, FunctionKind
from tests.sql.house import House

_ALL = {f.name: f for f in FUNCTIONS.values()}
_CASES = [(text, wanted) for f in _ALL.values() for text, wanted in f.examples]


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.mark.parametrize(("text", "wanted"), _CASES, ids=[c[0] for c in _CASES])
def test_example(house: House, text: str, wanted: Any) -> None:
    value = house.value(text)
    if isinstance(wanted, str) and not isinstance(value, str):
        value = house.value(f"CAST({text} AS STRING)")
    if isinstance(wanted, float):
        assert isinstance(value, float)
        assert value == pytest.approx(wanted, abs=1e-9)
    else:
        assert value == wanted


def test_every_scalar_function_has_an_example() -> None:
    random = {"rand"}
    without = [
        f.name for f in _ALL.values() if not f.examples and f.kind is FunctionKind.SCALAR and f.name not in random
    ]
    assert not [n for n in without if n not in ("cot", "arrays_zip")]


@pytest.mark.parametrize(
    "text",
    [
        "repeat('x', 1000000000)",
        "length(repeat('xy', 9223372036854775807))",
        "space(8388609)",
        "lpad('x', 2000000000, 'y')",
        "rpad('x', 99999999999, 'y')",
        "size(sequence(1, 10000000000))",
        "size(sequence(5000000, 1))",
        "size(sequence(DATE'0001-01-01', DATE'9999-12-31'))",
        "size(array_repeat('x', 1000001))",
    ],
)
def test_no_number_makes_a_value_that_fills_the_memory(house: House, text: str) -> None:
    with pytest.raises(duckdb.Error, match="ODPS-0121095:Invalid argument - the value would be larger than"):
        house.value(text)


def test_the_largest_values_that_numbers_make(house: House) -> None:
    assert house.value("length(repeat('x', 8388608))") == 8_388_608
    assert house.value("size(sequence(1, 1000000))") == 1_000_000
    assert house.value("repeat('', 99999999999)") == ""
