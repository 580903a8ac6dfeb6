"""docs/workspace.md: its example is a good workspace, its fragments are what they say, and its keys are all there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskhouse.domain.workspace_paths import MAX_FILES
from taskhouse.services.definitions.plan_workspace import validate_alone
from taskhouse.services.definitions.read_workspace import MAX_CHARS, read_workspace

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "workspace.md").read_text("utf-8")
EXAMPLE, MATERIALIZATION, DEPENDENCIES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def said(text: str) -> list[str]:
    return [str(each) for each in validate_alone({"x.yaml": text})]


def test_the_example_is_good():
    assert said(EXAMPLE) == []


def test_the_materialization_is_good():
    at = EXAMPLE.index("    hierarchies:")
    assert said(EXAMPLE[:at] + indented(MATERIALIZATION) + EXAMPLE[at:]) == []


def test_the_dependencies_are_good():
    more = "  - name: last\n    project: shop\n    type: SHELL\n    code: echo\n" + indented(DEPENDENCIES)
    hourly = "  - {name: hourly, project: landing, type: SHELL, code: echo, schedule: {cycle: HOUR, every_min: 60}}\n"
    at = EXAMPLE.index("dimension_tables:")
    assert said(EXAMPLE[:at] + more + hourly + EXAMPLE[at:]) == []


@pytest.mark.parametrize("schedule", re.findall(r"\| `(\{.*?\})` \|$", PAGE, re.MULTILINE))
def test_the_schedules_are_good(schedule: str):
    at = EXAMPLE.index("dimension_tables:")
    more = f"  - {{name: other, project: shop, type: SHELL, code: echo, schedule: {schedule}}}\n"
    read = read_workspace({"x.yaml": EXAMPLE[:at] + more + EXAMPLE[at:]})
    assert read.is_good
    word = re.search(r"cycle: (\w+)", schedule)
    assert read.workspace.scripts["shop.other"].settings.schedule.cycle.value == (word[1] if word else "DAY")


def test_the_bounds_are_those_of_the_reader():
    assert f"up to {MAX_FILES:,} files and {MAX_CHARS // 1_000_000} million" in " ".join(PAGE.split())
