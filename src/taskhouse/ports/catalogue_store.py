"""Projects, schemas, tables, partitions, resources and functions.

The store is what says whether a table exists. Where a change has a part outside it (a table's folder, a resource's bytes), the
order is always: announce the outside part as *trash*, make it, then commit the row that takes it out of the trash.
Removing goes the other way round: the row's removal puts the outside part into the trash. So after a crash at any moment
whatever nobody refers to is in the trash, and the sweeper deletes it once no reader can be left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from taskhouse.domain.catalogue import (
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
from taskhouse.domain.paging import Page
from taskhouse.ports.warehouse import CommitResult


class TrashKind(Enum):
    TABLE = "table"
    """`key` is a table's id: its folder in the warehouse."""
    BLOB = "blob"
    """`key` is the name of a resource's blob."""


@dataclass(frozen=True, slots=True)
class Trash:
    kind: TrashKind
    key: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a table's partitions, or an unpartitioned table's own statistics."""

    rows: int
    bytes: int
    files: int
    partitions: int


class CatalogueStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument.

    Names are lower case. Lists are ordered by name and paged by key: `marker` is what the last page returned. Faults are
    those of the protocol: NoSuchProject, NoSuchSchema, NoSuchTable, NoSuchPartition, NoSuchObject (resources and functions),
    ObjectAlreadyExists, and CommitConflict where somebody else changed the same row first.
    """

    # projects

    def create_project(self, project: Project) -> None:
        """Also makes its schema `default`."""
        ...

    def project(self, name: str) -> Project | None: ...

    def projects(self, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000) -> Page[Project]: ...

    def change_project(
        self,
        name: str,
        now: datetime,
        *,
        comment: str | None = None,
        owner: str | None = None,
        schemas_enabled: bool | None = None,
        properties: Mapping[str, str | None] | None = None,
    ) -> Project:
        """Change what is given; a property of None is removed, others stay."""
        ...

    def holds_objects(self, project: str) -> bool:
        """Whether there are tables, resources or functions in it."""
        ...

    def drop_project(self, name: str, now: datetime) -> None:
        """With everything in it; folders and blobs go to the trash."""
        ...

    # schemas

    def create_schema(self, schema: Schema) -> None: ...

    def schema(self, project: str, name: str) -> Schema | None: ...

    def schemas(
        self, project: str, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
    ) -> Page[Schema]: ...

    def drop_schema(self, project: str, name: str) -> None:
        """Refused (InvalidArgument) for `default` and while it holds tables, resources or functions."""
        ...

    # tables and views

    def reserve_folder(self, table_id: str, now: datetime) -> None:
        """Announce a folder about to be made for a table: trash until `create_table` with that id."""
        ...

    def create_table(self, table: Table, *, replaces: str = "", commit: CommitResult | None = None) -> None:
        """Register a table, with the statistics of its first commit if there was one. `replaces` is the id of a table or view
        of the same name that goes to the trash in the same transaction."""
        ...

    def table(self, name: TableName) -> Table | None: ...

    def table_by_id(self, table_id: str) -> Table | None: ...

    def tables(
        self,
        project: str,
        schema: str,
        *,
        prefix: str = "",
        containing: str = "",
        owner: str = "",
        kind: TableKind | None = None,
        marker: str = "",
        limit: int = 1000,
    ) -> Page[Table]: ...

    def replace_table(self, table: Table, expected_version: int) -> Table:
        """Write a new definition (name, columns, properties, ...) of the table `table.id`; returns it with its new version.
        Raises CommitConflict unless the stored version is `expected_version`. Statistics and `data_version` are not touched."""
        ...

    def drop_table(self, table_id: str, now: datetime) -> bool:
        """With its partitions; the folder goes to the trash. False when it is gone already."""
        ...

    def record_commit(self, table_id: str, commit: CommitResult, now: datetime) -> int:
        """Take over what a commit to the table's log changed: statistics of every partition it names (made when missing), times,
        and a greater `data_version`, which is returned (0 when the table is gone).

        Log versions guard against disorder: statistics of an older commit never overwrite those of a newer one.
        """
        ...

    def record_access(self, table_id: str, partitions: Sequence[PartitionValues], now: datetime) -> None:
        """Note that the table, and these partitions of it, were read. Need not be durable."""
        ...

    def totals(self, table_id: str) -> Totals: ...

    def usage(self, project: str) -> Totals:
        """Sums over everything in a project."""
        ...

    # partitions

    def add_partitions(
        self, table_id: str, partitions: Sequence[PartitionValues], now: datetime, *, if_not_exists: bool
    ) -> int:
        """Add empty partitions, all or none; how many are new."""
        ...

    def partition(self, table_id: str, values: PartitionValues) -> Partition | None: ...

    def partitions(
        self,
        table_id: str,
        *,
        prefix: PartitionValues = (),
        reverse: bool = False,
        marker: str = "",
        limit: int = 1000,
    ) -> Page[Partition]:
        """Ordered by values, compared as text; `prefix` fixes the first columns."""
        ...

    def all_partitions(self, table_id: str, prefix: PartitionValues = ()) -> tuple[Partition, ...]: ...

    def drop_partitions(self, table_id: str, partitions: Sequence[PartitionValues], now: datetime) -> int:
        """How many were there. Their data has been removed from the table's log before."""
        ...

    def rename_partition(
        self, table_id: str, old: PartitionValues, new: PartitionValues, commit: CommitResult | None, now: datetime
    ) -> None:
        """`commit` is the one that moved the data, if there was any."""
        ...

    def touch_partition(
        self,
        table_id: str,
        values: PartitionValues,
        now: datetime,
        *,
        properties: Mapping[str, str | None] | None = None,
    ) -> Partition:
        """Set the partition's times to now; change properties if given (None removes one)."""
        ...

    def max_partition(self, table_id: str) -> PartitionValues | None:
        """The greatest partition that holds data."""
        ...

    # lifecycle and sweeping

    def expired_tables(self, now: datetime, limit: int) -> tuple[Table, ...]:
        """Unpartitioned tables not modified for as many days as their lifecycle says."""
        ...

    def expired_partitions(self, now: datetime, limit: int) -> tuple[tuple[Table, PartitionValues], ...]: ...

    def trash(self, before: datetime, limit: int) -> tuple[Trash, ...]:
        """What has been in the trash since before that time, oldest first."""
        ...

    def throw_away(self, items: Iterable[tuple[TrashKind, str]], now: datetime) -> None:
        """Put something into the trash."""
        ...

    def forget_trash(self, items: Iterable[Trash]) -> None:
        """They have been deleted for good."""
        ...

    # resources

    def create_resource(self, resource: Resource) -> None:
        """Its blob leaves the trash."""
        ...

    def replace_resource(self, resource: Resource, now: datetime) -> Resource:
        """Overwrite one that exists, keeping its owner and creation time; the old blob goes to the trash."""
        ...

    def resource(self, project: str, schema: str, name: str) -> Resource | None: ...

    def resources(
        self, project: str, schema: str, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
    ) -> Page[Resource]: ...

    def find_resources(self, names: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Resource]:
        """By `(project, schema, name)`."""
        ...

    def drop_resource(self, project: str, schema: str, name: str, now: datetime) -> bool: ...

    # functions

    def create_function(self, function: Function) -> None: ...

    def replace_function(self, function: Function) -> None:
        """Raises NoSuchObject unless it exists."""
        ...

    def function(self, project: str, schema: str, name: str) -> Function | None: ...

    def functions(
        self, project: str, schema: str, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
    ) -> Page[Function]: ...

    def drop_function(self, project: str, schema: str, name: str) -> bool: ...
