"""The JSON Schema of workspace files: it takes what the reader takes, and refuses what an editor can know to be wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskhouse.services.definitions.json_schema import json_schema, reference
from taskhouse.services.definitions.sections import FILE, SECTIONS
from taskhouse.services.definitions.shapes import records
from taskhouse.services.definitions.yaml_nodes import Keyed, Listing, Node, NodeBudget, Scalar, documents
from tests.definitions.workspaces import BASE, SALES

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json_schema()
GOOD = {
    "everything": (ROOT / "tests/definitions/everything.yaml").read_text("utf-8"),
    "base": BASE,
    "sales": SALES,
    **{
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for folder in ("examples", "src/taskhouse/demo")
        for path in sorted((ROOT / folder).rglob("*.yaml"))
    },
}


def plain(node: Node) -> Any:
    """As YAML 1.2 reads it, which editors do."""
    match node:
        case Scalar(text=text, is_plain=True):
            if node.is_nothing:
                return None
            if text in ("true", "false"):
                return text == "true"
            if re.fullmatch(r"[+-]?\d+", text):
                return int(text)
            return float(text) if re.fullmatch(r"[+-]?\d+\.\d+", text) else text
        case Scalar(text=text):
            return text
        case Listing(items=items):
            return [plain(item) for item in items]
        case Keyed(entries=entries):
            return {entry.key: plain(entry.node) for entry in entries}
    raise AssertionError(node)


_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def is_of(value: Any, name: str) -> bool:
    if name in ("integer", "number"):
        return isinstance(value, (int, float) if name == "number" else int) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def wrong(value: Any, schema: dict[str, Any], at: str = "") -> Iterator[str]:
    """The part of JSON Schema that ours uses."""
    if "$ref" in schema:
        yield from wrong(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], at)
    if "anyOf" in schema and all(any(wrong(value, each, at)) for each in schema["anyOf"]):
        yield f"{at}: none of the alternatives"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is no word"
    names = schema.get("type", [])
    if names and not any(is_of(value, name) for name in ([names] if isinstance(names, str) else names)):
        yield f"{at}: {value!r} is not {names}"
        return
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: {value!r} does not match"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value} is out of bounds"
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{at}: too few"
        for number, item in enumerate(value):
            yield from wrong(item, schema.get("items", {}), f"{at}.{number}")
    if isinstance(value, dict):
        yield from (f"{at}: '{word}' is missing" for word in schema.get("required", ()) if word not in value)
        known = schema.get("properties", {})
        for word, item in value.items():
            more = schema.get("additionalProperties", {})
            if word in known:
                yield from wrong(item, known[word], f"{at}.{word}")
            elif more is False:
                yield f"{at}: unknown key '{word}'"
            else:
                yield from wrong(item, more, f"{at}.{word}")


def said(text: str) -> list[str]:
    return [
        each for document in documents("x.yaml", text, NodeBudget(100_000)) for each in wrong(plain(document), SCHEMA)
    ]


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_good(name: str):
    assert said(GOOD[name]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scirpts: []", ": unknown key 'scirpts'"),
        ("scripts: [{name: a, type: SQL, cod: x}]", ".scripts.0: unknown key 'cod'"),
        ("scripts: [{type: SQL}]", ".scripts.0: 'name' is missing"),
        ("scripts: [{name: a b, type: SQL}]", ".scripts.0.name: 'a b' does not match"),
        ("scripts: [{name: a, type: PERL}]", ".scripts.0.type: 'PERL' is no word"),
        ("scripts: [{name: a, type: SQL, retries: 11}]", ".scripts.0.retries: 11 is out of bounds"),
        ("scripts: [{name: a, type: SQL, schedule: {at: '24:00'}}]", ".scripts.0.schedule.at: '24:00' does not match"),
        ("scripts: [{name: a, type: SQL, tags: {a: b}}]", ".scripts.0.tags: none of the alternatives"),
        ("projects: [{name: a, owner: b, members: {c: BOSS}}]", ".projects.0.members.c: none of the alternatives"),
        ("tenant: 5", ".tenant: 5 is not object"),
    ],
)
def test_bad_files_are_bad(text: str, expected: str):
    assert said(text) == [expected]


def test_everything_referred_to_is_defined():
    names = set(re.findall(r"#/\$defs/(\w+)", str(SCHEMA)))
    assert names == set(SCHEMA["$defs"])


def test_every_key_has_a_meaning_and_stands_in_the_reference():
    page = reference()
    for record in records(FILE).values():
        for word, key in record.keys.items():
            assert key.doc, f"{record.name}.{word}"
            if record is not FILE:
                assert f"| `{word}` |" in page
    for section in SECTIONS:
        assert f"## `{section}`" in page


def test_links_of_the_reference_lead_somewhere():
    page = reference()
    anchors = {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^## (.*)$", page, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= anchors
