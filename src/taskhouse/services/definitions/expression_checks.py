"""The SQL of atomic metrics and business filters: whether it is SQL, and names fields that the logical table has.

It is checked here, where it stands, and not only where a metric uses it.
"""

from __future__ import annotations

from collections.abc import Iterator

from taskhouse.domain.definition.places import Problem
from taskhouse.domain.definition.workspace import Workspace
from taskhouse.domain.faults import Fault
from taskhouse.services.definitions.metric_checks import source_of
from taskhouse.services.materialization.expressions import uses


def check_expressions(workspace: Workspace) -> Iterator[Problem]:
    for metric in workspace.atomics.values():
        text = metric.expression
        for part in metric.parts:
            text = text.replace("{" + part + "}", "1")  # each part is checked by itself
        problem = _problem(workspace, source_of(workspace, metric.name), text)
        if problem:
            yield Problem((*metric.place, "expression"), problem)
    for item in workspace.filters.values():
        problem = _problem(workspace, item.table, item.condition)
        if problem:
            yield Problem((*item.place, "condition"), problem)


def _problem(workspace: Workspace, table: str, text: str) -> str:
    """What is wrong with an expression over a logical table's fields; empty for nothing."""
    source = workspace.source_table(table)
    if source is None:
        return ""
    partitions = [column for column, _ in source.materialization.partitions]
    try:
        uses(text, {"s": [*(item.name for item in source.fields), *partitions]})
    except Fault as fault:
        return fault.message
    return ""
