"""`select 1`, from submission to the row in the client's hands."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

AIM_MS = 15.0


def run(client: Any, calls: int) -> None:
    """Print p50 and p95 of both, in milliseconds, and the difference."""
    import duckdb

    connection = duckdb.connect()

    def bare() -> None:
        assert connection.execute("select 1").fetchall() == [(1,)]

    def served() -> None:
        with client.execute_sql("select 1 as one").open_reader(tunnel=True) as reader:
            assert [record[0] for record in reader] == [1]

    def as_text() -> None:
        instance = client.execute_sql("select 1 as one")
        assert instance.get_task_result("AnonymousSQLTask") == '"one"\n1\n'

    print(f"\nselect 1, {calls} calls            p50 ms    p95 ms   over DuckDB at p50")
    bare_ms = _measure(bare, calls)
    _show("DuckDB alone", bare_ms, None)
    for label, call in (("PyODPS, result by tunnel", served), ("PyODPS, result as text", as_text)):
        _show(label, _measure(call, calls), bare_ms)
    print(f"aim: {AIM_MS:g} ms over DuckDB")


def _measure(call: Callable[[], None], calls: int) -> Sequence[float]:
    for _ in range(min(20, calls)):
        call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank."""
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def _show(label: str, times: Sequence[float], bare: Sequence[float] | None) -> None:
    middle, high = percentile(times, 0.50), percentile(times, 0.95)
    over = f"{middle - percentile(bare, 0.50):16.2f}" if bare else ""
    print(f"{label:<28} {middle:9.2f} {high:9.2f} {over}")
