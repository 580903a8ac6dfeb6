"""The server's own bound on its memory.

The engine bounds what it knows of: hash tables, sorts, pages. A single value, or the values of one batch of rows, it takes from
the system without counting, so a statement can ask for more than the machine has. With the bound set here that request fails, and
the statement with it; without, the system would end the whole process, or another one.
"""

from __future__ import annotations

import contextlib
import os
import resource


def bound_memory(limit: int | None = None) -> None:
    """Let this process take no more data memory than `limit` bytes, by default the machine's. A lower bound that is set stays."""
    wanted = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if limit is None else limit
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
    # A system that knows no such bound is no reason not to start.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *bounds]), hard))
