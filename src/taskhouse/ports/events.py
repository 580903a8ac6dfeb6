"""Waking those who wait, inside one process. Events are hints: whoever waits looks at the store again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Events(Protocol):
    def publish(self, topic: str) -> None:
        """Wake all who watch `topic` (`queue`, `instance:<id>`)."""
        ...

    def watch(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` (quick, from any thread) on each publish; returns a function that ends the watch."""
        ...
