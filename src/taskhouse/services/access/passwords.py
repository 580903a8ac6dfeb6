"""Passwords of users: kept as Argon2id hashes, made up where nobody has chosen one.

A hash costs tens of megabytes and of milliseconds on purpose, so only a few are worked out at a time.
"""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.world import World

MIN_CHARS = 10
MAX_CHARS = 200
_AT_ONCE = 2

_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1, type=Type.ID)
_turns = threading.BoundedSemaphore(_AT_ONCE)
_SYLLABLES = tuple(c + v for c in "bdfghjklmnprstvz" for v in "aeiou")
_DIGITS = "0123456789"
NOBODY = "$argon2id$v=19$m=32768,t=3,p=1$sy4sfU7XFqIAvNstB3OrDA$WQBC4WWQLtvqsf21ZaLF+DcPAKIuKDORcSh4HDPEcEo"
"""The hash of a random password that nobody has."""


def generated() -> str:
    """A password to be read and typed, such as `bako31-tuve08-...`: four groups of two syllables and two digits, 77 bits."""
    groups = ("".join(secrets.choice(each) for each in (_SYLLABLES, _SYLLABLES, _DIGITS, _DIGITS)) for _ in range(4))
    return "-".join(groups)


def check(password: str) -> None:
    """Raises `Fault` (InvalidArgument) for one that is too short to be safe, or too long."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        message = f"a password has {MIN_CHARS} to {MAX_CHARS} characters, this one has {len(password)}"
        raise Fault(FaultCode.INVALID_ARGUMENT, message)
    if len(set(password)) < 4:
        raise Fault(FaultCode.INVALID_ARGUMENT, "a password has at least 4 different characters")


def hashed(password: str) -> str:
    with _turns:
        return _hasher.hash(password)


def put(world: World, user: str, password: str) -> None:
    """Give the user this password; all sessions of the user end. Raises `Fault`: InvalidArgument, NoSuchObject."""
    check(password)
    if world.access.user(user) is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - user '{user}'")
    world.sign_ins.put_password(user, hashed(password), world.clock.now())


def first(world: World, user: str) -> str:
    """A new password for `user` where nobody has one, so that somebody can sign in; "" where somebody has."""
    if world.sign_ins.has_passwords():
        return ""
    password = generated()
    put(world, user, password)
    return password


def fits(world: World, user: str, password: str) -> bool:
    """Whether it is the user's password. Takes the same time for users who are not there or have none."""
    kept = world.sign_ins.password(user)
    if len(password) > MAX_CHARS:
        return False
    with _turns:
        try:
            _hasher.verify(kept or NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    if kept is None:
        return False
    if _hasher.check_needs_rehash(kept):
        world.sign_ins.renew_hash(user, kept, hashed(password))
    return True
