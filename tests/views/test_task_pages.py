"""Tasks as they are published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taskhouse.domain.recurring import BizType, TableKind
from taskhouse.domain.roles import Actor
from taskhouse.services.recurring.views import task_pages
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from taskhouse.services.recurring.views.task_pages import TaskRequest
from taskhouse.services.recurring.views.version_page import version_change
from tests.views.house import ADMIN, CRM, PROD, STRANGER, VISITOR, House, at, tasks


def ids(home: House, actor: Actor = ADMIN, **parts: object) -> list[str]:
    return [line.id for line in task_pages.page(home.world, actor, TaskRequest(**parts)).items]  # type: ignore[arg-type]


def test_list_and_filters(home: House) -> None:
    assert ids(home) == ["shop.A", "shop.E", "shop.S0", "shop.X", "shop.Y", "shop.Z"]
    assert ids(home, biz_type=BizType.LOGICAL_TABLE) == ["shop.A", "shop.E"]
    assert ids(home, kinds=frozenset({TableKind.AGGREGATE})) == ["shop.E"]
    assert ids(home, owners=frozenset({"bob"})) == ["shop.E"] and ids(home, projects=frozenset({"crm"})) == ["shop.E"]
    assert ids(home, text="S0") == ["shop.S0"] and ids(home, text="shop.z") == ["shop.Z"]
    assert ids(home, CRM) == ["shop.E"] and ids(home, STRANGER) == []
    first = task_pages.page(home.world, ADMIN, TaskRequest(), "", 4)
    rest = task_pages.page(home.world, ADMIN, TaskRequest(), first.next_marker, 4)
    assert [line.name for line in (*first.items, *rest.items)] == [
        "A",
        "E",
        "S0",
        "X",
        "Y",
        "Z",
    ] and rest.next_marker == ""
    with pytest.raises(ViewRefused):
        ids(home, VISITOR, projects=frozenset({"crm"}))


def test_one_task(home: House) -> None:
    found = task_pages.detail(home.world, ADMIN, "shop.A", PROD)
    assert (found.schedule.cycle, found.schedule.times, found.schedule.time_zone) == (
        "DAY",
        ("00:30",),
        "Asia/Shanghai",
    )
    assert [(d.task, d.name, d.cycle) for d in found.dependencies] == [("shop.S0", "S0", "THIS_CYCLE")]
    assert {f.name: f.nodes for f in found.fields} == {"id": ("B", "C", "D"), "t1": ("B",), "t2": ("B", "C"), "t3": ("C",), "t4": ("D",)}  # fmt: skip
    assert found.line.field_count == 4 and found.nodes[0].code is not None
    assert found.nodes[0].reads == {"shop.S0": ()}
    assert home.counted() == {"current": 2}
    assert task_pages.detail(home.world, VISITOR, "shop.A", PROD).nodes[0].code is None, (
        "a visitor may not look into it"
    )
    codes = [node.code is not None for node in task_pages.detail(home.world, CRM, "shop.E", PROD).nodes]
    assert codes == [False, True, False], "of the metric that is its own"
    for actor, task, code in ((ADMIN, "shop.none", ViewCode.NOT_FOUND), (CRM, "shop.A", ViewCode.FORBIDDEN)):
        with pytest.raises(ViewRefused) as refused:
            task_pages.detail(home.world, actor, task, PROD)
        assert refused.value.code is code


def test_versions_tell_what_changed(home: House) -> None:
    old = tasks()[1]
    program = replace(old.nodes[0].program, code="select 1;")
    new = replace(
        old, nodes=(replace(old.nodes[0], program=program), *old.nodes[1:]), fields=old.fields[:-1], strategy=2
    )
    home.store.real.publish(PROD, [new], (), at("12:00"), expected=1)
    latest, first = task_pages.versions(home.world, ADMIN, "shop.A", PROD).items
    assert (latest.version, latest.changed_nodes, latest.removed_fields, latest.rebuilt) == (2, ("B",), ("t4",), True)
    assert (first.version, first.changed_nodes, first.added_fields, first.rebuilt) == (1, (), (), False)
    change = version_change(home.world, ADMIN, "shop.A", PROD, 2)
    assert (change.before, change.difference.strategy) == (1, (1, 2))
    assert [each.name for each in change.difference.fields] == ["t4"]
    assert [(each.name, each.before, each.after) for each in change.codes] == [
        ("B", old.nodes[0].program.code, "select 1;")
    ]
    assert [(each.before, each.after) for each in version_change(home.world, VISITOR, "shop.A", PROD, 2).codes] == [
        (None, None)
    ]
    whole = version_change(home.world, ADMIN, "shop.A", PROD, 1)
    assert whole.before == 0 and [each.before for each in whole.codes] == ["", "", ""]
    for actor, number, code in ((ADMIN, 3, ViewCode.NOT_FOUND), (CRM, 2, ViewCode.FORBIDDEN)):
        with pytest.raises(ViewRefused) as refused:
            version_change(home.world, actor, "shop.A", PROD, number)
        assert refused.value.code is code
    home.store.real.publish(PROD, [], ["shop.A"], at("12:01"), expected=2)
    assert len(task_pages.versions(home.world, ADMIN, "shop.A", PROD).items) == 2, "also of a task that was retired"
    with pytest.raises(ViewRefused):
        task_pages.detail(home.world, ADMIN, "shop.A", PROD)


def test_dag_of_tasks(home: House) -> None:
    found = task_pages.dag(home.world, ADMIN, "shop.A", PROD)
    assert {(card.name, card.direction) for card in found.tasks} == {
        ("A", "centre"),
        ("S0", "upstream"),
        ("E", "downstream"),
        ("Y", "downstream"),
    }
    assert ("shop.A", "shop.Y", ("t4",)) in {(edge.up, edge.down, edge.fields) for edge in found.edges}
    assert not found.complete and task_pages.dag(home.world, ADMIN, "shop.A", PROD, up=5, down=5).complete
    seen = {card.name: card for card in task_pages.dag(home.world, CRM, "shop.E", PROD).tasks}
    assert not seen["A"].visible and seen["A"].project == "shop" and seen["A"].cycle == ""
    home.counted()
    task_pages.dag(home.world, ADMIN, "shop.A", PROD)
    assert home.counted() == {"published": 1}
