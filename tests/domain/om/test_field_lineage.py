"""How fields are made and who reads them, on the fixture and with recorded lineage."""

from __future__ import annotations

from taskhouse.domain.dependency import Dependency
from taskhouse.domain.field_lineage import consumption, production
from taskhouse.domain.recurring import TableKind
from tests.domain.om.fixture import house, node, script, task


def test_a_redundant_field_is_made_once_a_node() -> None:
    h = house().set(B="S")
    made = production(h.snapshot(), h.field_at("A.t2"))
    assert [(p.name, p.status.value, p.fields) for p in made] == [
        ("B", "SUCCESS", ("t1", "t2")),
        ("C", "INIT", ("t2", "t3")),
    ]
    assert [[(r.name, r.fields) for r in p.reads] for p in made] == [[("S0", ())], [("S0", ())]]
    (m1,) = production(h.snapshot(), h.field_at("E.m1"))
    assert [(r.name, r.fields) for r in m1.reads] == [("A", ("t1",))]


def test_readers_of_a_field() -> None:
    h = house()
    readers = consumption(h.snapshot(), h.field_at("A.t4"))
    assert {(c.instance_name, c.name, c.fields) for c in readers} == {("E", "Q", ("m2",)), ("Y", "Y", ())}
    assert consumption(h.snapshot(), h.field_at("A.t2")) == []
    h.removed.update(h.graph.in_edges[h.at("Y")])
    assert {c.name: c.is_removed for c in consumption(h.snapshot(), h.field_at("A.t4"))} == {"Q": False, "Y": True}


def test_recorded_lineage_narrows_both_sides() -> None:
    tasks = [
        task("A", "00:00", [node("a", "x y")]),
        task("B", "00:10", [node("b", "p q", A="x y")], Dependency("A")),
        script("P", "00:20", B="p"),
    ]
    h = house(tasks, {"A": TableKind.DIMENSION, "B": TableKind.FACT}, lineage=[("B.p", "A.x"), ("B.q", "A.y")])
    (p,) = production(h.snapshot(), h.field_at("B.p"))
    assert [(r.name, r.fields) for r in p.reads] == [("A", ("x",))]
    assert [(c.name, c.fields) for c in consumption(h.snapshot(), h.field_at("A.y"))] == [("b", ("q",))]
