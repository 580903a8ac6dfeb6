"""What several commands share: options, the way to a home, and how lists are shown.

Modules of commands import at their top only what describes them; what does the work is imported when a command runs, so
that `--help` and small commands answer at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskhouse.config import default_home
from taskhouse.home import is_home

if TYPE_CHECKING:
    from taskhouse.services.world import World

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


def administration(home: Path, *, make: bool = False) -> AbstractContextManager[World]:
    """The metadata of `home`, whether or not its server runs. A folder that is not a home is an error, because it is most
    likely misspelt; `make`: it becomes one."""
    from taskhouse.wiring.administration import administration as opened

    if not make and not is_home(home):
        raise click.ClickException(f"{home} is not a home; `taskhouse serve --home {home}` makes one")
    return opened(home)


def json_option(command: F) -> F:
    """`--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def show(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...], as_json: bool) -> None:
    """Print rows as a table for people, or as a JSON list of objects whose keys are the headings (`access_id`)."""
    if not as_json:
        click.echo(table(rows, headings))
        return
    names = [heading.lower().replace(" ", "_") for heading in headings]
    click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2, ensure_ascii=False))


def table(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...]) -> str:
    """Rows as aligned columns under their headings."""
    widths = [max(len(line[n]) for line in (headings, *rows)) for n in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (headings, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)
