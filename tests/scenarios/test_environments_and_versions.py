"""Development beside production, and instances that are older than their definition."""

from __future__ import annotations

import pytest

from tests.scenarios.listening import listening
from tests.scenarios.stage import FIXTURE, House, Stage

BASIC = FIXTURE.read_text(encoding="utf-8")
PAIR = BASIC.replace("mode: BASIC", "mode: DEV_PROD")


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    return {"shop.yaml": PAIR}


@pytest.fixture(scope="module")
def environments() -> tuple[str, ...]:
    return ("PROD", "DEV")


def test_development_instances_are_generated_and_run_only_when_asked(stage: Stage, house: House) -> None:
    dev = House(stage, house.door, house.run_date, environment="DEV")
    assert len(dev.nodes) == 10 and not set(dev.nodes.values()) & set(house.nodes.values())
    house.at("00:10")
    assert (house.status("S0"), dev.status("S0")) == ("RUNNING", "INIT")
    house.at("00:40").finish("S0")
    assert house.show("B") == "B:R" and dev.show("S0 B") == "S0:N B:N"
    assert dev.do("FORCE_RERUN_CURRENT", "S0").ok
    assert dev.show("S0 B") == "S0:R B:N"
    dev.finish("S0")
    assert dev.show("S0 B C D") == "S0:S B:N C:N D:N", "nobody asked for these"
    assert dev.do("FORCE_RERUN_DOWNSTREAM", "A").ok
    assert dev.show("B C D P") == "B:R C:R D:R P:N"
    dev.finish("B", "C", "D").at("01:00")
    assert dev.show("P Q V") == "P:R Q:R V:R" and house.show("B P") == "B:R P:N"


def test_a_stream_of_one_environment(stage: Stage, house: House) -> None:
    dev = House(stage, house.door, house.run_date, environment="DEV")
    with listening(stage.rest, "?environment=dev") as reader:
        reader.next()
        house.at("00:10")
        assert dev.do("FORCE_RERUN_CURRENT", "S0").ok
        assert reader.until(dev.nodes["S0"], "RUNNING", only=set(dev.nodes.values()))["environment"] == "DEV"


def test_an_operation_is_of_one_environment(stage: Stage, house: House) -> None:
    dev = House(stage, house.door, house.run_date, environment="DEV")
    targets = [{"instance": house.instances["X"]}, {"instance": dev.instances["X"]}]
    answer = house.door.preview({"operation": "PAUSE", "targets": targets})
    assert answer.code == "INVALID_ARGUMENT" and "both environments" in answer.message


def test_fields_whose_logic_changed_are_required_in_a_rerun(stage: Stage, house: House) -> None:
    """t4 is computed otherwise now; rerunning t1 takes it along, and D with it. On the new version nothing is required."""
    house.at("00:10").finish("S0").at("00:30").finish("B", "C", "D").at("03:00")
    house.set(**dict.fromkeys("PQVXYZ", "S"))
    changed = PAIR.replace("expression: s.t4}", "expression: UPPER(s.t4)}")
    stage.publish({"shop.yaml": changed})
    plan = house.preview("RERUN", "A", fields=["t1"])
    assert [(each["name"], each["reason"]) for each in plan["required"]] == [
        ("t4", "its logic changed since it last ran")
    ]
    assert sorted(each["name"] for each in plan["nodes"]) == ["A/B", "A/C", "A/D"]
    assert any("generated with version 1" in notice for notice in plan["notices"])
    page = stage.rest.get(f"/instances/{house.instances['A']}/fields").body["items"]
    assert {each["name"] for each in page if each["required"]} == {"t4"}
    assert house.do("RERUN", "A", fields=["t1"]).ok
    assert house.show("B C D") == "B:R C:R D:R"
    house.finish("B", "C", "D")
    now = stage.rest.get(f"/instances/{house.instances['A']}").body["line"]["version"] + 1
    run = house.runs("D")[0]
    assert run["version"] == now
    assert {"bizdate": house.bizdate, "nodeid": "shop.D", "project": "shop"}.items() <= run["parameters"].items()
    assert house.preview("RERUN", "A", fields=["t1"])["required"] == []
    assert house.do("RERUN", "A", fields=["t4"], options={"code": "AS_RAN"}).ok
    assert house.runs("D")[0]["version"] == now
    house.finish("D").at("23:00")
    stage.publish({"shop.yaml": PAIR})


def test_nodes_that_are_not_published_any_more_are_named(stage: Stage, house: House) -> None:
    house.at("00:10").finish("S0").at("00:30").finish("B", "C", "D")
    stage.publish({"shop.yaml": PAIR.replace("{name: D, fields: [t4]}", "{name: other, fields: [t4]}")})
    notices = " ".join(house.preview("RERUN", "A", fields=["t4"])["notices"])
    assert "any more: D; the old code runs there" in notices and "which is current, runs in its nodes" in notices
    assert "any more" not in " ".join(house.preview("RERUN", "A", fields=["t1"])["notices"])
    stage.publish({"shop.yaml": PAIR})


def test_a_copy_of_a_field_is_given_up(stage: Stage, house: House) -> None:
    """The table of B still has the column t2: the view reads the one that is written."""
    house.at("00:10")
    stage.publish({"shop.yaml": PAIR.replace("{name: B, fields: [t1, t2]}", "{name: B, fields: [t1]}")})
    code = stage.rest.get(f"/instances/{house.instances['A']}/code").body["items"][0]["current"]["code"]
    assert "t1" in code and "t2" not in code
    stage.publish({"shop.yaml": PAIR})


def test_a_changed_definition_makes_a_preview_stale(stage: Stage, house: House) -> None:
    house.at("00:10").finish("S0").at("00:30").finish("B", "C", "D")
    request = house.request("RERUN", "A", fields=["t1"])
    digest = house.door.preview(request).body["digest"]
    stage.publish({"shop.yaml": PAIR.replace("expression: s.t4}", "expression: LOWER(s.t4)}")})
    assert house.door.apply({**request, "digest": digest}).code == "CLOSURE_CHANGED"
    stage.publish({"shop.yaml": PAIR})
