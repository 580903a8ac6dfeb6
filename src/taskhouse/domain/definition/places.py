"""Where in a definition something stands, and what is wrong there.

Values know nothing of files. A *place* is the way to a part of the workspace by names (`("fact_tables", "shop.orders", "measures",
"amount", "expression")`); the reader of files remembers the line and column of each, so that checks made on values alone, however
late, point at the file.
"""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str, ...]
"""Section, id of the object, then keys; an element of a list is its `name`, without one its number from 0."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`hint` says what to do about it, empty when the message does. A warning does not keep a workspace from being published. `inside`:
    line and column, from 1, in the text that stands at the place."""

    place: Place
    message: str
    hint: str = ""
    is_warning: bool = False
    inside: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file: `line` and `column` from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
