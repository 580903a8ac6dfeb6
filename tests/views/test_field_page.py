"""The field page: scenarios 4, 6 and 7, keys, offers, times; the head of an instance; its nodes."""

from __future__ import annotations

import pytest

from taskhouse.domain.status import StatusClass
from taskhouse.domain.transitions import Operation
from taskhouse.services.recurring.views import field_page, instance_page, selection_offers
from taskhouse.services.recurring.views.field_page import FieldLine
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, CRM, STRANGER, VISITOR, House, at


def fields(home: House, name: str = "A", **parts: object) -> dict[str, FieldLine]:
    page = field_page.fields_of(home.world, ADMIN, home.ids[name], **parts)  # type: ignore[arg-type]
    return {line.name: line for line in page.items}


def letters(home: House) -> str:
    return " ".join(f"{name}:{line.status}" for name, line in fields(home).items() if line.role == "VALUE")


@pytest.mark.parametrize("loaded", [False, True], ids=["from the store", "from the book"])
def test_statuses_of_fields(home: House, loaded: bool) -> None:
    if loaded:
        home.load()
    home.force(B="SUCCESS", C="RUNNING", D="INIT")
    assert letters(home) == "t1:SUCCEEDED t2:SUCCEEDED t3:RUNNING t4:NOT_RUNNING", "scenario 4"
    page = field_page.fields_of(home.world, ADMIN, home.ids["A"])
    assert (page.count, page.statuses) == (4, {"SUCCEEDED": 2, "RUNNING": 1, "NOT_RUNNING": 1})
    home.force(B="FAILED", C="INIT", D="SUCCESS")
    assert letters(home) == "t1:FAILED t2:NOT_RUNNING t3:NOT_RUNNING t4:SUCCEEDED", "scenario 6"
    home.force(B="WAIT_RESOURCE", C="WAIT_SCHEDULE")
    found = fields(home)["t2"]
    assert (found.status, found.waiting) == ("WAITING", "WAIT_RESOURCE"), "scenario 7"


def test_a_key_is_listed_without_a_status_and_cannot_be_selected(home: House) -> None:
    key = fields(home)["id"]
    assert (key.role, key.status, [node.name for node in key.nodes]) == ("KEY", None, ["B", "C", "D"])
    rerun = key.operations["RERUN"]
    assert (rerun.open, rerun.code, rerun.reason) == (False, "UNKNOWN_FIELD", "key: choose the entire table")


def test_what_each_field_admits(home: House) -> None:
    home.force(B="SUCCESS", C="RUNNING", D="INIT")
    found = fields(home)
    assert found["t1"].operations["RERUN"].open and not found["t1"].operations["STOP"].open
    hidden = found["t2"].operations["RERUN"]
    assert (hidden.open, hidden.code) == (False, "CLOSURE_IN_FLIGHT"), "shown as Succeeded, a copy runs"
    assert found["t2"].operations["STOP"].open
    assert found["t4"].operations["SET_SUCCESS"].open and not found["t4"].operations["RERUN"].open
    assert set(found["t1"].operations) == {each.value for each in field_page.FIELD_OPERATIONS}


def test_paused_badge_all_or_partly(home: House) -> None:
    home.force(B="INIT+", C="INIT", D="INIT+")
    found = fields(home)
    assert [found[f].paused for f in ("t1", "t2", "t3", "t4")] == ["paused", "partly paused", "", "paused"]


def test_times_are_those_of_the_own_nodes(home: House) -> None:
    home.run_all()
    found = fields(home)
    assert (found["t1"].started_at, found["t1"].ended_at, found["t1"].duration_s) == (at("00:40"), at("01:10"), 1800)
    assert (found["t2"].started_at, found["t2"].ended_at) == (at("00:40"), at("01:25"))
    assert found["t4"].duration_s == 9 * 60
    home.force(B="INIT")
    home.start("B", "03:00")
    home.clock.set(at("03:10"))
    found = fields(home)
    assert (found["t1"].ended_at, found["t1"].duration_s) == (None, 600), "of the latest attempt"


def test_search_and_status_filter(home: House) -> None:
    home.force(B="SUCCESS")
    assert list(fields(home, search="T1")) == ["t1"] and list(fields(home, search="attribute 3")) == ["t3"]
    assert list(fields(home, statuses={StatusClass.SUCCEEDED})) == ["t1", "t2"]


def test_metrics_have_projects_owners_and_priorities_of_their_own(home: House) -> None:
    found = fields(home, "E")
    assert [(f.project, f.owner, f.priority) for f in found.values()] == [
        ("shop", None, "MIDDLE"),
        ("crm", "bob", "HIGH"),
        ("shop", None, "MIDDLE"),
    ]
    assert found["m2"].sources == ("shop.A.t4",)
    page = field_page.fields_of(home.world, CRM, home.ids["E"])
    rerun = {line.name: line.operations["FORCE_RERUN_CURRENT"] for line in page.items}
    assert rerun["m2"].open and (rerun["m1"].open, rerun["m1"].code) == (False, "FORBIDDEN")


def test_a_script_has_no_fields_but_offers(home: House) -> None:
    assert fields(home, "S0") == {}
    offered = field_page.offers_of(home.world, ADMIN, home.ids["S0"]).operations
    assert offered["FORCE_RERUN_CURRENT"].open and offered["REMOVE_UPSTREAM"].code == "LAST_UPSTREAM"


def test_offers_with_an_operation_list_its_fields(home: House) -> None:
    home.force(B="SUCCESS")
    found = field_page.offers_of(home.world, ADMIN, home.ids["A"], Operation.RERUN)
    assert [(f.name, f.open) for f in found.fields] == [("t1", True), ("t2", True), ("t3", False), ("t4", False)]


def test_offers_of_a_selection_count_what_qualifies_and_why_the_rest_does_not(home: House) -> None:
    home.force(B="SUCCESS", S0="FAILED")
    ids = [home.ids[name] for name in ("A", "S0", "E")]
    found = selection_offers.of_selection(home.world, ADMIN, ids)
    opened = {name: offer.open for name, offer in found.operations.items()}
    assert (found.count, opened["RERUN"], opened["RERUN_ALL_FAILED"], opened["RESUME"]) == (3, 2, 1, 0)
    assert [(r.code, r.count) for r in found.operations["RERUN_ALL_FAILED"].reasons] == [("STATUS_NOT_ALLOWED", 1)] * 2
    assert found.operations["RESUME"].reasons[0].count == 3 and found.closed == ()
    assert opened["RERUN_ALL_FINAL"] == 1, "of A only what B writes has finished"


def test_offers_of_each_of_a_selection(home: House) -> None:
    home.force(B="SUCCESS")
    ids = [home.ids["A"], home.ids["E"]]
    found = selection_offers.of_selection(home.world, ADMIN, ids, operations=["RERUN"], each=True)
    assert list(found.operations) == ["RERUN"]
    assert [(each.instance, list(each.operations)) for each in found.closed] == [(ids[0], []), (ids[1], ["RERUN"])]
    with pytest.raises(ViewRefused):
        selection_offers.of_selection(home.world, STRANGER, ids)


def test_permissions(home: House) -> None:
    assert len(field_page.fields_of(home.world, VISITOR, home.ids["A"]).items) == 5
    for actor in (STRANGER, CRM):
        with pytest.raises(ViewRefused) as refused:
            field_page.fields_of(home.world, actor, home.ids["A"])
        assert refused.value.code is ViewCode.FORBIDDEN
    with pytest.raises(ViewRefused) as refused:
        field_page.fields_of(home.world, ADMIN, 4711)
    assert refused.value.code is ViewCode.NOT_FOUND and "4711" in refused.value.message


def test_head_of_an_instance(home: House) -> None:
    home.run_all()
    found = instance_page.detail(home.world, VISITOR, home.ids["A"])
    assert (found.line.name, found.project_title, found.description) == ("A", "shop (商店)", "customers")
    assert (found.field_count, found.node_count, found.view, found.may) == (4, 3, "shop.a", ("VIEW",))
    assert found.updated_at == at("01:25") and found.generated_at == at("23:00", at("00:00").date())
    assert not found.operations["RERUN"].open, "a visitor may look only"


def test_nodes(home: House) -> None:
    home.run("B", "00:40", "01:10", "ERROR")
    found = {line.name: line for line in instance_page.nodes_of(home.world, ADMIN, home.ids["A"]).items}
    assert list(found) == ["B", "C", "D"]
    line = found["B"]
    assert (line.status, line.reason, line.attempt, line.fields, line.keys) == (
        "FAILED",
        "ERROR",
        1,
        ("t1", "t2"),
        ("id",),
    )
    assert (line.table, line.kind, line.label, line.duration_s) == ("shop.mat_b", "SQL", "A/B", 1800)
    assert instance_page.node(home.world, ADMIN, home.node("C")) == found["C"]
    with pytest.raises(ViewRefused):
        instance_page.node(home.world, ADMIN, 4711)


def test_counted_calls(home: House) -> None:
    field_page.fields_of(home.world, ADMIN, home.ids["A"])
    assert home.counted() == {"graph_around": 1, "current": 1}
    home.load()
    field_page.fields_of(home.world, ADMIN, home.ids["A"])
    assert home.counted() == {"changes": 1, "current": 1}
    instance_page.detail(home.world, ADMIN, home.ids["A"])
    assert home.counted() == {"instances": 1, "changes": 1, "versions": 1}
    instance_page.nodes_of(home.world, ADMIN, home.ids["A"])
    assert home.counted() == {"changes": 1}
