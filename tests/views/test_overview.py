"""The overview of the small tenant, over both stores."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskhouse.services.recurring.views.overview import overview
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, ALICE, BIZDATE, CRM, PROD, STRANGER, House, at


def test_instances_count_once_under_their_most_urgent_status(home: House) -> None:
    before = overview(home.world, ADMIN, PROD, BIZDATE)
    assert before.total == 6 and dict(before.statuses) == {"NOT_RUNNING": 6}
    assert {kind: sum(its.values()) for kind, its in before.types.items()} == {"SCRIPT": 4, "LOGICAL_TABLE": 2}
    assert (before.paused, before.compared_with, before.behind) == (0, (), None)
    assert before.late == 0 and before.latest == ()

    home.clock.set(at("01:00"))
    late = overview(home.world, ADMIN, PROD, BIZDATE)
    assert (late.late, [line.name for line in late.latest]) == (2, ["S0", "A"])
    assert late.latest[0].waits_s == 50 * 60 and late.late == len(late.latest)

    home.run_all()
    after = overview(home.world, ADMIN, PROD, BIZDATE)
    assert after.total == sum(after.statuses.values()) == 6
    succeeded = after.statuses.get("SUCCEEDED", 0)
    assert succeeded > 0
    assert list(after.finished) == sorted(after.finished)
    assert after.finished_now == round(100 * succeeded / 6, 1) >= after.finished[-1]
    (shop,) = after.projects
    assert (shop.name, shop.total, shop.statuses) == ("shop", 6, after.statuses)
    assert [hour.hour for hour in shop.hours] == [0, 1, 2] and sum(hour.total for hour in shop.hours) == 6


def test_only_projects_that_may_be_seen(home: House) -> None:
    assert overview(home.world, STRANGER, PROD, BIZDATE).total == 0
    assert overview(home.world, ALICE, PROD, BIZDATE).total == 6
    assert overview(home.world, CRM, PROD, BIZDATE).total == 1  # E has a metric of crm
    with pytest.raises(ViewRefused) as refused:
        overview(home.world, ALICE, PROD, BIZDATE, frozenset({"crm"}))
    assert refused.value.code is ViewCode.FORBIDDEN


def test_the_day_after_is_compared_with_the_day(home: House) -> None:
    home.run_all()
    day = overview(home.world, ADMIN, PROD, BIZDATE)
    after = overview(home.world, ADMIN, PROD, BIZDATE + timedelta(days=1))
    assert after.total == 0 and after.behind is None
    assert after.compared_with == (BIZDATE,)
    assert [each.median for each in after.usual[: len(day.finished)]] == list(day.finished)
    assert overview(home.world, ADMIN, PROD, BIZDATE + timedelta(days=8)).usual == ()
