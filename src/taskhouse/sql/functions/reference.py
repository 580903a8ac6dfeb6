"""The page of functions, `docs/functions.md`, made from the registry: `python -m taskhouse.sql.functions.reference > docs/functions.md`."""

from __future__ import annotations

import sys

import taskhouse.sql.functions  # noqa: F401  (fills the registry)
from taskhouse.sql.functions.registry import FUNCTIONS, MISSING, Function, FunctionKind

_HEAD = """# Functions

{count} functions of MaxCompute SQL run in Taskhouse, {names} names with their aliases. Each example on this page is run by the tests. This page is made by
`python -m taskhouse.sql.functions.reference`; change the registry (`src/taskhouse/sql/functions/`), not the page.

How to read a signature: `T`, `K`, `V` are any type, the same wherever the letter stands; `any`, `number`, `integer`, `time`, `civil` (a time as its
local clock) take what their names say; `[, x]` may be left out, `x...` may repeat; `same` is the first argument's type. Arguments of other types
are converted where MaxCompute converts them implicitly. NULL as an argument gives NULL unless a function says otherwise. An aggregate function
may have DISTINCT, FILTER (WHERE ..), WITHIN GROUP (ORDER BY ..) and OVER (..). Times follow the session's zone (`odps.sql.timezone`).
"""


FOLDED = (
    (
        "max_pt(string) -> string",
        "The greatest first-level partition of a table that holds data; prunes like any constant.",
    ),
    ("table_exists(string) -> boolean", "Whether there is such a table or view."),
    (
        "grouping(any...) -> bigint",
        "One bit for each key of GROUP BY, 1 where it is rolled up; also `grouping_id` and the column `grouping__id`.",
    ),
)
"""Functions that the binder answers by itself (`sql.binder.calls`)."""


def page() -> str:
    """The whole page as Markdown."""
    functions = {f.name: f for f in FUNCTIONS.values()}
    lines = [_HEAD.format(count=len(functions), names=len(FUNCTIONS))]
    groups: dict[str, list[Function]] = {}
    for function in functions.values():
        groups.setdefault(function.group, []).append(function)
    lines.append(
        "Groups: "
        + ", ".join(f"[{g}](#{_anchor(_title(g))})" for g in groups)
        + ", [folded](#folded), [missing](#missing)\n"
    )
    for group, members in groups.items():
        lines.append(f"## {_title(group)}\n")
        lines.append("| function | what it gives | example | differs from MaxCompute |")
        lines.append("|---|---|---|---|")
        lines += [_row(f) for f in sorted(members, key=lambda f: f.name)]
        lines.append("")
    lines.append("## Folded\n")
    lines.append("Answered while the query is bound, before it runs:\n")
    lines.append("| function | what it gives |")
    lines.append("|---|---|")
    lines += [f"| `{signature}` | {summary} |" for signature, summary in FOLDED]
    lines.append("")
    lines.append("## Missing\n")
    lines.append("Refused by name, with the reason:\n")
    lines.append("| functions | reason |")
    lines.append("|---|---|")
    reasons: dict[str, list[str]] = {}
    for name, reason in MISSING.items():
        reasons.setdefault(reason, []).append(name)
    lines += [f"| {', '.join(f'`{n}`' for n in sorted(names))} | {reason} |" for reason, names in reasons.items()]
    lines.append(
        "\nRegistered user functions are kept and listed, but not run: a query that calls one is refused by its name."
    )
    return "\n".join(lines) + "\n"


def _title(group: str) -> str:
    return group[0].upper() + group[1:]


def _anchor(title: str) -> str:
    return title.lower().replace(",", "").replace(" ", "-")


def _row(function: Function) -> str:
    signatures = "<br>".join(f"`{o.signature.text}`" for o in function.overloads)
    if function.aliases:
        signatures += f"<br>also {', '.join(f'`{a}`' for a in function.aliases)}"
    summary = function.summary
    if function.kind is FunctionKind.WINDOW:
        summary += " Needs OVER."
    example = "<br>".join(f"`{_code(text)}` → `{_code(_value(value))}`" for text, value in function.examples[:2])
    return f"| {_cell(signatures)} | {_cell(summary)} | {_cell(example)} | {_cell(function.difference)} |"


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value).replace("None", "NULL")


def _code(text: str) -> str:
    return text.replace("`", "'")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
