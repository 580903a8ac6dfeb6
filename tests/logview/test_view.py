"""What the page says about an instance, worked out from what was recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from taskhouse.domain.instance import Instance, InstanceStatus, ResultKind, Stage, Task, TaskSpec, TaskStatus
from taskhouse.protocols.logview import graph, sql_lines, view

BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SCRIPT = "set a=b;\n-- first\nselect 1;\n\nselect 2,\n  nope\nfrom t;\nselect 3;\n"


def _instance(status: TaskStatus, text: str = "", statements: int = 0, body: str = SCRIPT) -> Instance:
    task = Task(
        "i",
        0,
        TaskSpec("AnonymousSQLTask", "SQL", body, {"odps.sql.timezone": "UTC"}),
        status,
        1,
        BEGAN + timedelta(seconds=2),
        BEGAN + timedelta(seconds=5) if status.is_final else None,
        ResultKind.TEXT,
        text,
        summary={"statements": [{"seconds": 1.0}] * statements, "rows_in": 1234, "bytes_in": 2048},
    )
    over = InstanceStatus.TERMINATED if status.is_final else InstanceStatus.RUNNING
    return Instance("i", "p", "ALIYUN$a", 9, over, BEGAN, BEGAN + timedelta(seconds=2), task.ended_at, tasks=(task,))


def _look(instance: Instance) -> view.InstanceView:
    return view.look_at(instance, {}, None, BEGAN + timedelta(seconds=5))


def test_statements_are_found_with_their_lines_and_set_is_not_one() -> None:
    lines, marks = sql_lines.split(SCRIPT)
    assert [(m.line, m.last_line, m.kind) for m in marks] == [(3, 3, "SELECT"), (5, 7, "SELECT"), (8, 8, "SELECT")]
    assert "".join(p.text for p in lines[4].pieces) == "select 2,"
    assert lines[2].pieces[0].kind == "kw"


@pytest.mark.parametrize("text", ["", ";", "select 'open", "/* open", "`", "\n\n", "select '¬é' ;\r\n"])
def test_texts_that_do_not_parse_are_split_all_the_same(text: str) -> None:
    lines, _ = sql_lines.split(text)
    assert lines


def test_statement_that_failed_is_marked_with_those_before_and_after_it() -> None:
    failed = _look(_instance(TaskStatus.FAILED, "ODPS-0130071:[6,3] column nope cannot be resolved", statements=2))
    assert [s.status.text for s in failed.chosen.statements] == ["Succeeded", "Failed", "Not run"]
    assert failed.status.text == "Failed"
    assert [p.text for p in failed.chosen.lines[5].pieces if p.kind == "er"] == ["nope"]


def test_error_is_taken_apart_with_its_hint() -> None:
    found = view.read_trouble("ODPS-0130071:[21,21] column arr_dly cannot be resolved, did you mean 'arr_delay'?")
    assert (found.number, found.line, found.column, found.hint) == ("ODPS-0130071", 21, 21, "arr_delay")
    assert found.message == "column arr_dly cannot be resolved"


@pytest.mark.parametrize("text", ["", "something else", "ODPS-1: x"])
def test_error_of_another_form_is_shown_as_it_is(text: str) -> None:
    assert view.read_trouble(text).message == (text or "No reason was recorded.")


def test_phases_show_the_wait_and_each_statement() -> None:
    shown = _look(_instance(TaskStatus.SUCCESS, statements=3))
    assert [p.label for p in shown.phases] == ["Waited for a slot", "Statement 1", "Statement 2", "Statement 3"]
    assert all(1 <= p.share <= 100 for p in shown.phases)
    assert shown.is_final


def test_instance_that_waits_says_so() -> None:
    waiting = Instance(
        "i", "p", "o", 9, InstanceStatus.SUSPENDED, BEGAN, tasks=(Task("i", 0, TaskSpec("t", "SQL", "select 1;"), TaskStatus.WAITING),)
    )  # fmt: skip
    shown = _look(waiting)
    assert (shown.status.text, shown.is_final) == ("Waiting for a slot", False)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0004, "0 ms"), (0.09, "90 ms"), (0.4, "0.4 s"), (3079, "51m 19s"), (7440, "2h 04m")]
)
def test_durations(seconds: float, text: str) -> None:
    assert view.duration(timedelta(seconds=seconds)) == text


def test_graph_puts_stages_after_those_they_need() -> None:
    stages = (Stage("M1"), Stage("M2"), Stage("J3", upstream=("M1", "M2")), Stage("R4", upstream=("J3", "gone")))
    drawn = graph.draw(stages)
    at = {card.stage.name: card for card in drawn.cards}
    assert at["M1"].x == at["M2"].x < at["J3"].x < at["R4"].x
    assert at["M1"].y != at["M2"].y
    assert len(drawn.edges) == 3
    assert all(card.x >= 0 and card.x + graph.CARD_WIDTH <= drawn.width for card in drawn.cards)


def test_graph_with_a_circle_is_drawn_all_the_same() -> None:
    assert len(graph.draw((Stage("A", upstream=("B",)), Stage("B", upstream=("A",))), ended_as="fail").cards) == 2


def test_only_stages_under_way_are_marked_with_how_the_task_ended() -> None:
    begun = (Stage("A", percent=100), Stage("B", upstream=("A",), percent=40), Stage("C", upstream=("B",)))
    assert [card.status for card in graph.draw(begun, ended_as="hold").cards] == ["ok", "hold", "idle"]
    next_one = (Stage("A", percent=100), Stage("B", upstream=("A",)), Stage("C", upstream=("B",)))
    assert [card.status for card in graph.draw(next_one, ended_as="fail").cards] == ["ok", "fail", "idle"]


def test_rows_written_and_rows_selected_are_told_apart() -> None:
    instance = _instance(TaskStatus.SUCCESS)
    task = replace(instance.tasks[0], result_kind=ResultKind.ROWS, result_rows=16, summary={"rows_out": 17})
    facts = {label: text for label, text, _ in _look(replace(instance, tasks=(task,))).facts}
    assert (facts["Wrote"], facts["Result"]) == ("1 row", "16 rows")


def test_an_error_far_down_is_said_beside_the_query_too() -> None:
    text = "ODPS-0130071:[{},1] column nope cannot be resolved"
    near = _look(_instance(TaskStatus.FAILED, text.format(2), body="select 1,\nnope\nfrom t"))
    lines = _look(_instance(TaskStatus.FAILED, text.format(60), body="select 1,\n" * 59 + "nope from t"))
    wrapped = _look(_instance(TaskStatus.FAILED, text.format(1), body="nope" + " + 1" * 1000))
    assert [each.chosen.is_trouble_far_down for each in (near, lines, wrapped)] == [False, True, True]
