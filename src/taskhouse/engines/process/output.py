"""What is kept of a script's output: its beginning and its end, in bounded memory, readable while it grows."""

from __future__ import annotations

import threading
from collections import deque


class Output:
    """Half of `limit` bytes is kept from the beginning, half from the end. Safe from any thread. Bytes that are no UTF-8 are
    shown as replacement characters, NUL is left out, and each text of `hidden` is shown as `***`."""

    def __init__(self, limit: int, hidden: tuple[str, ...] = ()) -> None:
        self._half = max(1, limit // 2)
        self._hidden = hidden
        self._lock = threading.Lock()
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self.size = 0

    def add(self, data: bytes) -> None:
        with self._lock:
            self.size += len(data)
            room = self._half - len(self._head)
            if room > 0:
                self._head += data[:room]
                data = data[room:]
            if not data:
                return
            self._tail.append(data)
            self._tail_bytes += len(data)
            while self._tail_bytes - len(self._tail[0]) >= self._half:
                self._tail_bytes -= len(self._tail.popleft())

    def text(self) -> str:
        with self._lock:
            head, tail, size = bytes(self._head), b"".join(self._tail)[-self._half :], self.size
        left_out = size - len(head) - len(tail)
        if not left_out:
            return self._shown(head + tail)
        return f"{self._shown(head)}\n[... {left_out:,} bytes left out ...]\n{self._shown(tail)}"

    def _shown(self, data: bytes) -> str:
        text = data.decode("utf-8", errors="replace").replace("\0", "")
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return text
