"""A query's text as numbered, coloured lines, with the places where its statements begin.

Only for showing: it splits texts that do not parse, too, and never decides what a statement means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KEYWORDS = frozenset(
    """add all alter analyze and array as asc between by case cast change cluster clustered column columns comment create cross
    cube current databases default delete desc describe distinct distribute drop else end exists explain explode false first
    following from full function functions group grouping having if ilike in inner insert intersect interval into is join last
    lateral left lifecycle like limit map mapjoin merge minus natural not null nulls offset on or order outer over overwrite
    partition partitioned partitions preceding project properties purge qualify range recursive rename replace right rlike
    rollup row rows schema schemas select semi anti set sets show sort statistics struct table tables tblproperties then to
    touch true truncate unbounded union update use using values view views when where window with within""".split()
)

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>'(?:\\.|[^'\\])*(?:'|\Z)|"(?:\\.|[^"\\])*(?:"|\Z))
    |(?P<quoted>`(?:``|[^`])*(?:`|\Z))
    |(?P<number>\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[A-Za-z]{0,2}\b)
    |(?P<word>[^\W\d]\w*)
    |(?P<end>;)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """`kind`: `kw`, `fn`, `sr` (string), `nu`, `cm` (comment), `id`, or empty."""

    text: str
    kind: str
    column: int
    """1-based, as places in error texts count."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class StatementMark:
    """Where a statement begins and ends (last line with text of it); `kind` is its first word in capitals."""

    line: int
    last_line: int
    kind: str


def split(query: str) -> tuple[tuple[Line, ...], tuple[StatementMark, ...]]:
    """Lines and statements; SET statements are not counted as statements."""
    lines: list[list[Piece]] = [[]]
    marks: list[StatementMark] = []
    column, first, kind, last = 1, 0, "", 0
    for match in _TOKEN.finditer(query):
        what, text = match.lastgroup or "other", match.group()
        number = len(lines)
        if what == "end":
            if kind and kind != "SET":
                marks.append(StatementMark(first, last, kind))
            kind = ""
        elif what not in ("space", "comment"):
            last = number + text.count("\n")
            if not kind:
                first, kind = number, text.upper() if what == "word" else "?"
        css = _css(what, text, query, match.end())
        for index, part in enumerate(text.split("\n")):
            if index:
                lines.append([])
                column = 1
            if part:
                lines[-1].append(Piece(part, css, column))
                column += len(part)
    if kind and kind != "SET":
        marks.append(StatementMark(first, last, kind))
    while len(lines) > 1 and not "".join(p.text for p in lines[-1]).strip():
        lines.pop()
    return tuple(Line(i, tuple(pieces)) for i, pieces in enumerate(lines, 1)), tuple(marks)


def mark_error(line: Line, column: int) -> Line:
    """The piece at the column gets the kind `er`, so that it can be underlined."""
    pieces = []
    for piece in line.pieces:
        hit = piece.column <= column < piece.column + len(piece.text) and piece.text.strip()
        pieces.append(Piece(piece.text, "er", piece.column) if hit else piece)
    return Line(line.number, tuple(pieces))


def _css(what: str, text: str, query: str, end: int) -> str:
    if what == "word":
        if text.lower() in KEYWORDS and not (
            query[end : end + 1] == "(" and text.lower() in ("if", "replace", "array", "map")
        ):
            return "kw"
        return "fn" if query[end : end + 1] == "(" else ""
    return {"comment": "cm", "string": "sr", "number": "nu", "quoted": "id"}.get(what, "")
