"""`make bench`: recurring instances and the console beside their aims; latency, TPC-H and tunnels, each beside the thing that it cannot be faster than.

Every figure is measured on the machine it runs on, in one run: first the bare thing, then the same through the released client and a server of
its own on a fresh home.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import console, idle, latency, recurring, tpch, tunnels, views
from benchmarks.clients import open_client
from tools import server

PARTS = ("recurring", "views", "console", "idle", "latency", "tpch", "tunnels")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="run only this part; may be repeated")
    parser.add_argument("--calls", type=int, default=300, help="calls of the latency part")
    parser.add_argument("--scale", type=float, default=1.0, help="TPC-H scale factor")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each TPC-H query; the fastest counts")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the tunnel part")
    parser.add_argument(
        "--folder", type=Path, help="work here instead of in a temporary folder; generated data is used again"
    )
    options = parser.parse_args()
    parts = tuple(options.only or PARTS)
    print(f"{platform.platform()}, {_cores()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="taskhouse-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if "recurring" in parts:
            recurring.run(Path(temporary))
        if "views" in parts:
            views.run(Path(temporary))
        if "console" in parts:
            console.run(Path(temporary))
        if set(parts) <= {"recurring", "views", "console"}:
            return 0
        with server.running(Path(temporary) / "home", Path(temporary) / "server.log") as ready:
            if "idle" in parts:
                idle.run(ready.pid)
            client = open_client(ready)
            if "latency" in parts:
                latency.run(client, options.calls)
            if "tpch" in parts:
                tpch.run(
                    client, Path(temporary) / "home", folder / f"tpch-{options.scale:g}", options.scale, options.rounds
                )
            if "tunnels" in parts:
                tunnels.run(client, options.rows)
    return 0


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    sys.exit(main())
