"""DESC in its forms, in the box of text that MaxCompute's own console prints. Times are in the session's zone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from taskhouse.domain.access import function_target, project_target, resource_target, schema_target
from taskhouse.domain.catalogue import Column, Partition, Table, TableKind
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.catalogue import names, tables
from taskhouse.services.statements.execution import Execution, StatementOutcome, shown
from taskhouse.sql.statements import (
    Analyze,
    Describe,
    DescribeFunction,
    DescribeProject,
    DescribeResource,
    DescribeSchema,
)

WIDTH = 84
RULE = "+" + "-" * WIDTH + "+"


def describe(run: Execution, statement: Describe) -> StatementOutcome:
    table = run.table(statement.table, "Describe")
    if statement.partition:
        values = names.values_of(table, statement.partition, place=statement.table.place)
        partition = tables.find_partition(run.world, table, values, statement.table.place)
        return shown(partition_text(partition, run.session.time_zone, statement.extended))
    size = tables.totals(run.world, table)
    zone = run.session.time_zone
    lines = [
        RULE,
        line(pair(f"Owner: {table.owner}", f"Project: {table.name.project}")),
        *([line(f"Schema: {table.name.schema}")] if table.name.schema != "default" else []),
        line(f"TableComment: {table.comment}"),
        RULE,
        *times(zone, CreateTime=table.created_at, LastDDLTime=table.ddl_at, LastModifiedTime=table.modified_at),
        *([line(f"Lifecycle:                {table.lifecycle}")] if table.lifecycle is not None else []),
        RULE,
    ]
    if table.kind is TableKind.MANAGED:
        lines.append(line(pair("InternalTable: YES", f"Size: {size.bytes}", 24)))
    else:
        word = "VirtualView" if table.kind is TableKind.VIEW else "MaterializedView"
        lines.append(line(pair(f"{word}: YES", f"ViewText: {_one_line(table.view_text)}", 24)))
    lines += [RULE, line("Native Columns:"), RULE]
    if statement.extended:
        lines += _extended_columns(table.columns)
    else:
        lines.append(line(cells(("Field", 15), ("Type", 10), ("Label", 5), ("Comment", 43))))
        lines.append(RULE)
        lines += [line(cells((c.name, 15), (str(c.type), 10), (c.label, 5), (c.comment, 43))) for c in table.columns]
    lines.append(RULE)
    if table.partition_columns:
        lines += [line("Partition Columns:"), RULE]
        lines += [line(cells((c.name, 15), (str(c.type), 10), (c.comment, 51))) for c in table.partition_columns]
        lines.append(RULE)
    if statement.extended:
        lines += [line("Extended Info:"), RULE, *_extended_info(table, size.bytes, size.files), RULE]
    return shown("\n".join(lines) + "\n")


def _extended_columns(columns: Iterable[Column]) -> Iterable[str]:
    widths = (15, 10, 5, 13, 8, 12, 7)
    titles = ("Field", "Type", "Label", "ExtendedLabel", "Nullable", "DefaultValue", "Comment")
    yield line(cells(*zip(titles, widths, strict=True)))
    yield RULE
    for column in columns:
        default = "NULL" if column.default is None else column.default
        texts = (column.name, str(column.type), column.label, "", str(column.nullable).lower(), default, column.comment)
        yield line(cells(*zip(texts, widths, strict=True)))


def _extended_info(table: Table, size: int, files: int) -> Iterable[str]:
    facts = {
        "TableID": table.id,
        "IsArchived": "false",
        "PhysicalSize": str(size),
        "FileNum": str(files),
        "StoredAs": "PARQUET",
        "Transactional": str(table.is_transactional).lower(),
    }
    if table.primary_key:
        facts["PrimaryKey"] = ", ".join(table.primary_key)
    clustering = table.clustering
    if clustering is not None:
        facts["ClusterType"] = clustering.kind
        facts["BucketNum"] = str(clustering.buckets)
        facts["ClusterColumns"] = f"[{', '.join(clustering.columns)}]"
        order = ", ".join(f"{name} {'ASC' if up else 'DESC'}" for name, up in clustering.sort_columns)
        facts["SortColumns"] = f"[{order}]"
    facts |= table.properties
    return (line(f"{name + ':':<25} {value}") for name, value in facts.items())


def partition_text(partition: Partition, zone: str, extended: bool) -> str:
    lines = [
        RULE,
        line(f"PartitionSize: {partition.bytes}"),
        RULE,
        *times(
            zone, CreateTime=partition.created_at, LastDDLTime=partition.ddl_at, LastModifiedTime=partition.modified_at
        ),
        RULE,
    ]
    if extended:
        lines += [
            line("IsExstore:                false"),
            line("IsArchived:               false"),
            line(f"PhysicalSize:             {partition.bytes}"),
            line(f"FileNum:                  {partition.files}"),
            line(f"RecordNum:                {partition.rows}"),
            RULE,
        ]
    return "\n".join(lines) + "\n"


def analyze(run: Execution, statement: Analyze) -> StatementOutcome:
    """Row counts and sizes are kept with every commit, so there is nothing to compute: the statement says what they are."""
    table = run.managed(statement.table, "Update")
    columns = {column.name for column in table.columns}
    for name in statement.columns:
        if name not in columns:
            raise Fault(
                FaultCode.SEMANTIC, f"column '{name}' cannot be resolved: {table.name} has none", statement.table.place
            )
    if statement.partition:
        values = names.values_of(table, statement.partition, prefix=True, place=statement.table.place)
        found = run.world.catalogue.all_partitions(table.id, values)
        if not found:
            raise tables.no_partition(table, values, statement.table.place)
        rows, size = sum(p.rows for p in found), sum(p.bytes for p in found)
    else:
        total = tables.totals(run.world, table)
        rows, size = total.rows, total.bytes
    return shown(f"RowCount: {rows}\nDataSize: {size}\n")


def describe_schema(run: Execution, statement: DescribeSchema) -> StatementOutcome:
    """A JSON document: clients without the schema API read it."""
    project = run.project(statement.project, statement.place)
    found = run.world.catalogue.schema(project.name, statement.schema)
    if found is None:
        raise Fault(
            FaultCode.NO_SUCH_SCHEMA, f"Schema not found - '{project.name}.{statement.schema}'", statement.place
        )
    run.check("Read", schema_target(project.name, found.name), found.owner)
    document = {
        "name": found.name,
        "owner": found.owner,
        "description": found.comment,
        "createTime": clock(found.created_at, run.session.time_zone),
        "modifyTime": clock(found.modified_at, run.session.time_zone),
        "type": "managed",
    }
    return shown(json.dumps(document, ensure_ascii=False))


def describe_project(run: Execution, statement: DescribeProject) -> StatementOutcome:
    project = run.project(statement.project, statement.place)
    run.check("Read", project_target(project.name))
    zone = run.session.time_zone
    facts = [
        ("Name", project.name),
        ("Description", project.comment),
        ("Owner", project.owner),
        ("CreatedTime", clock(project.created_at, zone)),
        ("LastModifiedTime", clock(project.modified_at, zone)),
    ]
    lines = [f"{name + ':':<21} {value}" for name, value in facts]
    if statement.extended or project.properties:
        lines.append("Properties:")
        lines += [f"    {name}: {value}" for name, value in sorted(project.properties.items())]
    return shown("\n".join(lines) + "\n")


def describe_function(run: Execution, statement: DescribeFunction) -> StatementOutcome:
    project = run.project(statement.project, statement.place)
    found = run.world.catalogue.function(project.name, run.session.schema, statement.name)
    if found is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Function not found - '{statement.name}'", statement.place)
    run.check("Read", function_target(project.name, found.schema, found.name), found.owner)
    facts = [
        ("Name", found.name),
        ("Owner", found.owner),
        ("Created Time", clock(found.created_at, run.session.time_zone)),
        ("Class", found.class_name),
        ("Resources", ",".join(found.resources)),
    ]
    return shown("".join(f"{name + ':':<33}{value}\n" for name, value in facts))


def describe_resource(run: Execution, statement: DescribeResource) -> StatementOutcome:
    project = run.project(statement.project, statement.place)
    found = run.world.catalogue.resource(project.name, run.session.schema, statement.name)
    if found is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Resource not found - '{statement.name}'", statement.place)
    run.check("Read", resource_target(project.name, found.schema, found.name), found.owner)
    zone = run.session.time_zone
    facts = [
        ("Name", found.name),
        ("Owner", found.owner),
        ("Type", found.kind.upper()),
        ("Comment", found.comment),
        ("CreatedTime", clock(found.created_at, zone)),
        ("LastModifiedTime", clock(found.modified_at, zone)),
        ("LastUpdator", found.updated_by),
        ("Size", str(found.size)),
        ("Md5sum", found.md5),
    ]
    if found.source_table:
        facts.append(("SourceTable", found.source_table))
    return shown("".join(f"{name + ':':<33}{value}\n" for name, value in facts))


# --- boxes ------------------------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def pad(text: str, columns: int) -> str:
    return text + " " * max(columns - width(text), 0)


def line(text: str) -> str:
    return f"| {pad(text, WIDTH - 2)} |"


def pair(left: str, right: str, columns: int = 39) -> str:
    return f"{pad(left, columns)}| {right}"


def cells(*parts: tuple[str, int]) -> str:
    return " | ".join(pad(_one_line(text), columns) for text, columns in parts)


def times(zone: str, **moments: datetime) -> list[str]:
    return [line(f"{name + ':':<25} {clock(moment, zone)}") for name, moment in moments.items()]


def clock(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def _one_line(text: str) -> str:
    return " ".join(text.split())
