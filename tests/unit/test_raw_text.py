"""Bytes that are not UTF-8 come back as they went in, and rest as text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from taskhouse.domain.raw_text import has_marks, rest, restore


@given(st.binary(max_size=60))
@example(b"\xe9")
@example(b"\xff\x80\xf4\x8f\xba\x80")
@example("\U0010fe80\U0010feff\U0010fe7f".encode())
@example(b"\xed\xa0\x80")
@example(b"\xf4\x8f\xba")
def test_any_bytes_come_back(raw: bytes) -> None:
    kept = rest(raw).encode()
    assert restore(kept) == raw
    assert has_marks(kept) == (kept != raw)


@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x10FE7F), max_size=60))
def test_texts_rest_as_themselves(text: str) -> None:
    assert rest(text.encode()) == text
    assert restore(text.encode()) == text.encode()
