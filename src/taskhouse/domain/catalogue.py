"""What the catalogue knows of tables: names, columns, partitions, and what a table is.

Values only. The metadata store keeps them, the SQL room binds against them, the warehouse holds the data.
A column has a *physical name*, the name in the table's files, which never changes; renaming a column changes
`name` only, dropping one hides it, so neither rewrites data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from taskhouse.domain.datatypes import DataType

DEFAULT_SCHEMA = "default"


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """Project, schema and name, all lower case. A project without schemas uses the schema `default`."""

    project: str
    schema: str
    name: str

    def __str__(self) -> str:
        if self.schema == DEFAULT_SCHEMA:
            return f"{self.project}.{self.name}"
        return f"{self.project}.{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `default` is an SQL expression's text; `generated` the expression of an AUTO PARTITIONED BY column."""

    name: str
    type: DataType
    comment: str = ""
    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    label: str = ""
    physical: str = ""
    """Name in the files; empty means the same as `name` (see `stored_as`)."""

    @property
    def stored_as(self) -> str:
        return self.physical or self.name


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a query's result."""

    name: str
    type: DataType


class TableKind(Enum):
    MANAGED = "MANAGED_TABLE"
    VIEW = "VIRTUAL_VIEW"
    MATERIALIZED_VIEW = "MATERIALIZED_VIEW"
    """Kept as its query and computed when it is read, so it is never outdated; only its kind differs from a view's."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """CLUSTERED BY: accepted and recorded; it does not change how files are written."""

    kind: str
    """`hash` or `range`."""
    columns: tuple[str, ...]
    sort_columns: tuple[tuple[str, bool], ...] = ()
    """`(column, ascending)`."""
    buckets: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view as the catalogue has it at one moment.

    `id` is unique for ever; the files lie in a folder named after it. `version` grows with every change of
    definition (not of data). `data_version` grows with every commit of data, so that a session can see that the
    data under it changed. Times are aware, UTC. `lifecycle` in days or None. Statistics (`rows`, `bytes`, `files`) are kept
    per table for unpartitioned tables, and per partition otherwise; None on a view.
    """

    id: str
    name: TableName
    kind: TableKind
    columns: tuple[Column, ...]
    owner: str
    created_at: datetime
    modified_at: datetime
    ddl_at: datetime
    accessed_at: datetime | None = None
    partition_columns: tuple[Column, ...] = ()
    comment: str = ""
    lifecycle: int | None = None
    properties: dict[str, str] = field(default_factory=dict)
    """TBLPROPERTIES."""
    options: dict[str, str] = field(default_factory=dict)
    """What a definition carries beside properties: `shards`, `hub_lifecycle`, `rewrite` (of a materialized view), `lifecycle`
    (`disabled`)."""
    clustering: Clustering | None = None
    primary_key: tuple[str, ...] = ()
    """Recorded, and kept unique only when `has_unique_key`."""
    view_text: str = ""
    version: int = 1
    data_version: int = 0
    mixed_files: bool = False
    """Columns were added or dropped after data was written: files differ in their columns."""
    hidden_columns: tuple[Column, ...] = ()
    """Dropped columns, still in older files."""
    rows: int = 0
    bytes: int = 0
    files: int = 0

    @property
    def is_partitioned(self) -> bool:
        return bool(self.partition_columns)

    @property
    def is_view(self) -> bool:
        return self.kind is not TableKind.MANAGED

    @property
    def is_transactional(self) -> bool:
        return self.properties.get("transactional", "").lower() == "true"

    @property
    def has_unique_key(self) -> bool:
        """Rows replace one another by primary key. Without `transactional` the key is a note that nothing enforces."""
        return bool(self.primary_key) and self.is_transactional


PartitionValues = tuple[str, ...]
"""The values of a partition in the order of the table's partition columns, as text."""


@dataclass(frozen=True, slots=True)
class Partition:
    table_id: str
    values: PartitionValues
    created_at: datetime
    modified_at: datetime
    ddl_at: datetime
    accessed_at: datetime | None = None
    rows: int = 0
    bytes: int = 0
    files: int = 0
    properties: dict[str, str] = field(default_factory=dict)
    """`storagetier`, and `lifecycle` (`disabled`) when the sweeper must leave it."""


@dataclass(frozen=True, slots=True)
class Project:
    """`schemas_enabled`: three-tier naming. `properties` are the project's settings (`odps.sql.allow.fullscan`, ...)."""

    name: str
    owner: str
    comment: str
    created_at: datetime
    modified_at: datetime
    schemas_enabled: bool = False
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    project: str
    name: str
    owner: str
    comment: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource's metadata; its bytes are a blob named `blob`. `kind`: file, py, jar, archive, table."""

    project: str
    schema: str
    name: str
    kind: str
    owner: str
    comment: str
    created_at: datetime
    modified_at: datetime
    updated_by: str
    size: int = 0
    md5: str = ""
    blob: str = ""
    temporary: bool = False
    source_table: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A registered function. Registration only: calling one in SQL is refused by name."""

    project: str
    schema: str
    name: str
    class_name: str
    resources: tuple[str, ...]
    owner: str
    created_at: datetime
    modified_at: datetime
