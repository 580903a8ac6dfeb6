"""Random shapes of queries: joins, subqueries, lateral views, grouping and set operations that fit together must run."""

from __future__ import annotations

import random

import duckdb
import pytest

from taskhouse.domain.faults import Fault
from tests.sql.house import House


class Shapes:
    """Queries over t(a, b, arr) and u(a, c); every select list is (x bigint, y string)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"r{self.count}"

    def query(self, depth: int) -> str:
        r = self.random
        roll = r.random()
        if depth > 0 and roll < 0.12:
            word = r.choice(["union all", "union", "intersect", "except", "minus"])
            return f"{self.side(depth - 1)} {word} {self.side(depth - 1)}"
        if depth > 0 and roll < 0.2:
            name = self.name()
            body = self.query(depth - 1)
            once = f"select x, y from {name}"
            return f"with {name} as ({body}) {r.choice([once, f'{once} union all {once}', f'select p.x, q.y from {name} p join {name} q on p.x = q.x'])}"
        return self.select(depth)

    def side(self, depth: int) -> str:
        """A query that may stand beside a set operator."""
        text = self.query(depth)
        return f"select * from ({text}) {self.name()}" if text.startswith("with") else text

    def relation(self, depth: int) -> tuple[str, str]:
        """A relation with columns x and y, and its alias."""
        r = self.random
        alias = self.name()
        roll = r.random()
        if depth > 0 and roll < 0.4:
            return f"({self.query(depth - 1)}) {alias}", alias
        if roll < 0.55:
            return f"(select a as x, b as y from t) {alias}", alias
        if roll < 0.7:
            return f"(values (1L, 'p'), (2L, null)) {alias}(x, y)", alias
        return f"v {alias}", alias

    def select(self, depth: int) -> str:
        r = self.random
        source, alias = self.relation(depth)
        aliases = [alias]
        for _ in range(r.choice([0, 0, 1, 1, 2])):
            other, name = self.relation(depth - 1)
            kind = r.choice(
                [
                    "join",
                    "left join",
                    "right join",
                    "full outer join",
                    "cross join",
                    "left semi join",
                    "left anti join",
                    ",",
                ]
            )
            if kind == "," or kind == "cross join":
                source += f"{',' if kind == ',' else ' cross join'} {other}"
                aliases.append(name)
                continue
            source += f" {kind} {other} on {aliases[0]}.x = {name}.x"
            if "semi" not in kind and "anti" not in kind:
                aliases.append(name)
        x, y = f"{r.choice(aliases)}.x", f"{r.choice(aliases)}.y"
        if r.random() < 0.2:
            lateral = self.name()
            source += f" lateral view {r.choice(['', 'outer '])}explode(array(1L, {x})) {lateral} as e{lateral}"
            x = f"e{lateral}"
        where = f" where {self.condition(x, y, depth)}" if r.random() < 0.5 else ""
        roll = r.random()
        if roll < 0.2:
            sets = r.choice(
                [x, f"{x} with rollup" if r.random() < 0.5 else x, f"{x} grouping sets (({x}), ())", f"cube({x})"]
            )
            having = r.choice(["", " having count(*) > 0", " having max(y2) is not null"]).replace("y2", y)
            return f"select {x} as x, max({y}) as y from {source}{where} group by {sets}{having}"
        if roll < 0.35:
            window = f"row_number() over (partition by {y} order by {x})"
            return f"select {window} as x, {y} as y from {source}{where} qualify {window} < 5"
        if roll < 0.45:
            return f"select distinct {x} as x, {y} as y from {source}{where}"
        tail = r.choice(["", "", " order by x, y", " order by y desc limit 3", " limit 2"])
        return (
            f"({'select'} {x} as x, {y} as y from {source}{where}{tail})"
            if tail
            else f"select {x} as x, {y} as y from {source}{where}"
        )

    def condition(self, x: str, y: str, depth: int) -> str:
        r = self.random
        parts = [
            f"{x} > 0",
            f"{y} is not null",
            f"{y} like 'p%'",
            f"{x} in (1, 2, 3)",
            f"{x} between '0' and 9",
            f"not ({x} = 7 or {y} = 'z')",
        ]
        if depth > 0:
            name = self.name()
            parts += [
                f"{x} in (select x from ({self.query(depth - 1)}) {name})",
                f"exists (select 1 from v {name} where {name}.x = {x})",
                f"{x} <= (select max({name}.x) from v {name} where {name}.y = {y})",
            ]
        return r.choice([" and ", " or "]).join(r.sample(parts, 2))


@pytest.fixture(scope="module")
def house() -> House:
    made = House()
    made.table("t", "a bigint, b string, arr array<bigint>", "(1,'p',[1]),(2,'q',[2,3]),(3,NULL,NULL)")
    made.view("v", "select a, b from t", "x bigint, y string")
    return made


@pytest.mark.parametrize("seed", range(60))
def test_shapes_that_fit_run(house: House, seed: int) -> None:
    shapes = Shapes(seed)
    for _ in range(5):
        attempt(house, shapes.query(3))


def attempt(house: House, text: str) -> None:
    try:
        house.query(text)
    except Fault as fault:
        raise AssertionError(f"{text}\n{fault}") from fault
    except duckdb.Error as error:
        raise AssertionError(f"{text}\n{error}") from error
