"""A home has one server at a time, and says which."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskhouse.home import Holder, Home, HomeInUseError, holder_of


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.announce(Holder(os.getpid(), "http://127.0.0.1:1/api"))
    with pytest.raises(HomeInUseError, match=rf"in use by process {os.getpid()} \(http://127.0.0.1:1/api\)"):
        Home(tmp_path / "home")
    home.close()
    home.close()
    assert holder_of(tmp_path / "home") is None
    again = Home(tmp_path / "home")
    assert holder_of(tmp_path / "home") == Holder(os.getpid())
    again.close()


def test_an_unreadable_note_is_no_holder(tmp_path: Path) -> None:
    (tmp_path / "server.lock").write_text("{")
    assert holder_of(tmp_path) is None
    assert holder_of(tmp_path / "none") is None
