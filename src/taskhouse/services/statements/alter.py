"""ALTER TABLE of the table itself: comment, lifecycle, owner, name, properties, clustering, touch, and merging of small files."""

from __future__ import annotations

from dataclasses import replace

from taskhouse.domain.access import table_target, user_name
from taskhouse.domain.catalogue import PartitionValues, Table, TableKind, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.access.authorize import check_project_admin
from taskhouse.services.catalogue import names
from taskhouse.services.catalogue.tables import MAX_LIFECYCLE_DAYS, STORAGE_TIERS, find_partition
from taskhouse.services.statements.columns import change
from taskhouse.services.statements.execution import DONE, Execution, StatementOutcome
from taskhouse.services.statements.tables import properties
from taskhouse.sql.statements import (
    AlterTable,
    ChangeOwner,
    EnableLifecycle,
    MergeSmallFiles,
    PartitionSpec,
    RebuildView,
    RenameTable,
    SetClustering,
    SetLifecycle,
    SetProperties,
    SetRewrite,
    SetTableComment,
    TouchTable,
    UnsetProperties,
)

_FIXED = ("transactional",)
"""Properties that cannot change: how a table's rows are kept follows from them."""


def _target(run: Execution, statement: AlterTable) -> Table:
    found = run.table(statement.table, "Alter")
    if statement.view and not found.is_view:
        raise Fault(FaultCode.SEMANTIC, f"{found.name} is a table: use ALTER TABLE", statement.table.place)
    return found


def one_partition(table: Table, spec: PartitionSpec, statement: AlterTable) -> PartitionValues:
    return names.values_of(table, spec, place=statement.table.place)


def set_comment(run: Execution, statement: SetTableComment) -> StatementOutcome:
    table = _target(run, statement)
    change(run, table, replace(table, comment=statement.comment), statement.table.place)
    return DONE


def _materialized(run: Execution, statement: AlterTable) -> Table:
    found = run.table(statement.table, "Alter")
    if found.kind is not TableKind.MATERIALIZED_VIEW:
        raise Fault(FaultCode.SEMANTIC, f"{found.name} is not a materialized view", statement.table.place)
    return found


def rebuild_view(run: Execution, statement: RebuildView) -> StatementOutcome:
    """A materialized view is computed whenever it is read, so it is never behind its tables and nothing is left to do."""
    _materialized(run, statement)
    return DONE


def set_rewrite(run: Execution, statement: SetRewrite) -> StatementOutcome:
    table = _materialized(run, statement)
    options = {**table.options, "rewrite": "true" if statement.enabled else "false"}
    change(run, table, replace(table, options=options), statement.table.place)
    return DONE


def set_lifecycle(run: Execution, statement: SetLifecycle) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    if not 1 <= statement.days <= MAX_LIFECYCLE_DAYS:
        raise Fault(FaultCode.SEMANTIC, f"LIFECYCLE must be 1 to {MAX_LIFECYCLE_DAYS} days", statement.table.place)
    change(run, table, replace(table, lifecycle=statement.days), statement.table.place)
    return DONE


def enable_lifecycle(run: Execution, statement: EnableLifecycle) -> StatementOutcome:
    """Whether the sweeper may drop the table (or one partition of it) when its days are over."""
    table = run.managed(statement.table, "Alter")
    if statement.partition:
        values = one_partition(table, statement.partition, statement)
        find_partition(run.world, table, values, statement.table.place)
        flag = None if statement.enabled else "disabled"
        run.world.catalogue.touch_partition(table.id, values, run.now, properties={"lifecycle": flag})
        return DONE
    options = {name: value for name, value in table.options.items() if name != "lifecycle"}
    if not statement.enabled:
        options["lifecycle"] = "disabled"
    change(run, table, replace(table, options=options), statement.table.place)
    return DONE


def change_owner(run: Execution, statement: ChangeOwner) -> StatementOutcome:
    """For administrators of the project, and to the owner who gives the table away."""
    table = _target(run, statement)
    if run.session.caller.user != table.owner:
        check_project_admin(run.world, run.session.caller, table.name.project)
    owner = run.world.access.user(user_name(statement.owner))
    if owner is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"User not found - '{statement.owner}'", statement.table.place)
    change(run, table, replace(table, owner=owner.name), statement.table.place)
    return DONE


def rename_table(run: Execution, statement: RenameTable) -> StatementOutcome:
    table = _target(run, statement)
    new = names.object_name(statement.new_name, place=statement.table.place)
    name = TableName(table.name.project, table.name.schema, new)
    if name == table.name:
        return DONE
    changed = change(run, table, replace(table, name=name), statement.table.place)
    if changed.name != table.name:
        old = table_target(table.name)
        run.world.access.forget_object(old.project, old.kind.value, old.object_name)
    return DONE


def touch(run: Execution, statement: TouchTable) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    if statement.partition:
        values = one_partition(table, statement.partition, statement)
        find_partition(run.world, table, values, statement.table.place)
        run.world.catalogue.touch_partition(table.id, values, run.now)
        return DONE
    run.replace(table, replace(table, modified_at=run.now, ddl_at=run.now), statement.table.place)
    return DONE


def set_properties(run: Execution, statement: SetProperties) -> StatementOutcome:
    place = statement.table.place
    wanted = properties(statement.properties)
    tier = wanted.get("storagetier")
    if tier is not None and tier.lower() not in STORAGE_TIERS:
        raise Fault(
            FaultCode.SEMANTIC, f"'{tier}' is not a storage tier; there are {', '.join(sorted(STORAGE_TIERS))}", place
        )
    if statement.partition:
        table = run.managed(statement.table, "Alter")
        others = sorted(set(wanted) - {"storagetier"})
        if others:
            raise Fault(FaultCode.NOT_SUPPORTED, f"property '{others[0]}' cannot be set on a partition", place)
        values = one_partition(table, statement.partition, statement)
        find_partition(run.world, table, values, place)
        changes: dict[str, str | None] = {**wanted, "storagetier_at": str(int(run.now.timestamp()))}
        run.world.catalogue.touch_partition(table.id, values, run.now, properties=changes)
        return DONE
    table = _target(run, statement)
    for name in _FIXED:
        if name in wanted and wanted[name].lower() != table.properties.get(name, "false").lower():
            raise Fault(FaultCode.NOT_SUPPORTED, f"property '{name}' can only be given when a table is created", place)
    options = dict(table.options)
    if tier is not None:
        options["storagetier_at"] = str(int(run.now.timestamp()))
    change(run, table, replace(table, properties=table.properties | wanted, options=options), place)
    return DONE


def unset_properties(run: Execution, statement: UnsetProperties) -> StatementOutcome:
    table = _target(run, statement)
    place = statement.table.place
    gone = {name.lower() for name in statement.names}
    unknown = sorted(gone - set(table.properties))
    if unknown and not statement.if_exists:
        raise Fault(FaultCode.SEMANTIC, f"{table.name} has no property '{unknown[0]}'", place)
    if gone & set(_FIXED) & set(table.properties):
        raise Fault(FaultCode.NOT_SUPPORTED, f"property '{_FIXED[0]}' cannot be removed", place)
    left = {name: value for name, value in table.properties.items() if name not in gone}
    change(run, table, replace(table, properties=left), place)
    return DONE


def set_clustering(run: Execution, statement: SetClustering) -> StatementOutcome:
    table = run.managed(statement.table, "Alter")
    change(run, table, replace(table, clustering=statement.clustering), statement.table.place)
    return DONE


def merge_small_files(run: Execution, statement: MergeSmallFiles) -> StatementOutcome:
    """Rows stay the same; a partition spec may name the leading columns only."""
    table = run.managed(statement.table, "Alter")
    place = statement.table.place
    chosen: list[PartitionValues] | None = None
    if statement.partition:
        prefix = names.values_of(table, statement.partition, prefix=True, place=place)
        if len(prefix) == len(table.partition_columns):
            find_partition(run.world, table, prefix, place)
        chosen = [partition.values for partition in run.world.catalogue.all_partitions(table.id, prefix)]
    run.control.check()
    run.record(table, run.world.warehouse.compact(table, chosen, run.rewriting_tag()))
    return DONE
