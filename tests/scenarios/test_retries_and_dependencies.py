"""Retries, timeouts, removed dependencies, queues: scripts of a project of their own."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.scenarios.stage import FIXTURE, Door, House, Stage

LAB = """
projects:
  - {name: lab, mode: BASIC, owner: admin, business_unit: retail, members: {oscar: [OPERATOR]}}
defaults: {project: lab, owner: alice, retries: 0}
virtual_nodes:
  - {name: U1, schedule: {at: "00:05"}}
  - {name: U2, schedule: {at: "00:05"}}
  - {name: K, schedule: {at: "00:20"}, dependencies: [lab.U1, lab.U2]}
  - {name: After, schedule: {at: "00:00"}, dependencies: [lab.K]}
scripts:
  - {name: Again, type: SQL, schedule: {at: "00:55"}, code: select 1, retries: 2, retry_interval_min: 5}
  - {name: Slow, type: SQL, schedule: {at: "00:30"}, code: select 1, timeout_h: 0.5, retries: 2}
  - {name: Patient, type: SQL, schedule: {at: "00:30"}, code: select 1, timeout_h: 0.5, retries: 1, retry_interval_min: 5,
     retry_after_timeout: true}
  - {name: Idle, type: SQL, schedule: {at: "03:00", type: DRY_RUN}, code: select 1}
  - {name: Skipped, type: SQL, schedule: {at: "03:00", type: SKIP}, code: select 1}
  - {name: Behind, type: SQL, schedule: {at: "03:00"}, code: select 1, dependencies: [lab.Skipped, lab.Idle]}
  - {name: One, type: SQL, schedule: {at: "05:00"}, code: select 1, resource_group: narrow}
  - {name: Two, type: SQL, schedule: {at: "05:00"}, code: select 1, resource_group: narrow}
  - {name: Three, type: SQL, schedule: {at: "05:00"}, code: select 1, resource_group: narrow, priority: LOW}
  - {name: Mirror, type: SQL, schedule: {at: "06:00"}, code: select 1, dependencies: [{task: lab.Mirror, cycle: PREVIOUS_CYCLE}]}
"""


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    tenant = FIXTURE.read_text(encoding="utf-8").replace(
        "admins: [admin]", "admins: [admin]\n  resource_groups: {shared: 20, narrow: 1}"
    )
    return {"shop.yaml": tenant, "lab.yaml": LAB}


@pytest.fixture
def lab(stage: Stage, door: Door) -> House:
    return House(stage, door, stage.next_run_date(), "lab")


def moments(lab: House, name: str) -> list[tuple[str, str, str]]:
    """(trigger, status, start) of each entry of the run log, the first one first; the start as wall-clock time."""
    found = []
    for run in reversed(lab.runs(name)):
        zone = lab.stage.instant("00:00").tzinfo
        found.append(
            (run["trigger"], run["status"], f"{datetime.fromisoformat(run['started_at']).astimezone(zone):%H:%M}")
        )
    return found


# Retries and timeouts


def test_a_failure_is_retried_after_the_interval_and_counted(lab: House) -> None:
    lab.at("00:55").at("01:00").fail("Again")
    assert lab.status("Again") == "FAILED" and lab.state("Again")["retry_at"] is not None
    lab.at("01:04")
    assert lab.status("Again") == "FAILED"
    lab.at("01:05")
    assert lab.status("Again") == "RUNNING"
    lab.at("01:07").finish("Again")
    assert lab.status("Again") == "SUCCESS"
    assert moments(lab, "Again") == [("SCHED", "FAILED", "00:55"), ("RETRY", "SUCCESS", "01:05")]
    line = lab.line("Again")
    assert (line["retried"], line["retries"]) == (1, 2)


def test_retries_come_to_an_end_and_begin_anew_with_a_rerun(lab: House) -> None:
    lab.at("00:55").fail("Again").at("01:00").fail("Again").at("01:05").fail("Again").at("02:00")
    assert lab.status("Again") == "FAILED" and lab.attempts("Again")["Again"] == 3
    assert lab.do("RERUN", "Again").ok
    lab.fail("Again")
    assert lab.line("Again")["retried"] == 0
    lab.at("02:05")
    assert lab.status("Again") == "RUNNING" and lab.line("Again")["retried"] == 1


def test_what_was_stopped_is_not_retried(lab: House) -> None:
    lab.at("00:55")
    assert lab.do("STOP", "Again").ok
    lab.at("02:00")
    assert lab.status("Again") == "FAILED" and lab.state("Again")["reason"] == "STOPPED"
    assert lab.attempts("Again")["Again"] == 1


def test_an_attempt_that_takes_too_long_fails_and_is_not_retried(lab: House) -> None:
    lab.at("00:30")
    assert lab.show("Slow Patient") == "Slow:R Patient:R"
    lab.at("01:00")
    assert [(lab.status(name), lab.state(name)["reason"]) for name in ("Slow", "Patient")] == [
        ("FAILED", "TIMEOUT")
    ] * 2
    lab.at("01:05")
    assert lab.show("Slow Patient") == "Slow:F Patient:R"
    assert moments(lab, "Patient") == [("SCHED", "FAILED", "00:30"), ("RETRY", "RUNNING", "01:05")]


# Schedules that do not run


def test_dry_and_skipped_schedules(lab: House) -> None:
    lab.at("03:00")
    assert lab.show("Idle Skipped Behind") == "Idle:S Skipped:F Behind:N"
    assert lab.state("Skipped")["reason"] == "SKIPPED" and lab.runs("Idle")[0]["trigger"] == "DRY"
    found = lab.stage.rest.get(f"/instances/{lab.instances['Skipped']}/diagnosis").body["items"][0]["checks"]
    assert found[-1]["verdict"] == "BLOCKED" and "skip execution" in found[-1]["text"]
    assert lab.do("SET_SUCCESS", "Skipped").ok
    assert lab.status("Behind") == "RUNNING"


# Dependencies


def test_removing_an_upstream_lets_the_instance_go_on_and_the_last_one_stays(stage: Stage, lab: House) -> None:
    lab.at("00:05").fail("U1").finish("U2").at("00:30")
    assert lab.status("K") == "INIT"
    u1, u2 = lab.instances["U1"], lab.instances["U2"]
    plan = lab.preview("REMOVE_UPSTREAM", "K", options={"upstream": [u1]})
    assert [each["name"] for each in plan["removed_upstream"]] == ["U1"]
    assert lab.do("REMOVE_UPSTREAM", "K", options={"upstream": [u1]}).ok
    assert lab.status("K") == "RUNNING"
    answer = lab.do("REMOVE_UPSTREAM", "K", options={"upstream": [u2]})
    assert (answer.code, answer.item_names()) == ("LAST_UPSTREAM", ["U2"])
    assert lab.do("REMOVE_UPSTREAM", "K", options={"upstream": [u1]}).code == "NOT_FOUND"
    lab.at("23:00")
    tomorrow = House(stage, lab.door, lab.run_date + timedelta(days=1), "lab")
    both = [tomorrow.instances["U1"], tomorrow.instances["U2"]]
    for up in both:
        assert tomorrow.door.preview(tomorrow.request("REMOVE_UPSTREAM", "K", options={"upstream": [up]})).body[
            "accepted"
        ]
    refused = tomorrow.door.preview(tomorrow.request("REMOVE_UPSTREAM", "K", options={"upstream": both})).body
    assert refused["refusals"][0]["code"] == "LAST_UPSTREAM"


def test_a_removed_upstream_stays_removed_when_the_instance_is_rerun(lab: House) -> None:
    lab.at("00:05").fail("U1").finish("U2").at("00:30")
    assert lab.do("REMOVE_UPSTREAM", "K", options={"upstream": [lab.instances["U1"]]}).ok
    lab.finish("K")
    assert lab.do("RERUN", "K").ok
    assert lab.status("K") == "RUNNING"


def test_the_root_can_be_removed_only_beside_another_upstream(lab: House) -> None:
    assert lab.do("REMOVE_UPSTREAM", "U1", options={"upstream": [0]}).code == "LAST_UPSTREAM"
    assert lab.do("REMOVE_UPSTREAM", "K", options={"upstream": []}).code == "EMPTY_SCOPE"


def test_a_failed_cycle_blocks_the_next_one_of_a_task_that_depends_on_itself(stage: Stage, lab: House) -> None:
    lab.at("06:00")
    if lab.status("Mirror") != "RUNNING":  # of the day before, which nobody ran
        assert lab.do("FORCE_RERUN_CURRENT", "Mirror").ok
    lab.fail("Mirror").at("23:00")
    tomorrow = House(stage, lab.door, lab.run_date + timedelta(days=1), "lab")
    tomorrow.at("06:00")
    assert tomorrow.status("Mirror") == "INIT"
    assert lab.do("SET_SUCCESS", "Mirror").ok
    assert tomorrow.status("Mirror") == "RUNNING"


# Who is first


def test_slots_are_given_by_priority_and_a_change_of_it_counts_at_once(lab: House) -> None:
    lab.at("05:00")
    assert [lab.status(name) for name in ("One", "Two", "Three")] == ["RUNNING", "WAIT_RESOURCE", "WAIT_RESOURCE"]
    assert lab.do("MODIFY_PRIORITY", "Three", options={"priority": "HIGHEST"}).ok
    lab.finish("One")
    assert [lab.status(name) for name in ("Two", "Three")] == ["WAIT_RESOURCE", "RUNNING"]
    lab.finish("Three").finish("Two")


def test_a_preview_tells_when_slots_are_short_and_what_frees_one(lab: House) -> None:
    lab.set(One="R", Two="F", Three="F")
    short = "resource group 'narrow': 0 of 1 slots are free and 1 are needed at once; nodes that find none wait for one"
    assert [text.split(", which")[0] for text in lab.preview("RERUN", "Two")["notices"]] == []
    lab.at("05:00")
    assert [text.split(", which")[0] for text in lab.preview("RERUN", "Two")["notices"]] == [short]
    assert lab.preview("FORCE_RERUN_CURRENT", "One")["notices"] == []
    both = lab.preview("RERUN_ALL_FAILED", "Two", "Three")["plans"]
    assert [text for plan in both for text in plan["notices"] if "0 of 1 slots are free and 2 are needed" in text]
    assert lab.do("RERUN", "Two").ok and lab.status("Two") == "WAIT_RESOURCE"


def test_a_node_that_waits_for_a_slot_can_be_stopped(lab: House) -> None:
    lab.at("05:00")
    assert lab.do("STOP", "Two").ok
    lab.finish("One")
    assert [lab.status(name) for name in ("Two", "Three")] == ["FAILED", "RUNNING"]


# Selections choose what a batch operates


def test_a_selection_chooses_the_instances_of_a_batch(lab: House) -> None:
    lab.at("00:05").fail("U1", "U2")
    request = {"operation": "RERUN_ALL_FAILED", "selection": "status:failed,project:lab", "bizdates": [lab.bizdate]}
    shown = lab.stage.rest.preview(request)
    assert sorted(plan["name"] for plan in shown.body["plans"]) == ["U1", "U2"]
    answer = lab.stage.rest.apply({**request, "digest": shown.body["digest"]})
    assert answer.body["accepted"] == 2 and lab.show("U1 U2") == "U1:R U2:R"
    around = {"operation": "PAUSE", "selection": f"U1+1,bizdate:{lab.bizdate},!name:U1"}
    assert lab.stage.rest.preview(around).body["plan"]["name"] == "K"


@pytest.mark.parametrize(
    ("selection", "status", "code"),
    [
        ("colour:red", 400, "INVALID_ARGUMENT"),
        ("a,,b", 400, "INVALID_ARGUMENT"),
        ("nobody_is_called_so", 404, "NOT_FOUND"),
    ],
)
def test_selections_that_choose_nothing_say_so(lab: House, selection: str, status: int, code: str) -> None:
    answer = lab.stage.rest.preview({"operation": "STOP", "selection": selection, "bizdates": [lab.bizdate]})
    assert (answer.status, answer.code) == (status, code)
