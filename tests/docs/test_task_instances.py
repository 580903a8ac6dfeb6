"""docs/task-instances.md, executed: every snippet in order, its output compared with what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.server import Ready

PAGE = Path(__file__).resolve().parents[2] / "docs" / "task-instances.md"
_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    line: int
    code: str
    output: str | None


def _snippets() -> Iterator[Snippet]:
    text = PAGE.read_text(encoding="utf-8")
    blocks = [(m.group(1), m.group(2), text.count("\n", 0, m.start()) + 1) for m in _BLOCK.finditer(text)]
    for at, (kind, body, line) in enumerate(blocks):
        if kind == "python":
            follows = at + 1 < len(blocks) and blocks[at + 1][0] == "text"
            yield Snippet(line, body, blocks[at + 1][1] if follows else None)


def _as_shown(output: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in output.strip().split("…"))
    return re.compile(".*?".join(parts), re.DOTALL)


def test_every_snippet_of_the_page_works(live_server: Ready, iris: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODPS_ACCESS_ID", live_server.access_id)
    monkeypatch.setenv("ODPS_SECRET", live_server.secret)
    monkeypatch.setenv("ODPS_PROJECT", live_server.project)
    monkeypatch.setenv("ODPS_ENDPOINT", live_server.endpoint)
    from odps.config import option_context

    names: dict[str, Any] = {}
    snippets = list(_snippets())
    assert len(snippets) > 20
    with option_context():  # a client made without further ado becomes the process's own; not beyond this test
        for snippet in snippets:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(snippet.code, f"{PAGE.name}:{snippet.line}", "exec"), names)
            if snippet.output is not None:
                shown = _as_shown(snippet.output)
                assert shown.fullmatch(printed.getvalue().strip()), (
                    f"line {snippet.line} printed:\n{printed.getvalue()}"
                )


@pytest.mark.parametrize(
    "call",
    [
        "list_instances", "exist_instance", "get_instance", "stop_instance", "get_logview_address", "status", "is_terminated",
        "is_successful", "wait_for_completion", "wait_for_success", "get_task_names", "get_task_result", "get_task_results",
        "get_task_progress", "run_xflow", "execute_xflow", "get_xflow_results", "get_xflow_sub_instances", "iter_xflow_sub_instances",
    ],
)  # fmt: skip
def test_every_call_is_shown(call: str) -> None:
    assert any(call in snippet.code for snippet in _snippets())
