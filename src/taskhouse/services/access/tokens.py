"""Bearer tokens: signed, expiring, and never worth more than the policy inside them.

A token is its own record: a JSON payload (user, end of life, policy) and an HMAC-SHA256 over it, both in URL-safe Base64.
Nothing is stored; a token of a removed user is worthless, as is every token once the home's key file is replaced.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

from taskhouse.domain.access import read_policy
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.world import Caller, World

_PREFIX = "th1."
MAX_TOKEN_CHARS = 16_384


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sign(world: World, payload: str) -> bytes:
    return hmac.digest(world.access.token_key(), payload.encode(), hashlib.sha256)


def issue(world: World, caller: Caller, policy: object, hours: float) -> str:
    """A token with which anybody may do what `policy` (a JSON document) allows and `caller` may do.
    Raises `Fault`: InvalidArgument for a bad policy or life, NoPermission when the caller uses a token too."""
    if caller.token_scope is not None:
        raise Fault(FaultCode.NO_PERMISSION, "a bearer token cannot be used to issue another one")
    if not 0 < hours <= world.limits.token_hours:
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"a bearer token lives more than 0 and at most {world.limits.token_hours} hours; {hours:g} were asked for",
        )
    read_policy(policy)
    expires = int(world.clock.now().timestamp() + hours * 3600)
    payload = _encode(json.dumps({"u": caller.user, "e": expires, "p": policy}, separators=(",", ":")).encode())
    token = f"{_PREFIX}{payload}.{_encode(_sign(world, payload))}"
    if len(token) > MAX_TOKEN_CHARS:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the policy is too large for a bearer token")
    return token


def verify(world: World, token: str) -> Caller:
    """Who a token speaks for. Raises `Fault`: AuthorizationRequired when it is not one of ours, AuthenticationRequestExpired
    when it is past its time."""
    payload, _, signature = token.removeprefix(_PREFIX).partition(".")
    try:
        genuine = (
            token.startswith(_PREFIX)
            and len(token) <= MAX_TOKEN_CHARS
            and hmac.compare_digest(_decode(signature), _sign(world, payload))
        )
        content = json.loads(_decode(payload)) if genuine else None
    except (binascii.Error, ValueError):
        content = None
    if content is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "the bearer token was not issued by this server")
    if world.clock.now().timestamp() >= content["e"]:
        raise Fault(FaultCode.AUTHENTICATION_EXPIRED, "the bearer token has expired")
    user = world.access.user(content["u"])
    if user is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "the bearer token belongs to a user who was removed")
    return Caller(user.name, user.is_admin, read_policy(content["p"]))
