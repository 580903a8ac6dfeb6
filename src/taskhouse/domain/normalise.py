"""The status of a field from the statuses of its materialization nodes, and the statuses of a table from its fields.

The published rules are five sentences over "at least one", "all" and "some". Read as rules they contradict one another in
14 of the 31 possible sets of classes and say nothing in two. Read as an *ordered* list they are total (D-12):
Succeeded if any node succeeded; Failed if all failed; Running if any runs; Waiting if any waits; else Not Running. A field that
is stored twice is readable as soon as one copy is, so "Succeeded" answers what its reader asks.

Backfills order the same classes the other way, so the precedence is a setting (`in_flight_first`) of one function. No guard of an
operation relies on a normalised status alone: a running copy behind "Succeeded" is still seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum

from taskhouse.domain.status import CLASS_OF, WAITING_ORDER, NodeStatus, StatusClass

N, W, R, S, F = (
    StatusClass.NOT_RUNNING,
    StatusClass.WAITING,
    StatusClass.RUNNING,
    StatusClass.SUCCEEDED,
    StatusClass.FAILED,
)


def normalise(classes: Collection[StatusClass], *, in_flight_first: bool = False) -> StatusClass | None:
    """The normalised status of a field whose VALUE nodes have these classes, in any order and number.

    None for no nodes: the field is not materialized, has no status, and no operation applies to it. With `in_flight_first` a
    running or waiting node outranks a succeeded one.
    """
    if not classes:
        return None
    if in_flight_first:
        for cls in (R, W, S):
            if cls in classes:
                return cls
        return F if N not in classes else N
    if S in classes:
        return S
    if all(cls is F for cls in classes):
        return F
    if R in classes:
        return R
    if W in classes:
        return W
    return N


def normalise_nodes(statuses: Iterable[NodeStatus], *, in_flight_first: bool = False) -> StatusClass | None:
    """`normalise` for node statuses instead of their classes."""
    return normalise({CLASS_OF[status] for status in statuses}, in_flight_first=in_flight_first)


def waiting_detail(statuses: Iterable[NodeStatus]) -> NodeStatus | None:
    """Which waiting status a Waiting field shows: the furthest of its nodes in the pipeline (D-13). None when none waits."""
    found = [status for status in statuses if CLASS_OF[status] is W]
    return max(found, key=WAITING_ORDER.index, default=None)


class PausedBadge(Enum):
    NONE = ""
    PARTLY = "partly paused"
    PAUSED = "paused"


def paused_badge(nodes: Iterable[tuple[NodeStatus, bool]]) -> PausedBadge:
    """From `(status, paused)` of a field's nodes: paused if all that are not final are, partly paused if some (D-13)."""
    flags = [paused for status, paused in nodes if not CLASS_OF[status].is_final]
    if not any(flags):
        return PausedBadge.NONE
    return PausedBadge.PAUSED if all(flags) else PausedBadge.PARTLY


URGENCY: tuple[StatusClass, ...] = (F, R, W, N, S)
"""Sorting tables by status uses the most urgent status of their fields; first is most urgent (D-14)."""

_RANK = {cls: rank for rank, cls in enumerate(URGENCY)}


def table_statuses(fields: Iterable[StatusClass | None]) -> tuple[StatusClass, ...]:
    """The distinct statuses of a table's fields, the most urgent first. Fields without a status do not count."""
    return tuple(sorted({cls for cls in fields if cls is not None}, key=_RANK.__getitem__))


def sort_rank(statuses: Iterable[StatusClass]) -> int:
    """0 (has a failed field) to 4 (all succeeded); 5 when no field has a status."""
    return min((_RANK[cls] for cls in statuses), default=len(URGENCY))
