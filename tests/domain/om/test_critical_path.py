"""The critical path with its worked example, and predictions."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.critical_path import Span, critical_path
from taskhouse.domain.graph import Digraph, reach
from taskhouse.domain.instance_graph import InstanceEdges
from taskhouse.domain.operations.request import ForceRerunDownstream, Rerun, Stop, Target
from taskhouse.domain.prediction import Times, is_slow, predict, predict_moving, predict_plan, usual_duration
from tests.domain.om.fixture import House, clock, house


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def test_scenario_44_worked_example() -> None:
    names = ["root", "S0", "A", "E", "X"]
    spans = [
        Span(clock(a), clock(b))
        for a, b in (("00:00", "00:00"), ("00:10", "00:40"), ("00:40", "01:25"), ("01:00", "01:55"), ("02:00", "02:20"))
    ]
    edges = Digraph.from_edges(5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    path = critical_path(edges.up, spans.__getitem__, 0, 4)
    assert [names[link.instance] for link in path] == names
    assert [link.contribution for link in path[1:]] == [minutes(n) for n in (40, 45, 30, 25)]
    assert [link.gap for link in path[1:]] == [minutes(n) for n in (10, 0, 0, 5)]
    assert sum((link.contribution for link in path), timedelta(0)) == minutes(140)


def test_edges_between_instances_of_the_fixture() -> None:
    h = house()
    edges = InstanceEdges(h.graph)
    at = {n: h.instance_at(n) for n in ("S0", "A", "E", "X", "Y", "Z")} | {"root": edges.root}
    names = {v: k for k, v in at.items()}
    expected = {("A", "E"), ("A", "Y"), ("E", "X"), ("E", "Z"), ("S0", "A"), ("root", "S0")}
    assert {(names[a], names[b]) for a in names for b in edges.down[a]} == expected
    assert {(names[a], names[b]) for b in names for a in edges.up[b]} == expected
    cut = InstanceEdges(h.graph, {0, *h.graph.in_edges[h.at("Y")]})
    assert list(cut.up[at["Y"]]) == [] and list(cut.down[at["A"]]) == [at["E"]]


def test_no_path_and_ties() -> None:
    spans = [Span(clock("00:00"), clock("00:10")), Span(clock("00:05"), clock("00:10"))] + [
        Span(clock("00:10"), clock("00:20"))
    ] * 2
    edges = Digraph.from_edges(4, [(0, 2), (1, 2)])
    assert critical_path(edges.up, spans.__getitem__, 0, 3) == []
    assert critical_path(edges.up, spans.__getitem__, 2, 0) == []
    assert [link.instance for link in critical_path(edges.up, spans.__getitem__, 2, 2)] == [2]
    both = Digraph.from_edges(5, [(4, 0), (4, 1), (0, 2), (1, 2)])
    root = Span(clock("00:00"), clock("00:00"))
    assert [link.instance for link in critical_path(both.up, [*spans, root].__getitem__, 4, 2)] == [4, 0, 2], (
        "longer duration wins"
    )
    same = [spans[0], spans[0], spans[2], spans[3], root]
    assert [
        link.instance for link in critical_path(both.up, same.__getitem__, 4, 2, name=[9, 8, 7, 6, 5].__getitem__)
    ] == [4, 1, 2], "then lower id"


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=10, max_size=10),
)
def test_contributions_add_up(pairs: list[tuple[int, int]], times: list[tuple[int, int]]) -> None:
    edges = Digraph.from_edges(10, {(min(p), max(p)) for p in pairs if p[0] != p[1]})
    base = datetime(2026, 3, 2)
    spans = [Span(base + minutes(min(t)), base + minutes(max(t))) for t in times]
    path = critical_path(edges.up, spans.__getitem__, 0, 9)
    below = reach(edges.down, [0])
    assert bool(path) == (9 in below)
    if path:
        assert path[0].instance == 0 and path[-1].instance == 9
        assert sum((p.contribution for p in path), timedelta(0)) == spans[9].end - spans[0].end
        assert all(p.gap >= timedelta(0) for p in path)
    for above, link in pairwise(path):
        best = max(spans[up].end for up in edges.up[link.instance] if up in below)
        assert spans[above.instance].end == best, "the upstream that finished last let it start"


# Predictions


def times(h: House, usual: float = 10, **actual: tuple[str, str | None]) -> Times:
    size = len(h.graph.nodes)
    started: list[datetime | None] = [None] * size
    ended: list[datetime | None] = [None] * size
    for name, (start, end) in actual.items():
        started[h.at(name)] = clock(start)
        ended[h.at(name)] = clock(end) if end else None
    return Times(started, ended, [minutes(usual)] * size, {})


def test_predictions_follow_upstream_and_time() -> None:
    h = house().set(S0="S", B="R", D="F")
    t = times(h, S0=("00:10", "00:20"), B=("00:30", None))
    found = predict(h.snapshot(), t, [h.at(n) for n in "BCPXYQ"], clock("00:35"))
    expected = {"S0": "00:20", "B": "00:40", "C": "00:45", "P": "01:10", "X": "02:10"}
    assert {n: found[h.at(n)] for n in expected} == {n: clock(v) for n, v in expected.items()}
    assert found[h.at("Q")] is None and found[h.at("Y")] is None, "D failed"
    late = predict(h.snapshot(), t, [h.at("P")], clock("03:00"))
    assert late[h.at("P")] == clock("03:10")


def test_paused_and_retried_nodes() -> None:
    h = house().set(S0="S", D="F").pause("B")
    t = times(h, S0=("00:10", "00:20"))
    t = Times(t.started_at, t.ended_at, t.usual, {h.at("D"): clock("01:05")})
    found = predict(h.snapshot(), t, [h.at("P"), h.at("Q")], clock("01:00"))
    assert found[h.at("P")] is None
    assert found[h.at("Q")] == clock("01:25")


def test_prediction_of_a_plan() -> None:
    h = house().set(every="S")
    plan = h.decide(ForceRerunDownstream(Target(h.instance("A"))))
    assert predict_plan(h.snapshot(), times(h), plan, clock("04:00")) == clock("04:30"), "A, E, then X and Z"
    each = predict_moving(h.snapshot(), times(h), plan, clock("04:00"))
    assert {n: each[h.at(n)] for n in ("B", "P", "X")} == {
        "B": clock("04:10"),
        "P": clock("04:20"),
        "X": clock("04:30"),
    }
    field = h.decide(Rerun(Target(h.instance("A"), ("t4",))))
    assert predict_plan(h.snapshot(), times(h), field, clock("04:00")) == clock("04:10")
    h.set(S0="F")
    assert predict_plan(h.snapshot(), times(h), h.decide(Rerun(Target(h.instance("A")))), clock("04:00")) is None
    h.set(C="R")
    assert predict_plan(h.snapshot(), times(h), h.decide(Stop(Target(h.instance("A")))), clock("04:00")) is None


def test_long_chains_are_predicted() -> None:
    from tests.domain.om.fixture import script

    size = 3000
    tasks = [script("t0", "00:00")] + [script(f"t{n}", "00:00", **{f"t{n - 1}": ""}) for n in range(1, size)]
    h = house(tasks, {})
    last = h.at(f"t{size - 1}")
    found = predict(h.snapshot(), times(h, usual=1), [last], clock("01:00"))
    assert found[last] == clock("01:00") + minutes(size)


def test_usual_durations() -> None:
    assert usual_duration([60.0 * n for n in (9, 1, 8, 2, 7, 3, 6)]) == minutes(6)
    assert usual_duration([]) == minutes(5)
    assert not is_slow(minutes(24), minutes(10)) and is_slow(minutes(26), minutes(10))
    assert not is_slow(minutes(89), minutes(60)) and is_slow(minutes(91), minutes(60))
