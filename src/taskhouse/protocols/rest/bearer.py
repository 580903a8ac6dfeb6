"""`Authorization: Bearer <token>`: whose request it is.

Besides the tokens that are kept in the home, a server knows one of its own: the administrator's, made at its start, told in the ready file,
and gone with the process.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from taskhouse.domain.faults import Fault
from taskhouse.domain.roles import Actor
from taskhouse.protocols.rest.errors import ApiError, from_fault
from taskhouse.services.access import api_tokens
from taskhouse.services.recurring.permissions import actor_of
from taskhouse.services.world import World

_CHALLENGE = {"www-authenticate": 'Bearer realm="taskhouse"'}


class Bearer:
    """Without a token of the server's own until `admit`."""

    def __init__(self) -> None:
        self._own = ("", "")

    def admit(self, user: str) -> str:
        """A new token of the server's own; whoever has it is `user`."""
        token = api_tokens.new_token()
        self._own = (user, api_tokens.digest_of(token))
        return token

    def __call__(self, world: World, headers: Mapping[str, str], method: str = "GET") -> Actor:
        """Raises `ApiError` 401."""
        scheme, _, token = headers.get("authorization", "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("send a token: `Authorization: Bearer <token>`; `taskhouse token create` makes one")
        try:
            user, digest = self._own
            if digest and hmac.compare_digest(api_tokens.digest_of(token), digest):
                return actor_of(world, user)
            return actor_of(world, api_tokens.user_of(world, token))
        except Fault as fault:
            raise unauthorized(from_fault(fault).body.message) from None


def unauthorized(message: str) -> ApiError:
    return ApiError(401, "UNAUTHORIZED", message, headers=_CHALLENGE)
