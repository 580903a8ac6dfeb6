"""Arrow record batches in checked chunks: the tunnel's Arrow stream.

A big-endian chunk size, then chunks of that many bytes, each followed by its CRC-32C; a last chunk that is shorter, maybe empty,
is followed by the CRC-32C of everything. Inside are Arrow IPC record batch messages without a schema message, since both ends
know the schema from the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import google_crc32c
import pyarrow as pa

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.byte_source import ByteSource

CHUNK_BYTES = 256 * 1024
MAX_CHUNK_BYTES = 64 * 1024 * 1024
_PART = 1024 * 1024


def encode_batches(batches: Iterable[pa.RecordBatch], chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """A whole stream. The first piece is the chunk size alone, so it can be sent before any row is read."""
    yield chunk_bytes.to_bytes(4, "big")
    extend = google_crc32c.extend
    whole = part = room = 0
    room = chunk_bytes
    for batch in batches:
        message = batch.serialize()
        size, at = message.size, 0
        pieces: list[Any] = []
        while at < size:
            piece = message.slice(at, min(room, size - at))
            whole, part = extend(whole, piece), extend(part, piece)
            pieces.append(piece)
            at += piece.size
            room -= piece.size
            if room == 0:
                pieces.append(part.to_bytes(4, "big"))
                part, room = 0, chunk_bytes
        yield b"".join(pieces)
    yield whole.to_bytes(4, "big")


def decode_batches(stream: ByteSource, schema: pa.Schema, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """The batches of a stream that a client sends. `batch_bytes` bounds one message. Every defect is a `Fault` (InvalidArgument).

    Nothing of a batch is used before Arrow has checked all of its offsets and lengths. Buffers that are compressed one by one are
    refused, as a small message could then be any number of bytes; streams are compressed as a whole, which is counted.
    """
    content = _Checked(stream, batch_bytes)
    try:
        for message in pa.ipc.MessageReader.open_stream(pa.PythonFile(content, mode="r")):
            if message.type != "record batch":
                raise _bad(f"a {message.type} message stands where record batches are expected")
            if _is_compressed(message.metadata):
                raise _bad("record batches with compressed buffers are not supported; use Content-Encoding")
            batch = pa.ipc.read_record_batch(message, schema)
            batch.validate(full=True)
            yield batch
        content.drain()
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        if content.fault is not None:
            raise content.fault from None
        raise _bad(f"the uploaded Arrow data cannot be read: {error}") from None


_HEADER, _COMPRESSION = 2, 3
"""Positions of `Message.header` and `RecordBatch.compression` in Arrow's FlatBuffers schema."""


def _is_compressed(metadata: pa.Buffer) -> bool:
    """Whether a record batch message says that its buffers are compressed. `metadata` is a FlatBuffers table that Arrow has verified."""
    data = metadata.to_pybytes()

    def field(table: int, number: int) -> int:
        """Where a table's field is stored, 0 when it is absent."""
        layout = table - int.from_bytes(data[table : table + 4], "little", signed=True)
        entry = 4 + 2 * number
        if entry >= int.from_bytes(data[layout : layout + 2], "little"):
            return 0
        offset = int.from_bytes(data[layout + entry : layout + entry + 2], "little")
        return table + offset if offset else 0

    def follow(at: int) -> int:
        return at + int.from_bytes(data[at : at + 4], "little")

    header = field(follow(0), _HEADER)
    return bool(header) and field(follow(header), _COMPRESSION) != 0


class _Checked:
    """The bytes inside the chunks; checksums are verified on the way."""

    closed = False

    def __init__(self, stream: ByteSource, limit: int) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self._limit = limit
        self._chunk = -1
        self._whole = 0
        self._ended = False
        self.fault: Fault | None = None

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def read(self, size: int = -1) -> bytes:
        try:
            if size > self._limit:
                raise _bad(f"a batch of {size} bytes is larger than {self._limit} bytes")
            return self._read(size)
        except Fault as fault:
            self.fault = fault
            raise OSError(fault.message) from None

    def drain(self) -> None:
        """Read to the end, so that the last checksum is verified."""
        while self._read(_PART):
            pass

    def _read(self, size: int) -> bytes:
        missing = size if size >= 0 else self._limit
        parts: list[bytes] = []
        while missing > 0:
            if self._at >= len(self._data):
                if self._ended:
                    break
                self._next()
                continue
            part = self._data[self._at : self._at + missing]
            self._at += len(part)
            missing -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next(self) -> None:
        if self._chunk < 0:
            head = self._stream.read(4)
            if len(head) < 4:
                raise _bad("the stream ends before its chunk size")
            self._chunk = int.from_bytes(head, "big")
            if self._chunk > MAX_CHUNK_BYTES:
                raise _bad(f"chunks of {self._chunk} bytes are larger than {MAX_CHUNK_BYTES} bytes")
        block = self._stream.read(self._chunk + 4)
        if not block and self._chunk == 0:
            self._data, self._at, self._ended = b"", 0, True
            return
        if len(block) < 4:
            raise _bad("the stream ends without its last checksum")
        data, checksum = block[:-4], int.from_bytes(block[-4:], "big")
        self._whole = google_crc32c.extend(self._whole, data)
        self._ended = len(data) < self._chunk
        expected = self._whole if self._ended else google_crc32c.value(data)
        if checksum != expected:
            raise _bad(
                "the whole stream does not match its checksum" if self._ended else "a chunk does not match its checksum"
            )
        if self._chunk == 0:
            raise _bad("chunks of 0 bytes hold nothing")
        self._data, self._at = data, 0


def _bad(message: str) -> Fault:
    return Fault(FaultCode.INVALID_ARGUMENT, message)
