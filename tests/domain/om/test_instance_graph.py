"""The graph of instances: what "the entire table" is, parts of a date loaded alone, and names for people."""

from __future__ import annotations

from taskhouse.domain.instance_graph import InstanceGraph
from taskhouse.domain.operations import decide
from taskhouse.domain.operations.request import ForceRerunCurrent, Pause, Request, Rerun, Stop, Target
from taskhouse.domain.recurring import TableKind
from taskhouse.domain.snapshot import Snapshot
from tests.domain.om.fixture import House, clock, house, node, task


def test_the_entire_table() -> None:
    tables = [
        task("A", "00:30", [node("n", "a", "id"), node("s", "x"), node("k", "", "id")]),
        task("B", "00:30", [node("s", "y"), node("m", "z")]),
    ]
    h = house(tables, {"A": TableKind.FACT, "B": TableKind.FACT}).set(every="S")
    graph = h.graph

    def own(name: str) -> list[str]:
        return [graph.nodes[n].name for n in graph.own_nodes(h.instance_at(name))]

    assert own("A") == ["n", "s", "k"], "a node of keys alone belongs to its table"
    assert own("B") == ["s", "m"]
    assert graph.keys_of_instance == {h.instance_at("A"): ("id",)}
    assert h.names(h.decide(Rerun(Target(h.instance("A"))))) == "k:N n:N s:N"
    assert graph.label(h.at("n")) == "A/n"
    assert graph.field_named(h.instance_at("A"), "x") == h.field_at("A.x")
    assert graph.field_named(h.instance_at("A"), "id") is None
    assert house().graph.label(house().at("S0")) == "S0"


def part(h: House, *names: str) -> Snapshot:
    """Only these instances, with whatever edges lie between them."""
    whole = h.graph
    instances = [whole.instances[h.instance_at(n)] for n in names]
    at = [h.instance_at(n) for n in names]
    nodes = sorted({n for i in at for n in whole.nodes_of_instance[i]})
    links = [(whole.instances[i].id, whole.nodes[n].id) for i in at for n in whole.nodes_of_instance[i]]
    fields = [f for i in at for f in whole.fields_of_instance[i]]
    incidence = [(whole.fields[f].id, whole.nodes[n].id) for f in fields for n in whole.incidence.nodes_of[f]]
    graph = InstanceGraph(
        instances, [whole.nodes[n] for n in nodes], links, [whole.fields[f] for f in fields], incidence, whole.edges
    )
    return Snapshot(graph, [h.status[n] for n in nodes], [h.lock[n] for n in nodes], h.actor)


def test_a_part_of_a_date_decides_like_the_whole() -> None:
    """An operation that does not go downstream needs its instance, what is directly upstream and what is directly downstream."""
    h = house().set(S0="S", B="S", C="S", D="F", P="W", Y="N")
    around = part(h, "S0", "A", "E", "Y")
    target = Target(h.instance("A"))
    requests: list[Request] = [
        Rerun(target),
        ForceRerunCurrent(target),
        Stop(target),
        Pause(target),
        Rerun(Target(target.instance, ("t1",))),
    ]
    for request in requests:
        whole, alone = h.decide(request), decide(request, around, clock("12:00"))
        assert alone == whole and alone.digest == whole.digest
