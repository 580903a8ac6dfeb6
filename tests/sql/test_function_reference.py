"""docs/functions.md is what the registry says."""

from __future__ import annotations

from pathlib import Path

from taskhouse.sql.functions.reference import page
from taskhouse.sql.functions.registry import FUNCTIONS, MISSING

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m taskhouse.sql.functions.reference > docs/functions.md"
    )


def test_no_function_is_both_there_and_missing() -> None:
    assert not FUNCTIONS.keys() & MISSING.keys()
