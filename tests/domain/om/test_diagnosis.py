"""What blocks a node, and the times of tables and fields."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.diagnosis import Check, Hold, Verdict, blocked_by, chain_to, diagnose, initial_blockers
from taskhouse.domain.run_times import NodeTimes, RunTimes, run_times
from taskhouse.domain.status import NodeStatus
from tests.domain.om.fixture import House, clock, house


def blockers(h: House, name: str) -> str:
    found = initial_blockers(h.snapshot(), h.at(name))
    return " ".join(h.graph.nodes[at].name for at in found)


def test_initial_blockers() -> None:
    h = house().set(S0="R")
    assert blockers(h, "X") == "S0" and blockers(h, "S0") == ""
    h.set(S0="S", B="F", C="R")
    assert blockers(h, "X") == "B" and blockers(h, "Z") == "C" and blockers(h, "Y") == "D"
    h.set(S0="R").pause("P")
    assert blockers(h, "X") == "P", "paused: nothing above it matters before it is resumed"
    assert set(blocked_by(h.snapshot(), [h.at("X"), h.at("S0")])) == {h.at("X")}


def test_after_success_is_set_nothing_is_left_behind() -> None:
    h = house().set(S0="S", B="F")
    assert blockers(h, "P") == "B"
    h.set(B="S")
    assert blockers(h, "P") == "" and blockers(h, "X") == "P"


def test_the_way_up_to_a_blocker_is_told() -> None:
    h = house().set(S0="F")
    names = [h.graph.nodes[at].name for at in chain_to(h.snapshot(), h.at("X"), h.at("S0"))]
    assert names == ["P", "B", "S0"]
    h.set(S0="S", B="F")
    assert chain_to(h.snapshot(), h.at("X"), h.at("S0")) == [], "it has succeeded: nothing waits for it"


def test_nothing_is_checked_before_somebody_asks_for_it() -> None:
    h = house()
    found = diagnose(h.snapshot(), h.at("B"), clock("00:40"), released=False)
    assert found.hold is Hold.NOT_RELEASED and set(found.checks.values()) == {Verdict.NOT_CHECKED}
    h.set(B="F")
    assert diagnose(h.snapshot(), h.at("B"), clock("00:40"), released=False).hold is None


def verdicts(h: House, name: str, at: str) -> str:
    letters = {Verdict.PASSED: "p", Verdict.BLOCKED: "B", Verdict.SKIPPED: "s", Verdict.NOT_CHECKED: "-"}
    return "".join(letters[diagnose(h.snapshot(), h.at(name), clock(at)).checks[check]] for check in Check)


def test_five_checks() -> None:
    h = house().set(S0="R")
    assert verdicts(h, "B", "00:20") == "B----"
    assert verdicts(h, "S0", "00:20") == "ppppp"
    h.set(S0="S", B="WAIT_SCHEDULE", C="DISPATCH_BLOCKED", D="WAIT_RESOURCE")
    assert [verdicts(h, n, "00:20") for n in "BCD"] == ["pB---", "ppB--", "pppB-"]
    h.set(B="FAILED")
    assert verdicts(h, "B", "00:40") == "ppppB"
    h.set(S0="F", D="WAIT_RESOURCE")
    h.forced.add(h.at("D"))
    assert verdicts(h, "D", "00:20") == "sspB-"
    h.set(C="INIT").pause("C")
    assert (
        verdicts(h, "C", "00:40") == "-----" and diagnose(h.snapshot(), h.at("C"), clock("00:40")).hold is Hold.PAUSED
    )


def test_times_of_a_table() -> None:
    ok, now = NodeStatus.SUCCESS, clock("03:00")
    b = NodeTimes(ok, clock("00:40"), clock("01:10"))
    c = NodeTimes(ok, clock("00:45"), clock("01:25"))
    dry = NodeTimes(ok)
    assert run_times([b, c, dry], now) == RunTimes(clock("00:40"), clock("01:25"), timedelta(minutes=45))
    running = NodeTimes(NodeStatus.RUNNING, clock("01:30"), None)
    assert run_times([b, running], now) == RunTimes(clock("00:40"), None, now - clock("00:40"))
    waiting = NodeTimes(NodeStatus.WAIT_RESOURCE, clock("00:40"), clock("01:10"))
    assert run_times([waiting], now).ended_at is None
    assert run_times([dry], now) == RunTimes() == run_times([], now)


TIMES = st.tuples(st.sampled_from(NodeStatus), st.integers(0, 50), st.integers(0, 50), st.booleans())


@given(st.lists(TIMES, max_size=5))
def test_a_tables_span_covers_its_nodes(drawn: list[tuple[NodeStatus, int, int, bool]]) -> None:
    base, now = clock("00:00"), clock("12:00")
    nodes = [
        NodeTimes(s, base + timedelta(minutes=min(a, b)), base + timedelta(minutes=max(a, b))) if ran else NodeTimes(s)
        for s, a, b, ran in drawn
    ]
    found = run_times(nodes, now)
    for node in nodes:
        if node.started_at is not None:
            assert found.started_at is not None and found.started_at <= node.started_at
            assert found.ended_at is None or node.ended_at is None or node.ended_at <= found.ended_at
    assert (found.duration is None) == (found.started_at is None)
