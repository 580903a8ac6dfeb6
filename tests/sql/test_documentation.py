"""docs/sql.md keeps its word: what it shows is read, what it lists as refused is refused, every flag in use is in the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql import settings
from taskhouse.sql.parser import parse, pieces

ROOT = Path(__file__).resolve().parents[2]


def blocks(refused: bool) -> list[str]:
    page = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    supported, _, rest = page.partition("## Refused")
    return re.findall(r"```sql\n(.*?)```", rest if refused else supported, re.DOTALL)


def single(refused: bool) -> list[str]:
    found = []
    for block in blocks(refused):
        if not block.startswith("@"):
            found += [block[p.tokens[0].start : p.tokens[-1].start] for p in pieces(block)]
    return found


def test_scripts_are_read() -> None:
    scripts = [block for block in blocks(refused=False) if block.startswith("@")]
    assert scripts
    for script in scripts:
        assert parse(script)


@pytest.mark.parametrize("text", single(refused=False))
def test_supported(text: str) -> None:
    assert len(parse(text)) == 1


@pytest.mark.parametrize("text", single(refused=True))
def test_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert caught.value.code is FaultCode.NOT_SUPPORTED
    assert caught.value.place is not None


def test_every_flag_that_the_code_obeys_is_in_the_table() -> None:
    sources = [*ROOT.glob("src/taskhouse/sql/**/*.py"), *ROOT.glob("src/taskhouse/services/sql_*.py")]
    used = set()
    for source in sources:
        if source.name != "settings.py":
            used |= set(re.findall(r"\"((?:odps|hive)\.[a-z0-9_.]*[a-z0-9])\"", source.read_text(encoding="utf-8")))
    assert used
    assert {name for name in used if settings.known(name) is None} == set()


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("odps.sql.type.system.odps2", "TRUE", True),
        ("ODPS.SQL.ALLOW.FULLSCAN", "0", True),
        ("odps.sql.allow.fullscan", "maybe", False),
        ("odps.sql.timezone", "Asia/Shanghai", True),
        ("odps.sql.timezone", "Asia/Nowhere", False),
        ("odps.sql.timezone", "../../etc/passwd", False),
        ("odps.default.schema", "s_1", True),
        ("odps.default.schema", "a b", False),
        ("odps.default.schema", "", True),
        ("odps.sql.mapper.split.size", "many", True),
        ("my.own.flag", "anything", True),
    ],
)
def test_values_of_flags(name: str, value: str, good: bool) -> None:
    if good:
        settings.check(name, value)
    else:
        with pytest.raises(Fault, match="is not"):
            settings.check(name, value)
