"""What a server does now and then so that nothing grows for ever. Each function does its work in bounded steps, may be
run again at any time, and returns how many things it removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from taskhouse.domain.catalogue import PartitionValues, Table, TableKind
from taskhouse.domain.recurring import Environment
from taskhouse.ports.catalogue_store import Trash, TrashKind
from taskhouse.ports.warehouse import CommitTag, TableCommit
from taskhouse.services.catalogue import tables as catalogue_tables
from taskhouse.services.world import World

_BATCH = 500


def forget_instances(world: World, now: datetime) -> int:
    """Delete instances that ended longer than `result_days` ago, with their result files."""
    before = now - timedelta(days=world.limits.result_days)
    count = 0
    while True:
        forgotten, files = world.instances.forget_before(before, _BATCH)
        for name in files:
            (world.results / name).unlink(missing_ok=True)
        count += forgotten
        if forgotten < _BATCH:
            return count


def forget_recurring(world: World, now: datetime) -> int:
    """Delete recurring instances whose data timestamp is more than `recurring_days` ago, date by date; those that something waits for
    stay."""
    if not world.limits.recurring_days:
        return 0
    before = now.date() - timedelta(days=world.limits.recurring_days)
    count = 0
    for environment in Environment:
        while forgotten := world.recurring.forget(environment, before):
            count += forgotten
    return count


def empty_trash(world: World, now: datetime) -> int:
    """Delete folders of dropped tables and blobs of dropped resources, once no reader can be left."""
    before = now - timedelta(hours=world.limits.retention_hours)
    count = 0
    while True:
        items = world.catalogue.trash(before, _BATCH)
        for item in items:
            _delete(world, item)
        world.catalogue.forget_trash(items)
        count += len(items)
        if len(items) < _BATCH:
            return count


def expire_tables(world: World, now: datetime) -> int:
    """Drop unpartitioned tables whose lifecycle is over."""
    count = 0
    while True:
        expired = world.catalogue.expired_tables(now, _BATCH)
        for table in expired:
            catalogue_tables.drop(world, table)
        count += len(expired)
        if len(expired) < _BATCH:
            return count


def expire_partitions(world: World, now: datetime) -> int:
    """Drop partitions whose table's lifecycle is over for them: first from the table's log, then from the catalogue."""
    count = 0
    while True:
        expired = world.catalogue.expired_partitions(now, _BATCH)
        by_table: dict[str, tuple[Table, list[PartitionValues]]] = {}
        for table, values in expired:
            by_table.setdefault(table.id, (table, []))[1].append(values)
        for table, partitions in by_table.values():
            tag = CommitTag(f"lifecycle-{now:%Y%m%d%H%M%S%f}", table.id, 1, count)
            world.warehouse.commit(TableCommit(table=table, files=(), tag=tag, overwrite=frozenset(partitions)))
            world.catalogue.drop_partitions(table.id, partitions, now)
        count += len(expired)
        if len(expired) < _BATCH:
            return count


def vacuum_tables(world: World, now: datetime) -> int:
    """Delete files that tables no longer refer to, in tables that changed since the last files could have come of age."""
    since = now - timedelta(hours=2 * world.limits.retention_hours + 24)
    return sum(world.warehouse.vacuum(table) for table in _tables(world) if table.modified_at >= since)


def _tables(world: World) -> Iterator[Table]:
    for project in _projects(world):
        for schema in _schemas(world, project):
            marker = ""
            while True:
                page = world.catalogue.tables(project, schema, kind=TableKind.MANAGED, marker=marker, limit=_BATCH)
                yield from page.items
                marker = page.marker
                if not marker:
                    break


def _projects(world: World) -> Iterator[str]:
    marker = ""
    while True:
        page = world.catalogue.projects(marker=marker, limit=_BATCH)
        yield from (project.name for project in page.items)
        marker = page.marker
        if not marker:
            return


def _schemas(world: World, project: str) -> Iterator[str]:
    marker = ""
    while True:
        page = world.catalogue.schemas(project, marker=marker, limit=_BATCH)
        yield from (schema.name for schema in page.items)
        marker = page.marker
        if not marker:
            return


def _delete(world: World, item: Trash) -> None:
    match item.kind:
        case TrashKind.TABLE:
            world.warehouse.drop(item.key)
        case TrashKind.BLOB:
            (world.blobs / item.key).unlink(missing_ok=True)
