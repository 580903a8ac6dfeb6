"""Whatever parses, binding it gives SQL that the engine accepts, or a Fault: never another error, never SQL that does not type."""

from __future__ import annotations

import random

import duckdb
import pytest

from taskhouse.domain.faults import Fault
from taskhouse.sql.bound import BoundQuery
from taskhouse.sql.functions.registry import FUNCTIONS, FunctionKind
from tests.sql.house import House

COLUMNS = {
    "ti": "tinyint", "i": "int", "a": "bigint", "fl": "float", "c": "double", "d": "decimal(15,2)", "ld": "decimal",
    "b": "string", "ch": "char(4)", "vc": "varchar(4)", "bin": "binary", "bo": "boolean", "da": "date", "dt": "datetime",
    "ts": "timestamp", "nt": "timestamp_ntz", "ym": "interval_year_month", "ds": "interval_day_time", "j": "json",
    "arr": "array<bigint>", "sa": "array<string>", "m": "map<string,bigint>", "s": "struct<x:int,y:string>",
}  # fmt: skip
ROW = (
    "(1,2,3,1.5,2.5,10.25,1.5,'x','ab  ','v','b'::blob,true,date '2020-01-01','2020-01-01 10:00:00','2020-01-01 10:00:00',"
    "'2020-01-01 10:00:00',3,172800000000000,'{\"k\":1}',[1,2],['p'],map{'k':1},{'x':1,'y':'u'})"
)
LITERALS = [
    "1", "0", "-3", "2L", "1.5", "3.5BD", "'a'", "'12'", "''", "'2020-01-01'", "'2020-01-01 00:00:00'", "null", "true", "'yyyy-mm-dd'",
    "'dd'", "date '2020-01-01'", "datetime '2020-01-01 00:00:00'", "array(1,2)", "map('k', 1)", "interval '1' day", "'$.k'", "','",
]  # fmt: skip
OPERATORS = ["+", "-", "*", "/", "%", "=", "<>", "<", ">=", "<=>", "||", "&", "div", "and", "or", "like", "rlike"]
SCALARS = sorted({f.name for f in FUNCTIONS.values() if f.kind is FunctionKind.SCALAR} - {"assert_true", "raise_error"})
AGGREGATES = sorted({f.name for f in FUNCTIONS.values() if f.kind is FunctionKind.AGGREGATE})
WINDOWS = sorted({f.name for f in FUNCTIONS.values() if f.kind is FunctionKind.WINDOW})
TYPES = sorted(set(COLUMNS.values()))


class Writer:
    """Random expressions; many do not type, which is as wanted."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def expression(self, depth: int) -> str:
        r = self.random
        roll = r.random()
        if depth <= 0 or roll < 0.25:
            return r.choice([*COLUMNS, r.choice(LITERALS)])
        if roll < 0.55:
            return self.call(depth)
        if roll < 0.75:
            return f"({self.expression(depth - 1)} {r.choice(OPERATORS)} {self.expression(depth - 1)})"
        forms = [
            lambda: f"cast({self.expression(depth - 1)} as {r.choice(TYPES)})",
            lambda: (
                f"case when {self.condition(depth - 1)} then {self.expression(depth - 1)} else {self.expression(depth - 1)} end"
            ),
            lambda: f"{self.expression(depth - 1)}[{self.expression(0)}]",
            lambda: f"({self.expression(depth - 1)} in ({self.expression(0)}, {self.expression(0)}))",
            lambda: f"({self.expression(depth - 1)} between {self.expression(0)} and {self.expression(0)})",
            lambda: f"({self.expression(depth - 1)} is not null)",
            lambda: f"(- {self.expression(depth - 1)})",
            lambda: "transform(arr, x -> " + self.expression(depth - 1) + ")",
            lambda: f"(select max({self.expression(depth - 1)}) from t)",
        ]
        return r.choice(forms)()

    def condition(self, depth: int) -> str:
        return f"({self.expression(depth)} {self.random.choice(['=', '<', '<>'])} {self.expression(0)})"

    def call(self, depth: int) -> str:
        r = self.random
        name = r.choice(SCALARS)
        signature = r.choice(FUNCTIONS[name].overloads).signature
        count = r.randint(signature.required, max(len(signature.parameters), signature.required))
        return f"{name}({', '.join(self.expression(depth - 1) for _ in range(count))})"

    def query(self) -> str:
        r = self.random
        roll = r.random()
        if roll < 0.6:
            return f"select {self.expression(2)} as q from t"
        if roll < 0.75:
            name = r.choice(AGGREGATES)
            count = r.randint(1, max(1, len(FUNCTIONS[name].overloads[0].signature.parameters)))
            args = ", ".join(self.expression(1) for _ in range(count))
            over = r.choice(["", "", " over (partition by b order by a)", " filter (where a > 0)"])
            return f"select {name}({r.choice(['', 'distinct '])}{args}){over} as q from t"
        if roll < 0.85:
            return f"select {r.choice(WINDOWS)}({self.expression(1)}) over (order by {self.expression(1)}) as q from t"
        if roll < 0.95:
            return f"select {self.expression(1)} as q from t union all select {self.expression(1)} from t"
        return f"select count(*) as q from t where {self.condition(1)} group by {self.expression(1)} having {self.condition(0)} order by q"


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    made.table("t", ", ".join(f"{n} {t}" for n, t in COLUMNS.items()), ROW)
    return made


@pytest.mark.parametrize("seed", range(40))
def test_bound_or_refused(house: House, seed: int) -> None:
    writer = Writer(seed)
    for _ in range(25):
        text = writer.query()
        attempt(house, text)


def attempt(house: House, text: str) -> bool:
    """True if the query bound; an engine error about the SQL itself, or a type other than promised, fails the test."""
    try:
        bound = house.bind(text)
    except Fault as fault:
        assert fault.code.http_status < 500  # noqa: PT017
        return False
    assert isinstance(bound, BoundQuery)
    try:
        house.run(bound)
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.InternalException) as error:
        raise AssertionError(f"{text}\n{bound.sql}\n{error}") from error
    except duckdb.Error:
        pass
    return True
