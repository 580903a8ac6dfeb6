"""Scenarios of operations once more, typed as commands: at least one for every command and every kind of refusal."""

from __future__ import annotations

import pytest

from tests.scenarios.command_line import CommandDoor
from tests.scenarios.stage import House, Stage
from tests.scenarios.test_operations import (  # noqa: F401 - collected here once more
    test_a_batch_stop_takes_those_that_qualify,
    test_a_copy_in_flight_keeps_its_field_from_being_rerun,
    test_a_dry_start_refreshes_only_what_is_downstream,
    test_a_paused_node_is_not_started_and_what_is_behind_it_waits,
    test_a_stale_preview_is_refused,
    test_an_empty_scope_and_an_active_member_are_refused,
    test_batch_reruns_of_the_desired_state_and_of_what_failed,
    test_custom_scopes_take_what_is_chosen,
    test_force_rerun_downstream_resets_everything_first,
    test_forcing_skips_upstream_and_time_once,
    test_keys_do_not_pull_other_nodes_in,
    test_nothing_in_flight_cannot_be_stopped,
    test_only_the_start_point_skips_the_checks,
    test_paused_instances_are_not_forced,
    test_priority_is_changed_for_all_metrics_of_an_aggregate_table,
    test_refused_operations_are_in_the_log_too,
    test_rerun_downstream_of_what_failed,
    test_rerun_takes_associated_fields_along_and_nothing_downstream,
    test_set_to_success_lets_downstream_go_on,
    test_set_to_success_of_chosen_fields,
    test_stop_takes_waiting_and_running_nodes_and_is_not_retried,
    test_what_has_a_place_in_the_queue_cannot_be_paused,
    test_what_has_not_run_cannot_be_rerun,
    workspace,
)


@pytest.fixture
def door(stage: Stage) -> CommandDoor:
    return CommandDoor(stage.server)


def test_targets_are_chosen_by_selection(house: House, door: CommandDoor) -> None:
    """`A+1,status:failed`: what failed among A and what is directly downstream of it."""
    house.at("03:00").set(every="S", P="F", Y="F", X="F")
    where = ["--bizdate", house.bizdate]
    shown = door.type("instances", "list", "A+1,status:failed", *where, "--json")
    assert shown.error is None, shown.error
    assert sorted(item["name"] for item in shown.output["items"]) == ["E", "Y"]
    done = door.type("rerun", "A+1,status:failed", *where, "--failed", "--yes", "--json")
    assert done.code == 0 and sorted(each["name"] for each in done.output["applied"]["outcomes"]) == ["E", "Y"]
    assert house.show("P Q V X Y") == "P:R Q:S V:S X:F Y:R"
    none = door.type("stop", "status:waiting,name:nobody", *where, "--yes", "--json")
    assert (none.code, none.error["code"]) == (4, "NOT_FOUND")
