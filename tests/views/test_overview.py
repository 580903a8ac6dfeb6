"""The overview of the small tenant, over both stores."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskhouse.services.recurring.views.overview import overview
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, ALICE, BIZDATE, CRM, PROD, RUN_DATE, STRANGER, House, at


def test_instances_count_once_under_their_most_urgent_status(home: House) -> None:
    before = overview(home.world, ADMIN, PROD, BIZDATE)
    assert before.total == 6 and dict(before.statuses) == {"NOT_RUNNING": 6}
    assert {kind: sum(its.values()) for kind, its in before.types.items()} == {"SCRIPT": 4, "LOGICAL_TABLE": 2}
    assert (before.paused, before.compared_with, before.behind) == (0, (), None)
    assert before.late == 0 and before.latest == ()

    home.clock.set(at("01:00"))
    late = overview(home.world, ADMIN, PROD, BIZDATE)
    assert (late.late, [line.name for line in late.latest]) == (2, ["S0", "A"])
    assert late.late_types == {"SCRIPT": 1, "LOGICAL_TABLE": 1}
    assert late.latest[0].waits_s == 50 * 60 and late.late == len(late.latest)
    assert [line.blocked_by and line.blocked_by.label for line in late.latest] == [None, "S0"]

    home.run_all()
    after = overview(home.world, ADMIN, PROD, BIZDATE)
    assert after.total == sum(after.statuses.values()) == 6
    succeeded = after.statuses.get("SUCCEEDED", 0)
    assert succeeded > 0
    assert list(after.finished) == sorted(after.finished)
    assert after.finished_now == round(100 * succeeded / 6, 1) >= after.finished[-1]
    (shop,) = after.projects
    assert shop.types == after.types and [hour.tables for hour in shop.hours] == [1, 1, 0]
    assert (shop.name, shop.total, shop.statuses) == ("shop", 6, after.statuses)
    assert [hour.hour for hour in shop.hours] == [0, 1, 2] and sum(hour.total for hour in shop.hours) == 6


def test_only_projects_that_may_be_seen(home: House) -> None:
    assert overview(home.world, STRANGER, PROD, BIZDATE).total == 0
    assert overview(home.world, ALICE, PROD, BIZDATE).total == 6
    assert overview(home.world, CRM, PROD, BIZDATE).total == 1  # E has a metric of crm
    with pytest.raises(ViewRefused) as refused:
        overview(home.world, ALICE, PROD, BIZDATE, frozenset({"crm"}))
    assert refused.value.code is ViewCode.FORBIDDEN


def test_what_failed_says_why(home: House) -> None:
    home.run("S0", "00:10", "00:25")
    home.start("C", "00:30")
    home.end("C", "00:40", "ERROR", "division by zero\nin line 3")
    home.start("D", "00:30")
    home.end("D", "00:41", "TIMEOUT")
    home.clock.set(at("01:20"))
    found = overview(home.world, ADMIN, PROD, BIZDATE)
    (failed,) = found.failed
    assert (failed.name, failed.nodes, failed.node, failed.reason) == ("A", 2, "C", "ERROR")
    assert failed.message == "division by zero" and failed.at == at("00:41")
    (blocked,) = [line for line in found.latest if line.name == "Y"]
    assert blocked.blocked_by is not None and blocked.blockers == 1
    assert (blocked.blocked_by.label, blocked.blocked_by.status) == ("A/D", "FAILED")


def test_failures_of_earlier_days_are_told(home: House) -> None:
    home.run("S0", "00:10", "00:25", "ERROR")
    day_after = overview(home.world, ADMIN, PROD, BIZDATE + timedelta(days=1))
    assert day_after.earlier_failed == {"SCRIPT": 1, "LOGICAL_TABLE": 0}
    assert day_after.earlier_from <= BIZDATE
    assert not any(overview(home.world, ADMIN, PROD, BIZDATE).earlier_failed.values())
    assert not any(overview(home.world, STRANGER, PROD, BIZDATE + timedelta(days=1)).earlier_failed.values())


def test_the_rest_of_the_day_is_expected_from_usual_durations(home: House) -> None:
    assert overview(home.world, ADMIN, PROD, BIZDATE).expected == ()  # nobody has loaded the day
    home.load()
    home.clock.set(at("00:10"))
    found = overview(home.world, ADMIN, PROD, BIZDATE)
    slots = 24 * 60 // found.slot_minutes
    assert len(found.expected) == slots - (len(found.finished) - 1)
    # Five minutes each, as of nodes that never ran: S0 00:15; A 00:35 and Y 00:50; E 01:05; X and Z 02:05.
    by_time = dict(zip(("00:15", "00:30", "00:45", "01:00", "01:15"), found.expected, strict=False))
    assert by_time == {"00:15": 16.7, "00:30": 16.7, "00:45": 33.3, "01:00": 50.0, "01:15": 66.7}
    assert found.expected[-1] == 100.0
    home.run("S0", "00:10", "00:12", "ERROR")
    assert overview(home.world, ADMIN, PROD, BIZDATE).expected == ()  # somebody must act first
    assert overview(home.world, ADMIN, PROD, BIZDATE - timedelta(days=1)).expected == ()


def test_slots_of_resource_groups_are_counted(home: House) -> None:
    home.load()
    home.wait("S0", "00:10", "WAIT_RESOURCE")
    home.start("B", "00:30")
    groups = {each.name: each for each in overview(home.world, ADMIN, PROD, BIZDATE).groups}
    assert (groups["shared"].taken, groups["shared"].waiting) == (1, 0)
    assert groups["shared"].slots > 0
    assert overview(home.world, STRANGER, PROD, BIZDATE).groups == ()


def test_a_day_is_compared_with_three_days_that_ran_on_time(home: House) -> None:
    home.run_all()
    day = overview(home.world, ADMIN, PROD, BIZDATE)
    after = overview(home.world, ADMIN, PROD, BIZDATE + timedelta(days=1))
    assert after.total == 0 and after.behind is None
    assert (after.compared_with, after.usual) == ((), ())  # one day says nothing

    for n in (1, 2):
        home.generate(RUN_DATE + timedelta(days=n))
        home.clock.set(at("02:00", RUN_DATE + timedelta(days=n)))
        home.force(**{f"{name}@{RUN_DATE + timedelta(days=n):%m%d}": "SUCCESS" for name in ("S0", "X")})
    dates = tuple(BIZDATE + timedelta(days=n) for n in range(3))
    later = overview(home.world, ADMIN, PROD, BIZDATE + timedelta(days=3))
    assert later.compared_with == dates
    assert max(each.high for each in later.usual) == max(day.finished)
    assert overview(home.world, ADMIN, PROD, BIZDATE + timedelta(days=10)).usual == ()
