"""How often signing in may fail: by user and address together, by address, and by user.

Kept in memory, bounded: what is forgotten first are the failures that are the longest ago. A restart forgives.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic

WINDOW_S = 300.0
PER_USER_AND_ADDRESS = 5
PER_ADDRESS = 30
PER_USER = 50
"""Higher than the others, so that a stranger cannot keep a user out from one place."""
_KEPT = 20_000


class Attempts:
    """`now` counts seconds."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait_s(self, user: str, address: str) -> int:
        """Seconds until the next attempt is looked at; 0: now."""
        now = self._now()
        with self._lock:
            waits = [self._wait(key, most, now) for key, most in _limits(user, address)]
        return math.ceil(max(waits))

    def failed(self, user: str, address: str) -> None:
        now = self._now()
        with self._lock:
            for key, most in _limits(user, address):
                times = self._failures.setdefault(key, deque(maxlen=most))
                times.append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > _KEPT:
                self._failures.popitem(last=False)

    def succeeded(self, user: str, address: str) -> None:
        """After `failed`, which is taken back. Whoever knows the password had only mistyped it before."""
        with self._lock:
            self._failures.pop((user, address), None)
            for key in (("", address), (user, "")):
                times = self._failures.get(key)
                if times:
                    times.pop()
                    if not times:
                        del self._failures[key]

    def _wait(self, key: tuple[str, str], most: int, now: float) -> float:
        times = self._failures.get(key)
        if times is None or len(times) < most:
            return 0.0
        return max(0.0, times[0] + WINDOW_S - now)


def _limits(user: str, address: str) -> list[tuple[tuple[str, str], int]]:
    return [((user, address), PER_USER_AND_ADDRESS), (("", address), PER_ADDRESS), ((user, ""), PER_USER)]
