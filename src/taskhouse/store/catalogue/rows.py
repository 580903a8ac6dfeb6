"""Rows to values and back, and the markers of pages.

Columns are decoded once per distinct text: tables are read far more often than they change.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, RowMapping
from sqlalchemy.sql.schema import Column as SqlColumn

from taskhouse.domain.catalogue import (
    Clustering,
    Column,
    Function,
    Partition,
    PartitionValues,
    Project,
    Resource,
    Schema,
    Table,
    TableKind,
    TableName,
)
from taskhouse.domain.datatypes import parse_type
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.store.schema import from_micros, optional_micros, optional_time, to_micros

SEPARATOR = "\x01"
_AFTER = "\U0010ffff"


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def merge(text: str, changes: Mapping[str, str | None]) -> str:
    """A JSON object's text after changes; None removes a key."""
    found: dict[str, str] = json.loads(text)
    for key, value in changes.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = value
    return dumps(found)


# --- pages ------------------------------------------------------------------------------------------------------------


def marker_of(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()


def key_of(marker: str) -> str:
    """Raises `Fault` (InvalidParameter) for a marker that no page returned."""
    try:
        return b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Fault(FaultCode.INVALID_PARAMETER, f"the marker '{marker}' was not returned by this server") from None


def page_conditions(name: SqlColumn[str], prefix: str, marker: str) -> list[ColumnElement[bool]]:
    """What a page ordered by `name` asks for; ranges, so that the index serves both."""
    found: list[ColumnElement[bool]] = []
    if prefix:
        found += [name >= prefix, name < prefix + _AFTER]
    if marker:
        found.append(name > key_of(marker))
    return found


# --- columns ----------------------------------------------------------------------------------------------------------

_OPTIONAL = (
    ("comment", "c", ""),
    ("default", "d", None),
    ("generated", "g", None),
    ("label", "l", ""),
    ("physical", "p", ""),
)


def encode_columns(columns: tuple[Column, ...]) -> str:
    found = []
    for column in columns:
        item: dict[str, object] = {"n": column.name, "t": str(column.type)}
        if not column.nullable:
            item["r"] = True
        for attribute, key, absent in _OPTIONAL:
            value = getattr(column, attribute)
            if value != absent:
                item[key] = value
        found.append(item)
    return dumps(found)


@lru_cache(maxsize=4096)
def decode_columns(text: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=item["n"],
            type=parse_type(item["t"]),
            nullable=not item.get("r", False),
            **{attribute: item.get(key, absent) for attribute, key, absent in _OPTIONAL},
        )
        for item in json.loads(text)
    )


def _encode_clustering(clustering: Clustering | None) -> str | None:
    if clustering is None:
        return None
    return dumps([clustering.kind, clustering.columns, clustering.sort_columns, clustering.buckets])


def _decode_clustering(text: str | None) -> Clustering | None:
    if text is None:
        return None
    kind, columns, sort_columns, buckets = json.loads(text)
    return Clustering(kind, tuple(columns), tuple((name, bool(up)) for name, up in sort_columns), buckets)


# --- tables -----------------------------------------------------------------------------------------------------------


def definition_row(table: Table) -> dict[str, Any]:
    """The columns that a change of definition writes."""
    return {
        "project": table.name.project,
        "schema": table.name.schema,
        "name": table.name.name,
        "kind": table.kind.value,
        "owner": table.owner,
        "comment": table.comment,
        "modified_at": to_micros(table.modified_at),
        "ddl_at": to_micros(table.ddl_at),
        "partitioned": table.is_partitioned,
        "columns": encode_columns(table.columns),
        "partition_columns": encode_columns(table.partition_columns),
        "hidden_columns": encode_columns(table.hidden_columns),
        "lifecycle": table.lifecycle,
        "properties": dumps(table.properties),
        "options": dumps(table.options),
        "clustering": _encode_clustering(table.clustering),
        "primary_key": dumps(table.primary_key),
        "view_text": table.view_text,
        "mixed_files": table.mixed_files,
    }


def table_row(table: Table) -> dict[str, Any]:
    return definition_row(table) | {
        "id": table.id,
        "created_at": to_micros(table.created_at),
        "accessed_at": optional_micros(table.accessed_at),
        "version": table.version,
        "data_version": table.data_version,
        "rows": table.rows,
        "bytes": table.bytes,
        "files": table.files,
    }


def table_value(row: RowMapping) -> Table:
    return Table(
        id=row["id"],
        name=TableName(row["project"], row["schema"], row["name"]),
        kind=TableKind(row["kind"]),
        columns=decode_columns(row["columns"]),
        owner=row["owner"],
        created_at=from_micros(row["created_at"]),
        modified_at=from_micros(row["modified_at"]),
        ddl_at=from_micros(row["ddl_at"]),
        accessed_at=optional_time(row["accessed_at"]),
        partition_columns=decode_columns(row["partition_columns"]),
        comment=row["comment"],
        lifecycle=row["lifecycle"],
        properties=json.loads(row["properties"]),
        options=json.loads(row["options"]),
        clustering=_decode_clustering(row["clustering"]),
        primary_key=tuple(json.loads(row["primary_key"])),
        view_text=row["view_text"],
        version=row["version"],
        data_version=row["data_version"],
        mixed_files=row["mixed_files"],
        hidden_columns=decode_columns(row["hidden_columns"]),
        rows=row["rows"],
        bytes=row["bytes"],
        files=row["files"],
    )


# --- partitions -------------------------------------------------------------------------------------------------------


def partition_key(values: PartitionValues) -> str:
    """Raises `Fault` (InvalidArgument) for a value that a key cannot hold."""
    for value in values:
        if SEPARATOR in value:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"the partition value {value!r} holds a control character")
    return "".join(value + SEPARATOR for value in values)


def partition_values(key: str) -> PartitionValues:
    return tuple(key[:-1].split(SEPARATOR)) if key else ()


def partition_value(row: RowMapping) -> Partition:
    return Partition(
        table_id=row["table_id"],
        values=partition_values(row["key"]),
        created_at=from_micros(row["created_at"]),
        modified_at=from_micros(row["modified_at"]),
        ddl_at=from_micros(row["ddl_at"]),
        accessed_at=optional_time(row["accessed_at"]),
        rows=row["rows"],
        bytes=row["bytes"],
        files=row["files"],
        properties={} if row["properties"] == "{}" else json.loads(row["properties"]),
    )


# --- the rest ---------------------------------------------------------------------------------------------------------


def project_value(row: RowMapping) -> Project:
    return Project(
        name=row["name"],
        owner=row["owner"],
        comment=row["comment"],
        created_at=from_micros(row["created_at"]),
        modified_at=from_micros(row["modified_at"]),
        schemas_enabled=row["schemas_enabled"],
        properties=json.loads(row["properties"]),
    )


def schema_value(row: RowMapping) -> Schema:
    return Schema(
        project=row["project"],
        name=row["name"],
        owner=row["owner"],
        comment=row["comment"],
        created_at=from_micros(row["created_at"]),
        modified_at=from_micros(row["modified_at"]),
    )


def resource_row(resource: Resource) -> dict[str, Any]:
    return {
        "project": resource.project,
        "schema": resource.schema,
        "name": resource.name,
        "kind": resource.kind,
        "owner": resource.owner,
        "comment": resource.comment,
        "created_at": to_micros(resource.created_at),
        "modified_at": to_micros(resource.modified_at),
        "updated_by": resource.updated_by,
        "size": resource.size,
        "md5": resource.md5,
        "blob": resource.blob,
        "temporary": resource.temporary,
        "source_table": resource.source_table,
    }


def resource_value(row: RowMapping) -> Resource:
    return Resource(
        project=row["project"],
        schema=row["schema"],
        name=row["name"],
        kind=row["kind"],
        owner=row["owner"],
        comment=row["comment"],
        created_at=from_micros(row["created_at"]),
        modified_at=from_micros(row["modified_at"]),
        updated_by=row["updated_by"],
        size=row["size"],
        md5=row["md5"],
        blob=row["blob"],
        temporary=row["temporary"],
        source_table=row["source_table"],
    )


def function_row(function: Function) -> dict[str, Any]:
    return {
        "project": function.project,
        "schema": function.schema,
        "name": function.name,
        "class_name": function.class_name,
        "resources": dumps(function.resources),
        "owner": function.owner,
        "created_at": to_micros(function.created_at),
        "modified_at": to_micros(function.modified_at),
    }


def function_value(row: RowMapping) -> Function:
    return Function(
        project=row["project"],
        schema=row["schema"],
        name=row["name"],
        class_name=row["class_name"],
        resources=tuple(json.loads(row["resources"])),
        owner=row["owner"],
        created_at=from_micros(row["created_at"]),
        modified_at=from_micros(row["modified_at"]),
    )
