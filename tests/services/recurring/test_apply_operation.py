"""Applying an operation when others act at the same time, and when a request comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from taskhouse.domain import node_changes
from taskhouse.domain.faults import Fault
from taskhouse.domain.operations.plan import RefusalCode
from taskhouse.domain.operations.request import (
    Batch,
    BatchOperation,
    Pause,
    RemoveUpstream,
    Request,
    Rerun,
    Stop,
    Target,
)
from taskhouse.domain.recurring import Environment
from taskhouse.domain.status import NodeStatus
from taskhouse.ports.recurring_store import OperationResult, OperationWrite
from taskhouse.scheduler.clock import RandomIds
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services.recurring import apply_operation
from taskhouse.services.recurring.apply_operation import Applied, apply
from taskhouse.services.recurring.book import Books
from taskhouse.services.recurring.preview_operation import preview
from taskhouse.services.world import ABSENT, World
from tests.domain.om.fixture import ADMIN, script
from tests.scheduler.recurring.house import Rooms


@dataclass
class Desk:
    """The rooms' store as an operator's process sees it."""

    rooms: Rooms = field(default_factory=Rooms)

    def __post_init__(self) -> None:
        rooms = self.rooms

        class Clock:
            def now(self) -> Any:
                return rooms.now

        self.world = World(
            *(ABSENT,) * 8,
            events=LocalEvents(),
            clock=Clock(),
            ids=RandomIds(),
            limits=cast(Any, None),
            blobs=cast(Any, None),
            recurring=rooms.store,
            books=Books(rooms.store),
        )
        self.book = self.world.books.of(Environment.PROD)

    def finished(self) -> Desk:
        """Everything has succeeded."""
        self.rooms.at("00:10").succeed("S0").at("00:30").succeed("B", "C", "D").at("02:00")
        self.rooms.succeed("P", "Q", "V", "Y").succeed("X", "Z")
        return self

    def ask(self, request: Request | Batch, **given: Any) -> Applied:
        given.setdefault("digest", preview(self.world, ADMIN, request).digest)
        return apply(self.world, ADMIN, request, **given)

    def meanwhile(self, what: Any, times: int = 1) -> None:
        """Just before an operation is written, something else happens."""
        operate, left = self.book.operate, [times]

        def interrupted(operation: OperationWrite, now: Any) -> OperationResult:
            if left[0]:
                left[0] -= 1
                what()
            return operate(operation, now)

        self.book.operate = interrupted  # type: ignore[method-assign]

    def target(self, name: str, *fields: str) -> Target:
        return Target(self.rooms.instance(name), fields or None)

    def touch(self, name: str) -> None:
        """Somebody writes the node's row and changes nothing that a person would see."""
        state = self.rooms.state(name)
        self.rooms.store.write([node_changes.touched(state)], self.rooms.now)


@pytest.fixture
def desk() -> Desk:
    return Desk().finished()


def code(applied: Applied) -> RefusalCode:
    return applied.refusals[0].code


def test_a_change_that_changes_nothing_is_overcome(desk: Desk) -> None:
    desk.meanwhile(lambda: desk.touch("D"))
    applied = desk.ask(Rerun(desk.target("A", "t4")))
    assert not applied.refusals and applied.entry is not None and applied.entry.id
    assert desk.rooms.state("D").status is NodeStatus.INIT


def test_who_loses_twice_is_told_of_the_conflict_and_it_is_logged(desk: Desk) -> None:
    desk.meanwhile(lambda: desk.touch("D"), times=2)
    applied = desk.ask(Rerun(desk.target("A", "t4")))
    assert code(applied) is RefusalCode.CONFLICT
    assert [item.name for item in applied.refusals[0].items] == ["A/D"]
    assert desk.rooms.state("D").status is NodeStatus.SUCCESS
    (logged,) = desk.rooms.store.operations(desk.rooms.instance("A"), 0, 10)
    assert (logged.outcome, logged.error_code) == ("REFUSED", "CONFLICT")


def test_another_operation_in_between_changes_what_was_shown(desk: Desk) -> None:
    other = Desk(desk.rooms)
    desk.meanwhile(lambda: other.ask(Rerun(other.target("A", "t4"))))
    applied = desk.ask(Rerun(desk.target("A", "t4")))
    assert code(applied) is RefusalCode.CLOSURE_CHANGED
    assert [entry.outcome for entry in desk.rooms.store.operations(desk.rooms.instance("A"), 0, 10)] == [
        "REFUSED",
        "ACCEPTED",
    ]


def test_of_two_who_remove_the_last_upstreams_one_loses() -> None:
    tasks = [script("U1", "00:05"), script("U2", "00:05"), script("K", "00:20", U1="", U2="")]
    desk = Desk(Rooms(tasks=tasks))
    other = Desk(desk.rooms)
    k, u1, u2 = (desk.rooms.instance(name) for name in ("K", "U1", "U2"))
    desk.meanwhile(lambda: other.ask(RemoveUpstream(k, (u2,))))
    applied = desk.ask(RemoveUpstream(k, (u1,)))
    assert code(applied) in (RefusalCode.CLOSURE_CHANGED, RefusalCode.LAST_UPSTREAM)
    desk.rooms.at("00:20").succeed("U1")
    assert desk.rooms.show("K") == "R", "it waits for U1, which is still upstream, and not for U2"


def test_a_stale_digest_is_refused_whatever_the_plan_says(desk: Desk) -> None:
    request = Stop(desk.target("A"))
    assert code(desk.ask(request, digest="0" * 32)) is RefusalCode.CLOSURE_CHANGED
    assert code(desk.ask(request, digest="")) is RefusalCode.STATUS_NOT_ALLOWED


def test_writing_data_takes_a_digest(desk: Desk) -> None:
    with pytest.raises(Fault, match="preview it first"):
        desk.ask(Rerun(desk.target("A")), digest="")
    with pytest.raises(Fault, match="preview it first"):
        desk.ask(Batch(BatchOperation.RERUN_FINAL, (desk.rooms.instance("X"),)), digest="")


def test_a_request_that_is_repeated_finds_what_it_did(desk: Desk) -> None:
    request = Rerun(desk.target("A", "t4"))
    first = desk.ask(request, request_id="r1")
    again = apply(desk.world, ADMIN, request, digest="whatever", request_id="r1")
    assert first.entry is not None and again.entry == first.entry
    assert len(desk.rooms.store.operations(desk.rooms.instance("A"), 0, 10)) == 1


def test_a_request_id_stands_for_its_request_and_for_a_day(desk: Desk) -> None:
    request = Rerun(desk.target("A", "t4"))
    desk.ask(request, request_id="r1")
    with pytest.raises(Fault, match="used for another operation"):
        desk.ask(Rerun(desk.target("X")), request_id="r1")
    desk.rooms.settle().succeed("D")
    desk.rooms.now += timedelta(days=2)
    again = desk.ask(request, request_id="r1")
    assert again.entry is not None and desk.rooms.state("D").status is NodeStatus.INIT
    assert len(desk.rooms.store.operations(desk.rooms.instance("A"), 0, 10)) == 2


def test_a_batch_that_was_cut_off_goes_on_where_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("X", "Y", "Z")
    batch = Batch(BatchOperation.RERUN_FINAL, tuple(desk.rooms.instance(name) for name in names))
    digest = preview(desk.world, ADMIN, batch).digest
    monkeypatch.setattr(apply_operation, "AT_ONCE", 1)
    operate_each, done = desk.book.operate_each, []

    def dies(operations: Sequence[OperationWrite], now: Any) -> Sequence[OperationResult]:
        if done:
            raise KeyboardInterrupt
        done.extend(operate_each(operations, now))
        return done

    desk.book.operate_each = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        desk.ask(batch, digest=digest, request_id="cut")
    other = Desk(desk.rooms)
    applied = other.ask(batch, digest=digest, request_id="cut")
    assert [outcome.entry is not None for outcome in applied.outcomes] == [True, True, True]
    for name in names:
        entries = desk.rooms.store.operations(desk.rooms.instance(name), 0, 10)
        assert [(entry.outcome, entry.batch) for entry in entries] == [("ACCEPTED", applied.batch)]


def test_an_instance_of_a_batch_that_somebody_was_faster_with_is_decided_anew(desk: Desk) -> None:
    batch = Batch(BatchOperation.RERUN_FINAL, tuple(desk.rooms.instance(name) for name in "XYZ"))
    operate_each = desk.book.operate_each

    def interrupted(operations: Sequence[OperationWrite], now: Any) -> Sequence[OperationResult]:
        desk.touch("X")
        Desk(desk.rooms).ask(Rerun(desk.target("Y")))
        return operate_each(operations, now)

    desk.book.operate_each = interrupted  # type: ignore[method-assign]
    applied = desk.ask(batch)
    assert [outcome.code for outcome in applied.outcomes] == ["", "STATUS_NOT_ALLOWED", ""]
    assert desk.rooms.show("X Y Z") == "N N N"


def test_instances_of_a_batch_that_touch_one_another_are_decided_in_turn(desk: Desk) -> None:
    """Force rerunning A sends nothing of E back; but pausing what an earlier one changed is decided on what it is then."""
    desk.rooms.now = desk.rooms.now.replace(hour=23)
    instances = tuple(desk.rooms.instance(name) for name in ("A", "E", "X"))
    applied = desk.ask(Batch(BatchOperation.FORCE_RERUN, instances))
    assert [outcome.code for outcome in applied.outcomes] == ["", "", ""]
    assert desk.rooms.show("B C D P Q V X") == "N N N N N N N"


def test_a_batch_in_which_nothing_qualifies_is_refused_with_every_reason(desk: Desk) -> None:
    batch = Batch(BatchOperation.STOP, tuple(desk.rooms.instance(name) for name in "XYZ"))
    applied = desk.ask(batch)
    assert code(applied) is RefusalCode.STATUS_NOT_ALLOWED
    assert [item.name for item in applied.refusals[0].items] == ["X", "Y", "Z"]


def test_unknown_instances_are_not_found_and_not_logged(desk: Desk) -> None:
    applied = desk.ask(Pause(Target(10**12)))
    assert code(applied) is RefusalCode.NOT_FOUND and applied.entry is not None and applied.entry.id == 0
