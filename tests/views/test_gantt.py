"""The Gantt chart: the worked example, predictions, what blocks, no path, the switch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taskhouse.domain.dependency import Dependency
from taskhouse.domain.features import Features
from taskhouse.domain.node_state import NodeWrite
from taskhouse.services.recurring.views.gantt import Gantt, gantt
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, STRANGER, House, at, self_dependent, tasks


def path(found: Gantt) -> list[tuple[str, float, float]]:
    return [(link.name, link.gap_s / 60, link.run_s / 60) for link in found.path]


def test_worked_example(home: House) -> None:
    """Scenario 44."""
    home.run_all()
    found = gantt(home.world, ADMIN, home.ids["X"])
    assert path(found) == [("virtual_root_node", 0, 0), ("S0", 10, 30), ("A", 0, 45), ("E", 0, 30), ("X", 5, 20)]
    assert [link.contribution_s / 60 for link in found.path] == [0, 40, 45, 30, 25]
    assert (found.total_s / 60, found.predicted, found.start) == (140, False, 0)
    assert found.path[0].start == found.path[0].end == at("00:00")
    a = found.path[2]
    assert (a.start, a.end, a.label) == (at("00:40"), at("01:25"), f"A({home.ids['A']}, 2026-03-02 00:30:00)")
    assert [node.node.name for node in a.nodes if node.decisive] == ["C"], "the node of A that ended last"


def test_where_the_gap_went(home: House) -> None:
    home.run_all()
    x = gantt(home.world, ADMIN, home.ids["X"]).path[-1]
    assert x.gaps == {"WAIT_SCHEDULE": 300}
    assert [(s.phase, s.seconds / 60) for s in x.nodes[0].segments][1:] == [("WAIT_SCHEDULE", 5), ("RUN", 20)]
    assert x.nodes[0].segments[0].phase == "WAIT_UPSTREAM"


def test_what_else_lies_between(home: House) -> None:
    assert gantt(home.world, ADMIN, home.ids["X"]).others == ()
    last = replace(
        self_dependent("LAST"), dependencies=(Dependency("shop.X"), Dependency("shop.Z"), Dependency("shop.Y"))
    )
    home.generate(published=[*tasks(), last])
    home.run_all()
    found = gantt(home.world, ADMIN, home.ids["LAST"], others=True)
    assert [link.name for link in found.path] == ["virtual_root_node", "S0", "A", "E", "Z", "LAST"]
    assert [(one.name, one.predicted) for one in found.others] == [("Y", False), ("X", False)]
    assert found.others_count == 2
    assert [(s.phase, s.seconds / 60) for s in found.others[1].segments][-2:] == [("WAIT_SCHEDULE", 5), ("RUN", 20)]
    from_e = gantt(home.world, ADMIN, home.ids["LAST"], home.ids["E"], others=True)
    assert [one.name for one in from_e.others] == ["X"], "Y is not behind E"


def test_another_start(home: House) -> None:
    home.run_all()
    found = gantt(home.world, ADMIN, home.ids["X"], home.ids["A"])
    assert [name for name, _, _ in path(found)] == ["A", "E", "X"] and found.total_s / 60 == 55


def test_no_path_names_both_ends(home: House) -> None:
    with pytest.raises(ViewRefused) as refused:
        gantt(home.world, ADMIN, home.ids["Y"], home.ids["E"])
    assert refused.value.code is ViewCode.NO_PATH
    assert [item.name for item in refused.value.items] == ["E", "Y"]
    with pytest.raises(ViewRefused) as refused:
        gantt(home.world, ADMIN, home.ids["Y"], 4711)
    assert refused.value.code is ViewCode.NOT_FOUND


def test_what_is_not_over_is_predicted(home: House) -> None:
    """Nodes that never ran are expected to take five minutes."""
    home.run("S0", "00:10", "00:20")
    home.start("B", "00:30")
    home.start("C", "00:30")
    home.clock.set(at("00:32"))
    found = gantt(home.world, ADMIN, home.ids["X"])
    links = {link.name: link for link in found.path}
    assert found.predicted and not links["S0"].predicted and not any(link.blocked for link in found.path)
    assert (links["A"].start, links["A"].end) == (at("00:30"), at("00:37")), "D is expected from 00:32 on"
    assert links["A"].statuses == ("RUNNING", "NOT_RUNNING"), "the most urgent first"
    assert (links["E"].start, links["E"].end) == (at("01:00"), at("01:05")), "not before its scheduled time"
    assert (links["X"].start, links["X"].end) == (at("02:00"), at("02:05"))
    assert found.total_s / 60 == 125


def test_what_nobody_asked_for_is_not_expected(home: House) -> None:
    """As in the development environment, where nothing begins by itself."""
    home.run("S0", "00:10", "00:20")
    for name in ("P", "X"):
        state = home.state(name)
        held = state._replace(released=False, lock_version=state.lock_version + 1)
        home.write(NodeWrite(state.lock_version, held), home.clock.now())
    home.clock.set(at("03:00"))
    links = {link.name: link for link in gantt(home.world, ADMIN, home.ids["X"]).path}
    assert links["X"].blocked and links["E"].blocked and not links["A"].blocked
    assert links["X"].end == at("03:15"), "the earliest possible"


def test_behind_a_failure_times_are_the_earliest_possible_and_say_so(home: House) -> None:
    home.run("S0", "00:10", "00:20", "ERROR")
    home.clock.set(at("03:00"))
    links = {link.name: link for link in gantt(home.world, ADMIN, home.ids["X"]).path}
    assert (links["S0"].end, links["S0"].predicted, links["S0"].blocked) == (at("00:20"), False, False)
    assert links["X"].blocked and links["X"].end == at("03:15")
    home.force(S0="SUCCESS", B="INIT+", C="SUCCESS", D="SUCCESS")
    links = {link.name: link for link in gantt(home.world, ADMIN, home.ids["X"]).path}
    assert links["A"].blocked and links["A"].end == at("03:05")


def test_a_status_set_by_hand_has_no_length(home: House) -> None:
    home.run_all()
    state = home.state("S0")
    home.force(S0="SUCCESS")
    assert state.started_at == at("00:10")
    found = gantt(home.world, ADMIN, home.ids["A"])
    assert [link.name for link in found.path] == ["virtual_root_node", "S0", "A"]


def test_switch_and_permission(home: House) -> None:
    with pytest.raises(ViewRefused) as refused:
        gantt(home.world, STRANGER, home.ids["X"])
    assert refused.value.code is ViewCode.FORBIDDEN
    off = replace(home.world, features=Features(aiops=False))
    with pytest.raises(ViewRefused, match=r"features\.aiops") as refused:
        gantt(off, ADMIN, home.ids["X"])
    assert refused.value.code is ViewCode.FEATURE_OFF


def test_counted_calls(home: House) -> None:
    home.run_all().load()
    gantt(home.world, ADMIN, home.ids["X"])
    assert home.counted() == {"changes": 1, "transitions": 1}
    home.force(X="INIT", P="INIT", Q="INIT")
    gantt(home.world, ADMIN, home.ids["X"])
    assert home.counted() == {"changes": 1, "transitions": 1, "durations": 1}
