"""Rows a second through the table tunnel, up and down, as records and as Arrow, beside Arrow IPC over a loopback socket."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

TABLE = "bench_tunnel"
BATCH_ROWS = 65_536
AIM = 0.5
SCHEMA = pa.schema([("id", pa.int64()), ("price", pa.float64()), ("name", pa.string()), ("at", pa.timestamp("ms"))])
COLUMNS = "id bigint, price double, name string, at datetime"


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Made of four different batches, so that making them costs nothing while they are sent."""
    random = np.random.default_rng(1)
    made = []
    for _ in range(4):
        ids = random.integers(0, 1 << 40, BATCH_ROWS)
        names = pa.array([f"name-{n % 5000}" for n in ids.tolist()])
        times = pa.array(random.integers(0, 1_700_000_000_000, BATCH_ROWS)).cast(pa.timestamp("ms"))
        made.append(
            pa.RecordBatch.from_arrays(
                [pa.array(ids), pa.array(random.random(BATCH_ROWS)), names, times], schema=SCHEMA
            )
        )
    sent = 0
    while sent < rows:
        batch = made[sent // BATCH_ROWS % 4][: rows - sent]
        sent += batch.num_rows
        yield batch


def run(client: Any, rows: int) -> None:
    """Print rows a second of each way."""
    print(f"\n{rows:,} rows of ({COLUMNS})       rows/s   of loopback")
    limit = _show("Arrow IPC over loopback", _loopback(rows), rows, None)
    client.execute_sql(f"drop table if exists {TABLE}")
    client.execute_sql(f"create table {TABLE} ({COLUMNS})")
    _show("upload, Arrow", _upload_arrow(client, rows), rows, limit)
    download = _show("download, Arrow", _download_arrow(client, rows), rows, limit)
    _show("the client's checksums of that stream, alone", _checksums(rows), rows, limit)
    _show("download, records", _download_records(client, rows), rows, limit)
    _show("upload, records", _upload_records(client, rows), rows, limit)
    print(f"aim: Arrow download at least {AIM:g} of loopback; it is {download / limit:.2f}")


def _show(label: str, seconds: float, rows: int, limit: float | None) -> float:
    speed = rows / seconds
    print(f"{label:<58} {speed:12,.0f}" + (f" {speed / limit:10.2f}" if limit else ""))
    return speed


def _loopback(rows: int) -> float:
    """Another process sends the same batches over TCP; this one reads all of them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"from benchmarks.tunnels import send; send({port}, {rows})"
        sender = subprocess.Popen([sys.executable, "-c", code])
        connection, _ = listener.accept()
        with connection, connection.makefile("rb", buffering=1 << 20) as stream:
            stream.read(1)
            began = time.perf_counter()
            got = sum(batch.num_rows for batch in pa.ipc.open_stream(stream))
            seconds = time.perf_counter() - began
        sender.wait()
    assert got == rows
    return seconds


def send(port: int, rows: int) -> None:
    """The sending side of `_loopback`: a mark when everything is made, then the stream."""
    made = list(batches(rows))
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        connection.makefile("wb", buffering=1 << 20) as sink,
    ):
        sink.write(b"!")
        sink.flush()
        with pa.ipc.new_stream(sink, SCHEMA) as writer:
            for batch in made:
                writer.write_batch(batch)


def _checksums(rows: int) -> float:
    """The client sums every byte of an Arrow stream twice, once for its chunk and once for the whole; nothing a server does can make
    a download faster than that."""
    from odps.tunnel.checksum import Checksum

    messages = [bytes(batch.serialize()) for batch in batches(rows)]
    chunk, whole = Checksum("crc32c"), Checksum("crc32c")
    began = time.perf_counter()
    for message in messages:
        chunk.update(message)
        whole.update(message)
    return time.perf_counter() - began


def _upload_arrow(client: Any, rows: int) -> float:
    from odps.tunnel import TableTunnel

    made = list(batches(rows))
    began = time.perf_counter()
    session = TableTunnel(client).create_upload_session(TABLE, overwrite=True)
    with session.open_arrow_writer(0) as writer:
        for batch in made:
            writer.write(batch)
    session.commit([0])
    return time.perf_counter() - began


def _upload_records(client: Any, rows: int) -> float:
    from odps.tunnel import TableTunnel

    table = client.get_table(TABLE)
    values = next(iter(batches(BATCH_ROWS))).to_pylist()
    records = [table.new_record([row["id"], row["price"], row["name"], row["at"]]) for row in values]
    began = time.perf_counter()
    session = TableTunnel(client).create_upload_session(TABLE, overwrite=True)
    with session.open_record_writer(0) as writer:
        for number in range(rows):
            writer.write(records[number % BATCH_ROWS])
    session.commit([0])
    return time.perf_counter() - began


def _download_arrow(client: Any, rows: int) -> float:
    from odps.tunnel import TableTunnel

    began = time.perf_counter()
    session = TableTunnel(client).create_download_session(TABLE)
    with session.open_arrow_reader(0, session.count) as reader:
        got = sum(batch.num_rows for batch in reader)
    seconds = time.perf_counter() - began
    assert got == rows
    return seconds


def _download_records(client: Any, rows: int) -> float:
    from odps.tunnel import TableTunnel

    began = time.perf_counter()
    session = TableTunnel(client).create_download_session(TABLE)
    with session.open_record_reader(0, session.count) as reader:
        got = sum(1 for _ in reader)
    seconds = time.perf_counter() - began
    assert got == rows
    return seconds
