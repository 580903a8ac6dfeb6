"""`Authorization: Bearer <token>`: whose request it is.

Besides the tokens that are kept in the home, a server knows one of its own: the administrator's, made at its start, told in the ready file,
and gone with the process.
"""

from __future__ import annotations

import hmac

from taskhouse.domain.faults import Fault
from taskhouse.domain.roles import Actor
from taskhouse.protocols.rest.errors import ApiError, from_fault
from taskhouse.services.access import api_tokens
from taskhouse.services.recurring.permissions import actor_of
from taskhouse.services.world import World

_CHALLENGE = {"www-authenticate": 'Bearer realm="taskhouse"'}


class Bearer:
    """`user` has the server's own `token` (empty: there is none)."""

    def __init__(self, user: str = "", token: str = "") -> None:
        self._user = user
        self._digest = api_tokens.digest_of(token) if token else ""

    def __call__(self, world: World, header: str) -> Actor:
        """Raises `ApiError` 401."""
        scheme, _, token = header.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("send a token: `Authorization: Bearer <token>`; `taskhouse token create` makes one")
        try:
            if self._digest and hmac.compare_digest(api_tokens.digest_of(token), self._digest):
                return actor_of(world, self._user)
            return actor_of(world, api_tokens.user_of(world, token))
        except Fault as fault:
            raise _unauthorized(from_fault(fault).body.message) from None


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, "UNAUTHORIZED", message, headers=_CHALLENGE)
