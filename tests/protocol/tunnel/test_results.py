"""Rows of a SELECT and the first rows of a table, through the released client."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from odps import errors
from odps.tunnel import InstanceTunnel, TableTunnel

from taskhouse.services.tunnel import results
from taskhouse.services.world import Caller
from tests.protocol.tunnel.conftest import House


def _session(house: House, query: str, **options: Any) -> Any:
    return InstanceTunnel(house.client).create_download_session(house.client.execute_sql(query), **options)


MANY = "select * from values (1, 'a', 1.5), (2, 'b', 2.5), (3, null, null), (4, 'd', 4.5) as t(id, name, rate) order by id limit 4"


@pytest.fixture(scope="module")
def many(house: House) -> Any:
    return house.client.execute_sql(MANY)


def test_records_come_in_the_order_of_the_result(house: House, many: Any) -> None:
    session = InstanceTunnel(house.client).create_download_session(many)
    assert session.count == 4
    assert [c.name for c in session.schema.columns] == ["id", "name", "rate"]
    with session.open_record_reader(0, 4) as reader:
        assert [record["id"] for record in reader] == [1, 2, 3, 4]
    with session.open_record_reader(1, 2, columns=["name", "id"]) as reader:
        assert [list(record.values) for record in reader] == [["b", 2], [None, 3]]


def test_arrow_in_ranges(house: House, many: Any) -> None:
    session = InstanceTunnel(house.client).create_download_session(many)
    ids: list[int] = []
    for start in range(4):
        with session.open_arrow_reader(start, 1) as reader:
            ids += reader.read().column("id").to_pylist()
    assert ids == [1, 2, 3, 4]


def test_times_keep_their_nanoseconds(house: House) -> None:
    session = _session(
        house, "select timestamp_ntz'2026-05-11 12:34:53.123421123' as n, datetime'2026-05-11 12:34:53' as d"
    )
    with session.open_record_reader(0, 1) as reader:
        record = next(iter(reader))
    assert record["n"] == pd.Timestamp("2026-05-11 12:34:53.123421123")
    with session.open_arrow_reader(0, 1) as reader:
        batch = reader.read()
    assert batch.column("n").to_pylist() == [pd.Timestamp("2026-05-11 12:34:53.123421123")]


def test_missing_times_are_missing_in_arrow(house: House) -> None:
    rows = "values (1, timestamp'2026-05-11 12:34:53'), (2, null) t(id, at)"
    session = _session(house, f"select at, cast(at as timestamp_ntz) as local from {rows} order by id limit 2")
    with session.open_arrow_reader(0, 2) as reader:
        batch = reader.read()
    assert [batch.column(name).is_null().to_pylist() for name in ("at", "local")] == [[False, True]] * 2


def test_two_columns_of_one_name_are_told_apart(house: House) -> None:
    with house.client.execute_sql("select 1 as a, 'x' as b").open_reader(tunnel=True) as reader:
        assert [list(record.values) for record in reader] == [[1, "x"]]


def test_a_limited_session_shows_no_more_than_the_result_text(house: House, many: Any) -> None:
    world = replace(house.world, limits=replace(house.world.limits, result_rows=3))
    caller = Caller("ALIYUN$admin", True)
    found = results.begin(world, caller, house.client.project, many.id, limited=True)
    assert found.rows == 3
    batches = list(results.rows(world, found, results.wire_columns(found), 2, 10))
    assert [batch.num_rows for batch in batches] == [1]
    assert results.begin(world, caller, house.client.project, many.id, limited=False).rows == 4


@pytest.mark.parametrize("query", ["create table if not exists nothing_here (a bigint)", "show tables"])
def test_only_selects_have_rows(house: House, query: str) -> None:
    with pytest.raises(errors.InstanceTypeNotSupported):
        _session(house, query)


def test_unknown_instances_and_sessions(house: House, many: Any) -> None:
    with pytest.raises(errors.NoSuchObject):
        InstanceTunnel(house.client).create_download_session("20260101000000000gabcdefgh")
    with pytest.raises(errors.NoSuchObject):
        InstanceTunnel(house.client).create_download_session(many, download_id="nothing")


def test_no_rows(house: House) -> None:
    session = _session(house, "select id from (select 1 as id) t where id > 1")
    assert session.count == 0
    with house.client.execute_sql("select id from (select 1 as id) t where id > 1").open_reader(tunnel=True) as reader:
        assert list(reader) == []


# previews


@pytest.fixture(scope="module")
def parted(house: House) -> Any:
    table = house.client.create_table("previewed", ("a bigint, d datetime, c char(3)", "pt string"), if_not_exists=True)
    for pt in ("x", "y"):
        with table.open_writer(partition=f"pt={pt}", create_partition=True) as writer:
            writer.write([[n, dt.datetime(2026, 1, 1, n), "ab"] for n in range(3)])
    return table


def test_a_preview_has_all_columns(house: House, parted: Any) -> None:
    with TableTunnel(house.client).open_preview_reader(parted, limit=4, arrow=False) as reader:
        rows = [list(record.values) for record in reader]
    assert rows == [[n, dt.datetime(2026, 1, 1, n), "ab ", "x"] for n in range(3)] + [
        [0, dt.datetime(2026, 1, 1), "ab ", "y"]
    ]


@pytest.mark.parametrize("algorithm", [None, "zstd", "lz4"])
def test_a_preview_of_some_columns_of_a_partition(house: House, parted: Any, algorithm: str | None) -> None:
    with TableTunnel(house.client).open_preview_reader(
        parted, partition_spec="pt=y", columns=["a"], arrow=True, compress_algo=algorithm
    ) as reader:
        assert reader.read().to_pydict() == {"a": [0, 1, 2]}


def test_a_preview_of_an_unknown_partition(house: House, parted: Any) -> None:
    with pytest.raises(errors.NoSuchPartition):
        TableTunnel(house.client).open_preview_reader(parted, partition_spec="pt=z")
