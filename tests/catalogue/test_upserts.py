"""Upsert sessions: rows that replace and delete rows by their key."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from taskhouse.domain.catalogue import TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.transfer import UploadStatus
from taskhouse.services.tunnel import upload, upsert
from taskhouse.sql.arrow import stored_schema

NAME = TableName("p", "default", "t")


@pytest.fixture
def keyed(shell):
    shell.run(
        "create table t (k bigint not null, v string, primary key (k)) partitioned by (pt string)"
        " tblproperties ('transactional'='true'); alter table t add partition (pt='x') partition (pt='y')"
    )
    return shell


def begin(shell, partition: str = "pt=x"):
    return upsert.begin(shell.world, shell.caller, NAME, partition)


def send(shell, view, *rows: tuple[str, int | None, str | None]) -> None:
    """Rows are `(operation, key, value)`."""
    columns = upsert.wire_columns(view)
    schema = stored_schema(columns)
    values = [
        [k for _, k, _ in rows],
        [v for _, _, v in rows],
        [1] * len(rows),
        [1] * len(rows),
        [ord(op) for op, _, _ in rows],
    ]
    values += [[[0]] * len(rows), [[0, 1]] * len(rows)]
    arrays = [pa.array(item, field.type) for item, field in zip(values, schema, strict=True)]
    upsert.put(shell.world, view, iter([pa.record_batch(arrays, schema=schema)]))


def upserted(shell, *rows: tuple[str, int | None, str | None], partition: str = "pt=x") -> None:
    view = begin(shell, partition)
    send(shell, view, *rows)
    upsert.commit(shell.world, upsert.find(shell.world, shell.caller, NAME, view.upload.id))


def test_the_last_row_of_a_key_stays(keyed) -> None:
    upserted(keyed, ("U", 1, "a"), ("U", 2, "b"), ("U", 1, "c"), ("D", 2, None), ("D", 9, None))
    assert keyed.rows("t") == ['1,"c","x"']
    upserted(keyed, ("U", 1, "d"), ("U", 3, "e"))
    upserted(keyed, ("U", 1, "other"), partition="pt=y")
    assert keyed.rows("t") == ['1,"d","x"', '1,"other","y"', '3,"e","x"']
    upserted(keyed, ("D", 1, None), ("D", 3, None))
    assert keyed.rows("t") == ['1,"other","y"']
    partitions = keyed.world.catalogue.all_partitions(keyed.table("t").id)
    assert [(p.values, p.rows) for p in partitions] == [(("x",), 0), (("y",), 1)]


def test_requests_take_effect_in_their_order(keyed) -> None:
    view = begin(keyed)
    for number in range(5):
        keyed.clock.ahead = timedelta(milliseconds=number)
        send(keyed, view, ("U", 1, str(number)))
    upsert.commit(keyed.world, upsert.find(keyed.world, keyed.caller, NAME, view.upload.id))
    assert keyed.rows("t") == ['1,"4","x"']


def test_a_commit_is_made_once(keyed) -> None:
    view = begin(keyed)
    send(keyed, view, ("U", 1, "a"))
    found = upsert.find(keyed.world, keyed.caller, NAME, view.upload.id)
    closing = keyed.world.sessions.begin_commit(view.upload.id, [b.id for b in found.blocks], keyed.clock.now())
    upload.finish(keyed.world, closing)
    upserted(keyed, ("U", 1, "later"))
    upload.finish(keyed.world, closing)
    assert keyed.rows("t") == ['1,"later","x"']
    again = upsert.find(keyed.world, keyed.caller, NAME, view.upload.id)
    assert upsert.commit(keyed.world, again).status is UploadStatus.CLOSED


def test_nothing_sent_and_nothing_kept(keyed) -> None:
    view = begin(keyed)
    upsert.commit(keyed.world, view)
    view = begin(keyed)
    send(keyed, view, ("U", 1, "a"))
    upsert.abort(keyed.world, view)
    assert keyed.rows("t") == []
    gone = upsert.find(keyed.world, keyed.caller, NAME, view.upload.id)
    assert gone.upload.status is UploadStatus.CANCELED
    with pytest.raises(Fault) as caught:
        send(keyed, gone, ("U", 1, "a"))
    assert caught.value.code is FaultCode.INVALID_STATE


@pytest.mark.parametrize(
    ("row", "words"),
    [(("U", None, "a"), "primary key"), (("D", None, None), "primary key"), (("X", 1, "a"), "operation")],
)
def test_rows_that_make_no_sense_are_refused(keyed, row: tuple[str, int | None, str | None], words: str) -> None:
    with pytest.raises(Fault, match=words):
        send(keyed, begin(keyed), row)


def test_rows_are_only_upserted_where_there_is_a_key(keyed) -> None:
    keyed.run("create table flat (a bigint); create table noted (a bigint not null, primary key (a))")
    for name in ("flat", "noted"):
        with pytest.raises(Fault, match="no primary key"):
            upsert.begin(keyed.world, keyed.caller, TableName("p", "default", name), "")
    assert keyed.table("noted").primary_key == ("a",)
    upload.begin(
        keyed.world, keyed.caller, TableName("p", "default", "noted"), "", create_partition=False, overwrite=False
    )
    with pytest.raises(Fault, match="upsert session"):
        upload.begin(keyed.world, keyed.caller, NAME, "pt=x", create_partition=False, overwrite=False)
