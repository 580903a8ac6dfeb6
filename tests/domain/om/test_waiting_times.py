"""Segments of a node's history."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.node_state import Transition
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause
from taskhouse.domain.waiting_times import Segment, latest_stretch, totals, within
from tests.domain.om.fixture import clock


def history(*steps: str) -> list[Transition]:
    """Steps as `00:10 RUNNING`; the first is the birth."""
    found: list[Transition] = []
    for step in steps:
        at, word = step.split()
        source = found[-1].target if found else None
        found.append(Transition(1, clock(at), source, NodeStatus(word), Cause.SCHEDULER))
    return found


def shown(segments: list[Segment]) -> list[str]:
    local = timedelta(hours=8)
    return [f"{s.phase.value} {s.start + local:%H:%M}-{s.end + local:%H:%M}" for s in segments]


def test_each_status_is_a_phase_until_the_next() -> None:
    lines = history("00:00 INIT", "00:10 WAIT_SCHEDULE", "00:30 DISPATCH_BLOCKED", "00:35 WAIT_RESOURCE", "00:40 RUNNING", "01:00 SUCCESS")  # fmt: skip
    assert shown(latest_stretch(lines, clock("05:00"))) == [
        "WAIT_UPSTREAM 00:00-00:10",
        "WAIT_SCHEDULE 00:10-00:30",
        "THROTTLED 00:30-00:35",
        "WAIT_RESOURCE 00:35-00:40",
        "RUN 00:40-01:00",
    ]


def test_what_is_not_over_lasts_until_now_and_no_time_is_no_segment() -> None:
    lines = history("00:00 INIT", "00:10 WAIT_SCHEDULE", "00:10 RUNNING")
    assert shown(latest_stretch(lines, clock("00:45"))) == ["WAIT_UPSTREAM 00:00-00:10", "RUN 00:10-00:45"]
    assert shown(latest_stretch(lines, clock("00:10"))) == ["WAIT_UPSTREAM 00:00-00:10"]


def test_a_rerun_begins_anew_and_the_time_between_belongs_to_nobody() -> None:
    lines = history("00:00 INIT", "00:10 RUNNING", "00:20 FAILED", "03:00 INIT", "03:10 RUNNING", "03:30 SUCCESS")
    assert shown(latest_stretch(lines, clock("05:00"))) == ["WAIT_UPSTREAM 03:00-03:10", "RUN 03:10-03:30"]


def test_going_back_and_forth_keeps_phases_apart_and_joins_equal_neighbours() -> None:
    lines = history("00:00 INIT", "00:10 WAIT_SUBMISSION", "00:20 WAIT_SCHEDULE", "00:30 INIT", "00:40 RUNNING")
    found = latest_stretch(lines, clock("00:50"))
    assert shown(found) == [
        "WAIT_UPSTREAM 00:00-00:10",
        "WAIT_SCHEDULE 00:10-00:30",
        "WAIT_UPSTREAM 00:30-00:40",
        "RUN 00:40-00:50",
    ]
    assert {phase.name: spent for phase, spent in totals(found).items()} == {
        "WAIT_UPSTREAM": timedelta(minutes=20),
        "WAIT_SCHEDULE": timedelta(minutes=20),
        "RUN": timedelta(minutes=10),
    }
    assert shown(within(found, clock("00:25"), clock("00:35"))) == ["WAIT_SCHEDULE 00:25-00:30", "WAIT_UPSTREAM 00:30-00:35"]  # fmt: skip


def test_nothing_happened() -> None:
    assert latest_stretch([], clock("01:00")) == []
    assert shown(latest_stretch([], clock("01:00"), clock("00:00"))) == ["WAIT_UPSTREAM 00:00-01:00"]


def test_birth_is_not_in_the_history_of_nodes_that_are_born_not_running() -> None:
    lines = history("00:05 INIT", "00:10 RUNNING", "00:20 SUCCESS")[1:]
    found = latest_stretch(lines, clock("01:00"), clock("00:00"))
    assert shown(found) == ["WAIT_UPSTREAM 00:00-00:10", "RUN 00:10-00:20"]
    rerun = [*lines, *history("02:00 SUCCESS", "03:00 INIT", "03:10 RUNNING")[1:]]
    assert shown(latest_stretch(rerun, clock("03:30"), clock("00:00")))[0] == "WAIT_UPSTREAM 03:00-03:10"


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(list(NodeStatus))), max_size=12), st.integers(0, 60))
def test_segments_follow_one_another_inside_the_history(steps: list[tuple[int, NodeStatus]], end: int) -> None:
    minutes = sorted(at for at, _ in steps)
    lines = [
        Transition(1, clock("00:00") + timedelta(minutes=at), None, status, Cause.SCHEDULER)
        for at, (_, status) in zip(minutes, steps, strict=True)
    ]
    lines = [line._replace(source=lines[n - 1].target if n else None) for n, line in enumerate(lines)]
    now = clock("00:00") + timedelta(minutes=max([end, *minutes]))
    found = latest_stretch(lines, now)
    assert all(s.start < s.end <= now for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
