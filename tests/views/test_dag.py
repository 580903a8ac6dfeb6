"""The DAG: levels, opened tables, removed dependencies, foreign projects, limits; the same from the book and from the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from threading import Event, Thread

import pytest

from taskhouse.domain.dependency import Dependency
from taskhouse.domain.neighbourhood import Direction
from taskhouse.domain.recurring import Environment
from taskhouse.ports.recurring_store import OperationEntry, OperationWrite, Perspective
from taskhouse.services.recurring.views.dag import Dag, dag
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, CRM, STRANGER, House, at, self_dependent, tasks


@pytest.fixture(params=["from the store", "from the book"])
def shop(request: pytest.FixtureRequest, home: House) -> House:
    return home.load() if request.param == "from the book" else home


def levels(found: Dag) -> dict[str, int]:
    sign = {"upstream": -1, "centre": 0, "downstream": 1}
    return {each.name: sign[each.direction] * each.level for each in found.instances}


def edges(found: Dag) -> set[str]:
    names = {each.id: each.name for each in found.instances}
    return {f"{names[e.up]}>{names[e.down]}" + ("!" if e.removed else "") for e in found.edges}


def test_levels_around_an_instance(shop: House) -> None:
    found = dag(shop.world, ADMIN, shop.ids["A"])
    assert levels(found) == {"A": 0, "S0": -1, "E": 1, "Y": 1}
    assert edges(found) == {"S0>A", "A>E", "A>Y"}
    more = {each.name: (each.more_up, each.more_down) for each in found.instances}
    assert more == {"A": (0, 0), "S0": (1, 0), "E": (0, 2), "Y": (0, 0)} and not found.complete
    found = dag(shop.world, ADMIN, shop.ids["A"], up=2, down=2)
    assert levels(found) == {"A": 0, "S0": -1, "E": 1, "Y": 1, "virtual_root_node": -2, "X": 2, "Z": 2}
    assert found.complete and "virtual_root_node>S0" in edges(found)
    assert levels(dag(shop.world, ADMIN, shop.ids["A"], up=0, down=1)) == {"A": 0, "E": 1, "Y": 1}


def test_what_a_card_says(shop: House) -> None:
    shop.force(B="SUCCESS", C="RUNNING", D="INIT+")
    card = dag(shop.world, ADMIN, shop.ids["A"]).instances[0]
    assert (card.statuses, card.fields) == (
        ("RUNNING", "NOT_RUNNING", "SUCCEEDED"),
        {"SUCCEEDED": 2, "RUNNING": 1, "NOT_RUNNING": 1},
    )
    assert (card.paused, card.field_count, card.node_count, card.kind) == (1, 4, 3, "DIMENSION")
    assert (card.bizdate, card.due_at, card.description, card.operable) == ("20260301", at("00:30"), "customers", True)


def test_what_waits_says_for_what(shop: House) -> None:
    shop.force(B="WAIT_SCHEDULE", C="WAIT_RESOURCE", D="SUCCESS")
    found = {each.name: each for each in dag(shop.world, ADMIN, shop.ids["A"]).instances}
    assert found["A"].waiting == ("WAIT_RESOURCE", "WAIT_SCHEDULE"), "the furthest first"
    assert found["E"].waiting == ()


def test_opened_tables_show_their_nodes_and_edges_between_nodes(shop: House) -> None:
    found = dag(shop.world, ADMIN, shop.ids["A"], expand=[shop.ids["A"]])
    nodes = {each.name: each.nodes for each in found.instances}
    assert nodes["E"] is None and nodes["A"] is not None
    assert {node.name: node.fields for node in nodes["A"]} == {"B": ("t1", "t2"), "C": ("t2", "t3"), "D": ("t4",)}
    names = {shop.node(name): name for name in "BCD"} | {None: "*"}
    owners = {each.id: each.name for each in found.instances}
    drawn = {(owners[e.up], names[e.up_node], owners[e.down], names[e.down_node], e.fields) for e in found.node_edges}
    assert ("A", "B", "E", "*", ("t1",)) in drawn and ("S0", "*", "A", "D", ()) in drawn and len(drawn) == 7
    both = dag(shop.world, ADMIN, shop.ids["A"], expand_all=True)
    assert all(each.nodes is not None for each in both.instances)
    assert shop.node("P") in {e.down_node for e in both.node_edges}


def test_removed_dependencies_are_drawn_and_marked(shop: House) -> None:
    rows = shop.store.real.graph_around([shop.ids["Y"]])
    edge = next(e.id for e in rows.edges if e.down == shop.node("Y") and e.up is not None)
    entry = OperationEntry(at("01:00"), "alice", "REMOVE_UPSTREAM", Perspective.TABLE, shop.ids["Y"], {})
    shop.store.real.operate(OperationWrite(entry, removed_edges=[edge]), at("01:00"))
    found = dag(shop.world, ADMIN, shop.ids["A"], expand=[shop.ids["Y"]])
    assert edges(found) == {"S0>A", "A>E", "A>Y!"}
    assert [e.removed for e in found.node_edges] == [True]


def test_foreign_projects_are_named_and_nothing_else(shop: House) -> None:
    found = dag(shop.world, CRM, shop.ids["E"], up=1, down=1, expand_all=True)
    cards = {each.name: each for each in found.instances}
    assert cards["E"].visible and cards["E"].nodes is not None
    assert [node.fields for node in cards["E"].nodes] == [(), ("m2",), ()], "only the metric of crm"
    hidden = cards["A"]
    assert (hidden.visible, hidden.operable, hidden.project, hidden.statuses, hidden.nodes) == (
        False,
        False,
        "shop",
        (),
        None,
    )
    with pytest.raises(ViewRefused) as refused:
        dag(shop.world, STRANGER, shop.ids["E"])
    assert refused.value.code is ViewCode.FORBIDDEN


def test_the_limit_leaves_markers_where_things_hang(shop: House) -> None:
    found = dag(shop.world, ADMIN, shop.ids["A"], up=2, down=2, limit=3)
    assert len(found.instances) == 3 and not found.complete
    assert sum(each.more_down + each.more_up for each in found.instances) >= 3
    for wrong in ({"limit": 0}, {"limit": 10_001}, {"up": -1}, {"down": 101}):
        with pytest.raises(ViewRefused) as refused:
            dag(shop.world, ADMIN, shop.ids["A"], **wrong)
        assert refused.value.code is ViewCode.LIMIT_EXCEEDED


def test_neighbours_that_are_asked_for_come_with_all_edges_to_what_is_shown(shop: House) -> None:
    """X hangs on E and on Y, which is shown already."""
    shop.generate(
        date(2026, 3, 3),
        [
            replace(each, dependencies=(*each.dependencies, Dependency("shop.Y"))) if each.name == "X" else each
            for each in tasks()
        ],
    )
    e, y = shop.ids["E@0303"], shop.ids["Y@0303"]
    found = dag(shop.world, ADMIN, shop.ids["A@0303"], more=[(e, Direction.DOWNSTREAM)])
    assert levels(found) == {"A": 0, "S0": -1, "E": 1, "Y": 1, "X": 2, "Z": 2}
    assert edges(found) == {"S0>A", "A>E", "A>Y", "E>X", "E>Z", "Y>X"}
    assert [(each.more_up, each.more_down) for each in found.instances if each.name in "EXYZ"] == [(0, 0)] * 4
    assert set(levels(dag(shop.world, ADMIN, shop.ids["S0@0303"], down=0, more=[(y, Direction.DOWNSTREAM)]))) == {
        "S0",
        "virtual_root_node",
    }


def test_other_dates_are_reached_without_loading_them(home: House) -> None:
    home.generate(published=[*tasks(), self_dependent()])
    for days in (1, 2):
        home.generate(date(2026, 3, 2) + timedelta(days=days))
    home.load()
    found = dag(home.world, ADMIN, home.ids["W@0303"], up=2, down=1)
    assert sorted(each.bizdate for each in found.instances if each.name == "W") == ["20260301", "20260302", "20260303"]
    before = dag(home.world, ADMIN, home.ids["W"], up=1, down=1)
    assert [each.bizdate for each in before.instances if each.direction == "downstream"] == ["20260302"]
    assert [each.more_down for each in before.instances if each.direction == "downstream"] == [1]


def test_a_book_that_is_being_loaded_keeps_nobody_waiting(home: House) -> None:
    home.load()
    book = home.world.books.of(Environment.PROD)
    held, enough = Event(), Event()

    def load() -> None:
        with book.lock:
            held.set()
            enough.wait(60)

    loading = Thread(target=load)
    loading.start()
    try:
        assert held.wait(60)
        assert levels(dag(home.world, ADMIN, home.ids["A"])) == {"A": 0, "S0": -1, "E": 1, "Y": 1}
    finally:
        enough.set()
        loading.join()


def test_a_table_that_shares_a_node_is_shown_whole(shop: House) -> None:
    """G and H share node G1; H has a node of its own behind S0, from which it is reached, too."""
    a = tasks()[1]
    shared, own = (replace(node, id=f"shop.{id}", name=id) for node, id in zip(a.nodes, ("G1", "H1"), strict=False))
    g = replace(a, id="shop.G", name="G", nodes=(replace(shared, reads={"shop.Y": frozenset()}),), fields=a.fields[:3], dependencies=(Dependency("shop.Y"),))  # fmt: skip
    h = replace(g, id="shop.H", name="H", nodes=(*g.nodes, own), fields=a.fields[:4], dependencies=(Dependency("shop.Y"), Dependency("shop.S0")))  # fmt: skip
    shop.generate(published=[*tasks(), g, h])
    for levels in (1, 2):
        found = dag(shop.world, ADMIN, shop.ids["G"], up=2, down=levels, expand_all=True)
        cards = {each.name: each for each in found.instances}
        assert {"G", "Y", "A"} <= cards.keys()
    around = {
        each.name: each for each in dag(shop.world, ADMIN, shop.ids["Y"], up=0, down=1, expand_all=True).instances
    }
    assert {name: [node.name for node in each.nodes or ()] for name, each in around.items()} == {
        "Y": ["Y"],
        "G": ["G1"],
        "H": ["G1", "H1"],
    }
    assert around["H"].field_count == 3 and around["H"].more_up == 1


def test_calls_do_not_grow_with_what_is_shown(home: House) -> None:
    many = [replace(tasks()[5], id=f"shop.Z{n}", name=f"Z{n}", nodes=(replace(tasks()[5].nodes[0], id=f"shop.Z{n}"),)) for n in range(150)]  # fmt: skip
    home.generate(published=[*tasks(), *many])
    home.counted()
    found = dag(home.world, ADMIN, home.ids["E"], up=2, down=2)
    assert len(found.instances) == 1 + 1 + 1 + 152
    assert home.counted() == {"graph_around": 3}
    cut = dag(home.world, ADMIN, home.ids["E"], limit=40)
    assert len(cut.instances) == 40 and cut.instances[0].more_down == 114
    assert home.counted() == {"graph_around": 2}


def test_counted_calls(home: House) -> None:
    for depth, calls in ((1, 2), (2, 3)):
        dag(home.world, ADMIN, home.ids["A"], up=depth, down=depth)
        assert home.counted() == {"graph_around": calls}
    home.load()
    dag(home.world, ADMIN, home.ids["A"], up=2, down=2, expand_all=True)
    assert home.counted() == {"changes": 1}
