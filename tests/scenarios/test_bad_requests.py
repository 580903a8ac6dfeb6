"""Whatever a client sends, it gets an answer that says what is wrong, and the server goes on."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.routing import Route
from tests.scenarios.stage import House, Stage

HUGE = [
    -1,
    0,
    2**31,
    2**63 - 1,
    2**63,
    2**64,
    10**30,
    1.5,
    1e308,
    True,
    None,
    "1",
    "",
    "x",
    [],
    {},
    [[]],
    "\x00",
    "\ud7ff",
    "日本",
    "😀" * 100,
]


def told(response: Any) -> dict[str, Any]:
    """An error in the form of errors."""
    assert 400 <= response.status_code < 500, (response.status_code, response.text[:500])
    body = response.json()
    assert set(body) == {"code", "message", "items"} and body["code"] and body["message"]
    for item in body["items"]:
        assert set(item) == {"id", "name", "status", "reason"}
    return body


def one_of(house: House) -> dict[str, Any]:
    return {"operation": "RERUN", "targets": [{"instance": house.instances["A"], "fields": ["t1"]}]}


@pytest.mark.parametrize("path", ["/operations/preview", "/operations/apply"])
@pytest.mark.parametrize("value", HUGE, ids=lambda value: repr(value)[:20])
def test_values_of_other_kinds(stage: Stage, house: House, path: str, value: Any) -> None:
    for change in (
        {"operation": value},
        {"targets": value},
        {"targets": [value]},
        {"targets": [{"instance": value}]},
        {"targets": [{"instance": house.instances["A"], "fields": [value]}]},
        {"options": value},
        {"options": {"code": value}},
        {"options": {"members": [value]}},
        {"digest": value},
        {"limit": value},
        {"perspective": value},
        {"selection": value, "targets": []},
        {"bizdates": value, "selection": "a"},
        {"environment": value, "selection": "a", "targets": []},
    ):
        body = {**one_of(house), **change}
        response = stage.rest.client.post(path, content=json.dumps(body))
        if response.status_code == 200:
            shown = response.json()
            assert path.endswith("preview") and isinstance(shown["accepted"], bool)
        else:
            told(response)
    assert stage.rest.get("/health").ok


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"operation": "EXPLODE"}, "EXPLODE"),
        ({"colour": "red"}, "colour"),
        ({"options": {"speed": "fast"}}, "speed"),
        ({"options": {"priority": "HIGH"}}, "priority"),
        ({"options": {"code": "OLD"}}, "OLD"),
        ({"operation": "MODIFY_PRIORITY", "targets": [{"instance": 1}]}, "priority"),
        ({"operation": "REMOVE_UPSTREAM", "targets": [{"instance": 1}]}, "upstream"),
        ({"operation": "RERUN_DOWNSTREAM", "options": {"scope": "CUSTOM"}}, "members"),
        ({"operation": "FORCE_RERUN_DOWNSTREAM", "options": {"scope": "ALL_FAILED_INSTANCE"}}, "ALL_FAILED_INSTANCE"),
        ({"operation": "RERUN_DOWNSTREAM", "targets": [{"instance": 1}, {"instance": 2}]}, "one instance"),
        ({"operation": "STOP", "targets": [{"instance": 1}, {"instance": 2, "fields": ["t1"]}]}, "whole instances"),
        ({"operation": "SET_SUCCESS", "options": {"scope": "FAILED_FIELDS"}}, "CUSTOM"),
        ({"targets": []}, "target"),
        ({"selection": "name:*"}, "not both"),
        ({"perspective": "SIDEWAYS"}, "SIDEWAYS"),
    ],
)
def test_what_is_wrong_is_named(stage: Stage, house: House, change: dict[str, Any], named: str) -> None:
    path = "/operations/apply" if "perspective" in change else "/operations/preview"
    answer = stage.rest.post(path, {**one_of(house), **change})
    assert (answer.status, answer.code) == (400, "INVALID_ARGUMENT") and named in answer.message


def test_unknown_instances_are_not_found(stage: Stage, house: House) -> None:
    for instance in (0, 10**15, 2**63 - 1):
        request = {"operation": "STOP", "targets": [{"instance": instance}]}
        assert stage.rest.preview(request).body["refusals"][0]["code"] == "NOT_FOUND"
        answer = stage.rest.apply(request)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_duplicates_in_a_request_count_once(stage: Stage, house: House) -> None:
    house.set(every="S")
    request = {"operation": "RERUN", "targets": [{"instance": house.instances["A"], "fields": ["t4", "t4"]}]}
    assert [each["name"] for each in stage.rest.preview(request).body["plan"]["requested"]] == ["t4"]
    twice = {"operation": "RERUN_ALL_FINAL", "targets": [{"instance": house.instances["X"]}] * 3}
    assert len(stage.rest.preview(twice).body["plans"]) == 1


def _routes(method: str) -> list[Route]:
    return [route for route in all_routes() if route.method == method and not route.streaming]


def _paths(route: Route, ids: list[str]) -> Iterator[str]:
    for value in ids:
        path = route.path
        for name in route.placeholders:
            path = path.replace("{" + name + "}", value)
        yield path
        if not route.placeholders:
            return


@pytest.mark.parametrize("route", _routes("GET"), ids=lambda route: route.path)
def test_paths_with_ids_of_nothing_and_parameters_of_nowhere(stage: Stage, house: House, route: Route) -> None:
    client = stage.rest.client
    for path in _paths(
        route, ["999999999", "0", str(2**63 - 1), "9" * 40, "-1", "x", "%F0%9F%98%80", "a%00b", "..%2f"]
    ):
        response = client.get(path)
        assert response.status_code < 500, (path, response.text)
        if route.placeholders:
            told(response)
    good = next(_paths(route, [str(house.instances["A"])]))
    assert "nonsense" in told(client.get(f"{good}?nonsense=1"))["message"]
    for member in msgspec.structs.fields(route.query):
        for value in ("", "x", "-1", "9" * 30, "%00", "%FF", "1,2", "null", "20260231", "a" * 5000, "99999-99-99"):
            response = client.get(f"{good}?{member.encode_name}={value}")
            assert response.status_code < 500, (good, member.name, value, response.text)


@pytest.mark.parametrize("route", [*_routes("POST"), *_routes("PUT")], ids=lambda route: route.path)
def test_bodies_of_other_shapes(stage: Stage, route: Route) -> None:
    client = stage.rest.client
    path = next(_paths(route, ["1"]))
    for body in (
        b"",
        b"[]",
        b"7",
        b"{",
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"[" * 200_000,
        b"\xff\xfe",
        b'"' + b"x" * 10**6 + b'"',
    ):
        told(client.request(route.method, path, content=body))
    told(
        client.request(
            route.method, path, content=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"}
        )
    )


def test_random_requests_never_break_the_server(stage: Stage, house: House) -> None:
    """Seeded: operations made of parts that exist, in any combination."""
    rng = random.Random(20260302)
    names = [
        "RERUN",
        "RERUN_DOWNSTREAM",
        "FORCE_RERUN_CURRENT",
        "FORCE_RERUN_DOWNSTREAM",
        "STOP",
        "SET_SUCCESS",
        "PAUSE",
        "RESUME",
    ]
    names += ["REMOVE_UPSTREAM", "MODIFY_PRIORITY", "RERUN_ALL_FAILED", "RERUN_ALL_FINAL", "FORCE_RERUN_ALL"]
    ids = [*house.instances.values()] * 4 + [0, 10**9]
    words = ["".join(rng.choices(string.printable, k=5)) for _ in range(10)]
    scopes = [
        "ALL_INSTANCE",
        "ALL_FAILED_INSTANCE",
        "ALL_FINAL_INSTANCE",
        "CUSTOM",
        "FAILED_FIELDS",
        "NOT_RUN_FIELDS",
        *words,
    ]

    def target() -> dict[str, Any]:
        found: dict[str, Any] = {"instance": rng.choice(ids)}
        if rng.random() < 0.3:
            found["fields"] = rng.choices(["t1", "t2", "t4", "id", "m1", *words], k=rng.randint(0, 3))
        return found

    def options() -> dict[str, Any]:
        every = {
            "code": rng.choice(["CURRENT", "AS_RAN", "as_ran", *words]),
            "start_mode": rng.choice(["NORMAL", "DRY_RUN", *words]),
            "scope": rng.choice(scopes),
            "members": [target() for _ in range(rng.randint(0, 3))],
            "include_start": rng.random() < 0.5,
            "exclude_forbidden": rng.random() < 0.5,
            "upstream": rng.choices(ids, k=rng.randint(0, 3)),
            "priority": rng.choice(["HIGH", "lowest", *words]),
        }
        return {name: every[name] for name in rng.sample(list(every), rng.choice([0, 0, 0, 1, 2]))}

    accepted = 0
    for _ in range(250):
        if rng.random() < 0.2:
            node, status = (
                rng.choice(list(house.nodes.values())),
                rng.choice(["SUCCESS", "FAILED", "INIT", "RUNNING", "WAIT_SCHEDULE"]),
            )
            assert stage.rest.put(f"/rehearsal/node-instances/{node}/status", {"status": status}).ok
        request = {
            "operation": rng.choice(names),
            "targets": [target() for _ in range(rng.choice([1, 1, 1, 2, 3]))],
            "options": options(),
        }
        shown = stage.rest.client.post("/operations/preview", json=request)
        if shown.status_code != 200:
            told(shown)
            continue
        applied = stage.rest.client.post("/operations/apply", json={**request, "digest": shown.json()["digest"]})
        if applied.status_code == 200:
            accepted += 1
            assert shown.json()["accepted"]
        else:
            told(applied)
            assert not shown.json()["accepted"], (request, applied.text)
    assert accepted > 20
