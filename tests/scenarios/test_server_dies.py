"""The server's process is killed while nodes run, and served again: nothing is started twice, nothing is lost."""

from __future__ import annotations

from tests.scenarios.stage import House, Stage


def test_a_running_node_is_taken_up_again(stage: Stage, house: House) -> None:
    house.at("00:10").finish("S0").at("00:30").finish("B")
    assert house.show("B C D") == "B:S C:R D:R"
    stage.server.kill()
    stage.server.start()
    stage.reconnect()
    house.door = stage.rest
    assert house.show("B C D P") == "B:S C:R D:R P:W"
    assert house.attempts("B C D") == {"B": 1, "C": 1, "D": 1}
    house.finish("C").at("00:45").fail("D")
    assert house.show("C D Y V") == "C:S D:F Y:N V:W"
    assert [len(house.runs(name)) for name in "BCD"] == [1, 1, 1]
    house.at("01:00").finish("P", "V").at("02:00").finish("X", "Z")
    assert house.do("RERUN", "A", fields=["t4"]).ok
    house.finish("D").finish("Y", "Q")
    assert set(house.show().replace(":", " ").split()[1::2]) == {"S"}


def test_what_was_due_meanwhile_runs_after_the_start(stage: Stage, house: House) -> None:
    house.at("00:10").finish("S0")
    stage.server.kill()
    stage.server.start()
    stage.reconnect()
    assert house.show("B") == "B:W"
    house.at("00:30")
    assert house.show("B C D") == "B:R C:R D:R"


def test_the_same_request_after_a_crash_is_carried_out_once(stage: Stage, house: House) -> None:
    """The operation is in the log; its answer may not have been remembered."""
    house.door = stage.rest
    house.at("03:00").set(every="S")
    request = house.request("RERUN", "A", fields=["t4"])
    digest = house.door.preview(request).body["digest"]
    first = house.door.apply({**request, "digest": digest}, key="once")
    house.finish("D")
    stage.server.kill()
    stage.server.start()
    stage.reconnect()
    house.door = stage.rest
    again = house.door.apply({**request, "digest": digest}, key="once")
    assert again.ok and again.body["operation"]["id"] == first.body["operation"]["id"]
    assert house.attempts("D") == {"D": 2} and house.show("D") == "D:S"
    assert len(house.door.operations(house.instances["A"])) == 1
