"""Arrow arrays and the numpy arrays inside them, without copies.

Goes through Arrow's buffers rather than `pa.array` and `to_numpy`, which import pandas for the sake of inputs that never occur here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


def present(array: pa.Array) -> Flags | None:
    """Which rows are not NULL; None when all are."""
    if array.null_count == 0:
        return None
    bits = array.buffers()[0]
    return np.zeros(len(array), np.bool_) if bits is None else _bits(bits, array.offset, len(array))


def flags(array: pa.Array) -> Flags:
    """The values of a boolean array; NULLs are anything."""
    data = array.buffers()[1]
    return np.zeros(len(array), np.bool_) if data is None else _bits(data, array.offset, len(array))


def values(array: pa.Array, form: str) -> NDArray[Any]:
    """The values of a fixed-width array, which lie in memory as `form` says; NULLs are anything."""
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.zeros(len(array), form)
    return np.frombuffer(data, form, len(array), array.offset * np.dtype(form).itemsize)


def offsets(array: pa.Array) -> NDArray[np.int64]:
    """The offsets of a text, binary, list or map array into its child, one more than rows."""
    if len(array) == 0:
        return np.zeros(1, np.int64)
    large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    form = "<i8" if large else "<i4"
    found = np.frombuffer(array.buffers()[1], form, len(array) + 1, array.offset * np.dtype(form).itemsize)
    return found.astype(np.int64)


def texts(array: pa.Array) -> NDArray[np.uint8]:
    """The bytes that the offsets of a text or binary array point into."""
    data = array.buffers()[2]
    return np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)


def array_of(numbers: NDArray[Any], type_: pa.DataType, having: Flags | None = None) -> pa.Array:
    """An array over `numbers`, which lie in memory as `type_` does; rows where `having` is false are NULL."""
    return pa.Array.from_buffers(type_, len(numbers), [validity(having), pa.py_buffer(np.ascontiguousarray(numbers))])


def boolean_array(truths: Flags) -> pa.Array:
    return pa.Array.from_buffers(pa.bool_(), len(truths), [None, pa.py_buffer(np.packbits(truths, bitorder="little"))])


def text_array(lines: list[str]) -> pa.Array:
    """An array of texts, none of them NULL."""
    encoded = [line.encode() for line in lines]
    ends = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(line) for line in encoded], out=ends[1:])
    return pa.Array.from_buffers(pa.utf8(), len(encoded), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def validity(having: Flags | None) -> pa.Buffer | None:
    """The bitmap of rows that are not NULL."""
    return None if having is None else pa.py_buffer(np.packbits(having, bitorder="little"))


def _bits(buffer: pa.Buffer, offset: int, size: int) -> Flags:
    first = offset // 8
    data = np.frombuffer(buffer, np.uint8)[first : (offset + size + 7) // 8]
    return np.unpackbits(data, count=offset - first * 8 + size, bitorder="little")[offset - first * 8 :].view(np.bool_)
