"""Operations: what is asked, what a preview shows, what applying answers, and the operation log.

`digest` of a preview goes with apply: the server then does what was shown, or refuses. Statuses here are words for people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from taskhouse.client.api.errors import Item


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """An instance and the fields meant, by name; None is the entire table, or the script."""

    instance: int
    fields: list[str] | None = None


class Options(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was chosen; None where nothing was said.

    `code`: CURRENT or AS_RAN. `start_mode`: NORMAL or DRY_RUN. `scope`: of the downstream reruns ALL_FAILED_INSTANCE, ALL_FINAL_INSTANCE,
    ALL_INSTANCE or CUSTOM (with `members`); of SET_SUCCESS FAILED_FIELDS, NOT_RUN_FIELDS, FAILED_AND_NOT_RUN_FIELDS or CUSTOM (with fields).
    `upstream`: ids of instances to cut, 0 is the root. `priority`: HIGHEST, HIGH, MIDDLE, LOW, LOWEST. `exclude_forbidden`: leave out members
    for which permission lacks, instead of being refused.
    """

    code: str | None = None
    start_mode: str | None = None
    scope: str | None = None
    members: list[Target] | None = None
    include_start: bool | None = None
    exclude_forbidden: bool | None = None
    upstream: list[int] | None = None
    priority: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why it would be refused; `status` is the HTTP status that applying it would answer with."""

    code: str
    message: str = ""
    items: list[Item] = []
    status: int = 0


class PlannedField(msgspec.Struct, frozen=True):
    """A field that takes part. `reason` says why, `nodes` what writes it."""

    id: int
    name: str = ""
    instance: int = 0
    table: str = ""
    status: str = ""
    reason: str = ""
    other_table: bool = False
    nodes: list[str] = []


class NodeChange(msgspec.Struct, frozen=True):
    """A node that changes. `part`: REQUESTED, REQUIRED, ASSOCIATED, MEMBER, NEIGHBOUR. `runs`: a new attempt of it is planned. `waits_for`:
    upstream nodes that have not succeeded. `expected_start`, `expected_end`: of the planned attempt, None without one."""

    id: int
    name: str = ""
    instance: int = 0
    fields: list[str] = []
    before: str = ""
    after: str = ""
    part: str = ""
    reason: str = ""
    runs: bool = False
    pauses: bool | None = None
    cancels: str | None = None
    skips_checks: bool = False
    waits_for: list[str] = []
    expected_start: datetime | None = None
    expected_end: datetime | None = None


class Member(msgspec.Struct, frozen=True):
    """An instance downstream. `level`: edges between instances from the start."""

    instance: int
    name: str = ""
    project: str = ""
    owners: list[str] = []
    bizdate: str = ""
    due_at: datetime | None = None
    status: list[str] = []
    level: int = 0
    nodes: int = 0
    fields: list[str] = []
    field_status: list[str] = []
    required: list[str] = []
    paused: bool = False


class DownstreamNode(msgspec.Struct, frozen=True):
    """A node directly downstream, outside the scope, and what it will see."""

    id: int
    name: str = ""
    status: str = ""
    sees: str = ""
    meaning: str = ""


class PriorityChange(msgspec.Struct, frozen=True):
    instance: int
    field: int | None = None
    name: str = ""
    before: str = ""
    after: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What an operation does to one instance and around it. Lists may be cut; `totals` has their full lengths."""

    operation: str = ""
    instance: int = 0
    name: str = ""
    bizdate: str = ""
    due_at: datetime | None = None
    accepted: bool = False
    digest: str = ""
    code: str = ""
    requested: list[PlannedField] = []
    required: list[PlannedField] = []
    associated: list[PlannedField] = []
    nodes: list[NodeChange] = []
    unchanged: list[NodeChange] = []
    members: list[Member] = []
    optional: list[Member] = []
    excluded: list[Item] = []
    downstream: list[DownstreamNode] = []
    removed_upstream: list[Item] = []
    priorities: list[PriorityChange] = []
    notices: list[str] = []
    refusals: list[Refusal] = []
    totals: dict[str, int] = {}


class Skipped(msgspec.Struct, frozen=True):
    """An instance of a batch that does not qualify."""

    instance: int
    name: str = ""
    due_at: datetime | None = None
    code: str = ""
    reason: str = ""


class Preview(msgspec.Struct, frozen=True):
    """`plan` of a single operation; a batch has `plans` and `skipped`. `expected_finish`: when all that it sets in motion is expected to be
    through."""

    operation: str = ""
    accepted: bool = False
    digest: str = ""
    digest_needed: bool = False
    expected_finish: datetime | None = None
    plan: Plan | None = None
    plans: list[Plan] = []
    skipped: list[Skipped] = []
    refusals: list[Refusal] = []
    totals: dict[str, int] = {}


class Operation(msgspec.Struct, frozen=True):
    """An entry of the operation log."""

    id: int = 0
    at: datetime | None = None
    operator: str = ""
    operation: str = ""
    perspective: str = ""
    instance: int = 0
    instances: list[int] = []
    batch: str = ""
    outcome: str = ""
    error_code: str | None = None
    reason: str = ""
    selected_fields: list[str] = []
    closure_fields: list[str] = []
    node_before: dict[str, str] = {}
    node_after: dict[str, str] = {}
    document: dict[str, Any] = {}


class Outcome(msgspec.Struct, frozen=True):
    """One instance of a batch: ACCEPTED with the id of its `operation`, or SKIPPED with `code` and `reason`."""

    instance: int
    name: str = ""
    outcome: str = ""
    operation: int | None = None
    code: str = ""
    reason: str = ""


class Applied(msgspec.Struct, frozen=True):
    """`operation` of a single one; a batch has its id and `outcomes`. Accepted is not finished: what was set in motion runs afterwards."""

    operation: Operation | None = None
    batch: str = ""
    accepted: int = 0
    skipped: int = 0
    outcomes: list[Outcome] = []
