"""Whose request it is: by `Authorization: Bearer <token>`, or by the session cookie of somebody who signed in.

With both, the token counts. A request by cookie that changes something must carry the session's CSRF token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from taskhouse.domain.faults import Fault
from taskhouse.domain.roles import Actor
from taskhouse.protocols.rest.bearer import Bearer, unauthorized
from taskhouse.protocols.rest.errors import ApiError, from_fault
from taskhouse.protocols.rest.session import CSRF_HEADER, secret_in
from taskhouse.services.access import sign_in
from taskhouse.services.recurring.permissions import actor_of
from taskhouse.services.world import World


class TokenOrSession:
    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    def __call__(self, world: World, headers: Mapping[str, str], method: str) -> Actor:
        """Raises `ApiError`: 401, 403 (CSRF)."""
        secret = "" if headers.get("authorization") else secret_in(world, headers)
        if not secret:
            return self._bearer(world, headers, method)
        session = sign_in.session_of(world, secret)
        if session is None:
            raise unauthorized("the session has ended; sign in again")
        if method not in ("GET", "HEAD") and not _is_own(headers.get(CSRF_HEADER, ""), secret):
            message = f"a request by session that changes something carries the session's token in `{CSRF_HEADER}`"
            raise ApiError(403, "CSRF", message)
        try:
            return actor_of(world, session.user)
        except Fault as fault:
            raise unauthorized(from_fault(fault).body.message) from None


def _is_own(token: str, secret: str) -> bool:
    return hmac.compare_digest(token.encode(), sign_in.csrf_token(secret).encode())
