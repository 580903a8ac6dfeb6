"""The two spreadsheets, read back: names, columns, rows."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, timedelta

import openpyxl
import pytest

from taskhouse.domain.features import Features
from taskhouse.domain.roles import Actor
from taskhouse.ports.recurring_store import SortKey
from taskhouse.services.recurring.views import downloads
from taskhouse.services.recurring.views.downloads import Download
from taskhouse.services.recurring.views.instance_list import ListRequest
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, CRM, PROD, VISITOR, House, a_query, at, self_dependent, tasks

INSTANCE_TITLES = [
    "Instance object", "Instance ID", "Running status", "Schedule epoch", "Data timestamp", "Priority", "Owner", "Project",
    "Scheduled time", "Start time", "End time", "Runtime", "Retry count/auto-retry count", "Related baseline instances",
    "Schedule resource group",
]  # fmt: skip
NEIGHBOUR_TITLES = [
    "Direction", "Level", "Instance object", "Instance ID", "Node type", "Running status", "Schedule epoch",
    "Data timestamp", "Scheduled time", "Start", "End", "Duration", "Priority", "Owner", "Project",
    "Related baseline instances", "Tags",
]  # fmt: skip


def rows(download: Download) -> list[dict[str, object]]:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(download.content)))
    titles, *values = book.worksheets[0].iter_rows(values_only=True)
    return [dict(zip(titles, row, strict=True)) for row in values] or [dict.fromkeys(titles)]


def everything(home: House, actor: Actor = ADMIN, **parts: object) -> Download:
    return downloads.instances(home.world, actor, ListRequest(a_query(**parts)))


def test_all_instances(home: House) -> None:
    """Scenario 46, without baselines."""
    home.run_all()
    found = everything(home, sort=SortKey.NAME, descending=False)
    assert found.file_name == "Dataphin_recurring_instance_20260302030000.xlsx"
    lines = rows(found)
    assert list(lines[0]) == INSTANCE_TITLES
    assert [line["Instance object"] for line in lines] == ["A", "E", "S0", "X", "Y", "Z"]
    a, e, s0 = lines[0], lines[1], lines[2]
    assert (e["Project"], e["Owner"], e["Priority"]) == ("shop,crm", "alice,bob", "High")
    assert e["Schedule resource group"] is None and e["Related baseline instances"] is None
    assert a["Instance ID"] == str(home.ids["A"]) and a["Running status"] == "Succeeded 4"
    assert (a["Data timestamp"], a["Schedule epoch"]) == (datetime(2026, 3, 1), "Day")
    assert (a["Scheduled time"], a["Start time"]) == (datetime(2026, 3, 2, 0, 30), datetime(2026, 3, 2, 0, 40))
    assert (a["End time"], a["Runtime"]) == (datetime(2026, 3, 2, 1, 25), timedelta(minutes=45))
    assert (s0["Retry count/auto-retry count"], s0["Schedule resource group"]) == ("0/2", "small")


def test_filters_and_permissions_are_those_of_the_list(home: House) -> None:
    assert [line["Instance object"] for line in rows(everything(home, text="z"))] == ["Z"]
    assert [line["Instance object"] for line in rows(everything(home, CRM))] == ["E"]
    assert rows(everything(home, text="nothing")) == [dict.fromkeys(INSTANCE_TITLES)]
    with pytest.raises(ViewRefused) as refused:
        everything(home, VISITOR, projects=frozenset({"crm"}))
    assert refused.value.code is ViewCode.FORBIDDEN


def test_the_name_can_be_set_and_pages_follow_one_another(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "EXPORT_LINES", 2)
    world = replace(home.world, features=Features(download_name="night"))
    found = downloads.instances(world, ADMIN, ListRequest())
    assert found.file_name.startswith("night_2026")
    assert len(rows(found)) == 6
    assert home.counted() == {"brief": 3, "versions": 3}


def test_names_that_look_like_formulas_are_text(home: House) -> None:
    odd = replace(tasks()[0], name="=1+1")
    home.generate(date(2026, 3, 3), [odd])
    (line,) = rows(everything(home, text="=1+1"))
    assert line["Instance object"] == "=1+1"


def test_upstream_and_downstream_nodes(home: House) -> None:
    """Scenario 45."""
    home.run_all()
    found = downloads.neighbours(home.world, ADMIN, home.ids["A"], 1)
    assert found.file_name == "A_upstream_and_downstream_nodes_20260302030000.xlsx"
    lines = rows(found)
    assert list(lines[0]) == NEIGHBOUR_TITLES
    assert [(r["Direction"], r["Level"], r["Instance object"]) for r in lines] == [
        ("centre", 0, "A"),
        ("upstream", 1, "S0"),
        ("downstream", 1, "E"),
        ("downstream", 1, "Y"),
    ]
    assert lines[0]["Tags"] == "core" and lines[0]["Duration"] == timedelta(minutes=45)
    second = rows(downloads.neighbours(home.world, ADMIN, home.ids["A"], 2))
    assert [r["Instance object"] for r in second][1:] == ["S0", "virtual_root_node", "E", "Y", "X", "Z"]
    assert second[2]["Instance ID"] == "0" and second[2]["Level"] == 2
    assert len(rows(downloads.neighbours(home.world, ADMIN, home.ids["A"], None))) == 7


def test_what_may_not_be_seen_is_only_named(home: House) -> None:
    home.run_all()
    lines = {line["Instance object"]: line for line in rows(downloads.neighbours(home.world, CRM, home.ids["E"], 1))}
    assert lines["A"]["Project"] == "shop" and lines["A"]["Running status"] is None and lines["A"]["Start"] is None
    assert lines["E"]["Running status"] == "Succeeded 3"


def test_levels_are_one_to_ten_or_all(home: House) -> None:
    for wrong in (0, 11):
        with pytest.raises(ViewRefused) as refused:
            downloads.neighbours(home.world, ADMIN, home.ids["A"], wrong)
        assert refused.value.code is ViewCode.LIMIT_EXCEEDED


def test_unlimited_goes_through_dates_without_loading_them(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    home.generate(published=[*tasks(), self_dependent()])
    for days in range(1, 5):
        home.generate(date(2026, 3, 2) + timedelta(days=days))
    lines = rows(downloads.neighbours(home.world, ADMIN, home.ids["W@0304"], None))
    assert sorted(str(r["Data timestamp"])[:10] for r in lines if r["Instance object"] == "W") == [
        f"2026-03-0{n}" for n in range(1, 6)
    ]
    assert not home.world.books.of(PROD).has(home.ids["W"])
    monkeypatch.setattr(downloads, "MAX_NEIGHBOURS", 3)
    with pytest.raises(ViewRefused) as refused:
        downloads.neighbours(home.world, ADMIN, home.ids["W@0304"], None)
    assert refused.value.code is ViewCode.LIMIT_EXCEEDED


def test_status_words_of_scripts(home: House) -> None:
    home.wait("S0", "00:05")
    home.force(X="INIT+")
    words = {line["Instance object"]: line["Running status"] for line in rows(everything(home))}
    assert (words["S0"], words["X"], words["Y"]) == ("Waiting for Scheduled Time", "Paused", "Not Running")
    lines = rows(downloads.neighbours(home.world, ADMIN, home.ids["E"], 2))
    around = {line["Instance object"]: line["Running status"] for line in lines}
    assert (around["S0"], around["X"], around["Z"]) == ("Waiting for Scheduled Time", "Paused", "Not Running")
    assert at("00:05") > home.clock.now()
