"""Every type into every other: CAST, INSERT, UNION and comparison either type and run, or are refused by name."""

from __future__ import annotations

import itertools

import duckdb
import pytest

from taskhouse.domain.faults import Fault, FaultCode
from tests.sql.house import House
from tests.sql.test_binder_fuzz import COLUMNS, ROW

PAIRS = list(itertools.product(COLUMNS, COLUMNS))
TIMES = {"da", "dt", "ts", "nt"}
WHOLE = {"ti", "i", "a"}
NUMBERS = WHOLE | {"fl", "c", "d", "ld"}
TEXTS = {"b", "ch", "vc"}


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    made.table("t", ", ".join(f"{n} {t}" for n, t in COLUMNS.items()), ROW)
    for name, type_ in COLUMNS.items():
        made.table(f"to_{name}", f"v {type_}")
    return made


def runs(house: House, text: str) -> bool:
    try:
        house.query(text)
    except Fault as fault:
        assert fault.code is FaultCode.SEMANTIC  # noqa: PT017
        return False
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException):
        return True
    return True


@pytest.mark.parametrize("given", COLUMNS)
def test_cast_and_insert(house: House, given: str) -> None:
    for wanted in COLUMNS:
        cast = runs(house, f"select cast({given} as {COLUMNS[wanted]}) from t")
        insert = runs(house, f"insert into to_{wanted} select {given} from t")
        assert cast or not insert, (given, wanted)
        if given == wanted or (given in NUMBERS | TEXTS and wanted in NUMBERS | TEXTS):
            assert cast
            assert insert
        if given in TIMES | TEXTS and wanted in TIMES | TEXTS:
            assert cast
            assert insert
        if given in NUMBERS and wanted in TIMES:
            assert cast == (given in WHOLE and wanted == "ts")
            assert not insert


@pytest.mark.parametrize("given", COLUMNS)
def test_null_goes_anywhere(house: House, given: str) -> None:
    assert runs(house, f"select cast(null as {COLUMNS[given]})")
    assert house.query(f"insert into to_{given} select null") == [(None,)]


@pytest.mark.parametrize("left", COLUMNS)
def test_union_and_comparison(house: House, left: str) -> None:
    for right in COLUMNS:
        together = runs(house, f"select {left} from t union all select {right} from t")
        assert together == runs(house, f"select coalesce({left}, {right}) from t"), (left, right)
        compared = runs(house, f"select {left} = {right}, {left} in ({right}) from t")
        assert compared == runs(house, f"select {right} = {left} from t"), (left, right)
        if left == right or (left in NUMBERS | TEXTS and right in NUMBERS | TEXTS):
            assert together
            assert compared
