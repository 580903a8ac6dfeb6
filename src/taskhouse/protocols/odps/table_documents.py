"""Tables and partitions as the protocol's documents: JSON about columns, inside XML about everything else.

Times inside the JSON are seconds since 1970 with their fraction, so that two changes within a second can be told apart.
A table's time of modification stands only there: clients would prefer an element's whole seconds.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from taskhouse.domain.catalogue import Column, Partition, Table, TableKind
from taskhouse.ports.catalogue_store import Totals
from taskhouse.protocols.odps.faults import epoch_s, http_time
from taskhouse.protocols.odps.xml import Xml, element

_TRUNC_TIME = re.compile(r"\s*trunc_time\s*\(\s*`?([^`,\s]+)`?\s*,\s*'(\w+)'\s*\)\s*\Z", re.IGNORECASE)


def _seconds(moment: datetime) -> float:
    return round(moment.timestamp(), 3)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def table_summary(table: Table, *, extended: bool = False) -> Xml:
    """An item of a list: what is asked beyond it is read table by table, and only then believed to be known."""
    return element(
        "Table",
        element("Name", table.name.name),
        element("Owner", table.owner),
        element("Type", table.kind.value),
        *(_summary_extension(table) if extended else ()),
    )


def _summary_extension(table: Table) -> list[Xml]:
    found = [
        element("TableId", table.id),
        element("Comment", table.comment),
        element("CreationTime", http_time(table.created_at)),
        element("LastModifiedTime", http_time(table.modified_at)),
    ]
    if table.accessed_at is not None:
        found.append(element("LastAccessTime", http_time(table.accessed_at)))
    return found


def table_element(table: Table, totals: Totals, *, extended: bool) -> Xml:
    schema = schema_document(table, totals)
    if extended:
        schema |= extended_document(table, totals)
    return element(
        "Table",
        element("Name", table.name.name),
        element("TableId", table.id),
        element("Schema", _json(schema), format="Json"),
        element("Comment", table.comment),
        element("Owner", table.owner),
        element("TableLabel", ""),
        element("CreationTime", http_time(table.created_at)),
        element("LastAccessTime", http_time(table.accessed_at)) if table.accessed_at else None,
        element("Type", table.kind.value),
    )


def schema_document(table: Table, totals: Totals) -> dict[str, Any]:
    view = table.kind is TableKind.VIEW
    materialized = table.kind is TableKind.MATERIALIZED_VIEW
    types = {column.name: str(column.type) for column in table.columns}
    document: dict[str, Any] = {
        "tableName": table.name.name,
        "comment": table.comment,
        "owner": table.owner,
        "createTime": _seconds(table.created_at),
        "lastModifiedTime": _seconds(table.modified_at),
        "lastDDLTime": _seconds(table.ddl_at),
        "lifecycle": -1 if table.lifecycle is None else table.lifecycle,
        "isVirtualView": view,
        "isMaterializedView": materialized,
        "size": totals.bytes,
        "recordNum": totals.rows,
        "tableLabel": "0",
        "shardExist": "shards" in table.options,
        "shardInfo": _shard_document(table),
        "columns": [_column(column, types) for column in table.columns],
        "partitionKeys": [_column(column, types) for column in table.partition_columns],
    }
    if table.properties:
        document["tableProperties"] = _json(table.properties)
    if materialized:
        document["isMaterializedViewRewriteEnabled"] = table.options.get("rewrite") == "true"
        document["isMaterializedViewOutdated"] = False
    if table.is_view:
        document |= {"viewText": table.view_text, "viewExpandedText": table.view_text}
    return document


def _shard_document(table: Table) -> dict[str, Any] | None:
    if "shards" not in table.options:
        return None
    document: dict[str, Any] = {"ShardNum": int(table.options["shards"]), "DistributeCols": [], "SortCols": []}
    if "hub_lifecycle" in table.options:
        document["HubLifecycle"] = int(table.options["hub_lifecycle"])
    return document


def _column(column: Column, types: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": column.name,
        "type": str(column.type),
        "comment": column.comment,
        "label": column.label,
        "isNullable": column.nullable,
    }
    if column.default is not None:
        document["defaultValue"] = column.default
    expression = _expression(column, types)
    if expression is not None:
        document["generateExpression"] = expression
    return document


def _expression(column: Column, types: dict[str, str]) -> str | None:
    """TRUNC_TIME(column, 'part') in the protocol's postfix form."""
    found = _TRUNC_TIME.match(column.generated or "")
    if found is None:
        return None
    source, part = found.group(1).lower(), found.group(2)
    return _json(
        [
            {"leafExprDesc": {"reference": {"name": source}, "type": types.get(source, "datetime")}},
            {"leafExprDesc": {"constant": part, "type": "string"}},
            {"functionCall": {"name": "trunc_time", "type": str(column.type)}},
        ]
    )


def extended_document(table: Table, totals: Totals) -> dict[str, Any]:
    reserved: dict[str, Any] = {"schema_version": str(table.version)}
    if table.is_transactional:
        reserved["Transactional"] = "true"
    if table.primary_key:
        reserved["PrimaryKey"] = list(table.primary_key)
    if "acid.data.retain.hours" in table.properties:
        reserved["acid.data.retain.hours"] = table.properties["acid.data.retain.hours"]
    tier = table.properties.get("storagetier")
    if tier:
        reserved["StorageTier"] = tier
        reserved["StorageTierLastModifiedTime"] = table.options.get("storagetier_at", str(epoch_s(table.created_at)))
    clustering = table.clustering
    if clustering is not None:
        reserved |= {
            "ClusterType": clustering.kind,
            "BucketNum": clustering.buckets,
            "ClusterCols": list(clustering.columns),
            "SortCols": [{"col": name, "order": "asc" if up else "desc"} for name, up in clustering.sort_columns],
        }
    return {
        "IsArchived": False,
        "PhysicalSize": totals.bytes,
        "FileNum": totals.files,
        "Reserved": _json(reserved),
    }


# --- partitions -------------------------------------------------------------------------------------------------------


def partition_summary(columns: tuple[Column, ...], partition: Partition) -> Xml:
    """An item of a list."""
    return element(
        "Partition",
        (
            element("Column", Name=column.name, Value=value)
            for column, value in zip(columns, partition.values, strict=True)
        ),
        element("CreationTime", epoch_s(partition.created_at)),
        element("LastDDLTime", epoch_s(partition.ddl_at)),
        element("LastModifiedTime", epoch_s(partition.modified_at)),
        element("PartitionSize", partition.bytes),
        element("PartitionRecordCount", partition.rows),
    )


def partition_element(table: Table, partition: Partition, *, extended: bool) -> Xml:
    """`extended` gives the extended facts alone: a client that has seen times there would never ask for the others."""
    document = _extended_partition(table, partition) if extended else _partition(partition)
    return element("Partition", element("Schema", _json(document)))


def _partition(partition: Partition) -> dict[str, Any]:
    return {
        "createTime": _seconds(partition.created_at),
        "lastDDLTime": _seconds(partition.ddl_at),
        "lastModifiedTime": _seconds(partition.modified_at),
        "lastAccessTime": _seconds(partition.accessed_at) if partition.accessed_at else 0,
        "partitionSize": partition.bytes,
        "partitionRecordNum": partition.rows,
    }


def _extended_partition(table: Table, partition: Partition) -> dict[str, Any]:
    reserved: dict[str, Any] = {}
    tier = partition.properties.get("storagetier") or table.properties.get("storagetier")
    if tier:
        changed = partition.properties.get("storagetier_at", str(epoch_s(partition.created_at)))
        reserved = {"StorageTier": tier, "StorageTierLastModifiedTime": changed}
    return {
        "IsArchived": False,
        "IsExstore": False,
        "LifeCycle": -1 if table.lifecycle is None else table.lifecycle,
        "PhysicalSize": partition.bytes,
        "FileNum": partition.files,
        "Reserved": _json(reserved),
    }
