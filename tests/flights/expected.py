"""The aggregate tables as pandas computes them from the raw data, independently of definitions, nodes and SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd


def of_day(table: pd.DataFrame, day: date) -> pd.DataFrame:
    return table[(table.month == day.month) & (table.day == day.day)]


def agg_carrier(raw: dict[str, pd.DataFrame], days: Sequence[date], day: date) -> pd.DataFrame:
    """`days` are those that have landed."""
    flights = raw["flights"].copy()
    for column in ("dep_delay", "arr_delay", "distance", "dep_time"):
        flights[column] = pd.to_numeric(flights[column])
    today = of_day(flights, day)
    flown = today[today.dep_time.notna()]
    by = today.groupby("carrier")
    week = pd.concat([of_day(flights, each) for each in days if 0 <= (day - each).days < 7])
    month = pd.concat([of_day(flights, each) for each in days if each <= day and each.month == day.month])
    found = pd.DataFrame(
        {
            "departures_1d": by.size(),
            "cancelled_1d": today[today.dep_time.isna()].groupby("carrier").size(),
            "late_1d": flown[flown.arr_delay > 15].groupby("carrier").size(),
            "mean_dep_delay_1d": by.dep_delay.mean(),
            "mean_arr_delay_1d": by.arr_delay.mean(),
            "miles_1d": flown.groupby("carrier").distance.sum(),
            "planes_1d": by.tailnum.nunique(),
            "departures_7d": week.groupby("carrier").size(),
            "cancelled_7d": week[week.dep_time.isna()].groupby("carrier").size(),
            "departures_mtd": month.groupby("carrier").size(),
        }
    )
    found["on_time_rate"] = 1 - found.late_1d.fillna(0) / found.departures_1d
    return found.rename_axis("carrier")


def agg_origin(raw: dict[str, pd.DataFrame], day: date) -> pd.DataFrame:
    flights = of_day(raw["flights"], day).copy()
    for column in ("dep_delay", "air_time", "dep_time"):
        flights[column] = pd.to_numeric(flights[column])
    weather = of_day(raw["weather"], day).copy()
    weather["celsius"] = ((weather.temp - 32) / 1.8).round(2)
    flown = flights[flights.dep_time.notna()]
    found = pd.DataFrame(
        {
            "origin_departures_1d": flights.groupby("origin").size(),
            "origin_cancelled_1d": flights[flights.dep_time.isna()].groupby("origin").size(),
            "origin_dep_delay_1d": flights.groupby("origin").dep_delay.mean(),
            "origin_air_minutes_1d": flown.groupby("origin").air_time.sum(min_count=1),
            "temperature_1d": weather.groupby("origin").celsius.mean(),
            "rain_1d": weather.groupby("origin").precip.sum(),
            "visibility_1d": weather.groupby("origin").visib.min(),
            "wind_1d": weather.groupby("origin").wind_speed.max(),
            "gust_1d": weather.groupby("origin").wind_gust.max(),
        }
    )
    found["delay_per_gust"] = found.origin_dep_delay_1d / found.gust_1d
    return found.rename_axis("origin")


def same(given: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal row by row and column by column; numbers to nine digits."""
    key = expected.index.name
    rows = given.drop(columns="ds").set_index(key).sort_index()
    numbers = rows.apply(pd.to_numeric).astype("float64")
    wanted = expected.sort_index().astype("float64")
    assert set(numbers.columns) == set(wanted.columns)
    pd.testing.assert_frame_equal(
        numbers[list(wanted.columns)], wanted, check_index_type=False, check_column_type=False, rtol=1e-9
    )
