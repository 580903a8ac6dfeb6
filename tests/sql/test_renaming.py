"""Projects renamed in SQL: where a table's project is named, and nowhere else."""

from __future__ import annotations

import pytest

from taskhouse.domain.faults import Fault
from taskhouse.sql.renaming import with_projects

TWINS = {"flights": "flights_dev"}

CASES = {
    "select * from flights.a": "select * from flights_dev.a",
    "select flights.a.x, a.flights, flights from flights.a join Flights.b": "select flights_dev.a.x, a.flights, flights from flights_dev.a join flights_dev.b",
    "select flights.x from t flights": "select flights.x from t flights",
    "insert overwrite table flights.a partition (ds='${bizdate}') select 'flights.a' from `flights`.b -- flights.c": "insert overwrite table flights_dev.a partition (ds='${bizdate}') select 'flights.a' from `flights_dev`.b -- flights.c",
    "create table if not exists flights.z (a bigint); truncate table flights.z": "create table if not exists flights_dev.z (a bigint); truncate table flights_dev.z",
    "select 1 from flights.a where ds = max_pt('flights.a') and k in (select k from flights.b)": "select 1 from flights_dev.a where ds = max_pt('flights_dev.a') and k in (select k from flights_dev.b)",
    "with flights as (select 1 x) select * from flights": "with flights as (select 1 x) select * from flights",
    "@v := select * from flights.a; select * from @v join other.flights on true": "@v := select * from flights_dev.a; select * from @v join other.flights on true",
}


@pytest.mark.parametrize("text", CASES)
def test_projects_of_tables_are_renamed(text: str) -> None:
    assert with_projects(text, text, TWINS) == CASES[text]


def test_places_are_those_of_the_text_before_its_parameters_are_filled_in() -> None:
    text = "select a\nfrom   flights.t\nwhere  ds = ${bizdate} and k = ${mm}"
    parsed = text.replace("${bizdate}", "20130101").replace("${mm}", "01")
    assert with_projects(text, parsed, TWINS) == text.replace("flights.t", "flights_dev.t")


def test_nothing_to_rename_is_not_even_parsed() -> None:
    assert with_projects("no sql", "no sql", {}) == "no sql"
    with pytest.raises(Fault):
        with_projects("no sql", "no sql", TWINS)
