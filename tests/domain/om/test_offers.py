"""What is offered, and that it agrees with what is decided; the invariants find what is planted."""

from __future__ import annotations

from hypothesis import given, settings

from taskhouse.domain.invariants import check_change, check_state
from taskhouse.domain.operations.offers import field_offers, offers
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.domain.status import NodeStatus
from taskhouse.domain.transitions import Cause, Operation
from tests.domain.om.fixture import VISITOR, House, clock, house
from tests.domain.om.test_operation_guards import Drawn, request, three, worlds


def open_(h: House, name: str) -> set[str]:
    return {op.value for op, offer in offers(h.snapshot(), h.instance_at(name)).items() if offer.is_open}


def closed(h: House, name: str) -> dict[str, str]:
    found = offers(h.snapshot(), h.instance_at(name))
    return {op.value: offer.refusal.value for op, offer in found.items() if offer.refusal}


FORCE = {"FORCE_RERUN_CURRENT", "FORCE_RERUN_DOWNSTREAM"}


def test_offers_of_instances() -> None:
    h = house().set(every="S")
    assert open_(h, "A") == {"RERUN", "RERUN_DOWNSTREAM", "MODIFY_PRIORITY"} | FORCE
    assert closed(h, "A")["REMOVE_UPSTREAM"] == "LAST_UPSTREAM"
    assert closed(h, "A")["RESUME"] == "NOT_PAUSED"
    h.set(B="N", C="R", D="F")
    assert {"STOP", "PAUSE", "SET_SUCCESS", "RERUN"} <= open_(h, "A")
    h.set(X="N").pause("X")
    assert open_(h, "X") == {"RESUME", "SET_SUCCESS", "MODIFY_PRIORITY"}
    assert "REMOVE_UPSTREAM" in open_(three(), "K")
    h.actor = VISITOR
    assert open_(h, "A") == open_(h, "S0") == set()


def test_offers_of_fields() -> None:
    h = house(projects={"A.t3": "other"}).set(S0="S", B="S", C="R", D="N").pause("D")
    h.actor = Actor("ann", roles={"shop": frozenset({ProjectRole.OPERATOR})})
    h.changed[h.field_at("A.t1")] = "its logic changed since it last ran"

    def codes(operation: Operation) -> list[str]:
        found = field_offers(h.snapshot(), operation, h.instance_at("A"))
        return [o.offer.refusal.value if o.offer.refusal else "" for o in found]

    assert codes(Operation.RERUN) == ["", "CLOSURE_IN_FLIGHT", "FORBIDDEN", "STATUS_NOT_ALLOWED"]
    assert codes(Operation.FORCE_RERUN_CURRENT) == ["", "", "FORBIDDEN", "INSTANCE_PAUSED"]
    assert codes(Operation.STOP) == ["STATUS_NOT_ALLOWED", "", "FORBIDDEN", "STATUS_NOT_ALLOWED"]
    assert codes(Operation.RESUME) == ["NOT_PAUSED", "NOT_PAUSED", "FORBIDDEN", ""]
    assert codes(Operation.SET_SUCCESS) == ["STATUS_NOT_ALLOWED", "STATUS_NOT_ALLOWED", "FORBIDDEN", ""]
    assert [o.required for o in field_offers(h.snapshot(), Operation.RERUN, h.instance_at("A"))] == [
        True,
        False,
        False,
        False,
    ]


SELECTING = [op for op in Operation if op not in (Operation.REMOVE_UPSTREAM, Operation.MODIFY_PRIORITY)]


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_what_is_closed_is_refused(drawn: Drawn) -> None:
    h = drawn.house
    for instance in h.graph.instances:
        at = h.graph.instance_at[instance.id]
        for operation in SELECTING:
            for offer in field_offers(h.snapshot(), operation, at):
                plan = h.decide(request(operation, h, instance.name, (offer.name,)))
                if not offer.offer.is_open:
                    assert not plan.is_accepted
                    assert offer.offer.refusal in {r.code for r in plan.refusals}
            if not offers(h.snapshot(), at)[operation].is_open:
                assert not h.decide(request(operation, h, instance.name)).is_accepted


def test_invariants_of_states() -> None:
    assert check_state(house().snapshot(), {}) == []
    assert check_state(house().set(B="R").snapshot(), {}) == ["A/B is RUNNING with 0 live attempts"]
    assert check_state(house().set(P="W").snapshot(), {}) == ["E/P is WAIT_SCHEDULE and its upstream has not succeeded"]
    running = house().set(B="R")
    assert check_state(running.snapshot(), {running.at("B"): 1}) == []
    assert "runs 2 times at once" in check_state(running.snapshot(), {running.at("B"): 2})[0]
    assert check_state(house().set(B="S").pause("B").snapshot(), {}) == ["A/B is paused and SUCCESS"]


def test_invariants_of_changes() -> None:
    h = house().set(S0="R", B="W")
    at, now = h.at("B"), clock("00:20")
    wrong = check_change(h.snapshot(), at, NodeStatus.RUNNING, Cause.SCHEDULER, now)
    assert [w.split(" ", 1)[1] for w in wrong] == [
        "starts before its upstream has succeeded",
        "starts before its scheduled time",
    ]
    assert check_change(h.snapshot(), at, NodeStatus.RUNNING, Cause.SCHEDULER, now, forced=True) == []
    assert (
        "goes from WAIT_SCHEDULE to SUCCESS by worker"
        in check_change(h.snapshot(), at, NodeStatus.SUCCESS, Cause.WORKER, now)[0]
    )
