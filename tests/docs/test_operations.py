"""The page about operations: every command line in it is one, and every operation of the server is on it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from taskhouse.cli import main
from taskhouse.domain.operations.plan import RefusalCode
from taskhouse.services.recurring.asking import NAMES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
LINES = [re.split(r"\s{3,}", line)[0] for line in re.findall(r"^taskhouse .*$", PAGE, re.MULTILINE)]
NAMED = sorted(set(re.findall(r"`taskhouse ([a-z][a-z -]*[a-z])", PAGE)))


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_is_understood(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        command, words = found, words[1:]
    command.make_context(command.name, list(words), parent=context)


@pytest.mark.parametrize("name", NAMED)
def test_a_command_that_is_named_exists(name: str) -> None:
    command: click.Command = main
    for word in name.split():
        if not isinstance(command, click.Group):
            return
        found = command.get_command(click.Context(main), word)
        assert found is not None, word
        command = found


def test_every_operation_and_every_refusal_is_told() -> None:
    assert [name for name in NAMES if f"`{name}`" not in PAGE] == []
    assert [code.value for code in RefusalCode if f"`{code.value}`" not in PAGE] == []
