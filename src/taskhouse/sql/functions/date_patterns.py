"""Patterns of dates: MaxCompute's own (`yyyy-mm-dd hh:mi:ss`) and Java's (`yyyy-MM-dd HH:mm:ss`), as DuckDB's formats."""

from __future__ import annotations

import datetime as dt
import re

from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.functions.registry import Call
from taskhouse.sql.typed import Typed

_OWN = [
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("month", "%B"),
    ("mon", "%b"),
    ("mm", "%m"),
    ("mi", "%M"),
    ("m", "%-m"),
    ("day", "%A"),
    ("dd", "%d"),
    ("dy", "%a"),
    ("d", "%-d"),
    ("hh24", "%H"),
    ("hh", "%H"),
    ("h", "%-H"),
    ("ss", "%S"),
    ("s", "%-S"),
    ("ff9", "%n"),
    ("ff6", "%f"),
    ("ff3", "%g"),
    ("ff", "%g"),
    ("am", "%p"),
    ("pm", "%p"),
]
"""Longest first among those that begin alike; the case does not matter."""
_JAVA = [
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("y", "%Y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("M", "%-m"),
    ("dd", "%d"),
    ("d", "%-d"),
    ("DDD", "%j"),
    ("D", "%-j"),
    ("HH", "%H"),
    ("H", "%-H"),
    ("hh", "%I"),
    ("h", "%-I"),
    ("mm", "%M"),
    ("m", "%-M"),
    ("ss", "%S"),
    ("s", "%-S"),
    ("SSSSSSSSS", "%n"),
    ("SSSSSS", "%f"),
    ("SSS", "%g"),
    ("EEEE", "%A"),
    ("EEE", "%a"),
    ("E", "%a"),
    ("u", "%u"),
    ("a", "%p"),
]
_READ_ONLY = {"%-m": "%m", "%-d": "%d", "%-H": "%H", "%-S": "%S", "%-M": "%M", "%-I": "%I", "%-j": "%j"}


def tokens(pattern: str, *, java: bool) -> list[tuple[str, bool]]:
    """The pattern as pieces: `(DuckDB code, True)` or `(text, False)`. In Java's, `'text'` is taken as it is."""
    table = _JAVA if java else _OWN
    found: list[tuple[str, bool]] = []
    i = 0
    while i < len(pattern):
        if java and pattern[i] == "'":
            end = pattern.find("'", i + 1)
            end = len(pattern) if end < 0 else end
            found.append((pattern[i + 1 : end] or "'", False))
            i = end + 1
            continue
        rest = pattern[i:]
        if not java and rest[:1].isalpha():
            # A word that is no code is text: in 'Alibabayyyy' only the end is a code.
            run = len(rest) - len(rest.lstrip("".join({c for c in rest if c.isalpha()})))
            code = next(((w, c) for w, c in table if rest.lower().startswith(w)), None)
            if code is None or (
                code[0] in ("m", "d", "h", "s", "am", "pm", "day", "mon", "dy")
                and run > len(code[0])
                and not _all_codes(rest[:run])
            ):
                found.append((rest[0], False))
                i += 1
                continue
        else:
            code = next(((w, c) for w, c in table if rest.startswith(w)), None)
        if code is None:
            found.append((rest[0], False))
            i += 1
        else:
            found.append((code[1], True))
            i += len(code[0])
    return found


def _all_codes(word: str) -> bool:
    """Whether a run of letters is made of codes alone, as `yyyymmddhhmiss` is."""
    rest = word.lower()
    while rest:
        code = next((w for w, _ in _OWN if rest.startswith(w)), None)
        if code is None:
            return False
        rest = rest[len(code) :]
    return True


def _text(piece: str) -> str:
    return piece.replace("%", "%%")


def strftime_format(pattern: str, *, java: bool) -> str:
    return "".join(piece if is_code else _text(piece) for piece, is_code in tokens(pattern, java=java))


def strptime_format(pattern: str, call: Call, *, java: bool = False) -> str:
    """The format that reads text; a fault if the pattern has no part of a date."""
    pieces = tokens(pattern, java=java)
    if not any(is_code for _, is_code in pieces):
        call.fail(f"function {call.name}: the pattern '{pattern}' has no part of a date")
    return "".join(_READ_ONLY.get(piece, piece) if is_code else _text(piece) for piece, is_code in pieces)


_WIDTHS = {"%Y": r"\d{4}", "%n": r"\d{9}", "%f": r"\d{6}", "%g": r"\d{3}", "%j": r"\d{3}"}
_NAMES = ("%B", "%b", "%A", "%a", "%p")


def written_form(pattern: str) -> str:
    """A regular expression of the texts that are written as one of MaxCompute's own patterns says, digit by digit: `mm` has two, which
    no `strptime` asks for."""
    made = []
    for piece, is_code in tokens(pattern, java=False):
        if not is_code:
            made.append(re.escape(piece))
        elif piece in _NAMES:
            made.append("[A-Za-z]+")
        else:
            made.append(r"\d{1,2}" if piece in _READ_ONLY else _WIDTHS.get(piece, r"\d{2}"))
    return "".join(made)


def has_one_year(pattern: str) -> bool:
    return [piece for piece, is_code in tokens(pattern, java=False) if is_code].count("%Y") == 1


_CONSTANT = {"%Y": "{0.year:04d}", "%m": "{0.month:02d}", "%d": "{0.day:02d}"}
_CLOCK = {"%H": "hour", "%M": "minute", "%S": "second"}


def constant_text(moment: dt.date, pattern: str, *, java: bool) -> str | None:
    """A constant as text by a pattern of plain numbers, or None when the engine has to do it."""
    made = []
    for piece, is_code in tokens(pattern, java=java):
        if not is_code:
            made.append(piece)
        elif piece in _CONSTANT:
            made.append(_CONSTANT[piece].format(moment))
        elif piece in _CLOCK:
            made.append(f"{getattr(moment, _CLOCK[piece], 0):02d}")
        else:
            return None
    return "".join(made)


def format_sql(moment: str, pattern: Typed, *, java: bool) -> str:
    """`moment` (a DuckDB TIMESTAMP) as text. A pattern that is no constant is filled in code by code."""
    if isinstance(pattern.value, str):
        return f"strftime({moment}, {quote_text(strftime_format(pattern.value, java=java))})"
    sql = pattern.sql
    for code, made in _JAVA if java else _OWN:
        if len(code) > 1 and made != "%p":
            sql = f"replace({sql}, '{code}', strftime({moment}, '{made}'))"
    return sql
