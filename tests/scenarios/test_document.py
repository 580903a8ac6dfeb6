"""The OpenAPI document says what the API does: every route, every answer, every example."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.routing import Route
from tests.scenarios.stage import House, Stage


@pytest.fixture(scope="module")
def document(stage: Stage) -> dict[str, Any]:
    return dict(stage.rest.get("/openapi.json").body)


def every_route() -> list[Route]:
    return all_routes()


def test_every_route_is_in_the_document_and_works_as_it_says(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    served = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert {(route.method, route.path) for route in every_route()} < served
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"] and operation["tags"], where
            assert any(status.startswith("2") for status in operation["responses"]), where
            placeholders = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert placeholders == set(re.findall(r"\{(\w+)\}", path)), where
            assert "requestBody" not in operation or method in ("post", "put"), where
            if operation.get("security") != []:
                assert "401" in operation["responses"], where


def test_every_reference_leads_somewhere_and_everything_is_used(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].startswith("#/components/schemas/")
                found.add(value["$ref"].rpartition("/")[2])
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(document)
    assert found <= set(schemas)
    assert set(schemas) - found == set()


@pytest.mark.parametrize("route", [route for route in every_route() if route.body], ids=lambda route: route.path)
def test_examples_are_bodies(route: Route) -> None:
    assert route.body is not None
    if route.example is not None:
        assert msgspec.convert(msgspec.to_builtins(route.example), route.body) == route.example


def test_answers_are_of_the_types_that_are_documented(stage: Stage, house: House) -> None:
    """Every route that reads, asked about a day on which something ran, failed and was operated."""
    house.at("00:10").finish("S0").at("00:30").finish("B").fail("C").at("01:00")
    operation = house.do("RERUN", "A", fields=["t1"])
    ids = {"id": house.instances["A"], "serial": 1, "task": "shop.A", "version": 1}
    checked = 0
    for route in every_route():
        if route.method != "GET" or route.streaming or isinstance(route.reply, str) or route.reply is None:
            continue
        if route.path.startswith(("/runs", "/warehouse/{project}")) or route.path == "/workspace/file":
            continue  # of task instances, warehouse tables and a workspace folder, of which a rehearsal has none
        own = dict(ids)
        if route.path.startswith("/node-instances"):
            own["id"] = house.nodes["B"]
        elif route.path.startswith("/operations"):
            own["id"] = operation.body["operation"]["id"] if operation.ok else 1
        path = route.path
        for name in route.placeholders:
            path = path.replace("{" + name + "}", str(own[name]))
        query = {"field": "t1"} if "lineage" in path else {"text": "x"} if path.endswith("/matches") else {}
        response = stage.rest.client.get(path, params=query or None)
        assert response.status_code == 200, (path, response.text)
        msgspec.json.decode(response.content, type=route.reply)
        checked += 1
    assert checked >= 20
