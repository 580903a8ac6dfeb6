"""Where the time of one transfer went, as clients print it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TypeVar

from taskhouse.ports.byte_source import ByteSource

T = TypeVar("T")

METRICS_HEADER = "odps-tunnel-metrics"


class TransferCost:
    """A clock started when the transfer begins. Storage is the time spent in the table's files, network the time spent waiting for the
    client; the rest is this server's own work. Printed in whole microseconds."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._storage_s = 0.0
        self._network_s = 0.0

    def storing(self, source: Iterable[T]) -> Iterator[T]:
        """The same items; the time that `source` takes counts as storage."""
        iterator = iter(source)
        while True:
            before = perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self._storage_s += perf_counter() - before
            yield item

    def sending(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks; the time until the next one is asked for counts as network."""
        for chunk in source:
            before = perf_counter()
            yield chunk
            self._network_s += perf_counter() - before

    def receiving(self, stream: ByteSource) -> ByteSource:
        """The same stream; the time that reading takes counts as network."""
        return _Timed(self, stream)

    def waited(self, seconds: float) -> None:
        self._network_s += seconds

    def document(self) -> str:
        total = max(1, round((perf_counter() - self._started) * 1e6))
        network = min(round(self._network_s * 1e6), total - 1)
        storage = min(round(self._storage_s * 1e6), total - 1 - network)
        return json.dumps(
            {"PanguIOCost": storage, "ServerIOCost": network, "ServerTotalCost": total, "RateLimitCost": 0}
        )


class _Timed:
    def __init__(self, cost: TransferCost, stream: ByteSource) -> None:
        self._cost = cost
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        before = perf_counter()
        try:
            return self._stream.read(size)
        finally:
            self._cost.waited(perf_counter() - before)
