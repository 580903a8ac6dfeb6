"""The list: what stands in each column, filters, permissions, pages, counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskhouse.domain.node_state import NodeWrite
from taskhouse.domain.recurring import BizType, Environment, Priority, TableKind
from taskhouse.domain.roles import Actor
from taskhouse.domain.status import StatusClass
from taskhouse.ports.recurring_store import SortKey
from taskhouse.services.recurring.views import instance_list
from taskhouse.services.recurring.views.instance_list import InstanceLine, ListRequest, Mine
from taskhouse.services.recurring.views.refusal import ViewCode, ViewRefused
from tests.views.house import ADMIN, ALICE, BIZDATE, CRM, PROD, STRANGER, VISITOR, House, a_query, at


def listed(
    home: House, actor: Actor = ADMIN, request: ListRequest | None = None, limit: int = 50
) -> list[InstanceLine]:
    return list(instance_list.page(home.world, actor, request or ListRequest(), "", limit).items)


def names(home: House, actor: Actor = ADMIN, **parts: object) -> list[str]:
    mine = parts.pop("mine", None)
    selection = str(parts.pop("selection", ""))
    request = ListRequest(a_query(**parts), mine if isinstance(mine, Mine) else None, selection)
    return [line.name for line in listed(home, actor, request)]


def test_default_order_is_scheduled_time_descending(home: House) -> None:
    assert names(home) == ["Z", "X", "E", "Y", "A", "S0"]
    assert names(home, sort=SortKey.NAME, descending=False) == ["A", "E", "S0", "X", "Y", "Z"]


def test_columns_of_a_table(home: House) -> None:
    home.run("S0", "00:10", "00:25")
    home.run("B", "00:30", "00:40")
    home.start("C", "00:30")
    home.clock.set(at("00:45"))
    (line,) = [line for line in listed(home) if line.name == "A"]
    assert (line.statuses, line.fields, line.nodes) == (
        ("RUNNING", "NOT_RUNNING", "SUCCEEDED"),
        {"SUCCEEDED": 2, "RUNNING": 1, "NOT_RUNNING": 1},
        {"SUCCEEDED": 1, "RUNNING": 1, "NOT_RUNNING": 1},
    )
    assert line.status_text == "Succeeded 2, Running 1, Not Running 1"
    assert (line.started_at, line.ended_at, line.duration_s) == (at("00:30"), None, 15 * 60)
    assert (line.bizdate, line.due_at, line.cycle, line.kind) == ("20260301", at("00:30"), "DAY", "DIMENSION")
    assert (line.owners, line.project, line.tags, line.priority) == (("alice",), "shop", ("core",), "MIDDLE")
    assert (line.resource_group, line.node_type, line.environment) == ("", "BBOX_LOGIC_TABLE_NODE", "PROD")


def test_an_aggregate_table_has_the_owners_projects_and_highest_priority_of_its_metrics(home: House) -> None:
    (line,) = [line for line in listed(home) if line.name == "E"]
    assert (line.projects, line.owners, line.priority) == (("shop", "crm"), ("alice", "bob"), "HIGH")
    assert names(home, projects=frozenset({"crm"})) == ["E"] and names(home, owners=frozenset({"bob"})) == ["E"]
    assert names(home, priorities=frozenset({Priority.HIGH})) == ["E"]


def test_a_script_shows_one_label_and_its_retries(home: House) -> None:
    home.wait("S0", "00:05")
    line = listed(home)[-1]
    assert (line.name, line.status_text, line.statuses, line.waiting) == (
        "S0",
        "Waiting for Scheduled Time",
        ("WAITING",),
        ("WAIT_SCHEDULE",),
    )
    assert (line.retried, line.retries, line.resource_group, line.fields) == (0, 2, "small", {})
    home.force(S0="WAIT_SCHEDULE+")
    line = listed(home)[-1]
    assert (line.status_text, line.marks, line.paused) == ("Paused", ("PAUSED",), 1)


def test_retries_of_a_table_are_the_most_of_its_nodes(home: House) -> None:
    """As in `1/2`: used and allowed."""
    state = home.state("B")
    home.write(
        NodeWrite(state.lock_version, state._replace(retried=1, lock_version=state.lock_version + 1)), at("01:05")
    )
    line = next(line for line in listed(home) if line.name == "A")
    assert (line.retried, line.retries) == (1, 1)


def test_filters(home: House) -> None:
    home.run("S0", "00:10", "00:25", "ERROR")
    assert names(home, statuses=frozenset({StatusClass.FAILED})) == ["S0"]
    assert names(home, biz_type=BizType.LOGICAL_TABLE) == ["E", "A"]
    assert names(home, kinds=frozenset({TableKind.AGGREGATE})) == ["E"]
    assert names(home, text="s0") == ["S0"] and names(home, text=str(home.ids["A"])) == ["A"]
    assert names(home, bizdates=(BIZDATE + timedelta(days=1),)) == []
    assert names(home, started=(at("00:00"), at("01:00"))) == ["S0"]
    assert names(home, tags=frozenset({"core"})) == ["A"]


def test_quick_filters_take_what_the_person_owns(home: House) -> None:
    home.run("S0", "00:10", "00:25", "ERROR")
    assert names(home, ALICE, mine=Mine.FAILED) == ["S0"]
    assert names(home, ALICE, mine=Mine.UNFINISHED) == ["X", "E", "Y", "A"]
    assert names(home, ALICE, mine=Mine.FAILED, statuses=frozenset({StatusClass.RUNNING})) == []
    assert names(home, ALICE, mine=Mine.FAILED, owners=frozenset({"zoe"})) == []


def test_what_is_late_should_have_started(home: House) -> None:
    home.run("S0", "00:10", "00:25")
    home.clock.set(at("01:10"))

    def late(environment: Environment = PROD) -> list[str]:
        request = ListRequest(a_query(environment=environment), late=True)
        return [line.name for line in listed(home, request=request)]

    assert late() == ["Y", "A"]  # E is due since ten minutes
    assert instance_list.counts(home.world, ADMIN, ListRequest(late=True)).matching == 2
    home.start("B", "01:10")
    assert late() == ["Y"]
    assert late(Environment.DEV) == []


def test_a_selection_narrows_the_list(home: House) -> None:
    home.clock.set(at("03:00"))
    assert names(home, selection="A+1") == ["E", "Y", "A"]
    assert names(home, selection="A+1", kinds=frozenset({TableKind.AGGREGATE})) == ["E"]
    assert names(home, selection="A+1,owner:zoe") == []
    assert names(home, selection="+X,kind:script", bizdates=(BIZDATE,)) == ["X", "S0"]


def test_who_has_no_role_sees_nothing_and_a_named_project_is_refused(home: House) -> None:
    assert names(home, STRANGER) == []
    assert names(home, VISITOR) == ["Z", "X", "E", "Y", "A", "S0"]
    assert names(home, CRM) == ["E"], "one of its metrics belongs to crm"
    with pytest.raises(ViewRefused) as refused:
        names(home, VISITOR, projects=frozenset({"crm"}))
    assert refused.value.code is ViewCode.FORBIDDEN and "'crm'" in refused.value.message


def test_pages_follow_one_another(home: House) -> None:
    seen: list[str] = []
    marker = ""
    for _ in range(4):
        page = instance_list.page(home.world, ADMIN, ListRequest(), marker, 2)
        seen += [line.name for line in page.items]
        marker = page.next_marker
        if not marker:
            break
    assert seen == ["Z", "X", "E", "Y", "A", "S0"]
    assert [line.name for line in instance_list.everything(home.world, ADMIN, ListRequest())] == seen


def test_counts(home: House) -> None:
    home.run("S0", "00:10", "00:25")
    home.run("B", "00:30", "00:40", "ERROR")
    found = instance_list.counts(home.world, ADMIN, ListRequest(a_query(statuses=frozenset({StatusClass.FAILED}))))
    assert (found.total, found.matching) == (6, 1)
    assert found.statuses == {"NOT_RUNNING": 5, "WAITING": 0, "RUNNING": 0, "SUCCEEDED": 1, "FAILED": 1}


def test_quick_filters_are_counted_by_what_they_match(home: House) -> None:
    home.run("B", "00:30", "00:40", "ERROR")
    owner = next(line for line in listed(home) if line.name == "A").owners[0]
    found = instance_list.counts(home.world, Actor(owner, super_admin=True), ListRequest(mine=Mine.FAILED))
    assert (found.matching, found.statuses["FAILED"]) == (1, 1)


def test_counted_calls(home: House) -> None:
    listed(home)
    assert home.counted() == {"page": 1, "versions": 1}
    listed(home)
    assert home.counted() == {"page": 1}
    instance_list.counts(home.world, ADMIN, ListRequest())
    assert home.counted() == {"counts": 1, "count": 1}
