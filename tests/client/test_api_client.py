"""The client of the REST API: what it does when a connection breaks, what refusals become, how streams go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from taskhouse.client.api import errors
from taskhouse.client.api.client import Client
from taskhouse.client.api.events import read_events
from taskhouse.client.api.operations import Options, Target

Reply = Callable[[BaseHTTPRequestHandler], None]


class Faulty(ThreadingHTTPServer):
    """A server that gives prepared replies, one for each request, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/v1"


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        assert isinstance(self.server, Faulty)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        self.server.replies.pop(0)(self)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: object) -> None:
        pass


def answer(status: int, body: object, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """The request has arrived, the answer is lost."""
    handler.close_connection = True
    handler.connection.close()


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    server = Faulty()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(faulty: Faulty) -> Iterator[Client]:
    with Client(faulty.url, "secret") as made:
        yield made


def test_reading_goes_on_when_an_answer_is_lost_or_the_server_is_busy(faulty: Faulty, client: Client) -> None:
    faulty.replies = [hang_up, answer(503, {}, retry_after="0"), answer(200, {"user": "alice"})]
    assert client.me().user == "alice"
    assert [headers["authorization"] for _, _, headers, _ in faulty.asked] == ["Bearer secret"] * 3


def test_what_changes_is_sent_again_under_the_same_key(faulty: Faulty, client: Client) -> None:
    """The server may have carried it out already: the key lets it tell."""
    faulty.replies = [hang_up, answer(200, {"accepted": 1}), answer(200, {"accepted": 1})]
    assert client.operations.apply("STOP", [Target(12)], digest="d").accepted == 1
    client.operations.apply("STOP", [Target(12)], digest="d")
    first, again, other = [headers["idempotency-key"] for _, _, headers, _ in faulty.asked]
    assert first == again != other
    assert json.loads(faulty.asked[0][3]) == json.loads(faulty.asked[1][3])


def test_a_key_of_ones_own_is_kept(faulty: Faulty, client: Client) -> None:
    faulty.replies = [answer(200, {})]
    client.operations.apply("STOP", [Target(12)], key="mine")
    assert faulty.asked[0][2]["idempotency-key"] == "mine"


def test_a_server_that_is_gone_is_said_to_be(client: Client, faulty: Faulty) -> None:
    faulty.replies = [hang_up] * 4
    with pytest.raises(errors.ConnectionFailed, match="was not reached") as failed:
        client.health()
    assert failed.value.code == "UNREACHABLE" and len(faulty.asked) == 4


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "STATUS_NOT_ALLOWED", errors.StatusNotAllowed),
        (409, "CLOSURE_CHANGED", errors.ClosureChanged),
        (409, "CLOSURE_IN_FLIGHT", errors.ClosureInFlight),
        (409, "INSTANCE_PAUSED", errors.InstancePaused),
        (409, "NOT_PAUSED", errors.NotPaused),
        (409, "LAST_UPSTREAM", errors.LastUpstream),
        (409, "EMPTY_SCOPE", errors.EmptyScope),
        (409, "SCOPE_HAS_ACTIVE", errors.ScopeHasActive),
        (409, "CONFLICT", errors.Conflict),
        (409, "CANCEL_TIMEOUT", errors.CancelTimeout),
        (403, "FORBIDDEN", errors.Forbidden),
        (403, "FORBIDDEN_ASSOCIATED", errors.Forbidden),
        (404, "NOT_FOUND", errors.NotFound),
        (404, "UNKNOWN_FIELD", errors.UnknownField),
        (400, "LIMIT_EXCEEDED", errors.LimitExceeded),
        (400, "INVALID_ARGUMENT", errors.InvalidArgument),
        (401, "UNAUTHORIZED", errors.Unauthorized),
        (409, "SOMETHING_NEW", errors.Refused),
    ],
)
def test_refusals_have_types(
    faulty: Faulty, client: Client, status: int, code: str, kind: type[errors.ApiError]
) -> None:
    items = [{"id": 7, "name": "A/B", "status": "Running", "reason": "it runs"}]
    faulty.replies = [answer(status, {"code": code, "message": "no", "items": items}, x_request_id="R1")]
    with pytest.raises(kind) as refused:
        client.operations.preview("STOP", [Target(1)])
    error = refused.value
    assert (error.code, error.status, error.request_id) == (code, status, "R1")
    assert error.items == (errors.Item(7, "A/B", "Running", "it runs"),)
    assert len(faulty.asked) == 1


def test_a_page_of_a_proxy_is_an_error_with_its_status(faulty: Faulty, client: Client) -> None:
    faulty.replies = [answer(404, b"<html>nothing here</html>")]
    with pytest.raises(errors.NotFound, match="nothing here"):
        client.me()


def test_an_answer_that_is_not_understood_says_so(faulty: Faulty, client: Client) -> None:
    faulty.replies = [answer(200, {"user": 12})]
    with pytest.raises(errors.ApiError, match="not what this version of the client understands"):
        client.me()


def test_lists_are_read_page_by_page(faulty: Faulty, client: Client) -> None:
    faulty.replies = [
        answer(200, {"items": [{"id": 1}, {"id": 2}], "next_marker": "m"}),
        answer(200, {"items": [{"id": 3}], "next_marker": ""}),
    ]
    found = client.instances.list(status=["FAILED", "RUNNING"], paused=False, owner=None)
    assert next(found).id == 1 and len(faulty.asked) == 1
    assert [line.id for line in found] == [2, 3]
    assert "status=FAILED&status=RUNNING&paused=false&" in faulty.asked[0][1]
    assert "marker=m" in faulty.asked[1][1] and "owner" not in faulty.asked[0][1]


def test_what_was_not_chosen_is_not_sent(faulty: Faulty, client: Client) -> None:
    faulty.replies = [answer(200, {})]
    client.operations.preview("RERUN", [Target(1, ["t1"]), Target(2)], Options(code="AS_RAN", members=[Target(3)]))
    assert json.loads(faulty.asked[0][3]) == {
        "operation": "RERUN",
        "targets": [{"instance": 1, "fields": ["t1"]}, {"instance": 2}],
        "options": {"code": "AS_RAN", "members": [{"instance": 3}]},
        "digest": "",
    }


def test_a_download_has_the_servers_name(faulty: Faulty, client: Client) -> None:
    faulty.replies = [
        answer(200, b"PK", content_disposition="attachment; filename=\"a.xlsx\"; filename*=UTF-8''%E8%A1%A8.xlsx")
    ]
    assert client.instances.download() == (b"PK", "表.xlsx")


def test_a_stream_is_taken_up_where_it_broke(faulty: Faulty, client: Client) -> None:
    def stream(*events: bytes) -> Reply:
        return answer(200, b"".join(events), content_type="text/event-stream")

    faulty.replies = [
        stream(b'id: 5\nevent: hello\ndata: {"cursor": 5}\n\n', b": heartbeat\n\n", _changes(6), b"id: 7\nevent: cha"),
        stream(_changes(7)),
    ]
    events = client.events("PROD")
    assert [(next(events).name, cursor) for cursor in (5, 6, 7)] == [("hello", 5), ("changes", 6), ("changes", 7)]
    assert "since" not in faulty.asked[0][1] and "since=6" in faulty.asked[1][1]
    events.close()


def test_a_stream_that_falls_silent_is_taken_up_again(
    faulty: Faulty, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskhouse.client.api.transport._SILENCE_S", 0.2)
    monkeypatch.setattr("taskhouse.client.api.events._PAUSE_S", 0.01)
    over = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(_changes(5))
        handler.wfile.flush()
        over.wait(30)

    faulty.replies = [silent, answer(200, _changes(6), content_type="text/event-stream")]
    events = client.events("PROD")
    assert [next(events).cursor, next(events).cursor] == [5, 6]
    events.close()
    over.set()


def _changes(cursor: int) -> bytes:
    data = {"cursor": cursor, "environment": "PROD", "nodes": [{"id": 1, "name": "A/B"}], "instances": [1]}
    return b"id: %d\nevent: changes\ndata: %s\n\n" % (cursor, msgspec.json.encode(data))


def test_events_are_read_whatever_their_lines_look_like() -> None:
    lines = [
        "event: changes",
        'data: {"cursor":',
        "data:9}",
        "",
        "event: new",
        "data: {}",
        "",
        'data: {"cursor": 1}',
        "",
    ]
    assert [(event.name, event.cursor) for event in read_events(iter(lines))] == [("changes", 9)]


def test_a_server_on_a_unix_socket_is_reached_too(tmp_path: Path) -> None:
    from taskhouse.config import Config
    from taskhouse.wiring.server import Server

    server = Server(Config(home=tmp_path / "home", grace_s=0), socket=tmp_path / "s")
    reach = server.start()
    try:
        assert reach.rest_url.startswith("http+unix://")
        with Client(reach.rest_url, reach.token) as made:
            assert made.me().super_admin and made.health().status == "ok"
    finally:
        server.close()
