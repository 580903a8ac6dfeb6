"""What time does to tables: partitions and tables past their lifecycle are dropped, files that nobody needs are deleted."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from taskhouse.domain.access import table_target
from taskhouse.domain.catalogue import PartitionValues, Table
from taskhouse.ports.warehouse import CommitTag, TableCommit
from taskhouse.services.world import World

_BATCH = 500
_SWEEPER = "lifecycle"


def drop_expired(world: World, now: datetime) -> int:
    """Drop unpartitioned tables, and partitions of partitioned ones, not modified for as many days as their lifecycle says.
    A partitioned table stays when its last partition goes. Returns how many were dropped."""
    dropped = 0
    while tables := world.catalogue.expired_tables(now, _BATCH):
        for table in tables:
            if world.catalogue.drop_table(table.id, now):
                target = table_target(table.name)
                world.access.forget_object(target.project, target.kind.value, target.object_name)
                dropped += 1
    while expired := world.catalogue.expired_partitions(now, _BATCH):
        by_table: defaultdict[str, list[PartitionValues]] = defaultdict(list)
        found = {table.id: table for table, _ in expired}
        for table, values in expired:
            by_table[table.id].append(values)
        for table_id, partitions in by_table.items():
            dropped += drop_partitions(world, found[table_id], partitions, now)
    return dropped


def drop_partitions(world: World, table: Table, partitions: list[PartitionValues], now: datetime) -> int:
    """Remove the partitions' files from the log, then the partitions."""
    held = {file.partition for file in world.warehouse.snapshot(table, partitions).files}
    if held:
        tag = CommitTag(f"{_SWEEPER}-{world.ids.token()}", _SWEEPER, 1)
        result = world.warehouse.commit(TableCommit(table=table, files=(), tag=tag, overwrite=frozenset(held)))
        world.catalogue.record_commit(table.id, result, now)
    return world.catalogue.drop_partitions(table.id, partitions, now)


def vacuum(world: World, now: datetime) -> int:
    """Delete files that tables have not referred to for the retention time. Returns how many."""
    removed = 0
    marker = ""
    while True:
        page = world.catalogue.managed_tables(marker=marker, limit=_BATCH)
        removed += sum(world.warehouse.vacuum(table) for table in page.items)
        marker = page.marker
        if not marker:
            return removed
