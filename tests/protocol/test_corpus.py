"""All kinds of bad input against a real server, ten times over: refused as documented, and nothing is left behind."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests
from odps import ODPS
from odps.accounts import CloudAccount
from odps.crc import Crc32c

from tools import server

from .edge.bodies import BODIES, job


@dataclass(frozen=True)
class Target:
    ready: server.Ready
    home: Path
    session: requests.Session
    upload: str
    """A tunnel session that bad blocks are sent to."""

    def send(self, method: str, path: str, body: Any = b"", account: Any = None, **headers: str) -> requests.Response:
        request = requests.Request(method, self.ready.endpoint + path, data=body, headers=headers).prepare()
        account = account or CloudAccount(self.ready.access_id, self.ready.secret)
        account.sign_request(request, self.ready.endpoint)
        return self.session.send(request, timeout=60)

    def block(self, body: Any, **headers: str) -> requests.Response:
        path = f"/projects/{self.ready.project}/tables/corpus?uploadid={self.upload}&blockid=0"
        return self.send("PUT", path, body, **{"x-odps-tunnel-version": "6", **headers})

    def left_behind(self) -> dict[str, Any]:
        """Instances, sessions and blocks in the metadata, and the files of the home that are no log or database."""
        with sqlite3.connect(f"file:{self.home / 'meta.db'}?mode=ro", uri=True) as database:
            tables = (
                "instances",
                "tasks",
                "tunnel_sessions",
                "tunnel_blocks",
                "catalogue_tables",
                "users",
                "access_keys",
            )
            rows = {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}
        kept = {str(path) for path in self.home.rglob("*") if path.is_file() and ".db" not in path.name}
        return {**rows, "files": kept}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    home = tmp_path_factory.mktemp("corpus") / "home"
    with server.running(home, home.parent / "server.log") as ready, requests.Session() as session:
        client = ODPS(ready.access_id, ready.secret, ready.project, ready.endpoint, overwrite_global=False)
        client.create_table("corpus", "a bigint, b string")
        reply = client.rest.post(client.get_table("corpus").resource(), params={"uploads": "1"})
        yield Target(ready, home, session, reply.json()["UploadID"])


SQL_THAT_LEAVES = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/hostname')",
    "select * from '/etc/passwd'",
    "select * from glob('/*')",
    "copy corpus to '/tmp/stolen.csv'",
    "attach '/tmp/other.db' as other",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "select * from duckdb_settings()",
    "select getenv('HOME')",
    "select current_setting('allowed_directories')",
    "set memory_limit = '1TB'; pragma threads=1",
    "export database '/tmp/x'",
    "select * from information_schema.tables; checkpoint",
    "call pragma_version()",
    "select read_blob('/etc/shadow')",
    "create table x as select * from parquet_scan('/tmp/*.parquet')",
    "select a.* from corpus a, lateral read_csv_auto('/etc/passwd') b",
]


def record_stream(*, tail: bytes = b"") -> bytes:
    """One record `(1)` as the tunnel's protobuf stream, with a wrong checksum of the record."""
    return b"\x08\x02" + b"\x80\xc0\xff\x7f" + b"\x01" + tail


def arrow_stream() -> bytes:
    """A chunk whose checksum is right around bytes that are no Arrow message."""
    data = b"not arrow at all"
    checksum = Crc32c()
    checksum.update(bytearray(data))
    crc = struct.pack(">I", checksum.getvalue() & 0xFFFFFFFF)
    return struct.pack(">I", 65536) + data + crc


def run(target: Target) -> None:
    """The whole corpus once."""
    project = f"/projects/{target.ready.project}"
    for name, (body, status, _, _) in BODIES.items():
        assert target.send("POST", f"{project}/instances", body).status_code == status, name
    for query in SQL_THAT_LEAVES:
        reply = target.send("POST", f"{project}/instances", job(query))
        assert reply.status_code == 400, query
        assert "ODPS-" in reply.text
    for body in (
        b"",
        b"\xff" * 100,
        record_stream(),
        record_stream(tail=b"\xff" * 20),
        b"\x08",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ):
        assert 400 <= target.block(body).status_code < 500, body
    for body in (b"", b"\x00\x01", struct.pack(">I", 0) + b"abc", struct.pack(">I", 0xFFFFFFFF) + b"x", arrow_stream()):
        path = f"{project}/tables/corpus?uploadid={target.upload}&blockid=0&arrow"
        assert 400 <= target.send("PUT", path, body).status_code < 500, body
    for coding in ("gzip", "deflate", "zstd", "x-snappy-framed", "x-lz4-frame", "nonsense"):
        assert 400 <= target.block(b"not compressed", **{"Content-Encoding": coding}).status_code < 500, coding
    for path in (
        "/tables/corpus?uploadid=unknown&blockid=0",
        f"/tables/corpus?uploadid={target.upload}&blockid=-1",
        f"/tables/corpus?uploadid={target.upload}&blockid=x",
        "/tables/missing?uploadid=x&blockid=0",
    ):
        assert 400 <= target.send("PUT", project + path, b"").status_code < 500, path
    for method, path in (
        ("POST", "/tables/missing?uploads=1"),
        ("POST", "/tables/missing?downloads"),
        ("POST", "/tables/corpus?uploads=1&partition=no%3D1"),
        ("POST", "/tables/corpus?uploadid=unknown"),
        ("POST", "/instances/missing?downloads"),
        ("GET", "/tables/corpus?downloadid=unknown"),
        ("GET", "/tables/corpus?downloadid=unknown&data&rowrange=(0,1)"),
        ("GET", "/tables/corpus?data&linenum=many"),
        ("GET", "/tables/corpus?partitions"),
        ("GET", "/tables/corpus?partition=no%3D'1'"),
        ("GET", "/tables/missing"),
        ("GET", "/resources/missing"),
        ("GET", "/resources/..%2F..%2Fsecret.key"),
        ("GET", "/resources/" + quote("/etc/passwd", safe="")),
        ("GET", "/registration%2Ffunctions/missing"),
        ("GET", "/schemas/missing"),
        ("GET", "/instances?marker=%00"),
        ("PUT", "/instances/missing"),
        ("POST", "/volumes"),
    ):
        status = target.send(method, project + path).status_code
        assert 400 <= status < 500, (method, path, status)
    stranger = CloudAccount(target.ready.access_id, "wrong")
    assert target.send("GET", project, account=stranger).status_code == 403
    assert target.send("GET", project, account=CloudAccount("nobody", "x")).status_code == 401
    assert target.send("POST", f"{project}/instances", b" " * 9_000_000).status_code == 413
    old = target.send("GET", project, Date="Fri, 20 Nov 2020 03:29:39 GMT")
    assert "RequestTimeTooSkewed" in old.text
    unsigned = target.session.get(
        target.ready.endpoint + project, headers={"Date": formatdate(usegmt=True)}, timeout=60
    )
    assert unsigned.status_code == 401


def test_the_whole_corpus_ten_times(target: Target) -> None:
    process = psutil.Process(target.ready.pid)
    before = target.left_behind()
    run(target)
    first = process.memory_info().rss
    for _ in range(9):
        run(target)
    assert process.memory_info().rss - first < 50 * 2**20
    assert target.left_behind() == before
