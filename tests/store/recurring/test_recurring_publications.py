"""Publications: versions, revisions, and documents that come back exactly as they went in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.attempts import RetryPolicy
from taskhouse.domain.dependency import Dependency, DependencySource, Policy, Window
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Priority, Role, TableKind
from taskhouse.domain.schedule import LAST_DAY, Cycle, Schedule, ScheduleType
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.store.recurring.publications import read_task, task_text
from tests.store.recurring.tenant import DEV, NOW, PROD, script, tasks

FULL = PublishedTask(
    id="shop.t",
    name="t",
    project="shop",
    environment=DEV,
    biz_type=BizType.LOGICAL_TABLE,
    schedule=Schedule(
        Cycle.YEAR,
        time(1, 2, 3),
        month_days=frozenset({1, LAST_DAY}),
        months=frozenset({1, 12}),
        type=ScheduleType.SKIP,
    ),
    nodes=(
        PublishedNode(
            "shop.n",
            "n",
            Program(ProgramKind.TRANSFER, '{"ä": 1}', "shop_dev", "A=1;B=$A", {"x": "y"}),
            ("a",),
            ("k",),
            {"shop.u": frozenset({"f", "g"}), "shop.v": frozenset()},
            ("shop.m",),
            "shop.t_1",
            "h",
        ),
        PublishedNode("shop.m", "m", Program(ProgramKind.VIRTUAL), reads={}),
        PublishedNode("shop.o", "o", Program(ProgramKind.PYTHON)),
    ),
    version=7,
    node_type="BBOX_LOGIC_TABLE_NODE",
    kind=TableKind.AGGREGATE,
    fields=(
        PublishedField("k", "KEY", "BIGINT", role=Role.KEY),
        PublishedField(
            "a",
            "METRIC",
            "DECIMAL(38,18)",
            "Ä",
            Role.VALUE,
            "p",
            "o",
            Priority.HIGHEST,
            (("shop.u", "f"),),
            ("x.y",),
            "l",
            {"filter:f": "h"},
        ),
    ),
    dependencies=(
        Dependency("shop.u", Window.PREVIOUS_N, Policy.NEXT, 3, ("f",), ("a",), DependencySource.AUTO),
        Dependency(""),
    ),
    priority=Priority.LOW,
    owners=("ann", "bob"),
    tags=("x",),
    retry=RetryPolicy(0.25, 2, 1, True),
    resource_group="etl",
    description="words",
    business_unit="unit",
    strategy=4,
    view="shop.t",
    key_logic="kl",
    latency_days=15,
    first_run_date=date(2026, 3, 1),
    published_at=datetime(2026, 3, 1, 2, 3, 4, 5, tzinfo=UTC),
    published_by="ann",
)


def test_a_full_document_comes_back_exactly() -> None:
    back = read_task(task_text(FULL))
    assert back == FULL
    assert [type(value) for value in vars_of(back)] == [type(value) for value in vars_of(FULL)]
    assert back.blueprint() == FULL.blueprint()
    assert isinstance(back.nodes[0].reads["shop.u"], frozenset)


def vars_of(task: PublishedTask) -> list[object]:
    return [getattr(task, name) for name in task.__dataclass_fields__]


words = st.text(max_size=8)
nodes = st.builds(
    PublishedNode,
    id=words,
    name=words,
    program=st.builds(Program, kind=st.sampled_from(ProgramKind), code=words, settings=st.dictionaries(words, words)),
    values=st.lists(words).map(tuple),
    reads=st.none() | st.dictionaries(words, st.frozensets(words)),
)


@given(st.lists(nodes).map(tuple), st.sampled_from(Priority), st.sets(st.integers(1, 7), min_size=1))
def test_documents_come_back(made: tuple[PublishedNode, ...], priority: Priority, days: set[int]) -> None:
    task = replace(FULL, nodes=made, priority=priority, schedule=Schedule(Cycle.WEEK, weekdays=frozenset(days)))
    assert read_task(task_text(task)) == task


def test_versions_count_the_publications_of_a_task(store: RecurringStore) -> None:
    assert store.published(PROD) == (0, {})
    first = script("S", description="first")
    assert store.publish(PROD, [first, script("T")], (), NOW, expected=0) == 1
    assert store.publish(PROD, [replace(first, description="second", version=9)], ("shop.T",), NOW, expected=1) == 2
    revision, current = store.published(PROD)
    assert (revision, sorted(current)) == (2, ["shop.S"])
    assert [(t.version, t.description) for t in store.task_versions(PROD, "shop.S")] == [(2, "second"), (1, "first")]
    assert store.task_version(PROD, "shop.S", 1).description == "first"
    assert store.task_version(PROD, "shop.T", 1).name == "T"
    assert store.task_version(PROD, "shop.S", 3) is None and store.task_version(DEV, "shop.S", 1) is None
    assert store.publish(PROD, [script("T")], (), NOW, expected=2) == 3
    assert store.published(PROD)[1]["shop.T"].version == 2


def test_some_tasks_can_be_asked_for(store: RecurringStore) -> None:
    store.publish(PROD, tasks(), (), NOW, expected=0)
    store.publish(PROD, [script("S0")], ("shop.W",), NOW, expected=1)
    found = store.current(PROD, ["shop.S0", "shop.W", "shop.A", "shop.none"])
    assert {name: task.version for name, task in found.items()} == {"shop.S0": 2, "shop.A": 1}
    asked = [("shop.S0", 1), ("shop.S0", 2), ("shop.S0", 3), ("shop.W", 1)]
    assert sorted(store.versions(PROD, asked)) == [("shop.S0", 1), ("shop.S0", 2), ("shop.W", 1)]
    assert store.versions(DEV, asked) == {}


def test_a_plan_made_against_another_revision_is_refused(store: RecurringStore) -> None:
    store.publish(PROD, [script("S")], (), NOW, expected=0)
    with pytest.raises(Fault, match="published again") as refusal:
        store.publish(PROD, [script("S")], (), NOW, expected=0)
    assert refusal.value.code is FaultCode.INVALID_STATE
    assert store.published(PROD)[0] == 1
    assert [task.version for task in store.task_versions(PROD, "shop.S")] == [1]


def test_environments_have_revisions_of_their_own(store: RecurringStore) -> None:
    store.publish(DEV, [script("S")], (), NOW, expected=0)
    store.publish(DEV, [script("S")], (), NOW, expected=1)
    store.publish(PROD, [script("S")], (), NOW, expected=0)
    assert [store.published(where)[0] for where in Environment] == [2, 1]
    assert store.published(PROD)[1]["shop.S"].version == 1
