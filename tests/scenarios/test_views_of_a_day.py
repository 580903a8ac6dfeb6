"""What is seen of a day: the critical path, and both downloads."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from xml.etree import ElementTree

import pytest

from tests.scenarios.stage import FIXTURE, ZONE, House, Stage

EDGES = {
    "projects:\n  - name: shop": "projects:\n  - {name: p2, mode: BASIC, business_unit: retail, owner: admin}\n  - name: shop",
    "- {name: V, fields: [m3]}": "- {name: V, fields: [m3, n2]}",
}


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    """The fixture with a metric of E that belongs to another project."""
    shop = FIXTURE.read_text(encoding="utf-8")
    for before, after in EDGES.items():
        assert before in shop
        shop = shop.replace(before, after)
    more = "atomic_metrics:\n  - {name: t3_max, table: shop.A, type: STRING, expression: MAX(t3)}\n"
    more += "derived_metrics:\n  - {name: n2, project: p2, atomic: t3_max, period: 1d, granularity: [shop.A]}\n"
    return {"shop.yaml": shop, "p2.yaml": more}


def play_the_worked_day(house: House) -> None:
    """S0 00:10-00:40; A 00:40-01:25 (B to 01:10, C to 01:25, D to 00:50); E 01:00-01:55; X 02:00-02:20."""
    house.at("00:10").at("00:40").finish("S0").at("00:50").finish("D").at("01:00").at("01:10").finish("B")
    house.at("01:25").finish("C").at("01:55").finish("P", "Q", "V").at("02:20").finish("X")


def test_the_critical_path_of_a_day(stage: Stage, house: House) -> None:
    play_the_worked_day(house)
    answer = stage.rest.get(f"/instances/{house.instances['X']}/gantt")
    path = answer.body["path"]
    assert [step["name"] for step in path] == ["virtual_root_node", "S0", "A", "E", "X"]
    minutes = [round(step["contribution_s"] / 60) for step in path[1:]]
    assert minutes == [40, 45, 30, 25]
    assert round(answer.body["total_s"] / 60) == 140


def sheet(content: bytes) -> list[list[str]]:
    """The cells of the first sheet as texts."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shared: list[str] = []
        if "xl/sharedStrings.xml" in archive.namelist():
            tree = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
            shared = ["".join(t.text or "" for t in item.iter(f"{space}t")) for item in tree.iter(f"{space}si")]
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
        rows = []
        for row in tree.iter(f"{space}row"):
            cells: dict[int, str] = {}
            for place, cell in enumerate(row.iter(f"{space}c")):
                letters = re.match(r"[A-Z]+", cell.get("r", ""))
                column = place if letters is None else _column(letters[0])
                value = cell.find(f"{space}v")
                inline = "".join(t.text or "" for t in cell.iter(f"{space}t"))
                text = inline if value is None else (value.text or "")
                cells[column] = shared[int(text)] if cell.get("t") == "s" else text
            rows.append([cells.get(n, "") for n in range(max(cells, default=-1) + 1)])
        return rows


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def file_name(response: object) -> str:
    return re.search(r'filename="?([^";]+)', response.headers["content-disposition"])[1]  # type: ignore[attr-defined,index]


@pytest.mark.parametrize(
    ("levels", "found"), [(1, {"A", "S0", "E", "Y"}), (2, {"A", "S0", "E", "Y", "virtual_root_node", "X", "Z"})]
)
def test_upstream_and_downstream_of_a_table_as_a_file(stage: Stage, house: House, levels: int, found: set[str]) -> None:
    response = stage.rest.client.get(f"/instances/{house.instances['A']}/neighbours.xlsx", params={"levels": levels})
    assert response.status_code == 200
    assert re.fullmatch(r"A_upstream_and_downstream_nodes_\d{14}\.xlsx", file_name(response))
    head, *rows = sheet(response.content)
    names = [row[head.index("Instance object")] for row in rows]
    assert set(names) == found and len(names) == len(found)
    levels_of = dict(zip(names, (row[head.index("Level")] for row in rows), strict=True))
    assert levels_of["A"] == "0" and levels_of["S0"] == levels_of["E"] == "1"


COLUMNS = (
    "instance object, instance id, running status, schedule epoch, data timestamp, priority, owner, project, scheduled time, "
    "start time, end time, runtime, retry count/auto-retry count, related baseline instances, schedule resource group"
)


def test_all_instances_as_a_file(stage: Stage, house: House) -> None:
    play_the_worked_day(house)
    response = stage.rest.client.get("/instances.xlsx", params={"bizdate": house.bizdate})
    stamp = re.fullmatch(r"Dataphin_recurring_instance_(\d{14})\.xlsx", file_name(response))
    assert stamp is not None and datetime.strptime(stamp[1], "%Y%m%d%H%M%S").replace(tzinfo=ZONE)
    head, *rows = sheet(response.content)
    assert ", ".join(head).lower() == COLUMNS
    by_name = {row[0]: [*row, *[""] * (15 - len(row))] for row in rows}
    assert set(by_name) == {"S0", "A", "E", "X", "Y", "Z"}
    place = {name.lower(): n for n, name in enumerate(head)}
    e = by_name["E"]
    assert e[place["project"]] == "shop,p2" or e[place["project"]] == "p2,shop"
    assert e[place["related baseline instances"]] == "" and e[place["schedule resource group"]] == ""
    assert by_name["X"][place["schedule resource group"]] == "shared"
    filtered = stage.rest.client.get("/instances.xlsx", params={"bizdate": house.bizdate, "search": "Z"})
    assert [row[0] for row in sheet(filtered.content)[1:]] == ["Z"]


def test_lists_filter_sort_and_count(stage: Stage, house: House) -> None:
    house.set(S0="S", B="F", C="S", D="R", X="F")
    listed = lambda **query: [  # noqa: E731
        item["name"] for item in stage.rest.get("/instances", bizdate=house.bizdate, **query).body["items"]
    ]
    assert set(listed(status="FAILED")) == {"A", "X"}
    assert set(listed(status="RUNNING")) == {"A"}
    assert listed(sort="name", order="asc") == ["A", "E", "S0", "X", "Y", "Z"]
    assert listed(sort="due", order="asc")[:3] == ["S0", "A", "Y"]
    assert listed(sort="status", order="asc", limit=2) == ["A", "X"]
    counts = stage.rest.get("/instances/counts", bizdate=house.bizdate).body
    assert counts["total"] == 6 and counts["statuses"]["FAILED"] == 2
    pages, marker = [], ""
    for _ in range(3):
        page = stage.rest.get("/instances", bizdate=house.bizdate, limit=4, marker=marker).body
        pages.append([item["name"] for item in page["items"]])
        marker = page["next_marker"]
        if not marker:
            break
    assert [len(page) for page in pages] == [4, 2] and len({name for page in pages for name in page}) == 6
