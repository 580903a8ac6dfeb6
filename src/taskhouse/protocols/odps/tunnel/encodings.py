"""Content encodings of tunnel data, both ways, as streams with constant memory.

| name | what |
|---|---|
| `deflate` | zlib |
| `zstd` | Zstandard |
| `x-lz4-frame`, `x-odps-lz4-frame` | LZ4 frames |
| `x-snappy-framed` | Snappy's framing format |
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.byte_source import ByteSource
from taskhouse.protocols.odps.tunnel import snappy_frames

_PART = 256 * 1024
_ARROW_CODECS = {"zstd": "zstd", "x-lz4-frame": "lz4", "x-odps-lz4-frame": "lz4"}
NAMES = (*_ARROW_CODECS, "deflate", "x-snappy-framed")


def chosen(accept: str) -> str:
    """The encoding for a reply: the one that the client names, if it names exactly one that we have; else none (``)."""
    name = accept.strip().lower()
    return name if name in NAMES else ""


def compressed(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """`chunks` encoded; `` leaves them as they are."""
    if not encoding:
        return iter(chunks)
    if encoding == "deflate":
        return _deflated(chunks)
    if encoding == "x-snappy-framed":
        return snappy_frames.compress(chunks)
    return _arrow_compressed(chunks, _ARROW_CODECS[encoding])


def decompressed(stream: ByteSource, encoding: str, limit: int) -> ByteSource:
    """The content of `stream`. Reading raises `Fault`: INVALID_ARGUMENT for bytes that are not this encoding, QUOTA_EXCEEDED when
    they expand to more than `limit` bytes. An unknown encoding is a `Fault` at once."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Content(_raw(stream), limit, "identity")
    if name == "deflate":
        parts = _inflated(stream)
    elif name == "x-snappy-framed":
        parts = snappy_frames.decompress(_exact(stream))
    elif name in _ARROW_CODECS:
        parts = _arrow_decompressed(stream, _ARROW_CODECS[name])
    else:
        raise Fault(
            FaultCode.INVALID_ARGUMENT, f"content encoding '{encoding}' is not supported; use one of {', '.join(NAMES)}"
        )
    return _Content(parts, limit, name)


class _Content:
    """Parts as a file. `read(n)` gives exactly n bytes unless the content ends before."""

    def __init__(self, parts: Iterator[bytes], limit: int, name: str) -> None:
        self._parts = parts
        self._left = limit
        self._limit = limit
        self._name = name
        self._part = b""
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        missing = size if size >= 0 else 1 << 62
        found: list[bytes] = []
        while missing > 0:
            if self._at >= len(self._part):
                self._part, self._at = self._next(), 0
                if not self._part:
                    break
            piece = self._part[self._at : self._at + missing]
            self._at += len(piece)
            missing -= len(piece)
            found.append(piece)
        return found[0] if len(found) == 1 else b"".join(found)

    def _next(self) -> bytes:
        try:
            part = next(self._parts, b"")
        except (ValueError, zlib.error, pa.ArrowException, OSError, EOFError) as error:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"the uploaded data are not valid {self._name}: {error}") from None
        self._left -= len(part)
        if self._left < 0:
            raise Fault(FaultCode.QUOTA_EXCEEDED, f"the uploaded block is larger than {self._limit} bytes")
        return part


def _raw(stream: ByteSource) -> Iterator[bytes]:
    while part := stream.read(_PART):
        yield part


def _exact(stream: ByteSource) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        data = stream.read(size)
        while 0 < len(data) < size:
            more = stream.read(size - len(data))
            if not more:
                break
            data += more
        return data

    return read


def _deflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(3)
    for data in chunks:
        if packed := packer.compress(data):
            yield packed
    yield packer.flush()


def _inflated(stream: ByteSource) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    while not unpacker.eof:
        data = stream.read(_PART)
        if not data:
            raise EOFError("the stream ends too early")
        while data and not unpacker.eof:
            if part := unpacker.decompress(data, _PART):
                yield part
            data = unpacker.unconsumed_tail
        while not unpacker.eof and (part := unpacker.decompress(b"", _PART)):
            yield part
    if unpacker.unused_data or stream.read(1):
        raise ValueError("bytes follow the end of the compressed stream")


class _Collected:
    """What a compressor writes, to be taken in between."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _arrow_compressed(chunks: Iterable[bytes], codec: str) -> Iterator[bytes]:
    sink = _Collected()
    packer = pa.CompressedOutputStream(pa.PythonFile(sink, mode="w"), codec)
    for data in chunks:
        packer.write(data)
        if packed := sink.take():
            yield packed
    packer.close()
    yield sink.take()


def _arrow_decompressed(stream: ByteSource, codec: str) -> Iterator[bytes]:
    source = _Source(stream)
    unpacker = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), codec)
    while True:
        try:
            part = unpacker.read(_PART)
        except Exception:
            if source.fault is not None:
                raise source.fault from None
            raise
        if not part:
            return
        yield part


class _Source:
    """A stream for Arrow, keeping the fault that reading it raised: on its way through Arrow it would lose its kind."""

    closed = False

    def __init__(self, stream: ByteSource) -> None:
        self._stream = stream
        self.fault: Fault | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except Fault as fault:
            self.fault = fault
            raise

    def close(self) -> None:
        self.closed = True
