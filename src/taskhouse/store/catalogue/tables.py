"""Tables and views: definitions, statistics, and the transaction that a commit of data leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from taskhouse.domain.catalogue import PartitionValues, Table, TableKind, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.ports.catalogue_store import Totals, TrashKind
from taskhouse.ports.warehouse import CommitResult
from taskhouse.store.catalogue import rows
from taskhouse.store.catalogue.projects import require_schema
from taskhouse.store.catalogue.schema import partitions, tables, trash
from taskhouse.store.database import Database
from taskhouse.store.schema import to_micros

_BY_NAME = select(tables).where(
    tables.c.project == bindparam("project"),
    tables.c.schema == bindparam("schema"),
    tables.c.name == bindparam("name"),
)
_BY_ID = select(tables).where(tables.c.id == bindparam("id"))
_PARTITION_SUMS = select(
    func.coalesce(func.sum(partitions.c.rows), 0),
    func.coalesce(func.sum(partitions.c.bytes), 0),
    func.coalesce(func.sum(partitions.c.files), 0),
    func.count(),
).where(partitions.c.table_id == bindparam("id"))

_PUT_PARTITION = upsert(partitions)
_PUT_PARTITION = _PUT_PARTITION.on_conflict_do_update(
    index_elements=["table_id", "key"],
    set_={name: _PUT_PARTITION.excluded[name] for name in ("rows", "bytes", "files", "modified_at", "log_version")},
    where=_PUT_PARTITION.excluded.log_version > partitions.c.log_version,
)
_COUNT_UP = (
    update(tables)
    .where(tables.c.id == bindparam("table_id"))
    .values(data_version=tables.c.data_version + 1, modified_at=func.max(tables.c.modified_at, bindparam("now")))
    .returning(tables.c.data_version, tables.c.partitioned)
)
_SET_STATISTICS = (
    update(tables)
    .where(tables.c.id == bindparam("table_id"), tables.c.log_version < bindparam("new_version"))
    .values(
        rows=bindparam("new_rows"),
        bytes=bindparam("new_bytes"),
        files=bindparam("new_files"),
        log_version=bindparam("new_version"),
    )
)


def to_trash(connection: Connection, kind: TrashKind, keys: Iterable[str], now: datetime) -> None:
    items = [{"kind": kind.value, "key": key, "since": to_micros(now)} for key in keys if key]
    if items:
        connection.execute(upsert(trash).on_conflict_do_nothing(), items)


def _named(connection: Connection, name: TableName) -> Table | None:
    found = connection.execute(_BY_NAME, {"project": name.project, "schema": name.schema, "name": name.name})
    row = found.mappings().first()
    return None if row is None else rows.table_value(row)


def _exists(name: TableName, kind: TableKind) -> Fault:
    word = "Table" if kind is TableKind.MANAGED else "View"
    return Fault(FaultCode.OBJECT_EXISTS, f"{word} or view already exists - {name} is defined")


def _drop(connection: Connection, table_id: str, now: datetime) -> bool:
    if connection.execute(delete(tables).where(tables.c.id == table_id)).rowcount == 0:
        return False
    connection.execute(delete(partitions).where(partitions.c.table_id == table_id))
    to_trash(connection, TrashKind.TABLE, [table_id], now)
    return True


def record(connection: Connection, table_id: str, commit: CommitResult, now: datetime) -> int:
    moment = to_micros(now)
    counted = connection.execute(_COUNT_UP, {"table_id": table_id, "now": moment}).first()
    if counted is None:
        return 0
    data_version, partitioned = counted
    if partitioned:
        items = [
            {
                "table_id": table_id,
                "key": rows.partition_key(values),
                "created_at": moment,
                "modified_at": moment,
                "ddl_at": moment,
                "rows": count,
                "bytes": size,
                "files": files,
                "log_version": commit.version,
            }
            for values, (count, size, files) in commit.statistics.items()
        ]
        if items:
            connection.execute(_PUT_PARTITION, items)
    else:
        for count, size, files in commit.statistics.values():
            connection.execute(
                _SET_STATISTICS,
                {
                    "table_id": table_id,
                    "new_rows": count,
                    "new_bytes": size,
                    "new_files": files,
                    "new_version": commit.version,
                },
            )
    return int(data_version)


class TableVerbs:
    _db: Database

    def reserve_folder(self, table_id: str, now: datetime) -> None:
        self._db.write(lambda connection: to_trash(connection, TrashKind.TABLE, [table_id], now))

    def create_table(self, table: Table, *, replaces: str = "", commit: CommitResult | None = None) -> None:
        def write(connection: Connection) -> None:
            require_schema(connection, table.name.project, table.name.schema)
            if replaces:
                _drop(connection, replaces, table.created_at)
            other = _named(connection, table.name)
            if other is not None:
                raise _exists(table.name, other.kind)
            connection.execute(insert(tables), rows.table_row(table))
            connection.execute(delete(trash).where(trash.c.kind == TrashKind.TABLE.value, trash.c.key == table.id))
            if commit is not None:
                record(connection, table.id, commit, table.created_at)

        self._db.write(write)

    def table(self, name: TableName) -> Table | None:
        return self._db.read(lambda connection: _named(connection, name))

    def table_by_id(self, table_id: str) -> Table | None:
        row = self._db.read(lambda connection: connection.execute(_BY_ID, {"id": table_id}).mappings().first())
        return None if row is None else rows.table_value(row)

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
    ) -> Page[Table]:
        query = select(tables).where(
            tables.c.project == project,
            tables.c.schema == schema,
            *rows.page_conditions(tables.c.name, prefix, marker),
        )
        if containing:
            query = query.where(tables.c.name.contains(containing, autoescape=True))
        if owner:
            query = query.where(tables.c.owner == owner)
        if kind is not None:
            query = query.where(tables.c.kind == kind.value)
        query = query.order_by(tables.c.name).limit(limit + 1)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        items = tuple(rows.table_value(row) for row in found[:limit])
        return Page(items, rows.marker_of(items[-1].name.name) if len(found) > limit else "")

    def replace_table(self, table: Table, expected_version: int) -> Table:
        def write(connection: Connection) -> Table:
            other = _named(connection, table.name)
            if other is not None and other.id != table.id:
                raise _exists(table.name, other.kind)
            changed = connection.execute(
                update(tables)
                .where(tables.c.id == table.id, tables.c.version == expected_version)
                .values(rows.definition_row(table) | {"version": expected_version + 1})
            )
            if changed.rowcount == 0:
                raise Fault(
                    FaultCode.CONFLICT, f"table {table.name} was changed or dropped by another statement meanwhile"
                )
            row = connection.execute(_BY_ID, {"id": table.id}).mappings().one()
            return rows.table_value(row)

        return self._db.write(write)

    def drop_table(self, table_id: str, now: datetime) -> bool:
        return self._db.write(lambda connection: _drop(connection, table_id, now))

    def record_commit(self, table_id: str, commit: CommitResult, now: datetime) -> int:
        return self._db.write(lambda connection: record(connection, table_id, commit, now))

    def record_access(self, table_id: str, partitions: Sequence[PartitionValues], now: datetime) -> None:
        keys = [rows.partition_key(values) for values in partitions]

        def write(connection: Connection) -> None:
            moment = to_micros(now)
            connection.execute(update(tables).where(tables.c.id == table_id).values(accessed_at=moment))
            if keys:
                connection.execute(
                    _SET_ACCESS, [{"table": table_id, "partition": key, "accessed_at": moment} for key in keys]
                )

        self._db.write(write, durable=False)

    def totals(self, table_id: str) -> Totals:
        def read(connection: Connection) -> Totals:
            row = connection.execute(_BY_ID, {"id": table_id}).mappings().first()
            if row is None:
                return Totals(0, 0, 0, 0)
            if not row["partitioned"]:
                return Totals(row["rows"], row["bytes"], row["files"], 0)
            return Totals(*connection.execute(_PARTITION_SUMS, {"id": table_id}).one())

        return self._db.read(read)

    def usage(self, project: str) -> Totals:
        return self._db.read(
            lambda connection: Totals(
                *(
                    own + parts
                    for own, parts in zip(
                        connection.execute(_OWN_USAGE, {"project": project}).one(),
                        connection.execute(_PARTITION_USAGE, {"project": project}).one(),
                        strict=True,
                    )
                )
            )
        )


_OWN_USAGE = select(
    func.coalesce(func.sum(tables.c.rows), 0),
    func.coalesce(func.sum(tables.c.bytes), 0),
    func.coalesce(func.sum(tables.c.files), 0),
    literal(0),
).where(tables.c.project == bindparam("project"), tables.c.partitioned.is_(False))
_PARTITION_USAGE = (
    select(
        func.coalesce(func.sum(partitions.c.rows), 0),
        func.coalesce(func.sum(partitions.c.bytes), 0),
        func.coalesce(func.sum(partitions.c.files), 0),
        func.count(),
    )
    .join(tables, tables.c.id == partitions.c.table_id)
    .where(tables.c.project == bindparam("project"))
)
_SET_ACCESS = update(partitions).where(
    partitions.c.table_id == bindparam("table"), partitions.c.key == bindparam("partition")
)
