"""Parts that are heavy to load and that an idle server does without: made when somebody first asks something of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Later:
    """Stands for what `make` returns, and becomes it with the first look at any of its attributes. Safe from any thread; when `make`
    raises, whoever asked gets that, and the next one tries again."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def is_made(self) -> bool:
        return self._made is not None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        found = getattr(self._made, name)
        if callable(found):
            self.__dict__[name] = found  # from now on without a detour
        return found
