"""The real clock and real randomness. They live beside the scheduler because time and order are its subject; only
`wiring` names them, everything else sees `ports.clock`."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    def instance_id(self, now: datetime) -> str:
        """Milliseconds of `now` in UTC, `g`, and ten random characters: ids sort by time of submission."""
        stamp = now.astimezone(UTC).strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03d}"
        return stamp + "g" + "".join(secrets.choice(_ALPHABET) for _ in range(10))

    def token(self) -> str:
        return secrets.token_urlsafe(24)
