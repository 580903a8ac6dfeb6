"""Which executor runs which kind of statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskhouse.services.statements import alter, columns, describe, objects, partitions, show, tables
from taskhouse.services.statements.execution import Execution, StatementOutcome
from taskhouse.sql import statements as s

Executor = Callable[[Execution, Any], StatementOutcome]

EXECUTORS: dict[type[s.Statement], Executor] = {
    s.CreateTable: tables.create_table,
    s.CreateTableLike: tables.create_like,
    s.DropTable: tables.drop_table,
    s.TruncateTable: tables.truncate,
    s.CreateView: tables.create_view,
    s.AlterViewQuery: tables.alter_view_query,
    s.DropView: tables.drop_view,
    s.AddColumns: columns.add_columns,
    s.DropColumns: columns.drop_columns,
    s.ChangeColumn: columns.change_column,
    s.SetTableComment: alter.set_comment,
    s.SetLifecycle: alter.set_lifecycle,
    s.EnableLifecycle: alter.enable_lifecycle,
    s.ChangeOwner: alter.change_owner,
    s.RenameTable: alter.rename_table,
    s.TouchTable: alter.touch,
    s.SetProperties: alter.set_properties,
    s.UnsetProperties: alter.unset_properties,
    s.SetClustering: alter.set_clustering,
    s.MergeSmallFiles: alter.merge_small_files,
    s.RebuildView: alter.rebuild_view,
    s.SetRewrite: alter.set_rewrite,
    s.AddPartitions: partitions.add_partitions,
    s.DropPartitions: partitions.drop_partitions,
    s.RenamePartition: partitions.rename_partition,
    s.MergePartitions: partitions.merge_partitions,
    s.Analyze: describe.analyze,
    s.Describe: describe.describe,
    s.DescribeSchema: describe.describe_schema,
    s.DescribeProject: describe.describe_project,
    s.DescribeFunction: describe.describe_function,
    s.DescribeResource: describe.describe_resource,
    s.ShowTables: show.show_tables,
    s.ShowPartitions: show.show_partitions,
    s.ShowCreateTable: show.show_create_table,
    s.ShowColumns: show.show_columns,
    s.ShowFunctions: show.show_functions,
    s.ShowResources: show.show_resources,
    s.ShowSchemas: show.show_schemas,
    s.ShowProjects: show.show_projects,
    s.ShowInstances: show.show_instances,
    s.SetFlag: show.set_flag,
    s.ShowFlags: show.show_flags,
    s.SetProject: show.set_project,
    s.UseProject: show.use_project,
    s.UseSchema: show.use_schema,
    s.CreateSchema: objects.create_schema,
    s.DropSchema: objects.drop_schema,
    s.CreateFunction: objects.create_function,
    s.DropFunction: objects.drop_function,
    s.SecurityStatement: objects.security,
    s.AddTableResource: objects.add_table_resource,
    s.DropResource: objects.drop_resource,
}
