"""The collector is off while somebody builds, and back on after the last, whatever happened."""

from __future__ import annotations

import gc

import pytest

from taskhouse.domain.bulk import bulk


def test_the_collector_comes_back_after_the_last_builder() -> None:
    assert gc.isenabled()
    with bulk():
        with bulk():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_comes_back_after_an_error() -> None:
    with pytest.raises(KeyError), bulk():
        raise KeyError
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with bulk():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
