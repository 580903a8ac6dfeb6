"""A decision as a value: everything that an operation would do, and why, or why it may not.

Preview shows a plan, apply carries out the plan that was decided anew on fresh data if its digest is the one that was shown. The
digest covers what people consent to: targets, closure, members, each node's status before and after, refusals. It leaves out lock
versions and times, which change without changing what happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.recurring import Priority
from taskhouse.domain.status import NodeStatus, StatusClass
from taskhouse.domain.transitions import Cause, Operation


class RefusalCode(Enum):
    FORBIDDEN = "FORBIDDEN"
    """The actor may not operate what was asked for, or something downstream of it in the scope."""
    FORBIDDEN_ASSOCIATED = "FORBIDDEN_ASSOCIATED"
    """The actor may not operate something that must be operated along."""
    NOT_FOUND = "NOT_FOUND"
    """No such instance, or it is not where it is looked for (upstream, downstream)."""
    STATUS_NOT_ALLOWED = "STATUS_NOT_ALLOWED"
    """The status of the items does not admit the operation."""
    CLOSURE_IN_FLIGHT = "CLOSURE_IN_FLIGHT"
    """A node that must be rewritten along waits or runs."""
    CLOSURE_CHANGED = "CLOSURE_CHANGED"
    """Given by apply, when the digest presented is not that of the plan decided now."""
    INSTANCE_PAUSED = "INSTANCE_PAUSED"
    """Operations that start work ask that nothing they start is paused."""
    NOT_PAUSED = "NOT_PAUSED"
    """Nothing to resume."""
    LAST_UPSTREAM = "LAST_UPSTREAM"
    """At least one upstream instance must remain."""
    EMPTY_SCOPE = "EMPTY_SCOPE"
    """Nothing is selected, or nothing in the chosen scope qualifies."""
    SCOPE_HAS_ACTIVE = "SCOPE_HAS_ACTIVE"
    """A downstream member waits or runs."""
    CONFLICT = "CONFLICT"
    """Given by apply, when another operation changed a node first."""
    CANCEL_TIMEOUT = "CANCEL_TIMEOUT"
    """Given when an executor did not acknowledge a cancellation in time."""
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    """No such field, or a key field, which only the entire table takes along."""
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    """More nodes than `operations.max_members`."""


class Item(NamedTuple):
    """An object that a refusal is about. `id` is 0 when there is none; `status` as shown, empty when it does not matter."""

    id: int
    name: str
    status: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    code: RefusalCode
    message: str
    items: tuple[Item, ...] = ()


class Part(Enum):
    """Why a node or field takes part."""

    REQUESTED = "REQUESTED"
    REQUIRED = "REQUIRED"
    ASSOCIATED = "ASSOCIATED"
    MEMBER = "MEMBER"
    """Downstream, in the scope."""
    NEIGHBOUR = "NEIGHBOUR"
    """Outside the scope; goes back to Not Running because something upstream left Succeeded (D-09)."""

    __hash__ = object.__hash__  # Enum's own is a Python call, and changes come by the ten thousand


class Trigger(Enum):
    """What the next attempt is recorded as; DRY and MANUAL_SUCCESS are recorded at once and do not count as attempts (D-24)."""

    RERUN = "RERUN"
    FORCE = "FORCE"
    DRY = "DRY"
    MANUAL_SUCCESS = "MANUAL_SUCCESS"

    __hash__ = object.__hash__


class ExitReason(Enum):
    STOPPED = "STOPPED"
    FORCE_RERUN = "FORCE_RERUN"

    __hash__ = object.__hash__


class NodeChange(NamedTuple):
    """One compare-and-set: node `node` (an id) must have `lock_version` and `source`, and gets `target`.

    `sets_paused`: the flag's new value, None to leave it. `skip_checks`: the next attempt, and only it, ignores upstream and
    scheduled time. `cancels`: the live attempt is cancelled with this reason; its executor is told, its outcome no longer counts, and
    nothing new may be dispatched before the cancellation is acknowledged or its grace is over. `after_cancel`: the status
    stays Running until then (a stop, D-11); otherwise it changes at once.
    Every change that sets a status also ends a pending retry and restarts the retry count.
    """

    node: int
    lock_version: int
    source: NodeStatus
    target: NodeStatus
    cause: Cause
    part: Part
    sets_paused: bool | None = None
    trigger: Trigger | None = None
    skip_checks: bool = False
    cancels: ExitReason | None = None
    after_cancel: bool = False


class PlannedField(NamedTuple):
    """A field in the plan with the reason. `other_table`: it belongs to another table than the target (D-18)."""

    id: int
    name: str
    instance: int
    status: StatusClass | None
    reason: str = ""
    other_table: bool = False


class PlannedMember(NamedTuple):
    """A downstream instance in the scope. `fields` are its rewritten fields by name, `required` those that cannot be left out;
    both empty for a script. `level` counts edges between instances from the start."""

    instance: int
    name: str
    level: int
    nodes: int
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    paused: bool = False


class AncestorCheck(NamedTuple):
    """Upstream nodes, by id and label, that had not succeeded when the operation was decided."""

    node: int
    unmet: tuple[tuple[int, str], ...]


class Sees(Enum):
    """What a node directly downstream, outside the scope, will make of the operation."""

    KEEPS_OLD_DATA = "KEEPS_OLD_DATA"
    """Succeeded or failed: nothing happens by itself (D-10)."""
    STARTS_AFTER = "STARTS_AFTER"
    """Not running: starts when everything upstream has succeeded."""
    WAITS_AGAIN = "WAITS_AGAIN"
    """Waiting: back to Not Running until upstream succeeds again (D-09)."""
    RUNS_ON = "RUNS_ON"
    """Running: is not interrupted (D-09)."""
    STAYS_BLOCKED = "STAYS_BLOCKED"
    """Not running, and upstream does not succeed by this operation."""
    RELEASED = "RELEASED"
    """Not running or waiting; this operation makes its upstream succeed, or drops it."""


class DownstreamView(NamedTuple):
    node: int
    name: str
    status: NodeStatus
    sees: Sees


class PriorityChange(NamedTuple):
    """Of an instance, or of one metric when `field` (an id) is set."""

    instance: int
    field: int | None
    before: Priority
    after: Priority


@dataclass(frozen=True, slots=True)
class Plan:
    """`changes` are ordered by node id. `unchanged` are nodes of the closure that stay as they are (Not Running). `optional`
    are instances downstream of associated fields only: listed, not in the scope. `excluded` were left out for lack of permission, or with what was.
    """

    operation: Operation
    instance: int
    requested: tuple[PlannedField, ...] = ()
    required: tuple[PlannedField, ...] = ()
    associated: tuple[PlannedField, ...] = ()
    members: tuple[PlannedMember, ...] = ()
    optional: tuple[PlannedMember, ...] = ()
    excluded: tuple[Item, ...] = ()
    changes: tuple[NodeChange, ...] = ()
    unchanged: tuple[int, ...] = ()
    ancestor_checks: tuple[AncestorCheck, ...] = ()
    downstream: tuple[DownstreamView, ...] = ()
    removed_edges: tuple[int, ...] = ()
    removed_upstream: tuple[Item, ...] = ()
    priorities: tuple[PriorityChange, ...] = ()
    notices: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    code: CodeChoice = CodeChoice.CURRENT
    options: tuple[tuple[str, str], ...] = ()
    """Name and value of what was chosen, for the operation log."""
    digest: str = field(default="", compare=False)
    decided_at: datetime | None = field(default=None, compare=False)

    @property
    def is_accepted(self) -> bool:
        return not self.refusals

    @property
    def cancelled(self) -> list[int]:
        """Nodes whose live attempt is cancelled."""
        live = (NodeStatus.RUNNING, NodeStatus.WAIT_SUBMISSION)
        return [change.node for change in self.changes if change.cancels is not None and change.source in live]

    def log_entry(self) -> dict[str, object]:
        """What the operation log keeps of it, besides who and when: JSON values."""
        return {
            "operation": self.operation.value,
            "instance": self.instance,
            "selected_fields": [f.name for f in self.requested],
            "closure_fields": [f.name for f in (*self.requested, *self.required, *self.associated)],
            "params": dict(self.options),
            "node_before": {str(c.node): _CODES[c.source] for c in self.changes},
            "node_after": {str(c.node): _CODES[c.target] for c in self.changes},
            "downstream": [{"instance": m.instance, "fields": list(m.fields)} for m in self.members],
            "unmet_ancestors": {str(c.node): [name for _, name in c.unmet] for c in self.ancestor_checks if c.unmet},
            "cancelled": self.cancelled,
            "removed_upstream": [item.id for item in self.removed_upstream],
            "priorities": [
                {"instance": p.instance, "field": p.field, "old": p.before.name, "new": p.after.name}
                for p in self.priorities
            ],
            "outcome": "ACCEPTED" if self.is_accepted else "REFUSED",
            "error_code": self.refusals[0].code.value if self.refusals else None,
            "reason": self.refusals[0].message if self.refusals else "",
        }


_CODES = {status: status.value for status in NodeStatus}


def digest_of(plan: Plan) -> str:
    """A stable hash of what a person consents to, as 32 hex digits; equal for equal plans in every process."""
    parts: list[object] = [plan.operation.value, plan.instance, plan.code.value, plan.options]
    parts += [[f.id for f in fields] for fields in (plan.requested, plan.required, plan.associated)]
    parts.append([member.instance for member in plan.members])
    parts.append([(member.instance, member.fields) for member in plan.members if member.fields])
    parts.append([item.id for item in plan.excluded])
    alike: dict[tuple[NodeStatus, NodeStatus, bool | None, bool, ExitReason | None], list[int]] = {}
    for c in plan.changes:
        alike.setdefault((c.source, c.target, c.sets_paused, c.skip_checks, c.cancels), []).append(c.node)
    parts.append(
        [
            (source.value, target.value, paused, skips, cancels and cancels.value, nodes)
            for (source, target, paused, skips, cancels), nodes in alike.items()
        ]
    )
    parts += [plan.unchanged, plan.removed_edges]
    parts.append([(p.instance, p.field, p.before.value, p.after.value) for p in plan.priorities])
    parts.append([(r.code.value, [item.id for item in r.items]) for r in plan.refusals])
    return sha256(repr(parts).encode()).hexdigest()[:32]
