"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from taskhouse.config import default_home

F = TypeVar("F", bound=Callable[..., Any])


def home_option(command: F) -> F:
    """`--home`, also from the environment."""
    return click.option(
        "--home",
        envvar="TASKHOUSE_HOME",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_home,
        show_default="the user's data folder",
        help="Folder in which the server keeps everything.",
    )(command)


def table(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...]) -> str:
    """Rows as aligned columns under their headings."""
    widths = [max(len(line[n]) for line in (headings, *rows)) for n in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (headings, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)
