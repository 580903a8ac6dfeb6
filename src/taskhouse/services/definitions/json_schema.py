"""The JSON Schema of workspace files, for editors, and the reference of all keys, both from the description of the sections."""

from __future__ import annotations

from typing import Any

from taskhouse.services.definitions.sections import FILE, SECTIONS
from taskhouse.services.definitions.shapes import Key, ListOf, MapOf, Record, Shape, Word, records


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. It knows shapes; references between objects are checked by `taskhouse validate`."""
    found = records(FILE)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Taskhouse workspace file",
        **FILE.definition(),
        "$defs": {name: record.definition() for name, record in sorted(found.items()) if record is not FILE},
    }


def reference() -> str:
    """All sections, records and keys as Markdown."""
    lines: list[str] = []
    found = records(FILE)
    sections = {record.name: section for section, record in SECTIONS.items()}
    order = ["tenant", "defaults", *(record.name for record in SECTIONS.values())]
    order += sorted(set(found) - set(order) - {FILE.name})
    for name in order:
        record = found[name]
        title = sections.get(name, name if name in ("tenant", "defaults") else "")
        lines += [f"## `{title}`" if title else f"## {_words(name)}", ""]
        if record.doc:
            lines += [record.doc, ""]
        lines += ["| key | value | meaning | default |", "|---|---|---|---|"]
        lines += [_row(word, key) for word, key in record.keys.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _row(word: str, key: Key) -> str:
    default = "**required**" if key.is_required else _cell(key.default)
    return f"| `{word}` | {_cell(_value(key.shape))} | {_cell(key.doc)} | {default} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _value(shape: Shape) -> str:
    match shape:
        case Record(name=name, short=short):
            link = f"[{_words(name).lower()}](#{_anchor(name)})"
            return f"{link}, or its `{short}` alone" if short else link
        case ListOf(item=item, takes_one=takes_one):
            inner = _value(item)
            return f"{inner}, or a list of them" if takes_one else f"list of: {inner}"
        case MapOf(value=inner):
            return f"mapping to {_value(inner)}"
        case Word():
            return shape.title.removeprefix("one of ")
        case _:
            return shape.title.partition(":")[0].partition(";")[0]


def _anchor(name: str) -> str:
    for section, record in SECTIONS.items():
        if record.name == name:
            return section
    return name.replace("_", "-")
