"""What publishing changes, on published tasks made by hand; who is downstream of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from taskhouse.domain.definition.difference import (
    Change,
    FieldAspect,
    NodeAspect,
    compare,
    compare_task,
    first_run_date,
)
from taskhouse.domain.definition.tenant import Organisation
from taskhouse.domain.definition.words import dependency_words, schedule_words
from taskhouse.domain.dependency import ROOT, Dependency, Policy, Window
from taskhouse.domain.published import Program, ProgramKind, PublishedField, PublishedNode, PublishedTask
from taskhouse.domain.recurring import BizType, Environment, Priority, TableKind
from taskhouse.domain.schedule import LAST_DAY, Cycle, Schedule, ScheduleType

NOBODY = Organisation()


def script(name: str, code: str = "x", reads: dict[str, str] | None = None) -> PublishedTask:
    needs = {f"p.{up}": frozenset(fields.split()) for up, fields in (reads or {}).items()}
    node = PublishedNode(f"p.{name}", name, Program(ProgramKind.SQL, code), reads=needs, code_hash=code)
    return PublishedTask(
        f"p.{name}", name, "p", Environment.PROD, BizType.SCRIPT, Schedule(Cycle.DAY), (node,),
        dependencies=tuple(map(Dependency, needs)),
    )  # fmt: skip


def table(name: str, **fields: str) -> PublishedTask:
    """`a="t.x"`: field a, read of field x of table t; all in one node."""
    made = tuple(
        PublishedField(each, "ATTRIBUTE", logic=each, sources=tuple(source(word) for word in words.split()))
        for each, words in fields.items()
    )
    reads: dict[str, frozenset[str]] = {}
    for words in fields.values():
        for up, field in map(source, words.split()):
            reads[up] = reads.get(up, frozenset()) | {field}
    node = PublishedNode(
        f"p.{name}_n", f"{name}_n", Program(ProgramKind.SQL, name), tuple(fields), (), reads, table=f"p.{name}__n"
    )
    return PublishedTask(
        f"p.{name}", name, "p", Environment.PROD, BizType.LOGICAL_TABLE, Schedule(Cycle.DAY), (node,),
        kind=TableKind.DIMENSION, fields=made, view=f"p.{name}", dependencies=tuple(map(Dependency, reads)),
    )  # fmt: skip


def source(word: str) -> tuple[str, str]:
    task, _, field = word.partition(".")
    return f"p.{task}", field


def by_id(tasks: Iterable[PublishedTask]) -> dict[str, PublishedTask]:
    return {task.id: task for task in tasks}


def field(task: PublishedTask, name: str, **changes: object) -> PublishedTask:
    return replace(task, fields=tuple(replace(each, **changes) if each.name == name else each for each in task.fields))


CHAIN = [
    script("load"),
    table("a", x="", y=""),
    table("b", u="a.x", v="a.y"),
    table("c", w="b.u"),
    script("send", reads={"c": "w"}),
    script("all", reads={"b": ""}),
    script("apart"),
]


def downstream(after: list[PublishedTask]) -> list[tuple[str, tuple[str, ...], int, bool]]:
    found = compare(by_id(CHAIN), by_id(after), NOBODY, NOBODY).downstream
    return [(each.id, each.fields, each.level, each.is_published) for each in found]


def changed(index: int, task: PublishedTask) -> list[PublishedTask]:
    return [*CHAIN[:index], task, *CHAIN[index + 1 :]]


def test_nothing_changed():
    assert compare(by_id(CHAIN), by_id(CHAIN), NOBODY, NOBODY).is_empty


def test_dates_people_and_versions_are_no_change():
    task = CHAIN[1]
    other = replace(task, version=7, first_run_date=date(2026, 1, 1), published_by="x", published_at=datetime.now(UTC))
    assert compare_task(task, other) is None


@pytest.mark.parametrize(
    ("changes", "aspects"),
    [
        ({"type": "BIGINT"}, (FieldAspect.TYPE,)),
        ({"logic": "new"}, (FieldAspect.LOGIC,)),
        ({"sources": (("p.q", "z"),)}, (FieldAspect.LOGIC,)),
        ({"tables": ("p.raw",)}, (FieldAspect.LOGIC,)),
        ({"parts": {"filter:paid": "1"}}, (FieldAspect.PART,)),
        ({"logic": "new", "parts": {"filter:paid": "1"}}, (FieldAspect.LOGIC,)),
        ({"kind": "KEY"}, (FieldAspect.ROLE,)),
        ({"label": "Y"}, (FieldAspect.ABOUT,)),
        ({"owner": "eve", "priority": Priority.HIGH, "type": "DATE"}, (FieldAspect.TYPE, FieldAspect.ABOUT)),
    ],
)
def test_what_of_a_field_changed(changes: dict[str, object], aspects: tuple[FieldAspect, ...]):
    found = compare_task(CHAIN[1], field(CHAIN[1], "y", **changes))
    assert found is not None and found.version == 2
    [only] = found.fields
    assert (only.name, only.change, only.aspects) == ("y", Change.CHANGED, aspects)


def test_what_of_a_node_changed():
    task = CHAIN[1]
    node = task.nodes[0]
    for changes, aspects in [
        ({"table": "p.a__n__v2"}, (NodeAspect.REBUILT,)),
        ({"code_hash": "2"}, (NodeAspect.CODE,)),
        ({"values": ("x",)}, (NodeAspect.FIELDS,)),
    ]:
        found = compare_task(task, replace(task, nodes=(replace(node, **changes),)))
        assert found is not None
        [only] = found.nodes
        assert (only.change, only.aspects) == (Change.CHANGED, aspects)
    found = compare_task(task, replace(task, nodes=(replace(node, id="p.other"),)))
    assert found is not None
    assert [(each.id, each.change) for each in found.nodes] == [("p.other", Change.ADDED), ("p.a_n", Change.REMOVED)]


def test_added_and_removed_tasks():
    found = compare(by_id(CHAIN[:2]), by_id(CHAIN[1:3]), NOBODY, NOBODY)
    assert [(task.id, task.change, task.version) for task in found.tasks] == [
        ("p.b", Change.ADDED, 1),
        ("p.load", Change.REMOVED, 0),
    ]
    assert (found.published, found.retired) == (("p.b",), ("p.load",))


def test_a_field_is_followed_to_those_who_read_it_and_no_further():
    assert downstream(changed(1, field(CHAIN[1], "x", logic="new"))) == [
        ("p.b", ("u",), 1, False),
        ("p.all", (), 2, False),
        ("p.c", ("w",), 2, False),
        ("p.send", (), 3, False),
    ]
    assert downstream(changed(1, field(CHAIN[1], "y", logic="new"))) == [
        ("p.b", ("v",), 1, False),
        ("p.all", (), 2, False),
    ]


def test_a_changed_key_touches_every_field():
    found = downstream(changed(1, replace(CHAIN[1], key_logic="new")))
    assert found[0] == ("p.b", ("u", "v"), 1, False)


def test_a_label_touches_nobody():
    assert downstream(changed(1, field(CHAIN[1], "x", label="X"))) == []
    assert downstream(changed(0, replace(CHAIN[0], tags=("new",)))) == []


def test_what_is_published_along_is_marked():
    after = changed(1, field(CHAIN[1], "x", logic="new"))
    after[3] = replace(after[3], tags=("new",))
    assert ("p.c", ("w",), 2, True) in downstream(after)


def test_a_script_is_followed_by_dependencies_where_reading_is_not_known():
    before = [script("load"), replace(table("t", a=""), dependencies=(Dependency("p.load"),))]
    after = [script("load", "other"), before[1]]
    found = compare(by_id(before), by_id(after), NOBODY, NOBODY).downstream
    assert [(each.id, each.fields) for each in found] == [("p.t", ("a",))]


def test_growth_is_that_of_the_graph():
    """A chain of tables is walked once, not once a table."""
    size = 2_000
    tables = [table("t0", a=""), *(table(f"t{n}", a=f"t{n - 1}.a") for n in range(1, size))]
    after = [field(tables[0], "a", logic="new"), *tables[1:]]
    found = compare(by_id(tables), by_id(after), NOBODY, NOBODY).downstream
    assert len(found) == size - 1 and found[-1].level == size - 1


SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2026-03-01T14:59:59", SHANGHAI, date(2026, 3, 2)),
        ("2026-03-01T15:00:00", SHANGHAI, date(2026, 3, 3)),
        ("2026-03-01T16:00:00", SHANGHAI, date(2026, 3, 3)),
        ("2026-03-01T22:59:59", UTC, date(2026, 3, 2)),
        ("2026-12-31T23:00:00", UTC, date(2027, 1, 2)),
    ],
)
def test_the_first_run_date(now: str, zone: ZoneInfo, expected: date):
    assert first_run_date(datetime.fromisoformat(now).replace(tzinfo=UTC), zone) == expected


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(Cycle.DAY, time(0, 30)), "DAY 00:30"),
        (Schedule(Cycle.WEEK, time(6), frozenset({3, 1})), "WEEK on 1,3 at 06:00"),
        (Schedule(Cycle.MONTH, month_days=frozenset({2, LAST_DAY})), "MONTH on day 2,LAST at 00:00"),
        (
            Schedule(Cycle.YEAR, month_days=frozenset({1}), months=frozenset({7, 1})),
            "YEAR on day 1 of month 1,7 at 00:00",
        ),
        (Schedule(Cycle.HOUR, time(0, 5), hours=(8, 12)), "HOUR at minute 5 of 8,12"),
        (Schedule(Cycle.MINUTE, time(6), interval_min=15, until=time(22)), "MINUTE every 15 min from 06:00 to 22:00"),
        (Schedule(Cycle.DAY, type=ScheduleType.DRY_RUN), "DAY 00:00, dry run"),
    ],
)
def test_schedules_in_words(schedule: Schedule, words: str):
    assert schedule_words(schedule) == words


@pytest.mark.parametrize(
    ("dependency", "words"),
    [
        (Dependency(ROOT), "root"),
        (Dependency("p.a"), "p.a"),
        (Dependency("p.a", up_fields=("x", "y")), "p.a (x, y)"),
        (Dependency("p.a", policy=Policy.NEXT), "p.a, nearest at or after"),
        (Dependency("p.a", Window.PREVIOUS, Policy.LAST), "p.a, previous cycle, last"),
        (Dependency("p.a", Window.PREVIOUS_N, Policy.ALL, 3), "p.a, previous 3 cycles, all"),
        (Dependency("p.a", Window.LAST_24H), "p.a, last 24 hours, all"),
    ],
)
def test_dependencies_in_words(dependency: Dependency, words: str):
    assert dependency_words(dependency) == words
