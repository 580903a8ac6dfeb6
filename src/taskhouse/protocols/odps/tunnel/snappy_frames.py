"""The Snappy framing format: independent chunks of at most 64 KiB, each with a masked CRC-32C of its content.

Source followed: the format's public description (framing_format.txt of Snappy). Only the framing is done here, the blocks inside it are
compressed and read by Arrow's Snappy codec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import google_crc32c
import pyarrow as pa

_IDENTIFIER = b"\xff\x06\x00\x00sNaPpY"
_COMPRESSED, _PLAIN, _STREAM = 0x00, 0x01, 0xFF
_CHUNK = 65_536


def _masked(data: bytes) -> bytes:
    crc: int = google_crc32c.value(data)
    return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")


def compress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    codec = pa.Codec("snappy")
    yield _IDENTIFIER
    for data in chunks:
        for start in range(0, len(data), _CHUNK):
            part = data[start : start + _CHUNK]
            packed = codec.compress(part, asbytes=True)
            kind, body = (_COMPRESSED, packed) if len(packed) < len(part) * 7 // 8 else (_PLAIN, part)
            yield b"".join((bytes((kind,)), (len(body) + 4).to_bytes(3, "little"), _masked(part), body))


def decompress(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The content, chunk by chunk. `read(n)` gives exactly n bytes unless the stream ends before. Raises ValueError for bytes that are not
    this format."""
    codec = pa.Codec("snappy")
    begun = False
    while head := read(4):
        if len(head) < 4:
            raise ValueError("the stream ends inside a chunk's header")
        kind, size = head[0], int.from_bytes(head[1:], "little")
        body = read(size)
        if len(body) < size:
            raise ValueError("the stream ends inside a chunk")
        if kind == _STREAM:
            if body != _IDENTIFIER[4:]:
                raise ValueError("the stream identifier is wrong")
            begun = True
            continue
        if not begun:
            raise ValueError("the stream identifier is missing")
        if 0x80 <= kind <= 0xFE:
            continue
        if kind not in (_COMPRESSED, _PLAIN) or size < 4:
            raise ValueError(f"chunk type {kind} cannot be read")
        content = body[4:]
        if kind == _COMPRESSED:
            length = _plain_length(content)
            if length > _CHUNK:
                raise ValueError(f"a chunk holds {length} bytes, more than {_CHUNK}")
            try:
                content = codec.decompress(content, decompressed_size=length, asbytes=True)
            except (pa.ArrowException, OSError) as error:
                raise ValueError(str(error)) from None
        if _masked(content) != body[:4]:
            raise ValueError("a chunk does not match its checksum")
        yield content


def _plain_length(block: bytes) -> int:
    """A block begins with its plain length as a varint."""
    value = 0
    for position, byte in enumerate(block[:5]):
        value |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            return value
    raise ValueError("a block's length cannot be read")
