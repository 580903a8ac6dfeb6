"""Seeded worlds: none may go wrong. A seed that does is seen again with `taskhouse simulate --seed N`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from taskhouse.cli import main
from taskhouse.sim.memory_store import MemoryRecurringStore
from taskhouse.sim.runner import shortest, try_seed, try_seeds

STEPS = 200


def wrong(seeds: Sequence[int], store: str) -> list[str]:
    found = [finding for _, finding in try_seeds(seeds, STEPS, store, jobs=2)]
    return [f"seed {f.seed} on {store}: {f.wrong[0]} (after {f.steps} steps)" for f in found if f is not None]


def test_two_hundred_worlds_in_memory() -> None:
    assert wrong(range(200), "memory") == []


def test_twenty_worlds_on_sqlite() -> None:
    assert wrong(range(20), "sqlite") == []


@pytest.mark.slow
def test_ten_thousand_worlds_in_memory() -> None:
    assert wrong(range(10_000), "memory") == []


@pytest.mark.slow
def test_three_hundred_worlds_on_sqlite() -> None:
    assert wrong(range(300), "sqlite") == []


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_seed_is_one_world_in_every_process(store: str) -> None:
    traces = []
    for hashing in ("1", "2"):
        command = [sys.executable, "-m", "taskhouse", "simulate", "--seed", "8", "--store", store, "--lines", "100000"]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": hashing}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        traces.append(done.stdout.splitlines())
    assert len(traces[0]) > 100
    assert traces[0] == traces[1]


def test_what_is_found_is_told_with_the_fewest_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryRecurringStore, "_is_current", lambda self, write: True)
    seed, finding = next((seed, found) for seed in range(50) if (found := try_seed(seed, STEPS)[0]) is not None)
    least = shortest(finding)
    assert 0 < least.steps <= finding.steps and try_seed(seed, least.steps - 1)[0] is None
    answer = CliRunner().invoke(main, ["simulate", "--seed", str(seed)])
    assert answer.exit_code == 1
    assert f"seed {seed}: wrong after {least.steps} steps on the memory store" in answer.output
    assert least.wrong[0] in answer.output and least.trace[-1] in answer.output
    several = CliRunner().invoke(main, ["simulate", "--seeds", f"{seed}..{seed}"])
    assert several.exit_code == 1 and "1 seeds of 200 steps on the memory store, 1 wrong" in several.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seeds", "9..3"], "'9..3' is no range of seeds"),
        (["--seed", "1", "--seeds", "1..2"], "not both"),
        (["--store", "postgres"], "'postgres' is not one of"),
    ],
)
def test_bad_arguments(arguments: list[str], told: str) -> None:
    answer = CliRunner().invoke(main, ["simulate", *arguments])
    assert answer.exit_code == 2 and told in answer.output


def test_a_seed_that_is_well_shows_what_happened() -> None:
    answer = CliRunner().invoke(main, ["simulate", "--seed", "1", "--steps", "60", "--lines", "5"])
    assert answer.exit_code == 0 and answer.output.count("\n") == 6
    assert answer.output.endswith("seed 1: 60 steps on the memory store, nothing is wrong\n")
