"""Signing in: the cookie, the CSRF token, what is refused, and when a session ends. Over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from taskhouse.domain.limits import Limits
from taskhouse.ports.sign_in_store import SignedIn
from taskhouse.protocols.mounting import Mounted
from taskhouse.protocols.odps.server import Server
from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.app import RestApp
from taskhouse.protocols.rest.authentication import TokenOrSession
from taskhouse.protocols.rest.bearer import Bearer
from taskhouse.protocols.rest.routing import BASE_PATH
from taskhouse.protocols.rest.session import cookie_name, session_routes
from taskhouse.scheduler.clock import RandomIds, SystemClock
from taskhouse.scheduler.events import LocalEvents
from taskhouse.services.access import passwords, sign_in
from taskhouse.services.access.attempts import PER_USER_AND_ADDRESS, Attempts
from taskhouse.services.world import World
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.sign_in import SqlSignInStore
from tests.rest.conftest import Elsewhere, TestRoutes

ALICE, BOB = "ALIYUN$alice", "ALIYUN$bob"
PASSWORD = "kept in mind"


class House:
    """A server with two users, one of whom has a password. `now` is what the counter of attempts goes by (seconds)."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.secure = False
        self.database = Database(folder / "meta.db")
        migrate(self.database)
        absent = cast(Any, None)
        self.world = World(
            instances=absent,
            catalogue=absent,
            access=SqlAccessStore(self.database),
            sessions=absent,
            models=absent,
            algorithms=absent,
            warehouse=absent,
            engine=absent,
            events=LocalEvents(),
            clock=SystemClock(),
            ids=RandomIds(),
            limits=Limits(),
            blobs=folder,
            recurring=MemoryRecurringStore(),
            sign_ins=SqlSignInStore(self.database),
        )
        for user in (ALICE, BOB):
            self.world.access.add_user(user, self.world.clock.now())
        passwords.put(self.world, ALICE, PASSWORD)
        self.bearer = Bearer()
        self.token = self.bearer.admit(BOB)
        self.own = TestRoutes()
        groups = [self.own.routes, session_routes(Attempts(lambda: self.now), lambda: self.secure)]
        app = RestApp(self.world, all_routes(groups), authenticate=TokenOrSession(self.bearer))
        self.server = Server(Mounted(Elsewhere(), {BASE_PATH: app}), host="127.0.0.1")
        self.server.start()

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.server.url + BASE_PATH, timeout=30, **options)

    @contextmanager
    def signed_in(self) -> Iterator[tuple[httpx.Client, dict[str, Any]]]:
        with self.client() as client:
            answer = client.post("/session", json={"user": "alice", "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            yield client, answer.json()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("session"))
    yield made
    made.server.stop()
    made.database.close()


def test_signing_in_and_out(house: House) -> None:
    with house.signed_in() as (client, session):
        assert (session["user"], session["super_admin"], session["rehearsal"]) == ("alice", False, False)
        assert client.get("/me").json()["user"] == "alice"
        again = client.get("/session").json()
        assert again["csrf_token"] == session["csrf_token"] != ""
        assert client.delete("/session").status_code == 403  # without the token another page could do it
        out = client.delete("/session", headers={"x-csrf-token": session["csrf_token"]})
        assert out.status_code == 204 and "Max-Age=0" in out.headers["set-cookie"]
        assert client.get("/me").status_code == 401
        assert client.get("/session").status_code == 204


def test_the_cookie_is_for_the_server_only(house: House) -> None:
    with house.client() as client:
        answer = client.post("/session", json={"user": ALICE, "password": PASSWORD})
        parts = answer.headers["set-cookie"].split("; ")
        assert parts[0].startswith(cookie_name(house.world) + "=") and "HttpOnly" in parts
        assert {"SameSite=Strict", "Path=/"} < set(parts) and "Secure" not in parts
        assert answer.headers["cache-control"] == "no-store"
        secret = parts[0].partition("=")[2]
        assert secret not in answer.text
        assert house.world.sign_ins.session(secret) is None  # only its hash is kept
        house.secure = True
        again = client.post("/session", json={"user": "alice", "password": PASSWORD})
        house.secure = False
        assert "Secure" in again.headers["set-cookie"].split("; ")


def test_what_changes_something_carries_the_token_of_its_session(house: House) -> None:
    with house.signed_in() as (client, session), house.signed_in() as (_, others):
        for wrong in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "x" * 64}, {"x-csrf-token": others["csrf_token"]}):
            refused = client.post("/test/things", json={"name": "a"}, headers=wrong)
            assert (refused.status_code, refused.json()["code"]) == (403, "CSRF")
        assert house.own.made == 0
        done = client.post("/test/things", json={"name": "a"}, headers={"x-csrf-token": session["csrf_token"]})
        assert done.status_code == 201 and house.own.made == 1
        # A program with a token needs none, and its token counts, not the cookie.
        bearer = {"authorization": f"Bearer {house.token}"}
        assert client.post("/test/things", json={"name": "b"}, headers=bearer).status_code == 201
        assert client.get("/me", headers=bearer).json()["user"] == "bob"


@pytest.mark.parametrize(
    "user", ["alice", "bob", "nobody", "not a name", "ALIYUN$alice;drop", "RAM$x"], ids=lambda user: user
)
def test_a_wrong_password_says_the_same_for_everybody(house: House, user: str) -> None:
    house.now += 1000
    with house.client() as client:
        answer = client.post("/session", json={"user": user, "password": "wrong password"})
        assert (answer.status_code, answer.json()["code"]) == (401, "WRONG_PASSWORD")
        assert answer.json()["message"] == "the name or the password is wrong" and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"user": "alice"}', '{"user": 1, "password": "x"}', '{"user": "a", "password": ""}']
)
def test_what_is_no_sign_in_is_refused(house: House, body: str) -> None:
    with house.client() as client:
        answer = client.post("/session", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400 and answer.json()["code"] == "INVALID_ARGUMENT"
        form = client.post("/session", data={"user": "alice", "password": PASSWORD})
        assert form.status_code == 415  # a form of another site could send this
        untyped = client.post("/session", content=json.dumps({"user": "alice", "password": PASSWORD}))
        assert untyped.status_code == 415 and "set-cookie" not in untyped.headers  # so could a script


def test_too_many_attempts_are_told_when_to_come_back(house: House) -> None:
    house.now += 1000
    with house.client() as client:
        for _ in range(PER_USER_AND_ADDRESS):
            assert client.post("/session", json={"user": "alice", "password": "wrong password"}).status_code == 401
        house.now += 100
        refused = client.post("/session", json={"user": "alice", "password": PASSWORD})
        assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_ATTEMPTS")
        assert refused.headers["retry-after"] == "200" and "200 seconds" in refused.json()["message"]
        assert client.post("/session", json={"user": "bob", "password": "wrong password"}).status_code == 401
        house.now += 200
        assert client.post("/session", json={"user": "alice", "password": PASSWORD}).status_code == 201


def test_one_changes_ones_own_password(house: House) -> None:
    house.now += 1000
    world = house.world
    world.access.add_user("ALIYUN$dora", world.clock.now())
    passwords.put(world, "ALIYUN$dora", PASSWORD)

    def sign_in_as_dora(client: httpx.Client, password: str) -> httpx.Response:
        return client.post("/session", json={"user": "dora", "password": password})

    with house.client() as client, house.client() as elsewhere:
        csrf = {"x-csrf-token": sign_in_as_dora(client, PASSWORD).json()["csrf_token"]}
        assert sign_in_as_dora(elsewhere, PASSWORD).status_code == 201
        body = {"current": PASSWORD, "new": "another one"}
        assert client.put("/session/password", json=body).json()["code"] == "CSRF"
        for new, words in (("short", "10 to 200"), ("aaaaaaaaaaaa", "different"), (PASSWORD, "present one")):
            refused = client.put("/session/password", json=body | {"new": new}, headers=csrf)
            assert refused.status_code == 400 and words in refused.json()["message"]
        wrong = client.put("/session/password", json=body | {"current": "not this one"}, headers=csrf)
        assert (wrong.status_code, wrong.json()["code"]) == (403, "WRONG_PASSWORD")
        by_token = {"authorization": f"Bearer {house.token}"}
        assert client.put("/session/password", json=body, headers=by_token).json()["code"] == "NO_SESSION"
        assert client.get("/me").json()["user"] == elsewhere.get("/me").json()["user"] == "dora"

        old = dict(client.cookies)
        changed = client.put("/session/password", json=body, headers=csrf)
        assert changed.status_code == 200 and "HttpOnly" in changed.headers["set-cookie"]
        assert changed.json()["csrf_token"] != csrf["x-csrf-token"]
        assert client.get("/me").json()["user"] == "dora"
        assert elsewhere.get("/me").status_code == 401  # the other sessions have ended
        with house.client(cookies=old) as stolen:
            assert stolen.get("/me").status_code == 401
        assert sign_in_as_dora(elsewhere, PASSWORD).status_code == 401
        assert sign_in_as_dora(elsewhere, "another one").status_code == 201


def test_guessing_the_present_password_is_limited(house: House) -> None:
    house.now += 1000
    with house.signed_in() as (client, session):
        csrf = {"x-csrf-token": session["csrf_token"]}
        body = {"current": "not this one", "new": "another one"}
        for _ in range(PER_USER_AND_ADDRESS):
            assert client.put("/session/password", json=body, headers=csrf).status_code == 403
        refused = client.put("/session/password", json=body | {"current": PASSWORD}, headers=csrf)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "300")
        assert client.get("/me").status_code == 200
    house.now += 1000


def test_a_session_ends_by_itself_with_its_password_and_with_its_user(house: House) -> None:
    house.now += 1000
    world = house.world
    now = datetime.now(UTC)
    with house.client(cookies={cookie_name(world): "old"}) as client:
        expired = SignedIn(sign_in._digest("old"), ALICE, now - timedelta(days=2), now, now - timedelta(seconds=1))
        world.sign_ins.begin(expired)
        refused = client.get("/me")
        assert refused.status_code == 401 and "sign in again" in refused.json()["message"]
    with house.signed_in() as (client, _):
        passwords.put(world, ALICE, "another one")
        assert client.get("/me").status_code == 401
        passwords.put(world, ALICE, PASSWORD)
    world.access.add_user("ALIYUN$carol", world.clock.now())
    passwords.put(world, "ALIYUN$carol", PASSWORD)
    with house.client() as carol:
        assert carol.post("/session", json={"user": "carol", "password": PASSWORD}).status_code == 201
        world.access.drop_user("ALIYUN$carol")
        assert carol.get("/me").status_code == 401
        assert carol.get("/session").status_code == 204


def test_a_session_in_use_goes_on_but_not_for_ever(house: House) -> None:
    world = replace(house.world, limits=Limits(sign_in_hours=24))
    now = datetime.now(UTC)

    def begin(secret: str, begun: timedelta, used: timedelta) -> None:
        session = SignedIn(sign_in._digest(secret), ALICE, now - begun, now - used, now + timedelta(hours=1))
        world.sign_ins.begin(session)

    begin("fresh", timedelta(hours=5), timedelta(minutes=10))
    begin("idle", timedelta(hours=30), timedelta(hours=23))
    begin("aged", timedelta(days=7) - timedelta(hours=2), timedelta(hours=20))
    found = {name: sign_in.session_of(world, name) for name in ("fresh", "idle", "aged")}
    left = {name: round((each.expires_at - now) / timedelta(hours=1)) for name, each in found.items() if each}
    assert left == {"fresh": 1, "idle": 24, "aged": 2}
    assert sign_in.session_of(world, "x" * 1000) is None and sign_in.session_of(world, "") is None


@pytest.mark.parametrize("before", ['seen={"a": 1}; ', "bad[name]=1; ", "x y; =; ", 'quoted="no end; '])
def test_cookies_of_other_servers_of_the_machine_do_no_harm(house: House, before: str) -> None:
    with house.client() as client:
        client.post("/session", json={"user": "alice", "password": PASSWORD}).raise_for_status()
        name = cookie_name(house.world)
        cookie = f"{before}{name}={client.cookies[name]}; last=1"
    with house.client() as other:
        assert other.get("/me", headers={"cookie": cookie}).status_code == 200


@pytest.mark.parametrize("cookie", ["\x01", "=", ";;;", "a=b; c", "x" * 9000, 'q="\\'])
def test_strange_cookies_are_nobody(house: House, cookie: str) -> None:
    with house.client() as client:
        raw = {"cookie": cookie.encode()}
        try:
            answer = client.get("/me", headers=raw)
        except httpx.LocalProtocolError:
            return  # the client itself does not send it
        assert answer.status_code in (400, 401, 431)
