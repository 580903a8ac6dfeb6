"""Operations on the fixture's tables, as an operator meets them: what is previewed, refused, done, and what follows from it.

Every scenario is played through the door of the fixture `door`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.stage import FIXTURE, NODES, House, Stage, patched


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    """The fixture, and the same with three retries."""
    again = patched("again", ("retries: 0", "retries: 3\n  retry_interval_min: 5"))
    return {"shop.yaml": FIXTURE.read_text(encoding="utf-8"), "again.yaml": again}


def names(fields: list[dict[str, object]]) -> list[str]:
    return sorted(str(each["name"]) for each in fields)


# Rerun


def test_rerun_takes_associated_fields_along_and_nothing_downstream(house: House) -> None:
    house.at("03:00").set(every="S")
    plan = house.preview("RERUN", "A", fields=["t1"])
    assert names(plan["associated"]) == ["t2", "t3"]
    assert {each["name"]: each["reason"] for each in plan["associated"]} == {
        "t2": "shares node B with t1",
        "t3": "shares node C with t2",
    }
    assert names(plan["nodes"]) == ["A/B", "A/C"]
    assert {each["name"]: each["sees"] for each in plan["downstream"]} == {
        "E/P": "KEEPS_OLD_DATA",
        "E/V": "KEEPS_OLD_DATA",
    }
    assert house.do("RERUN", "A", fields=["t1"]).ok
    assert house.attempts() == {**dict.fromkeys(NODES, 1), "B": 2, "C": 2}
    assert house.show("P Q V X Y Z") == "P:S Q:S V:S X:S Y:S Z:S"
    (entry,) = house.door.operations(house.instances["A"])
    assert sorted(entry["closure_fields"]) == ["t1", "t2", "t3"] and entry["selected_fields"] == ["t1"]
    house.finish("B", "C")
    assert house.show("B C P") == "B:S C:S P:S" and house.attempts("P")["P"] == 1


def test_keys_do_not_pull_other_nodes_in(house: House) -> None:
    house.at("03:00").set(every="S")
    plan = house.preview("RERUN", "A", fields=["t4"])
    assert plan["associated"] == [] and names(plan["nodes"]) == ["A/D"]


@pytest.mark.parametrize(
    ("fields", "code"), [(["id"], "UNKNOWN_FIELD"), (["nope"], "UNKNOWN_FIELD"), ([], "EMPTY_SCOPE")]
)
def test_keys_and_unknown_fields_cannot_be_selected(house: House, fields: list[str], code: str) -> None:
    house.set(every="S")
    answer = house.do("RERUN", "A", fields=fields)
    assert answer.code == code
    if fields == ["id"]:
        assert answer.items[0]["reason"] == "key: choose entire table"


def test_what_has_not_run_cannot_be_rerun(house: House) -> None:
    answer = house.do("RERUN", "A", fields=["t1"])
    assert (answer.code, answer.item_names()) == ("STATUS_NOT_ALLOWED", ["t1"])


def test_a_copy_in_flight_keeps_its_field_from_being_rerun(house: House) -> None:
    """t2 shows Succeeded by its copy in B while C runs."""
    house.set(every="S", C="R")
    assert house.fields("A")["t2"] == "S"
    answer = house.do("RERUN", "A", fields=["t2"])
    assert (answer.code, answer.item_names()) == ("CLOSURE_IN_FLIGHT", ["A/C"])
    assert house.do("RERUN", "A", fields=["t4"]).ok


def test_nodes_of_the_closure_that_have_not_run_stay_as_they_are(house: House) -> None:
    house.set(S0="F", B="S", C="N", D="S")
    plan = house.preview("RERUN", "A", fields=["t1"])
    parts = {each["name"]: each["part"] for each in plan["nodes"]}
    assert parts == {"A/B": "REQUESTED", "E/P": "NEIGHBOUR"} and names(plan["unchanged"]) == ["A/C"]


def test_a_rerun_whose_upstream_has_not_succeeded_waits_for_it(house: House) -> None:
    house.at("03:00").set(every="S", S0="F")
    assert house.preview("RERUN", "A", fields=["t4"])["nodes"][0]["waits_for"] == ["S0"]
    assert house.do("RERUN", "A", fields=["t4"]).ok
    assert house.show("D S0") == "D:N S0:F"
    assert house.do("SET_SUCCESS", "S0").ok
    assert house.show("D S0") == "D:R S0:S"


def test_what_waited_downstream_goes_back_and_what_runs_goes_on(house: House) -> None:
    house.at("00:40").set(S0="S", B="S", C="S", D="S", P="R", V="N")
    plan = house.preview("RERUN", "A")
    sees = {each["name"]: each["sees"] for each in plan["downstream"]}
    assert sees == {"E/P": "RUNS_ON", "E/Q": "WAITS_AGAIN", "E/V": "STARTS_AFTER", "Y": "WAITS_AGAIN"}
    assert house.do("RERUN", "A").ok
    assert house.show("B C D P Q V Y") == "B:R C:R D:R P:R Q:N V:N Y:N"


def test_a_stale_preview_is_refused(house: House) -> None:
    house.at("03:00").set(every="S")
    request = house.request("RERUN", "A", fields=["t1"])
    digest = house.door.preview(request).body["digest"]
    house.set(C="F")
    assert house.door.apply({**request, "digest": digest}).code == "CLOSURE_CHANGED"
    assert house.show("B C") == "B:S C:F"
    assert house.do("RERUN", "A", fields=["t1"]).ok


def test_writing_data_needs_the_digest_of_a_preview(house: House) -> None:
    house.set(every="S")
    answer = house.door.apply(house.request("RERUN", "A"))
    assert answer.code == "INVALID_ARGUMENT" and "digest" in answer.message
    assert house.door.apply(house.request("PAUSE", "A")).code == "STATUS_NOT_ALLOWED"


def test_the_code_of_a_rerun_is_chosen_and_recorded(house: House) -> None:
    house.at("03:00").set(every="S")
    assert house.do("RERUN", "A", fields=["t4"], options={"code": "AS_RAN"}).ok
    assert house.runs("D")[0]["choice"] == "AS_RAN" and house.runs("D")[0]["trigger"] == "RERUN"


# Force rerun of the current instance


def test_forcing_skips_upstream_and_time_once(house: House) -> None:
    house.at("00:15").set(S0="F")
    assert house.do("FORCE_RERUN_CURRENT", "A", fields=["t4"]).ok
    assert house.show("S0 B C D") == "S0:F B:N C:N D:R"
    (entry,) = house.door.operations(house.instances["A"])
    assert list(entry["document"]["unmet_ancestors"].values()) == [["S0"]]
    house.at("00:20").finish("D")
    assert [house.status(name) for name in "QYBC"] == ["WAIT_SCHEDULE", "WAIT_SCHEDULE", "INIT", "INIT"]
    house.at("00:45")
    assert house.show("Y Q") == "Y:R Q:W"
    house.at("01:00")
    assert house.show("Y Q") == "Y:R Q:R"


def test_paused_instances_are_not_forced(house: House) -> None:
    house.set(S0="F", D="N", paused=["D"])
    answer = house.do("FORCE_RERUN_CURRENT", "A", fields=["t4"])
    assert (answer.code, answer.item_names()) == ("INSTANCE_PAUSED", ["A/D"])


def test_forcing_a_running_node_cancels_its_attempt_first(house: House) -> None:
    house.at("00:40").set(S0="S", D="R", B="N", C="N")
    plan = house.preview("FORCE_RERUN_CURRENT", "A", fields=["t4"])
    assert plan["nodes"][0]["cancels"] == "FORCE_RERUN"
    assert house.do("FORCE_RERUN_CURRENT", "A", fields=["t4"]).ok
    assert house.status("D") == "RUNNING" and house.attempts("D")["D"] == 2
    assert [(run["status"], run["reason"]) for run in house.runs("D")] == [
        ("RUNNING", ""),
        ("CANCELLED", "FORCE_RERUN"),
    ]


# Rerun downstream


def test_rerun_downstream_of_what_failed(house: House) -> None:
    house.at("04:00").set(every="S", P="F", X="F", Z="F")
    plan = house.preview("RERUN_DOWNSTREAM", "A", fields=["t1"])
    members = {each["name"]: (each["level"], each["fields"]) for each in plan["members"]}
    assert members == {"E": (1, ["m1"]), "X": (2, [])}
    assert house.do("RERUN_DOWNSTREAM", "A", fields=["t1"]).ok
    assert house.show("B C D P Q V X Y Z") == "B:R C:R D:S P:N Q:S V:S X:N Y:S Z:F"
    house.finish("B", "C")
    assert house.show("P X") == "P:R X:N"
    house.finish("P")
    assert house.show("P X") == "P:S X:R"


def test_a_dry_start_refreshes_only_what_is_downstream(house: House) -> None:
    house.at("04:00").set(every="S", Q="F")
    before = house.state("D")
    assert house.do("RERUN_DOWNSTREAM", "A", fields=["t4"], options={"start_mode": "DRY_RUN"}).ok
    assert house.show("D Q Y") == "D:S Q:R Y:S"
    after = house.state("D")
    assert (after["attempt"], after["started_at"]) == (before["attempt"], before["started_at"])
    assert house.runs("D")[0]["trigger"] == "DRY" and house.runs("D")[0]["started_at"] is None


def test_custom_scopes_take_what_is_chosen(house: House) -> None:
    house.at("04:00").set(every="S")
    member = {"instance": house.instances["Y"]}
    answer = house.do("RERUN_DOWNSTREAM", "A", fields=["t4"], options={"scope": "CUSTOM", "members": [member]})
    assert answer.ok and house.show("D Y Q") == "D:R Y:N Q:S"
    house.finish("D")
    assert house.show("Y Q") == "Y:R Q:S"


def test_members_are_chosen_by_their_fields(house: House) -> None:
    """E's metrics depend on fields of A; of those behind a member that is left out, only what is chosen runs."""
    house.at("04:00").set(every="S", Q="F")
    plan = house.preview("RERUN_DOWNSTREAM", "A", options={"scope": "ALL_INSTANCE"})
    (table,) = [each for each in plan["members"] if each["name"] == "E"]
    assert dict(zip(table["fields"], table["field_status"], strict=True)) == {
        "m1": "Succeeded",
        "m2": "Failed",
        "m3": "Succeeded",
    }
    member = {"instance": house.instances["E"], "fields": ["m2"]}
    custom = {"scope": "CUSTOM", "members": [member], "start_mode": "DRY_RUN"}
    plan = house.preview("RERUN_DOWNSTREAM", "A", fields=["t4"], options=custom)
    assert [(each["name"], each["fields"], each["required"]) for each in plan["members"]] == [("E", ["m2"], [])]
    assert house.do("RERUN_DOWNSTREAM", "A", fields=["t4"], options=custom).ok
    assert house.show("P Q V") == "P:S Q:R V:S"


def test_previews_count_what_starts_what_follows_and_what_only_changes(house: House) -> None:
    house.at("04:00").set(every="S", Y="R")

    def counts(operation: str, *names: str, **given: Any) -> tuple[int, ...]:
        answer = house.door.preview(house.request(operation, *names, limit=1, **given))
        return tuple(answer.body["totals"][name] for name in ("plans", "skipped", "starts", "follows", "sets"))

    assert counts("FORCE_RERUN_DOWNSTREAM", "A") == (1, 0, 3, 6, 0)
    dry = {"start_mode": "DRY_RUN", "scope": "ALL_INSTANCE"}
    assert counts("FORCE_RERUN_DOWNSTREAM", "A", options=dry) == (1, 0, 0, 6, 3)
    assert counts("STOP", "X", "Y", "Z") == (1, 2, 0, 0, 1)
    assert counts("RERUN_ALL_FINAL", "X", "Y", "Z") == (2, 1, 2, 0, 0)
    house.set(B="N", C="N", D="N")
    assert counts("PAUSE", "A") == (1, 0, 0, 0, 3)
    assert counts("FORCE_RERUN_CURRENT", "A") == (1, 0, 3, 0, 0)


def test_an_empty_scope_and_an_active_member_are_refused(house: House) -> None:
    house.at("04:00").set(every="S")
    assert house.do("RERUN_DOWNSTREAM", "A", fields=["t1"]).code == "EMPTY_SCOPE"
    house.set(Q="R")
    answer = house.do("RERUN_DOWNSTREAM", "A", options={"scope": "ALL_INSTANCE"})
    assert (answer.code, answer.item_names()) == ("SCOPE_HAS_ACTIVE", ["E/Q"])


# Force rerun downstream


def test_force_rerun_downstream_resets_everything_first(house: House) -> None:
    house.at("04:00").set(every="S")
    assert house.do("FORCE_RERUN_DOWNSTREAM", "A").ok
    assert house.show() == "S0:S B:R C:R D:R P:N Q:N V:N X:N Y:N Z:N"
    house.finish("D")
    assert house.show("Q Y P V") == "Q:R Y:R P:N V:N"
    house.finish("B", "C").finish("P", "Q", "V", "Y").finish("X", "Z")
    assert set(house.show().replace(":", " ").split()[1::2]) == {"S"}
    assert house.attempts() == {**dict.fromkeys(NODES, 2), "S0": 1}


def test_only_the_start_point_skips_the_checks(house: House) -> None:
    house.at("00:10").at("00:20")
    assert house.show("S0 B") == "S0:R B:N"
    assert house.do("FORCE_RERUN_DOWNSTREAM", "A").ok
    assert house.show() == "S0:R B:R C:R D:R P:N Q:N V:N X:N Y:N Z:N"
    house.finish("B", "C", "D")
    assert house.show("Y P Q V") == "Y:W P:W Q:W V:W"
    house.at("00:45")
    assert house.show("Y P Q V") == "Y:R P:W Q:W V:W"
    house.at("01:00").finish("P", "Q", "V")
    assert house.show("X Z") == "X:W Z:W"
    house.at("02:00")
    assert house.show("X Z") == "X:R Z:R"


def test_members_in_flight_are_cancelled(house: House) -> None:
    house.at("01:10").set(every="S", P="R", X="N")
    plan = house.preview("FORCE_RERUN_DOWNSTREAM", "A", fields=["t1"])
    assert {each["name"]: each["cancels"] for each in plan["nodes"]}["E/P"] == "FORCE_RERUN"
    assert house.do("FORCE_RERUN_DOWNSTREAM", "A", fields=["t1"]).ok
    assert house.show("B C D P X") == "B:R C:R D:S P:N X:N"


# Stop


def test_stop_takes_waiting_and_running_nodes_and_is_not_retried(stage: Stage, house: House) -> None:
    patient = House(stage, house.door, house.run_date, "again")
    patient.at("00:40").set(S0="S", B="S", C="R", D="WAIT_RESOURCE")
    assert patient.do("STOP", "A").ok
    assert patient.show("B C D") == "B:S C:F D:F"
    assert {patient.state(name)["reason"] for name in "CD"} == {"STOPPED"}
    patient.at("01:10")
    assert patient.show("B C D") == "B:S C:F D:F"
    assert patient.fields("A") == {"id": "-", "t1": "S", "t2": "S", "t3": "F", "t4": "F"}
    assert patient.show("Q V Y Z") == "Q:N V:N Y:N Z:N"


def test_nothing_in_flight_cannot_be_stopped(house: House) -> None:
    house.set(every="S", X="F", Z="N")
    assert house.do("STOP", "A").code == "STATUS_NOT_ALLOWED"
    shown = house.preview("STOP", "A", "X", "Z")
    assert not shown["accepted"] and len(shown["skipped"]) == 3
    assert house.do("STOP", "A", "X", "Z").code == "STATUS_NOT_ALLOWED"


def test_stopping_a_field_reaches_its_own_nodes_and_names_who_shares_them(house: House) -> None:
    house.set(every="S", B="R", C="R")
    plan = house.preview("STOP", "A", fields=["t1"])
    assert names(plan["nodes"]) == ["A/B"] and names(plan["associated"]) == ["t2"]
    assert house.do("STOP", "A", fields=["t1"]).ok
    assert house.show("B C") == "B:F C:R"


def test_paused_waiting_nodes_can_be_stopped_and_paused_idle_ones_cannot(house: House) -> None:
    house.set(S0="S", B="W", C="N", D="N", paused=["B", "C"])
    assert house.do("STOP", "A", fields=["t3"]).code == "STATUS_NOT_ALLOWED"
    assert house.do("STOP", "A", fields=["t1"]).ok
    assert house.status("B") == "FAILED" and house.status("C") == "INIT+paused"


# Set to success and resume


def test_set_to_success_lets_downstream_go_on(house: House) -> None:
    house.at("02:30").set(every="S", D="F", Q="N", Y="N")
    assert house.do("SET_SUCCESS", "A", options={"scope": "FAILED_FIELDS"}).ok
    assert house.show("D Q Y") == "D:S Q:R Y:R"
    run = house.runs("D")[0]
    assert (run["trigger"], run["started_at"], run["number"]) == ("MANUAL_SUCCESS", None, 0)


@pytest.mark.parametrize(
    ("scope", "changed"),
    [
        ("FAILED_FIELDS", "A/D"),
        ("NOT_RUN_FIELDS", "A/B"),
        ("FAILED_AND_NOT_RUN_FIELDS", "A/B A/D"),
    ],
)
def test_each_scope_of_set_to_success(house: House, scope: str, changed: str) -> None:
    house.set(S0="F", B="N", C="S", D="F")
    assert names(house.preview("SET_SUCCESS", "A", options={"scope": scope})["nodes"]) == changed.split()


def test_set_to_success_of_chosen_fields(house: House) -> None:
    house.set(S0="F", B="N", C="R", D="F")
    assert house.do("SET_SUCCESS", "A", fields=["t3"]).code == "STATUS_NOT_ALLOWED"
    assert house.do("SET_SUCCESS", "A", fields=["t1"]).ok
    assert house.show("B C D") == "B:S C:R D:F"
    assert house.fields("A")["t2"] == "S"
    house.set(B="S", C="S", D="S")
    assert house.do("SET_SUCCESS", "A", options={"scope": "FAILED_FIELDS"}).code == "STATUS_NOT_ALLOWED"


def test_set_to_success_unfreezes_what_was_paused(house: House) -> None:
    house.set(S0="S", B="S", C="S", D="N", paused=["D"])
    assert house.do("SET_SUCCESS", "A", fields=["t4"]).ok
    assert house.status("D") == "SUCCESS"


# Pause and resume


def test_a_paused_node_is_not_started_and_what_is_behind_it_waits(stage: Stage, house: House) -> None:
    house.at("00:10").at("00:25").finish("S0").at("00:26")
    assert house.do("PAUSE", "A", fields=["t4"]).ok
    house.at("00:30")
    assert house.status("D") == "WAIT_SCHEDULE+paused" and house.show("B C Q Y") == "B:R C:R Q:N Y:N"
    house.at("23:00")
    tomorrow = House(stage, house.door, house.run_date + timedelta(days=1))
    assert tomorrow.status("D") == "INIT"
    assert house.do("RESUME", "A", fields=["t4"]).ok
    assert house.status("D") == "RUNNING"


def test_resuming_before_its_time_only_unfreezes(house: House) -> None:
    house.at("00:10").at("00:25").finish("S0")
    assert house.do("PAUSE", "A").ok
    assert house.do("RESUME", "A").ok
    assert house.status("D") == "WAIT_SCHEDULE"
    answer = house.do("RESUME", "A")
    assert answer.code == "NOT_PAUSED"


def test_what_has_a_place_in_the_queue_cannot_be_paused(house: House) -> None:
    house.set(S0="S", D="WAIT_RESOURCE")
    assert house.do("PAUSE", "A", fields=["t4"]).code == "STATUS_NOT_ALLOWED"
    house.set(D="DISPATCH_BLOCKED")
    assert house.do("PAUSE", "A", fields=["t4"]).ok
    assert house.status("D") == "DISPATCH_BLOCKED+paused"


# Batches


def test_a_batch_stop_takes_those_that_qualify(house: House) -> None:
    house.at("03:00").set(every="S", X="F", Y="R")
    answer = house.do("STOP", "Z", "X", "Y")
    assert answer.ok and (answer.body["accepted"], answer.body["skipped"]) == (1, 2)
    outcomes = {each["name"]: (each["outcome"], each["code"]) for each in answer.body["outcomes"]}
    assert outcomes == {
        "Z": ("SKIPPED", "STATUS_NOT_ALLOWED"),
        "X": ("SKIPPED", "STATUS_NOT_ALLOWED"),
        "Y": ("ACCEPTED", ""),
    }
    assert all(each["reason"] for each in answer.body["outcomes"] if each["outcome"] == "SKIPPED")
    assert house.status("Y") == "FAILED"


def test_batch_reruns_of_the_desired_state_and_of_what_failed(house: House) -> None:
    house.at("03:00").set(every="S", X="F", Y="R", Z="N")
    four = ("S0", "X", "Y", "Z")
    final = house.preview("RERUN_ALL_FINAL", *four)
    assert ([each["name"] for each in final["plans"]], len(final["skipped"])) == (["S0", "X"], 2)
    failed = house.preview("RERUN_ALL_FAILED", *four)
    assert ([each["name"] for each in failed["plans"]], len(failed["skipped"])) == (["X"], 3)
    answer = house.do("RERUN_ALL_FAILED", *four)
    assert (answer.body["accepted"], answer.body["skipped"]) == (1, 3)
    assert house.show("S0 X Y Z") == "S0:S X:R Y:R Z:N"


def test_a_batch_rerun_of_a_table_takes_its_failed_fields_with_what_belongs_to_them(house: House) -> None:
    house.at("03:00").set(every="S", C="F", D="F")
    (plan,) = house.preview("RERUN_ALL_FAILED", "A", "S0")["plans"]
    assert names(plan["requested"]) == ["t3", "t4"] and names(plan["nodes"]) == ["A/B", "A/C", "A/D"]


def test_a_batch_force_takes_every_status(house: House) -> None:
    house.at("00:40").set(S0="F", B="S", C="R", D="N")
    answer = house.do("FORCE_RERUN_ALL", "A", "X")
    assert (answer.body["accepted"], answer.body["skipped"]) == (2, 0)
    assert house.show("B C D X P") == "B:R C:R D:R X:R P:N"


def test_a_batch_of_fields_is_strict(house: House) -> None:
    """On the field page all selected fields must qualify."""
    house.set(every="S", D="R")
    assert house.do("STOP", "A", fields=["t1", "t4"]).code == "STATUS_NOT_ALLOWED"
    assert house.status("D") == "RUNNING"


def test_batches_share_an_id_and_are_in_every_log(house: House) -> None:
    house.at("03:00").set(every="S")
    batch = house.do("RERUN_ALL_FINAL", "X", "Z").body["batch"]
    logged = [house.door.operations(house.instances[name])[0] for name in "XZ"]
    assert [(each["batch"], each["perspective"]) for each in logged] == [(batch, "BATCH")] * 2


# Priority


def test_priority_is_changed_for_all_metrics_of_an_aggregate_table(house: House) -> None:
    plan = house.preview("MODIFY_PRIORITY", "E", options={"priority": "HIGH"})
    assert [(each["name"], each["before"], each["after"]) for each in plan["priorities"]] == [
        (metric, "MIDDLE", "HIGH") for metric in ("m1", "m2", "m3")
    ]
    assert house.do("MODIFY_PRIORITY", "E", options={"priority": "HIGH"}).ok
    assert house.line("E")["priority"] == "HIGH" and house.line("A")["priority"] == "MIDDLE"
    assert house.do("MODIFY_PRIORITY", "A", "X", options={"priority": "lowest"}).ok
    assert (house.line("A")["priority"], house.line("X")["priority"]) == ("LOWEST", "LOWEST")
    (entry,) = house.door.operations(house.instances["A"])
    assert entry["document"]["priorities"][0]["old"] == "MIDDLE"


# The log


def test_refused_operations_are_in_the_log_too(house: House) -> None:
    house.set(every="S")
    assert not house.do("STOP", "A").ok
    (entry,) = house.door.operations(house.instances["A"])
    assert (entry["operation"], entry["outcome"], entry["error_code"]) == ("STOP", "REFUSED", "STATUS_NOT_ALLOWED")
    assert entry["operator"] == "admin" and entry["reason"]


def test_operations_are_in_the_log_of_every_instance_that_they_touch(house: House) -> None:
    house.at("04:00").set(every="S")
    assert house.do("FORCE_RERUN_DOWNSTREAM", "A", fields=["t4"]).ok
    for name in ("A", "E", "Y"):
        assert [each["operation"] for each in house.door.operations(house.instances[name])] == [
            "FORCE_RERUN_DOWNSTREAM"
        ]
    assert house.door.operations(house.instances["Z"]) == []
