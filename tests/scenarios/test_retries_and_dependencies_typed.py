"""Scenarios of retries, dependencies and slots once more, typed as commands."""

from __future__ import annotations

import pytest

from tests.scenarios.command_line import CommandDoor
from tests.scenarios.stage import Stage
from tests.scenarios.test_retries_and_dependencies import (  # noqa: F401 - collected here once more
    lab,
    test_a_failed_cycle_blocks_the_next_one_of_a_task_that_depends_on_itself,
    test_a_removed_upstream_stays_removed_when_the_instance_is_rerun,
    test_dry_and_skipped_schedules,
    test_removing_an_upstream_lets_the_instance_go_on_and_the_last_one_stays,
    test_retries_come_to_an_end_and_begin_anew_with_a_rerun,
    test_slots_are_given_by_priority_and_a_change_of_it_counts_at_once,
    test_what_was_stopped_is_not_retried,
    workspace,
)


@pytest.fixture
def door(stage: Stage) -> CommandDoor:
    return CommandDoor(stage.server)
