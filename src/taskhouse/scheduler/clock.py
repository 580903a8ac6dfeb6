"""The real clock and real randomness. They live beside the scheduler because time and order are its subject; only
`wiring` names them, everything else sees `ports.clock`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SettableClock:
    """A clock that stands still until somebody sets it, for rehearsals. Kept in `file`, so that a server that is started again goes on
    where it was. `publish` wakes those who wait for the time."""

    def __init__(self, file: Path, publish: Callable[[], None]) -> None:
        self._file = file
        self._publish = publish
        try:
            self._now = datetime.fromisoformat(file.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            self.set(datetime.now(UTC))

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """`now` is aware."""
        now = now.astimezone(UTC)
        whole = self._file.with_suffix(".new")
        whole.write_text(now.isoformat() + "\n", encoding="utf-8")
        whole.replace(self._file)
        self._now = now
        self._publish()


class RandomIds:
    def instance_id(self, now: datetime) -> str:
        """Milliseconds of `now` in UTC, `g`, and ten random characters: ids sort by time of submission."""
        stamp = now.astimezone(UTC).strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03d}"
        return stamp + "g" + "".join(secrets.choice(_ALPHABET) for _ in range(10))

    def token(self) -> str:
        return secrets.token_urlsafe(24)
