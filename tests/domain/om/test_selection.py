"""The text form of selections: what it means on the fixture, what is refused, and that printing and parsing agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhouse.domain.faults import Fault
from taskhouse.domain.instance_graph import InstanceEdges
from taskhouse.domain.recurring import Priority
from taskhouse.domain.selection import UNLIMITED, Attribute, InstanceSelection, Neighbourhood, Term, evaluate, parse
from tests.domain.om.fixture import House, house


@pytest.fixture
def h() -> House:
    made = house(projects={"X": "other", "E.m1": "other"}).set(every="S", P="F", X="N", Y="DISPATCH_BLOCKED").pause("X")
    rows = [
        replace(r, owners=("alice", "bob") if r.name in "AY" else (), tags=("core",) if r.name == "S0" else ())
        for r in made.graph.instances
    ]
    made.graph.instances = rows
    made.manual[made.instance_at("Z")] = Priority.HIGH
    return made


def chosen(h: House, text: str) -> str:
    found = evaluate(parse(text), h.snapshot(), InstanceEdges(h.graph))
    return " ".join(h.graph.instances[at].name for at in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "S0 A E X Y Z"),
        ("A", "A"),
        ("2", "A"),
        ("A+", "A E X Y Z"),
        ("A+1", "A E Y"),
        ("+A", "S0 A"),
        ("1+E+1", "A E X Z"),
        ("2+1", "A E Y"),
        ('1+"2"', "S0 A"),
        ("+X+", "S0 A E X"),
        ("A+0", "A"),
        ("nothing+3", ""),
        ("?", "A E X Y Z"),
        ("S*", "S0"),
        ("status:failed", "E"),
        ("status:succeeded", "S0 A E Z"),
        ("status:failed|not-running", "E X"),
        ("status:waiting", "Y"),
        ("status:throttling", "Y"),
        ("status:waiting_for_resources", ""),
        ("status:paused", "X"),
        ("paused:yes", "X"),
        ("!paused:no", "X"),
        ("owner:alice", "A Y"),
        ("A+3,status:failed", "E"),
        ("A+,owner:alice,!A", "Y"),
        ("X Y,owner:bob", "X Y"),
        ("project:other", "E X"),
        ("project:o*", "E X"),
        ("kind:aggregate|dimension", "A E"),
        ("kind:script", "S0 X Y Z"),
        ("cycle:day,tag:core", "S0"),
        ("priority:high", "Z"),
        ("bizdate:2026-03-01,name:A", "A"),
        ("bizdate:20260302", ""),
        ("!A,!E", "S0 X Y Z"),
        ("  A   Y ", "A Y"),
        ('"A"+1', "A E Y"),
        ("task:Z|X", "X Z"),
    ],
)
def test_meaning(h: House, text: str, expected: str) -> None:
    assert chosen(h, text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour:red", "'colour' is not an attribute; there are bizdate, cycle"),
        ("status:done", "'done' is not a status"),
        ("bizdate:soon", "not a data timestamp"),
        ("A,", "a term is missing after the comma"),
        (",A", "a term is missing before the comma"),
        ("A,,B", "a term is missing before the comma"),
        ("A, B", "a term is missing after the comma"),
        ('"A', "a quote is not closed"),
        ("A++", "neither a name with levels nor key:value"),
        ("3A+", ""),
        ("+", "neither"),
        ("!", "neither"),
        ("owner:", "neither"),
    ],
)
def test_wrong_texts_are_refused_by_name(text: str, message: str) -> None:
    if not message:
        assert parse(text)
        return
    with pytest.raises(Fault, match=message):
        parse(text)


NAME = st.text(st.sampled_from('ab0_.*?-+,:| "\\!é'), min_size=1, max_size=6)
TERM: st.SearchStrategy[Term] = st.one_of(
    st.builds(Neighbourhood, NAME, *[st.sampled_from([0, 1, 12, UNLIMITED])] * 2, st.booleans()),
    st.builds(
        Attribute,
        st.sampled_from(["owner", "project", "name", "tag"]),
        st.lists(NAME, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(Attribute, st.just("status"), st.just(("failed", "paused")), st.booleans()),
)


@given(st.lists(st.lists(TERM, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple))
def test_printing_and_parsing_agree(groups: tuple[tuple[Term, ...], ...]) -> None:
    selection = InstanceSelection(groups)
    assert parse(str(selection)) == selection


@given(st.text(st.sampled_from('aA+1:|,! "\\status'), max_size=12))
def test_what_parses_prints_to_a_fixed_point(text: str) -> None:
    try:
        selection = parse(text)
    except Fault:
        return
    assert parse(str(selection)) == selection and str(parse(str(selection))) == str(selection)
