"""Every operation on the fixture: the acceptance scenarios that a decision alone settles, and each refusal."""

from __future__ import annotations

import pytest

from taskhouse.domain.dependency import Dependency
from taskhouse.domain.instance_graph import ROOT_ID
from taskhouse.domain.operations.plan import Plan, Sees
from taskhouse.domain.operations.request import (
    CodeChoice,
    DownstreamScope,
    ForceRerunCurrent,
    ForceRerunDownstream,
    ModifyPriority,
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
from taskhouse.domain.recurring import Priority, TableKind
from taskhouse.domain.snapshot import OperationSettings
from tests.domain.om.fixture import House, house, node, script, task


@pytest.fixture
def done() -> House:
    """All ten nodes Succeeded."""
    return house().set(every="S")


def on(h: House, name: str, *fields: str) -> Target:
    return Target(h.instance(name), fields or None)


def refused(plan: Plan) -> list[str]:
    return [refusal.code.value for refusal in plan.refusals]


def items(plan: Plan) -> list[str]:
    return [item.name for item in plan.refusals[0].items]


def sees(plan: Plan) -> dict[str, str]:
    return {view.name.split("/")[-1]: view.sees.value for view in plan.downstream}


# Reading statuses


def test_scenario_4_6_7_field_statuses() -> None:
    h = house().set(B="S", C="R", D="N")
    assert h.fields("A") == {"t1": "S", "t2": "S", "t3": "R", "t4": "N"}
    assert {c.value for c in h.snapshot().instance_statuses(h.instance_at("A"))} == {"S", "R", "N"}
    assert h.graph.keys_of_instance[h.instance_at("A")] == ("id",)
    h.set(B="F", C="N", D="S")
    assert h.fields("A") == {"t1": "F", "t2": "N", "t3": "N", "t4": "S"}
    h.set(B="WAIT_RESOURCE", C="WAIT_SCHEDULE")
    assert h.fields("A")["t2"] == "W"


# Rerun


def test_scenario_10_rerun_of_a_field_takes_its_closure(done: House) -> None:
    plan = done.decide(Rerun(on(done, "A", "t1")))
    assert done.names(plan) == "B:N C:N"
    assert [f.name for f in plan.requested] == ["t1"]
    assert [(f.name, f.reason) for f in plan.associated] == [
        ("t2", "shares node B with t1"),
        ("t3", "shares node C with t2"),
    ]
    assert plan.log_entry()["closure_fields"] == ["t1", "t2", "t3"]
    assert sees(plan) == {"P": "KEEPS_OLD_DATA", "V": "KEEPS_OLD_DATA"}
    assert [check.unmet for check in plan.ancestor_checks] == [(), ()]


def test_scenario_11_keys_pull_nothing(done: House) -> None:
    plan = done.decide(Rerun(on(done, "A", "t4")))
    assert done.names(plan) == "D:N" and plan.associated == ()


def test_scenario_13_only_final_fields_rerun() -> None:
    h = house().set(S0="S")
    plan = h.decide(Rerun(on(h, "A", "t1")))
    assert refused(plan) == ["STATUS_NOT_ALLOWED"] and items(plan) == ["t1"]
    whole = h.decide(Rerun(on(h, "A")))
    assert items(whole) == ["t1", "t2", "t3", "t4"]
    assert refused(h.decide(Rerun(on(h, "Y")))) == ["STATUS_NOT_ALLOWED"]


def test_rerun_with_a_running_copy_behind_succeeded() -> None:
    h = house().set(every="S", C="R")
    plan = h.decide(Rerun(on(h, "A", "t1")))
    assert refused(plan) == ["CLOSURE_IN_FLIGHT"] and items(plan) == ["A/C"]


def test_rerun_leaves_nodes_that_have_not_run() -> None:
    h = house().set(S0="F", B="F", C="N", D="S")
    plan = h.decide(Rerun(on(h, "A", "t1")))
    assert h.names(plan) == "B:N"
    assert plan.unchanged == (h.ids["C"],)
    unmet = {check.node: [name for _, name in check.unmet] for check in plan.ancestor_checks}
    assert unmet == {h.ids["B"]: ["S0"], h.ids["C"]: ["S0"]}


def test_rerun_of_a_paused_closure_is_refused() -> None:
    h = house().set(every="S", C="N").pause("C")
    assert refused(h.decide(Rerun(on(h, "A", "t1")))) == ["INSTANCE_PAUSED"]


def test_waiting_downstream_goes_back_when_its_upstream_reruns() -> None:
    h = house().set(S0="S", B="S", C="S", D="S", P="W", Q="R", V="W", Y="N")
    plan = h.do(Rerun(on(h, "A")))
    assert h.names(plan) == "B:N C:N D:N P:N V:N"
    assert sees(plan) == {"P": "WAITS_AGAIN", "V": "WAITS_AGAIN", "Q": "RUNS_ON", "Y": "STARTS_AFTER"}
    causes = {c.node: c.cause.value for c in plan.changes}
    assert causes[h.ids["P"]] == "upstream rerun" and causes[h.ids["B"]] == "rerun"


def test_a_forced_waiting_node_is_not_sent_back() -> None:
    h = house().set(every="S", P="WAIT_RESOURCE")
    h.forced.add(h.at("P"))
    plan = h.decide(Rerun(on(h, "A", "t1")))
    assert h.names(plan) == "B:N C:N" and sees(plan)["P"] == "RUNS_ON"


def test_changed_logic_is_required(done: House) -> None:
    done.changed[done.field_at("A.t4")] = "its logic changed since it last ran"
    plan = done.decide(Rerun(on(done, "A", "t1")))
    assert done.names(plan) == "B:N C:N D:N"
    assert [(f.name, f.reason) for f in plan.required] == [("t4", "its logic changed since it last ran")]
    assert [f.name for f in plan.associated] == ["t2", "t3"]
    assert {c.part.value for c in plan.changes} == {"REQUESTED", "ASSOCIATED", "REQUIRED"}


def test_the_code_of_a_rerun_is_chosen_and_shown(done: House) -> None:
    plan = done.decide(Rerun(on(done, "A", "t4"), CodeChoice.AS_RAN))
    assert plan.code is CodeChoice.AS_RAN and ("code", "AS_RAN") in plan.options


# Naming targets


def test_unknown_targets(done: House) -> None:
    assert refused(done.decide(Rerun(Target(99)))) == ["NOT_FOUND"]
    assert refused(done.decide(Rerun(on(done, "A", "nope")))) == ["UNKNOWN_FIELD"]
    key = done.decide(Rerun(on(done, "A", "id")))
    assert refused(key) == ["UNKNOWN_FIELD"] and key.refusals[0].items[0].reason == "key: choose entire table"
    assert refused(done.decide(Rerun(on(done, "S0", "x")))) == ["UNKNOWN_FIELD"]
    assert refused(done.decide(Rerun(Target(done.instance("A"), ())))) == ["EMPTY_SCOPE"]


# Force rerun current


def test_scenario_14_force_rerun_before_upstream() -> None:
    h = house().set(S0="F")
    plan = h.do(ForceRerunCurrent(on(h, "A", "t4")))
    assert h.names(plan) == "D:N!"
    assert plan.log_entry()["unmet_ancestors"] == {str(h.ids["D"]): ["S0"]}
    assert sees(plan) == {"Q": "STARTS_AFTER", "Y": "STARTS_AFTER"}


def test_scenario_16_force_rerun_of_a_paused_node() -> None:
    h = house().pause("D")
    assert refused(h.decide(ForceRerunCurrent(on(h, "A", "t4")))) == ["INSTANCE_PAUSED"]


def test_force_rerun_cancels_what_is_in_flight() -> None:
    h = house().set(S0="S", B="R", C="W")
    plan = h.decide(ForceRerunCurrent(on(h, "A", "t1")))
    assert h.names(plan) == "B:N!x C:N!x" and plan.cancelled == [h.ids["B"]]


# Rerun downstream


def test_rerun_downstream_of_all_failed() -> None:
    h = house().set(every="S", P="F", X="N", V="F", Z="N", Y="F")
    plan = h.decide(RerunDownstream(on(h, "A", "t1", "t2")))
    assert h.names(plan) == "B:N C:N P:N"
    assert [(m.name, m.fields, m.level) for m in plan.members] == [("E", ("m1",), 1)]
    assert [m.name for m in plan.optional] == ["Z"]
    whole = h.decide(RerunDownstream(on(h, "A")))
    assert h.names(whole) == "B:N C:N D:N P:N V:N Y:N"
    assert [(m.name, m.fields) for m in whole.members] == [("E", ("m1", "m3")), ("Y", ())]


def test_rerun_downstream_with_nothing_failed(done: House) -> None:
    assert refused(done.decide(RerunDownstream(on(done, "A")))) == ["EMPTY_SCOPE"]


def test_rerun_downstream_in_dry_run_mode() -> None:
    h = house().set(every="S", P="F")
    plan = h.decide(RerunDownstream(on(h, "A", "t1"), StartMode.DRY_RUN))
    assert h.names(plan) == "B:S C:S P:N"
    assert {c.trigger.value for c in plan.changes if c.trigger} == {"DRY", "RERUN"}


def test_rerun_downstream_without_the_start() -> None:
    h = house().set(every="S", P="F")
    plan = h.decide(RerunDownstream(on(h, "A"), include_start=False))
    assert h.names(plan) == "P:N"


def test_rerun_downstream_custom(done: House) -> None:
    members = (on(done, "E", "m1"),)
    plan = done.decide(RerunDownstream(on(done, "A"), scope=DownstreamScope.CUSTOM, members=members))
    assert [(m.name, m.fields, m.required) for m in plan.members] == [("E", ("m1", "m2", "m3"), ("m2", "m3"))]
    t1 = done.decide(RerunDownstream(on(done, "A", "t1"), scope=DownstreamScope.CUSTOM, members=members))
    assert [(m.name, m.fields, m.required) for m in t1.members] == [("E", ("m1",), ())]
    with_x = (on(done, "E"), on(done, "X"))
    plan = done.decide(RerunDownstream(on(done, "A", "t1"), scope=DownstreamScope.CUSTOM, members=with_x))
    assert done.names(plan) == "B:N C:N P:N X:N"
    assert [(m.name, m.level) for m in plan.members] == [("E", 1), ("X", 2)]
    assert (
        refused(
            done.decide(RerunDownstream(on(done, "A", "t1"), scope=DownstreamScope.CUSTOM, members=(on(done, "Y"),)))
        )
        == ["NOT_FOUND", "EMPTY_SCOPE"][:1]
    )
    none = done.decide(RerunDownstream(on(done, "A", "t1"), scope=DownstreamScope.CUSTOM))
    assert refused(none) == ["EMPTY_SCOPE"]


def test_fields_that_do_not_depend_on_the_start_are_no_members(done: House) -> None:
    for start, member in ((on(done, "A", "t1"), on(done, "E", "m2")), (on(done, "E", "m1"), on(done, "A", "t4"))):
        plan = done.decide(RerunDownstream(start, scope=DownstreamScope.CUSTOM, members=(member,)))
        assert refused(plan) == ["NOT_FOUND"] and "does not depend on the start" in plan.refusals[0].message
    optional = (on(done, "E", "m3"),)
    assert done.decide(RerunDownstream(on(done, "A", "t1"), scope=DownstreamScope.CUSTOM, members=optional)).is_accepted


def test_an_optional_member_may_be_chosen(done: House) -> None:
    members = (on(done, "Z"),)
    plan = done.decide(RerunDownstream(on(done, "A", "t1"), scope=DownstreamScope.CUSTOM, members=members))
    assert done.names(plan) == "B:N C:N Z:N"


def test_rerun_downstream_refuses_active_members() -> None:
    h = house().set(every="S", X="R")
    plan = h.decide(RerunDownstream(on(h, "A"), scope=DownstreamScope.ALL))
    assert refused(plan) == ["SCOPE_HAS_ACTIVE"] and items(plan) == ["X"]
    final = h.decide(RerunDownstream(on(h, "A"), scope=DownstreamScope.FINAL))
    assert final.is_accepted and "X" not in h.names(final)


# Force rerun downstream


def test_scenario_17_force_rerun_downstream_quick(done: House) -> None:
    plan = done.decide(ForceRerunDownstream(on(done, "A")))
    assert done.names(plan) == "B:N! C:N! D:N! P:N Q:N V:N X:N Y:N Z:N"
    assert [(m.name, m.level) for m in plan.members] == [("E", 1), ("Y", 1), ("X", 2), ("Z", 2)]
    assert plan.optional == ()


def test_scenario_19_members_keep_their_conditions() -> None:
    h = house().set(S0="R")
    plan = h.do(ForceRerunDownstream(on(h, "A")))
    assert h.names(plan) == "B:N! C:N! D:N!"
    assert set(plan.unchanged) == {h.ids[n] for n in "PQVXYZ"}
    assert [m.name for m in plan.members] == ["E", "Y", "X", "Z"]


def test_force_rerun_downstream_cancels_members() -> None:
    h = house().set(every="S", Q="R", X="W")
    plan = h.decide(ForceRerunDownstream(on(h, "A"), StartMode.DRY_RUN))
    assert h.names(plan) == "B:S C:S D:S P:N Q:Nx V:N X:Nx Y:N Z:N"
    assert plan.cancelled == [h.ids["Q"]]


def test_force_rerun_downstream_of_fields_lists_the_rest(done: House) -> None:
    plan = done.decide(ForceRerunDownstream(on(done, "A", "t1")))
    assert done.names(plan) == "B:N! C:N! P:N X:N"
    assert [m.name for m in plan.optional] == ["Z"]


def test_paused_members_stay_paused() -> None:
    h = house().set(every="S", X="N").pause("X")
    plan = h.do(ForceRerunDownstream(on(h, "A")))
    assert [m.name for m in plan.members if m.paused] == ["X"] and h.at("X") in h.paused


# Stop


def test_scenario_24_stop_takes_what_is_in_flight() -> None:
    h = house().set(S0="S", B="S", C="R", D="WAIT_RESOURCE")
    plan = h.do(Stop(on(h, "A")))
    assert h.names(plan) == "C:Fx D:Fx"
    assert [(c.after_cancel, c.cancels and c.cancels.value) for c in plan.changes] == [
        (True, "STOPPED"),
        (False, "STOPPED"),
    ]
    assert h.fields("A") == {"t1": "S", "t2": "S", "t3": "F", "t4": "F"}
    assert set(sees(plan).values()) == {"STAYS_BLOCKED"}


def test_scenario_25_nothing_to_stop(done: House) -> None:
    assert refused(done.decide(Stop(on(done, "A")))) == ["STATUS_NOT_ALLOWED"]


def test_stop_of_a_field_with_a_hidden_running_copy() -> None:
    h = house().set(every="S", C="R")
    plan = h.decide(Stop(on(h, "A", "t2")))
    assert h.names(plan) == "C:Fx" and [f.name for f in plan.associated] == ["t3"]
    strict = h.decide(Stop(on(h, "A", "t2", "t4")))
    assert refused(strict) == ["STATUS_NOT_ALLOWED"] and items(strict) == ["t4"]


def test_stop_of_paused_nodes() -> None:
    h = house().set(S0="S", D="W").pause("D", "B")
    plan = h.do(Stop(on(h, "A", "t4")))
    assert h.names(plan) == "D:F-x" and h.at("D") not in h.paused
    assert refused(h.decide(Stop(on(h, "A", "t1")))) == ["STATUS_NOT_ALLOWED"]


# Pause and resume


def test_scenario_28_pause_of_a_waiting_field() -> None:
    h = house().set(S0="S", B="W", C="W", D="W")
    plan = h.do(Pause(on(h, "A", "t4")))
    assert h.names(plan) == "D:W+" and sees(plan) == {"Q": "STAYS_BLOCKED", "Y": "STAYS_BLOCKED"}
    assert refused(h.decide(Pause(on(h, "A", "t4")))) == ["STATUS_NOT_ALLOWED"]
    assert h.names(h.do(Resume(on(h, "A", "t4")))) == "D:W-"
    assert refused(h.decide(Resume(on(h, "A", "t4")))) == ["NOT_PAUSED"]


def test_scenario_29_what_waits_for_resources_is_not_paused() -> None:
    h = house().set(S0="S", D="WAIT_RESOURCE")
    assert refused(h.decide(Pause(on(h, "A", "t4")))) == ["STATUS_NOT_ALLOWED"]
    assert h.names(h.decide(Pause(on(h, "A")))) == "B:N+ C:N+"


def test_pause_lists_fields_that_pause_along() -> None:
    h = house()
    plan = h.decide(Pause(on(h, "A", "t1")))
    assert h.names(plan) == "B:N+" and [f.name for f in plan.associated] == ["t2"]


# Set to success


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (SuccessScope.FAILED, "B:S D:S"),
        (SuccessScope.NOT_RUN, "B:S C:S"),
        (SuccessScope.FAILED_AND_NOT_RUN, "B:S C:S D:S"),
    ],
)
def test_set_success_scopes(scope: SuccessScope, expected: str) -> None:
    # t1 is F, t2 (F and N) and t3 are N, t4 is F.
    h = house().set(S0="S", B="F", C="N", D="F")
    assert h.names(h.decide(SetSuccess(on(h, "A"), scope))) == expected


def test_set_success_of_chosen_fields() -> None:
    h = house().set(S0="S", B="F", C="S", D="R")
    plan = h.do(SetSuccess(on(h, "A", "t1"), SuccessScope.CUSTOM))
    assert h.names(plan) == "B:S" and [f.name for f in plan.associated] == ["t2"]
    assert sees(plan) == {"P": "RELEASED"}
    for field in ("t3", "t4"):
        assert refused(h.decide(SetSuccess(on(h, "A", field), SuccessScope.CUSTOM))) == ["STATUS_NOT_ALLOWED"]


def test_set_success_clears_the_flag_and_skips_what_is_active() -> None:
    h = house().pause("B")
    plan = h.do(SetSuccess(on(h, "A", "t1"), SuccessScope.CUSTOM))
    assert h.names(plan) == "B:S-" and not h.paused


def test_set_success_with_nothing_to_set() -> None:
    h = house().set(every="S", B="F")
    assert refused(h.decide(SetSuccess(on(h, "A"), SuccessScope.NOT_RUN))) == ["EMPTY_SCOPE"]
    h.set(every="S")
    assert refused(h.decide(SetSuccess(on(h, "A")))) == ["STATUS_NOT_ALLOWED"]
    assert refused(h.decide(SetSuccess(on(h, "S0")))) == ["STATUS_NOT_ALLOWED"]
    h.set(S0="F")
    assert h.names(h.decide(SetSuccess(on(h, "S0"), SuccessScope.FAILED))) == "S0:S"
    assert refused(h.decide(SetSuccess(on(h, "S0"), SuccessScope.NOT_RUN))) == ["EMPTY_SCOPE"]


def test_set_success_releases_only_what_waits_for_nothing_else() -> None:
    h = house([script("U1", "00:00"), script("U2", "00:00"), script("K", "00:10", U1="", U2="")], {})
    h.set(U1="F", U2="F")
    (view,) = h.decide(SetSuccess(on(h, "U1"))).downstream
    assert (view.name, view.sees) == ("K", Sees.STARTS_AFTER)
    h.set(U2="S")
    (view,) = h.decide(SetSuccess(on(h, "U1"))).downstream
    assert (view.name, view.sees) == ("K", Sees.RELEASED)


# Remove upstream, modify priority


def test_scenario_31_one_upstream_must_remain() -> None:
    h = house([script("U1", "00:00"), script("U2", "00:00"), script("K", "00:10", U1="", U2="")], {})
    h.set(U1="F", U2="F")
    plan = h.decide(RemoveUpstream(h.instance("K"), (h.instance("U1"),)))
    assert len(plan.notices) == 1 and plan.notices[0].startswith("K will not run yet")
    h.set(U2="S")
    plan = h.do(RemoveUpstream(h.instance("K"), (h.instance("U1"),)))
    assert len(plan.notices) == 1 and plan.notices[0].startswith("K will run once")
    assert [item.name for item in plan.removed_upstream] == ["U1"] and len(plan.removed_edges) == 1
    assert h.snapshot().unmet_upstream(h.at("K")) == []
    assert refused(h.decide(RemoveUpstream(h.instance("K"), (h.instance("U2"),)))) == ["LAST_UPSTREAM"]
    assert refused(h.decide(RemoveUpstream(h.instance("K"), (h.instance("U1"),)))) == ["NOT_FOUND"]
    assert refused(h.decide(RemoveUpstream(h.instance("K"), ()))) == ["EMPTY_SCOPE"]


def test_a_table_that_shares_a_node_keeps_an_upstream_too() -> None:
    tables = [
        script("U1", "00:00"),
        script("U2", "00:00"),
        task("T", "00:30", [node("M", "a", U1=""), node("N", "b", U2="")], Dependency("U1"), Dependency("U2")),
        task("O", "00:30", [node("M", "c", U1="")], Dependency("U1")),
    ]
    h = house(tables, {"T": TableKind.DIMENSION, "O": TableKind.DIMENSION})
    plan = h.decide(RemoveUpstream(h.instance("T"), (h.instance("U1"),)))
    assert refused(plan) == ["LAST_UPSTREAM"]
    assert plan.refusals[0].items[0].name == "O" and "shares a node" in plan.refusals[0].message
    assert h.decide(RemoveUpstream(h.instance("T"), (h.instance("U2"),))).is_accepted


def test_the_root_counts_as_upstream() -> None:
    h = house()
    assert refused(h.decide(RemoveUpstream(h.instance("S0"), (ROOT_ID,)))) == ["LAST_UPSTREAM"]


def test_removed_edges_no_longer_lead_downstream(done: House) -> None:
    done.removed.add(done.graph.out_edges[done.at("P")][0])
    plan = done.decide(ForceRerunDownstream(on(done, "A")))
    assert done.names(plan) == "B:N! C:N! D:N! P:N Q:N V:N Y:N Z:N"
    assert [m.name for m in plan.members] == ["E", "Y", "Z"]
    assert "X" not in sees(plan)


def test_modify_priority(done: House) -> None:
    plan = done.do(ModifyPriority(done.instance("S0"), Priority.HIGH))
    assert [(p.field, p.before.name, p.after.name) for p in plan.priorities] == [(None, "MIDDLE", "HIGH")]
    metrics = done.do(ModifyPriority(done.instance("E"), Priority.LOW))
    assert len(metrics.priorities) == 3 and all(p.field for p in metrics.priorities)
    again = done.decide(ModifyPriority(done.instance("E"), Priority.HIGHEST))
    assert {p.before for p in again.priorities} == {Priority.LOW}
    done.baseline[done.at("S0")] = Priority.HIGHEST
    assert "baseline" in done.decide(ModifyPriority(done.instance("S0"), Priority.LOW)).notices[0]


# Bounds, digests, logs


def test_too_many_members(done: House) -> None:
    done.settings = OperationSettings(max_members=8)
    assert refused(done.decide(ForceRerunDownstream(on(done, "A")))) == ["LIMIT_EXCEEDED"]


REQUESTS = [
    lambda h: Rerun(on(h, "A", "t1")),
    lambda h: Rerun(on(h, "A", "t2")),
    lambda h: Rerun(on(h, "A", "t4")),
    lambda h: Rerun(on(h, "A", "t4"), CodeChoice.AS_RAN),
    lambda h: Rerun(on(h, "A")),
    lambda h: ForceRerunCurrent(on(h, "A")),
    lambda h: ForceRerunDownstream(on(h, "A")),
    lambda h: RerunDownstream(on(h, "A"), scope=DownstreamScope.ALL),
    lambda h: Stop(on(h, "A")),
    lambda h: ModifyPriority(h.instance("A"), Priority.HIGH),
    lambda h: ModifyPriority(h.instance("A"), Priority.LOW),
]


def test_digests_tell_plans_apart_and_repeat(done: House) -> None:
    plans = [done.decide(make(done)) for make in REQUESTS]
    assert len({plan.digest for plan in plans}) == len(plans)
    assert [plan.digest for plan in plans] == [done.decide(make(done)).digest for make in REQUESTS]


def test_the_digest_ignores_lock_versions_and_sees_statuses(done: House) -> None:
    request: Request = Rerun(on(done, "A", "t1"))
    before = done.decide(request).digest
    done.lock = [7] * len(done.lock)
    assert done.decide(request).digest == before
    done.set(C="F")
    assert done.decide(request).digest != before
