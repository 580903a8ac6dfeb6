"""Regular expressions. RE2 runs them: no look-around and no back references, which are refused by name."""

from __future__ import annotations

import re
import warnings

from taskhouse.domain.datatypes import BIGINT, BOOLEAN, STRING, array
from taskhouse.sql.backends.duckdb import quote_text
from taskhouse.sql.backends.duckdb_macros import macro
from taskhouse.sql.functions.registry import Call, Group
from taskhouse.sql.typed import Typed

regex = Group("regular expressions")

macro(
    "mc_count_matches(s, p, b) AS CASE WHEN s IS NULL OR p IS NULL OR b IS NULL THEN NULL ELSE length(regexp_extract_all(substr(s, b), p)) END"
)


def java_replacement(text: str) -> str:
    r"""A replacement with `$1` or `\1` groups as RE2's; `\$` and other escapes are the character itself."""
    out = []
    i = 0
    while i < len(text):
        c = text[i]
        if c in "$\\" and i + 1 < len(text) and text[i + 1].isdigit():
            out.append("\\" + text[i + 1])
            i += 2
        elif c == "\\" and i + 1 < len(text):
            out.append(text[i + 1] if text[i + 1] != "\\" else "\\\\")
            i += 2
        else:
            out.append("\\\\" if c == "\\" else c)
            i += 1
    return "".join(out)


def groups_of(pattern: str) -> int:
    """How many groups an RE2 pattern has. Raises `re.error` for what is no pattern."""
    plain = re.sub(r"\[\[:\^?\w+:\]\]|\[:\^?\w+:\]|\\[pP]\{\w+\}|\\[QEzZhHRX]|\(\?[a-z]+\)", "x", pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(plain).groups


def check_pattern(call: Call, index: int) -> str:
    r"""A regular expression argument; a constant one is checked now, so that its error has a place. `\u4e00` is RE2's `\x{4e00}`."""
    value = call.args[index].value
    if isinstance(value, str):
        rewritten = re.sub(r"(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})", r"\1\\x{\2}", value)
        if value == "":
            call.fail(f"function {call.name}: the pattern must not be empty")
        try:
            groups_of(value)
        except (re.error, OverflowError, RecursionError) as error:
            if "look-behind" not in str(error):
                call.fail(f"function {call.name}: invalid regular expression '{value}'")
        if re.search(r"\(\?<?[=!]", value) or re.search(r"(?<!\\)(\\\\)*\\[1-9]", value):
            call.refuse(
                f"function {call.name}: look-around and back references in regular expressions are not supported"
            )
        if rewritten != value:
            return quote_text(rewritten)
    return call.args[index].sql


def _regexp_replace(call: Call) -> Typed:
    pattern = check_pattern(call, 1)
    new = call.args[2].value
    replacement = (
        quote_text(java_replacement(new)) if isinstance(new, str) else f"replace({call.args[2].sql}, '$', '\\')"
    )
    if len(call.args) == 3 or call.args[3].value == 0:
        return Typed(f"regexp_replace({call.args[0].sql}, {pattern}, {replacement}, 'g')", STRING)
    occurrence = call.constant(3, "occurrence")
    if not isinstance(occurrence, int) or occurrence < 0:
        call.fail("function regexp_replace: occurrence must not be negative")
    if occurrence == 1:
        return Typed(f"regexp_replace({call.args[0].sql}, {pattern}, {replacement})", STRING)
    return call.refuse("function regexp_replace: an occurrence above 1 is not supported")


def _regexp_extract(call: Call) -> Typed:
    group = str(call.args[2].value) if len(call.args) > 2 else "1"
    if not group.isdecimal():
        call.fail("function regexp_extract: the group must be a constant")
    value = call.args[1].value
    if isinstance(value, str) and value:
        pattern = check_pattern(call, 1)
        try:
            groups = groups_of(value)
        except re.error:
            groups = 9
        if int(group) > groups or int(group) < 0:
            call.fail(f"function regexp_extract: the pattern has no group {group}")
        return Typed(f"regexp_extract({call.args[0].sql}, {pattern}, {group})", STRING)
    return call.fail("function regexp_extract: the pattern must be a constant that is not empty")


def _regexp_extract_all(call: Call) -> Typed:
    group = str(call.args[2].value) if len(call.args) > 2 else "1"
    if not group.isdecimal():
        call.fail("function regexp_extract_all: the group must be a constant")
    return Typed(f"regexp_extract_all({call.args[0].sql}, {check_pattern(call, 1)}, {group})", array(STRING))


def _regexp_substr(call: Call) -> Typed:
    start = call.args[2].sql if len(call.args) > 2 else "1"
    which = call.args[3].sql if len(call.args) > 3 else "1"
    sql = f"regexp_extract_all(substr({call.args[0].sql}, {start}), {check_pattern(call, 1)})[{which}]"
    return Typed(sql, STRING)


def _regexp_instr(call: Call) -> Typed:
    if len(call.args) > 2 and any(call.args[i].value != v for i, v in ((2, 1), (3, 1), (4, 0)) if i < len(call.args)):
        call.refuse("function regexp_instr: start position, occurrence and option other than 1, 1, 0 are not supported")
    s, p = call.args[0].sql, check_pattern(call, 1)
    return Typed(
        f"(CASE WHEN regexp_matches({s}, {p}) THEN length(split_part({s}, regexp_extract({s}, {p}), 1)) + 1 "
        f"WHEN {s} IS NOT NULL AND {p} IS NOT NULL THEN 0 END)",
        BIGINT,
    )


def _regexp_count(call: Call) -> Typed:
    start = call.args[2].sql if len(call.args) > 2 else "1"
    return Typed(f"mc_count_matches({call.args[0].sql}, {check_pattern(call, 1)}, {start})", BIGINT)


regex.scalar(
    "regexp_replace(string, string, string[, bigint]) -> string",
    _regexp_replace,
    "Every match (or the first, with occurrence 1) replaced; `\\1` or `$1` is a group.",
    (r"regexp_replace('123.456.7890', '([0-9]{3})\\.([0-9]{3})\\.([0-9]{4})', '(\\1)\\2-\\3')", "(123)456-7890"),
    ("regexp_replace('abca', 'a', 'x', 1)", "xbca"),
    difference="occurrence 0 and 1 only",
)
regex.scalar(
    "regexp_extract(string, string[, bigint]) -> string",
    _regexp_extract,
    "The group (1 unless given) of the first match, '' without a match.",
    ("regexp_extract('foothebar', 'foo(.*?)(bar)', 1)", "the"),
    ("regexp_extract('8d99d8', '8d(\\\\d+)d8')", "99"),
    ("regexp_extract('foothebar', 'foo(.*?)(bar)', 0)", "foothebar"),
)
regex.scalar(
    "regexp_extract_all(string, string[, bigint]) -> array<string>",
    _regexp_extract_all,
    "The group of every match.",
    ("regexp_extract_all('100-200,300-400', '(\\\\d+)-(\\\\d+)', 1)", ["100", "300"]),
)
regex.scalar(
    "regexp_substr(string, string[, bigint, bigint]) -> string",
    _regexp_substr,
    "The n-th match from a start position.",
    ("regexp_substr('a1b22', '[0-9]+')", "1"),
    ("regexp_substr('a1b22', '[0-9]+', 1, 2)", "22"),
    ("regexp_substr('abc', '[0-9]+')", None),
)
regex.scalar(
    "regexp_instr(string, string[, bigint, bigint, bigint]) -> bigint",
    _regexp_instr,
    "Position of the first match, 0 without one.",
    ("regexp_instr('i love china', 'o[a-z]')", 4),
    ("regexp_instr('abc', 'z')", 0),
    difference="first match only",
)
regex.scalar(
    "regexp_count(string, string[, bigint]) -> bigint",
    _regexp_count,
    "Number of matches from a start position.",
    ("regexp_count('ab0a1a2b3c', '[0-9]')", 4),
    ("regexp_count('aaa', 'a', 2)", 2),
)
regex.scalar(
    "regexp(string, string) -> boolean",
    lambda call: Typed(f"regexp_matches({call.args[0].sql}, {check_pattern(call, 1)})", BOOLEAN),
    "Whether the text has a match.",
    ("regexp('abc', 'b+')", True),
    aliases="rlike regexp_like",
)
