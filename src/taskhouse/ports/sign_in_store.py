"""Passwords of users and the sessions of those who signed in with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of a browser. Only `digest` is stored, the SHA-256 of the session's secret in hexadecimal digits. `used_at`: about when
    it was last used; see `services.access.sign_in`."""

    digest: str = field(repr=False)
    user: str
    begun_at: datetime
    used_at: datetime
    expires_at: datetime


class SignInStore(Protocol):
    """Sessions and passwords end with their user."""

    def put_password(self, user: str, hash: str, now: datetime) -> None:
        """Replaces the one there is, and ends all sessions of the user. Raises `Fault` (NoSuchObject)."""
        ...

    def password(self, user: str) -> str | None:
        """The hash of the user's password, None without one."""
        ...

    def renew_hash(self, user: str, old: str, new: str) -> None:
        """The same password, hashed another way; nothing happens when it is not `old` any more."""
        ...

    def drop_password(self, user: str) -> bool:
        """Ends all sessions, too. False: there was none."""
        ...

    def has_passwords(self) -> bool: ...

    def begin(self, session: SignedIn) -> None:
        """Also forgets sessions that expired before this one began. Raises `Fault` (NoSuchObject) when the user is gone."""
        ...

    def session(self, digest: str) -> SignedIn | None: ...

    def use(self, digest: str, used_at: datetime, expires_at: datetime) -> None: ...

    def end(self, digest: str) -> bool:
        """False: there was none."""
        ...
