"""Statuses, their normalisation on all sets of classes, the transitions and the matrix of operations, cell by cell."""

from __future__ import annotations

from itertools import chain, combinations, product

import pytest

from taskhouse.domain.normalise import (
    PausedBadge,
    normalise,
    normalise_nodes,
    paused_badge,
    sort_rank,
    table_statuses,
    waiting_detail,
)
from taskhouse.domain.status import CLASS_OF, NodeStatus, StatusClass, display_label
from taskhouse.domain.transitions import MATRIX, TRANSITIONS, Cause, Operation, is_allowed, is_field_allowed, is_legal

BY_LETTER = {cls.value: cls for cls in StatusClass}

UNAMBIGUOUS = {
    "S": "S", "F": "F", "R": "R", "N": "N", "SF": "S", "SW": "S", "SN": "S", "FR": "R", "FW": "W", "RW": "R",
    "RN": "R", "WN": "W", "SFN": "S", "FRN": "R", "FWN": "W",
}  # fmt: skip
CONFLICTING = {
    "SR": "S", "SFR": "S", "SRN": "S", "SFRN": "S", "SRW": "S", "SFRW": "S", "SRWN": "S", "SFRWN": "S",
    "SFW": "S", "SWN": "S", "SFWN": "S", "FRW": "R", "RWN": "R", "FRWN": "R",
}  # fmt: skip
UNCOVERED = {"W": "W", "FN": "N"}
PRECEDENCE = UNAMBIGUOUS | CONFLICTING | UNCOVERED


def _sets() -> list[frozenset[StatusClass]]:
    every = list(StatusClass)
    return [frozenset(s) for s in chain.from_iterable(combinations(every, n) for n in range(1, 6))]


def _published_rules(classes: frozenset[StatusClass]) -> set[str]:
    """The five sentences as they are written, each by itself: which statuses they name for this set."""
    s, f, r, w, n = (BY_LETTER[letter] in classes for letter in "SFRWN")
    found = set()
    if s:
        found.add("S")
    if classes == {StatusClass.FAILED}:
        found.add("F")
    if r:
        found.add("R")
    if w and (n or f):
        found.add("W")
    if classes == {StatusClass.NOT_RUNNING}:
        found.add("N")
    return found


def test_the_tables_name_all_31_sets() -> None:
    assert {frozenset(BY_LETTER[c] for c in key) for key in PRECEDENCE} == set(_sets())
    assert (len(UNAMBIGUOUS), len(CONFLICTING), len(UNCOVERED)) == (15, 14, 2)


@pytest.mark.parametrize(("letters", "expected"), PRECEDENCE.items())
def test_normalisation(letters: str, expected: str) -> None:
    classes = [BY_LETTER[c] for c in letters]
    assert normalise(classes) is BY_LETTER[expected]
    assert normalise(frozenset(classes)) is BY_LETTER[expected]
    assert normalise([*reversed(classes), *classes]) is BY_LETTER[expected]
    named = _published_rules(frozenset(classes))
    assert (expected in named) or letters in UNCOVERED
    assert (len(named) == 1) == (letters in UNAMBIGUOUS)


@pytest.mark.parametrize("classes", _sets(), ids=lambda s: "".join(sorted(c.value for c in s)))
def test_normalisation_with_work_in_flight_first(classes: frozenset[StatusClass]) -> None:
    letters = {c.value for c in classes}
    expected = next((letter for letter in "RWS" if letter in letters), "F" if letters == {"F"} else "N")
    assert normalise(classes, in_flight_first=True) is BY_LETTER[expected]


def test_a_field_without_nodes_has_no_status() -> None:
    assert normalise([]) is None
    assert normalise([], in_flight_first=True) is None


@pytest.mark.parametrize("pair", list(product(NodeStatus, repeat=2)), ids=lambda p: f"{p[0].value}-{p[1].value}")
def test_normalisation_sees_classes_only(pair: tuple[NodeStatus, NodeStatus]) -> None:
    assert normalise_nodes(pair) is normalise({CLASS_OF[s] for s in pair})


def test_waiting_shows_the_furthest_of_its_nodes() -> None:
    assert waiting_detail([NodeStatus.WAIT_RESOURCE, NodeStatus.WAIT_SCHEDULE]) is NodeStatus.WAIT_RESOURCE
    assert waiting_detail([NodeStatus.DISPATCH_BLOCKED, NodeStatus.FAILED]) is NodeStatus.DISPATCH_BLOCKED
    assert waiting_detail([NodeStatus.FAILED]) is None


def test_paused_badge() -> None:
    init, done = NodeStatus.INIT, NodeStatus.SUCCESS
    assert paused_badge([(init, True), (done, False)]) is PausedBadge.PAUSED
    assert paused_badge([(init, True), (init, False)]) is PausedBadge.PARTLY
    assert paused_badge([(init, False)]) is PausedBadge.NONE
    assert paused_badge([(done, False)]) is PausedBadge.NONE
    assert paused_badge([]) is PausedBadge.NONE


def test_statuses_of_a_table() -> None:
    s, f, n = StatusClass.SUCCEEDED, StatusClass.FAILED, StatusClass.NOT_RUNNING
    assert table_statuses([s, n, None, f, s]) == (f, n, s)
    ranks = [sort_rank([BY_LETTER[c]]) for c in "FRWNS"]
    assert ranks == [0, 1, 2, 3, 4] and sort_rank([]) == 5
    assert sort_rank([s, f]) == 0


def test_display_label() -> None:
    assert display_label(NodeStatus.INIT, paused=True) == "Paused"
    assert display_label(NodeStatus.DISPATCH_BLOCKED, paused=True) == "Paused"
    assert display_label(NodeStatus.SUCCESS, paused=True) == "Succeeded"
    assert display_label(NodeStatus.WAIT_SUBMISSION, paused=False) == "Waiting for Scheduled Time"


# One line per row of the matrix; columns as in OPERATIONS.
OPERATIONS = [
    (Operation.RERUN,),
    (Operation.RERUN_DOWNSTREAM,),
    (Operation.FORCE_RERUN_CURRENT, Operation.FORCE_RERUN_DOWNSTREAM),
    (Operation.STOP,),
    (Operation.SET_SUCCESS,),
    (Operation.PAUSE,),
    (Operation.RESUME,),
    (Operation.REMOVE_UPSTREAM,),
    (Operation.MODIFY_PRIORITY,),
]
CELLS = """
INIT             - - y - y y - y y
WAIT_SUBMISSION  - - y y - y - y y
WAIT_SCHEDULE    - - y y - y - y y
DISPATCH_BLOCKED - - y y - y - y y
WAIT_RESOURCE    - - y y - - - y y
RUNNING          - - y y - - - y y
SUCCESS          y y y - - - - y y
FAILED           y y y - y - - y y
INIT+            - - - - y - y y y
WAIT_SUBMISSION+ - - - y - - y y y
WAIT_SCHEDULE+   - - - y - - y y y
DISPATCH_BLOCKED+ - - - y - - y y y
WAIT_RESOURCE+   - - - y - - y y y
"""


@pytest.mark.parametrize("line", CELLS.strip().splitlines(), ids=lambda line: line.split()[0])
def test_matrix(line: str) -> None:
    name, *cells = line.split()
    status, paused = NodeStatus(name.rstrip("+")), name.endswith("+")
    for operations, cell in zip(OPERATIONS, cells, strict=True):
        for operation in operations:
            assert is_allowed(operation, status, paused=paused) == (cell == "y"), operation


def test_the_matrix_has_a_row_for_every_status() -> None:
    assert len(MATRIX) == len({(row.status, row.paused) for row in MATRIX}) == len(CELLS.strip().splitlines())
    assert {row.status for row in MATRIX if not row.paused} == set(NodeStatus)


def test_matrix_of_fields() -> None:
    allowed = {op: {c.value for c in StatusClass if is_field_allowed(op, c)} for op in Operation}
    assert allowed[Operation.RERUN] == allowed[Operation.RERUN_DOWNSTREAM] == {"S", "F"}
    assert allowed[Operation.SET_SUCCESS] == {"N", "F"}
    assert allowed[Operation.STOP] == {"W", "R"}
    assert allowed[Operation.FORCE_RERUN_CURRENT] == set("NWRSF")


def test_transitions_are_complete() -> None:
    ids = [t.id for t in TRANSITIONS]
    assert len(ids) == len(set(ids))
    assert {f"T{n}" for n in range(1, 19)} <= set(ids)


def test_operations_of_the_matrix_and_transitions_agree() -> None:
    """What the matrix admits for a node by itself is what the transition of that cause admits."""
    causes = {
        Operation.RERUN: Cause.RERUN,
        Operation.STOP: Cause.STOP,
        Operation.SET_SUCCESS: Cause.SET_SUCCESS,
        Operation.PAUSE: Cause.PAUSE,
        Operation.FORCE_RERUN_CURRENT: Cause.FORCE_RERUN,
    }
    for operation, cause in causes.items():
        for status in NodeStatus:
            moves = any(is_legal(status, target, cause) for target in NodeStatus)
            assert is_allowed(operation, status, paused=False) == moves, (operation, status)


def test_no_transition_leaves_a_status_without_way_out() -> None:
    for status in NodeStatus:
        assert any(is_legal(status, target, cause) for target in NodeStatus if target is not status for cause in Cause)


def test_nothing_else_is_legal() -> None:
    assert not is_legal(NodeStatus.SUCCESS, NodeStatus.RUNNING, Cause.SCHEDULER)
    assert not is_legal(NodeStatus.RUNNING, NodeStatus.INIT, Cause.UPSTREAM_RERUN)
    assert not is_legal(None, NodeStatus.RUNNING, Cause.SCHEDULER)
    assert is_legal(None, NodeStatus.INIT, Cause.GENERATION)
