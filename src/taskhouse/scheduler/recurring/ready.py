"""The nodes that are ready and ask for room: one queue for each resource group, first come those that the domain puts first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from taskhouse.domain.readiness import Candidate, queue_key

_Key = tuple[object, ...]


class ReadyQueues:
    """Entries are replaced by putting them again and taken out by position; what is outdated in a heap is skipped when it comes up."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[int, Candidate]] = {}
        self._heaps: dict[str, list[tuple[_Key, int, int]]] = {}
        self._stamp = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, position: int, candidate: Candidate) -> None:
        self._stamp += 1
        self._entries[position] = (self._stamp, candidate)
        heap = self._heaps.setdefault(candidate.group, [])
        heapq.heappush(heap, (queue_key(candidate), self._stamp, position))

    def discard(self, position: int) -> None:
        self._entries.pop(position, None)

    def get(self, position: int) -> Candidate | None:
        entry = self._entries.get(position)
        return None if entry is None else entry[1]

    def first(self, group: str, most: int) -> list[tuple[int, Candidate]]:
        """The first of a group, which stay in the queue."""
        heap = self._heaps.get(group, [])
        found: list[tuple[int, Candidate]] = []
        again: list[tuple[_Key, int, int]] = []
        while heap and len(found) < most:
            entry = heapq.heappop(heap)
            current = self._entries.get(entry[2])
            if current is not None and current[0] == entry[1]:
                again.append(entry)
                found.append((entry[2], current[1]))
        for entry in again:
            heapq.heappush(heap, entry)
        return found

    def groups(self) -> Iterable[str]:
        return list(self._heaps)

    def everyone(self) -> list[tuple[int, Candidate]]:
        return [(position, candidate) for position, (_, candidate) in self._entries.items()]
