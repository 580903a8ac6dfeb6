"""Good workspaces damaged at random: whatever stands in files, there are findings or there is a workspace, and never a trace."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from taskhouse.services.definitions.plan_workspace import validate_alone
from tests.definitions.workspaces import BASE, SALES, folder

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "workspace.md").read_text("utf-8")
_GOOD = [
    {"base.yaml": BASE, "x.yaml": SALES},
    {"x.yaml": re.findall(r"^```yaml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)[0]},
    folder("om-fixture"),
]
_WORDS = (
    "'' [] {} null 0 -1 true * &a raw shop buyer orders amount SUM( COUNT(*) ${bizdate} {pay_amount} CUSTOM VIRTUAL ENUMERATION WEEK "
    "LAST root shop.dim_user shop.orders MAP<STRING,STRING> DECIMAL(18,2)"
).split()
_PHRASES = ["SELECT 1", "shared: true", "<<: *a", "- a", "x: y"]
_LETTERS = ":-,{}[]'\"#\n \t&*!|>%@`"
_ROUND = 20


def damaged(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    tokens = [match.span() for match in re.finditer(r"[\w.]+", text)]
    match chance.choice("delete repeat word word letter".split()):
        case "delete":
            del lines[chance.randrange(len(lines))]
            return "\n".join(lines)
        case "repeat":
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
            return "\n".join(lines)
        case "word" if tokens:
            start, end = chance.choice(tokens)
            other = text[slice(*chance.choice(tokens))]
            return text[:start] + chance.choice([*_WORDS, *_PHRASES, *[other] * 10]) + text[end:]
        case _:
            at = chance.randrange(len(text))
            return text[:at] + chance.choice(_LETTERS) + text[at + 1 :]


def workspace(seed: int) -> dict[str, str]:
    chance = random.Random(seed)
    files = dict(chance.choice(_GOOD))
    name = chance.choice(sorted(files))
    for _ in range(chance.randint(1, 4)):
        files[name] = damaged(files[name], chance)
    return files


def check(first: int, count: int) -> int:
    """Look at so many seeds; returns how many were found to be wrong."""
    wrong = 0
    for seed in range(first, first + count):
        found = validate_alone(workspace(seed))
        wrong += bool(found)
        for each in found:
            assert re.match(r"[\w./-]+:\d+:\d+: \S", str(each)), (seed, str(each))
    return wrong


@pytest.mark.parametrize("first", range(0, 200, _ROUND))
def test_damage_is_told(first: int):
    assert check(first, _ROUND) > _ROUND // 2


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1_000, 11_000, 500))
def test_much_damage_is_told(first: int):
    assert check(first, 500) > 250
