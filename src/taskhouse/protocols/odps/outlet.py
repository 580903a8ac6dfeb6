"""Streamed replies between the worker thread that makes chunks and the event loop that sends them.

The producer is stopped while `HIGH_WATER` bytes wait to be sent, so that a slow reader costs no memory, and is told when
the reader has gone away, so that it can let go of what it holds.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator

HIGH_WATER = 4 * 1024 * 1024


class Outlet:
    """One streamed reply. `pump` runs on a worker thread, `chunk` and `close` on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._closed = False
        self._failure: Exception | None = None
        self._room = threading.Condition()
        self._arrived = asyncio.Event()

    def pump(self, source: Iterator[bytes]) -> None:
        """Move all chunks of `source`; its `close` is called in any case, if it has one."""
        try:
            for data in source:
                if data and not self._put(data):
                    break
        except Exception as failure:
            self._failure = failure
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            with self._room:
                self._ended = True
            self._wake()

    def _put(self, data: bytes) -> bool:
        with self._room:
            while self._waiting >= HIGH_WATER and not self._closed:
                self._room.wait()
            if self._closed:
                return False
            self._chunks.append(data)
            self._waiting += len(data)
            alone = len(self._chunks) == 1
        if alone:
            self._wake()
        return True

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:
            """The loop is gone: the server has stopped, nobody waits."""

    async def chunk(self) -> bytes | None:
        """The next bytes to send, None at the end. Raises what the producer raised."""
        while True:
            with self._room:
                if self._chunks:
                    data = b"".join(self._chunks) if len(self._chunks) > 1 else self._chunks[0]
                    self._chunks.clear()
                    self._waiting = 0
                    self._room.notify()
                    return data
                if self._ended or self._closed:
                    if self._failure is not None:
                        raise self._failure
                    return None
                self._arrived.clear()
            await self._arrived.wait()

    def close(self) -> None:
        """Nobody wants the rest."""
        with self._room:
            self._closed = True
            self._chunks.clear()
            self._room.notify()
        self._arrived.set()
