"""Sessions of people: signing in with a password, and who a session's secret belongs to.

The secret is in the browser's cookie, its hash in the store. A session ends `Limits.sign_in_hours` after its last use, and in any case a
week after it began. Times are those of the machine's clock, also where instances run on another one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from taskhouse.domain.access import user_name
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.sign_in_store import SignedIn
from taskhouse.services.access import passwords
from taskhouse.services.access.attempts import Attempts
from taskhouse.services.world import World

LONGEST = timedelta(days=7)
MAX_SECRET_CHARS = 128


@dataclass(frozen=True, slots=True)
class Refused:
    """Not signed in. `wait_s`: too many attempts, the next is looked at after so many seconds; 0: name or password is wrong."""

    wait_s: int = 0


def sign_in(world: World, attempts: Attempts, name: str, password: str, address: str) -> tuple[SignedIn, str] | Refused:
    """A new session and its secret."""
    try:
        user = user_name(name)
    except Fault:
        user = ""
    wait_s = attempts.wait_s(user, address)
    if wait_s > 0:
        return Refused(wait_s)
    # Counted before it is looked at: attempts at the same time are counted, too.
    attempts.failed(user, address)
    if not passwords.fits(world, user, password):
        return Refused()
    attempts.succeeded(user, address)
    return begin(world, user)


def change_password(
    world: World, attempts: Attempts, user: str, current: str, new: str, address: str
) -> tuple[SignedIn, str] | Refused:
    """By the user, who knows the present one. All sessions end, and a new one begins. Guesses count as those of signing in do. Raises `Fault`
    (InvalidArgument) for a password that is none, or is the present one."""
    wait_s = attempts.wait_s(user, address)
    if wait_s > 0:
        return Refused(wait_s)
    attempts.failed(user, address)
    if not passwords.fits(world, user, current):
        return Refused()
    attempts.succeeded(user, address)
    if new == current:
        raise Fault(FaultCode.INVALID_ARGUMENT, "the new password is the present one")
    passwords.put(world, user, new)
    return begin(world, user)


def begin(world: World, user: str) -> tuple[SignedIn, str]:
    """Raises `Fault` (NoSuchObject)."""
    now = datetime.now(UTC)
    secret = secrets.token_urlsafe(32)
    session = SignedIn(_digest(secret), user, now, now, now + timedelta(hours=world.limits.sign_in_hours))
    world.sign_ins.begin(session)
    return session, secret


def session_of(world: World, secret: str) -> SignedIn | None:
    """The session that the secret belongs to, while it lasts; from now on it lasts longer."""
    if not 0 < len(secret) <= MAX_SECRET_CHARS:
        return None
    session = world.sign_ins.session(_digest(secret))
    now = datetime.now(UTC)
    if session is None or session.expires_at <= now:
        return None
    life = timedelta(hours=world.limits.sign_in_hours)
    if now - session.used_at > life / 20:
        ends = min(now + life, session.begun_at + LONGEST)
        world.sign_ins.use(session.digest, now, ends)
        session = SignedIn(session.digest, session.user, session.begun_at, now, ends)
    return session


def end(world: World, secret: str) -> bool:
    """False: there was no such session."""
    return 0 < len(secret) <= MAX_SECRET_CHARS and world.sign_ins.end(_digest(secret))


def csrf_token(secret: str) -> str:
    """What requests that change something carry besides the cookie; pages of other sites cannot read it."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
