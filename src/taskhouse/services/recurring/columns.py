"""Columns over the positions of an instance graph that are worked out when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Column(Sequence[T], Generic[T]):
    """A column worked out from another one, item by item, when it is asked for: a look at ten nodes of a million costs ten."""

    def __init__(self, size: int, pick: Callable[[int], T]) -> None:
        self._size = size
        self._pick = pick

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int, /) -> T: ...
    @overload
    def __getitem__(self, at: slice, /) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice, /) -> T | Sequence[T]:
        if isinstance(at, slice):
            return [self._pick(place) for place in range(*at.indices(self._size))]
        if not 0 <= at < self._size:
            raise IndexError(at)  # ends an iteration
        return self._pick(at)
