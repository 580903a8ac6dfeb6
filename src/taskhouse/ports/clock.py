"""Time and randomness, as arguments rather than ambient facts."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        ...


class Ids(Protocol):
    def instance_id(self, now: datetime) -> str:
        """`yyyyMMddHHmmssSSS` + `g` + random lower-case letters and digits."""
        ...

    def token(self) -> str:
        """An unguessable, URL-safe text of 32 characters."""
        ...
