"""The server's own bound on its memory.

The engine bounds what it knows of: hash tables, sorts, pages. A single value, or the values of one batch of rows, it takes from
the system without counting, so a statement can ask for more than the machine has. With the bound kept here that request fails, and
the statement with it; without, the system would end the whole process, or another one.
"""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

_INTERVAL_S = 0.2
_SHARE = 0.9
_STATM = Path("/proc/self/statm")


class MemoryBound:
    """Keeps this process from taking more than `limit` bytes of data memory, by default most of the machine's; until `close`.

    The system counts addresses rather than memory, and allocators keep the addresses of what they gave back. So the bound on
    addresses is moved, a few times a second, by as many as are not in use.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._limit = int(os.sysconf("SC_PHYS_PAGES") * self._page * _SHARE) if limit is None else limit
        self._soft, self._hard = resource.getrlimit(resource.RLIMIT_DATA)
        self._ended = threading.Event()
        # Without the counters, or under a bound that somebody else set, nothing is done.
        self._works = _STATM.exists() and self._soft == resource.RLIM_INFINITY
        if self._works:
            self._move()
            threading.Thread(target=self._keep, name="memory-bound", daemon=True).start()

    def close(self) -> None:
        self._ended.set()

    def _keep(self) -> None:
        while not self._ended.wait(_INTERVAL_S):
            self._move()
        resource.setrlimit(resource.RLIMIT_DATA, (self._soft, self._hard))

    def _move(self) -> None:
        words = _STATM.read_bytes().split()
        resident, data = int(words[1]) * self._page, int(words[5]) * self._page
        resource.setrlimit(resource.RLIMIT_DATA, (max(data - resident, 0) + self._limit, self._hard))
