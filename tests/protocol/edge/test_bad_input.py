"""Malformed, hostile and oversized requests: each gets its documented refusal, and nothing is left behind."""

from __future__ import annotations

import contextlib
import gc
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import requests
from odps import errors
from odps.accounts import CloudAccount

from taskhouse.protocols import bounded_http
from taskhouse.protocols.odps.app import build_app
from taskhouse.protocols.odps.server import Server

from .bodies import BODIES
from .conftest import Edge


@dataclass(frozen=True)
class Answer:
    status: int
    code: str
    message: str
    request_id: str


def read(reply: requests.Response) -> Answer:
    root = ElementTree.fromstring(reply.content)
    values = {child.tag: child.text or "" for child in root}
    assert root.tag == "Error"
    assert set(values) == {"Code", "Message", "RequestId", "HostId"}
    assert values["RequestId"] == reply.headers["x-odps-request-id"]
    return Answer(reply.status_code, values["Code"], values["Message"], values["RequestId"])


def send(edge: Edge, method: str, path: str, body: bytes | Iterator[bytes] = b"", **headers: str) -> requests.Response:
    """A signed request of any shape."""
    request = requests.Request(method, edge.url + "/api" + path, data=body, headers=headers).prepare()
    CloudAccount(edge.admin.access_id, edge.admin.secret).sign_request(request, edge.url + "/api")
    with requests.Session() as session:
        return session.send(request)


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_no_job(edge: Edge, name: str) -> None:
    body, status, code, message = BODIES[name]
    answer = read(send(edge, "POST", "/projects/edge/instances", body, **{"Content-Type": "application/xml"}))
    assert (answer.status, answer.code) == (status, code)
    assert message in answer.message


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/projects/missing/instances", 404, "NoSuchProject"),
        ("POST", "/projects/missing/authorization", 404, "NoSuchProject"),
        ("GET", "/projects/missing/tunnel?service", 404, "NoSuchProject"),
        ("GET", "/projects/edge/instances/missing", 404, "NoSuchObject"),
        ("GET", "/projects/edge/instances/..%2F..%2Fetc%2Fpasswd", 404, "NoSuchObject"),
        ("GET", "/projects/edge/instances/missing?result", 404, "NoSuchObject"),
        ("GET", "/projects/edge/instances/missing?instancestatus", 404, "NoSuchObject"),
        ("GET", "/projects/edge/roles/missing", 404, "NoSuchObject"),
        ("GET", "/projects/edge/users/missing%24%24", 404, "NoSuchObject"),
        ("GET", "/projects/edge/authorization/@@@", 404, "NoSuchObject"),
        ("GET", "/quotas/missing", 404, "NoSuchObject"),
        ("GET", "/", 404, "NoSuchObject"),
        ("GET", "/no/such/path", 404, "NoSuchObject"),
        ("GET", "/projects/edge/instances/%00%0d%0aX-Injected:%201", 404, "NoSuchObject"),
        ("DELETE", "/projects/edge/instances", 405, "MethodNotAllowed"),
        ("PATCH", "/projects/edge/instances", 405, "MethodNotAllowed"),
        ("GET", "/projects/edge/volumes/v", 405, "MethodNotAllowed"),
        ("GET", "/catalogapi", 405, "MethodNotAllowed"),
        ("GET", "/projects/edge/instances?status=Happy", 400, "InvalidParameter"),
        ("GET", "/projects/edge/instances?daterange=yesterday:today", 400, "InvalidParameter"),
        ("GET", "/projects/edge/instances?daterange=9e99:", 400, "InvalidParameter"),
        ("GET", "/projects/edge/instances?daterange=nan:", 400, "InvalidParameter"),
        ("GET", "/projects/edge/instances?maxitems=-1", 400, "InvalidParameter"),
        ("GET", "/projects/edge/instances?marker=nonsense", 400, "InvalidParameter"),
        ("GET", "/projects/edge/instances?" + "&".join(f"k{n}=1" for n in range(300)), 400, "InvalidParameter"),
    ],
)  # fmt: skip
def test_paths_and_parameters_that_lead_nowhere(edge: Edge, method: str, path: str, status: int, code: str) -> None:
    body = b"<Authorization><Query>whoami</Query></Authorization>" if method == "POST" else b""
    answer = read(send(edge, method, path, body))
    assert (answer.status, answer.code) == (status, code)


def unsigned(edge: Edge, path: str, **headers: str) -> Answer:
    return read(requests.get(edge.url + path, headers=headers, timeout=10))


def test_nothing_is_served_without_a_signature(edge: Edge) -> None:
    for path in ("/api/projects/edge/instances", "/tenants", "/api/logview/host", "/api/projects/edge?policy"):
        assert unsigned(edge, path).status == 401
    wrong = {"Authorization": f"ODPS {edge.admin.access_id}:AAAA", "Date": formatdate(usegmt=True)}
    assert unsigned(edge, "/api/tenants", **wrong).code == "SignatureNotMatch"
    old = {"Authorization": f"ODPS {edge.admin.access_id}:AAAA", "Date": "Fri, 20 Nov 2020 03:29:39 GMT"}
    answer = unsigned(edge, "/api/tenants", **old)
    assert (answer.status, answer.code) == (403, "RequestTimeTooSkewed")
    assert requests.get(edge.url + "/healthz", timeout=10).json()["status"] == "ok"
    assert "taskhouse_request_seconds_count" in requests.get(edge.url + "/metrics", timeout=10).text


def test_tunnel_calls_are_refused_in_json(edge: Edge) -> None:
    reply = send(edge, "GET", "/projects/edge/nowhere", **{"x-odps-tunnel-version": "6"})
    assert reply.headers["content-type"] == "application/json"
    assert reply.json().keys() == {"Code", "Message", "RequestId", "HostId"}


def test_bodies_above_the_limit(edge: Edge) -> None:
    size = edge.world.limits.xml_body_bytes + 1
    answer = read(send(edge, "POST", "/projects/edge/instances", b" " * size))
    assert (answer.status, answer.code) == (413, "RequestQuotaExceeded")
    piece = b" " * 65536
    endless = (piece for _ in range(size // len(piece) + 50))
    answer = read(send(edge, "POST", "/projects/edge/instances", endless))
    assert (answer.status, answer.code) == (413, "RequestQuotaExceeded")


def test_a_refused_upload_leaves_the_connection_usable(edge: Edge) -> None:
    target = urlsplit(edge.url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
    for _ in range(3):
        body = (b"x" * 65536 for _ in range(320))
        connection.request("PUT", "/api/projects/edge/tables/t?uploadid=1&blockid=1", body, encode_chunked=True)
        reply = connection.getresponse()
        assert reply.status in (401, 405)
        reply.read()
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def raw(edge: Edge, data: bytes) -> bytes:
    """What the server says to these bytes before it closes the connection."""
    target = urlsplit(edge.url)
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=30) as connection:
        answer = b""
        with contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def test_bytes_that_are_no_http(edge: Edge) -> None:
    for data in (b"\x16\x03\x01\x02\x00", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n"):
        assert raw(edge, data).startswith(b"HTTP/1.1 400"), data
    both = b"POST /api/tenants HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert raw(edge, both).startswith(b"HTTP/1.1 400")


def test_headers_are_bounded(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    line = b"X-Long: " + b"a" * 8000 + b"\r\n"
    answer = raw(edge, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + line * 20)
    assert not answer or answer.startswith(b"HTTP/1.1 400")
    monkeypatch.setattr(bounded_http, "HEADER_S", 0.2)
    target = urlsplit(edge.url)
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert connection.recv(1) == b""


def test_names_with_anything_in_them_stay_names(edge: Edge) -> None:
    for name in ("a b", "中文", "p'x\"y", "100%", "a+b", "`x`", "semi;colon", "q?r#s"):
        from urllib.parse import quote

        answer = read(send(edge, "GET", f"/projects/edge/instances/{quote(name, safe='')}"))
        assert answer.code == "NoSuchObject"
        assert name in answer.message


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError


def test_the_corpus_leaves_nothing_behind(edge: Edge, tmp_path: Path) -> None:
    def run() -> None:
        for body, status, _, _ in BODIES.values():
            assert send(edge, "POST", "/projects/edge/instances", body).status_code == status
        for method, path in (("GET", "/projects/edge/instances/none"), ("GET", "/no"), ("DELETE", "/tenants")):
            assert send(edge, method, path).status_code in (404, 405)

    count: Callable[[], int] = lambda: len(edge.world.instances.page(edge.project, ALL, "", 1000).items)  # noqa: E731
    from taskhouse.domain.instance import InstanceFilter

    ALL = InstanceFilter()
    before = count()
    files = sorted(str(path) for path in edge.world.blobs.rglob("*"))
    run()
    gc.collect()
    resident = resident_mb()
    for _ in range(9):
        run()
    gc.collect()
    assert resident_mb() - resident < 50
    assert count() == before
    assert sorted(str(path) for path in edge.world.blobs.rglob("*")) == files


def test_a_full_queue_says_when_to_come_back(edge: Edge) -> None:
    world = replace(edge.world, limits=replace(edge.world.limits, queued_instances=0))
    server = Server(build_app(world), host="127.0.0.1")
    server.start()
    try:
        client = replace(edge, world=world, url=server.url).client()
        with pytest.raises(errors.RequestQuotaExceeded, match="submit again later") as caught:
            client.run_sql("select 1")
    finally:
        server.stop()
    assert caught.value.code == "FlowExceeded"
    assert caught.value.response_headers["Retry-After"] == "1"


def test_messages_are_json_and_xml_safe(edge: Edge) -> None:
    reply = send(edge, "GET", "/projects/edge/instances/%3Cscript%3E%26%00", **{"x-odps-tunnel-version": "6"})
    assert "<script>" in json.loads(reply.content)["Message"]
    assert "<script>" in read(send(edge, "GET", "/projects/edge/instances/%3Cscript%3E%26%00")).message


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/projects/edge?policy"), ("POST", "/projects/edge/authorization?sign_bearer_token")]
)
@pytest.mark.parametrize(
    "body", [b"[" * 20_000, b'{"a":' * 5_000, b"\xff\xfe[\x00]\x00", b'{"Statement": "\\ud800"}', b"{", b"\x00"]
)
def test_json_that_cannot_be_read(edge: Edge, method: str, path: str, body: bytes) -> None:
    answer = read(send(edge, method, path, body))
    assert (answer.status, answer.code) == (400, "InvalidArgument")
