"""Generation of a date: instances, node instances and edges, and that doing it twice changes nothing."""

from __future__ import annotations

from datetime import date, time

from hypothesis import given, settings
from hypothesis import strategies as st

from taskhouse.domain.dependency import Dependency, Policy, Window
from taskhouse.domain.generation import (
    Edge,
    Generated,
    NodeBlueprint,
    TaskBlueprint,
    choose_sources,
    generate,
    node_cycle,
)
from taskhouse.domain.recurring import EdgeKind
from taskhouse.domain.schedule import Cycle, Schedule
from taskhouse.domain.status import NodeStatus
from tests.domain.om.fixture import RUN_DATE, TASKS, ZONE, clock, node, script, task


def show(edge: Edge) -> str:
    via = ",".join(name for _, name in edge.via)
    return f"{edge.up.node if edge.up else 'root'}->{edge.down.node}" + (f" ({via})" if via else "")


def edges(made: Generated) -> set[str]:
    return {show(edge) for edge in made.edges}


def test_the_fixture() -> None:
    made = generate(RUN_DATE, TASKS, ZONE)
    assert len(made.instances) == 6 and len(made.nodes) == 10
    assert set(made.nodes.values()) == {NodeStatus.INIT}
    assert {i.key.bizdate for i in made.instances} == {date(2026, 3, 1)}
    assert edges(made) == {
        "root->S0", "S0->B", "S0->C", "S0->D", "B->P (t1)", "D->Q (t4)", "C->V (t3)", "D->Y (t4)", "P->X (m1)", "V->Z (m3)",
    }  # fmt: skip
    assert not made.warnings


def test_a_task_published_late_begins_a_day_later() -> None:
    late = TaskBlueprint("L", Schedule(Cycle.DAY), (NodeBlueprint("L"),), (), date(2026, 3, 3))
    assert generate(RUN_DATE, [late], ZONE).instances == ()
    (one,) = generate(date(2026, 3, 3), [late], ZONE).instances
    assert one.due_at == clock("00:00", date(2026, 3, 3))


def test_monthly_tasks_are_dry_runs_on_other_days() -> None:
    monthly = task("M", "", [node("M", "")], schedule=Schedule(Cycle.MONTH, time(13), month_days=frozenset({2})))
    daily = script("W", "02:00", M="")
    first, second = (generate(day, [monthly, daily], ZONE) for day in (RUN_DATE, date(2026, 3, 3)))
    assert [i.dry_run for i in first.instances] == [False, False]
    assert {k.node: s.value for k, s in first.nodes.items()} == {"M": "INIT", "W": "INIT"}
    assert {k.node: s.value for k, s in second.nodes.items()} == {"M": "SUCCESS", "W": "INIT"}


def test_unknown_readers_wait_with_all_their_nodes() -> None:
    table = task("T", "01:00", [NodeBlueprint("a", ("x",)), NodeBlueprint("b", ("y",), reads={})], Dependency("S"))
    assert edges(generate(RUN_DATE, [script("S", "00:00"), table], ZONE)) == {"root->S", "S->a", "root->b"}
    table = task("T", "01:00", [NodeBlueprint(n, (n,), reads={}) for n in "ab"], Dependency("S"))
    assert edges(generate(RUN_DATE, [script("S", "00:00"), table], ZONE)) == {"root->S", "S->a", "S->b"}


def test_internal_edges_and_keys() -> None:
    fact = task("F", "00:30", [node("n1", "a", "id"), NodeBlueprint("n2", ("b",), ("id",), {}, ("n1",))])
    reader = script("R", "02:00", F="id")
    both = script("T", "02:00", F="id b")
    made = generate(RUN_DATE, [fact, reader, both], ZONE)
    assert edges(made) == {"root->n1", "n1->n2", "n1->R", "n2->T (b)"}
    assert {e.kind for e in made.edges if show(e) == "n1->n2"} == {EdgeKind.INTERNAL}


def test_one_source_for_a_redundant_field() -> None:
    nodes = [node("a", "x y z"), node("b", "x"), node("c", "x y")]
    assert choose_sources(nodes, frozenset({"x"})) == {"b": ["x"]}
    assert choose_sources(nodes, frozenset({"x", "y"})) == {"b": ["x"], "c": ["y"]}
    assert choose_sources([node("b", "x y"), node("a", "x z")], frozenset({"x"})) == {"a": ["x"]}
    assert choose_sources([node("s", "")], frozenset()) == {"s": []}


@given(
    st.lists(st.sets(st.sampled_from("uvwxyz"), min_size=1), min_size=1, max_size=5),
    st.sets(st.sampled_from("uvwxyz")),
)
def test_every_needed_field_has_exactly_one_source(tables: list[set[str]], need: set[str]) -> None:
    nodes = [NodeBlueprint(f"n{i}", tuple(sorted(values))) for i, values in enumerate(tables)]
    found = choose_sources(nodes, frozenset(need))
    written = {n.id: set(n.values) for n in nodes}
    taken = [name for names in found.values() for name in names]
    every = set().union(*tables)
    assert sorted(taken) == sorted((need or every) & every)
    assert all(set(names) <= written[source] for source, names in found.items())


def test_a_shared_node_is_one_node_instance() -> None:
    one = task("A", "00:30", [node("n", "a"), node("s", "x")])
    two = task("B", "00:30", [node("s", "y")], Dependency("S"))
    made = generate(RUN_DATE, [script("S", "00:00"), one, two], ZONE)
    assert sum(key.node == "s" for key in made.nodes) == 1
    assert sorted(i.task for i, n in made.links if n.node == "s") == ["A", "B"]
    assert edges(made) == {"root->S", "root->n", "S->s"}


def test_cycles_of_nodes_are_found() -> None:
    assert node_cycle(generate(RUN_DATE, TASKS, ZONE)) == []
    day_back = Dependency("b", Window.LAST_24H)
    tasks = [task("a", "01:00", [node("a", "")], day_back), task("b", "01:00", [node("b", "")], Dependency("a"))]
    assert [key.node for key in node_cycle(generate(RUN_DATE, tasks, ZONE))] == ["a", "b"]


def test_a_shared_node_does_not_wait_for_itself() -> None:
    one = task("A", "00:30", [node("s", "x")])
    two = task("B", "00:30", [node("s", "y", A="x"), node("n", "z", A="x")], Dependency("A"))
    assert edges(generate(RUN_DATE, [one, two], ZONE)) == {"root->s", "s->n (x)"}


def test_dependencies_on_earlier_dates() -> None:
    hourly = Schedule(Cycle.HOUR, hours=(0, 12))
    own = task("H", "", [node("H", "")], Dependency("H", Window.PREVIOUS, Policy.PREVIOUS), schedule=hourly)
    yesterday = generate(date(2026, 3, 1), [own], ZONE)
    assert [w.up_task for w in yesterday.warnings] == ["H"]
    assert {(e.up and e.up.due_at, e.kind) for e in yesterday.edges} == {
        (None, EdgeKind.ROOT), (clock("00:00", date(2026, 3, 1)), EdgeKind.SELF),
    }  # fmt: skip
    kept = {("H", date(2026, 3, 1)): yesterday.instances}
    made = generate(RUN_DATE, [own], ZONE, earlier=lambda name, day: kept.get((name, day), ()))
    assert not made.warnings
    ups = sorted((e.up.due_at, e.down.due_at) for e in made.edges if e.up)
    assert ups == [(clock("12:00", date(2026, 3, 1)), clock("00:00")), (clock("00:00"), clock("12:00"))]


def test_hourly_to_hourly_by_default() -> None:
    every = Schedule(Cycle.HOUR, interval_min=60)
    up = task("U", "", [node("U", "")], schedule=every)
    down = task(
        "W", "", [NodeBlueprint("W")], Dependency("U", policy=Policy.NEXT), schedule=Schedule(Cycle.HOUR, time(0, 5), interval_min=60)
    )  # fmt: skip
    made = generate(RUN_DATE, [up, down], ZONE)
    picked = {e.down.due_at: e.up.due_at for e in made.edges if e.up}
    assert picked[clock("00:05")] == clock("01:00")
    assert picked[clock("22:05")] == clock("23:00")
    assert picked[clock("23:05")] == clock("23:00")


NAMES = "abcdef"
TASKS_AT_RANDOM = st.lists(
    st.tuples(st.lists(st.sampled_from(NAMES), unique=True, max_size=3), st.sampled_from(list(Window)), st.booleans()),
    min_size=1,
    max_size=6,
).map(
    lambda drawn: [
        TaskBlueprint(
            NAMES[i],
            Schedule(Cycle.HOUR, hours=(0, 6, 12)) if hourly else Schedule(Cycle.DAY, time(3)),
            tuple(NodeBlueprint(f"{NAMES[i]}{n}", (f"f{n}", "g")) for n in range(2)),
            tuple(Dependency(up, window, Policy.ALL, 2) for up in ups if up != NAMES[i]),
        )
        for i, (ups, window, hourly) in enumerate(drawn)
    ]
)


@settings(max_examples=60, deadline=None)
@given(TASKS_AT_RANDOM)
def test_generation_is_repeatable_and_complete(tasks: list[TaskBlueprint]) -> None:
    def earlier(name: str, day: date) -> tuple[object, ...]:
        wanted = [t for t in tasks if t.id == name]
        return generate(day, wanted, ZONE).instances if day < RUN_DATE else ()

    made = generate(RUN_DATE, tasks, ZONE, earlier=earlier)
    again = generate(RUN_DATE, tasks, ZONE, earlier=earlier)
    assert made == again
    assert {n for _, n in made.links} == set(made.nodes) == {e.down for e in made.edges}
    assert len({(e.up, e.down) for e in made.edges}) == len(made.edges)
