"""Lineage, what blocks, the five checks, code, run log and operation log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taskhouse.domain.dependency import Dependency
from taskhouse.domain.node_state import NodeWrite, Run, RunStatus, RunTrigger
from taskhouse.ports.recurring_store import OperationEntry, Perspective
from taskhouse.services.recurring.views import code_page, lineage, run_log
from taskhouse.services.recurring.views.diagnosis_page import NodeDiagnosis, diagnosis_of
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, ALICE, CRM, VISITOR, House, at, self_dependent, tasks


def test_production_by_each_node_that_computes_a_field(home: House) -> None:
    home.run("S0", "00:10", "00:40")
    found = lineage.production(home.world, ADMIN, home.ids["A"], "t2")
    assert [each.node.name for each in found.nodes] == ["B", "C"]
    assert [(read.name, read.fields) for read in found.nodes[0].reads] == [("S0", ())]
    read = found.nodes[0].reads[0]
    assert (read.status, read.paused, read.removed) == ("SUCCESS", False, False)
    assert found.nodes[0].node.fields == ("t1", "t2") and found.field.sources == ("shop.s0",)
    metric = lineage.production(home.world, ADMIN, home.ids["E"], "m1")
    assert [(read.name, read.fields) for read in metric.nodes[0].reads] == [("A", ("t1",))]
    assert [node.label for node in metric.nodes[0].blocking] == ["A/B"]
    home.force(B="FAILED", C="RUNNING")
    assert lineage.production(home.world, ADMIN, home.ids["E"], "m1").nodes[0].reads[0].status == "FAILED"
    (hidden,) = lineage.production(home.world, CRM, home.ids["E"], "m2").nodes[0].reads
    assert (hidden.name, hidden.visible, hidden.fields, hidden.status) == ("A", False, (), "")


def test_blocking_nodes_are_the_topmost(home: House) -> None:
    found = lineage.production(home.world, ADMIN, home.ids["E"], "m1")
    assert [node.label for node in found.nodes[0].blocking] == ["S0"]
    home.run_all()
    assert lineage.production(home.world, ADMIN, home.ids["E"], "m1").nodes[0].blocking == ()


def test_consumption(home: House) -> None:
    found = lineage.consumption(home.world, ADMIN, home.ids["A"], "t4")
    assert [(each.name, each.fields) for each in found.nodes] == [("E", ("m2",)), ("Y", ())]
    assert found.nodes[0].node is not None and found.nodes[0].node.name == "Q"
    assert lineage.consumption(home.world, ADMIN, home.ids["A"], "t2").nodes == ()
    seen = lineage.consumption(home.world, CRM, home.ids["E"], "m1")
    assert [(each.name, each.visible, each.node) for each in seen.nodes] == [("X", False, None)]


def test_lineage_of_a_key_or_of_nothing_is_refused_by_name(home: House) -> None:
    for name, words in (("id", "is a key of 'A'"), ("t9", "has no field 't9'")):
        with pytest.raises(ViewRefused, match=words) as refused:
            lineage.production(home.world, ADMIN, home.ids["A"], name)
        assert refused.value.code is ViewCode.UNKNOWN_FIELD


def checks(home: House, instance: str, node: str = "") -> tuple[str, NodeDiagnosis]:
    page = diagnosis_of(home.world, ADMIN, home.ids[instance])
    found = next(each for each in page.items if each.node.name == (node or instance))
    letters = {"PASSED": "p", "BLOCKED": "B", "SKIPPED": "s", "NOT_CHECKED": "-"}
    return "".join(letters[check.verdict] for check in found.checks), found


def test_diagnosis_follows_the_five_checks(home: House) -> None:
    home.clock.set(at("00:05"))
    verdicts, found = checks(home, "E", "P")
    assert verdicts == "B----" and found.blocking_count == 1
    assert found.checks[0].text == "1 upstream not succeeded"
    (blocker,) = found.blocking
    assert (blocker.node.label, blocker.code, blocker.text) == ("S0", "NOT_DUE", "waits for 2026-03-02 00:10:00")
    assert [node.label for node in found.chain] == ["A/B"] == [node.label for node in found.upstream]
    home.run("S0", "00:10", "00:20")
    home.clock.set(at("00:20"))
    home.wait("B", "00:20")
    verdicts, found = checks(home, "A", "B")
    assert (verdicts, found.checks[1].text) == ("pB---", "waits for 2026-03-02 00:30:00")
    home.clock.set(at("00:30"))
    home.wait("B", "00:30", "WAIT_RESOURCE")
    home.start("C", "00:30")
    verdicts, found = checks(home, "A", "B")
    assert (verdicts, found.slots, found.occupied) == ("pppB-", 20, 1)
    assert [node.label for node in found.occupants] == ["A/C"]
    assert found.checks[3].text == "no free slot in resource group 'shared': 1 of 20 are taken"
    home.clock.set(at("00:59"))
    verdicts, found = checks(home, "A", "C")
    assert verdicts == "ppppp" and found.latest is not None and found.latest.usual_s == 300
    assert found.latest.slow and found.checks[4].text == "attempt 1 runs, slower than usual"
    home.end("C", "01:00", "ERROR", "division by zero\nat line 3")
    verdicts, found = checks(home, "A", "C")
    assert (verdicts, found.checks[4].text) == ("ppppB", "attempt 1 failed: ERROR, division by zero")
    assert found.checks[4].code == "FAILED"
    assert found.checks[4].values == {"attempt": 1, "reason": "ERROR", "detail": "division by zero"}
    (blocker,) = checks(home, "E", "V")[1].blocking
    assert (blocker.code, blocker.values) == (found.checks[4].code, found.checks[4].values)


def test_the_cause_comes_first_and_the_way_up_to_it_is_told(home: House) -> None:
    last = replace(self_dependent("LAST"), dependencies=(Dependency("shop.E"),))
    home.generate(published=[*tasks(), last])
    home.run("S0", "00:10", "00:20")
    home.start("C", "00:30")
    home.force(B="WAIT_RESOURCE", D="INIT+")
    (end,) = diagnosis_of(home.world, ADMIN, home.ids["LAST"]).items
    assert [(each.node.label, each.code) for each in end.blocking] == [
        ("A/D", "PAUSED"),
        ("A/C", "RUNNING"),
        ("A/B", "NO_SLOT"),
    ]
    assert [node.label for node in end.chain] == ["E/Q"]


def test_a_blocker_without_permission_is_only_named(home: House) -> None:
    home.force(S0="FAILED")
    (x,) = diagnosis_of(home.world, CRM, home.ids["E"]).items[:1]
    assert [(each.node.visible, each.code, each.text, each.values) for each in x.blocking] == [(False, "", "", {})]


def test_success_without_running_says_how(home: House) -> None:
    home.force(S0="SUCCESS")
    state = home.state("S0")
    set_by_hand = state._replace(run=1, trigger=RunTrigger.MANUAL_SUCCESS, lock_version=state.lock_version + 1)
    by_hand = Run(state.id, 1, 0, RunTrigger.MANUAL_SUCCESS, RunStatus.SUCCESS)
    home.write(NodeWrite(state.lock_version, set_by_hand, (by_hand,)), home.clock.now())
    (found,) = diagnosis_of(home.world, ADMIN, home.ids["S0"]).items
    assert (found.checks[4].code, found.checks[4].text) == ("SET_TO_SUCCESS", "set to success by hand")


def test_a_paused_node_is_not_checked(home: House) -> None:
    home.force(B="INIT+")
    verdicts, found = checks(home, "A", "B")
    assert (verdicts, found.checks[0].text) == ("-----", "it is paused; resume it first")


def test_diagnosis_asks_a_fixed_number_of_times(home: House) -> None:
    home.load()
    diagnosis_of(home.world, ADMIN, home.ids["A"])
    assert home.counted() == {"changes": 1, "latest_attempts": 1}
    home.force(B="WAIT_RESOURCE", C="RUNNING")
    diagnosis_of(home.world, ADMIN, home.ids["A"])
    assert home.counted() == {"changes": 1, "latest_attempts": 1, "live_runs": 1, "durations": 1}


def test_code_of_the_latest_attempt_and_current_code(home: House) -> None:
    found = code_page.code_of(home.world, ALICE, home.ids["A"])
    assert [(tab.name, tab.fields, tab.latest) for tab in found.items] == [
        ("B", ("t1", "t2"), None),
        ("C", ("t2", "t3"), None),
        ("D", ("t4",), None),
    ]
    home.run("S0", "00:10", "00:20")
    old = tasks()[0]
    node = replace(old.nodes[0], program=replace(old.nodes[0].program, code="select '${bizdate}' as new;"))
    home.store.real.publish(old.environment, [replace(old, nodes=(node,))], (), at("12:00"), expected=1)
    home.counted()
    (tab,) = code_page.code_of(home.world, ALICE, home.ids["S0"]).items
    assert tab.latest is not None and tab.current is not None and tab.changed
    assert tab.latest.code.code == "insert overwrite table s0 select '${bizdate}';" and tab.latest.code.version == 1
    assert tab.latest.code.resolved == "insert overwrite table s0 select '20260301';"
    assert (tab.current.resolved, tab.current.version) == ("select '20260301' as new;", 2)
    assert home.counted() == {"graph_around": 1, "latest_attempts": 1, "current": 1}


def test_a_visitor_sees_lineage_but_neither_code_nor_log(home: House) -> None:
    lineage.production(home.world, VISITOR, home.ids["A"], "t1")
    for view in (
        lambda: code_page.code_of(home.world, VISITOR, home.ids["A"]),
        lambda: run_log.runs_of(home.world, VISITOR, home.node("B")),
        lambda: run_log.content_of(home.world, VISITOR, home.node("B"), 1),
    ):
        with pytest.raises(ViewRefused) as refused:
            view()
        assert refused.value.code is ViewCode.FORBIDDEN


def test_code_of_metrics_of_other_projects_is_hidden(home: House) -> None:
    found = code_page.code_of(home.world, CRM, home.ids["E"])
    assert ([tab.name for tab in found.items], found.hidden) == (["Q"], 2)


def test_run_log_has_every_run_the_latest_first(home: House) -> None:
    home.run("B", "00:40", "01:10", "ERROR")
    home.force(B="INIT")
    home.start("B", "03:00")
    home.clock.set(at("03:05"))
    found = run_log.runs_of(home.world, ALICE, home.node("B"))
    assert found.name == "A/B"
    assert [(run.serial, run.number, run.status, run.duration_s) for run in found.items] == [
        (2, 2, "RUNNING", 300),
        (1, 1, "FAILED", 1800),
    ]
    assert found.items[1].reason == "ERROR" and found.items[0].parameters == {"bizdate": "20260301"}
    content = run_log.content_of(home.world, ALICE, home.node("B"), 1)
    assert (content.content, content.live, content.logview) == ("", False, "")
    with pytest.raises(ViewRefused, match="has no run 9"):
        run_log.content_of(home.world, ALICE, home.node("B"), 9)
    assert run_log.runs_of(home.world, ALICE, home.node("C")).items == ()


def test_operation_log(home: House) -> None:
    for minute in range(3):
        entry = OperationEntry(at(f"01:0{minute}"), "alice", "PAUSE", Perspective.FIELD, home.ids["A"], {}, instances=(home.ids["A"],))  # fmt: skip
        home.store.real.log_refusal(entry)
    found = run_log.operations_of(home.world, VISITOR, home.ids["A"], limit=2)
    assert [entry.at for entry in found] == [at("01:02"), at("01:01")]
    rest = run_log.operations_of(home.world, VISITOR, home.ids["A"], before=found[-1].id)
    assert [entry.at for entry in rest] == [at("01:00")]
