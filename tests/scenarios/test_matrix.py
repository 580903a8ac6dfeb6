"""Status x operation, every cell, for a script: what its preview accepts and what applying it refuses."""

from __future__ import annotations

import pytest

from tests.scenarios.stage import House

OPERATIONS = (
    "RERUN",
    "RERUN_DOWNSTREAM",
    "FORCE_RERUN_CURRENT",
    "FORCE_RERUN_DOWNSTREAM",
    "STOP",
    "SET_SUCCESS",
    "PAUSE",
    "RESUME",
    "REMOVE_UPSTREAM",
    "MODIFY_PRIORITY",
)
TABLE = """
INIT                     | - - y y - y y - y y
WAIT_SCHEDULE            | - - y y y - y - y y
DISPATCH_BLOCKED         | - - y y y - y - y y
WAIT_RESOURCE            | - - y y y - - - y y
RUNNING                  | - - y y y - - - y y
SUCCESS                  | y y y y - - - - y y
FAILED                   | y y y y - y - - y y
INIT paused              | - - - - - y - y y y
WAIT_SCHEDULE paused     | - - - - y - - y y y
DISPATCH_BLOCKED paused  | - - - - y - - y y y
WAIT_RESOURCE paused     | - - - - y - - y y y
"""
ROWS = [line.split("|") for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("state", "marks"), ROWS, ids=[row[0].strip() for row in ROWS])
def test_a_status_admits_its_operations_and_no_others(house: House, state: str, marks: str) -> None:
    status, _, flag = state.strip().partition(" ")
    house.set(every="S")
    house.set(S0=status, paused=["S0"] if flag else [])
    found = []
    for operation in OPERATIONS:
        options = {
            "RERUN_DOWNSTREAM": {"scope": "ALL_INSTANCE"},
            "REMOVE_UPSTREAM": {"upstream": [0]},
            "MODIFY_PRIORITY": {"priority": "HIGH"},
        }.get(operation, {})
        request = house.request(operation, "S0", options=options)
        shown = house.door.preview(request).body
        # The root is the only upstream: what is refused there is the last one, not the status.
        codes = {refusal["code"] for refusal in shown["refusals"]} - {"LAST_UPSTREAM"}
        found.append("-" if codes else "y")
        if codes:
            answer = house.door.apply({**request, "digest": shown["digest"]})
            assert answer.code in codes and answer.status in (400, 403, 404, 409), (operation, answer)
    assert " ".join(found) == marks.strip()
