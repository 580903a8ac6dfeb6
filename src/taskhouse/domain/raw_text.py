"""Texts that are not UTF-8: how their bytes rest among texts that are.

A STRING of MaxCompute may hold any bytes, and clients that treat texts as bytes send such. Files, engines and SQL want UTF-8. So each byte that
is not UTF-8 rests as one private character, U+10FE80 for 0x80 to U+10FEFF for 0xFF, and turns back into its byte on its way out.
A text that really holds one of these characters rests as the escapes of that character's bytes, so that nothing is ambiguous.
"""

from __future__ import annotations

import re

_FIRST = 0x10FE80
"""The character that stands for the byte 0x80."""
LEADING_BYTE = 0xF4
"""First byte of every mark, rare in texts: without it there is nothing to restore."""
_MARK = re.compile(rb"\xf4\x8f([\xba\xbb])([\x80-\xbf])")
_REAL = re.compile("[\U0010fe80-\U0010feff]")
_OF_SURROGATE = {0xDC80 + n: _FIRST + n for n in range(0x80)}


def rest(raw: bytes) -> str:
    """The text under which `raw` is kept. For UTF-8 it is the text itself."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _escape_real(raw.decode("utf-8", "surrogateescape")).translate(_OF_SURROGATE)
    return _escape_real(text)


def restore(data: bytes) -> bytes:
    """The bytes of a kept text (given as its UTF-8) as they once came in."""
    if b"\xf4\x8f" not in data:
        return data
    return _MARK.sub(lambda found: bytes((((found.group(1)[0] & 1) << 6) | found.group(2)[0],)), data)


def has_marks(data: bytes) -> bool:
    """Whether `restore` would change anything."""
    return _MARK.search(data) is not None


def _escape_real(text: str) -> str:
    return _REAL.sub(lambda found: "".join(chr(_FIRST + byte - 0x80) for byte in found.group().encode()), text)
