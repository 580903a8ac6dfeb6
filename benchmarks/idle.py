"""What a server costs that nobody uses: processes, memory, processor time."""

from __future__ import annotations

import os
import time
from pathlib import Path

AIM_MB = 180
AIM_PERCENT = 0.5
WARM_S, SECONDS = 5.0, 20.0


def run(pid: int) -> None:
    """`pid`: of a server that was just started."""
    time.sleep(WARM_S)
    began = _cpu_s(pid)
    time.sleep(SECONDS)
    percent = 100 * (_cpu_s(pid) - began) / SECONDS
    print("\nidle server                                           aim")
    print(f"processes                                {1 + len(_children(pid)):9} {1:8}")
    print(f"resident memory, MB                      {_rss_mb(pid):9.0f} {AIM_MB:8}")
    print(f"processor, % of a core                   {percent:9.2f} {AIM_PERCENT:8}")


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
