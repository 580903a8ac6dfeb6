"""What the server says of operations has its Chinese in the console. English takes the sentences as they come."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SENTENCES = ROOT / "console" / "src" / "operation" / "sentences.ts"
SOURCES = [
    *sorted((ROOT / "src/taskhouse/domain/operations").glob("*.py")),
    ROOT / "src/taskhouse/domain/field_logic.py",
]
HOLE = "\0"
SAMPLES = ("7", "A", "Failed")
NOT_SAID = {
    # names of options in the operation log
    "exclude forbidden",
    "include start",
    "start mode",
    "entire table",
    "specific fields",
    # parts of sentences
    " and \0 more",
    "'\0' of '\0'",
    "\0; there is nothing to rerun",
    "nothing downstream",
    "nothing downstream failed",
    "shares node \0",
    "\0 with \0",
    "'\0': \0",
    # a status, and a fault of the program that asks
    "not materialized",
    "modifying priorities needs the priority to set",
}
PARTS = {
    "\0 is \0; only Succeeded or Failed can be rerun": "'A' of 'E' is Failed; only Succeeded or Failed can be rerun",
}
WHOLE = (
    "nothing downstream; there is nothing to rerun",
    "nothing downstream failed; there is nothing to rerun",
    "shares node B with t1",
    "'A' has no field that is failed and not run",
)


def said() -> Iterator[str]:
    """Literals of several words that are neither documentation nor part of another one; holes where values go."""
    for source in SOURCES:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if id(node) in inside:
                continue
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if " " in text.strip() and text not in NOT_SAID:
                yield f"'A': {text}" if text.startswith("only ") else PARTS.get(text, text)


def filled(text: str) -> Iterator[str]:
    first, *rest = text.split(HOLE)
    for values in itertools.product(SAMPLES, repeat=len(rest)):
        yield first + "".join(value + part for value, part in zip(values, rest, strict=True))


def test_every_sentence_about_an_operation_has_its_chinese() -> None:
    text = SENTENCES.read_text(encoding="utf-8")
    patterns = [re.compile(found.replace("\\/", "/")) for found in re.findall(r"^\s*\[?\s*/(\^.*\$)/,", text, re.M)]
    assert len(patterns) > 60
    sentences = {*said(), *WHOLE}
    assert len(sentences) > 50
    missing = [
        sentence
        for sentence in sorted(sentences)
        if not any(pattern.search(each) for each in filled(sentence) for pattern in patterns)
    ]
    assert missing == []
