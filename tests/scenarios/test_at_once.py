"""Several operators at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.scenarios.stage import House

LOST = {"CLOSURE_CHANGED", "CONFLICT", "STATUS_NOT_ALLOWED", "CLOSURE_IN_FLIGHT"}


def test_of_many_who_ask_for_the_same_one_is_served(house: House) -> None:
    house.at("03:00").set(every="S")
    request = house.request("RERUN", "A", fields=["t1"])
    digest = house.door.preview(request).body["digest"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: house.door.apply({**request, "digest": digest}), range(8)))
    assert sorted(answer.ok for answer in answers) == [False] * 7 + [True]
    assert {answer.code for answer in answers if not answer.ok} <= LOST
    assert house.attempts("B C D") == {"B": 2, "C": 2, "D": 1}
    outcomes = [entry["outcome"] for entry in house.door.operations(house.instances["A"])]
    assert sorted(outcomes) == ["ACCEPTED"] + ["REFUSED"] * 7


def test_of_many_with_one_key_all_get_the_same_answer(house: House) -> None:
    house.at("03:00").set(every="S")
    request = house.request("RERUN", "A", fields=["t4"])
    body = {**request, "digest": house.door.preview(request).body["digest"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: house.door.apply(body, key="all"), range(8)))
    assert len({answer.body["operation"]["id"] for answer in answers}) == 1
    assert house.attempts("D") == {"D": 2} and len(house.door.operations(house.instances["A"])) == 1


def test_different_fields_do_not_disturb_one_another(house: House) -> None:
    house.at("03:00").set(every="S")

    def rerun(field: str) -> bool:
        for _ in range(5):  # a preview is stale when somebody changed what is around
            answer = house.do("RERUN", "A", fields=[field])
            if answer.ok or answer.code not in ("CLOSURE_CHANGED", "CONFLICT"):
                return answer.ok
        return False

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(rerun, ("t1", "t4"))) == [True, True]
    assert house.attempts("B C D") == {"B": 2, "C": 2, "D": 2}
