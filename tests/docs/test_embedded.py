"""docs/embedded.md, executed; docs/server.md, held to the settings there are."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from taskhouse.config import Config

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^( *)```(python|text)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def test_every_snippet_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [
        (kind, textwrap.dedent(body)) for _, kind, body in _BLOCK.findall((DOCS / "embedded.md").read_text("utf-8"))
    ]
    assert [kind for kind, _ in blocks] == ["python", "text", "python", "text", "python"]
    names: dict[str, Any] = {}
    printed = ""
    for kind, body in blocks:
        if kind == "text":
            shown = ".*?".join(re.escape(part) for part in body.strip().split("…"))
            assert re.fullmatch(shown, printed.strip()), printed
            continue
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(body, "embedded.md", "exec"), names)
        printed = output.getvalue()


def test_every_setting_is_on_the_page() -> None:
    page = (DOCS / "server.md").read_text("utf-8")
    for setting in fields(Config):
        assert f"`{setting.name}`" in page or f"`[{setting.name}]`" in page, setting.name
