"""One page of a list, and how to ask for the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`marker` is opaque text for the next call; empty on the last page, so that nobody asks for ever."""

    items: tuple[T, ...]
    marker: str = ""
