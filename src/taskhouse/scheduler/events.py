"""Waking those who wait, inside one process: a table of callbacks by topic.

Lives beside the scheduler, which is woken by it most; only `wiring` names it. A callback runs in the publisher's
thread and must be quick (set a flag, resolve a future); one that raises is logged and does not keep others from being called.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)


class LocalEvents:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[str, dict[int, Callable[[], None]]] = {}
        self._next = 0

    def publish(self, topic: str) -> None:
        with self._lock:
            callbacks = list(self._watchers.get(topic, {}).values())
        for callback in callbacks:
            try:
                callback()
            except Exception:
                _log.exception("watcher failed", topic=topic)

    def watch(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        with self._lock:
            key = self._next
            self._next += 1
            self._watchers.setdefault(topic, {})[key] = callback

        def end() -> None:
            with self._lock:
                watchers = self._watchers.get(topic)
                if watchers is not None:
                    watchers.pop(key, None)
                    if not watchers:
                        del self._watchers[topic]

        return end
