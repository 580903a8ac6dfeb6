"""Upload and download sessions through the released client: what a user sees of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from odps import errors
from odps.tunnel import InstanceTunnel, TableTunnel

from taskhouse.services.access import keys
from taskhouse.services.tunnel import housekeeping
from tests.protocol.tunnel.conftest import House, running


def _table(house: House, name: str, columns: Any) -> Any:
    house.client.delete_table(name, if_exists=True)
    return house.client.create_table(name, columns)


def _upload(house: House, name: str, blocks: dict[int, list[list[Any]]], **options: Any) -> Any:
    session = TableTunnel(house.client).create_upload_session(name, **options)
    for block, rows in blocks.items():
        _put(session, block, rows)
    return session


def _put(session: Any, block: int, rows: list[list[Any]]) -> None:
    with session.open_record_writer(block) as writer:
        for row in rows:
            writer.write(session.new_record(row))


def _rows(house: House, name: str, partition: str | None = None, columns: list[str] | None = None) -> list[list[Any]]:
    session = TableTunnel(house.client).create_download_session(name, partition_spec=partition)
    with session.open_record_reader(0, session.count, columns=columns, append_partitions=False) as reader:
        return [list(record.values) for record in reader]


ALL_TYPES = (
    "a tinyint, b smallint, c int, d bigint, e float, f double, g boolean, h string, i binary, j date, k datetime, "
    "l timestamp, m timestamp_ntz, n decimal, o decimal(10,2), p char(5), q varchar(5), r array<string>, "
    "s map<string,bigint>, t struct<x:bigint,y:array<double>>, u json"
)


def _all_types_row() -> list[Any]:
    import pandas as pd

    return [
        *[-1, 300, 70_000, 2**62, 1.5, 2.25, True, "héllo", b"\x80\xc0\xff\x7f", dt.date(2026, 11, 20)],
        dt.datetime(2026, 11, 20, 5, 6, 7, 250_000),
        pd.Timestamp("2026-11-20 05:06:07.123456789"),
        pd.Timestamp("2026-11-20 05:06:07.123456789"),
        *[Decimal("1.5"), Decimal("12345678.25"), "ab   ", "abcde", ["x", None], {"k": 1, "n": None}],
        *[(7, [1.5, None]), {"j": [1]}],
    ]


def _seen(values: list[Any]) -> list[Any]:
    return [tuple(v) if isinstance(v, tuple) else v for v in values]


def test_every_type_comes_back_as_records(house: House) -> None:
    _table(house, "every_type", ALL_TYPES)
    row = _all_types_row()
    empty = [None] * len(row)
    _upload(house, "every_type", {0: [row, empty], 1: [row]}).commit([0, 1])
    assert [_seen(values) for values in _rows(house, "every_type")] == [_seen(row), empty, _seen(row)]


def test_every_type_comes_back_as_arrow(house: House) -> None:
    _table(house, "every_type_arrow", ALL_TYPES.removesuffix(", u json"))
    row = _all_types_row()[:-1]
    _upload(house, "every_type_arrow", {0: [row, [None] * len(row)]}).commit([0])
    session = TableTunnel(house.client).create_download_session("every_type_arrow")
    with session.open_arrow_reader(0, session.count) as reader:
        first = reader.read()
    upload = TableTunnel(house.client).create_upload_session("every_type_arrow", overwrite=True)
    with upload.open_arrow_writer(0) as writer:
        writer.write(first)
    upload.commit([0])
    assert [_seen(values) for values in _rows(house, "every_type_arrow")] == [_seen(row), [None] * len(row)]


def test_json_cannot_go_as_arrow_and_the_client_is_told_to_use_records(house: House) -> None:
    _table(house, "json_only", "j json")
    _upload(house, "json_only", {0: [[{"a": 1}]]}).commit([0])
    session = TableTunnel(house.client).create_download_session("json_only")
    with pytest.raises(errors.MethodNotAllowed, match="records"):
        session._build_input_stream(0, 1, arrow=True)


@pytest.mark.parametrize("algorithm", ["zlib", "zstd", "lz4", "snappy"])
@pytest.mark.parametrize("arrow", [False, True])
def test_encodings_go_both_ways(house: House, algorithm: str, arrow: bool) -> None:
    name = f"encoded_{algorithm}_{arrow}".lower()
    _table(house, name, "a bigint, b string")
    tunnel = TableTunnel(house.client)
    upload = tunnel.create_upload_session(name, compress_algo=algorithm)
    rows = [[n, f"text {n % 7}"] for n in range(3000)]
    if arrow:
        with upload.open_arrow_writer(0, compress=True) as writer:
            writer.write(pa.table({"a": [r[0] for r in rows], "b": [r[1] for r in rows]}))
    else:
        with upload.open_record_writer(0, compress=True) as writer:
            for row in rows:
                writer.write(upload.new_record(row))
    upload.commit([0])
    session = tunnel.create_download_session(name, compress_algo=algorithm)
    if arrow:
        with session.open_arrow_reader(0, session.count, compress=True) as reader:
            assert [list(r.values()) for r in reader.read().to_pylist()] == rows
    else:
        with session.open_record_reader(0, session.count, compress=True) as reader:
            assert [list(record.values) for record in reader] == rows


# sessions


def test_a_block_sent_again_replaces_itself(house: House) -> None:
    _table(house, "again", "a bigint")
    session = _upload(house, "again", {0: [[1]], 1: [[2]]})
    _put(session, 0, [[3], [4]])
    assert len(house.staged()) == 2
    session.reload()
    assert sorted(session.get_block_list()) == [0, 1]
    session.commit([0, 1])
    assert sorted(_rows(house, "again")) == [[2], [3], [4]]
    assert house.staged() == []


def test_a_commit_sent_again_changes_nothing(house: House) -> None:
    _table(house, "twice", "a bigint")
    session = _upload(house, "twice", {0: [[1]]})
    session.commit([0])
    session._complete_upload()
    assert _rows(house, "twice") == [[1]]


def test_overwrite_replaces_what_was_there_only_at_the_commit(house: House) -> None:
    _table(house, "replaced", "a bigint")
    _upload(house, "replaced", {0: [[1]]}).commit([0])
    session = _upload(house, "replaced", {0: [[2]]}, overwrite=True)
    assert _rows(house, "replaced") == [[1]]
    session.commit([0])
    assert _rows(house, "replaced") == [[2]]
    _upload(house, "replaced", {}, overwrite=True).commit([])
    assert _rows(house, "replaced") == []


def test_partitions_are_separate(house: House) -> None:
    _table(house, "parted", ("a bigint", "pt string, hh bigint"))
    with pytest.raises(errors.NoSuchPartition):
        TableTunnel(house.client).create_upload_session("parted", partition_spec="pt=none,hh=02")
    spec = "pt=a b,hh=02"
    _upload(house, "parted", {0: [[1]]}, partition_spec=spec, create_partition=True).commit([0])
    _upload(house, "parted", {0: [[2]]}, partition_spec="pt=other,hh=2", create_partition=True).commit([0])
    assert _rows(house, "parted", spec) == [[1]]
    assert _rows(house, "parted", "pt=other,hh=2") == [[2]]
    with pytest.raises(errors.InvalidArgument, match="partition"):
        TableTunnel(house.client).create_upload_session("parted")


def test_a_download_keeps_its_rows_while_the_table_changes(house: House) -> None:
    _table(house, "kept", "a bigint")
    _upload(house, "kept", {0: [[n] for n in range(10)]}).commit([0])
    tunnel = TableTunnel(house.client)
    before = tunnel.create_download_session("kept")
    _upload(house, "kept", {0: [[99]]}, overwrite=True).commit([0])
    with before.open_record_reader(3, 4) as reader:
        assert [record[0] for record in reader] == [3, 4, 5, 6]
    before.reload()
    assert before.status.value == "EXPIRED"
    assert before.count == 10
    assert _rows(house, "kept") == [[99]]


def test_a_table_object_reads_on_when_its_table_is_made_again(house: House) -> None:
    table = _table(house, "renewed", "a bigint")
    _upload(house, "renewed", {0: [[1]]}).commit([0])
    old = TableTunnel(house.client).create_download_session("renewed")
    with table.open_reader() as reader:
        assert [record[0] for record in reader] == [1]
    _table(house, "renewed", "a bigint")
    with pytest.raises(errors.TableModified):
        old._build_input_stream(0, 1)
    _upload(house, "renewed", {0: [[2]]}).commit([0])
    with table.open_reader() as reader:
        assert [record[0] for record in reader] == [2]


def test_ranges_and_columns(house: House) -> None:
    _table(house, "ranges", "a bigint, b string, c double")
    _upload(house, "ranges", {n: [[10 * n + i, str(i), i / 2] for i in range(10)] for n in range(3)}).commit([0, 1, 2])
    session = TableTunnel(house.client).create_download_session("ranges")
    whole = _rows(house, "ranges")
    for start, count in [(0, 30), (0, 1), (9, 2), (10, 10), (25, 5), (29, 1)]:
        with session.open_record_reader(start, count, columns=["c", "a"]) as reader:
            assert [list(r.values) for r in reader] == [[row[2], row[0]] for row in whole[start : start + count]]
        with session.open_arrow_reader(start, count, columns=["c", "a"]) as reader:
            got = reader.read()
        assert got.column_names == ["c", "a"]
        assert got.column("a").to_pylist() == [row[0] for row in whole[start : start + count]]
    with pytest.raises(errors.InvalidArgument, match="nosuch"):
        session._build_input_stream(0, 1, columns=["nosuch"])


def test_columns_added_later_are_null_in_older_rows(house: House) -> None:
    _table(house, "grown", "a bigint")
    _upload(house, "grown", {0: [[1]]}).commit([0])
    pending = _upload(house, "grown", {0: [[2]]})
    house.client.execute_sql("alter table grown add columns (b string)")
    with pytest.raises(errors.TableModified):
        pending.commit([0])
    _upload(house, "grown", {0: [[3, "x"]]}).commit([0])
    assert sorted(_rows(house, "grown")) == [[1, None], [3, "x"]]


@pytest.mark.parametrize(
    ("columns", "row", "part"),
    [
        ("a bigint not null, b string", [None, "x"], "NOT NULL"),
        ("a bigint, b decimal", [1, Decimal("1" * 30)], "38 digits"),
    ],
)
def test_rows_that_the_table_cannot_hold_are_refused_and_leave_nothing(
    house: House, columns: str, row: list[Any], part: str
) -> None:
    _table(house, "strict", columns)
    session = TableTunnel(house.client).create_upload_session("strict")
    before = house.staged()
    with pytest.raises(errors.InvalidArgument, match=part):
        _put(session, 0, [row])
    assert house.staged() == before
    session.reload()
    assert session.get_block_list() == []


def test_sessions_are_known_after_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        _table(first, "resumed", "a bigint")
        session = _upload(first, "resumed", {0: [[1]]})
        upload_id = session.id
        _upload(first, "resumed", {0: [[7]]}).commit([0])
        download_id = TableTunnel(first.client).create_download_session("resumed").id
    with running(home) as second:
        tunnel = TableTunnel(second.client)
        resumed = tunnel.create_upload_session("resumed", upload_id=upload_id)
        assert resumed.get_block_list() == [0]
        _put(resumed, 1, [[2]])
        resumed.reload()
        resumed.commit([0, 1])
        again = tunnel.create_download_session("resumed", download_id=download_id)
        with again.open_record_reader(0, 1) as reader:
            assert [record[0] for record in reader] == [7]
        assert sorted(_rows(second, "resumed")) == [[1], [2], [7]]


def test_a_commit_that_was_cut_short_is_finished_at_the_next_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        _table(first, "cut", "a bigint")
        session = _upload(first, "cut", {0: [[1]], 1: [[2]]})
        first.world.sessions.begin_commit(session.id, [0, 1], first.world.clock.now())
    with running(home) as second:
        assert sorted(_rows(second, "cut")) == [[1], [2]]
        assert second.world.sessions.unfinished_commits() == ()
        resumed = TableTunnel(second.client).create_upload_session("cut", upload_id=session.id)
        assert resumed.status.value == "CLOSED"
        assert second.staged() == []


def test_forgotten_sessions_go_with_their_files(house: House) -> None:
    _table(house, "forgotten", "a bigint")
    session = _upload(house, "forgotten", {0: [[1]]})
    download = TableTunnel(house.client).create_download_session("forgotten")
    assert house.staged()
    later = house.world.clock.now() + dt.timedelta(hours=house.world.limits.session_hours + 1)
    assert housekeeping.forget_sessions(house.world, later) >= 2
    assert house.staged() == []
    for each in (session, download):
        with pytest.raises(errors.NoSuchObject):
            each.reload()


def test_a_session_of_another_table_is_not_found(house: House) -> None:
    _table(house, "mine", "a bigint")
    _table(house, "other", "a bigint")
    session = _upload(house, "mine", {0: [[1]]})
    with pytest.raises(errors.NoSuchObject):
        TableTunnel(house.client).create_upload_session("other", upload_id=session.id)
    with pytest.raises(errors.NoSuchObject):
        TableTunnel(house.client).create_download_session("mine", download_id="nothing")


def test_views_and_missing_tables_are_refused(house: House) -> None:
    house.client.execute_sql("create view if not exists looked as select 1 as a")
    with pytest.raises(errors.InvalidArgument, match="view"):
        TableTunnel(house.client).create_download_session("looked")
    with pytest.raises(errors.NoSuchTable):
        TableTunnel(house.client).create_download_session("missing_table")


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("get", {"data": ""}),
        ("get", {"data": "", "rowrange": "(0)"}),
        ("get", {"data": "", "rowrange": "(0,-1)"}),
        ("get", {"data": "", "rowrange": "(0,1)", "columns": "a,nosuch"}),
    ],
)
def test_malformed_reads_are_refused(house: House, method: str, query: dict[str, str]) -> None:
    table = _table(house, "malformed", "a bigint")
    session = TableTunnel(house.client).create_download_session("malformed")
    with pytest.raises((errors.InvalidParameter, errors.InvalidArgument)):
        getattr(house.client.rest, method)(table.resource(), params={"downloadid": session.id, **query})


def test_a_block_needs_a_number(house: House) -> None:
    table = _table(house, "numberless", "a bigint")
    session = TableTunnel(house.client).create_upload_session("numberless")
    for block in ({}, {"blockid": "x"}, {"blockid": "99999999999"}):
        with pytest.raises((errors.InvalidParameter, errors.InvalidArgument)):
            house.client.rest.put(table.resource(), data=b"", params={"uploadid": session.id, **block})


def test_a_new_session_is_not_followed_by_an_idle_connection(house: House) -> None:
    """Clients fork behind it, and their processes would take each other's replies."""
    table = _table(house, "forked", "a bigint")
    for query in ({"uploads": "1"}, {"downloads": ""}):
        reply = house.client.rest.post(table.resource(), data="", params=query)
        assert reply.headers["connection"] == "close"


def test_a_session_is_its_makers_only(house: House) -> None:
    """Whoever else may read and write the table begins a session of their own."""
    from odps import ODPS

    _table(house, "ours", "a bigint")
    user = house.world.access.add_user("ALIYUN$other", house.world.clock.now(), is_admin=True)
    key = keys.issue(house.world, user.name)
    other = ODPS(
        key.access_id,
        key.secret,
        project=house.client.project,
        endpoint=house.client.endpoint,
        tunnel_endpoint=house.client.endpoint,
        overwrite_global=False,
    )
    upload = _upload(house, "ours", {0: [[1]]})
    result = house.client.execute_sql("select 1 as one")
    tunnel, theirs = TableTunnel(house.client), TableTunnel(other)
    with pytest.raises(errors.NoSuchObject, match="upload session"):
        theirs.create_upload_session("ours", upload_id=upload.id).commit([0])
    upload.commit([0])
    download = tunnel.create_download_session("ours")
    with pytest.raises(errors.NoSuchObject, match="download session"):
        theirs.create_download_session("ours", download_id=download.id)
    mine = InstanceTunnel(house.client).create_download_session(result.id)
    with pytest.raises(errors.NoSuchObject, match="download session"):
        InstanceTunnel(other).create_download_session(result.id, download_id=mine.id)
    assert InstanceTunnel(other).create_download_session(result.id).count == 1
