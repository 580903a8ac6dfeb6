"""Signatures of requests, as the official clients make them.

What is signed is a canonical text: method, `content-md5`, `content-type`, `date` and all `x-odps-*` headers by name, and the
resource: path and sorted parameters relative to the endpoint's path. Clients decode the whole path and query first and then
parse the query, so values are decoded twice; exactly that is done here, or names with a percent sign would never match.

The schemes: V2 (HMAC-SHA1 with the secret), V4 (HMAC-SHA1 with a key derived for date and region), security tokens of
temporary keys, a second signature of an application, and bearer tokens, which need no signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlparse

from taskhouse.domain.access import AccessKey, KeyKind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.routing import BASE_PATH
from taskhouse.services.access import tokens
from taskhouse.services.access.keys import token_digest
from taskhouse.services.world import Caller, World

_CREDENTIAL = re.compile(r"(\S+)/(\d{8})/([\w-]{1,64})/odps/(\w{1,32})_request")
_SIGNED = ("content-md5", "content-type", "date")


def authenticate(world: World, method: str, target: str, headers: Mapping[str, str]) -> Caller:
    """Who sends this request. `target` is the path and query as sent.

    Raises `Fault`: AuthorizationRequired (nothing to go by, an unknown or disabled key), SignatureNotMatch,
    RequestTimeTooSkewed, AuthenticationRequestExpired (temporary keys, tokens).
    """
    token = headers.get("x-odps-bearer-token")
    if token:
        return tokens.verify(world, token)
    authorization = headers.get("authorization", "")
    scheme, _, rest = authorization.partition(" ")
    credential, _, signature = rest.strip().rpartition(":")
    if scheme != "ODPS" or not credential or not signature:
        raise Fault(
            FaultCode.AUTHORIZATION_REQUIRED,
            "the request is not signed: send 'Authorization: ODPS <access id>:<signature>' or a bearer token",
        )
    scope = _CREDENTIAL.fullmatch(credential)
    key = _known_key(world, scope.group(1) if scope else credential)
    if key.kind is KeyKind.APPLICATION:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, f"access key '{key.access_id}' is an application's and no login")
    now = world.clock.now()
    sent = _check_time(headers.get("date"), now, world.limits.clock_skew_s)
    signing_key = key.secret.encode()
    if scope is not None:
        _, day, region, prefix = scope.groups()
        if day not in {(sent + timedelta(days=offset)).strftime("%Y%m%d") for offset in (-1, 0, 1)}:
            raise Fault(FaultCode.SIGNATURE_NOT_MATCH, f"the signature's date {day} is not the request's date")
        signing_key = derived_key(key.secret, day, region, prefix)
    if not _matches(signing_key, signature, method, target, headers):
        raise Fault(
            FaultCode.SIGNATURE_NOT_MATCH,
            "the request's signature does not match; check the secret of the access key and how the request is signed",
        )
    _check_token(key, headers.get("authorization-sts-token", ""), now)
    application = headers.get("application-authentication")
    if application:
        _check_application(world, application, authorization)
    user = world.access.user(key.user)
    if user is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, f"access key '{key.access_id}' belongs to no user")
    return Caller(user.name, user.is_admin)


def _known_key(world: World, access_id: str) -> AccessKey:
    key = world.access.key(access_id)
    if key is None or not key.enabled:
        state = "unknown" if key is None else "disabled"
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, f"access key '{access_id}' is {state}")
    return key


def _check_time(date: str | None, now: datetime, skew_s: float) -> datetime:
    if not date:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "a signed request needs the header Date")
    try:
        sent = parsedate_to_datetime(date)
        sent = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, f"the header Date '{date}' is not an RFC 1123 time") from None
    if abs((now - sent).total_seconds()) > skew_s:
        raise Fault(
            FaultCode.REQUEST_TIME_SKEWED,
            f"the request's time differs too much from the server's, max_interval_date:{int(skew_s * 1000)},"
            f"expire_date:{_stamp(sent)},now_date:{_stamp(now)}",
        )
    return sent


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _matches(key: bytes, signature: str, method: str, target: str, headers: Mapping[str, str]) -> bool:
    """Endpoints may or may not have the base path; a client signs what comes after its endpoint."""
    candidates = [target]
    if target.startswith(BASE_PATH + "/"):
        candidates.insert(0, target[len(BASE_PATH) :])
    expected = signature.encode()
    for candidate in candidates:
        text = canonical_text(method, candidate, headers)
        digest = base64.b64encode(hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha1"))
        if hmac.compare_digest(digest, expected):
            return True
    return False


def canonical_text(method: str, target: str, headers: Mapping[str, str]) -> str:
    """The text that is signed; `target` is the path and query relative to the endpoint, still encoded."""
    url = urlparse(unquote(target), allow_fragments=False)
    resource = url.path
    signed = {name: headers.get(name, "") for name in _SIGNED}
    signed.update((name, value) for name, value in headers.items() if name.startswith("x-odps-"))
    if url.query:
        parameters = dict(parse_qsl(url.query, True))
        resource += "?" + "&".join(f"{k}={v}" if v else k for k, v in sorted(parameters.items()))
        signed.update((name, value) for name, value in parameters.items() if name.startswith("x-odps-"))
    lines = [method]
    lines.extend(f"{name}:{signed[name]}" if name.startswith("x-odps-") else signed[name] for name in sorted(signed))
    lines.append(resource)
    return "\n".join(lines)


@lru_cache(1024)
def derived_key(secret: str, day: str, region: str, prefix: str) -> bytes:
    """The V4 key of one day and region; `prefix` is `aliyun_v4`."""
    key = f"{prefix}{secret}".encode()
    for part in (day, region, "odps", f"{prefix}_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


def _check_token(key: AccessKey, token: str, now: datetime) -> None:
    if key.kind is KeyKind.STS:
        if not hmac.compare_digest(token_digest(token), key.token_digest):
            raise Fault(
                FaultCode.AUTHORIZATION_REQUIRED,
                f"temporary key '{key.access_id}' needs its security token in the header authorization-sts-token",
            )
    elif token:
        raise Fault(
            FaultCode.AUTHORIZATION_REQUIRED, f"access key '{key.access_id}' is not temporary and has no security token"
        )
    if key.expires_at is not None and now >= key.expires_at:
        raise Fault(FaultCode.AUTHENTICATION_EXPIRED, f"temporary key '{key.access_id}' has expired")


def _check_application(world: World, header: str, authorization: str) -> None:
    """`account_provider:aliyun,signature_method:hmac-sha1,access_id:...,signature:...` signs the Authorization header."""
    fields = dict(part.strip().split(":", 1) for part in header.split(",") if ":" in part)
    if fields.get("signature_method", "").lower() != "hmac-sha1":
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "the application's signature_method must be hmac-sha1")
    key = _known_key(world, fields.get("access_id", ""))
    if key.kind is not KeyKind.APPLICATION:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, f"access key '{key.access_id}' is not an application's")
    expected = base64.b64encode(hmac.digest(key.secret.encode(), authorization.encode(), "sha1"))
    if not hmac.compare_digest(expected, fields.get("signature", "").encode()):
        raise Fault(FaultCode.SIGNATURE_NOT_MATCH, "the application's signature does not match")
