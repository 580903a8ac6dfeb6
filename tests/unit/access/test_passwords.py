"""Passwords as they are kept and made up, and how often guessing one may fail."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from argon2 import PasswordHasher

from taskhouse.domain.faults import Fault
from taskhouse.services.access import passwords
from taskhouse.services.access.attempts import PER_ADDRESS, PER_USER, PER_USER_AND_ADDRESS, WINDOW_S, Attempts


class Kept:
    """One user's password."""

    def __init__(self, hash: str | None) -> None:
        self.hash = hash

    def password(self, user: str) -> str | None:
        return self.hash if user == "u" else None

    def renew_hash(self, user: str, old: str, new: str) -> None:
        assert (user, old) == ("u", self.hash)
        self.hash = new


def world_with(hash: str | None) -> tuple[Any, Kept]:
    kept = Kept(hash)
    return cast(Any, SimpleNamespace(sign_ins=kept)), kept


def test_a_password_fits_its_hash_only() -> None:
    hash = passwords.hashed("kept in mind")
    assert hash.startswith("$argon2id$") and hash != passwords.hashed("kept in mind")
    world, kept = world_with(hash)
    assert passwords.fits(world, "u", "kept in mind")
    assert not passwords.fits(world, "u", "kept in mint") and not passwords.fits(world, "u", "")
    assert not passwords.fits(world, "u", "x" * 10_000) and not passwords.fits(world, "other", "kept in mind")
    assert kept.hash == hash
    kept.hash = "not a hash"
    assert not passwords.fits(world, "u", "kept in mind")


def test_an_older_hash_is_renewed_by_who_knows_the_password() -> None:
    older = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("kept in mind")
    world, kept = world_with(older)
    assert not passwords.fits(world, "u", "wrong one!") and kept.hash == older
    assert passwords.fits(world, "u", "kept in mind")
    assert kept.hash != older and passwords.fits(world, "u", "kept in mind")


def test_made_up_passwords_can_be_read_and_differ() -> None:
    made = {passwords.generated() for _ in range(50)}
    assert len(made) == 50
    for each in made:
        passwords.check(each)
        assert re.fullmatch(r"(?:[a-z]{4}\d\d-){3}[a-z]{4}\d\d", each)


@pytest.mark.parametrize("bad", ["", "short", "x" * 201, "aaaaaaaaaaaa", "ababababababab"])
def test_passwords_that_are_none(bad: str) -> None:
    with pytest.raises(Fault, match="a password has"):
        passwords.check(bad)


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_attempts_are_counted_by_user_and_address_and_each_alone() -> None:
    time = Time()
    attempts = Attempts(time)
    for _ in range(PER_USER_AND_ADDRESS):
        assert attempts.wait_s("u", "a") == 0
        attempts.failed("u", "a")
    assert attempts.wait_s("u", "a") == WINDOW_S and attempts.wait_s("u", "b") == attempts.wait_s("v", "a") == 0
    for n in range(PER_ADDRESS - PER_USER_AND_ADDRESS):
        attempts.failed(f"user {n}", "a")
    assert attempts.wait_s("v", "a") == WINDOW_S
    for n in range(PER_USER - PER_USER_AND_ADDRESS):
        attempts.failed("u", f"address {n}")
    assert attempts.wait_s("u", "b") == WINDOW_S and attempts.wait_s("v", "b") == 0
    time.now += WINDOW_S - 0.5
    assert attempts.wait_s("u", "a") == 1
    time.now += 0.5
    assert attempts.wait_s("u", "a") == attempts.wait_s("v", "a") == attempts.wait_s("u", "b") == 0


def test_signing_in_often_is_no_failure() -> None:
    attempts = Attempts(Time())
    for _ in range(PER_USER + PER_ADDRESS):
        assert attempts.wait_s("u", "a") == 0
        attempts.failed("u", "a")
        attempts.succeeded("u", "a")
    attempts.failed("u", "a")
    assert attempts.wait_s("u", "a") == 0
