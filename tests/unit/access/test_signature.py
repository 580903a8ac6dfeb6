"""Requests signed by the official client's own account classes are recognised, and nothing else is."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote_plus, urlsplit

import pytest
import requests
from odps.accounts import AppAccount, BearerTokenAccount, CloudAccount, StsAccount
from odps.config import option_context

from taskhouse.domain.access import AccessKey, KeyKind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.limits import Limits
from taskhouse.protocols.odps.signature import authenticate
from taskhouse.services.access import keys, tokens
from taskhouse.services.world import Caller, World
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.database import Database
from taskhouse.store.schema import metadata


@dataclass
class SettableClock:
    time: datetime

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(tmp_path / "metadata.db")
    database.write(metadata.create_all)
    access = SqlAccessStore(database)
    clock = SettableClock(datetime.now(UTC))
    access.add_user("ALIYUN$alice", clock.now())
    yield cast(World, SimpleNamespace(access=access, clock=clock, limits=Limits()))
    database.close()


@pytest.fixture
def key(world: World) -> AccessKey:
    return keys.issue(world, "ALIYUN$alice")


ENDPOINT = "http://127.0.0.1:8080/api"
TARGETS = [
    "/projects/p",
    "/projects/p/tables/t?partition=pt='x',b='%E4%B8%AD'",
    "/projects/p/registration%2Ffunctions/f",
    "/projects/p%20q/tables/%E6%B5%8B%E8%AF%95?name=a+b&expectmarker=true",
    "/projects/p/instances?marker=&maxitems=3&maxitems=4",
    "/projects/p/instances/i?instancestatus",
    "/projects/p/resources/100%25.txt?x-odps-extra=1&rOffset=0",
    "/projects/p/tables/a%3Bb%3Fc?data",
    "/projects/p/tables/t?partition=pt%3D%27a%2526b%27",
]


def signed(
    account: Any, target: str, endpoint: str = ENDPOINT, region: str | None = None, **headers: str
) -> tuple[str, dict[str, str]]:
    request = requests.Request("GET", endpoint + target, headers={"x-odps-user-agent": "pyodps", **headers})
    prepared = request.prepare()
    account.sign_request(prepared, endpoint, region_name=region)
    return as_sent(prepared)


def as_sent(prepared: requests.PreparedRequest) -> tuple[str, dict[str, str]]:
    parts = urlsplit(cast(str, prepared.url))
    target = parts.path + ("?" + parts.query if parts.query else "")
    return target, {name.lower(): str(value) for name, value in prepared.headers.items()}


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8080/api", "http://127.0.0.1:8080"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("region", [None, "cn-hangzhou"])
def test_signed_requests_are_recognised(
    world: World, key: AccessKey, endpoint: str, target: str, region: str | None
) -> None:
    sent, headers = signed(CloudAccount(key.access_id, key.secret), target, endpoint, region)
    assert authenticate(world, "GET", sent, headers) == Caller("ALIYUN$alice")


def test_content_type_takes_part(world: World, key: AccessKey) -> None:
    account = CloudAccount(key.access_id, key.secret)
    sent, headers = signed(account, "/projects/p", **{"Content-Type": "application/xml"})
    assert authenticate(world, "GET", sent, headers).user == "ALIYUN$alice"
    assert fault(world, sent, headers | {"content-type": "text/plain"}).code is FaultCode.SIGNATURE_NOT_MATCH


def fault(world: World, target: str, headers: dict[str, str], method: str = "GET") -> Fault:
    with pytest.raises(Fault) as caught:
        authenticate(world, method, target, headers)
    return caught.value


def test_what_is_changed_after_signing_is_refused(world: World, key: AccessKey) -> None:
    sent, headers = signed(CloudAccount(key.access_id, key.secret), "/projects/p/tables/t?name=a")
    for target, changed, method in [
        (sent.replace("name=a", "name=b"), headers, "GET"),
        (sent, headers, "DELETE"),
        (sent, headers | {"x-odps-user-agent": "other"}, "GET"),
        (sent, headers | {"x-odps-added": "1"}, "GET"),
        (sent, headers | {"date": format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)}, "GET"),
    ]:
        assert fault(world, target, changed, method).code is FaultCode.SIGNATURE_NOT_MATCH


def test_wrong_secrets_and_unknown_keys(world: World, key: AccessKey) -> None:
    assert fault(world, *signed(CloudAccount(key.access_id, "no"), "/p")).code is FaultCode.SIGNATURE_NOT_MATCH
    assert fault(world, *signed(CloudAccount("nobody", "no"), "/p")).code is FaultCode.AUTHORIZATION_REQUIRED
    world.access.enable_key(key.access_id, False)
    refused = fault(world, *signed(CloudAccount(key.access_id, key.secret), "/p"))
    assert refused.code is FaultCode.AUTHORIZATION_REQUIRED
    assert "disabled" in refused.message


@pytest.mark.parametrize(
    "authorization", ["", "ODPS", "ODPS x", "Basic eDp5", "ODPS :", "ODPS a:", "ODPS :b", "ODPS é:é", "odps a:b"]
)
def test_nothing_to_go_by(world: World, authorization: str) -> None:
    headers = {"authorization": authorization, "date": format_datetime(world.clock.now(), usegmt=True)}
    assert fault(world, "/projects/p", headers).code is FaultCode.AUTHORIZATION_REQUIRED


def test_times_too_far_apart(world: World, key: AccessKey) -> None:
    account = CloudAccount(key.access_id, key.secret)
    for minutes, refused in [(-14, False), (14, False), (-16, True), (16, True)]:
        date = format_datetime(world.clock.now() + timedelta(minutes=minutes), usegmt=True)
        sent, headers = signed(account, "/projects/p", Date=date)
        if refused:
            assert fault(world, sent, headers).code is FaultCode.REQUEST_TIME_SKEWED
        else:
            assert authenticate(world, "GET", sent, headers).user == "ALIYUN$alice"
    sent, headers = signed(account, "/projects/p")
    for date in (
        "",
        "yesterday",
        "Fri, 99 Nov 2026 03:29:39 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 20 Nov 999999999999 19:12:08 GMT",
        "20 Nov 2026 6:06:06 +99999999999999999999",
    ):
        assert fault(world, sent, headers | {"date": date}).code is FaultCode.AUTHORIZATION_REQUIRED


def test_temporary_keys(world: World) -> None:
    key, token = keys.issue_temporary(world, "ALIYUN$alice", 1)
    account = StsAccount(key.access_id, key.secret, token)
    sent, headers = signed(account, "/projects/p")
    assert authenticate(world, "GET", sent, headers).user == "ALIYUN$alice"
    wrong = signed(StsAccount(key.access_id, key.secret, token + "x"), "/projects/p")
    assert fault(world, *wrong).code is FaultCode.AUTHORIZATION_REQUIRED
    missing = {name: value for name, value in headers.items() if name != "authorization-sts-token"}
    assert fault(world, sent, missing).code is FaultCode.AUTHORIZATION_REQUIRED
    cast(SettableClock, world.clock).time += timedelta(hours=2)
    later = signed(account, "/projects/p", Date=format_datetime(world.clock.now(), usegmt=True))
    assert fault(world, *later).code is FaultCode.AUTHENTICATION_EXPIRED


def test_applications_sign_the_signature(world: World, key: AccessKey) -> None:
    application = keys.issue(world, "ALIYUN$alice", kind=KeyKind.APPLICATION)

    def call(access_id: str, secret: str) -> tuple[str, dict[str, str]]:
        request = requests.Request("GET", ENDPOINT + "/projects/p").prepare()
        CloudAccount(key.access_id, key.secret).sign_request(request, ENDPOINT)
        AppAccount(access_id, secret).sign_request(request, ENDPOINT)
        return as_sent(request)

    assert authenticate(world, "GET", *call(application.access_id, application.secret)).user == "ALIYUN$alice"
    assert fault(world, *call(application.access_id, "wrong")).code is FaultCode.SIGNATURE_NOT_MATCH
    assert fault(world, *call(key.access_id, key.secret)).code is FaultCode.AUTHORIZATION_REQUIRED
    alone = signed(CloudAccount(application.access_id, application.secret), "/projects/p")
    assert fault(world, *alone).code is FaultCode.AUTHORIZATION_REQUIRED


def test_bearer_tokens(world: World) -> None:
    policy = {
        "Version": "1",
        "Statement": [
            {"Action": ["odps:Read"], "Effect": "Allow", "Resource": "acs:odps:*:projects/p/instances/i"},
        ],
    }
    token = tokens.issue(world, Caller("ALIYUN$alice"), policy, 5)
    with option_context():
        sent, headers = signed(BearerTokenAccount(token), "/projects/p/instances/i")
    caller = authenticate(world, "GET", sent, headers)
    assert caller.user == "ALIYUN$alice"
    assert caller.token_scope is not None
    assert caller.token_scope.allows("ALIYUN$alice", "odps:Read", "acs:odps:*:projects/p/instances/i")
    assert caller.token_scope.allows("ALIYUN$alice", "odps:Read", "acs:odps:*:projects/p/instances/j") is None
    version, signature, expires, payload = base64.b64decode(token).decode().rstrip(",").split(",")
    assert int(expires) == int(world.clock.now().timestamp()) + 5 * 3600
    assert quote_plus(token) == token
    longer = f"{version},{signature},{int(expires) + 1},{payload}"
    forgeries = [longer, f"{version},,{expires},{payload}", f"th2,{signature},{expires},{payload}", ",,,", "a,b"]
    texts = [base64.b64encode(text.encode()).decode() for text in forgeries]
    for forged in (*texts, token[:-2], token + "A", "fake-token", "中文", "x" * 20_000):
        assert fault(world, sent, {"x-odps-bearer-token": forged}).code is FaultCode.AUTHORIZATION_REQUIRED
    with pytest.raises(Fault, match="at most 720 hours"):
        tokens.issue(world, Caller("ALIYUN$alice"), policy, 721)
    with pytest.raises(Fault, match="cannot be used to issue"):
        tokens.issue(world, caller, policy, 1)
    cast(SettableClock, world.clock).time += timedelta(hours=5)
    assert fault(world, sent, headers).code is FaultCode.AUTHENTICATION_EXPIRED
    cast(SettableClock, world.clock).time -= timedelta(hours=5)
    world.access.add_user("ALIYUN$root", world.clock.now(), is_admin=True)
    world.access.drop_user("ALIYUN$alice")
    assert fault(world, sent, headers).code is FaultCode.AUTHORIZATION_REQUIRED


def test_secrets_are_sealed_at_rest(world: World, key: AccessKey, tmp_path: Path) -> None:
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name != "secret.key")
    assert key.secret.encode() not in content
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
