"""What every route of the REST API has in common: who is asked for, what is read, how errors look."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from taskhouse.domain.access import ApiToken
from taskhouse.domain.faults import Fault
from taskhouse.protocols.rest.routing import MAX_BODY
from taskhouse.services.access import api_tokens
from tests.rest.conftest import ADMIN, ALICE, Api


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error, which always has the same form."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"code", "message", "items"} and body["code"] == code and body["message"]
    assert response.headers["content-type"] == "application/json" and response.headers["x-request-id"]
    return body


# who asks


def test_a_token_is_asked_for_except_for_health_and_the_document(api: Api) -> None:
    with httpx.Client(base_url=api.url + "/api/v1") as nobody:
        error = nobody.get("/me")
        assert "taskhouse token create" in refused(error, 401, "UNAUTHORIZED")["message"]
        assert error.headers["www-authenticate"].startswith("Bearer")
        assert nobody.get("/health").json() == {"status": "ok", "cursor": 0}
        assert nobody.get("/openapi.json").status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic abc", "Bearer wrong", "Bearer " + "x" * 5000, "Bearer \xff\xfe"]
)
def test_a_wrong_token_is_refused(api: Api, header: str) -> None:
    refused(httpx.get(api.url + "/api/v1/me", headers={"authorization": header.encode("latin-1")}), 401, "UNAUTHORIZED")


def test_tokens_of_users_live_until_they_expire_or_are_revoked(api: Api) -> None:
    kept, token = api_tokens.issue(api.world, ALICE, hours=1)
    with api.client(token) as alice:
        me = alice.get("/me").json()
        assert (me["user"], me["super_admin"], me["roles"]) == ("alice", False, {})
        api.world.access.drop_token(kept.id)
        refused(alice.get("/me"), 401, "UNAUTHORIZED")
    past = datetime.now(UTC) - timedelta(seconds=1)
    api.world.access.add_token(ApiToken("T1", ALICE, api_tokens.digest_of("old"), past, past))
    with api.client("old") as alice:
        assert "expired" in refused(alice.get("/me"), 401, "UNAUTHORIZED")["message"]


def test_a_token_is_stored_as_a_hash_only(api: Api) -> None:
    kept, token = api_tokens.issue(api.world, ADMIN)
    assert token not in repr(api.world.access.tokens()) and kept.digest == api_tokens.digest_of(token)
    with pytest.raises(Fault, match="more than 0 hours"):
        api_tokens.issue(api.world, ADMIN, hours=0)
    with pytest.raises(Fault, match="nobody"):
        api_tokens.issue(api.world, "ALIYUN$nobody")


def test_the_servers_own_token_is_the_administrator(client: httpx.Client) -> None:
    assert client.get("/me").json()["super_admin"] is True


# paths and methods


def test_paths_outside_are_somebody_elses(api: Api) -> None:
    assert httpx.get(api.url + "/api/v1x").status_code == 299
    assert httpx.get(api.url + "/api/projects").status_code == 299


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/me/", "/test/things/1/x", "/%00", "/é", "/%ff"])
def test_unknown_paths_are_not_found(client: httpx.Client, path: str) -> None:
    refused(client.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/me")
    refused(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, HEAD"


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    response = client.head("/me")
    assert (response.status_code, response.content) == (200, b"")
    assert client.head("/nothing").status_code == 404


def test_a_fixed_path_wins_over_a_placeholder(client: httpx.Client) -> None:
    assert client.get("/test/things/count").json() == {"count": -1}
    assert client.get("/test/things/7").json() == {"count": 7}


@pytest.mark.parametrize("id", ["x", "-1", "1.5", "9223372036854775808", "9" * 400, "0x10", "%20", "１"])
def test_what_cannot_be_an_id_is_not_found(client: httpx.Client, id: str) -> None:
    refused(client.get(f"/test/things/{id}"), 404, "NOT_FOUND")


def test_names_in_paths_are_any_text(client: httpx.Client) -> None:
    assert client.get("/test/named/shop.A%20%E5%95%86").json()["name"] == "shop.A 商"


# parameters


def test_lists_of_a_parameter_repeat_or_have_commas(client: httpx.Client) -> None:
    found = client.get("/test/things?status=failed,running&status=waiting&limit=3&paused=true&text=a%2Bb").json()
    assert found == {"status": ["failed", "running", "waiting"], "limit": 3, "paused": True, "text": "a+b"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("nonsense=1", "nonsense"),
        ("limit=many", "limit"),
        ("limit=1&limit=2", "limit"),
        ("paused=maybe", "paused"),
        ("limit=" + "9" * 50, "limit"),
        ("limit=", "limit"),
        ("%00=1", "\x00"),
    ],
)
def test_unknown_and_wrong_parameters_are_named(client: httpx.Client, query: str, name: str) -> None:
    body = refused(client.get(f"/test/things?{query}"), 400, "INVALID_ARGUMENT")
    assert f"'{name}'" in body["message"] and body["items"][0]["name"] == name


def test_a_flood_of_parameters_is_refused(client: httpx.Client) -> None:
    refused(client.get("/test/things?" + "&".join(f"status={n}" for n in range(300))), 400, "INVALID_ARGUMENT")


# bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b'{"name": 1}',
        b'{"name": null}',
        b'{"name": "a", "extra": 1}',
        b'{"name": "a", "size": "big"}',
        b'{"name": "a", "size": 1.5}',
        b'{"name": "a", "size": true}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a"} trailing',
        b'{"name": "a", "inner": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\x00" * 100,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_wrong_body_is_refused(client: httpx.Client, body: bytes) -> None:
    refused(client.post("/test/things", content=body), 400, "INVALID_ARGUMENT")


def test_the_member_that_is_wrong_is_named(client: httpx.Client) -> None:
    body = refused(client.post("/test/things", json={"name": "a", "size": "big"}), 400, "INVALID_ARGUMENT")
    assert "'size'" in body["message"] and body["items"][0]["name"] == "size"


def test_bodies_are_json_of_bounded_size(client: httpx.Client) -> None:
    big = json.dumps({"name": "x" * MAX_BODY}).encode()
    refused(client.post("/test/things", content=big), 413, "TOO_LARGE")
    refused(client.post("/test/things", content=iter([big])), 413, "TOO_LARGE")
    refused(
        client.post("/test/things", content=b"<a/>", headers={"content-type": "text/xml"}),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )
    refused(client.request("GET", "/me", content=b"{}"), 400, "INVALID_ARGUMENT")


def test_nobody_sends_much_without_a_login(api: Api) -> None:
    """The answer comes before the body, which never does."""
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as raw:
        raw.sendall(b"POST /api/v1/workspace/plan HTTP/1.1\r\nhost: x\r\ncontent-length: 60000000\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_client_that_goes_away_in_its_body_does_no_harm(api: Api, client: httpx.Client) -> None:
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as raw:
        raw.sendall(b"POST /api/v1/test/things HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    assert client.get("/me").status_code == 200


# answers


def test_a_defect_says_nothing_of_itself(client: httpx.Client) -> None:
    body = refused(client.get("/test/defect"), 500, "INTERNAL_ERROR")
    assert "secret" not in body["message"]


def test_a_fault_is_an_answer(client: httpx.Client) -> None:
    refused(client.post("/test/things", json={"name": "taken"}), 409, "OBJECT_EXISTS")


def test_files_are_sent_as_they_are(client: httpx.Client) -> None:
    response = client.get("/test/file")
    assert response.content == b"ab" and response.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize("path", ["/me", "/test/file", "/nowhere", "/test/defect", "/openapi.json"])
def test_no_answer_is_kept_or_taken_for_something_else(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"


# repeating


def test_the_same_key_gives_the_same_answer_once(api: Api, client: httpx.Client) -> None:
    key = {"idempotency-key": "k 1"}
    first = client.post("/test/things", json={"name": "a"}, headers=key)
    again = client.post("/test/things", json={"name": "a"}, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    refused(client.post("/test/things", json={"name": "b"}, headers=key), 409, "IDEMPOTENCY_KEY_REUSED")
    other = client.post("/test/things", json={"name": "a"}, headers={"idempotency-key": "k 2"})
    assert other.json() != first.json()


def test_refusals_are_remembered_too(api: Api, client: httpx.Client) -> None:
    before = api.own.made
    for _ in range(2):
        response = client.post("/test/things", json={"name": "taken"}, headers={"idempotency-key": "taken"})
        refused(response, 409, "OBJECT_EXISTS")
    assert api.own.made == before + 1


def test_many_at_once_with_one_key_are_one(api: Api) -> None:
    before = api.own.made

    def ask(_: int) -> bytes:
        with api.client() as own:
            return own.post("/test/things", json={"name": "a"}, headers={"idempotency-key": "crowd"}).content

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert api.own.made == before + 1


def test_keys_are_short_and_printable(client: httpx.Client) -> None:
    for key in ("x" * 201, "\x01"):
        response = client.post("/test/things", json={"name": "a"}, headers={"idempotency-key": key})
        assert response.status_code == 400


# streams and the end


def test_a_stream_ends_with_the_server(api: Api) -> None:
    with api.client() as own, own.stream("GET", "/test/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines) == "data: first"
        api.server.stop()
        assert list(lines) == [""]
