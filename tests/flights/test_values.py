"""The demo's aggregate tables hold what pandas computes from the raw data: after the first run, after reruns of single fields, after
changes in a source, and after a day whose data came late.

The tests build on one another in the order in which they stand, as days do.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from taskhouse.client.api.operations import Target
from tests.flights.conftest import Flights, publish
from tests.flights.expected import agg_carrier, agg_origin, of_day, same

WIND = {"wind_1d", "gust_1d", "delay_per_gust"}


def check(flights: Flights, *days: date) -> None:
    for day in days or flights.days:
        same(flights.read("flights.agg_carrier", day), agg_carrier(flights.raw, flights.landed, day))
        same(flights.read("flights.agg_origin", day), agg_origin(flights.raw, day))


def test_three_days_are_right_and_one_lacks_its_wind(flights: Flights) -> None:
    check(flights, *flights.days[:2])
    late = flights.days[2]
    same(flights.read("flights.agg_carrier", late), agg_carrier(flights.raw, flights.landed, late))
    given = flights.read("flights.agg_origin", late)
    assert given[sorted(WIND)].isna().all(axis=None)
    same(given.drop(columns=list(WIND)), agg_origin(flights.raw, late).drop(columns=list(WIND)))
    page = flights.client.instances.fields(flights.id_of("flights.fact_weather", late))
    assert {each.name for each in page.items if each.status == "FAILED"} == {"wind_speed", "wind_gust", "wind_dir"}


def test_rerunning_two_fields_repairs_the_day(flights: Flights) -> None:
    late = flights.days[2]
    flights.workspace.deliver_wind()
    shown = flights.preview("RERUN", "flights.fact_weather", late, "wind_speed", "wind_gust")
    assert shown.plan is not None
    assert [each.name for each in shown.plan.associated] == ["wind_dir"]
    flights.operate("RERUN", "flights.fact_weather", late, "wind_speed", "wind_gust")
    flights.calm(late)
    assert flights.attempts("flights.fact_weather", late) == {"weather_air": 1, "weather_sky": 1, "weather_wind": 2}
    assert set(flights.statuses(late)) == {"SUCCEEDED"}
    check(flights)


def test_a_single_field_follows_a_change_of_what_it_is_made_of(flights: Flights) -> None:
    """Times in the air change in the raw data: the landing is rerun, then one field with what depends on it, and nothing else."""
    day = flights.days[1]
    changed = flights.raw["flights"]
    rows = of_day(changed, day).index
    changed.loc[rows, "air_time"] = [None if pd.isna(value) else value + 7 for value in changed.loc[rows, "air_time"]]
    flights.load("flights")
    flights.operate("RERUN", "landing.land_flights", day)
    flights.calm(day)
    before = flights.attempts("flights.agg_carrier", day)
    shown = flights.preview(
        "RERUN_DOWNSTREAM", "flights.fact_flight", day, "air_time", scope="ALL_FINAL_INSTANCE", start_mode="NORMAL"
    )
    assert shown.plan is not None
    assert {each.name for each in shown.plan.associated} >= {
        "is_late",
        "is_cancelled",
        "dep_delay",
        "arr_delay",
        "made_up",
    }
    flights.operate(
        "RERUN_DOWNSTREAM", "flights.fact_flight", day, "air_time", scope="ALL_FINAL_INSTANCE", start_mode="NORMAL"
    )
    flights.calm(*flights.days)
    assert flights.attempts("flights.fact_flight", day) == {"flight_route": 1, "flight_times": 2, "flight_air": 2}
    assert flights.attempts("flights.agg_origin", day)["origin_traffic"] == 2
    assert flights.attempts("flights.agg_origin", day)["origin_weather"] == 1
    assert (
        before["agg_carrier_fact_flight_1d_heavy"]
        == flights.attempts("flights.agg_carrier", day)["agg_carrier_fact_flight_1d_heavy"]
    )
    check(flights)


def test_a_change_of_a_source_reaches_everything_downstream(flights: Flights) -> None:
    """Flights disappear and are delayed: rerunning the landing with all that depends on it refreshes the days after, too."""
    day = flights.days[0]
    changed = flights.raw["flights"]
    rows = of_day(changed, day)
    changed = changed.drop(index=rows.index[::5]).reset_index(drop=True)
    rows = of_day(changed, day)
    changed.loc[rows.index, "dep_delay"] = [None if pd.isna(value) else value + 3 for value in rows.dep_delay]
    flights.raw["flights"] = changed
    flights.load("flights")
    flights.operate("FORCE_RERUN_DOWNSTREAM", "landing.land_flights", day, scope="ALL_INSTANCE", start_mode="NORMAL")
    flights.calm(*flights.days)
    check(flights)


def test_a_day_whose_data_comes_in_later_is_filled_in_with_what_rests_on_it(flights: Flights) -> None:
    """A day in the past is emptied, as if nothing had come; then its data arrives, with corrections, and the day is run again."""
    day = flights.days[0]
    whole = flights.raw["flights"]
    flights.raw["flights"] = whole.drop(index=of_day(whole, day).index).reset_index(drop=True)
    flights.load("flights")
    flights.operate("FORCE_RERUN_DOWNSTREAM", "landing.land_flights", day, scope="ALL_INSTANCE", start_mode="NORMAL")
    flights.calm(*flights.days)
    assert flights.read("flights.fact_flight", day).empty
    same(
        flights.read("flights.agg_carrier", flights.days[2]),
        agg_carrier(flights.raw, flights.days[1:], flights.days[2]),
    )
    flights.raw["flights"] = whole
    flights.load("flights")
    flights.operate("FORCE_RERUN_DOWNSTREAM", "landing.land_flights", day, scope="ALL_INSTANCE", start_mode="NORMAL")
    flights.calm(*flights.days)
    check(flights)


def test_a_day_before_the_first_is_generated_and_what_looks_back_to_it_is_rerun(flights: Flights) -> None:
    publish(flights, flights.earlier)
    flights.calm(flights.earlier)
    flights.landed.insert(0, flights.earlier)
    check(flights, flights.earlier)
    for day in flights.days:
        flights.operate("RERUN", "flights.agg_carrier", day, "departures_7d", "departures_mtd")
    flights.calm(*flights.days)
    check(flights, *flights.landed)


def test_logical_tables_are_views_over_their_nodes(flights: Flights) -> None:
    day = flights.days[0]
    given = flights.read("flights.fact_flight", day).set_index("flight_id").sort_index()
    raw = of_day(flights.raw["flights"], day)
    assert len(given) == len(raw)
    assert given.dest.value_counts().to_dict() == raw.dest.value_counts().to_dict()
    assert pd.to_numeric(given.air_time).sum() == pd.to_numeric(raw.air_time).sum()
    assert (given.tailnum == "-110").sum() == raw.tailnum.isna().sum()
    levels = flights.read("flights.dim_airport__region", day)
    regions = {str(zone).split("/")[0] for zone in flights.raw["airports"].tzone.dropna()}
    assert set(levels.region) == regions


def test_development_is_a_twin_that_runs_when_it_is_asked(flights: Flights) -> None:
    """Last, for it publishes again: the twins of the DEV_PROD project have tables of their own and read the landing in production."""
    publish(flights, flights.days[0], "DEV")
    (line,) = flights.client.instances.list(
        environment="DEV", task="flights.fact_flight", bizdate=f"{flights.days[1]:%Y%m%d}"
    )
    assert line.statuses == ["NOT_RUNNING"]
    target = [Target(line.id)]
    shown = flights.client.operations.preview("FORCE_RERUN_CURRENT", target)
    flights.client.operations.apply("FORCE_RERUN_CURRENT", target, digest=shown.digest)
    flights.wait_for(lambda: flights.client.instances.get(line.id).line.statuses == ["SUCCEEDED"])
    developed = flights.read("flights_dev.fact_flight", flights.days[1])
    produced = flights.read("flights.fact_flight", flights.days[1])
    pd.testing.assert_frame_equal(
        developed.sort_values("flight_id", ignore_index=True), produced.sort_values("flight_id", ignore_index=True)
    )
    assert flights.read("flights_dev.fact_weather", flights.days[1]).empty
