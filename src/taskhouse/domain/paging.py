"""Lists in pages. A marker is opaque to whoever asks: it is what the last page returned, and says where to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`marker` is empty on the last page: clients ask again until it is."""

    items: tuple[T, ...]
    marker: str = ""
