"""Every example in the function registry, run."""

from __future__ import annotations

from typing import Any

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
