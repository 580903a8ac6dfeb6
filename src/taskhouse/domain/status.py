"""Statuses of node instances: what they are, which class each belongs to, and how one is shown.

A node instance has exactly one of eight statuses. Being paused is not among them: it is a flag beside the status (D-07), because
a paused node is still not running or still waiting, and every guard asks for both. Only when one label is needed (a list, an
icon) do the two fold into a display status.

The five classes N W R S F are what the normalisation of fields and the matrix of operations speak of: W gathers everything
between "all upstream succeeded" and "executing".
"""

from __future__ import annotations

from enum import Enum


class StatusClass(Enum):
    """The class of a status; the value is its letter in the rule tables."""

    NOT_RUNNING = "N"
    WAITING = "W"
    RUNNING = "R"
    SUCCEEDED = "S"
    FAILED = "F"

    __hash__ = object.__hash__  # members are singletons; the hash of Enum is a Python call, and walks look up millions

    @property
    def label(self) -> str:
        """As pages print it: `Not Running`."""
        return self.name.replace("_", " ").title()

    @property
    def is_active(self) -> bool:
        """Waiting or running: somebody or something will move the node on without being asked."""
        return self in (StatusClass.WAITING, StatusClass.RUNNING)

    @property
    def is_final(self) -> bool:
        """In the desired state: Succeeded or Failed."""
        return self in (StatusClass.SUCCEEDED, StatusClass.FAILED)


class NodeStatus(Enum):
    """The value is the code in APIs and in the store."""

    INIT = "INIT"
    """Generated, or reset by an operation; not all upstream succeeded."""
    WAIT_SUBMISSION = "WAIT_SUBMISSION"
    """Between the decision to run and its dispatch; internal, shown as waiting for scheduled time (D-06)."""
    WAIT_SCHEDULE = "WAIT_SCHEDULE"
    """All upstream succeeded; the scheduled time is not reached, or nobody has looked yet."""
    DISPATCH_BLOCKED = "DISPATCH_BLOCKED"
    """Upstream and time are fine; a throttling rule has no room."""
    WAIT_RESOURCE = "WAIT_RESOURCE"
    """Passed throttling; the resource group has no free slot."""
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    """The last attempt succeeded, was a dry run, or the status was set by hand."""
    FAILED = "FAILED"
    """The last attempt failed, timed out, was lost or was stopped."""

    __hash__ = object.__hash__

    @property
    def status_class(self) -> StatusClass:
        return CLASS_OF[self]

    @property
    def label(self) -> str:
        """As pages print it."""
        return LABELS[self]


CLASS_OF: dict[NodeStatus, StatusClass] = {
    NodeStatus.INIT: StatusClass.NOT_RUNNING,
    NodeStatus.WAIT_SUBMISSION: StatusClass.WAITING,
    NodeStatus.WAIT_SCHEDULE: StatusClass.WAITING,
    NodeStatus.DISPATCH_BLOCKED: StatusClass.WAITING,
    NodeStatus.WAIT_RESOURCE: StatusClass.WAITING,
    NodeStatus.RUNNING: StatusClass.RUNNING,
    NodeStatus.SUCCESS: StatusClass.SUCCEEDED,
    NodeStatus.FAILED: StatusClass.FAILED,
}

LABELS: dict[NodeStatus, str] = {
    NodeStatus.INIT: "Not Running",
    NodeStatus.WAIT_SUBMISSION: "Waiting for Scheduled Time",
    NodeStatus.WAIT_SCHEDULE: "Waiting for Scheduled Time",
    NodeStatus.DISPATCH_BLOCKED: "Throttling",
    NodeStatus.WAIT_RESOURCE: "Waiting for Scheduling Resources",
    NodeStatus.RUNNING: "Running",
    NodeStatus.SUCCESS: "Succeeded",
    NodeStatus.FAILED: "Failed",
}

WAITING_STATUSES = frozenset(status for status, cls in CLASS_OF.items() if cls is StatusClass.WAITING)
ACTIVE_STATUSES = WAITING_STATUSES | {NodeStatus.RUNNING}
FINAL_STATUSES = frozenset({NodeStatus.SUCCESS, NodeStatus.FAILED})

PAUSED_LABEL = "Paused"

WAITING_ORDER: tuple[NodeStatus, ...] = (
    NodeStatus.WAIT_SUBMISSION,
    NodeStatus.WAIT_SCHEDULE,
    NodeStatus.DISPATCH_BLOCKED,
    NodeStatus.WAIT_RESOURCE,
)
"""The waiting statuses in the order in which a node passes them."""


def display_label(status: NodeStatus, *, paused: bool) -> str:
    """The one label of a node: `Paused` hides Not Running and the waiting statuses, never a status that says more (D-07)."""
    if paused and CLASS_OF[status] in (StatusClass.NOT_RUNNING, StatusClass.WAITING):
        return PAUSED_LABEL
    return LABELS[status]
