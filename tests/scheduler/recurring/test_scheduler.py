"""The scheduler on the small tenant: order, times, retries, timeouts, stops, forced reruns, leases."""

from __future__ import annotations

from datetime import timedelta

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.node_state import RunOutcome, RunStatus, RunTrigger
from taskhouse.domain.operations.request import ForceRerunCurrent, Rerun, Stop, Target
from taskhouse.domain.recurring import Environment
from taskhouse.domain.status import NodeStatus
from taskhouse.scheduler.recurring.core import LEASE
from taskhouse.services.recurring.held_executor import HeldExecutor
from tests.domain.om.fixture import clock
from tests.scheduler.recurring.house import Rooms


def test_nodes_run_when_upstream_has_succeeded_and_their_time_has_come() -> None:
    rooms = Rooms().at("00:10").succeed("S0")
    rooms.at("00:25")
    assert rooms.state("B").status is NodeStatus.WAIT_SCHEDULE and rooms.show("P Q X Y") == "N N N N"
    rooms.at("00:30")
    assert rooms.show("B C D P Q V") == "R R R N N N"
    rooms.at("00:50").succeed("D")
    assert rooms.show("Y Q P") == "R W N"
    rooms.at("02:00").succeed("B", "C", "Y", "Q").succeed("P", "V").succeed("X", "Z")
    assert {state.status for state in rooms.book.states} == {NodeStatus.SUCCESS}
    assert [state.attempt for state in rooms.book.states] == [1] * 10


def test_a_late_upstream_starts_its_children_at_once() -> None:
    rooms = Rooms().at("00:50")
    assert rooms.show("S0 B C D") == "R N N N"
    rooms.succeed("S0")
    assert rooms.show("B C D") == "R R R"
    assert rooms.state("B").started_at == clock("00:50")


def test_slots_go_in_order_and_a_freed_one_is_given_on() -> None:
    rooms = Rooms(slots=2).at("00:10").succeed("S0")
    rooms.at("00:30")
    assert rooms.show("B C") == "R R" and rooms.state("D").status is NodeStatus.WAIT_RESOURCE
    rooms.succeed("C")
    assert rooms.show("B C D") == "R S R"


def test_retries_come_after_their_interval_and_are_counted() -> None:
    rooms = Rooms(policy=RetryPolicy(retries=2, gap_min=5)).at("00:10").fail("S0")
    assert rooms.show("S0") == "F" and rooms.state("S0").retry_at == clock("00:15")
    rooms.at("00:14")
    assert rooms.show("S0") == "F"
    rooms.at("00:15")
    assert rooms.show("S0") == "R" and rooms.state("S0").retried == 1
    rooms.succeed("S0")
    assert [(r.number, r.trigger, r.status) for r in rooms.runs("S0")] == [
        (1, RunTrigger.SCHEDULE, RunStatus.FAILED),
        (2, RunTrigger.RETRY, RunStatus.SUCCESS),
    ]


def test_a_run_that_takes_too_long_fails_and_is_retried_only_if_asked() -> None:
    rooms = Rooms(policy=RetryPolicy(timeout_h=0.5, retries=1)).at("00:45")
    rooms.at("01:30")
    assert (rooms.state("S0").reason, rooms.state("S0").retry_at) == (FailReason.TIMEOUT, None)
    assert rooms.state("S0").ended_at == clock("00:40")
    again = Rooms(policy=RetryPolicy(timeout_h=0.5, retries=1, after_timeout=True)).at("00:45")
    assert again.show("S0") == "R" and again.state("S0").attempt == 2


class Deaf(HeldExecutor):
    """Acknowledges a cancellation only when the test says so."""

    def cancel(self, run):  # type: ignore[no-untyped-def]
        return False

    def acknowledge(self, node: int, serial: int) -> None:
        self._outcomes.append(RunOutcome(node, serial, cancelled=True))


def test_a_stopped_node_runs_until_its_executor_acknowledges() -> None:
    deaf = Deaf()
    rooms = Rooms(held=deaf, policy=RetryPolicy(retries=3)).at("00:10")
    rooms.do(Stop(Target(rooms.instance("S0"))))
    assert rooms.show("S0") == "R" and rooms.state("S0").cancelling_until == clock("00:11")
    deaf.acknowledge(rooms.id("S0"), 1)
    rooms.settle()
    assert (rooms.state("S0").reason, rooms.state("S0").retry_at) == (FailReason.STOPPED, None)
    rooms.at("02:00")
    assert rooms.show("S0 B") == "F N"


def test_a_stop_that_nobody_acknowledges_counts_after_its_grace() -> None:
    rooms = Rooms(held=Deaf()).at("00:10")
    rooms.do(Stop(Target(rooms.instance("S0"))))
    rooms.now += timedelta(seconds=59)
    assert rooms.settle().show("S0") == "R"
    rooms.now += timedelta(seconds=1)
    assert rooms.settle().show("S0") == "F"
    assert rooms.runs("S0")[0].message.startswith("CANCEL_TIMEOUT")


def test_a_forced_rerun_waits_for_the_old_attempt_to_end() -> None:
    deaf = Deaf()
    rooms = Rooms(held=deaf).at("00:10")
    rooms.do(ForceRerunCurrent(Target(rooms.instance("S0"))))
    assert rooms.show("S0") == "W" and [r.status for r in rooms.runs("S0")] == [RunStatus.CANCELLED]
    deaf.finish(rooms.id("S0"))  # the old attempt ends well; it does not count
    rooms.settle()
    assert rooms.show("S0 B") == "R N" and [r.status for r in rooms.runs("S0")] == [
        RunStatus.CANCELLED,
        RunStatus.RUNNING,
    ]


def test_forcing_skips_upstream_and_time_once() -> None:
    rooms = Rooms().at("00:10").fail("S0")
    rooms.do(ForceRerunCurrent(Target(rooms.instance("A"), ("t4",))))
    assert rooms.show("S0 B C D") == "F N N R"
    rooms.succeed("D")
    assert rooms.show("Q Y") == "W W"
    rooms.at("01:00")
    assert rooms.show("B C Q Y") == "N N R R"


def test_a_rerun_of_what_is_done_runs_it_again_in_place() -> None:
    rooms = Rooms().at("00:10").succeed("S0").at("00:30").succeed("B", "C", "D")
    rooms.do(Rerun(Target(rooms.instance("A"), ("t1",))))
    assert rooms.show("B C D") == "R R S"
    assert [r.trigger for r in rooms.runs("B")] == [RunTrigger.SCHEDULE, RunTrigger.RERUN]


def test_the_development_environment_runs_only_what_people_ask_for() -> None:
    rooms = Rooms(environment=Environment.DEV).at("03:00")
    assert {state.status for state in rooms.book.states} <= {NodeStatus.INIT}
    rooms.scheduler._book.cover_instances([record.row.id for record in rooms.book.records])
    assert not rooms.store.unfinished(Environment.DEV)


def test_in_development_a_forced_node_runs() -> None:
    rooms = Rooms(environment=Environment.DEV)
    rooms.book.cover([rooms_date()])
    rooms.at("03:00")
    assert rooms.show("S0 Y") == "N N"
    rooms.do(ForceRerunCurrent(Target(rooms.instance("S0"))))
    assert rooms.show("S0 B") == "R N"
    rooms.succeed("S0")
    assert rooms.show("S0 B") == "S N"


def rooms_date():  # type: ignore[no-untyped-def]
    return clock("00:00").date()


def test_the_runs_of_a_dead_scheduler_are_taken_over_once_its_lease_is_over() -> None:
    rooms = Rooms().at("00:10")
    other = rooms.another("two", rooms.held)
    rooms.settle(other)
    assert rooms.state("S0").owner == "one"
    rooms.now += LEASE * 2
    rooms.settle(other)
    assert (rooms.state("S0").owner, rooms.state("S0").attempt) == ("two", 1)
    rooms.held.finish(rooms.id("S0"))
    rooms.settle(other)
    assert rooms.show("S0") == "S"


def test_two_schedulers_do_each_thing_once() -> None:
    rooms = Rooms()
    other = rooms.another("two", rooms.held)
    for text, names in (("00:10", "S0"), ("00:30", "B C D"), ("01:00", "Y P Q V"), ("02:00", "X Z")):
        rooms.now = clock(text)
        rooms.settle(rooms.scheduler, other)
        for name in names.split():
            assert rooms.held.finish(rooms.id(name))
        rooms.settle(other, rooms.scheduler)
    assert {state.status for state in rooms.store.states(rooms.book.graph.node_at)} == {NodeStatus.SUCCESS}
    assert [state.attempt for state in rooms.store.states(rooms.book.graph.node_at)] == [1] * 10


def test_a_scheduler_whose_lease_was_taken_goes_on_under_a_new_name() -> None:
    rooms = Rooms().at("00:10")
    rooms.now += LEASE * 2
    assert rooms.store.expired_owners(rooms.now) == ["one"]
    rooms.settle()
    assert rooms.state("S0").owner == "one~2"
    rooms.now += LEASE
    rooms.settle()
    rooms.succeed("S0")
    assert rooms.show("S0") == "S" and rooms.state("S0").attempt == 1


class Forgetful(HeldExecutor):
    """Loses an outcome on its way."""

    lose = False

    def find(self, run):  # type: ignore[no-untyped-def]
        return RunOutcome(run.node, run.serial) if self.lose else super().find(run)


def test_an_outcome_that_got_lost_is_asked_for() -> None:
    executor = Forgetful()
    rooms = Rooms(held=executor).at("00:10")
    executor.lose = True
    rooms.now += LEASE
    rooms.settle()
    assert rooms.show("S0") == "S"
