"""Settings of operations: how many nodes one may touch, and what a field with a copy in flight shows."""

from __future__ import annotations

import pytest

from tests.scenarios.stage import House


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"TASKHOUSE_OPERATIONS_MAX_MEMBERS": "5", "TASKHOUSE_OPERATIONS_IN_FLIGHT_FIRST": "true"}


def test_an_operation_that_touches_too_many_nodes_is_refused(house: House) -> None:
    house.at("04:00").set(every="S")
    answer = house.do("FORCE_RERUN_DOWNSTREAM", "A")
    assert (answer.status, answer.code) == (400, "LIMIT_EXCEEDED") and "9 nodes" in answer.message
    assert house.show("B P") == "B:S P:S"
    assert house.do("FORCE_RERUN_DOWNSTREAM", "A", fields=["t4"]).ok


def test_a_copy_in_flight_may_count_first(house: House) -> None:
    house.set(B="S", C="R", D="N")
    assert house.fields("A") == {"id": "-", "t1": "S", "t2": "R", "t3": "R", "t4": "N"}
