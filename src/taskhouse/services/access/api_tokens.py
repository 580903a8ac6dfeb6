"""Tokens of the REST API: made here, given out once in the clear, kept as a hash.

A token is a user's login to the REST API and nothing else; it cannot sign requests of the MaxCompute protocol. Its life is measured
by the machine's clock, also where instances run on another one.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from taskhouse.domain.access import ApiToken
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.world import World

PREFIX = "tht_"
"""In front of every token, so that leaked ones can be found by searching for it."""
MAX_TOKEN_CHARS = 128


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def issue(world: World, user: str, *, hours: float | None = None, comment: str = "") -> tuple[ApiToken, str]:
    """A new token of `user`, as it is kept and in the clear; `hours` None: it does not expire. Raises `Fault`: InvalidArgument,
    NoSuchObject (user)."""
    if hours is not None and not 0 < hours <= 24 * 365 * 100:
        raise Fault(
            FaultCode.INVALID_ARGUMENT, f"a token lives more than 0 hours and at most 100 years, not {hours:g} hours"
        )
    now = datetime.now(UTC)
    token = new_token()
    expires_at = None if hours is None else now + timedelta(hours=hours)
    kept = ApiToken(f"T{secrets.token_hex(6)}", user, digest_of(token), now, expires_at, comment)
    world.access.add_token(kept)
    return kept, token


def user_of(world: World, token: str) -> str:
    """Who has the token. Raises `Fault`: AuthorizationRequired, AuthenticationRequestExpired."""
    known = world.access.token(digest_of(token)) if len(token) <= MAX_TOKEN_CHARS else None
    if known is None:
        raise Fault(FaultCode.AUTHORIZATION_REQUIRED, "the token is not known; `taskhouse token create` makes one")
    if known.expires_at is not None and known.expires_at <= datetime.now(UTC):
        raise Fault(FaultCode.AUTHENTICATION_EXPIRED, f"the token expired at {known.expires_at:%Y-%m-%d %H:%M} UTC")
    return known.user
