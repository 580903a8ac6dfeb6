"""Every cell of the matrix through `decide`, and what no operation may do, on random tables and statuses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskhouse.domain.closure import is_closed
from taskhouse.domain.dependency import Dependency
from taskhouse.domain.field_logic import FieldLogic, changed_fields
from taskhouse.domain.generation import NodeBlueprint, TaskBlueprint
from taskhouse.domain.operations.plan import Part, Plan, Sees
from taskhouse.domain.operations.request import (
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
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.domain.transitions import MATRIX, Operation, is_allowed, is_field_allowed, is_legal
from tests.domain.om.fixture import House, house, node, script, task


def request(operation: Operation, h: House, name: str, fields: tuple[str, ...] | None = None) -> Request:
    target = Target(h.instance(name), fields)
    match operation:
        case Operation.RERUN:
            return Rerun(target)
        case Operation.RERUN_DOWNSTREAM:
            return RerunDownstream(target, scope=DownstreamScope.ALL)
        case Operation.FORCE_RERUN_CURRENT:
            return ForceRerunCurrent(target)
        case Operation.FORCE_RERUN_DOWNSTREAM:
            return ForceRerunDownstream(target)
        case Operation.STOP:
            return Stop(target)
        case Operation.SET_SUCCESS:
            return SetSuccess(target, SuccessScope.CUSTOM)
        case Operation.PAUSE:
            return Pause(target)
        case Operation.RESUME:
            return Resume(target)
        case Operation.REMOVE_UPSTREAM:
            return RemoveUpstream(target.instance, (h.instance("U1"),))
        case Operation.MODIFY_PRIORITY:
            return ModifyPriority(target.instance, Priority.HIGH)


def three() -> House:
    """U1, U2 -> K -> W, and K written as a one-field table T with the same upstreams."""
    tasks = [
        script("U1", "00:00"), script("U2", "00:00"), script("K", "00:10", U1="", U2=""), script("W", "00:20", K=""),
        task("T", "00:10", [node("n", "f", "id", U1="", U2="")], Dependency("U1"), Dependency("U2")), script("V", "00:20", T="f"),
    ]  # fmt: skip
    return house(tasks, {"T": TableKind.FACT})


CELLS = [(row.status, row.paused, operation) for row in MATRIX for operation in Operation]


@pytest.mark.parametrize(("status", "paused", "operation"), CELLS, ids=lambda v: getattr(v, "value", str(v)))
def test_every_cell_of_the_matrix(status: NodeStatus, paused: bool, operation: Operation) -> None:
    """On a script, on an entire table with one node, and on its field."""
    for name, where, fields in (("K", "K", None), ("T", "n", None), ("T", "n", ("f",))):
        h = three().set(**{where: status.value})
        if paused:
            h.pause(where)
        plan = h.decide(request(operation, h, name, fields))
        assert plan.is_accepted == is_allowed(operation, status, paused=paused), (name, fields, plan.refusals)


@pytest.mark.parametrize(("first", "second"), list(product(NodeStatus, repeat=2)), ids=lambda s: s.value)
def test_fields_with_two_copies(first: NodeStatus, second: NodeStatus) -> None:
    """What the statuses of two nodes of one field admit: by the normalised status, except that nodes decide what is in flight."""
    tasks = [task("T", "00:10", [node("a", "f"), node("b", "f")])]
    h = house(tasks, {"T": TableKind.FACT}).set(a=first.value, b=second.value)
    target = Target(h.instance("T"), ("f",))
    normalised = h.snapshot().field_status(h.field_at("T.f"))
    assert normalised is not None
    active = [s.status_class.is_active for s in (first, second)]
    rerun = h.decide(Rerun(target))
    assert rerun.is_accepted == (is_field_allowed(Operation.RERUN, normalised) and not any(active))
    if normalised.is_final and any(active):
        assert rerun.refusals[0].code.value == "CLOSURE_IN_FLIGHT"
    assert h.decide(ForceRerunCurrent(target)).is_accepted
    assert h.decide(Stop(target)).is_accepted == any(active)
    success = h.decide(SetSuccess(target, SuccessScope.CUSTOM))
    assert success.is_accepted == is_field_allowed(Operation.SET_SUCCESS, normalised)
    pausable = [is_allowed(Operation.PAUSE, s, paused=False) for s in (first, second)]
    assert h.decide(Pause(target)).is_accepted == any(pausable)
    for plan in (h.decide(Stop(target)), h.decide(Pause(target))):
        for change in plan.changes:
            assert is_allowed(plan.operation, change.source, paused=False)


# Random worlds


@dataclass
class Drawn:
    house: House
    request: Request


def _tasks(
    tables: list[list[set[str]]], reads: list[tuple[int, int, str]], shared: set[int], inner: set[int]
) -> list[TaskBlueprint]:
    """Tables T0, T1, ... whose nodes write the given fields; (reader table, source table, field) with reader > source. The first
    node of a table in `shared` also writes a field `s` of the table before; in a table in `inner` each node reads the one before."""
    found = []
    for number, nodes in enumerate(tables):
        needs: dict[str, set[str]] = {}
        for down, up, field in reads:
            known = set().union(*tables[up]) if up < len(tables) else set()
            if down == number and up < number and field in known:
                needs.setdefault(f"T{up}", set()).add(field)
        text = {up: frozenset(fields) for up, fields in needs.items()}
        blueprints = []
        for i, values in enumerate(nodes):
            before = (f"n{number}{i - 1}",) if i and number in inner else ()
            blueprints.append(NodeBlueprint(f"n{number}{i}", tuple(sorted(values)), ("id",), text, before))
        if number + 1 in shared and number + 1 < len(tables):
            blueprints.append(NodeBlueprint(f"n{number + 1}0", ("s",), (), text))
        dependencies = [Dependency(up, up_fields=tuple(sorted(fields))) for up, fields in needs.items()]
        found.append(task(f"T{number}", "00:10", blueprints, *dependencies))
    return found


TABLES = st.lists(
    st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=1, max_size=3), min_size=1, max_size=4
)
READS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from("abcd")), max_size=8)


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    tables = draw(TABLES)
    kinds = {f"T{n}": TableKind.FACT for n in range(len(tables))}
    numbers = st.sets(st.integers(0, 3))
    projects = {f"T{n}": "other" for n in draw(st.sets(st.integers(0, 3), max_size=1))}
    h = house(_tasks(tables, draw(READS), draw(numbers), draw(numbers)), kinds, projects)
    if draw(st.booleans()):
        h.actor = Actor("ann", roles={"shop": frozenset({ProjectRole.DEVELOPER})})
    for at in range(len(h.status)):
        h.status[at] = draw(st.sampled_from(NodeStatus))
        if not h.status[at].status_class.is_final and h.status[at] is not NodeStatus.RUNNING and draw(st.booleans()):
            h.paused.add(at)
    name = f"T{draw(st.integers(0, len(tables) - 1))}"
    own = [h.graph.fields[f].name for f in h.graph.fields_of_instance[h.instance_at(name)]]
    picked = draw(st.none() | st.sets(st.sampled_from(own), min_size=1).map(lambda s: tuple(sorted(s))))
    target = Target(h.instance(name), picked)
    mode = draw(st.sampled_from(StartMode))
    wanted: Request = draw(
        st.sampled_from(
            [
                Rerun(target),
                ForceRerunCurrent(target),
                RerunDownstream(
                    target, mode, draw(st.sampled_from([s for s in DownstreamScope if s.value != "CUSTOM"]))
                ),
                ForceRerunDownstream(target, mode, exclude_forbidden=draw(st.booleans())),
                Stop(target),
                Pause(target),
                Resume(target),
                SetSuccess(target, draw(st.sampled_from(SuccessScope))),
            ]
        )
    )
    return Drawn(h, wanted)


WRITING = {
    Operation.RERUN,
    Operation.RERUN_DOWNSTREAM,
    Operation.FORCE_RERUN_CURRENT,
    Operation.FORCE_RERUN_DOWNSTREAM,
}


def rewritten(h: House, plan: Plan) -> set[int]:
    """Nodes that the plan writes again: its changes without neighbours, and those that only wait for their turn."""
    nodes = {c.node for c in plan.changes if c.part is not Part.NEIGHBOUR} | set(plan.unchanged)
    return {h.graph.node_at[n] for n in nodes}


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_what_every_plan_keeps(drawn: Drawn) -> None:
    h, plan = drawn.house, drawn.house.decide(drawn.request)
    assert plan == h.decide(drawn.request)
    assert len(plan.digest) == 32 and plan.digest == h.decide(drawn.request).digest
    if not plan.is_accepted:
        assert all(r.message for r in plan.refusals)
        return
    ids = [c.node for c in plan.changes]
    assert ids == sorted(set(ids)), "each node once, in order"
    for change in plan.changes:
        at = h.graph.node_at[change.node]
        assert is_legal(change.source, change.target, change.cause), change
        assert change.source is h.status[at] and change.lock_version == h.lock[at]
        if at in h.paused and change.part is not Part.MEMBER and change.part is not Part.NEIGHBOUR:
            assert plan.operation not in WRITING
        if change.cancels is not None:
            assert change.source.status_class.is_active
        assert change.skip_checks == (change.cause.value == "force rerun" and change.part is not Part.MEMBER)
    if plan.operation in WRITING:
        nodes = rewritten(h, plan)
        fields = sorted({f for n in nodes for f in h.graph.incidence.fields_of[n]})
        assert is_closed(h.graph.incidence, fields), "two copies of a field would differ"
        assert all(n in nodes for f in fields for n in h.graph.incidence.nodes_of[f])
    named = {f.id for f in (*plan.requested, *plan.required, *plan.associated)}
    assert len(named) == len(plan.requested) + len(plan.required) + len(plan.associated)
    for change in plan.changes:
        at = h.graph.node_at[change.node]
        if change.part is not Part.NEIGHBOUR:
            touched_fields = h.graph.incidence.fields_of[at]
            assert all(h.snapshot().may_operate_field(f) for f in touched_fields), "operated without permission"
    before = list(h.status)
    h.apply(plan)
    touched = {h.graph.node_at[c.node] for c in plan.changes}
    assert all(before[at] is h.status[at] for at in range(len(before)) if at not in touched)
    for at in h.paused:
        assert not h.status[at].status_class.is_final, "what is finished is not paused"


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_nothing_waits_on_what_was_reset(drawn: Drawn) -> None:
    """After a rerun no node outside waits, unforced, for a node that left Succeeded by it."""
    h, plan = drawn.house, drawn.house.decide(drawn.request)
    if not plan.is_accepted or plan.operation not in WRITING:
        return
    left = {
        h.graph.node_at[c.node] for c in plan.changes if c.source is NodeStatus.SUCCESS and c.target is not c.source
    }
    h.apply(plan)
    for at in left:
        for edge in h.snapshot().live_out_edges(at):
            down = h.graph.edge_down[edge]
            assert h.status[down].status_class is not StatusClass.WAITING or down in h.forced
    seen = {v.sees for v in plan.downstream}
    assert seen <= {Sees.KEEPS_OLD_DATA, Sees.STARTS_AFTER, Sees.WAITS_AGAIN, Sees.RUNS_ON}


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_force_rerun_downstream_takes_every_dependent_field(drawn: Drawn) -> None:
    """All members are Not Running afterwards, and every reader of a rewritten, wanted field is a member."""
    h = drawn.house
    target = drawn.request.target
    plan = h.decide(ForceRerunDownstream(target))
    if not plan.is_accepted:
        return
    nodes = rewritten(h, plan)
    h.apply(plan)
    assert all(h.status[n] is NodeStatus.INIT for n in nodes)
    wanted = {h.graph.field_at[f.id] for f in plan.requested}
    for edge, via in enumerate(h.graph.edge_via):
        if h.graph.edge_up[edge] in nodes and not wanted.isdisjoint(via):
            assert h.graph.edge_down[edge] in nodes


# Lineage and logic


def test_only_fields_that_depend_on_what_was_read_lead_on() -> None:
    tasks = [
        task("A", "00:00", [node("a", "x y")]),
        task("B", "00:10", [node("b", "p q", A="x y")], Dependency("A")),
        script("P", "00:20", B="p"),
        script("Q", "00:20", B="q"),
    ]
    kinds = {"A": TableKind.DIMENSION, "B": TableKind.FACT}
    h = house(tasks, kinds, lineage=[("B.p", "A.x"), ("B.q", "A.y")]).set(every="S")
    plan = h.decide(ForceRerunDownstream(Target(h.instance("A"), ("x",))))
    assert [m.name for m in plan.members] == ["B", "P"]
    assert plan.members[0].required == ("p",) and plan.members[0].fields == ("p", "q")
    assert [m.name for m in plan.optional] == ["Q"]
    unknown = house(tasks, kinds).set(every="S")
    plan = unknown.decide(ForceRerunDownstream(Target(unknown.instance("A"), ("x",))))
    assert [m.name for m in plan.members] == ["B", "P", "Q"], "without lineage every field of the reader may depend"


def test_changed_logic() -> None:
    same = FieldLogic("a", "1", "1")
    assert changed_fields([same, FieldLogic("b", "2"), FieldLogic("c", "2", "1")]) == {
        "c": "its logic changed since it last ran"
    }
    part = "atomic:pay_amt"
    metrics = [
        FieldLogic("m1", "1", "1", {part: "new"}, {part: "old"}),
        FieldLogic("m2", "1", "1", {part: "new"}, {part: "new"}),
        FieldLogic("m3", "1", "1", {"filter:paid": "x"}, {"filter:paid": "x"}),
        FieldLogic("m4", "1", "", {part: "new"}),
    ]
    assert changed_fields(metrics) == dict.fromkeys(("m1", "m2", "m4"), "'atomic:pay_amt' changed")
    assert set(changed_fields([same], key_changed=True)) == {"a"}
