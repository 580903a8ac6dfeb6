"""Recording what has happened already: there is no way back from it, so it is tried until it works.

A full disk or a database that another process holds for long passes; meanwhile the attempt stays Running, which is the truth.
If the server dies meanwhile, the next one finds out (see `services.recover`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from taskhouse.domain.faults import Fault
from taskhouse.ports.instance_store import StoreClosedError

T = TypeVar("T")

_log = structlog.get_logger(__name__)
_LONGEST_WAIT_S = 5.0


def surely(record: Callable[[], T], what: str) -> T:
    """The value of `record`, which is called again, with growing pauses, for as long as it fails. A `Fault` is an answer, and a closed
    store the end of the server: both are raised."""
    wait_s = 0.1
    while True:
        try:
            return record()
        except (Fault, StoreClosedError):
            raise
        except Exception:
            _log.exception("cannot record; trying again", what=what)
        time.sleep(wait_s)
        wait_s = min(_LONGEST_WAIT_S, wait_s * 2)
