"""A day of recurring instances: generation, waiting, running, and how statuses of nodes become statuses of fields."""

from __future__ import annotations

from datetime import datetime
from itertools import combinations

import pytest

from tests.scenarios.stage import FIXTURE, House, Stage


def test_generation_at_23_makes_everything_of_the_next_day(house: House) -> None:
    assert sorted(house.instances) == ["A", "E", "S0", "X", "Y", "Z"] and len(house.nodes) == 10
    assert {house.status(name) for name in house.nodes} == {"INIT"}
    assert house.line("A")["bizdate"].replace("-", "") == house.bizdate


def test_what_is_published_after_23_begins_a_day_later(stage: Stage, workspace: dict[str, str]) -> None:
    day = stage.next_run_date()
    late = (
        "projects: [{name: late, owner: admin}]\nvirtual_nodes: [{name: N, project: late, schedule: {at: '01:00'}}]\n"
    )
    stage.set_clock(stage.instant("23:10", -1, day))
    stage.publish({**workspace, "late.yaml": late})
    stage.set_clock(stage.instant("12:00", 0, day))
    assert stage.rest.get("/instances", project="late").body["items"] == []
    stage.set_clock(stage.instant("23:00", 0, day))
    (only,) = stage.rest.get("/instances", project="late").body["items"]
    assert only["name"] == "N" and only["bizdate"].replace("-", "") == f"{day:%Y%m%d}"


def test_nodes_wait_for_their_scheduled_time_then_run_together(house: House) -> None:
    house.at("00:10")
    assert house.status("S0") == "RUNNING"
    house.at("00:25").finish("S0")
    assert [house.status(name) for name in "BCD"] == ["WAIT_SCHEDULE"] * 3
    house.at("00:30")
    assert [house.status(name) for name in "BCD"] == ["RUNNING"] * 3
    assert house.show("P Q V X Y Z") == "P:N Q:N V:N X:N Y:N Z:N"


def test_a_late_upstream_delays_the_start_not_the_scheduled_time(house: House) -> None:
    house.at("00:10").at("00:30")
    assert house.show("S0 B C D") == "S0:R B:N C:N D:N"
    house.at("00:50").finish("S0")
    assert house.show("B C D") == "B:R C:R D:R"
    started, due = house.stage.instant("00:50", 0, house.run_date), house.stage.instant("00:30", 0, house.run_date)
    state = house.state("B")
    assert (datetime.fromisoformat(state["started_at"]), datetime.fromisoformat(state["due_at"])) == (started, due)
    assert datetime.fromisoformat(house.line("A")["due_at"]) == due


def test_fields_show_the_best_of_their_nodes(house: House) -> None:
    house.set(B="S", C="R", D="N")
    assert house.fields("A") == {"id": "-", "t1": "S", "t2": "S", "t3": "R", "t4": "N"}
    line = house.line("A")
    assert set(line["statuses"]) == {"SUCCEEDED", "RUNNING", "NOT_RUNNING"}
    assert (sum(line["fields"].values()), sum(line["nodes"].values())) == (4, 3)


def test_a_failed_copy_beside_one_that_has_not_run_is_not_running(house: House) -> None:
    house.set(B="F", C="N", D="S")
    assert house.fields("A") == {"id": "-", "t1": "F", "t2": "N", "t3": "N", "t4": "S"}


def test_of_waiting_copies_the_furthest_counts(house: House) -> None:
    house.set(B="WAIT_RESOURCE", C="WAIT_SCHEDULE")
    assert house.fields("A")["t2"] == "W"
    page = house.stage.rest.get(f"/instances/{house.instances['A']}/fields").body["items"]
    waiting = {item["name"]: item["waiting"] for item in page}
    assert (waiting["t2"], waiting["t3"]) == ("WAIT_RESOURCE", "WAIT_SCHEDULE")


def test_the_whole_day_runs_in_order(house: House) -> None:
    house.at("00:10").finish("S0").at("00:30").finish("B", "C", "D")
    assert house.show("P Q V Y") == "P:W Q:W V:W Y:W"
    house.at("00:45").finish("Y").at("01:00").finish("P", "Q", "V").at("02:00").finish("X", "Z")
    assert set(house.show().replace(":", " ").split()[1::2]) == {"S"}
    assert set(house.attempts().values()) == {1}


def test_a_failure_keeps_what_is_downstream_from_running(house: House) -> None:
    house.at("00:10").finish("S0").at("00:30").fail("B", message="no such column").finish("C", "D").at("02:00")
    assert house.show("B P X V Q") == "B:F P:N X:N V:R Q:R"
    (run,) = house.runs("B")
    assert (run["reason"], run["message"]) == ("ERROR", "no such column")


LETTERS = "SFRWN"
SETS = ["".join(each) for size in range(1, 6) for each in combinations(LETTERS, size)]
"""All 31 sets of classes that the nodes of a field can have."""


def expected(classes: str) -> str:
    """The order of the rules: any S, all F, any R, any W, else N."""
    if "S" in classes:
        return "S"
    if classes == "F":
        return "F"
    return next((letter for letter in "RW" if letter in classes), "N")


FIVE = """
projects:
  - {name: five, mode: BASIC, owner: admin, business_unit: retail}
defaults: {project: five, owner: alice, retries: 0}
dimension_tables:
  - name: T
    schedule: {at: "00:30"}
    source: {table: five.source, alias: s}
    key: {name: id, type: BIGINT, expression: s.id}
    attributes:
      - {name: f, type: STRING, expression: s.f}
    materialization:
      mode: CUSTOM
      nodes:
"""


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    nodes = "".join(f"        - {{name: N{n}, fields: [f]}}\n" for n in range(1, 6))
    return {"shop.yaml": FIXTURE.read_text(encoding="utf-8"), "five.yaml": FIVE + nodes}


@pytest.fixture(scope="module")
def five(stage: Stage) -> House:
    return House(stage, stage.rest, stage.next_run_date(), "five")


@pytest.mark.parametrize("classes", SETS)
def test_every_set_of_statuses_normalizes(five: House, classes: str) -> None:
    """Five nodes hold one field; each set is spread over them."""
    spread = (classes * 5)[:5]
    five.set(**{f"N{n}": letter for n, letter in enumerate(spread, start=1)})
    assert five.show("N1 N2 N3 N4 N5") == " ".join(f"N{n}:{letter}" for n, letter in enumerate(spread, start=1))
    assert five.fields("T")["f"] == expected(classes)
