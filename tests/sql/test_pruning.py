"""Partition pruning: a partition is dropped only if no row of it can be in the result."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskhouse.sql.bound import BoundQuery
from tests.sql.house import House

DAYS = ["20200101", "20200102", "20200103"]


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    rows = ",".join(f"({i},'{d}',{h})" for i, (d, h) in enumerate(itertools.product(DAYS, (1, 2))))
    made.table("pt", "id bigint", rows, partitions="ds string, hh bigint")
    made.table("t", "a bigint, k string", "(1,'20200101')")
    made.view("vw", "select id, ds as day from pt", "id bigint, day string")
    made.max_partitions = {"pt": "20200103"}
    return made


def kept(house: House, text: str) -> list[tuple[str, str]] | None:
    """The partitions that the (first) scan of `pt` reads; None when it reads all without asking."""
    bound = house.bind(text)
    assert isinstance(bound, BoundQuery)
    scan = next(s for s in bound.scans.values() if s.table.name.name == "pt")
    if scan.partition_filter is None:
        return None
    return [v for v in itertools.product(DAYS, ("1", "2")) if scan.partition_filter(v)]


def test_each_side_of_a_union_is_pruned_by_itself(house: House) -> None:
    sides = "select id, ds as day from pt where hh = 1 union all select id, day from vw union select 9, '20200102'"
    text = f"select id from ({sides}) u where u.day = '20200102'"
    bound = house.bind(text)
    assert isinstance(bound, BoundQuery)
    reads = [
        [v for v in itertools.product(DAYS, ("1", "2")) if scan.partition_filter and scan.partition_filter(v)]
        for scan in bound.scans.values()
    ]
    assert reads == [[("20200102", "1")], [("20200102", "1"), ("20200102", "2")]]
    assert sorted(house.query(text)) == [(2,), (3,), (9,)]


def test_both_sides_of_a_full_join_are_pruned_by_the_columns_that_it_merges(house: House) -> None:
    joined = "select ds, hh, a.id as one, b.id as two from pt a full outer join pt b using (ds, hh)"
    text = f"select * from ({joined}) j where j.ds = '20200102'"
    bound = house.bind(text)
    assert isinstance(bound, BoundQuery)
    for scan in bound.scans.values():
        assert scan.partition_filter is not None
        assert [v for v in itertools.product(DAYS, ("1", "2")) if scan.partition_filter(v)] == [
            ("20200102", "1"),
            ("20200102", "2"),
        ]
    whole = house.query(joined)
    assert sorted(house.query(text)) == sorted(row for row in whole if row[0] == "20200102")


CASES = [
    ("select * from pt where ds = '20200102' and hh = 1", [("20200102", "1")]),
    ("select * from pt where ds = '20200102' and id > 5 and hh < 2", [("20200102", "1")]),
    ("select * from pt p where '20200102' < p.ds and hh in (2, 7)", [("20200103", "2")]),
    ("select * from pt where ds = 20200102 and hh = '2'", [("20200102", "2")]),
    (
        "select * from pt where ds between '20200102' and '20200109' and not hh = 1",
        [("20200102", "2"), ("20200103", "2")],
    ),
    (
        "select * from pt where (ds = '20200101' and hh = 1) or (ds = '20200103' and id = 3 and hh = 2)",
        [("20200101", "1"), ("20200103", "2")],
    ),
    ("select * from pt where ds = max_pt('pt') and hh = 2", [("20200103", "2")]),
    (
        "select * from (select id, ds as d from pt) q where d = '20200101' and q.id > 1",
        [("20200101", "1"), ("20200101", "2")],
    ),
    ("select * from vw where day = '20200103'", [("20200103", "1"), ("20200103", "2")]),
    ("with c as (select * from pt) select * from c where ds = '20200101' and hh = 1", [("20200101", "1")]),
    ("select * from pt join t on pt.id = t.a and pt.ds = '20200101' where hh = 2", [("20200101", "2")]),
    ("select * from t left join pt on pt.id = t.a where pt.ds = '20200101' and pt.hh = 1", [("20200101", "1")]),
    ("select * from pt where ds is null", []),
    ("select * from (select ds from pt union all select hh from pt) u where ds = '1'", None),
    ("select * from ((select ds from pt limit 3) union all select k from t) u where ds = '1'", None),
    ("select * from t left join pt on pt.id = t.a and pt.ds = '20200101' and hh = 1", [("20200101", "1")]),
    ("select * from pt right join t on pt.id = t.a and ds = '20200101' and hh = 1", [("20200101", "1")]),
    ("select * from t left semi join pt on pt.id = t.a and pt.ds = '20200101' and hh = 1", [("20200101", "1")]),
    ("select * from t left anti join pt on pt.id = t.a and pt.ds = '20200101' and hh = 1", [("20200101", "1")]),
    (
        "select * from (select ds, hh, count(*) n from pt group by ds, hh) q where ds = '20200101' and hh > 1",
        [("20200101", "2")],
    ),
]


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[c[0] for c in CASES])
def test_keeps(house: House, text: str, wanted: list[tuple[str, str]]) -> None:
    assert kept(house, text) == wanted


UNPRUNED = [
    "select * from pt",
    "select * from pt where id = 1",
    "select * from pt where ds = '20200101' or id = 1",
    "select * from pt where ds = (select k from t)",
    "select * from pt where length(ds) = 3",
    "select * from pt left join t on pt.id = t.a and pt.ds = '20200101'",
    "select * from t full join pt on pt.id = t.a and pt.ds = '20200101'",
    "select * from pt left anti join t on pt.id = t.a and pt.ds = '20200101'",
    "select * from (select ds, count(*) n from pt group by ds with rollup) q where ds = '20200101'",
    "select * from pt tablesample (3 rows) where ds = '20200101'",
    "select * from t left join pt on pt.id = t.a where pt.ds = '20200101' or pt.ds is null",
    "select * from (select *, row_number() over (order by id) r from pt) q where ds = '20200102'",
    "select * from (select * from pt limit 1) q where ds = '20200102'",
    "with c as (select * from pt) select * from c where ds = '20200101' union all select * from c where ds = '20200102'",
]


@pytest.mark.parametrize("text", UNPRUNED)
def test_does_not_prune_what_it_cannot_tell(house: House, text: str) -> None:
    partitions = kept(house, text)
    assert partitions is None or len(partitions) == 6


_atom = st.one_of(
    st.tuples(
        st.sampled_from(["ds", "hh", "id"]),
        st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
        st.sampled_from(["'20200102'", "20200102", "1", "'2'", "null", "1.5", "'x'"]),
    ).map(" ".join),
    st.sampled_from(
        [
            "ds in ('20200101', null)",
            "hh not in (1, 3)",
            "ds between '20200101' and '20200102'",
            "hh is null",
            "ds is not null",
            "ds like '%2'",
            "true",
        ]
    ),
)
_condition = st.recursive(
    _atom,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda c: f"(not {c})"),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(condition=_condition)
def test_pruning_never_loses_a_row(condition: str) -> None:
    """The partitions of the rows that the engine finds are all kept."""
    house = _shared()
    text = f"select ds, hh from pt where {condition}"
    partitions = kept(house, text)
    found = {(ds, str(hh)) for ds, hh in house.query(text)}
    assert partitions is None or found <= set(partitions)


_side = st.sampled_from(
    [
        "p.ds = '20200101'",
        "p.hh > 1",
        "q.ds <> '20200102'",
        "q.hh = 2",
        "p.ds = q.ds",
        "p.id = q.id",
        "p.ds is null",
        "q.ds is null",
        "q.id is not null",
    ]
)
_sides = st.lists(_side, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" and ".join(parts), " or ".join(parts), f"not ({parts[0]})"])
)
_join = st.sampled_from(["join", "left join", "right join", "full join", "left semi join", "left anti join"])


@settings(max_examples=200, deadline=None)
@given(join=_join, on=_sides, where=_sides)
def test_joins_give_the_same_rows_pruned_or_not(join: str, on: str, where: str) -> None:
    house = _shared()
    one_sided = "semi" in join or "anti" in join
    columns = "p.id, p.ds" if one_sided else "p.id, p.ds, q.id, q.hh"
    condition = "p.id >= 0" if one_sided else where
    text = f"select {columns} from pt p {join} pt q on {on} where {condition}"
    bound = house.bind(text)
    assert isinstance(bound, BoundQuery)
    assert sorted(house.run(bound), key=repr) == sorted(house.run(bound, prune=False), key=repr)


_houses: list[House] = []


def _shared() -> House:
    if not _houses:
        made = House()
        rows = ",".join(f"({i},'{d}',{h})" for i, (d, h) in enumerate(itertools.product(DAYS, (1, 2))))
        made.table("pt", "id bigint", rows, partitions="ds string, hh bigint")
        _houses.append(made)
    return _houses[0]


DATES = [
    ("select * from pt where ds = to_char(dateadd(datetime '2020-01-01 10:00:00', 1, 'dd'), 'yyyymmdd') and hh = 1", [("20200102", "1")]),
    ("select * from pt where ds = concat('2020', '0103') and hh = 1 + 1", [("20200103", "2")]),
    ("select * from pt where ds = date_format(date '2020-01-03', 'yyyyMMdd') and hh = 1", [("20200103", "1")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), DATES, ids=[c[0] for c in DATES])
def test_constant_expressions_prune_too(house: House, text: str, wanted: list[tuple[str, str]]) -> None:
    assert kept(house, text) == wanted
