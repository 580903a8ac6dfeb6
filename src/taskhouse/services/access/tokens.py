"""Bearer tokens: signed, expiring, and never worth more than the policy inside them.

A token is its own record: `th1,<HMAC-SHA256>,<end of life>,<user and policy>` in Base64; the official client decodes it and
takes the third field for the time at which it has to ask for a new one. All parts are in an alphabet whose Base64 has no character
that a URL would need to escape. Nothing is stored; a token of a removed user is worthless, as is every token
once the home's key file is replaced.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from taskhouse.domain.access import Policy, policy_document, read_policy
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Attempt
from taskhouse.services.world import Caller, World

_VERSION = "th1"
MAX_TOKEN_CHARS = 16_384
_EVERYTHING = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sign(world: World, expires: str, payload: str) -> str:
    return _encode(hmac.digest(world.access.token_key(), f"{expires},{payload}".encode(), hashlib.sha256))


SCOPE_PROPERTY = "taskhouse.token.policy"
"""The property of a task that holds the policy of the token that submitted it: the task may do no more than the token."""


def with_scope(config: Mapping[str, str], caller: Caller) -> dict[str, str]:
    """A task's properties with the caller's scope, whatever the client wrote there."""
    scoped = {name: value for name, value in config.items() if name != SCOPE_PROPERTY}
    if caller.token_scope is not None:
        scoped[SCOPE_PROPERTY] = json.dumps(policy_document(caller.token_scope))
    return scoped


def scope_of(config: Mapping[str, str]) -> Policy | None:
    """The scope that `with_scope` kept."""
    kept = config.get(SCOPE_PROPERTY)
    return read_policy(json.loads(kept)) if kept else None


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
    return _signed(world, {"u": caller.user, "p": policy}, hours)


def issue_for_attempt(world: World, user: str, scope: Policy | None, attempt: Attempt) -> str:
    """A token for the script that an attempt runs: it may do what the task's owner and `scope` may, and only while the attempt is live.
    So a superseded attempt can do nothing any more, whatever its script still tries."""
    policy = policy_document(scope) if scope is not None else _EVERYTHING
    content = {"u": user, "p": policy, "a": [attempt.instance_id, attempt.index, attempt.number]}
    return _signed(world, content, world.limits.token_hours)


def _signed(world: World, content: Mapping[str, object], hours: float) -> str:
    expires = str(int(world.clock.now().timestamp() + hours * 3600))
    payload = _encode(json.dumps(content, separators=(",", ":")).encode())
    text = f"{_VERSION},{_sign(world, expires, payload)},{expires},{payload}"
    token = base64.b64encode((text + "," * (-len(text) % 3)).encode()).decode()
    if len(token) > MAX_TOKEN_CHARS:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the policy is too large for a bearer token")
    return token


def verify(world: World, token: str) -> Caller:
    """Who a token speaks for. Raises `Fault`: AuthorizationRequired when it is not one of ours, AuthenticationRequestExpired
    when it is past its time."""
    content = _genuine(world, token)
    if content is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "the bearer token was not issued by this server")
    expires, payload = content
    if world.clock.now().timestamp() >= expires:
        raise Fault(FaultCode.AUTHENTICATION_EXPIRED, "the bearer token has expired")
    user = world.access.user(payload["u"])
    if user is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "the bearer token belongs to a user who was removed")
    if "a" in payload and not world.instances.is_live(Attempt(*payload["a"])):
        raise Fault(FaultCode.AUTHENTICATION_EXPIRED, "the bearer token belongs to a task that has ended")
    return Caller(user.name, user.is_admin, read_policy(payload["p"]))


def _genuine(world: World, token: str) -> tuple[int, dict[str, Any]] | None:
    """End of life (epoch seconds) and payload of a token that this server issued; None for any other text."""
    if len(token) > MAX_TOKEN_CHARS:
        return None
    try:
        version, signature, expires, payload = (
            base64.b64decode(token, validate=True).decode("ascii").rstrip(",").split(",")
        )
        if version != _VERSION or not hmac.compare_digest(signature, _sign(world, expires, payload)):
            return None
        return int(expires), json.loads(_decode(payload))
    except ValueError:
        return None
