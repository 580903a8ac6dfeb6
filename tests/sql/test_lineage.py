"""Which columns a result comes from, told with and without a catalogue; the binder is the oracle for what a query reads."""

from __future__ import annotations

import pytest

from taskhouse.domain.catalogue import TableName
from taskhouse.domain.faults import Fault
from taskhouse.sql.bound import BoundQuery
from taskhouse.sql.lineage import Source, StatementLineage, nothing_known, script_lineage
from tests.sql.house import House
from tests.sql.test_binder_fuzz import COLUMNS, Writer
from tests.sql.test_binder_structure_fuzz import Shapes
from tests.sql.test_tpch_binds import QUERIES, TABLES

KNOWN = {"t": ("a", "b", "k", "ds"), "u": ("k", "v", "ds"), "q.w": ("k", "z")}


def columns_of(table: TableName) -> tuple[str, ...] | None:
    return KNOWN.get(table.name if table.project == "p" else f"{table.project}.{table.name}")


def _short(table: TableName) -> str:
    return table.name if table.project == "p" else f"{table.project}.{table.name}"


def _texts(sources: frozenset[Source]) -> set[str]:
    return {f"{_short(source.table)}.{source.column}" for source in sources}


def of(text: str, known=columns_of) -> StatementLineage:
    (statement,) = script_lineage(text, "p", known).statements
    return statement


def columns(text: str, known=columns_of) -> dict[str, set[str]]:
    return {column.name: _texts(column.sources) for column in of(text, known).columns}


CASES = {
    "select a, b + k as s, 1 as one, count(*) from t": {"a": {"t.a"}, "s": {"t.b", "t.k"}, "one": set(), "_c3": set()},
    "select x.a, v from t x join u on x.k = u.k": {"a": {"t.a"}, "v": {"u.v"}},
    "select * from t join u using (k)": {
        "k": {"t.k", "u.k"}, "a": {"t.a"}, "b": {"t.b"}, "ds": {"u.ds"}, "v": {"u.v"},
    },
    "select * except (ds) replace (a + b as a) from t": {"a": {"t.a", "t.b"}, "b": {"t.b"}, "k": {"t.k"}},
    "with c as (select k, max(b) m from t group by k) select m * 2 as n from c": {"n": {"t.b"}},
    "select (select max(v) from u where u.k = t.k) as m from t": {"m": {"u.v", "u.k", "t.k"}},
    "select a from t union all select v from u": {"a": {"t.a", "u.v"}},
    "select r.part, a from t lateral view explode(split(b, ',')) r as part": {"part": {"t.b"}, "a": {"t.a"}},
    "select transform(split(a, ','), a -> a || b) as parts from t": {"parts": {"t.a", "t.b"}},
    "select sum(a) over (partition by k order by ds) as running from t": {"running": {"t.a", "t.k", "t.ds"}},
    "select `(ds|k)?+.+` from t": {"a": {"t.a"}, "b": {"t.b"}},
    "select z from q.w": {"z": {"q.w.z"}},
    "@x := select a, k from t; select a as c from @x": {"c": {"t.a"}},
    "select n from (select a from t) s (n)": {"n": {"t.a"}},
    "select s.x from values (1, 2) s (x, y)": {"x": set()},
    "with recursive r as (select k, a from t union all select k, a + k from r where a < 9) select a from r": {
        "a": {"t.a", "t.k"}
    },
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_result_columns_with_a_catalogue(text: str) -> None:
    assert columns(text) == CASES[text]


def test_repeated_names_of_a_star_are_each_there() -> None:
    lineage = of("select * from t, u")
    assert [(c.name, _texts(c.sources)) for c in lineage.columns][3:5] == [("ds", {"t.ds"}), ("k", {"u.k"})]
    assert lineage.is_complete


def test_without_a_catalogue_a_name_may_be_of_any_table_in_sight() -> None:
    assert columns("select x.a, b from t x join u y on x.k = y.k", nothing_known) == {"a": {"t.a"}, "b": {"t.b", "u.b"}}


def test_a_star_of_an_unknown_table_is_told_to_be_incomplete() -> None:
    lineage = of("select s.a, s.* from (select * from nowhere) s")
    assert not lineage.is_complete
    assert _texts(lineage.columns[0].sources) == {"nowhere.a"}
    assert {_short(table): set(names) for table, names in lineage.reads.items()} == {"nowhere": {"a", "*"}}


def test_an_unknown_table_beside_a_known_one_gets_only_what_the_known_one_has_not() -> None:
    assert columns("select a, extra from t join nowhere on true") == {"a": {"t.a"}, "extra": {"nowhere.extra"}}


def test_conditions_are_what_decides_on_rows_and_groups() -> None:
    lineage = of("select a as d, sum(b) from t left join u on t.k = u.k where u.ds = '1' group by 1 having max(v) > 3")
    assert _texts(lineage.conditions) == {"t.k", "u.k", "u.ds", "t.a", "u.v"}
    assert _texts(of("select distinct a from t").conditions) == {"t.a"}
    assert _texts(of("select a from t order by b limit 3").conditions) == {"t.b"}
    assert _texts(of("select a from t except select v from u").conditions) == {"t.a", "u.v"}


def test_columns_that_a_subquery_gives_and_nobody_takes_are_not_read() -> None:
    lineage = of("select s.a from (select a, b from t where k = 1) s")
    assert {_short(table): set(names) for table, names in lineage.reads.items()} == {"t": {"a", "k"}}


def test_a_write_names_the_columns_that_it_assigns() -> None:
    lineage = of("insert overwrite table u partition (ds = '20130101') select a, b + k from t")
    assert lineage.writes == TableName("p", "default", "u")
    assert {c.name: _texts(c.sources) for c in lineage.columns} == {"k": {"t.a"}, "v": {"t.b", "t.k"}}
    dynamic = of("insert into u partition (ds) (v, k, ds) select a, b, ds from t")
    assert {c.name: _texts(c.sources) for c in dynamic.columns} == {"v": {"t.a"}, "k": {"t.b"}, "ds": {"t.ds"}}
    made = of("create table z.made as select a as one from t")
    assert (made.writes, made.columns[0].name) == (TableName("z", "default", "made"), "one")


def test_the_greatest_partition_of_a_table_is_a_reading_of_it() -> None:
    reads = of("select a from t where ds = max_pt('q.other')").reads
    assert {_short(table): set(names) for table, names in reads.items()} == {"t": {"a", "ds"}, "q.other": set()}


def test_a_script_reads_what_it_has_not_written_before_and_knows_use() -> None:
    lineage = script_lineage(
        "set odps.sql.type.system.odps2=true; truncate table tmp; insert into tmp select a from t; use q;"
        "insert overwrite table p.u partition (ds='1') select k, x from p.tmp join w on true;"
        "from p.t insert into m select a insert into n select b;",
        "p",
        nothing_known,
    )
    assert [_short(table) for table in lineage.writes] == ["tmp", "u", "q.m", "q.n"]
    assert {_short(table): set(names) for table, names in lineage.reads.items()} == {
        "t": {"a", "b"},
        "q.w": {"k", "x"},
    }


def test_fields_of_structs_are_their_columns() -> None:
    assert columns("select s.x, t.s.y from t", nothing_known) == {"x": {"t.s"}, "y": {"t.s"}}


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    for name, written in TABLES.items():
        made.table(name, written)
    return made


@pytest.mark.parametrize("number", range(1, 23))
def test_reads_are_what_the_binder_scans(house: House, number: int) -> None:
    """TPC-H: every column that the engine is asked for, and no other."""
    text = (QUERIES / f"q{number:02}.sql").read_text(encoding="utf-8")
    bound = house.bind(text)
    assert isinstance(bound, BoundQuery)

    def known(table: TableName) -> tuple[str, ...] | None:
        found = house.get(table)
        return tuple(column.name for column in found.columns) if found else None

    scanned: dict[str, set[str]] = {}
    for scan in bound.scans.values():
        scanned.setdefault(scan.table.name.name, set()).update(column.name for column in scan.columns)
    for columns_known in (known, nothing_known):
        lineage = script_lineage(text, "p", columns_known)
        read = {table.name: set(names) for table, names in lineage.statements[-1].reads.items()}
        if columns_known is known:
            assert read == scanned
        else:
            assert all(names <= read[table] for table, names in scanned.items())
    assert [c.name for c in bound.columns] == [c.name for c in lineage.statements[-1].columns]


@pytest.mark.parametrize("seed", range(20))
def test_random_expressions_read_what_the_binder_uses(seed: int) -> None:
    """Never less; with a catalogue and without."""
    house = House()
    house.table("t", ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items()))
    writer = Writer(seed)
    compared = 0
    for _ in range(25):
        text = writer.query()
        try:
            bound = house.bind(text)
        except Fault:
            continue
        if "hash(row(" in bound.sql:
            continue  # random numbers in windows are made of the whole row, which is no lineage
        used = {column.name for scan in bound.scans.values() for column in scan.columns}
        for known in (lambda table: tuple(COLUMNS), nothing_known):
            (statement,) = script_lineage(text, "p", known).statements
            read = set(statement.reads.get(TableName("p", "default", "t"), ()))
            # A scan that needs no column is given the first narrow one to count rows by.
            assert used - read <= {"ti"}, text
            compared += 1
    assert compared


@pytest.mark.parametrize("seed", range(20))
def test_random_shapes_have_lineage(seed: int) -> None:
    shapes = Shapes(seed)
    known = {"t": ("a", "b", "arr"), "v": ("x", "y")}
    for _ in range(5):
        text = shapes.query(3)
        exact = of(text, lambda table: known.get(table.name))
        rough = of(text, nothing_known)
        assert [column.name for column in exact.columns] == ["x", "y"], text
        assert exact.is_complete
        assert exact.reads.keys() <= rough.reads.keys() <= {TableName("p", "default", name) for name in known}, text
