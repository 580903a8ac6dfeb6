"""Request bodies between the event loop, where bytes arrive, and the worker thread that reads them.

The loop pauses receiving when `HIGH_WATER` bytes wait to be read, so that a fast sender fills the network's buffers, not
our memory. A sender that is silent for too long, or goes away in the middle, is an error to the reader.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from taskhouse.domain.faults import Fault, FaultCode

HIGH_WATER = 4 * 1024 * 1024
LOW_WATER = 1024 * 1024
IDLE_S = 60.0
"""How long a reader waits for the next bytes of a body."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyStream(io.RawIOBase):
    """A body as a blocking, readable file. `read(-1)` reads to the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._offset = 0
        self._complete = False
        self._broken = ""
        self._abandoned = False
        self._ready = threading.Condition()
        self._resume = asyncio.Event()

    async def feed(self, receive: Receive) -> None:
        """On the loop: move what arrives into the buffer until the end, a disconnect, or `abandon`."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._finish("the connection was closed in the middle of the request body")
                return
            data = message.get("body", b"")
            more = message.get("more_body", False)
            with self._ready:
                if self._abandoned:
                    data = b""
                if data:
                    self._chunks.append(data)
                    self._waiting += len(data)
                if not more:
                    self._complete = True
                full = self._waiting >= HIGH_WATER
                if full:
                    self._resume.clear()
                self._ready.notify()
            if not more:
                return
            if full:
                await self._resume.wait()

    def _finish(self, broken: str) -> None:
        with self._ready:
            self._complete = True
            self._broken = broken
            self._ready.notify()

    def abandon(self) -> None:
        """The handler is done: whatever still arrives is thrown away. Call on the loop."""
        with self._ready:
            self._abandoned = True
            self._chunks.clear()
            self._waiting = 0
        self._resume.set()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes, and exactly that many unless the body ends before. Empty at the end. Raises `Fault`
        when the sender is silent for `IDLE_S` seconds or goes away."""
        if size is None or size < 0:
            size = 1 << 62
        parts: list[bytes] = []
        missing = size
        while missing > 0:
            part = self._take(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read1(self, size: int = -1) -> bytes:
        """Whatever has arrived, at most `size` bytes; blocks only when nothing has."""
        return self._take(1 << 62 if size < 0 else size)

    def _take(self, size: int) -> bytes:
        with self._ready:
            while not self._chunks:
                if self._broken:
                    raise Fault(FaultCode.INVALID_ARGUMENT, self._broken)
                if self._complete or self._abandoned:
                    return b""
                if not self._ready.wait(IDLE_S):
                    raise Fault(FaultCode.INVALID_ARGUMENT, f"no bytes of the request body arrived for {IDLE_S:g} s")
            chunk = self._chunks[0]
            available = len(chunk) - self._offset
            if available <= size:
                data = chunk[self._offset :] if self._offset else chunk
                self._chunks.popleft()
                self._offset = 0
            else:
                data = chunk[self._offset : self._offset + size]
                self._offset += size
            before = self._waiting
            self._waiting -= len(data)
            if before >= LOW_WATER > self._waiting and not self._resume.is_set():
                self._loop.call_soon_threadsafe(self._resume.set)
            return data
