"""Moving many short byte runs at once with numpy.

A row of the record stream is a string of short runs (a tag, a varint, a text) whose lengths differ from row to row. Writing ten
million rows run by run in Python would take minutes, so runs are described by arrays (`Segments`) and moved for all rows
together. A run of length n with W <= n < 2W (W a power of two) is exactly its first W bytes and its last W bytes, which overlap;
so each power of two present costs two gathers and two scatters, whatever the lengths are, and never a byte outside the runs
is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_LONG = 2048
"""Runs of this length or more are copied one by one: then copying dominates, and wide gathers would only cost memory."""


@dataclass(frozen=True, slots=True)
class Segments:
    """One run of bytes per row: `data[starts[i] : starts[i] + lengths[i]]`. A row that lacks the run has length 0."""

    data: Bytes
    starts: Ints
    lengths: Ints

    def only(self, present: NDArray[np.bool_] | None) -> Segments:
        """The same runs with length 0 where `present` is false."""
        if present is None:
            return self
        return Segments(self.data, self.starts, np.where(present, self.lengths, 0))


def overlapping(buffer: Bytes, dtype: Any, offset: int = 0) -> NDArray[Any]:
    """A view of `buffer` with an item of `dtype` starting at *every* byte from `offset` on. Items are unaligned."""
    item = np.dtype(dtype)
    return np.ndarray((max(0, len(buffer) - offset - item.itemsize + 1),), item, buffer.data, offset, (1,))


def copy_runs(target: Bytes, at: Ints, source: Segments) -> None:
    """Write every run of `source` into `target` at the positions `at`."""
    lengths = source.lengths
    if len(lengths) == 0:
        return
    longest, shortest = int(lengths.max()), int(lengths.min())
    width = 1
    while width <= min(longest, _LONG - 1):
        if shortest >= width and longest < 2 * width:
            _copy_class(target, at, source.data, source.starts, lengths, width)
        elif shortest < 2 * width:
            rows = np.flatnonzero((lengths >= width) & (lengths < 2 * width))
            if len(rows):
                _copy_class(target, at[rows], source.data, source.starts[rows], lengths[rows], width)
        width *= 2
    if longest >= _LONG:
        rows = np.flatnonzero(lengths >= _LONG)
        for to, start, size in zip(
            at[rows].tolist(), source.starts[rows].tolist(), lengths[rows].tolist(), strict=True
        ):
            target[to : to + size] = source.data[start : start + size]


def _copy_class(target: Bytes, at: Ints, data: Bytes, starts: Ints, lengths: Ints, width: int) -> None:
    to, come = overlapping(target, f"V{width}"), overlapping(data, f"V{width}")
    to[at] = come[starts]
    tail = lengths - width
    if int(tail.max()) > 0:
        to[at + tail] = come[starts + tail]


def join_rows(parts: list[Segments], rows: int) -> tuple[Bytes, Ints]:
    """Lay the runs of each row one behind another, rows one behind another.

    Returns the bytes and `rows + 1` offsets: row i is `bytes[offsets[i] : offsets[i + 1]]`.
    """
    offsets = np.zeros(rows + 1, np.int64)
    total = np.zeros(rows, np.int64)
    for part in parts:
        total += part.lengths
    np.cumsum(total, out=offsets[1:])
    target = np.empty(int(offsets[-1]), np.uint8)
    at = offsets[:-1].copy()
    for part in parts:
        copy_runs(target, at, part)
        at += part.lengths
    return target, offsets


def constant(value: bytes, rows: int) -> Segments:
    """The same run in every row."""
    return Segments(np.frombuffer(value, np.uint8), np.zeros(rows, np.int64), np.full(rows, len(value), np.int64))


def fixed_width(values: NDArray[Any]) -> Segments:
    """One run per row holding the bytes of that row's value, as they lie in memory."""
    width = values.dtype.itemsize
    data = np.ascontiguousarray(values).view(np.uint8).reshape(-1)
    rows = len(values)
    return Segments(data, np.arange(rows, dtype=np.int64) * width, np.full(rows, width, np.int64))


def gather(source: Segments) -> tuple[Bytes, NDArray[np.int32]]:
    """All runs one behind another, with int32 offsets as Arrow wants them.

    Raises OverflowError if they exceed 2 GiB together.
    """
    offsets = np.zeros(len(source.lengths) + 1, np.int64)
    np.cumsum(source.lengths, out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise OverflowError("the texts of one batch exceed 2 GiB")
    target = np.empty(int(offsets[-1]), np.uint8)
    copy_runs(target, offsets[:-1], source)
    return target, offsets.astype(np.int32)
