"""Counts of what the server does, for whoever watches it. Cheap enough to be called anywhere; read by `/metrics`."""

from __future__ import annotations

import threading
from collections.abc import Mapping

Labels = tuple[tuple[str, str], ...]


class Measures:
    """Sums by name and labels that only grow while the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, dict[Labels, float]] = {}

    def add(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """`add("tunnel_rows", 500, direction="upload")`."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            sums = self._sums.setdefault(name, {})
            sums[key] = sums.get(key, 0) + amount

    def read(self) -> Mapping[str, Mapping[Labels, float]]:
        with self._lock:
            return {name: dict(sums) for name, sums in self._sums.items()}
