"""What others do between a scheduler's look and its write, and what it must find out about what others left."""

from __future__ import annotations

from datetime import timedelta

from taskhouse.domain import node_changes
from taskhouse.domain.attempts import CANCEL_GRACE, RetryPolicy
from taskhouse.domain.node_state import Run, RunOutcome
from taskhouse.domain.operations.request import ForceRerunCurrent, Rerun, Target
from taskhouse.domain.status import NodeStatus
from taskhouse.scheduler.recurring.core import LEASE
from taskhouse.services.recurring.held_executor import HeldExecutor
from tests.scheduler.recurring.house import Rooms


class Deaf(HeldExecutor):
    """Acknowledges no cancellation, and remembers who was cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []

    def cancel(self, run: Run) -> bool:
        self.asked.append((run.node, run.serial))
        return False

    def tell(self, outcome: RunOutcome) -> None:
        self._outcomes.append(outcome)


def test_two_schedulers_do_not_give_out_one_slot_twice() -> None:
    rooms = Rooms(slots=1).at("00:10").succeed("S0").at("00:29")
    other = rooms.another("two", HeldExecutor())
    other.step(rooms.now)
    rooms.now += timedelta(minutes=1)
    write = rooms.store.write

    def slowly(*args, **kwargs):  # the other one is quicker, between this one's decision and its write
        rooms.store.write = write
        assert other.step(rooms.now).changed
        return write(*args, **kwargs)

    rooms.store.write = slowly
    rooms.scheduler.step(rooms.now)
    rooms.settle(rooms.scheduler, other)
    assert sorted(rooms.show("B C D").split()) == ["R", "W", "W"]


def test_nodes_that_are_rerun_on_a_date_that_was_finished_are_run() -> None:
    rooms = Rooms().at("02:00").succeed("S0").succeed("B", "C", "D").succeed("P", "Q", "V", "Y").succeed("X", "Z")
    late = rooms.another("two", HeldExecutor())
    assert not late._book.states, "nothing was unfinished when it came"
    rooms.do(Rerun(Target(rooms.instance("S0"))), settle=False)
    rooms.now += timedelta(seconds=1)
    rooms.settle(late)
    assert rooms.show("S0") == "R" and rooms.state("S0").owner == "two"


def test_an_executor_is_told_before_a_cancellation_counts_as_ended() -> None:
    """Who should have told it had died, and the grace is long over."""
    deaf = Deaf()
    rooms = Rooms(held=deaf, policy=RetryPolicy(timeout_h=0.5, retries=1, after_timeout=True)).at("00:10")
    rooms.now += timedelta(minutes=30)
    state = rooms.state("S0")
    rooms.store.write([node_changes.times_out(state, rooms.policy, rooms.now)], rooms.now)
    rooms.now += timedelta(hours=1)
    rooms.settle()
    assert deaf.asked == [(state.id, 1)]
    assert rooms.state("S0").status is NodeStatus.WAIT_SCHEDULE, "the second attempt waits for the first to end"
    rooms.now += CANCEL_GRACE
    rooms.settle()
    assert (rooms.show("S0"), rooms.state("S0").attempt) == ("R", 2)


def test_a_forced_rerun_waits_for_the_attempt_of_a_scheduler_that_died() -> None:
    deaf = Deaf()
    rooms = Rooms(held=HeldExecutor()).at("00:10")
    survivor = rooms.another("two", deaf)
    rooms.do(ForceRerunCurrent(Target(rooms.instance("S0"))), settle=False)
    rooms.now += LEASE * 3
    rooms.settle(survivor)
    assert deaf.asked == [(rooms.id("S0"), 1)] and rooms.show("S0") == "W"
    rooms.now += CANCEL_GRACE
    rooms.settle(survivor)
    assert (rooms.show("S0"), rooms.state("S0").attempt) == ("R", 2)


def test_the_late_end_of_an_earlier_attempt_acknowledges_no_cancellation() -> None:
    deaf = Deaf()
    rooms = Rooms(held=deaf).at("00:10")
    force = ForceRerunCurrent(Target(rooms.instance("S0")))
    rooms.do(force)
    rooms.now += CANCEL_GRACE
    rooms.settle()
    assert rooms.state("S0").run == 2
    rooms.do(force)
    deaf.tell(RunOutcome(rooms.id("S0"), 1, cancelled=True))
    rooms.settle()
    assert rooms.show("S0") == "W", "the second attempt has not ended"
    deaf.tell(RunOutcome(rooms.id("S0"), 2, cancelled=True))
    rooms.settle()
    assert (rooms.show("S0"), rooms.state("S0").run) == ("R", 3)
