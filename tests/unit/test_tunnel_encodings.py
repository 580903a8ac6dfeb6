"""Content encodings of the tunnel: what is packed comes out again, and what is damaged is refused."""

from __future__ import annotations

import io
import random

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps.tunnel.encodings import NAMES, chosen, compressed, decompressed

PLAIN = [b"", b"a" * 100_000, bytes(random.Random(1).randbytes(300_000)), b"end"]


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name: str) -> None:
    packed = b"".join(compressed(PLAIN, name))
    assert decompressed(io.BytesIO(packed), name, 1 << 30).read() == b"".join(PLAIN)
    content = decompressed(io.BytesIO(packed), name.upper(), 1 << 30)
    pieces = []
    while piece := content.read(1234):
        pieces.append(piece)
    assert {len(piece) for piece in pieces[:-1]} == {1234}
    assert b"".join(pieces) == b"".join(PLAIN)


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_refused(name: str) -> None:
    packed = bytearray(b"".join(compressed(PLAIN, name)))
    packed[len(packed) // 2] ^= 0xFF
    packed[3] ^= 0x55
    with pytest.raises(Fault) as caught:
        decompressed(io.BytesIO(bytes(packed)), name, 1 << 30).read()
    assert caught.value.code is FaultCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name", ["", *NAMES])
def test_content_beyond_the_limit_is_refused(name: str) -> None:
    packed = b"".join(compressed([bytes(1_000_000)], name))
    with pytest.raises(Fault) as caught:
        decompressed(io.BytesIO(packed), name, 999_999).read()
    assert caught.value.code is FaultCode.QUOTA_EXCEEDED


def test_unknown_names() -> None:
    with pytest.raises(Fault, match="brotli"):
        decompressed(io.BytesIO(b""), "brotli", 1)
    assert chosen("identity") == chosen("gzip, deflate") == chosen("") == ""
    assert chosen(" ZSTD ") == "zstd"
