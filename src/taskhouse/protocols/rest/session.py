"""Signing in with a password: a session in a cookie that only the server reads.

The cookie is sent by browsers on requests of the same site only; requests that change something must also carry the session's CSRF token
in a header. Programs use bearer tokens and need neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec
import structlog
from starlette.requests import cookie_parser

from taskhouse.domain.faults import Fault
from taskhouse.domain.roles import Actor
from taskhouse.ports.sign_in_store import SignedIn
from taskhouse.protocols.rest.errors import ApiError
from taskhouse.protocols.rest.identity import tenant_zone
from taskhouse.protocols.rest.routing import Call, Nothing, Reply, Routes
from taskhouse.services.access import sign_in
from taskhouse.services.access.attempts import Attempts
from taskhouse.services.recurring.permissions import actor_of
from taskhouse.services.world import World

log = structlog.get_logger("taskhouse.rest")

CSRF_HEADER = "x-csrf-token"
MAX_BODY = 16 * 1024
"""Bytes of a body with passwords, which anybody may send."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user`: as `taskhouse user list` shows it, or the part after `ALIYUN$`."""

    user: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`current`: the password as it is. `new`: 10 to 200 characters, at least 4 different ones."""

    current: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    new: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SessionView(msgspec.Struct, frozen=True):
    """Who is signed in, and what pages need to know about the server. `csrf_token`: to be sent as `X-CSRF-Token` with requests that change
    something. `expires_at`: when the session ends if it is not used. `now`: the time by which recurring instances go; in a `rehearsal` it stands still until it is set. `roles`, `super_admin` and `time_zone` as in `Me`."""

    user: str
    super_admin: bool
    roles: dict[str, list[str]]
    time_zone: str
    csrf_token: str
    expires_at: datetime
    now: datetime
    rehearsal: bool


def cookie_name(world: World) -> str:
    """Of this home: browsers keep one jar for all servers of a machine."""
    return "taskhouse_" + hashlib.sha256(b"cookie" + world.access.token_key()).hexdigest()[:10]


def secret_in(world: World, headers: Mapping[str, str]) -> str:
    """The session's secret that a request carries, "" without one. Whatever other servers of the machine have put in the jar does no harm."""
    return cookie_parser(headers.get("cookie", "")).get(cookie_name(world), "")


def session_routes(attempts: Attempts, is_secure: Callable[[], bool]) -> Routes:
    """`is_secure`: whether browsers reach the server by https, so that the cookie never travels in the clear."""
    routes = Routes("session")

    @routes.get("/session", reply=SessionView, public=True)
    def show_session(call: Call[Nothing, None]) -> SessionView | Reply:
        """Who is signed in by the cookie, with what pages need to know about the server; 204 when nobody is."""
        secret = secret_in(call.world, call.headers)
        session = sign_in.session_of(call.world, secret) if secret else None
        if session is None:
            return Reply(b"", 204, headers={"cache-control": "no-store"})
        try:
            return _view(call.world, actor_of(call.world, session.user), secret, session.expires_at)
        except Fault:  # the user was removed just now
            return Reply(b"", 204, headers={"cache-control": "no-store"})

    @routes.post(
        "/session",
        body=Credentials,
        reply=SessionView,
        status=201,
        public=True,
        errors=(401, 415, 429),
        max_body=MAX_BODY,
    )
    def begin_session(call: Call[Nothing, Credentials]) -> Reply:
        """Sign in with a password; the session is kept in a cookie.

        401 `WRONG_PASSWORD` says that name or password is wrong, never which. 429 `TOO_MANY_ATTEMPTS` tells in `Retry-After` after how many
        seconds the next attempt is looked at. The body must say that it is `application/json`.
        """
        if not call.headers.get("content-type"):
            # Pages of other origins can send a body without a type, and would sign somebody in as somebody else.
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "the body must say that it is application/json")
        world, body = call.world, call.body
        done = sign_in.sign_in(world, attempts, body.user, body.password, call.address)
        if isinstance(done, sign_in.Refused):
            log.warning("sign-in refused", user=body.user, address=call.address, wait_s=done.wait_s)
            _refuse_many(done)
            raise ApiError(401, "WRONG_PASSWORD", "the name or the password is wrong")
        return begun(world, *done, 201)

    @routes.put("/session/password", body=NewPassword, reply=SessionView, errors=(403, 429), max_body=MAX_BODY)
    def change_password(call: Call[Nothing, NewPassword]) -> Reply:
        """Change one's own password. All sessions of the user end, this one goes on under another cookie.

        403 `WRONG_PASSWORD` says that the present password is not the one given, 403 `NO_SESSION` that the request was one of a token. Wrong ones count
        as wrong passwords of signing in: 429 `TOO_MANY_ATTEMPTS`.
        """
        world, body = call.world, call.body
        secret = "" if call.headers.get("authorization") else secret_in(world, call.headers)
        session = sign_in.session_of(world, secret) if secret else None
        if session is None:
            raise ApiError(403, "NO_SESSION", "a password is changed in a session, by whoever signed in with it")
        done = sign_in.change_password(world, attempts, session.user, body.current, body.new, call.address)
        if isinstance(done, sign_in.Refused):
            log.warning("password not changed", user=session.user, address=call.address, wait_s=done.wait_s)
            _refuse_many(done)
            raise ApiError(403, "WRONG_PASSWORD", "the present password is not the one given")
        log.info("password changed", user=session.user, address=call.address)
        return begun(world, *done, 200)

    def begun(world: World, session: SignedIn, secret: str, status: int) -> Reply:
        view = _view(world, actor_of(world, session.user), secret, session.expires_at)
        headers = {"set-cookie": _cookie(world, secret, is_secure()), "cache-control": "no-store"}
        return Reply(view, status, headers=headers)

    @routes.delete("/session", status=204)
    def end_session(call: Call[Nothing, None]) -> Reply:
        """Sign out. A request with a bearer token ends nothing."""
        if not call.headers.get("authorization"):
            sign_in.end(call.world, secret_in(call.world, call.headers))
        return Reply(b"", 204, headers={"set-cookie": _cookie(call.world, "", is_secure())})

    return routes


def _refuse_many(refused: sign_in.Refused) -> None:
    if refused.wait_s:
        message = f"too many attempts; the next one is looked at in {refused.wait_s} seconds"
        raise ApiError(429, "TOO_MANY_ATTEMPTS", message, headers={"retry-after": str(refused.wait_s)})


def _view(world: World, actor: Actor, secret: str, expires_at: datetime) -> SessionView:
    roles = {project: sorted(role.value for role in its) for project, its in sorted(actor.roles.items())}
    csrf = sign_in.csrf_token(secret)
    now, rehearsal = world.clock.now(), world.rehearsal is not None
    return SessionView(actor.user, actor.super_admin, roles, tenant_zone(world), csrf, expires_at, now, rehearsal)


def _cookie(world: World, secret: str, secure: bool) -> str:
    """Ends with the browser, and with the session on the server; "" takes it away."""
    parts = [f"{cookie_name(world)}={secret}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if secure:
        parts.append("Secure")
    if not secret:
        parts.append("Max-Age=0")
    return "; ".join(parts)
