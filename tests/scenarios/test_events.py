"""The stream of changes, as a client reads it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from taskhouse.protocols.rest.events import MAX_OF_USER
from tests.scenarios.listening import listening
from tests.scenarios.stage import House, Stage


def test_changes_are_told_as_they_happen(stage: Stage, house: House) -> None:
    with listening(stage.rest) as reader:
        name, hello = reader.next()
        assert name == "hello" and hello["cursor"] == reader.last
        house.at("00:10")
        event = reader.until(house.nodes["S0"], "RUNNING")
        assert event["name"] == "S0" and event["instances"] == [house.instances["S0"]]
        assert (event["label"], event["environment"], event["attempt"]) == ("Running", "PROD", 1)
        house.finish("S0")
        reader.until(house.nodes["B"], "WAIT_SCHEDULE")
        assert house.do("PAUSE", "A", fields=["t4"]).ok
        assert reader.until(house.nodes["D"], "WAIT_SCHEDULE")["label"] in ("Paused", "Waiting for Scheduled Time")


def test_a_client_resumes_where_it_was(stage: Stage, house: House) -> None:
    with listening(stage.rest) as reader:
        reader.next()
        house.at("00:10")
        reader.until(house.nodes["S0"], "RUNNING")
        seen = reader.last
    house.finish("S0").at("00:30")
    for how in ({"last-event-id": str(seen)}, {}):
        query = "" if how else f"?since={seen}"
        with listening(stage.rest, query, **how) as reader:
            assert reader.next() == ("hello", {"cursor": seen})
            reader.until(house.nodes["B"], "RUNNING")


def test_a_number_of_another_store_means_reading_anew(stage: Stage, house: House) -> None:
    with listening(stage.rest, "?since=999999999") as reader:
        name, data = reader.next()
        assert name == "reset" and data["cursor"] < 999999999


def test_one_user_leaves_room_for_others(stage: Stage, house: House) -> None:
    visitor = stage.rest_of("visitor")
    with ExitStack() as windows:
        readers = [windows.enter_context(listening(visitor)) for _ in range(MAX_OF_USER)]
        assert {reader.next()[0] for reader in readers} == {"hello"}
        full = visitor.get("/events")
        assert full.status == 503 and full.body["code"] == "TOO_MANY_LISTENERS"
        windows.enter_context(listening(stage.rest)).next()


def test_people_hear_of_their_own_projects(stage: Stage, house: House) -> None:
    with listening(stage.rest) as admin:
        admin.next()
        start = admin.last
        house.at("00:10")
        admin.until(house.nodes["S0"], "RUNNING")
        end = admin.last
    stranger, visitor = stage.rest_of("stranger"), stage.rest_of("visitor")
    with listening(visitor, f"?since={start}") as reader:
        reader.next()
        reader.until(house.nodes["S0"], "RUNNING")
    with listening(stranger, f"?since={start}") as reader:
        reader.next()
        house.finish("S0")
        assert stage.rest.get("/health").body["cursor"] > end
        stage.server.stop()
        assert not any(line.startswith("event: changes") for line in reader.lines)
    stage.server.start()
    stage.reconnect()


@pytest.mark.parametrize(
    ("query", "headers", "name"),
    [
        ("?environment=TEST", {}, "environment"),
        ("?since=-1", {}, "since"),
        ("?since=x", {}, "since"),
        ("?nope=1", {}, "nope"),
        ("", {"last-event-id": "abc"}, "Last-Event-ID"),
        ("", {"last-event-id": "9" * 30}, "Last-Event-ID"),
    ],
)
def test_wrong_questions_are_refused(stage: Stage, query: str, headers: dict[str, str], name: str) -> None:
    response = stage.rest.client.get(f"/events{query}", headers=headers)
    assert response.status_code == 400 and response.json()["items"][0]["name"] == name
