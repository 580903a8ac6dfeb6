"""Values from outside become values of a column, or are refused by name; and leave again as they came."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.catalogue import Column
from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault
from taskhouse.services.transfer.conversion import from_stored, to_stored

ZONE = "Asia/Shanghai"


def stored(values: pa.Array, type_: str) -> list[Any]:
    return to_stored(values, Column("c", parse_type(type_)), ZONE, 1).to_pylist()


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "type_", "expected"),
    [
        (["1", " -2 ", None], "bigint", [1, -2, None]),
        (["0.5", "1e3", "nan"], "double", None),
        (["12.5", "-3"], "decimal(10,2)", [Decimal("12.50"), Decimal("-3.00")]),
        (["true", "0"], "boolean", [True, False]),
        (["2026-03-01"], "date", [date(2026, 3, 1)]),
        (["2026-03-01 10:00:00", "2026-03-01T10:00:00.1234"], "datetime", None),
        (["2026-03-01 10:00:00+00:00"], "datetime", [at(2026, 3, 1, 10)]),
        (["x", ""], "string", ["x", ""]),
        ([b"\xc3\xa9"], "string", ["é"]),
        ([1.0, 2.0], "bigint", [1, 2]),
        ([1, 0], "boolean", [True, False]),
        ([7], "string", ["7"]),
        ([Decimal("1.50")], "double", [1.5]),
        ([12], "decimal(4,1)", [Decimal("12.0")]),
        ([date(2026, 3, 1)], "datetime", [at(2026, 2, 28, 16)]),
        ([datetime(2026, 3, 1, 10)], "datetime", [at(2026, 3, 1, 2)]),
        ([[1, 2]], "array<bigint>", [[1, 2]]),
        ([{"a": 1}], "string", ['{"a": 1}']),
    ],
)
def test_values_of_many_sources_fit(values: list[Any], type_: str, expected: list[Any] | None) -> None:
    found = stored(pa.array(values), type_)
    if expected is not None:
        assert found == expected
    assert len(found) == len(values)


@pytest.mark.parametrize(
    ("values", "type_", "row"),
    [
        (["1", "2", "3x"], "bigint", 3),
        ([1, 300], "tinyint", 2),
        (["1.234"], "decimal(10,2)", 1),
        ([1.5], "int", 1),
        (["yes"], "boolean", 1),
        (["2026-02-30"], "date", 1),
        (["2026-03-01 25:00:00"], "datetime", 1),
        ([20260301], "date", 1),
        (["[1]"], "array<bigint>", 1),
        ([True], "binary", 1),
        ([b"\xff"], "string", 1),
    ],
)
def test_what_does_not_fit_is_named_with_its_row(values: list[Any], type_: str, row: int) -> None:
    with pytest.raises(Fault, match=rf"row {row}, column c: .* is no "):
        stored(pa.array(values), type_)


@given(st.lists(st.sampled_from(["1", "22", "x", "-3", ""]), min_size=1, max_size=200), st.integers(1, 10_000))
def test_the_first_value_that_does_not_fit_is_found(texts: list[str], first: int) -> None:
    wrong = next((n for n, text in enumerate(texts) if not text.lstrip("-").isdigit()), None)
    column = Column("c", parse_type("bigint"))
    if wrong is None:
        assert to_stored(pa.array(texts), column, ZONE, first).to_pylist() == [int(text) for text in texts]
    else:
        with pytest.raises(Fault, match=rf"row {first + wrong:,}, "):
            to_stored(pa.array(texts), column, ZONE, first)


@given(st.datetimes(min_value=datetime(1992, 1, 1), max_value=datetime(2200, 1, 1)))
def test_times_leave_as_texts_that_come_back_as_they_were(moment: datetime) -> None:
    """In a zone that has had no summer time since 1991."""
    type_ = parse_type("datetime")
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    values = pa.array([whole.replace(tzinfo=UTC)], pa.timestamp("us", "UTC"))
    text = from_stored(values, type_, ZONE, as_text=True)
    assert to_stored(text, Column("c", type_), ZONE, 1).to_pylist() == values.to_pylist()


@given(st.integers(-(2**53), 2**53))
def test_nanoseconds_leave_and_come_back(nanoseconds: int) -> None:
    for name in ("timestamp", "timestamp_ntz"):
        type_ = parse_type(name)
        text = from_stored(pa.array([nanoseconds], pa.int64()), type_, "UTC", as_text=True)
        assert to_stored(text, Column("c", type_), "UTC", 1).to_pylist() == [nanoseconds]
