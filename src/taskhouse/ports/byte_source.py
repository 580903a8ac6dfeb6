"""Bytes that arrive: a request's body, or what a decoder makes of it."""

from __future__ import annotations

from typing import Protocol


class ByteSource(Protocol):
    """Read once, from front to back, by one thread."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, all that is left if negative; nothing at the end."""
        ...
