"""Backfill over several data timestamps: which dates run one after another, and the status of the whole.

A backfill only creates ordinary instances with an origin of their own; it schedules nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.status import StatusClass

MAX_GROUPS = 12


def groups(dates: Sequence[date], parallel: int) -> list[list[date]]:
    """Dates in contiguous groups: serial inside a group, parallel across. Sizes differ by at most one, larger first (D-53); with
    as many groups as dates, or more, each date stands alone. Raises `Fault` (InvalidArgument) outside 1 to 12 groups."""
    if not 1 <= parallel <= MAX_GROUPS:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"a backfill runs in 1 to {MAX_GROUPS} groups, not {parallel}")
    count = min(parallel, len(dates))
    found: list[list[date]] = []
    begin = 0
    for number in range(count):
        size = len(dates) // count + (number < len(dates) % count)
        found.append(list(dates[begin : begin + size]))
        begin += size
    return found


def backfill_status(instances: Iterable[StatusClass]) -> StatusClass:
    """Of the whole from its instances, first match: all not run; any waiting or running is Running; any failed; else Succeeded."""
    classes = set(instances)
    if classes <= {StatusClass.NOT_RUNNING}:
        return StatusClass.NOT_RUNNING
    if classes & {StatusClass.WAITING, StatusClass.RUNNING}:
        return StatusClass.RUNNING
    if StatusClass.FAILED in classes:
        return StatusClass.FAILED
    # Some succeeded, the others have not begun: between two dates of a group it is still under way.
    return StatusClass.RUNNING if StatusClass.NOT_RUNNING in classes else StatusClass.SUCCEEDED
