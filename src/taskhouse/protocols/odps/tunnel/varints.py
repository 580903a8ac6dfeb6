"""Protobuf varints and zigzag numbers, for whole columns at once and one by one.

A varint holds seven bits a byte, lowest first, the high bit set on all but the last byte; 64 bits need at most ten bytes. Zigzag
folds the sign into the lowest bit so that small negative numbers stay short.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskhouse.protocols.odps.tunnel.segments import Bytes, Ints, Segments, overlapping

UInts = NDArray[np.uint64]

_SLOT = 16
_U = np.uint64
_CONTINUE = _U(0x8080808080808080)
_SEVEN = _U(0x7F7F7F7F7F7F7F7F)


def zigzag(values: Ints) -> UInts:
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def unzigzag(values: UInts) -> Ints:
    return ((values >> _U(1)) ^ (~(values & _U(1)) + _U(1))).view(np.int64)


def varint_runs(values: UInts, prefix: bytes = b"") -> Segments:
    """Each value as a varint behind the same `prefix` (at most six bytes)."""
    rows = len(values)
    lengths = np.ones(rows, np.int64)
    top = int(values.max()) if rows else 0
    bound = 0x80
    while bound <= top:
        lengths += (values >= _U(bound)).astype(np.int64)
        bound <<= 7
    slots = np.zeros((rows, _SLOT), np.uint8)
    if prefix:
        slots[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    flat = slots.reshape(-1)
    # spread the low 56 bits over eight bytes: halves, quarters, eighths
    low = values & _U((1 << 56) - 1)
    low = (low & _U(0x0FFFFFFF)) | ((low & _U(0x00FFFFFFF0000000)) << _U(4))
    low = (low & _U(0x00003FFF00003FFF)) | ((low & _U(0x0FFFC0000FFFC000)) << _U(2))
    low = (low & _U(0x007F007F007F007F)) | ((low & _U(0x3F803F803F803F80)) << _U(1))
    continued = np.minimum(lengths - 1, 8).astype(np.uint64) << _U(3)
    bits = np.where(continued == 64, _CONTINUE, _CONTINUE & ((_U(1) << (continued % _U(64))) - _U(1)))
    if rows:
        np.ndarray((rows,), "<u8", flat.data, len(prefix), (_SLOT,))[:] = low | bits
        if top >> 56:
            high: UInts = values >> _U(56)
            high = (high & _U(0x7F)) | ((high & _U(0x80)) << _U(1)) | ((lengths == 10).astype(np.uint64) << _U(7))
            np.ndarray((rows,), "<u2", flat.data, len(prefix) + 8, (_SLOT,))[:] = high.astype(np.uint16)
    return Segments(flat, np.arange(rows, dtype=np.int64) * _SLOT, lengths + len(prefix))


def read_varints(padded: Bytes, at: Ints) -> tuple[UInts, Ints]:
    """The varints that start at each position, and their lengths in bytes; length 0 marks one longer than ten bytes.

    `padded` must hold at least 16 bytes behind every position in `at`.
    """
    words = overlapping(padded, "<u8")[at]
    stops = ~words & _CONTINUE
    first = stops & (~stops + _U(1))
    lengths: Ints = ((np.bitwise_count(first - _U(1)) + 1) >> 3).astype(np.int64)
    groups = words & ((first << _U(1)) - _U(1)) & _SEVEN
    groups = (groups & _U(0x007F007F007F007F)) | ((groups & _U(0x7F007F007F007F00)) >> _U(1))
    groups = (groups & _U(0x00003FFF00003FFF)) | ((groups & _U(0x3FFF00003FFF0000)) >> _U(2))
    values = (groups & _U(0x0FFFFFFF)) | ((groups & _U(0x0FFFFFFF00000000)) >> _U(4))
    long = np.flatnonzero(stops == 0)
    if len(long):
        rest = overlapping(padded, "<u2")[at[long] + 8].astype(np.uint64)
        ninth, tenth = rest & _U(0xFF), rest >> _U(8)
        two: NDArray[np.bool_] = ninth >= _U(0x80)
        values[long] |= ((ninth & _U(0x7F)) << _U(56)) | np.where(two, (tenth & _U(1)) << _U(63), _U(0))
        lengths[long] = np.where(two, np.where(tenth < _U(0x80), 10, 0), 9)
    return values, lengths


def encode_varint(value: int) -> bytes:
    """One unsigned value below 2**64."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_zigzag(value: int) -> bytes:
    return encode_varint((value << 1) ^ (value >> 63))


def decode_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The value at `at`, below 2**64, and the position behind it. IndexError if the data end inside it, ValueError if it is too long."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift >= 70:
            raise ValueError("a varint is longer than ten bytes")


def decode_zigzag(data: bytes | memoryview, at: int) -> tuple[int, int]:
    value, at = decode_varint(data, at)
    return (value >> 1) ^ -(value & 1), at
