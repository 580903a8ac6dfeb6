"""The acceptance scenarios in time: operations and scheduling together, on the fixture, through the clock of one night."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from taskhouse.domain.attempts import FailReason, RetryPolicy
from taskhouse.domain.dependency import Dependency
from taskhouse.domain.generation import NodeBlueprint
from taskhouse.domain.invariants import check_state
from taskhouse.domain.operations.request import (
    DownstreamScope,
    ForceRerunCurrent,
    ForceRerunDownstream,
    Pause,
    RemoveUpstream,
    Request,
    Rerun,
    RerunDownstream,
    Resume,
    SetSuccess,
    StartMode,
    Stop,
    SuccessScope,
    Target,
)
from taskhouse.domain.readiness import ThrottleRule
from taskhouse.domain.recurring import TableKind
from taskhouse.domain.status import NodeStatus
from tests.domain.om.clockwork import Clockwork
from tests.domain.om.fixture import House, clock, house, node, script, task

EVERY = "S0 B C D P Q V X Y Z"


def on(world: Clockwork, name: str, *fields: str) -> Target:
    return Target(world.house.instance(name), fields or None)


def done() -> Clockwork:
    """The whole night through: all ten nodes Succeeded in their first attempt."""
    world = Clockwork(house()).at("00:10").succeed("S0").at("00:30").succeed("B", "C", "D")
    world.at("00:45").succeed("Y").at("01:00").succeed("P", "Q", "V").at("02:00").succeed("X", "Z")
    assert world.show(EVERY) == "S S S S S S S S S S" and world.attempts(EVERY) == "1 1 1 1 1 1 1 1 1 1"
    return world


def test_scenario_2() -> None:
    world = Clockwork(house()).at("00:25").succeed("S0")
    assert {world.house.status[world.house.at(n)] for n in "BCD"} == {NodeStatus.WAIT_SCHEDULE}
    world.at("00:30")
    assert world.show(EVERY) == "S R R R N N N N N N"


def test_scenario_3() -> None:
    world = Clockwork(house()).at("00:50")
    assert world.show("S0 B C D") == "R N N N"
    world.succeed("S0")
    assert world.show("S0 B C D") == "S R R R"
    assert world.started[world.house.at("B")] == clock("00:50")


def test_scenario_10() -> None:
    world = done().at("03:00")
    world.do(Rerun(on(world, "A", "t1")))
    assert world.attempts("B C D P X") == "2 2 1 1 1"
    world.succeed("B", "C")
    assert world.show(EVERY) == "S S S S S S S S S S" and world.attempts("P Q V X Y Z") == "1 1 1 1 1 1"


def test_scenario_14() -> None:
    world = Clockwork(house()).at("00:10").fail("S0").at("00:15")
    plan = world.do(ForceRerunCurrent(on(world, "A", "t4")))
    assert world.show("B C D") == "N N R" and plan.log_entry()["unmet_ancestors"]
    world.at("00:20").succeed("D")
    assert world.show("Q Y B C") == "W W N N"
    assert world.at("00:45").show("Q Y") == "W R"
    assert world.at("01:00").show("Q Y") == "R R"


def test_scenario_17() -> None:
    world = done().at("04:00")
    world.do(ForceRerunDownstream(on(world, "A")))
    assert world.show(EVERY) == "S R R R N N N N N N"
    world.succeed("D")
    assert world.show("Q Y P V") == "R R N N"
    world.succeed("B", "C", "Q", "Y")
    world.succeed("P", "V").succeed("X", "Z")
    assert world.attempts(EVERY) == "1 2 2 2 2 2 2 2 2 2"


def test_scenario_19() -> None:
    world = Clockwork(house()).at("00:20")
    world.do(ForceRerunDownstream(on(world, "A")))
    assert world.show("S0 B C D") == "R R R R"
    world.succeed("B", "C", "D")
    assert world.at("00:44").show("Y P Q V X Z") == "W W W W N N"
    assert world.at("00:45").show("Y P") == "R W"
    assert world.at("01:00").show("P Q V") == "R R R"
    world.succeed("P", "Q", "V")
    assert world.at("01:59").show("X Z") == "W W" and world.at("02:00").show("X Z") == "R R"


def test_scenario_24() -> None:
    world = Clockwork(house(), policy=RetryPolicy(retries=3), slots=2).at("00:10").succeed("S0").at("00:30")
    world.succeed("B")
    world.slots = 1
    h = world.house
    running, waiting = ("C", "D") if h.status[h.at("C")] is NodeStatus.RUNNING else ("D", "C")
    plan = world.do(Stop(on(world, "A")))
    assert len(plan.changes) == 2 and {running, waiting} == {"C", "D"}
    assert world.at("01:00").show("B C D") == "S F F"
    assert {world.reason[h.at(n)] for n in "CD"} == {FailReason.STOPPED} and not world.retry_at
    assert world.show("Q V Y Z") == "N N N N"


def test_scenario_28() -> None:
    world = Clockwork(house()).at("00:26").succeed("S0")
    world.do(Pause(on(world, "A", "t4")))
    assert world.at("00:50").show("B C D Q Y") == "R R W N N"
    world.do(Resume(on(world, "A", "t4")))
    assert world.show("D") == "R"


def test_scenario_31() -> None:
    world = Clockwork(house([script("U1", "00:00"), script("U2", "00:00"), script("K", "00:10", U1="", U2="")], {}))
    world.at("00:20").fail("U1").succeed("U2")
    assert world.show("K") == "N"
    world.do(RemoveUpstream(world.house.instance("K"), (world.house.instance("U1"),)))
    assert world.show("K") == "R"


def test_scenario_35() -> None:
    world = Clockwork(house(), rules=(ThrottleRule("two", 2),)).at("00:10").succeed("S0").at("00:30")
    assert sorted(world.house.status[world.house.at(n)].value for n in "BCD") == [
        "DISPATCH_BLOCKED",
        "RUNNING",
        "RUNNING",
    ]
    first = next(n for n in "BCD" if world.show(n) == "R")
    world.succeed(first)
    assert sorted(world.show("B C D").split()) == ["R", "R", "S"]


def test_scenario_38() -> None:
    world = Clockwork(house(), policy=RetryPolicy(retries=2)).at("00:10").succeed("S0").at("01:00").fail("B")
    assert world.at("01:04").show("B") == "F"
    assert world.at("01:05").show("B") == "R"
    world.at("01:07").succeed("B")
    assert world.policy.retry_text(world.retried[world.house.at("B")]) == "1/2" and world.attempts("B") == "2"


def test_scenario_39() -> None:
    for again, later in ((False, "F"), (True, "R")):
        policy = RetryPolicy(timeout_h=0.5, retries=1, after_timeout=again)
        world = Clockwork(house(), policy=policy).at("00:10").succeed("S0").at("00:59")
        assert world.show("B") == "R"
        assert world.at("01:00").show("B") == "F" and world.reason[world.house.at("B")] is FailReason.TIMEOUT
        assert world.at("01:05").show("B") == later


def test_set_success_releases_what_is_downstream() -> None:
    world = Clockwork(house()).at("00:10").succeed("S0").at("01:00").fail("D").succeed("B", "C")
    assert world.show("Q Y P V") == "N N R R"
    world.do(SetSuccess(on(world, "A"), SuccessScope.FAILED))
    assert world.show("Q Y") == "R R"


def test_rerun_downstream_dry_starts_members_at_once() -> None:
    world = done().at("04:00")
    world.do(RerunDownstream(on(world, "A"), StartMode.DRY_RUN, DownstreamScope.ALL))
    assert world.show(EVERY) == "S S S S R R R N R N" and world.attempts("B C D") == "1 1 1"


def test_nothing_new_starts_before_a_cancellation_is_acknowledged() -> None:
    world = Clockwork(house()).at("00:10").succeed("S0").at("00:30")
    world.do(ForceRerunCurrent(on(world, "A", "t4")), acknowledge=False)
    assert world.show("B C D") == "R R W"
    assert world.acknowledge().show("D") == "R" and world.attempts("D") == "2"


def test_a_forced_table_keeps_its_inner_order() -> None:
    nodes = [node("fine", "a", U=""), NodeBlueprint("coarse", ("b",), (), {"U": frozenset()}, ("fine",))]
    world = Clockwork(
        house([script("U", "05:00"), task("T", "05:00", nodes, Dependency("U"))], {"T": TableKind.AGGREGATE})
    )
    world.do(ForceRerunCurrent(on(world, "T")))
    assert world.show("U fine coarse") == "W R N"
    assert world.succeed("fine").show("U fine coarse") == "W S R"
    alone = Clockwork(
        house([script("U", "05:00"), task("T", "05:00", nodes, Dependency("U"))], {"T": TableKind.AGGREGATE})
    )
    alone.do(ForceRerunCurrent(on(alone, "T", "b")))
    assert alone.show("U fine coarse") == "W N R"


def test_a_retry_keeps_the_flags_of_its_attempt() -> None:
    world = Clockwork(house(), policy=RetryPolicy(retries=1)).at("00:12")
    world.do(ForceRerunCurrent(on(world, "A", "t4")))
    world.fail("D")
    assert world.at("00:17").show("S0 D") == "R R"


# Random nights

TARGETS = [("A", None), ("A", ("t1",)), ("A", ("t4",)), ("E", None), ("E", ("m1",)), ("S0", None), ("X", None)]
KINDS: list[Callable[[Target], Request]] = [
    Rerun, ForceRerunCurrent, ForceRerunDownstream, Stop, Pause, Resume, SetSuccess,
    lambda t: RerunDownstream(t, scope=DownstreamScope.ALL), lambda t: ForceRerunDownstream(t, StartMode.DRY_RUN),
    lambda t: RerunDownstream(t, StartMode.DRY_RUN, DownstreamScope.FINAL),
]  # fmt: skip
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("do"), st.sampled_from(KINDS), st.sampled_from(TARGETS)),
        st.tuples(st.just("end"), st.booleans(), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([1, 10, 30]), st.none()),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(MOVES, st.integers(1, 4), st.integers(0, 2))
def test_random_nights(moves: list[tuple[str, object, object]], slots: int, retries: int) -> None:
    """After every move: no reset member runs before its upstream; slots hold; ready nodes and free slots do not coexist; and when
    everything is resumed, set right and let run, the night ends with all Succeeded."""
    world = Clockwork(house(), slots=slots, policy=RetryPolicy(retries=retries)).at("00:10")
    minute = 10
    for kind, what, which in moves:
        h = world.house
        if kind == "do":
            name, fields = which
            request = what(Target(h.instance(name), fields))
            if h.decide(request).is_accepted:
                world.do(request)
        elif kind == "end":
            running = [n for n in EVERY.split() if world.show(n) == "R"]
            if running:
                (world.succeed if what else world.fail)(running[which % len(running)])
        else:
            minute = min(minute + what, 300)
            world.at(f"{minute // 60:02}:{minute % 60:02}")
        _check(world)
    _finish(world, h=world.house)


def _check(world: Clockwork) -> None:
    h, snapshot = world.house, world.house.snapshot()
    running = [at for at, status in enumerate(h.status) if status is NodeStatus.RUNNING]
    assert len(running) <= world.slots
    assert not check_state(snapshot, dict.fromkeys(running, 1))
    for at, status in enumerate(h.status):
        waits = status.status_class.value == "W"
        if waits and at not in h.paused and len(running) < world.slots and h.graph.nodes[at].due_at <= world.now:
            raise AssertionError(f"{h.graph.label(at)} is ready and a slot is free")


def _finish(world: Clockwork, h: House) -> None:
    for instance in h.graph.instances:
        for kind in (Resume, SetSuccess):
            request = kind(Target(instance.id))
            if kind is Resume and h.decide(request).is_accepted:
                world.do(request)
    world.at("06:00")
    for _ in range(60):
        running = [n for n in EVERY.split() if world.show(n) == "R"]
        failed = [i for i in h.graph.instances if "F" in {c.value for c in h.snapshot().instance_statuses(i.id - 1)}]
        if running:
            world.succeed(*running)
        elif failed:
            world.do(SetSuccess(Target(failed[0].id), SuccessScope.FAILED))
        else:
            break
    assert world.show(EVERY) == " ".join("S" * 10)
