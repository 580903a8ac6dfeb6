"""What applying an operation answers, and an entry of the operation log, in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from taskhouse.ports.recurring_store import OperationEntry
from taskhouse.services.recurring.apply_operation import Applied


class OperationView(msgspec.Struct, frozen=True):
    """An entry of the operation log. `selected_fields` and `closure_fields` by name, `node_before` and `node_after` by node id. `document` is
    the whole entry."""

    id: int
    at: datetime
    operator: str
    operation: str
    perspective: str
    instance: int
    instances: list[int]
    batch: str
    outcome: str
    error_code: str | None
    reason: str
    selected_fields: list[str]
    closure_fields: list[str]
    node_before: dict[str, str]
    node_after: dict[str, str]
    document: dict[str, Any]


class OutcomeView(msgspec.Struct, frozen=True):
    """One instance of a batch. `outcome`: ACCEPTED, with the id of its `operation`, or SKIPPED, with `code` and `reason`."""

    instance: int
    name: str
    outcome: str
    operation: int | None
    code: str
    reason: str


class AppliedView(msgspec.Struct, frozen=True):
    """`operation` is the log entry of a single operation, null for a batch, which has `batch`, its id, and one of `outcomes` for each
    instance; `accepted` and `skipped` count them. Accepted is not finished: what was set in motion runs afterwards."""

    operation: OperationView | None
    batch: str
    accepted: int
    skipped: int
    outcomes: list[OutcomeView]


def operation_view(entry: OperationEntry) -> OperationView:
    document = dict(entry.document)
    return OperationView(
        entry.id,
        entry.at,
        entry.operator,
        entry.operation,
        entry.perspective.value,
        entry.instance,
        list(entry.instances),
        entry.batch,
        entry.outcome,
        entry.error_code,
        entry.reason,
        _texts(document.get("selected_fields")),
        _texts(document.get("closure_fields")),
        _pairs(document.get("node_before")),
        _pairs(document.get("node_after")),
        document,
    )


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _pairs(value: object) -> dict[str, str]:
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


def applied_view(applied: Applied) -> AppliedView:
    outcomes = [
        OutcomeView(
            each.instance,
            each.name,
            "SKIPPED" if each.entry is None else "ACCEPTED",
            None if each.entry is None else each.entry.id,
            each.code,
            each.reason,
        )
        for each in applied.outcomes
    ]
    accepted = sum(1 for each in outcomes if each.operation is not None) if outcomes else 1
    return AppliedView(
        None if outcomes or applied.entry is None else operation_view(applied.entry),
        applied.batch,
        accepted,
        len(outcomes) - accepted if outcomes else 0,
        outcomes,
    )
