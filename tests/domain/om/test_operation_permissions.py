"""Who may operate what: per touched object, per metric, through shared nodes, downstream; and batches with those who may not."""

from __future__ import annotations

import pytest

from taskhouse.domain.dependency import Dependency
from taskhouse.domain.faults import Fault
from taskhouse.domain.instance_graph import ROOT_ID
from taskhouse.domain.operations import decide_all
from taskhouse.domain.operations.batch import BatchPlan
from taskhouse.domain.operations.request import (
    Batch,
    BatchOperation,
    DownstreamScope,
    ForceRerunCurrent,
    ForceRerunDownstream,
    ModifyPriority,
    Pause,
    RemoveUpstream,
    Rerun,
    RerunDownstream,
    Resume,
    SetSuccess,
    Stop,
    Target,
)
from taskhouse.domain.recurring import Priority, TableKind
from taskhouse.domain.roles import ROLE_MATRIX, Action, Actor, ProjectRole
from tests.domain.om.fixture import VISITOR, House, clock, house, node, script, task

OPERATOR = Actor("ann", roles={"shop": frozenset({ProjectRole.OPERATOR})})


def codes(plan: object) -> list[str]:
    return [refusal.code.value for refusal in plan.refusals]


def split(**projects: str) -> House:
    """The fixture done, with some instances or metrics (`E_m1`) in other projects, operated by one who is a member of shop."""
    h = house(projects={name.replace("_", "."): project for name, project in projects.items()}).set(every="S")
    h.actor = OPERATOR
    return h


def test_the_matrix_of_roles() -> None:
    workers = {ProjectRole.PROJECT_ADMIN, ProjectRole.DEVELOPER, ProjectRole.OPERATOR}
    for role in ProjectRole:
        actor = Actor("u", roles={"p": frozenset({role})})
        assert actor.may(Action.VIEW, "p")
        assert actor.may(Action.INSPECT, "p") == actor.may(Action.OPERATE, "p") == (role in workers)
        assert not any(actor.may(action, "q") for action in Action)
    assert set(ROLE_MATRIX) == set(Action)
    assert Actor("root", super_admin=True).may(Action.OPERATE, "anything")


@pytest.mark.parametrize(
    "kind", [Rerun, ForceRerunCurrent, ForceRerunDownstream, Stop, Pause, Resume, SetSuccess, RerunDownstream]
)
def test_scenario_47_a_visitor_operates_nothing(kind: type) -> None:
    h = house().set(every="S")
    h.actor = VISITOR
    for name in ("A", "S0"):
        assert "FORBIDDEN" in codes(h.decide(kind(Target(h.instance(name)))))
    assert "FORBIDDEN" in codes(h.decide(RemoveUpstream(h.instance("A"), (h.instance("S0"),))))
    assert "FORBIDDEN" in codes(h.decide(ModifyPriority(h.instance("A"), Priority.LOW)))
    assert "FORBIDDEN" in codes(h.decide(ModifyPriority(h.instance("E"), Priority.LOW)))


def test_metrics_have_projects_of_their_own() -> None:
    h = split(E_m1="other")
    assert codes(h.decide(Rerun(Target(h.instance("E"), ("m1",))))) == ["FORBIDDEN"]
    assert h.decide(Rerun(Target(h.instance("E"), ("m2",)))).is_accepted
    whole = h.decide(Rerun(Target(h.instance("E"))))
    assert codes(whole) == ["FORBIDDEN"] and [i.name for i in whole.refusals[0].items] == ["E.m1"]
    plan = h.decide(ModifyPriority(h.instance("E"), Priority.HIGH))
    assert len(plan.priorities) == 2 and "1 metrics keep" in plan.notices[0]


def test_associated_metrics_without_permission() -> None:
    tables = [task("E", "01:00", [node("P", "m1 m2"), node("Q", "m2 m3")])]
    h = house(tables, {"E": TableKind.AGGREGATE}, {"E.m3": "other"}).set(every="S")
    h.actor = OPERATOR
    assert codes(h.decide(Rerun(Target(h.instance("E"), ("m1",))))) == ["FORBIDDEN_ASSOCIATED"]
    h.set(every="N")
    assert h.decide(Pause(Target(h.instance("E"), ("m1",)))).is_accepted, "one hop does not reach m3"
    assert codes(h.decide(Pause(Target(h.instance("E"), ("m2",))))) == ["FORBIDDEN_ASSOCIATED"]


def shared() -> House:
    tables = [
        task("A", "00:30", [node("n", "a"), node("s", "x")]),
        task("B", "00:30", [node("s", "y"), node("m", "y z")]),
    ]
    return house(tables, {"A": TableKind.FACT, "B": TableKind.FACT}, {"B": "other"}).set(every="S")


def test_shared_nodes_lead_into_the_other_table() -> None:
    h = shared()
    plan = h.decide(Rerun(Target(h.instance("A"), ("x",))))
    assert h.names(plan) == "m:N s:N"
    assert [(f.name, f.other_table) for f in plan.associated] == [("y", True), ("z", True)]
    assert h.names(h.decide(Rerun(Target(h.instance("A"), ("a",))))) == "n:N"
    h.actor = OPERATOR
    assert codes(h.decide(Rerun(Target(h.instance("A"), ("x",))))) == ["FORBIDDEN_ASSOCIATED"]
    assert codes(h.decide(Rerun(Target(h.instance("A"))))) == ["FORBIDDEN_ASSOCIATED"]
    assert h.decide(Rerun(Target(h.instance("A"), ("a",)))).is_accepted


def test_forbidden_members_are_left_out_on_confirmation() -> None:
    h = split(E_m1="other")
    refused = h.decide(ForceRerunDownstream(Target(h.instance("A"))))
    assert codes(refused) == ["FORBIDDEN"] and [i.name for i in refused.refusals[0].items] == ["E.m1"]
    plan = h.decide(ForceRerunDownstream(Target(h.instance("A")), exclude_forbidden=True))
    assert [i.name for i in plan.excluded] == ["E.m1", "X"]
    assert h.names(plan) == "B:N! C:N! D:N! Q:N V:N Y:N Z:N", "X is reachable only through m1"
    h.set(P="F", X="F", Y="F")
    for scope in (DownstreamScope.FAILED, DownstreamScope.FINAL, DownstreamScope.ALL):
        plan = h.decide(RerunDownstream(Target(h.instance("A")), scope=scope, exclude_forbidden=True))
        assert [i.name for i in plan.excluded] == ["E.m1", "X"]
        assert not {"P", "X"} & set(h.names(plan).replace(":N", "").split()) and "Y:N" in h.names(plan)
    h.set(P="S")
    plan = h.decide(RerunDownstream(Target(h.instance("A")), exclude_forbidden=True))
    assert plan.excluded == () and "X:N" in h.names(plan), "m1 did not fail and is not in the scope"


def test_what_is_behind_a_forbidden_member_is_named_too() -> None:
    h = split(E_m1="other", X="other")
    refused = h.decide(ForceRerunDownstream(Target(h.instance("A"))))
    assert [i.name for i in refused.refusals[0].items] == ["E.m1", "X"]


def test_forbidden_scripts_downstream() -> None:
    h = split(X="other")
    assert codes(h.decide(ForceRerunDownstream(Target(h.instance("A"))))) == ["FORBIDDEN"]
    plan = h.decide(ForceRerunDownstream(Target(h.instance("A")), exclude_forbidden=True))
    assert [i.name for i in plan.excluded] == ["X"] and "X:N" not in h.names(plan)
    failed = h.set(X="F", Y="F").decide(RerunDownstream(Target(h.instance("A"))))
    assert codes(failed) == ["FORBIDDEN"]
    only_y = h.decide(RerunDownstream(Target(h.instance("A"), ("t4",))))
    assert only_y.is_accepted and h.names(only_y) == "D:N Y:N"
    members = (Target(h.instance("X")),)
    custom = RerunDownstream(Target(h.instance("A")), scope=DownstreamScope.CUSTOM, members=members)
    assert "FORBIDDEN" in codes(h.decide(custom))


# Batches


def batch(h: House, operation: BatchOperation, *names: str, priority: Priority | None = None) -> BatchPlan:
    instances = tuple(h.instance(name) for name in names)
    return decide_all(Batch(operation, instances, priority), h.snapshot(), clock("12:00"))


def outcome(plan: BatchPlan, h: House) -> tuple[list[str], dict[str, str]]:
    names = {h.instance(n): n for n in "S0 A E X Y Z".split()}
    return [names[p.instance] for p in plan.plans], {s.name: s.code.value for s in plan.skipped}


def mixed() -> House:
    """Scripts: S0 Succeeded, X Failed, Y Running, Z Not Running."""
    return house().set(S0="S", X="F", Y="R", Z="N")


def test_scenario_32_batch_stop() -> None:
    h = mixed()
    plan = batch(h, BatchOperation.STOP, "S0", "X", "Y")
    assert outcome(plan, h) == (["Y"], {"S0": "STATUS_NOT_ALLOWED", "X": "STATUS_NOT_ALLOWED"})
    assert all(s.reason for s in plan.skipped)
    none = batch(h, BatchOperation.STOP, "S0", "X", "Z")
    assert not none.is_accepted and len(none.skipped) == 3


def test_scenario_33_batch_reruns() -> None:
    h = mixed()
    final = batch(h, BatchOperation.RERUN_FINAL, "S0", "X", "Y", "Z")
    assert outcome(final, h)[0] == ["S0", "X"] and len(final.skipped) == 2
    failed = batch(h, BatchOperation.RERUN_FAILED, "S0", "X", "Y", "Z")
    assert outcome(failed, h)[0] == ["X"] and len(failed.skipped) == 3
    forced = batch(h, BatchOperation.FORCE_RERUN, "S0", "X", "Y", "Z")
    assert len(forced.plans) == 4 and not forced.skipped


def test_batch_rerun_of_failed_fields_takes_their_closure() -> None:
    h = house().set(every="S", B="F")
    plan = batch(h, BatchOperation.RERUN_FAILED, "A", "A", "E")
    assert len(plan.plans) == 1 and h.names(plan.plans[0]) == "B:N C:N"
    assert [f.name for f in plan.plans[0].requested] == ["t1"]


def test_batch_of_the_other_operations() -> None:
    h = mixed().pause("Z")
    assert outcome(batch(h, BatchOperation.SET_SUCCESS, "S0", "X", "Y", "Z"), h)[0] == ["X", "Z"]
    assert outcome(batch(h, BatchOperation.RESUME, "X", "Z"), h) == (["Z"], {"X": "NOT_PAUSED"})
    assert outcome(batch(h, BatchOperation.PAUSE, "A", "Y", "Z"), h)[0] == ["A"]
    plan = batch(h, BatchOperation.MODIFY_PRIORITY, "A", "X", priority=Priority.HIGH)
    assert len(plan.plans) == 2 and plan.digest != batch(h, BatchOperation.PAUSE, "A").digest
    with pytest.raises(Fault, match="needs the priority"):
        batch(h, BatchOperation.MODIFY_PRIORITY, "A")


def test_batch_skips_what_is_forbidden_or_gone() -> None:
    h = split(X="other").set(X="F")
    plan = decide_all(
        Batch(BatchOperation.RERUN_FINAL, (h.instance("S0"), h.instance("X"), 99)), h.snapshot(), clock("12:00")
    )
    assert [s.code.value for s in plan.skipped] == ["FORBIDDEN", "NOT_FOUND"]
    assert len(plan.plans) == 1


def test_the_root_cannot_be_left_out_of_the_count() -> None:
    tasks = [script("U", "00:00"), task("K", "00:10", [node("K", "", U="")], Dependency("U"), Dependency(""))]
    h = house(tasks, {})
    assert h.decide(RemoveUpstream(h.instance("K"), (h.instance("U"),))).is_accepted
    h.do(RemoveUpstream(h.instance("K"), (ROOT_ID,)))
    assert codes(h.decide(RemoveUpstream(h.instance("K"), (h.instance("U"),)))) == ["LAST_UPSTREAM"]
