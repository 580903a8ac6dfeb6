"""Who may look, who may look into, who may operate: by role, by project of each object touched, by metric in aggregate tables."""

from __future__ import annotations

import pytest

from tests.scenarios.stage import FIXTURE, House, RestDoor, Stage

CRM = """
projects:
  - {name: crm, mode: BASIC, owner: admin, business_unit: retail, members: {carl: [OPERATOR], both: [DEVELOPER]}}
defaults: {project: crm, owner: carl, retries: 0}
scripts:
  - {name: R, type: SQL, schedule: {at: "02:30"}, code: "SELECT id, m2 FROM shop.E WHERE ds = '${bizdate}'"}
derived_metrics:
  - {name: c1, atomic: t4_count, period: 7d, granularity: [shop.A]}
"""

SHOP_MORE = """
defaults: {project: shop, owner: alice, retries: 0}
scripts:
  - {name: L, type: SQL, schedule: {at: "03:00"}, code: "SELECT 1", dependencies: [crm.R]}
derived_metrics:
  - {name: m4, atomic: t4_count, period: 14d, granularity: [shop.A]}
dimension_tables:
  - name: G
    schedule: {at: "00:30"}
    source: {table: shop.s0, alias: s, where: "s.ds = '${bizdate}'"}
    key: {name: id, type: BIGINT, expression: s.id}
    attributes:
      - {name: g1, type: STRING, expression: s.t1}
      - {name: g2, type: STRING, expression: s.t2}
    materialization:
      mode: CUSTOM
      nodes:
        - {name: B, fields: [g1], shared: true}
        - {name: H, fields: [g1, g2]}
"""


@pytest.fixture(scope="module")
def workspace() -> dict[str, str]:
    """Besides the fixture a project crm with a script behind E, a metric in E, and a table that shares node B."""
    shop = FIXTURE.read_text(encoding="utf-8")
    shop = shop.replace("- {name: B, fields: [t1, t2]}", "- {name: B, fields: [t1, t2], shared: true}")
    shop = shop.replace("- {name: V, fields: [m3]}", "- {name: V, fields: [m3]}\n        - {name: W, fields: [m4, c1]}")
    shop = shop.replace("alice: [DEVELOPER]", "alice: [DEVELOPER]\n      both: [DEVELOPER]")
    return {"shop.yaml": shop, "more.yaml": SHOP_MORE, "crm.yaml": CRM}


@pytest.fixture
def crm(stage: Stage, house: House) -> House:
    """The other project on the same run date."""
    return House(stage, house.door, house.run_date, "crm")


# Roles


@pytest.mark.parametrize(("user", "works"), [("alice", True), ("oscar", True), ("ann", False), ("visitor", False)])
def test_what_each_role_may(stage: Stage, house: House, user: str, works: bool) -> None:
    house.set(every="S")
    rest = stage.rest_of(user)
    a, b = house.instances["A"], house.nodes["B"]
    for path in (
        f"/instances/{a}",
        f"/instances/{a}/fields",
        f"/instances/{a}/dag",
        f"/instances/{a}/lineage/production?field=t1",
        f"/instances/{a}/lineage/consumption?field=t1",
        "/tasks/shop.A",
    ):
        assert rest.get(path).ok, path
    for path in (f"/node-instances/{b}/runs", f"/node-instances/{b}/runs/1/log", f"/instances/{a}/code"):
        answer = rest.get(path)
        assert (answer.code or "ok") == ("ok" if works else "FORBIDDEN"), (path, answer)
    for operation, options in (
        ("RERUN", {}),
        ("RERUN_DOWNSTREAM", {"scope": "ALL_INSTANCE", "exclude_forbidden": True}),
        ("FORCE_RERUN_CURRENT", {}),
        ("FORCE_RERUN_DOWNSTREAM", {"exclude_forbidden": True}),
        ("STOP", {}),
        ("SET_SUCCESS", {}),
        ("REMOVE_UPSTREAM", {"upstream": [house.instances["S0"]]}),
        ("PAUSE", {}),
        ("RESUME", {}),
        ("MODIFY_PRIORITY", {"priority": "HIGH"}),
    ):
        shown = rest.preview(house.request(operation, "A", options=options))
        codes = [refusal["code"] for refusal in shown.body["refusals"]]
        assert ("FORBIDDEN" in codes) is (not works), (operation, codes)
        if not works:
            request = house.request(operation, "A", options=options, digest=shown.body["digest"])
            answer = rest.apply(request)
            assert (answer.status, answer.code) == (403, "FORBIDDEN"), operation


def test_a_refused_visitor_is_in_the_log(stage: Stage, house: House) -> None:
    house.set(every="S")
    visitor = stage.rest_of("visitor")
    assert house.do("RERUN", "A", door=visitor).code == "FORBIDDEN"
    (entry,) = house.door.operations(house.instances["A"])
    assert (entry["operator"], entry["outcome"], entry["error_code"]) == ("visitor", "REFUSED", "FORBIDDEN")
    request = house.request("RERUN", "A")
    assert visitor.apply({**request, "digest": "0" * 32}).code == "FORBIDDEN", "whatever was previewed"


def test_a_preview_tells_nothing_of_projects_in_which_one_has_no_role(stage: Stage, house: House, crm: House) -> None:
    house.set(every="S")
    seen = {
        user: [
            (node["sees"], node["status"])
            for node in stage.rest_of(user)
            .preview(house.request("FORCE_RERUN_CURRENT", "E"))
            .body["plan"]["downstream"]
            if node["id"] in crm.nodes.values()
        ]
        for user in ("alice", "both")
    }
    assert seen["both"] == [("WAITS_AGAIN", "Waiting for Scheduled Time")]
    assert seen["alice"] == [("HIDDEN", "")]


def test_who_has_no_role_sees_nothing(stage: Stage, house: House) -> None:
    stranger = stage.rest_of("stranger")
    assert stranger.get("/instances", bizdate=house.bizdate).body["items"] == []
    assert stranger.get("/instances/counts", bizdate=house.bizdate).body["total"] == 0
    assert stranger.get("/projects").body["items"] == []
    assert stranger.get(f"/instances/{house.instances['A']}").status == 403
    answer = stranger.preview(house.request("STOP", "A"))
    assert answer.body["refusals"][0]["code"] == "FORBIDDEN" and answer.body["plan"]["nodes"] == []
    assert house.do("STOP", "A", "X", door=stranger).code == "FORBIDDEN"
    chosen = stranger.preview({"operation": "STOP", "selection": "name:*", "bizdates": [house.bizdate]})
    assert chosen.status == 404


def test_people_see_the_instances_of_their_projects(stage: Stage, house: House, crm: House) -> None:
    def listed(door: RestDoor) -> set[str]:
        return {item["name"] for item in door.get("/instances", bizdate=house.bizdate, limit=100).body["items"]}

    assert listed(stage.rest_of("visitor")) == {"A", "E", "G", "L", "S0", "X", "Y", "Z"}
    # E has a metric of crm, so crm's people see it
    assert listed(stage.rest_of("carl")) == {"R", "E"}
    assert listed(stage.rest_of("both")) == {"A", "E", "G", "L", "R", "S0", "X", "Y", "Z"}


def test_rehearsals_are_directed_by_administrators(stage: Stage, house: House) -> None:
    alice = stage.rest_of("alice")
    assert alice.put("/rehearsal/clock", {"now": "2026-03-01T00:00:00Z"}).code == "FORBIDDEN"
    assert alice.post("/rehearsal/generate", {"run_date": "2026-03-02"}).code == "FORBIDDEN"
    path = f"/rehearsal/node-instances/{house.nodes['B']}"
    assert alice.put(path + "/status", {"status": "FAILED"}).code == "FORBIDDEN"
    assert alice.post(path + "/finish", {"outcome": "success"}).code == "FORBIDDEN"


# Projects of what is touched


def test_members_of_other_projects_refuse_the_whole_or_are_left_out(stage: Stage, house: House, crm: House) -> None:
    house.at("04:00").set(every="S")
    crm.set(every="S")
    oscar = stage.rest_of("oscar")
    request = {"fields": ["m2"], "door": oscar}
    answer = house.do("FORCE_RERUN_DOWNSTREAM", "E", **request)
    assert (answer.status, answer.code, answer.item_names()) == (403, "FORBIDDEN", ["R"])
    shown = oscar.preview(
        house.request("FORCE_RERUN_DOWNSTREAM", "E", fields=["m2"], options={"exclude_forbidden": True})
    ).body["plan"]
    assert [each["name"] for each in shown["excluded"]] == ["R", "L"]
    assert shown["members"] == [], "what is reached only through R drops out, too"
    answer = house.do("FORCE_RERUN_DOWNSTREAM", "E", options={"exclude_forbidden": True}, **request)
    assert answer.ok and house.show("Q L") == "Q:R L:S" and crm.status("R") == "SUCCESS"
    house.finish("Q")
    both = stage.rest_of("both")
    assert house.do("FORCE_RERUN_DOWNSTREAM", "E", fields=["m2"], door=both).ok
    assert house.show("Q L") == "Q:R L:N" and crm.status("R") == "INIT"


def test_metrics_go_by_their_own_project(stage: Stage, house: House) -> None:
    house.at("04:00").set(every="S")
    carl, oscar = stage.rest_of("carl"), stage.rest_of("oscar")
    page = carl.get(f"/instances/{house.instances['E']}/offers", operation="RERUN").body["fields"]
    offers = {each["name"]: (each["open"], each["code"]) for each in page}
    assert offers["c1"] == (True, "") and offers["m1"] == (False, "FORBIDDEN"), "shown, not selectable"
    assert house.do("RERUN", "E", fields=["m1"], door=carl).code == "FORBIDDEN"
    joined = house.do("RERUN", "E", fields=["c1"], door=carl)
    assert (joined.code, joined.item_names()) == ("FORBIDDEN_ASSOCIATED", ["E.m4"])
    joined = house.do("RERUN", "E", fields=["m4"], door=oscar)
    assert (joined.code, joined.item_names()) == ("FORBIDDEN_ASSOCIATED", ["E.c1"])
    assert house.show("W") == "W:S"
    assert house.do("RERUN", "E", fields=["m1"], door=oscar).ok


def test_priority_is_set_on_the_metrics_that_one_may_operate(stage: Stage, house: House) -> None:
    carl = stage.rest_of("carl")
    shown = carl.preview(house.request("MODIFY_PRIORITY", "E", options={"priority": "HIGHEST"})).body["plan"]
    assert [each["name"] for each in shown["priorities"]] == ["c1"]
    assert "4 metrics keep their priority" in shown["notices"][0]
    assert house.do("MODIFY_PRIORITY", "E", options={"priority": "HIGHEST"}, door=carl).ok
    # W goes by the highest of its metrics; the others stay
    priorities = {
        node["name"]: node["priority"]
        for node in stage.rest.get(f"/instances/{house.instances['E']}/nodes").body["items"]
    }
    assert priorities["W"] == "HIGHEST" and priorities["P"] == "MIDDLE"


# Nodes that tables share


def test_the_closure_goes_on_into_tables_that_share_a_node(house: House) -> None:
    house.at("04:00").set(every="S")
    plan = house.preview("RERUN", "A", fields=["t1"])
    joined = {f"{each['table']}.{each['name']}": each["other_table"] for each in plan["associated"]}
    assert joined == {"A.t2": False, "A.t3": False, "G.g1": True, "G.g2": True}
    assert sorted(each["name"] for each in plan["nodes"]) == ["A/B", "A/C", "G/H"]
    assert house.do("RERUN", "A", fields=["t1"]).ok
    assert house.fields("G") == {"id": "-", "g1": "R", "g2": "R"}
    for name in ("A", "G"):
        assert house.door.operations(house.instances[name])[0]["operation"] == "RERUN"


def test_stopping_a_shared_node_names_the_other_table(house: House) -> None:
    house.at("04:00").set(every="S", B="R")
    plan = house.preview("STOP", "A", fields=["t1"])
    assert [(each["table"], each["name"]) for each in plan["associated"]] == [("A", "t2"), ("G", "g1")]
    assert house.do("STOP", "A", fields=["t1"]).ok
    assert house.status("B") == "FAILED" and house.fields("G")["g1"] == "S", "H has a copy of it"
