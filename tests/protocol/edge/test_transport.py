"""Streams, broken connections and defects at the border between HTTP and handlers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import requests

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.limits import Limits
from taskhouse.protocols.odps.asgi import App
from taskhouse.protocols.odps.server import Server
from taskhouse.protocols.odps.web import Reply, Request, Routes, on_worker
from taskhouse.services.world import Caller, World

CHUNK = b"x" * 100_000


@dataclass
class Seen:
    closed: threading.Event
    sent: int = 0


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen(threading.Event())


@pytest.fixture(scope="module")
def server(seen: Seen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    routes = Routes()

    @routes.post("/count")
    def count(world: World, request: Request) -> Reply:
        total = 0
        while data := request.stream.read(70_001):
            total += len(data)
        return Reply(200, str(total))

    @routes.post("/ignore")
    def ignore(world: World, request: Request) -> Reply:
        return Reply(200, "ignored")

    @routes.get("/stream")
    def stream(world: World, request: Request) -> Reply:
        return Reply(200, (CHUNK for _ in range(100)), media_type="application/octet-stream")

    @routes.get("/endless")
    def endless(world: World, request: Request) -> Reply:
        def chunks() -> Iterator[bytes]:
            try:
                while True:
                    seen.sent += len(CHUNK)
                    yield CHUNK
            finally:
                seen.closed.set()

        return Reply(200, chunks())

    @routes.get("/stream", "empty")
    def empty(world: World, request: Request) -> Reply:
        return Reply(200, iter(()))

    @routes.get("/stream", "refused")
    def refused(world: World, request: Request) -> Reply:
        def chunks() -> Iterator[bytes]:
            raise Fault(FaultCode.TABLE_MODIFIED, "changed meanwhile")
            yield b""

        return Reply(200, chunks())

    @routes.get("/stream", "cut")
    def cut(world: World, request: Request) -> Reply:
        def chunks() -> Iterator[bytes]:
            yield CHUNK
            raise RuntimeError("disk on fire")

        return Reply(200, chunks())

    @routes.get("/defect")
    def defect(world: World, request: Request) -> Reply:
        raise RuntimeError("secret details")

    @routes.waiting("GET", "/waiting")
    async def waiting(world: World, request: Request) -> Reply:
        return Reply(200, await on_worker(lambda: threading.current_thread().name))

    @routes.get("/headers")
    def headers(world: World, request: Request) -> Reply:
        return Reply(200, request.headers.get("x-odps-comment", ""), {"x-odps-comment": "中文\r\nInjected: 1"})

    world = cast(World, SimpleNamespace(limits=Limits()))
    app = App(world, [routes], authenticate=lambda *_: Caller("ALIYUN$someone"))
    served = Server(app, host="127.0.0.1", path=tmp_path_factory.mktemp("socket") / "http.sock")
    served.start()
    yield served
    served.stop()


@pytest.mark.parametrize("size", [0, 1, 70_001, 1_000_000, 20_000_000])
def test_bodies_of_any_size_arrive_whole(server: Server, size: int) -> None:
    body = b"y" * size
    assert requests.post(server.url + "/count", data=body, timeout=30).text == str(size)
    pieces = (body[at : at + 65_537] for at in range(0, size, 65_537))
    assert requests.post(server.url + "/count", data=pieces, timeout=30).text == str(size)


def test_a_body_nobody_reads_does_not_matter(server: Server) -> None:
    with requests.Session() as session:
        for _ in range(3):
            pieces = (CHUNK for _ in range(200))
            assert session.post(server.url + "/ignore", data=pieces, timeout=30).text == "ignored"


def test_streamed_replies(server: Server) -> None:
    reply = requests.get(server.url + "/stream", timeout=30)
    assert reply.content == CHUNK * 100
    assert reply.headers["x-odps-request-id"]
    assert "content-encoding" not in reply.headers
    assert requests.get(server.url + "/stream?empty", timeout=30).content == b""


def test_a_reader_who_leaves_ends_the_stream(server: Server, seen: Seen) -> None:
    with requests.get(server.url + "/endless", stream=True, timeout=30) as reply:
        next(reply.iter_content(1000))
    assert seen.closed.wait(20)
    assert seen.sent < 100_000_000


def test_faults_before_the_first_byte_are_told(server: Server) -> None:
    reply = requests.get(server.url + "/stream?refused", timeout=30)
    assert reply.status_code == 409
    assert "<Code>TableModified</Code>" in reply.text


def test_a_stream_that_breaks_is_not_ended_properly(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(server.url + "/stream?cut", timeout=30)
    assert "disk on fire" in caplog.text


def test_defects_keep_their_details_to_the_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = requests.get(server.url + "/defect", timeout=30)
    assert reply.status_code == 500
    assert "<Code>InternalServerError</Code>" in reply.text
    assert "secret details" not in reply.text
    assert "secret details" in caplog.text
    assert reply.headers["x-odps-request-id"] in reply.text
    assert caplog.records[0].__dict__["request_id"] == reply.headers["x-odps-request-id"]


def test_waiting_handlers_and_head(server: Server) -> None:
    assert requests.get(server.url + "/waiting", timeout=30).text.startswith("http")
    reply = requests.head(server.url + "/waiting", timeout=30)
    assert reply.status_code == 200
    assert reply.content == b""


def test_header_values_cannot_add_headers(server: Server) -> None:
    reply = requests.get(server.url + "/headers", headers={"x-odps-comment": "grün".encode()}, timeout=30)
    assert reply.text == "grün"
    assert "Injected" not in reply.headers
    assert reply.headers["x-odps-comment"].encode("latin-1").decode() == "中文  Injected: 1"


def test_a_unix_socket_and_a_port_serve_the_same(server: Server, tmp_path: Path) -> None:
    import requests_unixsocket

    path = server.path
    assert path is not None
    with requests_unixsocket.Session() as session:
        url = "http+unix://" + str(path).replace("/", "%2F")
        assert session.post(url + "/count", data=b"abc").text == "3"
    with pytest.raises(OSError, match="another server listens"):
        Server(cast(App, None), path=path)


def test_a_port_opened_later(tmp_path: Path) -> None:
    routes = Routes()

    @routes.public("/here")
    def here(world: World, request: Request) -> Reply:
        return Reply(200, "yes")

    app = App(cast(World, SimpleNamespace(limits=Limits())), [routes], authenticate=lambda *_: Caller(""))
    server = Server(app, path=tmp_path / "s.sock")
    server.start()
    try:
        url = server.open_port()
        assert server.open_port() == url
        assert requests.get(url + "/here", timeout=30).text == "yes"
    finally:
        server.stop()
        server.stop()
    assert not (tmp_path / "s.sock").exists()


def test_a_port_in_use_is_said(server: Server) -> None:
    assert server.address is not None
    with pytest.raises(OSError, match="cannot listen on"):
        Server(cast(App, None), host="127.0.0.1", port=server.address[1])
