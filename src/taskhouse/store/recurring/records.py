"""Instances as values, from their rows and their publications."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from taskhouse.domain.instance_graph import InstanceRow, NodeRow
from taskhouse.domain.recurring import Priority
from taskhouse.ports.recurring_store import InstanceRecord, NodeRecord
from taskhouse.store.recurring.codes import ENVIRONMENT, ORIGIN
from taskhouse.store.recurring.publications import Publication
from taskhouse.store.schema import from_micros

INSTANCE_COLUMNS = (
    "id, publication, environment, bizdate, due_at, origin, backfill, idx, first_field, dry_run, manual_priority, "
    "generated_at, notices"
)
"""The publication is the second, for whoever must look it up first."""

NODE_COLUMNS = "id, publication, environment, bizdate, node, due_at, origin, backfill, place, dry_run"


def instance_record(row: Any, publication: Publication) -> InstanceRecord:
    """From a row of `INSTANCE_COLUMNS`."""
    id, _, environment, bizdate, due, origin, backfill, index, first_field, dry, manual, generated, notices = row
    task = publication.task
    instance = InstanceRow(
        id,
        task.name,
        task.project,
        task.biz_type,
        date.fromordinal(bizdate),
        from_micros(due),
        task.id,
        task.kind,
        task.schedule.cycle,
        ENVIRONMENT.members[environment],
        publication.owners,
        task.priority,
        task.tags,
    )
    return InstanceRecord(
        instance,
        task.version,
        first_field,
        index,
        ORIGIN.members[origin],
        backfill,
        bool(dry),
        None if manual is None else Priority(manual),
        from_micros(generated),
        tuple(msgspec.json.decode(notices)) if notices else (),
    )


def node_record(row: Any, publication: Publication) -> NodeRecord:
    """From a row of `NODE_COLUMNS`."""
    id, _, environment, bizdate, node, due, origin, backfill, place, dry = row
    task = publication.task
    return NodeRecord(
        NodeRow(id, task.nodes[place].name, from_micros(due)),
        node,
        task.id,
        task.version,
        date.fromordinal(bizdate),
        ENVIRONMENT.members[environment],
        ORIGIN.members[origin],
        backfill,
        bool(dry),
    )
