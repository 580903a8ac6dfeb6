"""Projects renamed in the text of SQL: the same code for a project and for its development twin.

Only names of tables (and columns qualified by project and table) are touched, at the places where the parser found them; comments, layout
and everything else stay as written.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from taskhouse.domain.faults import Place
from taskhouse.sql.dialect import place_of
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import Statement, TableRef, UseProject

_MAX_PT = re.compile(r"(max_pt\s*\(\s*['\"]\s*)(\w+)(?=\s*\.)", re.IGNORECASE)


def with_projects(text: str, parsed: str, projects: Mapping[str, str]) -> str:
    """`text` with the projects of tables renamed; `projects` maps lower-case names to new ones. `parsed` is the same text with values
    for its parameters, line by line and of the same shape in front of every name, which the parser can read.

    Raises `Fault` as the parser does. Where a parameter stands in a name or before one on its line, that name is left alone.
    """
    if not projects:
        return text
    lines = text.split("\n")
    found: set[tuple[int, int]] = set()
    for statement in parse(parsed):
        for place, written in _mentions(statement):
            if written.lower() in projects:
                found.add((place.line - 1, place.column - 1))
    for row, column in sorted(found, reverse=True):
        if row >= len(lines):
            continue
        match = re.match(r"`?(\w+)`?", lines[row][column:])
        if match and match[1].lower() in projects:
            new = match[0].replace(match[1], projects[match[1].lower()])
            lines[row] = lines[row][:column] + new + lines[row][column + len(match[0]) :]
    return _MAX_PT.sub(lambda match: match[1] + projects.get(match[2].lower(), match[2]), "\n".join(lines))


def _mentions(statement: Statement) -> Iterator[tuple[Place, str]]:
    """Where a project's name stands in front of a table's."""
    if isinstance(statement, UseProject):
        return
    for value in _values(statement):
        if isinstance(value, TableRef):
            project = value.project or value.qualifier
            if project:
                yield value.place, project
        elif isinstance(value, exp.Expr):
            for node in value.find_all(exp.Table, exp.Column):
                project = node.args.get("catalog") or node.args.get("db")
                place = place_of(project) if isinstance(project, exp.Identifier) else None
                if project is not None and place is not None:
                    yield place, project.name


def _values(value: object) -> Iterator[object]:
    if isinstance(value, exp.Expr | TableRef):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            yield from _values(getattr(value, each.name))
    elif isinstance(value, tuple):
        yield from _each(value)


def _each(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        yield from _values(value)
