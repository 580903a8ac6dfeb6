"""The small parts that generated SQL is made of."""

from __future__ import annotations

import pytest

from taskhouse.domain.materialization import code
from taskhouse.sql.grammar import cursor
from tests.sql.house import House


def test_every_word_that_the_grammar_reserves_is_quoted() -> None:
    assert cursor.NO_ALIAS <= code.RESERVED
    assert (code.name("order"), code.name("a b"), code.name("plain_1")) == ("`order`", "`a b`", "plain_1")


@pytest.mark.parametrize("value", ["", "it's", "back\\slash", "line\nend", 'quote"d', "ünï", 0, -5, 2.5, True, None])
def test_literals_are_the_values_that_they_spell(value: str | float | bool | None) -> None:
    assert House().value(code.literal(value)) == value


@pytest.mark.parametrize("word", sorted(code.RESERVED))
def test_columns_and_aliases_may_be_called_by_reserved_words(word: str) -> None:
    house = House()
    house.table("t", "x bigint", "(7)")
    inner = code.select([(word, "i.x")], [code.Input("i", "t")])
    outer = code.select([(word, code.name(word))], [code.Input(word, query=inner)])
    assert house.query(outer) == [(7,)]
