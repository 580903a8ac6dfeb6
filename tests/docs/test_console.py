"""docs/console.md shows every picture that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_pictures_are_those_of_the_page() -> None:
    shown = re.findall(r"\]\((pictures/[^)]+)\)", (DOCS / "console.md").read_text(encoding="utf-8"))
    there = [path.relative_to(DOCS).as_posix() for path in (DOCS / "pictures").iterdir()]
    assert sorted(shown) == sorted(there)
