"""Whatever the text: `parse` returns statements or raises a Fault with a place, and never anything else."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as some

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.sql.lexer import TokenKind, tokenize
from taskhouse.sql.parser import parse
from taskhouse.sql.statements import Statement

WORDS = (
    "select from where group by order having union all intersect except with as insert into overwrite table values join left "
    "semi on using lateral view explode create drop alter partition if not exists add set show desc grant case when then else "
    "end cast bigint array < > ( ) , ; . : := @a @ * + - / 'x' \"y\" `z` 1 1.5 2L 3.5BD null in between and or like is over "
    "window rows preceding unbounded current row interval day extract trim distinct limit offset t a b ds tablesample "
    "grouping sets rollup cube explain cost sql /*+ mapjoin(a) */ -- \n [ ] -> $ ? ! <=> || replace except first after "
    "columns column comment lifecycle touch merge smallfiles primary key partitioned tblproperties clustered into buckets"
).split(" ")


def outcome(text: str) -> None:
    fault: Fault | None = None
    found: list[Statement] = []
    try:
        found = parse(text)
    except Fault as caught:
        fault = caught
    if fault is None:
        assert found
    else:
        place = fault.place
        assert fault.code in (FaultCode.PARSE_ERROR, FaultCode.NOT_SUPPORTED)
        assert place is not None
        assert place.line >= 1
        assert place.column >= 1
        assert str(fault).startswith(f"{fault.code.number}:[{place.line},{place.column}] ")
    for statement in found:
        assert isinstance(statement, Statement)
        assert statement.text
        assert statement.text in text


@settings(max_examples=400, deadline=None)
@given(some.text(max_size=200))
def test_any_characters(text: str) -> None:
    outcome(text)


@settings(max_examples=400, deadline=None)
@given(some.lists(some.sampled_from(WORDS), max_size=60).map(" ".join))
def test_any_words(text: str) -> None:
    outcome(text)


@settings(max_examples=300, deadline=None)
@given(
    some.sampled_from(
        ("select ", "insert into t select ", "create table t (a ", "alter table t ", "from t ", "@a := ")
    ),
    some.lists(some.sampled_from(WORDS), max_size=40).map(" ".join),
)
def test_any_continuation(start: str, rest: str) -> None:
    outcome(start + rest)


@settings(max_examples=200, deadline=None)
@given(some.text(alphabet="'\"`\\/*-;\n\ru\x00aé中😀", max_size=80))
def test_any_quoting(text: str) -> None:
    outcome(text)


@settings(max_examples=200, deadline=None)
@given(some.text(alphabet="'\"`\\/*-;\n ab1.e+$", max_size=80))
def test_tokens_cover_the_text(text: str) -> None:
    try:
        tokens = tokenize(text)
    except Fault:
        return
    assert tokens[-1].kind is TokenKind.END
    end = 0
    for token in tokens:
        assert token.start >= end
        assert text[token.start : token.end] == token.text
        line = text.count("\n", 0, token.start) + 1
        column = token.start - (text.rfind("\n", 0, token.start) + 1) + 1
        assert (token.line, token.column) == (line, column)
        end = token.end


def test_one_changed_word_of_a_good_statement() -> None:
    chance = random.Random(7)
    good = (
        "with x as (select a, count(distinct b) c from p.t where ds = '1' and a in (1, 2) group by a having count(*) > 1) "
        "insert overwrite table u partition (ds='1', h) select x.a, case when c > 1 then sum(c) over (partition by a order by c "
        "rows between 1 preceding and current row) else cast(c as decimal(10,2)) end from x left join y on x.a = y.a "
        "lateral view outer explode(split(z, ',')) e as v union all (select 1, 2 limit 3) order by a desc limit 10"
    ).split(" ")
    for _ in range(3_000):
        words = list(good)
        at = chance.randrange(len(words))
        match chance.randrange(3):
            case 0:
                words[at] = chance.choice(WORDS)
            case 1:
                del words[at]
            case _:
                words.insert(at, chance.choice(WORDS))
        outcome(" ".join(words))
