"""Attempts of a node instance: why they end, when one is retried, when one has run too long.

Timers belong to the attempt: an instance that is rerun days later gets the whole time and all retries again (D-50).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from taskhouse.domain.faults import Fault, FaultCode

CANCEL_GRACE = timedelta(seconds=60)
"""How long an executor may take to acknowledge a cancellation before the attempt counts as ended (D-11)."""


class FailReason(Enum):
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    LOST = "LOST"
    """The worker's lease expired without an outcome."""
    STOPPED = "STOPPED"
    QUALITY_STRONG = "QUALITY_STRONG"
    """A strong quality rule broke after the node's code; the data is kept (D-52)."""
    SKIPPED = "SKIPPED"
    """The task is paused in its schedule: failed without running."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`timeout_h` in hours, 0.01 to 168; `retries` after the first attempt, 0 to 10; `gap_min` in minutes, 1 to 60."""

    timeout_h: float = 48.0
    retries: int = 1
    gap_min: int = 5
    after_timeout: bool = False

    def __post_init__(self) -> None:
        for what, value, least, most in (
            ("timeout in hours", self.timeout_h, 0.01, 168),
            ("number of retries", self.retries, 0, 10),
            ("retry interval in minutes", self.gap_min, 1, 60),
        ):
            if not least <= value <= most:
                raise Fault(FaultCode.INVALID_ARGUMENT, f"the {what} must lie between {least} and {most}, not {value}")

    def deadline(self, started_at: datetime) -> datetime:
        """When an attempt is stopped with reason TIMEOUT."""
        return started_at + timedelta(hours=self.timeout_h)

    def retry_at(self, reason: FailReason, retried: int, ended_at: datetime) -> datetime | None:
        """When to try again after `retried` retries since the last operation; None for never. What a person stopped is never
        retried (D-08), nor what was not run at all; a timeout only if the policy says so."""
        if reason in (FailReason.STOPPED, FailReason.SKIPPED):
            return None
        if reason is FailReason.TIMEOUT and not self.after_timeout:
            return None
        return ended_at + timedelta(minutes=self.gap_min) if retried < self.retries else None

    def retry_text(self, retried: int) -> str:
        """`1/3`: retries used and allowed, as lists and downloads show it."""
        return f"{retried}/{self.retries}"
