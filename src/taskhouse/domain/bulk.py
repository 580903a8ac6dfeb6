"""Building much at once without the cycle collector looking through it again and again.

Python's collector walks all that lives each time enough new objects have come. A date of a hundred thousand nodes makes millions of
tuples and not one cycle, so every walk is for nothing, and there are many: they cost more than the building.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_builders = 0
_was_on = True


@contextmanager
def bulk() -> Iterator[None]:
    """While anybody is inside, nothing is collected in the whole process; counted references free objects as ever. For a few seconds of
    building. May be nested, and entered by several threads at once."""
    global _builders, _was_on
    with _lock:
        if not _builders:
            _was_on = gc.isenabled()
            gc.disable()
        _builders += 1
    try:
        yield
    finally:
        with _lock:
            _builders -= 1
            if not _builders and _was_on:
                gc.enable()
