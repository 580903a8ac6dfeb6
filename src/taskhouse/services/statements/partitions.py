"""ALTER TABLE on partitions: add, drop, rename, merge.

The table's log changes first, then the catalogue. A partition's files are never copied: renaming and merging link them into
the new partition in one entry of the log.
"""

from __future__ import annotations

from dataclasses import replace

from taskhouse.domain.catalogue import PartitionValues
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.warehouse import TableCommit
from taskhouse.services.catalogue import names
from taskhouse.services.catalogue.tables import find_partition
from taskhouse.services.statements.execution import DONE, Execution, StatementOutcome, placed
from taskhouse.services.statements.tables import select_partitions
from taskhouse.sql.statements import AddPartitions, DropPartitions, MergePartitions, RenamePartition


def add_partitions(run: Execution, statement: AddPartitions) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    place = statement.table.place
    wanted = [names.values_of(table, spec, place=place) for spec in statement.partitions]
    try:
        run.world.catalogue.add_partitions(table.id, wanted, run.now, if_not_exists=statement.if_not_exists)
    except Fault as fault:
        raise placed(fault, place) from None
    return DONE


def drop_partitions(run: Execution, statement: DropPartitions) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    chosen = select_partitions(run, table, statement.filters, statement.table.place, if_exists=statement.if_exists)
    values = [partition.values for partition in chosen]
    if not values:
        return DONE
    held = {file.partition for file in run.world.warehouse.snapshot(table, values).files}
    if held:
        run.record(table, run.remove_data(table, frozenset(held), values))
    run.world.catalogue.drop_partitions(table.id, values, run.now)
    return DONE


def rename_partition(run: Execution, statement: RenamePartition) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    place = statement.table.place
    old = names.values_of(table, statement.partition, place=place)
    new = names.values_of(table, statement.new, place=place)
    find_partition(run.world, table, old, place)
    if old == new:
        return DONE
    if run.world.catalogue.partition(table.id, new) is not None:
        raise Fault(
            FaultCode.TABLE_EXISTS,
            f"Partition already exists - {names.quoted_spec(table.partition_columns, new)}",
            place,
        )
    snapshot = run.world.warehouse.snapshot(table, [old])
    commit = None
    if snapshot.files:
        moved = tuple(replace(file, partition=new) for file in snapshot.files)
        commit = run.commit(
            TableCommit(
                table=table,
                files=moved,
                tag=run.tag(),
                overwrite=frozenset({old, new}),
                expected_version=snapshot.version,
            ),
            drops=[old],
        )
    try:
        run.world.catalogue.rename_partition(table.id, old, new, commit, run.now)
    except Fault as fault:
        raise placed(fault, place) from None
    return DONE


def merge_partitions(run: Execution, statement: MergePartitions) -> StatementOutcome:
    """The target afterwards holds the rows of the sources; the other sources are gone."""
    table = run.managed(statement.table, "Alter")
    place = statement.table.place
    target = names.values_of(table, statement.target, place=place)
    chosen = select_partitions(run, table, statement.filters, place, if_exists=statement.if_exists)
    sources = [partition.values for partition in chosen]
    if not sources:
        if statement.if_exists:
            return DONE
        raise Fault(
            FaultCode.NO_SUCH_PARTITION, f"Partition not found - nothing in {table.name} is to be merged", place
        )
    gone: list[PartitionValues] = [values for values in sources if values != target]
    catalogue = run.world.catalogue
    snapshot = run.world.warehouse.snapshot(table, sources)
    overwritten = frozenset({target, *sources})
    catalogue.add_partitions(table.id, [target], run.now, if_not_exists=True)
    if run.world.warehouse.snapshot(table, list(overwritten)).files:
        files = tuple(replace(file, partition=target) for file in snapshot.files)
        commit = TableCommit(
            table=table, files=files, tag=run.tag(), overwrite=overwritten, expected_version=snapshot.version
        )
        run.record(table, run.commit(commit, gone))
    catalogue.drop_partitions(table.id, gone, run.now)
    return DONE
